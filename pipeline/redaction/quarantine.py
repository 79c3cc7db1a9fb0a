"""What the verifier hit is taken out: leaf by leaf, with a record that holds none of it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from pipeline.redaction.contexts import TrustedTree
from pipeline.redaction.pseudonyms import UNVERIFIED
from pipeline.redaction.verifier import Verifier

MAX_PATH: Final = 200
FOUND_BY_VERIFIER: Final = "found_by_verifier"


class Quarantine(NamedTuple):
    """A leaf that became `<UNVERIFIED>`: where (by redacted keys), what it looked like, why."""

    path_hint: str
    entity_type: str
    reason: str


class _Place(NamedTuple):
    holder: Any
    """The dict or list that holds the leaf."""
    at: Any
    """Its key or index there."""
    path: str
    is_key: bool


def quarantine(
    body: dict[str, Any], trusted: TrustedTree, verifier: Verifier
) -> tuple[dict[str, Any], list[Quarantine]]:
    """Return the event without the leaves that the verifier hits, and a record for each."""
    body = orjson.loads(orjson.dumps(body))
    places: list[_Place] = []
    _collect(body, trusted, "", places)
    leaves = [place.at if place.is_key else place.holder[place.at] for place in places]
    records: list[Quarantine] = []

    def safe(path: str) -> str:
        """A path whose own keys were hit says nothing."""
        return path[:MAX_PATH] if verifier.is_clean(path.encode()) else UNVERIFIED

    hits = {hit.buffer: hit for hit in verifier.search([orjson.dumps(leaf) for leaf in leaves])}
    # keys last: renaming one would make the other places of its object wrong
    for index in sorted(hits, key=lambda index: places[index].is_key):
        place = places[index]
        records.append(Quarantine(safe(place.path), hits[index].entity, FOUND_BY_VERIFIER))
        if place.is_key:
            place.holder[_free(UNVERIFIED, place.holder)] = place.holder.pop(place.at)
        else:
            place.holder[place.at] = UNVERIFIED
    return body, records


def marked(body: dict[str, Any]) -> list[str]:
    """Return the paths of all leaves that are `<UNVERIFIED>`, in the order of the walk."""
    places: list[_Place] = []
    _collect(body, None, "", places)
    return [
        place.path
        for place in places
        if UNVERIFIED in str(place.at if place.is_key else place.holder[place.at])
    ]


def without_trusted(body: dict[str, Any], trusted: TrustedTree) -> bytes:
    """Serialise the event without its trusted values: these may look like anything."""
    copy = orjson.loads(orjson.dumps(body))
    _drop_trusted(copy, trusted)
    return orjson.dumps(copy)


def _collect(value: Any, trusted: TrustedTree | None, path: str, places: list[_Place]) -> None:
    if isinstance(value, dict):
        for key, child in value.items():
            known = trusted is not None and key in trusted
            below = trusted.get(key) if trusted is not None else None
            inner = f"{path}.{key}" if path else key
            if not known:
                places.append(_Place(value, key, f"{path}.{UNVERIFIED}".lstrip("."), True))
            if known and below is None and _is_scalar(child):
                continue
            _collect_child(value, key, child, below, inner, places)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _collect_child(value, index, child, trusted, f"{path}[{index}]", places)


def _collect_child(
    holder: Any, at: Any, child: Any, below: TrustedTree | None, path: str, places: list[_Place]
) -> None:
    if isinstance(child, dict | list):
        _collect(child, below, path, places)
    elif isinstance(child, str | int | float) and not isinstance(child, bool):
        places.append(_Place(holder, at, path, False))


def _drop_trusted(value: Any, trusted: TrustedTree) -> None:
    if isinstance(value, list):
        for child in value:
            _drop_trusted(child, trusted)
        return
    if not isinstance(value, dict):
        return
    for key, below in trusted.items():
        if key not in value:
            continue
        if below is not None:
            _drop_trusted(value[key], below)
        elif _is_scalar(value[key]):
            value[key] = None


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _free(name: str, holder: dict[str, Any]) -> str:
    free, number = name, 2
    while free in holder:
        free, number = f"{name}~{number}", number + 1
    return free
