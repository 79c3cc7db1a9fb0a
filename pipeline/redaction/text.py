"""One text: what in it is personal, and the text with that replaced.

Every finding is a span of the original text. A text in which nothing is found keeps its bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from pipeline.redaction.contexts import Edited, LeafContext
from pipeline.redaction.detectors import CODE, DATA, PROSE, Context, DetectorSet
from pipeline.redaction.hints import plausible
from pipeline.redaction.normalise import plain_form
from pipeline.redaction.operators import Replacer
from pipeline.redaction.policy import Level, Policy
from pipeline.redaction.pseudonyms import token_pattern
from pipeline.redaction.record_spans import KEY_NAME, Find
from pipeline.redaction.spans import EMAIL_ADDRESS, IP_ADDRESS, Span, resolve

CHUNK: Final = 32_768
"""Longer texts are read in pieces of this many characters."""
OVERLAP: Final = 512
"""Pieces share this many, so that nothing is cut in two in all of them."""

ENCODED: Final = "Base64"
_MASK: Final = "\ue000"

_EMAIL: Final = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,255}\.[A-Za-z]{2,}")
_IP: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}")
_MIN_BASE64: Final = 24
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/=_-])")
_HEX: Final = re.compile(r"[0-9a-fA-F-]+")
_RUNNING_WORDS: Final = re.compile(r"[a-z,] [a-z]")
_AFTER_KEY: Final = re.compile(r"""["']\s*:\s*\Z""")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

# Entities that are read out of prose; a policy may look for structured ones only.
READ_FROM_PROSE: Final = frozenset({"PERSON", "STREET_ADDRESS", "LOCATION", "ORGANIZATION"})


