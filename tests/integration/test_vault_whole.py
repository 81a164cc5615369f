"""Taking a vault along and bringing it back: exports and backups that make an equal vault again."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.vaults import a_vector
from ownhand.adapters import keys, store_whole
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.safe import Safe
from ownhand.adapters.store import SqlVault
from ownhand.adapters.store_file import TEMPORARY
from ownhand.domain.actions import OwnAction, Scope
from ownhand.domain.corpus import ReplyContext
from ownhand.domain.download import Connection
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.preference import Edit
from ownhand.domain.snippets import Snippet
from ownhand.errors import BadInput, DiskFull, KeyUnavailable, WrongKey
from ownhand.services.importing import Importing
from ownhand.services.learning import Learning
from ownhand.services.library import write_whole
from ownhand.services.privacy import Privacy
from ownhand.settings import MAX_WORDS, Settings

ROBIN = Path(__file__).resolve().parents[1] / "data" / "import" / "robin.mbox"
ME = "robin.vale@example.org"
PASSPHRASE = "five kilns and a lockgate"
DAY = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


class Home:
    """A vault in a folder of its own, with the services over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ring = KeyRing(folder)
        key = ring.create("keyfile") if ring.holder() is None else ring.unlock()
        self.vault = SqlVault.open(folder, key, "key file")
        self.privacy = Privacy(self.vault, Safe(self.vault, folder, write_whole), [], list, list)
        self.settings = Settings(self.vault)
        self.learning = Learning(self.vault, None, self.settings)

    def lived_in(self) -> Home:
        """With a history, and with everything a person can leave in a vault."""
        Importing(self.vault, None, IMPORTERS).run([ROBIN], [ME])
        waiting = self.vault.passages_without_vectors(999)
        self.vault.put_vectors({passage.id: a_vector(passage.id / 100) for passage in waiting[:-3]})
        for number in range(4):
            suggested, kept = f"Dear Dana,\n\nI hope this finds you well {number}.", f"Hi Dana,\n\nAll fine {number}."
            self.learning.observe(
                Edit(f"e{number}", suggested, kept, "draft", "everyone", "a meeting", ("dana@x.org",), DAY)
            )
        self.learning.state("no exclamation marks")
        self.learning.choose("everyone", "greeting", "Hello")
        self.settings.set(MAX_WORDS, 5)
        self.vault.save_audience(Audience("a1", "Work", ("dana@x.org",), ("x.org",)))
        reply = ReplyContext("Could we meet?", "Dana")
        self.vault.save_draft(
            Draft("d1", text="wörds\n\x85 \u2028", recipients=("dana@x.org",), audience="a1", reply_to=reply)
        )
        self.vault.end_connection(
            self.vault.open_connection(Connection(DAY, "huggingface.co", "a model", 0, "")), 9, "done"
        )
        self.vault.forget_document(self.vault.documents()[0].id)
        self.vault.save_snippet(Snippet("s1", "offer", "Dear {name},\n\n{cursor}"))
        self.vault.save_own_action(OwnAction("o1", "Plain", "No exclamation marks", Scope.WHOLE))
        self.vault.count(DAY.date(), {"shown": 3, "saved": 40}, DAY.date())
        return self

    def known(self) -> dict[str, object]:
        """All that a person could tell two vaults apart by."""
        for document in self.vault.each_document():
            self.learning.measure(document)
        state = self.vault.state()
        return {
            "documents": list(self.vault.each_document()),
            "sources": [
                (source.path, source.kind, source.documents, source.added_at) for source in self.vault.sources()
            ],
            "files": [self.vault.imported_files(source.id) for source in self.vault.sources()],
            "counts": (state.documents, state.passages, state.edits, state.preferences, state.drafts),
            "drafts": self.vault.drafts(),
            "snippets": self.vault.snippets(),
            "own actions": self.vault.own_actions(),
            "counts of days": self.vault.counts(),
            "edits": self.vault.edits(),
            "evidence": self.vault.evidence(),
            "stored rules": self.vault.preferences(),
            "preferences": self.learning.preferences(),
            "profile": [
                (trait.key, trait.measured, trait.documents, trait.setting) for trait in self.learning.traits()
            ],
            "rules": self.learning.profile_rules("everyone"),
            "audiences": self.vault.audiences(),
            "connections": self.vault.connections(),
            "max words": Settings(self.vault).get(MAX_WORDS),
            "found": len(self.vault.match(["meeting", "tuesday"], 99)),
        }


