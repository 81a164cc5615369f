"""What a small model may be trusted with."""

from __future__ import annotations

import pytest

from ownhand.domain import guard


@pytest.mark.parametrize(
    ("note", "sentence", "trusted"),
    [
        ("meeting moved to Tuesday 3 pm", "Meeting has been moved to Tuesday at 3 pm.", True),
        ("meeting moved to Tuesday 3 pm", "The meeting has moved to Thursday at 3 pm.", False),
        ("meeting moved to Tuesday 3 pm", "The meeting has moved.", False),
        ("invoice not paid", "The invoice is paid.", False),
        ("call Dana about boat", "Please call Dana about the boat and the warehouse debate.", False),
        ("send report", "The will send the report.", False),
        ("call Dana about shelves", "The call Dana about shelves.", False),
        ("the kiln is repaired", "The kiln is a repaired.", False),
        ("copies were sent", "Copies were sent.", True),
    ],
)
def test_a_sentence_is_trusted_if_it_says_what_the_note_says(note: str, sentence: str, trusted: bool):
    assert guard.expands(note, sentence) is trusted


def test_shortening_must_shorten_and_keep_the_facts():
    source = "I just wanted to let you know that the meeting on Monday at 10 am was moved to Tuesday."
    assert guard.rewords(source, "The meeting on Monday at 10 am was moved to Tuesday.", "shorten")
    assert not guard.rewords(source, "The meeting was moved.", "shorten")


def test_a_correction_may_not_rewrite():
    source = "i has recieved you're mesage yesterday"
    assert guard.rewords(source, "I have received your message yesterday", "fix")
    assert not guard.rewords(source, "Thanks for writing, the message came in fine last night", "fix")


def test_loops_are_seen():
    assert guard.loops("We will work on it for the team, and we will work on it for the team, and we will work on it.")
    assert not guard.loops("We will work on it. Then we will rest.")


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("call me tomorrow", "You call me tomorrow."),
        ("call Dana", "Call Dana about the call."),
        ("send report to Mike by Fri", "I'll send you the report to Mike by Fri."),
        ("send report to Mike by Fri", "Send report to Mike for me by Fri."),
        ("will call tomorrow", "I'll call it tomorrow."),
        ("spoke with Lisa about payment", "I spoke with Lisa about this payment."),
        ("meeting moved to Wed 2pm", "We're meeting moved to Wed 2pm."),
    ],
)
def test_a_sentence_that_says_more_than_the_note_or_has_somebody_else_do_it_is_refused(note: str, sentence: str):
    assert not guard.expands(note, sentence)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("need budget from finance", "I need the budget from finance."),
        ("send report to Mike by Fri", "Send the report to Mike by Fri."),
        ("can you book the room", "Can you book the room?"),
    ],
)
def test_a_sentence_that_says_what_the_note_says_is_taken(note: str, sentence: str):
    assert guard.expands(note, sentence)
