"""The disk is full at any step: what was acknowledged is there, what was not is gone, and one sentence says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.vaults import a_document, a_vector
from ownhand.adapters import keys
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.safe import Safe
from ownhand.adapters.store import SqlVault
from ownhand.adapters.store_file import TEMPORARY
from ownhand.domain.draft import Draft
from ownhand.domain.preference import Edit
from ownhand.errors import DiskFull, UserError
from ownhand.services.importing import Importing
from ownhand.services.library import write_whole
from ownhand.services.privacy import Privacy

ROBIN = Path(__file__).resolve().parents[1] / "data" / "import" / "robin.mbox"
ME = "robin.vale@example.org"
PASSPHRASE = "five kilns and a lockgate"
SIZE = 8 << 20
LONG = "A long sentence about kilns and tea, which goes on. "


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 8 MB, where the tests may mount one."""
    place = tmp_path_factory.mktemp("disk")
    mount = shutil.which("mount")
    if mount is None or sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small file system (the limit on file sizes covers the same claim)")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("this machine lets nobody mount a file system (the limit on file sizes covers the same claim)")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


class Person:
    """A vault on the small disk, and all that can be done to it."""

    def __init__(self, folder: Path, outside: Path) -> None:
        self.folder, self.outside = folder, outside
        self.vault = SqlVault.open(folder, KeyRing(folder).unlock(), "key file")
        self.privacy = Privacy(self.vault, Safe(self.vault, folder, write_whole), [], list, list)

    def known(self) -> dict[str, object]:
        return {
            "documents": sorted(document.id for document in self.vault.each_document()),
            "passages found": len(self.vault.match(["kilns"], 99_999)),
            "vectors": sum(len(pairs) for pairs in self.vault.each_vector()),
            "drafts": self.vault.drafts(),
            "edits": self.vault.edits(),
            "setting": self.vault.setting("theme"),
            "connections": len(self.vault.connections()),
        }

    def imports(self) -> None:
        Importing(self.vault, None, IMPORTERS).run([ROBIN], [ME])

    def embeds(self) -> None:
        self.vault.put_vectors({p.id: a_vector(0.5) for p in self.vault.passages_without_vectors(999)})

    def writes(self) -> None:
        self.vault.save_draft(Draft("new", text=LONG * 2000))

    def writes_on(self) -> None:
        self.vault.save_draft(Draft("d", text=LONG * 2000))

    def learns(self) -> None:
        self.vault.add_edit(Edit("new", LONG * 500, LONG * 500, "draft", "everyone", "", (), None), [])

    def sets(self) -> None:
        self.vault.set_setting("theme", "dark" * 2000)

    def forgets_one(self) -> None:
        self.vault.forget_document(self.vault.documents()[0].id)

    def forgets_somebody(self) -> None:
        self.vault.forget_person("dana@example.org")

    def removes_a_source(self) -> None:
        self.vault.remove_source(self.vault.sources()[0].id)

    def exports(self) -> None:
        self.privacy.export(self.folder / "all.zip")

    def backs_up(self) -> None:
        self.privacy.back_up(self.folder / "all.backup", PASSPHRASE)

    def restores(self) -> None:
        self.privacy.restore(self.outside / "all.backup", PASSPHRASE)

    def changes_holder(self) -> None:
        self.privacy.hand_key_to("passphrase", PASSPHRASE)