@pytest.fixture(scope="module", autouse=True)
def cheap_passphrases() -> Iterator[None]:
    """What Argon2id costs is tested with the keys; here it only has to be asked."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_LARGE", "_SMALL"):
            patch.setattr(keys, name, {"memory_kib": 8192, "iterations": 1, "lanes": 1})
        yield


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a vault that was lived in, and beside it a backup of it."""
    made = Home(tmp_path_factory.mktemp("vault") / "one").lived_in()
    made.privacy.back_up(made.folder.parent / "all.backup", PASSPHRASE)
    made.vault.close()
    return made.folder


@pytest.fixture
def home(lived_in: Path, tmp_path: Path) -> Iterator[Home]:
    shutil.copytree(lived_in, tmp_path / "one")
    made = Home(tmp_path / "one")
    yield made
    made.vault.close()


@pytest.fixture
def backup(lived_in: Path) -> Path:
    return lived_in.parent / "all.backup"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "two")
    yield made
    made.vault.close()


def differences(one: dict[str, object], two: dict[str, object]) -> list[str]:
    return [name for name in one if one[name] != two[name]]


def test_an_export_makes_an_equal_vault_again(home: Home, other: Home, tmp_path: Path) -> None:
    assert home.privacy.export(tmp_path / "all.zip") == 38
    taken = other.privacy.restore(tmp_path / "all.zip")
    assert (taken.documents, taken.drafts, taken.edits) == (38, 1, 4)
    known = home.known()
    assert len(known["preferences"]) >= 2, "something was learned"  # type: ignore[arg-type]
    assert differences(known, other.known()) == []
    assert other.vault.state().vectors == 0
    assert len(other.vault.passages_without_vectors(99)) == other.vault.state().passages, "vectors are made anew"


def test_a_backup_makes_an_equal_vault_again_vectors_included(home: Home, other: Home, backup: Path) -> None:
    other.privacy.restore(backup, PASSPHRASE)
    assert differences(home.known(), other.known()) == []
    assert other.vault.state().vectors == home.vault.state().vectors > 30
    assert other.vault.edit_vectors() == home.vault.edit_vectors()
    by_text = [
        {passage.text: vector for number, vector in pairs for passage in one.vault.passages([number])}
        for one in (home, other)
        for pairs in one.vault.each_vector()
    ]
    assert by_text[0] == by_text[1]


def test_the_same_again_adds_nothing(home: Home, other: Home, backup: Path, tmp_path: Path) -> None:
    home.privacy.export(tmp_path / "all.zip")
    before = home.known()
    for path in (tmp_path / "all.zip", backup):
        assert home.privacy.restore(path, PASSPHRASE).documents == 0
        assert differences(before, home.known() | {"profile": before["profile"], "rules": before["rules"]}) == []
    other.privacy.restore(tmp_path / "all.zip")
    assert other.privacy.restore(backup, PASSPHRASE).documents == 0
    assert other.vault.state().vectors == home.vault.state().vectors, "the backup brought the vectors after all"


def test_what_is_here_already_stays_and_the_newer_draft_wins(home: Home, other: Home, tmp_path: Path) -> None:
    forgotten = home.vault.documents()[0]
    home.privacy.export(tmp_path / "all.zip")
    home.vault.forget_document(forgotten.id)
    home.vault.save_draft(Draft("d1", text="newer"))
    assert home.privacy.restore(tmp_path / "all.zip").documents == 0, "what was forgotten here stays forgotten"
    assert [draft.text for draft in home.vault.drafts()] == ["newer"]
    other.vault.save_draft(Draft("d1", text="older", updated_at=datetime(1999, 1, 1, tzinfo=UTC)))
    other.settings.set(MAX_WORDS, 3)
    other.privacy.restore(tmp_path / "all.zip")
    assert [draft.text for draft in other.vault.drafts()] == ["wörds\n\x85 \u2028"]
    assert Settings(other.vault).get(MAX_WORDS) == 3


def test_every_table_travels_or_can_be_made_again(home: Home) -> None:
    with home.vault._file.read() as db:
        found = db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    names = {name for (name,) in found if not name.startswith(("sqlite_", "passage_index_"))}
    assert names == {table.name for table in store_whole.TABLES} | set(store_whole.DERIVED)


# --------------------------------------------------------------------------------------------------------- backups


def test_a_backup_is_unreadable_without_its_passphrase_and_is_no_key_to_the_vault(
    home: Home, backup: Path, tmp_path: Path
) -> None:
    raw = backup.read_bytes()
    assert b"SQLite format" not in raw
    assert not any(
        word.encode() in raw
        for document in home.vault.documents()
        for word in document.text.split()[:9]
        if len(word) > 6
    )
    key = KeyRing(home.folder).unlock()
    assert key not in raw
    assert key.hex().encode() not in raw
    with zipfile.ZipFile(backup) as archive:
        archive.extractall(tmp_path / "unpacked")
    with pytest.raises(WrongKey):
        SqlVault.open(tmp_path / "unpacked", key, "key file")
    backup_key = KeyRing(tmp_path / "unpacked").unlock(PASSPHRASE)
    SqlVault.open(tmp_path / "unpacked", backup_key, "passphrase").close()
    home.vault.close()
    with pytest.raises(WrongKey):
        SqlVault.open(home.folder, backup_key, "key file")


