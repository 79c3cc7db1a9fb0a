"""Addresses in forms of their own: boxes, bases, and those of other countries."""

from __future__ import annotations

from typing import Final

from pipeline.redaction.detectors.address import UNCERTAIN, FormDetector
from pipeline.redaction.detectors.address_patterns import (
    MILITARY,
    NUMBER_BEHIND,
    PO_BOX,
    UNMARKED_BEHIND,
)
from pipeline.redaction.detectors.patterns import TextPattern

# 12 rue de la Paix; 7 bis, avenue Foch; 3 place de l'Étoile
FRENCH: Final = TextPattern(
    # both begin with a digit, so that the scanner skips to digits
    r"\d(?<![\w.,-].)\d{0,3}(?:\ ?(?:bis|ter|quater|[A-D]))?,?\ "
    r"(?i:rue|avenue|av\.|boulevard|bd\.?|chemin|impasse|allées?|quai|cours|route|place|passage"
    r"|square|sentier)"
    r"\ (?:(?:de|du|des|la|le|les|d['’]|l['’]|de\ l['’]|en|aux?|sur|saint|sainte)\ ?){0,3}"
    r"[A-ZÀ-ÖØ-Þ][\w'’-]{1,30}(?:[ -](?:(?:de|du|des|la|le"
    r"|les)\ )?[A-ZÀ-ÖØ-Þ][\w'’-]{1,30}){0,4}(?:\ [NSEO](?![\w.]))?"
    r"|\d(?<![\w.,-].)\d{0,3}(?:\ ?(?:bis|ter))?,?\ (?:rue|allée|impasse|chemin|boulevard)\ "
    r"(?:(?:de|du|des|la|le|les)\ |d['’]|l['’]){0,3}[a-zà-ÿ][\w'’-]{2,30}"
)
# Calle Mayor 5, 3º B; Via Roma, 12; Rua das Flores nº 7; ul. Długa 4/6; Avenida 9 de Julio 100
PREFIXED: Final = TextPattern(
    r"(?<!\w)(?:[Cc]alle|Cl|C\.|R\.|Av|Pza\.|P\.zza|[Ee]strada|[Cc]alçada|[Pp]raceta|[Rr]ambla|[Cc]arrer"
    r"|Gran|Odos|[Uu]litsa|[Cc]haussée|[Qq]uai|Náměstí|C/\.?|[Aa]venida|[Aa]vda?\.?|[Aa]v\.|[Pp]aseo|[Pp]laza"
    r"|[Cc]arrera|[Cc]ra\.?"
    r"|[Pp]rivada|[Cc]errada|[Cc]ircuito|[Aa]ndador|[Jj]irón|[Pp]asaje|[Tt]ransversal|[Dd]iagonal"
    r"|[Cc]amino|[Rr]onda|[Gg]lorieta|[Cc]allejón|[Cc]arretera|[Vv]ia|[Vv]iale|[Pp]iazza(?:le)?"
    r"|[Cc]orso"
    r"|[Vv]icolo|[Ll]argo|[Ss]trada|[Rr]ua|[Tt]ravessa|[Pp]raça|[Aa]lameda|[Rr]odovia|[Uu]l\."
    r"|[Oo]s\.|[Pp]l\.|[Vv]\.le|[Pp]\.za|[Uu]lica|[Aa]l\."
    r"|Plac|[Bb]ul\.|Leoforos|Quinta|Chemin|Impasse|Lungotevere|Lungomare|Calzada|Urb\.|Bvd\."
    r"|[Rr]ue|[Aa]venue|[Bb]oulevard|[Ss]trasse|[Ss]traße|[Ss]os\.|[Ss]tr\.|[Cc]alea"
    r"|[Bb]ulevardul|[Aa]leea|[Jj]alan|[Jj]l\.|Prol\."
    r"|Blvd\.|AV\.|AVENIDA|CALLE|RUA|VIA|RUE)"
    r"\ (?:(?:de|del|de\ la|de\ los|de\ las|las?|los|da|das|do|dos|della|dei|delle|degli|di|des"
    r"|du|św\.|\d{1,2}\ de)\ ){0,2}"
    r"[A-ZÀ-ÖØ-ÞŁŚŽ0-9][\w'’.-]{0,30}(?:\ (?:(?:de|del|da|do|dos|di|y|e"
    r"|la)\ )?[A-ZÀ-ÖØ-ÞŁŚŽ][\w'’.-]{1,30}){0,4}"
    r",?\ (?:[Nnd](?:[º°.]|úm\.?|um\.?|o\.?|r\.?)?\ ?"
    r"|\#\ ?)?\d{1,5}(?!\d)(?:\ ?[A-Za-z](?![\w.]))?(?:[-/]\d{1,4}[A-Za-z]?)?"
    r"(?:,\ ?\d{1,2}\.?[º°ªoa]\ ?(?:(?:izq|dcha|dto|esq)\.?|[A-Za-z](?!\w))?)?"
)
# Hauptstraße 12a; Lange Gasse 5; Keizersgracht 123-2; Storgatan 14 B; Karl-Marx-Allee 3
COMPOUND: Final = TextPattern(
    r"(?<![\w-])(?:[A-ZÀ-ÖØ-Þ][\w.-]{0,30}\ ){0,3}[A-ZÀ-ÖØ-Þ][\w-]{0,40}?"
    r"(?i:straße|strasse|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|graben|markt|hof|chaussee"
    r"|straat|laan|gracht|plein|kade|dijk|singel|steeg|gatan|vägen|gränd|gata|veien|vegen|vej"
    r"|gade|allé"
    r"|katu|tie|kuja|utca|út|körút|tér)"
    r"\ \d{1,4}\ ?(?:[A-Za-z](?!\w))?(?:\ ?[-/]\ ?\d{1,4}[a-zA-Z]?|-[IVX]{1,4})?"
    r"(?![\w%€$]|[.,]\d)"
    r"|(?<![\w-])[A-Za-zÄÖÜäöü][a-zäöü]{2,30}"
    r"(?:str\.?\ |str\.|(?:straße|strasse|gasse|allee|weg|straat|gracht|laan|plein|gatan|vägen|utca"
    r"|katu)\ )\d{1,4}[a-z]?(?![\w%€$]"
    r"|[.,]\d)"
)
# Bağdat Cad. No: 212; Atatürk Bulvarı 5
_TURKISH: Final = (
    r"(?<!\w)(?:[A-ZÇĞİÖŞÜ][\w.]{1,30}\ ){1,3}(?:[Cc]add?(?:\.|esi)|[Cc]d\.|[Ss]ok(?:\.|ak|ağı)"
    r"|[Ss]k\.|[Bb]ulv(?:\.|arı)"
    r"|[Mm]ah(?:\.|allesi)),?\ (?:[Nn]o\ ?[:.]?\ ?)?\d{1,4}(?:/\d{1,4})?(?:\ D:\ ?\d{1,4})?(?!\w)"
)
# Villa 12, Street 4b, Jumeirah; Lot 5 Blk 3 Villa Verde; Plot 12, Block C, Phase 2, Lekki: two
# parts with a number, and a name
_NUMBERED_PART = (
    r"(?:(?:Plot|Flat|House|Villa|Building|Bldg|Shop|Lot|Blk|Block|Unit|Apt|Room|Rm|Tower|Level|Purok"
    r"|Mz|Door|Floor|Street|Sector|Phase|Road|Lane|Lote)\.?\ (?:[Nn]o\.?\ ?)?"
    r"(?:\d[\w/-]{0,6}|[A-Z]-?\d{0,4}(?![\w]))|\d{1,3}(?:st|nd|rd|th)\ (?i:main|cross|floor|stage)"
    r"|\d{1,2}/F|[A-Z]-\d{1,2}(?:/\d{1,2})?)"
)
_PART_MAY = _NUMBERED_PART.replace(r"(?![\w])", "").replace(r"\ ", " ")
IN_PARTS: Final = TextPattern(
    rf"(?<![\w/])(?:\#\ ?\d{{1,4}},|{_NUMBERED_PART})(?:,?\ {_NUMBERED_PART}){{1,4}}"
    r",?\ (?!Page|Lesson|Chapter|Gate|Section|Table|Figure|Row|Line|Step)"
    r"[A-ZÀ-ÖØ-Þ][\w'’.-]{1,30}(?:\ [A-ZÀ-ÖØ-Þ][\w'’-]{1,30}){0,3}"
)
# No 5 Jalan Tun Razak; Lorong 12 Geylang
_MALAY: Final = (
    r"(?<!\w)(?:(?:No\.?\ ?)?\d{1,4}[A-Z]?,?\ (?:Jalan|Jln|Jl)\.?\ [A-Z][\w'-]{1,30}"
    r"(?:\ [A-Z][\w'-]{1,30}){0,3}|(?:Lorong|Lrg)\ \d{1,3}\ [A-Z][\w'-]{1,30}"
    r"(?:\ [A-Z][\w'-]{1,30}){0,2})"
)
# 2-11-3 Meguro, Meguro-ku; 7-1707-7 Higashi-cho
_JAPANESE: Final = (
    r"(?<![\w-])\d{1,2}-\d{1,4}(?:-\d{1,4})?,?\ (?:[A-Z]\w+-(?:cho|machi|dori)(?!\w)"
    r"|[A-Z][\w-]{1,30}(?:,?\ [A-Z]\w{1,30}-(?:ku|shi|cho|machi|gun|ken|to|fu))+)"
)
# B-42, Sector 62; A-12 Green Park
_INDIAN: Final = (
    r"(?<![\w-])[A-Z]-\d{1,4}(?:/\d{1,4})?,?\ (?:[A-Z][\w'-]{1,20}\ ){1,2}(?:Park|Nagar|Colony"
    r"|Vihar"
    r"|Enclave|Extension|Extn|Kunj|Bagh|Layout|Marg|Puram|Apartments|Society)(?!\w)"
)
# Gangnam-daero 12-gil 5; 123 Teheran-ro
_KOREAN: Final = (
    r"(?<![\w-])(?:\d{1,4}(?:-\d{1,3})?,?\ [A-Z][a-z]{2,20}-(?:daero|ro|gil)"
    r"|[A-Z][a-z]{2,20}-(?:daero|ro|gil)\ (?:\d{1,3}(?:beon)?-gil\ )?\d{1,4}(?:-\d{1,3})?)(?![\w-])"
    r"(?:,\ [A-Z][a-z]{2,20}-(?:gu|si|dong))*"
)
ASIAN: Final = TextPattern(rf"{_TURKISH}|{_MALAY}|{_JAPANESE}|{_INDIAN}|{_KOREAN}")
# calle mayor 5, rua das acácias 55: in small letters; "via" is an English word, too
PREFIXED_LOWER: Final = TextPattern(
    r"\b(?:calle|avenida|avda\.?|av\.|paseo|rua|travessa|viale|piazza|ulica|ul\.|rue|jalan|jl\.)"
    r"\ (?:(?:de|del|la|las|los|da|das|do|dos|della|dei|di|des|du)\ ){0,2}"
    r"(?:[a-zà-ÿąćęłńóśźż]{3,20}(?:\ [a-zà-ÿąćęłńóśźż]{3,20}){0,2})"
    r",?\ (?:n[º°.]\ ?|num\.?\ |no\.?\ )?\d{1,4}[a-z]?(?![\w%€$£:/-]|[.,]\d)"
)
# 17 Heol Fawr; 4 Bóthar na Trá; 6 Maes y Coed
CELTIC: Final = TextPattern(
    r"\d(?<![\w.,-].)\d{0,3}[A-Za-z]?,?\ (?:Heol|Ffordd|Stryd|Cwrt|Clos|Maes|Rhodfa|Bryn|Cae|Llys"
    r"|Bóthar|Bothar|Sráid|Cois|Ardán|Cluain|Páirc)(?:\ (?:y|yr|na"
    r"|an))?(?:\ [A-Z][\w'’-]{1,20}){1,3}"
)
# улица Ленина, 12, кв. 5; ул. Садовая, д. 3; вул. Хрещатик 22
CYRILLIC: Final = TextPattern(
    r"(?:ул\.|улица|пр\.|пр-т|проспект|пер\.|переулок|бульвар|бул\.|наб\.|набережная|шоссе|вул\.|вулиця)"
    r"\ (?:\d{1,2}-[а-я]{1,2}\ )?[А-ЯЁІЇЄ][\w-]{2,30}(?:\ [А-ЯЁІЇЄ][\w-]{2,30}){0,2}"
    r",?\ (?:д\.?\ ?|дом\ |буд\.\ ?|№\ ?)?\d{1,4}[а-я]?(?:/\d{1,3})?"
    r"(?:,?\ (?:кв|корп|стр|оф|к)\.?\ ?\d{1,4})*(?:,\ (?:г\.\ ?)?[А-ЯЁІЇЄ][\w-]{2,30})?"
)
# Am Markt 5; Unter den Linden 77; Berliner Allee 120b
GERMAN: Final = TextPattern(
    r"(?<![\w-])(?:(?:In\ de[rnm]|Im)\ (?!Jahr|Monat|Woche|Kapitel|Raum|Zimmer|Alter|Schnitt"
    r"|Kurs|Klasse|Level|Abschnitt|Version|Januar|Februar|März|April|Mai|Juni|Juli"
    r"|August|September|Oktober|November|Dezember|Saal|Stock|Bereich)"
    r"[A-ZÄÖÜ]\w{1,30}(?=\ \d{1,4}\ ?[a-z]?(?:,\ \d|\n|$))"
    r"|(?:Am|An\ de[rnm](?:\ [A-ZÄÖÜ]\w{2,20}(?=\ [A-Z]))?|Hinterm|Beim"
    r"|Auf\ de[rnm]|Zu[mr]|Unter\ den|Hinter\ de[rnm]"
    r"|Vor\ de[rnm])\ [A-ZÄÖÜ]\w{1,30}"
    r"|(?:[A-ZÄÖÜ][\w-]{1,30}\ ){1,2}(?:Allee|Straße|Strasse|Str\.|Weg|Platz|Ring|Damm|Ufer|Gasse"
    r"|Markt|Chaussee)|(?:[A-ZÀ-ÖØ-ÞŐŰ][\w-]{1,30}\ ){1,3}(?:utca|út|tér|tere|körút|krt\.|sétány"
    r"|tänav|iela))"
    r"\ (?!(?:19|20)\d\d)\d{1,4}\ ?[a-z]?(?![\w%€$:]|[.,]\d)"
)


