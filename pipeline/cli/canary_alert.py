"""Who is told what a canary found, or that it did not arrive."""

from __future__ import annotations

import time
from collections.abc import Mapping

import orjson

from pipeline.adapters.kafka.admin import group_lags, topic_states
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.cli.canary_report import Report
from pipeline.cli.console import err
from pipeline.cli.downstream import records
from pipeline.cli.telling import tell_detector
from pipeline.config import Settings
from pipeline.detection.alert import Alert, Status, episode_of, fingerprint_of
from pipeline.detection.rules import load_rules
from pipeline.detection.signals import Signal
from pipeline.errors import ConfigError, SluiceError
from pipeline.redaction.canary import SESSION_PREFIX
from pipeline.topics import ALERTS

DETECTOR_GROUP = "sluice-detector"
RULE = "redaction-canary"
LABELS: Mapping[str, str] = {"component": "redactor"}


async def tell(settings: Settings, producer: BatchProducer, report: Report) -> None:
    """Tell the detector of a find, or put an alert on the topic of alerts; end an earlier alert.

    A find is one alert: that of the detector's rule, which has modes, silences and an end of its
    own. Where no detector would raise it, and for events that did not arrive, it is ours.
    """
    found = sum(report.findings.hits.values())
    if found and await _is_watched(settings):
        signal = Signal(time.time(), f"canary:{report.run}", "canary_found", value=float(found))
        if await tell_detector(settings.kafka, [signal]):
            return
    if not await topic_states(settings.kafka, [ALERTS.name]):
        return
    earlier = await _open_alert(settings)
    if report.passed and earlier is None:
        return
    alert = alert_of(report, earlier)
    record = Record(alert.fingerprint.encode(), orjson.dumps(alert.to_record()))
    try:
        await producer.send(ALERTS.name, [record])
    except SluiceError as error:
        err.print(f"[yellow]the alert could not be sent: {error}[/]")


async def _is_watched(settings: Settings) -> bool:
    """Tell whether a detector is at work, with a rule for finds of a canary."""
    try:
        rules = load_rules(settings.detection.rules_file)
    except ConfigError:
        # the detector has rules from before; whether they have one for finds nobody knows
        return False
    if all(rule.measure != "canary_found" for rule in rules.rules):
        return False
    groups = await group_lags(settings.kafka, ())
    return any(group.group == DETECTOR_GROUP and group.members for group in groups)


async def _open_alert(settings: Settings) -> Alert | None:
    """Return the alert of an earlier run that still fires, if there is one."""
    latest: Alert | None = None
    fingerprint = fingerprint_of(RULE, LABELS).encode()
    async for record in records(settings.kafka, ALERTS.name):
        if record.key == fingerprint and record.value:
            latest = Alert.from_record(orjson.loads(record.value))
    return latest if latest is not None and latest.status is Status.FIRING else None


def alert_of(report: Report, earlier: Alert | None = None) -> Alert:
    """Return the alert of a report; it goes on with, or resolves, the episode of `earlier`."""
    fingerprint = fingerprint_of(RULE, LABELS)
    since = report.started_at if earlier is None else earlier.active_since
    found = sum(report.findings.hits.values())
    missing = report.events - report.rows
    entities = sorted({entity for _, entity in report.findings.hits})
    summary = "canaries were not found anywhere"
    if found:
        summary = f"personal data of a canary was found {found} times: {', '.join(entities)}"
    elif missing:
        summary = f"{missing} of {report.events} canary events did not arrive"
    return Alert(
        rule=RULE,
        labels=LABELS,
        fingerprint=fingerprint,
        episode=episode_of(fingerprint, since),
        status=Status.RESOLVED if report.passed else Status.FIRING,
        severity="critical",
        summary=summary,
        active_since=since,
        fired_at=since,
        resolved_at=report.started_at if report.passed else None,
        last_active=report.started_at,
        last_sent=report.started_at,
        updated_at=report.started_at,
        value=float(found or missing),
        threshold=0.0,
        baseline=None,
        window_start=report.started_at,
        window_end=report.started_at,
        sample_size=report.events,
        ratio=0.0 if report.passed else 1.0,
        hot_at=None if report.passed else report.started_at,
        examples=(SESSION_PREFIX + report.run,),
    )
