"""Names in front of an address in angle brackets: `Author: lwatanabe <lw@example.com>`."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_cues import NO_SPEAKERS, ORGANISATION_WORDS
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import PERSON, Span

_MAILBOX = TextPattern(
    r"(?:(?<=[:,;>#\n])|(?<=[:,;>#] )|(?<=contact )|(?<=\bby )|(?<=\bfrom )|^)[\"']?"
    r"(?P<name>[^\W\d_][\w.'’-]{0,30}(?: [^\W\d_][\w.'’-]{0,30}){0,4})[\"']? <[^\s@<>]{1,64}@",
    re.MULTILINE,
)
# No person is called so: a mailbox of a group or of a program.
FUNCTIONS: Final = words(
    """team support billing sales info service services newsletter notification notifications alerts
    alert admin administrator desk help office department dept mailer daemon bot noreply no-reply
    reply postmaster root security accounts hr it marketing news updates orders customer care"""
)


class MailboxNameDetector(Detector):
    """The name of a person before `<address@domain>`, as in mails and commits."""

    ENTITIES: ClassVar = (PERSON,)
    TRIGGERS: ClassVar = ((r"[\w\"'.] <\w", r"@"),)

    def __init__(self) -> None:
        super().__init__()
        self._lexicon = lexicon()

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .7."""
        return [
            Span(*match.span("name"), PERSON, 0.7, "MailboxNameDetector")
            for match in _MAILBOX.finditer(text)
            if self._is_person(match["name"])
        ]

    def _is_person(self, name: str) -> bool:
        parts = name.lower().split()
        known = self._lexicon
        if any(part in FUNCTIONS or part in ORGANISATION_WORDS for part in parts):
            return False
        return not all(
            part in known.proper or part in NO_SPEAKERS or known.is_ordinary(part) for part in parts
        )
