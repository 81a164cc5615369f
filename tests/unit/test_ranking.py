"""Which passages serve as examples."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from ownhand.domain import ranking
from ownhand.domain.corpus import Kind, Passage

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
