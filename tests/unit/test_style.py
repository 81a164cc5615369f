import pytest

from ownhand.domain.corpus import Document, Kind
from ownhand.domain.preference import Dimension, Origin, Preference
from ownhand.domain.style import (
    add,
    combine,
    from_json,
    greeting_for,
    measure,
    preferences_from,
    remove,
    summary,
    to_json,
    traits,
)
from ownhand.errors import BadInput


def message(
    i: int, greeting: str = "Hi Dana,", body: str = "I'm sure it's fine. We don't mind the colour."
) -> Document:
    return Document(
        str(i), Kind.EMAIL, f"{greeting}\n\n{body} Note {i}.\n\nBest,\nJo", recipients=("Dana Li <d@example.org>",)
    )


def test_habits_are_measured_in_words_the_person_can_check() -> None:
    profile = measure([*(message(i) for i in range(8)), message(8, "Dear Dana,"), message(9, "Dear Dana,")])
    rows = {t.key: t for t in traits(profile)}
    assert rows["greeting"].measured == "“Hi {name},” in 8 of 10 messages"
    assert rows["sign_off"].measured == "“Best, / Jo” in 10 of 10 messages"
    assert greeting_for(profile, "d@example.org") == "Hi {name},"


def test_clear_habits_become_defaults_and_unclear_ones_do_not() -> None:
    profile = measure([*(message(i) for i in range(5)), *(message(i, "Dear Dana,") for i in range(5, 10))])
    found = {p.dimension: p.value for p in preferences_from(profile)}
    assert Dimension.GREETING not in found
    assert found[Dimension.SIGN_OFF] == "Best,\nJo"
    assert found[Dimension.CONTRACTIONS] == "use"
    assert found[Dimension.SPELLING] == "uk"
    assert preferences_from(measure([message(1)])) == []


def test_a_setting_overrules_what_was_measured_and_learning_stands_above_it() -> None:
    profile = measure([message(i) for i in range(6)])
    set_by_hand = {p.dimension: p for p in preferences_from(profile, {"contractions": "avoid"})}
    assert set_by_hand[Dimension.CONTRACTIONS].origin is Origin.STATED
    learned = Preference("x", Dimension.SIGN_OFF, "Cheers,\nJo", edits=("a", "b"), agreeing=2)
    assert [p.value for p in combine([learned], preferences_from(profile)) if p.dimension is Dimension.SIGN_OFF] == [
        "Cheers,\nJo"
    ]


def test_taking_a_document_out_undoes_adding_it() -> None:
    profile = measure([message(1), message(2)])
    before = to_json(profile)
    extra = message(3, "Hello Dana,", "It is done; really!")
    add(profile, extra)
    assert to_json(profile) != before
    remove(profile, extra)
    assert to_json(profile) == before
    assert to_json(from_json(before)) == before


def test_a_profile_that_is_none_is_refused_in_a_sentence() -> None:
    for text in ("", "{}", "[1]", '{"version": 99, "audiences": {}}'):
        with pytest.raises(BadInput):
            from_json(text)


def test_the_summary_names_what_is_distinctive() -> None:
    rules = summary(measure([message(i) for i in range(10)]))
    assert 'Sign off with "Best,\\nJo"' in rules
    assert 'Greet people with "Hi <name>,"' in rules
    assert len(rules) <= 8
