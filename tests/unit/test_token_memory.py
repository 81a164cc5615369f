"""The token memory: what it claims, how much, and that it costs next to nothing."""

from __future__ import annotations

import numpy as np
import pytest

from ownhand.adapters.worker.marginals import Marginals
from ownhand.adapters.worker.token_memory import DISCOUNT, NOTHING, Prediction, TokenMemory, here

GREETING = [11, 12, 13, 14, 15, 16]


def remembered(*texts: list[int]) -> TokenMemory:
    memory = TokenMemory()
    for text in texts:
        memory.add(text)
    return memory


def best(prediction: Prediction) -> int:
    tokens = {int(token) for ids, _ in (*prediction.parts, *prediction.vocabulary) for token in ids}
    return max(tokens, key=prediction.of)


def test_an_empty_memory_claims_nothing() -> None:
    assert TokenMemory().predict([1, 2, 3], start=True) is NOTHING


def test_after_a_context_that_was_never_seen_only_the_vocabulary_is_claimed() -> None:
    memory = remembered(GREETING, [14])
    prediction = memory.predict([98, 99])
    assert prediction.matched == 0
    assert best(prediction) == 14
    assert 0 < prediction.claimed < 0.3
    assert memory.predict([98, 99], shortest=1) is NOTHING


def test_a_word_of_the_vocabulary_is_claimed_by_how_often_it_was_written() -> None:
    prediction = remembered([5, 6, 5, 7, 5]).predict([98])
    assert prediction.of(5) / prediction.of(6) == pytest.approx((3 - DISCOUNT[0]) / (1 - DISCOUNT[0]))
    assert prediction.of(8) == 0


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


def test_a_context_that_went_on_in_many_ways_is_trusted_less() -> None:
    always = remembered(*[[1, 2, 3]] * 6).predict([1, 2], shortest=1)
    seldom = remembered(*[[1, 2, token] for token in (3, 3, 3, 4, 5, 6)]).predict([1, 2], shortest=1)
    assert seldom.claimed < always.claimed


def test_the_claims_sum_to_what_is_claimed() -> None:
    memory = remembered([1, 2, 3, 4, 5], [9, 2, 3, 4, 6], [3, 4, 7], [4, 8])
    prediction = memory.predict([1, 2, 3, 4])
    claims = [claims.sum() for _, claims in (*prediction.parts, *prediction.vocabulary)]
    assert sum(claims) == pytest.approx(prediction.claimed)


def test_how_a_text_begins_is_known_from_its_start() -> None:
    memory = remembered([21, 22], [21, 23], [31, 32])
    assert best(memory.predict([], start=True)) == 21
    assert memory.predict([], start=False).matched == 0


def test_no_context_reaches_from_one_text_into_the_next() -> None:
    assert remembered([1, 2], [3, 4]).predict([1, 2]).matched == 0


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


def test_words_come_back_from_the_text_at_hand() -> None:
    text = np.array([1, 50, 51, 52, 2, 3, 50, 51])
    prediction = here(text)
    assert best(prediction) == 52
    assert prediction.matched == 2
    assert here(text[:1]) is NOTHING


def test_the_text_at_hand_leaves_the_rest_to_the_history() -> None:
    history = remembered(*[[50, 60]] * 4).predict([50])
    both = here(np.array([50, 70, 9, 50])).before(history)
    assert both.of(60) == pytest.approx(history.of(60) * (1 - here(np.array([50, 70, 9, 50])).claimed))
    assert both.of(70) > 0
    total = [claims.sum() for _, claims in (*both.parts, *both.vocabulary)]
    assert sum(total) == pytest.approx(both.claimed)
    assert here(np.array([50, 70, 9, 50])).before(NOTHING).of(60) == 0


def test_the_mixed_shares_of_some_tokens_are_those_of_all() -> None:
    memory = remembered(GREETING, [14, 15, 40, 41])
    prediction = here(np.array([13, 14, 30, 31, 13])).before(memory.predict([12, 13]))
    every = np.random.default_rng(1).dirichlet(np.ones(50)).astype(np.float32)
    ids = np.array([2, 14, 15, 30, 41, 49])
    some = every[ids]
    prediction.mix_into(every, 0.7)
    prediction.add_to(some, ids, 0.7)
    assert some == pytest.approx(every[ids])
    assert every.sum() == pytest.approx(1.0, abs=1e-5)


def test_its_texts_are_taken_once_in_pieces_that_never_go_from_one_text_into_the_next() -> None:
    memory = remembered([1, 2, 3, 4, 5], [6], [7, 8])
    pieces = [memory.take_piece(3) for _ in range(5)]
    assert pieces == [[1, 2, 3], [4, 5], [6], [7, 8], []]
    memory.add([9])
    assert memory.take_piece(3) == [9]


def test_how_often_tokens_are_written_counts_texts_that_are_added_later() -> None:
    memory = remembered([1] * 50)
    assert memory.scale() is None
    memory.marginals = Marginals(np.ones(4, bool))
    memory.marginals.look(np.zeros((500, 4), np.float32))
    before = memory.scale()
    memory.add([2] * 50)
    after = memory.scale()
    assert before is not None
    assert after is not None
    assert before[2] < 0 < after[2] < before[1]
