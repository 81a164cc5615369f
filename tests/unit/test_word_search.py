"""The search for the word that saves most: over tokens of a small made-up language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from ownhand.adapters.worker.decode import Ids, Probabilities, Vocabulary
from ownhand.adapters.worker.word_search import STEPS, Found, WordSearch

PIECES = [
    b"",
    b"</s>",
    b" the",
    b" they",
    b" inform",
    b"ation",
    b" of",
    b" a",
    b",",
    b"\n",
    b" th",
    b"e",
    b" report",
    b" in",
    b"f",
]
TOKEN = {piece: token for token, piece in enumerate(PIECES)}
VOCABULARY = Vocabulary(PIECES, [1])


class Model:
    """Follows a table: tokens so far to what may come next; everything else is followed by " of"."""

    def __init__(self, table: Mapping[Sequence[bytes], Mapping[bytes, float]]) -> None:
        self._table = {tuple(TOKEN[piece] for piece in path): row for path, row in table.items()}
        self.asked: set[tuple[int, ...]] = set()

    def distribution(self, path: tuple[int, ...], partial: bytes) -> tuple[Ids, Probabilities, float]:
        self.asked.add(path)
        row = self._table.get(path, {b" of": 1.0})
        shares = np.zeros(len(PIECES), np.float32)
        for piece, share in row.items():
            shares[TOKEN[piece]] = share
        if not partial:
            return np.arange(len(PIECES)), shares, 1.0
        ids, beliefs = VOCABULARY.consistent(partial)
        return ids, shares[ids], float((shares[ids] * beliefs).sum())

    def find(self, partial: bytes = b"", stops: Sequence[bytes] = (), most: int = 8, taking_costs: int = 1) -> Found:
        search = WordSearch(VOCABULARY, self.distribution, lambda: len(self.asked), taking_costs)
        return search.find(partial, stops, most)


def text(found: Found) -> str:
    return "".join(word.text for word in found.words) + " " * found.blank


def test_a_longer_word_is_offered_before_a_likelier_one() -> None:
    table = {(): {b" the": 0.4, b" inform": 0.3, b",": 0.3}, (b" inform",): {b"ation": 1.0}}
    assert text(Model(table).find(most=1)) == " information "


def test_what_was_looked_at_and_is_not_the_best_is_offered_as_another() -> None:
    table = {
        (): {b" report": 0.4, b" inform": 0.3},
        (b" report",): {b",": 0.5, b"e": 0.5},
        (b" inform",): {b"ation": 1.0},
    }
    found = Model(table).find(most=1)
    assert text(found) == " information "
    assert " report" in found.others


def test_a_word_counts_only_as_far_as_it_ends_there() -> None:
    table = {(): {b" th": 0.9, b" of": 0.1}, (b" th",): {b"e": 0.3, b" of": 0.7}}
    found = Model(table).find(most=1)
    assert found.words[0].text == " th"
    assert found.words[0].probability == pytest.approx(0.63)


def test_only_what_begins_with_the_typed_letters_is_offered() -> None:
    found = Model({(): {b" inform": 0.9, b" they": 0.08, b" the": 0.02}}).find(b" th", most=1)
    assert text(found) == "ey "


def test_a_rest_of_one_letter_is_found_where_it_costs_no_key_to_take_it() -> None:
    table = {(): {b" the": 0.9, b" they": 0.1}, (b" the",): {b" of": 1.0}}
    assert text(Model(table).find(b" th", most=1)) == "ey "
    assert text(Model(table).find(b" th", most=1, taking_costs=0)) == "e "
    whole = {(): {b" th": 0.2, b" the": 0.8}, (b" th",): {b" of": 1.0}}
    assert text(Model(whole).find(b" the", most=1, taking_costs=0)).startswith(" of"), "nothing is missing"


def test_a_mark_alone_saves_nothing_so_what_follows_it_is_offered_with_it() -> None:
    found = Model({(): {b",": 1.0}, (b",",): {b" the": 0.9, b" of": 0.1}}).find(most=1)
    assert text(found) == ", the "


def test_a_word_that_was_typed_in_full_is_followed_by_the_next() -> None:
    found = Model({(): {b" a": 1.0}, (b" a",): {b" report": 0.9, b",": 0.1}}).find(b" a", most=1)
    assert text(found) == " report "


def test_words_are_added_only_while_they_are_nearly_certain() -> None:
    sure = {(): {b" the": 0.9, b",": 0.1}, (b" the",): {b" report": 0.97, b",": 0.03}}
    doubtful = {**sure, (b" the",): {b" report": 0.6, b",": 0.4}}
    assert text(Model(sure).find(most=2)) == " the report "
    assert text(Model(doubtful).find(most=2)) == " the "


def test_a_completion_does_not_begin_a_line() -> None:
    table = {(): {b"\n": 0.6, b" the": 0.4}, (b"\n",): {b" report": 1.0}}
    assert text(Model(table).find(stops=[b"\n"], most=1)) == " the "


def test_a_name_below_a_sign_off_is_offered_with_it() -> None:
    table = {(): {b" report": 1.0}, (b" report",): {b",": 0.95, b" of": 0.05}, (b" report", b","): {b"\n": 1.0}}
    table[b" report", b",", b"\n"] = {b" they": 0.99, b" of": 0.01}
    assert text(Model(table).find(stops=[b"\n"])).startswith(" report,\n they")


def test_nothing_is_offered_where_nothing_is_likely() -> None:
    assert Model({(): {b"\n": 1.0}}).find(stops=[b"\n"]) == Found()


def test_the_search_ends_after_a_few_steps() -> None:
    model = Model({(): dict.fromkeys((b" the", b" they", b" inform", b" a", b" th"), 1 / 5)})
    model.find(most=1)
    assert len(model.asked) <= STEPS + 1


def test_a_token_that_is_only_the_beginning_counts_as_far_as_the_letters_follow_it() -> None:
    """ " in" is far likelier than " inform", and hardly ever goes on with "f"."""
    table = {(): {b" in": 0.9, b" inform": 0.06, b" of": 0.04}, (b" in",): {b" of": 0.999, b"f": 0.001}}
    found = Model(table).find(b" inf", most=1)
    assert text(found) == "orm "
    assert found.words[0].probability == pytest.approx(0.06 / (0.06 + 0.9 * 0.001), abs=0.001)


def test_a_word_in_pieces_is_offered_where_its_letters_are_likelier_so() -> None:
    table = {
        (): {b" th": 0.5, b" they": 0.01, b" of": 0.49},
        (b" th",): {b"e": 0.8, b" of": 0.2},
        (b" th", b"e"): {b"ation": 1.0},
        (b" th", b"e", b"ation"): {b" of": 1.0},
    }
    found = Model(table).find(b" the", most=1)
    assert text(found) == "ation "
    assert found.words[0].probability == pytest.approx(0.4 / 0.41, abs=0.001)
