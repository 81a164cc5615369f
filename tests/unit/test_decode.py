"""From distributions to text: healing, bans, sampling, stop strings and half characters."""

from __future__ import annotations

import numpy as np
import pytest

from ownhand.adapters.worker.decode import Biases, Chooser, Vocabulary, Writer, penalise, restrict, split_partial

PIECES = [
    *(b"", b" email", b" em", b"ail", b" e", b"m", b" emu", b"us", b" use", b" useful", b"use", b"!", b"?!"),
    *(b"\xc3", b"\xa9", b" utili", b"ze", b" the", b" cat", b" category", b"Use", b" Use", b"zero"),
]
VOCABULARY = Vocabulary(PIECES, ends=[])


def found(ids: np.ndarray) -> set[bytes]:
    return {PIECES[token] for token in ids}


def lowered(biases: dict[str, float], tail: bytes) -> set[bytes]:
    scores = np.zeros(len(PIECES), np.float32)
    Biases(VOCABULARY, biases, lambda text: [PIECES.index(text.encode())]).apply(scores, tail)
    return found(np.flatnonzero(scores < 0))


@pytest.mark.parametrize(
    ("text", "kept", "partial"),
    [
        ("Thanks for your em", "Thanks for your", " em"),
        ("Thanks for ", "Thanks for", " "),
        ("Thanks,", "Thanks,", ""),
        ("Hi\n\nI", "Hi\n\n", "I"),
        ("I don't", "I", " don't"),
        ("I don\u2019", "I", " don\u2019"),
        ("two  ", "two ", " "),
        ("", "", ""),
        ("Hi\n", "Hi\n", ""),
        ("x" * 60, "x" * 60, ""),
    ],
)
def test_the_unfinished_word_is_split_off_with_its_space(text: str, kept: str, partial: str) -> None:
    assert split_partial(text) == (kept, partial)


def test_consistent_tokens_begin_with_the_partial_or_begin_it() -> None:
    tokens, _ = VOCABULARY.consistent(b" em")
    assert found(tokens) == {b" email", b" em", b" emu", b" e"}


def test_the_less_of_the_partial_a_token_covers_the_less_it_is_believed() -> None:
    tokens, beliefs = VOCABULARY.consistent(b" emai")
    by_piece = {PIECES[token]: belief for token, belief in zip(tokens, beliefs, strict=True)}
    assert by_piece[b" email"] == 1
    assert 1 > by_piece[b" em"] > by_piece[b" e"] > 0


def test_a_prefix_of_high_bytes_is_found() -> None:
    assert list(Vocabulary([b"\xff\xffa", b"\xff"], []).starting_with(b"\xff\xff")) == [0]


def test_a_banned_word_is_banned_in_its_variants_but_not_inside_other_words() -> None:
    assert lowered({"use": -100}, b"I ") == {b" use", b"use", b"Use", b" Use"}


def test_a_bare_word_is_only_banned_where_a_word_begins() -> None:
    assert lowered({"use": -100}, b"beca") == {b" use", b" Use"}


def test_a_banned_word_cut_into_tokens_loses_only_its_last_token() -> None:
    assert lowered({"utilize": -100}, b"to") == set()
    assert lowered({"utilize": -100}, b"to utili") == {b"ze"}
    assert lowered({"utilize": -100}, b"xutili") == set()


def test_a_banned_phrase_leaves_its_first_word_alone() -> None:
    assert lowered({"the cat": -100}, b"saw") == set()
    assert lowered({"the cat": -100}, b"saw the") == {b" cat"}


def test_a_banned_mark_is_banned_in_every_token_that_holds_it() -> None:
    assert lowered({"!": -100}, b"Hi") == {b"!", b"?!"}


def test_a_moderate_bias_lowers_without_banning() -> None:
    scores = np.zeros(len(PIECES), np.float32)
    Biases(VOCABULARY, {"cat": -2.0}, lambda text: [0]).apply(scores, b"the")
    assert scores[PIECES.index(b" cat")] == -2.0


def test_a_favoured_word_is_lifted_where_words_begin() -> None:
    scores = np.zeros(len(PIECES), np.float32)
    biases = Biases(VOCABULARY, {"use": 3.0}, lambda text: [PIECES.index(text.encode())])
    biases.apply(scores, b"I")
    assert found(np.flatnonzero(scores > 0)) == {b" use", b" Use"}


def test_restricting_keeps_the_proportions() -> None:
    result = restrict(np.array([0.25, 0.125], np.float32), np.ones(2, np.float32))
    assert result.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_restricting_to_impossible_tokens_leaves_a_choice() -> None:
    result = restrict(np.array([0.0, 0.0], np.float32), np.array([0.5, 0.5], np.float32))
    assert result.tolist() == [0.5, 0.5]


def test_a_penalty_lowers_used_tokens_whatever_their_sign() -> None:
    assert penalise(np.array([2.0, -2.0, 1.0], np.float32), [0, 1], 2.0).tolist() == [1.0, -4.0, 1.0]


def test_temperature_zero_takes_the_best() -> None:
    assert Chooser(0.0, 40, 0.9, 0.0, 1).choose(np.log(np.array([0.1, 0.6, 0.3], np.float32))) == 1


def test_the_same_seed_draws_the_same_tokens() -> None:
    scores = np.log(np.full(20, 0.05, np.float32))
    draws = [[Chooser(1.0, 0, 1.0, 0.0, 7).choose(scores) for _ in range(1)] for _ in range(3)]
    assert draws[0] == draws[1] == draws[2]
    one = Chooser(1.0, 0, 1.0, 0.0, 7)
    assert len({one.choose(scores) for _ in range(50)}) > 5


@pytest.mark.parametrize("limits", [(1, 1.0, 0.0), (0, 0.4, 0.0), (0, 1.0, 0.9)])
def test_top_k_top_p_and_min_p_each_leave_out_the_unlikely(limits: tuple[int, float, float]) -> None:
    chooser = Chooser(1.0, *limits, seed=1)
    scores = np.log(np.array([0.2, 0.5, 0.3], np.float32))
    assert {chooser.choose(scores) for _ in range(50)} == {1}


def test_a_banned_token_is_never_drawn() -> None:
    chooser = Chooser(2.0, 0, 1.0, 0.0, seed=1)
    scores = np.array([0.0, -np.inf, 0.0], np.float32)
    assert {chooser.choose(scores) for _ in range(50)} == {0, 2}


def test_a_stop_string_across_tokens_is_never_written_in_part() -> None:
    writer = Writer(b"", ["\n\nBest"])
    assert [writer.write(piece) for piece in (b"Bye.\n", b"\nBe", b"st,")] == ["Bye.", "", ""]
    assert writer.stopped
    assert writer.finish() == ""


def test_what_only_looked_like_a_stop_string_is_written_after_all() -> None:
    writer = Writer(b"", ["\n\nBest"])
    assert writer.write(b"Bye.\n") + writer.write(b"\nBen") + writer.finish() == "Bye.\n\nBen"


def test_a_character_in_two_tokens_is_written_whole() -> None:
    writer = Writer(b"", [])
    assert [writer.write(b"\xc3"), writer.write(b"\xa9")] == ["", "é"]


def test_half_a_character_at_the_end_is_dropped() -> None:
    writer = Writer(b"", [])
    assert writer.write(b"ok\xc3") + writer.finish() == "ok"


def test_the_partial_word_is_swallowed_over_several_tokens() -> None:
    writer = Writer(b" em", [])
    assert [writer.write(b" e"), writer.write(b"mail")] == ["", "ail"]
    assert writer.partial == b""
