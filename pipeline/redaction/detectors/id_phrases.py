"""Ids in the phrases of people: the label far in front, behind the number, or in another language.

"My policy with you (no. LP 4471 882)", "4410092833, that's my savings account", "contrat n° 88-44".
The detectors of labelled ids and of bank numbers, whose words open the gate, ask here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import ACCOUNT_ID, CUSTOMER_ID, US_BANK_NUMBER, Span

_VALUE: Final = (
    r"(?P<value>(?-i:[A-Z]{1,4}[ -]?)?\d[\dA-Za-z]{0,17}(?:[ ./-](?-i:[\dA-Z]){1,8}){0,4})"
)
_HOLDERS: Final = (
    r"policy|account|acct|acc|member(?:ship)?|customer|client|patient|loyalty|hospital|subscriber"
    r"|student|pupil|staff|employee|payroll|insurance|contract|tenancy|pension|rewards|frequent"
)
_NUMBER: Final = r"(?:number|num|no|nr|id)\b\.?"
# What may stand between "number" and the number: "with you is", "you have on file is"
_FILLER: Final = (
    r"(?: (?:with|on|you|there|that|here|have|we|i|us|to|which|currently|now)\b)"
    r"(?:,? (?:with|on|you|there|here|have|us|file|use|is|it'?s|was|should|be|reads)\b){0,4}:? "
)
# The other speaker answers: "… your customer number. \nYou: it's 77120934"
_TURN: Final = (
    r"(?:[.?:]{0,2}\s{1,2}\w{1,12}:(?: (?:it'?s|it is|yes|yeah|sure|ok|okay|um|uh),?){0,3} )"
)
_APART: Final = r"(?:\(|, |\bcard )"
_FAR = TextPattern(
    rf"\b(?P<holder>{_HOLDERS})(?:"
    rf"(?P<between>\b[^.;!?\n\d]{{0,32}}?{_APART}){_NUMBER}(?: is| was|:)?[ #:]{{1,2}}"
    rf"|[ _-]?{_NUMBER}(?:{_FILLER}|{_TURN}|, ))"
    rf"{_VALUE}(?![\w%€$£-]|[.,:]\d)",
    re.IGNORECASE,
)
# What may stand behind "number" in a text that `_FAR` matches in; elsewhere it is not tried.
_BEHIND_NUMBER: Final = re.compile(
    r"number(?:,| (?:with|on|you|there|that|here|have|we|i |us|to|which|curr|now)"
    r"|[.?:]{0,2}\s{1,2}\w{1,12}: )"
)
# Another thing's number: "the customer's order number"
_OTHER_THING = TextPattern(
    r"\b(?:order|case|ticket|invoice|reference|ref|booking|confirmation|tracking|reservation|claim"
    r"|serial|phone|mobile|cell|contact|tel|fax|callback|flight|room|seat|item|model|version"
    r"|date|since|credit|debit|gift)\b"
)
_FOREIGN_LABEL: Final = (
    r"\b(?:vertragskonto|(?:vertrags?|versicherungs?|policen?|versicherten|mitglieds?|kunden?|kd|patienten"
    r"|personal|matrikel|steuer|mandats?|teilnehmer|abo|lid|klant|polis|contract|relatie|medlems"
    r"|avtals|kund|forsikrings)[.]?[ -]?(?:nummer|nr|nummeret|num)"
    r"|(?:n[uú]m(?:e|é)ro|número|numero|num|n[º°o]|nr|c[oó]digo|codice|numer)[.]? ?"
    r"(?:(?:de|do|da|di|del|della|du) |d['’])?"
    r"(?:l['’])?(?:client[ei]?|contrat(?:o|to)?|abonn[ée]e?|abonnement|adh[ée]rente?|assur[ée]e?"
    r"|s[oó]cio|utente|p[oó]liza|polizza|police|klienta|umowy|polisy|afiliad[oa]|membre|tessera"
    r"|ap[oó]lice)"
    r"|(?:contrat|contrato|contratto|p[oó]liza|polizza|police|cliente|abonnement|umowa|polisa"
    r"|ap[oó]lice|vertrag|kunde|adh[ée]rente?|abonn[ée]e?|assur[ée]e?|membre|s[oó]ci[oa]|utente|client"
    r"|afiliad[oa]|lid|medlem|kund) (?:n[º°o]|num|nr|n|n[uú]mero|num[ée]ro|nummer)"
    r"|номер (?:договора|клиента|полиса|счета|абонента|карты))"
    r"(?:[.:#]{0,2} ?(?:ist die|ist|lautet|est le|est|es el|es|è|é|is|jest|är|er|to)?[ :]{1,2}"
    r"| ?[.:] ?)"
)
_FOREIGN = TextPattern(rf"{_FOREIGN_LABEL}{_VALUE}(?![\w%€$£]|[.,:]\d)", re.IGNORECASE)
# 4410092833, that's my savings account
_POINTING: Final = (
    r"(?:,| -|\.)? (?:and )?(?:that'?s|that is|which is|this is|it'?s|is|was|being) (?:also )?"
    r"(?:my|the|his|her|our|their) (?:[a-z]{2,9} )??"
)
_POINTED: Final = re.compile(
    r"(?:s|being) (?:also )?(?:my|the|his|her|our|their) (?:[a-z]{2,9} )?"
    r"(?:account|acct|checking|savings|policy|member|customer|client)"
)
_NUMBER_FIRST: Final = r"(?P<value>(?:(?-i:[A-Z]){1,3}-?)?\d(?<![\w.,$€£/].)[\d -]{2,22}\d)"
_BANK_POINTED = TextPattern(
    rf"{_NUMBER_FIRST}{_POINTING}(?:account|acct|checking|savings)\b", re.IGNORECASE
)
_HOLDER_POINTED = TextPattern(
    rf"{_NUMBER_FIRST}{_POINTING}(?P<holder>policy|member(?:ship)?|customer|client)\b",
    re.IGNORECASE,
)
# 2088441937, GTBank; 4410092833 (Zenith bank)
_BANK_BEHIND = TextPattern(
    r"(?P<value>\d(?<![\w.,$€£/-].)\d{7,13}),? ?[(-]? ?(?-i:[A-Z])[\w'&]{0,14} ?bank\b",
    re.IGNORECASE,
)
# "I closed that account! Number was 7730-4418-22"
_NUMBER_WAS = TextPattern(
    r"n(?:umber|um|o)\.?(?: (?:is|was|should be)|:) (?P<value>\d(?:[ -]?\d){5,16})"
    r"(?![\w%€$£-]|[.,:]\d)"
)
_CLAUSES: Final = (". ", "! ", "? ", ", ", "; ", " the ", " new ", " old ", "\n")
_BANK_WORD = TextPattern(
    r"\b(?:bank|account|acct|checking|savings|routing|direct deposit|wire|branch|konto|cuenta"
    r"|compte|conta|rekening)\b"
)
_REACH: Final = 120


def phrased_ids(text: str, lowered: str, detector: str) -> Iterator[Span]:
    """Yield ids of accounts, members and policies whose label does not stand right before them."""
    if (
        ("number" in lowered and _BEHIND_NUMBER.search(lowered) is not None)
        or "(n" in lowered
        or ", n" in lowered
        or "card n" in lowered
        or "no. " in lowered
        or "id?" in lowered
    ):
        for match in _FAR.finditer(text):
            between = match["between"]
            if _has_digits(match["value"]) and not (
                between and _OTHER_THING.search(between.lower())
            ):
                yield Span(*match.span("value"), _entity(match), 0.65, detector)
    if _POINTED.search(lowered) is not None:
        for match in _HOLDER_POINTED.finditer(text):
            if _has_digits(match["value"]):
                yield Span(*match.span("value"), _entity(match), 0.65, detector)


def foreign_ids(text: str, detector: str) -> Iterator[Span]:
    """Yield ids behind labels in German, Dutch, Scandinavian and Romance languages and Polish."""
    for match in _FOREIGN.finditer(text):
        if _has_digits(match["value"]):
            yield Span(*match.span("value"), ACCOUNT_ID, 0.65, detector)


def phrased_bank_numbers(text: str, lowered: str, detector: str) -> Iterator[Span]:
    """Yield numbers of bank accounts that are named behind them, or a sentence before."""
    if "bank" in lowered:
        for match in _BANK_BEHIND.finditer(text):
            yield Span(*match.span("value"), US_BANK_NUMBER, 0.65, detector)
    if _POINTED.search(lowered) is not None:
        for match in _BANK_POINTED.finditer(text):
            if _has_digits(match["value"]):
                yield Span(*match.span("value"), US_BANK_NUMBER, 0.65, detector)
    # a number that is no account's by its name, and so needs the words around
    if lowered.count("number") > lowered.count("account number") and len(lowered) == len(text):
        for match in _NUMBER_WAS.finditer(lowered):
            clause = lowered[max(0, match.start() - 5) : match.start()]
            if clause and not clause.endswith(_CLAUSES):
                continue
            before = text[max(0, match.start() - _REACH) : match.start()].lower()
            after = text[match.end() : match.end() + 48].lower()
            if not _OTHER_THING.search(before[-32:]) and (
                _BANK_WORD.search(before) or _BANK_WORD.search(after)
            ):
                yield Span(*match.span("value"), US_BANK_NUMBER, 0.6, detector)


def _entity(match: re.Match[str]) -> str:
    return CUSTOMER_ID if match["holder"].lower() in ("customer", "client") else ACCOUNT_ID


def _has_digits(value: str) -> bool:
    return sum(map(str.isdigit, value)) >= 4
