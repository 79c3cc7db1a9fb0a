"""National and bank numbers: shapes too common to be told without words around them."""

from __future__ import annotations

from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.cues import cue_before, cue_near
from pipeline.redaction.detectors.id_phrases import phrased_bank_numbers
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import (
    UK_NHS,
    US_BANK_NUMBER,
    US_DRIVER_LICENSE,
    US_ITIN,
    US_PASSPORT,
    US_SSN,
    Span,
)

_SSN = TextPattern(r"(\d(?<![\w.-].)\d\d)([- .]?)(\d{2})\2(\d{4})(?![\w]|[-.]\d)")
_SSN_CUE = TextPattern(
    r"\bssns?\b|social[ _-]?security|\bsocial\b|\bss ?#|\bitin\b|taxpayer|\btax ?id|\btin\b"
)
_NHS = TextPattern(r"\d(?<![\w.+-].)\d\d([- ]?)\d{3}\1\d{4}(?![\w]|[-.]\d)")
_NHS_CUE = TextPattern(r"\bnhs\b|national health")
_ITIN_GROUPS = frozenset([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])

_PASSPORT_CUE = TextPattern(
    r"passport|\bpp ?(?:no|#|num)|\bpass(?:nummer|nr| no\b)|passeport|reisepass|pasaporte"
    r"|passaporto|paspoort"
)
_PASSPORT = TextPattern(
    r"(?<![\w-])(?:[A-Za-z]{0,3}\d{6,9}[A-Za-z]{0,2}|[A-Za-z]\d[A-Za-z0-9]{5,7}"
    r"|[A-Z]{1,2}\ \d{6,7}|[A-Z]\ ?\d{4}\ \d{4}|[A-Z]{1,2}\ ?\d{2,3}(?:\ \d{2,3}){2}(?!\ \d)"
    r"|\d(?<!\d\ .)\d\d(?:\ \d{3}){2}(?!\ \d)"
    # German: no vowels; letters and digits in turn
    r"|[CFGHJK](?=[A-Z0-9]*\d)[0-9CFGHJKLMNPRTVWXYZ]{8})(?![\w-])"
)
_LICENSE_CUE = TextPattern(
    r"\bdriv(?:er'?s?|ers'?|ing)[ _-]?(?:licen[cs]e|permit)|\blicen[cs]e[ _-]?(?:no|num(?:ber)?"
    r"|id|#)"
    r"|(?<![/\w])c?dl\b(?: ?(?:no|num(?:ber)?|#))?|\bstate id\b|\bdmv\b|f[uü]hrerschein"
    r"|permis de conduire"
)
_LICENSE_ALONE = TextPattern(r"\blicen[cs]es?\b")
_LICENSE_PLAIN_CUE = TextPattern(
    r"\bsoftware|\bproduct|\bopen.source|\bmit licen|\bapache|\bgpl|\bkeys?\b"
)
# Right in front of another number: "licence on order 4418220", "expires 20291130"
_LICENSE_OTHER = TextPattern(
    r"\b(?:order|case|ticket|ref(?:erence)?|invoice|exp(?:ires?|iry|\.)?|issued|valid|until|phone|tel"
    r"|plates?|account|policy|claim|booking|confirmation|form|since|dated|model|version|vin|unit)\b"
    r"[ :#.-]{0,3}(?:(?:no|number|is|date|on|in|was|until)\b[ :#.]{0,3}){0,2}$"
)
_LICENSE = TextPattern(
    r"(?<![\w-])(?:[A-Za-z]{0,3}\d{4,14}[A-Za-z]{0,2}\d{0,3}|[A-Za-z]\d{3}(?:[ -]\d{3,4}){2,4}"
    r"|[A-Za-z]{1,2}\d{2}(?:-\d{2,6}){1,3}|[A-Za-z]\d{3,4}(?:-\d{1,6}){2,4}"
    r"|\d{2,3}(?:[ -]\d{2,3}){2,3}"
    r"|[A-Za-z]{5}\d{6}[A-Za-z0-9]{5}"
    r"|[A-Za-z]{2,5}\*{0,3}[A-Za-z0-9*]{2,3}\d[A-Za-z0-9]{3,7})(?![\w-])"
)
_BANK = TextPattern(
    r"\d(?<![\w.$€£+-].)(?!\d{3}-(?:\d\d-\d\d|(?:19|20)\d\d)(?!\d))(?:[ -]?\d){5,18}(?![\w]|[-.]\d)"
)
_BANK_CUE = TextPattern(
    r"\b(?:[a-z]{0,12}bank|checking|savings?|routing|aba|acct|account|a/c|sort[ -]?code|deposit"
    r"|wire"
    r"|direct debit|transit|ifsc|bsb|clabe|nuban|blz|bankleitzahl|bankgiro|plusgiro|kontonr"
    r"|rekening|rekeningnummer|rachun\w{2,4}|conto|conta|agência|tilinumero|hesap"
    r"|kontonummer|konto|kto|cuenta|compte)\b(?!\s+id\b)"
    r"(?:[^.;!?\n]|(?<=\bno)\.|(?<=\bkto)\.|(?<=\bnr)\.|(?<=\bnum)\.|(?<=\bacct)\.|\?\s?\n?(?=\w{1,12}:)|:\n){0,36}$"
)
_ACCOUNT_OF_SERVICE = TextPattern(
    r"\b(?:aws|azure|gcp|twitter|github|order|item|ticket|card)\b[^.;]{0,30}$"
)


