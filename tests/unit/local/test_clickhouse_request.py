"""Requests, exceptions and encodings of the ClickHouse interface, without an engine."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pipeline.local.clickhouse.encoding import CHUNK, choose, decode, encoder
from pipeline.local.clickhouse.engine import memory_limits
from pipeline.local.clickhouse.exceptions import ClickHouseError, Code, from_engine
from pipeline.local.clickhouse.request import QueryRequest, parse

COMPRESS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "lz4": lz4.frame.compress,
}
ENCODINGS = pytest.mark.parametrize("name", list(COMPRESS))


def request(method: str = "POST", headers: dict[str, str] | None = None, **given: str):
    return parse(method, given.items(), CIMultiDict(headers or {}))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


class TestRequest:
    def test_parameters_settings_and_reserved_names_are_sorted(self) -> None:
        found = request(
            query="SELECT 1",
            database="d",
            max_threads="1",
            param_a="x",
            compress="0",
            buffer_size="1",
        )
        assert found.query == "SELECT 1"
        assert found.database == "d"
        assert found.settings == {"max_threads": "1"}
        assert found.parameters == {"a": "x"}

    def test_readonly_is_set_last(self) -> None:
        found = request(readonly="1", max_threads="2", param_a="x")
        assert found.set_statement({"log_comment": "q"}) == (
            "SET log_comment = 'q', max_threads = '2', param_a = 'x', readonly = '1'"
        )

    def test_get_is_read_only_and_never_less_strict(self) -> None:
        assert request("GET").set_statement({}) == "SET readonly = '2'"
        assert request("GET", readonly="0").set_statement({}) == "SET readonly = '2'"
        assert request("GET", readonly="1").set_statement({}) == "SET readonly = '1'"
        assert "readonly" not in request("POST").set_statement({"a": "b"})

    @given(st.text(max_size=40))
    def test_a_value_cannot_leave_its_quotes(self, value: str) -> None:
        statement = request(max_threads=value).set_statement({})
        body = statement.removeprefix("SET max_threads = '").removesuffix("'")
        assert body.replace("\\\\", "").replace("\\'", "").count("'") == 0

    @pytest.mark.parametrize("name", ["a b", "a'", "a;b", "", "param_a b", "1a"])
    def test_a_parameter_that_is_no_name_is_refused(self, name: str) -> None:
        with pytest.raises(ClickHouseError):
            parse("POST", [(name, "x")], CIMultiDict())

    def test_a_format_or_query_id_with_more_in_it_is_refused(self) -> None:
        for given_ in ({"default_format": "CSV; DROP"}, {"query_id": "a\nb"}):
            with pytest.raises(ClickHouseError):
                request(**given_)

    @pytest.mark.parametrize(
        ("headers", "given_", "user", "password"),
        [
            ({}, {}, "default", ""),
            ({"x-clickhouse-user": "u", "x-clickhouse-key": "k"}, {}, "u", "k"),
            ({"Authorization": "Basic dTprOms="}, {}, "u", "k:k"),
            ({}, {"user": "u", "password": "k"}, "u", "k"),
            ({"X-ClickHouse-Key": "k"}, {"user": "other"}, "default", "k"),
        ],
    )
    def test_credentials(
        self, headers: dict[str, str], given_: dict[str, str], user: str, password: str
    ) -> None:
        found = request(headers=headers, **given_).credentials
        assert (found.user, found.password) == (user, password)
        assert not password or password not in repr(found)

    @pytest.mark.parametrize("value", ["Basic ???", "Basic /w==", "Basic"])
    def test_broken_basic_credentials_are_refused(self, value: str) -> None:
        with pytest.raises(ClickHouseError) as raised:
            request(headers={"Authorization": value})
        assert raised.value.code == Code.AUTHENTICATION_FAILED

    def test_a_request_shows_no_query_and_no_value(self) -> None:
        found: QueryRequest = request(query="SELECT 'secret'", param_a="secret", user="u")
        assert "secret" not in repr(found)

    def test_an_external_table_takes_its_parameters(self) -> None:
        given_ = {"t_structure": "a Int8", "t_format": "CSV", "max_threads": "1"}
        found = parse("POST", given_.items(), CIMultiDict(), {"t": b"1"})
        assert (found.tables[0].structure, found.tables[0].format) == ("a Int8", "CSV")
        assert found.settings == {"max_threads": "1"}
        types = parse("POST", [("t_types", "UInt8,String")], CIMultiDict(), {"t": b"1"})
        assert types.tables[0].structure == "_1 UInt8, _2 String"


class TestExceptions:
    def test_the_engines_message_is_unwrapped(self) -> None:
        raised = RuntimeError(
            "Streaming failed: Code: 27. DB::Exception: Code: 27. DB::Exception: Cannot parse x: "
            "(in file/uri /data/spool/0a): While executing CSV: While executing File: data for "
            "INSERT was parsed from file. (CANNOT_PARSE) (version 26.9.2.1). (CANNOT_PARSE)"
        )
        found = from_engine(raised)
        assert found.code == 27
        assert found.body("26.9.2.1") == (
            "Code: 27. DB::Exception: Cannot parse x: While executing CSV. (CANNOT_PARSE) "
            "(version 26.9.2.1 (official build))\n"
        )

    def test_a_message_without_a_code_is_not_shown(self) -> None:
        found = from_engine(RuntimeError("something with a secret in it"))
        assert found.code == Code.UNKNOWN_EXCEPTION
        assert "secret" not in str(found)

    @pytest.mark.parametrize(
        ("code", "status"), [(62, 400), (60, 404), (497, 403), (516, 403), (241, 500), (159, 408)]
    )
    def test_the_status_is_the_servers(self, code: int, status: int) -> None:
        assert ClickHouseError(code, "x").http_status == status


class TestEncoding:
    @pytest.mark.parametrize(
        ("header", "chosen"),
        [
            ("", None),
            ("identity", None),
            ("br", None),
            ("gzip, deflate, br, zstd", "zstd"),
            ("lz4,zstd,gzip", "lz4"),
            ("GZIP;q=0.5", "gzip"),
            ("zstd;q=0, gzip", "gzip"),
        ],
    )
    def test_the_cheapest_that_is_accepted_is_chosen(self, header: str, chosen: str | None) -> None:
        assert choose(header) == chosen

    @ENCODINGS
    @given(data=st.binary(max_size=2000), size=st.integers(1, 300))
    def test_what_is_compressed_is_read_back_in_any_pieces(
        self, name: str, data: bytes, size: int
    ) -> None:
        assert b"".join(decode(name, pieces(COMPRESS[name](data), size))) == data
        compressor = encoder(name)
        stream = b"".join(compressor.compress(piece) for piece in pieces(data, size))
        assert b"".join(decode(name, iter([stream + compressor.flush()]))) == data

    @ENCODINGS
    def test_what_expands_without_measure_comes_in_small_chunks(self, name: str) -> None:
        bomb = COMPRESS[name](bytes(64 * CHUNK))
        sizes = [len(chunk) for chunk in decode(name, iter([bomb]))]
        assert sum(sizes) == 64 * CHUNK
        assert max(sizes) <= CHUNK

    @ENCODINGS
    def test_a_body_cut_short_or_damaged_is_refused(self, name: str) -> None:
        whole = COMPRESS[name](bytes(range(256)) * 400)
        for damaged in (whole[:-4], b"\x00" * 20):
            with pytest.raises(ClickHouseError) as raised:
                list(decode(name, iter([damaged])))
            assert raised.value.code == Code.CANNOT_DECOMPRESS

    @ENCODINGS
    def test_two_members_are_one_body(self, name: str) -> None:
        both = COMPRESS[name](b"a" * 100) + COMPRESS[name](b"b" * 100)
        assert b"".join(decode(name, pieces(both, 7))) == b"a" * 100 + b"b" * 100

    def test_an_unknown_encoding_is_refused(self) -> None:
        with pytest.raises(ClickHouseError) as raised:
            decode("br", iter([b""]))
        assert raised.value.code == Code.UNKNOWN_COMPRESSION_METHOD


def test_memory_limits_follow_the_machine() -> None:
    small, middle, large = (memory_limits(total) for total in (1024, 8192, 131_072))
    assert (small.server_memory_mb, middle.server_memory_mb) == (1024, 2048)
    assert large.server_memory_mb == 4096
    assert large.query_memory_mb == 2048
