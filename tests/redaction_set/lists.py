"""The lists of values that lie beside the code, in `values/`: one entry or several a line."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "values"


def lines(name: str) -> list[str]:
    """Return the lines of a list, without comments."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("# ")]


def choices(name: str) -> list[str]:
    """Return the entries of a list that puts several on a line, with `|` between them."""
    return [entry for line in lines(name) for entry in line.split("|")]
