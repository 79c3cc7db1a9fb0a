"""`sluice redact` at the terminal: lines in, clean lines, spans or explanations out."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.redact import command
from pipeline.errors import ConfigError

EMAIL = "ann.lee@example.com"


@pytest.fixture(autouse=True)
def _no_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, lines: list[str]) -> list[str]:
    result = CliRunner().invoke(
        command, list(arguments), input="\n".join(lines), catch_exceptions=False
    )
    assert result.exit_code == 0
    return result.stdout.splitlines()


def test_lines_of_text_and_json_come_out_clean() -> None:
    lines = [f"write to {EMAIL} today", json.dumps({"email": EMAIL, "n": [1, 2]}), "", "plain"]
    assert run(lines=lines) == [
        "write to <EMAIL_ADDRESS> today",
        '{"email":"<EMAIL_ADDRESS>","n":[1,2]}',
        "",
        "plain",
    ]


def test_with_a_key_values_become_pseudonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_REDACTION__KEY", "a secret of some length")
    one, two = run(lines=[EMAIL, EMAIL.upper()])
    assert one == two
    assert one.startswith("<EMAIL_ADDRESS:k1:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"write to {EMAIL} today", [(EMAIL, "EMAIL_ADDRESS")]),
        (f"日本 😀 {EMAIL}", [(EMAIL, "EMAIL_ADDRESS")]),
        (json.dumps({"a": {"first_name": "Zyx"}, "phone": 4155550132}), None),
        ('done: {"first_name": "Zyx"}, cut', [("Zyx", "PERSON")]),
        (json.dumps({"r": json.dumps({"dob": "1990-04-05"})}), [("1990-04-05", "DATE_OF_BIRTH")]),
        ("ann.lee\\u0040example.com", [("ann.lee\\u0040example.com", "EMAIL_ADDRESS")]),
        ("nothing here", []),
    ],
)
def test_spans_point_into_the_text_by_code_points(
    text: str, expected: list[tuple[str, str]] | None
) -> None:
    [line] = run("--spans", lines=[json.dumps({"text": text, "other": 1})])
    answer = json.loads(line)
    assert answer["text"] == text
    found = [(text[s["start"] : s["end"]], s["entity_type"]) for s in answer["spans"]]
    assert found == (
        [("Zyx", "PERSON"), ("4155550132", "PHONE_NUMBER")] if expected is None else expected
    )
    assert all(0 < span["score"] <= 1 for span in answer["spans"])


def test_a_line_that_is_no_object_with_text_is_a_text_itself() -> None:
    [line] = run("--spans", lines=[f"hello {EMAIL}"])
    assert json.loads(line)["spans"][0]["start"] == 6


def test_explain_says_what_was_found_by_whom() -> None:
    shown = "\n".join(run("--explain", lines=[json.dumps({"text": f"hi {EMAIL}"}), "plain"]))
    assert EMAIL in shown
    assert "EMAIL_ADDRESS" in shown
    assert "EmailDetector" in shown
    assert "nothing found" in shown


def test_a_policy_file_decides(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("name: p\ndefault: {entities: {EMAIL_ADDRESS: drop}}\n")
    assert run("--policy", str(policy), lines=[f"x {EMAIL} y"]) == ["x  y"]
    policy.write_text("name: p\ndefault: {entities: {EMAIL: drop}}\n")
    with pytest.raises(ConfigError, match=r"line 2: unknown entity 'EMAIL'"):
        run("--policy", str(policy), lines=["x"])


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    result = CliRunner().invoke(command, [], input=b"caf\xe9 " + EMAIL.encode() + b"\nnext\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["caf\ufffd <EMAIL_ADDRESS>", "next"]
