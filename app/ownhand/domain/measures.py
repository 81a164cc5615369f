"""Measures of personalization: whose style a text has, how outputs differ between people, and how sure a mean is.

Small on purpose: they compare Ownhand with and without what it learned, and prove nothing about who wrote a text.
"""

from __future__ import annotations

import math
import random
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ownhand.domain.guard import FUNCTION_WORDS, stems
from ownhand.domain.text import levenshtein, sentences, tokens, words

RESAMPLES = 1000


def interval(values: Sequence[float], resamples: int = RESAMPLES) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean (Efron 1979); the same for the same values."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    chance = random.Random(0)
    means = sorted(statistics.fmean(chance.choices(values, k=len(values))) for _ in range(resamples))
    return means[int(0.025 * resamples)], means[min(resamples - 1, int(0.975 * resamples))]


# --------------------------------------------------------------------------------------------------------- whose style


def style_features(text: str) -> Counter[str]:
    """What a style shows in, whatever the topic: rates of function words, marks, word shapes and line breaks."""
    lower = [word.lower() for word in words(text)]
    found: Counter[str] = Counter(f"word {word}" for word in lower if word in FUNCTION_WORDS)
    found.update(f"mark {mark}" for mark in re.findall(r"[^\w\s]", text))
    found.update(f"end {word[-3:]}" for word in lower if len(word) > 5)
    lines = text.strip().split("\n")
    found["break"] = len(lines) - 1
    for name, line in (("first", lines[0]), ("last", lines[-1])):
        # the names of people say who writes to whom, not how
        shape = re.sub(r"[A-Z][\w'’-]*", "N", line) if len(line) < 40 else "long"
        found[f"{name} {shape}"] += max(1, len(lower) // 20)
    found["sentence"] = len(sentences(text))
    found["capital"] = sum(word[:1].isupper() for word in words(text))
    size = max(1, len(lower))
    return Counter({name: 100 * count / size for name, count in found.items()})


@dataclass(frozen=True, slots=True)
class Attribution:
    """Burrows's Delta (Burrows 2002): the writer whose mean profile lies nearest, each feature in standard scores."""

    centres: Mapping[str, Mapping[str, float]]
    spread: Mapping[str, float] = field(repr=False)

    @classmethod
    def trained(cls, texts: Mapping[str, Sequence[str]], features: int = 300) -> Attribution:
        """From some texts of each writer; the commonest features count."""
        profiles = {who: [style_features(text) for text in own] for who, own in texts.items() if own}
        every = [profile for own in profiles.values() for profile in own]
        common = Counter(name for profile in every for name in profile)
        names = [name for name, _ in common.most_common(features)]
        spread = {name: statistics.pstdev([profile[name] for profile in every]) or 1.0 for name in names}
        centres = {
            who: {name: statistics.fmean([profile[name] for profile in own]) for name in names}
            for who, own in profiles.items()
        }
        return cls(centres, spread)

    def distances(self, text: str) -> dict[str, float]:
        """From each writer, in mean standard deviations per feature."""
        profile = style_features(text)
        return {
            who: statistics.fmean(abs(profile[name] - centre[name]) / self.spread[name] for name in centre)
            for who, centre in self.centres.items()
        }

    def writer(self, text: str) -> str:
        """Whose style it is most like."""
        distances = self.distances(text)
        return min(distances, key=lambda who: (distances[who], who))


# ------------------------------------------------------------------------------------------------- between people


def distance(one: str, other: str) -> float:
    """Edit distance in words and marks, by the longer text: 0 the same, 1 nothing in common."""
    a, b = ([token for token in tokens(text) if token.strip()] for text in (one, other))
    return levenshtein(a, b) / max(1, len(a), len(b))


@dataclass(frozen=True, slots=True)
class Degree:
    """How far outputs for different people differ as what these people want differs."""

    egises: float
    """Insensitivity to the reader (Vansh et al. 2023, EGISES): 0 is best, 1 the same text for everybody."""
    perseval: float
    """Sensitivity with a penalty for what is far from what was wanted (Dasgupta et al. 2024, PerSEval): 1 is best."""


def degree(wanted: Mapping[str, Sequence[str]], written: Mapping[str, Sequence[str]], neutral: Sequence[str]) -> Degree:
    """For people and briefs: what each wanted, what was written for each, and the text for nobody in particular.

    Each difference between two people is taken relative to the difference from the neutral text, and the smaller of
    wanted and written difference by the larger.  Needs two people.
    """
    responses: list[float] = []
    penalised: list[float] = []
    small = 1e-3
    for brief, plain in enumerate(neutral):
        for who in wanted:
            accuracy = 1 - distance(written[who][brief], wanted[who][brief])
            ratios = []
            for other in wanted:
                if other == who:
                    continue
                apart = [
                    (gap := distance(side[who][brief], side[other][brief]))
                    / (gap + distance(side[who][brief], plain) + small)
                    for side in (wanted, written)
                ]
                ratios.append((min(apart) + small) / (max(apart) + small))
            if ratios:
                responses.append(statistics.fmean(ratios))
                penalised.append(responses[-1] / (1 + ((1 - accuracy) / 0.25) ** 2))
    if not responses:
        return Degree(math.nan, math.nan)
    return Degree(1 - statistics.fmean(responses), statistics.fmean(penalised))


def content_kept(source: str, text: str) -> float:
    """Share of the telling words of a brief that a text still has, in whatever form they end."""
    wanted, have = set(stems(source)), set(stems(text))
    return len(wanted & have) / len(wanted) if wanted else 1.0


def brief_of(text: str, points: int = 6) -> tuple[str, ...]:
    """Notes for writing a text again: the telling words of its sentences, in order, in lower case but for names."""
    found = []
    for sentence in sentences(text):
        telling = [word for word in words(sentence) if word.lower() not in FUNCTION_WORDS]
        if len(telling) >= 2:
            found.append(" ".join(telling[:9]))
    return tuple(found[:points])
