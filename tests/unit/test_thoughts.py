"""What a model thinks aloud never reaches the page, however it streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownhand.adapters.worker.decode import Writer
from ownhand.adapters.worker.thoughts import Thoughts


def shown(*texts: str) -> str:
    thoughts = Thoughts()
    return "".join([*map(thoughts.feed, texts), thoughts.finish()])


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("Hi Anna,\n\nfine.", "Hi Anna,\n\nfine."),
        ("<think>\nShe asks.\n</think>\n\nHi Anna,", "Hi Anna,"),
        ("<think>\n\n</think>\n\nHi Anna,", "Hi Anna,"),
        ("</think>\n\nHi Anna,", "Hi Anna,"),
        ("<think>It never ends", ""),
        ("Hi <think>hm</think>Anna", "Hi Anna"),
        ("[THINK]a[/THINK]Hi[THINK]b[/THINK] Anna", "Hi Anna"),
        ("<|channel|>analysis<|message|>a<|channel|>final<|message|>Hi", "Hi"),
        ("2 < 3 and <b>bold</b>", "2 < 3 and <b>bold</b>"),
        ("It ends with <thin", "It ends with <thin"),
        ("see </think> in the manual", "see </think> in the manual"),
    ],
)
def test_thoughts_are_left_out_in_any_pieces(written: str, answer: str) -> None:
    assert shown(written) == answer
    assert shown(*written) == answer


@given(st.lists(st.sampled_from(["<think>", "</think>", "[THINK]", "a", " ", "<", "\n", "think>", "b c"]), max_size=12))
def test_the_pieces_make_no_difference(parts: list[str]) -> None:
    assert shown(*parts) == shown("".join(parts)) == shown(*"".join(parts))


def test_an_answer_streams_while_it_is_written() -> None:
    thoughts = Thoughts()
    assert thoughts.feed("<think>x</think>Hi ") == "Hi "
    assert thoughts.feed("Anna <") == "Anna "
    assert thoughts.feed("3") == "<3"


def test_a_stop_inside_a_thought_does_not_stop() -> None:
    writer = Writer(b"", ("\n\n",), Thoughts())
    said = [writer.write(piece) for piece in (b"<think>a\n\nb", b"</think>", b"Yes.", b"\n\n")]
    assert "".join(said) == "Yes."
    assert writer.stopped
