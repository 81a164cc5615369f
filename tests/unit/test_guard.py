"""What a small model may be trusted with."""

from __future__ import annotations

from ownhand.domain import guard


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
