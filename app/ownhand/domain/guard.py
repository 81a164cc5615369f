"""What a small model may be trusted with.

A model of a hundred million parameters writes fluent sentences and loses the facts on the way.  So its wording
is taken only where it can be checked: all that mattered in the source is there, nothing was invented, and it
did what was asked.  Where a check fails, the source's own words stand.  The same checks hold for larger models;
they just fail less often.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import pairwise

from ownhand.domain import facts, stock
from ownhand.domain.text import levenshtein, sentences, words

FUNCTION_WORDS = frozenset(
    "a about above after again against all also am an and any are as at be because been before being "
    "below between both but by can cannot could did do does doing done down during each either else even "
    "ever every few for from further get got had has have having he her here hers herself him himself his "
    "how however i if in into is it its itself just kind let like may me might mine more most much must "
    "my myself near need neither no nor not now of off often on once one only onto or other our ours out "
    "over own per perhaps please quite rather really same shall she should since so some soon still such "
    "than thank thanks that the their theirs them themselves then there these they this those though "
    "through thus till to too toward towards under until up upon us very via was way we well were what "
    "whatever when where whether which while who whom whose why will with within without would yet you "
    "your yours yourself i'm i've i'll i'd it's that's there's don't doesn't didn't can't won't isn't "
    "aren't wasn't we're we'll we've you're you'll let's regards hi hello dear hey".split()
)
"""Words that say little of what a text is about, and much of how it is written; in lower case."""


def stems(text: str) -> list[str]:
    """The content words of a text, cut to five letters, so that inflections agree."""
    return [
        word.lower()[:5]
        for word in words(text)
        if word.lower().replace("’", "'") not in FUNCTION_WORDS and len(word) > 1
    ]


def covers(source: str, text: str, share: float = 0.8) -> bool:
    """Whether at least `share` of the source's content words are in the text."""
    wanted = stems(source)
    have = set(stems(text)) | {word.lower()[:5] for word in words(text)}
    return not wanted or sum(stem in have for stem in wanted) >= share * len(wanted)


def invents(source: str, text: str, allowed: int = 1) -> bool:
    """Whether the text has more than `allowed` content words that the source has not."""
    have = set(stems(source)) | {word.lower()[:5] for word in words(source)}
    return sum(stem not in have for stem in stems(text)) > allowed


def loops(text: str) -> bool:
    """Whether a run of four words comes three times, or one sentence twice."""
    said = [sentence.lower() for sentence in sentences(text) if len(sentence) > 12]
    if len(set(said)) < len(said):
        return True
    flat = [word.lower() for word in words(text)]
    runs = [tuple(flat[i : i + 4]) for i in range(len(flat) - 3)]
    return any(runs.count(run) >= 3 for run in set(runs))


def keeps(source: str, text: str) -> bool:
    """All facts of the source survive and none is added."""
    found = facts.compare(source, text)
    return not found.dropped and not found.added


def negates_alike(source: str, text: str) -> bool:
    """A 'not' that is lost or added turns a sentence round."""
    pattern = r"\b(?:not|no|never|none|cannot|without|unable|unfortunately|afraid)\b|n['’]t\b"
    return bool(re.search(pattern, source.lower())) == bool(re.search(pattern, text.lower()))


_IN_ANY_ANSWER = (
    "yes works work fine good great perfect happy glad sure sorry confirm confirmed available able thank thanks "
    "message email look looking forward seeing hearing know soon again best suits course"
)
"""Words that an answer may have though the message has not."""


def answers(message: str, text: str) -> bool:
    """Whether an answer speaks of what the message speaks of, and of nothing else: no other day, place or plan."""
    if not text.strip() or loops(text) or broken(text) or facts.compare(message, text).added:
        return False
    return not invents(f"{message}\n{_IN_ANY_ANSWER}", text, 0)


def _spells_alike(before: Sequence[str], after: Sequence[str]) -> bool:
    """Every content word is still there, give or take its spelling, and none is new."""
    old, new = ([word.lower() for word in side if word.lower() not in FUNCTION_WORDS] for side in (before, after))
    lost = [word for word in old if not difflib.get_close_matches(word, [w.lower() for w in after], 1, 0.6)]
    added = [word for word in new if not difflib.get_close_matches(word, [w.lower() for w in before], 1, 0.6)]
    return not lost and not added


def broken(sentence: str) -> bool:
    """Signs of a sentence that came apart: doubled words, a dangling function word, 'The will'."""
    flat = [word.lower() for word in words(sentence)]
    doubled = any(a == b and a not in {"that", "had"} for a, b in pairwise(flat))
    dangling = bool(flat) and flat[-1] in {
        "the",
        "a",
        "an",
        "of",
        "to",
        "and",
        "or",
        "with",
        "for",
        "from",
        "that",
        "is",
    }
    odd = re.search(r"\b(?:the|a|an) (?:will|would|is|are|was|were|to|and|for|in|re|be|know|see|can)\b", sentence, re.I)
    participle = re.search(r"\b(?:is|are|was|were|be|been|has|have) (?:an?|the) \w+(?:ed|ing)\b(?! \w)", sentence, re.I)
    named = re.search(r"(?:['’](?:re|m)|\b(?:is|are|am)) \w+ing \w+ed\b", sentence)  # "We're meeting moved"
    return doubled or dangling or named is not None or odd is not None or participle is not None


def rewords(source: str, text: str, task: str) -> bool:
    """Whether `text` is a faithful rewriting of one sentence for a task (an action's id)."""
    if not text.strip() or loops(text) or not keeps(source, text) or not negates_alike(source, text):
        return False
    if _is_past(source) and not _is_past(text):
        return False
    before, after = words(source), words(text)
    if task == "shorten":
        return len(after) < len(before) and not invents(source, text, 0) and covers(source, text, 0.6)
    if task == "fix":
        distance = levenshtein([word.lower() for word in before], [word.lower() for word in after])
        return distance <= max(4, 0.4 * len(before)) and _spells_alike(before, after)
    if broken(text) and not broken(source):
        return False
    return (
        not _lost(source, text) and not invents(source, text, 2) and 0.5 <= (len(after) + 2) / (len(before) + 2) <= 1.8
    )


def _is_past(text: str) -> bool:
    """Whether it tells of what was: "was swamped" must not become "we're swamped"."""
    return re.search(r"\b(?:was|were|been|had|did)(?:n['’]?t)?\b", text, re.I) is not None


def _lost(source: str, text: str) -> list[str]:
    """Content words that neither stand in the text nor have the plainer or more formal word in their place there."""
    have = {word.lower()[:5] for word in words(text)}
    low = f" {' '.join(words(text.lower()))} "
    gone = [
        word.lower()
        for word in words(source)
        if len(word) > 1 and word.lower().replace("’", "'") not in FUNCTION_WORDS and word.lower()[:5] not in have
    ]
    return [word for word in gone if not any(f" {other}" in low for other in _INSTEAD.get(word, ()))]


def _partners() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for table in (stock.PLAIN, stock.FORMAL):
        for one, other in table.items():
            found[one] = (*found.get(one, ()), other)
            found[other] = (*found.get(other, ()), one)
    return found


_INSTEAD = _partners()