class SsnDetector(Detector):
    """Social security and individual taxpayer numbers of the United States."""

    ENTITIES: ClassVar = (US_SSN, US_ITIN)
    TRIGGERS: ClassVar = (
        r"\b\d{3}[- .]\d{2}[- .]\d{4}\b",
        (r"\b\d{9}\b", r"(?i)ssn|social|\bss ?#|itin|tax|\btin\b"),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans: .85 with hyphens and valid parts or with words that say so, .5 with blanks.

        Parts that the Social Security Administration never issues (000, 666, 9xx; 00; 0000) count
        only where words or a hint say what the number is.
        """
        spans = []
        for match in _SSN.finditer(text):
            area, separator, group, serial = match.groups()
            itin = area[0] == "9" and int(group) in _ITIN_GROUPS
            issued = area not in ("000", "666") and area[0] != "9" and group != "00"
            issued = (issued and serial != "0000") or itin
            cued = context.hint in (US_SSN, US_ITIN) or cue_near(
                _SSN_CUE, text, match.start(), match.end()
            )
            if not cued and not (issued and separator in ("-", " ") and separator):
                continue
            score = 0.85 if cued or separator == "-" else 0.5
            entity = US_ITIN if itin else US_SSN
            spans.append(Span(match.start(), match.end(), entity, score, "SsnDetector"))
        return spans


class NhsDetector(Detector):
    """Numbers of the National Health Service of the United Kingdom."""

    ENTITIES: ClassVar = (UK_NHS,)
    TRIGGERS: ClassVar = ((r"\d{3}[- ]?\d{3}[- ]?\d{4}", r"(?i)\bnhs\b|national health"),)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score 1 where words and check digit agree."""
        return [
            Span(match.start(), match.end(), UK_NHS, 1.0, "NhsDetector")
            for match in _NHS.finditer(text)
            if nhs_checksum(match[0])
            and (context.hint == UK_NHS or cue_near(_NHS_CUE, text, match.start(), match.end(), 64))
        ]


def nhs_checksum(number: str) -> bool:
    """Whether the tenth digit checks the other nine (modulus 11, NHS Data Dictionary)."""
    digits = [int(char) for char in number if char.isdigit()]
    check = (
        11
        - sum(weight * digit for weight, digit in zip(range(10, 1, -1), digits, strict=False)) % 11
    )
    return check % 11 == digits[9] and check != 10


class PassportDetector(Detector):
    """Passport numbers, of the United States and elsewhere, where words say so."""

    ENTITIES: ClassVar = (US_PASSPORT,)
    TRIGGERS: ClassVar = (
        (
            r"\d",
            r"(?i)passport|\bpp ?(?:no|#|num)|\bpass(?:nummer|nr| no\b)|passeport|reisepass"
            r"|pasaporte|passaporto|paspoort",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .8."""
        return [
            Span(match.start(), match.end(), US_PASSPORT, 0.8, "PassportDetector")
            for match in _PASSPORT.finditer(text)
            if sum(map(str.isdigit, match[0])) >= (5 if match[0][1:].isdigit() else 2)
            and (
                context.hint == US_PASSPORT
                or cue_near(_PASSPORT_CUE, text, match.start(), match.end(), 48, 28)
            )
        ]


class DriverLicenseDetector(Detector):
    """Driving licences, where words (whole words: not the `lic` of "public") say so."""

    ENTITIES: ClassVar = (US_DRIVER_LICENSE,)
    TRIGGERS: ClassVar = (
        (
            r"\d",
            r"(?i)\blicen[cs]es?\b|\bc?dl\b|\bstate id\b|\bdmv\b|hrerschein|permis de conduire"
            r"|\bdriv(?:er|ing)",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .8."""
        spans = []
        for match in _LICENSE.finditer(text):
            start, end = match.span()
            if sum(map(str.isdigit, match[0])) < 4:
                continue
            # "license" alone is also that of software and of a library: a long number only
            cue = _LICENSE_ALONE if len(match[0]) > 6 else _LICENSE_CUE
            if cue_before(_LICENSE_OTHER, text, start, 32):
                continue
            cued = cue_near(_LICENSE_CUE, text, start, end, 64, 28) or (
                cue_before(cue, text, start) and not cue_before(_LICENSE_PLAIN_CUE, text, start)
            )
            if cued or context.hint == US_DRIVER_LICENSE:
                spans.append(Span(start, end, US_DRIVER_LICENSE, 0.8, "DriverLicenseDetector"))
        return spans


class BankNumberDetector(Detector):
    """Account and routing numbers of banks, where words say so."""

    ENTITIES: ClassVar = (US_BANK_NUMBER,)
    TRIGGERS: ClassVar = (
        (
            r"\d(?:[ -]?\d){5}",
            r"(?i)bank\b|\b(?:checking|savings?|routing|aba|acct|account|a/c|sort[ -]?code"
            r"|deposit|wire|transit|ifsc|bsb|clabe|nuban|blz|bankleitzahl|bankgiro|plusgiro|kontonr"
            r"|rekening|rekeningnummer|conto|conta|tilinumero|hesap"
            r"|direct debit|kontonummer|konto|kto|cuenta|compte)\b|rachun|ag(?:ê)ncia",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .6 to .7."""
        spans = [
            Span(match.start(), match.end(), US_BANK_NUMBER, 0.7, "BankNumberDetector")
            for match in _BANK.finditer(text)
            if context.hint == US_BANK_NUMBER
            or (
                cue_before(_BANK_CUE, text, match.start(), 64)
                and not cue_before(_ACCOUNT_OF_SERVICE, text, match.start(), 32)
            )
        ]
        spans += phrased_bank_numbers(text, text.lower(), "BankNumberDetector")
        return spans
