"""Places and organisations in running text: found under a strict policy only."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.detectors.name_cues import ORGANISATION_WORDS
from pipeline.redaction.detectors.name_runs import runs_in
from pipeline.redaction.spans import LOCATION, ORGANIZATION, Span

_LONGEST = 5
_TOKEN = re.compile(r"[^\s,]+")
_LEGAL_FORM = re.compile(
    r",? (?:Inc|LLC|LLP|Ltd|Limited|Corp|GmbH|AG|PLC|plc|S\.?A|N\.?V|B\.?V|Pty|Co)\b\.?"
)


class PlaceDetector(Detector):
    """Countries, states and cities of the list of places."""

    ENTITIES: ClassVar = (LOCATION,)

    def __init__(self) -> None:
        super().__init__()
        self._places = lexicon().places

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .6 if the context is strict, none otherwise."""
        spans: list[Span] = []
        if not context.strict:
            return spans
        for run in runs_in(text):
            tokens = list(_TOKEN.finditer(text, run.start(), run.end()))
            at = 0
            while at < len(tokens):
                end = self._longest(text, tokens[at : at + _LONGEST])
                if end:
                    spans.append(Span(tokens[at].start(), end, LOCATION, 0.6, "PlaceDetector"))
                at += 1
                while at < len(tokens) and tokens[at].start() < end:
                    at += 1
        return spans

    def _longest(self, text: str, tokens: list[re.Match[str]]) -> int:
        """Return the end of the longest place that `tokens` begin with, or 0."""
        for last in reversed(tokens):
            name = text[tokens[0].start() : last.end()].removesuffix("'s").rstrip(".")
            if name in self._places:
                return tokens[0].start() + len(name)
        return 0


class OrganisationDetector(Detector):
    """Capitalised words that end in a word for an organisation, or in a legal form."""

    ENTITIES: ClassVar = (ORGANIZATION,)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .6 if the context is strict, none otherwise."""
        spans: list[Span] = []
        if not context.strict:
            return spans
        for run in runs_in(text):
            tokens = list(_TOKEN.finditer(text, run.start(), run.end()))
            ends = [
                token.end()
                for token in tokens[1:]
                if token[0].rstrip(".").lower() in ORGANISATION_WORDS
            ]
            form = _LEGAL_FORM.match(text, run.end())
            end = form.end() if form else ends[-1] if ends else 0
            if end:
                spans.append(Span(run.start(), end, ORGANIZATION, 0.6, "OrganisationDetector"))
        return spans
