"""The labelled sets, each reproducible from a seed: what the redaction benchmark is scored on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from tests.redaction_set import adversarial, agent_events, slots
from tests.redaction_set.labels import Item, read_handwritten

HERE = Path(__file__).resolve().parent
SEED = 20250301
HELD_OUT = "heldout"
SECOND_HELD_OUT = "heldout2"
DESK = "desk"
FIELD = "field"
_APART = frozenset({HELD_OUT, SECOND_HELD_OUT, DESK, FIELD})
ENGLISH_TAGS = frozenset({"en", "mail", "ticket", "chat", "forum", "doc", "indian"})


def _from_templates(name: str, count: int, seed: int) -> list[Item]:
    """Fill the templates of a file in turn until there are `count` items.

    Every second one-line text goes on with a neutral sentence: about the length of real ones.
    """
    templates = slots.read_templates(HERE / "templates" / f"{name}.txt")
    tails = slots.read_templates(HERE / "templates" / "tails.txt")
    rng = Random(f"{name}-{seed}")
    items = []
    for number in range(count):
        template = templates[number % len(templates)]
        if rng.random() < 0.5 and template.endswith((".", "?", "!")):
            template = f"{template} {rng.choice(tails)}"
        items.append(slots.fill(template, rng, (name,)))
    return items


@cache
def structured(count: int = 1500, seed: int = SEED) -> tuple[Item, ...]:
    """Cards, IBANs, phones, e-mails, ids, secrets in short texts, and texts that hold nothing."""
    plain = count // 4
    return (
        *_from_templates("structured", count - plain, seed),
        *_from_templates("negatives", plain, seed),
    )


@cache
def core(count: int = 1500, seed: int = SEED) -> tuple[Item, ...]:
    """What the system promises to find, in short texts of people, agents and documents."""
    fourth = count // 4
    return (
        *_from_templates("core", 2 * fourth, seed),
        *_from_templates("structured", fourth, seed + 1),
        *_from_templates("negatives", fourth, seed + 1),
    )


@cache
def negatives(count: int = 700, seed: int = SEED) -> tuple[Item, ...]:
    """Order numbers, hashes, code, products, coordinates: nothing to find."""
    return tuple(_from_templates("negatives", count, seed + 2))


@cache
def handwritten() -> tuple[Item, ...]:
    """Mails, tickets, chats, calls, forum posts and documents, written by hand, none generated."""
    files = sorted((HERE / "handwritten").glob("*.txt"))
    return tuple(i for file in files if file.stem not in _APART for i in read_handwritten(file))


@cache
def desk() -> tuple[Item, ...]:
    """Texts of help desks, clerks and their tools, by hand and in sight: ids under many labels."""
    return tuple(read_handwritten(HERE / "handwritten" / f"{DESK}.txt"))


@cache
def field() -> tuple[Item, ...]:
    """Texts of many trades and countries, by hand and in sight, written after `desk.txt`."""
    return tuple(read_handwritten(HERE / "handwritten" / f"{FIELD}.txt"))


@cache
def events(count: int = 640, seed: int = SEED) -> tuple[Item, ...]:
    """Whole agent events as JSON text."""
    rng = Random(f"events-{seed}")
    return tuple(agent_events.agent_event(rng, number) for number in range(count))


@cache
def disguised(count: int = 400, seed: int = SEED) -> tuple[Item, ...]:
    """Personal data in disguise: zero-width characters, full-width digits, encodings, words."""
    rng = Random(f"disguised-{seed}")
    return tuple(adversarial.disguised(rng, number) for number in range(count))


@cache
def held_out_handwritten() -> tuple[Item, ...]:
    """More texts written by hand, of which only totals are looked at: no rule was made for them."""
    return tuple(read_handwritten(HERE / "handwritten" / f"{HELD_OUT}.txt"))


@cache
def second_held_out_handwritten() -> tuple[Item, ...]:
    """The random part of a later writing, of which `everyday.txt` is the part in sight."""
    return tuple(read_handwritten(HERE / "handwritten" / f"{SECOND_HELD_OUT}.txt"))


@cache
def held_out_templates(count: int = 300, seed: int = SEED) -> tuple[Item, ...]:
    """Templates of their own, of which only totals are looked at."""
    return tuple(_from_templates(HELD_OUT, count, seed + 3))


KINDS: dict[str, frozenset[str]] = {
    "English in lower case": frozenset({"lower"}),
    "English in capitals": frozenset({"upper"}),
    "spoken, transcribed": frozenset({"call"}),
    "logs, code, configuration": frozenset({"code", "log", "config", "csv", "sql", "git"}),
    "scripts other than Latin": frozenset({"native"}),
}
ENGLISH, OTHER_LANGUAGES = "English", "other languages and countries"


def handwritten_by_kind() -> dict[str, list[Item]]:
    """Return all texts written by hand, the held-out ones too, by what makes them hard."""
    kinds: dict[str, list[Item]] = {
        ENGLISH: [],
        **{kind: [] for kind in KINDS},
        OTHER_LANGUAGES: [],
    }
    held_out = (*held_out_handwritten(), *second_held_out_handwritten())
    for item in (*handwritten(), *desk(), *field(), *held_out):
        tags = frozenset(item.tags)
        plain = ENGLISH if tags & ENGLISH_TAGS else OTHER_LANGUAGES
        kinds[next((kind for kind, marks in KINDS.items() if tags & marks), plain)].append(item)
    return kinds
