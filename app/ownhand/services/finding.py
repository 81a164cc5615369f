"""Which files lie below a path, and what is left out with its reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ownhand.domain.folders import PUT_AWAY, is_put_away
from ownhand.errors import BadInput

PLACES = 50
"""How many places are named for each reason; all are counted."""

UNREADABLE = "file that could not be read"


@dataclass(slots=True)
class Left:
    """What was left out, by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def add(self, reason: str, where: str) -> None:
        """Count it, and name the place while there are few."""
        self.counts[reason] += 1
        named = self.places.setdefault(reason, [])
        if len(named) < PLACES and where not in named:
            named.append(where)


def files_below(root: Path, left: Left) -> Iterator[Path]:
    """Regular files in name order: the path itself, or all below it except hidden ones and folders of discarded mail.

    A Maildir's tmp/ is left out and its dotted folders are entered.  Links to folders are not followed, so that there
    is no way round in circles.  Raises BadInput if `root` is missing or cannot be opened.
    """
    if not root.exists():
        raise BadInput(f"There is nothing at {root}. Check the path.")
    if root.is_file():
        if not os.access(root, os.R_OK):
            raise BadInput(f"{root.name} cannot be read. Check who may read it.")
        yield root
        return
    if not root.is_dir():
        raise BadInput(f"{root.name} is neither a file nor a folder.")
    try:
        with os.scandir(root) as entries:
            next(entries, None)
    except OSError as error:
        raise BadInput(f"The folder {root.name} cannot be opened. Check who may read it.") from error
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as listing:
                inside = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            left.add(UNREADABLE, str(folder))
            continue
        names = {entry.name for entry in inside}
        maildir = {"cur", "new"} <= names
        folders: list[Path] = []
        for entry in inside:
            path = Path(entry.path)
            hidden = entry.name.startswith(".")
            if entry.is_dir(follow_symlinks=False):
                if is_put_away(entry.name) and (maildir or not hidden):
                    left.add(PUT_AWAY, entry.path)
                elif (maildir and (hidden or entry.name in {"cur", "new"})) or (not hidden and not maildir):
                    folders.append(path)
            elif not hidden and entry.is_file():
                if is_put_away(entry.name):
                    left.add(PUT_AWAY, entry.path)
                else:
                    yield path
        pending.extend(reversed(folders))
