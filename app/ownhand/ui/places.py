"""Where mail programs keep what was sent, so that the import can offer it.  Looks at folders, opens nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MOST = 12
_SENT = ("Sent*", "Gesendet*", "Envoy*", "Enviad*", "Inviat*", "*Sent Mail*")


def likely_places(home: Path | None = None) -> list[Path]:
    """Mailboxes of sent mail found in the usual folders of Thunderbird, Evolution and Maildir, at most `MOST`."""
    found: dict[Path, None] = {}
    for place in _places(home or Path.home()):
        found.setdefault(place)
        if len(found) >= MOST:
            break
    return list(found)


def _places(home: Path) -> Iterator[Path]:
    profiles = [
        home / ".thunderbird",
        home / "snap" / "thunderbird" / "common" / ".thunderbird",
        home / ".var" / "app" / "org.mozilla.Thunderbird" / ".thunderbird",
        home / "Library" / "Thunderbird" / "Profiles",
    ]
    if roaming := os.environ.get("APPDATA"):
        profiles.append(Path(roaming) / "Thunderbird" / "Profiles")
    for root in profiles:
        for pattern in _SENT:
            for depth in ("*/Mail/*", "*/ImapMail/*", "*/ImapMail/*/INBOX.sbd", "*/ImapMail/*/[[]Gmail].sbd"):
                yield from (path for path in _glob(root, f"{depth}/{pattern}") if path.is_file() and not path.suffix)
    for root in (home / "Maildir", home / "Mail", home / ".local" / "share" / "evolution" / "mail" / "local"):
        for pattern in (".Sent*", "Sent*"):
            yield from (path for path in _glob(root, pattern) if path.is_dir() or not path.suffix)


def _glob(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(root.glob(pattern))
    except OSError:
        return []  # a folder that may not be read is none to offer


def short(path: Path) -> str:
    """A path as the person knows it, from the home folder on.

    >>> short(Path.home() / "Mail")
    '~/Mail'
    """
    try:
        return "~/" + path.relative_to(Path.home()).as_posix()
    except ValueError:
        return str(path)
