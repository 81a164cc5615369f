"""Abbreviations written out: in the person's own words where they have some for it, else as everybody writes them out.

"tfyq" are the word initials of a phrase the person has written often; "lmk" stands in a short table.  What stands for
itself is left alone: a word of English, and whatever the person writes in their own texts as it is.  A few letters that
could still become a word ("ty" on the way to "typical") are taken for an abbreviation only once a blank has ended them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from ownhand.domain.masking import mask
from ownhand.domain.text import sentences

COMMON: Final[dict[str, str]] = {
    "afaik": "as far as I know",
    "aka": "also known as",
    "asap": "as soon as possible",
    "atm": "at the moment",
    "bc": "because",
    "btw": "by the way",
    "cob": "close of business",
    "diy": "do it yourself",
    "eod": "end of day",
    "eow": "end of the week",
    "eta": "estimated time of arrival",
    "ftr": "for the record",
    "fwiw": "for what it's worth",
    "fya": "for your approval",
    "fyi": "for your information",
    "fyr": "for your reference",
    "gtg": "got to go",
    "hth": "hope this helps",
    "idk": "I don't know",
    "iirc": "if I remember correctly",
    "imho": "in my humble opinion",
    "imo": "in my opinion",
    "iow": "in other words",
    "istm": "it seems to me",
    "iwbn": "it would be nice",
    "jic": "just in case",
    "jk": "just kidding",
    "lgtm": "looks good to me",
    "lmk": "let me know",
    "nbd": "no big deal",
    "np": "no problem",
    "nrn": "no reply needed",
    "nvm": "never mind",
    "omw": "on my way",
    "ooo": "out of office",
    "otoh": "on the other hand",
    "plmk": "please let me know",
    "pls": "please",
    "plz": "please",
    "pov": "point of view",
    "rn": "right now",
    "tba": "to be announced",
    "tbc": "to be confirmed",
    "tbd": "to be decided",
    "tbh": "to be honest",
    "tfyh": "thanks for your help",
    "thx": "thanks",
    "tia": "thanks in advance",
    "tmrw": "tomorrow",
    "ttyl": "talk to you later",
    "ty": "thank you",
    "tyvm": "thank you very much",
    "wdyt": "what do you think",
    "wfh": "working from home",
    "wrt": "with regard to",
    "yw": "you're welcome",
}
"""What they are written out as by everybody; none is a word of English."""

LEAST_COUNT: Final = 3
"""How often a phrase must have been written to be offered for its initials."""
SHORTEST_INITIALS: Final = 3
LONGEST_INITIALS: Final = 6
OPTIONS: Final = 3
COMMON_WORD: Final = 1000
"""Occurrences in the dictionary's corpus from which a word counts as one that may be on its way."""
_FRAGMENT = 0.8
"""Share of its occurrences in which a phrase goes on the same way, from which it is a piece of a longer one."""
_LEADS_ON = frozenset(
    "a an the this that to of in on at by for from with and or but as if when whether than my your our is are was be"
    " am not will would can could should i we you it he she they so".split()
)
"""A phrase does not end with these."""
_BUCKET = 200_000
_TYPED = re.compile(r"(?<![^\s(\[\"“‘—–])([A-Za-z]{2,8})( ?)$")
_GOES_ON = re.compile(r"[\w@'’-]")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CLAUSE_END = re.compile(r"[^\w\s'’-]+|\n+")


class Words(Protocol):
    """A dictionary of English."""

    def frequency(self, word: str) -> int:
        """How often a word in lower case stands in its corpus; 0 where it is none."""
        ...

    def frequency_from(self, start: str) -> int:
        """That of the commonest longer word that begins so."""
        ...


@dataclass(frozen=True, slots=True)
class Typed:
    """What may be an abbreviation before the caret."""

    word: str = field(repr=False)
    blank: bool
    """A blank follows it already."""
    opens: bool
    """It opens a sentence, in a text whose sentences begin with capitals."""

    @property
    def length(self) -> int:
        """Characters that its long form replaces."""
        return len(self.word) + self.blank


def typed(prefix: str, suffix: str) -> Typed | None:
    """The letters before the caret if they are a word by themselves: not inside another, nor part of an address.

    >>> typed("Could you lmk", "") is None, typed("Could you lmkx", "y") is None, typed("me@lmk", "") is None
    (False, True, True)
    """
    found = _TYPED.search(prefix[-200:])
    if found is None or _GOES_ON.match(suffix):
        return None
    before = prefix[: len(prefix) - len(found.group(0))]
    return Typed(found.group(1), bool(found.group(2)), _opens(before))


