"""Migrations against every server: applied once, recorded, run again without harm."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from pipeline.adapters.clickhouse import connect
from pipeline.adapters.clickhouse.migrate import applied, migrate
from pipeline.cli.migrate import command
from pipeline.config import ClickHouseSettings
from pipeline.errors import ConfigError, InputError
from tests.contract.clickhouse_server import Endpoint

FIRST = (Path(__file__).parents[2] / "schemas/clickhouse/0001_database.sql").read_text()
TABLE = "CREATE TABLE IF NOT EXISTS {database}.t (a UInt8) ENGINE = MergeTree ORDER BY a;"
COLUMN = "ALTER TABLE {database}.t ADD COLUMN IF NOT EXISTS b String;"


@pytest.fixture
def settings(endpoint: Endpoint) -> Iterator[ClickHouseSettings]:
    """A database that does not exist yet."""
    name = f"migrated_{uuid4().hex[:12]}"
    yield endpoint.settings(name)
    endpoint.post(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "0001_database.sql").write_text(FIRST)
    (tmp_path / "0002_table.sql").write_text(TABLE)
    return tmp_path


def record(settings: ClickHouseSettings) -> list[str]:
    client = connect(settings)
    try:
        return [f"{row.number:04d}_{row.name}" for row in applied(client, settings.database)]
    finally:
        client.close()


def test_the_files_of_the_project_apply(settings: ClickHouseSettings) -> None:
    report = migrate(settings)
    assert [migration.number for migration in report.added][:2] == [1, 2]
    again = migrate(settings)
    assert again.added == ()
    assert len(again.before) == len(report.added)


def test_later_files_are_added_to_earlier_ones(settings: ClickHouseSettings, files: Path) -> None:
    migrate(settings, directory=files)
    (files / "0003_column.sql").write_text(COLUMN)
    assert [m.label for m in migrate(settings, directory=files).added] == ["0003_column"]
    assert record(settings) == ["0001_database", "0002_table", "0003_column"]


def test_a_file_that_fails_half_way_can_be_run_again(
    settings: ClickHouseSettings, files: Path
) -> None:
    broken = (
        f"{TABLE.replace('.t ', '.half ')}\nALTER TABLE {{database}}.nowhere MODIFY COMMENT 'x'"
    )
    (files / "0003_half.sql").write_text(broken)
    with pytest.raises(ConfigError, match=r"0003_half.sql, statement 2"):
        migrate(settings, directory=files)
    assert record(settings) == ["0001_database", "0002_table"]
    (files / "0003_half.sql").write_text(broken.replace("nowhere", "half"))
    migrate(settings, directory=files)
    assert record(settings) == ["0001_database", "0002_table", "0003_half"]


def test_a_changed_file_stops_everything(settings: ClickHouseSettings, files: Path) -> None:
    migrate(settings, directory=files)
    (files / "0002_table.sql").write_text(TABLE + "-- a thought later")
    (files / "0003_column.sql").write_text(COLUMN)
    with pytest.raises(ConfigError, match="0002_table was changed after it was applied"):
        migrate(settings, directory=files)
    assert record(settings) == ["0001_database", "0002_table"]


def test_two_runs_at_once_end_with_one_record(settings: ClickHouseSettings, files: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(migrate, settings, directory=files) for _ in range(4)]
    assert {len(run.result().before) + len(run.result().added) for run in runs} == {2}
    assert record(settings) == ["0001_database", "0002_table"]


def test_an_empty_folder_is_a_mistake(settings: ClickHouseSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no migrations found"):
        migrate(settings, directory=tmp_path)


class TestCommand:
    """`sluice migrate`, the half of it that concerns ClickHouse."""

    def test_it_shows_what_was_applied(
        self, settings: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        values = {**settings.model_dump(), "password": settings.password.get_secret_value()}
        for name in ("host", "port", "username", "password", "secure", "database"):
            monkeypatch.setenv(f"SLUICE_CLICKHOUSE__{name.upper()}", str(values[name]))
        first = CliRunner().invoke(command, ["--clickhouse-only"])
        assert first.exit_code == 0, first.output
        assert "0001_database" in first.output
        assert first.output.count("applied now") == len(record(settings))
        again = CliRunner().invoke(command, ["--clickhouse-only"])
        assert again.output.count("was applied") == len(record(settings))

    def test_its_two_halves_exclude_each_other(self) -> None:
        result = CliRunner().invoke(command, ["--clickhouse-only", "--kafka-only"])
        assert isinstance(result.exception, InputError)
