"""Counts what is shown, taken and changed, per day and without a word of text, for the person to see how it goes."""

from __future__ import annotations

import csv
import io
import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from ownhand.domain import tally
from ownhand.domain.ports import Vault
from ownhand.domain.preference import Origin, Preference
from ownhand.domain.tally import KEPT_DAYS, Tally
from ownhand.errors import UserError
from ownhand.services.learning import Learning
from ownhand.services.library import write_atomically

_log = logging.getLogger(__name__)

REST_S = 20.0
"""How long counts wait in memory, at least, so that they cost no transaction of their own at each key."""
NEEDED = 2
"""The edit with which a rule comes into effect."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A rule, and the day on which it was seen the second time."""

    day: date
    statement: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How it is going: each day with counts, oldest first, and what was learned, newest first."""

    days: Sequence[tuple[date, Tally]]
    learned: Sequence[Learned]


class Tallying:
    """Takes counts from any thread at no cost, and stores them when it is asked to."""

    def __init__(self, vault: Vault, learning: Learning) -> None:
        self._vault = vault
        self._learning = learning
        self._lock = threading.Lock()
        self._waiting: dict[date, Counter[str]] = {}
        self._stored = time.monotonic()

    # counting: returns at once

    def shown(self) -> None:
        """A completion stands on the page."""
        self._add(Tally(shown=1))

    def taken(self, text: str, replaced: int = 0) -> None:
        """A completion was taken with one key, in the place of so many characters."""
        self._add(Tally(taken=1, saved=max(0, len(text) - replaced - 1)))

    def rejected(self) -> None:
        """A suggestion was discarded."""
        self._add(Tally(rejected=1))

    def judged(self, suggested: str, kept: str) -> None:
        """What became of a suggestion that was taken; it compares them, so not in a thread that must not wait."""
        self._add(tally.judged(suggested, kept))

    def _add(self, more: Tally) -> None:
        with self._lock:
            self._waiting.setdefault(date.today(), Counter()).update(asdict(more))

    # storing and telling

    def flush(self, *, soon: bool = False) -> None:
        """Store what was counted; with `soon`, only where that is a while ago.  Raises VaultError."""
        with self._lock:
            if soon and time.monotonic() - self._stored < REST_S:
                return
            waiting, self._waiting = self._waiting, {}
            self._stored = time.monotonic()
        for day, counts in waiting.items():
            self._vault.count(
                day,
                {name: value for name, value in counts.items() if value},
                date.today() - timedelta(days=KEPT_DAYS),
            )

    def close(self) -> None:
        """Store what is left; where that fails these few counts are lost, which is no reason not to end."""
        try:
            self.flush()
        except UserError as error:
            _log.warning("the last counts were not stored: %s", type(error).__name__)

    def forget(self) -> None:
        """What was counted and not stored yet goes as well, when everything learned is forgotten."""
        with self._lock:
            self._waiting.clear()

    def progress(self) -> Progress:
        """All that is known."""
        self.flush()
        return Progress(tally.by_day(self._vault.counts()), self._learned())

    def _learned(self) -> list[Learned]:
        times = {edit.id: edit.at for edit in self._vault.edits(100_000) if edit.at is not None}
        found: list[Learned] = []
        for item in self._learning.preferences():
            day = _second(item, times)
            if day is not None and item.enabled:
                found.append(Learned(day, self._learning.statement(item)))
        return sorted(found, key=lambda one: (-one.day.toordinal(), one.statement))

    def save_csv(self, path: Path) -> None:
        """Each day's counts as a table for a spreadsheet (RFC 4180).  Raises DiskFull or BadInput."""
        write_atomically(path, as_csv(self.progress().days).encode())


def as_csv(days: Sequence[tuple[date, Tally]]) -> str:
    """Days as comma-separated values with a head."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(tally.table(days))
    return out.getvalue()


def _second(item: Preference, times: Mapping[str, datetime]) -> date | None:
    """The local day on which a learned rule had the edits it needs."""
    if item.origin is not Origin.LEARNED:
        return None
    known = sorted(times[edit] for edit in item.edits if edit in times)
    return known[NEEDED - 1].astimezone().date() if len(known) >= NEEDED else None
