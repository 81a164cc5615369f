"""Words, sentences and differences."""

from __future__ import annotations

import pytest

from ownhand.domain.text import apply, diff, levenshtein, sentences, tokens, words


def test_tokens_join_to_the_text():
    text = "Don’t worry, it's  fine…\n\n— Ana 👋"
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Walker called. He is fine.", ["Dr. Walker called.", "He is fine."]),
        ("Come at 3 p.m. Bring tea.", ["Come at 3 p.m.", "Bring tea."]),
        ("It costs 3.50 in all. ok", ["It costs 3.50 in all. ok"]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("A line\nand another", ["A line", "and another"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]):
    assert sentences(text) == expected


def test_words_keep_inner_apostrophes_and_hyphens():
    assert words("I'm well-known, aren’t I?") == ["I'm", "well-known", "aren’t", "I"]


def test_a_difference_is_told_in_phrases():
    hunks = diff("Thanks for the big report, Dana.", "Thanks for the short note, Dana.")
    assert [(hunk.old, hunk.new) for hunk in hunks if hunk.kind != "equal"] == [("big report", "short note")]


def test_taking_all_changes_gives_the_new_text_and_taking_none_the_old():
    old, new = "Hi all,\n\nsee you on Monday.", "Hello all,\n\nsee you on Tuesday at noon!"
    hunks = diff(old, new)
    assert apply(hunks, range(len(hunks))) == new
    assert apply(hunks, ()) == old


def test_one_change_can_be_taken_alone():
    hunks = diff("We meet Monday in room four.", "We meet Tuesday in room five.")
    changed = [index for index, hunk in enumerate(hunks) if hunk.kind != "equal"]
    assert apply(hunks, changed[:1]) == "We meet Tuesday in room four."


def test_edit_distance_counts_single_changes():
    assert levenshtein("kitten", "sitting") == 3
    assert levenshtein([], ["a", "b"]) == 2
