"""Payment cards, IBANs and crypto wallets: numbers that prove themselves by a checksum."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import ClassVar, Final

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import CREDIT_CARD, CRYPTO, IBAN_CODE, Span, span_of

# No condition after the run: a run that fails late would be scanned again from each group.
_CARD_RUN = TextPattern(r"\d(?<![\w.].)(?:[ -]?\d){11,}+")
_DIGITS = TextPattern(r"\d+")
# Issuer ranges by length (ISO/IEC 7812; Visa, Mastercard, Amex, Diners, Discover, JCB, UnionPay,
# Maestro, Mir, RuPay, Troy, UATP, Verve, Elo, Hipercard, Dankort, InstaPayment, InterPayment).
_MAESTRO = r"50|5[6-9]|6"
_ISSUERS: Final = {
    12: re.compile(_MAESTRO),
    13: re.compile(rf"4|{_MAESTRO}"),
    14: re.compile(rf"30[0-5]|3095|3[689]|{_MAESTRO}"),
    15: re.compile(rf"3[47]|1800|2131|1|{_MAESTRO}"),
    16: re.compile(rf"4|5|2[2-7]|3[05-9]|8[12]|9792|{_MAESTRO}"),
    17: re.compile(rf"3[05-9]|8[12]|220[0-4]|{_MAESTRO}"),
    18: re.compile(rf"3[05-9]|8[12]|220[0-4]|{_MAESTRO}"),
    19: re.compile(rf"4|3[05-9]|8[12]|220[0-4]|{_MAESTRO}"),
}
_ZERO: Final = ord("0")
_OTHER_GROUPS: Final = {(4, 6, 5), (4, 6, 4), (4, 5, 6), (6, 13), (8, 8), (6, 4, 4)}
_OTHER_NUMBER = TextPattern(
    r"\b(?:order|item|tracking|track|invoice|ref(?:erence)?|ticket|sku|isbn|serial|parcel|shipment"
    r"|timestamp|trace|span|request|session|job|batch|upc|ean|gtin|imei|hash|id)\b[^.;]{0,20}$"
)
_CARD_WORD = TextPattern(
    r"\b(?:card|visa|mastercard|maestro|amex|american express|discover|diners|jcb|unionpay|credit"
    r"|debit|cc|pan|pay|payment|karte|carte|tarjeta|carta)"
)

# Lengths of the SWIFT IBAN registry, with the countries that use IBANs beside it.
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD FK", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ DZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST AO CV MZ GW",
        26: "IS TR IR", 27: "FR GR IT MC MR SM BI DJ GA CF CG CM GQ TD KM MG",
        28: "AL AZ BY BF BJ CI CY DO GT HN HU LB ML NE NI PL SN SV TG MA",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN_HEAD = TextPattern(r"(?<![A-Za-z0-9])([A-Za-z]{2})\d\d(?=[ -]?[A-Za-z0-9])")
_IBAN_VALUES: Final = {
    letter: str(10 + index) for index, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
} | {digit: digit for digit in "0123456789"}

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES: Final = {char: index for index, char in enumerate(_BASE58)}
_BECH32_VALUES: Final = {c: i for i, c in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_WALLET = TextPattern(
    rf"(?<!\w)(?:(?P<segwit>(?:bc|tb|ltc)1[02-9ac-hj-np-z]{{11,87}}"
    rf"|(?:BC|TB|LTC)1[02-9AC-HJ-NP-Z]{{11,87}})"
    rf"|(?P<eth>0x[0-9A-Fa-f]{{40}})|(?P<base58>[{_BASE58}]{{26,35}}))(?!\w)"
)


class CreditCardDetector(Detector):
    """Card numbers of every issuer: 12 to 19 digits, in groups or not, with a Luhn check digit."""

    ENTITIES: ClassVar = (CREDIT_CARD,)
    TRIGGERS: ClassVar = (r"\d(?:[ -]?\d){11}",)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score 1; numbers introduced as an order's, a parcel's or so on are"
        " none."""
        spans = []
        for match in _CARD_RUN.finditer(text):
            for low, high in _cards(match[0]):
                start, end = match.start() + low, match.start() + high
                if (
                    context.hint == CREDIT_CARD
                    or cue_before(_CARD_WORD, text, start)
                    or not cue_before(_OTHER_NUMBER, text, start, 32)
                ) and not text[end : end + 1].isalpha():
                    spans.append(span_of(start, end, CREDIT_CARD, 1.0, "CreditCardDetector"))
        return spans


