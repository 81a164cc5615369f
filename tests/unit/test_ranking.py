"""Which passages serve as examples."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ownhand.domain import ranking
from ownhand.domain.corpus import Hit, Kind, Passage

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def passage(text: str = "Some text.", to: tuple[str, ...] = (), days: int = 0) -> Passage:
    return Passage(1, "d", text, "", to, NOW - timedelta(days=days), Kind.EMAIL)


def values(
    found: Passage, words: int | None = None, meaning: int | None = None, cosine: float = 0.0
) -> dict[str, float]:
    wanted = ranking.situation(["Ruth <ruth@example.org>"], Kind.EMAIL, NOW)
    return dict(zip(ranking.FEATURES, ranking.features(found, wanted, words, meaning, cosine), strict=True))


def test_what_speaks_for_a_passage_is_between_zero_and_one() -> None:
    best = values(passage("x" * 5000, ("ruth@example.org",)), 1, 1, 1.0)
    assert best == pytest.approx(dict.fromkeys(ranking.FEATURES, 1.0))
    worst = values(passage("", ("anna@example.org",), days=40_000))
    assert worst == pytest.approx({**dict.fromkeys(ranking.FEATURES, 0.0), "kind": 1.0}, abs=1e-6)


def test_fitting_finds_what_savings_follow_from() -> None:
    chance = random.Random(3)
    rows = [tuple(chance.random() for _ in ranking.FEATURES) for _ in range(300)]
    savings = [4.0 + 50.0 * row[2] - 20.0 * row[0] + chance.gauss(0, 1) for row in rows]
    weights = ranking.fit(rows, savings, ridge=0.1)
    assert weights.constant == pytest.approx(4.0, abs=1.5)
    assert weights.by_feature["cosine"] == pytest.approx(50.0, abs=1.5)
    assert weights.by_feature["words"] == pytest.approx(-20.0, abs=1.5)
    assert weights.by_feature["person"] == pytest.approx(0.0, abs=1.5)
    with pytest.raises(ValueError):
        ranking.fit([], [])


def test_a_feature_that_never_varies_gets_no_weight() -> None:
    rows = [(float(number % 2), *(1.0,) * (len(ranking.FEATURES) - 1)) for number in range(20)]
    weights = ranking.fit(rows, [10.0 * row[0] for row in rows], ridge=0.01)
    assert weights.by_feature["words"] == pytest.approx(10.0, abs=0.1)
    assert weights.by_feature["kind"] == 0.0


def test_likeness_to_what_was_chosen_costs() -> None:
    groups = {"a1": "a", "a2": "a", "b": "b"}
    candidates = [("a1", 10.0), ("a2", 9.0), ("b", 5.0)]

    def alike(one: str, other: str) -> float:
        return float(groups[one] == groups[other])

    assert ranking.diversified(candidates, alike, 2, 0.0) == ["a1", "a2"]
    assert ranking.diversified(candidates, alike, 2, 6.0) == ["a1", "b"]
    assert ranking.diversified(candidates, alike, 9, 6.0) == ["a1", "b", "a2"]


def tried(letter: int, cosine: float, saved: float) -> ranking.Tried:
    found = tuple(values(passage(), 1, 1, cosine).values())
    return ranking.Tried(f"letter {letter}", found, saved)


def test_examples_are_worth_showing_where_what_speaks_for_them_says_how_much_they_save() -> None:
    chance = random.Random(5)
    letters = [
        tried(letter, cosine, 80.0 * cosine - 40.0 + chance.gauss(0, 5))
        for letter in range(16)
        for cosine in (0.1, 0.4, 0.9)
    ]
    weights = ranking.verdict(letters)
    assert weights is not None
    near, far = hit(1, 0.9), hit(2, 0.2)
    wanted = ranking.situation(["ruth@example.org"], Kind.EMAIL, NOW)
    assert ranking.worth_showing([far, near], wanted, weights) == [near]


def test_examples_are_not_worth_showing_where_they_help_and_harm_by_chance_or_always_harm() -> None:
    chance = random.Random(6)
    cosines = (0.1, 0.4, 0.9)
    noise = [tried(letter, cosine, chance.gauss(0, 30)) for letter in range(16) for cosine in cosines]
    harm = [tried(letter, cosine, -5.0) for letter in range(16) for cosine in cosines]
    assert ranking.verdict(noise) is None
    assert ranking.verdict(harm) is None


def test_a_few_letters_say_nothing() -> None:
    assert ranking.verdict([tried(letter, 0.9, 100.0) for letter in range(ranking.LEAST_LETTERS - 1)]) is None
    assert ranking.verdict([]) is None


def hit(number: int, cosine: float) -> Hit:
    return Hit(replace(passage(), id=number, document_id=str(number)), 1.0, cosine, 1, 1)
