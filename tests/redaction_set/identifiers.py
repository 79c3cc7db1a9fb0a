"""Numbers with a structure: cards, IBANs, social security, network and wallet addresses.

Check digits are computed here, from the public definitions, and not by the code under test.
"""

from __future__ import annotations

import hashlib
from random import Random

# issuer -> (prefixes, length); ISO/IEC 7812 issuer ranges as the card schemes publish them
CARD_ISSUERS: dict[str, tuple[list[str], int]] = {
    "visa": (["4"], 16),
    "visa-13": (["4"], 13),
    "visa-19": (["4"], 19),
    "mastercard": (["51", "52", "53", "54", "55"], 16),
    "mastercard-2": (["2221", "2345", "2500", "2699", "2720"], 16),
    "amex": (["34", "37"], 15),
    "discover": (["6011", "644", "649", "65"], 16),
    "diners": (["300", "305", "36", "38"], 14),
    "jcb": (["3528", "3555", "3589"], 16),
    "unionpay": (["62"], 16),
    "unionpay-19": (["62"], 19),
    "maestro-12": (["5018", "6304", "6759"], 12),
    "maestro": (["5020", "5038", "6761", "6763"], 16),
    "maestro-18": (["6759"], 18),
}

# country -> BBAN: counts of digits `n`, letters `a` or either `c` (SWIFT IBAN registry)
IBAN_FORMATS: dict[str, str] = {
    "AD": "8n12c", "AE": "19n", "AT": "16n", "BE": "12n", "BG": "4a6n8c", "BR": "23n1a1c",
    "CH": "5n12c", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DK": "14n", "EE": "16n", "EG": "25n",
    "ES": "20n", "FI": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n", "GR": "7n16c",
    "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n", "IS": "22n", "IT": "1a10n12c",
    "KW": "4a22c", "KZ": "3n13c", "LB": "4n20c", "LT": "16n", "LU": "3n13c", "LV": "4a13c",
    "MC": "10n11c2n", "MT": "4a5n18c", "NL": "4a10n", "NO": "11n", "PK": "4a16c", "PL": "24n",
    "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "SA": "2n18c", "SE": "20n",
    "SI": "15n", "SK": "20n", "TR": "6n16c", "UA": "6n19c",
}  # fmt: skip

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def digits(rng: Random, count: int) -> str:
    """Return `count` digits, the first of them not zero."""
    return str(rng.randint(10 ** (count - 1), 10**count - 1))


def luhn_digit(payload: str) -> str:
    """Return the Luhn check digit of a digit string."""
    total = 0
    for position, digit in enumerate(reversed(payload)):
        number = int(digit) * (2 if position % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def card_number(rng: Random) -> str:
    """Return a valid card number of any issuer range, digits only."""
    prefixes, length = CARD_ISSUERS[rng.choice(list(CARD_ISSUERS))]
    prefix = rng.choice(prefixes)
    payload = prefix + "".join(rng.choices("0123456789", k=length - 1 - len(prefix)))
    return payload + luhn_digit(payload)


def card(rng: Random) -> str:
    """Return a card number as people and systems write it."""
    number = card_number(rng)
    separator = rng.choice(["", "", " ", "-"])
    if not separator:
        return number
    if len(number) == 15:
        return separator.join([number[:4], number[4:10], number[10:]])
    return separator.join(number[i : i + 4] for i in range(0, len(number), 4))


def _iban_part(rng: Random, count: int, kind: str) -> str:
    alphabet = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}.get(
        kind, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" if rng.random() < 0.3 else "0123456789"
    )
    return "".join(rng.choices(alphabet, k=count))


def iban_compact(rng: Random) -> str:
    """Return an IBAN of any country with its check digits (ISO 13616, mod 97)."""
    country = rng.choice(list(IBAN_FORMATS))
    bban, count = "", ""
    for character in IBAN_FORMATS[country]:
        if character.isdigit():
            count += character
        else:
            bban += _iban_part(rng, int(count), character)
            count = ""
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    return f"{country}{98 - number % 97:02d}{bban}"


def iban(rng: Random) -> str:
    """Return an IBAN, in one piece or in groups of four."""
    compact = iban_compact(rng)
    if rng.random() < 0.5:
        return compact
    return " ".join(compact[i : i + 4] for i in range(0, len(compact), 4))


