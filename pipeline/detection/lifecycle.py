"""The life of an alert: inactive, pending, firing, resolved.

    (none) ──active──► pending ──active for `for`, not inhibited──► firing
    pending ──not active──► inactive                (gone, it never fired)
    firing ──active, or not below the lower threshold──► firing
    firing ──clear for `keep_firing_for`──► resolved (gone, its episode is over)

The hysteresis is asymmetric: it takes the upper threshold for the whole of `for` to start, and the
lower threshold for the whole of `keep_firing_for` to end. A condition that comes back during
`keep_firing_for` doubles it, up to `MAX_KEEP`: an alert that flaps is one long alert and
not many short ones (as BGP damps routes that flap, RFC 2439).

Pure: each function takes an alert as it was and returns it as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.detection.alert import Alert, Status, episode_of, fingerprint_of, measured
from pipeline.detection.durations import HOUR
from pipeline.detection.finding import Finding
from pipeline.detection.rules.model import BaseRule

MAX_KEEP = 2 * HOUR
OPEN = (Status.PENDING, Status.FIRING)


def begin(rule: BaseRule, labels: Mapping[str, str], finding: Finding, now: float) -> Alert:
    """Return the pending alert of a condition that has just become active."""
    fingerprint = fingerprint_of(rule.name, labels)
    return Alert(
        rule=rule.name,
        labels=dict(labels),
        fingerprint=fingerprint,
        episode=episode_of(fingerprint, now),
        status=Status.PENDING,
        summary=rule.summary,
        active_since=now,
        fired_at=None,
        resolved_at=None,
        last_active=now,
        last_sent=now,
        updated_at=now,
        hot_at=now if finding.ratio >= 1 else None,
        details=dict(finding.details),
        references=dict(finding.references),
        **measured(finding),  # type: ignore[arg-type]  # the fields that a finding measures
    )


def observe(alert: Alert, rule: BaseRule, finding: Finding | None, now: float) -> Alert:
    """Return an open alert after an evaluation; it may have lapsed or resolved, but not fired."""
    if alert.status is Status.PENDING:
        if finding is None or not finding.active:
            return replace(alert, status=Status.INACTIVE, updated_at=now, ratio=0.0)
        return _remeasured(alert, finding, now)
    if finding is not None:
        came_back = finding.active and alert.clear_since is not None
        return replace(_remeasured(alert, finding, now), returns=alert.returns + came_back)
    alert = replace(alert, updated_at=now, ratio=0.0, clear_since=alert.clear_since or now)
    if now - alert.last_active >= keep_firing_for(alert, rule):
        return replace(alert, status=Status.RESOLVED, resolved_at=now)
    return alert


def promote(alert: Alert, rule: BaseRule, now: float) -> Alert:
    """Return a pending alert as firing once its time has come and nothing explains it.

    Apart from `observe`, because all alerts of a tick must be known before it is clear which one
    inhibits which.
    """
    waited = now - alert.active_since >= rule.for_
    if alert.status is Status.PENDING and waited and not alert.inhibited_by:
        return replace(alert, status=Status.FIRING, fired_at=now)
    return alert


def keep_firing_for(alert: Alert, rule: BaseRule) -> float:
    """Return how long the condition must be gone, in seconds: doubled by every return."""
    longest = max(MAX_KEEP, rule.keep_firing_for)
    return float(min(longest, rule.keep_firing_for * 2 ** min(alert.returns, 16)))


def _remeasured(alert: Alert, finding: Finding, now: float) -> Alert:
    """Return the alert with the latest numbers; what was explained before is kept."""
    return replace(
        alert,
        last_active=now,
        updated_at=now,
        clear_since=None,
        hot_at=now if finding.ratio >= 1 else alert.hot_at,
        details={**alert.details, **finding.details},
        **measured(finding),  # type: ignore[arg-type]  # the fields that a finding measures
    )
