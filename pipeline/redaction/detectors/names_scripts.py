"""Names of people in scripts without capitals, behind words that introduce them."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.spans import PERSON, Span

_HAN: Final = "\u4e00-\u9fff"
_KANA: Final = "\u3041-\u30ff"
_HANGUL: Final = "\uac00-\ud7a3"
_ARABIC: Final = "\u0621-\u064a"
_DEVANAGARI: Final = "\u0900-\u097f"
# One name of the usual length behind (or, in Japanese, before) what introduces it.
_INTRODUCED = re.compile(
    rf"(?:我叫|我的名字是|名字叫|姓名[:：]?\s?)(?P<chinese>[{_HAN}]{{2,3}})"
    rf"|(?<![{_HAN}{_KANA}])(?P<japanese>[{_HAN}]{{1,3}}[ \u3000]?[{_HAN}{_KANA}]{{1,4}}?)"
    rf"(?=です|と申します|と言います|様(?![{_HAN}])|さん)"
    rf"|(?:저는|제 이름은|이름:|안녕하세요[,.]?) ?(?P<korean>[{_HANGUL}]{{2,4}}?)"
    rf"(?=입니다|이에요|예요|이라고|라고)"
    rf"|(?:اسمي|إسمي) (?P<arabic>[{_ARABIC}]{{2,15}}(?: (?!و)[{_ARABIC}]{{2,15}})?)"
    rf"|(?:मेरा नाम) (?P<hindi>[{_DEVANAGARI}]{{2,20}}(?: [{_DEVANAGARI}]{{2,20}}){{0,2}}?)(?= है)"
)


class OtherScriptPersonDetector(Detector):
    """Names in Chinese, Japanese, Korean, Arabic and Hindi, where the text introduces them."""

    ENTITIES: ClassVar = (PERSON,)
    TRIGGERS: ClassVar = (
        r"我叫|我的名字是|名字叫|姓名|です|と申します|と言います|様|さん|입니다|이에요|예요|라고"
        r"|اسمي|إسمي|मेरा नाम",
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .7."""
        return [
            Span(*match.span(match.lastgroup or 0), PERSON, 0.7, "OtherScriptPersonDetector")
            for match in _INTRODUCED.finditer(text)
        ]
