"""Ghost text with the real engine: what was typed over is never asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ownhand.compose import App, Options, build
from ownhand.domain.completion import Completion, CompletionContext
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.suggestion import SuggestionRequest
from ownhand.settings import STRENGTH, TAKES_PART

TEXT = "Hi Anna,\n\nThank you for your"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = build(Options(Path(tmp_path_factory.mktemp("vault")), key="keyfile"))
    made.engines.warm()
    yield made
    made.close()


class Page:
    """Where answers arrive."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Completion]] = []
        self.came = threading.Event()

    def deliver(self, revision: int, completion: Completion) -> None:
        self.answers.append((revision, completion))
        if completion.usage.prompt_tokens:
            self.came.set()


def test_a_burst_of_keys_asks_the_model_once(app: App) -> None:
    page, before = Page(), app.completing.reasons.total()
    for revision in range(1, 9):
        app.completing.request(CompletionContext(TEXT + " message"[:revision], revision=revision), page.deliver)
    assert page.came.wait(30)
    time.sleep(0.1)
    assert {revision for revision, _ in page.answers} == {8}
    assert app.completing.reasons.total() == before + 1


def test_a_key_while_the_model_computes_makes_its_answer_unwanted(app: App) -> None:
    page = Page()
    long = "We talked about the fence, the barn and the road for a while. " * 40 + TEXT  # some 150 ms of reading
    app.completing.request(CompletionContext(long, revision=1), page.deliver)
    time.sleep(0.04)  # past the pause, into the computation
    app.completing.request(CompletionContext(TEXT + " kind", revision=2), page.deliver)
    assert page.came.wait(30)
    time.sleep(0.1)
    assert {revision for revision, _ in page.answers} == {2}


def test_an_answer_says_what_it_cost(app: App) -> None:
    page = Page()
    app.completing.complete(CompletionContext(TEXT))
    app.completing.request(CompletionContext(TEXT + " le", revision=5), page.deliver)
    assert page.came.wait(30)
    completion = page.answers[-1][1]
    usage = completion.usage
    assert 0 < completion.paused_ms < completion.ms
    assert usage.new_tokens > 0
    assert usage.reused_tokens > 0
    assert usage.prefill_ms + usage.decode_ms < completion.ms - completion.paused_ms + 1


def test_a_cancelled_request_is_not_answered(app: App) -> None:
    page = Page()
    app.completing.request(CompletionContext(TEXT, revision=7), page.deliver)
    app.completing.cancel()
    time.sleep(0.3)
    assert page.answers == []


def test_a_term_of_ones_own_completes_and_at_strength_nought_the_plain_model_answers(app: App) -> None:
    texts = [f"Hi Anna,\n\nWe need {count} tins of quercite varnish.\n\nRobin" for count in ("two", "three", "four")]
    app.hand.personal.add([Document(Document.identify(Kind.EMAIL, text, ""), Kind.EMAIL, text, "") for text in texts])
    context = CompletionContext("Hi Lou,\n\nI have ordered the qu")
    plain, plain_score = (
        app.completing.complete(context, personal=False),
        app.completing.score(context, TEXT, personal=False),
    )
    assert app.completing.complete(context).text.startswith("ercite")
    try:
        app.hand.settings.set(STRENGTH, 0)
        assert app.completing.complete(context).text == plain.text
        assert app.completing.score(context, TEXT) == plain_score
    finally:
        app.hand.settings.set(STRENGTH, 100)
    assert plain.text != app.completing.complete(context).text


def test_once_the_history_is_read_it_is_known_what_the_model_expects_in_it(tmp_path: Path) -> None:
    texts = [f"Ahoy Lou,\n\nThe {thing} is painted. Toodle-pip" for thing in ("boat", "mast", "sail", "oar") * 5]
    context, text = CompletionContext("", kind=Kind.NOTE), "We met the neighbours. Ahoy"
    app = build(Options(tmp_path, key="keyfile"))  # its own, for what is remembered is counted in every completion
    try:
        source = app.hand.vault.add_source("letters", "test")
        app.hand.vault.add_documents(
            source.id,
            [Document(str(number), Kind.EMAIL, f"{text} {number}", "") for number, text in enumerate(texts)],
        )
        app.hand.personal.add(list(app.hand.vault.each_document()))
        unseen = app.completing.score(context, text)
        app.hand.personal.forget()
        app.hand.personal.fill()
        assert app.completing.score(context, text) > unseen + 0.3
    finally:
        app.close()


def test_a_layer_that_is_switched_off_takes_no_part_in_completions_and_suggestions(app: App) -> None:
    texts = [f"Hi Anna,\n\nWe sold {count} tons of zirconite paste.\n\nRobin" for count in ("two", "three", "four")]
    app.hand.personal.add([Document(Document.identify(Kind.EMAIL, text, ""), Kind.EMAIL, text, "") for text in texts])
    context = CompletionContext("Hi Lou,\n\nI have ordered the zi")
    rule = app.learning.state("sign off with Toodle-pip")
    asked = SuggestionRequest("draft", instruction="the paste is here")
    try:
        assert app.completing.complete(context).text.startswith("rconite")
        assert "Toodle-pip" in app.drafting.run(asked)[0].text
        app.settings.set(TAKES_PART["memory"], False)
        app.settings.set(TAKES_PART["preferences"], False)
        assert not app.completing.complete(context).text.startswith("rconite")
        (suggestion,) = app.drafting.run(asked)
        assert "Toodle-pip" not in suggestion.text
        off = {part.layer for part in suggestion.why.parts if part.said == "Switched off in Settings."}
        assert off == {"memory", "preferences"}
    finally:
        for layer in ("memory", "preferences"):
            app.settings.set(TAKES_PART[layer], True)
        app.learning.delete(rule)


def test_the_greeting_for_a_recipient_stays_when_the_model_has_answered(app: App) -> None:
    to = "Wilma Osei <wilma@example.org>"
    texts = [f"Ahoy Wilma,\n\nThe {thing} is ready.\n\nRobin" for thing in ("boat", "mast", "sail", "oar")]
    app.hand.personal.add([Document(Document.identify(Kind.EMAIL, t, ""), Kind.EMAIL, t, "", (to,)) for t in texts])
    for prefix in ("", "A", "Ahoy W"):
        offered = app.completing.complete(CompletionContext(prefix, recipients=(to,)))
        assert prefix + offered.text == "Ahoy Wilma,"


def test_a_phrase_that_a_rule_bans_is_not_completed_and_at_strength_0_no_rule_counts(app: App) -> None:
    place = CompletionContext("Hi Anna,\n\nThank you for")
    usual = app.completing.complete(place).text
    word = usual.split()[0]
    rule = app.learning.state(f"never write “thank you for {word}”")
    try:
        assert app.completing.complete(place).text.split()[:1] != [word]
        app.settings.set(STRENGTH, 0)
        assert app.completing.complete(place).text == app.completing.complete(place, personal=False).text
    finally:
        app.settings.set(STRENGTH, 100)
        app.learning.delete(rule)
    assert app.completing.complete(place).text == usual
