"""Where settings come from, and the one clear line for a source that is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError

SECRET = "s3cret-s3cret"


@pytest.fixture(autouse=True)
def _a_folder_without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [name for name in os.environ if name.startswith("SLUICE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sluice.yaml").write_text("kafka: {partitions: 3, compression: zstd}\n")
    monkeypatch.setenv("SLUICE_KAFKA__PARTITIONS", "5")
    settings = load_settings()
    assert (settings.kafka.partitions, settings.kafka.compression) == (5, "zstd")


def test_a_named_file_is_read_and_a_missing_one_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = tmp_path / "other.yaml"
    monkeypatch.setenv("SLUICE_CONFIG", str(named))
    with pytest.raises(ConfigError, match="which is not a file"):
        load_settings()
    named.write_text("sink: {batch_rows: 7}\n")
    assert load_settings().sink.batch_rows == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kafka:\n  a: [\n", r"sluice\.yaml is no valid YAML, line 3"),
        (b"- kafka\n", r"sluice\.yaml cannot be read"),
        (b"\xff\xfe", r"sluice\.yaml cannot be read"),
        (b"kafka: 7\n", r"settings: kafka: Input should be a valid dictionary"),
        (b"kafka: {bootstrap_server: x}\n", r"settings: kafka\.bootstrap_server: Extra inputs"),
        (b"kafak: {}\n", r"settings: kafak: Extra inputs"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "sluice.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_settings()


@pytest.mark.parametrize("variable", ["SLUICE_KAFKA_PARTITIONS", "SLUICE_KAFAK__PARTITIONS"])
def test_a_misspelt_variable_is_no_silent_default(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, SECRET)
    with pytest.raises(ConfigError, match=f"{variable} is no setting") as raised:
        load_settings()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("SLUICE_KAFKA__PARTITIONS", SECRET, "kafka.partitions"),
        ("SLUICE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL", "kafka"),
        ("SLUICE_KAFKA__SSL_CERTFILE", "/x", "kafka"),
        ("SLUICE_CLICKHOUSE__DATABASE", "a; DROP", "clickhouse.database"),
        ("SLUICE_REDACTION__KEY", "short", "redaction"),
    ],
)
def test_a_wrong_value_names_its_place_and_not_itself(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=rf"settings: {place}: ") as raised:
        load_settings()
    if value in {SECRET, "short"}:
        assert value not in str(raised.value)


def test_secrets_print_as_asterisks() -> None:
    settings = Settings.model_validate(
        {"kafka": {"sasl_password": SECRET}, "clickhouse": {"password": SECRET}}
    )
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in text
