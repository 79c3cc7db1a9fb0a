"""Patterns in RE2's syntax as trees over the bytes of UTF-8.

What is here is what triggers are made of: literals, classes, groups, alternatives, repeats, `\\b`,
`(?i)` and `(?m)^`. Anything else is `Unsupported`, and left to RE2 itself. Classes are RE2's:
`\\d`, `\\w`, `\\s` and `\\b` are ASCII.

A class that leaves out some characters beyond ASCII (`[^ä]`) takes all of them: a gate may be a
little too open, never too narrow.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final

WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_ASCII: Final = frozenset(map(chr, range(128)))
_CLASSES: Final = {"d": frozenset(string.digits), "w": WORD, "s": frozenset("\t\n\f\r ")}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_WIDEST_RANGE: Final = 0x1000
"""Of characters beyond ASCII, each of which becomes a branch."""


class Unsupported(Exception):  # noqa: N818 - said of a pattern, no error of the program
    """A pattern has a construct that the automata do not have."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """One byte out of a set, a bit mask of 256 bits."""

    mask: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; without parts, the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of them."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """None, one, or with `many` any number of it."""

    part: Node
    many: bool


@dataclass(frozen=True, slots=True)
class Boundary:
    """Between a word character and another, or an end of the text."""


@dataclass(frozen=True, slots=True)
class LineStart:
    """The start of the text or behind a line feed."""


Node = Bytes | Sequence | Choice | Repeat | Boundary | LineStart


def _any_of(first: int, last: int) -> Bytes:
    return Bytes(sum(1 << byte for byte in range(first, last + 1)))


_CONTINUATION: Final = _any_of(0x80, 0xBF)
_BEYOND_ASCII: Final = Choice(
    tuple(
        Sequence((_any_of(first, last), *[_CONTINUATION] * more))
        for first, last, more in ((0xC2, 0xDF, 1), (0xE0, 0xEF, 2), (0xF0, 0xF4, 3))
    )
)


def parse(pattern: str) -> Node:
    """Return `pattern` as a tree. Raises `Unsupported`, also for what is no pattern at all."""
    try:
        return _Parser(pattern).whole()
    except (IndexError, ValueError) as error:
        raise Unsupported("not read to its end") from error


@dataclass(frozen=True, slots=True)
class _Class:
    """A set of characters: these, and with `beyond` all that are not ASCII."""

    chars: frozenset[str]
    beyond: bool = False

    def node(self) -> Node:
        ascii_mask = sum(1 << ord(char) for char in self.chars if char < "\x80")
        options: list[Node] = [Bytes(ascii_mask)] if ascii_mask else []
        if self.beyond:
            options.append(_BEYOND_ASCII)
        else:
            options += [_utf8(char) for char in sorted(self.chars) if char >= "\x80"]
        return options[0] if len(options) == 1 else Choice(tuple(options))


def _utf8(char: str) -> Node:
    return Sequence(tuple(Bytes(1 << byte) for byte in char.encode()))


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._fold = False
        self._lines = False

    def whole(self) -> Node:
        node = self._choice()
        if self._at < len(self._pattern):
            raise Unsupported("an unopened group")
        return node

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._pattern[self._at]
        self._at += 1
        return char

    def _upto(self, end: str) -> str:
        stop = self._pattern.index(end, self._at)
        taken = self._pattern[self._at : stop]
        self._at = stop + 1
        return taken

    def _choice(self) -> Node:
        flags = self._fold, self._lines
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        self._fold, self._lines = flags
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self) -> Node:
        node = self._atom()
        while (sign := self._peek()) in ("*", "+", "?", "{") and sign:
            self._at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign) or self._counts()
            if self._peek() == "?":
                # greed changes where a match ends, not whether there is one
                self._at += 1
            node = _times(node, least, most)
        return node

    def _counts(self) -> tuple[int, int | None]:
        least, comma, most = self._upto("}").partition(",")
        if comma and not most:
            return int(least), None
        return int(least), int(most or least)

    def _atom(self) -> Node:
        char = self._take()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._class().node()
            case ".":
                return _Class(_ASCII - {"\n"}, beyond=True).node()
            case "^" if self._lines:
                return LineStart()
            case "^" | "$" | "*" | "+" | "?":
                raise Unsupported(char)
            case "\\" if self._peek() == "b":
                self._at += 1
                return Boundary()
            case "\\":
                found = self._escape()
                return found.node() if isinstance(found, _Class) else self._literal(found)
        return self._literal(char)

    def _literal(self, char: str) -> Node:
        return _Class(_cases(char) if self._fold else frozenset(char)).node()

    def _group(self) -> Node:
        flags = self._fold, self._lines
        if self._peek() == "?":
            self._at += 1
            letters = ""
            while self._peek() not in (":", ")"):
                letters += self._take()
            if set(letters) - set("im"):
                raise Unsupported(f"(?{letters}")
            self._fold |= "i" in letters
            self._lines |= "m" in letters
            if self._take() == ")":
                # flags for what follows in the group that holds them
                return Sequence(())
        node = self._choice()
        self._fold, self._lines = flags
        if self._take() != ")":
            raise Unsupported("an unclosed group")
        return node

    def _escape(self) -> _Class | str:
        char = self._take()
        if char in _CLASSES:
            return _Class(_CLASSES[char])
        if char.lower() in _CLASSES:
            return _Class(_ASCII - _CLASSES[char.lower()], beyond=True)
        if char == "x":
            if self._peek() == "{":
                self._at += 1
                return chr(int(self._upto("}"), 16))
            return chr(int(self._take() + self._take(), 16))
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isalnum():
            raise Unsupported(f"\\{char}")
        return char

    def _class(self) -> _Class:
        negated = self._peek() == "^"
        self._at += negated
        chars: set[str] = set()
        beyond = False
        first = True
        while first or self._peek() != "]":
            first = False
            begin = self._member()
            if isinstance(begin, _Class):
                chars |= begin.chars
                beyond |= begin.beyond
                continue
            end = begin
            if self._peek() == "-" and self._pattern[self._at + 1] != "]":
                self._at += 1
                member = self._member()
                if isinstance(member, _Class):
                    raise Unsupported("a range up to a class")
                end = member
            if ord(end) - ord(begin) > _WIDEST_RANGE:
                raise Unsupported("a wide range")
            between = frozenset(map(chr, range(ord(begin), ord(end) + 1)))
            chars |= frozenset().union(*map(_cases, between)) if self._fold else between
        self._at += 1
        if not negated:
            return _Class(frozenset(chars), beyond)
        if beyond:
            raise Unsupported("a negated class of classes")
        return _Class(_ASCII - chars, beyond=True)

    def _member(self) -> _Class | str:
        char = self._take()
        if char == "[" and self._peek() == ":":
            raise Unsupported("[:")
        return self._escape() if char == "\\" else char


def _times(node: Node, least: int, most: int | None) -> Node:
    parts = [node] * least
    if most is None:
        parts.append(Repeat(node, many=True))
    else:
        rest: Node | None = None
        for _ in range(most - least):
            rest = Repeat(node if rest is None else Sequence((node, rest)), many=False)
        parts += [rest] if rest is not None else []
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


def _cases(char: str) -> frozenset[str]:
    """Return what `char` is without regard to case, as RE2 folds it."""
    found = {char}
    for _ in range(2):
        found |= {
            other
            for known in found
            for other in (known.lower(), known.upper(), known.title())
            if len(other) == 1
        }
    # the long s and the Kelvin sign, whose upper or lower case is an ASCII letter
    if "s" in found:
        found.add("\u017f")
    if "k" in found:
        found.add("\u212a")
    return frozenset(found)
