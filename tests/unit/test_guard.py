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


def test_what_was_is_not_said_to_be() -> None:
    assert not guard.rewords("Was swamped last week.", "We're swamped last week.", "fix")
    assert guard.rewords("We was swamped last week.", "We were swamped last week.", "fix")


def test_another_tone_loses_no_word_of_content_but_for_its_plainer_or_more_formal_one() -> None:
    source = "It is expected to arrive within five days."
    assert not guard.rewords(source, "It's expected to get here within five days.", "casual")
    assert guard.rewords("I am writing to inform you of a delay.", "I'm writing to tell you of a delay.", "casual")


def test_an_answer_speaks_of_what_the_message_speaks_of() -> None:
    message = "Your order 4711 has shipped. Please confirm your address by Friday."
    assert not guard.answers(message, "Yes, meeting on Wednesday at 11:30 works for me.")
    assert not guard.answers(message, "Yes, the meeting works for me.")
    assert guard.answers(message, "Thank you, I confirm the address.")


def test_loops_are_seen():
    assert guard.loops("We will work on it for the team, and we will work on it for the team, and we will work on it.")
    assert not guard.loops("We will work on it. Then we will rest.")
