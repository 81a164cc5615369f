"""What the vault does when the process is killed, the disk fills up, the file is damaged or not writable."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ownhand.adapters import store_file
from ownhand.adapters.store import SqlVault
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.draft import Draft
from ownhand.errors import DiskFull, VaultError

KEY = bytes(range(32))
COMMIT_FOR_EVER = """
import sys
from pathlib import Path
from ownhand.adapters.store import SqlVault
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.draft import Draft
vault = SqlVault.open(Path(sys.argv[1]), bytes(range(32)), "key file")
source = vault.add_source("/mail", "mbox")
number = vault.state().documents
while True:
    text = f"message {number} " + "padding " * 50
    vault.add_documents(source.id, [Document(str(number), Kind.EMAIL, text)], {str(number): "done"})
    vault.save_draft(Draft("d", text=str(number)))
    print(number, flush=True)
    number += 1
"""


def test_killing_it_again_and_again_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    promised = -1
    for round_number in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", COMMIT_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(20 + 7 * round_number):
            promised = int(child.stdout.readline())
        child.kill()
        rest = child.communicate()[0].split("\n")
        promised = max([promised, *(int(line) for line in rest[:-1])])  # a last line without its end may be torn
        vault = SqlVault.open(tmp_path, KEY, "key file")
        stored = {document.id for document in vault.each_document()}
        assert stored >= {str(number) for number in range(promised + 1)}
        assert set(vault.imported_files(1)) == stored
        draft = vault.draft("d")
        assert draft is not None
        assert int(draft.text) >= promised
        assert len(vault.match(["padding"], 10_000)) == len(stored)
        with vault._file.write() as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA cipher_integrity_check").fetchall() == []
            db.execute("INSERT INTO passage_index(passage_index, rank) VALUES('integrity-check', 1)")
        vault.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, where the tests may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small file system (the page limit covers the same claim)")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "none", str(place)], capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a file system (the page limit covers the same claim)")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_said_plainly_and_what_was_there_is_safe(small_disk: Path) -> None:
    folder = small_disk / "vault"
    vault = SqlVault.open(folder, KEY, "key file")
    source = vault.add_source("/mail", "mbox")
    vault.save_draft(Draft("d", text="the draft"))
    added = 0
    with pytest.raises(DiskFull, match="safe"):  # noqa: PT012
        for number in range(500):
            vault.add_documents(source.id, [Document(str(number), Kind.EMAIL, f"word{number} " * 3000)])
            added += 1
    with pytest.raises(DiskFull):
        vault.save_draft(Draft("d", text="x" * 200_000))
    draft = vault.draft("d")
    assert draft is not None
    assert draft.text == "the draft"
    assert 0 < vault.state().documents == added
    vault.close()
    again = SqlVault.open(folder, KEY, "key file")
    assert {document.id for document in again.each_document()} == {str(number) for number in range(added)}
    again.close()


def test_a_full_disk_at_the_very_start_is_said_plainly(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb") as ballast, pytest.raises(OSError) as full:  # noqa: PT012
        while True:
            ballast.write(b"x" * 65536)
            ballast.flush()
    assert full.value.errno == errno.ENOSPC
    with pytest.raises(DiskFull):
        SqlVault.open(small_disk / "vault", KEY, "key file")


def test_a_vault_that_may_not_grow_refuses_the_write_and_keeps_the_rest(tmp_path: Path) -> None:
    vault = SqlVault.open(tmp_path, KEY, "key file")
    source = vault.add_source("/mail", "mbox")
    vault.add_documents(source.id, [Document("old", Kind.EMAIL, "old words")])
    with vault._file.read() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DiskFull):
        vault.add_documents(source.id, [Document("new", Kind.EMAIL, "new words " * 5000)], {"f": "aa"})
    assert [document.id for document in vault.documents()] == ["old"]
    assert vault.imported_files(source.id) == {}
    with vault._file.read() as db:
        db.execute(f"PRAGMA max_page_count={pages + 1000}")
    vault.add_documents(source.id, [Document("new", Kind.EMAIL, "new words " * 5000)])
    assert len(vault.match(["words"], 500)) == vault.state().passages
    vault.close()


def test_a_damaged_page_is_said_plainly(tmp_path: Path) -> None:
    vault = SqlVault.open(tmp_path, KEY, "key file")
    source = vault.add_source("/mail", "mbox")
    vault.add_documents(source.id, [Document(str(n), Kind.EMAIL, f"words {n} " * 300) for n in range(50)])
    vault.close()
    path = tmp_path / store_file.FILE_NAME
    content = bytearray(path.read_bytes())
    for page in range(20, len(content) // 4096):
        content[page * 4096 + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(VaultError, match="damaged"):
        list(SqlVault.open(tmp_path, KEY, "key file").each_document())


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VaultError, match="folder"):
        SqlVault.open(tmp_path / "file" / "vault", KEY, "key file")


def test_a_file_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    SqlVault.open(tmp_path, KEY, "key file").close()
    (tmp_path / store_file.FILE_NAME).unlink()
    (tmp_path / store_file.FILE_NAME).mkdir()
    with pytest.raises(VaultError, match="permissions"):
        SqlVault.open(tmp_path, KEY, "key file")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL in the middle of native code is tested on POSIX")
def test_killed_between_a_change_of_key_and_its_checkpoint_the_new_key_opens_it(tmp_path: Path) -> None:
    vault = SqlVault.open(tmp_path, KEY, "key file")
    vault.set_setting("kept", "yes")
    vault.close()
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom ownhand.adapters.store_file import VaultFile\n"
        "file = VaultFile(Path(sys.argv[1]), bytes(range(32)))\n"
        'file._db.execute("PRAGMA rekey=\\"x\'" + bytes(32).hex() + "\'\\"")\n'
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    again = SqlVault.open(tmp_path, bytes(32), "key file")
    assert again.setting("kept") == "yes"
    again.close()
