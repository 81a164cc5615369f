"""Own actions over the real model: rules are obeyed whatever it is, and nothing is invented where none is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from helpers.scripted_engine import ScriptedEngine
from helpers.vaults import KEY
from ownhand.adapters.store import SqlVault
from ownhand.compose import App, Options, build
from ownhand.domain.actions import Scope
from ownhand.domain.ports import Engine
from ownhand.domain.suggestion import Suggestion, SuggestionRequest
from ownhand.errors import BadInput
from ownhand.services.own_actions import OwnActions

TEXT = (
    "Hi Dana!\n\nI'm glad that you're coming! We'll meet at 10 on Friday, and I don't think it's far. "
    "Please utilize the gate.\n\nCheers,\nRobin"
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = build(Options(tmp_path_factory.mktemp("vault"), key="keyfile"))
    yield made
    made.close()


def carried_out(app: App, instruction: str, text: str = TEXT) -> Suggestion:
    (suggestion,) = app.drafting.run(SuggestionRequest("custom", text, instruction=instruction, recipients=("Dana",)))
    return suggestion


def test_rules_are_carried_out_to_the_letter_without_a_model(app: App) -> None:
    done = carried_out(app, "No exclamation marks. Write out contractions. Write “use”, not “utilize”.")
    assert done.text == (
        "Hi Dana,\n\nI am glad that you are coming. We will meet at 10 on Friday, and I do not think it is far. "
        "Please use the gate.\n\nCheers,\nRobin"
    )
    assert done.why.prompt == "", "no model was asked"
    assert not done.facts.dropped
    assert not done.facts.added


def test_greeting_and_sign_off_can_be_rules_too(app: App) -> None:
    done = carried_out(app, "Greet with “Hello {name},”. Sign off with “Best, / R.”")
    assert done.text.startswith("Hello Dana,\n\n")
    assert done.text.endswith("Best,\nR.")


def test_rules_hold_beside_what_only_the_model_can_do(app: App) -> None:
    done = carried_out(app, "Sound like a friend. No exclamation marks.")
    assert "!" not in done.text
    assert "10" in done.text
    assert done.why.prompt != ""


def test_rules_said_beside_an_action_that_came_along_hold_too(app: App) -> None:
    wish = "Fix the spelling, no exclamation marks"
    (done,) = app.drafting.run(SuggestionRequest("fix", TEXT, instruction=wish, recipients=("Dana",)))
    assert "!" not in done.text
    assert "I'm glad that you're coming." in done.text


def test_a_length_that_cannot_be_kept_without_losing_something_is_said(app: App) -> None:
    done = carried_out(app, "Keep it under 10 words.")
    assert "10" in done.text
    assert any("more than the 10" in remark for remark in done.why.remarks)


# --------------------------------------------------------------------------------- a capable model, which describes


def describing(described: str, follows: str) -> ScriptedEngine:
    """In the place of a larger model, which does not come along: describes the pairs, and follows one rule only."""
    made = dict(PAIRS)

    def answer(prompt: str) -> str:
        if "Which instruction" in prompt:
            return described
        claim, _, before = prompt.partition("\n\n")
        return made[before] if claim == follows else "something else altogether"

    return ScriptedEngine(answer)


PAIRS = [("Send it to me now!", "Might you send it to me?"), ("Call Lou right now!", "Might you call Lou?")]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


def test_a_capable_model_adds_what_the_examples_bear_out_and_nothing_else(vault: SqlVault) -> None:
    described = "- Sound gentler.\n- Use contractions.\n- Write in British spelling.\n- Be brave.\n- Write to Lou."
    for follows in ("Sound gentler.", "Be brave."):
        assert OwnActions(vault, describing(described, follows)).phrase(PAIRS) == follows


def test_without_a_claim_that_is_borne_out_the_person_is_told_so(vault: SqlVault) -> None:
    with pytest.raises(BadInput, match="nothing in common"):
        OwnActions(vault, describing("Use contractions. Be kind.", "")).phrase(PAIRS)


# ---------------------------------------------------------------------------------------------------- in the vault


def test_they_rest_in_the_vault_in_the_order_they_were_made(vault: SqlVault) -> None:
    own = OwnActions(vault, cast("Engine", None))
    first = own.save(" Plain ", "No exclamation marks")
    own.save("Kind", "Be kind", Scope.WHOLE)
    own.save("Plainer", "No exclamation marks", Scope.TEXT, first.id)
    again = OwnActions(vault, cast("Engine", None))
    assert [(one.name, one.scope) for one in again.all()] == [("Plainer", Scope.TEXT), ("Kind", Scope.WHOLE)]
    assert again.named("kind") is not None
    again.remove(first.id)
    assert [one.name for one in vault.own_actions()] == ["Kind"]


@pytest.mark.parametrize(("name", "instruction"), [("", "x"), ("a", " "), ("Kind", "x"), ("fix", "x"), ("List", "x")])
def test_a_name_must_be_new_and_say_something(vault: SqlVault, name: str, instruction: str) -> None:
    own = OwnActions(vault, cast("Engine", None))
    own.save("kind", "Be kind")
    with pytest.raises(BadInput):
        own.save(name, instruction)
