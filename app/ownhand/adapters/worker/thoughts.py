"""Takes what a model thinks aloud out of its answer, as it streams."""

from __future__ import annotations

from ownhand.adapters.worker.families import THOUGHTS


class Thoughts:
    """Lets an answer through without the thoughts in it; what may still become a mark is held back.

    A thought that never ends hides the rest.  A closing mark right at the beginning ends a thought that the prompt had
    begun.  The blank around thoughts at the beginning goes with them.
    """

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        """The mark that ends the thought we are in, '' outside."""
        self._begun = False
        """Something of the answer was let through."""

    def feed(self, text: str) -> str:
        """Take the next text; what of the answer is certain now."""
        self._held += text
        shown = ""
        while self._held:
            if self._closing:
                before, mark, after = self._held.partition(self._closing)
                if not mark:
                    self._held = before[-(len(self._closing) - 1) :]
                    break
                self._held, self._closing = after, ""
            elif not self._begun and self._skip():
                continue
            elif (opening := self._next_opening()) is not None:
                at, mark, self._closing = opening
                shown += self._show(self._held[:at])
                self._held = self._held[at + len(mark) :]
            else:
                sure = len(self._held) - self._undecided()
                shown += self._show(self._held[:sure])
                self._held = self._held[sure:]
                break
        return shown

    def finish(self) -> str:
        """What was held back in case of a mark."""
        text, self._held = ("" if self._closing else self._held), ""
        return self._show(text)

    def _show(self, text: str) -> str:
        self._begun = self._begun or bool(text)
        return text

    def _skip(self) -> bool:
        """Drop the blank at the beginning, or the end of a thought there; whether there was any."""
        rest = self._held.lstrip()
        ended = next((closing for _, closing in THOUGHTS if rest.startswith(closing)), "")
        dropped = len(self._held) - len(rest) + len(ended)
        self._held = rest[len(ended) :]
        return dropped > 0

    def _next_opening(self) -> tuple[int, str, str] | None:
        found = [(self._held.find(opening), opening, closing) for opening, closing in THOUGHTS]
        return min((place for place in found if place[0] >= 0), default=None)

    def _undecided(self) -> int:
        """Length of the end that may be the beginning of a mark."""
        marks = [opening for opening, _ in THOUGHTS]
        if not self._begun:
            marks += [closing for _, closing in THOUGHTS]
        longest = min(len(self._held), max(map(len, marks)) - 1)
        ends = (self._held[-length:] for length in range(longest, 0, -1))
        return next((len(end) for end in ends if any(mark.startswith(end) for mark in marks)), 0)
