"""What a person's own texts say about the next token: a model over token ids that only speaks where it has evidence.

An interpolated n-gram model with absolute discounting (Ney, Essen and Kneser 1994) over contexts of none to four
tokens, in which what a context does not claim *escapes* to the next shorter one, as in PPM (Cleary and Witten 1984),
and at last to the neural model.  For a context seen n times with T different followers, the follower seen c times is
given trust · (c - d) / n.  How far a context is trusted depends on its length, on n and on T: a context that always
went on in the same way says more than one that went on in many.

    P(t) = (1 - w · claimed) · P_model(t) + w · P_memory(t),     claimed = sum of P_memory, w = memory_weight in 0..1

The empty context is the person's vocabulary: it is what completes a name or a term from its first letter.  The text at
hand (the draft, its subject, the message it answers) is asked before the history, by the same rule with trusts of
its own: words come back within a text (a cache model; Kuhn and De Mori 1990).  It is only looked at, never kept.

Before all that, the model's distribution is scaled by what the person writes more often than it expects (marginals.py),
where that has been looked at.

Texts are kept as one array of ids; the positions, sorted by the four tokens before them, make a suffix array in which
the followers of any context are one slice.  Adding 200,000 tokens takes milliseconds, a query some tens of
microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker.decode import Probabilities
from ownhand.adapters.worker.marginals import Marginals

ORDER: Final = 4
"""Tokens of context looked at, at most; eight were no better."""


class Trust(NamedTuple):
    """How much of its mass a context may claim: the logistic function of bias + seen · ln n + kinds · ln T."""

    bias: float
    seen: float = 0.0
    kinds: float = 0.0

    def of(self, seen: int, kinds: int) -> float:
        """The share, in (0, 1), for a context seen so often with so many kinds of followers."""
        return 1.0 / (1.0 + math.exp(-(self.bias + self.seen * math.log(seen) + self.kinds * math.log(kinds))))


TRUST: Final = (
    Trust(-0.42, 0.06, -0.51),
    Trust(-1.57, 0.83, -1.02),
    Trust(-1.24, 0.99, -1.09),
    Trust(-0.88, 0.46, -0.44),
    Trust(-0.55, 0.31, -0.42),
)
"""By length of the context, for the history.  These, TRUST_HERE and the discounts were fitted together, by gradient
descent on the likelihood of messages of 17 authors after their history, with version 3 of the built-in model; on 16
others they took the bits per byte 7.4 % below the neural model's (decision 8).  Asking how sure the model is, or how
often a context stands in the text at hand, gained nothing."""
DISCOUNT: Final = (0.41, 0.7, 0.74, 0.71, 0.64)
"""What is taken off every count, by length of the context."""
TRUST_HERE: Final = (Trust(-3.71), Trust(-2.31), Trust(-1.35), Trust(-1.01), Trust(-0.5))
"""The same for the text at hand."""
DISCOUNT_HERE: Final = (0.59, 0.76, 0.77, 0.73, 0.6)
_BITS: Final = 16
_MOST_TYPES: Final = (1 << _BITS) - 1
_START: Final = 0
"""Own id of what stands before the first token of a text."""
_CACHE_ABOVE: Final = 64
"""Contexts with more followers than this are counted once and kept."""
_ONE: Final = np.ones(1)

_Part = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The memory's say on one next token."""

    parts: tuple[_Part, ...] = ()
    """(token ids, what is claimed for each), one per length of context; a token may be in several of them."""
    claimed: float = 0.0
    """Share of the mass, 0 (nothing known) to below 1; the rest belongs to the neural model."""
    matched: int = 0
    """Length of the longest context that was found, in tokens."""
    seen: int = 0
    """How often that context occurs in the texts."""
    vocabulary: tuple[_Part, ...] = ()
    """Like `parts`, for the empty context: token ids ascending, for there are many."""

    def mix_into(self, model: NDArray[np.float32], weight: float) -> None:
        """Turn the neural model's distribution (shape: vocabulary) into the mixed one, in place."""
        if weight <= 0 or not self.claimed:
            return
        model *= np.float32(1.0 - weight * self.claimed)
        for tokens, claims in (*self.parts, *self.vocabulary):
            model[tokens] += (weight * claims).astype(np.float32)

    def add_to(self, share: NDArray[np.float32], ids: NDArray[np.int64], weight: float) -> None:
        """Mix the memory into the probabilities of some tokens (ids ascending, shape as `share`), in place."""
        if weight <= 0 or not self.claimed:
            return
        share *= np.float32(1.0 - weight * self.claimed)
        for tokens, claims in self.parts:
            places = np.minimum(np.searchsorted(ids, tokens), len(ids) - 1)
            known = ids[places] == tokens
            share[places[known]] += (weight * claims[known]).astype(np.float32)
        for tokens, claims in self.vocabulary:
            places = np.minimum(np.searchsorted(tokens, ids), len(tokens) - 1)
            known = tokens[places] == ids
            share[known] += (weight * claims[places[known]]).astype(np.float32)

    def of(self, token: int) -> float:
        """What is claimed for one token."""
        return float(sum(claims[tokens == token].sum() for tokens, claims in (*self.parts, *self.vocabulary)))

    def before(self, other: Prediction) -> Prediction:
        """Both together: the other one shares what this one leaves."""
        if not self.claimed or not other.claimed:
            return self if self.claimed else other
        rest = 1.0 - self.claimed
        return Prediction(
            (*self.parts, *((tokens, rest * claims) for tokens, claims in other.parts)),
            1.0 - rest * (1.0 - other.claimed),
            max(self.matched, other.matched),
            max(self.seen, other.seen),
            (*self.vocabulary, *((tokens, rest * claims) for tokens, claims in other.vocabulary)),
        )


