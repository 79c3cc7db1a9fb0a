"""How the command line reads points in time."""

from __future__ import annotations

from datetime import UTC, datetime

import click


class Instant(click.ParamType):
    """ISO 8601 text as a time; without a zone it is UTC."""

    name = "TIME"

    def convert(
        self,
        value: str | datetime,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Return an aware time, or fail with a message that shows the form."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-01-31T12:00:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


INSTANT = Instant()
