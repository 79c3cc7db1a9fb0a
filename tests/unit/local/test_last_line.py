"""Which line of a log is shown when a process did not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.local.process import last_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("one\ntwo\n\n", "two"),
        (
            "error\nCaused by: X: no disk\n\tat a.b(C.java:1)\n\t... 22 more\n",
            "Caused by: X: no disk",
        ),
        ("x" * 20_000 + "\nend", "end"),
        ("y" * 1_000, "y" * 300),
    ],
)
def test_the_last_line_that_says_something(tmp_path: Path, text: str, line: str) -> None:
    log = tmp_path / "log"
    log.write_text(text)
    assert last_line(log) == line


def test_no_log_no_line(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none") == ""
