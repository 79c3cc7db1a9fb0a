"""What a statement may reach: tables of the engine, and nothing else of this machine.

A server confines files, programs and foreign sources by its configuration and its users' grants.
The embedded engine has one user with every grant, and no configuration to take any back. So what
may be called is listed here, and every other table function, engine and dictionary source that
the engine knows is refused; a later engine's new ones are refused until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.sql import tokens

KNOWN_NAMES = (
    "SELECT name FROM system.table_functions UNION DISTINCT "
    "SELECT name FROM system.table_engines UNION DISTINCT "
    "SELECT name FROM system.database_engines UNION DISTINCT "
    "SELECT name FROM system.dictionary_sources"
)
"""Lists what the engine knows."""

# fmt: off
_ALLOWED = frozenset(name.upper() for name in (
    # table functions over numbers, constants and the engine's own tables
    "numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generateSeries", "generate_series",
    "generateRandom", "values", "SQLStandardValues", "null", "view", "viewIfPermitted",
    "viewExplain", "merge", "mergeTreeIndex", "mergeTreeProjection", "mergeTreeAnalyzeIndexes",
    "mergeTreeTextIndex", "dictionary", "input", "format", "loop", "fuzzJSON", "cluster",
    "clusterAllReplicas", "timeSeriesData", "timeSeriesTags", "timeSeriesMetrics",
    # table engines
    "MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree",
    "CollapsingMergeTree", "VersionedCollapsingMergeTree", "CoalescingMergeTree",
    "GraphiteMergeTree", "Memory", "Log", "TinyLog", "StripeLog", "Set", "Join", "Buffer", "Null",
    "View", "MaterializedView", "Merge", "Dictionary", "Alias", "TimeSeries",
    # database engines and dictionary sources
    "Atomic", "Ordinary", "clickhouse",
))
# fmt: on
# ordinary functions that read files
_REFUSED_FUNCTIONS = frozenset({"FILE", "CATBOOSTEVALUATE"})


class Guard:
    """Refuses statements that leave the engine; `known` are the names that the engine has."""

    def __init__(self, known: Iterable[str]) -> None:
        self._refused = _REFUSED_FUNCTIONS | ({name.upper() for name in known} - _ALLOWED)

    def check(self, sql: bytes) -> None:
        """Raise `ClickHouseError` if `sql` calls, or names as an ENGINE, what is not allowed."""
        found = list(tokens(sql))
        for at, token in enumerate(found):
            if token.kind not in ("word", "quoted"):
                continue
            name = token.text.strip(b'`"').decode(errors="replace").upper()
            called = at + 1 < len(found) and found[at + 1].text == b"("
            before = [one for one in found[max(0, at - 2) : at] if one.text != b"="]
            engine = bool(before) and before[-1].keyword == "ENGINE"
            if (called or engine) and name in self._refused:
                raise ClickHouseError(
                    Code.ACCESS_DENIED,
                    "Not enough privileges: the local engine does not reach files, programs "
                    "and other servers",
                )
