"""What every detector is: a Presidio recognizer with a cheap inner method for the hot path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from presidio_analyzer import EntityRecognizer, RecognizerResult

from pipeline.redaction.spans import Span

if TYPE_CHECKING:
    from presidio_analyzer.nlp_engine import NlpArtifacts

Trigger = str | tuple[str, ...]
"""An RE2 pattern for the gate, or several that must all match somewhere in the text."""

PROSE = "prose"
CODE = "code"
DATA = "data"


@dataclass(frozen=True, slots=True)
class Context:
    """What the caller knows about a text before it is read.

    `strict` also finds places, organisations and days that stand alone. `register` says who wrote
    it: `prose` (people, models), `code` (source, logs, stack traces) or `data` (values of records);
    outside prose an unknown capitalised word is not a name without further evidence. `hint` is the
    entity that the key name promises (`dob` → `DATE_OF_BIRTH`): a value of that entity's shape then
    needs no context words of its own.
    """

    strict: bool = False
    register: str = PROSE
    hint: str | None = None


PLAIN_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What a policy decides about detection; compiled once, at the policy's start.

    `entities` are the entities looked for (None: all). `id_shapes` are RE2 patterns by entity
    (`{"ACCOUNT_ID": ["acc-[0-9]{8}"]}`), beside the built-in shapes unless `default_id_shapes` is
    off. `name_list` off makes PERSON work without any list of names.
    """

    entities: frozenset[str] | None = None
    id_shapes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_id_shapes: bool = True
    name_list: bool = True


class Part(NamedTuple):
    """What a detector can look for by itself, and the triggers that call for it."""

    triggers: tuple[Trigger, ...]
    find: Callable[[str, Context], list[Span]]


class Detector(EntityRecognizer):
    """A recognizer of Sluice.

    `ENTITIES` are Presidio entity names. `triggers`, `TRIGGERS` unless a policy adds to them,
    are for the gate: `find` is called only on texts in which at least one of them matches,
    so they must match wherever `find` could find something. `find` runs in time linear in the
    text's length and never raises.

    A detector that looks for several things has `parts` instead, each with triggers of its own, so
    that a text is searched for what the gate saw in it and for nothing else.
    """

    ENTITIES: ClassVar[tuple[str, ...]] = ()
    TRIGGERS: ClassVar[tuple[Trigger, ...]] = ()

    def __init__(self) -> None:
        self.name: str
        self.triggers: tuple[Trigger, ...] = self.TRIGGERS
        super().__init__(supported_entities=list(self.ENTITIES), name=type(self).__name__)

    def load(self) -> None:
        """Nothing to load: patterns are compiled with their module."""

    def parts(self) -> tuple[Part, ...]:
        """Return what the gate chooses from; all of it together is what `find` finds."""
        return (Part(self.triggers, self.find),)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return the spans in `text`; they may overlap one another and those of other detectors."""
        # of a detector with parts: one that has none says here what it finds
        return [span for part in self.parts() for span in part.find(text, context)]

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002 - Presidio's signature
    ) -> list[Any]:
        """Presidio's entry: the same findings as `find`, as `RecognizerResult`s."""
        return [
            RecognizerResult(
                entity_type=span.entity_type,
                start=span.start,
                end=span.end,
                score=span.score,
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for span in self.find(text)
            if not entities or span.entity_type in entities
        ]
