"""The vault's file: who can open it, what can be read in it, and what is left in it of what was forgotten."""

from __future__ import annotations

import secrets
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from helpers.vaults import KEY, a_document
from ownhand.adapters import schema
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault, erase, exists
from ownhand.domain.download import Connection
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.preference import Dimension, Edit, Evidence, Preference
from ownhand.errors import NewerVault, VaultError, VaultInUse, WrongKey

HOLD_OPEN = """
import sys
from pathlib import Path
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault
vault = SqlVault.open(Path(sys.argv[1]), bytes(range(32)), "key file")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(folder, KEY, "key file")
    yield opened
    opened.close()


# ------------------------------------------------------------------------------------------------ what can be read


def decrypted_pages(folder: Path, key: bytes) -> bytes:
    """Every page of vault.db and of its log in clear: what somebody with the key could dig out of the files.

    SQLCipher 4: pages of 4096 bytes with 80 reserved at the end, of which the first 16 are the IV; AES-256-CBC; the
    first 16 bytes of page 1 are the salt.
    """

    def clear(page: bytes, first: bool) -> bytes:
        start = 16 if first else 0
        decryptor = Cipher(algorithms.AES(key), modes.CBC(page[4016:4032])).decryptor()
        return decryptor.update(page[start:4016]) + decryptor.finalize()

    whole = (folder / "vault.db").read_bytes()
    pages = [clear(whole[at : at + 4096], at == 0) for at in range(0, len(whole), 4096)]
    log_path = folder / "vault.db-wal"
    log = log_path.read_bytes() if log_path.exists() else b""
    for at in range(32, len(log) - 4119, 4120):
        number = int.from_bytes(log[at : at + 4], "big")
        pages.append(clear(log[at + 24 : at + 4120], number == 1))
    return b"\n".join(pages)


def test_what_was_forgotten_is_in_no_page_of_the_file_even_for_somebody_with_the_key(
    vault: SqlVault, folder: Path
) -> None:
    words = {name: f"{name}{secrets.token_hex(6)}" for name in ("zqforget", "zqremove", "zqdraft", "zqedit", "zqrule")}
    source, other = vault.add_source("/1", "folder"), vault.add_source("/2", "folder")
    filler = [a_document(f"ordinary words number {number} " * 20) for number in range(60)]
    regretted = a_document(f"word {words['zqforget']} " + "text " * 2000)
    vault.add_documents(source.id, [*filler[:30], regretted, *filler[30:]])
    vault.add_documents(other.id, [a_document(f"word {words['zqremove']}", age=number) for number in range(3)])
    vectors = {p.id: secrets.token_bytes(1536) for p in vault.passages_without_vectors(999)}
    vault.put_vectors(vectors)
    vault.save_draft(Draft("d", text=words["zqdraft"] * 400))
    vault.add_edit(Edit("e", words["zqedit"], "kept"), [Evidence("e", Dimension.GREETING, words["zqedit"])])
    vault.save_preference(Preference("p", Dimension.CUSTOM, words["zqrule"]))
    before = decrypted_pages(folder, KEY)
    assert all(word.encode() in before for word in words.values()), "the search itself must work"

    gone = [*vault.forget_document(regretted.id), *vault.remove_source(other.id)]
    vault.delete_draft("d")
    vault.forget_learning()
    after = decrypted_pages(folder, KEY)
    assert b"ordinary words" in after
    assert [name for name, word in words.items() if word.encode() in after] == []
    assert [number for number in gone if vectors[number] in after] == []


def test_nothing_the_person_wrote_can_be_read_in_the_files(vault: SqlVault, folder: Path) -> None:
    canary = "The heron waits by the green canal"
    source = vault.add_source(f"/home/{canary}", "folder")
    vault.add_documents(source.id, [a_document(canary, canary, recipients=(canary,))], {canary: "aa"})
    vault.save_draft(Draft("d", text=canary, subject=canary))
    vault.add_edit(Edit("e", canary, canary, context=canary), [Evidence("e", Dimension.GREETING, canary)])
    vault.save_preference(Preference("p", Dimension.CUSTOM, canary, statement=canary))
    vault.save_audience(Audience("work", canary, (canary,)))
    vault.set_setting("note", canary)
    assert vault.match(["heron"], 5)
    for _ in range(2):  # with the log full, and again with it folded into the file
        raw = b"".join(path.read_bytes() for path in folder.iterdir() if path.name != "vault.lock")
        assert len(raw) > 50_000
        for trace in (
            canary.encode(),
            b"heron",
            b"canal",
            b"SQLite format",
            b"CREATE TABLE",
            canary.encode("utf-16-le"),
        ):
            assert trace not in raw
        vault.close()
    assert canary not in repr(a_document(canary, canary)) + repr(vault)


# ----------------------------------------------------------------------------------------------------- the whole file


def test_everything_is_there_after_closing_and_opening_again(folder: Path) -> None:
    with_content = SqlVault.open(folder, KEY, "key file")
    source = with_content.add_source("/1", "folder")
    with_content.add_documents(source.id, [a_document("stays")])
    with_content.close()
    with_content.close()
    with pytest.raises(VaultError, match="closed"):
        with_content.sources()
    again = SqlVault.open(folder, KEY, "passphrase")
    assert [d.text for d in again.documents()] == ["stays"]
    state = again.state()
    assert (state.documents, state.passages, state.vectors, state.key_holder) == (1, 1, 0, "passphrase")
    assert state.path == folder / "vault.db"
    assert state.bytes > 4096
    assert "AES-256" in state.cipher
    again.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps other people out by the folder's own access list")
def test_only_the_owner_may_read_the_vault(vault: SqlVault, folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        ("vault.db", "vault.db-wal", "vault.db-shm", "vault.lock"), 0o600
    )


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_a_folder_that_holds_other_files_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "somebody else's").write_text("file")
    key = KeyRing(tmp_path).create("keyfile")
    SqlVault.open(tmp_path, key, "key file").close()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "vault.db").stat().st_mode & 0o777 == 0o600


def test_another_key_opens_nothing_and_harms_nothing(folder: Path) -> None:
    SqlVault.open(folder, KEY, "key file").close()
    for wrong in (bytes(32), b"short"):
        with pytest.raises(WrongKey):
            SqlVault.open(folder, wrong, "key file")
    SqlVault.open(folder, KEY, "key file").close()


@pytest.mark.parametrize("content", [b"nothing like a database " * 400, b"x"])
def test_a_file_that_is_no_vault_is_refused_and_left_alone(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "vault.db").write_bytes(content)
    with pytest.raises(WrongKey):
        SqlVault.open(folder, KEY, "key file")
    assert (folder / "vault.db").read_bytes() == content


def test_an_unencrypted_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    plain = sqlite3.connect(folder / "vault.db")
    plain.execute("CREATE TABLE t(x)")
    plain.commit()
    plain.close()
    with pytest.raises(WrongKey):
        SqlVault.open(folder, KEY, "key file")


def test_a_second_process_is_told_that_the_vault_is_in_use_until_the_first_is_killed(folder: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(VaultInUse):
            SqlVault.open(folder, KEY, "key file")
        with pytest.raises(VaultInUse):
            erase(folder)
    finally:
        child.kill()
        child.communicate()
    SqlVault.open(folder, KEY, "key file").close()


def test_a_second_opening_in_the_same_process_is_refused_too(vault: SqlVault, folder: Path) -> None:
    with pytest.raises(VaultInUse):
        SqlVault.open(folder, KEY, "key file")
    assert vault.sources() == []


def test_a_vault_of_a_newer_ownhand_is_refused(folder: Path) -> None:
    newer = SqlVault.open(folder, KEY, "key file")
    with newer._file.write() as db:
        db.execute(f"PRAGMA user_version={len(schema.MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(NewerVault, match="newer"):
        SqlVault.open(folder, KEY, "key file")


def test_a_vault_of_the_first_version_learns_to_keep_the_connection_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as first:
        first.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        old = SqlVault.open(folder, KEY, "key file")
        old.set_setting("kept", "yes")
        old.close()
    vault = SqlVault.open(folder, KEY, "key file")
    at = datetime(2026, 11, 24, 22, 5, tzinfo=UTC)
    number = vault.open_connection(Connection(at, "huggingface.co", "download of a model"))
    vault.open_connection(Connection(at, "us.aws.cdn.hf.co", "download of a model"))
    vault.end_connection(number, 123, "complete")
    vault.close()
    vault = SqlVault.open(folder, KEY, "key file")
    assert vault.setting("kept") == "yes"
    assert vault.connections() == [
        Connection(at, "us.aws.cdn.hf.co", "download of a model"),
        Connection(at, "huggingface.co", "download of a model", 123, "complete"),
    ]
    vault.close()


def test_a_migration_that_fails_leaves_the_vault_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(db: schema.Connection) -> None:
        db.execute("CREATE TABLE half(x)")
        raise RuntimeError("stopped here")

    SqlVault.open(folder, KEY, "key file").close()
    released = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, half))
    with pytest.raises(RuntimeError, match="stopped here"):
        SqlVault.open(folder, KEY, "key file")
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, lambda db: db.execute("CREATE TABLE half(y)")))
    migrated = SqlVault.open(folder, KEY, "key file")
    with migrated._file.read() as db:
        assert schema.version_of(db) == len(released) + 1
    migrated.close()


def test_after_a_change_of_key_only_the_new_one_opens_it(folder: Path) -> None:
    vault = SqlVault.open(folder, KEY, "key file")
    vault.set_setting("kept", "yes")
    new_key = secrets.token_bytes(32)
    vault.rekey(new_key)
    assert vault.setting("kept") == "yes"
    vault.close()
    with pytest.raises(WrongKey):
        SqlVault.open(folder, KEY, "key file")
    again = SqlVault.open(folder, new_key, "key file")
    assert again.setting("kept") == "yes"
    again.close()


def test_erasing_leaves_no_file_behind(vault: SqlVault, folder: Path) -> None:
    vault.set_setting("x", "y")
    assert exists(folder)
    vault.close()
    removed = erase(folder)
    assert "vault.db" in removed
    assert list(folder.iterdir()) == []
    assert not exists(folder)
    assert erase(folder) == []


def test_many_threads_may_use_it_at_once(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(15):
                vault.add_documents(source.id, [a_document(f"thread {name} text {number}")])
                vault.match(["thread"], 5)
                vault.save_draft(Draft(f"{name}"))
                list(vault.each_vector())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert vault.state().documents == 90


def test_erasing_looks_whether_anything_is_left(tmp_path: Path) -> None:
    KeyRing(tmp_path).create("keyfile")
    SqlVault.open(tmp_path, KeyRing(tmp_path).unlock(), "key file").close()
    (tmp_path / "vault.of-somebody").write_text("not made by this version")
    with pytest.raises(VaultError, match=r"vault\.of-somebody"):
        erase(tmp_path)
    assert not (tmp_path / "vault.db").exists()
    assert not (tmp_path / "vault.key").exists()
