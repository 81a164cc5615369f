"""How many threads compute a step: what the last steps of that size have cost decides.

Which number is best depends on the processor, the model, the size of the step and on what else the machine is doing:
one token at a time gains little from a second thread, a prompt nearly everything, and a thread too many makes a busy
machine several times slower.  So every size of step has its own estimates, and they are kept fresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_SMALL: Final = 8
_TRIALS: Final = 2
"""Steps before an estimate counts; the best of them is taken, for the first one warms caches."""
_WEIGHT: Final = 0.25
"""Of a new measurement in the estimate."""
_FRESH_S: Final = 20.0
"""After so long the neighbours of the best number are tried once more."""
_CALM_S: Final = 2.0
"""No more often than this, so that on a restless machine trying does not cost more than it finds."""
_SLOW: Final = 1.6
"""A step this many times slower than its estimate says that the machine has become busy or idle."""


@dataclass(slots=True)
class _Estimate:
    seconds: float = float("inf")
    """For one token."""
    trials: int = 0


class Pace:
    """Chooses among numbers of threads by what steps have cost lately."""

    def __init__(self, threads: Sequence[int], clock: Callable[[], float] = time.monotonic) -> None:
        """A step of one token never takes the largest of several numbers: it would gain little from the last core, and
        llama.cpp rounds such a step otherwise on every number of threads, so on two cores a text is always the same.
        """
        self._threads = tuple(sorted(set(threads)))
        self._alone = self._threads[:-1] or self._threads
        self._clock = clock
        self._estimates: dict[int, dict[int, _Estimate]] = {}
        self._looked: dict[int, float] = {}

    def choose(self, tokens: int) -> int:
        """Threads for a step of so many tokens."""
        size = _size(tokens)
        known = self._estimates.setdefault(size, {count: _Estimate() for count in self._choices(size)})
        for count, estimate in known.items():
            if estimate.trials < _TRIALS:
                return count
        best = min(known, key=lambda count: known[count].seconds)
        if self._clock() - self._looked.setdefault(size, self._clock()) > _FRESH_S:
            self._look_again(size, best)
        return best

    def cost(self, tokens: int) -> float | None:
        """Seconds that a step of so many tokens is expected to take, or None where none was measured yet."""
        known = self._estimates.get(_size(tokens), {})
        seconds = min((estimate.seconds for estimate in known.values() if estimate.trials >= _TRIALS), default=None)
        return None if seconds is None else seconds * tokens

    def observe(self, tokens: int, threads: int, seconds: float) -> None:
        """Take note of what a step has cost."""
        size = _size(tokens)
        known = self._estimates.get(size)
        if known is None:
            return
        estimate, each = known[threads], seconds / tokens
        settled = estimate.trials >= _TRIALS
        if settled and each > _SLOW * estimate.seconds and self._clock() - self._looked.get(size, 0.0) > _CALM_S:
            self._look_again(size, threads)
        estimate.seconds = (
            estimate.seconds + _WEIGHT * (each - estimate.seconds) if settled else min(estimate.seconds, each)
        )
        estimate.trials += 1

    def _look_again(self, size: int, best: int) -> None:
        """Have the numbers next to the best one tried again."""
        self._looked[size] = self._clock()
        choices = self._choices(size)
        place = choices.index(best)
        for neighbour in choices[max(0, place - 1) : place + 2]:
            if neighbour != best:
                self._estimates[size][neighbour] = _Estimate(trials=_TRIALS - 1)

    def _choices(self, size: int) -> tuple[int, ...]:
        return self._alone if size == 1 else self._threads


def _size(tokens: int) -> int:
    """Steps that share their estimates: small ones differ, of larger ones those within a factor of two are alike."""
    return tokens if tokens <= _SMALL else _SMALL + tokens.bit_length()
