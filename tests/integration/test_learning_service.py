"""Learning over a real vault: what is measured, learned, stated and switched off."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ownhand.adapters.store import SqlVault
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.draft import EVERYONE, Audience
from ownhand.domain.facts import Facts
from ownhand.domain.preference import Dimension, Edit
from ownhand.domain.suggestion import Suggestion, Why
from ownhand.errors import BadInput, WorkerError
from ownhand.services.learning import Learning
from ownhand.settings import LEARN, Settings

DANA = ("Dana Li <dana@example.org>",)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path, secrets.token_bytes(32), "this test")
    yield opened
    opened.close()


@pytest.fixture
def learning(vault: SqlVault) -> Learning:
    return Learning(vault, None, Settings(vault))


def letter(number: int) -> Document:
    text = f"Hi Dana,\n\nthe boat number {number} is ready. I'll bring it on Sunday.\n\nCheers,\nRobin"
    return Document(Document.identify(Kind.EMAIL, text), Kind.EMAIL, text, f"Boat {number}", DANA)


def correct(learning: Learning, number: int, audience: str = EVERYONE) -> None:
    suggested = f"Hi Dana,\n\nI hope this email finds you well. The boat {number} is ready.\n\nCheers,\nRobin"
    kept = f"Hello Dana,\n\nThe boat {number} is ready.\n\nCheers,\nRobin"
    learning.observe(Edit(f"e{number}", suggested, kept, audience=audience, recipients=DANA))


def values(learning: Learning, dimension: Dimension) -> list[str]:
    return [item.value for item in learning.effective("", EVERYONE) if item.dimension is dimension]


def test_before_the_first_correction_nothing_is_compared_in_meaning(vault: SqlVault):
    recall = CountingRecall()
    learning = Learning(vault, recall, Settings(vault))  # type: ignore[arg-type]
    for number in range(8):
        learning.measure(letter(number))
    assert [item.value for item in learning.effective("Boat\nready") if item.dimension is Dimension.GREETING]
    assert recall.asked == 0
    correct(learning, 1)
    learning.effective("Boat\nready")
    assert recall.asked == 1


def test_a_clear_habit_acts_without_any_edit(learning: Learning):
    for number in range(8):
        learning.measure(letter(number))
    assert values(learning, Dimension.GREETING) == ["Hi {name},"]
    assert learning.signature_name() == "Robin"
    assert learning.greeting(DANA, EVERYONE)[0] == "Hi Dana,"


def test_a_measured_habit_can_be_switched_off(learning: Learning):
    for number in range(8):
        learning.measure(letter(number))
    greeting = next(item for item in learning.effective("") if item.dimension is Dimension.GREETING)
    learning.set_enabled(greeting, False)
    assert values(learning, Dimension.GREETING) == []


def test_a_correction_made_twice_overrules_the_habit(learning: Learning):
    for number in range(8):
        learning.measure(letter(number))
    correct(learning, 1)
    assert values(learning, Dimension.GREETING) == ["Hi {name},"]
    correct(learning, 2)
    assert values(learning, Dimension.GREETING) == ["Hello {name},"]
    text = learning.apply(
        "Hi Dana,\n\nI hope this email finds you well. Done.", learning.effective(""), DANA, is_letter=True
    )
    assert text.text.startswith("Hello Dana,")
    assert "finds you well" not in text.text


def test_a_deleted_rule_stays_deleted_until_it_is_seen_again(learning: Learning):
    correct(learning, 1)
    correct(learning, 2)
    rule = next(item for item in learning.preferences() if item.dimension is Dimension.GREETING)
    assert {edit.id for edit in learning.evidence_for(rule)} == {"e1", "e2"}
    learning.delete(rule)
    assert values(learning, Dimension.GREETING) == []
    correct(learning, 3)
    correct(learning, 4)
    assert values(learning, Dimension.GREETING) == ["Hello {name},"]


def test_a_stated_rule_acts_at_once_and_a_reworded_one_replaces_it(learning: Learning):
    stated = learning.state("no exclamation marks")
    assert values(learning, Dimension.EXCLAMATION) == ["avoid"]
    learning.reword(stated, "use British spelling")
    assert values(learning, Dimension.EXCLAMATION) == []
    assert values(learning, Dimension.SPELLING) == ["uk"]
    with pytest.raises(BadInput):
        learning.state("   ")


def test_a_rule_said_in_other_words_of_the_same_meaning_stays(learning: Learning):
    stated = learning.state("no exclamation marks")
    learning.reword(stated, "never use exclamation marks")
    assert values(learning, Dimension.EXCLAMATION) == ["avoid"]
    for number in (1, 2):
        correct(learning, number)
    (greeting,) = (item for item in learning.preferences() if item.dimension is Dimension.GREETING)
    learning.reword(greeting, "greet people with Hello {name},")
    assert values(learning, Dimension.GREETING) == ["Hello {name},"]


@pytest.mark.parametrize(
    ("first", "second", "dimension", "acts"),
    [
        ("no exclamation marks", "exclamation marks are welcome", Dimension.EXCLAMATION, "use"),
        ("exclamation marks are welcome", "no exclamation marks", Dimension.EXCLAMATION, "avoid"),
        ("British spelling", "American spelling", Dimension.SPELLING, "us"),
        ("never use please", "say please more often", Dimension.POLITENESS, "use"),
        ("greet with Hey", "greet with Dear", Dimension.GREETING, "Dear {name},"),
    ],
)
def test_of_two_stated_rules_that_contradict_each_other_the_later_one_stands(
    learning: Learning, first: str, second: str, dimension: Dimension, acts: str
):
    learning.state(first)
    learning.state(first, "work")
    learning.state(second)
    assert values(learning, dimension) == [acts]
    assert [item.value for item in learning.preferences() if item.audience == EVERYONE] == [acts]
    assert [item.value for item in learning.preferences() if item.audience == "work"] != [acts], "another audience's"


def test_a_stated_rule_that_is_switched_on_again_switches_its_opposite_off(learning: Learning):
    learning.state("no exclamation marks")
    opposite = learning.state("exclamation marks are welcome")
    learning.set_enabled(opposite, False)
    learning.state("no exclamation marks")
    learning.infer(replace(opposite, enabled=False))
    learning.set_enabled(opposite, True)
    assert values(learning, Dimension.EXCLAMATION) == ["use"]
    assert [item.enabled for item in learning.preferences() if item.value == "avoid"] == [False]


def test_rules_in_free_words_stand_beside_each_other(learning: Learning):
    learning.state("be warm but brief")
    learning.state("mention the weather first")
    assert len(learning.preferences()) == 2


def test_what_was_learned_survives_a_restart(learning: Learning, vault: SqlVault):
    correct(learning, 1)
    correct(learning, 2)
    learning.choose(EVERYONE, "contractions", "avoid")
    again = Learning(vault, None, Settings(vault))
    assert values(again, Dimension.GREETING) == ["Hello {name},"]
    assert values(again, Dimension.CONTRACTIONS) == ["avoid"]
    again.forget_everything()
    assert again.preferences() == []


def test_nothing_is_learned_while_learning_is_off(vault: SqlVault):
    settings = Settings(vault)
    settings.set(LEARN, False)
    learning = Learning(vault, None, settings)
    from ownhand.domain.facts import Facts
    from ownhand.domain.suggestion import Suggestion, Why

    suggestion = Suggestion("s", "draft", "", "Hi Dana,\n\nDone!", Facts(), Why())
    assert learning.record(suggestion, "Hello Dana,\n\nDone.", DANA) == []
    assert vault.edits() == []


class CountingRecall:
    """Vectors of texts by their length, which texts were embedded, and how often somebody waited for one."""

    def __init__(self) -> None:
        self.embedded: list[str] = []
        self.asked = 0
        self.loading = False

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.embedded += texts
        return [_vector(text) for text in texts]

    def meaning(self, text: str) -> bytes:
        if self.loading:
            raise WorkerError("The part that compares meanings is still loading.")
        self.asked += 1
        return _vector(text)


def _vector(text: str) -> bytes:
    return struct.pack("<f", len(text)) * 384


def test_who_corrects_does_not_wait_for_the_embedder_and_the_next_suggestion_has_the_vector(vault: SqlVault):
    recall = CountingRecall()
    learning = Learning(vault, recall, Settings(vault))  # type: ignore[arg-type]
    suggested, kept = "Hi Dana,\n\nThe boat is ready.\n\nBest,", "Hello Dana,\n\nThe boat is ready.\n\nBest,"
    learning.observe(Edit("e1", suggested, kept, context="Boat\nready", recipients=DANA))
    assert recall.embedded == []
    recall.loading = True
    learning.effective("Boat\nlate", EVERYONE)
    assert recall.embedded == [], "where it is still loading, the rules go without it"
    recall.loading = False
    for _ in range(2):
        learning.effective("Boat\nlate", EVERYONE)
    assert recall.embedded == ["Boat\nready"]
    assert set(vault.edit_vectors()) == {"e1"}
    assert vault.situations_without_vector() == {}


def test_what_was_seen_once_is_no_rule_yet(learning: Learning):
    correct(learning, 1)
    assert learning.preferences() == []
    assert Dimension.GREETING in {item.dimension for item in learning.noticed()}
    correct(learning, 2)
    assert Dimension.GREETING in {item.dimension for item in learning.preferences()}


def test_rules_that_are_switched_off_come_last(learning: Learning):
    off = learning.state("no exclamation marks")
    learning.set_enabled(off, False)
    learning.state("British spelling")
    assert [item.value for item in learning.preferences()] == ["uk", "avoid"]


def test_a_rule_can_be_moved_to_another_audience(learning: Learning):
    for number in (1, 2):
        correct(learning, number)
    (greeting,) = (item for item in learning.preferences() if item.dimension is Dimension.GREETING)
    learning.move(greeting, "work")
    assert values(learning, Dimension.GREETING) == []
    assert [item.value for item in learning.effective("", "work") if item.dimension is Dimension.GREETING] == [
        greeting.value
    ]
    (moved,) = (item for item in learning.preferences() if item.dimension is Dimension.GREETING)
    learning.move(moved, EVERYONE)
    assert values(learning, Dimension.GREETING) == [greeting.value]
    assert len([item for item in learning.preferences() if item.dimension is Dimension.GREETING]) == 1


def test_a_rule_that_is_moved_takes_the_place_of_its_opposite_there(learning: Learning):
    learning.state("exclamation marks are welcome", "work")
    learning.move(learning.state("no exclamation marks"), "work")
    assert [(item.audience, item.value) for item in learning.preferences()] == [("work", "avoid")]


def test_a_rule_for_everyone_is_listed_once_and_goes_from_every_audience(learning: Learning):
    for number, audience in enumerate(["work", "work", "friends", "friends"]):
        correct(learning, number, audience)
    greetings = [item for item in learning.preferences() if item.dimension is Dimension.GREETING]
    assert [item.audience for item in greetings] == [EVERYONE]

    def acting_for(audience: str) -> list[str]:
        return [item.value for item in learning.effective("", audience) if item.dimension is Dimension.GREETING]

    learning.set_enabled(greetings[0], False)
    assert acting_for(EVERYONE) == acting_for("work") == acting_for("friends") == []
    assert [i.audience for i in learning.preferences() if i.dimension is Dimension.GREETING] == [EVERYONE]
    learning.set_enabled(greetings[0], True)
    assert acting_for("work") == ["Hello {name},"]
    learning.move(greetings[0], "work")
    assert acting_for("work") == ["Hello {name},"]
    assert acting_for(EVERYONE) == acting_for("friends") == []


def test_a_rule_tells_when_it_last_shaped_a_suggestion_that_was_taken(learning: Learning):
    shaping, other = learning.state("no exclamation marks"), learning.state("British spelling")
    learning.record(Suggestion("s", "draft", "", "Hi.", Facts(), Why(preferences=(shaping,))), "Hi.", DANA)
    used = {item.id: item.last_used for item in learning.preferences()}
    assert used[other.id] is None
    assert used[shaping.id] is not None
    learning.forget_everything()
    learning.state("no exclamation marks")
    assert [item.last_used for item in learning.preferences()] == [None]


def test_what_was_learned_for_a_group_that_was_deleted_is_no_rule_any_more(learning: Learning, vault: SqlVault):
    vault.save_audience(Audience("work", "Work"))
    for number in (1, 2):
        correct(learning, number, "work")
    assert "work" in {item.audience for item in learning.preferences()}
    vault.delete_audience("work")
    learning.audiences_changed()
    assert learning.preferences() == []
