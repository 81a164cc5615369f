import pytest

from ownhand.domain.applying import apply, bans, biases
from ownhand.domain.preference import Dimension, Origin, Preference, identify
from ownhand.domain.wording import parse_statement

TO = ["Dana Li <dana@example.org>"]


def rule(dimension: str, value: str, subject: str = "") -> Preference:
    d = Dimension(dimension)
    return Preference(identify(d, subject, value), d, value, subject, origin=Origin.STATED)


STEPS = [
    ("spelling", "uk", "", "The color is fine. We organize it.", "The colour is fine. We organise it."),
    ("word_choice", "use", "utilize", "Utilizing it is fine; we utilized it.", "Using it is fine; we used it."),
    ("contractions", "avoid", "", "I don't know; it's been late.", "I do not know; it has been late."),
    ("contractions", "use", "", "I am sure. That is who I am.", "I'm sure. That's who I am."),
    ("contractions", "use", "", "We do nothing. They will notify you.", "We do nothing. They'll notify you."),
    ("contractions", "use", "", "It is noted, IT IS NOT lost.", "It's noted, IT ISN'T lost."),
    ("hedging", "avoid", "", "I think that the plan works. It is probably late.", "The plan works. It is late."),
    ("exclamation", "avoid", "", "Great! Really?! Yes.", "Great. Really? Yes."),
    ("exclamation", "end", "", "It is done. See you.", "It is done. See you!"),
    ("dash", "comma", "", "The hall — the big one — is booked.", "The hall, the big one, is booked."),
    ("oxford_comma", "avoid", "", "Bread, milk, and eggs.", "Bread, milk and eggs."),
    ("oxford_comma", "use", "", "We need bread, milk and eggs.", "We need bread, milk, and eggs."),
    ("numerals", "digits", "", "Bring three chairs.", "Bring 3 chairs."),
    ("numerals", "words", "", "Bring 3 chairs at 3 pm to room 4.", "Bring three chairs at 3 pm to room 4."),
    ("politeness", "avoid", "", "Please bring it. Send it, please.", "Bring it. Send it."),
    ("ampersand", "use", "", "Bread and milk.", "Bread & milk."),
    ("lower_case", "i", "", "Then I said I'm late.", "Then i said i'm late."),
    ("emoji", "avoid", "", "Great 🎉 news 🙂", "Great news"),
    ("emoji", "🙂", "", "Great news.", "Great news. 🙂"),
    ("quotes", "straight", "", "It’s “fine”.", "It's \"fine\"."),
    ("markdown", "avoid", "", "It is **very** late.", "It is very late."),
    ("lists", "bullets", "", "Three things. One here. Two there.", "Three things.\n\n- One here\n- Two there"),
    ("lists", "prose", "", "- one thing\n- two things", "One thing. Two things."),
    ("paragraphs", "one", "", "One.\n\nTwo.\nThree.", "One. Two. Three."),
    (
        "sentence_length",
        "short:10",
        "",
        "We met the team at noon, and they showed us the new hall.",
        "We met the team at noon. They showed us the new hall.",
    ),
    ("stock_phrase", "avoid", "do not hesitate", "That is all — please don't hesitate to call.", "That is all."),
    ("stock_phrase", "cut", "I wanted to reach out", "I wanted to reach out about the hall.", "The hall."),
    ("closing_line", "Thanks for your help.", "", "It broke.", "It broke. Thanks for your help."),
]  # fmt: skip


@pytest.mark.parametrize(("dimension", "value", "subject", "before", "after"), STEPS)
def test_each_rule_does_its_one_thing(dimension: str, value: str, subject: str, before: str, after: str) -> None:
    preference = rule(dimension, value, subject)
    text = f"Hi Dana,\n\n{before}\n\nBest,\nJo"
    applied = apply(text, [preference], TO)
    assert applied.text == f"Hi Dana,\n\n{after}\n\nBest,\nJo"
    assert applied.used == (preference.id,)
    assert apply(applied.text, [preference], TO).text == applied.text