def _cards(run: str) -> list[tuple[int, int]]:
    """Return the card numbers in a run of digit groups, preferring the longest from the left.

    A run may begin or end with a neighbour (a month, an amount), so windows of whole groups are
    tried; a group holds at least two digits and a card at most seven, which bounds the work.
    """
    if run.isdigit():
        # one group: it is a card as a whole or not at all
        return [(0, len(run))] if _is_card(run) else []
    groups = [match.span() for match in _DIGITS.finditer(run)]
    found: list[tuple[int, int]] = []
    first = 0
    while first < len(groups):
        window = _card_from(run, groups[first : first + 7])
        if window:
            found.append((groups[first][0], groups[first + window - 1][1]))
        first += window or 1
    return found


def _card_from(run: str, groups: list[tuple[int, int]]) -> int:
    """Return how many of the first `groups` make up a card number; 0 for none."""
    digits = ""
    best = 0
    for count, (start, end) in enumerate(groups, 1):
        if end - start < 2 and count < len(groups):
            break
        digits += run[start:end]
        if len(digits) > 19:
            break
        if _is_card(digits) and _printed(tuple(end - start for start, end in groups[:count])):
            best = count
    return best


def _is_card(digits: str) -> bool:
    issuers = _ISSUERS.get(len(digits))
    return issuers is not None and issuers.match(digits) is not None and luhn(digits)


def _printed(sizes: tuple[int, ...]) -> bool:
    """Whether cards are printed in groups of these sizes: all one, fours, or 4-6-5 and its kin."""
    fours = set(sizes[:-1]) == {4} and sizes[-1] <= 4
    return len(sizes) == 1 or fours or sizes in _OTHER_GROUPS


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    if not digits.isascii():
        digits = "".join([str(int(digit)) for digit in digits])
    total = 0
    doubled = len(digits) % 2 == 0
    for place in range(len(digits)):
        value = ord(digits[place]) - _ZERO
        if doubled:
            value = 2 * value - (9 if value > 4 else 0)
        doubled = not doubled
        total += value
    return total % 10 == 0 and digits.strip("0") != ""


class IbanDetector(Detector):
    """International bank account numbers of all countries, in groups or not, in either case."""

    ENTITIES: ClassVar = (IBAN_CODE,)
    TRIGGERS: ClassVar = (r"(?i)\b[a-z]{2}\d\d[ -]?[a-z0-9]{4}",)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score 1: length of the country and remainder 1 by 97."""
        spans = []
        for match in _IBAN_HEAD.finditer(text):
            length = _IBAN_LENGTHS.get(match[1].upper())
            end = _iban_end(text, match.start(), length) if length else None
            if end:
                spans.append(span_of(match.start(), end, IBAN_CODE, 1.0, "IbanDetector"))
        return spans


def _iban_end(text: str, start: int, length: int) -> int | None:
    """Return where the IBAN of `length` characters at `start` ends, if there is one."""
    window = text[start : start + 2 * length].upper()
    compact: list[str] = []
    for offset, char in enumerate(window):
        if char in _IBAN_VALUES:
            compact.append(char)
            if len(compact) == length:
                end = start + offset + 1
                follows = text[end : end + 1]
                return end if not follows.isalnum() and mod97("".join(compact)) else None
        elif char not in " -" or window[offset - 1] in " -":
            return None
    return None


def mod97(iban: str) -> bool:
    """Whether the check digits of a compact upper-case IBAN hold (ISO 7064, MOD 97-10)."""
    return int("".join(map(_IBAN_VALUES.__getitem__, iban[4:] + iban[:4]))) % 97 == 1


class CryptoDetector(Detector):
    """Wallet addresses: Base58Check (Bitcoin and its kin), Bech32 and Bech32m, Ethereum."""

    ENTITIES: ClassVar = (CRYPTO,)
    TRIGGERS: ClassVar = (
        r"\b0x[0-9A-Fa-f]{40}\b",
        r"\b(?:bc|tb|ltc|BC|TB|LTC)1[02-9A-Za-z]{11}",
        rf"\b[{_BASE58}]{{26}}",
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score 1; Ethereum has no plain checksum, so its shape decides."""
        spans = []
        for match in _WALLET.finditer(text):
            kind = match.lastgroup
            if (
                kind == "eth"
                or (kind == "segwit" and bech32(match[0].lower()))
                or (kind == "base58" and base58check(match[0]))
            ):
                spans.append(span_of(match.start(), match.end(), CRYPTO, 1.0, "CryptoDetector"))
        return spans


def base58check(address: str) -> bool:
    """Whether `address` is 25 bytes in Base58 that end in their double SHA-256 (Bitcoin)."""
    number = 0
    for char in address:
        number = number * 58 + _BASE58_VALUES[char]
    if number >= 1 << 200:
        return False
    raw = number.to_bytes(25, "big")
    return sha256(sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def bech32(address: str) -> bool:
    """Whether the checksum of a lower-case segwit address holds (BIP 173, BIP 350)."""
    prefix, _, data = address.rpartition("1")
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    values += [_BECH32_VALUES[char] for char in data]
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            if top >> bit & 1:
                checksum ^= generator
    return checksum in (1, 0x2BC830A3)
