"""The redactor: batches of events in, proven bytes out.

Walk, serialise, verify the whole batch, quarantine what was hit, verify again. An event that cannot
be brought into a clean form comes back as `Failed`; nothing is raised for it and nothing of it is
handed on.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from pipeline.redaction.contexts import trusted_tree
from pipeline.redaction.deadline import Deadline
from pipeline.redaction.detectors import DetectorSet, DetectorSettings
from pipeline.redaction.policy import Policy, PolicySet
from pipeline.redaction.pseudonyms import Keyring
from pipeline.redaction.quarantine import Quarantine, marked, quarantine, without_trusted
from pipeline.redaction.verifier import Verifier
from pipeline.redaction.walk import Walk

REDACTION_VERSION: Final = "1"
"""Of the code: raised when the same input and policy may give other bytes."""
STILL_FOUND: Final = "personal_data_after_quarantine"
BLOCK: Final = "redaction"
"""The field of a clean event that says what was done to it."""
MAX_SCOPES: Final = 64
CACHE_BYTES: Final = 64 * 1024 * 1024
EVENT_SECONDS: Final = 5.0

DetectorFactory = Callable[[DetectorSettings], DetectorSet]


@dataclass(frozen=True, slots=True)
class RedactedEvent:
    """One clean event: the bytes for the next hop and what was done to it."""

    payload: bytes
    key: str
    """The event's session_id, empty where it has none."""
    counts: dict[str, int]
    quarantined: list[Quarantine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failed:
    """An event that could not be made clean; `reason` holds none of it."""

    reason: str


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
        self._walks: OrderedDict[tuple[str | None, str | None], Walk] = OrderedDict()

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
        self.clear()

    def clear(self) -> None:
        """Forget every cached value. Detectors stay: they keep no text, and are slow to make."""
        for walk in self._walks.values():
            walk.clear()
        self._walks.clear()

    def redact_batch(self, events: Sequence[dict[str, Any]]) -> list[RedactedEvent | Failed]:
        """Redact decoded events; the result has one entry for each, in order. Never raises."""
        with self._deadline:
            redacted = [self._walked(event) for event in events]
        hits: dict[int, set[str]] = {}
        clean = [item for item in redacted if isinstance(item, RedactedEvent)]
        for hit in self._verifier.search([item.payload for item in clean]):
            hits.setdefault(hit.buffer, set()).add(hit.entity)
        if not hits:
            return redacted
        places = [place for place, item in enumerate(redacted) if isinstance(item, RedactedEvent)]
        for index in hits:
            redacted[places[index]] = self._quarantined(clean[index])
        return redacted

    def _walked(self, event: dict[str, Any]) -> RedactedEvent | Failed:
        try:
            walk = self._walk(event)
            self._deadline.start()
            # a block that came with the event says nothing: it is not ours
            body = walk.event({key: event[key] for key in event if key != BLOCK})
            self._deadline.stop()
            body[BLOCK] = self._block(walk.counts)
            paths = marked(body) if walk.failures else []
            records = [
                # a text kept from an earlier redaction carries its mark without a new reason
                Quarantine(path, "", reason)
                for path, reason in zip(paths, walk.failures, strict=False)
            ]
            counts = {entity: n for entity, n in walk.counts.items() if entity != "UNVERIFIED"}
            return RedactedEvent(orjson.dumps(body), _key(body), counts, records)
        except Exception as error:  # noqa: BLE001 - fail closed, whatever it was
            self._deadline.stop()
            return Failed(f"redaction_error:{type(error).__name__}")

    def _quarantined(self, event: RedactedEvent) -> RedactedEvent | Failed:
        """Take out the leaves that the verifier hit, and prove that the rest is clean."""
        try:
            body, records = quarantine(orjson.loads(event.payload), self._tree, self._verifier)
            body[BLOCK]["quarantined"] += len(records)
            if not self._verifier.is_clean(without_trusted(body, self._tree)):
                return Failed(STILL_FOUND)
            return replace(
                event,
                payload=orjson.dumps(body),
                key=_key(body),
                quarantined=[*event.quarantined, *records],
            )
        except Exception as error:  # noqa: BLE001 - fail closed, whatever it was
            return Failed(f"redaction_error:{type(error).__name__}")

    def _walk(self, event: dict[str, Any]) -> Walk:
        """Return the walk of the event's tenant and workflow; the least used ones are dropped."""
        tenant, workflow = event.get("tenant_id"), event.get("workflow")
        tenant = tenant if isinstance(tenant, str) else None
        _, known_workflow = self._policies.scope_of(
            tenant, workflow if isinstance(workflow, str) else None
        )
        scope = (tenant, known_workflow)
        walk = self._walks.get(scope)
        if walk is not None:
            self._walks.move_to_end(scope)
            return walk
        if len(self._walks) >= MAX_SCOPES:
            self._walks.popitem(last=False)
        policy = self._policies.for_event(tenant, known_workflow)
        walk = self._walks[scope] = Walk(
            policy,
            self._keyring,
            self._detectors_for(policy),
            tenant_id=tenant,
            trusted=self._trusted,
            cache_bytes=self._cache_bytes,
            check=self._deadline.check,
        )
        return walk

    def _detectors_for(self, policy: Policy) -> DetectorSet:
        settings = detector_settings(policy)
        found = self._detectors.get(id(policy))
        if found is None:
            found = self._detectors[id(policy)] = self._make_detectors(settings)
        return found

    def _block(self, counts: dict[str, int]) -> dict[str, Any]:
        return {
            "version": REDACTION_VERSION,
            "policy": self._policies.version,
            "tier": self._tier,
            "key_id": self._keyring.key_id or "",
            "verified": True,
            "counts": {entity: n for entity, n in counts.items() if entity != "UNVERIFIED"},
            "quarantined": counts.get("UNVERIFIED", 0),
        }


def detector_settings(policy: Policy) -> DetectorSettings:
    """Return what a policy asks of detection: what it keeps is not looked for."""
    return DetectorSettings(
        entities=policy.entities,
        id_shapes=policy.id_shapes,
        default_id_shapes=policy.default_id_shapes,
    )


def _key(body: dict[str, Any]) -> str:
    session = body.get("session_id")
    return session if isinstance(session, str) else ""
