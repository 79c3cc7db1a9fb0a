"""How well the detectors find: every labelled set, scored, by type, beside Presidio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.cli.figures import Report
from pipeline.redaction.detectors import DetectorSet, DetectorSettings
from pipeline.redaction.engine import detector_settings
from pipeline.redaction.lines import LineRedactor
from pipeline.redaction.policy import default_policy
from pipeline.redaction.spans import ENTITIES
from tests.bench.parts.presidio import Presidio
from tests.redaction_set import airline, sets
from tests.redaction_set.labels import Item
from tests.redaction_set.scoring import Found, Score, Tally, score

Detect = Callable[[str], Sequence[Found]]

READ_FROM_PROSE = frozenset({"PERSON", "STREET_ADDRESS", "LOCATION", "ORGANIZATION", "DATE_TIME"})


def settings_of_default_policy() -> DetectorSettings:
    """Return what the policy that ships with Sluice looks for."""
    return detector_settings(default_policy().for_event(None, None))


def structured_settings() -> DetectorSettings:
    """Return settings for numbers, addresses on the network, ids and secrets only."""
    every = settings_of_default_policy()
    return replace(every, entities=(every.entities or ENTITIES) - READ_FROM_PROSE)


def without_name_list(settings: DetectorSettings) -> DetectorSet:
    """Build the detectors as if nobody had ever written down a list of names."""
    return DetectorSet(replace(settings, name_list=False))


def measure_quality(report: Report, *, quick: bool) -> None:
    """Score all sets and report figures with targets, then recall and precision by type."""
    policies = default_policy()
    sluice = LineRedactor(policies).spans
    listless = LineRedactor(policies, detectors=without_name_list).spans
    structured = DetectorSet(structured_settings()).detect
    presidio = Presidio().detect
    share = 3 if quick else 1
    core = sets.core()[::share]

    def run(name: str, detect: Detect, items: Sequence[Item]) -> Score:
        with report.progress(name, len(items)) as advance:
            found = []
            for item in items:
                found.append(detect(item.text))
                advance(1)
        return score(items, found)

    result = run("structured types", structured, sets.structured()[::share])
    report.figure("structured types: recall", result.total.recall, at_least=0.985)
    report.figure("structured types: precision", result.total.precision, at_least=0.98)
    _table(report, "Structured types, structured detectors alone", result)

    for name, items in (
        ("core types", core),
        ("handwritten", sets.handwritten()),
        ("handwritten, desk", sets.desk()),
        ("handwritten, field", sets.field()),
    ):
        result = run(name, sluice, items)
        report.figure(f"{name}, characters: recall", result.total.char_recall, at_least=0.95)
        report.figure(f"{name}, characters: precision", result.total.char_precision, at_least=0.95)
        bare = run(f"{name}, no name list", listless, items).total
        report.figure(f"{name}, no name list, characters: recall", bare.char_recall)
        report.figure(f"{name}, no name list, characters: precision", bare.char_precision)
        other = run(f"{name}, Presidio", presidio, items)
        report.figure(f"{name}, Presidio, characters: recall", other.total.char_recall)
        report.figure(f"{name}, Presidio, characters: precision", other.total.char_precision)
        _table(report, f"{name.capitalize()}, by type", result, other)

    for name, items in (
        ("held out, handwritten", sets.held_out_handwritten()),
        ("held out later, handwritten", sets.second_held_out_handwritten()),
        ("held out, templates", sets.held_out_templates()),
    ):
        total = run(name, sluice, items).total
        report.figure(f"{name}, characters: recall", total.char_recall)
        report.figure(f"{name}, characters: precision", total.char_precision)

    by_kind = {
        kind: (run(kind, sluice, items), run(f"{kind}, no name list", listless, items))
        for kind, items in sets.handwritten_by_kind().items()
    }
    report.table(
        "Written by hand, held out included, by kind: characters, and those of names",
        ["kind", "values", "recall", "precision", "PERSON recall", "… no name list"],
        [
            [
                kind,
                found.total.truth,
                found.total.char_recall,
                found.total.char_precision,
                found.by_type["PERSON"].char_recall,
                bare.by_type["PERSON"].char_recall,
            ]
            for kind, (found, bare) in by_kind.items()
        ],
    )

    result = run("agent events", sluice, sets.events()[::share])
    report.figure("agent events: values fully covered", result.total.coverage, at_least=0.99)
    report.figure("agent events, characters: precision", result.total.char_precision, at_least=0.9)
    _table(report, "Agent events, by type", result)
    if airline.available():
        result = run("recorded airline runs", sluice, list(airline.items())[:: 7 * share])
        report.figure("recorded runs: values fully covered", result.total.coverage, at_least=0.99)
        report.figure(
            "recorded runs, characters: precision", result.total.char_precision, at_least=0.9
        )
        _table(report, "Recorded airline runs, by type", result)
    else:
        report.note("recorded airline runs: ../shared/data is not there, so they were left out")

    result = run("disguised values", sluice, sets.disguised()[::share])
    report.figure("disguised values fully covered", result.total.coverage)
    negatives = sets.negatives()[::share]
    result = run("hard negatives", sluice, negatives)
    letters = sum(len(item.text) for item in negatives)
    report.figure(
        "hard negatives: characters wrongly marked", result.total.predicted_chars / letters
    )


def _table(report: Report, title: str, result: Score, other: Score | None = None) -> None:
    columns = [
        "type",
        "values",
        "recall",
        "fully covered",
        "precision",
        "char recall",
        "char prec.",
    ]
    if other is not None:
        columns += ["Presidio: recall", "covered", "precision"]
    rows: list[list[object]] = []
    types = sorted(set(result.by_type) | (set(other.by_type) if other else set()))
    for entity in types:
        if other and entity not in result.by_type and not other.by_type[entity].truth:
            # a type that only Presidio reports and nobody asked for
            continue
        rows.append(
            [entity, *_cells(result.by_type[entity], other.by_type[entity] if other else None)]
        )
    rows.append(["all", *_cells(result.total, other.total if other else None)])
    report.table(title, columns, rows)


def _cells(tally: Tally, other: Tally | None) -> list[object]:
    cells: list[object] = [
        tally.truth,
        tally.recall,
        tally.coverage,
        tally.precision,
        tally.char_recall,
        tally.char_precision,
    ]
    if other is not None:
        cells += [other.recall, other.coverage, other.precision]
    return cells
