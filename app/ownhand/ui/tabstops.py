"""Walking through the places of a snippet that wait for words: Tab goes to the next, Shift+Tab back, Esc ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

from ownhand.ui.offsets import to_utf16

if TYPE_CHECKING:
    from ownhand.ui.editor import Span, WritingEdit


@dataclass(slots=True)
class Stop:
    """One place, followed while the text around it changes; `name` is what stood there at first."""

    span: Span
    name: str


class TabStops:
    """Those of the snippet that was put in last.  What is typed for a name is put in at its other places, too."""

    def __init__(self, edit: WritingEdit) -> None:
        self._edit = edit
        self._stops: list[Stop] = []
        self._whole: Span | None = None
        self._at = 0

    def begin(self, start: int, length: int, stops: tuple[tuple[int, int], ...]) -> None:
        """Walk the stops (code points, from `start` on) of a text of this length that was just put in."""
        self.end()
        if not stops:
            return
        text = self._edit.text()
        if len(stops) == 1 and stops[0][0] == stops[0][1]:
            self._edit.place_caret(start + stops[0][0])
            return
        self._stops = [
            Stop(self._edit.span(start + first, start + last), text[start + first : start + last])
            for first, last in stops
        ]
        self._whole = self._edit.span(start, start + length)
        self._select(0)

    def end(self) -> None:
        """Walk no further."""
        self._stops, self._whole = [], None

    @property
    def active(self) -> bool:
        """Whether stops are left and the caret is among them."""
        if self._whole is None:
            return False
        start, end = self._whole.bounds()
        if start == end or not start <= self._edit.caret <= end:
            self.end()
        return bool(self._stops)

    def step(self, way: int) -> None:
        """To the next stop (1), or the one before (-1); the last one ends it."""
        if way > 0:
            self._repeat(self._stops[self._at])
        self._select(max(0, self._at + way))

    def _repeat(self, done: Stop) -> None:
        """Put what was typed for a name in at its later places, and leave them out of the walk."""
        typed = done.span.text()
        if not done.name or typed == done.name:
            return
        later = [stop for stop in self._stops[self._at + 1 :] if stop.name == done.name]
        for stop in later:
            if stop.span.text() == stop.name:
                self._edit.replace([(*stop.span.bounds(), typed)])
        self._stops = [stop for stop in self._stops if stop not in later]

    def _select(self, number: int) -> None:
        self._at = number
        stop = self._stops[number]
        start, end = stop.span.bounds()
        inside = self._edit.text()[start:end].rfind(stop.name) if stop.name else -1
        if inside >= 0:  # two stops side by side: what was typed in the one before is not this one's
            start, end = start + inside, start + inside + len(stop.name)
        text = self._edit.text()
        cursor = self._edit.textCursor()
        cursor.setPosition(to_utf16(text, start))
        cursor.setPosition(to_utf16(text, end), QTextCursor.MoveMode.KeepAnchor)
        self._edit.setTextCursor(cursor)
        self._edit.ensureCursorVisible()
        if number == len(self._stops) - 1:
            self.end()
