"""The patterns of street addresses: the street itself, a unit, a code, and what names a state."""

from __future__ import annotations

from typing import Final

from pipeline.redaction.automata import Scanner
from pipeline.redaction.detectors.lexicon import words
from pipeline.redaction.detectors.patterns import CaselessPattern, TextPattern

# Words that end an English street; the first ones hardly ever mean anything else behind a number.
SURE_TYPES: Final = words(
    """street str st avenue ave av road rd lane ln drive dr boulevard blvd court ct place pl
    square sq terrace ter highway hwy parkway pkwy circle cir trail trl alley aly crescent
    cres grove mews cct turnpike tpke expressway expy freeway fwy motorway way close broadway"""
)
OTHER_TYPES: Final = words(
    """row loop plaza plz path pike walk garden gardens gdns green rise hill hills view views ridge
    ridges run crossing crossroad crossroads xing mall landing point points park parks manor manors
    village villages ville estate estates heights hts meadow meadows spring springs valley valleys
    vista bypass causeway cove coves creek crest extension extensions field fields flat flats
    forest forge forges fork forks fort glen glens harbor harbors haven hollow inlet island islands
    isle junction junctions key keys knoll knolls lake lakes land light loaf lock locks lodge mill
    mills mission mountain mountains mount neck orchard oval overpass passage pine pines plain
    plains port prairie radial ramp ranch rapid rapids rest river route shoal shoals shore shores
    skyway spur spurs squares station stations stravenue stream streets summit throughway trace
    track trafficway tunnel underpass union unions viaduct walks wall ways well wells brook brooks
    burg burgs bend bluff bluffs bottom branch bridge camp canyon cape center centers centre
    circles cliff cliffs club common corner corners course courts curve dale dam divide drives
    falls ferry ford fords freeway gateway groves parade esplanade quay wharf end chase copse croft
    drove gate lea yard vale mansions apartments apts residency residences cottages chambers
    terraces pk nagar colony vihar enclave marg chowk puram layout bagh sarani jalan"""
)
_DIRECTION = (
    r"(?:[NSEW]{1,2}\.?|[Nn]orth|[Ss]outh|[Ee]ast|[Ww]est|North(?:east|west)|South(?:east|west))"
)
# A digit leads every pattern, so that the scanner skips to digits; what must not stand in front is
# looked for behind that digit.
NUMBER: Final = (
    r"\d(?<![\w.,$€£/-].)(?<!\d:.)\d{0,5}(?:(?:[-–/]|\ &\ )\d{1,5}){0,2}[A-Za-z]?(?:\ 1/2)?"
    r"(?:\ \d{1,5})?"
)
_WORD = (
    r"(?:[A-ZÀ-ÖØ-ÞŁŚŽ][\w'’.-]{0,30}|\d{1,3}(?:st|nd|rd|th)"
    r"|(?:of|the|de|la|del|du|des|las|los|le|les|da|do|dos|di|dei|della|van|von|der|y|and)(?=\ ))"
)

