"""ClickHouse's exceptions: their codes, their text and the HTTP status a server sends with each."""

from __future__ import annotations

import re
from enum import IntEnum

from pipeline.errors import SluiceError

_CODE = re.compile(r"Code: (\d+)\. ")
# The engine reads bodies from files of ours: it says so, and wraps the exception in its own kind.
_SPOOL_FILE = re.compile(
    r": \(in file/uri [^)]*\)|: While executing File: data for INSERT was parsed from file"
)
_WRAPPED_HEAD = re.compile(r"^(Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+")
_WRAPPED_TAIL = re.compile(r"(\. \(\w+\)) \(version [^)]*\)+\. \(\w+\)$")
_VERSION = re.compile(r" ?\(version [^)]*\)+\s*$")


class Code(IntEnum):
    """The codes this interface raises itself; the numbers are ClickHouse's."""

    BAD_ARGUMENTS = 36
    CHECKSUM_DOESNT_MATCH = 40
    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    UNKNOWN_COMPRESSION_METHOD = 89
    UNKNOWN_FORMAT = 73
    READONLY = 164
    QUERY_IS_TOO_LARGE = 229
    ABORTED = 236
    CANNOT_DECOMPRESS = 271
    INTO_OUTFILE_NOT_ALLOWED = 358
    QUERY_WAS_CANCELLED = 394
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516
    UNKNOWN_EXCEPTION = 1002


# After exceptionCodeToHTTPStatus in ClickHouse's src/Server/HTTP/exceptionCodeToHTTPStatus.cpp.
# fmt: off
_BAD_REQUEST = frozenset((
    6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 184, 223, 321, 376,
    427, 441, 675, 676,
))
# fmt: on
_NOT_FOUND = frozenset((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511))
_OTHER_STATUS = {
    194: 401,
    192: 403,
    193: 403,
    497: 403,
    512: 403,
    516: 403,
    159: 408,
    381: 411,
    229: 413,
    48: 501,
    76: 503,
    209: 503,
    236: 503,
    439: 503,
}


class ClickHouseError(SluiceError):
    """An exception as ClickHouse words it: `Code: N. DB::Exception: text. (NAME)`.

    Its text may quote data (a row that cannot be parsed): it goes to the client that sent the
    data, never to a log.
    """

    def __init__(self, code: int, text: str) -> None:
        name = code.name if isinstance(code, Code) else ""
        super().__init__(f"Code: {int(code)}. DB::Exception: {text}. ({name})" if name else text)
        self.code = int(code)

    @property
    def http_status(self) -> int:
        """The HTTP status a ClickHouse server sends with this code."""
        if self.code in _BAD_REQUEST:
            return 400
        if self.code in _NOT_FOUND:
            return 404
        return _OTHER_STATUS.get(self.code, 500)

    def body(self, version: str) -> str:
        """Return the text of the HTTP response: the message, the server's version, a line end."""
        message = _VERSION.sub("", str(self).strip())
        return f"{message} (version {version} (official build))\n"


def from_engine(error: Exception) -> ClickHouseError:
    """Return the engine's error as ClickHouse's exception; unknown text gets code 1002."""
    text = str(error)
    found = _CODE.search(text)
    if found is None:
        return ClickHouseError(Code.UNKNOWN_EXCEPTION, "the engine failed without a message")
    text = _SPOOL_FILE.sub("", text[found.start() :])
    text = _WRAPPED_TAIL.sub(r"\1", _WRAPPED_HEAD.sub(r"\1", text))
    return ClickHouseError(int(found.group(1)), text)
