"""The prompt and its budget."""

from __future__ import annotations

from dataclasses import replace

from ownhand.domain.corpus import Hit, Passage
from ownhand.domain.personalize import LAYERS, Material, Use, explain, followed_of, personalize, withheld
from ownhand.domain.preference import Dimension, Origin, Preference
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


def test_every_layer_can_be_left_out_and_says_what_it_did():
    for layer in LAYERS:
        material = withheld(MATERIAL, {layer.id})
        parts = explain(material, personalize(material, {layer.id}), {layer.id}, Use(prompted=True, weighed=True))
        assert [part.layer for part in parts] == [one.id for one in LAYERS], "all of them, each time"
        assert [part.layer for part in parts if part.said == "Switched off in Settings."] == [layer.id]
    assert "sure thing" not in assemble(personalize(MATERIAL, without={"examples"}).sections, "t", 1000).system


def test_what_a_layer_says_of_itself_is_what_it_did():
    habit = Preference("h", Dimension.GREETING, "Hi {name},", origin=Origin.STATED, agreeing=9, conflicting=1)
    material = replace(MATERIAL, preferences=(*MATERIAL.preferences, habit), adapters={"mine": 0.8}, strength=0.5)
    asked = {
        part.layer: part for part in explain(material, personalize(material), (), Use(prompted=True, weighed=True))
    }
    assert asked["profile"].said == "1 measured habit held by rule."
    assert asked["examples"].said == "2 messages shown."
    assert asked["preferences"].said == "1 rule in effect here."
    assert asked["memory"].said == "In every word."
    assert asked["adapter"].said == "Counted at 40 %."
    assert not asked["words"].took_part
    assert not asked["vector"].took_part
    checked = {part.layer: part for part in explain(material, personalize(material), (), Use(filled=2))}
    assert checked["memory"].said == "In the small words of 2 notes."
    assert not checked["examples"].took_part
    assert not checked["adapter"].took_part
    plain = Material(strength=0.0)
    assert {part.said for part in explain(plain, personalize(plain), (), Use())} == {"Off: the strength is 0 %."}


def test_a_measured_habit_belongs_to_the_profile_and_a_rule_to_the_preferences():
    habit = Preference("h", Dimension.GREETING, "Hi {name},", origin=Origin.STATED, agreeing=9)
    said = Preference("s", Dimension.EMOJI, "avoid", origin=Origin.STATED)
    material = replace(MATERIAL, preferences=(habit, said))
    assert withheld(material, {"profile"}).preferences == (said,)
    assert withheld(material, {"preferences"}).preferences == (habit,)


def test_what_only_a_larger_model_can_follow_does_not_count_as_followed_where_it_was_not_asked():
    custom = Preference("w", Dimension.CUSTOM, "be warm", origin=Origin.STATED, statement="be warm")
    short = Preference("u", Dimension.LENGTH, "under:50", origin=Origin.STATED)
    material = replace(MATERIAL, preferences=(custom, short))
    asked = {part.layer: part for part in explain(material, personalize(material), (), Use(prompted=True))}
    assert asked["preferences"].said == "2 rules in effect here."
    alone = {part.layer: part for part in explain(material, personalize(material), (), Use())}
    assert alone["preferences"].said == "2 rules only a larger model can follow."
    assert not alone["preferences"].took_part
    assert followed_of((custom, short, *MATERIAL.preferences), Use()) == MATERIAL.preferences
