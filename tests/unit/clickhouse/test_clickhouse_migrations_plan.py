"""Which migrations are read, refused and planned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.clickhouse.migrate import SQL_DIR, read_directory
from pipeline.adapters.clickhouse.migrations import Applied, Migration, plan, read
from pipeline.errors import ConfigError

CREATE = "CREATE TABLE IF NOT EXISTS {database}.t (a UInt8) ENGINE = Memory"


def migration(number: int, name: str = "x", checksum: str = "c") -> Migration:
    return Migration(number, name, checksum, ("CREATE DATABASE IF NOT EXISTS d",))


def test_a_file_is_split_and_the_database_put_in() -> None:
    other = CREATE.replace(".t", ".u")
    text = f"-- a; comment\n{CREATE};\n\n/* and ; another */ {other} COMMENT 'a;b';"
    found = read("0007_two_tables.sql", text, "mine")
    assert found.label == "0007_two_tables"
    assert found.statements == (
        "CREATE TABLE IF NOT EXISTS mine.t (a UInt8) ENGINE = Memory",
        "CREATE TABLE IF NOT EXISTS mine.u (a UInt8) ENGINE = Memory COMMENT 'a;b'",
    )


def test_the_checksum_is_of_the_file_and_not_of_the_database() -> None:
    assert read("0001_a.sql", CREATE, "one").checksum == read("0001_a.sql", CREATE, "two").checksum
    assert (
        read("0001_a.sql", CREATE, "d").checksum != read("0001_a.sql", CREATE + " ", "d").checksum
    )


@pytest.mark.parametrize("name", ["1_a.sql", "0001-a.sql", "0001_A.sql", "0001_a.txt", "a.sql"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="NNNN_name"):
        read(name, CREATE, "d")


@pytest.mark.parametrize("database", ["", "a b", "a;b", "a`b", "1a", "a.b"])
def test_a_database_name_that_is_no_identifier_is_refused(database: str) -> None:
    with pytest.raises(ConfigError):
        read("0001_a.sql", CREATE, database)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE DATABASE IF NOT EXISTS d",
        "CREATE OR REPLACE VIEW d.v AS SELECT 1",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS d.v TO d.t AS SELECT 1",
        "DROP TABLE IF EXISTS d.t",
        "ALTER TABLE d.t ADD COLUMN IF NOT EXISTS a UInt8, ADD INDEX IF NOT EXISTS i a TYPE minmax",
        "ALTER TABLE d.t ADD COLUMN IF NOT EXISTS a UInt8 COMMENT 'add column'",
        "ALTER TABLE d.t DROP COLUMN IF EXISTS a",
        "ALTER TABLE d.t RENAME COLUMN IF EXISTS a TO b",
        "ALTER TABLE d.t MODIFY SETTING index_granularity = 1",
    ],
)
def test_what_can_be_run_twice_is_taken(statement: str) -> None:
    assert read("0001_a.sql", statement, "d").statements == (statement,)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE d.t (a UInt8) ENGINE = Memory",
        "DROP TABLE d.t",
        "ALTER TABLE d.t ADD COLUMN a UInt8",
        "ALTER TABLE d.t ADD COLUMN IF NOT EXISTS a UInt8, ADD COLUMN b UInt8",
        "ALTER TABLE d.t DROP COLUMN a",
        "ALTER TABLE d.t RENAME COLUMN a TO b",
        "INSERT INTO d.t VALUES (1)",
        "RENAME TABLE d.t TO d.u",
        "SELECT 1",
        "-- nothing",
    ],
)
def test_what_cannot_be_run_twice_is_refused(statement: str) -> None:
    with pytest.raises(ConfigError, match=r"^0001_a\.sql"):
        read("0001_a.sql", statement, "d")


@given(total=st.integers(0, 12), done=st.integers(0, 12), seed=st.randoms())
def test_the_plan_is_what_is_missing_in_order(total: int, done: int, seed: object) -> None:
    done = min(done, total)
    files = [migration(number) for number in range(1, total + 1)]
    rows = [Applied(number, "x", "c") for number in range(1, done + 1)]
    seed.shuffle(files)  # type: ignore[attr-defined]
    seed.shuffle(rows)  # type: ignore[attr-defined]
    assert [found.number for found in plan(files, rows)] == list(range(done + 1, total + 1))


@pytest.mark.parametrize(
    ("files", "rows", "message"),
    [
        ([migration(1), migration(3)], [], "0002 is missing"),
        ([migration(2)], [], "0001 is missing"),
        ([migration(1, "a"), migration(1, "b")], [], "one number"),
        ([migration(1)], [Applied(1, "x", "other")], "was changed after it was applied"),
        ([migration(1)], [Applied(1, "x", "c"), Applied(2, "y", "c")], "these files do not"),
        ([migration(1), migration(2)], [Applied(2, "x", "c")], "lacks migration 0001"),
    ],
)
def test_files_and_record_must_fit_together(
    files: list[Migration], rows: list[Applied], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(files, rows)


def test_the_files_of_the_project_are_in_order() -> None:
    files = read_directory(SQL_DIR, "sluice")
    assert plan(files, []) == files
