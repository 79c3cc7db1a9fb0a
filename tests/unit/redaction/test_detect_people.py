"""People's names and addresses in prose: what is a name, what only looks like one."""

from __future__ import annotations

import pytest

from pipeline.redaction.detectors import CODE, DATA, Context, DetectorSet, DetectorSettings

WITH_LIST = DetectorSet()
WITHOUT_LIST = DetectorSet(DetectorSettings(name_list=False))


def found(
    detectors: DetectorSet, text: str, entity: str, context: Context | None = None
) -> list[str]:
    spans = detectors.detect(text, context) if context else detectors.detect(text)
    return [text[span.start : span.end] for span in spans if span.entity_type == entity]


@pytest.mark.parametrize("detectors", [WITH_LIST, WITHOUT_LIST], ids=["list", "no list"])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Please call Marisol Delgado back today.", ["Marisol Delgado"]),
        ("Dr. Young will see you on Monday.", ["Young"]),
        ("Hi Zarith, thanks for the order.", ["Zarith"]),
        ("The form was signed by J. K. Okonkwo.", ["J. K. Okonkwo"]),
        ("I spoke with Femke van der Berg and she agreed.", ["Femke van der Berg"]),
        ("Send it to Siobhán O'Brien-Kelly please.", ["Siobhán O'Brien-Kelly"]),
        ("Oksana's parcel was sent to the wrong place.", ["Oksana"]),
        ("my name is thandeka mokoena and i am locked out", ["thandeka mokoena"]),
        ("Meu nome é Thaís Figueiredo e moro em Recife.", ["Thaís Figueiredo"]),
        ("Меня зовут Людмила Горбань, жду ответа.", ["Людмила Горбань"]),
        ("Refund for MOHAMMED BEN YOUSSEF, thanks.", ["MOHAMMED BEN YOUSSEF"]),
        ("[09:14] kasza: morning\n[09:15] tomek: hello", ["kasza", "tomek"]),
    ],
)
def test_names_are_found_without_titles(
    detectors: DetectorSet, text: str, names: list[str]
) -> None:
    assert found(detectors, text, "PERSON") == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ok so dave told nicole that it is done", ["dave", "nicole"]),
        ("Could you ask Mark about the invoice?", ["Mark"]),
        ("Will needs it for the audit.", ["Will"]),
        ("my name is rose day and my order is late", ["rose day"]),
    ],
)
def test_the_list_of_names_finds_words_that_are_ordinary_too(text: str, names: list[str]) -> None:
    assert found(WITH_LIST, text, "PERSON") == names


@pytest.mark.parametrize("detectors", [WITH_LIST, WITHOUT_LIST], ids=["list", "no list"])
@pytest.mark.parametrize(
    "text",
    [
        "Your Booking Confirmation and Travel Itinerary",
        "Kubernetes and PostgreSQL failed with ValueError on Monday",
        "Flight HAT136 from New York (JFK) to Los Angeles on May 20",
        "We use the Zyntex platform and the Quarvo database.",
        "Mount Everest and Lake Victoria are worth a visit.",
        "Contact Acme Widgets Inc. or Zentrix Bank for details.",
        "Will you mark the bill as paid, please?",
        "Hi, thanks for your help. Yes, please proceed. Okay!",
        "Traceback (most recent call last): KeyError in Handler",
        "Die Lieferung kommt am Montag mit dem Paket.",
        "the deploy finished and the pods are healthy now",
    ],
)
def test_capitals_alone_do_not_make_a_name(detectors: DetectorSet, text: str) -> None:
    assert found(detectors, text, "PERSON") == []


def test_outside_prose_an_unknown_word_is_no_name() -> None:
    text = "started Zyntorel in 3 s"
    assert found(WITH_LIST, "we met Zyntorel in town", "PERSON") == ["Zyntorel"]
    assert found(WITH_LIST, text, "PERSON", Context(register=CODE)) == []
    assert found(WITH_LIST, "Zyntorel", "PERSON", Context(register=DATA)) == []


@pytest.mark.parametrize(
    "address",
    [
        "12 Baker Street, London NW1 6XE",
        "4821 N. Martin Luther King Jr. Blvd, Apt 4B, Springfield, IL 62704",
        "350 5th Ave, New York, NY 10118",
        "PO Box 1187, Reno, NV 89501",
        "PSC 1234, Box 5678, APO AP 96555",
        "31 Collins St, Melbourne VIC 3000",
        "45 Yonge Street, Montréal, QC H3B 1A7",
        "Hauptstraße 12a, 10115 Berlin",
        "12 rue de la Paix, 75002 Paris",
        "Calle Sierpes 44, 2º izq., 41004 Sevilla",
        "Via dei Mille 9, 80121 Napoli",
        "Rua Marquês de Abrantes, 88, ap. 502, Flamengo, Rio de Janeiro",
        "ul. Polnej 8 m. 3, 05-800 Pruszków",
        "Kungsgatan 14, 753 32 Uppsala",
        "Keizersgracht 123, 1015 CJ Amsterdam",
        "Door No. 4/112, Gandhi Nagar 2nd Street, Madurai - 625020",
        "2-11-3 Meguro, Meguro-ku, Tokyo 153-0063",
        "Room 1203, Building 7, No. 88 Jianguo Road, Chaoyang District, Beijing 100022",
        "8567 Zamkowa 119 Apt. 806, Opole, Poland",
        "Plot 5512, Lumumba Road\nLusaka 10101",
    ],
)
def test_an_address_is_found_whole(address: str) -> None:
    assert found(WITH_LIST, f"please deliver to {address}", "STREET_ADDRESS") == [address]


def test_an_address_without_capitals_is_found() -> None:
    text = "shes at 1420 w olive ave, fresno ca 93728 already"
    assert found(WITH_LIST, text, "STREET_ADDRESS") == ["1420 w olive ave, fresno ca 93728"]


@pytest.mark.parametrize(
    "text",
    [
        "a 5 minute drive and 3 more ways to pay",
        "Copyright 2024 The Project Authors",
        "it took 12 Hours and 30 Minutes, Monday",
        "2024 Annual Sales Summit is on",
    ],
)
def test_a_number_and_words_are_not_an_address(text: str) -> None:
    assert found(WITH_LIST, text, "STREET_ADDRESS") == []


def test_places_and_organisations_are_found_only_under_a_strict_policy() -> None:
    text = "She moved from Los Angeles to Berlin and works for Acme Widgets Ltd now."
    assert found(WITH_LIST, text, "LOCATION") == []
    strict = Context(strict=True)
    assert found(WITH_LIST, text, "LOCATION", strict) == ["Los Angeles", "Berlin"]
    assert found(WITH_LIST, text, "ORGANIZATION", strict) == ["Acme Widgets Ltd"]
