"""Names of people in running text.

One pass finds runs of capitalised words. Each run is read once into parts (`name_runs`), and the
words around decide where a part alone cannot (`name_scores`). The reading of a run is memoised, so
ordinary words at the start of a sentence cost one look-up.
"""

from __future__ import annotations

from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.detectors.name_checks import (
    behind_monsieur,
    ends_text,
    without_month,
)
from pipeline.redaction.detectors.name_runs import RunReader
from pipeline.redaction.detectors.name_scores import (
    CUED,
    GUESSED,
    LONE,
    is_foreign,
    is_labelled,
    score_of,
)
from pipeline.redaction.detectors.names_places import places_among, tells_of_a_way
from pipeline.redaction.detectors.word_classes import WordClasses
from pipeline.redaction.spans import PERSON, Span, span_of


class PersonDetector(Detector):
    """People's names in prose, in Latin, Greek, Cyrillic and Armenian script.

    Two or more name-like words in a row are a name; a single unknown word is one in prose unless
    the word in front speaks against it; words that are also ordinary words, places or things need
    a word in front that speaks for a name. Titles are left out of the span.
    """

    ENTITIES: ClassVar = (PERSON,)
    TRIGGERS: ClassVar = (r"[A-Z]|[^\x00-\x7f]",)

    def __init__(self, *, name_list: bool = True) -> None:
        super().__init__()
        self._runs = RunReader(WordClasses(lexicon(name_list=name_list)))

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans; score .85 behind a title or cue, .75 for full names, .5 for one word."""
        spans: list[Span] = []
        guesses: list[tuple[int, int, bool]] = []
        foreign: bool | None = None
        for origin, run, known in self._runs.unread(text):
            parts = self._runs.parts(run) if known is None else known
            for part in parts:
                start, end = origin + part.start, origin + part.end
                score = score_of(text, start, end, part, context)
                if score == LONE:
                    # one unknown word: a guess that only English prose supports
                    if foreign is None:
                        foreign = is_foreign(text)
                    if foreign and not ends_text(text, start, end):
                        continue
                if score:
                    if score <= GUESSED and part.kind in "UNMG":
                        guesses.append((start, end, part.kind != "U"))
                    elif part.kind == "full" and part.lead == "U":
                        guesses.append((start, end, True))
                    if part.reach and (score >= CUED or part.kind == "N"):
                        # "Harriet Sole": no other word is written so behind a given name
                        end = origin + part.reach
                    if part.kind == "full" and text.startswith("M. ", start):
                        start = behind_monsieur(text, start)
                    if text[end + 1 : end + 2].isdigit() and text[end] == " ":
                        end = without_month(text, start, end)
                    if (
                        part.start
                        and part is parts[0]
                        and part.kind != "titled"
                        and is_labelled(text, origin)
                    ):
                        # "Emergency contact: Ama Boadu", though the first word is an ordinary one
                        start = origin
                    spans.append(span_of(start, end, PERSON, score, "PersonDetector"))
        if guesses and tells_of_a_way(text):
            placed = places_among(text, guesses)
            spans = [span for span in spans if span.start not in placed]
        return spans
