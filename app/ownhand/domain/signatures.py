"""The person's own signature, recognised because it stands under many of their messages.

cleaning.split takes off what is marked as a signature ("-- ") or reads like a letterhead.  What is left may still end
in a motto or the name of a firm.  Lines that end message after message, below the closing and the name, are one; the
closing and the name are style and stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from ownhand.domain import quotation as q

LINES: Final = 6
"""A signature's longest length."""
REPEATED: Final = 3
"""Messages that must end alike, and at least SHARE of those that were seen."""
SHARE: Final = 0.05
KNOWN: Final = 20_000
"""Different endings that are counted; a person has a few signatures, and then some chance."""


class Signatures:
    """Counts how messages end.  `add` what was written, then ask `split` where the signature begins."""

    def __init__(self, known: Iterable[tuple[str, int]] = ()) -> None:
        self._endings: Counter[tuple[str, ...]] = Counter()
        self._messages = 0
        for signature, count in known:
            self._endings[_key(signature.split("\n"))] += count
            self._messages += count

    def add(self, text: str, name: str = "") -> None:
        """Take the ending of one message into account; `name` is its sender's."""
        self._messages += 1
        if len(self._endings) < KNOWN:
            for start, lines in _tails(text, name):
                del start
                self._endings[_key(lines)] += 1

    def split(self, text: str, name: str = "") -> tuple[str, str]:
        """The text without the signature, and the signature; ('...', '') where it has none that is repeated."""
        least = max(REPEATED, SHARE * self._messages)
        found = (text, "")
        for start, lines in _tails(text, name):
            if self._endings[_key(lines)] >= least:
                found = text[:start].rstrip(), "\n".join(line for line in lines if line.strip())
        return found if found[0] else (text, "")


def _tails(text: str, name: str) -> list[tuple[int, list[str]]]:
    """The last lines of a text, from the shortest to the longest that can be a signature, with where each begins."""
    words = {word.lower() for word in re.findall(r"\w{2,}", name)}
    lines = text.split("\n")
    found: list[tuple[int, list[str]]] = []
    at = len(text)
    for back in range(1, min(LINES + 2, len(lines))):
        line = lines[-back]
        at -= len(line) + (back > 1)
        if not line.strip():
            continue
        if len(line) > 120 or _is_closing(line, words):
            break
        found.append((at, [line.strip() for line in lines[-back:]]))
    return found


def _is_closing(line: str, name: set[str]) -> bool:
    head = re.split(r"[,!]", line.strip(), maxsplit=1)[0]
    own = {word.lower() for word in re.findall(r"\w{2,}", line)}
    initials = bool(re.fullmatch(r"\W*\w{1,2}\W*", line))
    return initials or bool(q.SIGN_OFF.match(head[:60])) or (bool(own) and own <= name)


def _key(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(" ".join(line.lower().split()) for line in lines if line.strip())
