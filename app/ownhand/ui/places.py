"""Paths as people know them."""

from __future__ import annotations

from pathlib import Path


def short(path: Path) -> str:
    """A path as the person knows it, from the home folder on.

    >>> short(Path.home() / "Mail")
    '~/Mail'
    """
    try:
        return "~/" + path.relative_to(Path.home()).as_posix()
    except ValueError:
        return str(path)
