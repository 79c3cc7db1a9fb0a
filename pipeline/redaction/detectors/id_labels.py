"""Ids by the words in front of them: "user ID is …", "MRN …", "certificate …"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector, Part
from pipeline.redaction.detectors.id_phrases import foreign_ids, phrased_ids
from pipeline.redaction.detectors.id_words import (
    ANSWER,
    ASIDE,
    CUSTOMERS,
    HOLDERS,
    IS,
    LETTERED_HOLDERS,
    NO_PREFIX,
    NUMBERS,
)
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.patterns import CaselessPattern, TextPattern
from pipeline.redaction.spans import ACCOUNT_ID, CUSTOMER_ID, PAYMENT_ID, Span

_LABELLED = CaselessPattern(
    rf"(?P<account>\b(?:{HOLDERS})|(?P<customer>{CUSTOMERS}))"
    rf"[ _-]?(?:{NUMBERS})(?:'s\b)?[\"'*`]{{0,3}}{ASIDE}(?:{IS}|:|=|#| -|\)|{ANSWER}){{0,3}}"
    r"\s{0,3}[\"'*`#(\[]{0,3}"
    rf"(?P<value>{NO_PREFIX}[A-Za-z]{{1,4}}(?:[ -]\d{{2,6}}|\d{{2,6}})(?:[ ]\d{{2,6}}){{1,4}}(?!\d)"
    rf"|{NO_PREFIX}[A-Za-z]{{1,3}} \d{{4,10}}(?!\d)"
    r"|\d{1,6}(?:[ ]\d{2,6}){1,4}(?!\d)|[A-Za-z0-9](?:[A-Za-z0-9_./-]{1,38}[A-Za-z0-9]))",
)
# "badge B-20418", "my frequent flyer is TP 440 187 223": no word for a number, but letters
_LETTERED = TextPattern(
    rf"\b(?:{LETTERED_HOLDERS}){ASIDE}(?:'s|{IS})?[:=#]{{0,2}} {{0,2}}[\"'*`#(\[]{{0,2}}"
    r"(?P<value>(?-i:[A-Z]{1,5})(?:[-/ ]?\d{4,14}(?:[-/]\d{1,8}){0,2}"
    r"|[-/]\d{2,4}(?:[-/]\d{2,8}){1,2}"
    r"| \d{2,4}(?: \d{2,4}){1,4}))(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)
# Labels that are one word, and national identity numbers by their names
# "policy HX-4410293", "my account is 551029337": the label alone, so the value must be a number
_LABELLED_ALONE = TextPattern(
    r"\b(?:(?P<account>account|acct|acc|member(?:ship)?|policy|loyalty|patient|student|employee"
    r"|konto|cuenta|compte|conta|conto)|(?P<customer>customer|client))"
    r"(?:\.|\b)[\"'*`]{0,3}(?: (?:is|was|should be|reads|ends in|ending in|ending|nr\.?|no\.?))?"
    r"[:=#]{0,2} {0,2}[\"'*`#(\[]{0,2}"
    r"(?P<value>(?!CUS|MBR|PAT|EMP|(?:ID|NO|NR)[ -])(?-i:[A-Z]{1,4})[- ]?"
    r"(?:\d{4,14}(?:-\d{1,8}){0,2}|\d{2,3}(?:-\d{3,8}){1,2})|\d{7,14}"
    r"|(?!\d{4}-\d\d(?!\d))\d{3,6}(?:-\d{2,8}){1,3}|\d{5,6})"
    r"(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)
# An account on a social network or in a messenger: "Telegram @name"
_HANDLE = CaselessPattern(
    r"\b(?:telegram|instagram|insta|twitter|tiktok|snapchat|snap|discord|venmo|cash ?app|skype"
    r"|mastodon|bluesky|threads|ig|handle|username)\b[^@\n.]{0,16}"
    r"(?P<value>@[a-z0-9_][a-z0-9_.]{1,28}[a-z0-9_])(?!\w|@|\.\w)",
)
# "username is pkowal_31": letters with a digit or an underscore
_USERNAME = CaselessPattern(
    r"\b(?:user ?name|user ?id|login|log-in|screen ?name|handle)[\"'`]?(?: is| was|:"
    r"|=){1,2} ?[\"'`]?"
    r"(?P<value>(?=[a-z._-]{0,30}\d|[a-z.]{1,30}_)[a-z][a-z0-9._-]{2,38}[a-z0-9])(?![\w@/(-])",
)
# Users in logs: "Accepted publickey for …", "sudo: …", user=…, login: …
_LOG_USER = TextPattern(
    r"(?:\b(?:Accepted|Failed) \w{1,20} for (?:invalid user )?|\bsession (?:opened"
    r"|closed) for user "
    r"|\bsudo: {1,3}|\b(?:user|usr|login|owner)=[\"']?|\buser [\"']|\blogin: )"
    r"(?P<value>[a-z][a-z0-9._-]{3,30}[a-z0-9])(?![\w@/(-])",
)
_SERVICES = words(
    """postgres nginx mysql jenkins ubuntu debian centos daemon sshd nobody www-data redis kafka
    docker gitlab github grafana prometheus elastic clickhouse admin administrator sysadmin"""
)
_NAME = "LabelledIdDetector"
_LABELLED_BY_A_WORD = CaselessPattern(
    r"\b(?:mrn|ni|national insurance|medicare|kundennummer|kunden-?nr\.?|mitgliedsnummer"
    r"|versichertennummer|kundnummer|kundenr"
    r"|numer klienta|número de (?:socio|cliente|cuenta)|lidnummer|medlemsnummer|asiakasnumero"
    r"|num[ée]ro (?:de )?client"
    r"|n[úu]mero de cliente"
    r"|klantnummer|numero cliente|cnic|contribuinte|utente|nric|mykad|tckn|iqama|tfn"
    r"|ppsn?|cuit|cuil|c[ée]dula|oib|jmbg|egn|cnp|amka|uan|fd(?= no)|folio|pesel|bsn|nino|cpf|curp"
    r"|rfc|dni|nie|nif|codice fiscale|aadhaar"
    r"|pan|nin|bvn|tin|sss"
    r"|sin|steuer-?id(?:entifikationsnummer)?|personnummer|ahv|user(?:name)?"
    r"|(?:logged|signed?) in as|registered as)(?![\w-])"
    r"(?: number| no\.?| nr\.?| ?#)?[\"'*`]{0,3}(?::| is| lautet| ist| est| es"
    r"|#){0,2} {0,2}[\"'*`#]{0,2}"
    r"(?P<value>\d{2,6}(?:[ ./-]\d{1,6}){1,4}|[A-Z]{2}(?: \d\d){3} [A-D]"
    r"|[A-Z]{0,6}[_-]?\d[A-Z0-9-]{3,16})"
    r"(?![\w])",
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DATE_LIKE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}$")
_PAYMENT_NUMBER = TextPattern(
    r"(?i)\b(?:certificate|gift[ _]card|credit[ _]card|debit[ _]card|voucher|card)s?"
    r"(?: (?:id|number|no\.?|ending(?: in)?|with id|ending with))?[ :#*`_(]{1,4}(\d{6,10})(?![\w-])"
)


def _plainly(pattern: str) -> str:
    """Return a pattern as the gate can hold it: without what looks ahead."""
    return re.sub(r"\(\?=([^)]*)\)", "", pattern)


def _is_word(value: str) -> bool:
    """Whether what may be a user's name is words: `order_worker`, `batch`."""
    known = lexicon(name_list=False)
    return all(
        part in known.proper or part in known.foreign or known.is_ordinary(part)
        for part in re.split(r"[._-]|\d+", value)
        if part
    )


