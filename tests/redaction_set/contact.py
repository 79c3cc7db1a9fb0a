"""Phone numbers of 36 countries, street addresses and birth dates, in the forms people write."""

from __future__ import annotations

import re
from random import Random

from tests.redaction_set.lists import choices, lines

INTERNATIONAL = choices("phones_international")
NATIONAL = choices("phones_national")
US = choices("phones_us")
BARE = choices("phones_bare")
STREETS = lines("streets")
PLACES_US = choices("places_us")
ADDRESSES_WORLD = lines("addresses_world")
ADDRESSES_MIXED = lines("addresses_mixed")

MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip


def fill_mask(rng: Random, mask: str) -> str:
    """Replace `#` by any digit and `*` by one from 2 to 9."""
    alphabet = {"#": "0123456789", "*": "23456789"}
    return "".join(rng.choice(alphabet.get(character, character)) for character in mask)


def fill_pattern(rng: Random, pattern: str) -> str:
    """Choose among `[a|b]` and then draw each number `<5-40>`."""
    chosen = re.sub(r"\[([^\]]*)\]", lambda match: rng.choice(match[1].split("|")), pattern)
    return re.sub(
        r"<(\d+)-(\d+)>", lambda match: str(rng.randint(int(match[1]), int(match[2]))), chosen
    )


def phone_international(rng: Random) -> str:
    """Return a number with its country code."""
    return fill_mask(rng, rng.choice(INTERNATIONAL))


def phone(rng: Random) -> str:
    """Return a number, national or international; its text should say that it is one."""
    return fill_mask(rng, rng.choice(NATIONAL)) if rng.random() < 0.5 else phone_international(rng)


def phone_us(rng: Random) -> str:
    """Return a US number with separators, sometimes with an extension."""
    number = fill_mask(rng, rng.choice(US))
    return (
        number
        if rng.random() < 0.85
        else number + fill_mask(rng, rng.choice([" x###", " ext. ###"]))
    )


def phone_bare(rng: Random) -> str:
    """Return a number without any separator."""
    return fill_mask(rng, rng.choice(BARE))


def street_line(rng: Random) -> str:
    """Return number and street of an American or British address, sometimes with a unit."""
    return fill_pattern(rng, rng.choice(STREETS))


def address_us(rng: Random) -> str:
    """Return a complete US address on one line or two."""
    place = fill_pattern(rng, rng.choice(PLACES_US))
    return street_line(rng) + rng.choice([", ", ", ", "\n"]) + place


def address_world(rng: Random) -> str:
    """Return an address of another country in that country's own order."""
    return fill_pattern(rng, rng.choice(ADDRESSES_WORLD))


def address_mixed(rng: Random) -> str:
    """Return an address as forms for all countries make them: parts with one kind of break."""
    parts = fill_pattern(rng, rng.choice(ADDRESSES_MIXED))
    return parts.replace("~", rng.choice([", ", ", ", "\n", "\n "]))


def address(rng: Random) -> str:
    """Return a complete address, half of them American."""
    return address_us(rng) if rng.random() < 0.5 else address_world(rng)


def birth_date(rng: Random) -> str:
    """Return a date of the years 1930 to 2009; only its context says that somebody was born."""
    year, month, day = rng.randint(1930, 2009), rng.randint(1, 12), rng.randint(1, 28)
    name = MONTHS[month - 1]
    forms = [
        f"{year}-{month:02d}-{day:02d}",
        f"{month:02d}/{day:02d}/{year}",
        f"{month}/{day}/{year}",
        f"{day:02d}.{month:02d}.{year}",
        f"{day:02d}-{month:02d}-{year}",
        f"{year}/{month:02d}/{day:02d}",
        f"{day:02d}/{month:02d}/{year % 100:02d}",
        f"{name} {day}, {year}",
        f"{day} {name} {year}",
        f"{day} {name[:3]} {year}",
        f"{name[:3]} {day}, {year}",
        f"{name.lower()} {day} {year}",
    ]
    if 4 <= day <= 20:
        forms.append(f"{day}th of {name}, {year}")
    return rng.choice(forms)