class TextRedactor:
    """Finds and replaces in the texts of one scope (a policy and a tenant)."""

    def __init__(
        self,
        policy: Policy,
        detectors: DetectorSet,
        replacer: Replacer,
        key_ids: frozenset[str],
        *,
        records: Callable[[str, LeafContext, Find], list[Span]],
        check: Callable[[], None],
    ) -> None:
        self._policy = policy
        self._detect = detectors.detect
        self._replacer = replacer
        self._tokens = token_pattern(key_ids)
        self._records = records
        self._check = check
        self._contexts = _ContextTable(policy)

    def redact(self, text: str, leaf: LeafContext) -> Edited:
        """Return `text` with its findings replaced, and how many values of each entity it holds.

        Tokens that stood there already are counted too, so that redacting twice gives the same
        counts. What a detector raises comes through.
        """
        counts: dict[str, int] = {}
        spans = self.find(text, leaf)
        parts: list[str] = []
        end = 0
        for span in spans:
            parts.append(text[end : span.start])
            value = text[span.start : span.end]
            if span.detector == ENCODED:
                inner, inner_counts = self.redact(_decode_base64(value) or "", leaf)
                parts.append(_encode_base64(inner, value))
                for entity, count in inner_counts:
                    counts[entity] = counts.get(entity, 0) + count
            else:
                new = self._replacer.replace(span.entity_type, value)
                parts.append(f'"{new}"' if _is_bare_number(text, span) else new)
                counts[span.entity_type] = counts.get(span.entity_type, 0) + 1
            end = span.end
        if "<" in text:
            for token in self._tokens.finditer(text):
                entity = token.group(1)
                if not _inside(token.start(), spans):
                    counts[entity] = counts.get(entity, 0) + 1
        if not spans:
            return text, tuple(counts.items())
        parts.append(text[end:])
        return "".join(parts), tuple(counts.items())

    def find(self, text: str, leaf: LeafContext) -> list[Span]:
        """Return what the policy wants replaced in `text`: sorted, without overlaps."""
        searched, tokens = self._without_tokens(text)
        if tokens and not _has_word(searched):
            return []
        if (
            leaf.hint.whole
            and plausible(leaf.hint, searched.replace(_MASK, " "))
            and not (leaf.is_key and _is_name(text))
        ):
            return self._by_key_name(text, leaf)
        if is_json(searched):
            # each value is searched for itself, as the walk does it
            found = self._wanted(searched, self._records(searched, leaf, self.find), leaf)
            return resolve(text, _clear_of(found, tokens, searched) if tokens else found)
        plain = plain_form(searched)
        body = searched if plain is None else plain.text
        context = self._contexts.of(leaf, body)
        found = self._detect_in(body, context)
        found += self._records(body, leaf, self.find)
        found += self._encoded(body, leaf)
        found = self._wanted(body, found, leaf)
        if plain is not None:
            found = [
                span._replace(start=start, end=end)
                for span in found
                for start, end in [plain.original(span.start, span.end)]
            ]
        if tokens:
            found = _clear_of(found, tokens, searched)
        return resolve(text, found)

    def _without_tokens(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """Put a character that nothing matches over our own tokens, so that places stay."""
        if "<" not in text:
            return text, []
        tokens = [match.span() for match in self._tokens.finditer(text)]
        if tokens:
            text = self._tokens.sub(lambda match: _MASK * len(match.group()), text)
        return text, tokens

    def _by_key_name(self, text: str, leaf: LeafContext) -> list[Span]:
        start = len(text) - len(text.lstrip())
        end = len(text.rstrip())
        entity = leaf.hint.entity or ""
        value = text[start:end]
        # an address kept under `username` joins with the same address elsewhere
        if _EMAIL.fullmatch(value):
            entity = EMAIL_ADDRESS
        elif _IP.fullmatch(value) and not value.isdigit():
            entity = IP_ADDRESS
        span = Span(start, end, entity, 1.0, KEY_NAME)
        return self._wanted(text, [span], leaf)

    def _detect_in(self, body: str, context: Context) -> list[Span]:
        if len(body) <= CHUNK:
            return list(self._detect(body, context))
        found: list[Span] = []
        for begin in range(0, len(body), CHUNK):
            self._check()
            piece = body[begin : begin + CHUNK + OVERLAP]
            found += [
                span._replace(start=span.start + begin, end=span.end + begin)
                for span in self._detect(piece, context)
            ]
        return resolve(body, found)

    def _encoded(self, body: str, leaf: LeafContext) -> list[Span]:
        """Spans of base64 whose content holds something; they are decoded, redacted, encoded."""
        # most texts are short words: looking at their lengths is cheaper than the pattern
        if len(body) < _MIN_BASE64 or not any(len(word) >= _MIN_BASE64 for word in body.split()):
            return []
        found: list[Span] = []
        for match in _BASE64.finditer(body):
            content = _decode_base64(match.group())
            if content is None:
                continue
            inner = self.find(content, leaf)
            if inner:
                strongest = max(inner, key=lambda span: span.score)
                found.append(
                    Span(
                        match.start(), match.end(), strongest.entity_type, strongest.score, ENCODED
                    )
                )
        return found

    def _wanted(self, body: str, spans: Sequence[Span], leaf: LeafContext) -> list[Span]:
        operators = self._policy.operators
        structured = self._contexts.level(leaf) == "structured"
        wanted: list[Span] = []
        for span in spans:
            operator = operators.get(span.entity_type)
            if operator is None or span.score < operator.threshold:
                continue
            by_key = span.detector == KEY_NAME
            if operator.name == "keep" and not (by_key and span.entity_type == "LOCATION"):
                continue
            if structured and not by_key and span.entity_type in READ_FROM_PROSE:
                continue
            if self._policy.allows(body[span.start : span.end]):
                continue
            wanted.append(span)
        return wanted


class _ContextTable:
    """The detectors' contexts, made once: by register, by key name's promise, by policy."""

    def __init__(self, policy: Policy) -> None:
        self._levels: dict[str, Level] = {
            PROSE: policy.strictness["free_text"],
            CODE: policy.strictness["code"],
            DATA: policy.strictness["tool_output"],
        }
        self._made: dict[tuple[str, str | None], Context] = {}

    def level(self, leaf: LeafContext) -> Level:
        return self._levels[leaf.register]

    def of(self, leaf: LeafContext, body: str) -> Context:
        register = leaf.register
        # a field of a record may hold a sentence; running words show it
        if register == DATA and _RUNNING_WORDS.search(body) is not None:
            register = PROSE
        hint = leaf.hint.entity if len(body) <= 80 else None
        key = (register, hint)
        context = self._made.get(key)
        if context is None:
            strict = self._levels[leaf.register] == "strict"
            context = self._made[key] = Context(strict=strict, register=register, hint=hint)
        return context


def is_json(text: str) -> bool:
    """Tell whether `text` is a JSON object or list as a whole."""
    first = text[:1]
    if first.isspace():
        first = text.lstrip()[:1]
    if first not in ("{", "["):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_name(key: str) -> bool:
    """Tell a field's name from an id that is used as a key: ids have digits."""
    return sum(char.isdigit() for char in key) < 3


def _has_word(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _is_bare_number(text: str, span: Span) -> bool:
    """Tell whether the span is a number without quotes in a record: a token there needs them."""
    if not text[span.end - 1].isdigit() or not text[span.start : span.end].isdigit():
        return False
    return _AFTER_KEY.search(text[max(0, span.start - 20) : span.start]) is not None


def _inside(place: int, spans: Sequence[Span]) -> bool:
    return any(span.start <= place < span.end for span in spans)


def _clear_of(
    spans: Sequence[Span], tokens: Sequence[tuple[int, int]], searched: str
) -> list[Span]:
    """Cut our own tokens out of spans: what is left of a span on either side stays a span."""
    result: list[Span] = []
    for span in spans:
        begin = span.start
        for start, end in [*tokens, (span.end, span.end)]:
            if end <= begin or start > span.end:
                continue
            piece = span._replace(start=begin, end=min(start, span.end))
            if piece.start < piece.end and _has_word(searched[piece.start : piece.end]):
                result.append(piece)
            begin = max(begin, end)
    return result


def _decode_base64(run: str) -> str | None:
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


def _encode_base64(text: str, like: str) -> str:
    """Encode in the alphabet of `like`, with padding only if it had room for it."""
    encode = base64.urlsafe_b64encode if ("-" in like or "_" in like) else base64.b64encode
    encoded = encode(text.encode()).decode("ascii")
    return encoded if len(like) % 4 == 0 else encoded.rstrip("=")


_URL_SAFE: Final = str.maketrans("-_", "+/")
