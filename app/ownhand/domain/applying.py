"""The finishing pass: preferences applied to generated text by rule, so that they hold with any model.

Every step is deterministic and idempotent.  Links, addresses, code and quoted words are never touched, and a cut
never leaves a
broken sentence behind.  What cannot be done safely by rule (merging sentences, adding politeness, shortening to a
word count) is
left to the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ownhand.domain import marks, shape, stock
from ownhand.domain.cutting import cut_phrase, cut_to, loosely
from ownhand.domain.draft import EVERYONE, first_name_of
from ownhand.domain.inflect import bend
from ownhand.domain.letter import Known, Letter, fill, join, split, tidy
from ownhand.domain.phrases import AVOID, CUT, OPENING
from ownhand.domain.preference import (
    ANYWHERE,
    AS_IS,
    KEEP,
    PLAIN_WORDS,
    Dimension,
    Origin,
    Preference,
    confidence,
    in_effect,
)
from ownhand.domain.protect import shield, unshield

Step = Callable[[str, Preference], str]


@dataclass(frozen=True, slots=True)
class Applied:
    """The text after the pass, and the ids of the preferences that changed something in it."""

    text: str = field(repr=False)
    used: tuple[str, ...] = ()


def apply(
    text: str, preferences: Iterable[Preference], recipients: Sequence[str] = (), *, is_letter: bool = True
) -> Applied:
    """The text as the person would have it, as far as rules can tell.

    Only preferences in effect act, one per dimension and subject.  With `is_letter` false (a note, an article, a
    selection)
    greeting and sign-off are left alone.  Applying twice gives what applying once gave.
    """
    chosen = choose(preferences)
    if not text.strip() or not chosen:
        return Applied(text)
    if not is_letter:
        chosen = [p for p in chosen if p.dimension not in _LETTER_ONLY]
    known = Known(
        tuple(p.value for p in chosen if p.dimension is Dimension.GREETING),
        tuple(p.value for p in chosen if p.dimension is Dimension.SIGN_OFF),
    )
    letter = split(text, recipients, known) if is_letter else Letter("", tidy(text), "")
    used: list[str] = []
    body = letter.body
    # A cut can bring a sentence into the reach of another rule: a second round settles that.
    for _ in range(3):
        before = body
        body = _round(body, chosen, recipients, used)
        if body == before:
            break
    if not body.strip():
        body = letter.body
    finished = _edges(Letter(letter.greeting, body, letter.sign_off, letter.inline), chosen, recipients, used)
    result = (join(finished) if is_letter else finished.body).strip()
    return Applied(result, tuple(dict.fromkeys(used)))


def choose(preferences: Iterable[Preference]) -> list[Preference]:
    """Of those in effect, the one to follow on each dimension and subject: stated before learned, narrow before
    wide.
    """
    best: dict[tuple[Dimension, str], Preference] = {}
    for p in preferences:
        if p.dimension is Dimension.CUSTOM or p.value in (AS_IS, KEEP) or not in_effect(p):
            continue
        rival = best.get((p.dimension, p.subject))
        if rival is None or _standing(p) > _standing(rival):
            best[p.dimension, p.subject] = p
    contracts = best.get((Dimension.CONTRACTIONS, ""))
    if contracts is None or contracts.value != "use":
        best.pop((Dimension.CONTRACTIONS, ANYWHERE), None)
    return sorted(best.values(), key=lambda p: (_ORDER.get(p.dimension, 0), -len(p.subject), p.subject))


def _standing(p: Preference) -> tuple[bool, bool, float]:
    return p.origin is Origin.STATED, p.audience != EVERYONE, p.fit if p.fit is not None else confidence(p)


_LETTER_ONLY = frozenset({Dimension.GREETING, Dimension.SIGN_OFF, Dimension.OPENING_LINE, Dimension.CLOSING_LINE})
_WITH_QUOTED = frozenset({Dimension.QUOTES})
"""These act inside quotation marks too."""


def _round(body: str, chosen: Sequence[Preference], recipients: Sequence[str], used: list[str]) -> str:
    names = frozenset(name.lower() for name in map(first_name_of, recipients) if name)
    for p in chosen:
        step = STEPS.get(p.dimension)
        if step is None or not body.strip():
            continue
        hidden, spans = shield(body, quoted=p.dimension not in _WITH_QUOTED)
        is_case = p.dimension is Dimension.LOWER_CASE
        after = unshield(marks.lower_case(hidden, p.value, names) if is_case else step(hidden, p), spans)
        if after != body and after.strip():
            used.append(p.id)
            body = after
    return body


def _edges(letter: Letter, chosen: Sequence[Preference], recipients: Sequence[str], used: list[str]) -> Letter:
    greeting, sign_off, inline = letter.greeting, letter.sign_off, letter.inline
    for p in chosen:
        if p.dimension is Dimension.GREETING:
            wanted = fill(p.value, recipients)
            if wanted != greeting:
                used.append(p.id)
                greeting, inline = wanted, False
        elif p.dimension is Dimension.SIGN_OFF and p.value != sign_off:
            used.append(p.id)
            sign_off = p.value
    body = letter.body
    if letter.inline and not inline and body[:1].islower():
        body = body[:1].upper() + body[1:]
    return Letter(greeting, body, sign_off, inline)


# --------------------------------------------------------------------------------------------------------------- steps


def _word_choice(text: str, p: Preference) -> str:
    if p.subject == PLAIN_WORDS:
        return _plain_words(text)
    for old, new in bend((p.subject, p.value)).items():
        if old in text.lower():
            text = _replace_word(text, old, new)
    return text


def _plain_words(text: str) -> str:
    bent = {old: new for word in sorted(stock.SAFE_PLAIN) for old, new in bend((word, stock.PLAIN[word])).items()}
    for old, new in (bent | {word: stock.PLAIN[word] for word in stock.PLAIN_BASE_FORMS}).items():
        if old in text.lower():
            text = _replace_word(text, old, new)
    return re.sub(rf"(?<![\w'’-])({'|'.join(stock.PLAIN_OPENERS)}),? (?=\w)", _plain_opener, text, flags=re.I)


def _plain_opener(match: re.Match[str]) -> str:
    if not _starts_sentence(match.string, match.start()):
        return match.group(0)
    return stock.as_case_of(match.group(0), stock.PLAIN_OPENERS[match.group(1).lower()] + " ")


def _replace_word(text: str, old: str, new: str) -> str:
    pattern = r"(?<![\w'’-])" + re.escape(old).replace(r"\ ", r"\s+") + r"(?![\w'’-])"

    def put(match: re.Match[str]) -> str:
        word = match.group(0)
        if word[:1].isupper() and not word.isupper() and not _starts_sentence(match.string, match.start()):
            return word  # a name
        return stock.as_case_of(word, new)

    replaced = re.sub(pattern, put, text, flags=re.I)
    # 'however, we' becomes 'but we'.
    if new in _JOINERS:
        replaced = re.sub(rf"(?<!\w)({new}), ", r"\1 ", replaced, flags=re.I)
    return replaced


_JOINERS = frozenset({"but", "so", "also", "and", "because", "now"}) - {"now"}


def _starts_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \t\"'“‘(*")
    return not before or before[-1] in ".!?…\n:" or bool(re.search(r"(?:^|\n)\s*(?:[-*•]|\d+[.)])$", before))


def _spelling(text: str, p: Preference) -> str:
    table = stock.US_TO_UK if p.value == "uk" else stock.UK_TO_US if p.value == "us" else {}

    def put(match: re.Match[str]) -> str:
        word = match.group(0)
        other = table.get(word.lower())
        if other is None or (
            word[:1].isupper() and not word.isupper() and not _starts_sentence(match.string, match.start())
        ):
            return word
        return stock.as_case_of(word, other)

    return re.sub(r"[A-Za-z]{4,}", put, text)


def _contractions(text: str, p: Preference) -> str:
    if p.value == "avoid":
        return stock.expand(text)
    apostrophe = "’" if "’" in text and "'" not in text else "'"
    return stock.contract(text, apostrophe, anywhere=p.subject == ANYWHERE) if p.value == "use" else text


def _length(text: str, p: Preference) -> str:
    head, _, number = p.value.partition(":")
    return cut_to(text, int(number)) if head == "first" and number.isdigit() else text


STEPS: dict[Dimension, Step] = {
    Dimension.STOCK_PHRASE: cut_phrase,
    Dimension.MARKDOWN: lambda text, p: marks.no_markdown(text) if p.value == "avoid" else text,
    Dimension.HEDGING: lambda text, p: marks.no_hedges(text) if p.value == "avoid" else text,
    Dimension.POLITENESS: lambda text, p: marks.no_please(text) if p.value == "avoid" else text,
    Dimension.WORD_CHOICE: _word_choice,
    Dimension.SPELLING: _spelling,
    Dimension.CONTRACTIONS: _contractions,
    Dimension.DASH: lambda text, p: marks.dashes(text, p.value),
    Dimension.QUOTES: lambda text, p: marks.quotes(text, p.value),
    Dimension.OXFORD_COMMA: lambda text, p: marks.oxford(text, p.value),
    Dimension.NUMERALS: lambda text, p: marks.numerals(text, p.value),
    Dimension.SENTENCE_LENGTH: lambda text, p: shape.split_long(text, p.value),
    Dimension.LENGTH: _length,
    Dimension.OPENING_LINE: lambda text, p: shape.opening(text, p.value),
    Dimension.CLOSING_LINE: lambda text, p: shape.closing(text, p.value),
    Dimension.LISTS: lambda text, p: shape.lists(text, p.value),
    Dimension.PARAGRAPHS: lambda text, p: shape.paragraphs(text, p.value),
    Dimension.EXCLAMATION: lambda text, p: marks.exclamation(text, p.value),
    Dimension.AMPERSAND: lambda text, p: marks.ampersand(text, p.value),
    Dimension.LOWER_CASE: lambda text, p: text,
    Dimension.EMOJI: lambda text, p: marks.emoji(text, p.value),
    Dimension.SPACING: lambda text, p: shape.spacing(text, p.value),
}
"""In the order of application: wording, then marks, then shape, then what depends on the final shape."""

_ORDER = {dimension: index for index, dimension in enumerate(STEPS)}


_BY_MODEL: Final = frozenset(
    {
        (Dimension.LENGTH, "under"),
        (Dimension.SENTENCE_LENGTH, "long"),
        (Dimension.POLITENESS, "use"),
        (Dimension.HEDGING, "use"),
        (Dimension.MARKDOWN, "use"),
    }
)


def is_by_rule(preference: Preference) -> bool:
    """Whether the finishing pass does what it says, with any model; the rest takes one that follows instructions."""
    value = preference.value.partition(":")[0]
    return preference.dimension is not Dimension.CUSTOM and (preference.dimension, value) not in _BY_MODEL


def biases(preferences: Iterable[Preference]) -> dict[str, float]:
    """Words, phrases and marks for the engine's logit bias, in nats: banned ones below 0, preferred ones above."""
    found: dict[str, float] = {}
    for p in choose(preferences):
        if p.dimension is Dimension.WORD_CHOICE and p.subject != PLAIN_WORDS:
            found[p.subject] = -4.0
            if p.value and " " not in p.value:
                found.setdefault(p.value, 1.0)
        elif p.dimension is Dimension.WORD_CHOICE:
            found.update({word: -2.0 for word in sorted(stock.SAFE_PLAIN) if " " not in word})
        elif p.dimension is Dimension.STOCK_PHRASE and len(p.subject.split()) <= _LONGEST_HELD and _anywhere(p):
            family = stock.FAMILY_BY_KEY.get(p.subject)
            if family is None or family.pattern.fullmatch(p.subject):
                found.update(dict.fromkeys((p.subject, stock.contract(p.subject)), -4.0))
        elif p.dimension is Dimension.DASH and p.value != "em":
            found["—"] = -6.0
        elif p.dimension is Dimension.EXCLAMATION and p.value == "avoid":
            found["!"] = -6.0
        elif p.dimension is Dimension.AMPERSAND and p.value == "avoid":
            found["&"] = -2.0
        elif p.dimension is Dimension.HEDGING and p.value == "avoid":
            found.update({word: -2.0 for word in stock.HEDGES if " " not in word and word != "just"})
    return found