STEPS: list[Callable[[Person], None]] = [
    Person.imports, Person.embeds, Person.writes, Person.writes_on, Person.learns, Person.sets, Person.forgets_one,
    Person.forgets_somebody, Person.removes_a_source, Person.exports, Person.backs_up, Person.restores,
    Person.changes_holder,
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def cheap_passphrases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_LARGE", "_SMALL"):
            patch.setattr(keys, name, {"memory_kib": 8192, "iterations": 1, "lanes": 1})
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cheap_passphrases: None) -> Path:
    """A vault that was lived in, with a backup of a larger one beside it."""
    folder = tmp_path_factory.mktemp("template") / "vault"
    vault = SqlVault.open(folder, KeyRing(folder).create("keyfile"), "key file")
    source = vault.add_source("/mail", "mbox")
    texts = [a_document(f"Number {n}. {LONG * 20}", age=n, recipients=("dana@example.org",)) for n in range(150)]
    vault.add_documents(source.id, texts[:60], {"/mail": "aa"})
    vault.save_draft(Draft("d", text="the draft"))
    vault.add_edit(Edit("e", "Dear Dana", "Hi Dana", "draft", "everyone", "", ("sam@example.org",), None), [])
    vault.close()
    larger = folder.with_name("larger")
    shutil.copytree(folder, larger)
    more = SqlVault.open(larger, KeyRing(larger).unlock(), "key file")
    more.add_documents(1, texts)
    Safe(more, larger, write_whole).back_up(folder.with_name("all.backup"), PASSPHRASE)
    more.close()
    return folder


def fill(disk: Path, room: int) -> Path:
    """Leave so many bytes free."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - room)))
    return ballast


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_full_disk_at_any_step_loses_nothing_that_was_acknowledged(disk: Path, template: Path, step) -> None:
    refused = 0
    for room in (0, 8 << 10, 48 << 10, 120 << 10, 400 << 10):
        folder = disk / "vault"
        shutil.copytree(template, folder)
        person = Person(folder, template.parent)
        before = person.known()
        ballast = fill(disk, room)
        failure: UserError | None = None
        try:
            step(person)
        except DiskFull as error:
            failure = error
            refused += 1
            sentence = str(error)
            assert "room" in sentence or "full" in sentence
            assert "\n" not in sentence
            assert len(sentence) < 200
        after = person.known()
        if failure is not None and step is not Person.imports:
            assert after == before, f"refused with {room} bytes left, so nothing has changed"
        if step is Person.imports:
            assert set(before["documents"]) <= set(after["documents"])  # type: ignore[call-overload]
        ballast.unlink()
        holder = person.privacy.holder()
        person.vault.close()
        again = SqlVault.open(folder, KeyRing(folder).unlock(PASSPHRASE), "")
        person.vault = again
        assert person.known() == after, "and what is known is on the disk"
        assert holder == ("passphrase" if step is Person.changes_holder and failure is None else "keyfile")
        with again._file.read() as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA cipher_integrity_check").fetchall() == []
        assert not list(folder.glob(TEMPORARY + "*"))
        assert not list(folder.glob(".all.*"))
        again.close()
        shutil.rmtree(folder)
    assert refused, "the disk was full for this step, at least once"


def test_a_vault_that_cannot_be_made_leaves_no_key_behind_that_opens_nothing(disk: Path) -> None:
    ballast = fill(disk, 0)
    with pytest.raises(DiskFull):
        KeyRing(disk / "fresh").create("keyfile")
    ballast.unlink()
    shutil.rmtree(disk / "fresh", ignore_errors=True)
    KeyRing(disk / "fresh").create("keyfile")
    shutil.rmtree(disk / "fresh")


LIMITED = """
import resource, sys
from pathlib import Path
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault
from ownhand.domain.draft import Draft
from ownhand.errors import DiskFull
folder = Path(sys.argv[1])
vault = SqlVault.open(folder, KeyRing(folder).unlock(), "")
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
saved = 0
try:
    for number in range(1, 500):
        vault.save_draft(Draft(str(number), text="word " * 2000))
        saved = number
except DiskFull as error:
    print(error)
print(saved)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits on the size of files are POSIX")
def test_a_limit_on_the_size_of_files_is_a_full_disk(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    shutil.copytree(template, folder)
    done = subprocess.run([sys.executable, "-c", LIMITED, str(folder)], capture_output=True, text=True, check=False)
    sentence, saved = done.stdout.strip().split("\n")
    assert "disk is full" in sentence, done.stderr
    assert int(saved) > 3
    vault = SqlVault.open(folder, KeyRing(folder).unlock(), "")
    assert {draft.id for draft in vault.drafts()} == {"d", *(str(number) for number in range(1, int(saved) + 1))}
    vault.close()
