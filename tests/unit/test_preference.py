from collections.abc import Iterable
from dataclasses import replace

from ownhand.domain.draft import EVERYONE
from ownhand.domain.preference import (
    ANYWHERE,
    Evidence,
    Origin,
    Preference,
    Standing,
    confidence,
    identify,
    in_effect,
    learn,
    standing,
    tombstone,
)
from ownhand.domain.preference import Dimension as D
from ownhand.domain.registers import Situation, weigh
from ownhand.domain.wording import parse_statement, rule, statement


def votes(
    *values: str, dimension: D = D.GREETING, audience: str = EVERYONE, subject: str = "", start: int = 1
) -> list[Evidence]:
    return [Evidence(f"{audience}{start + i}", dimension, v, None, subject, audience) for i, v in enumerate(values)]


def acting(preferences: Iterable[Preference]) -> list[str]:
    return [p.value for p in preferences if in_effect(p)]


def test_two_agreeing_edits_take_effect_and_one_does_not() -> None:
    assert acting(learn(votes("Hey {name},"))) == []
    assert acting(learn(votes("Hey {name},", "Hey {name},"))) == ["Hey {name},"]


def test_words_are_shown_to_people_as_they_are_written() -> None:
    def said(subject: str, value: str) -> str:
        return statement(Preference("p", D.STOCK_PHRASE, value, subject))

    assert said("i think i should", "cut") == "Never write “I think I should”"
    assert said("thank you very much for …", "avoid") == "No sentences that begin “Thank you very much for …”"
    assert said("i will tell the team", "I'll tell the team.") == (
        "Write “I'll tell the team.”, not “I will tell the team”"
    )


def test_conflict_lowers_confidence_and_takes_a_rule_out_of_effect() -> None:
    agreed = learn(votes("avoid", "avoid", dimension=D.EXCLAMATION))
    contested = learn(votes("avoid", "avoid", "use", dimension=D.EXCLAMATION))
    assert confidence(contested[0]) < confidence(agreed[0])
    assert acting(contested) == []


def test_recent_edits_weigh_more() -> None:
    turned = learn(votes(*["Dear {name},"] * 4, *["Hey {name},"] * 4))
    by_value = {p.value: p for p in turned}
    assert by_value["Hey {name},"].agreeing > by_value["Dear {name},"].agreeing


def test_the_value_of_similar_situations_wins() -> None:
    evidence = votes("Dear {name},", "Dear {name},", "Dear {name},", "Hey {name},", "Hey {name},")
    private, official = Situation(meaning=(1.0, 0.0)), Situation(meaning=(0.0, 1.0))
    past = {e.edit_id: official if e.value.startswith("Dear") else private for e in evidence}
    assert acting(learn(evidence, kernel=weigh(evidence, private, past))) == ["Hey {name},"]
    assert acting(learn(evidence, kernel=weigh(evidence, official, past))) == ["Dear {name},"]
    assert acting(learn(evidence)) == []


def test_a_rule_acts_always_or_where_it_fits_or_was_seen_too_seldom_to_be_one() -> None:
    clear = learn(votes("avoid", "avoid", dimension=D.EXCLAMATION))
    assert [standing(p) for p in clear] == [Standing.ALWAYS]
    torn = {p.value: p for p in learn(votes(*["Dear {name},"] * 3, *["Hey {name},"] * 2, "Hello {name},"))}
    assert standing(torn["Hey {name},"]) is standing(torn["Dear {name},"]) is Standing.SOMETIMES
    assert standing(torn["Hello {name},"]) is Standing.SELDOM
    assert standing(replace(clear[0], enabled=False)) is Standing.OFF
    assert standing(Preference("s", D.EXCLAMATION, "avoid", origin=Origin.STATED)) is Standing.ALWAYS


def test_a_rule_seen_in_two_audiences_is_for_everyone_unless_they_disagree() -> None:
    same = [
        *votes("avoid", audience="work", dimension=D.EXCLAMATION),
        *votes("avoid", audience="friends", dimension=D.EXCLAMATION),
    ]
    assert acting(learn(same)) == ["avoid"]
    differing = [*votes("Dear", "Dear", audience="work"), *votes("Hey", "Hey", audience="friends")]
    assert acting(learn(differing)) == []
    assert acting(learn(differing, audience="work")) == ["Dear"]
    assert {(p.audience, p.value) for p in learn(differing, audience=None)} == {("work", "Dear"), ("friends", "Hey")}


