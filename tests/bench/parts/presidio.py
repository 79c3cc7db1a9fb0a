"""The baseline: Presidio as it comes, its default recognizers, no downloaded model.

The spaCy pipeline is blank, because no model comes with the packages. Lemmas are filled with the
lower-cased words: without any, Presidio's context words would silently do nothing, and the
baseline would look worse than it is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language

if TYPE_CHECKING:
    from presidio_analyzer import RecognizerResult
    from spacy.tokens import Doc

_COMPONENT = "lower_case_lemmas"


@Language.component(_COMPONENT)
def _lower_case_lemmas(doc: Doc) -> Doc:
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class Presidio:
    """Presidio's `AnalyzerEngine` with everything at its default."""

    def __init__(self) -> None:
        logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
        nlp = spacy.blank("en")
        nlp.add_pipe(_COMPONENT)
        engine: Any = SpacyNlpEngine()
        engine.nlp = {"en": nlp}
        self._analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def detect(self, text: str) -> list[RecognizerResult]:
        """Return Presidio's results for an English text."""
        return self._analyzer.analyze(text, language="en")
