"""The sent mail of the programs on this computer is found wherever they keep it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ownhand.services.mail_programs import find, profiles

HOMES = [
    ".thunderbird",
    "snap/thunderbird/common/.thunderbird",
    ".var/app/org.mozilla.Thunderbird/.thunderbird",
    "AppData/Roaming/Thunderbird",
    "AppData/Local/Packages/MozillaThunderbird.MZLA_h5892qc0xkpca/LocalCache/Roaming/Thunderbird",
    "Library/Thunderbird",
]


def write(path: Path, text: str = "From robin Tue Mar  5 10:00:00 2024\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def a_profile(profile: Path) -> set[Path]:
    write(profile / "prefs.js", "")
    imap, local = profile / "ImapMail" / "imap.example.org", profile / "Mail" / "Local Folders"
    for name in ("INBOX", "Sent.msf", "Drafts", "Trash", "Archives"):
        write(imap / name)
    write(local / "Sent", "")
    write(imap / "INBOX.sbd" / "Trash.sbd" / "Sent")
    maildir = imap / "INBOX.sbd" / "Gesendet"
    (maildir / "cur").mkdir(parents=True)
    return {
        write(imap / "Sent"),
        write(imap / "[Gmail].sbd" / "Sent Mail"),
        write(local / "Sent.sbd" / "Sent-2"),
        maildir,
    }


@pytest.mark.parametrize("root", HOMES)
def test_every_place_of_thunderbird_is_looked_at(tmp_path: Path, root: str) -> None:
    folder = tmp_path / root
    write(folder / "profiles.ini", "[Profile0]\nName=default\nIsRelative=1\nPath=Profiles/ab12.default\n")
    wanted = a_profile(folder / "Profiles" / "ab12.default")
    found = find(tmp_path)
    assert {place.path for place in found} == wanted
    assert all(place.sent and place.program.startswith("Thunderbird") for place in found)
    assert {place.account for place in found} == {"imap.example.org", "Local Folders"}


def test_a_profile_can_lie_anywhere_and_the_list_can_be_lost(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "home" / ".thunderbird", tmp_path / "disk" / "mail profile"
    write(
        root / "profiles.ini",
        f"[General]\nVersion=2\n\n[Profile1]\nIsRelative=0\nPath={elsewhere}\n[Profile2]\nPath=gone\n",
    )
    wanted = a_profile(elsewhere)
    assert profiles(root) == [elsewhere]
    assert {place.path for place in find(tmp_path / "home")} == wanted
    write(root / "profiles.ini", "no such [ file\x00")
    wanted = a_profile(root / "cd34.default-release")
    assert {place.path for place in find(tmp_path / "home")} == wanted


def test_sent_mail_of_other_programs_is_offered(tmp_path: Path) -> None:
    wanted = {
        tmp_path / "Maildir" / ".Sent",
        tmp_path / ".local" / "share" / "local-mail" / "sent-mail",
        tmp_path / "Library" / "Mail" / "V10" / "4F3C" / "Sent Messages.mbox",
    }
    for folder in wanted:
        (folder / "cur").mkdir(parents=True)
    (tmp_path / "Maildir" / "cur").mkdir()
    (tmp_path / "Library" / "Mail" / "V10" / "4F3C" / "INBOX.mbox").mkdir()
    assert {place.path for place in find(tmp_path)} == wanted


def test_a_home_without_mail_offers_nothing(tmp_path: Path) -> None:
    assert find(tmp_path) == []
    assert find(tmp_path / "missing") == []


def test_links_in_circles_end(tmp_path: Path) -> None:
    root = tmp_path / ".thunderbird" / "x.default"
    a_profile(root)
    (root / "ImapMail" / "imap.example.org" / "Loop.sbd").symlink_to(root / "ImapMail" / "imap.example.org")
    assert len(find(tmp_path)) == 4
