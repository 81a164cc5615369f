"""Which of the person's own passages help to write this one: features, their weights, and a choice of several.

A passage's score is what it is expected to save, in thousandths of a bit per byte of the text that is to be written.
The weights are fitted to that very saving (the idea of PEARL, Mysore et al. 2023, with a linear ranker instead of a
cross-encoder), on the person's own letters and with the model in use: services/examples.py tries and `verdict` decides.
So a score below zero says that an example would rather mislead, and no verdict that none of them is worth its reading.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from ownhand.domain.corpus import Hit, Kind, Passage
from ownhand.domain.draft import address_of

K: Final = 60
"""Of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009)."""
HALF_LIFE_DAYS: Final = 365.0
RIDGE: Final = 30.0
SURE: Final = 1.0
"""Standard errors by which showing examples must have paid (decision 6)."""
LEAST_LETTERS: Final = 8
"""With fewer letters tried, chance decides."""
FEATURES: Final = ("words", "meaning", "cosine", "person", "recent", "kind", "length")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Situation:
    """What an example is wanted for."""

    recipients: frozenset[str] = field(default=frozenset(), repr=False)
    """Addresses."""
    kind: Kind | None = None
    now: datetime | None = None
    """When it is written; None leaves age out."""


def situation(recipients: Iterable[str] = (), kind: Kind | None = None, now: datetime | None = None) -> Situation:
    """From recipients as they are written."""
    return Situation(frozenset(address_of(recipient) for recipient in recipients), kind, now)


def features(
    passage: Passage, wanted: Situation, word_rank: int | None, meaning_rank: int | None, cosine: float | None
) -> tuple[float, ...]:
    """The values of FEATURES, each 0 to about 1; ranks are 1-based, None where a lane did not find it."""
    days = None
    if wanted.now is not None and passage.written_at is not None:
        days = max(0.0, (wanted.now - passage.written_at).total_seconds() / 86400)
    return (
        _reciprocal(word_rank),
        _reciprocal(meaning_rank),
        max(0.0, cosine or 0.0),
        float(bool(wanted.recipients & {address_of(recipient) for recipient in passage.recipients})),
        0.0 if days is None else math.exp(-days * math.log(2) / HALF_LIFE_DAYS),
        float(wanted.kind is not None and passage.kind is wanted.kind),
        min(1.0, len(passage.text) / 1000),
    )


def _reciprocal(rank: int | None) -> float:
    return 0.0 if rank is None else (K + 1) / (K + rank)


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear ranker."""

    constant: float
    by_feature: Mapping[str, float]

    def score(self, values: Sequence[float]) -> float:
        """The expected saving for these values of FEATURES."""
        return self.constant + sum(
            self.by_feature.get(name, 0.0) * value for name, value in zip(FEATURES, values, strict=True)
        )


def fit(rows: Sequence[Sequence[float]], savings: Sequence[float], ridge: float = RIDGE) -> Weights:
    """Ridge regression of measured savings on features (Hoerl & Kennard 1970); the constant is not shrunk.

    `rows` are values of FEATURES, each brought to unit variance first, so that `ridge` counts in rows: as many are
    believed that nothing depends on any feature.  Raises ValueError without any.
    """
    if not rows:
        raise ValueError("nothing to fit")
    width = len(FEATURES)
    means = [sum(row[column] for row in rows) / len(rows) for column in range(width)]
    mean = sum(savings) / len(savings)
    deviations = [statistics.pstdev(row[column] for row in rows) for column in range(width)]
    scales = [1 / deviation if deviation > 1e-9 else 0.0 for deviation in deviations]
    left = [[ridge * (a == b) for b in range(width)] for a in range(width)]
    right = [0.0] * width
    for row, saving in zip(rows, savings, strict=True):
        centred = [scales[column] * (value - means[column]) for column, value in enumerate(row)]
        for a in range(width):
            right[a] += centred[a] * (saving - mean)
            for b in range(width):
                left[a][b] += centred[a] * centred[b]
    solved = [scale * weight for scale, weight in zip(scales, _solve(left, right), strict=True)]
    constant = mean - sum(weight * means[column] for column, weight in enumerate(solved))
    return Weights(constant, dict(zip(FEATURES, solved, strict=True)))


@dataclass(frozen=True, slots=True)
class Tried:
    """What one passage did as the example for one letter that the person had written."""

    letter: str
    values: tuple[float, ...]
    """Of FEATURES."""
    saved: float
    """Thousandths of a bit per byte of the letter."""


def verdict(tried: Sequence[Tried], ridge: float = RIDGE) -> Weights | None:
    """The weights by which examples are worth showing, None where showing them does not pay.

    Each letter in turn is left out of the fit and gets the passage that is expected to save most, if anything.  What
    these really saved, over all letters, must be above zero by SURE standard errors.
    """
    letters = list(dict.fromkeys(one.letter for one in tried))
    if len(letters) < LEAST_LETTERS:
        return None
    saved: list[float] = []
    for letter in letters:
        others = [one for one in tried if one.letter != letter]
        weights = fit([one.values for one in others], [one.saved for one in others], ridge)
        best = max((one for one in tried if one.letter == letter), key=lambda one: weights.score(one.values))
        saved.append(best.saved if weights.score(best.values) > 0 else 0.0)
    if statistics.fmean(saved) <= SURE * statistics.stdev(saved) / math.sqrt(len(saved)):
        return None
    return fit([one.values for one in tried], [one.saved for one in tried], ridge)


def values_of(hit: Hit, wanted: Situation) -> tuple[float, ...]:
    """The values of FEATURES of what retrieval found."""
    return features(hit.passage, wanted, hit.text_rank, hit.meaning_rank, hit.similarity)


def worth_showing(hits: Sequence[Hit], wanted: Situation, weights: Weights) -> list[Hit]:
    """Those that are expected to save something, the best one first."""
    scored = [(weights.score(values_of(hit, wanted)), place, hit) for place, hit in enumerate(hits)]
    return [hit for score, _, hit in sorted(scored, key=lambda one: (-one[0], one[1])) if score > 0]


def _solve(left: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with pivots; the ridge makes the matrix positive definite."""
    size = len(right)
    rows = [[*left[place], right[place]] for place in range(size)]
    for place in range(size):
        best = max(range(place, size), key=lambda other: abs(rows[other][place]))
        rows[place], rows[best] = rows[best], rows[place]
        for other in range(place + 1, size):
            factor = rows[other][place] / rows[place][place]
            for column in range(place, size + 1):
                rows[other][column] -= factor * rows[place][column]
    found = [0.0] * size
    for place in reversed(range(size)):
        rest = sum(rows[place][column] * found[column] for column in range(place + 1, size))
        found[place] = (rows[place][size] - rest) / rows[place][place]
    return found


def diversified(
    candidates: Sequence[tuple[T, float]], alike: Callable[[T, T], float], count: int, balance: float
) -> list[T]:
    """Up to `count` candidates by maximal marginal relevance (Carbonell & Goldstein 1998).

    `candidates` come with their scores, `alike` says from 0 to 1 how alike two are, and `balance` is what likeness
    to one that was chosen costs, in the unit of the scores.
    """
    left = list(candidates)
    chosen: list[T] = []
    while left and len(chosen) < count:
        best = max(
            left, key=lambda one: one[1] - balance * max((alike(one[0], other) for other in chosen), default=0.0)
        )
        left.remove(best)
        chosen.append(best[0])
    return chosen
