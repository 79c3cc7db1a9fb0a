"""The catalogue of metrics: every figure a worker shows on `/metrics` is declared here, once.

Labels hold names from our own catalogues only (reasons, entity types, stages), never content.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records_in = Counter(
            "sluice_records_in",
            "Kafka records taken from an input topic",
            ["topic"],
            registry=self.registry,
        )
        self.records_out = Counter(
            "sluice_records_out",
            "Records acknowledged by an output topic, or rows by a table",
            ["target"],
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "sluice_dead_letters",
            "Inputs that were refused, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.redacted = Counter(
            "sluice_redacted_entities",
            "Pieces of text that were redacted, by entity type",
            ["entity_type"],
            registry=self.registry,
        )
        self.quarantined = Counter(
            "sluice_quarantined_leaves",
            "Values replaced by <UNVERIFIED>, since the verifier found something in them",
            registry=self.registry,
        )
        self.reloads = Counter(
            "sluice_redaction_reloads",
            "Changed policy and key files that were read again; 'failed' keeps what was there",
            ["result"],
            registry=self.registry,
        )
        self.audit = Counter(
            "sluice_audit_findings",
            "Shadow audit: what the fast and the strict tier found, by entity type and agreement",
            ["entity_type", "result"],
            registry=self.registry,
        )
        self.repeated = Counter(
            "sluice_repeated_records",
            "Records that were skipped: the same offset again ('delivery'), the same output of an "
            "earlier stage again ('processing'), an event id published again ('production')",
            ["kind"],
            registry=self.registry,
        )
        self.late = Counter(
            "sluice_late_events",
            "Events beyond the lateness: stored, and counted for an open task, but in no window",
            ["agent"],
            registry=self.registry,
        )
        self.early = Counter(
            "sluice_early_events",
            "Events too far ahead of Kafka's clock: stored and counted likewise",
            ["agent"],
            registry=self.registry,
        )
        self.overflows = Counter(
            "sluice_label_overflows",
            "Labels that reached their cap; further values count as `other`",
            registry=self.registry,
        )
