import pytest

from ownhand.domain.detectors import detect
from ownhand.domain.preference import ANYWHERE, Edit
from ownhand.domain.preference import Dimension as D

TO = ("Dana Li <dana@example.org>",)


def found(suggested: str, kept: str) -> dict[tuple[D, str], tuple[str, float]]:
    edit = Edit("e1", suggested, kept, recipients=TO)
    return {(e.dimension, e.subject): (e.value, e.weight) for e in detect(edit)}


def letter(body: str, greeting: str = "Hi Dana,", sign_off: str = "Best,\nJo") -> str:
    return "\n\n".join(part for part in (greeting, body, sign_off) if part)


CHANGES = [
    (D.CONTRACTIONS, "avoid", "We don't have the keys yet.", "We do not have the keys yet."),
    (D.CONTRACTIONS, "use", "We do not have the keys yet.", "We don't have the keys yet."),
    (D.EXCLAMATION, "avoid", "The garden looks lovely today!", "The garden looks lovely today."),
    (D.EXCLAMATION, "end", "The garden looks lovely today.", "The garden looks lovely today!"),
    (D.EMOJI, "🙂", "The garden looks lovely today.", "The garden looks lovely today. 🙂"),
    (D.EMOJI, "avoid", "The garden looks lovely today 🎉.", "The garden looks lovely today."),
    (D.HEDGING, "avoid", "I think the train leaves at noon.", "The train leaves at noon."),
    (D.SPELLING, "uk", "The color of the door is green.", "The colour of the door is green."),
    (D.OXFORD_COMMA, "avoid", "We need bread, milk, and eggs today.", "We need bread, milk and eggs today."),
    (D.DASH, "hyphen", "The hall is booked — we start at ten.", "The hall is booked - we start at ten."),
    (D.QUOTES, "straight", "We’re in the “blue” room.", "We're in the \"blue\" room."),
    (D.NUMERALS, "digits", "There are three chairs in the hall.", "There are 3 chairs in the hall."),
    (D.AMPERSAND, "use", "Bring the lamp and the chair.", "Bring the lamp & the chair."),
    (D.LOWER_CASE, "i", "Tomorrow I will bring the lamp.", "Tomorrow i will bring the lamp."),
    (D.POLITENESS, "avoid", "Please bring the lamp tomorrow.", "Bring the lamp tomorrow."),
    (D.MARKDOWN, "avoid", "The **second** lamp is broken.", "The second lamp is broken."),
    (
        D.LISTS,
        "bullets",
        "One lamp broke. We need bulbs. Ana has a ladder.",
        "One lamp broke.\n\n- We need bulbs\n- Ana has a ladder",
    ),
    (
        D.PARAGRAPHS,
        "each",
        "One lamp broke. We need bulbs. Ana has a ladder.",
        "One lamp broke.\n\nWe need bulbs.\n\nAna has a ladder.",
    ),
    (
        D.SENTENCE_LENGTH,
        "short:8",
        "The lamp in the hall broke last night, and we need a new one soon.",
        "The lamp in the hall broke last night. We need a new one soon.",
    ),
    (
        D.CLOSING_LINE,
        "Thanks for your help.",
        "The lamp broke. We need bulbs.",
        "The lamp broke. We need bulbs. Thanks for your help.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("dimension", "value", "before", "after"), CHANGES)
def test_each_change_of_style_is_read_in_its_dimension(dimension: D, value: str, before: str, after: str) -> None:
    assert found(letter(before), letter(after))[dimension, ""] == (value, 1.0)


def test_greeting_and_sign_off_are_read_as_templates_and_removal_as_none() -> None:
    seen = found(letter("The lamp broke."), letter("The lamp broke.", "Dear Dana,", ""))
    assert seen[D.GREETING, ""] == ("Dear {name},", 1.0)
    assert seen[D.SIGN_OFF, ""] == ("", 1.0)


def test_what_the_person_leaves_weighs_less_than_what_they_change() -> None:
    seen = found(letter("The lamp broke."), letter("The lamp broke."))
    assert seen[D.GREETING, ""] == ("Hi {name},", 0.5)


def test_set_phrases_are_known_by_family_and_leads_are_cut() -> None:
    before = "I hope this email finds you well! I wanted to reach out regarding the lamp in the hall. It broke."
    seen = found(letter(before), letter("The lamp in the hall. It broke."))
    assert seen[D.STOCK_PHRASE, "I hope this finds you well"] == ("avoid", 1.0)
    assert seen[D.STOCK_PHRASE, "I wanted to reach out"] == ("cut", 1.0)


def test_word_replacements_are_read_in_base_form() -> None:
    seen = found(letter("We utilized the lamp in the hall."), letter("We used the lamp in the hall."))
    assert seen[D.WORD_CHOICE, "utilize"] == ("use", 1.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We meet Peter at the station.", "We meet Maria at the station."),
        ("We meet at the station on Monday.", "We meet at the station on Friday."),
        ("We need five lamps for the hall.", "We need seven lamps for the hall."),
        ("We recieve the lamps tomorrow morning.", "We receive the lamps tomorrow morning."),
    ],
)
def test_facts_names_and_typos_are_no_word_choice(before: str, after: str) -> None:
    assert not [key for key in found(letter(before), letter(after)) if key[0] is D.WORD_CHOICE]


def test_points_written_in_are_no_evidence() -> None:
    seen = found(
        letter("The lamp broke."), letter("The lamp broke. I don't know why! Ana & Ben think it's the wiring.")
    )
    assert not {D.CONTRACTIONS, D.AMPERSAND, D.WORD_CHOICE, D.HEDGING} & {dimension for dimension, _ in seen}


def test_contracting_where_few_do_is_a_habit_of_its_own() -> None:
    seen = found(letter("I have a key. We are here."), letter("I've a key. We're here."))
    assert seen[D.CONTRACTIONS, ANYWHERE] == ("use", 1.0)
    assert (D.CONTRACTIONS, ANYWHERE) not in found(
        letter("I have gone. We are here."), letter("I've gone. We're here.")
    )


def test_a_cut_tail_is_a_number_of_sentences_also_where_one_went() -> None:
    body = "The lamp broke. We need bulbs. Ana has a ladder. Ben has the keys."
    assert found(letter(body), letter(body[: body.index(" Ben")]))[D.LENGTH, ""] == ("first:3", 1.0)
    assert found(letter(body), letter("The lamp broke. We need bulbs. Ben has the keys."))[D.LENGTH, ""] != (
        "first:3",
        1.0,
    )


def test_an_emoji_is_no_sentence() -> None:
    body = "The lamp broke. We need bulbs. Ana has a ladder."
    seen = found(letter(body + " 🙂"), letter(body + " 🙂"))
    assert seen[D.LENGTH, ""] == ("as-is:3", 0.5)
    assert found(letter(body + " Thanks a lot. 🙂"), letter(body + " Thanks a lot. 🙂"))[D.CLOSING_LINE, ""] == (
        "Thanks a lot.",
        0.5,
    )


def test_a_line_put_after_the_last_point_of_a_list_is_one() -> None:
    body = "One lamp broke.\n\n- We need bulbs\n- Ana has a ladder"
    assert found(letter(body), letter(body + " Thanks for your help."))[D.CLOSING_LINE, ""] == (
        "Thanks for your help.",
        1.0,
    )


def test_two_sentences_set_apart_are_paragraphs() -> None:
    seen = found(letter("One lamp broke. We need bulbs."), letter("One lamp broke.\n\nWe need bulbs."))
    assert seen[D.PARAGRAPHS, ""] == ("each", 1.0)


def test_a_text_without_i_says_nothing_about_capitals() -> None:
    assert (D.LOWER_CASE, "") not in found(letter("The lamp broke."), letter("The lamp broke."))
    inline = found("Hi Dana, happy birthday!", "hey Dana, happy birthday! Have a lovely day.")
    assert (D.LOWER_CASE, "") not in inline, "one small beginning is no habit"
    small = found("Hi Dana, happy birthday!", "hi dana, happy birthday! have a lovely day.")
    assert small[D.LOWER_CASE, ""][0] == "all"
    assert found(letter("i broke it. i'm sorry."), letter("i broke it. i'm sorry."))[D.LOWER_CASE, ""] == ("i", 0.5)


def test_a_letter_without_greeting_confirms_that_there_is_none_and_an_excerpt_does_not() -> None:
    body = "The lamp broke. We need bulbs."
    assert found(body, body)[D.GREETING, ""] == ("", 0.5)
    excerpt = detect(Edit("e1", body, body, action="rewrite", recipients=TO))
    assert D.GREETING not in {e.dimension for e in excerpt}


def test_a_line_put_after_an_emoji_is_a_sentence_of_its_own() -> None:
    body = "The hall is booked for Sunday. We meet at the door 🙂"
    assert found(letter(body), letter(body + " Thank you for your help!"))[D.CLOSING_LINE, ""] == (
        "Thank you for your help!",
        1.0,
    )
