"""A request's parameters, sorted into what ClickHouse's HTTP interface makes of them."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.sql import quote

# Parameters with a meaning of their own; every other name is a setting. After
# reserved_param_names in ClickHouse's src/Server/HTTPHandler.cpp.
# fmt: off
_RESERVED = frozenset((
    "query", "database", "default_format", "query_id", "user", "password", "quota_key", "role",
    "stacktrace", "buffer_size", "compress", "decompress", "wait_end_of_query", "session_id",
    "session_timeout", "session_check", "close_session", "client_protocol_version",
))
# fmt: on
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_PARAMETER_PREFIX = "param_"


@dataclass(frozen=True)
class Credentials:
    """Who asks; the password stays out of `repr`."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ExternalTable:
    """A table that comes with the request and lives as long."""

    name: str
    structure: str
    """Columns as in CREATE TABLE."""
    format: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class QueryRequest:
    """One request to run a statement."""

    query: str = field(repr=False)
    """SQL from the URL; the body follows it."""
    query_id: str
    credentials: Credentials
    database: str = ""
    default_format: str = ""
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of `{name:Type}`, in ClickHouse's escaped text form."""
    read_only: bool = False
    """A GET may only read."""
    content_encoding: str = ""
    accept_encoding: str = ""
    protocol_version: int = 0
    """What the client knows of the TCP protocol's blocks; the Native format depends on it."""
    block_compressed: bool = False
    """`decompress=1`: the body is in ClickHouse's own compressed blocks."""
    compress_blocks: bool = False
    """`compress=1`: so shall be the answer."""
    whole: bool = False
    """`wait_end_of_query=1`: no byte of the answer before the statement has succeeded."""
    tables: tuple[ExternalTable, ...] = ()

    def enabled(self, setting: str) -> bool:
        """Tell whether a boolean setting of this request is on."""
        return self.settings.get(setting, "0").lower() in ("1", "true")

    def set_statement(self, defaults: Mapping[str, str]) -> str:
        """Return the SET statement for settings and query parameters, over some defaults.

        `readonly` comes last: after it nothing can be set any more.
        """
        values = {**defaults, **self.settings}
        if self.read_only and values.get("readonly", "0") == "0":
            values["readonly"] = "2"
        values.update({_PARAMETER_PREFIX + name: v for name, v in self.parameters.items()})
        if "readonly" in values:
            values["readonly"] = values.pop("readonly")
        return "SET " + ", ".join(f"{name} = {quote(value)}" for name, value in values.items())


def parse(
    method: str,
    parameters: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    files: Mapping[str, bytes] | None = None,
) -> QueryRequest:
    """Sort the parameters (of the URL, then of a form), headers and files of one request.

    `headers` must be case-insensitive. A repeated parameter's last value counts. Raises
    `ClickHouseError` for a parameter that cannot be a setting's name.
    """
    given = dict(parameters)
    tables = tuple(_external_table(name, data, given) for name, data in (files or {}).items())
    settings = {}
    for name, value in given.items():
        if name in _RESERVED or name.startswith(_PARAMETER_PREFIX):
            continue
        if not _NAME.fullmatch(name):
            raise ClickHouseError(Code.BAD_ARGUMENTS, "A parameter is not a name of a setting")
        settings[name] = value
    for name in given:
        if name.startswith(_PARAMETER_PREFIX) and not _NAME.fullmatch(name):
            raise ClickHouseError(Code.BAD_ARGUMENTS, "A query parameter's name is not a name")
    query_id = given.get("query_id") or new_query_id()
    if not query_id.isprintable():
        raise ClickHouseError(Code.BAD_ARGUMENTS, "A query id must be printable")
    output_format = given.get("default_format") or headers.get("X-ClickHouse-Format", "")
    if output_format and not _NAME.fullmatch(output_format):
        raise ClickHouseError(Code.UNKNOWN_FORMAT, "Unknown format")
    return QueryRequest(
        query=given.get("query", ""),
        query_id=query_id,
        credentials=credentials(given, headers),
        database=given.get("database") or headers.get("X-ClickHouse-Database", ""),
        default_format=output_format,
        settings=settings,
        parameters={
            name.removeprefix(_PARAMETER_PREFIX): value
            for name, value in given.items()
            if name.startswith(_PARAMETER_PREFIX)
        },
        read_only=method == "GET",
        content_encoding=headers.get("Content-Encoding", ""),
        accept_encoding=headers.get("Accept-Encoding", ""),
        protocol_version=_number(given.get("client_protocol_version", "0")),
        block_compressed=given.get("decompress", "0") == "1",
        compress_blocks=given.get("compress", "0") == "1",
        whole=given.get("wait_end_of_query", "0") == "1",
        tables=tables,
    )


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ClickHouseError(Code.BAD_ARGUMENTS, "client_protocol_version is not a number")
    return int(text)


def _external_table(name: str, data: bytes, given: dict[str, str]) -> ExternalTable:
    """Describe one file of a form by its parameters, and take these out of `given`."""
    structure = given.pop(f"{name}_structure", "")
    types = given.pop(f"{name}_types", "")
    data_format = given.pop(f"{name}_format", "TabSeparated")
    if types and not structure:
        structure = ", ".join(f"_{n} {one}" for n, one in enumerate(types.split(","), 1))
    if not structure or not _NAME.fullmatch(name) or not _NAME.fullmatch(data_format):
        raise ClickHouseError(
            Code.BAD_ARGUMENTS, "An external table needs a name, a structure and a format"
        )
    return ExternalTable(name, structure, data_format, data)


def new_query_id() -> str:
    """Return a random query id in the form that ClickHouse gives its own."""
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


def credentials(given: Mapping[str, str], headers: Mapping[str, str]) -> Credentials:
    """Read user and password: ClickHouse's headers, else basic auth, else URL parameters."""
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return Credentials(
            headers.get("X-ClickHouse-User", "default"), headers.get("X-ClickHouse-Key", "")
        )
    scheme, _, encoded = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, password = base64.b64decode(encoded, validate=True).decode().split(":", 1)
        except ValueError:
            raise ClickHouseError(
                Code.AUTHENTICATION_FAILED, "Invalid HTTP basic authentication"
            ) from None
        return Credentials(user or "default", password)
    return Credentials(given.get("user") or "default", given.get("password", ""))
