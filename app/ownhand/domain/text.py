"""Words, sentences and differences.  Offsets are Python code points throughout; ends are exclusive."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

_TOKEN = re.compile(r"\n+|[^\S\n]+|\w+(?:['’\-]\w+)*|[^\w\s]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|No|Fig|Inc|Ltd|Co|Jr|Sr|approx|etc|e\.g|i\.e|a\.m|p\.m|U\.S|U\.K)|\b[A-Z])\.$"
)


def tokens(text: str) -> list[str]:
    """Words, punctuation marks and runs of white space; joined again they are the text."""
    return _TOKEN.findall(text)


def words(text: str) -> list[str]:
    """The words of a text, with inner apostrophes and hyphens."""
    return re.findall(r"\w+(?:['’\-]\w+)*", text)


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, stripped; a line break ends one, a known abbreviation does not."""
    found: list[str] = []
    for line in text.splitlines():
        start = 0
        for match in re.finditer(r"[.!?…]+[\"')\]”’]*(?=\s|$)", line):
            candidate = line[start : match.end()].strip()
            following = line[match.end() :].lstrip()
            if match.group(0).startswith(".") and (
                _ABBREVIATION.search(candidate)
                and following[:1]
                and not re.search(r"\b(?:a\.m|p\.m|etc)\.$", candidate)
                or following[:1].islower()
            ):
                continue
            if candidate:
                found.append(candidate)
            start = match.end()
        rest = line[start:].strip()
        if rest:
            found.append(rest)
    return found


@dataclass(frozen=True, slots=True)
class Hunk:
    """One piece of a difference: `old` became `new`; where they are equal nothing changed."""

    old: str = field(repr=False)
    new: str = field(repr=False)

    @property
    def kind(self) -> Literal["equal", "insert", "delete", "replace"]:
        if self.old == self.new:
            return "equal"
        if not self.old:
            return "insert"
        return "replace" if self.new else "delete"


def diff(old: str, new: str) -> list[Hunk]:
    """The difference word by word: joined, the `old` sides are `old` and the `new` sides are `new`.

    Changes that only a blank or a short common word separates are merged, so that a reader judges phrases, not
    crumbs.
    """
    a, b = tokens(old), tokens(new)
    hunks: list[Hunk] = []
    matcher = difflib.SequenceMatcher(a=a, b=b, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        left, right = "".join(a[i1:i2]), "".join(b[j1:j2])
        if (
            tag == "equal"
            and hunks
            and i1 > 0
            and i2 < len(a)
            and j2 < len(b)
            and _is_crumb(left)
            or hunks
            and hunks[-1].kind != "equal"
            and tag != "equal"
        ):
            hunks[-1] = Hunk(hunks[-1].old + left, hunks[-1].new + right)
        else:
            hunks.append(Hunk(left, right))
    return hunks


def _is_crumb(text: str) -> bool:
    return "\n" not in text and (not text.strip() or (len(text.strip()) <= 3 and text.strip().isalpha()))


def apply(hunks: Sequence[Hunk], accepted: Collection[int]) -> str:
    """The text with only the changes at these indexes of `hunks` taken."""
    return "".join(hunk.new if index in accepted else hunk.old for index, hunk in enumerate(hunks))


def levenshtein(a: Sequence[str], b: Sequence[str]) -> int:
    """Edit distance between two sequences with unit costs."""
    if len(a) < len(b):
        a, b = b, a
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (left != right)))
        previous = current
    return previous[-1]
