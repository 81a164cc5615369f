"""Which word to offer: a best-first search over the words that may come next, by the keystrokes they should save.

The likeliest next word is not the best one to show: one that is half as likely and three times as long saves more.
Several first tokens are read off the distribution that is computed anyway; one is followed further while it promises
more than what was found (best-first search; Hart, Nilsson and Raphael 1968), for a few steps of the model at most.

Where a word was begun, all probabilities are shares of what begins with its letters.  A token that covers these letters
is known exactly; for one that is only their beginning it is guessed how often the rest follows, until it is looked at
and the guess is replaced, in the sum of all as well: " for" is far likelier than " forward", and hardly ever goes on
with "w".

A further word is added to the best one only where it is so sure that being wrong about both costs less than pressing
once more: taking L characters and then the next word at the next press saves L - 1 characters for certain.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from ownhand.adapters.worker.decode import Ids, Probabilities, Vocabulary, belief, beliefs
from ownhand.domain.completion import worth_adding

STEPS: Final = 4
"""Steps of the model, at most, to find the word; what an earlier keystroke has computed costs none."""
FURTHER_STEPS: Final = 8
"""And for the words after it."""
_CHILDREN: Final = 4
_LEAST: Final = 0.1
"""Saving, in keystrokes, below which nothing is followed."""
_UNKNOWN_LENGTH: Final = 5
"""Characters of the word behind a token that only repeats what was typed."""
_LONGEST: Final = 40
"""Characters in the longest word that is looked for."""
_OTHERS: Final = 3


class Distribution(Protocol):
    """What may follow a path of tokens after the prompt."""

    def __call__(self, path: tuple[int, ...], partial: bytes) -> tuple[Ids, Probabilities, float]:
        """Ids of the tokens that agree with `partial` (those whose text begins with it, or it with theirs), the
        probability of each, 0 where it must not be written, and what all of these amount to, banned ones too, each
        weighted by `belief`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """A word with what stands before it (a blank, a mark), and how likely it is that it is right."""

    text: str
    probability: float
    """Given that everything before it is right; that the word ends there is part of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the search found."""

    words: tuple[Word, ...] = ()
    """The best word, and those after it that are worth adding."""
    blank: bool = False
    """Whether a blank is expected after the last word."""
    others: tuple[str, ...] = ()
    """Other words, best first."""


@dataclass(slots=True)
class _Node:
    path: tuple[int, ...]
    exact: float
    """Probability of the path."""
    mass: float
    """The same with a guess at what of it goes on with `partial`."""
    partial: bytes
    """What is still to be repeated of the word that was begun."""
    text: bytes
    """New text so far."""


@dataclass(slots=True)
class _Ending:
    """A node at whose end a word may end."""

    node: _Node
    mass: float
    blank: bool
    ids: Ids = field(repr=False)
    shares: Probabilities = field(repr=False)
    value: float
    """Keystrokes saved on average, times the mass of all that agrees with what was typed."""