class LabelledIdDetector(Detector):
    """Ids behind two words such as "customer number"."""

    ENTITIES: ClassVar = (ACCOUNT_ID, CUSTOMER_ID)

    def parts(self) -> tuple[Part, ...]:
        """Return values behind a label of two words or one, handles, and users' names."""
        return (
            Part(
                (
                    (
                        r"\d",
                        rf"(?i)(?:\b(?:{_plainly(HOLDERS)})|{CUSTOMERS})"
                        r"[ _-]?(?:id|nu?m|no|nr|n[º°]|#|code|ref)",
                    ),
                ),
                _labelled,
            ),
            Part(
                ((r"\b[A-Z]{1,5}[-/ ]?\d\d", rf"(?i)\b(?:{LETTERED_HOLDERS})\b"),),
                _lettered,
            ),
            # the label further in front, or behind: the word, and what stands at its number
            Part(
                (
                    (
                        r"\d\d",
                        r"(?i)\b(?:policy|account|acct|acc|member|membership|customer|client|patient"
                        r"|loyalty|hospital|subscriber|student|pupil|staff|employee|payroll"
                        r"|insurance|contract|tenancy|pension|rewards|frequent)",
                        r"(?i)n(?:umber|um|o|r)\.?(?:,| (?:with|on|you|there|that|here|have|we|i|us"
                        r"|to|which|curr|now)|[.?:]{0,2}\s{1,2}\w{1,12}: )|id[,?.]"
                        r"|(?:\(|, |card )(?:n(?:umber|um|o|r)|id)\b"
                        r"|(?:s|being) (?:also )?(?:my|the|his|her|our|their) ",
                    ),
                ),
                _phrased,
            ),
            Part(
                (
                    r"(?i)\b(?:account|acct|acc|member|membership|policy|loyalty|patient|student"
                    r"|employee|konto|cuenta|compte|conta|conto|customer|client)(?:\.|\b)"
                    r"[\"'*`]{0,3}(?: (?:is|was|should be|reads|ends in|ending in|ending|nr\.?"
                    r"|no\.?))?[:=#]{0,2} {0,2}[\"'*`#(\[]{0,2}"
                    r"(?:[A-Z]{1,4}[- ]?(?:\d{4}|\d\d\d?-)|\d{5}|\d{3,6}-\d\d)",
                ),
                _labelled_alone,
            ),
            Part(
                (
                    (
                        r"@",
                        r"(?i)gram|insta|twitter|tiktok|snap|discord|venmo|cash|skype|masto|sky"
                        r"|thread|\big\b|handle|user ?name",
                    ),
                ),
                _names(_HANDLE),
            ),
            Part(
                (
                    r"(?i)\b(?:user ?name|user ?id|log-?in|screen ?name|handle)[\"'`]?"
                    r"(?: is| was|:|=)",
                ),
                _names(_USERNAME),
            ),
            Part(
                (
                    r"\b(?:Accepted|Failed) \w+ for |session (?:opened|closed) for user|sudo: "
                    r"|(?:user|usr|login|owner)=|user [\"']|\blogin: ",
                ),
                _log_users,
            ),
        )


