"""Files of events: every form gives its messages, bytes untouched; --check says what is refused."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import publish, simulate
from pipeline.cli.event_files import messages, opened
from pipeline.errors import InputError
from pipeline.events.contract import SCHEMA_DIR

EXAMPLES = SCHEMA_DIR / "events" / "examples"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b" \n\n", []),
        (b'{"a":1}', [b'{"a":1}']),
        (b'{"a":1}\n{"b" : 2}\r\n\n{"c":3}', [b'{"a":1}', b'{"b" : 2}', b'{"c":3}']),
        (b'\n{"a":1}\nnot json\n{"b":2}\n', [b'{"a":1}', b"not json", b'{"b":2}']),
        (b'not json\n{"b":2}\n', [b"not json", b'{"b":2}']),
        (b'[ {"a": [1, 2]},\n {"b":"],["} ]\n', [b'{"a": [1, 2]}', b'{"b":"],["}']),
        (b'{\n  "a": {\n    "b": 1\n  }\n}\n', [b'{\n  "a": {\n    "b": 1\n  }\n}\n']),
        (b"hello\nworld", [b"hello\nworld"]),
    ],
)
def test_each_form_gives_its_messages(content: bytes, expected: list[bytes]) -> None:
    assert list(messages(io.BytesIO(content))) == expected


def test_lines_are_read_as_they_come() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            line = b'{"a":1}\n'
            buffer[: len(line)] = line
            return len(line)

    source = messages(io.BufferedReader(Endless()))

    assert [next(source) for _ in range(3)] == [b'{"a":1}'] * 3


def test_gzip_is_recognised_whatever_the_name(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_bytes(gzip.compress(b'{"a":1}\n', mtime=0))

    with opened(str(file)) as source:
        assert list(messages(source)) == [b'{"a":1}']


@pytest.mark.parametrize("content", [gzip.compress(b'{"a":1}' * 99, mtime=0)[:-9], b"\x1f\x8b broken"])
def test_a_broken_gzip_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "events.gz"
    file.write_bytes(content)

    with pytest.raises(InputError, match="broken gzip"), opened(str(file)) as source:
        list(messages(source))


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"), opened(str(tmp_path / "none")):
        pass


def test_check_counts_and_names_what_would_be_refused(tmp_path: Path) -> None:
    good = (EXAMPLES / "tool_call.read.json").read_text().replace("\n", " ")
    file = tmp_path / "events.ndjson"
    file.write_text(f'{good}\nnonsense\n{good}\n{{"event_type": "jo@mail.example"}}\n')

    result = CliRunner().invoke(publish.command, [str(file), "--check"])

    assert result.exit_code == 1
    assert "2 valid, 2 refused" in result.output
    assert "message 2: not_json" in result.output
    assert "message 4: unknown_type" in result.output
    assert "jo@mail.example" not in result.output


def test_check_of_a_file_without_faults_succeeds() -> None:
    result = CliRunner().invoke(
        publish.command, [str(EXAMPLES / "session_end.minimal.json"), "--check"]
    )

    assert (result.exit_code, result.output) == (0, "1 valid, 0 refused\n")


@pytest.mark.parametrize(
    "options", [[], ["--rate", "5", "--speed", "2"], ["--rate", "0", "--events", "1"]]
)
def test_a_fleet_that_makes_no_sense_is_refused(options: list[str]) -> None:
    result = CliRunner().invoke(simulate.command, options)

    assert isinstance(result.exception, InputError)


def test_a_simulated_fleet_goes_to_a_file_with_its_truth(tmp_path: Path) -> None:
    out, truth = tmp_path / "out.ndjson", tmp_path / "truth.ndjson"
    options = ["--events", "200", "--out", str(out), "--truth", str(truth)]

    result = CliRunner().invoke(simulate.command, options)

    assert result.exit_code == 0, result.output
    assert len(out.read_bytes().splitlines()) == 200
    # without a start the fleet ends before now, so that no event comes from the future
    check = CliRunner().invoke(publish.command, [str(out), "--check"])
    assert "200 valid, 0 refused" in check.output
    assert truth.read_bytes().startswith(b'{"kind":"fleet"')
