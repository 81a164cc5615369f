"""How often a person writes each token, against how often the model expects it of them."""

from __future__ import annotations

import numpy as np
import pytest

from ownhand.adapters.worker.marginals import COUNTED, LEAST_PLACES, POWER, Marginals

MARK, OFTEN, SELDOM, AS_EXPECTED = range(4)
IS_TEXT = np.array([False, True, True, True])


def logits_of(*shares: float) -> np.ndarray:
    return np.log(np.array(shares, np.float32))


def looked_at(*shares: float, places: int = 1000) -> Marginals:
    marginals = Marginals(IS_TEXT)
    marginals.look(np.tile(logits_of(*shares), (places, 1)))
    return marginals


def test_what_is_written_more_often_than_expected_becomes_likelier_and_what_is_written_less_often_less_likely() -> None:
    scale = looked_at(0.1, 0.2, 0.4, 0.3).scale(np.array([OFTEN, SELDOM, AS_EXPECTED]), np.array([500.0, 200.0, 300.0]))
    assert scale is not None
    assert scale[OFTEN] == pytest.approx(POWER * np.log((500 + COUNTED) / (200 + COUNTED)), rel=1e-5)
    assert scale[SELDOM] == pytest.approx(POWER * np.log((200 + COUNTED) / (400 + COUNTED)), rel=1e-5)
    assert scale[AS_EXPECTED] == pytest.approx(0, abs=1e-6)


def test_a_mark_is_never_scaled_although_nobody_writes_it() -> None:
    scale = looked_at(0.5, 0.2, 0.2, 0.1).scale(np.array([OFTEN]), np.array([1000.0]))
    assert scale is not None
    assert scale[MARK] == 0


def test_the_places_stand_for_all_that_was_written() -> None:
    few = looked_at(0.1, 0.2, 0.4, 0.3, places=200).scale(np.array([OFTEN, SELDOM]), np.array([800.0, 200.0]))
    all_of_them = looked_at(0.1, 0.2, 0.4, 0.3, places=1000).scale(np.array([OFTEN, SELDOM]), np.array([800.0, 200.0]))
    assert few is not None
    assert all_of_them is not None
    assert few == pytest.approx(all_of_them, abs=1e-5)


def test_a_token_that_is_rare_either_way_says_little() -> None:
    scale = looked_at(0.0001, 0.9989, 0.0009, 0.0001).scale(np.array([OFTEN]), np.array([1000.0]))
    assert scale is not None
    assert scale[AS_EXPECTED] == pytest.approx(POWER * np.log(COUNTED / (0.1 + COUNTED)), rel=1e-3)


def test_with_too_few_places_nothing_is_scaled() -> None:
    assert looked_at(0.1, 0.2, 0.4, 0.3, places=LEAST_PLACES - 1).scale(np.array([OFTEN]), np.array([9.0])) is None
