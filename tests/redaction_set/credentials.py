"""Secrets in the shapes that vendors publish, put together at run time so that none lies in git."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from string import digits as decimal

ALPHANUMERIC = ascii_letters + decimal
URL_SAFE = ALPHANUMERIC + "-_"


def _pick(rng: Random, alphabet: str, count: int) -> str:
    return "".join(rng.choices(alphabet, k=count))


def _hex(rng: Random, count: int) -> str:
    return _pick(rng, "0123456789abcdef", count)


def jwt(rng: Random) -> str:
    """Return a JSON web token with a plausible header, body and signature."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": str(rng.randint(1, 9999)), "iat": 1700000000}]
    encoded = [
        base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=")
        for part in parts
    ]
    return ".".join([*(part.decode() for part in encoded), _pick(rng, URL_SAFE, 43)])


def api_key(rng: Random) -> str:
    """Return a key or token whose prefix its vendor publishes."""
    makers: list[Callable[[], str]] = [
        lambda: "AKIA" + _pick(rng, ascii_uppercase + "234567", 16),
        lambda: "ghp" + "_" + _pick(rng, ALPHANUMERIC, 36),
        lambda: (
            "github_pat" + "_" + _pick(rng, ALPHANUMERIC, 22) + "_" + _pick(rng, ALPHANUMERIC, 59)
        ),
        lambda: (
            "xoxb-"
            + f"{rng.randint(10**11, 10**12)}-{rng.randint(10**11, 10**12)}-"
            + _pick(rng, ALPHANUMERIC, 24)
        ),
        lambda: "sk" + "_live_" + _pick(rng, ALPHANUMERIC, 24),
        lambda: "rk" + "_live_" + _pick(rng, ALPHANUMERIC, 24),
        lambda: "sk-proj-" + _pick(rng, ALPHANUMERIC, 48),
        lambda: "sk-ant-" + "api03-" + _pick(rng, URL_SAFE, 93) + "AA",
        lambda: "AIza" + _pick(rng, URL_SAFE, 35),
        lambda: "SG." + _pick(rng, URL_SAFE, 22) + "." + _pick(rng, URL_SAFE, 43),
        lambda: "npm" + "_" + _pick(rng, ALPHANUMERIC, 36),
        lambda: "glpat-" + _pick(rng, URL_SAFE, 20),
        lambda: "hf" + "_" + _pick(rng, ascii_letters, 34),
        lambda: "dop_v1" + "_" + _hex(rng, 64),
        lambda: "pypi-" + "AgEIcHlwaS5vcmc" + _pick(rng, URL_SAFE, 60),
        lambda: "shpat" + "_" + _hex(rng, 32),
        lambda: "key-" + _hex(rng, 32),
        lambda: jwt(rng),
    ]
    return rng.choice(makers)()


def bare_secret(rng: Random) -> str:
    """Return a secret without a vendor's prefix; only its context gives it away."""
    makers: list[Callable[[], str]] = [
        lambda: _hex(rng, 40),
        lambda: _pick(rng, ALPHANUMERIC + "+/", 40),
        lambda: _pick(rng, URL_SAFE, 32),
    ]
    return rng.choice(makers)()


def password(rng: Random) -> str:
    """Return a password as people choose them."""
    word = rng.choice(["Sunset", "dragon", "Liverpool", "letmein", "Tr0ub4dor", "hunter", "Qwerty"])
    return (
        word
        + rng.choice(["!", "#", "_", "$", ""])
        + str(rng.randint(10, 9999))
        + rng.choice(["", "!", "xX", "?"])
    )


def private_key(rng: Random) -> str:
    """Return a PEM block; its body is random."""
    kind = rng.choice(["RSA ", "EC ", "OPENSSH ", ""])
    lines = [_pick(rng, ALPHANUMERIC + "+/", 64) for _ in range(3)]
    body = "\n".join([*lines, _pick(rng, ALPHANUMERIC, 22) + "=="])
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


def credential_url(rng: Random) -> str:
    """Return a connection string that carries user and password."""
    scheme = rng.choice(
        ["postgres", "postgresql", "mysql", "mongodb+srv", "redis", "amqp", "https"]
    )
    user = rng.choice(["admin", "svc_orders", "root", "deploy", _pick(rng, ascii_lowercase, 6)])
    host = rng.choice(
        ["db.internal:5432/orders", "cache-1.example.net:6379/0", "mq.example.com/prod"]
    )
    return f"{scheme}://{user}:{_pick(rng, ALPHANUMERIC, 14)}@{host}"
