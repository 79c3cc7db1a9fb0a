"""Invented customers with everything a support system knows of them, none of it real."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from pipeline.simulate.draw import ALPHANUMERIC, DIGITS, LETTERS, generator, pattern, pick, text
from pipeline.simulate.names import SHAPES

_PHONES = {
    "us": ("(415) %3#-####", "312-%4#-####", "+1 617 %5# ####", "206.%6#.####", "+1503%7#####"),
    "gb": ("+44 77## ######", "079## ######", "020 7%## ####", "+44 20 7%## ####"),
    "de": ("+49 151 %#######", "0151 %#######", "+49 30 %######", "030/%#######"),
    "fr": ("+33 6 %# ## ## ##", "06 %# ## ## ##", "01 %# ## ## ##", "+336%#######"),
    "es": ("+34 6%# ### ###", "6%# ## ## ##", "+346%######"),
    "it": ("+39 347 %## ####", "347 %######", "+39 02 %#######"),
    "pl": ("+48 60% ### ###", "60% ### ###"),
    "se": ("+46 70 %## ## ##", "070-%## ## ##"),
    "in": ("+91 98%## #####", "098%## #####"),
    "br": ("+55 11 99%##-####", "(11) 99%##-####"),
    "jp": ("+81 90 %### ####", "090-%###-####"),
}
_STREETS = {
    "us": (
        "{n} {a} {b} Road",
        "{n} {a} Street",
        "{n} {b} Avenue",
        "{n} N {a} Dr",
        "{n} {a} {b} Ln",
    ),
    "gb": ("{n} {a} Lane", "Flat {m}, {n} {b} Road", "{n} {a} Close", "{n} {b} Terrace"),
    "de": ("{a}straße {n}", "{a}weg {n}", "Am {b} {n}", "{a}allee {n}a"),
    "fr": ("{n} rue des {a}", "{n} bis avenue du {b}", "{n} boulevard de {a}"),
    "es": ("Calle de {a} {n}", "Avenida {b} {n}, {m}º", "Plaza de {a} {n}"),
    "it": ("Via {a} {n}", "Viale {b} {n}", "Corso {a} {n}"),
    "pl": ("ul. {a} {n}/{m}", "al. {b} {n}"),
    "se": ("{a}gatan {n}", "{b}vägen {n}"),
    "in": ("{n}, {a} Nagar", "{n}/{m} {b} Road"),
    "br": ("Rua {a}, {n}", "Avenida {b}, {n}"),
    "jp": ("{m}-{n}-{m} {a}-cho",),
}
_PLACES = {
    "us": (
        "Alder|Tamarack|Quarry|Willow|Heron|Juniper|Foxglove",
        "Creek|Hollow|Ridge|Mill|Prairie",
    ),
    "gb": ("Orchard|Chapel|Rectory|Heather|Priory", "Station|Albion|Meadow|Granary"),
    "de": ("Linden|Ahorn|Birken|Schiller|Kastanien", "Mühlbach|Stadtgraben|Anger"),
    "fr": ("Tilleuls|Acacias|Lilas|Cerisiers", "Moulin|Général Leclerc|Vieux Lavoir"),
    "es": ("la Paloma|los Olmos|Cervantes|las Rosas", "Constitución|Libertad"),
    "it": ("Garibaldi|Manzoni|dei Mille|Volta", "Europa|Trento"),
    "pl": ("Lipowa|Słoneczna|Ogrodowa|Polna", "Niepodległości|Pokoju"),
    "se": ("Björk|Stor|Kungs|Drottning", "Skogs|Sjö"),
    "in": ("Jaya|Gandhi|Shanti|Lakshmi", "Temple|Lake"),
    "br": ("das Acácias|do Sol|das Palmeiras", "Brasil|Paulista"),
    "jp": ("Sakura|Midori|Higashi", "Honmachi"),
}
_CITIES = {
    "us": ("Boise, ID 83702", "Tulsa, OK 74103", "Durham, NC 27701", "Reno, NV 89501"),
    "gb": ("Reading RG1 4AB", "Leeds LS2 7EW", "Cardiff CF10 1EP"),
    "de": ("10969 Berlin", "50667 Köln", "04109 Leipzig"),
    "fr": ("69003 Lyon", "44000 Nantes", "33000 Bordeaux"),
    "es": ("28013 Madrid", "46002 Valencia"),
    "it": ("20121 Milano", "10121 Torino"),
    "pl": ("00-950 Warszawa", "30-059 Kraków"),
    "se": ("111 22 Stockholm", "411 06 Göteborg"),
    "in": ("Chennai 600017", "Pune 411001"),
    "br": ("São Paulo 01310-100", "Recife 50030-230"),
    "jp": ("Osaka 530-0001", "Sapporo 060-0042"),
}
_ACCOUNT_SHAPES = {
    "gb": "@@@@" + "#" * 14,
    "de": "#" * 18,
    "fr": "#" * 23,
    "es": "#" * 20,
    "it": "@" + "#" * 22,
    "pl": "#" * 24,
    "se": "#" * 20,
}
"""What follows country and check digits in an IBAN."""
_CARDS = ("4" + "#" * 15, "51" + "#" * 14, "37" + "#" * 13, "6011" + "#" * 12, "2221" + "#" * 12)
_MAIL_HOSTS = ("mailbox", "postfach", "quickmail", "inbox", "webpost", "letters")
_MAIL_ENDS = ("example.com", "example.org", "example.net")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Person:
    """One customer; `slots` are the values that texts and tool results are filled with."""

    locale: str
    user_id: str
    slots: dict[str, str]


@lru_cache(maxsize=8192)
def person(seed: int, number: int) -> Person:
    """Return customer `number` of the fleet with this seed."""
    draw = generator(seed, "person", number)
    locale = "us" if draw.random() < 0.4 else pick(draw, tuple(SHAPES))
    given, surname = SHAPES[locale].draw(draw)
    plain = f"{_ascii(given)}.{_ascii(surname)}"
    street = _street(draw, locale)
    year, month, day = 1945 + int(draw.random() * 60), draw.randint(1, 12), draw.randint(1, 28)
    digits = text(draw, DIGITS, 4)
    slots = {
        "first_name": given,
        "last_name": surname,
        "name": f"{given} {surname}",
        "email": _email(draw, plain, digits),
        "phone": pattern(draw, pick(draw, _PHONES[locale])),
        "street": street,
        "city": pick(draw, _CITIES[locale]),
        "new_street": _street(draw, locale),
        "dob": pick(draw, _birth_dates(year, month, day)),
        "ip": ".".join(str(11 + int(draw.random() * 180)) for _ in range(4)),
        "card": _card(draw),
        "iban": _iban(draw, locale),
        "ssn": f"{draw.randint(100, 665)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}",
        "account": pattern(draw, "ACC-########"),
        "customer": pattern(draw, "CUST-#######"),
        "key": _key(draw),
    }
    return Person(locale, f"{plain.replace('.', '_')}_{digits}".lower(), slots)


def _email(draw: random.Random, plain: str, digits: str) -> str:
    given, _, surname = plain.lower().partition(".")
    parts = (
        f"{given}.{surname}",
        f"{given[0]}{surname}{digits[:2]}",
        f"{surname}_{digits}",
        f"{given}+shop",
    )
    local = pick(draw, parts)
    return f"{local}@{pick(draw, _MAIL_HOSTS)}.{pick(draw, _MAIL_ENDS)}"


def _street(draw: random.Random, locale: str) -> str:
    first, second = (pick(draw, part.split("|")) for part in _PLACES[locale])
    number = 1 + int(draw.random() ** 2 * 1900)
    shape = pick(draw, _STREETS[locale])
    return shape.format(n=number, m=1 + number % 9, a=first, b=second)


def _birth_dates(year: int, month: int, day: int) -> tuple[str, ...]:
    return (
        f"{year}-{month:02d}-{day:02d}",
        f"{month:02d}/{day:02d}/{year}",
        f"{day:02d}.{month:02d}.{year}",
        f"{day} {_MONTHS[month - 1]} {year}",
        f"{_MONTHS[month - 1]} {day}, {year}",
    )


def _card(draw: random.Random) -> str:
    """Return a card number with a right check digit (Luhn), bare or grouped."""
    body = pattern(draw, pick(draw, _CARDS))[:-1]
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body)))
    total = sum(value - 9 if value > 9 else value for value in doubled)
    number = body + str(-total % 10)
    separator = pick(draw, ("", " ", "-"))
    if len(number) == 15:
        return separator.join((number[:4], number[4:10], number[10:]))
    return separator.join(number[at : at + 4] for at in range(0, 16, 4))


def _iban(draw: random.Random, locale: str) -> str:
    """Return an IBAN with right check digits (ISO 7064 mod 97-10), bare or in groups of four."""
    locale = locale if locale in _ACCOUNT_SHAPES else "de"
    country, account = locale.upper(), pattern(draw, _ACCOUNT_SHAPES[locale])
    rearranged = account + country + "00"
    check = 98 - int("".join(str(int(mark, 36)) for mark in rearranged)) % 97
    iban = f"{country}{check:02d}{account}"
    if draw.random() < 0.5:
        return iban
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _key(draw: random.Random) -> str:
    """Return a credential in the published shape of a well-known issuer."""
    kind = int(draw.random() * 4)
    if kind == 0:
        return "sk_live_" + text(draw, ALPHANUMERIC, 24)
    if kind == 1:
        return "ghp_" + text(draw, ALPHANUMERIC, 36)
    if kind == 2:
        return "AKIA" + text(draw, LETTERS[:24].upper() + "234567", 16)
    return "xoxb-" + text(draw, DIGITS, 11) + "-" + text(draw, ALPHANUMERIC, 24)


def _ascii(name: str) -> str:
    spelled = name.replace("ß", "ss").replace("ł", "l").replace("Ł", "L").replace("'", "")
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
