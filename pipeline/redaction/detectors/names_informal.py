"""Names of people written without capitals: in chats, in quick notes, behind words that say so.

Only words that are no ordinary English words can be names here. Behind a strong cue ("my name is")
any such word is one; elsewhere it has to be on the list of names, so that a slip of the keyboard
is not one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from pipeline.redaction.detectors.base import CODE, DATA, PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_cues import LOWER_BREAKS
from pipeline.redaction.detectors.word_classes import WordClasses
from pipeline.redaction.spans import PERSON, Span

_WORD: Final = r"[^\W\d_A-Z][^\W\d_A-Z]*(?:['’-][^\W\d_]+)*"
# "my name is", "full name:", "mrs": any word may follow; "this is", "hi": no ordinary one.
_STRONG = re.compile(
    r"(?:\b(?:my|his|her|their|the|full|first|last|legal|customer|passenger|wifes|wife's"
    r"|husbands|sons"
    r"|daughters|moms|dads)\ (?:full\ |first\ |last\ |new\ )?name(?:'?s|\ is|\ was|:)?"
    r"|\bname(?:\ is|'s|:)|\b(?:mr|mrs|ms|miss|dr|prof)\.?|\bnamed"
    r"|\bme\ llamo|\bmi\ nombre\ es|\bje\ m'appelle|\bich\ hei(?:ß|ss)e|\bmi\ chiamo"
    r"|\bmein\ name\ ist"
    r"|\bmeu\ nome\ [ée]|\bik\ heet|\bjag\ heter)\ +(?=(?-i:[^\W\d_A-Z]))",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"(?:\b(?:i\ am|i'?m|im|this\ is|it'?s|its|that's|here\ is|hi|hello|hey|hiya|dear|yo|salut"
    r"|hola|hallo"
    r"|ciao|thanks|thank\ you|thx|cheers|regards|sincerely|love|best|ask|asked|tell|told|call"
    r"|called|text"
    r"|texted|email|emailed|message|messaged|contact|with|from|by|for|is\ this|who\ is|whos"
    r"|who's|cc|soy"
    r"|sono|ich\ bin|je\ suis|send\ (?:it\ )?to|assigned\ to|ping|met|meet|saw|name\?|named"
    r"|calls\ me"
    r"|call\ me)[,:!]?\ +|\b(?:thanks|cheers|regards|best|love|sincerely|thx|thank\ (?:u"
    r"|you))[,!.]*\s+)"
    r"(?=(?-i:[^\W\d_A-Z]))",
    re.IGNORECASE,
)
# [09:14] kasia: …; <theo> …; a line's speaker
_SPEAKER = re.compile(
    r"(?m)^(?:\[[\d:. apmAPM-]{3,20}\]\ ?|\d{1,2}:\d\d(?::\d\d)?\ )?"
    r"<?([a-z][a-z_]{1,20})(?:>|:(?=\s))"
)
_WORDS = re.compile(rf"(?<![\w@#/.&=~-]){_WORD}(?![\w@=(/]|\.\w)")
_ONE = re.compile(_WORD)
_ALLOWED_ENDS: Final = frozenset(".,!?;:)\n")
_NO_SPEAKER: Final = words(
    """user assistant system agent bot human ai caller customer operator visitor support tool note
    notes update error warning info debug from to subject date re fwd cc bcc name email phone
    address id type status result output input title summary question answer example step http https
    ps fyi eta tldr todo nb btw"""
)
_JOINING: Final = words("and & n und y et")


class InformalPersonDetector(Detector):
    """People's names in lower case."""

    ENTITIES: ClassVar = (PERSON,)
    # a text, a line or a sentence that begins in lower case, or a cue
    TRIGGERS: ClassVar = (
        r"(?m)^\W*[a-z]",
        r"[.!?:,] +[a-z]+ +[a-z]",
        r"(?i)\bname|\bmrs?\.? [a-z]|\bms\.? [a-z]|\bdr\.? [a-z]",
        r"(?m)^\W*[\d:]+\W+[a-z]",
    )

    def __init__(self, *, name_list: bool = True) -> None:
        super().__init__()
        self._lexicon = lexicon(name_list=name_list)
        self._classes = WordClasses(self._lexicon)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .8 behind a strong cue, .6 behind another, .45 from the list."""
        if context.register in (CODE, DATA):
            return []
        name = "InformalPersonDetector"
        spans: list[Span] = []
        for match in _STRONG.finditer(text):
            end = self._name(text, match.end(), strong=True)
            if end:
                spans.append(Span(match.end(), end, PERSON, 0.8, name))
        for match in _WEAK.finditer(text):
            end = self._name(text, match.end(), strong=False)
            if end:
                spans.append(Span(match.end(), end, PERSON, 0.6, name))
        speakers = list(_SPEAKER.finditer(text))
        spans += [
            Span(*match.span(1), PERSON, 0.6, name)
            for match in speakers
            # a program's name opens a line of a log: a chat has several speakers, or brackets
            if (len(speakers) > 1 or not match[0][0].isalpha())
            and match[1] not in _NO_SPEAKER
            and not self._ordinary(match[1].split("_")[0])
        ]
        spans += [Span(start, end, PERSON, 0.45, name) for start, end in self._listed(text)]
        return spans

    def _ordinary(self, word: str) -> bool:
        lexicon = self._lexicon
        return (
            word in lexicon.foreign
            or word in lexicon.proper
            or self._classes.is_ordinary(word.partition("'")[0] if "'" in word[-3:] else word)
        )

    def _name(self, text: str, start: int, *, strong: bool) -> int:
        """Return the end of the name of up to three words that begins at `start`, or 0."""
        end = 0
        at = start
        for count in range(3):
            match = _ONE.match(text, at)
            if not match or text[match.end() : match.end() + 1] in ("@", "_", "/", "="):
                break
            word = match[0]
            stem = word[:-2] if word.endswith(("'s", "’s")) else word
            ordinary = self._ordinary(stem)
            # behind "my name is" an ordinary word is a name if it may be one: "rose day"
            may = strong and self._classes.may_be_name(stem) and stem not in LOWER_BREAKS
            particle = count > 0 and stem in _PARTICLES
            if particle:
                at = match.end() + 1
                continue
            if stem in LOWER_BREAKS or (ordinary and not may):
                break
            if not strong and not self._fits(text, stem, match.end()):
                break
            end = match.start() + len(stem)
            if stem != word or text[match.end() : match.end() + 1] != " ":
                break
            at = match.end() + 1
        return end

    def _fits(self, text: str, stem: str, end: int) -> bool:
        """Whether a word that is not ordinary is a name behind a weak cue: listed, or it ends"
        " there."""
        if self._classes.is_name(stem) or self._classes.may_be_name(stem):
            return True
        follows = text[end : end + 1]
        if follows == "" or follows in _ALLOWED_ENDS:
            return len(stem) > 2
        next_word = _ONE.match(text, end + 1)
        return (
            len(stem) > 2
            and next_word is not None
            and (next_word[0] in LOWER_BREAKS or not self._ordinary(next_word[0]))
        )

    def _listed(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield words on the list of names, joined where they follow each other."""
        is_name = self._classes.is_name
        start = end = -1
        for match in _WORDS.finditer(text):
            stem = match[0].partition("'")[0]
            if not is_name(stem) or len(stem) < 3:
                continue
            if start >= 0 and match.start() == end + 1 and text[end] == " ":
                end = match.start() + len(stem)
                continue
            if start >= 0:
                yield start, end
            start, end = match.start(), match.start() + len(stem)
        if start >= 0:
            yield start, end


_PARTICLES: Final = words("van von der de del della di da dos la le el al bin ibn ben ter")