def ssn(rng: Random) -> str:
    """Return a US social security number of a range that is issued, with separators."""
    area = rng.choice([n for n in range(1, 900) if n != 666])
    separator = rng.choice(["-", "-", "-", " "])
    return f"{area:03d}{separator}{rng.randint(1, 99):02d}{separator}{rng.randint(1, 9999):04d}"


def itin(rng: Random) -> str:
    """Return a US individual taxpayer number: 9xx, with a group the IRS assigns."""
    group = rng.choice([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
    return f"9{rng.randint(0, 99):02d}-{group}-{rng.randint(0, 9999):04d}"


def nhs(rng: Random) -> str:
    """Return a UK NHS number (mod 11 check digit), mostly grouped 3-3-4."""
    while True:
        payload = digits(rng, 9)
        check = 11 - sum(int(d) * w for d, w in zip(payload, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            number = payload + str(check % 11)
            separator = rng.choice([" ", " ", "-", ""])
            return separator.join([number[:3], number[3:6], number[6:]])


def us_passport(rng: Random) -> str:
    """Return a US passport number: nine digits, or a letter and eight (next generation)."""
    return digits(rng, 9) if rng.random() < 0.5 else rng.choice("ABCDEGHKLXYZ") + digits(rng, 8)


def driver_license(rng: Random) -> str:
    """Return a US driving licence number in the form of one of several states."""
    letter = rng.choice("ABCDEFGHJKLMNPRSTW")
    return rng.choice(
        [
            letter + digits(rng, 7),
            f"{letter}{digits(rng, 3)}-{digits(rng, 4)}-{digits(rng, 4)}",
            letter + digits(rng, 12),
            f"{digits(rng, 3)} {digits(rng, 3)} {digits(rng, 3)}",
            digits(rng, 8),
            f"{letter}{digits(rng, 2)}-{digits(rng, 2)}-{digits(rng, 4)}",
        ]
    )


def bank_number(rng: Random) -> str:
    """Return a US bank account number."""
    return digits(rng, rng.randint(8, 14))


def ipv4(rng: Random) -> str:
    """Return an IPv4 address that is neither loopback nor multicast."""
    first = rng.choice([10, 24, 46, 81, 93, 104, 129, 172, 185, 192, 203, 212])
    return f"{first}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


def ipv6(rng: Random) -> str:
    """Return an IPv6 address, full or compressed."""
    groups = [f"{rng.randint(0, 65535):x}" for _ in range(6)]
    return rng.choice(
        [
            "2001:db8:" + ":".join(groups),
            f"2a02:{groups[0]}:{groups[1]}::{groups[2]}",
            f"fe80::{':'.join(groups[:4])}",
            f"2001:0db8:{rng.randint(0, 9):04d}::{groups[3]}:{groups[4]}",
            f"::ffff:{ipv4(rng)}",
        ]
    )


def ip_address(rng: Random) -> str:
    """Return an IPv4 address, or, one time in three, IPv6."""
    return ipv6(rng) if rng.random() < 1 / 3 else ipv4(rng)


def mac(rng: Random) -> str:
    """Return a MAC address with colons, hyphens or Cisco's dots."""
    octets = [f"{rng.randint(0, 255):02x}" for _ in range(6)]
    plain = "".join(octets)
    forms = [":".join(octets), ":".join(octets).upper(), "-".join(octets).upper()]
    return rng.choice([*forms, f"{plain[:4]}.{plain[4:8]}.{plain[8:]}"])


def _base58check(payload: bytes) -> str:
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, out = int.from_bytes(data), ""
    while number:
        number, rest = divmod(number, 58)
        out = _BASE58[rest] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def _bech32(data: list[int]) -> str:
    """Return a witness-version-0 address of 5-bit groups (BIP 173)."""
    values = [3, 3, 0, 2, 3, *data, 0, 0, 0, 0, 0, 0]  # 3, 3, 0, 2, 3: the prefix `bc` expanded
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            state ^= generator if top >> bit & 1 else 0
    checksum = [(state ^ 1) >> 5 * (5 - i) & 31 for i in range(6)]
    return "bc1" + "".join(_BECH32[value] for value in data + checksum)


def wallet(rng: Random) -> str:
    """Return a Bitcoin or Ethereum address with valid check characters."""
    kind = rng.randrange(4)
    if kind == 0:
        return _base58check(b"\x00" + rng.randbytes(20))
    if kind == 1:
        return _base58check(b"\x05" + rng.randbytes(20))
    if kind == 2:
        return _bech32([0] + [rng.randrange(32) for _ in range(32)])
    return "0x" + rng.randbytes(20).hex()
