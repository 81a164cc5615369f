"""Detectors for wording: set phrases removed or rewritten, words replaced, hedges cut.

Whether a removed sentence was filler or content cannot be told from one edit.  So every removal is noted under the
sentence's
identity (and under its opening words), and since content does not come twice, only filler gathers the second vote.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from ownhand.domain import stock
from ownhand.domain.correspond import Correspondence, canonical, key_of
from ownhand.domain.inflect import base_pair
from ownhand.domain.preference import KEEP, PLAIN_WORDS, STRONG, Dimension
from ownhand.domain.text import levenshtein

Found = tuple[Dimension, str, str, str | None, float]
"""(dimension, subject, value, what it replaced or None, weight)"""

CUT = "cut"
"""The words go, the rest of their sentence stays."""
AVOID = "avoid"
"""The whole phrase or sentence goes."""
OPENING = " …"
"""Ends a subject that is only the opening words of a sentence."""
_LEFT = 0.5
_OPENING_WORDS = 5


def phrases(both: Correspondence) -> Iterator[Found]:
    """Set phrases: known families by name, any other sentence or run of words by itself."""
    kept = both.kept.body
    in_family: set[str] = set()
    for index, sentence in enumerate(both.old):
        for family in stock.FAMILIES:
            match = family.pattern.search(sentence)
            if not match:
                continue
            in_family.add(sentence)
            if family.pattern.search(kept):
                yield Dimension.STOCK_PHRASE, family.key, KEEP, None, _LEFT
            elif family.lead and _mostly_in(sentence[: match.start()] + sentence[match.end() :], kept):
                yield Dimension.STOCK_PHRASE, family.key, CUT, KEEP, STRONG
            else:
                yield Dimension.STOCK_PHRASE, family.key, AVOID, KEEP, STRONG
        del index
    for sentence in both.added:
        for family in stock.FAMILIES:
            if family.pattern.search(sentence):
                yield Dimension.STOCK_PHRASE, family.key, KEEP, AVOID, STRONG
    for sentence in both.removed:
        words = canonical(sentence)
        if sentence not in in_family and 2 <= len(words) <= 25:
            yield Dimension.STOCK_PHRASE, " ".join(words), AVOID, KEEP, STRONG
            if len(words) > _OPENING_WORDS + 1:
                yield Dimension.STOCK_PHRASE, " ".join(words[:_OPENING_WORDS]) + OPENING, AVOID, KEEP, STRONG
    for match_ in both.matches:
        old, new = " ".join(match_.old), " ".join(match_.new)
        key = key_of(old)
        if len(match_.old) == 1 and key != key_of(new) and 3 <= len(canonical(old)) <= 30:
            yield Dimension.STOCK_PHRASE, key, new, KEEP, STRONG
        for run in _deleted_runs(old, new):
            yield Dimension.STOCK_PHRASE, run, CUT, KEEP, STRONG


def _mostly_in(rest: str, text: str) -> bool:
    words, there = canonical(rest), set(canonical(text))
    return bool(words) and sum(word in there for word in words) >= 0.6 * len(words)


def _deleted_runs(old: str, new: str) -> Iterator[str]:
    """Runs of two to eight words that went from a sentence whose rest stayed, other than hedges and known families."""
    a, b = canonical(old), canonical(new)
    for tag, i1, i2, _, _ in difflib.SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes():
        run = " ".join(a[i1:i2])
        if (
            tag == "delete"
            and 2 <= i2 - i1 <= 8
            and run not in stock.HEDGES
            and not any(family.pattern.match(run) for family in stock.FAMILIES)
        ) or (
            tag == "delete"
            and i2 - i1 == 1
            and (run in _CUTTABLE or (run.endswith("ly") and len(run) > 4))
            and run not in stock.HEDGES
        ):
            yield run


_CUTTABLE = frozenset("very so well also too then please kindly truly indeed anyway now".split()) - {"please"}


def hedging(both: Correspondence) -> Iterator[Found]:
    """Softening words cut, kept or put in."""
    old = sum(len(stock.HEDGE_RE.findall(text)) for text, _ in both.pairs)
    new = sum(len(stock.HEDGE_RE.findall(text)) for _, text in both.pairs)
    if old > new == 0:
        yield Dimension.HEDGING, "", AVOID, "use", STRONG
    elif new > old:
        yield Dimension.HEDGING, "", "use", AVOID, STRONG
    elif new:
        yield Dimension.HEDGING, "", "use", None, _LEFT


# ------------------------------------------------------------------------------------------------------- word choices

_CLOSED = frozenset(
    """i you he she it we they me him her us them my your his its our their mine yours ours theirs this that these
    those a an the
    is are was were be been being am has have had do does did will would shall should can could may might must not no
    never
    and or nor if of in on at by with from up down out off over under again here there who whom which what when where
    why how
    all any both each few some one first second last next today tomorrow yesterday monday tuesday wednesday thursday
    friday
    saturday sunday january february march april may june july august september october november december am pm more
    less
    new old same other""".split()
)
_LONGEST = 40
"""Letters of a word; what is longer is no word, and its edit distance takes long."""
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


def word_choices(both: Correspondence) -> Iterator[Found]:
    """One to three words replaced by one to four others in a sentence that otherwise stayed."""
    seen: set[tuple[str, str]] = set()
    for match_ in both.matches:
        old, new = " ".join(match_.old), " ".join(match_.new)
        for before, after in _replacements(old, new):
            pair = base_pair(before, after)
            if pair in seen:
                continue
            seen.add(pair)
            yield Dimension.WORD_CHOICE, pair[0], pair[1], pair[0], STRONG
            if stock.PLAIN.get(pair[0]) == pair[1]:
                yield Dimension.WORD_CHOICE, PLAIN_WORDS, "plain", None, STRONG
        low_old, low_new = f" {' '.join(canonical(old))} ", f" {' '.join(canonical(new))} "
        for word in stock.PLAIN:
            if f" {word} " in low_old and f" {word} " in low_new:
                yield Dimension.WORD_CHOICE, word, word, None, _LEFT
                if word in stock.SAFE_PLAIN:
                    yield Dimension.WORD_CHOICE, PLAIN_WORDS, KEEP, None, _LEFT


def _replacements(old: str, new: str) -> Iterator[tuple[str, str]]:
    a, b = _raw(old), _raw(new)
    keys_a, keys_b = ([_fold(w) for w in side] for side in (a, b))
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=keys_a, b=keys_b, autojunk=False).get_opcodes():
        if tag != "replace" or i2 - i1 > 5 or j2 - j1 > 4:
            continue
        for (before, at), after in _pieces(keys_a[i1:i2], keys_b[j1:j2], i1):
            known = stock.PLAIN.get(before) == after
            if i2 - i1 > 3 and not known:
                continue
            if known or (_is_wording(before, after) and not _is_name(a[at : at + before.count(" ") + 1], at)):
                yield before, after


def _pieces(old: list[str], new: list[str], at: int) -> Iterator[tuple[tuple[str, int], str]]:
    if len(old) == len(new) > 1:
        for k, (x, y) in enumerate(zip(old, new, strict=True)):
            yield (x, at + k), y
    else:
        yield (" ".join(old), at), " ".join(new)


def _raw(text: str) -> list[str]:
    return _WORD.findall(stock.expand(text.replace("’", "'")))


def _fold(word: str) -> str:
    low = word.lower()
    return stock.UK_TO_US.get(low, low)


def _is_name(words: list[str], at: int) -> bool:
    return any(word[:1].isupper() and word != "I" and (at + k > 0 or len(words) > 1) for k, word in enumerate(words))


def _is_wording(before: str, after: str) -> bool:
    """A matter of wording, that is no fact, no number, no change of person or tense, no typo."""
    olds, news = before.split(), after.split()
    if any(len(word) > _LONGEST or re.search(r"[\d_]", word) or word in stock.NUMBER_WORDS for word in (*olds, *news)):
        return False
    if all(word in _CLOSED for word in olds) or all(word in _CLOSED for word in news):
        return False
    if canonical(before) == canonical(after):
        return False
    if len(olds) == len(news) == 1:
        gap = levenshtein(olds[0], news[0])
        stem = len(_common_start(olds[0], news[0]))
        if (gap <= 2 and min(len(olds[0]), len(news[0])) > 3) or (stem >= 4 and gap <= 3):
            return False
    return True


def _common_start(a: str, b: str) -> str:
    size = 0
    while size < min(len(a), len(b)) and a[size] == b[size]:
        size += 1
    return a[:size]
