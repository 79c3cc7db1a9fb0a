"""The watermark: never goes back, and no single clock drives it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows.watermark import QUORUM_EVENTS, Watermark, WatermarkConfig

CONFIG = WatermarkConfig()
START_MS = 1_760_000_000_000

steps = st.lists(
    st.tuples(
        st.integers(-7_200_000, 90_000_000),  # event time, from the start
        st.integers(0, 60_000),  # how far Kafka's time moves
        st.sampled_from(("a", "b", "c", "d")),
        st.booleans(),  # whether the wall clock ticks after it
    ),
    max_size=60,
)


def started(config: WatermarkConfig = CONFIG) -> Watermark:
    """A watermark that three sessions have brought to the start."""
    watermark = Watermark(config)
    for session in ("x", "y", "z"):
        watermark.observe(START_MS, START_MS, session)
    return watermark


@given(steps)
def test_never_goes_back_and_never_passes_what_kafka_allows(
    moves: list[tuple[int, int, str, bool]],
) -> None:
    watermark, record_ms, last = Watermark(CONFIG), START_MS, None
    for event_ms, moved, session, ticks in moves:
        record_ms += moved
        value = watermark.observe(START_MS + event_ms, record_ms, session)
        assert last is None or (value is not None and value >= last)
        assert value is None or value <= record_ms + CONFIG.max_ahead_ms - CONFIG.lateness_ms
        last = value
        if ticks:
            value = watermark.tick(record_ms + 1_000)
            assert value == last


@given(steps)
def test_stored_state_goes_on_as_if_nothing_happened(
    moves: list[tuple[int, int, str, bool]],
) -> None:
    watermark, record_ms = Watermark(CONFIG), START_MS
    for event_ms, moved, session, stored in moves:
        record_ms += moved
        other = Watermark.from_json(CONFIG, watermark.to_json()) if stored else watermark
        expected = watermark.observe(START_MS + event_ms, record_ms, session)
        if other is not watermark:
            assert other.observe(START_MS + event_ms, record_ms, session) == expected
            watermark = other


def test_follows_the_greatest_event_time_less_the_lateness() -> None:
    watermark = started()
    assert watermark.value_ms == START_MS - CONFIG.lateness_ms
    watermark.observe(START_MS + 5_000, START_MS + 5_000, "x")
    watermark.observe(START_MS + 1_000, START_MS + 6_000, "x")
    assert watermark.value_ms == START_MS + 5_000 - CONFIG.lateness_ms


def test_one_event_far_in_the_future_moves_at_most_to_kafkas_own_time() -> None:
    watermark = started()
    watermark.observe(START_MS + 80_000_000, START_MS + 1_000, "x")
    ahead_ms = START_MS + 1_000 + CONFIG.max_ahead_ms
    assert watermark.value_ms == ahead_ms - CONFIG.lateness_ms


def test_a_jump_in_a_backfill_needs_three_sessions_in_a_row() -> None:
    """Kafka's time is far ahead of all event times here, so that it bounds nothing."""
    watermark, later = started(), START_MS + 80_000_000
    record_ms = START_MS + 10 * 86_400_000
    watermark.observe(START_MS + 1, record_ms, "x")
    before = watermark.value_ms
    jump_ms = later
    for session in ("a", "b"):
        assert watermark.observe(jump_ms, record_ms, session) == before
    watermark.observe(START_MS + 2, record_ms, "x")  # the old time goes on: the row ends
    for session in ("a", "b"):
        watermark.observe(jump_ms, record_ms, session)
        assert watermark.value_ms is not None
        assert watermark.value_ms < START_MS + 1_000
    watermark.observe(jump_ms + 7, record_ms, "c")
    assert watermark.value_ms == jump_ms - CONFIG.lateness_ms


def test_a_single_session_is_believed_after_many_events() -> None:
    watermark, record_ms = Watermark(CONFIG), START_MS + 86_400_000
    for number in range(QUORUM_EVENTS - 1):
        assert watermark.observe(START_MS + number, record_ms, "only") is None
    assert watermark.observe(START_MS + 99, record_ms, "only") == START_MS - CONFIG.lateness_ms


def test_a_quiet_night_is_no_jump() -> None:
    """Event time and Kafka's time move on together by eight hours."""
    watermark, morning = started(), START_MS + 8 * 3_600_000
    watermark.observe(morning, morning, "x")
    assert watermark.value_ms == morning - CONFIG.lateness_ms


def test_an_idle_partition_goes_on_with_the_wall_clock() -> None:
    watermark = started()
    before = watermark.value_ms
    assert watermark.tick(START_MS) == before
    assert watermark.tick(START_MS + CONFIG.idle_timeout_ms) == before
    after = watermark.tick(START_MS + CONFIG.idle_timeout_ms + 30_000)
    assert after == START_MS + 30_000 - CONFIG.lateness_ms


def test_a_worker_that_catches_up_is_not_idle() -> None:
    """It was down for an hour: what it reads is old by Kafka's time, but it reads."""
    watermark, now_ms = started(), START_MS + 3_600_000
    for step in range(200):
        watermark.tick(now_ms + step * 1_000)
        watermark.observe(START_MS + step * 10, START_MS + step * 10, "x")
    assert watermark.value_ms == START_MS + 1_990 - CONFIG.lateness_ms


def test_idle_time_settles_a_jump_that_nobody_confirmed() -> None:
    watermark = Watermark(CONFIG)
    watermark.observe(START_MS, START_MS, "only")
    assert watermark.value_ms is None
    watermark.tick(START_MS)
    watermark.tick(START_MS + CONFIG.idle_timeout_ms + 1)
    assert watermark.value_ms == START_MS + 1 - CONFIG.lateness_ms
