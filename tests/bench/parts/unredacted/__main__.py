"""A worker whose redactor redacts nothing: `python -m tests.bench.parts.unredacted ROLE`."""

from __future__ import annotations

from typing import Any

from agents import redactor
from agents.__main__ import main
from tests.bench.parts.unredacted.pass_through import PassThrough


def _pass_through(*_: Any) -> PassThrough:
    return PassThrough()


if __name__ == "__main__":
    redactor.event_redactor = _pass_through  # type: ignore[assignment]
    main()
