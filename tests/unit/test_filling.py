import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownhand.domain.english import FUNCTION_WORDS
from ownhand.domain.filling import PUT_BACK, SmallWords, fill
from ownhand.domain.text import words

OWN = (
    "I am meeting Peter at the station today and I will bring the keys. We have sent the report to the office. "
    "I have read the minutes of the meeting. The boat is ready for the trip. I am going to the garden with my sister. "
) * 30


def own() -> SmallWords:
    model = SmallWords()
    model.add(OWN)
    return model


def test_small_words_come_back_where_this_person_puts_them() -> None:
    assert fill("meeting Dana station today", own()) == "I am meeting Dana at the station today"
    assert fill("read minutes meeting", own()) == "I have read the minutes of the meeting"


@pytest.mark.parametrize("note", ["bring keys station", "send report office", "don't forget keys"])
def test_who_is_asked_for_something_does_not_become_who_does_it(note: str) -> None:
    filled = fill(note, own())
    assert filled.startswith(note.split()[0])
    assert not {"i", "we", "am", "is", "have"} & {word.lower() for word in words(filled)}


@pytest.mark.parametrize(
    "note", ["meeting moved today", "keys look good", "few changes report", "Peter happy with boat"]
)
def test_a_subject_is_put_before_verbs_alone_and_nothing_before_what_cannot_follow_it(note: str) -> None:
    filled = " ".join(words(fill(note, own()))).lower()
    for wrong in ("i am meeting moved", "we few", "by good", "at good", "the happy with", "i few", "am meeting moved"):
        assert wrong not in filled


def test_nothing_is_put_back_that_points_at_somebody_or_something() -> None:
    assert not {"this", "these", "that", "those", "me", "us", "him", "her", "them", "his", "their"} & PUT_BACK


def test_a_full_sentence_stays_as_it_is() -> None:
    assert fill("can we meet you at the station on Tuesday", own()) == "can we meet you at the station on Tuesday"


def test_with_little_text_of_ones_own_nothing_is_put_back() -> None:
    model = SmallWords()
    model.add("I am meeting Peter at the station.")
    assert fill("meeting Dana station today", model) == "meeting Dana station today"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("meeting Dana 12 not EUR never sent report. office 9:30 https://x.org/a? - i".split())))
def test_nothing_is_added_but_small_words_and_nothing_is_lost(note: list[str]) -> None:
    before, after = words(" ".join(note)), words(fill(" ".join(note), own()))
    left = list(after)
    for word in before:
        left.remove(word)
    assert {word.lower() for word in left} <= PUT_BACK <= FUNCTION_WORDS
    assert not {"not", "no", "never", "nor"} & PUT_BACK
