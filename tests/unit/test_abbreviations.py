"""Abbreviations are written out in the person's own words, and what may be a word is left alone."""

from __future__ import annotations

import pytest

from ownhand.adapters.spelling import English
from ownhand.domain.abbreviations import COMMON, LEAST_COUNT, Phrasebook, expansions, typed

ENGLISH = English()


def book(*texts: str, times: int = LEAST_COUNT) -> Phrasebook:
    made = Phrasebook()
    for text in texts * times:
        made.add(text)
    return made


def long_forms(prefix: str, own: Phrasebook | None = None, suffix: str = "") -> list[str]:
    at = typed(prefix, suffix)
    return expansions(at, own or Phrasebook(), ENGLISH) if at else []


def test_a_common_one_is_written_out():
    assert long_forms("Please send it, and lmk") == ["let me know"]


def test_the_initials_of_an_own_phrase_are_the_phrase():
    own = book("Thanks for your question, I will look.", "The kiln is cold.")
    assert long_forms("Hello. tfyq", own)[0] == "Thanks for your question"
    assert long_forms("Hello, tfyq", own)[0] == "thanks for your question"


def test_own_words_go_before_the_common_ones():
    own = book("We leave my keys.")
    assert long_forms("so lmk", own) == ["leave my keys", "let me know"]


def test_a_phrase_must_have_been_written_several_times():
    assert long_forms("and tfyq", book("thanks for your question", times=LEAST_COUNT - 1)) == []


def test_what_stands_for_itself_goes_before_a_piece_of_a_longer_phrase():
    own = book("the tall quiet yard opens", "the tall quiet yard opens", "two tiny quick yachts")
    assert long_forms("Done. ttqy", own) == ["The tall quiet yard", "Two tiny quick yachts"][::-1]


@pytest.mark.parametrize(
    ("prefix", "written"),
    [
        ("Lmk", "Let me know"),
        ("It is done. Lmk", "Let me know"),
        ("It is done. lmk", "Let me know"),
        ("it is done. lmk", "let me know"),
        ("It is done, Lmk", "Let me know"),
        ("FYI", "For your information"),
        ("Please do it ASAP", "as soon as possible"),
        ("- lmk", "let me know"),
        ("(btw", "By the way"),
        ("Hi Dana,\n\nbtw", "By the way"),
        ("well, idk", "I don't know"),
    ],
)
def test_capitals_follow_what_was_typed_and_where(prefix: str, written: str):
    assert long_forms(prefix) == [written]


@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [
        ("he", ""), ("I see it as", ""), ("let us", ""), ("xlmk", ""), ("lm", "k"), ("lmk", "x"), ("lmk", "'s"),
        ("dana@lmk", ""), ("www.lmk", ""), ("#lmk", ""), ("a-lmk", ""), ("lmk.", ""), ("lmk  ", ""), ("2lmk", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_words_parts_of_words_and_addresses_are_left_alone(prefix: str, suffix: str):
    own = book("As I see it, all is so", "in the usual style, let us start", "have everything", "hope everybody")
    assert long_forms(prefix, own, suffix) == []


def test_what_the_person_writes_themselves_is_left_alone():
    assert long_forms("so lmk", book("lmk when the kiln is cold")) == []


def test_letters_on_the_way_to_a_word_wait_for_the_blank():
    assert long_forms("so ty") == []
    assert long_forms("so ty ") == ["thank you "]
    assert long_forms("so lmk ") == [], "it was there to be seen before"


def test_no_own_phrase_hides_behind_the_beginning_of_a_word():
    own = book("take her away")
    assert long_forms("and tha", own) == long_forms("and tha ", own) == []


def test_capitals_are_an_acronym_and_no_own_phrase():
    own = book("it was quite plain")
    assert long_forms("so iwqp", own) == ["it was quite plain"]
    assert long_forms("the IWQP", own) == []
    assert long_forms("FYI", book("find your inner")) == ["For your information"]


def test_the_table_holds_no_word_and_nothing_that_expands_to_itself():
    too_common = [short for short in COMMON if ENGLISH.frequency(short) > 5000]
    assert too_common == []
    assert [short for short, long in COMMON.items() if short in long.lower().split()] == []


def test_what_is_masked_never_enters():
    own = book("my phone is +44 20 7946 0958 and more", "the password: quillfeather of us")
    assert own.writes("more")
    assert not own.writes("quillfeather")
    assert own.phrases_of("tpq") == own.phrases_of("qou") == ([], [])


def test_a_phrase_ends_where_its_clause_does():
    own = book("We are done, my friend. Let it go")
    assert own.phrases_of("wad") == (["we are done"], [])
    assert own.phrases_of("dmf") == ([], [])
    assert own.phrases_of("mfl") == ([], [])


def test_the_book_stays_small_while_it_grows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ownhand.domain.abbreviations._BUCKET", 500)
    own = book("we often say this here", times=20)
    letters = "abcdefghijklmnopqrst"
    for one in letters:
        for two in letters:
            own.add(f"word{one} word{two} some{two} more{one}".replace("word", "w" + one).replace("some", "s" + two))
    assert len(own._phrases) < 700
    assert own.phrases_of("wost")[0] == ["we often say this"] or own.phrases_of("wost")[1] == ["we often say this"]
