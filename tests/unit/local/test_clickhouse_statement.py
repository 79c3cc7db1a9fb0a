"""Where statement, format and data are told apart, without an engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.clickhouse.access import Guard
from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.local.clickhouse.statement import Kind, analyse
from pipeline.sql import quote, quote_name, split_statements, tokens


def texts(sql: str) -> list[str]:
    return [token.text.decode() for token in tokens(sql.encode())]


class TestTokens:
    def test_comments_and_spaces_are_left_out(self) -> None:
        sql = "a -- b\n# c\n/* d */e #!f"
        assert texts(sql) == ["a", "e"]

    def test_strings_names_and_heredocs_are_one_token(self) -> None:
        sql = r"""'it''s \' ;' `a``b;` "c""d" $x$ ; ' $x$ $$ ; $$"""
        assert texts(sql) == [
            r"'it''s \' ;'",
            "`a``b;`",
            '"c""d"',
            "$x$ ; ' $x$",
            "$$ ; $$",
        ]

    def test_an_unclosed_string_is_left_to_the_engine(self) -> None:
        assert texts("SELECT 'abc") == ["SELECT", "'", "abc"]

    def test_depth_counts_brackets(self) -> None:
        found = {token.text: token.depth for token in tokens(b"a (b [c {d}])")}
        assert found == {
            **{b"a": 0, b"(": 0, b"b": 1, b"[": 1, b"c": 2, b"{": 2, b"d": 3},
            **{b"}": 2, b"]": 1, b")": 0},
        }

    @given(st.binary(max_size=200))
    def test_tokens_stand_where_they_say_and_do_not_overlap(self, text: bytes) -> None:
        end = 0
        for token in tokens(text):
            assert token.start >= end
            assert text[token.start : token.end] == token.text
            end = token.end

    @given(st.text(max_size=50), st.text(max_size=50))
    def test_a_quoted_value_or_name_is_one_token(self, value: str, name: str) -> None:
        found = list(tokens(f"x {quote(value)} {quote_name(name)} y".encode()))
        assert [token.kind for token in found] == ["word", "string", "quoted", "word"]

    @given(st.lists(st.text(max_size=20), max_size=5))
    def test_a_script_falls_apart_at_its_semicolons_alone(self, values: list[str]) -> None:
        statements = [f"SELECT {quote(value)}" for value in values]
        assert split_statements(" ;\n".join(statements)) == statements


class TestQueries:
    @pytest.mark.parametrize(
        ("sql", "kind", "verb"),
        [
            ("SELECT 1", Kind.SELECT, "SELECT"),
            ("  -- x\n ((SELECT 1))", Kind.SELECT, "SELECT"),
            ("WITH 1 AS a SELECT a", Kind.SELECT, "WITH"),
            ("show tables", Kind.OTHER, "SHOW"),
            ("INSERT INTO t SELECT 1", Kind.OTHER, "INSERT"),
            ("INSERT INTO t (SELECT 1)", Kind.OTHER, "INSERT"),
            ("INSERT INTO t (a) WITH 1 AS x SELECT x", Kind.OTHER, "INSERT"),
            (" ; -- nothing", Kind.EMPTY, ""),
        ],
    )
    def test_kinds(self, sql: str, kind: Kind, verb: str) -> None:
        found = analyse(sql.encode())
        assert (found.kind, found.verb) == (kind, verb)

    @pytest.mark.parametrize(
        ("sql", "name", "rest"),
        [
            ("SELECT 1 FORMAT CSV", "CSV", b"SELECT 1 "),
            ("SELECT 1 format CSV; -- x", "CSV", b"SELECT 1 "),
            ("SELECT 1 FORMAT CSV SETTINGS a = 1", "CSV", b"SELECT 1  SETTINGS a = 1"),
            ("SELECT format FROM t", None, b"SELECT format FROM t"),
            ("SELECT 1 AS format FORMAT x", "x", b"SELECT 1 AS format "),
            ("SELECT format('{}', a) FROM (SELECT 1 AS a)", None, None),
            ("SELECT 'FORMAT CSV'", None, None),
        ],
    )
    def test_the_format_clause_is_taken_out(
        self, sql: str, name: str | None, rest: bytes | None
    ) -> None:
        found = analyse(sql.encode())
        assert found.format == name
        assert found.sql == (sql.encode() if rest is None else rest)

    def test_a_result_is_sent_to_a_file_before_settings(self) -> None:
        found = analyse(b"SELECT 1 FORMAT CSV SETTINGS a = 1")
        assert found.with_output("/x'y", "JSON").split() == (
            rb"SELECT 1 INTO OUTFILE '/x\'y' FORMAT JSON SETTINGS a = 1".split()
        )

    def test_a_closing_comment_does_not_swallow_the_clause(self) -> None:
        found = analyse(b"SELECT 1 -- note")
        assert b"\nINTO OUTFILE '/f' FORMAT CSV" in found.with_output("/f", "CSV")

    @pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SET a = 1; DROP TABLE t", "a;b;c"])
    def test_several_statements_are_refused(self, sql: str) -> None:
        with pytest.raises(ClickHouseError, match="Multi-statements") as raised:
            analyse(sql.encode())
        assert raised.value.code == Code.SYNTAX_ERROR

    @pytest.mark.parametrize("sql", ["SELECT ';'", "SELECT 1;", "SELECT 1 /* ; */;;", "SELECT `;`"])
    def test_other_semicolons_are_not(self, sql: str) -> None:
        assert analyse(sql.encode()).kind is Kind.SELECT


