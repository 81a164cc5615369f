"""Where the mail programs on this computer keep sent mail, so that an import can offer it.  Looks at folders only; the
one file that is read is Thunderbird's list of its profiles.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ownhand.domain.folders import is_put_away, is_sent_folder

MOST: Final = 24
"""Places that are offered."""
DEEP: Final = 6
"""Levels below a profile's accounts."""
ENTRIES: Final = 20_000
"""Entries that are looked at in all; a mail folder that is larger is not searched to its end."""

_THUNDERBIRDS: Final = (
    (".thunderbird", "Thunderbird"),
    (".mozilla-thunderbird", "Thunderbird"),
    (".icedove", "Icedove"),
    ("snap/thunderbird/common/.thunderbird", "Thunderbird (snap)"),
    (".var/app/org.mozilla.Thunderbird/.thunderbird", "Thunderbird (Flatpak)"),
    (".var/app/net.thunderbird.Thunderbird/.thunderbird", "Thunderbird (Flatpak)"),
    (".var/app/eu.betterbird.Betterbird/.thunderbird", "Betterbird (Flatpak)"),
    ("AppData/Roaming/Thunderbird", "Thunderbird"),
    ("AppData/Local/Packages/MozillaThunderbird.*/LocalCache/Roaming/Thunderbird", "Thunderbird"),
    ("Library/Thunderbird", "Thunderbird"),
)
_FOLDERS: Final = (
    ("Maildir", "Maildir"),
    ("Mail", "Mail"),
    (".local/share/evolution/mail/local", "Evolution"),
    (".var/app/org.gnome.Evolution/data/evolution/mail/local", "Evolution (Flatpak)"),
    (".local/share/local-mail", "KMail"),
    (".local/share/.local-mail.directory", "KMail"),
)
_APPLE: Final = "Library/Mail/V*/*/*.mbox"


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox file or folder."""

    path: Path
    program: str
    account: str = ""
    """As the program names its folder: 'imap.example.org'."""
    sent: bool = True
    """Whether it holds what the person sent; such places are chosen beforehand."""


def find(home: Path) -> list[Place]:
    """Mailboxes below a home folder, those of sent mail first; at most MOST, each once."""
    found: dict[Path, Place] = {}
    for place in (*_thunderbird(home), *_apple(home), *_others(home)):
        found.setdefault(place.path.resolve(), place)
    return sorted(found.values(), key=lambda place: not place.sent)[:MOST]


def profiles(root: Path) -> list[Path]:
    """The profiles that a folder of Thunderbird's names or holds."""
    found: dict[Path, None] = {}
    listed = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        listed.read_string((root / "profiles.ini").read_text("utf-8", "replace"))
    except (OSError, configparser.Error):
        listed.clear()
    for section in listed.sections():
        path = listed.get(section, "Path", fallback="")
        if section.startswith("Profile") and path:
            inside = listed.get(section, "IsRelative", fallback="1") != "0"
            found[root / path if inside else Path(path)] = None
    for parent in (root, root / "Profiles"):
        found.update(dict.fromkeys(path for path in _listing(parent) if (path / "prefs.js").is_file()))
    return [path for path in found if _is_folder(path)]


def _thunderbird(home: Path) -> Iterator[Place]:
    for pattern, program in _THUNDERBIRDS:
        for root in sorted(_glob(home, pattern)):
            for profile in profiles(root):
                for kind in ("ImapMail", "Mail"):
                    for account in _listing(profile / kind):
                        if _is_folder(account):
                            yield from (Place(path, program, account.name) for path in _sent_below(account))


def _sent_below(account: Path) -> Iterator[Path]:
    """Files (mbox) and folders (Maildir) of sent mail; the folders inside one lie in 'NAME.sbd'."""
    pending = [(account, 0)]
    seen = 0
    while pending and seen < ENTRIES:
        folder, depth = pending.pop()
        for path in _listing(folder):
            seen += 1
            # Beside each mailbox file lie its index (.msf) and filter rules (.dat).
            if path.suffix in {".msf", ".dat", ".json", ".html", ".sqlite", ".log"} or is_put_away(path.stem):
                continue
            if _is_folder(path):
                if path.suffix == ".sbd" and depth < DEEP:
                    pending.append((path, depth + 1))
                elif is_sent_folder((path.name,)) and (path / "cur").is_dir():
                    yield path
            elif is_sent_folder((path.name,)) and _holds_something(path):
                yield path


def _apple(home: Path) -> Iterator[Place]:
    for path in sorted(_glob(home, _APPLE)):
        if is_sent_folder((path.stem,)):
            yield Place(path, "Apple Mail", path.parent.name)


def _others(home: Path) -> Iterator[Place]:
    for pattern, program in _FOLDERS:
        for path in _listing(home / pattern):
            if is_sent_folder((path.name,)) and path.suffix not in {".cmeta", ".ev-summary", ".ibex", ".index"}:
                yield Place(path, program)


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # a folder that is missing or may not be read is none to offer


def _glob(home: Path, pattern: str) -> list[Path]:
    try:
        return list(home.glob(pattern))
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _holds_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
