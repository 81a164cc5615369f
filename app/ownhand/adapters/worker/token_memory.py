"""What a person's own texts say about the next token: a model over token ids that only speaks where it has evidence.

An interpolated n-gram model with absolute discounting (Ney, Essen and Kneser 1994) over contexts of one to four
tokens, whose lowest order is not a distribution of its own but an *escape*, as in PPM (Cleary and Witten 1984): the
probability mass that no context claims is left to the neural model.  For a context seen n times with T different
followers, the follower seen c times is given trust · (c - d) / n, and the rest falls to the next shorter context.
`trust` grows with the length of the context, because a short one says little that the neural model does not know.

    P(t) = (1 - w · claimed) · P_model(t) + w · P_memory(t),     claimed = sum of P_memory, w = memory_weight in 0..1

Texts are kept as one array of ids; the positions, sorted by the four tokens before them, make a suffix array in which
the followers of any context are one slice.  Adding 200,000 tokens takes milliseconds, a query some tens of
microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ORDER: Final = 4
"""Tokens of context looked at, at most."""
TRUST: Final = (0.0, 0.20, 0.50, 0.80, 0.95)
"""How much of its mass a context of this length may claim."""
DISCOUNT: Final = (0.0, 0.80, 0.75, 0.70, 0.60)
"""What is taken off every count, by length of the context."""
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

    def mix_into(self, model: NDArray[np.float32], weight: float) -> None:
        """Turn the neural model's distribution (shape: vocabulary) into the mixed one, in place."""
        if weight <= 0 or not self.claimed:
            return
        model *= np.float32(1.0 - weight * self.claimed)
        for tokens, claims in self.parts:
            model[tokens] += (weight * claims).astype(np.float32)

    def of(self, token: int) -> float:
        """What is claimed for one token."""
        return float(sum(claims[tokens == token].sum() for tokens, claims in self.parts))


NOTHING: Final = Prediction()


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

    def predict(self, context: Sequence[int], start: bool = False) -> Prediction:
        """What follows the end of `context`; `start` says that the context begins where a text begins."""
        if self._sorted != len(self._added):
            self._sort()
        recent = [self._own_ids.get(token, -1) for token in context[-ORDER:]]
        if start:
            recent = [_START] * (ORDER - len(recent)) + recent
        known = 0
        for own in reversed(recent):
            if own < 0:
                break
            known += 1
        if not known:
            return NOTHING
        bounds, key = [], 0
        for length, own in enumerate(reversed(recent[len(recent) - known :]), start=1):
            shift = _BITS * (ORDER - length)
            key |= own << shift
            bounds += [key, key + (1 << shift) - 1]
        low = np.searchsorted(self._keys, np.array(bounds[::2], np.uint64), side="left")
        high = np.searchsorted(self._keys, np.array(bounds[1::2], np.uint64), side="right")
        parts: list[_Part] = []
        rest, matched, seen = 1.0, 0, 0
        for length in range(known, 0, -1):
            first, last = int(low[length - 1]), int(high[length - 1])
            total = last - first
            if not total:
                continue
            if not matched:
                matched, seen = length, total
            tokens, counts = self._count(bounds[2 * length - 2] << 3 | length, first, last)
            given = (counts - DISCOUNT[length]) * (TRUST[length] / total)
            parts.append((tokens, given * rest))
            rest *= 1.0 - float(given.sum())
        return Prediction(tuple(parts), 1.0 - rest, matched, seen) if parts else NOTHING

    def _count(self, name: int, first: int, last: int) -> _Part:
        if last - first == 1:
            return self._followers[first:last], _ONE
        found = self._cache.get(name)
        if found is None:
            tokens, counts = np.unique(self._followers[first:last], return_counts=True)
            found = tokens, counts.astype(np.float64)
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
