"""Each detector is a Presidio recognizer: `AnalyzerEngine` gives the spans the hot path gives."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.tokens import Doc
from spacy.vocab import Vocab

from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.detectors.base import PLAIN_CONTEXT

TEXTS = [
    "Dr. Marisol Delgado, born April 5th, 1990, lives at 12 Baker Street, London NW1 6XE.",
    "Call (555) 123-4567 or write to ana@example.com; card 4111 1111 1111 1111.",
    "IBAN GB82WEST12345698765432, SSN 123-45-6789, NHS number 943 476 5919, ITIN 912-70-1234",
    "passport number X12345678, driver's license D1234567, routing number 021000021",
    "from 203.0.113.9, mac 00:1A:2B:3C:4D:5E, 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "my name is thandeka mokoena, user mia_li_3668, gift_card_5309492, customer id: C-00418823",
    "password=hunter2!x AKIAIOSFODNN7EXAMPLE https://bob:pw@host.example/x",
    "Hauptstraße 12a, 10115 Berlin; 12 rue de la Paix, 75002 Paris; PO Box 1187, Reno, NV 89501",
    "nothing personal in order 5417543010 of 2024-05-20",
]


class NoNlp(NlpEngine):
    """Presidio asks for tokens and lemmas; our recognizers read the text itself."""

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        return NlpArtifacts([], Doc(Vocab()), [], [], self, language)

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        **kwargs: Any,
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        return False

    def is_punct(self, word: str, language: str) -> bool:
        return False

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return ["en"]


@pytest.fixture(scope="module")
def detectors() -> DetectorSet:
    return DetectorSet()


@pytest.mark.parametrize("text", TEXTS)
def test_the_engine_gives_the_spans_of_the_hot_path(detectors: DetectorSet, text: str) -> None:
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)
    for detector in detectors.detectors:
        registry = RecognizerRegistry(recognizers=[detector], supported_languages=["en"])
        engine = AnalyzerEngine(registry=registry, nlp_engine=NoNlp(), supported_languages=["en"])
        through_presidio = {
            (result.start, result.end, result.entity_type, result.score)
            for result in engine.analyze(text, language="en")
        }
        direct = _without_contained(
            {(s.start, s.end, s.entity_type, s.score) for s in detector.find(text, PLAIN_CONTEXT)}
        )
        assert through_presidio == direct, detector.name


def _without_contained(spans: set[tuple[int, int, str, float]]) -> set[tuple[int, int, str, float]]:
    """Do what the engine does at its end: drop spans inside others of their type."""
    return {
        span
        for span in spans
        if not any(
            other != span and other[2] == span[2] and other[0] <= span[0] and span[1] <= other[1]
            for other in spans
        )
    }


def test_every_detector_is_a_recognizer_with_known_entities(detectors: DetectorSet) -> None:
    for detector in detectors.detectors:
        assert isinstance(detector, EntityRecognizer)
        assert detector.supported_entities
        assert detector.supported_language == "en"


def test_only_the_entities_asked_for_are_returned(detectors: DetectorSet) -> None:
    text = "ITIN 912-70-1234 and SSN 123-45-6789"
    detector = next(d for d in detectors.detectors if d.name == "SsnDetector")
    found = detector.analyze(text, ["US_ITIN"], None)
    assert [result.entity_type for result in found] == ["US_ITIN"]
