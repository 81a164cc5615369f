"""How it is going, in numbers that can be checked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from ownhand.domain import tally
from ownhand.domain.tally import Tally, distance, judged


@pytest.mark.parametrize(
    ("suggested", "kept", "changes"),
    [
        ("Thanks, Dana.", "Thanks, Dana.", 0),
        ("Thanks, Dana.", "Thanks,\n\nDana.", 0),
        ("Thanks a lot, Dana.", "Thanks, Dana!", 3),
        ("", "Entirely new words", 3),
    ],
)
def test_the_distance_is_what_was_changed_in_words_and_marks(suggested: str, kept: str, changes: int) -> None:
    assert distance(suggested, kept)[0] == changes


def test_a_very_long_text_is_compared_at_once() -> None:
    changes, size = distance("old " * 50_000, "new " * 40_000)
    assert (changes, size) == (50_000, 50_000)


def test_a_suggestion_is_accepted_only_if_nothing_was_changed() -> None:
    assert judged("Fine by me.", "Fine by me.") == Tally(accepted=1, words=4)
    assert judged("Fine by me.", "Fine with me.") == Tally(edited=1, distance=1, words=4)


def test_days_are_summed_to_weeks_and_a_week_without_counts_is_there_too() -> None:
    days = tally.by_day(
        [(date(2026, 11, 9), "saved", 10), (date(2026, 11, 15), "saved", 5), (date(2026, 11, 23), "saved", 7)]
    )
    weeks = tally.by_week(days, date(2026, 11, 25), 3)
    assert [(monday.isoformat(), one.saved) for monday, one in weeks] == [
        ("2026-11-09", 15), ("2026-11-16", 0), ("2026-11-23", 7)]  # fmt: skip


def test_a_count_that_only_a_newer_version_knows_is_left_out() -> None:
    assert tally.by_day([(date(2026, 11, 9), "sung", 1), (date(2026, 11, 9), "shown", 2)]) == [
        (date(2026, 11, 9), Tally(shown=2))
    ]


def test_what_was_changed_is_told_per_hundred_words_and_not_at_all_without_any() -> None:
    assert Tally(distance=5, words=200).changed == 2.5
    assert Tally().changed is None