def test_a_backup_is_the_vault_as_it_was_at_one_moment_and_leaves_nothing_beside_itself(
    home: Home, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "all.backup"
    home.privacy.back_up(path, PASSPHRASE)
    home.privacy.back_up(path, PASSPHRASE)  # over the old one
    assert os.listdir(path.parent) == ["all.backup"]
    assert path.stat().st_mode & 0o077 == 0
    assert not list(home.folder.glob(TEMPORARY + "*"))
    (home.folder / (TEMPORARY + "killed")).mkdir()
    Safe(home.vault, home.folder, write_whole)
    assert not list(home.folder.glob(TEMPORARY + "*"))


@pytest.mark.parametrize(
    ("passphrase", "error", "match"),
    [("", KeyUnavailable, "passphrase"), ("wrong wrong wrong", WrongKey, "does not fit this backup")],
)
def test_a_backup_asks_for_its_own_passphrase(
    other: Home, backup: Path, passphrase: str, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        other.privacy.restore(backup, passphrase)
    assert other.vault.state().documents == 0


def test_a_short_passphrase_is_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="8 characters"):
        home.privacy.back_up(tmp_path / "all.backup", "short")
    assert not (tmp_path / "all.backup").exists()


def broken(path: Path, target: Path, how: str) -> Path:
    if how == "cut":
        target.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "text":
        target.write_text("not a zip")
    elif how == "other zip":
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("a.txt", "hello")
    elif how == "newer":
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("ownhand.json", json.dumps({"format": 99}))
    elif how in ("bad row", "no json"):
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("ownhand.json", json.dumps({"format": 1}))
            archive.writestr("data/source.jsonl", json.dumps({"path": "/x", "kind": "mbox", "added_at": ""}) + "\n")
            archive.writestr("data/document.jsonl", '{"id": "1", "text": {"a": 1}}\n' if how == "bad row" else "{{{")
    else:
        damaged = bytearray(path.read_bytes())
        for place in range(len(damaged) // 3, len(damaged) // 2, 5000):
            damaged[place] ^= 0xFF
        target.write_bytes(damaged)
    return target


@pytest.mark.parametrize("how", ["cut", "text", "other zip", "newer", "bad row", "no json", "damaged"])
def test_a_broken_file_is_said_plainly_and_changes_nothing(other: Home, backup: Path, tmp_path: Path, how: str) -> None:
    with pytest.raises(BadInput, match="newer" if how == "newer" else r"damaged|neither"):
        other.privacy.restore(broken(backup, tmp_path / "broken", how), PASSPHRASE)
    assert other.vault.sources() == []
    assert other.vault.state().documents == 0
    assert not list(other.folder.glob(TEMPORARY + "*"))


def test_an_export_in_a_full_place_leaves_no_half_of_itself(home: Home, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="could not be saved"):
        home.privacy.export(tmp_path / "nowhere" / "all.zip")
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises((DiskFull, BadInput)):
        home.privacy.export(Path("/dev/full/all.zip"))


# ------------------------------------------------------------------------------------------------------------- key


def test_the_key_changes_hands_without_the_text_being_encrypted_anew(home: Home) -> None:
    home.vault.close()
    file = home.folder / "vault.db"
    before = file.read_bytes()
    vault = SqlVault.open(home.folder, KeyRing(home.folder).unlock(), "key file")
    privacy = Privacy(vault, Safe(vault, home.folder, write_whole), [], list, list)
    privacy.hand_key_to("passphrase", PASSPHRASE)
    assert (privacy.holder(), privacy.key_holder()) == ("passphrase", "passphrase")
    assert not (home.folder / "vault.key").exists()
    with pytest.raises(WrongKey):
        privacy.hand_key_to("passphrase", "another passphrase", "not the current one")
    privacy.hand_key_to("passphrase", "another passphrase", PASSPHRASE)
    with pytest.raises(WrongKey):
        KeyRing(home.folder).unlock(PASSPHRASE)
    privacy.hand_key_to("keyfile", current="another passphrase")
    vault.close()
    pages = [[raw[place : place + 4096] for place in range(0, len(raw), 4096)] for raw in (before, file.read_bytes())]
    assert sum(one != two for one, two in zip(*pages, strict=True)) <= 1, "opening alone writes the first page"
    SqlVault.open(home.folder, KeyRing(home.folder).unlock(), "key file").close()
