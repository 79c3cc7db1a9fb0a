"""Base64 in text: found, decoded where it holds readable text, and encoded again."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from pipeline.extensions import check_interface
from pipeline.redaction import base64_runs

MIN_LENGTH: Final = 24
check_interface(base64_runs, 1)

_RUN: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/=_-])")
_HEX: Final = re.compile(r"[0-9a-fA-F-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_URL_SAFE: Final = str.maketrans("-_", "+/")


def runs(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, content) of the runs of base64 in `text` that decode to readable text."""
    found: list[tuple[int, int, str]] = []
    # most texts are made of short words: it is cheap to tell that no run is possible
    if len(text) < MIN_LENGTH or not base64_runs.may_hold(text, MIN_LENGTH):
        return found
    for match in _RUN.finditer(text):
        content = decode(match.group())
        if content is not None:
            found.append((match.start(), match.end(), content))
    return found


def decode(run: str) -> str | None:
    """Return the text that `run` encodes, or None where it is no base64 of readable text."""
    if _HEX.fullmatch(run):
        return None
    body = run.rstrip("=").translate(_URL_SAFE)
    if len(body) % 4 == 1:
        return None
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return None if _CONTROL.search(text) else text


def encode(text: str, like: str) -> str:
    """Encode in the alphabet of `like`, with padding only if `like` may have had it."""
    encoder = base64.urlsafe_b64encode if ("-" in like or "_" in like) else base64.b64encode
    encoded = encoder(text.encode()).decode("ascii")
    return encoded if len(like) % 4 == 0 else encoded.rstrip("=")
