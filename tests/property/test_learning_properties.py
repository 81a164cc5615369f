from hypothesis import example, given, settings
from hypothesis import strategies as st

from ownhand.domain.applying import apply
from ownhand.domain.detectors import detect
from ownhand.domain.letter import join, split
from ownhand.domain.preference import Dimension, Edit, Origin, Preference, identify, in_effect, learn
from ownhand.domain.protect import shield, unshield
from ownhand.domain.registers import situation_of, weigh

PIECES = st.sampled_from(
    "Hi Dana,|Dear all,|\n\n|\n|I think that it's late.|Please don't hesitate to call me!|"
    "We utilize the color — and you?|"
    '- one|- two, three, and four|see https://example.org/a!b|"don\'t touch!"|Thanks,\nJo|-- k|🙂|'
    "I am here|however, we do not|"
    "three chairs & 4 lamps|**bold**|I wanted to reach out regarding the hall.|maybe just now,|…|É ﬁ \u200d|"
    "\ue100".split("|")
)
TEXTS = st.lists(PIECES, max_size=12).map(" ".join)
RULES = st.lists(
    st.sampled_from(
        [
            (Dimension.GREETING, "Hey {name},", ""),
            (Dimension.SIGN_OFF, "Cheers,\nJo", ""),
            (Dimension.SPELLING, "uk", ""),
            (Dimension.CONTRACTIONS, "avoid", ""),
            (Dimension.CONTRACTIONS, "use", ""),
            (Dimension.HEDGING, "avoid", ""),
            (Dimension.EXCLAMATION, "avoid", ""), (Dimension.DASH, "comma", ""), (Dimension.OXFORD_COMMA, "avoid", ""),
            (Dimension.NUMERALS, "digits", ""),
            (Dimension.WORD_CHOICE, "use", "utilize"),
            (Dimension.EMOJI, "avoid", ""),
            (Dimension.LISTS, "prose", ""), (Dimension.PARAGRAPHS, "one", ""), (Dimension.POLITENESS, "avoid", ""),
            (Dimension.STOCK_PHRASE, "avoid", "do not hesitate"),
            (Dimension.STOCK_PHRASE, "cut", "I wanted to reach out"),
        ]
    ),
    max_size=6, unique_by=lambda r: (r[0], r[2]),
).map(lambda rules: [Preference(identify(d, s, v), d, v, s, origin=Origin.STATED) for d, v, s in rules])  # fmt: skip


def stated(dimension: Dimension, value: str) -> Preference:
    return Preference(identify(dimension, "", value), dimension, value, origin=Origin.STATED)


@settings(max_examples=150, deadline=None)
@given(TEXTS, RULES)
@example("Hi Dana, \U0001f642 Hi Dana,", [stated(Dimension.EMOJI, "avoid")])
def test_applying_twice_is_applying_once(text: str, rules: list[Preference]) -> None:
    once = apply(text, rules, ["Dana Li"]).text
    assert apply(once, rules, ["Dana Li"]).text == once


@settings(max_examples=150, deadline=None)
@given(TEXTS, RULES)
@example(
    "Hi Dana, \n\n see https://example.org/a!b Thanks,\nJo",
    [stated(Dimension.SIGN_OFF, "Cheers,\nJo"), stated(Dimension.GREETING, "Hey {name},")],
)
@example("Hi https://example.org/a!b,\n\nso it is.\n\nThanks https://example.org/a!b", [stated(Dimension.SIGN_OFF, "")])
def test_links_are_never_changed(text: str, rules: list[Preference]) -> None:
    assert apply(text, rules, ["Dana Li"]).text.count("https://example.org/a!b") == text.count(
        "https://example.org/a!b"
    )


@given(st.text())
def test_hiding_and_showing_protected_words_gives_the_text_again(text: str) -> None:
    assert unshield(*shield(text)) == text


@given(st.one_of(st.text(), TEXTS))
def test_any_text_can_be_taken_apart_and_loses_no_word(text: str) -> None:
    assert "".join(join(split(text, ["Dana Li"])).split()) == "".join(text.split())


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(), TEXTS), st.one_of(st.text(), TEXTS))
def test_any_edit_can_be_read_and_one_alone_never_takes_effect(suggested: str, kept: str) -> None:
    evidence = detect(Edit("e1", suggested, kept, recipients=("Dana Li",)))
    assert not [p for p in learn(evidence) if in_effect(p)]
    kernel = weigh(evidence, situation_of(suggested), {"e1": situation_of(kept)})
    assert not [p for p in learn(evidence, kernel=kernel) if in_effect(p)]
