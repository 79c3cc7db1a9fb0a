"""What surroundings say of a word: places on a way, roads of everybody, makes, roles and endings.

Beside each kind stands what looks like it and is the other.
"""

from __future__ import annotations

import pytest

from pipeline.redaction.detectors.name_checks import is_compound
from pipeline.redaction.detectors.roads import is_public
from tests.unit.redaction.detected import found


@pytest.mark.parametrize(
    "text",
    [
        "We drove from Uzhok to Vilkavits, then past Brezovna and back to Vilkavits.",
        "The ferry to Sanderoya was late. Sanderoya is 20 minutes by boat.",
        "We cycled Aldenau to Kromfels and saw the mill.",
        "Walk to Brelling, then Kessing and Dorling.",
        "The potholes on Abbey Lane and the bins on Abbey Lane are back.",
        "The bakery at the top of Chapel Street closed.",
        "We packed a grey Tortuga for the trip.",
        "He graduated from Brellings last year, she did not.",
        "My uncle bought a Skoda Fabia yesterday.",
        "The vessel Wilhelmina slips a week.",
        "Caller: Will that be on the bill?",
        "Hotel: Pousada da Ribeira, 2 nights",
        "my favourite twins, miss u both",
        "Leave: 22 Dec to 2 Jan",
    ],
)
def test_it_is_left(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("I drove there, but the refund was sent to Vilkavits.", "PERSON", "Vilkavits"),
        ("We took the train and then Oyelaran's aunt met us.", "PERSON", "Oyelaran"),
        ("I was hit by a bus on Abbey Lane near my house", "STREET_ADDRESS", "Abbey Lane"),
        ("Bonjour, M. Delcourt vous attend.", "PERSON", "Delcourt"),
        ("M. Delcourt signed for us and left.", "PERSON", "M. Delcourt"),
        ("CALL DAUGHTER NKECHI TODAY", "PERSON", "NKECHI"),
        ("Nora/Felix own the budget.", "PERSON", "Felix"),
        ("wir sind am Montag wieder da, danke. LG Jürgen", "PERSON", "Jürgen"),
        ("Guest name: DE LA FUENTE, MARISA\nRoom 4", "PERSON", "DE LA FUENTE, MARISA"),
        ("no reservation under brandvold, sorry", "PERSON", "brandvold"),
        ("i spoke to zsofika yesterday and she agreed", "PERSON", "zsofika"),
        ("my handyman brunvald said no", "PERSON", "brunvald"),
        ('note {"first":"Ansgar","last":"Brandvold"} saved', "PERSON", "Brandvold"),
        ("he lives at 45 b Chancellor st, upstairs", "STREET_ADDRESS", "45 b Chancellor st"),
        (
            "we live in Larkspur Apartments, unit 9C, by the park",
            "STREET_ADDRESS",
            "Larkspur Apartments, unit 9C",
        ),
        (
            "It goes to 9 Ring Road, behind Apex filling station.",
            "STREET_ADDRESS",
            "9 Ring Road, behind Apex filling station",
        ),
        (
            "deliver to The Old Dairy, Upper Wick please",
            "STREET_ADDRESS",
            "The Old Dairy, Upper Wick",
        ),
        ("utente nº 442 118 097", "ACCOUNT_ID", "442 118 097"),
        ("my cnic 42101-5518204-3 has expired", "ACCOUNT_ID", "42101-5518204-3"),
        ("A doente nasceu a 9 de abril de 1944.", "DATE_OF_BIRTH", "9 de abril de 1944"),
        ("sie ist am 4. März 2015 geboren", "DATE_OF_BIRTH", "4. März 2015"),
    ],
)
def test_it_is_found(text: str, entity: str, value: str) -> None:
    assert (entity, value) in found(text)


def test_a_visit_is_no_birth() -> None:
    text = "born 1984-02-29; next visit 2026-03-14"
    assert found(text) == [("DATE_OF_BIRTH", "1984-02-29")]


@pytest.mark.parametrize("word", ["roadworks", "policyholder"])
def test_two_ordinary_words_are_a_compound(word: str) -> None:
    assert is_compound(word)


@pytest.mark.parametrize("word", ["whitehouse", "lightfoot", "adewale", "brandvold", "x" * 40])
def test_names_are_no_compounds(word: str) -> None:
    assert not is_compound(word)


def test_only_the_sentence_of_a_road_counts() -> None:
    text = "The shop is shut. I was on Abbey Lane then. Traffic was bad."
    start = text.index("Abbey")
    assert not is_public(text, start, start + len("Abbey Lane"))
