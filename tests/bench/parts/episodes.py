"""Alerts that fired, and the incidents that they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.detection.alert import Alert
from tests.unit.detection.synthetic import DAY, HOUR, MONDAY


@dataclass(frozen=True)
class Episode:
    """One alert that fired and that nothing suppressed."""

    rule: str
    scope: tuple[tuple[str, str], ...]
    fired_at: float

    def __str__(self) -> str:
        labels = ", ".join(f"{key}={value}" for key, value in self.scope) or "all"
        return f"{self.rule} of {labels}, day {(self.fired_at - MONDAY) / DAY:.2f}"


@dataclass(frozen=True)
class Expected:
    """An incident, and which alert is to tell of it."""

    name: str
    rule: str
    scope: Mapping[str, str]
    start: float
    end: float

    def is_told_by(self, episode: Episode) -> bool:
        """Say whether an episode has the rule, the scope and the time."""
        return (
            episode.rule == self.rule
            and dict(episode.scope) == dict(self.scope)
            and self.start <= episode.fired_at <= self.end + HOUR
        )


@dataclass(frozen=True)
class Matched:
    """Which incidents were found."""

    delays: Mapping[str, float]
    """Of those that exactly one episode tells of, by name: seconds from start to firing."""
    missed: Sequence[str]
    """The others."""
    further: Sequence[Episode]
    """Episodes that are not the one of an incident."""


def episodes_of(alerts: Iterable[Alert]) -> list[Episode]:
    """Return each episode that fired without being suppressed, by its first such record."""
    found: dict[str, Episode] = {}
    for alert in alerts:
        if alert.fired_at is not None and not alert.suppressed:
            scope = tuple(sorted(alert.labels.items()))
            found.setdefault(alert.episode, Episode(alert.rule, scope, alert.fired_at))
    return list(found.values())


def matched(incidents: Iterable[Expected], episodes: Sequence[Episode]) -> Matched:
    """Hold incidents against episodes."""
    delays: dict[str, float] = {}
    missed: list[str] = []
    further = list(episodes)
    for incident in incidents:
        ours = [episode for episode in episodes if incident.is_told_by(episode)]
        if len(ours) == 1:
            delays[incident.name] = ours[0].fired_at - incident.start
            further.remove(ours[0])
        else:
            missed.append(f"{incident.name}: {len(ours)} episodes")
    return Matched(delays, missed, further)
