"""Whether own passages are shown as examples: tried on own letters with the model in use, decided by what they save."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.scripted_engine import ScriptedEngine
from helpers.vaults import KEY, a_document
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.derived import EXAMPLES_WORTH
from ownhand.errors import Cancelled
from ownhand.services.examples import Examples, Worth
from ownhand.services.learning import Learning
from ownhand.services.retrieval import Retrieval
from ownhand.services.stopping import Stopping
from ownhand.settings import Settings

PLACES = "kiln quarry harbour orchard foundry bakery vineyard sawmill tannery brewery".split()
FORMS = (
    "Herewith the weekly numbers of the {0}, as agreed in the spring: wet clay in, fired goods out, breakage "
    "below the mark. Shout if the tally of week {1} looks off to thee, for the ledger of the {0} is never wrong twice.",
    "The lorry to the {0} leaves at cockcrow on day {1}; bring boots, rope and a flask, since the road past the {0} is "
    "a river by noon and old Hamish will not wait, whatever the almanac may say of the weather.",
)
RUTH = ("ruth@example.org",)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path, KEY, "this test")
    yield opened
    opened.close()


def judging(judge: Callable[[str, str], float], parameters: int = 1_500_000_000) -> ScriptedEngine:
    return ScriptedEngine(str, parameters, judge)


def examples_of(vault: SqlVault, engine: ScriptedEngine | EngineClient) -> Examples:
    learning = Learning(vault, None, Settings(vault))
    return Examples(vault, Retrieval(vault, None), learning, engine)


def fill(vault: SqlVault, count: int = 20) -> list[str]:
    """Letters in two forms about ten places; their ids."""
    documents = [
        a_document(FORMS[n % 2].format(PLACES[n % 10], n), f"{PLACES[n % 10]} {n}", n, recipients=RUTH)
        for n in range(count)
    ]
    vault.add_documents(vault.add_source("/mail", "mailbox").id, documents)
    return [document.id for document in documents]


def likes_the_same_place(prompt: str, text: str) -> float:
    """Examples about the same place help much, others mislead."""
    examples = prompt.partition("Examples of my writing:")[2].partition("Write an email")[0]
    if not examples:
        return -200.0
    return -120.0 if any(place in examples and place in text for place in PLACES) else -230.0


def test_what_helped_with_own_letters_is_shown_and_nothing_else(vault: SqlVault) -> None:
    fill(vault)
    examples = examples_of(vault, judging(likes_the_same_place))
    worth = examples.run()
    assert worth is not None
    assert worth.weights is not None
    assert Worth.from_text(worth.as_text()) == worth
    assert "kiln" in examples.find("kiln numbers", 3, RUTH)[0].passage.text
    assert examples.find("kiln numbers", 0, RUTH) == []


def test_where_no_example_helped_none_is_shown(vault: SqlVault) -> None:
    fill(vault)
    chance = random.Random(4)
    examples = examples_of(vault, judging(lambda prompt, text: -200.0 + chance.gauss(0, 20)))
    assert examples.find("kiln numbers", 3, RUTH) != []  # nothing is known yet
    worth = examples.run()
    assert worth is not None
    assert worth.weights is None
    assert examples.find("kiln numbers", 3, RUTH) == []


def test_it_is_found_out_once_until_the_history_has_grown_or_lost_something(vault: SqlVault) -> None:
    ids = fill(vault)
    engine = judging(likes_the_same_place)
    examples = examples_of(vault, engine)
    assert examples.run() is not None
    asked = engine.scored
    assert examples.run() is None
    assert engine.scored == asked
    vault.forget_document(ids[3])
    assert vault.setting(EXAMPLES_WORTH) is None
    assert examples.run() is not None
    fill(vault, 40)
    assert examples.run() is not None


def test_another_model_is_another_matter(vault: SqlVault) -> None:
    fill(vault)
    assert examples_of(vault, judging(lambda prompt, text: -200.0)).run() is not None
    other = judging(likes_the_same_place, 3_000_000_000)
    examples = examples_of(vault, other)
    assert examples.find("kiln numbers", 3, RUTH) != []
    assert examples.run() is not None


def test_too_few_letters_are_not_tried(vault: SqlVault) -> None:
    fill(vault, 5)
    engine = judging(likes_the_same_place)
    assert examples_of(vault, engine).run() is None
    assert engine.scored == 0
    assert vault.setting(EXAMPLES_WORTH) is None


def test_when_the_engine_is_needed_it_ends_and_nothing_is_stored(vault: SqlVault) -> None:
    fill(vault)

    def needed(prompt: str, text: str) -> float:
        stop.cancel()
        return -200.0

    engine = judging(needed)
    examples = examples_of(vault, engine)
    stop = Stopping()
    with pytest.raises(Cancelled):
        examples.run(stop)
    assert engine.scored == 1
    with pytest.raises(Cancelled):  # what was said before it began holds, too
        examples.run(stop)
    assert engine.scored == 1
    assert vault.setting(EXAMPLES_WORTH) is None


def test_what_is_forgotten_meanwhile_leaves_no_verdict(vault: SqlVault) -> None:
    ids = fill(vault)

    def forget(prompt: str, text: str) -> float:
        if engine.scored == 1:
            vault.forget_document(ids[-1])
        return likes_the_same_place(prompt, text)

    engine = judging(forget)
    assert examples_of(vault, engine).run() is None
    assert vault.setting(EXAMPLES_WORTH) is None


def test_numbers_that_must_not_be_suggested_reach_no_prompt(vault: SqlVault) -> None:
    card = "4111 1111 1111 1111"
    letters = [FORMS[0].format(PLACES[n // 2], n) + (f" Charge it to {card}." if n % 2 else "") for n in range(20)]
    documents = [a_document(text, PLACES[n // 2], n, recipients=RUTH) for n, text in enumerate(letters)]
    vault.add_documents(vault.add_source("/mail", "mailbox").id, documents)
    seen: list[str] = []

    def judge(prompt: str, text: str) -> float:
        seen.append(prompt + text)
        return -200.0

    assert examples_of(vault, judging(judge)).run() is not None
    assert any("Charge it to" in text for text in seen)
    assert not any("4111" in text for text in seen)


def test_the_built_in_model_finds_letters_of_a_set_form_likelier_after_one_of_them(
    vault: SqlVault, builtin_model: Path
) -> None:
    fill(vault, 10)
    engine = EngineClient(builtin_model)
    try:
        engine.load(builtin_model)
        worth = examples_of(vault, engine).run()
        assert worth is not None
        assert worth.weights is not None
    finally:
        engine.close()
