"""The simulated typist: what each key costs and saves."""

from __future__ import annotations

import pytest

from ownhand.domain.typist import Typed, exact_matches, places, share, type_out

TEXT = "Thanks for the numbers."


def offers(table: dict[int, str]):
    return lambda at: table.get(at, "")


def test_without_completions_every_character_is_a_key():
    typed = type_out(TEXT, offers({}))
    assert (typed.keys, typed.characters, typed.saved) == (len(TEXT), len(TEXT), 0)


def test_a_right_completion_is_one_key():
    typed = type_out(TEXT, offers({1: "hanks "}))
    assert typed.keys == len(TEXT) - len("hanks ") + 1
    assert typed.precision == 1
    assert typed.net == pytest.approx(typed.saved - 0.25 / len(TEXT))


def test_a_wrong_completion_saves_nothing_and_stays_while_it_agrees():
    asked = []

    def ask(at: int) -> str:
        asked.append(at)
        return "hankful " if at == 1 else ""

    typed = type_out(TEXT, ask)
    assert typed.saved == 0
    assert typed.shown == 1
    assert typed.precision == 0
    assert asked[:3] == [0, 1, 6]  # in between "hank" is typed through it, and the s sends it away


def test_a_completion_that_ends_inside_a_word_is_not_taken():
    assert type_out(TEXT, offers({11: "the num"})).taken == 0


def test_whole_is_all_or_nothing_and_word_takes_what_is_right():
    table = {7: "for the boat"}
    assert type_out(TEXT, offers(table), "whole").taken == 0
    by_words = type_out(TEXT, offers(table), "word")
    assert by_words.taken == 2
    assert by_words.taken_characters == len("for the ")
    assert by_words.precision == 1


def test_a_blank_too_many_is_taken_back_with_one_more_key():
    typed = type_out(TEXT, offers({15: "numbers "}))
    assert typed.keys == len(TEXT) - len("numbers") + 2


def test_what_was_typed_adds_up():
    typed = type_out(TEXT, offers({1: "hanks "}))
    assert (typed + typed).saved == typed.saved
    assert (typed + Typed()).keys == typed.keys


def test_exact_matches_count_words_from_the_first_on():
    assert exact_matches(TEXT, 7, "for the boat") == (True, True, False, None, None)
    assert exact_matches(TEXT, 7, "") == (False, False, False, None, None)
    assert share((True, None, False)) == 0.5


def test_places_are_beginnings_of_words_all_over_the_text():
    found = places("one two three four five six seven", 3)
    assert len(found) == 3
    assert found[0] == 4
    assert found[-1] > 15
