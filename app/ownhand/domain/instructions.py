"""Instructions for actions of the person's own: which rules stand in one, and how one is worded from examples.

What a rule says is done by rule (applying.py), with any model; the rest is the model's to follow.  From two or three
pairs of a text before and after, `phrase` words what they have in common, and `supported` checks a claim against them:
one that the pairs do not bear out is dropped, as in PROSE (Aroca-Ouellette et al., arXiv:2505.23815).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ownhand.domain import applying, letter, preference, wording
from ownhand.domain.detectors import detect
from ownhand.domain.preference import PLAIN_WORDS, Dimension, Edit, Origin, Preference, identify
from ownhand.domain.tally import distance
from ownhand.domain.text import sentences, words

SCOPE: Final = "this instruction"
"""The audience of its rules: narrower than any group, so that they go before what was learned."""
LEAST_PAIRS: Final = 2
SHORTER, LONGER = "Make it shorter", "Make it longer"
_MUCH_SHORTER, _MUCH_LONGER = 0.8, 1.25
_ROUND = 10
_CONTENT = re.compile(
    r"(?:please )?(?:(?:mention|tell|ask|explain|include|remind|thank|invite)\b"
    r"|(?:say|write|add|note) (?:that|about|how|why|when|whether|where|who|what|we|i|it|they|you|he|she)\b)",
    re.I,
)
"""Clauses about what to say, in which words like “not” and “list” are no rules of style."""

Pair = tuple[str, str]
"""A text before and after."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction taken apart."""

    rules: tuple[Preference, ...] = field(default=(), repr=False)
    rest: tuple[str, ...] = field(default=(), repr=False)
    """Clauses that only a model can follow."""

    @property
    def most_words(self) -> int | None:
        """The length it asks to stay under, in words."""
        for rule in self.rules:
            head, _, number = rule.value.partition(":")
            if rule.dimension is Dimension.LENGTH and head == "under":
                return int(number)
        return None

    @property
    def is_mechanical(self) -> bool:
        """Whether all of it is done by rule, so that no model is needed."""
        return not self.rest and all(applying.is_by_rule(rule) for rule in self.rules)

    @property
    def is_letter(self) -> bool:
        """Whether it says something about greeting or sign-off."""
        return any(rule.dimension in (Dimension.GREETING, Dimension.SIGN_OFF) for rule in self.rules)


def clauses(instruction: str) -> list[str]:
    """The single demands of an instruction, without their full stops.

    >>> clauses("No exclamation marks. Keep it under 40 words; be kind")
    ['No exclamation marks', 'Keep it under 40 words', 'be kind']
    """
    found = [part for sentence in sentences(instruction) for part in re.split(r"\s*;\s+", sentence)]
    bare = [part.strip().rstrip(".").strip() for part in found]
    return [part for part in bare if part]


def read(instruction: str) -> Instruction:
    """The rules in an instruction, and what is left for the model."""
    rules: list[Preference] = []
    rest: list[str] = []
    for clause in clauses(instruction):
        found = _rules_of(clause)
        rules += found
        rest += [] if found else [clause]
    return Instruction(tuple(rules), tuple(rest))


def _rules_of(clause: str) -> list[Preference]:
    known = _SAID.get(clause.lower())
    if known is not None:
        return [_rule(known[0], "", known[1])]
    whole = _parsed(clause)
    parts = [part.strip() for part in re.split(r",\s+(?:and\s+)?|\s+and\s+", clause)]
    if len(parts) > 1 and (whole is None or not re.search(r"[“\"]", clause)):
        each = [_parsed(part) for part in parts]
        if all(each):
            return [one for one in each if one is not None]
    return [whole] if whole is not None else []


def _parsed(clause: str) -> Preference | None:
    if _CONTENT.match(clause):
        return None
    parsed = wording.parse_statement(clause)
    if parsed is None or parsed.dimension is Dimension.CUSTOM:
        return None
    return _rule(parsed.dimension, parsed.subject, parsed.value)


def _rule(dimension: Dimension, subject: str, value: str) -> Preference:
    return Preference(
        identify(dimension, subject, value, SCOPE), dimension, value, subject, SCOPE, origin=Origin.STATED
    )


