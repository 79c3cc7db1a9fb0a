"""The verifier's first glance rules out nothing that a pattern matches."""

from __future__ import annotations

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.redaction import verifier
from pipeline.redaction.glance import may_hold

PATTERNS = {
    "card": verifier._CARD,
    "email": verifier._EMAIL,
    "iban": verifier._IBAN,
    "key": verifier._KEY,
    "phone": verifier._PHONE,
    "private key": verifier._PRIVATE_KEY,
    "ssn": verifier._SSN,
}
COMPILED = [re2.compile(pattern) for pattern in PATTERNS.values()]
AROUND = st.one_of(
    st.binary(max_size=12), st.integers(0, 120).map(lambda n: b"," * n), st.just(b"")
)
PREFIXES = (
    b"sk- sk_live_ rk_live_ ghp_ gho_ ghu_ ghs_ github_pat_ glpat- xoxa- xoxb- xoxp- xoxr- xoxs- "
    b"AKIA ASIA AIza npm_ hf_ SG. dop_v1_ shpat_"
).split()
# what the patterns are made of, and what makes them fail
PIECES = [
    *PREFIXES,
    *(bytes([byte]) for byte in b"@.+-_ (){}\"':,\\/0123456789aBkXZ"),
    *(b"00 11 222 4111 1111 12345678 ab AB GB82 DE89 com example eyJ aB3dE6gH9j".split()),
    *(b"jK2mN5pQ8sT ----- BEGIN".split()),
    b"PRIVATE KEY",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join), st.binary(max_size=200)
)


def test_every_check_has_its_pattern_here() -> None:
    checked = {check.pattern.pattern for check in verifier._CHECKS}
    assert checked == set(PATTERNS.values())


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_what_a_pattern_matches_passes_wherever_it_stands(pattern: bytes) -> None:
    @given(st.from_regex(pattern, fullmatch=True), AROUND, AROUND)
    @settings(max_examples=150, deadline=None)
    def check(match: bytes, before: bytes, after: bytes) -> None:
        assert may_hold(match)
        assert may_hold(before + match + after)

    check()


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_of_a_secret_passes(prefix: bytes) -> None:
    secret = prefix + b"aB3dE6gH9jK2mN5p"
    assert re2.fullmatch(verifier._KEY, secret)
    assert may_hold(secret)


@given(TEXTS)
@settings(max_examples=600, deadline=None)
@example(b"")
def test_a_no_is_a_proof(text: bytes) -> None:
    if not may_hold(text):
        assert not any(pattern.search(text) for pattern in COMPILED)


def test_every_place_in_a_text_of_any_length_is_read() -> None:
    """The text is read in four parts: nothing may be lost where they meet."""
    for length in range(130):
        for place in range(length + 1):
            text = b"," * place + b"536-22-1234" + b"," * (length - place)
            assert may_hold(text), (length, place)


def test_most_events_are_ruled_out() -> None:
    event = (
        b'{"event_id":"s-4f25-00000000.683e7720962c397f","ts":"2026-10-26T07:33:20.003000Z",'
        b'"user_id":"<ACCOUNT_ID:k1:fbhhfftfddfjrmwwcdqffgnq>","task_id":"task-12",'
        b'"policy":"sluice-default@47e8117eb87c","latency_ms":132.7,"offset":12345}'
    )
    assert not may_hold(event)


def test_other_things_than_bytes_are_refused() -> None:
    with pytest.raises(TypeError):
        may_hold("text")  # type: ignore[arg-type]
