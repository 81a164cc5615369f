"""A simulated typist: how many keystrokes completions save somebody who looks at every one of them.

Without help, a text costs one key per character.  With it, the typist asks wherever nothing is shown, and takes what is
shown with one key if it is right: all of it, or word by word.  What is wrong is typed through as far as it agrees, as
the window lets one do.  Keystroke savings are 1 - keys / characters (KSR; Trost et al. 2005); reading what is shown
costs a quarter of a key, as it does when completions are gated (domain/completion.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ownhand.domain.completion import READING

Policy = Literal["whole", "word"]
Ask = Callable[[int], str]
"""What is offered where so many characters of the text stand before the caret; '' for nothing."""

LONGEST_MATCH = 5
"""Words up to which exact matches are counted."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What typing one or more texts came to."""

    characters: int = 0
    keys: int = 0
    shown: int = 0
    taken: int = 0
    taken_characters: int = 0
    right: int = 0
    """Completions that were taken in whole or in part."""

    def __add__(self, other: Typed) -> Typed:
        return Typed(
            self.characters + other.characters,
            self.keys + other.keys,
            self.shown + other.shown,
            self.taken + other.taken,
            self.taken_characters + other.taken_characters,
            self.right + other.right,
        )

    @property
    def saved(self) -> float:
        """Share of the keystrokes saved."""
        return 1 - self.keys / self.characters if self.characters else 0.0

    @property
    def net(self) -> float:
        """The same with the reading of every completion paid for."""
        return self.saved - READING * self.shown / self.characters if self.characters else 0.0

    @property
    def precision(self) -> float:
        """Share of the completions shown that were of use."""
        return self.right / self.shown if self.shown else 0.0


def type_out(text: str, ask: Ask, policy: Policy = "whole") -> Typed:
    """Type a text with completions."""
    at = keys = shown = taken = taken_characters = right = 0
    ghost, used = "", False
    while at < len(text):
        if not ghost:
            ghost = ask(at)
            shown += bool(ghost)
            used = False
        length, extra = _acceptable(text, at, ghost, policy) if ghost else (0, 0)
        if length:
            keys += 1 + extra
            at += length
            taken += 1
            taken_characters += length
            right += not used
            used = True
            ghost = ghost[length:] if policy == "word" and not extra else ""
            continue
        ghost = ghost[1:] if ghost[:1] == text[at] else ""
        keys += 1
        at += 1
    return Typed(len(text), keys, shown, taken, taken_characters, right)


def _acceptable(text: str, at: int, ghost: str, policy: Policy) -> tuple[int, int]:
    """How much of a completion can be taken at once, and how many keys more that takes (a blank to take back)."""
    whole = ghost
    if policy == "word":
        match = re.match(r"\s*\S+ ?", ghost)
        ghost = match.group(0) if match else ghost
    if len(ghost) >= 2 and text.startswith(ghost, at) and ends_word(text, at + len(ghost)):
        return len(ghost), 0
    bare = ghost.rstrip(" ")
    if ghost == bare or not text.startswith(bare, at) or not ends_word(text, at + len(bare)):
        return 0, 0
    if policy == "word" and ghost != whole:
        return (len(bare), 0) if len(bare) >= 2 else (0, 0)
    return (len(bare), 1) if len(bare) >= 3 else (0, 0)


def ends_word(text: str, at: int) -> bool:
    """Whether no word goes on over this place."""
    return at >= len(text) or not (text[at - 1].isalnum() and text[at].isalnum())


def places(text: str, most: int) -> list[int]:
    """Up to so many beginnings of words, evenly spread over the text."""
    starts = [match.start() for match in re.finditer(r"(?<=\s)\S", text)]
    step = max(1.0, len(starts) / max(1, most))
    return [starts[int(index * step)] for index in range(min(most, len(starts)))]


def exact_matches(text: str, at: int, offered: str) -> tuple[bool | None, ...]:
    """For 1 to LONGEST_MATCH words: whether so many words offered are those that follow; None past the text's end."""
    wanted = text[at:].split()
    offer = offered.split()
    return tuple(
        None if len(wanted) < count else offer[:count] == wanted[:count] for count in range(1, LONGEST_MATCH + 1)
    )


def share(values: Iterable[bool | None]) -> float:
    """The share of what is true among what is known."""
    known: Sequence[bool] = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
