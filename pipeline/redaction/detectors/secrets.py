"""Passwords, private keys and tokens by what stands around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from pipeline.redaction.detectors.base import Context, Detector, Part
from pipeline.redaction.detectors.patterns import CaselessPattern, TextPattern
from pipeline.redaction.spans import SECRET, Span

_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_NAME = "SecretDetector"
_AUTHORIZATION = CaselessPattern(
    r"\b(?:bearer|basic|token|apikey|digest)[ :=]{1,3}([0-9A-Za-z+/_~.-]{12,4000}={0,2})",
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
_MID = (
    r"(?:[\"'`*]{0,3}\s{0,2}(?:=>|:=|[:=])\s{0,2}|[\"'`*]{0,3} (?:is(?: now| set to)?|was"
    r"|lautet|ist|est|es|är|er|to|jest) )"
)
# The label may end a longer key (`DB_PASSWORD`): an underscore may stand in front.
# A quoted value may hold blanks, a bare one not.
_PAIR = CaselessPattern(
    rf"(?<![A-Za-z])(?P<label>{_LABEL})(?P<mid>{_MID})"
    r"[*`]{0,2}(?:\"(?P<double>[^\"\n]{3,200})\"|'(?P<single>[^'\n]{3,200})'"
    r"|`(?P<tick>[^`\n]{3,200})`|(?P<bare>[^\s\"'`,;<>(){}&|]{3,200}))",
)
# "password hunter2!": nothing between, so the value must hold a digit or a sign among letters
_BARE_PAIR = CaselessPattern(
    r"\b(?:password|passwd|passcode|passphrase|pw|pwd|passwort|contraseña|senha)"
    r"(?:,? (?:is it|is|was|to|it'?s|still|again|now|i (?:set|use|used|chose|made|put)|we (?:set"
    r"|use)"
    r"|used to be|for (?:the |my |our )?[a-z]{2,10}"
    r"(?: [a-z]{2,10}(?=:| is | was ))?)){0,4}:? "
    r"(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'`,;]{5,60})",
)
_PIN = (
    r"(?:pin|passcode|pass code|otp|one[- ]time (?:code|password)|security code|door code"
    r"|gate code|alarm code|verification code|access code|unlock code|cvv|cvc)"
)
# "my pin is still 4471", "the passcode you want is 90210"
_SAID_PIN = CaselessPattern(
    rf"\b{_PIN}"
    r"(?: (?:number|code|i (?:set|use|chose|got)|you (?:want|need|sent(?: me)?)|for (?:the |my "
    r"|our )?[a-z]{2,10}"
    r"|on (?:the|my) [a-z]{2,10})){0,2}(?: (?:is|was|should be|to)(?: still| now)?|:| =|'s) "
    r"(?P<value>\d{3,8})(?![\w-]|[.,:]\d)",
)
# "the passphrase is copper wagon lantern seventeen"
_PASSPHRASE = CaselessPattern(
    r"\b(?:pass ?phrase|seed phrase|recovery phrase|secret words?)(?: (?:is|was)|:) [\"'“]?"
    r"(?P<value>(?!(?:not|too|the|a|an|set|now|your|my|in|on|stored|required|wrong|being)\b)"
    r"[a-z]{3,12}(?:[ -][a-z]{3,12}){2,23})(?=[\"'”.,;!\n]|$)",
)
_FLAG = TextPattern(r"(?<!\S)--?(?:password|passwd|token|api-key|secret)[ =]([^\s\"'-]\S{3,120})")
_PLACEHOLDER = CaselessPattern(
    r"(?:\W*|x+|\*+|null|none|true|false|undefined|nil|required|optional|string|str|int|number|bool"
    r"|your[_ -].*|my[_-]?.*|<.*|\$.*|%.*|\{.*|\[.*|os\..*|process\..*|env\..*|self\..*|config\..*"
    r"|getenv.*|changeme|redacted|masked|hidden|example|invalid|incorrect|wrong|expired|missing"
    r"|valid"
    r"|correct|reset|not|too|the|a|an|and|or|for|is|was|in|on|at|that|this|there|it|no|yes|needed"
    r"|to|of|has|have|will|must|should|only|also|being|stored|sent|still|been|now|very)[.,;:!?]*",
)
_DIGITS_LABEL = frozenset({"pin", "otp", "cvv", "cvv2", "cvc", "pincode", "pin code", "pin_code"})


class SecretDetector(Detector):
    """Private keys, and what stands behind a word such as password, token or Authorization."""

    ENTITIES: ClassVar = (SECRET,)

    def parts(self) -> tuple[Part, ...]:
        """Return private keys and each form of a label and its secret."""
        return (
            Part((r"PRIVATE KEY",), _private_keys),
            Part(
                (r"(?i)\b(?:bearer|basic|token|apikey|digest)[ :=]{1,3}[0-9A-Za-z]",),
                _authorizations,
            ),
            Part((rf"(?i){_LABEL}{_MID}",), _pairs),
            Part(
                (
                    (
                        r"\d",
                        r"(?i)\b(?:password|passwd|passcode|passphrase|pw|pwd|passwort"
                        r"|contrase.{1,2}a|senha)[ ,:]",
                    ),
                ),
                _bare_pairs,
            ),
            Part(((r"\d{3}", rf"(?i)\b{_PIN}"),), _said(_SAID_PIN)),
            Part(
                (r"(?i)\b(?:pass ?phrase|seed phrase|recovery phrase|secret words?)",),
                _said(_PASSPHRASE),
            ),
            Part((r"(?i)--?(?:password|passwd|token|api-key|secret)[ =]",), _flags),
        )


def _private_keys(text: str, _context: Context) -> list[Span]:
    spans: list[Span] = []
    for match in _PEM.finditer(text):
        if not spans or match.start() >= spans[-1].end:
            end = _PEM_END.search(text, match.end())
            spans.append(Span(match.start(), end.end() if end else len(text), SECRET, 1.0, _NAME))
    return spans


def _authorizations(text: str, _context: Context) -> list[Span]:
    return [
        Span(*match.span(1), SECRET, 0.9, _NAME)
        for match in _AUTHORIZATION.finditer(text)
        if _random(match[1])
    ]


def _pairs(text: str, context: Context) -> list[Span]:
    spans = [_pair(match, context) for match in _PAIR.finditer(text)]
    return [span for span in spans if span]


def _bare_pairs(text: str, _context: Context) -> list[Span]:
    spans = []
    for match in _BARE_PAIR.finditer(text):
        value = match["value"].rstrip(".:)]")
        start = match.start("value")
        spans.append(Span(start, start + len(value), SECRET, 0.6, _NAME))
    return spans


def _said(pattern: CaselessPattern) -> Callable[[str, Context], list[Span]]:
    def find(text: str, _context: Context) -> list[Span]:
        return [Span(*match.span("value"), SECRET, 0.7, _NAME) for match in pattern.finditer(text)]

    return find


def _flags(text: str, _context: Context) -> list[Span]:
    return [Span(*match.span(1), SECRET, 0.8, _NAME) for match in _FLAG.finditer(text)]


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
            Span(start, end, SECRET, 0.8, _NAME)
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
    return Span(start, end, SECRET, 0.9, _NAME)


def _random(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))