def _opens(before: str) -> bool:
    last = before.rstrip(' \t"“‘(')
    if last and last[-1] not in ".!?…\n":
        return False
    starts = re.findall(r"(?:^|[.!?…]\s+|\n\s*)([^\W\d_])", before)
    capitals = [letter for letter in starts if letter.isupper()]
    return 2 * len(capitals) >= len(starts)


class Phrasebook:
    """The person's own words and the phrases of three to six of them that they wrote more than once.

    Phrases seen once in 200,000 are dropped as it grows (in the manner of lossy counting; Manku & Motwani, VLDB 2002),
    so that its size follows what is frequent.  Text that `masking` hides never enters.  Not for several threads at
    once, but for one that adds and others that ask.
    """

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._phrases: dict[str, int] = {}
        self._counted = 0
        self._by_initials: dict[str, tuple[list[str], list[str]]] | None = None

    def add(self, text: str) -> None:
        """Learn a text of the person's own."""
        self._by_initials = None
        for sentence in sentences(mask(text)):
            first = True
            for clause in _CLAUSE_END.split(sentence):
                run: list[str] = []
                for word in clause.split():
                    if _WORD.fullmatch(word) is None:
                        self._count(run)
                        run = []
                    else:
                        self._words[word.lower()] += 1
                        run.append(_plain(word) if first else word)
                    first = False
                self._count(run)
        if self._counted >= _BUCKET:
            self._counted = 0
            self._phrases = {phrase: count for phrase, count in self._phrases.items() if count > 1}

    def _count(self, run: Sequence[str]) -> None:
        phrases = self._phrases
        for start in range(len(run) - SHORTEST_INITIALS + 1):
            for end in range(start + SHORTEST_INITIALS, min(start + LONGEST_INITIALS, len(run)) + 1):
                phrase = " ".join(run[start:end])
                phrases[phrase] = phrases.get(phrase, 0) + 1
                self._counted += 1

    def writes(self, word: str) -> bool:
        """Whether the person wrote this word, in lower case, more than once."""
        return self._words[word] > 1

    def begins_word(self, start: str) -> bool:
        """Whether a longer word the person wrote more than once begins so."""
        words = list(self._words.items())
        return any(count > 1 and len(word) > len(start) and word.startswith(start) for word, count in words)

    def phrases_of(self, initials: str) -> tuple[list[str], list[str]]:
        """Own phrases with these word initials (lower case), the most frequent first: those that stand for themselves,
        and pieces of longer ones.
        """
        if self._by_initials is None:
            self._by_initials = self._index()
        return self._by_initials.get(initials, ([], []))

    def _index(self) -> dict[str, tuple[list[str], list[str]]]:
        frequent = {phrase: count for phrase, count in list(self._phrases.items()) if count >= LEAST_COUNT}
        goes_on: Counter[str] = Counter()
        for phrase, count in frequent.items():
            shorter = phrase.rpartition(" ")[0]
            goes_on[shorter] = max(goes_on[shorter], count)
        found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for phrase, count in sorted(frequent.items(), key=lambda item: (-item[1], item[0])):
            words = phrase.split()
            piece = goes_on[phrase] >= _FRAGMENT * count or words[-1].lower() in _LEADS_ON
            found["".join(word[0] for word in words).lower()][piece].append(phrase)
        return dict(found)


def _plain(word: str) -> str:
    """The first word of a sentence as it stands within one."""
    return word if word == "I" or word.startswith(("I'", "I’")) or word[1:].lower() != word[1:] else word.lower()


def expansions(at: Typed, own: Phrasebook, english: Words) -> list[str]:
    """What it may be the short form of, the likeliest first; empty where it is no abbreviation."""
    word = at.word.lower()
    common = COMMON.get(word, "")
    whole, pieces = own.phrases_of(word) if len(word) >= SHORTEST_INITIALS else ([], [])
    if not (common or whole or pieces) or own.writes(word):
        return []
    on_its_way = own.begins_word(word) or english.frequency_from(word) >= COMMON_WORD
    if at.blank != on_its_way:
        return []  # it may become a word yet; or it was there to be seen before the blank
    if at.blank or at.word.isupper() or english.frequency(word) or english.frequency_from(word):
        whole, pieces = [], []
    found = [*whole, *([common] if common else []), *pieces]
    distinct = {phrase.lower(): phrase for phrase in reversed(found)}
    return [_as_typed(phrase, at) for phrase in list(reversed(distinct.values()))[:OPTIONS]]


def _as_typed(phrase: str, at: Typed) -> str:
    capital = at.opens or (at.word[0].isupper() and not at.word.isupper())
    return (phrase[0].upper() if capital else phrase[0]) + phrase[1:] + (" " if at.blank else "")