class TestInserts:
    @pytest.mark.parametrize(
        ("text", "sql", "input_format", "data"),
        [
            (b"INSERT INTO t FORMAT CSV\n1", b"INSERT INTO t ", "CSV", b"1"),
            (b"INSERT INTO t FORMAT CSV 1\n2", b"INSERT INTO t ", "CSV", b"1\n2"),
            (b"INSERT INTO t FORMAT CSV \r\n\n1", b"INSERT INTO t ", "CSV", b"\n1"),
            (b"INSERT INTO t FORMAT Native\n\x00'\xff", b"INSERT INTO t ", "Native", b"\x00'\xff"),
            (b"insert into d.t (a, b) values (1)", b"insert into d.t (a, b) ", "Values", b" (1)"),
            (b"INSERT INTO format FORMAT CSV\n1", b"INSERT INTO format ", "CSV", b"1"),
            (b"INSERT INTO d.values VALUES (1)", b"INSERT INTO d.values ", "Values", b" (1)"),
            (b"INSERT INTO `from` VALUES (1)", b"INSERT INTO `from` ", "Values", b" (1)"),
            (b"INSERT INTO TABLE t VALUES(1)", b"INSERT INTO TABLE t ", "Values", b"(1)"),
            (b"INSERT t FORMAT TSV\n1", b"INSERT t ", "TSV", b"1"),
            (b"INSERT INTO t (a, b)", b"INSERT INTO t (a, b)", "Values", b""),
        ],
    )
    def test_statement_format_and_data(
        self, text: bytes, sql: bytes, input_format: str, data: bytes
    ) -> None:
        found = analyse(text)
        assert found.kind is Kind.INSERT
        assert (found.sql, found.format, text[found.data_offset :]) == (sql, input_format, data)

    def test_a_file_is_named_before_the_settings(self) -> None:
        found = analyse(b"INSERT INTO t (a) SETTINGS max_threads = 1 FORMAT CSV\n1")
        assert found.with_input("/f").split() == (
            b"INSERT INTO t (a) FROM INFILE '/f' SETTINGS max_threads = 1 FORMAT CSV".split()
        )

    def test_the_function_input_reads_the_file(self) -> None:
        text = b"INSERT INTO t SELECT a + 1 FROM input('a UInt8') FORMAT CSV\n1"
        found = analyse(text)
        assert text[found.data_offset :] == b"1"
        assert found.with_input("/f") == (
            b"INSERT INTO t SELECT a + 1 FROM file('/f', CSV, 'a UInt8') "
        )

    @given(st.binary(max_size=100))
    def test_data_is_never_read_as_sql(self, data: bytes) -> None:
        text = b"INSERT INTO t FORMAT RowBinary\n" + data
        found = analyse(text)
        assert (found.sql, found.format) == (b"INSERT INTO t ", "RowBinary")
        assert text[found.data_offset :] == data


class TestGuard:
    guard = Guard(
        ["file", "url", "File", "Filesystem", "executable", "numbers", "MergeTree", "new"]
    )

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM file('x')",
            "SELECT * FROM FILE ( 'x' )",
            "SELECT * FROM `file`('x')",
            "SELECT * FROM url('file:///x')",
            "SELECT * FROM new(1)",
            "CREATE TABLE t (a Int8) ENGINE = File(CSV, '/x')",
            "CREATE TABLE t (a Int8) ENGINE File",
            "CREATE DATABASE d ENGINE = Filesystem",
            "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'ls'))",
            "INSERT INTO FUNCTION file('x')",
        ],
    )
    def test_what_leaves_the_engine_is_refused(self, sql: str) -> None:
        with pytest.raises(ClickHouseError) as raised:
            self.guard.check(sql.encode())
        assert raised.value.code == Code.ACCESS_DENIED

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT file FROM t",
            "SELECT 'file(x)'",
            "SELECT url, a(1)",
            "SELECT * FROM numbers(3)",
            "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a",
            "SELECT engine = 'File' FROM system.tables",
        ],
    )
    def test_what_stays_in_it_is_not(self, sql: str) -> None:
        self.guard.check(sql.encode())


@pytest.mark.parametrize(
    "sql", ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", "SELECT 1 INTO OUTFILE 'x'"]
)
def test_files_of_the_server_cannot_be_named(sql: str) -> None:
    with pytest.raises(ClickHouseError):
        analyse(sql.encode())
