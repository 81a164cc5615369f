"""The pace of a download, and the time that is left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ownhand.domain.download import Pace, Progress


def test_the_pace_is_that_of_the_last_seconds():
    pace = Pace(window=5)
    assert pace.mark(0, 0) == 0
    assert pace.mark(1, 1000) == 1000
    for second in range(2, 20):
        rate = pace.mark(second, 1000 + (second - 1) * 100)
    assert rate == 100


def test_a_download_that_starts_over_has_no_negative_pace():
    pace = Pace()
    pace.mark(0, 0)
    pace.mark(1, 1000)
    assert pace.mark(2, 0) == 0
    assert pace.mark(3, 500) == 500


@given(st.lists(st.tuples(st.floats(0.01, 10), st.integers(0, 10**9)), min_size=1, max_size=50))
def test_the_pace_lies_between_the_slowest_and_the_fastest_step(steps):
    pace, at, done = Pace(), 0.0, 0
    pace.mark(at, done)
    rates = []
    for wait, more in steps:
        at, done = at + wait, done + more
        rates.append(more / wait)
        assert min(rates) * 0.999 <= pace.mark(at, done) <= max(rates) * 1.001 + 1


def test_the_time_left_is_known_only_while_something_comes():
    assert Progress("m", "downloading", 50, 100, 10.0).seconds_left == 5
    assert Progress("m", "downloading", 50, 100).seconds_left is None
    assert Progress("m", "waiting", 50, 100, 10.0).seconds_left is None
