"""API keys and tokens: by the prefixes their issuers publish, and by entropy."""

from __future__ import annotations

import re
from collections import Counter
from math import log2
from typing import ClassVar, Final

from pipeline.redaction.automata import Scanner
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.spans import API_KEY, SECRET, Span

# Prefixes as their issuers publish them for secret scanners.
_PREFIXED: Final = (
    r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[0-9A-Z]{16}",  # AWS
    r"gh[pousr]_[0-9A-Za-z]{36,255}",  # GitHub
    r"github_pat_[0-9A-Za-z_]{22,255}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[0-9A-Za-z_=-]{20,300}",  # GitLab
    r"xox[abeoprs]-[0-9A-Za-z-]{10,250}",  # Slack
    r"xapp-\d-[0-9A-Za-z-]{10,250}",
    r"(?:sk|pk|rk)_(?:test|live)_[0-9A-Za-z]{10,250}",  # Stripe
    r"whsec_[0-9A-Za-z+/=]{20,100}",
    r"sk-ant-[0-9A-Za-z_-]{20,250}",  # Anthropic
    r"sk-(?:proj-|svcacct-|admin-|or-v1-|None-)?[0-9A-Za-z_-]{20,250}",  # OpenAI, OpenRouter
    r"gsk_[0-9A-Za-z]{30,100}",  # Groq
    r"xai-[0-9A-Za-z]{40,120}",
    r"pplx-[0-9A-Za-z]{32,80}",
    r"r8_[0-9A-Za-z]{30,60}",  # Replicate
    r"hf_[0-9A-Za-z]{30,60}",  # Hugging Face
    r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",  # LangSmith
    r"(?:sk|pk)-lf-[0-9a-f-]{36}",  # Langfuse
    r"AIza[0-9A-Za-z_-]{35}",  # Google
    r"ya29\.[0-9A-Za-z_-]{20,300}",
    r"GOCSPX-[0-9A-Za-z_-]{20,40}",
    r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}",  # SendGrid
    r"(?:SK|AC)[0-9a-f]{32}",  # Twilio
    r"key-[0-9a-f]{32}",  # Mailgun
    r"npm_[0-9A-Za-z]{36}",
    r"pypi-[0-9A-Za-z_-]{40,400}",
    r"rubygems_[0-9a-f]{48}",
    r"dckr_pat_[0-9A-Za-z_-]{20,60}",  # Docker
    r"dop_v1_[0-9a-f]{64}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}",  # Shopify
    r"sq0(?:atp|csp|idp)-[0-9A-Za-z_-]{22,60}",  # Square
    r"EAAA[0-9A-Za-z_-]{60}",
    r"secret_[0-9A-Za-z]{40,60}",  # Notion
    r"ntn_[0-9A-Za-z]{40,60}",
    r"lin_api_[0-9A-Za-z]{32,60}",  # Linear
    r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",  # Postman
    r"NRAK-[0-9A-Z]{27}",  # New Relic
    r"glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}",  # Grafana
    r"hv[sb]\.[0-9A-Za-z_-]{20,300}",  # HashiCorp Vault
    r"dapi[0-9a-f]{32}(?:-\d)?",  # Databricks
    r"\d{8,10}:AA[0-9A-Za-z_-]{33}",  # Telegram
    # JSON Web Tokens
    r"(?<![\w-])ey[JI][0-9A-Za-z_-]{8,2000}\.ey[JI][0-9A-Za-z_-]{4,8000}\.[0-9A-Za-z_-]{0,2000}",
    r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}",
    r"(?:tskey|PRIVATE|figd|ATATT|ATCTT|sbp|ghu|pul|fo1|phc|phx)[_-][0-9A-Za-z_=-]{30,250}",
)
_KEY = re.compile(r"(?<![0-9A-Za-z])(?:" + "|".join(_PREFIXED) + r")(?![0-9A-Za-z])")
# How they begin, for the gate: one character of the first part that is counted.
_BEGINNING: Final = re.compile(r"(.*?\])\{\d+")


def _beginning(pattern: str) -> str:
    found = _BEGINNING.match(pattern.removeprefix(r"(?<![\w-])"))
    assert found is not None, pattern  # noqa: S101 - of a table in this file
    return found[1]


_PREFIX: Final = rf"(?:\b|_)(?:{'|'.join(map(_beginning, _PREFIXED))})"
# Most long runs are ids and hashes: that none begins as a key does is told for the whole text.
_HOLDS_PREFIX: Final = Scanner([_PREFIX], [((0,), 0)])
# A key is longer than words are: only such runs are looked at.
_RUN = re.compile(r"[0-9A-Za-z_+/=.:~-]{16,}+")
_BLOB = re.compile(r"(?<![0-9A-Za-z+/_=.-])[0-9A-Za-z+/_-]{32,128}={0,2}(?![0-9A-Za-z+/_=-])")
_UUID_OR_HASH = re.compile(
    r"[0-9a-fA-F]+|[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[A-Za-z]+|[0-9_-]+"
)


class ApiKeyDetector(Detector):
    """Keys. `API_KEY` where an issuer's prefix names the kind, `SECRET` where chance drew them."""

    ENTITIES: ClassVar = (API_KEY, SECRET)
    TRIGGERS: ClassVar = ((_PREFIX, r"[0-9A-Za-z_+/=.:~-]{16}"), r"[0-9A-Za-z+/_-]{32}")

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans: 1 by prefix, .6 by entropy alone."""
        name = "ApiKeyDetector"
        spans: list[Span] = []
        may_hold_key = _HOLDS_PREFIX.matches(text)
        for run in _RUN.finditer(text):
            start, end = run.span()
            if may_hold_key:
                spans += [
                    Span(*match.span(), API_KEY, 1.0, name)
                    for match in _KEY.finditer(text, start, end)
                ]
            spans += [
                Span(*match.span(), SECRET, 0.6, name)
                for match in _BLOB.finditer(text, start, end)
                if not _UUID_OR_HASH.fullmatch(match[0]) and _blob(match[0])
            ]
        return spans


def _blob(value: str) -> bool:
    """Whether a long run looks drawn at random: three kinds of characters and high entropy.

    The bound is that of common secret scanners, 4 bits a character; words in a path or an
    identifier stay below it, or hold no digits among the letters.
    """
    kinds = (
        any(map(str.isdigit, value)),
        any(map(str.islower, value)),
        any(map(str.isupper, value)),
    )
    if not all(kinds) or value.count("/") > 3 or value.count("-") > 3 or value.count("_") > 3:
        return False
    return entropy(value) > 4.0


def entropy(value: str) -> float:
    """Return Shannon's entropy of the characters of `value`, in bits a character."""
    size = len(value)
    return -sum(count / size * log2(count / size) for count in Counter(value).values())
