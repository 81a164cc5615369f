"""The border between code points, which everything else counts in, and the UTF-16 units that Qt counts in."""

from __future__ import annotations


def utf16_length(text: str) -> int:
    """How many UTF-16 units a text takes."""
    return len(text) if text.isascii() else len(text) + sum(ch > "\uffff" for ch in text)


def to_utf16(text: str, offset: int) -> int:
    """The Qt position of a code point offset in `text`."""
    return utf16_length(text[:offset])


def from_utf16(text: str, position: int) -> int:
    """The code point offset of a Qt position; a position inside a surrogate pair counts as before it."""
    if text.isascii():
        return min(position, len(text))
    units = 0
    for offset, ch in enumerate(text):
        units += 2 if ch > "\uffff" else 1
        if units > position:
            return offset
    return len(text)
