"""One text: what in it is personal, and the text with that replaced.

Every finding is a span of the original text. A text in which nothing is found keeps its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from pipeline.redaction import encoded
from pipeline.redaction.contexts import Edited, LeafContext
from pipeline.redaction.detection_context import DetectionContexts
from pipeline.redaction.detectors import Context, DetectorSet
from pipeline.redaction.hints import looks_like_name, plausible
from pipeline.redaction.normalise import plain_form
from pipeline.redaction.operators import Replacer
from pipeline.redaction.own_tokens import MASK, Hidden, OwnTokens, cut_out
from pipeline.redaction.policy import Policy
from pipeline.redaction.record_spans import KEY_NAME, Find
from pipeline.redaction.spans import EMAIL_ADDRESS, IP_ADDRESS, LOCATION, Span, resolve, span_of
from pipeline.redaction.structure import holds_record

CHUNK: Final = 8_192
"""Longer texts are read in pieces of this many characters."""
OVERLAP: Final = 512
"""Pieces share this many, so that nothing is cut in two in all of them."""
MAX_PASSES: Final = 4
"""One that replaces, one that finds no more; further ones are rare."""

MAX_READ: Final = 262_144
"""Characters of the texts that are remembered because nothing is found in them but tokens: little
beside what a walk may remember else."""
LONGEST_READ: Final = 4_096
"""A longer text hardly comes again."""

ENCODED: Final = "Base64"

_EMAIL: Final = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,255}\.[A-Za-z]{2,}")
_IP: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}")
_AFTER_KEY: Final = re.compile(r"""["']\s*:\s*\Z""")

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
        self._operators = dict(policy.operators)
        self._allows = policy.allows if policy.allow_values or policy.allow_patterns else None
        self._detect = detectors.detect
        self._replacer = replacer
        self._tokens = OwnTokens(key_ids)
        self._records = records
        self._check = check
        self._contexts = DetectionContexts(policy)
        # Texts with hidden tokens in which nothing else is found, by the place they stood at. What
        # was replaced is searched again, and without the values that made them differ, sentences
        # of an agent are often the same.
        self._read: dict[LeafContext, set[str]] = {}
        self._read_size = 0

    def clear(self) -> None:
        """Forget every text and value."""
        self._forget_read()
        self._replacer.clear()

    def _forget_read(self) -> None:
        self._read.clear()
        self._read_size = 0

    def redact(self, text: str, leaf: LeafContext) -> Edited:
        """Return `text` with its findings replaced, and how many values of each entity it holds.

        What was replaced changes what its neighbours look like, so the result is searched again
        until nothing more is found: redacting it later then finds nothing either. Tokens that
        stood there before are counted too. What a detector raises comes through.
        """
        if leaf.hint.entity is not None and "<" not in text:
            promised = self._promised(text, leaf)
            if promised is not None:
                # most values of records: nothing can stand beside what is replaced as a whole
                start, end, entity = promised
                value = self._replacer.replace(entity, text[start:end])
                return f"{text[:start]}{value}{text[end:]}", ((entity, 1),)
        counts: dict[str, int] = {}
        for number in range(MAX_PASSES):
            spans = self.find(text, leaf)
            if number == 0:
                self._count_tokens(text, counts)
            if not spans:
                break
            replaced = self._replaced(text, spans, leaf, counts)
            if replaced == text:
                break
            text = replaced
            if not any(span.entity_type in READ_FROM_PROSE for span in spans):
                # what has a form of its own is read the same beside a token
                break
        return text, tuple(counts.items())

    def find(self, text: str, leaf: LeafContext) -> list[Span]:
        """Return what the policy wants replaced in `text`: sorted, without overlaps."""
        hidden = self._tokens.hide(text)
        if not hidden.places:
            return self._search(text, hidden, leaf)
        read = self._read.get(leaf)
        if (read is not None and hidden.text in read) or hidden.is_all_tokens():
            return []
        found = self._search(text, hidden, leaf)
        if not found:
            self._remember(hidden.text, leaf)
        return found

    def _remember(self, searched: str, leaf: LeafContext) -> None:
        """Remember that nothing is found in a text; what its tokens were does not matter."""
        if len(searched) > LONGEST_READ:
            return
        self._read_size += len(searched)
        if self._read_size > MAX_READ:
            self._forget_read()
            self._read_size = len(searched)
        read = self._read.get(leaf)
        if read is None:
            read = self._read[leaf] = set()
        read.add(searched)

    def _search(self, text: str, hidden: Hidden, leaf: LeafContext) -> list[Span]:
        searched = hidden.text
        if leaf.hint.entity is not None:
            promised = self._promised(searched.replace(MASK, " ") if hidden.places else text, leaf)
            if promised is not None:
                start, end, entity = promised
                return cut_out([span_of(start, end, entity, 1.0, KEY_NAME)], hidden)
        if is_json(searched):
            # each value is searched for itself, as the walk does it
            return self._settled(self._records(searched, leaf, self.find), searched, hidden, leaf)
        plain = plain_form(searched)
        body = searched if plain is None else plain.text
        found = self._detect_in(body, self._contexts.of(leaf, body))
        if holds_record(body):
            found += self._records(body, leaf, self.find)
        found += self._encoded(body, leaf)
        if not found:
            return found
        if plain is not None:
            found = [
                span._replace(start=start, end=end)
                for span in found
                for start, end in [plain.original(span.start, span.end)]
            ]
        return self._settled(found, searched, hidden, leaf)

    # ---- searching ---------------------------------------------------------------------------

    def _promised(self, text: str, leaf: LeafContext) -> tuple[int, int, str] | None:
        """Return start, end and entity of all that `text` says, if its key says that it is one.

        None sends it to the detectors: a state instead of a value, or an entity that is kept.
        """
        hint = leaf.hint
        if not (plausible(hint, text) if hint.whole else looks_like_name(text.strip())):
            return None
        if leaf.is_key and sum(map(str.isdigit, text)) < 3:
            # the name of a field, not an id that is used as a key
            return None
        start = len(text) - len(text.lstrip())
        end = len(text.rstrip())
        value = text[start:end]
        entity = hint.entity or ""
        # an address kept under `username` joins with the same address elsewhere
        if "@" in value and _EMAIL.fullmatch(value):
            entity = EMAIL_ADDRESS
        elif ("." in value or ":" in value) and _IP.fullmatch(value):
            entity = IP_ADDRESS
        wanted = self._is_wanted(entity, 1.0, value, by_key=True, structured=False)
        return (start, end, entity) if wanted else None

    def _detect_in(self, body: str, context: Context) -> list[Span]:
        if len(body) <= CHUNK:
            return self._detect(body, context)
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
        found: list[Span] = []
        for start, end, content in encoded.runs(body):
            inner = self.find(content, leaf)
            if inner:
                strongest = max(inner, key=lambda span: span.score)
                found.append(span_of(start, end, strongest.entity_type, strongest.score, ENCODED))
        return found

    def _settled(
        self, found: Sequence[Span], searched: str, hidden: Hidden, leaf: LeafContext
    ) -> list[Span]:
        """Keep what the policy wants, settle overlaps and leave our own tokens alone."""
        structured = self._contexts.level(leaf) == "structured"
        wanted = [
            span
            for span in found
            if self._is_wanted(
                span.entity_type,
                span.score,
                searched[span.start : span.end],
                by_key=span.detector == KEY_NAME,
                structured=structured,
            )
        ]
        return cut_out(resolve(searched, wanted), hidden)

    def _is_wanted(
        self, entity: str, score: float, value: str, *, by_key: bool, structured: bool
    ) -> bool:
        operator = self._operators.get(entity)
        if operator is None or score < operator.threshold:
            return False
        # a city stays where it stands alone, and goes with the address it is part of
        if operator.name == "keep" and not (by_key and entity == LOCATION):
            return False
        if structured and not by_key and entity in READ_FROM_PROSE:
            return False
        return self._allows is None or not self._allows(value)

    # ---- replacing ---------------------------------------------------------------------------

    def _replaced(
        self, text: str, spans: Sequence[Span], leaf: LeafContext, counts: dict[str, int]
    ) -> str:
        parts: list[str] = []
        end = 0
        for span in spans:
            value = text[span.start : span.end]
            parts.append(text[end : span.start])
            parts.append(self._replacement(text, span, value, leaf, counts))
            end = span.end
        parts.append(text[end:])
        return "".join(parts)

    def _replacement(
        self, text: str, span: Span, value: str, leaf: LeafContext, counts: dict[str, int]
    ) -> str:
        if span.detector == ENCODED:
            inner, inner_counts = self.redact(encoded.decode(value) or "", leaf)
            for entity, count in inner_counts:
                counts[entity] = counts.get(entity, 0) + count
            return encoded.encode(inner, value)
        new = self._replacer.replace(span.entity_type, value)
        if new != value:
            counts[span.entity_type] = counts.get(span.entity_type, 0) + 1
        return f'"{new}"' if _is_bare_number(text, span) else new

    def _count_tokens(self, text: str, counts: dict[str, int]) -> None:
        """Count the tokens that stand in `text`, also in base64 where nothing else is found."""
        self._tokens.count(text, counts)
        for _, _, content in encoded.runs(text):
            if self._tokens.hide(content).places:
                self._tokens.count(content, counts)


def is_json(text: str) -> bool:
    """Tell whether `text` is a JSON object or list as a whole."""
    if not may_be_json(text):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def may_be_json(text: str) -> bool:
    """Tell whether `text` begins as a JSON object or list does."""
    first = text[:1]
    if first.isspace():
        first = text.lstrip()[:1]
    return first in ("{", "[")


def _is_bare_number(text: str, span: Span) -> bool:
    """Tell whether the span is a number without quotes in a record: a token there needs them."""
    if not text[span.end - 1].isdigit() or not text[span.start : span.end].isdigit():
        return False
    return _AFTER_KEY.search(text[max(0, span.start - 20) : span.start]) is not None
