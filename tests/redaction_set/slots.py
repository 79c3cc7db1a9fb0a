"""What fills a template: each slot has an entity type and a generator.

A type that begins with `?` is optional (finding it is neither required nor wrong); an empty type
is no personal data, so that finding it is wrong.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.redaction_set import contact, credentials, identifiers, people
from tests.redaction_set.labels import Item, mark, parse_marked
from tests.redaction_set.lists import choices

Generator = Callable[[Random], str]

CITIES, COUNTRIES = choices("cities"), choices("countries")
COMPANIES, PRODUCTS = choices("companies"), choices("products")
WORDS = ["alpha", "orders", "billing", "checkout", "search", "nightly", "retry", "ingest", "vector"]


def _id(prefix: str, alphabet: str, count: int) -> Generator:
    return lambda rng: prefix + "".join(rng.choices(alphabet, k=count))


def account_id(rng: Random) -> str:
    """Return an account or customer id in one of the shapes that systems give out."""
    given, family = people.given_and_family(rng)
    handle = "_".join(
        "".join(c for c in word.lower() if c.isascii() and c.isalpha()) or "user"
        for word in (given, family)
    )
    makers: list[Callable[[], str]] = [
        lambda: f"{handle}_{rng.randint(1000, 9999)}",
        lambda: f"cust_{rng.randbytes(7).hex()}",
        lambda: f"CUS-{identifiers.digits(rng, 6)}",
        lambda: f"C{identifiers.digits(rng, 8)}",
        lambda: f"ACC-{identifiers.digits(rng, 4)}-{identifiers.digits(rng, 4)}",
        lambda: f"usr_{rng.randbytes(6).hex()}",
        lambda: identifiers.digits(rng, rng.randint(6, 10)),
    ]
    return rng.choice(makers)()


def payment_id(rng: Random) -> str:
    """Return the id of a stored payment method."""
    kind = rng.choice(["credit_card", "gift_card", "certificate", "paypal"])
    return f"{kind}_{identifiers.digits(rng, 7)}"


def profile_url(rng: Random) -> str:
    """Return an address of a personal page, which holds the person's name."""
    given, family = people.given_and_family(rng)
    slug = "-".join(
        "".join(c for c in word.lower() if c.isascii() and c.isalpha()) or "user"
        for word in (given, family)
    )
    return rng.choice(
        [
            f"https://www.linkedin.com/in/{slug}",
            f"https://github.com/{slug.replace('-', '')}",
            f"https://x.com/{slug.replace('-', '_')}",
            f"https://www.facebook.com/{slug.replace('-', '.')}.{rng.randint(10, 99)}",
        ]
    )


def moment(rng: Random) -> str:
    """Return a date or time of business, nobody's birthday."""
    year, month, day = rng.randint(2022, 2026), rng.randint(1, 12), rng.randint(1, 28)
    name = contact.MONTHS[month - 1]
    return rng.choice(
        [
            f"{year}-{month:02d}-{day:02d}",
            f"{name} {day}",
            f"{day} {name} {year}",
            f"{month}/{day}/{year}",
        ]
    )