def test_greeting_and_sign_off_are_put_in_and_taken_out() -> None:
    text = "Hi Dana,\n\nIt broke.\n\nBest regards,\n[Your Name]"
    assert (
        apply(text, [rule("greeting", "Dear {name},"), rule("sign_off", "-- k")], TO).text
        == "Dear Dana,\n\nIt broke.\n\n-- k"
    )
    assert apply(text, [rule("greeting", ""), rule("sign_off", "")], TO).text == "It broke."
    assert apply(text, [rule("greeting", "Dear {name},")], TO, is_letter=False).text == text


def test_links_addresses_code_and_quoted_words_are_never_touched() -> None:
    body = 'See https://color.example.com/a!x and color@center.example.org: `color!` said "What a color!"'
    rules = [rule("spelling", "uk"), rule("exclamation", "avoid"), rule("contractions", "avoid")]
    assert apply(body, rules, is_letter=False).text == body


def test_what_is_not_in_effect_does_nothing() -> None:
    weak = Preference("x", Dimension.EXCLAMATION, "avoid", agreeing=1, edits=("e1",))
    assert apply("Great!", [weak]) == apply("Great!", [])


def test_few_contract_everywhere_and_only_those_who_contract_at_all() -> None:
    everywhere = rule("contractions", "use", "anywhere")
    text = "We are here if you have time. I am sure I would."
    assert apply(text, [rule("contractions", "use"), everywhere]).text == "We're here if you've time. I'm sure I'd."
    assert apply(text, [rule("contractions", "use")]).text == "We're here if you have time. I'm sure I would."
    assert apply(text, [everywhere]).text == text
    assert apply(text, [rule("contractions", "avoid"), everywhere]).text == text


def test_plain_words_replace_what_fits_in_its_place_only() -> None:
    plain = rule("word_choice", "plain", "*")
    assert apply("However, we receive it. The received letter is, however, old.", [plain]).text == (
        "But we get it. The received letter is, however, old."
    )


def test_a_tail_is_cut_once_two_edits_cut_it() -> None:
    text = "One lamp broke. We need bulbs. Ana has a ladder."
    learned = Preference("x", Dimension.LENGTH, "first:2", agreeing=2, edits=("e1", "e2"))
    assert apply(text, [learned]).text == "One lamp broke. We need bulbs."


def test_bans_and_favours_become_biases() -> None:
    stated = [parse_statement(t) for t in ("write use, not utilize", "no em dashes", "no exclamation marks")]
    found = biases([p for p in stated if p])
    assert found["utilize"] < 0 < found["use"]
    assert found["—"] < 0
    assert found["!"] < 0


@pytest.mark.parametrize(
    ("stated", "before", "text", "banned"),
    [
        ("write soon, not in the near future", "We will meet in the near", " future.", True),
        ("write soon, not in the near future", "We will meet in the near future.", " Then", False),
        ("write use, not utilize", "We", " utilized", True),
        ("never write do not hesitate", "Please don't", " hesitate to call", True),
        ("never write do not hesitate", "We", " do not know", False),
        ("no exclamation marks", "Great", "!", True),
        ("no em dashes", "The hall ", "— the", True),
        ("never use the word synergy", "Good", " synergy", True),
        ("never use the word synergy", "Good", " synergyx", False),
    ],
)
def test_no_completion_brings_about_what_a_rule_takes_out(stated: str, before: str, text: str, banned: bool) -> None:
    parsed = parse_statement(stated)
    assert parsed is not None
    patterns = bans([parsed])
    assert any(len(p.findall(before + text)) > len(p.findall(before)) for p in patterns) == banned


def test_a_sentence_that_was_learned_to_go_is_banned_as_a_sentence_only() -> None:
    learned = Preference("x", Dimension.STOCK_PHRASE, "avoid", "hope all is well", agreeing=2, edits=("e1", "e2"))
    found = bans([learned])
    assert any(p.search("Hi. Hope all is well") for p in found)
    assert not any(p.search("I hope all is well") for p in found)


def test_phrases_become_biases_and_are_held_back_as_a_whole() -> None:
    found = biases([p for p in [parse_statement("write soon, not in the near future")] if p])
    assert found["in the near future"] < 0
    assert "the" not in found
