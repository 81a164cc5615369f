"""What an adapter is trained on: the person's own words in the form in which they will be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ownhand.domain import playback
from ownhand.domain.completion import preamble
from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.domain.masking import MASK
from ownhand.domain.trained import Adapter, verdict

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def document(text: str, number: int = 0, reply: str = "", title: str = "Kilns") -> Document:
    return Document(
        f"d{number}",
        Kind.EMAIL,
        text,
        title,
        ("Dana Li <dana@example.org>",),
        NOW - timedelta(days=number),
        ReplyContext(reply, "Dana") if reply else None,
    )


def own(lesson) -> str:
    return "".join(part.text for part in lesson.parts if part.own)


def test_a_document_is_learned_behind_what_stands_before_it_when_it_is_completed():
    lesson = playback.continuation(document("Hi Dana,\n\nyes, gladly.", reply="Will you come?"))
    assert lesson.parts[0].text == preamble(Kind.EMAIL, "Kilns", ReplyContext("Will you come?", "Dana"))
    assert not lesson.parts[0].own
    assert own(lesson) == "Hi Dana,\n\nyes, gladly."


def test_words_of_others_and_what_is_sensitive_are_never_learned():
    text = "Hi Dana,\n\nthe password is hunter22x! and my number is +44 20 7946 0958. See you."
    lesson = playback.continuation(document(text, reply="My card is 4111 1111 1111 1111, and I am fond of herons."))
    assert "herons" not in own(lesson)
    assert "hunter22x" not in own(lesson)
    assert "7946" not in own(lesson)
    assert MASK not in own(lesson)
    assert "See you." in own(lesson)
    everything = "".join(part.text for part in lesson.parts)
    assert "4111" not in everything
    assert "hunter22x" not in everything


def test_an_instruction_asks_for_nothing_that_the_answer_does_not_say():
    documents = [document("Hi Dana,\n\nI will send you the revised contract on Tuesday.\n\nBest,\nSam", 0)]
    ((task, lesson),) = playback.instructions(documents, whole=True)
    assert task.startswith('Write an email to Dana with the subject "Kilns" from these notes:')
    assert "- send revised contract Tuesday" in task
    assert own(lesson).endswith("Best,\nSam")
    ((task, lesson),) = playback.instructions(documents, whole=False)
    assert task == "Expand these notes into full sentences:\n\n- send revised contract Tuesday"
    assert own(lesson) == "I will send you the revised contract on Tuesday."


def test_the_newest_documents_are_held_out_and_none_serves_two_ends():
    documents = [document(f"Number {number} is about kilns.", number) for number in range(100)]
    parts = playback.split(documents, 10**9)
    held = {one.id for one in (*parts.stop, *parts.measure)}
    assert held == {f"d{number}" for number in range(15)}
    assert not {one.id for one in parts.stop} & {one.id for one in parts.measure}
    assert [one.id for one in parts.train] == [f"d{number}" for number in range(99, 14, -1)]


def test_of_a_long_history_the_newest_part_is_taken():
    documents = [document("x" * 1000, number) for number in range(100)]
    assert len(playback.split(documents, 40_000).all) == 40


def test_too_little_writing_is_refused_with_what_is_there_and_what_is_needed():
    few = [document("Only a few words here.", number) for number in range(60)]
    assert "60 documents with 300 words" in playback.refusal(few)
    assert "5,000 words" in playback.refusal(few)
    assert playback.refusal([document("word " * 120, number) for number in range(60)]) == ""


def test_what_it_gained_is_said_in_words_and_no_gain_is_said_too():
    adapter = Adapter("everyone", "ab", "small", 1.0, 0.094, 250, 31, 600.0)
    assert verdict(adapter) == "On 31 texts it had not seen, your words were 9 % less surprising with it than without."
    assert "rests while another model completes" in verdict(adapter, fits=False)
    assert "not used" in verdict(Adapter("everyone", "ab", "small", 1.0, -0.02, 250, 31, 600.0))
    small = verdict(Adapter("everyone", "ab", "small", 1.0, 0.004, 250, 31, 600.0))
    assert "less than 1 % less surprising" in small, "it is used, so it is not said to be of no use"
