"""Passwords, private keys and tokens by what stands around them."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import SECRET, Span

_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_SCHEMES = ("bearer", "basic", "token", "apikey", "digest")
_BETWEEN = re.compile(r"[:=]| (?:is|was|lautet|ist|est|es|är|er|to|jest) ")
_LONGEST_LABEL = 48
_PIN_PARTS = ("pin", "code", "otp", "password", "cvv", "cvc")
_PHRASE_PARTS = ("phrase", "secret word")
_BARE_LABEL = re.compile(r"pass|pw|contrase|senha")
_AUTHORIZATION = TextPattern(
    r"\b(?:bearer|basic|token|apikey|digest)[ :=]{1,3}([0-9A-Za-z+/_~.-]{12,4000}={0,2})",
    re.IGNORECASE,
)
_LABEL = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|pswd|mot de passe|passwort|kennwort|contrase[nñ]a"
    r"|senha|has[lł]o|lösenord|wachtwoord|heslo|jelszó|salasana|parola|şifre|passord|adgangskode"
    r"|secret(?:[_ -]?(?:access)?[_ -]?key)?|api[_ -]?(?:key|token|secret)|client[_ -]?secret"
    r"|(?:access|auth|refresh|session|bearer|security|id)[_ -]?token|access[_ -]?key"
    r"|private[_ -]?key"
    r"|encryption[_ -]?key|signing[_ -]?key|credentials?|token|otp|pin(?:[_ -]?code)?|cvv2?|cvc"
    r"|wi-?fi (?:code|key|pw))"
)
# The label may end a longer key (`DB_PASSWORD`): an underscore may stand in front.
# A quoted value may hold blanks, a bare one not.
_PAIR = TextPattern(
    rf"(?<![A-Za-z])(?P<label>{_LABEL})"
    r"(?P<mid>[\"'`*]{0,3}\s{0,2}(?:=>|:=|[:=])\s{0,2}|[\"'`*]{0,3} (?:is(?: now| set to)?|was"
    r"|lautet|ist|est|es|är|er|to|jest) )"
    r"[*`]{0,2}(?:\"(?P<double>[^\"\n]{3,200})\"|'(?P<single>[^'\n]{3,200})'"
    r"|`(?P<tick>[^`\n]{3,200})`|(?P<bare>[^\s\"'`,;<>(){}&|]{3,200}))",
    re.IGNORECASE,
)
# "password hunter2!": nothing between, so the value must hold a digit or a sign among letters
_BARE_PAIR = TextPattern(
    r"\b(?:password|passwd|passcode|passphrase|pw|pwd|passwort|contraseña|senha)"
    r"(?:,? (?:is it|is|was|to|it'?s|still|again|now|i (?:set|use|used|chose|made|put)|we (?:set"
    r"|use)"
    r"|used to be|for (?:the |my |our )?[a-z]{2,10}"
    r"(?: [a-z]{2,10}(?=:| is | was ))?)){0,4}:? "
    r"(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'`,;]{5,60})",
    re.IGNORECASE,
)
# "my pin is still 4471", "the passcode you want is 90210"
_SAID_PIN = TextPattern(
    r"\b(?:pin|passcode|pass code|otp|one[- ]time (?:code|password)|security code|door code"
    r"|gate code"
    r"|alarm code|verification code|access code|unlock code|cvv|cvc)"
    r"(?: (?:number|code|i (?:set|use|chose|got)|you (?:want|need|sent(?: me)?)|for (?:the |my "
    r"|our )?[a-z]{2,10}"
    r"|on (?:the|my) [a-z]{2,10})){0,2}(?: (?:is|was|should be|to)(?: still| now)?|:| =|'s) "
    r"(?P<value>\d{3,8})(?![\w-]|[.,:]\d)",
    re.IGNORECASE,
)
# "the passphrase is copper wagon lantern seventeen"
_PASSPHRASE = TextPattern(
    r"\b(?:pass ?phrase|seed phrase|recovery phrase|secret words?)(?: (?:is|was)|:) [\"'“]?"
    r"(?P<value>(?!(?:not|too|the|a|an|set|now|your|my|in|on|stored|required|wrong|being)\b)"
    r"[a-z]{3,12}(?:[ -][a-z]{3,12}){2,23})(?=[\"'”.,;!\n]|$)",
    re.IGNORECASE,
)
_FLAG = TextPattern(r"(?<!\S)--?(?:password|passwd|token|api-key|secret)[ =]([^\s\"'-]\S{3,120})")
_PLACEHOLDER = TextPattern(
    r"(?:\W*|x+|\*+|null|none|true|false|undefined|nil|required|optional|string|str|int|number|bool"
    r"|your[_ -].*|my[_-]?.*|<.*|\$.*|%.*|\{.*|\[.*|os\..*|process\..*|env\..*|self\..*|config\..*"
    r"|getenv.*|changeme|redacted|masked|hidden|example|invalid|incorrect|wrong|expired|missing"
    r"|valid"
    r"|correct|reset|not|too|the|a|an|and|or|for|is|was|in|on|at|that|this|there|it|no|yes|needed"
    r"|to|of|has|have|will|must|should|only|also|being|stored|sent|still|been|now|very)[.,;:!?]*",
    re.IGNORECASE,
)
_DIGITS_LABEL = frozenset({"pin", "otp", "cvv", "cvv2", "cvc", "pincode", "pin code", "pin_code"})


class SecretDetector(Detector):
    """Private keys, and what stands behind a word such as password, token or Authorization."""

    ENTITIES: ClassVar = (SECRET,)
    TRIGGERS: ClassVar = (
        r"PRIVATE KEY",
        r"(?i)\b(?:bearer|basic|token|apikey|digest)[ :=]{1,3}[0-9A-Za-z]",
        (
            r"[:=]|\b(?:is|was|lautet|ist|est|es|er|to|jest) |är ",
            r"(?i)pass|pwd|\bpw\b|pswd|kennwort|contrase|senha|secret|key|token|credential|otp"
            r"|\bpin|cv[vc]|wi-?fi|has[lł]o|lösenord|wachtwoord|heslo|jelszó|salasana|parola|şifre"
            r"|adgangskode",
        ),
        (
            r"\d",
            r"(?i)\b(?:password|passwd|passcode|passphrase|pw|pwd|passwort|contrase.{1,2}a"
            r"|senha)[ ,:]",
        ),
        (r"\d{3}", r"(?i)\b(?:pin|pass ?code|otp|code|password|cv[vc])\b"),
        r"(?i)\b(?:pass ?phrase|seed phrase|recovery phrase|secret words?)",
        r"(?i)--?(?:password|passwd|token|api-key|secret)[ =]",
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans: 1 for private keys, .9 by header or label, less for looser forms."""
        name = "SecretDetector"
        spans: list[Span] = []
        for match in _PEM.finditer(text) if "-----BEGIN" in text else ():
            if not spans or match.start() >= spans[-1].end:
                end = _PEM_END.search(text, match.end())
                spans.append(
                    Span(match.start(), end.end() if end else len(text), SECRET, 1.0, name)
                )
        # `in` is much faster than any pattern
        lowered = text.lower()
        if any(scheme in lowered for scheme in _SCHEMES):
            spans += [
                Span(*match.span(1), SECRET, 0.9, name)
                for match in _AUTHORIZATION.finditer(text)
                if _random(match[1])
            ]
        between = _BETWEEN.search(lowered)
        if between is not None:
            # no label begins further in front of what stands between label and value
            for match in _PAIR.finditer(text, max(0, between.start() - _LONGEST_LABEL)):
                span = _pair(match, context)
                if span:
                    spans.append(span)
        for match in _BARE_PAIR.finditer(text) if _BARE_LABEL.search(lowered) else ():
            value = match["value"].rstrip(".:)]")
            start = match.start("value")
            spans.append(Span(start, start + len(value), SECRET, 0.6, name))
        for pattern, parts in ((_SAID_PIN, _PIN_PARTS), (_PASSPHRASE, _PHRASE_PARTS)):
            if any(part in lowered for part in parts):
                spans += [
                    Span(*match.span("value"), SECRET, 0.7, name)
                    for match in pattern.finditer(text)
                ]
        if "-" in text:
            spans += [Span(*match.span(1), SECRET, 0.8, name) for match in _FLAG.finditer(text)]
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
    spoken = any(map(str.isalpha, match["mid"]))
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
