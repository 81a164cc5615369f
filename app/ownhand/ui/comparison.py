"""The state of a comparison under review: which changes there are, and what was decided about each.  No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from ownhand.domain.text import Hunk, diff, tokens

WHOLE_BELOW = 0.35
"""Share of words in common under which a comparison word by word would be a puzzle: it is one change then."""


class Verdict(StrEnum):
    """What the person said about a change."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hunks, a verdict for each, and the one under the cursor.

    `current` indexes `changes`; it is -1 where nothing changed.
    """

    hunks: tuple[Hunk, ...] = field(repr=False)
    verdicts: tuple[Verdict, ...] = ()
    current: int = -1

    @classmethod
    def of(cls, old: str, new: str) -> Comparison:
        """Compare two texts; texts with little in common are one change as a whole."""
        hunks = tuple(diff(old, new)) if old else (Hunk("", new),)
        if old.strip() and new.strip():
            a, b = [t for t in tokens(old) if t.strip()], [t for t in tokens(new) if t.strip()]
            same = sum(len([t for t in tokens(h.old) if t.strip()]) for h in hunks if h.kind == "equal")
            if 2 * same < WHOLE_BELOW * (len(a) + len(b)):
                hunks = (Hunk(old, new),)
        comparison = cls(hunks, tuple(Verdict.OPEN for _ in hunks))
        return replace(comparison, current=0 if comparison.changes else -1)

    @property
    def changes(self) -> tuple[int, ...]:
        """Indexes of the hunks that change something."""
        return tuple(index for index, hunk in enumerate(self.hunks) if hunk.kind != "equal")

    @property
    def is_whole(self) -> bool:
        """Whether it is one change of everything, which is read as a new text."""
        return len(self.hunks) == 1 and self.hunks[0].kind in {"insert", "replace"}

    @property
    def rejected(self) -> int:
        """How many changes were rejected."""
        return sum(verdict is Verdict.REJECTED for verdict in self.verdicts)

    @property
    def accepted_indexes(self) -> frozenset[int]:
        """The changes that will be taken: all but the rejected ones."""
        return frozenset(index for index in self.changes if self.verdicts[index] is not Verdict.REJECTED)

    def judge(self, verdict: Verdict) -> Comparison:
        """Say it of the current change and go to the next open one, if there is one; saying it twice opens it again."""
        if self.current < 0:
            return self
        index = self.changes[self.current]
        again = self.verdicts[index] is verdict
        verdicts = list(self.verdicts)
        verdicts[index] = Verdict.OPEN if again else verdict
        judged = replace(self, verdicts=tuple(verdicts))
        return judged if again else judged.to_next_open()

    def move(self, step: int) -> Comparison:
        """The next or previous change, around the end."""
        return replace(self, current=(self.current + step) % len(self.changes)) if self.changes else self

    def at(self, hunk: int) -> Comparison:
        """The change at this index of `hunks`, if it is one."""
        return replace(self, current=self.changes.index(hunk)) if hunk in self.changes else self

    def to_next_open(self) -> Comparison:
        """The next change nothing was said about yet."""
        count = len(self.changes)
        for step in range(1, count + 1):
            position = (self.current + step) % count
            if self.verdicts[self.changes[position]] is Verdict.OPEN:
                return replace(self, current=position)
        return self

    def pieces(self) -> list[tuple[int, int, str]]:
        """What to replace in the old text: (start, end, new) in code points, ascending, for the changes that are
        taken.
        """
        taken, found, at = self.accepted_indexes, [], 0
        for index, hunk in enumerate(self.hunks):
            if index in taken:
                found.append((at, at + len(hunk.old), hunk.new))
            at += len(hunk.old)
        return found

    def result(self) -> str:
        """The text with the changes that are taken."""
        return "".join(
            hunk.new if index in self.accepted_indexes else hunk.old for index, hunk in enumerate(self.hunks)
        )
