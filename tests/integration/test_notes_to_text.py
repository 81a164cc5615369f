"""Notes become text in which every fact of theirs stands and no other does, whatever the model says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.scripted_engine import ScriptedEngine
from ownhand.compose import App, Options, build
from ownhand.domain import actions, facts
from ownhand.domain.corpus import ReplyContext
from ownhand.domain.personalize import Contribution
from ownhand.domain.ports import Stream
from ownhand.domain.suggestion import SuggestionRequest
from ownhand.domain.text import words
from ownhand.errors import ModelError
from ownhand.services.writing import Brief, Writer

BRIEFS = (
    "ask if she still needs the 12 oak panels\ncan't make friday, the van is broken\npropose monday at 10 instead",
    "- kiln fired at 1240 degrees on 3 March\n- 14 of 20 bowls came out well\n- cobalt costs £85, too much",
    "meeting moved to room 204\nbring invoice 4711\nMarcus Oyelaran comes too",
    "thanks for the numbers\ntravel line 4,200 euros over\nsend new version to dana@example.org before Thursday",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = build(Options(tmp_path_factory.mktemp("vault"), key="keyfile"))
    yield made
    made.close()


@pytest.mark.parametrize("brief", BRIEFS)
@pytest.mark.parametrize("action", ["draft", "expand"])
def test_the_built_in_model_loses_no_fact_and_makes_none_up(app: App, action: str, brief: str) -> None:
    request = SuggestionRequest(action, brief) if action == "expand" else SuggestionRequest(action, instruction=brief)
    (suggestion,) = app.drafting.run(request)
    found = facts.compare(brief, suggestion.text, brief)
    assert (list(found.dropped), list(found.added)) == ([], [])
    assert (list(suggestion.facts.dropped), list(suggestion.facts.added)) == ([], [])


def test_no_sentence_begins_after_a_greeting_in_the_same_line(app: App) -> None:
    (fixed,) = app.drafting.run(SuggestionRequest("fix", "Hey, sorry for the late reply! I recieved your mesage."))
    assert fixed.text == "Hey, sorry for the late reply! I received your message."


def test_notes_become_sentences_that_claim_no_more(app: App) -> None:
    brief = "copy attached\ndeadline extended to May 3\nUber from airport\nask Tom Gros for the contract"
    (draft,) = app.drafting.run(SuggestionRequest("draft", instruction=brief, recipients=("Lee Wu <lee@example.org>",)))
    assert "The copy is attached. The deadline is extended to May 3. Uber from airport." in draft.text
    assert "Ask Tom Gros for the contract." in draft.text


def test_an_answer_that_nobody_noted_down_makes_no_appointment(app: App) -> None:
    message = ReplyContext("Hello,\n\nYour order 4711 has shipped. Please confirm your address by Friday.", "Shop")
    (answer,) = app.drafting.run(SuggestionRequest("reply", reply_to=message))
    assert answer.facts.added == ()
    assert "meeting" not in answer.text
    assert any("Jot it down" in remark for remark in answer.why.remarks)


@pytest.mark.parametrize("begun", ["Dear Sir,\n\nI am writing to complain about", "Hi all,\n\nJust a reminder that"])
def test_where_only_the_writer_knows_how_it_goes_on_nothing_is_made_up(app: App, begun: str) -> None:
    with pytest.raises(ModelError, match="does not know how this goes on"):
        app.drafting.run(SuggestionRequest("continue", begun))


def test_a_phrase_that_everybody_ends_alike_is_ended(app: App) -> None:
    (suggestion,) = app.drafting.run(SuggestionRequest("continue", "Dear Ms Cole,\n\nWe apologise for any"))
    assert suggestion.text.startswith(" inconvenience")


def test_at_strength_nought_the_notes_get_nothing_of_the_persons_own(app: App) -> None:
    for number in range(400):
        app.personal.small_words.add(
            f"I will send you the report about the kiln on Tuesday, as agreed with Dana {number}."
        )
    note = "send report about kiln Tuesday"
    assert app.personal.fill_in(note) != note, "the person's words would come back"
    drafts = {
        strength: app.drafting.run(SuggestionRequest("draft", instruction=note, strength=strength))[0].text
        for strength in (0.0, 1.0)
    }
    plain = app.drafting.run(SuggestionRequest("draft", instruction=note, personal=False))[0].text
    assert drafts[0.0] == plain
    assert drafts[1.0] != plain


def watch(stream: Stream) -> Iterator[str]:
    for piece in stream:
        yield piece.text


@pytest.mark.parametrize("brief", BRIEFS[1:])
def test_what_a_small_model_makes_up_does_not_come_through(brief: str) -> None:
    engine = ScriptedEngine(lambda prompt: prompt.splitlines()[-1] + " on 17 May with Peter Novak.", 100_000_000)
    writer = Writer(engine, Contribution(), watch, str)
    *_, text = writer.write(Brief(actions.BY_ID["expand"], brief, "", "", (), None))
    assert engine.prompts, "the model was asked"
    assert "Novak" not in text
    assert "17 May" not in text
    assert facts.compare(brief, text, brief).safe


@pytest.mark.parametrize(
    ("said", "goes_on"), [(" tomorrow\n\nKayley", " tomorrow"), (" tomorrow, all\nof them", " tomorrow, all\nof them")]
)
def test_what_goes_on_from_a_text_does_not_sign_with_a_name_that_the_model_made_up(said: str, goes_on: str) -> None:
    writer = Writer(ScriptedEngine(lambda _: said), Contribution(), watch, str)
    *_, written = writer.write(Brief(actions.BY_ID["continue"], "I will call", "", "", (), None))
    assert written == goes_on


@pytest.mark.parametrize("part", [" The report is late! ", "The report is late!\n\n", "The report is late!"])
def test_what_replaces_a_selection_has_the_blanks_around_it_that_it_had(app: App, part: str) -> None:
    text = f"One.{part}Two."
    asked = SuggestionRequest("custom", text, (4, 4 + len(part)), instruction="No exclamation marks.")
    assert app.drafting.run(asked)[0].text == part.replace("!", ".")


def test_formal_text_has_no_contraction_that_lacks_its_apostrophe(app: App) -> None:
    asked = SuggestionRequest("formal", "Hi Ben,\n\nI dont think we should change the $4,500 figure. It isnt ready.")
    (suggestion,) = app.drafting.run(asked)
    assert "do not think" in suggestion.text
    assert "is not ready" in suggestion.text
    assert "$4,500" in suggestion.text


@pytest.mark.parametrize(
    ("parameters", "paragraphs"),
    [(100_000_000, ["Tomorrow at ten."]), (1_500_000_000, ["Tomorrow at ten.", "Bring the keys, please."])],
)
def test_a_small_model_goes_on_to_the_end_of_a_paragraph(parameters: int, paragraphs: list[str]) -> None:
    said = "\n\nTomorrow at ten.\n\nBring the keys, please."
    writer = Writer(ScriptedEngine(lambda _: said, parameters), Contribution(), watch, str)
    *_, written = writer.write(Brief(actions.BY_ID["continue"], "When?", "", "", (), None))
    assert written.strip().split("\n\n") == paragraphs


@pytest.mark.parametrize(
    ("begun", "whole"),
    [
        ("Hi Dana,\n\nI am looking forw", "forward"),
        ("It is ready, and you'd better dou", "double"),
        ("Could you look at thes", "these"),
        ("See you on Monda", "Monday"),
        ("Hi Tom,\n\nPlease let me know", "know"),
    ],
)
def test_what_goes_on_from_a_word_that_was_begun_ends_it(app: App, begun: str, whole: str) -> None:
    place = len(words(begun)) - 1
    for suggestion in app.drafting.run(SuggestionRequest("continue", begun, variants=3)):
        assert words(begun + suggestion.text)[place] == whole