NOTHING: Final = Prediction()


class _Claims:
    """Claims made by one context after another, longest first."""

    def __init__(self, trust: Sequence[Trust], discount: Sequence[float]) -> None:
        self._trust, self._discount = trust, discount
        self._parts: list[_Part] = []
        self._vocabulary: list[_Part] = []
        self._rest = 1.0
        self._longest = (0, 0)

    def add(self, length: int, total: int, followers: _Part) -> None:
        tokens, counts = followers
        given = (counts - self._discount[length]) * (self._rest * self._trust[length].of(total, len(tokens)) / total)
        (self._parts if length else self._vocabulary).append((tokens, given))
        self._rest -= float(given.sum())
        self._longest = max(self._longest, (length, total))

    def prediction(self) -> Prediction:
        if not self._parts and not self._vocabulary:
            return NOTHING
        return Prediction(tuple(self._parts), 1.0 - self._rest, *self._longest, tuple(self._vocabulary))


def here(tokens: NDArray[np.int64]) -> Prediction:
    """What the text at hand says about its next token; `tokens` are all of its tokens so far (shape: length)."""
    if len(tokens) < 2:
        return NOTHING
    claims = _Claims(TRUST_HERE, DISCOUNT_HERE)
    found: list[NDArray[np.int64]] = []
    places = np.flatnonzero(tokens[:-1] == tokens[-1]) + 1
    for length in range(1, ORDER + 1):
        if not len(places):
            break
        found.append(tokens[places])
        places = places[places > length]
        if len(tokens) <= length:
            break
        places = places[tokens[places - length - 1] == tokens[-length - 1]]
    for length in range(len(found), 0, -1):
        claims.add(length, len(found[length - 1]), _counted(found[length - 1]))
    claims.add(0, len(tokens), _counted(tokens))
    return claims.prediction()


def _counted(followers: NDArray[np.int64]) -> _Part:
    if len(followers) == 1:
        return followers, _ONE
    tokens, counts = np.unique(followers, return_counts=True)
    return tokens, counts.astype(np.float64)


