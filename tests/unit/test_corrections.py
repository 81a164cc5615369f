"""A correction made twice is never needed again: every kind of wish against the rules alone, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from ownhand.domain import simulated_user as people
from ownhand.domain.applying import apply
from ownhand.domain.detectors import detect
from ownhand.domain.preference import Edit, Evidence, in_effect, learn
from ownhand.domain.simulated_user import SimulatedUser, Wish

TO = ("Dana Li <dana@example.org>",)
OPENINGS = (
    "I think the hall is free on Friday, and we have a key for it. Please bring three lamps.",
    "We would utilize the small room, but I have a question about the heating. I will call you.",
    "Maybe the train is late. I am at the station — the one by the river — and you have my number.",
    "I have to purchase four chairs prior to the fair, so we will need the van. Ana won’t come.",
    "They will bring bread, milk, and eggs. I would be glad, yes, I would.",
)
ENDINGS = (
    "The “blue” door sticks. Please tell me if you have time. I perhaps can fix it. The shop opens at nine.",
    "I obtain the keys from Ben and Eva. You have the list. We receive five boxes and I think six bags.",
    "It is regarding the roof. Numerous tiles fell, and they have no ladder. I do not mind. The rain starts soon.",
)
BODIES = [f"{first} {last}" for first, last in product(OPENINGS, ENDINGS)]
WISHES: Sequence[Wish] = (
    people.greeting("{name} -"), people.greeting("hey {name}"), people.greeting("Dear {name},"),
    people.sign_off("-- r"), people.sign_off("ciao\nrob"), people.sign_off("--\nRob"),
    people.sign_off("Yours,\nRob V."),
    people.contractions(used=True), people.contractions(used=False), people.contractions_everywhere(),
    people.no_hedging(), people.no_please(), people.digits(), people.instead_of("numerous", "many"), people.ampersand(),
    people.hyphens(), people.straight_quotes(), people.no_oxford_comma(), people.small_i(), people.short_sentences(9),
    people.at_most(3),
    people.at_most(4), people.as_list(), people.a_paragraph_each(), people.last_line("Thanks for everything."),
    people.final_mark("🙂"), people.final_mark("!"), people.no_exclamation(), people.british(),
)  # fmt: skip


def lived_through(wishes: Sequence[Wish]) -> SimulatedUser:
    """Somebody who edits each draft, of whom everything is learned that can be."""
    user = SimulatedUser(wishes)
    evidence: list[Evidence] = []
    for number, body in enumerate([*BODIES, *reversed(BODIES)]):
        rules = [rule for rule in learn(evidence) if in_effect(rule)]
        draft = apply(f"Hi Dana,\n\n{body}\n\nBest,\nRobin", rules, TO).text
        kept = user.keep(draft, "Dana")
        evidence += detect(Edit(str(number), draft, kept, recipients=TO))
    return user


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.kind)
def test_what_was_corrected_twice_need_not_be_corrected_again(wish: Wish) -> None:
    assert lived_through([wish]).repeated == {}


@pytest.mark.parametrize("name", people.USERS)
def test_nor_does_anything_of_somebody_with_many_wishes(name: str) -> None:
    assert lived_through(people.USERS[name]).repeated == {}
