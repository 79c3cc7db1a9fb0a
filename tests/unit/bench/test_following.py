"""Progress where there is no terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.cli import console


def told(monkeypatch: pytest.MonkeyPatch, total: int | None) -> list[str]:
    """What is printed of a hundred steps, seven seconds each."""
    stream, now = io.StringIO(), 0.0
    monkeypatch.setattr(console, "err", Console(file=stream, width=40))
    monkeypatch.setattr(console.time, "monotonic", lambda: now)
    with console.following("days of [three] long weeks, with and without", total) as step:
        for _ in range(12):
            now += 7.0
            step(1)
    return stream.getvalue().splitlines()


def test_a_pipe_gets_a_line_when_it_begins_and_one_every_half_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    what = "days of [three] long weeks, with and without"
    assert told(monkeypatch, 12) == [
        f"{what} …",
        f"{what}: 5 of 12, 0:35",
        f"{what}: 10 of 12, 1:10",
    ]


def test_without_a_total_it_tells_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, None)[1:] == [
        "days of [three] long weeks, with and without: 5, 0:35",
        "days of [three] long weeks, with and without: 10, 1:10",
    ]
