"""The prompt and its budget."""

from __future__ import annotations

from ownhand.domain.corpus import Hit, Passage
from ownhand.domain.personalize import LAYERS, Material, personalize
from ownhand.domain.preference import Dimension, Preference
from ownhand.domain.prompt import Section, assemble, tokens_in


def hit(number: int, text: str) -> Hit:
    return Hit(Passage(number, str(number), text), 1.0 / number)


MATERIAL = Material(
    passages=(hit(1, "Hi Dana,\n\nsure thing.\n\nCheers,\nRobin"), hit(2, "Hey Lou,\n\nnope.\n\nCheers,\nRobin")),
    preferences=(Preference("p", Dimension.EXCLAMATION, "avoid", agreeing=3),),
    memory="own",
)


def test_preferences_stand_last_before_the_task():
    system = assemble(personalize(MATERIAL).sections, "Make this shorter:\n\nx", 1000).system
    assert system.index("sure thing") < system.index("Style rules:")
    assert system.rstrip().splitlines()[-1].startswith("- ")


def test_a_short_budget_drops_whole_examples_first_and_rules_last():
    sections = personalize(MATERIAL).sections
    full = assemble(sections, "task", 1000)
    tight = assemble(sections, "task", tokens_in(full.system) - 4)
    assert "nope." not in tight.system
    assert "sure thing." in tight.system
    assert "Style rules:" in tight.system


def test_an_example_is_never_cut():
    sections = (Section("Examples of my writing:", ("one " * 300,), rank=2),)
    assert "one one" not in assemble(sections, "task", 200).system


def test_strength_zero_is_the_plain_model():
    plain = personalize(Material(MATERIAL.passages, preferences=MATERIAL.preferences, memory="own", strength=0.0))
    assert not plain.sections
    assert not plain.memory_weight


def test_every_layer_can_be_left_out():
    for layer in LAYERS:
        personalize(MATERIAL, without={layer.id})
    assert "sure thing" not in assemble(personalize(MATERIAL, without={"examples"}).sections, "t", 1000).system