class TokenMemory:
    """The token sequences of one named set of texts.  Not safe for more than one thread."""

    def __init__(self) -> None:
        self.texts = 0
        """How many texts were added."""
        self._own_ids: dict[int, int] = {}
        self._token_ids: list[int] = [-1]
        self._added: list[int] = []
        self._keys = np.empty(0, np.uint64)
        self._followers = np.empty(0, np.int64)
        self._sorted = 0
        self._cache: dict[int, _Part] = {}
        self._vocabulary: _Part = (self._followers, _ONE[:0])
        self.marginals: Marginals | None = None
        """What the model expects in these texts, as far as it has been looked at."""
        self._looked = 0
        self._scale: tuple[tuple[int, int], Probabilities | None] | None = None

    def __len__(self) -> int:
        return sum(1 for own in self._added if own != _START)

    def add(self, tokens: Sequence[int]) -> None:
        """Add one text.  Tokens of a kind beyond the first 65,534 kinds are left out."""
        self.texts += 1
        self._added.append(_START)
        ids, names = self._own_ids, self._token_ids
        for token in tokens:
            own = ids.get(token)
            if own is None:
                if len(names) > _MOST_TYPES:
                    continue
                own = ids[token] = len(names)
                names.append(token)
            self._added.append(own)

    def take_piece(self, most: int) -> list[int]:
        """The next tokens of one text, up to `most`, that were not taken yet; empty where all were."""
        start = self._looked
        while start < len(self._added) and self._added[start] == _START:
            start += 1
        end = start
        while end < min(len(self._added), start + most) and self._added[end] != _START:
            end += 1
        self._looked = end
        return [self._token_ids[own] for own in self._added[start:end]]

    def scale(self) -> Probabilities | None:
        """What is added to the model's log scores for how often this person writes each token; None for nothing."""
        if self.marginals is None:
            return None
        if self._sorted != len(self._added):
            self._sort()
        version = self._sorted, self.marginals.places
        if self._scale is None or self._scale[0] != version:
            self._scale = version, self.marginals.scale(*self._vocabulary)
        return self._scale[1]

    def predict(self, context: Sequence[int], start: bool = False, shortest: int = 0) -> Prediction:
        """What follows the end of `context`; `start` says that the context begins where a text begins.

        `shortest` is the length of the shortest context that is asked; 1 leaves the person's vocabulary out.
        """
        if self._sorted != len(self._added):
            self._sort()
        if not len(self._followers):
            return NOTHING
        recent = [self._own_ids.get(token, -1) for token in context[-ORDER:]]
        if start:
            recent = [_START] * (ORDER - len(recent)) + recent
        known = 0
        for own in reversed(recent):
            if own < 0:
                break
            known += 1
        bounds, key = [], 0
        for length, own in enumerate(reversed(recent[len(recent) - known :]), start=1):
            shift = _BITS * (ORDER - length)
            key |= own << shift
            bounds += [key, key + (1 << shift) - 1]
        low = np.searchsorted(self._keys, np.array(bounds[::2], np.uint64), side="left")
        high = np.searchsorted(self._keys, np.array(bounds[1::2], np.uint64), side="right")
        claims = _Claims(TRUST, DISCOUNT)
        for length in range(known, 0, -1):
            first, last = int(low[length - 1]), int(high[length - 1])
            if last > first:
                claims.add(length, last - first, self._count(bounds[2 * length - 2] << 3 | length, first, last))
        if not shortest:
            claims.add(0, len(self._followers), self._vocabulary)
        return claims.prediction()

    def _count(self, name: int, first: int, last: int) -> _Part:
        found = self._cache.get(name)
        if found is None:
            found = _counted(self._followers[first:last])
            if last - first > _CACHE_ABOVE:
                self._cache[name] = found
        return found

    def _sort(self) -> None:
        stream = np.array(self._added, np.uint64)
        keys = np.zeros(len(stream), np.uint64)
        alive = np.ones(len(stream), bool)
        # a context never reaches back beyond the start of its text: what lies before the start mark counts as start
        for back in range(1, ORDER + 1):
            previous = np.zeros(len(stream), np.uint64)
            previous[back:] = stream[:-back]
            previous[~alive] = _START
            keys |= previous << np.uint64(_BITS * (ORDER - back))
            alive &= previous != _START
        tokens = stream != _START
        order = np.argsort(keys[tokens], kind="stable")
        self._keys = keys[tokens][order]
        self._followers = np.array(self._token_ids, np.int64)[stream[tokens][order].astype(np.int64)]
        self._sorted = len(self._added)
        self._cache.clear()
        self._vocabulary = _counted(self._followers)
