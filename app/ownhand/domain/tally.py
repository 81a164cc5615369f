"""How it is going, in numbers: counts of each day, summed up to weeks.  No text, no times within a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from ownhand.domain.text import levenshtein, tokens

KEPT_DAYS = 731
"""Older days are dropped: two years say how it is going."""
LONGEST = 3000
"""Tokens of the differing middle of two texts, beyond which their distance is taken as the longer one's length."""


class Verdict(StrEnum):
    """What became of a suggestion."""

    ACCEPTED = "accepted"
    """Taken, and left as it was."""
    EDITED = "edited"
    """Taken, and changed."""
    REJECTED = "rejected"
    """Discarded."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over some time."""

    shown: int = 0
    """Completions that stood on the page."""
    taken: int = 0
    """Completions that were taken, wholly or a word at a time."""
    saved: int = 0
    """Keystrokes that completions saved: characters put in, less those they replaced and the key that took them."""
    accepted: int = 0
    edited: int = 0
    rejected: int = 0
    distance: int = 0
    """Words and marks changed in suggestions that were taken (Levenshtein distance over tokens)."""
    words: int = 0
    """Words and marks of the suggestions that were taken."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in NAMES})

    @property
    def changed(self) -> float | None:
        """Words changed per hundred of the suggestions taken; None where none was."""
        return 100 * self.distance / self.words if self.words else None


NAMES: tuple[str, ...] = tuple(field.name for field in fields(Tally))


def distance(suggested: str, kept: str) -> tuple[int, int]:
    """(token edits, tokens of the suggestion); blanks do not count.

    >>> distance("I have looked at the numbers.", "I looked at the numbers!")
    (2, 7)
    """
    old, new = ([token for token in tokens(text) if not token.isspace()] for text in (suggested, kept))
    size, start = len(old), 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    old, new = old[start:], new[start:]
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    longer = max(len(old), len(new))
    return (longer if longer > LONGEST or not old or not new else levenshtein(old, new)), size


def judged(suggested: str, kept: str) -> Tally:
    """The tally of one suggestion that was taken, and of which `kept` stands."""
    changes, size = distance(suggested, kept)
    return Tally(accepted=int(not changes), edited=int(bool(changes)), distance=changes, words=size)


def by_day(rows: Iterable[tuple[date, str, int]]) -> list[tuple[date, Tally]]:
    """Stored counts as tallies, oldest first; counts of a newer Ownhand are left out."""
    days: dict[date, dict[str, int]] = {}
    for day, name, value in rows:
        if name in NAMES:
            days.setdefault(day, {})[name] = value
    return [(day, Tally(**days[day])) for day in sorted(days)]


def by_week(days: Sequence[tuple[date, Tally]], last: date, weeks: int) -> list[tuple[date, Tally]]:
    """The weeks (by their Mondays) up to the one of `last`, those without counts included."""
    monday = last - timedelta(days=last.weekday())
    sums = {monday - timedelta(weeks=back): Tally() for back in reversed(range(weeks))}
    for day, tally in days:
        start = day - timedelta(days=day.weekday())
        if start in sums:
            sums[start] += tally
    return list(sums.items())


def total(days: Iterable[tuple[date, Tally]]) -> Tally:
    """All of it together."""
    return sum((tally for _, tally in days), Tally())


def table(days: Iterable[tuple[date, Tally]]) -> list[list[str]]:
    """Rows for a spreadsheet, the head first."""
    return [["day", *NAMES]] + [[day.isoformat(), *map(str, asdict(tally).values())] for day, tally in days]