_SAID: Final[dict[str, tuple[Dimension, str]]] = {
    wording.statement(_rule(dimension, "", value)).lower(): (dimension, value) for dimension, value in wording.FIXED
}
"""The standard wording of each fixed rule, which `phrase` writes, back to the rule."""


# -------------------------------------------------------------------------------------------------- from examples


def phrase(pairs: Sequence[Pair], recipients: Sequence[str] = ()) -> list[str]:
    """What the pairs have in common, as clauses of an instruction; empty where that is nothing.

    At least two pairs are needed: what is seen once may be what the text was about.
    """
    given = [(before, after) for before, after in pairs if before.strip() and after.strip()]
    if len(given) < LEAST_PAIRS:
        return []
    edits = [Edit(str(number), *pair, "custom", recipients=tuple(recipients)) for number, pair in enumerate(given)]
    learned = preference.learn([piece for edit in edits for piece in detect(edit)], audience=None)
    found: list[str] = []
    for item in learned:
        said = wording.statement(item)
        if (
            item.dimension is not Dimension.LENGTH
            and preference.in_effect(item)
            and _means(said, item)
            and supported(_rule(item.dimension, item.subject, item.value), given)
        ):
            found.append(said)
    return _without_narrower([*found, *_length(given)])


def _means(said: str, item: Preference) -> bool:
    """Whether the wording is understood again as the rule that it words."""
    found = read(said).rules
    return len(found) == 1 and identify(found[0].dimension, found[0].subject, found[0].value) == identify(
        item.dimension, item.subject, item.value
    )


def _without_narrower(found: list[str]) -> list[str]:
    """Single words are not listed where plain words in general are asked for."""
    if any(rule.subject == PLAIN_WORDS for one in found for rule in read(one).rules):
        return [
            one
            for one in found
            if not any(
                rule.dimension is Dimension.WORD_CHOICE and rule.subject != PLAIN_WORDS for rule in read(one).rules
            )
        ]
    return found


def _length(pairs: Sequence[Pair]) -> list[str]:
    if not all(_alike(*pair) for pair in pairs):
        return []
    sizes = [(len(words(before)), len(words(after))) for before, after in pairs]
    if all(new <= _MUCH_SHORTER * old for old, new in sizes):
        limit = -(-max(new for _, new in sizes) // _ROUND) * _ROUND
        return [f"Keep it under {limit} words" if all(old > limit for old, _ in sizes) else SHORTER]
    return [LONGER] if all(new >= _MUCH_LONGER * old for old, new in sizes) else []


def _alike(before: str, after: str) -> bool:
    """Whether one is a version of the other: half the words of the shorter stand in both."""
    one, other = ({word.lower() for word in words(text)} for text in (before, after))
    return 2 * len(one & other) >= min(len(one), len(other))


def supported(rule: Preference, pairs: Iterable[Pair]) -> bool:
    """Whether the pairs bear a rule out: each text after keeps it, and it brings a text before nearer to its other."""
    given = list(pairs)
    limit = Instruction((rule,)).most_words
    if limit is not None:
        return all(len(words(after)) <= limit for _, after in given)
    nearer = 0
    for before, after in given:
        if distance(obeyed(after, (rule,)), after)[0]:
            return False
        gain = distance(before, after)[0] - distance(obeyed(before, (rule,)), after)[0]
        if gain < 0:
            return False
        nearer += gain > 0
    return nearer >= min(LEAST_PAIRS, len(given))


def obeyed(text: str, rules: Sequence[Preference]) -> str:
    """A text as these rules would have it; whom it greets is taken from the text itself."""
    greeting = letter.split(text).greeting
    name = re.search(r"([^\W\d_][\w'’-]*)\W*$", greeting) if " " in greeting else None
    whole = any(rule.dimension in (Dimension.GREETING, Dimension.SIGN_OFF) for rule in rules)
    return applying.apply(text, rules, (name[1],) if name else (), is_letter=whole).text


def joined(found: Iterable[str]) -> str:
    """Clauses as one instruction."""
    return " ".join(f"{clause}." for clause in found)
