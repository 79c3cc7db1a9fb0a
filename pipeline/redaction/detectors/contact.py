"""E-mail addresses, and URLs that carry credentials or point at a person."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import EMAIL_ADDRESS, SECRET, URL, Span, span_of

# Bounded repeats keep the scan linear: 64 and 63 are the limits of RFC 5321 and RFC 1035.
# Letters are those of alphabets with blanks between words: in Japanese or Chinese the words around
# an address would run into it.
_LETTERS = r"A-Za-z0-9_\u00c0-\u024f\u0370-\u052f\u0590-\u06ff\u0900-\u0dff"
_EMAIL = TextPattern(
    rf"[{_LETTERS}][{_LETTERS}.+%'~#!$*-]{{0,63}}@"
    rf"(?:\[\d{{1,3}}(?:\.\d{{1,3}}){{3}}\]"
    rf"|(?:[{_LETTERS}-]{{1,63}}\.){{1,8}}[A-Za-z\u00c0-\u024f\u0370-\u052f]{{2,24}}(?![A-Za-z0-9_@]))"
)
_LONGEST_NAME: Final = 64
# `icon@2x.png` and `git@host:path` have the shape of an address and are none.
_FILE_NAME = TextPattern(
    r"@\dx\.|\.(?:png|jpe?g|gif|svg|webp|css|js|json|html|lock)$", re.IGNORECASE
)

_URL = TextPattern(
    r"(?:[a-z][a-z0-9+.-]{1,15}://|www\."
    r"|(?<![\w./-])(?:[a-z]{2,3}\.)?linkedin\.com/(?=in/))[^\s\"'<>`{}|\\^]{3,2000}",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}'\"*_"
_PERSONAL = TextPattern(
    r"""
    //(?:[\w-]+\.)*(?:facebook|instagram|twitter|x|tiktok|snapchat|pinterest|vk|weibo|venmo|paypal)
      \.(?:com|me)/@?(?!(?:search|login|help|home|about|explore|share|sharer|hashtag|intent|watch
        |groups|pages|events|legal|privacy|policies|terms|business|developers?|docs)\b)[\w.-]{3,}
    | (?:^|[/.])linkedin\.com/(?:in|pub)/[\w%-]{3,}
    | //(?:www\.)?(?:github|gitlab)\.com/(?!about|features|pricing|login|explore|topics)[\w-]+/?$
    | (?:t|wa)\.me/\+?\w{4,}
    | /~[a-z]\w{2,}
    | /@[a-z][\w.-]{2,}
    | /(?:users?|people|profiles?|members?|customers?|accounts?|patients?|employees?|u)
      /(?!me\b|self\b|current\b|login\b|settings\b|new\b|all\b|list\b|search\b|sign|v\d|\{|:|<)
      [\w.%@+-]{3,}
    | [?&](?:e?mail|user(?:_?(?:name|id))?|first_?name|last_?name|full_?name|phone|dob|ssn)
      =[^&\s]{3,}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CREDENTIALS = re.compile(r"//([^\s/@:]{0,128}):([^\s/@]{1,256})@")


class EmailDetector(Detector):
    """E-mail addresses, also with international letters."""

    ENTITIES: ClassVar = (EMAIL_ADDRESS,)
    TRIGGERS: ClassVar = (r"[^\s@]@[^\s@]",)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return one span an address, of score 1."""
        spans: list[Span] = []
        reached = 0
        while (sign := text.find("@", reached)) >= 0:
            # nothing before this is part of it; from each letter on the pattern would read 64
            begin = max(reached, sign - _LONGEST_NAME, text.rfind(" ", reached, sign) + 1)
            match = _EMAIL.search(text, begin)
            if match is None:
                break
            reached = match.end()
            if not _is_file_or_remote(text, match):
                spans.append(span_of(match.start(), reached, EMAIL_ADDRESS, 1.0, "EmailDetector"))
        return spans


def _is_file_or_remote(text: str, match: re.Match[str]) -> bool:
    address = match[0]
    if address.startswith("git@"):
        return text.startswith((":", "/"), match.end())
    return _FILE_NAME.search(address) is not None


class UrlDetector(Detector):
    """URLs with a user and password, or with the path of a person's page; connection strings."""

    ENTITIES: ClassVar = (URL, SECRET)
    TRIGGERS: ClassVar = (r"://", r"(?i)\bwww\.|linkedin\.com/in/")

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return whole URLs; a plain one is not personal and stays."""
        spans = []
        for match in _URL.finditer(text):
            url = match[0].rstrip(_TRAILING)
            end = match.start() + len(url)
            if _CREDENTIALS.search(url):
                web = url[:4].lower() in ("http", "ftp:", "ftps")
                spans.append(
                    span_of(match.start(), end, URL if web else SECRET, 0.95, "UrlDetector")
                )
            elif _PERSONAL.search(url):
                spans.append(span_of(match.start(), end, URL, 0.7, "UrlDetector"))
        return spans
