"""The verifier's first glance rules out nothing that a check finds."""

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
    *(b"\\n \\u00e9 \\u0031 u0031 4111111111111111 GB82WEST12345698765432 +14155550132".split()),
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
        assert may_hold(before + b" " + match + after)
        assert may_hold(before + b"\\n" + match + after)
        assert may_hold(before + b"\\u00e9" + match + after)

    check()


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_of_a_secret_passes(prefix: bytes) -> None:
    secret = prefix + b"aB3dE6gH9jK2mN5p"
    assert re2.fullmatch(verifier._KEY, secret)
    assert may_hold(secret)


def found_by_checks(text: bytes) -> int:
    """Return the entities that the checks find in `text`, as bits, without a glance before."""
    found = 0
    for check in verifier._CHECKS:
        spans = [match.span() for match in check.pattern.finditer(text)]
        if any(check.holds(text, start, end) for start, end in spans):
            found |= check.bit
    return found


@given(TEXTS)
@settings(max_examples=1_500, deadline=None)
@example(b"")
@example(b"trace_id 6db10518ce168f7f505099157788f098, again 4111 1111 1111 1111")
@example(b'"1ZD879D52E0CCBC5 GB82WEST12345698765432"')
def test_a_no_is_a_proof(text: bytes) -> None:
    assert found_by_checks(text) & ~may_hold(text) == 0


def test_a_number_in_the_middle_of_a_word_is_ruled_out() -> None:
    assert not may_hold(b'"trace_id":"6db10518ce168f7f505099157788f098"')
    assert not may_hold(b'"tracking":"1ZD879D52E0CCBC5"')
    assert not may_hold(b'"hint":"x+14155550132"')
    assert may_hold(b'"text":"one\\n4111111111111111"')
    assert may_hold(b'"text":"caf\\u00e94111111111111111"')


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
