"""Our own tokens in a text: hidden from the search, cut out of what it finds, counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.redaction.pseudonyms import token_pattern
from pipeline.redaction.spans import Span

MASK: Final = "\x7f"
"""DEL: no pattern, word list or checksum knows it, JSON takes it, and an ASCII text stays one."""


class Hidden:
    """A text with its tokens covered by `MASK`, character for character, and where they stand."""

    __slots__ = ("places", "text")

    def __init__(self, text: str, places: list[tuple[int, int]]) -> None:
        self.text = text
        self.places = places

    def is_all_tokens(self) -> bool:
        """Tell whether there are tokens, and no word beside them."""
        return bool(self.places) and not has_word(self.text.strip(MASK))


class OwnTokens:
    """Knows the tokens made with any key of a keyring."""

    def __init__(self, key_ids: frozenset[str]) -> None:
        self._pattern = token_pattern(key_ids)

    def hide(self, text: str) -> Hidden:
        """Cover the tokens of `text`."""
        if "<" not in text:
            return Hidden(text, [])
        places = [match.span() for match in self._pattern.finditer(text)]
        if not places:
            return Hidden(text, [])
        parts: list[str] = []
        reached = 0
        for start, end in places:
            parts.append(text[reached:start])
            parts.append(MASK * (end - start))
            reached = end
        parts.append(text[reached:])
        return Hidden("".join(parts), places)

    def count(self, text: str, counts: dict[str, int]) -> None:
        """Add the tokens of `text` to `counts`, by entity."""
        if "<" in text:
            for match in self._pattern.finditer(text):
                counts[match.group(1)] = counts.get(match.group(1), 0) + 1


def cut_out(spans: Sequence[Span], hidden: Hidden) -> list[Span]:
    """Cut tokens out of spans: what is left of a span on either side stays a span.

    Both are sorted by start and without overlaps; time is linear in their number.
    """
    places = hidden.places
    if not places:
        return list(spans)
    pieces: list[Span] = []
    next_place = 0
    for span in spans:
        while next_place < len(places) and places[next_place][1] <= span.start:
            next_place += 1
        begin, place = span.start, next_place
        while place < len(places) and places[place][0] < span.end:
            pieces.append(span._replace(start=begin, end=places[place][0]))
            begin = places[place][1]
            place += 1
        pieces.append(span._replace(start=begin))
    return [
        piece
        for piece in pieces
        if piece.start < piece.end and has_word(hidden.text[piece.start : piece.end])
    ]


def has_word(text: str) -> bool:
    """Tell whether a letter or digit is in `text`."""
    return any(map(str.isalnum, text))