def _labelled(text: str, _context: Context) -> list[Span]:
    spans = []
    for match in _LABELLED.finditer(text):
        value = match["value"]
        if (match["account"] or "").lower() == "tenant" and _UUID.fullmatch(value):
            # a tenant of a cloud is a company
            continue
        if sum(map(str.isdigit, value)) >= min(3, len(value) - 2):
            entity = CUSTOMER_ID if match["customer"] else ACCOUNT_ID
            spans.append(Span(*match.span("value"), entity, 0.8, _NAME))
    return spans


def _lettered(text: str, _context: Context) -> list[Span]:
    return [
        Span(*match.span("value"), ACCOUNT_ID, 0.65, _NAME)
        for match in _LETTERED.finditer(text)
        if sum(map(str.isdigit, match["value"])) >= 4
    ]


def _phrased(text: str, _context: Context) -> list[Span]:
    return list(phrased_ids(text, text.lower(), _NAME))


def _labelled_alone(text: str, _context: Context) -> list[Span]:
    return [
        Span(*match.span("value"), CUSTOMER_ID if match["customer"] else ACCOUNT_ID, 0.65, _NAME)
        for match in _LABELLED_ALONE.finditer(text)
        if not _DATE_LIKE.match(match["value"])
    ]


def _names(pattern: CaselessPattern) -> Callable[[str, Context], list[Span]]:
    def find(text: str, _context: Context) -> list[Span]:
        return [
            Span(*match.span("value"), ACCOUNT_ID, 0.7, _NAME) for match in pattern.finditer(text)
        ]

    return find


