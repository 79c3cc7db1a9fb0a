"""Seeded draws. Everything random in the simulation comes through a `random.Random` from here."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ALPHANUMERIC = LETTERS + LETTERS.upper() + DIGITS


def generator(*parts: object) -> random.Random:
    """Return a generator for a place in the simulation: the same parts give the same draws."""
    return random.Random(":".join(map(str, parts)))  # noqa: S311 - reproducible on purpose


def pick(draw: random.Random, items: Sequence[T]) -> T:
    """Return one of `items`, each as likely as the other; three times as quick as `choice`."""
    return items[int(draw.random() * len(items))]


def text(draw: random.Random, alphabet: str, length: int) -> str:
    """Return `length` characters of `alphabet`."""
    return "".join(draw.choices(alphabet, k=length))


def pattern(draw: random.Random, shape: str) -> str:
    """Fill a shape: `#` is a digit, `%` one from 2 to 9, `@` an upper-case letter."""
    return "".join(
        pick(draw, DIGITS)
        if mark == "#"
        else pick(draw, DIGITS[2:])
        if mark == "%"
        else pick(draw, LETTERS).upper()
        if mark == "@"
        else mark
        for mark in shape
    )
