"""How an incident is written on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

from pipeline.simulate.incidents import KINDS, Incident

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd])")
_DEFAULT_OFFSET = 600.0


@dataclass(frozen=True)
class IncidentSpec:
    """An incident as it was asked for; `offset` and `seconds` are in event time."""

    kind: str
    target: str
    offset: float
    """After the fleet's start."""
    seconds: float
    size: float

    def incident(self, start: float) -> Incident:
        """Return it for a fleet that starts at `start`; `InputError` if there is no such target."""
        begin = start + self.offset
        return Incident(self.kind, self.target, begin, begin + self.seconds, self.size)


class IncidentOption(click.ParamType):
    """`KIND[,at=OFFSET][,for=DURATION][,size=N][,workflow=…|tool=…|agent=…]`."""

    name = "INCIDENT"

    def convert(
        self,
        value: str | IncidentSpec,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> IncidentSpec:
        """Return the incident, what is not given from its kind's defaults."""
        if isinstance(value, IncidentSpec):
            return value
        name, *parts = value.split(",")
        kind = KINDS.get(name)
        if kind is None:
            self.fail(f"no incident is called {name!r}; there are: {', '.join(KINDS)}", param, ctx)
        given = dict(part.partition("=")[::2] for part in parts)
        if unknown := given.keys() - {"at", "for", "size", kind.scope}:
            self.fail(f"{name} does not take {', '.join(sorted(unknown))}", param, ctx)
        try:
            return IncidentSpec(
                kind=name,
                target=given.get(kind.scope, kind.target),
                offset=_seconds(given["at"]) if "at" in given else _DEFAULT_OFFSET,
                seconds=_seconds(given["for"]) if "for" in given else kind.seconds,
                size=float(given.get("size", kind.size)),
            )
        except ValueError as error:
            self.fail(f"{name}: {error}", param, ctx)


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 90s, 30m, 2h or 3d")
    return float(match[1]) * _UNITS[match[2]]


INCIDENT = IncidentOption()
