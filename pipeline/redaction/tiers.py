"""Tiers: fast runs our detectors; strict adds Presidio's own recognizers and a language model.

The strict tier costs about a hundred times as much (see docs/redaction.md). It adds: what the fast
tier finds is always found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import ConfigError
from pipeline.redaction.detectors import PROSE, Context, DetectorSet, DetectorSettings
from pipeline.redaction.spans import (
    ENTITIES,
    LOCATION,
    MAC_ADDRESS,
    ORGANIZATION,
    PERSON,
    STRICT_ENTITIES,
    Span,
    resolve,
)

if TYPE_CHECKING:
    from spacy.language import Language

FAST: Final = "fast"
STRICT: Final = "strict"
MIN_SCORE: Final = 0.4
"""Presidio's recognizers report mere possibilities too; below this they are noise."""
MAX_PRESIDIO_TEXT: Final = 2_000
"""Characters handed to Presidio at once: some of its patterns are slower than linear."""
MODEL_SCORE: Final = 0.85

# EmailRecognizer fetches the list of public suffixes from the network at its first address;
# UrlRecognizer takes 19 s for 20 KB of `a.a.a…` and, timed out, reports that there is nothing.
# Our own detectors cover both.
_LEFT_OUT: Final = frozenset({"EmailRecognizer", "UrlRecognizer"})

# names that spaCy's and transformers' models give to what they find
_LABELS: Final = {
    "PERSON": PERSON,
    "PER": PERSON,
    "GPE": LOCATION,
    "LOC": LOCATION,
    "FAC": LOCATION,
    "LOCATION": LOCATION,
    "ORG": ORGANIZATION,
    "ORGANIZATION": ORGANIZATION,
}
_PRESIDIO_NAMES: Final = {"MEDICAL_LICENSE": "ACCOUNT_ID", "MAC": MAC_ADDRESS}
_STRICT_CONTEXT: Final = Context(strict=True)
_WORD: Final = re.compile(r"\w")


def detector_factory(tier: str, model: str = "") -> Callable[[DetectorSettings], DetectorSet]:
    """Return what makes the detectors of a policy in `tier`.

    `model` names an installed spaCy pipeline (package or path) for the strict tier. Raises
    `ConfigError` for an unknown tier and for a model that is not installed.
    """
    if tier == FAST:
        return DetectorSet
    if tier != STRICT:
        raise ConfigError(f"unknown tier {tier!r}; known: {FAST}, {STRICT}")
    return partial(StrictDetectorSet, model=load_model(model) if model else None)


def load_model(name: str) -> Language:
    """Load a spaCy pipeline by name or path, transformer pipelines included."""
    import spacy

    try:
        return spacy.load(name)
    except OSError:
        raise ConfigError(
            f"the spaCy model {name!r} is not installed",
            hint="install it into the environment, or leave redaction.model empty",
        ) from None


class StrictDetectorSet(DetectorSet):
    """The fast detectors, Presidio's predefined recognizers and, where given, a model."""

    def __init__(self, settings: DetectorSettings | None = None, model: Any = None) -> None:
        super().__init__(settings)
        self._recognizers = tuple(presidio_recognizers())
        self._model = model

    def detect(self, text: str, context: Context = _STRICT_CONTEXT) -> list[Span]:
        """Return the fast tier's spans and what the others find beside them."""
        found = list(super().detect(text, context))
        wanted = self.settings.entities or ENTITIES
        for begin in range(0, len(text), MAX_PRESIDIO_TEXT):
            piece = text[begin : begin + MAX_PRESIDIO_TEXT + 100]
            found.extend(
                span._replace(start=span.start + begin, end=span.end + begin)
                for span in self._others(piece, context)
                if span.entity_type in wanted
            )
        return resolve(text, found)

    def _others(self, text: str, context: Context) -> Iterable[Span]:
        yield from presidio_spans(self._recognizers, text, strict=context.strict)
        if self._model is not None and context.register == PROSE:
            yield from model_spans(self._model, text, strict=context.strict)


def presidio_recognizers() -> list[Any]:
    """Return Presidio's predefined recognizers that need no model, no network and linear time."""
    from presidio_analyzer import RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    loaded: Iterable[Any] = registry.recognizers
    return [
        item
        for item in loaded
        if not isinstance(item, SpacyRecognizer) and item.name not in _LEFT_OUT
    ]


def presidio_spans(recognizers: Iterable[Any], text: str, *, strict: bool) -> list[Span]:
    """Return what Presidio's recognizers find in `text`, under our entity names."""
    found: list[Span] = []
    for recognizer in recognizers:
        # without NLP artefacts: those only raise scores by context words, for 16 % of the time
        for result in recognizer.analyze(text, recognizer.supported_entities, None) or ():
            entity = _PRESIDIO_NAMES.get(result.entity_type, result.entity_type)
            if entity not in ENTITIES or result.score < MIN_SCORE:
                continue
            if not strict and entity in STRICT_ENTITIES:
                continue
            found.append(Span(result.start, result.end, entity, result.score, recognizer.name))
    return found


def model_spans(model: Any, text: str, *, strict: bool) -> list[Span]:
    """Return the entities that a spaCy pipeline reads in `text`."""
    found: list[Span] = []
    for item in model(text).ents:
        entity = _LABELS.get(item.label_)
        if entity is None or (entity in STRICT_ENTITIES and not strict):
            continue
        if _WORD.search(item.text):
            found.append(Span(item.start_char, item.end_char, entity, MODEL_SCORE, "Model"))
    return found
