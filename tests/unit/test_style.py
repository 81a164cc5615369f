import random

import pytest

from ownhand import paths
from ownhand.domain import english
from ownhand.domain.applying import apply
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.letter import fill
from ownhand.domain.measuring import StyleProfile, add, measure, remove
from ownhand.domain.preference import Dimension, Origin, Preference
from ownhand.domain.style import (
    combine,
    edge_for,
    favourite_openers,
    favourite_phrases,
    favourite_words,
    greeting_for,
    preferences_from,
    summary,
    traits,
)
from ownhand.errors import BadInput

ENGLISH = english.parse((paths.resources_dir() / "english.tsv").read_text("utf-8"))


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
    profile = measure([message(1), message(2)], english=ENGLISH)
    before = measure([message(1), message(2)], english=ENGLISH)
    extra = message(3, "Hello Dana,", "It is done; really! Hence I am not so sure that we will see it -- or are you?")
    add(profile, extra, "friends")
    assert profile != before
    remove(profile, extra, "friends")
    assert profile.audiences.pop("friends").parts() == StyleProfile().of().parts()
    assert profile == before


def test_the_order_of_documents_changes_nothing_that_is_told() -> None:
    bodies = ["So it is.", "Now it was.", "We will see.", "I would not.", "You may go.", "They did it."]
    documents = [message(i, f"{'Hi' if i % 2 else 'Hey'} Dana,", f"{bodies[i % 6]} {bodies[i % 5]}") for i in range(12)]
    shuffled = random.Random(1).sample(documents, len(documents))
    one, other = measure(documents, english=ENGLISH), measure(shuffled, english=ENGLISH)
    assert traits(one) == traits(other)
    assert summary(one) == summary(other)


def test_only_what_differs_from_general_english_is_a_favourite() -> None:
    body = (
        "Hence I would say that it is the case. The ball is in their court now. It is one of the best, hence rare. "
        "Peter has seen a boat on Monday, and I think you can do it if we go to town with him."
    )
    profile = measure([message(i, body=body) for i in range(12)], english=ENGLISH)
    assert "hence" in [one.text for one in favourite_words(profile)][:2]
    assert not {"the", "of", "i"} & {one.text for one in favourite_words(profile)}
    assert "hence i" in [one.text for one in favourite_openers(profile)]
    phrases = [one.text for one in favourite_phrases(profile)]
    assert any("in their" in phrase for phrase in phrases)
    assert not any("one of the" in phrase for phrase in phrases)
    assert any('"hence' in rule for rule in summary(profile))


def test_addresses_and_links_are_no_phrases() -> None:
    body = "You can see it at www.see-you.com/now/and/then or ask the.one.and.only@example.org today."
    profile = measure([message(i, body=body) for i in range(12)], english=ENGLISH)
    assert not [phrase for phrase in profile.of().phrases if "now and" in phrase or "one and" in phrase]
    assert profile.of().phrases["you can see"] == 12


def test_without_enough_to_tell_by_there_is_no_favourite() -> None:
    profile = measure([message(i, body="Hence I say it.") for i in range(2)], english=ENGLISH)
    assert favourite_words(profile) == favourite_openers(profile) == favourite_phrases(profile) == []


def test_each_person_is_greeted_and_left_as_usual_and_nobody_is_given_a_name() -> None:
    to_dana = [message(i, "Dear Dana,") for i in range(3)]
    to_lee = [
        Document(f"l{i}", Kind.EMAIL, f"Hey Lee,\n\nDone {i}.\n\nCheers", recipients=("Lee <l@example.org>",))
        for i in range(5)
    ]
    to_nobody = [Document(f"n{i}", Kind.EMAIL, f"All,\n\nDone {i}.\n\nCheers") for i in range(2)]
    profile = measure([*to_dana, *to_lee, *to_nobody], english=ENGLISH)
    assert edge_for(profile, Dimension.GREETING, ["Dana Li <d@example.org>"])[0] == "Dear {name},"
    assert edge_for(profile, Dimension.SIGN_OFF, ["Dana Li <d@example.org>"])[0] == "Best,\nJo"
    assert edge_for(profile, Dimension.GREETING, ["Someone Else <s@example.org>"])[0] == "Hey {name},"
    assert edge_for(profile, Dimension.SIGN_OFF, ["Someone Else <s@example.org>"])[0] == "Cheers"
    assert edge_for(profile, Dimension.GREETING, [])[0] == "All,"


def test_a_new_letter_has_the_paragraphs_spacing_and_last_sentence_of_the_others() -> None:
    text = (
        "Hi Dana,\n\nIt is {i}.  He is.  So am I.\n\nAll is done.  It is.  Let me know if you have any questions{end}"
    )
    documents = [
        Document(str(i), Kind.EMAIL, text.format(i=i, end="." if i % 2 else " or thoughts.")) for i in range(8)
    ]
    profile = measure(documents, english=ENGLISH)
    found = {p.dimension: p.value for p in preferences_from(profile, recipients=["Dana Li <d@example.org>"])}
    assert found[Dimension.PARAGRAPHS] == "about:3"
    assert found[Dimension.SPACING] == "wide"
    assert found[Dimension.CLOSING_LINE].startswith("Let me know if you have any questions")
    assert Dimension.PARAGRAPHS not in {p.dimension for p in preferences_from(profile)}
    letter = apply(
        "Hi Dana,\n\nOne. Two. Three. Four. Five. Six.\n\nBest,\nJo", preferences_from_all(profile), ["Dana Li"]
    )
    assert letter.text.count("\n\n") == 2
    assert "One.  Two.  Three.  Four.\n\nFive." in letter.text
    assert "questions" in letter.text


def preferences_from_all(profile: StyleProfile) -> list[Preference]:
    return combine([], preferences_from(profile, recipients=["Dana Li <d@example.org>"]))


def test_a_table_of_english_that_is_none_is_refused_in_a_sentence() -> None:
    for text in ("word\tthe", "nothing\tthe\t1", "word\tthe\tmany"):
        with pytest.raises(BadInput):
            english.parse(text)
    assert ENGLISH.common >= {"the", "a", "i", "because"}
    assert ENGLISH.rate("comma") > ENGLISH.rate("semicolon") > 0


def test_the_summary_names_what_is_distinctive() -> None:
    rules = summary(measure([message(i) for i in range(10)]))
    assert 'Sign off with "Best,\\nJo"' in rules
    assert 'Greet people with "Hi <name>,"' in rules
    assert len(rules) <= 10


def test_only_those_whom_somebody_calls_by_a_title_are_called_so() -> None:
    to_ana = [
        Document(f"a{i}", Kind.EMAIL, f"Dear Ms. Cole,\n\nDone {i}.\n\nBest", recipients=("Ana Cole <a@example.org>",))
        for i in range(4)
    ]
    profile = measure(to_ana, english=ENGLISH)
    assert edge_for(profile, Dimension.GREETING, ["Ana Cole <a@example.org>"])[0] == "Dear Ms. Cole,"
    form = edge_for(profile, Dimension.GREETING, ["Bob Wu <b@example.org>"])[0]
    assert fill(form, ["Bob Wu <b@example.org>"]) == "Dear Bob Wu,"