# A number and words: 12 Baker Street; 4821B N. Martin Luther King Jr. Blvd NW; 8567 Zamkowa 119
NUMBERED: Final = TextPattern(
    rf"{NUMBER},?\ (?!of\ )(?P<words>{_WORD}(?:\ {_WORD}){{0,6}}(?:\ [a-z]{{2,10}}(?!\w))?)"
)
# What may follow the word for a street: NW; the number of a route; a number before a comma
BEHIND_TYPE: Final = TextPattern(rf"\ {_DIRECTION}(?!\w)|\ \d{{1,3}}(?=,|\ \#|\n)")
ROUTES: Final = words("highway hwy route rte road interstate fm cr")
ROUTE_NUMBER: Final = TextPattern(r"\ \d{1,4}[A-Z]?(?!\w)")
# 8567 Zamkowa 119
NUMBER_AGAIN: Final = TextPattern(r"\ \d{1,5}(?=,|\ ?\n|\ (?:Apt|Suite|Unit|Ste|Flat|App|\#))")
# The words for a street that people write in any case, and those that they say in full.
WRITTEN_TYPES: Final = (
    "street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|crescent|terrace"
)
SAID_TYPES: Final = (
    "street|avenue|road|lane|drive|boulevard|court|crescent|terrace|mews|grove|place|close|circle|buildings"
    "|gardens|parkway|highway|way"
)
# 12 baker street, in any case
INFORMAL: Final = CaselessPattern(
    rf"{NUMBER}(?:\ [b-d])?\ (?:(?:north|south|east|west"
    rf"|[nsew])\.?\ )?(?P<name>(?:(?:st\.?\ )?[a-z][a-z'.]{{2,20}}|\d{{1,3}}(?:st|nd|rd"
    rf"|th))(?:\ [a-z'.]{{2,20}})?)"
    rf"\ (?:{WRITTEN_TYPES})(?!\w)\.?",
)
# Most texts with a number before a word have no such word: a scan tells, for a tenth of the time.
HOLDS_TYPE: Final = Scanner([rf"(?i)\b(?:{WRITTEN_TYPES})\b"], [((0,), 0)])
SAID_NUMBER: Final = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
)
_SAID_STOP = (
    r"(?!(?:of|the|an?|and|or|more|other|different|long|way|blocks?|minutes?|miles?|hours?|days?"
    r"|weeks?|people|times|down|up|on|in|at|to|from|off|for|is|are|was|were|busy|lane|wheel|dead"
    r"|dirt|side|hundred|thousand|per|by|new|big|small)\b)"
)
# eleven fifty Alder Street apartment four: a number in words
SAID: Final = CaselessPattern(
    rf"\b(?P<number>{SAID_NUMBER}(?:[ -](?:{SAID_NUMBER}|hundred|oh)){{0,5}})"
    r"\ (?:(?:north|south|east|west)\ )?"
    rf"(?P<name>{_SAID_STOP}[a-z][a-z'’.]{{2,20}}(?:\ {_SAID_STOP}[a-z'’.]{{2,20}})?)"
    rf"\ (?:{SAID_TYPES})(?!\w)"
    rf"(?:,?\ (?:apartment|apt|unit|suite|number|flat|floor)\ (?:{SAID_NUMBER}|[a-z0-9](?!\w))"
    rf"(?:[ -](?:{SAID_NUMBER}|[a-z](?!\w)))?)?",
)
# "on Old Quarry Rd": a street without a number behind a word of place
NAMED: Final = TextPattern(
    r"\b(?:on|at|off|near|from|along|to|in|of)\ ((?:[A-Z][\w'’]{1,30}\ ){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Terrace"
    r"|Crescent))(?![\w'’])"
)
_LEADS: Final = (
    *("plot", "door", "room", "flat", r"apt\.?", "apartment", "unit", "suite", "house", "block"),
    *(r"blk\.?", "lot", "phase", "villa", "shop", "office", "floor", "building", r"bldg\.?"),
    *("level", "tower", "rm", "ste"),
)
# What may stand in front of a street: Door No. 4/112, Plot 5512, Room 1203, Building 7,
LEAD: Final = TextPattern(
    rf"(?<!\w)(?:(?:{'|'.join(f'[{word[0].upper()}{word[0]}]{word[1:]}' for word in _LEADS)})"
    r"\ (?:[Nn]o\.?\ ?)?(?:(?=\S{0,7}\d)[\w/-]{1,8},?|[A-Z],)\s){1,4}"
    # 3rd Floor, ; Top floor flat, ; 2/1,
    r"|(?<!\w)(?:(?:\d{1,2}(?:st|nd|rd|th)|[Tt]op|[Gg]round|[Ff]irst|[Ss]econd|[Tt]hird)\ [Ff]loor"
    r"(?:\ [Ff]lat)?|\d/\d),\ "
)
# Of texts that end behind the street's first number: most have nothing of the kind.
MAY_LEAD: Final = Scanner([rf"(?i)(?:{'|'.join(_LEADS)})[ ,]|\d/\d, "], [((0,), 0)])
PO_BOX: Final = CaselessPattern(
    r"(?<!\w)(?:(?:P\.?\ ?O\.?|[Pp]ost(?:al)?(?:\ [Oo]ffice)?)\ ?[Bb]ox|Postfach|Postbus"
    r"|Apartado(?:\ [Pp]ostal)?"
    r"|Casilla|Caixa\ Postal|Boîte\ [Pp]ostale|B\.?P\.?|Locked\ Bag|GPO\ Box"
    r"|PMB|Private\ Bag)\ ?\#?(?:\ ?[Nn]o\.?)?\ ?\d{1,6}(?:-\d{5})?(?!\d)",
)
# PSC 1234, Box 5678; Unit 4321 Box 8765; USS Smith; and APO AP 96555 behind them
MILITARY: Final = TextPattern(
    r"(?<!\w)(?:(?:PSC|CMR|Unit)\ \d{1,5},?\ Box\ \d{1,5}|US(?:S|NS|NV"
    r"|CGC)\ [A-Z][a-z]+(?=,?\s(?:[FAD]PO)))"
    r"(?:[,\n]?\ ?[FAD]PO,?\ A[AEP]\ \d{5}(?:-\d{4})?)?"
)
UNIT_REACH: Final = 64
"""Characters; the longest unit is shorter."""
UNIT: Final = CaselessPattern(
    r"[,;]?(?:\ ?\n\ {0,4}|\ )?\(?(?:(?:app?t|aprt|app?artment|suite|ste|unit|floor|fl|flat|room"
    r"|rm|bldg"
    r"|building|block"
    r"|lot|apto|ap"
    r"|whg|wohnung|piso|interior|int|dept|depto|dpto|level|shop|office|top|etage|stiege|tür|door"
    r"|studio|space|box|oficina"
    r"|trailer|slip|penthouse|house|bloc|bl|sc|et|bat|bât|citofono|esc|escalera|bajo"
    r"|phase|sector)\b\.?\ ?\#?\ ?(?:[A-Za-z]{0,2}-?\d{1,6}[A-Za-z]?|[A-Za-z](?!\w))"
    r"|\d{1,2}\.?[oaº]\.?\ ?(?:dto|esq|izq|dcha|der|[A-Z](?!\w))\.?|\d{1,2}\.?\ ?(?:OG|Stock|tr)"
    r"|\d{1,2}\.\ (?:tv|th|mf)|lgh\ \d{1,4}"
    r"|\#\ ?[\w-]{1,8}|kv\.\ ?\d{1,4}|\d{1,2}\.\ sal|m\.\ ?\d{1,3}|lok\.\ ?\d{1,3}|D:\ ?\d{1,3}"
    r"|\d{1,2}\.?[º°ª]\ ?(?:izq|dcha|der"
    r"|[A-Z])?\.?|m\.\ ?\d{1,3}|lok\.\ ?\d{1,3}|D:\ ?\d{1,3}"
    r"|\d{1,2}\.?[º°ª]\ ?(?:izq|dcha|der|[A-Z])?\.?|\d{1,2}(?:st|nd|rd|th)\ fl(?:oor|r)?"
    r"|\d{1,2}\.?\ ?(?:tv|mf)"
    r"|bis(?=,|\n)|po\ box\ \d+|of\.\ ?\d{1,5})(?![\w])\)?",
)
ZIP: Final = TextPattern(
    r"(?:C\.?P\.?\ ?)?(?:\d{5}(?:-\d{4})?"
    r"|[A-Z]{1,2}\d[A-Z\d]?\ ?\d[A-Z]{2}|[A-Z]\d[A-Z][\ -]?\d[A-Z]\d"
    r"|\d{4}\ ?[A-Z]{2}"
    r"|\d{3}\ \d{2}|\d{2}-\d{3}|\d{6}|\d{5}-\d{3}|[A-Z]{1,2}-?\d{4,5}|\d{4}|\d{3}-\d{4}"
    r"|\d{7})(?![\w-])"
)
_US = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ"
    " NM NY"
    " NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR GU VI AS MP FM MH PW AA AE AP"
)
_OTHER = "ON QC BC AB MB SK NS NB NL PE YT NT NU NSW VIC QLD WA SA TAS ACT"
LOWER_TAIL: Final = TextPattern(
    r",?\s(?:[a-z.]{2,15}\ ){1,3}?(?P<state>[a-z]{2}),?\ \d{5}(?:-\d{4})?(?![\w'])"
)
STATES: Final = frozenset(f"{_US} {_OTHER}".split())
STATE_AND_ZIP: Final = TextPattern(r"[A-Z](?<!\w.)[A-Z],?\ \d{5}(?:-\d{4})?(?![\w-])")
COUNTRIES: Final = frozenset(["USA", "U.S.A.", "UK", "U.K.", "US", "UAE", "U.A.E.", "U.S."])
PLACE: Final = TextPattern(
    r"[A-ZÀ-ÖØ-ÞŁŚŽİ][\w'’-]{0,40}(?:(?<=\bSt)\.|(?<=\bCo)\.|(?<=\bMt)\.|(?<=\bFt)\.|(?<=\bBrgy)\.|(?<=\bCol)\.)?"
    r"(?:[ -](?:(?:of|de|la|del|upon|am|an|der|on|sur|les|le|el|do|da|im|bei|or|i)[ -])?"
    r"[A-ZÀ-ÖØ-ÞŁŚŽİ][\w'’-]{0,40}){0,4}"
)
ADDRESS_CUE: Final = TextPattern(
    r"\baddress\b|\blives? (?:at|on|in)\b|\bliving (?:at|on|in)\b|\bresid\w+ (?:at|in|on)\b"
    r"|\bship(?:ped|ping)? (?:it )?to\b"
    r"|\bdeliver(?:ed|y|ies)? (?:it )?to\b|\bmoved? (?:to|from)\b|\blocated at\b|\bsend (?:it"
    r"|them)? ?to\b|\bmail(?:ed)? to\b"
    r"|\bstreet\b|\bhome\b|\bbilling\b|\banschrift\b|\badresse\b|\bdirecci[óo]n\b|\bindirizzo\b"
    r"|\bendere[çc]o\b"
)
# 12 Glenwood, Springfield: a number and a name, where the words before say that it is an address
CUED: Final = TextPattern(
    rf"{NUMBER},?\ (?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))"
    rf"(?:{_DIRECTION}\ )?(?:{_WORD}\ ?){{1,4}}(?=,|\n|\.(?!\w)|$)"
)
# Ermou 150, Athens 105 63
UNMARKED_BEHIND: Final = TextPattern(
    # a capital leads, so that the scanner skips to capitals; what must not stand before it follows,
    # and so do labels, which are no streets
    r"[A-ZÀ-ÖØ-ÞŁŚŽ](?<![\w-].)(?!(?:(?<=A)(?:ddr(?:ess|esse)?|dres[as]?e?|nschrift)|(?<=I)ndirizzo"
    r"|(?<=E)ndereço|(?<=D)(?:irección|omicilio|eliver)|(?<=L)ives|(?<=H)ome|(?<=S)hip)\ )"
    r"[\w'’-]{1,30}\ (?:[A-ZÀ-ÖØ-ÞŁŚŽ][\w'’-]{1,30}\ ){0,2}\d{1,4}[a-zA-Z]?(?=,)"
)
# Dizengoff St 20
NUMBER_BEHIND: Final = TextPattern(
    r"(?<!\w)(?:[A-ZÀ-ÖØ-Þ][\w'’-]{1,30}\ ){1,3}(?:Street|St\.?|Road|Rd\.?|Avenue"
    r"|Ave\.?|Blvd\.?|Boulevard)\ (?:[Nn]o\.?\ ?)?\d{1,4}(?![\w:%-]|\.\d)"
)
