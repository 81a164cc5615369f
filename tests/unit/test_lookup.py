"""Guessing the next tokens by what followed them before."""

from __future__ import annotations

from ownhand.adapters.worker.lookup import Lookup, Trust

SOURCE = [5, 8, 13, 21, 34, 55, 89]


def test_what_followed_the_same_tokens_is_guessed() -> None:
    assert Lookup([*SOURCE, 1, 2, 8, 13]).guess(3) == [21, 34, 55]


def test_the_longest_and_latest_match_counts() -> None:
    lookup = Lookup([1, 2, 3, 4, 50, 9, 9, 3, 4, 60, 9, 9, 1, 2, 3, 4])
    assert lookup.guess(1) == [50]
    lookup = Lookup([3, 4, 50, 9, 9, 3, 4, 60, 9, 9, 3, 4])
    assert lookup.guess(1) == [60]


def test_nothing_is_guessed_where_nothing_is_alike() -> None:
    assert Lookup([*SOURCE, 7, 7]).guess(4) == []
    assert Lookup([4]).guess(4) == []
    assert Lookup([]).guess(4) == []


def test_tokens_written_meanwhile_count_too() -> None:
    lookup = Lookup(SOURCE)
    for token in (70, 71, 72, 70, 71):
        lookup.add(token)
    assert lookup.guess(2) == [72, 70]


def cheap(tokens: int) -> float | None:
    return 0.004 + 0.0002 * tokens


def dear(tokens: int) -> float | None:
    return 0.004 * tokens


def test_many_are_guessed_where_steps_are_cheap_and_guesses_hold() -> None:
    trust = Trust()
    for _ in range(60):
        trust.observe(6, 6)
    assert trust.guesses(cheap, 6) == 6
    assert trust.guesses(cheap, 3) == 3
    assert trust.guesses(cheap, 0) == 0


def test_none_are_guessed_where_it_does_not_pay() -> None:
    trust = Trust()
    assert trust.guesses(dear, 6) == 0
    for _ in range(60):
        trust.observe(0, 6)
    assert trust.held < 0.1
    assert trust.guesses(cheap, 6) == 0


def test_costs_that_are_not_known_are_found_out() -> None:
    assert Trust().guesses(lambda tokens: 0.004 if tokens == 1 else None, 6) == 6
    assert Trust().guesses(lambda tokens: None, 6) == 0
