"""The token memory: what it claims, how much, and that it costs next to nothing."""

from __future__ import annotations

import numpy as np
import pytest

from ownhand.adapters.worker.token_memory import NOTHING, Prediction, TokenMemory

GREETING = [11, 12, 13, 14, 15, 16]


def remembered(*texts: list[int]) -> TokenMemory:
    memory = TokenMemory()
    for text in texts:
        memory.add(text)
    return memory


def best(prediction: Prediction) -> int:
    tokens = {int(token) for ids, _ in prediction.parts for token in ids}
    return max(tokens, key=prediction.of)


def test_an_empty_memory_claims_nothing() -> None:
    assert TokenMemory().predict([1, 2, 3], start=True) is NOTHING


def test_a_context_that_was_never_seen_claims_nothing() -> None:
    assert remembered(GREETING).predict([98, 99]) is NOTHING


def test_the_token_that_followed_is_predicted() -> None:
    prediction = remembered(GREETING).predict([11, 12, 13])
    assert best(prediction) == 14
    assert prediction.matched == 3
    assert prediction.seen == 1


def test_a_longer_context_decides_against_a_shorter_one() -> None:
    memory = remembered(*[[1, 5, 9]] * 20, *[[2, 5, 7]] * 3)
    assert best(memory.predict([1, 5])) == 9
    assert best(memory.predict([2, 5])) == 7


def test_what_was_seen_more_often_is_claimed_more() -> None:
    once = remembered(GREETING).predict(GREETING[:4])
    often = remembered(*[GREETING] * 10).predict(GREETING[:4])
    assert 0 < once.claimed < often.claimed < 1


def test_longer_contexts_are_trusted_more() -> None:
    memory = remembered(*[GREETING] * 5)
    claims = [memory.predict(GREETING[:4][-length:]).claimed for length in (1, 2, 3, 4)]
    assert claims == sorted(claims)
    assert claims[0] < 0.2


def test_the_claims_sum_to_what_is_claimed() -> None:
    memory = remembered([1, 2, 3, 4, 5], [9, 2, 3, 4, 6], [3, 4, 7], [4, 8])
    prediction = memory.predict([1, 2, 3, 4])
    assert sum(claims.sum() for _, claims in prediction.parts) == pytest.approx(prediction.claimed)


def test_how_a_text_begins_is_known_from_its_start() -> None:
    memory = remembered([21, 22], [21, 23], [31, 32])
    assert best(memory.predict([], start=True)) == 21
    assert memory.predict([], start=False) is NOTHING


def test_no_context_reaches_from_one_text_into_the_next() -> None:
    assert remembered([1, 2], [3, 4]).predict([1, 2]) is NOTHING


def test_texts_added_later_count_at_once() -> None:
    memory = remembered([1, 2, 3])
    assert best(memory.predict([1, 2])) == 3
    for _ in range(3):
        memory.add([1, 2, 4])
    assert best(memory.predict([1, 2])) == 4
    assert memory.texts == 4


def test_the_mixture_is_a_distribution_and_favours_what_was_seen() -> None:
    model = np.full(50, 1 / 50, np.float32)
    remembered(GREETING).predict(GREETING[:4]).mix_into(model, 0.8)
    assert model.sum() == pytest.approx(1.0, abs=1e-5)
    assert int(model.argmax()) == 15


def test_without_weight_the_mixture_is_the_model() -> None:
    model = np.full(50, 1 / 50, np.float32)
    remembered(GREETING).predict(GREETING[:4]).mix_into(model, 0.0)
    assert np.array_equal(model, np.full(50, 1 / 50, np.float32))


def test_counts_agree_with_a_plain_count_over_a_long_text() -> None:
    random = np.random.default_rng(3)
    stream = [int(token) for token in random.integers(0, 12, 4000)]
    memory = remembered(stream)
    context = stream[100:102]
    places = [at for at in range(2, len(stream)) if stream[at - 2 : at] == context]
    assert memory.predict(context).seen == len(places)


def test_ids_beyond_sixteen_bits_are_kept_apart() -> None:
    memory = remembered([1, 2, 3], [1 + 65536, 2 + 65536, 4])
    assert best(memory.predict([1 + 65536, 2 + 65536])) == 4
