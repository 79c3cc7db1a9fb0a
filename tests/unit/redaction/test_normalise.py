"""The plain form of text and the way back to where it was written."""

import unicodedata

import pytest

from pipeline.redaction.normalise import _is_plain_latin, plain_form


@pytest.mark.parametrize("text", ["plain", "naïve café", "Привет, мир", "100% \\o/ & co", "日本語"])
def test_plain_text_is_left_alone(text: str) -> None:
    plain = plain_form(text)
    assert plain is None or plain.text == text


@pytest.mark.parametrize(
    "text",
    [
        "ann%40example.com",
        "ann%2540example.com",
        "ann\\u0040example.com",
        "ann\\\\u0040example.com",
        "ann&#64;example.com",
        "ann&#x40;example.com",
        "ann&commat;example&period;com",
        "ann＠example．com",
        "an\u200bn@exa\u00admple.com",
        "\u0430nn@example.com",
        "ａｎｎ@ｅｘａｍｐｌｅ.com",
    ],
)
def test_disguises_come_off_and_places_stay(text: str) -> None:
    padded = f"to {text} now"
    plain = plain_form(padded)
    assert plain is not None
    start = plain.text.index("ann@example.com")
    begin, end = plain.original(start, start + len("ann@example.com"))
    assert padded[begin:end] == text


def test_digits_of_other_scripts_become_ascii() -> None:
    plain = plain_form("٤١١١ 4111 ４１１１")
    assert plain is not None
    assert plain.text == "4111 4111 4111"


def test_a_part_of_a_ligature_stands_for_all_of_it() -> None:
    plain = plain_form("ﬁx")
    assert plain is not None
    assert plain.text == "fix"
    assert plain.original(0, 1) == (0, 1)
    assert plain.original(1, 3) == (0, 2)


@pytest.mark.parametrize("text", ["%zz", "%ff%fe", "\\ud800", "&#1114112;", "&nothing;", "\\u12"])
def test_what_is_no_escape_stays(text: str) -> None:
    plain = plain_form(text)
    assert plain is None or plain.text == text


def test_one_script_alone_is_no_disguise() -> None:
    text = "Борис Хоров"
    plain = plain_form(text)
    assert plain is None or plain.text == text


def test_words_and_digits_that_take_turns_are_read_as_one_number() -> None:
    # no two words stand together: what looks for spellings must see this one all the same
    plain = plain_form("my number is two 0 seven 5 five 5 one")
    assert plain is not None
    assert plain.text == "my number is 2075551"


def test_what_passes_as_plain_latin_hides_nothing() -> None:
    for code in range(0x250):
        char = chr(code)
        if _is_plain_latin(char):
            assert unicodedata.normalize("NFKC", char) == char
            assert not char.isdecimal() or char.isascii()
            assert char not in "\u00ad\\%&"
    assert _is_plain_latin("Zoë Müller, 12 rue de l'Église")
    for hidden in ("a\u00adb", "1²", "a\u00a0b", "a\u0430", "a\u200b", "é\u0301", "%40é"):
        assert not _is_plain_latin(hidden)
