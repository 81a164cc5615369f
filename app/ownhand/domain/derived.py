"""Which of a few texts were made from which of many others, told by the words they share."""

from __future__ import annotations

import re
from collections.abc import Iterable

EXAMPLES_WORTH = "examples.worth"
"""Setting: for which situations examples help the model in use (services/examples.py)."""
RULES_USED = "preferences.used"
"""Setting: when each rule last shaped a suggestion that was taken (services/learning.py)."""
SETTINGS = (EXAMPLES_WORTH, RULES_USED)
"""What is kept as a setting and was computed from texts: it goes when any text goes."""
RUN = 6
"""Words in a row that two texts hardly share by chance."""
LEAST = 3
"""A text of fewer words tells nothing."""


def words_of(text: str) -> list[str]:
    """The words, in lower case."""
    return re.findall(r"\w+", text.lower())


class Derivations:
    """Finds, among ours (the texts of edits), those that hold words of others (documents).

    >>> edits = Derivations([("e1", "Hi Dana, the kiln is cold and so is the tea."), ("e2", "Thanks!")])
    >>> edits.look("You will not believe it, but the kiln is cold and so is the tea.")
    >>> sorted(edits.shared)[0], edits.holders("kiln is cold and so is")
    ('cold and so is the tea', {'e1'})
    """

    def __init__(self, ours: Iterable[tuple[str, str]]) -> None:
        """`ours`: an id and a text each; an id may come several times."""
        self._holders: dict[str, set[str]] = {}
        self._whole: list[tuple[str, str]] = []
        self._lengths: set[int] = set()
        self.shared: set[str] = set()
        """Runs of words that others hold, too."""
        for identity, text in ours:
            words = words_of(text)
            length = min(RUN, len(words))
            if length >= LEAST:
                self._lengths.add(length)
                self._whole.append((identity, f" {' '.join(words)} "))
            for start in range(len(words) - length + 1 if length >= LEAST else 0):
                self._holders.setdefault(" ".join(words[start : start + length]), set()).add(identity)

    def holders(self, run: str) -> set[str]:
        """Which of ours hold these words."""
        return self._holders.get(run, set())

    def look(self, text: str) -> None:
        """Take a text of the others into account."""
        if not self._holders:
            return
        words = words_of(text)
        for length in self._lengths:
            for start in range(len(words) - length + 1):
                run = " ".join(words[start : start + length])
                if run in self._holders:
                    self.shared.add(run)
        if LEAST <= len(words) < RUN:  # shorter than our runs, so it is looked for as a whole
            whole = " ".join(words)
            inside = {identity for identity, ours in self._whole if f" {whole} " in ours}
            if inside:
                self._holders.setdefault(whole, set()).update(inside)
                self.shared.add(whole)
