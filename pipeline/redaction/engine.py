"""The redactor: batches of events in, proven bytes out.

Walk, serialise, verify the whole batch, quarantine what was hit, verify again. An event that cannot
be brought into a clean form comes back as `Failed`; nothing is raised for it and nothing of it is
handed on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Final

import orjson

from pipeline.redaction.contexts import trusted_tree
from pipeline.redaction.deadline import Deadline
from pipeline.redaction.detectors import DetectorSet, DetectorSettings
from pipeline.redaction.one_event import (
    BLOCK,
    Failed,
    RedactedEvent,
    key_of,
    payloads,
    redacted,
)
from pipeline.redaction.policy import Policy, PolicySet
from pipeline.redaction.pseudonyms import Keyring
from pipeline.redaction.quarantine import quarantine, without_trusted
from pipeline.redaction.verifier import Verifier
from pipeline.redaction.walk import Walk
from pipeline.redaction.walks import Walks

REDACTION_VERSION: Final = "1"
"""Of the code: raised when the same input and policy may give other bytes."""
STILL_FOUND: Final = "personal_data_after_quarantine"
CACHE_BYTES: Final = 64 * 1024 * 1024
EVENT_SECONDS: Final = 5.0

DetectorFactory = Callable[[DetectorSettings], DetectorSet]


class EventRedactor:
    """Redacts events of all tenants and workflows. One thread at a time.

    `trusted` are dotted paths of fields exempt by schema (`event_id`, `documents[].id`). `tier` is
    written into each row. `detectors` makes the detectors of a policy (the strict tier hands in
    its own). `seconds` bounds the work on one event.
    """

    def __init__(
        self,
        policies: PolicySet,
        keyring: Keyring,
        *,
        trusted: Iterable[str] = (),
        tier: str = "fast",
        detectors: DetectorFactory = DetectorSet,
        verifier: Verifier | None = None,
        cache_bytes: int = CACHE_BYTES,
        seconds: float = EVENT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policies = policies
        self._keyring = keyring
        self._trusted = tuple(trusted)
        self._tree = trusted_tree(self._trusted)
        self._tier = tier
        self._make_detectors = detectors
        self._verifier = verifier or Verifier()
        self._cache_bytes = cache_bytes
        self._deadline = Deadline(seconds, monotonic)
        self._detectors: dict[int, DetectorSet] = {}
        self._walks = self._new_walks()
        self._block = self._new_block()
        self._prepare()

    @property
    def policy_version(self) -> str:
        """The version of the policy in use."""
        return self._policies.version

    def reload(self, policies: PolicySet | None = None, keyring: Keyring | None = None) -> None:
        """Use another policy or keyring from the next batch on; caches are thrown away."""
        if policies is not None:
            self._policies = policies
            self._detectors.clear()
        if keyring is not None:
            self._keyring = keyring
        self._block = self._new_block()
        self.clear()
        self._walks = self._new_walks()
        self._prepare()

    def _prepare(self) -> None:
        """Make the detectors of most events now: the first batch should not wait for them."""
        self._detectors_for(self._policies.for_event())

    def _new_block(self) -> dict[str, Any]:
        return {
            "version": REDACTION_VERSION,
            "policy": self._policies.version,
            "tier": self._tier,
            "key_id": self._keyring.key_id or "",
            "verified": True,
        }

    def clear(self) -> None:
        """Forget every cached value. Detectors stay: they keep no text, and are slow to make."""
        self._walks.clear()

    def redact_batch(
        self,
        events: Sequence[dict[str, Any]],
        sources: Iterable[dict[str, Any] | None] = repeat(None),
    ) -> list[RedactedEvent | Failed]:
        """Redact decoded events; the result has one entry for each, in order. Never raises.

        `sources` say where they came from, and go out with them as they are.
        """
        walks, deadline, block = self._walks, self._deadline, self._block
        with deadline:
            results = [
                redacted(event, source, walks, deadline, block)
                for event, source in zip(events, sources, strict=False)
            ]
        # as much again is held of what was seen before
        if walks.recent_bytes > self._cache_bytes // 2:
            walks.age()
        places, outgoing = payloads(results)
        try:
            hit = {places[hit.buffer] for hit in self._verifier.search(outgoing)}
        except Exception as error:  # noqa: BLE001 - fail closed, whatever it was
            return [Failed(f"verifier_error:{type(error).__name__}") for _ in events]
        for place in hit:
            results[place] = self._quarantined(results[place])
        return results

    def _quarantined(self, event: RedactedEvent | Failed) -> RedactedEvent | Failed:
        """Take out the leaves that the verifier hit, and prove that the rest is clean."""
        if isinstance(event, Failed):
            return event
        try:
            body, records = quarantine(orjson.loads(event.payload), self._tree, self._verifier)
            body[BLOCK]["quarantined"] += len(records)
            if not self._verifier.is_clean(without_trusted(body, self._tree)):
                return Failed(STILL_FOUND)
            return RedactedEvent(
                orjson.dumps(body), key_of(body), event.counts, [*event.quarantined, *records]
            )
        except Exception as error:  # noqa: BLE001 - fail closed, whatever it was
            return Failed(f"redaction_error:{type(error).__name__}")

    def _new_walks(self) -> Walks:
        return Walks(self._policies.workflows, self._new_walk)

    def _new_walk(self, tenant: str | None, workflow: str | None) -> Walk:
        policy = self._policies.for_event(tenant, workflow)
        return Walk(
            policy,
            self._keyring,
            self._detectors_for(policy),
            tenant_id=tenant,
            trusted=self._trusted,
            cache_bytes=self._cache_bytes,
            check=self._deadline.check,
        )

    def _detectors_for(self, policy: Policy) -> DetectorSet:
        settings = detector_settings(policy)
        found = self._detectors.get(id(policy))
        if found is None:
            found = self._detectors[id(policy)] = self._make_detectors(settings)
        return found


def detector_settings(policy: Policy) -> DetectorSettings:
    """Return what a policy asks of detection: what it keeps is not looked for."""
    return DetectorSettings(
        entities=policy.entities,
        id_shapes=policy.id_shapes,
        default_id_shapes=policy.default_id_shapes,
    )
