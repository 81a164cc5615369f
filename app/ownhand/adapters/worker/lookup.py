"""Guessing the next tokens by what followed the same tokens before (prompt lookup decoding, Saxena 2023).

A rewrite mostly repeats its source, and several guessed tokens are checked in one step that costs less than computing
them one after another.  How many are guessed follows from what steps cost on this machine and how often guesses held
lately; where guessing does not pay, none are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

_LONG, _SHORT = 4, 2
"""Tokens that must have occurred before: a longer match is believed first."""
COUNTS: Final = (6, 3, 1)
"""Guesses in a step, tried with the token that is known already.  From 8 places on llama.cpp multiplies in another way,
whose rounding is not that of single tokens."""
_PRIOR: Final = 0.8
_WEIGHT: Final = 0.08
_MARGIN: Final = 1.1
"""How many times faster guessing must promise to be."""


class Trust:
    """How often guessed tokens held lately."""

    def __init__(self) -> None:
        self.held = _PRIOR

    def observe(self, held: int, guessed: int) -> None:
        """So many of the guesses in one step held; those after the first wrong one say nothing."""
        for number in range(min(held + 1, guessed)):
            self.held += _WEIGHT * ((1.0 if number < held else 0.0) - self.held)

    def guesses(self, cost: Callable[[int], float | None], most: int) -> int:
        """How many tokens to guess, at most `most`, 0 where it does not pay.

        `cost` gives the seconds of a step of so many tokens, None where it is not known yet.
        """
        one = cost(1)
        if one is None:
            return 0
        best, gain, held = 0, _MARGIN, min(self.held, 0.98)
        for count in (count for count in COUNTS if count <= most):
            step = cost(count + 1)
            expected = (1.0 - held ** (count + 1)) / (1.0 - held)
            promise = expected * one / step if step is not None else _MARGIN + 0.01  # unknown: worth finding out
            if promise > gain:
                best, gain = count, promise
        return best


class Lookup:
    """The tokens of one prompt and its answer, indexed by their recent past."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """One more token was written."""
        tokens = self._tokens
        for length in (_LONG, _SHORT):
            if len(tokens) >= length:
                self._after[tuple(tokens[-length:])] = len(tokens)
        tokens.append(token)

    def guess(self, most: int) -> list[int]:
        """Up to `most` tokens that may follow; [] where the last ones occurred nowhere before."""
        tokens = self._tokens
        for length in (_LONG, _SHORT):
            place = self._after.get(tuple(tokens[-length:]))
            if place is not None:
                return tokens[place : place + most]
        return []