_LONGEST_HELD = 6
"""Words; a longer phrase is not held back at its last word, where everything but that word has been written."""


def _anywhere(p: Preference) -> bool:
    """Whether a phrase is unwanted wherever it stands; of learned ones some were whole sentences."""
    return not p.subject.endswith(OPENING) and (p.value == CUT or (p.value == AVOID and not p.edits))


def bans(preferences: Iterable[Preference]) -> list[re.Pattern[str]]:
    """What no completion may bring about: the words and phrases that the finishing pass would take out again."""
    chosen = choose(preferences)
    found = [_as_written(word) for word, bias in biases(chosen).items() if bias < 0]
    for p in chosen:
        if p.dimension is Dimension.WORD_CHOICE and p.subject != PLAIN_WORDS:
            found += [_as_written(old) for old in bend((p.subject, p.value))]
        elif p.dimension is Dimension.STOCK_PHRASE:
            family = stock.FAMILY_BY_KEY.get(p.subject)
            if family is not None:
                found.append(family.pattern)
            elif _anywhere(p):
                found.append(loosely(p.subject))
            else:
                opening = loosely(p.subject.removesuffix(OPENING)).pattern
                found.append(re.compile(rf"(?:\A|(?<=[.!?\n])[ \t]*){opening}", re.I))
    return list({pattern.pattern: pattern for pattern in found}.values())


def _as_written(phrase: str) -> re.Pattern[str]:
    """A word, a phrase or a mark, not within a word."""
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    before, after = (r"(?<![\w'’])" if phrase[:1].isalnum() else ""), (r"(?![\w'’])" if phrase[-1:].isalnum() else "")
    return re.compile(f"{before}{words}{after}", re.I)
