"""Words put in place of others, so that an answer can only be copied: what is said is no longer what one expects."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

from recipe.examples.world import DAYS, MONTHS, World

_AFTER_DETERMINER = re.compile(
    r"(?<=\b)(the|an?|my|our|your|his|her|their|this|that|no|every|each) ([a-z]{4,})"
    r"(?=[.,;:!?]| (?:of|in|on|for|to|with|is|was|were|are|and|or|at|from|by|that|has|will|can|as|than|but|because)\b)"
)
_NAME = re.compile(r"(?<=[a-z,] )([A-Z][a-z]+(?: [A-Z][a-z]+)?)\b(?!['’.-])")
_NUMBER = re.compile(r"\b\d{1,4}\b(?![-.,:/]\d)")
_ENDINGS = ("ing", "ed", "est", "er", "ly", "ies", "es", "ss", "s", "ion", "al", "ful", "ous", "able", "ive", "y")
_NO_NOUN = frozenset(
    "that these those this some four five seven eight nine same other more most such very only first last next least "
    "best rest whole kind sort lot".split()
)
_TIMES = frozenset([*DAYS, *MONTHS])


class Swaps:
    """Words that stand after articles in the sentences of a stock, by the form that they share."""

    def __init__(self, sentences: Sequence[str], chance: Random) -> None:
        self.chance = chance
        self._world = World(chance)
        counts = Counter(found[2] for text in sentences for found in _AFTER_DETERMINER.finditer(text))
        self._alike: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for word, count in sorted(counts.items()):
            if count > 1 and word not in _NO_NOUN:
                self._alike[_form(word)].append(word)

    def noun(self) -> str:
        """A word in the singular that stands after an article; rare ones come as often as frequent ones."""
        return self.chance.choice(self._alike[("", False)] or ["report"])

    def in_text(self, text: str, share: float = 0.6) -> str:
        """The text with about this share of its nouns, names and numbers replaced."""
        r = self.chance

        def noun(found: re.Match[str]) -> str:
            others = self._alike[_form(found[2])]
            keep = found[2] in _NO_NOUN or not others or r.random() > share
            return found[0] if keep else f"{found[1]} {r.choice(others)}"

        def name(found: re.Match[str]) -> str:
            if r.random() > share or _TIMES & set(found[1].split()):
                return found[0]
            w = self._world
            return r.choice((w.first_name, w.last_name, w.full_name, w.organisation))()

        def number(found: re.Match[str]) -> str:
            return found[0] if r.random() > share else str(r.randint(2, 10 ** len(found[0])))

        return _NUMBER.sub(number, _NAME.sub(name, _AFTER_DETERMINER.sub(noun, text)))


def _form(word: str) -> tuple[str, bool]:
    """The ending, and whether `an` goes before it."""
    return next((e for e in _ENDINGS if word.endswith(e)), ""), word[0] in "aeiou"