_PREFIXED_TRIGGER: Final = (
    r" \d",
    r"(?i)\b(?:calle|cl|c\.|r\.|av|pza\.|p\.zza|estrada|cal(?:ç)ada|praceta|rambla|carrer|gran"
    r"|odos|ulitsa|chauss(?:é)e|quai|n(?:á)m(?:ě)st(?:í)|avenida|avd?a?\.|av\.|paseo|plaza|carrera|cra\b|camino|ronda"
    r"|glorieta"
    r"|callej(?:ó)n|carretera|privada|cerrada|circuito|andador|jir(?:ó)n|pasaje|transversal"
    r"|diagonal|via|viale|piazza|piazzale|corso|vicolo|largo|strada|rua"
    r"|travessa|pra(?:ç)a|alameda|rodovia|os\.|pl\.|v\.le|p\.za|ul\.|ulica|al\.|rue|avenue|boulevard"
    r"|stra(?:ss|ß)e"
    r"|plac|bul\.|leoforos|quinta|chemin|impasse|lungotevere|lungomare|calzada|urb\.|bvd\."
    r"|sos\.|str\.|calea|bulevardul|aleea|jalan|jl\.|prol\.|blvd\.) |\bc/",
)


def address_form_detectors() -> tuple[FormDetector, ...]:
    """Return one detector for each form; each has a trigger of its own, so few of them run."""
    return (
        FormDetector(
            "PostBox",
            PO_BOX,
            (
                r"\d",
                r"(?i)\bbox\b|\bp\.? ?o\.? ?b|postfach|postbus|apartado|casilla|\bb\.?p\b"
                r"|(?:locked|private) bag"
                r"|\bpmb|caixa postal|te postale",
            ),
        ),
        FormDetector(
            "MilitaryAddress", MILITARY, (r"\d", r"\b(?:PSC|CMR|Unit|US[SNVC]|USCGC|USN[SV]) ")
        ),
        FormDetector(
            "NumberBehindStreet",
            NUMBER_BEHIND,
            r"(?:Street|St\.?|Road|Rd\.?|Avenue|Ave\.?|Blvd\.?|Boulevard) (?:[Nn]o\.? ?)?\d",
        ),
        FormDetector(
            "NumberBehindName",
            UNMARKED_BEHIND,
            r"(?:[a-z]|[^\x00-\x7f]) \d{1,4}[A-Za-z]?,"
            " [A-Z0-9]",
            UNCERTAIN,
        ),
        FormDetector(
            "FrenchAddress",
            FRENCH,
            (
                r"\d",
                r"(?i)\b(?:rue|avenue|av\.|boulevard|bd|chemin|impasse|quai|cours|route|place"
                r"|passage"
                r"|square|sentier|all(?:é)es?) ",
            ),
        ),
        FormDetector(
            "PrefixedAddress",
            PREFIXED,
            _PREFIXED_TRIGGER,
        ),
        FormDetector(
            "CompoundAddress",
            COMPOUND,
            r"(?i)(?:stra(?:ss|ß)e|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|graben|markt"
            r"|hof"
            r"|chaussee|straat|laan|gracht|plein|kade|dijk|singel|steeg|gatan|vägen|gränd|gata"
            r"|veien"
            r"|vegen|vej|gade|allé|katu|tie|kuja|utca|út|tér) \d|str\.?\d|str \d",
        ),
        FormDetector(
            "GermanAddress",
            GERMAN,
            r"\b(?:Im|In de[rnm]|Am|Hinterm|Beim|An de[rnm]|Auf de[rnm]|Zu[mr]|Unter den"
            r"|Hinter de[rnm]|Vor de[rnm]) [A-ZÄÖÜ]"
            r"|(?i:allee|stra(?:ss|ß)e|str\.|weg|platz|ring|damm|ufer|gasse|markt|chaussee|utca"
            r"|út|tér|tere|körút|krt\.|sétány|tänav|iela) \d",
        ),
        FormDetector(
            "AsianAddress",
            ASIAN,
            (r"\d", r"(?i)\b(?:cadd?\.|caddesi|cd\.|sok\.|soka|sk\.|bulv|mah\.|mahallesi)"),
            more=(
                (r"\d", r"\b(?:Jalan|Jln|Jl|Lorong|Lrg)\b"),
                r"\d-\d{1,2}(?:-\d{1,4})?,? [A-Z]",
                r"-(?:daero|ro|gil)\b",
                r"\b[A-Z]-\d+(?:/\d+)?,? [A-Z]",
            ),
        ),
        FormDetector(
            "PrefixedInSmallLetters",
            PREFIXED_LOWER,
            _PREFIXED_TRIGGER,
            0.65,
        ),
        FormDetector(
            "CelticAddress",
            CELTIC,
            r"\d[A-Za-z]?,? (?:Heol|Ffordd|Stryd|Cwrt|Clos|Maes|Rhodfa|Bryn|Cae|Llys|B[óo]thar"
            r"|Sráid"
            r"|Cois|Ardán|Cluain|Páirc) ",
        ),
        FormDetector(
            "CyrillicAddress",
            CYRILLIC,
            (
                r"\d",
                r"(?:ул\.|улица|пр\.|пр-т|проспект|пер\.|переулок|бул|наб|шоссе|вул\.|вулиця) ",
            ),
        ),
        FormDetector(
            "AddressInParts",
            IN_PARTS,
            rf"(?:# ?\d{{1,4}},|{_PART_MAY}),? {_PART_MAY}",
            0.65,
        ),
    )
