"""States of prompts that were computed before, so that another that begins like one of them need not be again.

They hold the person's text and live in this process's memory only, up to a number of bytes; the one that was not used
for the longest time goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LIMIT: Final = 256 << 20
"""Bytes of all states together: some 20,000 tokens of the built-in model, 2,000 of one with 1.5 billion parameters."""
SHORTEST: Final = 64
"""Tokens below which computing again is not worth a state."""

Tokens = NDArray[np.int32]
Worn = tuple[tuple[str, int, float], ...]
"""The adapters under which something was computed: name, which of that name, scale.  Under others it means nothing."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The state after the tokens of one prompt."""

    tokens: Tokens
    state: bytes
    worn: Worn = ()


class Prefixes:
    """Saved states, the last used at the end."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._saved: list[Saved] = []

    @property
    def size(self) -> int:
        """Bytes of all states."""
        return sum(len(saved.state) for saved in self._saved)

    def wants(self, tokens: Sequence[int], worn: Worn = ()) -> bool:
        """Whether a state of these tokens would be worth saving."""
        return len(tokens) >= SHORTEST and self.find(tokens, worn=worn)[1] < len(tokens)

    def put(self, tokens: Sequence[int], state: bytes, worn: Worn = ()) -> None:
        """Keep a state; those that are a beginning of it are not needed any more."""
        if len(state) > self._limit:
            return
        new = np.array(tokens, np.int32)
        self._saved = [
            saved for saved in self._saved if saved.worn != worn or common(saved.tokens, new) < len(saved.tokens)
        ]
        self._saved.append(Saved(new, state, worn))
        while self.size > self._limit:
            del self._saved[0]

    def find(self, tokens: Sequence[int], *, whole: bool = False, worn: Worn = ()) -> tuple[Saved | None, int]:
        """The state, made under these adapters, that shares the longest beginning with these tokens, and its length.

        With `whole`, only states all of whose tokens stand at the beginning: some architectures cannot be cut.
        """
        wanted = np.array(tokens, np.int32)
        best: Saved | None = None
        longest = 0
        for saved in self._saved:
            length = common(saved.tokens, wanted)
            if saved.worn == worn and length > longest and (not whole or length == len(saved.tokens)):
                best, longest = saved, length
        if best is not None:
            self._saved.sort(key=lambda saved: saved is best)
        return best, longest

    def clear(self) -> None:
        self._saved.clear()


def common(one: Tokens, other: Tokens) -> int:
    """Length of the beginning that two sequences of tokens share."""
    length = min(len(one), len(other))
    different = np.flatnonzero(one[:length] != other[:length])
    return int(different[0]) if len(different) else length
