"""Lines of text or JSON, redacted one by one, for the command line and for other tools."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import orjson

from pipeline.redaction.deadline import Deadline
from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.engine import EVENT_SECONDS, DetectorFactory, detector_settings
from pipeline.redaction.policy import PolicySet
from pipeline.redaction.pseudonyms import UNVERIFIED, Keyring
from pipeline.redaction.quarantine import quarantine
from pipeline.redaction.spans import Span
from pipeline.redaction.verifier import Verifier
from pipeline.redaction.walk import Walk

NOTHING_TRUSTED: Final[dict[str, None]] = {}


class Line(NamedTuple):
    """A redacted line, how many values of each entity it held, and what could not be proved."""

    text: str
    counts: dict[str, int]
    failures: list[str]


class LineRedactor:
    """Redacts lines that belong to no event: one policy section, one key, nothing trusted."""

    def __init__(
        self,
        policies: PolicySet,
        keyring: Keyring | None = None,
        *,
        tenant_id: str | None = None,
        workflow: str | None = None,
        detectors: DetectorFactory = DetectorSet,
        verifier: Verifier | None = None,
        seconds: float = EVENT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        policy = policies.for_event(tenant_id, workflow)
        self._deadline = Deadline(seconds, monotonic)
        self._walk = Walk(
            policy,
            keyring or Keyring(),
            detectors(detector_settings(policy)),
            tenant_id=tenant_id,
            check=self._deadline.check,
        )
        self._verifier = verifier or Verifier()

    def spans(self, text: str) -> list[Span]:
        """Return what is replaced in `text`, by code points, also inside the JSON it may hold."""
        return self._walk.spans(text)

    def redact(self, text: str) -> Line:
        """Return the line without personal data; what fails becomes `<UNVERIFIED>`."""
        with self._deadline:
            self._deadline.start()
            redacted = self._walk.text(text)
        counts, failures = self._walk.counts, list(self._walk.failures)
        hits = self._verifier.search([redacted.replace("\n", " ").encode("utf-8", "replace")])
        if hits:
            redacted, found = self._without_hits(redacted)
            failures += found
        return Line(redacted, counts, failures)

    def _without_hits(self, text: str) -> tuple[str, list[str]]:
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return UNVERIFIED, ["found_by_verifier"]
        body, records = quarantine(body, NOTHING_TRUSTED, self._verifier)
        payload = orjson.dumps(body)
        clean = self._verifier.is_clean(payload)
        reasons = [record.reason for record in records]
        return (payload.decode() if clean else UNVERIFIED), reasons