def _log_users(text: str, _context: Context) -> list[Span]:
    return [
        Span(*match.span("value"), ACCOUNT_ID, 0.6, _NAME)
        for match in _LOG_USER.finditer(text)
        if match["value"] not in _SERVICES and not _is_word(match["value"])
    ]


class IdentityNumberDetector(Detector):
    """Ids behind one word such as "Kundennummer" or the name of a national number."""

    ENTITIES: ClassVar = (ACCOUNT_ID,)
    TRIGGERS: ClassVar = (
        (
            r"\d",
            r"(?i)\b(?:mrn|ni|national insurance|medicare|kundennummer|kunden-?nr|mitgliedsnummer"
            r"|versichertennummer|kundnummer"
            r"|kundenr|numer klienta|n.{1,2}mero de (?:socio|cliente|cuenta)|lidnummer"
            r"|medlemsnummer|asiakasnumero|num.{1,2}ro (?:de )?client|pesel"
            r"|cnic|contribuinte|utente|nric|mykad|tckn|iqama|tfn|ppsn?|cuit|cuil|c.{1,2}dula|oib"
            r"|jmbg|egn|cnp|amka|uan|fd no|folio|bsn|klantnummer|numero cliente|nino"
            r"|cpf|curp|rfc|dni|nie|nif|codice fiscale|aadhaar"
            r"|pan|nin|bvn|tin|sss|sin|steuer-?id(?:entifikationsnummer)?|personnummer|ahv|user|username"
            r"|in as|registered as)\b",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .7."""
        return [
            Span(*match.span("value"), ACCOUNT_ID, 0.7, "IdentityNumberDetector")
            for match in _LABELLED_BY_A_WORD.finditer(text)
            if sum(map(str.isdigit, match["value"])) >= 4
            and not _DATE_LIKE.match(match["value"])
            # four digits alone are the end of a card, a year: "user: 8871"
            and not (match["value"].isdigit() and len(match["value"]) < 5)
        ]


class PaymentNumberDetector(Detector):
    """Numbers of certificates, gift cards and cards on file, as people say them."""

    ENTITIES: ClassVar = (PAYMENT_ID,)
    TRIGGERS: ClassVar = ((r"\d{6}", r"(?i)\b(?:certificate|card|voucher)"),)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .7."""
        return [
            Span(*match.span(1), PAYMENT_ID, 0.7, "PaymentNumberDetector")
            for match in _PAYMENT_NUMBER.finditer(text)
        ]


class ForeignLabelDetector(Detector):
    """Ids behind labels of contracts, policies and members in other languages."""

    ENTITIES: ClassVar = (ACCOUNT_ID,)
    TRIGGERS: ClassVar = (
        (
            r"\d{2}",
            r"(?i)\b(?:vertrag|versicher|policen|mitglied|patientenn|personaln|matrikel|steuern"
            r"|mandat|teilnehmern|abo[ -]?n|kd|lid[ -]?n|klantn|polis|police|contrat|contractn"
            r"|relatien|medlemsn|avtalsn|kund|forsikringsn|client[ei]|adh(?:é|e)rent|assur(?:é|e)"
            r"|abonn|utente|s(?:ó|o)cio|p(?:ó|o)liza|polizz|klienta|umow|afiliad|membre|tessera"
            r"|ap(?:ó|o)lice)|номер (?:договора|клиента|полиса|счета|абонента|карты)",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .65."""
        return list(foreign_ids(text, "ForeignLabelDetector"))
