"""The strict tier adds: Presidio's recognizers, and a model by name, here one that we make."""

from pathlib import Path

import pytest
import spacy

from pipeline.errors import ConfigError
from pipeline.redaction.detectors import Context, DetectorSet, DetectorSettings
from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.one_event import RedactedEvent
from pipeline.redaction.policy import default_policy
from pipeline.redaction.pseudonyms import Keyring
from pipeline.redaction.tiers import detector_factory, presidio_recognizers

STRICT = Context(strict=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A spaCy pipeline that knows two names, saved as a user's would be."""
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]
        [
            {"label": "PERSON", "pattern": [{"LOWER": "xilonen"}, {"LOWER": "quux"}]},
            {"label": "GPE", "pattern": "Zedtown"},
        ]
    )
    folder = tmp_path_factory.mktemp("model") / "tiny"
    pipeline.to_disk(folder)
    return str(folder)


def test_the_fast_tier_is_our_detectors_alone() -> None:
    assert detector_factory("fast") is DetectorSet


def test_a_model_finds_names_that_no_list_holds(model: str) -> None:
    text = "we tried xilonen quux twice"
    assert DetectorSet().detect(text) == []
    found = detector_factory("strict", model)(DetectorSettings()).detect(text, Context())
    assert [(text[s.start : s.end], s.entity_type) for s in found] == [("xilonen quux", "PERSON")]


def test_places_that_stand_alone_need_a_strict_policy(model: str) -> None:
    detectors = detector_factory("strict", model)(DetectorSettings())
    assert "LOCATION" not in {s.entity_type for s in detectors.detect("in Zedtown", Context())}
    assert "LOCATION" in {s.entity_type for s in detectors.detect("in Zedtown", STRICT)}


def test_the_strict_tier_finds_what_the_fast_tier_finds() -> None:
    text = "Mail ann.lee@example.com, card 4111 1111 1111 1111, from 10.1.2.3"
    fast = DetectorSet().detect(text)
    strict = detector_factory("strict")(DetectorSettings()).detect(text, Context())
    assert fast
    for span in fast:
        assert any(other.start <= span.start and span.end <= other.end for other in strict)


def test_no_recognizer_that_reads_from_the_network_or_hangs_is_used() -> None:
    names = {recognizer.name for recognizer in presidio_recognizers()}
    assert "CreditCardRecognizer" in names
    assert not names & {"EmailRecognizer", "UrlRecognizer", "SpacyRecognizer"}


def test_an_entity_that_a_policy_keeps_stays(model: str) -> None:
    settings = DetectorSettings(entities=frozenset({"EMAIL_ADDRESS"}))
    assert detector_factory("strict", model)(settings).detect("by xilonen quux", STRICT) == []


def test_the_tier_stands_in_the_row(model: str) -> None:
    redactor = EventRedactor(
        default_policy(), Keyring(), tier="strict", detectors=detector_factory("strict", model)
    )
    [result] = redactor.redact_batch([{"content": "by xilonen quux"}])
    assert isinstance(result, RedactedEvent)
    assert b'"content":"by <PERSON>"' in result.payload
    assert b'"tier":"strict"' in result.payload


def test_a_model_that_is_not_installed_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not installed"):
        detector_factory("strict", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match="unknown tier"):
        detector_factory("paranoid")