def test_putting_a_word_back_counts_against_its_replacement() -> None:
    evidence = votes("use", "use", dimension=D.WORD_CHOICE, subject="utilize")
    assert acting(learn(evidence)) == ["use"]
    back = votes("utilize", "utilize", dimension=D.WORD_CHOICE, subject="use", start=3)
    assert "use" not in acting(learn([*evidence, *back]))


def test_statements_act_at_once_and_overrule_what_was_learned() -> None:
    stated = parse_statement("Greet with Hello {name},")
    assert stated is not None
    assert acting(learn(votes("Hey {name},", "Hey {name},"), [stated])) == ["Hello {name},"]


def test_a_switched_off_rule_stays_off() -> None:
    evidence = votes("avoid", "avoid", dimension=D.EXCLAMATION)
    off = Preference(identify(D.EXCLAMATION, "", "avoid"), D.EXCLAMATION, "avoid", enabled=False)
    assert acting(learn(evidence, [off])) == []


def test_a_deleted_rule_comes_back_only_with_new_evidence() -> None:
    evidence = votes("avoid", "avoid", dimension=D.EXCLAMATION)
    stone = tombstone(learn(evidence)[0])
    assert learn(evidence, [stone]) == []
    more = votes("avoid", "avoid", dimension=D.EXCLAMATION, start=3)
    assert acting(learn([*evidence, *more], [stone])) == ["avoid"]


def test_a_set_closing_line_is_one_that_came_twice() -> None:
    lines = votes("Peter has the keys.", "Thanks for your help.", "The door is open.", dimension=D.CLOSING_LINE)
    assert learn(lines) == []
    assert acting(
        learn([*lines, *votes("Thanks for your help.", "Thanks for your help.", dimension=D.CLOSING_LINE, start=4)])
    ) == ["Thanks for your help."]


def test_a_set_line_is_the_same_whatever_its_last_mark() -> None:
    lines = votes("Thanks for your help.", "Thanks for your help!", dimension=D.CLOSING_LINE)
    assert acting(learn(lines)) == ["Thanks for your help!"]


def test_a_text_within_the_limit_says_nothing_about_it_and_a_longer_one_does() -> None:
    cut = votes("first:4", "first:3", dimension=D.LENGTH)
    left = [Evidence(f"l{i}", D.LENGTH, "as-is:3", weight=0.5) for i in range(9)]
    longer = [Evidence(f"m{i}", D.LENGTH, "as-is:7", weight=0.5) for i in range(9)]
    assert acting(learn([*cut, *left])) == ["first:4"]
    assert acting(learn([*cut, *longer])) == []


def test_last_sentences_cut_at_different_places_went_for_what_they_said() -> None:
    assert acting(learn(votes("first:3", "first:8", "first:5", dimension=D.LENGTH))) == []


def test_a_habit_is_taken_further_from_one_edit_that_takes_it_further() -> None:
    habit = votes("use", "use", dimension=D.CONTRACTIONS)
    further = votes("use", dimension=D.CONTRACTIONS, subject=ANYWHERE, start=2)
    assert acting(learn([*habit, *further])) == ["use", "use"]
    assert acting(learn(further)) == []


def test_what_a_person_types_becomes_the_rule_they_mean() -> None:
    expected = {
        "no exclamation marks": (D.EXCLAMATION, "", "avoid"),
        "say hi, not dear": (D.GREETING, "", "Hi {name},"),
        "never use the word synergy": (D.STOCK_PHRASE, "synergy", "cut"),
        "sign off with Best, Robin": (D.SIGN_OFF, "", "Best,\nRobin"),
        "use British spelling": (D.SPELLING, "", "uk"),
        "write use, not utilize": (D.WORD_CHOICE, "utilize", "use"),
        "keep it under 80 words": (D.LENGTH, "", "under:80"),
        "sound like a pirate": (D.CUSTOM, "", "sound like a pirate"),
    }
    for typed, (dimension, subject, value) in expected.items():
        p = parse_statement(typed)
        assert p is not None
        assert (p.dimension, p.subject, p.value, p.origin) == (dimension, subject, value, Origin.STATED)
    assert parse_statement("  ") is None


def test_rules_are_worded_for_the_person_and_for_the_model() -> None:
    greeting = Preference("x", D.GREETING, "Hi {name},")
    assert statement(greeting) == "Greet with “Hi {name},”"
    assert rule(greeting) == 'Greet people with "Hi <name>,"'
    assert rule(Preference("x", D.SIGN_OFF, "Thanks,\nOmar")) == 'Sign off with "Thanks,\\nOmar"'
