"""Texts that make careless patterns slow: each is built at any length, and none repeats another.

They aim at nested quantifiers, long runs that nearly match, unbounded look-ahead, checks at every
offset, decoding layers, and word-by-word reading.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

_REPEATED = {
    "dots and letters": "a.",
    "at signs": "a@",
    "nearly an e-mail": "a.b-c_d+",
    "e-mails without a domain": "someone@ ",
    "digits": "1",
    "digits and blanks": "1 ",
    "digits and hyphens": "12-",
    "card-like groups": "4111 1111 ",
    "IBAN-like groups": "DE89 3704 ",
    "phone-like groups": "+1 555 ",
    "phone words": "call me at ",
    "addresses": "12 Main Street ",
    "numbers before street words": "12 34 56 Street St ",
    "capitals": "Aa ",
    "names": "John Smith ",
    "titles": "Dr. ",
    "initials": "J. ",
    "hyphenated capitals": "Aa-",
    "apostrophes": "O'",
    "names with commas": "Smith, ",
    "particles": "van de la ",
    "lower-case cues": "my name is ",
    "sign-offs": "regards\n",
    "digit words": "one two ",
    "spelled addresses": "a dot b at ",
    "bracketed addresses": "x [at] ",
    "post boxes": "P.O. Box 1, ",
    "flats": "Flat 1, ",
    "form fields": "name=John&",
    "table rows": "a,b,c\n",
    "chat labels": "[10:00] bob: ",
    "handles": "@Ab ",
    "one long word": "abcdefghij",
    "capital letters": "ABCDEFGH",
    "hexadecimal": "0123456789abcdef",
    "colons": ":",
    "IPv6-like": "1:",
    "IPv4-like": "1.1.1.",
    "slashes": "http://a/",
    "queries": "?a=b&",
    "credentials": "u:p@",
    "secrets": "password=",
    "key prefixes": "sk-",
    "tokens": "eyJ.",
    "private keys": "-----BEGIN PRIVATE KEY-----\n",
    "open braces": "{",
    "open brackets": "[",
    "quotes": '"',
    "backslashes": "\\",
    "unicode escapes": "\\u0041",
    "percent signs": "%25",
    "entities": "&amp;#64;",
    "zero-width": "a\u200b",
    "combining marks": "e\u0301\u0301\u0301",
    "full-width": "１２３-",
    "line breaks": "\n",
    "blanks": " ",
    "dates": "12/12/1980 ",
    "born": "born on ",
    "our own tokens": "<PERSON:k1:",
    "whole tokens": "<PERSON>",
    "not Latin": "李伟王芳",
    "emoji": "👩‍👧‍👦",
}


def _repeat(unit: str, length: int, salt: str) -> str:
    return salt + (unit * (length // len(unit) + 1))[: length - len(salt)]


def _nested_json(length: int, salt: str) -> str:
    text = salt
    while len(text) < length:
        longer = json.dumps({"a": text})
        if len(longer) > length:
            break
        text = longer
    return text


def _base64_layers(length: int, salt: str) -> str:
    layer = salt.encode()
    while len(layer) * 4 // 3 + 4 <= length:
        layer = base64.b64encode(layer)
    return layer.decode()


def _flat_object(length: int, salt: str) -> str:
    entries = {f"{salt}{i}": f"v{i}" for i in range(length // 22)}
    return json.dumps(entries)[:length]


_BUILT: dict[str, Callable[[int, str], str]] = {
    "JSON in JSON in JSON": _nested_json,
    "base64 of base64": _base64_layers,
    "JSON that ends too early": _flat_object,
}


def hostile_texts(length: int, salt: str) -> dict[str, str]:
    """Return a text of about `length` characters for each kind; `salt` keeps caches out of it."""
    texts = {kind: _repeat(unit, length, salt) for kind, unit in _REPEATED.items()}
    texts.update({kind: build(length, salt) for kind, build in _BUILT.items()})
    return texts