SLOTS: dict[str, tuple[str, Generator]] = {
    "name": ("PERSON", people.full_name),
    "given": ("PERSON", people.given_name),
    "family": ("PERSON", people.family_name),
    "family_first": ("PERSON", people.family_first),
    "lower_name": ("PERSON", people.lower_name),
    "upper_name": ("PERSON", people.upper_name),
    "invented": ("PERSON", people.invented_name),
    "email": ("EMAIL_ADDRESS", people.email),
    "phone": ("PHONE_NUMBER", contact.phone),
    "phone_int": ("PHONE_NUMBER", contact.phone_international),
    "phone_us": ("PHONE_NUMBER", contact.phone_us),
    "phone_bare": ("PHONE_NUMBER", contact.phone_bare),
    "address": ("STREET_ADDRESS", contact.address),
    "address_us": ("STREET_ADDRESS", contact.address_us),
    "address_world": ("STREET_ADDRESS", contact.address_world),
    "address_mixed": ("STREET_ADDRESS", contact.address_mixed),
    "street": ("STREET_ADDRESS", contact.street_line),
    "dob": ("DATE_OF_BIRTH", contact.birth_date),
    "card": ("CREDIT_CARD", identifiers.card),
    "iban": ("IBAN_CODE", identifiers.iban),
    "ssn": ("US_SSN", identifiers.ssn),
    "ssn_bare": ("US_SSN", lambda rng: re.sub(r"\D", "", identifiers.ssn(rng))),
    "itin": ("US_ITIN", identifiers.itin),
    "passport": ("US_PASSPORT", identifiers.us_passport),
    "license": ("US_DRIVER_LICENSE", identifiers.driver_license),
    "bank": ("US_BANK_NUMBER", identifiers.bank_number),
    "nhs": ("UK_NHS", identifiers.nhs),
    "ip": ("IP_ADDRESS", identifiers.ip_address),
    "mac": ("MAC_ADDRESS", identifiers.mac),
    "wallet": ("CRYPTO", identifiers.wallet),
    "zip": ("ZIP_CODE", lambda rng: identifiers.digits(rng, 5)),
    "account": ("ACCOUNT_ID", account_id),
    "payment": ("PAYMENT_ID", payment_id),
    "api_key": ("API_KEY", credentials.api_key),
    "bare_secret": ("API_KEY", credentials.bare_secret),
    "password": ("SECRET", credentials.password),
    "private_key": ("SECRET", credentials.private_key),
    "credential_url": ("SECRET", credentials.credential_url),
    "profile_url": ("URL", profile_url),
    # neither required nor wrong
    "city": ("?LOCATION", lambda rng: rng.choice(CITIES)),
    "country": ("?LOCATION", lambda rng: rng.choice(COUNTRIES)),
    "company": ("?ORGANIZATION", lambda rng: rng.choice(COMPANIES)),
    "date": ("?DATE_TIME", moment),
    # nobody's
    "n": ("", lambda rng: str(rng.randint(2, 98))),
    "big": ("", lambda rng: str(rng.randint(1000, 99999))),
    "amount": ("", lambda rng: f"{rng.randint(1, 4000)}.{rng.randint(0, 99):02d}"),
    "order": (
        "",
        lambda rng: rng.choice(["#W{}", "ORD-{}", "PO{}", "{}"]).format(identifiers.digits(rng, 7)),
    ),
    "item": ("", lambda rng: identifiers.digits(rng, 10)),
    "tracking": ("", lambda rng: "1Z" + "".join(rng.choices("0123456789ABCDEFGHJKLMN", k=16))),
    "uuid": ("", lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4))),
    "sha": ("", lambda rng: rng.randbytes(rng.choice([4, 20, 32])).hex()),
    "hex_id": ("", lambda rng: rng.randbytes(8).hex()),
    "version": ("", lambda rng: ".".join(str(rng.randint(0, 40)) for _ in range(3))),
    "coordinates": ("", lambda rng: f"{rng.uniform(-80, 80):.5f}, {rng.uniform(-170, 170):.5f}"),
    "epoch": ("", lambda rng: str(rng.randint(1_600_000_000, 1_790_000_000))),
    "epoch_ms": ("", lambda rng: str(rng.randint(1_600_000_000_000, 1_790_000_000_000))),
    "flight": (
        "",
        lambda rng: rng.choice(["HAT", "BA", "LH", "UA", "AF"]) + identifiers.digits(rng, 3),
    ),
    "airport": ("", lambda rng: rng.choice(["JFK", "SEA", "ORD", "LGA", "DFW", "MIA", "SFO"])),
    "pnr": ("", _id("", "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 6)),
    "isbn": ("", lambda rng: contact.fill_mask(rng, "978-#-####-####-#")),
    "word": ("", lambda rng: rng.choice(WORDS)),
    "product": ("", lambda rng: rng.choice(PRODUCTS)),
    "trace": ("", lambda rng: rng.randbytes(16).hex()),
}

_SLOT = re.compile(r"\{([a-z_]+)\}")


def fill(template: str, rng: Random, tags: tuple[str, ...] = ()) -> Item:
    """Fill each `{slot}` of a template; `\\n` in it is a line break, other braces stay."""

    def value(match: re.Match[str]) -> str:
        entity_type, generate = SLOTS[match[1]]
        return mark(entity_type, generate(rng))

    return parse_marked(_SLOT.sub(value, template.replace("\\n", "\n")), tags)


def read_templates(path: Path) -> list[str]:
    """Return the templates of a file: one a line, `#` begins a comment line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("# ")]
