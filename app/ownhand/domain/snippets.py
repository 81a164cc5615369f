"""Snippets: texts the person saved under a name, with places that are filled when one is put into a draft.

`{name}` is the first name of the first recipient, `{date}` today in the person's usual form, `{me}` how they sign;
`{cursor}` is where the caret goes in the end.  Every other `{word}`, and each of these where it is not known, is a tab
stop: it stands as it is, selected, until something is typed in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NAME, DATE, ME, CURSOR = "name", "date", "me", "cursor"
LONGEST_NAME = 40
_PLACE = re.compile(r"\{([^\W\d_][\w '’-]{0,39})\}")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text under a name."""

    id: str
    name: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Filled:
    """A snippet as it goes into a draft."""

    text: str = field(repr=False)
    stops: tuple[tuple[int, int], ...] = ()
    """(start, end) in code points of each tab stop in `text`, in the order in which they are walked; the last is where
    the caret goes, and may be empty."""


def name_of(text: str) -> str:
    """A name as it is stored: one line without blanks around it, of at most 40 characters."""
    return " ".join(text.split())[:LONGEST_NAME].strip()


def fill(text: str, known: Mapping[str, str]) -> Filled:
    """The text with what is known in its places; what is not becomes a tab stop.

    >>> fill("Hi {name}, {cursor} {me}", {"name": "Dana", "me": "Robin"}).stops
    ((9, 9),)
    >>> fill("{amount} by {day}", {}).stops
    ((0, 8), (12, 17), (17, 17))
    """
    parts: list[str] = []
    stops: list[tuple[int, int]] = []
    end: tuple[int, int] | None = None
    length = at = 0
    for found in _PLACE.finditer(text):
        before = text[at : found.start()]
        place = found.group(1).lower()
        value = "" if place == CURSOR else known.get(place, "") or found.group(0)
        start = length + len(before)
        if place == CURSOR:
            end = end or (start, start)
        elif not known.get(place):
            stops.append((start, start + len(value)))
        parts += [before, value]
        length, at = start + len(value), found.end()
    parts.append(text[at:])
    filled = "".join(parts)
    return Filled(filled, (*stops, end or (len(filled), len(filled))))
