"""Long forms over a real vault and the real model: own words, kept out of what others ask for, and forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.vaults import a_document
from ownhand.compose import App, Options, build
from ownhand.domain.completion import Completion, CompletionContext
from ownhand.domain.corpus import ReplyContext
from ownhand.settings import STRENGTH

ASKED = "We keep grey tools here every winter."
PHRASE = "keep grey tools here"


def with_a_history(folder: Path) -> App:
    made = build(Options(folder, key="keyfile"))
    source = made.hand.vault.add_source("/mail", "mbox")
    theirs = ReplyContext("Could somebody open my gate tonight? " * 5, "Dana")
    made.hand.vault.add_documents(
        source.id,
        [a_document(f"Hi.\n\n{ASKED} Number {n}. It was 3 March.", age=n, reply_to=theirs) for n in range(4)],
    )
    return made


def lived_in(folder: Path) -> App:
    made = with_a_history(folder)
    made.personal.tell_workers(made.personal.read(), index=False)
    return made


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = lived_in(tmp_path_factory.mktemp("vault"))
    yield made
    made.close()


def expanded(app: App, prefix: str, **more: object) -> list[str]:
    found = app.abbreviating.expand(CompletionContext(prefix, **more))  # type: ignore[arg-type]
    return [found.text, *found.alternatives] if found else []


def test_the_persons_own_phrase_is_offered_and_nobody_elses(app: App) -> None:
    assert expanded(app, "so kgth") == [PHRASE]
    assert expanded(app, "so csom") == [], "that is in the message that was answered"


def test_for_it_no_worker_is_started(tmp_path: Path) -> None:
    app = with_a_history(tmp_path)
    try:
        before = psutil.Process().children(recursive=True)
        app.personal.read()
        found = app.completing.expand(CompletionContext("so kgth"))
        assert found is not None
        assert found.text == PHRASE
        assert psutil.Process().children(recursive=True) == before
    finally:
        app.close()


def test_at_strength_0_what_everybody_knows_is_left(app: App) -> None:
    app.settings.set(STRENGTH, 0)
    try:
        assert expanded(app, "so kgth") == []
        assert expanded(app, "so lmk") == ["let me know"]
    finally:
        app.settings.set(STRENGTH, 100)


def test_it_comes_to_the_page_at_once_as_what_replaces_the_letters(app: App) -> None:
    came = threading.Event()
    answers: list[Completion] = []

    def deliver(_revision: int, completion: Completion) -> None:
        answers.append(completion)
        came.set()

    app.completing.request(CompletionContext("Hi Dana,\n\nlmk", revision=1), deliver)
    assert came.wait(20)
    assert (answers[0].text, answers[0].replaces, answers[0].lane) == ("Let me know", 3, "abbreviation")


def test_who_does_not_ask_for_long_forms_gets_the_same_as_ever(app: App) -> None:
    plain = app.completing.complete(CompletionContext("Hi Dana,\n\nso lmk"))
    assert plain.lane != "abbreviation"
    assert plain.replaces == 0
    ordinary = CompletionContext("Hi.\n\nWe keep grey tools here every")
    assert app.completing.expand(ordinary) is None
    assert app.completing.complete(ordinary).text


def test_a_phrase_with_a_word_that_a_preference_bans_is_not_offered(app: App) -> None:
    rule = app.learning.state("never write “grey”")
    assert expanded(app, "so kgth") == []
    app.learning.delete(rule)
    assert expanded(app, "so kgth") == [PHRASE]


def test_a_snippet_is_offered_for_its_name_filled_for_the_recipient(app: App) -> None:
    snippet = app.snippets.save("ofr", "Dear {name}, on {date}: {amount}. {cursor}Bye")
    found = app.abbreviating.expand(CompletionContext("ofr", recipients=("Dana Li <dana@x.org>",)))
    assert found is not None
    assert found.text.startswith("Dear Dana, on ")
    assert [found.text[start:end] for start, end in found.stops] == ["{amount}", ""]
    app.snippets.save("offer", "Dear {name}", snippet.id)
    assert expanded(app, "an offer") == [], "that is a word"
    app.snippets.remove(snippet.id)
    assert expanded(app, "ofr") == []


def test_what_was_forgotten_is_offered_no_more(tmp_path: Path) -> None:
    app = lived_in(tmp_path)
    try:
        assert expanded(app, "so kgth") == [PHRASE]
        app.library.on_forgotten = app.personal.forgotten
        for document in app.library.documents():
            app.library.forget(document.id)
        assert expanded(app, "so kgth") == []
    finally:
        app.close()
