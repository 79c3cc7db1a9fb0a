"""Which alerts explain others: a dead tool does not also alert on its latency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pipeline.detection.alert import Alert, Status
from pipeline.detection.rules.model import Inhibition


class Inhibitor:
    """Answers, for one tick, by which alerts another one is inhibited.

    A source counts while it is past its threshold and for the inhibition's `linger` after that,
    because the consequence may be measured over a longer window than the cause. A pending source
    counts too, so that a consequence cannot fire just before its cause. A source that only waits
    to resolve explains nothing new.
    """

    def __init__(
        self, inhibitions: Sequence[Inhibition], alerts: Iterable[Alert], now: float
    ) -> None:
        self._now = now
        self._by_target: dict[str, list[Inhibition]] = defaultdict(list)
        for inhibition in inhibitions:
            for name in inhibition.target:
                self._by_target[name].append(inhibition)
        self._by_rule: dict[str, list[Alert]] = defaultdict(list)
        for alert in alerts:
            self._by_rule[alert.rule].append(alert)

    def inhibitors(self, target: Alert) -> tuple[str, ...]:
        """Return the fingerprints of the alerts that explain `target`, in order."""
        found = {
            source.fingerprint
            for inhibition in self._by_target.get(target.rule, ())
            for name in inhibition.source
            for source in self._by_rule.get(name, ())
            if source.fingerprint != target.fingerprint
            and self._counts(source, inhibition)
            and _agree(source, target, inhibition.equal)
        }
        return tuple(sorted(found))

    def _counts(self, source: Alert, inhibition: Inhibition) -> bool:
        lapsed = source.status is Status.INACTIVE
        hot_at = source.hot_at
        return not lapsed and hot_at is not None and self._now - hot_at <= inhibition.linger


def longest_linger(inhibitions: Iterable[Inhibition]) -> float:
    """Return for how long an alert may still inhibit after its cause, in seconds."""
    return max((inhibition.linger for inhibition in inhibitions), default=0.0)


def _agree(source: Alert, target: Alert, labels: Iterable[str]) -> bool:
    return all(source.labels.get(label) == target.labels.get(label) for label in labels)
