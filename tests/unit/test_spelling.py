"""Spelling is corrected where it is certain, and only there."""

from __future__ import annotations

import pytest

from ownhand.adapters.spelling import Speller
from ownhand.domain.notes import tidied
from ownhand.domain.stock import spelled_as


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller()


def unknown(_word: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("I recieved your mesage and the budgit", "I received your message and the budget"),
        ("thier adress is definately wrong", "their address is definitely wrong"),
        ("Ask Robyn about lmrob at http://exmaple.org/teh", "Ask Robyn about lmrob at http://exmaple.org/teh"),
        ("the colour of the berth", "the colour of the berth"),
        ("alot of wich", "alot of wich"),
    ],
)
def test_certain_misspellings_are_put_right_and_doubtful_ones_left(speller: Speller, typed: str, meant: str):
    assert speller.correct(typed, unknown) == meant


def test_words_the_person_uses_are_left_alone(speller: Speller):
    assert speller.correct("the mesage board", lambda word: word == "mesage") == "the mesage board"


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("i think i'm late", "I think I'm late"),
        ("the the boat , it is", "The boat, it is"),
        ("we didnt go", "We didn't go"),
        ("you should of course have told me, you could of", "You should of course have told me, you could have"),
        ("he said that that was fine", "He said that that was fine"),
    ],
)
def test_what_needs_no_model_is_tidied(typed: str, tidy: str):
    assert tidied(typed) == tidy


def test_a_word_keeps_the_spelling_that_it_had():
    assert spelled_as("We apologise for the color.", "We Apologize for its colour.") == "We Apologise for its color."
    assert spelled_as("Both colour and color.", "One color.") == "One color."
