"""API keys, tokens, private keys and passwords: by published prefixes, by labels and by entropy."""

from __future__ import annotations

import re
from collections import Counter
from math import log2
from typing import ClassVar, Final

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
_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_AUTHORIZATION = re.compile(
    r"\b(?:bearer|basic|token|apikey|digest)[ :=]{1,3}([0-9A-Za-z+/_~.-]{12,4000}={0,2})",
    re.IGNORECASE,
)
_LABEL = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|pswd|mot de passe|passwort|kennwort|contrase[nñ]a"
    r"|senha"
    r"|secret(?:[_ -]?(?:access)?[_ -]?key)?|api[_ -]?(?:key|token|secret)|client[_ -]?secret"
    r"|(?:access|auth|refresh|session|bearer|security|id)[_ -]?token|access[_ -]?key"
    r"|private[_ -]?key"
    r"|encryption[_ -]?key|signing[_ -]?key|credentials?|token|otp|pin(?:[_ -]?code)?|cvv2?|cvc)"
)
# The label may end a longer key (`DB_PASSWORD`); a quoted value may hold blanks, a bare one not.
_PAIR = re.compile(
    rf"(?<![A-Za-z])(?:[A-Za-z0-9]{{1,20}}[_-]){{0,4}}(?P<label>{_LABEL})"
    r"(?P<mid>[\"'`*]{0,3}\s{0,2}(?:=>|:=|[:=])\s{0,2}|[\"'`*]{0,3} (?:is(?: now| set to)?|was) )"
    r"[*`]{0,2}(?:\"(?P<double>[^\"\n]{3,200})\"|'(?P<single>[^'\n]{3,200})'"
    r"|`(?P<tick>[^`\n]{3,200})`|(?P<bare>[^\s\"'`,;<>(){}&|]{3,200}))",
    re.IGNORECASE,
)
# "password hunter2!": nothing between, so the value must hold a digit or a sign among letters
_BARE_PAIR = re.compile(
    r"\b(?:password|passwd|passcode|passphrase|pw|pwd|passwort|contraseña|senha)(?: still| again)? "
    r"(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'`,;]{5,60})",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?<!\S)--?(?:password|passwd|token|api-key|secret)[ =]([^\s\"'-]\S{3,120})")
_PLACEHOLDER = re.compile(
    r"(?:\W*|x+|\*+|null|none|true|false|undefined|nil|required|optional|string|str|int|number|bool"
    r"|your[_ -].*|my[_-]?.*|<.*|\$.*|%.*|\{.*|\[.*|os\..*|process\..*|env\..*|self\..*|config\..*"
    r"|getenv.*|changeme|redacted|masked|hidden|example|invalid|incorrect|wrong|expired|missing"
    r"|valid"
    r"|correct|reset|not|too|the|a|an|and|or|for|is|was|in|on|at|that|this|there|it|no|yes|needed"
    r"|to|of|has|have|will|must|should|only|also|being|stored|sent|still|been|now|very)[.,;:!?]*",
    re.IGNORECASE,
)
_DIGITS_LABEL = frozenset({"pin", "otp", "cvv", "cvv2", "cvc", "pincode", "pin code", "pin_code"})
_BLOB = re.compile(r"(?<![0-9A-Za-z+/_=.-])[0-9A-Za-z+/_-]{32,128}={0,2}(?![0-9A-Za-z+/_=-])")
_UUID_OR_HASH = re.compile(
    r"[0-9a-fA-F]+|[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[A-Za-z]+|[0-9_-]+"
)


class SecretDetector(Detector):
    """Credentials. `API_KEY` where an issuer's prefix names the kind, `SECRET` otherwise."""

    ENTITIES: ClassVar = (API_KEY, SECRET)
    TRIGGERS: ClassVar = (
        r"AKIA|ASIA|ABIA|ACCA|AROA|AIDA|\bgh[pousr]_|github_pat_|\bgl[a-z]{2,5}-|\bxox[a-z]-|xapp-"
        r"|\b[spr]k_(?:test|live)_|whsec_|\bsk-|gsk_|xai-|pplx-|\br8_|\bhf_|lsv2_|[ps]k-lf-|AIza"
        r"|ya29\."
        r"|GOCSPX-|\bSG\.|\b(?:SK|AC)[0-9a-f]{32}|key-[0-9a-f]{32}|npm_|pypi-|rubygems_"
        r"|dckr_pat_|dop_v1_"
        r"|\bshp[a-z]{2}_|\bsq0|EAAA|secret_|ntn_|lin_api_|PMAK-|NRAK-|glsa_|\bhv[sb]\."
        r"|\bdapi[0-9a-f]"
        r"|:AA[0-9A-Za-z]|\bey[JI][0-9A-Za-z]|AGE-SECRET|tskey|figd|AT[AC]TT|sbp_|ghu_|pul-|fo1_"
        r"|ph[cx]_",
        r"PRIVATE KEY",
        r"(?i)\b(?:bearer|basic|token|apikey|digest)[ :=]{1,3}[0-9A-Za-z+/_~.-]{12}",
        (
            r"[:=]|\b(?:is|was) ",
            r"(?i)pass|pwd|\bpw\b|pswd|kennwort|contrase|senha|secret|key|token|credential|otp"
            r"|\bpin|cv[vc]",
        ),
        (
            r"\d",
            r"(?i)\b(?:password|passwd|passcode|passphrase|pw|pwd|passwort|contrase.{1,2}a|senha) ",
        ),
        r"(?i)--?(?:password|passwd|token|api-key|secret)[ =]",
        r"[0-9A-Za-z+/_-]{32}",
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans: 1 by prefix, .9 by header or label, .6 by entropy alone."""
        name = "SecretDetector"
        spans = [Span(*match.span(), API_KEY, 1.0, name) for match in _KEY.finditer(text)]
        for match in _PEM.finditer(text):
            if not spans or match.start() >= spans[-1].end:
                end = _PEM_END.search(text, match.end())
                spans.append(
                    Span(match.start(), end.end() if end else len(text), SECRET, 1.0, name)
                )
        spans += [
            Span(*match.span(1), SECRET, 0.9, name)
            for match in _AUTHORIZATION.finditer(text)
            if _random(match[1])
        ]
        for match in _PAIR.finditer(text):
            span = _pair(match, context)
            if span:
                spans.append(span)
        for match in _BARE_PAIR.finditer(text):
            value = match["value"].rstrip(".:)]")
            start = match.start("value")
            spans.append(Span(start, start + len(value), SECRET, 0.6, name))
        spans += [Span(*match.span(1), SECRET, 0.8, name) for match in _FLAG.finditer(text)]
        spans += [
            Span(*match.span(), SECRET, 0.6, name)
            for match in _BLOB.finditer(text)
            if not _UUID_OR_HASH.fullmatch(match[0]) and _blob(match[0])
        ]
        return spans


def _pair(match: re.Match[str], context: Context) -> Span | None:
    """Return the value of a labelled pair, unless it is a word, a placeholder or a variable."""
    group = next(name for name in ("double", "single", "tick", "bare") if match[name] is not None)
    value = match[group]
    start, end = match.span(group)
    label = match["label"].lower()
    if group == "bare":
        trimmed = value.rstrip(".,;:!?)]*")
        end -= len(value) - len(trimmed)
        value = trimmed
    if _PLACEHOLDER.fullmatch(value) or len(value) < 3:
        return None
    if label in _DIGITS_LABEL:
        return (
            Span(start, end, SECRET, 0.8, "SecretDetector")
            if value.isdigit() and 3 <= len(value) <= 8
            else None
        )
    spoken = match["mid"].strip("\"'`* ")[:2].lower() in ("is", "wa")
    # "the token is expired" is prose; a password in prose has a digit or a sign in it
    loose = spoken or label in ("token", "credential", "credentials")
    if loose and group == "bare" and (value.isalpha() or (value.isdigit() and label == "token")):
        return None
    if context.register == "code" and group == "bare" and re.fullmatch(r"[A-Za-z_.]+", value):
        return None
    if label.endswith(("token", "key")) and value.isdigit():
        return None
    return Span(start, end, SECRET, 0.9, "SecretDetector")


def _random(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


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
