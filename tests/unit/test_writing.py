"""Facts guard: what a capable model lost or made up is asked for again, once, before anything else is done."""

from collections.abc import Iterator

import pytest

from helpers.scripted_engine import ScriptedEngine
from ownhand.domain import actions
from ownhand.domain.personalize import Contribution
from ownhand.domain.ports import Stream
from ownhand.services.writing import Brief, Writer

SOURCE = "The invoice 4711 over 250 EUR is due on 3 March, says Dana. Could you pay it by then?"
GOOD = "Dana says invoice 4711 over 250 EUR is due on 3 March. Please pay by then."


def watch(stream: Stream) -> Iterator[str]:
    for piece in stream:
        yield piece.text


def written(engine: ScriptedEngine, action: str, text: str) -> tuple[list[str], Writer]:
    writer = Writer(engine, Contribution(), watch, str)
    return list(writer.write(Brief(actions.BY_ID[action], text, "", "", (), None))), writer


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        ("An invoice is due on 3 March, says Dana.", "Keep these exactly: 4711, 250 EUR"),
        (GOOD + " Write to Peter Novak at 9:30.", "Do not mention: Peter Novak, 9:30"),
    ],
)
def test_lost_or_invented_facts_are_listed_in_one_second_try(first: str, asked: str) -> None:
    answers = iter([first, GOOD])
    engine = ScriptedEngine(lambda _: next(answers))
    said, writer = written(engine, "formal", SOURCE)
    assert said[-1] == GOOD
    assert len(engine.prompts) == 2
    assert asked in engine.prompts[1]
    assert any("second" in remark for remark in writer.remarks)


def test_a_faithful_first_try_is_the_only_one() -> None:
    engine = ScriptedEngine(lambda _: GOOD)
    assert written(engine, "formal", SOURCE)[0][-1] == GOOD
    assert len(engine.prompts) == 1


def test_a_second_try_that_is_no_better_is_not_taken() -> None:
    answers = iter(["An invoice is due on 3 March, says Dana.", "Some invoice is due."])
    said, writer = written(ScriptedEngine(lambda _: next(answers)), "formal", SOURCE)
    assert said[-1] == "An invoice is due on 3 March, says Dana."
    assert writer.remarks == []


def test_the_facts_of_notes_are_asked_for_again_in_a_draft() -> None:
    answers = iter(["Hi,\n\nthe meeting is on Friday.", "Hi,\n\nthe meeting is on Friday at 14:30 in room 12."])
    engine = ScriptedEngine(lambda _: next(answers))
    said, _ = written(engine, "draft", "meeting on Friday\nat 14:30 in room 12")
    assert "14:30" in said[-1]
    assert "Keep these exactly" in engine.prompts[1]


def test_a_continuation_stops_where_it_begins_to_turn_in_a_circle() -> None:
    round_and_round = "They went to the kiln.\nThey looked at it and so\n" + "we went home to see and so\n" * 6
    said, _ = written(ScriptedEngine(lambda _: round_and_round), "continue", "On Monday")
    assert max(text.count("we went home to see") for text in said) == 1
    assert said[-1] == "They went to the kiln."
