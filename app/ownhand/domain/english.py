"""General English as a yardstick: what a habit is measured against, so that only what differs from everybody counts.

A word or phrase is somebody's favourite where its log-odds against general English are high for its own uncertainty:
the method with an informative Dirichlet prior of Monroe, Colaresi and Quinn (Political Analysis 16, 2008), with general
English as the prior.  Showing a model only what differs from others is the idea of DPL (arXiv:2503.02450).

The table itself is data that ships (`resources/english.tsv`), made by `models/recipe/baseline.py`; `parse` reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ownhand.errors import BadInput

COMMON = 1500
"""The most frequent words; a phrase made of these alone is a matter of wording, not of subject."""
PRIOR = 2000.0
"""Words of general English that each writer is taken to have written before; the weight of the prior."""
_MILLION = 1_000_000.0

FUNCTION_WORDS = frozenset(
    "a about above after again all almost along already also although always am among an and another any anybody "
    "anyone anything anyway are around as at away back be because been before being below between both but by can "
    "certainly could did do does doing done down during each either else enough especially even ever every everybody "
    "everyone everything exactly few finally first for from further get given had has have having he hence her here "
    "him his how however i if in indeed instead into is it its itself just last later least less likely little lot "
    "many may maybe me might mine more moreover most mostly much must my myself near neither never next no nobody nor "
    "not nothing now of off often on once one only onto or other others otherwise ought our ours out over own perhaps "
    "please possibly probably quite rather really same shall she should simply since so some somebody someone "
    "something sometimes somewhat soon still such sure than that the their them themselves then there therefore these "
    "they this those though through thus till to together too toward towards under unless until up upon us usually "
    "very via was we well were what whatever when whenever where whereas whether which while who whole whose why will "
    "with within without would yet you your yours yourself".split()
)
"""Words that carry grammar and attitude rather than subject; their rates are a writer's fingerprint (Mosteller and
Wallace, JASA 58, 1963)."""

ABOUT_PEOPLE = frozenset(
    "woman women man men girl girls boy boys lady ladies gentleman gentlemen guy guys husband wife mother father mom "
    "mum dad parents parent son sons daughter daughters brother brothers sister sisters child children kid kids baby "
    "boyfriend girlfriend married single pregnant old young age aged black white asian african american european "
    "indian chinese japanese german french british english jewish christian muslim islam catholic hindu god church "
    "religion religious faith race gay lesbian straight gender sex male female disabled sick health party political "
    "conservative liberal democrat republican native foreign immigrant nationality born".split()
)
"""Words that say who somebody is.  No phrase with one is counted, so that no prompt tells a model anything of that
kind."""

DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
"""A day of the week, as a pattern in lower case."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


def words_of(text: str) -> list[str]:
    """The words of a text as they are counted: lower case, straight apostrophes, letters only."""
    return _WORD.findall(text.lower().replace("’", "'"))


REQUESTS = frozenset(
    "add answer arrange ask attach book bring call cancel change check come confirm copy delete don't email "
    "explain fax fill find finish fix follow forget forward get give help invite join keep leave let look mail "
    "make meet move order pay phone pick plan please prepare print remember remind remove reply report reschedule "
    "review run schedule sell send set share show sign stop take talk tell try turn update use visit wait write".split()
)
"""What a note begins with that asks its reader for something: nobody else is put before it as the one who does it."""


@dataclass(frozen=True, slots=True)
class Favourite:
    """One word or phrase, how often it was counted, and how far beyond chance that is."""

    text: str = field(repr=False)
    count: int
    surprise: float
    """Log-odds against general English in standard deviations; above 2 it is no accident."""
    ratio: float
    """How many times as often as in general English."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Rates of general English: occurrences in a million words, and of traits in a thousand words."""

    words: Mapping[str, float] = field(default_factory=dict, repr=False)
    phrases: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Runs of three and four common words."""
    starts: Mapping[str, float] = field(default_factory=dict, repr=False)
    """The first two words of sentences, in a million sentences."""
    traits: Mapping[str, float] = field(default_factory=dict, repr=False)
    common: frozenset[str] = field(default_factory=frozenset, repr=False)

    def rate(self, trait: str) -> float:
        """Occurrences of a trait in 1,000 words; 0 where the table has none."""
        return self.traits.get(trait, 0.0)


def favourites(
    counts: Mapping[str, int], total: int, general: Mapping[str, float], at_least: int = 3, among: Iterable[str] = ()
) -> list[Favourite]:
    """What somebody uses more than others do, most telling first; ties in alphabetical order.

    `counts` holds occurrences among `total` words (or sentences), `general` those in a million.  With `among`, only
    these are looked at.  What is too rare for the table counts as half as frequent as the rarest in it.
    """
    found: list[Favourite] = []
    unlisted = 0.5 * min(general.values(), default=1.0)
    for text in among or counts:
        count = counts.get(text, 0)
        if count < at_least or total <= 0:
            continue
        expected = general.get(text, unlisted) / _MILLION
        seen = count + PRIOR * expected
        odds = math.log(seen / max(1e-9, total + PRIOR - seen)) - math.log(expected / (1 - expected))
        found.append(Favourite(text, count, odds * math.sqrt(seen), count / total / expected))
    return sorted(found, key=lambda one: (-one.surprise, one.text))


def parse(text: str) -> Baseline:
    """The table from its file.  Raises BadInput where it is none.

    Lines are 'section TAB text TAB rate'; those that begin with '#' say where it comes from.
    """
    sections: dict[str, dict[str, float]] = {"word": {}, "phrase": {}, "start": {}, "trait": {}}
    try:
        for line in text.splitlines():
            if line and not line.startswith("#"):
                section, entry, rate = line.split("\t")
                sections[section][entry] = float(rate)
    except (ValueError, KeyError) as error:
        raise BadInput("The table of general English cannot be read; install Ownhand again.") from error
    return Baseline(
        sections["word"], sections["phrase"], sections["start"], sections["trait"], common_words(sections["word"])
    )


def common_words(rates: Mapping[str, float]) -> frozenset[str]:
    """The most frequent words and all function words, without single letters that are no word and without those that
    say who somebody is.
    """
    ranked = sorted(rates, key=lambda word: (-rates[word], word))
    frequent = [word for word in ranked if len(word) > 1 or word in "ai"][:COMMON]
    return (FUNCTION_WORDS | frozenset(frequent)) - ABOUT_PEOPLE
