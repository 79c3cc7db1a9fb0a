"""Native events of agents at work, with personal data planted where agents really carry it.

In messages, tool arguments and results, in JSON inside strings, as keys of objects, in error
messages, retrieved documents, reasons and user ids. Around it stands what must survive: item and
order numbers, fares, products, code, ids of the envelope. The scenes are in templates/events.yaml.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.redaction_set.labels import Item, mark, parse_marked
from tests.redaction_set.slots import SLOTS

_FILE = Path(__file__).resolve().parent / "templates" / "events.yaml"
SCENES: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
_SLOT = re.compile(r"\{([a-z_]+?)(_\d)?\}")


class Filler:
    """Fills the slots of one event: a slot keeps its value wherever it stands in the event."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._values: dict[str, str] = {}

    def text(self, template: str) -> str:
        """Return a string with its slots filled and its personal data marked."""
        return _SLOT.sub(self._value, template)

    def tree(self, node: Any) -> Any:
        """Return a JSON value with the slots of its strings and keys filled, `$json` encoded."""
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, list):
            return [self.tree(child) for child in node]
        if isinstance(node, dict):
            if "$json" in node:
                # producers differ in whether they escape what is not ASCII
                return json.dumps(self.tree(node["$json"]), ensure_ascii=self._rng.random() < 0.5)
            return {self.text(key): self.tree(child) for key, child in node.items()}
        return node

    def _value(self, match: re.Match[str]) -> str:
        if match[0] not in self._values:
            entity_type, generate = SLOTS[match[1]]
            self._values[match[0]] = mark(entity_type, generate(self._rng))
        return self._values[match[0]]


def agent_event(rng: Random, number: int) -> Item:
    """Return one event as JSON text with its truth; `number` picks the scene in turn."""
    name = list(SCENES)[number % len(SCENES)]
    filler = Filler(rng)
    event = {
        "schema_version": 1,
        "event_id": rng.randbytes(16).hex(),
        "trace_id": rng.randbytes(16).hex(),
        "session_id": f"s-{rng.randbytes(8).hex()}",
        "span_id": rng.randbytes(8).hex(),
        "parent_span_id": None,
        "ts": f"2025-03-0{rng.randint(1, 9)}T1{rng.randint(0, 9)}:22:10.113Z",
        "agent_name": "support-agent",
        "release_version": "2025.3.1",
        "user_id": filler.text("{account}"),
        "latency_ms": round(rng.uniform(5, 4000), 1),
        **filler.tree(SCENES[name]),
    }
    text = json.dumps(event, ensure_ascii=rng.random() < 0.5)
    return parse_marked(text, ("events", name))