class WordSearch:
    """One search."""

    def __init__(
        self, vocabulary: Vocabulary, distribution: Distribution, computed: Callable[[], int], taking_costs: int = 1
    ) -> None:
        """`computed` tells how many steps the model was asked for so far; `taking_costs` the keystrokes that the words
        have to be longer than, the key that takes them.
        """
        self._vocabulary = vocabulary
        self._distribution = distribution
        self._computed = computed
        self._taking_costs = taking_costs
        self._total = 0.0
        """What all paths amount to that agree with the letters that were typed, as far as is known."""

    def find(self, partial: bytes, stops: Sequence[bytes], most_words: int) -> Found:
        """The word that should save most, with the words after it that are worth adding.

        The first word does not go past any of `stops`; those after it may, for a name below a sign-off is sure.
        """
        order = itertools.count()
        waiting: list[tuple[float, int, _Node]] = []
        endings: list[_Ending] = []
        first = self._computed()

        def follow(node: _Node) -> None:
            ids, shares, total = self._distribution(node.path, node.partial)
            if not node.path or node.partial:
                self._total += node.exact * total - (node.mass if node.path else 0.0)
            if node.text:
                ending = self._ending(node, ids, shares)
                if ending is not None and _length(node.text.rstrip()) > self._taking_costs:
                    endings.append(ending)
            for child in self._children(node, ids, shares, stops):
                heapq.heappush(waiting, (-_promise(child), next(order), child))

        follow(_Node((), 1.0, 1.0, partial, b""))
        while waiting and self._computed() - first < STEPS:
            promise, _, node = heapq.heappop(waiting)
            best = max((ending.value for ending in endings), default=0.0)
            if -promise <= max(best, _LEAST * self._total):
                break
            follow(node)
        endings = [ending for ending in endings if ending.value > 0]
        if not endings or self._total <= 0:
            return Found()
        endings.sort(key=lambda ending: -ending.value)
        texts = dict.fromkeys(_text(ending.node.text) for ending in endings)
        words, blank = self._with_further(endings[0], most_words)
        return Found(tuple(words), blank, tuple(texts)[1 : _OTHERS + 1])

    def _ending(self, node: _Node, ids: Ids, shares: Probabilities) -> _Ending | None:
        if not _complete(node.text):
            return None
        inside = self._vocabulary.in_word(node.text[-1:])
        ended = min(1.0, float(shares[self._vocabulary.ends_word[ids]].sum())) if inside else 1.0
        blank = float(shares[self._vocabulary.starts_blank[ids]].sum())
        mass, blank_follows = node.mass * ended, blank > ended / 2
        saved = _length(node.text) + blank_follows - self._taking_costs
        return _Ending(node, mass, blank_follows, ids, shares, mass * saved)

    def _children(self, node: _Node, ids: Ids, shares: Probabilities, stops: Sequence[bytes]) -> list[_Node]:
        """The tokens after a node that go on with its word, or begin one; the most promising ones."""
        if node.partial:
            shares = shares * beliefs(node.partial, self._vocabulary.sizes[ids])
        likely = shares * node.exact > self._total * _LEAST / _LONGEST
        if node.text and self._vocabulary.in_word(node.text[-1:]):
            likely &= ~self._vocabulary.ends_word[ids]
        ids, shares = ids[likely], shares[likely]
        lengths = np.maximum(1, self._vocabulary.lengths[ids] - len(node.partial))
        best = np.argsort(-shares * (lengths + len(node.text)), kind="stable")[: 2 * _CHILDREN]
        children = []
        for place in best:
            child = self._child(node, int(ids[place]), float(shares[place]), stops)
            if child is not None:
                children.append(child)
        return children[: _CHILDREN + 1]

    def _child(self, node: _Node, token: int, share: float, stops: Sequence[bytes]) -> _Node | None:
        piece = self._vocabulary.pieces[token]
        shared = min(len(piece), len(node.partial))
        text = node.text + piece[shared:]
        if not piece or any(stop in text for stop in stops):
            return None
        mass = node.exact * share
        partial = node.partial[shared:]
        return _Node((*node.path, token), mass / belief(len(partial)), mass, partial, text)

    def _with_further(self, ending: _Ending, most: int) -> tuple[list[Word], bool]:
        words = [Word(_text(ending.node.text), min(1.0, ending.mass / self._total))]
        first = self._computed()
        while len(words) < most and self._computed() - first < FURTHER_STEPS:
            length = _length(ending.node.text) + ending.blank
            following = self._next_word(ending, length)
            if following is None:
                break
            words.append(Word(_text(following.node.text[len(ending.node.text) :]), following.mass))
            ending = following
        return words, ending.blank

    def _next_word(self, ending: _Ending, length: int) -> _Ending | None:
        """The likeliest word after an ending, if it is sure enough; its probability is that of this word alone."""
        ids, shares = ending.ids, ending.shares
        node = _Node(ending.node.path, 1.0, 1.0, b"", ending.node.text)
        inside = self._vocabulary.in_word(node.text[-1:])
        while True:
            if inside and node.text == ending.node.text:
                ended = self._vocabulary.ends_word[ids]
                ids, shares = ids[ended], shares[ended] / max(1e-9, float(shares[ended].sum()))
            if not len(ids):
                return None
            place = int(shares.argmax())
            child = self._child(node, int(ids[place]), float(shares[place]), ())
            if child is None or not worth_adding(child.mass, length):
                return None
            node = child
            ids, shares, _ = self._distribution(node.path, b"")
            found = self._ending(node, ids, shares)
            if found is not None and worth_adding(found.mass, length):
                if _length(node.text[len(ending.node.text) :].strip()):
                    return found
            elif not self._vocabulary.in_word(node.text[-1:]) or not len(ids):
                return None
            if len(node.path) - len(ending.node.path) > FURTHER_STEPS:
                return None
            inside = False


def _promise(node: _Node) -> float:
    """Keystrokes it would save on average if its word ended here, with a blank; times the mass of all."""
    return node.mass * (_length(node.text) or _UNKNOWN_LENGTH)


def _length(text: bytes) -> int:
    """Characters, those that are not complete left out."""
    return len(text) if text.isascii() else len(text.decode("utf-8", "ignore"))


def _text(text: bytes) -> str:
    return text.decode("utf-8", "ignore")


def _complete(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
