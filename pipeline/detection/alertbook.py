"""All alerts that are open, and the closed ones that still matter, by fingerprint."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.detection.alert import Alert, Status
from pipeline.detection.durations import HOUR
from pipeline.detection.inhibition import longest_linger
from pipeline.detection.rules.model import Inhibition

KEEP_CLOSED = HOUR
"""A closed alert stays this long as its own fence, and longer where it may still inhibit."""
CLOSED = (Status.RESOLVED, Status.INACTIVE)


class AlertBook:
    """Alerts by fingerprint, with the open ones of each rule at hand."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}
        self._open: dict[str, dict[str, Alert]] = {}

    def put(self, alert: Alert) -> None:
        """Add an alert, or replace the one with the same fingerprint."""
        self._alerts[alert.fingerprint] = alert
        of_rule = self._open.setdefault(alert.rule, {})
        if alert.status in CLOSED:
            of_rule.pop(alert.fingerprint, None)
        else:
            of_rule[alert.fingerprint] = alert

    def all(self) -> list[Alert]:
        """Return every alert, closed ones included, in the order of their fingerprints."""
        return [self._alerts[fingerprint] for fingerprint in sorted(self._alerts)]

    def open(self, rule: str | None = None) -> list[Alert]:
        """Return the pending and firing alerts, of one rule or of all."""
        if rule is not None:
            return list(self._open.get(rule, {}).values())
        return [alert for alert in self.all() if alert.status not in CLOSED]

    def fenced(self, fingerprint: str, now: float) -> bool:
        """Tell whether this alert has already lived through the tick at `now`."""
        alert = self._alerts.get(fingerprint)
        return alert is not None and alert.updated_at >= now

    def forget(self, now: float, inhibitions: Iterable[Inhibition]) -> list[str]:
        """Drop closed alerts that no longer matter; return their fingerprints."""
        keep = max(KEEP_CLOSED, longest_linger(inhibitions))
        gone = [
            fingerprint
            for fingerprint, alert in self._alerts.items()
            if alert.status in CLOSED and now - alert.updated_at > keep
        ]
        for fingerprint in gone:
            del self._alerts[fingerprint]
        return gone
