"""Errors of clickhouse-connect in Sluice's words: what may be tried again, and what may not.

ClickHouse quotes values in its messages ("Cannot parse input: expected ',' before …"). None of
that text goes on: a message here holds what was tried, the code and the code's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import DatabaseError, DataError, Error, OperationalError
from urllib3.exceptions import HTTPError

from pipeline.errors import ConfigError, InputError, PermanentError, SluiceError, UnavailableError

RETRYABLE_CODES: dict[int, str] = {
    159: "TIMEOUT_EXCEEDED",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    225: "NO_ZOOKEEPER",
    236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE",
    252: "TOO_MANY_PARTS",
    279: "ALL_CONNECTION_TRIES_FAILED",
    285: "TOO_FEW_LIVE_REPLICAS",
    286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    319: "UNKNOWN_STATUS_OF_INSERT",
    373: "SESSION_IS_LOCKED",
    394: "QUERY_WAS_CANCELLED",
    439: "CANNOT_SCHEDULE_TASK",
    473: "DEADLOCK_AVOIDED",
    499: "S3_ERROR",
    745: "SERVER_OVERLOADED",
    999: "KEEPER_EXCEPTION",
}
"""The server may answer the same request later."""

PERMANENT_CODES: dict[int, str] = {
    6: "CANNOT_PARSE_TEXT",
    16: "NO_SUCH_COLUMN_IN_TABLE",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    33: "CANNOT_READ_ALL_DATA",
    36: "BAD_ARGUMENTS",
    47: "UNKNOWN_IDENTIFIER",
    53: "TYPE_MISMATCH",
    57: "TABLE_ALREADY_EXISTS",
    60: "UNKNOWN_TABLE",
    62: "SYNTAX_ERROR",
    70: "CANNOT_CONVERT_TYPE",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING",
    164: "READONLY",
    469: "VIOLATED_CONSTRAINT",
    497: "ACCESS_DENIED",
    516: "AUTHENTICATION_FAILED",
}
"""Names for the codes people meet; a code in neither table is permanent and shown as a number."""

VALUE_CODES = frozenset({6, 27, 53, 69, 70, 131, 321, 349, 469})
"""Permanent, and the fault of a value in the rows sent: other rows would be taken."""

LEASE_CONSTRAINT = "within_lease"
"""The constraint of schemas/clickhouse that refuses rows of a sink which lost their partition."""


class TooLateError(UnavailableError):
    """Rows came after their lease; fewer rows at once come sooner."""


_HINTS = {
    60: "run `sluice migrate`",
    81: "run `sluice migrate`",
    497: "grant the user of clickhouse.username what the message's statement needs",
    516: "check clickhouse.username and clickhouse.password",
}
_HTTP_STATUS = re.compile(r"HTTP driver received HTTP status (\d{3})")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what clickhouse-connect raises inside into Sluice's errors; `what` names the attempt.

    The original is not chained: its text may hold data, and tracebacks reach logs.
    """
    try:
        yield
    except Error as error:
        raise _from_server(what, error) from None
    except (HTTPError, OSError) as error:
        raise UnavailableError(
            f"{what}: ClickHouse does not answer ({type(error).__name__})"
        ) from None


def _from_server(what: str, error: Error) -> SluiceError:
    code = error.code
    if code is None:
        return _without_code(what, error)
    name = RETRYABLE_CODES.get(code) or PERMANENT_CODES.get(code)
    message = f"{what}: ClickHouse refused with code {code}" + (f" ({name})" if name else "")
    if code == 469 and LEASE_CONSTRAINT in str(error):
        return TooLateError(f"{what}: it came after its lease, or the clocks differ")
    if code in RETRYABLE_CODES:
        return UnavailableError(message)
    kind: type[SluiceError] = PermanentError
    if code in (497, 516):
        kind = ConfigError
    elif code in VALUE_CODES:
        kind = InputError
    return kind(message, hint=_HINTS.get(code, ""))


def _without_code(what: str, error: Error) -> SluiceError:
    """Judge an error that carries no ClickHouse code: the network's, a proxy's, or the client's."""
    status = _HTTP_STATUS.search(str(error))
    if status is not None:
        number = int(status.group(1))
        message = f"{what}: ClickHouse answered HTTP {number}"
        retryable = number >= 500 or number in (408, 429)
        return UnavailableError(message) if retryable else PermanentError(message)
    if isinstance(error, OperationalError) or type(error) is DatabaseError:
        return UnavailableError(f"{what}: ClickHouse does not answer")
    if isinstance(error, DataError):
        return InputError(f"{what}: a value does not fit its column")
    return PermanentError(f"{what}: not possible ({type(error).__name__})")
