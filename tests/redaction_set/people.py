"""Names of people: many cultures, words that are names, names nobody bears.

The lists are this test set's own. A detector that knows common names from a list finds part of
them; the invented ones are in no list, so that recall on them shows what a detector understands.
"""

from __future__ import annotations

from random import Random

from tests.redaction_set.lists import choices, lines

HOSTS = choices("hosts")


def _read_cultures() -> dict[str, tuple[list[str], list[str]]]:
    cultures = {}
    for line in lines("people"):
        culture, _, names = line.partition(": ")
        given, _, family = names.partition("; ")
        cultures[culture] = (given.split(", "), family.split(", "))
    return cultures


CULTURES = _read_cultures()
"""Culture -> given names and family names."""

_ONSETS = "b|br|c|ch|d|dr|f|fl|g|gr|h|j|k|kr|l|m|n|p|qu|r|s|sh|st|t|th|tr|v|w|z|vel|mor|ter"
_VOWELS = "a|e|i|o|u|ae|ia|or|en|an|el|il|ov"
_CODAS = "n|r|l|s|th|x|ck|nd|rt|m|v|sk|lm|dge|ff|tt"
ONSETS, VOWELS, CODAS = (parts.split("|") for parts in (_ONSETS, _VOWELS, _CODAS))


def invented(rng: Random) -> str:
    """Return a word that sounds like a name and, as far as we know, is none."""
    middle = "".join(rng.choice(VOWELS) + rng.choice(CODAS[:4]) for _ in range(rng.randint(0, 1)))
    return (rng.choice(ONSETS) + middle + rng.choice(VOWELS) + rng.choice(CODAS)).capitalize()


def given_and_family(rng: Random) -> tuple[str, str]:
    """Return a given and a family name of one culture; one in eight is invented."""
    if rng.random() < 0.125:
        return invented(rng), invented(rng)
    given, family = CULTURES[rng.choice(list(CULTURES))]
    return rng.choice(given), rng.choice(family)


def full_name(rng: Random) -> str:
    """Return a name as forms and mails write it: mostly given and family name."""
    given, family = given_and_family(rng)
    style = rng.random()
    if style < 0.72:
        return f"{given} {family}"
    if style < 0.80:
        return f"{given} {rng.choice('ABCDEFGHJKLMPRSTW')}. {family}"
    if style < 0.86:
        return f"{given[0]}. {family}"
    if style < 0.90:
        return f"{given} {rng.choice(['Lee', 'Ann', 'James', 'Luz', 'Kofi', 'Rose'])} {family}"
    if style < 0.94:
        return f"{given} {family} {rng.choice(['Jr.', 'III', 'Sr.'])}"
    if style < 0.97:
        return f"{given} {family}".upper()
    return f"{given} {family}-{rng.choice(CULTURES['english'][1])}"


def given_name(rng: Random) -> str:
    """Return a given name alone."""
    return given_and_family(rng)[0]


def family_name(rng: Random) -> str:
    """Return a family name alone, as it stands after a title."""
    return given_and_family(rng)[1]


def family_first(rng: Random) -> str:
    """Return `Family, Given`, as directories and exports write it."""
    given, family = given_and_family(rng)
    return f"{family}, {given}"


def lower_name(rng: Random) -> str:
    """Return a full name without capitals, as people type it in a hurry."""
    return " ".join(given_and_family(rng)).lower()


def upper_name(rng: Random) -> str:
    """Return a full name in capitals, as tickets and bookings print it."""
    return " ".join(given_and_family(rng)).upper()


def invented_name(rng: Random) -> str:
    """Return a full name that is in no list."""
    return f"{invented(rng)} {invented(rng)}"


def email(rng: Random) -> str:
    """Return an e-mail address, ASCII, on a plausible host; forms people really use."""
    given, family = given_and_family(rng)
    first, last = (
        "".join(c for c in word.lower() if c.isascii() and c.isalnum()) or "mail"
        for word in (given, family)
    )
    local = rng.choice(
        [
            f"{first}.{last}",
            f"{first}{rng.randint(1, 99)}",
            f"{first[0]}{last}",
            f"{last}_{first}",
            f"{first}+{rng.choice(['news', 'shop', 'work'])}",
            f"{first}-{last}",
            f"{last}.{first[0]}",
            f"{first}{last}{rng.randint(1950, 2009)}",
            f"x{rng.randint(1000, 9999)}",
        ]
    )
    host = rng.choice([*HOSTS, f"{last}.name"])
    address = f"{local}@{host}"
    return address if rng.random() < 0.93 else address.upper()
