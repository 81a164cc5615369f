"""Instructions are taken apart into rules, and worded from examples by what these have in common."""

from __future__ import annotations

import pytest

from ownhand.domain import instructions
from ownhand.domain.instructions import joined, obeyed, phrase, read, supported
from ownhand.domain.preference import Dimension
from ownhand.domain.wording import FIXED

CHEERFUL = (
    "Hi Dana!\n\nI'm so happy that you're coming! We'll have tea, and it's going to be a lovely long afternoon for all "
    "of us!\n\nCheers,\nRobin",
    "Hi Dana,\n\nI am happy that you are coming. We will have tea.\n\nCheers,\nRobin",
)
VAN = (
    "Hi Lou!\n\nIt's great that you can bring the van! We don't have one, and I've been looking for someone for weeks "
    "and weeks now!\n\nCheers,\nRobin",
    "Hi Lou,\n\nIt is great that you can bring the van. We do not have one.\n\nCheers,\nRobin",
)
STIFF = (
    ("I hope this email finds you well. Could you utilize the form?", "Could you use the form?"),
    ("I hope this email finds you well. We utilize the kiln on Friday.", "We use the kiln on Friday."),
)


def rules(instruction: str) -> set[tuple[Dimension, str, str]]:
    return {(rule.dimension, rule.subject, rule.value) for rule in read(instruction).rules}


def test_rules_are_found_and_the_rest_is_left_for_the_model():
    taken = read("No exclamation marks. Write out contractions, and keep it under 40 words; sound like a friend.")
    assert [rule.dimension for rule in taken.rules] == [
        Dimension.EXCLAMATION, Dimension.CONTRACTIONS, Dimension.LENGTH]  # fmt: skip
    assert taken.rest == ("sound like a friend",)
    assert taken.most_words == 40
    assert not taken.is_mechanical


@pytest.mark.parametrize(
    "content",
    ["Say that we do not accept returns", "Mention the list of bullets", "Ask whether emoji are no problem",
     "Translate it into German", "Tell them to use the gate instead of the door", "Add that there is one paragraph"],
)  # fmt: skip
def test_what_is_to_be_said_is_no_rule_of_style(content: str):
    assert read(content).rules == ()
    assert read(content).rest == (content,)


def test_the_wording_of_every_fixed_rule_is_understood_again():
    from ownhand.domain import wording

    for dimension, value in FIXED:
        said = wording.statement(instructions._rule(dimension, "", value))
        assert rules(said) == {(dimension, "", value)}, said


def test_what_the_examples_have_in_common_is_worded():
    said = joined(phrase([CHEERFUL, VAN]))
    assert "No exclamation marks." in said
    assert "Write words out: do not, I am." in said
    assert "Keep it under 20 words." in said
    assert rules(said) >= {(Dimension.EXCLAMATION, "", "avoid"), (Dimension.CONTRACTIONS, "", "avoid")}


def test_words_and_phrases_that_always_go_are_named():
    said = phrase(STIFF)
    assert "Write “use”, not “utilize”" in said
    assert any("finds you well" in one for one in said)


def test_the_instruction_turns_each_text_before_into_the_one_after():
    pairs = [
        ("Dear Dana,\n\nthe kiln is cold!\n\nBest regards,\nRobin", "Hi Dana,\n\nthe kiln is cold.\n\nCheers,\nRobin"),
        ("Dear Lou,\n\nthe van is here!\n\nBest regards,\nRobin", "Hi Lou,\n\nthe van is here.\n\nCheers,\nRobin"),
    ]
    found = read(joined(phrase(pairs)))
    assert found.is_mechanical
    for before, after in pairs:
        assert obeyed(before, found.rules) == after


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [CHEERFUL],
        [CHEERFUL, ("", "x")],
        [("The colour is grey.", "The weather in March was nice."), ("Call me.", "Send the box.")],
        [("We go at ten.", "We go at ten."), ("Call me.", "Call me.")],
    ],
)
def test_nothing_is_worded_where_there_is_nothing_in_common(pairs):
    assert phrase(pairs) == []


def test_what_only_one_example_shows_is_not_worded():
    said = joined(phrase([CHEERFUL, ("Hi!\n\nWe don't have time now!", "Hi,\n\nWe don't have time now.")]))
    assert "No exclamation marks." in said
    assert "Write words out" not in said


def test_longer_is_said_where_each_text_grew():
    pairs = [
        ("We go.", "We go, and we will be there at ten with the van and the blankets."),
        ("It rains.", "It rains, so we will stay at home and drink tea until it stops."),
    ]
    assert phrase(pairs) == [instructions.LONGER]


@pytest.mark.parametrize(
    ("claim", "borne_out"),
    [("No exclamation marks", True), ("Write out contractions", True), ("Use contractions", False),
     ("British spelling", False), ("Keep it under 30 words", True), ("Keep it under 10 words", False)],
)  # fmt: skip
def test_a_claim_is_kept_only_if_the_examples_bear_it_out(claim: str, borne_out: bool):
    (rule,) = read(claim).rules
    assert supported(rule, [CHEERFUL, VAN]) is borne_out
