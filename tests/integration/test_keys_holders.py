"""The key of the vault: whoever holds it, it comes back, and nothing but its holder opens the vault."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError, PasswordDeleteError

from ownhand.adapters import keys
from ownhand.adapters.keys import KeyRing, keyring_available
from ownhand.adapters.store import SqlVault, erase
from ownhand.errors import BadInput, KeyUnavailable, NewerVault, UserError, VaultError, WrongKey

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")


class MemoryKeyring(KeyringBackend):
    """A keyring as somebody's plug-in would bring it; `broken` is raised by every call while it is set."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if (service, username) not in self.entries:
            raise PasswordDeleteError
        del self.entries[service, username]


@pytest.fixture(autouse=True)
def wallet() -> Iterator[MemoryKeyring]:
    before, mine = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same function at a cost that suits a test; one test below pays the real price."""
    monkeypatch.setattr(keys, "_LARGE", {"memory_kib": 8 * 1024, "iterations": 1, "lanes": 1})
    monkeypatch.setattr(keys, "_SMALL", {"memory_kib": 8 * 1024, "iterations": 1, "lanes": 1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


# ---------------------------------------------------------------------------------------------- each of the holders


@pytest.mark.parametrize(
    ("how", "words"), [("keyring", "system keyring"), ("passphrase", "passphrase"), ("keyfile", "key file")]
)
def test_every_holder_gives_the_same_key_back(folder: Path, how: keys.Holder, words: str) -> None:
    ring = KeyRing(folder)
    assert (ring.holder(), ring.describe()) == (None, "no key yet")
    key = ring.create(how, "correct horse" if how == "passphrase" else None)
    assert len(key) == 32
    again = KeyRing(folder)
    assert again.unlock("correct horse") == key
    assert (again.holder(), again.describe()) == (how, words)
    vault = SqlVault.open(folder, key, again.describe())
    assert vault.state().key_holder == words
    vault.close()


def test_two_vaults_have_two_keys(tmp_path: Path) -> None:
    assert KeyRing(tmp_path / "a").create("keyring") != KeyRing(tmp_path / "b").create("keyring")


@pytest.mark.parametrize("how", ["keyring", "passphrase"])
def test_the_key_itself_lies_in_no_file_unless_that_was_chosen(folder: Path, how: keys.Holder) -> None:
    key = KeyRing(folder).create(how, "correct horse")
    raw = everything_in(folder)
    for trace in (key, key.hex().encode(), base64.b64encode(key), b"horse"):
        assert trace not in raw


@POSIX
def test_only_the_owner_can_read_what_is_stored(folder: Path) -> None:
    KeyRing(folder).create("keyfile")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "key.json": 0o600,
        "vault.key": 0o600,
    }


@POSIX
def test_a_key_file_that_others_could_read_is_closed_to_them(folder: Path) -> None:
    KeyRing(folder).create("keyfile")
    (folder / "vault.key").chmod(0o644)
    KeyRing(folder).unlock()
    assert (folder / "vault.key").stat().st_mode & 0o777 == 0o600


def test_a_passphrase_is_the_same_however_its_characters_were_composed(folder: Path) -> None:
    key = KeyRing(folder).create("passphrase", "caf\u00e9")
    assert KeyRing(folder).unlock("cafe\u0301") == key


def test_the_real_cost_of_a_passphrase_is_64_mib_or_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    keyring.set_keyring(MemoryKeyring())
    key = KeyRing(folder).create("passphrase", "correct horse")
    costs = json.loads((folder / "key.json").read_text())["argon2id"]
    assert costs["memory_kib"] >= 64 * 1024
    assert costs["iterations"] >= 3
    assert KeyRing(folder).unlock("correct horse") == key


# ------------------------------------------------------------------------------------------------- wrong, lost, damaged


def test_a_wrong_or_missing_passphrase_opens_nothing(folder: Path) -> None:
    KeyRing(folder).create("passphrase", "correct horse")
    for wrong in ("Correct horse", "correct horse ", "x"):
        with pytest.raises(WrongKey, match="passphrase"):
            KeyRing(folder).unlock(wrong)
    for missing in (None, ""):
        with pytest.raises(KeyUnavailable, match="OWNHAND_PASSPHRASE"):
            KeyRing(folder).unlock(missing)
    for empty in (None, ""):
        with pytest.raises(BadInput, match="empty"):
            KeyRing(folder.parent / "other").create("passphrase", empty)


def test_a_lost_keyring_entry_is_said_plainly(folder: Path, wallet: MemoryKeyring) -> None:
    KeyRing(folder).create("keyring")
    wallet.entries.clear()
    with pytest.raises(KeyUnavailable, match="no longer holds"):
        KeyRing(folder).unlock()


def test_a_damaged_keyring_entry_is_said_plainly(folder: Path, wallet: MemoryKeyring) -> None:
    KeyRing(folder).create("keyring")
    for entry in wallet.entries:
        wallet.entries[entry] = "not hex"
    with pytest.raises(KeyUnavailable, match="damaged"):
        KeyRing(folder).unlock()


def test_a_missing_or_damaged_key_file_is_said_plainly(folder: Path) -> None:
    KeyRing(folder).create("keyfile")
    for content in (b"", b"zz", b"00" * 31, b"\xff\xfe" * 32):
        (folder / "vault.key").write_bytes(content)
        with pytest.raises(KeyUnavailable, match=r"vault\.key"):
            KeyRing(folder).unlock()
    (folder / "vault.key").unlink()
    with pytest.raises(KeyUnavailable, match="missing"):
        KeyRing(folder).unlock()


DAMAGE = {
    "empty": b"",
    "no json": b"{",
    "a list": b"[]",
    "no holder": b'{"version": 1, "vault": "a"}',
    "another holder": b'{"version": 1, "vault": "a", "holder": "cloud"}',
    "not text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_note_is_said_plainly(folder: Path, content: bytes) -> None:
    KeyRing(folder).create("passphrase", "correct horse")
    (folder / "key.json").write_bytes(content)
    for attempt in (KeyRing(folder).holder, lambda: KeyRing(folder).unlock("correct horse")):
        with pytest.raises(KeyUnavailable, match=r"key\.json"):
            attempt()


TAMPER: dict[str, dict[str, object]] = {
    "costs of all memory": {"argon2id": {"memory_kib": 1 << 40, "iterations": 1, "lanes": 1}},
    "costs of ever": {"argon2id": {"memory_kib": 8192, "iterations": 1 << 30, "lanes": 1}},
    "costs that are none": {"argon2id": {"memory_kib": "8192", "iterations": True, "lanes": None}},
    "cheaper costs": {"argon2id": {"memory_kib": 8192, "iterations": 2, "lanes": 1}},
    "another salt": {"salt": base64.b64encode(bytes(16)).decode()},
    "a short salt": {"salt": ""},
    "another key": {"wrapped": base64.b64encode(bytes(48)).decode()},
    "no base64": {"nonce": "!"},
    "another vault": {"vault": "0" * 32},
    "a newer version": {"version": 2},
}


@pytest.mark.parametrize("change", TAMPER.values(), ids=TAMPER)
def test_a_note_that_was_tampered_with_opens_nothing(folder: Path, change: dict[str, object]) -> None:
    KeyRing(folder).create("passphrase", "correct horse")
    note = folder / "key.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | change))
    with pytest.raises((KeyUnavailable, WrongKey, NewerVault), match=r"key\.json"):
        KeyRing(folder).unlock("correct horse")


def test_a_vault_without_its_note_is_not_given_a_new_key(folder: Path) -> None:
    key = KeyRing(folder).create("keyring")
    SqlVault.open(folder, key, "system keyring").close()
    (folder / "key.json").unlink()
    with pytest.raises(KeyUnavailable, match=r"key\.json is missing"):
        KeyRing(folder).create("keyring")


def test_a_key_is_made_once_and_none_is_found_where_none_was_made(folder: Path) -> None:
    with pytest.raises(KeyUnavailable, match="no vault here"):
        KeyRing(folder).unlock()
    KeyRing(folder).create("keyfile")
    with pytest.raises(VaultError, match="already"):
        KeyRing(folder).create("keyring")


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VaultError, match="folder"):
        KeyRing(tmp_path / "file" / "vault").create("keyfile")


# ------------------------------------------------------------------------------------------------------ the keyring


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_without_a_keyring_the_two_other_ways_are_named(folder: Path, backend: type[KeyringBackend]) -> None:
    keyring.set_keyring(backend())
    assert not keyring_available()
    with pytest.raises(KeyUnavailable, match=r"passphrase.*key file"):
        KeyRing(folder).create("keyring")
    assert KeyRing(folder).holder() is None
    KeyRing(folder).create("passphrase", "correct horse")


def test_a_keyring_that_keeps_keys_in_the_open_is_not_used(folder: Path) -> None:
    class PlaintextKeyring(MemoryKeyring):
        pass

    PlaintextKeyring.__module__ = "keyrings.alt.file"
    keyring.set_keyring(PlaintextKeyring())
    assert not keyring_available()
    with pytest.raises(KeyUnavailable, match="passphrase"):
        KeyRing(folder).create("keyring")


def test_of_several_keyrings_the_first_safe_one_is_used(
    folder: Path, wallet: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [null.Keyring(), wallet])
    keyring.set_keyring(chainer.ChainerBackend())
    key = KeyRing(folder).create("keyring")
    assert list(wallet.entries.values()) == [key.hex()]


def test_a_keyring_that_forgets_at_once_is_not_trusted(folder: Path) -> None:
    class Forgetful(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            pass

    keyring.set_keyring(Forgetful())
    with pytest.raises(KeyUnavailable, match="passphrase"):
        KeyRing(folder).create("keyring")
    assert KeyRing(folder).holder() is None


@pytest.mark.parametrize(
    "failure", [NoKeyringError(), KeyringLocked(), InitError(), KeyringError(), ConnectionResetError(), RuntimeError()]
)
def test_a_keyring_that_fails_is_said_plainly_and_loses_nothing(
    folder: Path, wallet: MemoryKeyring, failure: Exception
) -> None:
    key = KeyRing(folder).create("keyring")
    wallet.broken = failure
    for attempt in (KeyRing(folder).unlock, lambda: KeyRing(folder.parent / "new").create("keyring")):
        with pytest.raises(KeyUnavailable, match="keyring"):
            attempt()
    with pytest.raises(KeyUnavailable):
        erase(folder)
    wallet.broken = None
    assert KeyRing(folder).unlock() == key


SECRET_SERVICE = """
import sys
from pathlib import Path
import keyring
from ownhand.adapters.keys import KeyRing, keyring_available
assert keyring_available(), keyring.get_keyring()
assert "SecretService" in type(keyring.get_keyring()).__module__, keyring.get_keyring()
ring = KeyRing(Path(sys.argv[1]))
key = ring.create("keyring")
assert KeyRing(Path(sys.argv[1])).unlock() == key
assert ring.destroy() == ["the key in the system keyring", "key.json"]
print("kept and gone")
"""


@pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="dbus-run-session and gnome-keyring-daemon are not installed (packages dbus and gnome-keyring)",
)
def test_the_real_secret_service_keeps_and_gives_up_the_key(folder: Path, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    shell = 'printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$0" -c "$1" "$2"'
    answer = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", shell, sys.executable, SECRET_SERVICE, str(folder)],
        env={**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "kept and gone"


# ------------------------------------------------------------------------------------------------- change and destroy


HOLDERS: list[keys.Holder] = ["keyring", "passphrase", "keyfile"]


@pytest.mark.parametrize("old", HOLDERS)
@pytest.mark.parametrize("new", HOLDERS)
def test_the_holder_can_be_changed_and_the_old_one_forgets(
    folder: Path, wallet: MemoryKeyring, old: keys.Holder, new: keys.Holder
) -> None:
    ring = KeyRing(folder)
    key = ring.create(old, "old words")
    ring.change(new, "new words", current="old words")
    assert ring.holder() == new
    assert ring.unlock("new words") == key
    assert len(wallet.entries) == (new == "keyring")
    assert (folder / "vault.key").exists() == (new == "keyfile")
    if new == "passphrase":
        with pytest.raises(WrongKey):
            ring.unlock("old words")


def test_a_change_that_fails_leaves_the_old_holder(folder: Path, wallet: MemoryKeyring) -> None:
    ring = KeyRing(folder)
    key = ring.create("passphrase", "old words")
    with pytest.raises(WrongKey):
        ring.change("keyfile", current="wrong")
    wallet.broken = KeyringLocked()
    with pytest.raises(KeyUnavailable):
        ring.change("keyring", current="old words")
    with pytest.raises(BadInput):
        ring.change("passphrase", "", current="old words")
    assert ring.unlock("old words") == key
    assert [path.name for path in folder.iterdir()] == ["key.json"]


@pytest.mark.parametrize("how", HOLDERS)
def test_erasing_takes_the_key_and_every_file(folder: Path, wallet: MemoryKeyring, how: keys.Holder) -> None:
    ring = KeyRing(folder)
    vault = SqlVault.open(folder, ring.create(how, "words"), ring.describe())
    vault.close()
    removed = erase(folder)
    assert ("the key in the system keyring" in removed) == (how == "keyring")
    assert ("vault.key" in removed) == (how == "keyfile")
    assert {"key.json", "vault.db"} <= set(removed)
    assert list(folder.iterdir()) == []
    assert wallet.entries == {}
    assert ring.holder() is None


def test_a_damaged_note_does_not_keep_anything_from_being_erased(folder: Path) -> None:
    KeyRing(folder).create("keyfile")
    (folder / "key.json").write_bytes(b"{")
    assert set(erase(folder)) == {"key.json", "vault.key"}
    assert list(folder.iterdir()) == []


def test_a_key_file_is_overwritten_before_it_is_unlinked(folder: Path) -> None:
    KeyRing(folder).create("keyfile")
    key_text = (folder / "vault.key").read_bytes()
    os.link(folder / "vault.key", folder.parent / "second name")
    KeyRing(folder).destroy()
    assert (folder.parent / "second name").read_bytes() != key_text


def test_no_error_and_no_repr_tells_the_key_or_the_passphrase(folder: Path) -> None:
    key = KeyRing(folder).create("passphrase", "correct horse")
    with pytest.raises(UserError) as caught:
        KeyRing(folder).unlock("incorrect horse")
    told = f"{caught.value!r}{KeyRing(folder)!r}"
    assert "horse" not in told
    assert key.hex() not in told
