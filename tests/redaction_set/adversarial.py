"""Disguises: the same personal data, written so that a plain pattern does not see it."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable
from random import Random
from urllib.parse import quote

from tests.redaction_set import contact, identifiers, people
from tests.redaction_set.labels import Item, mark, parse_marked

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_ZERO_WIDTH, _SOFT_HYPHEN, _NO_BREAK_SPACE = "\u200b", "\u00ad", "\u00a0"
_NO_BREAK_HYPHEN, _EN_DASH, _ESCAPED_AT = "\u2011", "\u2013", "\\u0040"
_DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

Disguise = Callable[[Random], str]


def zero_width_email(rng: Random) -> str:
    return f"write to {mark('EMAIL_ADDRESS', _ZERO_WIDTH.join(people.email(rng)))} today"


def soft_hyphen_card(rng: Random) -> str:
    return f"card {mark('CREDIT_CARD', _SOFT_HYPHEN.join(identifiers.card_number(rng)))}"


def full_width_phone(rng: Random) -> str:
    number = contact.phone_international(rng).translate(_FULL_WIDTH)
    return f"phone: {mark('PHONE_NUMBER', number)}"


def full_width_card(rng: Random) -> str:
    return f"my card is {mark('CREDIT_CARD', identifiers.card(rng).translate(_FULL_WIDTH))}"


def no_break_card(rng: Random) -> str:
    number = identifiers.card_number(rng)
    return f"charge {mark('CREDIT_CARD', _NO_BREAK_SPACE.join(_quads(number)))} please"


def en_dash_ssn(rng: Random) -> str:
    number = identifiers.ssn(rng).replace("-", _NO_BREAK_HYPHEN).replace(" ", _EN_DASH)
    return f"SSN {mark('US_SSN', number)}"


def spelled_email(rng: Random) -> str:
    address = people.email(rng).lower().replace("@", " at ").replace(".", " dot ")
    return f"my email is {mark('EMAIL_ADDRESS', address)}"


def bracketed_email(rng: Random) -> str:
    address = people.email(rng).replace("@", " [at] ").replace(".", " [dot] ")
    return f"mail me: {mark('EMAIL_ADDRESS', address)}"


def spoken_phone(rng: Random) -> str:
    words = " ".join(_DIGIT_WORDS[int(digit)] for digit in contact.fill_mask(rng, "*12*67####"))
    return f"my phone number is {mark('PHONE_NUMBER', words)}"


def spaced_phone(rng: Random) -> str:
    return f"call me at {mark('PHONE_NUMBER', ' '.join(contact.fill_mask(rng, '*12*67####')))}"


def dotted_card(rng: Random) -> str:
    number = identifiers.card_number(rng)
    return f"cc {mark('CREDIT_CARD', '.'.join(_quads(number)))}"


def url_encoded_email(rng: Random) -> str:
    return f"GET /subscribe?e={mark('EMAIL_ADDRESS', quote(people.email(rng), safe=''))}&src=ad"


def url_encoded_name(rng: Random) -> str:
    return f"https://shop.example/thanks?name={mark('PERSON', quote(people.full_name(rng)))}&step=2"


def base64_contact(rng: Random) -> str:
    plain = f"{people.full_name(rng)} {people.email(rng)} {contact.phone_us(rng)}"
    return f"payload={mark('SECRET', base64.b64encode(plain.encode()).decode())}"


def escaped_email(rng: Random) -> str:
    address = people.email(rng).replace("@", _ESCAPED_AT)
    return '{"mail": "' + mark("EMAIL_ADDRESS", address) + '"}'


def html_entity_email(rng: Random) -> str:
    return f"<a>{mark('EMAIL_ADDRESS', people.email(rng).replace('@', '&#64;'))}</a>"


def spaced_iban(rng: Random) -> str:
    return f"konto {mark('IBAN_CODE', '-'.join(_quads(identifiers.iban_compact(rng))))}"


def lower_iban(rng: Random) -> str:
    return f"iban {mark('IBAN_CODE', identifiers.iban_compact(rng).lower())}"


def glued_email(rng: Random) -> str:
    address, number = people.email(rng), contact.phone_us(rng)
    return f"e-mail:{mark('EMAIL_ADDRESS', address)};tel:{mark('PHONE_NUMBER', number)}"


def combining_name(rng: Random) -> str:
    """A name whose accents are combining characters (NFD), as some systems store it."""
    name = unicodedata.normalize("NFD", "Renée Müller")
    return f"My name is {mark('PERSON', name)}, order {rng.randint(1000, 9999)}"


def _quads(text: str) -> list[str]:
    return [text[i : i + 4] for i in range(0, len(text), 4)]


DISGUISES: tuple[Disguise, ...] = (
    zero_width_email,
    soft_hyphen_card,
    full_width_phone,
    full_width_card,
    no_break_card,
    en_dash_ssn,
    spelled_email,
    bracketed_email,
    spoken_phone,
    spaced_phone,
    dotted_card,
    url_encoded_email,
    url_encoded_name,
    base64_contact,
    escaped_email,
    html_entity_email,
    spaced_iban,
    lower_iban,
    glued_email,
    combining_name,
)


def disguised(rng: Random, number: int) -> Item:
    """Return one disguised text; `number` picks the disguise in turn."""
    disguise = DISGUISES[number % len(DISGUISES)]
    return parse_marked(disguise(rng), ("disguised", disguise.__name__))
