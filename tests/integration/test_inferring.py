"""Preferences that a model infers while it is idle: what is kept of its claims, what is dropped, and that it yields."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.scripted_engine import ScriptedEngine
from helpers.vaults import KEY
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.claims import claims_in
from ownhand.domain.preference import Dimension, Edit
from ownhand.errors import Cancelled
from ownhand.services.inferring import SEEN, Inferring
from ownhand.services.learning import Learning
from ownhand.services.stopping import Stopping
from ownhand.settings import LEARN, Settings

PAIRS = [
    Edit(
        f"e{n}", f"Hi Dana,\n\nWe could perhaps consider plan {n} at some point, whatever comes of it.\n\nBest",
        f"Hi Dana,\n\nPlan {n} is decided. Here is why: it costs less.\n\nBest",
    )
    for n in range(9)
]  # fmt: skip
ANSWER = """Rules:
- State the decision first; give the reason after it
- Use contractions
- Mention plan 3 to Dana Li
- Write as an old woman would
* The user prefers warm endings."""


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path, KEY, "this test")
    yield opened
    opened.close()


def learning_from(vault: SqlVault, edits: list[Edit]) -> Learning:
    learning = Learning(vault, None, Settings(vault))
    for edit in edits:
        vault.add_edit(edit, [])
    return learning


def agreeing_with(claim: str) -> ScriptedEngine:
    def answer(prompt: str) -> str:
        if "What do they prefer" in prompt:
            return ANSWER
        if "Does this text break" in prompt:
            return "No."
        return "Yes" if claim in prompt else "no, it does not"

    return ScriptedEngine(answer)


def customs(learning: Learning) -> list[str]:
    return [learning.statement(item) for item in learning.effective("") if item.dimension is Dimension.CUSTOM]


def test_claims_are_taken_apart_and_those_about_facts_or_people_are_left_out() -> None:
    assert claims_in(ANSWER, PAIRS) == [
        "State the decision first",
        "Give the reason after it",
        "Use contractions",
        "Prefer warm endings",
    ]
    assert claims_in("I cannot say.\n\n" + "word " * 40, PAIRS) == ["I cannot say"]


def test_a_claim_that_holds_on_other_edits_becomes_a_preference_in_words(vault: SqlVault) -> None:
    learning = learning_from(vault, PAIRS)
    engine = agreeing_with("State the decision first")
    found = Inferring(vault, learning, engine, Settings(vault)).run()
    assert [item.statement for item in found] == ["State the decision first"]
    assert customs(learning) == ["State the decision first"]
    asked_about = {edit.id for edit in vault.edits(4)}
    assert len(found[0].edits) >= 2
    assert not asked_about & set(found[0].edits)  # checked on others than it was inferred from


def test_what_a_detector_can_see_is_left_to_the_detectors(vault: SqlVault) -> None:
    learning = learning_from(vault, PAIRS)
    Inferring(vault, learning, agreeing_with("Use contractions"), Settings(vault)).run()
    assert learning.preferences() == []


def test_a_claim_that_the_persons_own_texts_break_is_dropped(vault: SqlVault) -> None:
    from helpers.vaults import a_document

    learning = learning_from(vault, PAIRS[:6])
    own = [a_document(f"Let me first tell you at length why number {n} matters. " * 4) for n in range(2)]
    vault.add_documents(vault.add_source("/mail", "mailbox").id, own)
    scripted = agreeing_with("State the decision first")
    strict = ScriptedEngine(lambda prompt: "Yes" if "Does this text break" in prompt else scripted._answer(prompt))
    assert Inferring(vault, learning, strict, Settings(vault)).run() == []


def test_a_deleted_one_stays_away_and_the_same_edits_are_not_asked_about_again(vault: SqlVault) -> None:
    learning = learning_from(vault, PAIRS)
    engine = agreeing_with("State the decision first")
    inferring = Inferring(vault, learning, engine, Settings(vault))
    learning.delete(inferring.run()[0])
    asked = len(engine.prompts)
    assert inferring.run() == []
    assert len(engine.prompts) == asked
    vault.set_setting(SEEN, "")
    assert inferring.run() == []
    assert customs(learning) == []


def test_nothing_is_asked_while_learning_is_off_or_of_a_small_model(vault: SqlVault) -> None:
    learning = learning_from(vault, PAIRS)
    small = ScriptedEngine(lambda _: ANSWER, parameters=100_000_000)
    Inferring(vault, learning, small, Settings(vault)).run()
    settings = Settings(vault)
    settings.set(LEARN, False)
    large = agreeing_with("State the decision first")
    Inferring(vault, learning, large, settings).run()
    assert small.prompts == large.prompts == []


def test_with_a_real_model_only_what_was_confirmed_is_kept(vault: SqlVault, builtin_model: Path) -> None:
    """The built-in model is too small for this and is made to do it all the same: nothing it babbles may stand."""
    learning = learning_from(vault, PAIRS)
    engine = EngineClient(builtin_model)
    try:
        engine.load(builtin_model)
        found = Inferring(vault, learning, engine, Settings(vault), parameters=0).run()
        assert vault.setting(SEEN) == vault.edits(1)[0].id
        assert all(len(item.edits) >= 2 and item.conflicting < item.agreeing for item in found)
        assert len(customs(learning)) == len(found)
    finally:
        engine.close()


def test_what_was_stopped_before_it_began_asks_nothing(vault: SqlVault) -> None:
    learning = learning_from(vault, PAIRS)
    engine = agreeing_with("State the decision first")
    stop = Stopping()
    stop.cancel()
    with pytest.raises(Cancelled):
        Inferring(vault, learning, engine, Settings(vault)).run(stop)
    assert engine.prompts == []


def test_any_use_of_the_engine_ends_it_at_once_and_nothing_half_done_is_stored(
    vault: SqlVault, builtin_model: Path
) -> None:
    learning = learning_from(vault, PAIRS)
    engine = EngineClient(builtin_model)
    inferring = Inferring(vault, learning, engine, Settings(vault), parameters=0)
    stop = Stopping()
    ended: list[type[BaseException]] = []
    asked = threading.Event()
    render = engine.render

    def rendering(messages):  # type: ignore[no-untyped-def]
        asked.set()
        return render(messages)

    engine.render = rendering  # type: ignore[method-assign]

    def work() -> None:
        try:
            inferring.run(stop)
        except Cancelled:
            ended.append(Cancelled)

    try:
        engine.load(builtin_model)
        thread = threading.Thread(target=work)
        thread.start()
        assert asked.wait(60)
        stop.cancel()
        thread.join(20)
        assert not thread.is_alive()
        assert ended == [Cancelled]
        assert learning.preferences() == []
        assert not vault.setting(SEEN)
    finally:
        engine.close()
