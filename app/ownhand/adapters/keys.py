"""Where the key of the vault is kept: the system keyring, a passphrase, or, knowingly, a key file.

The key is 32 random bytes, made once.  `key.json` in the vault's folder says who holds it and, for a passphrase, holds
the key wrapped by AES-256-GCM under a key that Argon2id (RFC 9106) derives from the passphrase; so changing the
passphrase or the holder never re-encrypts the vault.

Protects against: somebody who has the vault's files but neither the login of this person nor the passphrase.
Does not protect against: programs that run as this person (they may ask the keyring, too, or read a key file), a
passphrase that can be guessed, and copies of a key file or key.json that were made before the holder was changed.

Calls into the keyring may block on a dialog of the desktop: run them off the window's thread.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import json
import os
import secrets
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args

import keyring
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null

from ownhand.adapters.store_file import FILE_NAME, KEY_BYTES, private_folder
from ownhand.errors import BadInput, DiskFull, KeyUnavailable, NewerVault, VaultError, WrongKey

Holder = Literal["keyring", "passphrase", "keyfile"]

SERVICE: Final = "ownhand"
NOTE_NAME: Final = "key.json"
KEY_FILE_NAME: Final = "vault.key"
_VERSION: Final = 1
_WORDS: Final[dict[str, str]] = {"keyring": "system keyring", "passphrase": "passphrase", "keyfile": "key file"}
_LARGE: Final = {"memory_kib": 256 * 1024, "iterations": 3, "lanes": 2}
"""0.7-0.8 s on two cores."""
_SMALL: Final = {"memory_kib": 64 * 1024, "iterations": 3, "lanes": 4}
"""RFC 9106's second recommendation, for machines with little memory."""
_SMALL_MACHINE: Final = 4 << 30
"""Bytes of memory below which _SMALL is used."""
_LIMITS: Final = {"memory_kib": (8 * 1024, 2 * 1024 * 1024), "iterations": (1, 64), "lanes": (1, 64)}
"""A note outside of these was not written by us; believing it could eat all memory."""

_NO_KEYRING: Final = (
    "No system keyring can be used here; protect the vault with a passphrase, or, knowing that anyone who can read "
    "your files can then read it, with a key file."
)
_LOCKED_KEYRING: Final = "The system keyring is locked or does not answer; unlock it and try again."
_DAMAGED: Final = "key.json in the vault's folder is damaged; put it back from a backup."


class KeyRing:
    """The key of the vault in one folder.  Holds no key itself; each method reads the note anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / NOTE_NAME
        self._key_file = folder / KEY_FILE_NAME

    # -- what is

    def holder(self) -> Holder | None:
        """Who holds the key; None for a folder that has none yet.  Raises KeyUnavailable or NewerVault."""
        note = self._read_note()
        return None if note is None else note["holder"]

    def describe(self) -> str:
        """The holder in words for people: 'system keyring', 'passphrase', 'key file', or 'no key yet'."""
        holder = self.holder()
        return "no key yet" if holder is None else _WORDS[holder]

    # -- new, unlock, change, destroy

    def create(self, how: Holder, passphrase: str | None = None) -> bytes:
        """Make a key for a new vault, hand it to its holder, and return it.

        Raises KeyUnavailable (no keyring, or a vault without its note is here already), BadInput (empty passphrase),
        DiskFull or VaultError.
        """
        if self._read_note() is not None:
            raise VaultError("This vault has a key already; unlock it, or choose another folder with --vault.")
        if (self._folder / FILE_NAME).exists() and (self._folder / FILE_NAME).stat().st_size > 0:
            raise KeyUnavailable(
                "key.json is missing beside vault.db, and without it the vault cannot be read; put it back from a "
                "backup, or choose another folder with --vault."
            )
        key = secrets.token_bytes(KEY_BYTES)
        self._make_folder()
        self._hand_over(key, how, secrets.token_hex(16), passphrase)
        return key

    def unlock(self, passphrase: str | None = None) -> bytes:
        """The key, from whoever holds it.  Raises KeyUnavailable, WrongKey or NewerVault."""
        note = self._read_note()
        if note is None:
            raise KeyUnavailable(
                "There is no vault here yet; start Ownhand to make one, or name its folder with --vault."
            )
        if note["holder"] == "keyring":
            return _from_keyring(note["vault"])
        if note["holder"] == "keyfile":
            return self._from_key_file()
        return _unwrap(note, passphrase)

    def change(self, to: Holder, passphrase: str | None = None, current: str | None = None) -> None:
        """Hand the key to another holder, or protect it with another passphrase; the old holder forgets it.

        `passphrase` is the new one, `current` the one now in use where there is one.  The new holder has the key before
        the old one gives it up, so that no crash between loses it.  Raises as `unlock` and `create` do.
        """
        note = self._read_note()
        key = self.unlock(current)
        assert note is not None
        # WHY a new account: in the keyring the old entry must stay until the new one is known to be kept
        vault = secrets.token_hex(16)
        self._hand_over(key, to, vault, passphrase)
        if note["holder"] == "keyring":
            _forget_in_keyring(note["vault"])
        elif note["holder"] == "keyfile" and to != "keyfile":
            _shred(self._key_file)

    def destroy(self) -> list[str]:
        """Destroy the key for good, overwriting it where it is a file; what was removed, in words.

        A damaged note does not stop it.  Raises KeyUnavailable if a keyring that holds the key cannot be reached.
        """
        removed: list[str] = []
        try:
            note = self._read_note()
        except VaultError:
            note = None
        if note is not None and note["holder"] == "keyring" and _forget_in_keyring(note["vault"]):
            removed.append("the key in the system keyring")
        for path in (self._key_file, self._note):
            if path.exists():
                _shred(path)
                removed.append(path.name)
        return removed

    # -- parts

    def _hand_over(self, key: bytes, how: Holder, vault: str, passphrase: str | None) -> None:
        note: dict[str, Any] = {"version": _VERSION, "vault": vault, "holder": how}
        if how == "keyring":
            _into_keyring(vault, key)
        elif how == "keyfile":
            write_private(self._key_file, key.hex().encode() + b"\n")
        else:
            note |= _wrap(key, vault, passphrase)
        write_private(self._note, json.dumps(note, indent=1).encode() + b"\n")

    def _make_folder(self) -> None:
        with _disk_in_words():
            private_folder(self._folder)

    def _read_note(self) -> dict[str, Any] | None:
        try:
            raw = self._note.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise KeyUnavailable("key.json cannot be read; make it readable for you and try again.") from error
        try:
            note = json.loads(raw)
        except (ValueError, RecursionError):
            raise KeyUnavailable(_DAMAGED) from None
        if isinstance(note, dict) and type(note.get("version")) is int and note["version"] > _VERSION:
            raise NewerVault("key.json was written by a newer Ownhand; update Ownhand to open this vault.")
        if not isinstance(note, dict) or note.get("holder") not in get_args(Holder):
            raise KeyUnavailable(_DAMAGED)
        if not isinstance(note.get("vault"), str) or note.get("version") != _VERSION:
            raise KeyUnavailable(_DAMAGED)
        return note

    def _from_key_file(self) -> bytes:
        try:
            text = self._key_file.read_text("ascii").strip()
            if sys.platform != "win32" and self._key_file.stat().st_mode & 0o077:
                self._key_file.chmod(0o600)  # a copy or a backup program may have widened it
        except FileNotFoundError:
            raise KeyUnavailable(
                "vault.key is missing, and without it the vault cannot be read; put it back from a backup."
            ) from None
        except (OSError, UnicodeDecodeError):
            raise KeyUnavailable(
                "vault.key cannot be read; check its permissions, or put it back from a backup."
            ) from None
        return _key_of(text, "vault.key is damaged; put it back from a backup.")


def _key_of(text: str, damaged: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyUnavailable(damaged)
    return key


# -- passphrase


def _wrap(key: bytes, vault: str, passphrase: str | None) -> dict[str, Any]:
    if not passphrase:
        raise BadInput("An empty passphrase protects nothing; choose one of a few words.")
    costs = _SMALL if _memory() < _SMALL_MACHINE else _LARGE
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    wrapped = AESGCM(_derive(passphrase, salt, costs)).encrypt(nonce, key, _bound_to(vault, costs))
    text = {name: base64.b64encode(value).decode() for name, value in (("salt", salt), ("nonce", nonce))}
    return {"argon2id": dict(costs), **text, "wrapped": base64.b64encode(wrapped).decode()}


def _unwrap(note: dict[str, Any], passphrase: str | None) -> bytes:
    if not passphrase:
        raise KeyUnavailable("This vault is protected by a passphrase; enter it, or set OWNHAND_PASSPHRASE.")
    try:
        costs = {name: note["argon2id"][name] for name in _LIMITS}
        salt, nonce, wrapped = (base64.b64decode(note[name], validate=True) for name in ("salt", "nonce", "wrapped"))
    except (KeyError, TypeError, binascii.Error):
        raise KeyUnavailable(_DAMAGED) from None
    within = all(type(costs[name]) is int and least <= costs[name] <= most for name, (least, most) in _LIMITS.items())
    if not within or len(salt) != 16 or len(nonce) != 12 or len(wrapped) != KEY_BYTES + 16:
        raise KeyUnavailable(_DAMAGED)
    try:
        return AESGCM(_derive(passphrase, salt, costs)).decrypt(nonce, wrapped, _bound_to(note["vault"], costs))
    except InvalidTag:
        raise WrongKey(
            "The passphrase does not fit this vault; try again, or, if you are sure of it, put back key.json from a "
            "backup."
        ) from None


def _derive(passphrase: str, salt: bytes, costs: dict[str, int]) -> bytes:
    # NFC as RFC 8265 (OpaqueString) asks, so that the same characters typed on two systems are the same bytes
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    try:
        return Argon2id(
            salt=salt,
            length=KEY_BYTES,
            iterations=costs["iterations"],
            lanes=costs["lanes"],
            memory_cost=costs["memory_kib"],
        ).derive(secret)
    except MemoryError:
        raise KeyUnavailable(
            f"Checking the passphrase needs {costs['memory_kib'] // 1024} MiB of memory; close other programs and try "
            "again."
        ) from None


def _memory() -> int:
    """Bytes of memory in this machine; where the system does not say (Windows), as much as _LARGE asks for."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _SMALL_MACHINE


def _bound_to(vault: str, costs: dict[str, int]) -> bytes:
    return json.dumps([SERVICE, _VERSION, vault, *(costs[name] for name in sorted(costs))]).encode()


# -- keyring


def keyring_available() -> bool:
    """Whether this machine has a keyring that we would use; it may still be locked.  Asks nothing of the person."""
    return _usable_backend() is not None


def _usable_backend() -> KeyringBackend | None:
    """The backend keyring chose, unless it keeps nothing (fail, null) or keeps it in the open (keyrings.alt)."""
    try:
        chosen = keyring.get_keyring()
        several = list(chosen.backends) if isinstance(chosen, chainer.ChainerBackend) else [chosen]
    except Exception:  # backends are plug-ins of strangers; one that cannot even be loaded is none
        return None
    for backend in several:
        in_the_open = type(backend).__module__.startswith("keyrings.alt")
        if not in_the_open and not isinstance(backend, fail.Keyring | null.Keyring):
            return backend
    return None


@contextlib.contextmanager
def _asking_keyring() -> Iterator[KeyringBackend]:
    backend = _usable_backend()
    if backend is None:
        raise KeyUnavailable(_NO_KEYRING)
    try:
        yield backend
    except KeyUnavailable:
        raise
    except keyring.errors.NoKeyringError:
        raise KeyUnavailable(_NO_KEYRING) from None
    except Exception as error:
        # KeyringError and its kin, but also whatever D-Bus or a plug-in raises when the service goes away
        raise KeyUnavailable(_LOCKED_KEYRING) from error


def _into_keyring(vault: str, key: bytes) -> None:
    with _asking_keyring() as backend:
        backend.set_password(SERVICE, vault, key.hex())
        if backend.get_password(SERVICE, vault) != key.hex():
            raise KeyUnavailable(_NO_KEYRING)


def _from_keyring(vault: str) -> bytes:
    with _asking_keyring() as backend:
        text = backend.get_password(SERVICE, vault)
    if text is None:
        raise KeyUnavailable(
            "The system keyring no longer holds the key of this vault, and without it the vault cannot be read; log in "
            "as the person who made it, or restore the keyring from a backup."
        )
    return _key_of(text, "The key in the system keyring is damaged; restore the keyring from a backup.")


def _forget_in_keyring(vault: str) -> bool:
    """Remove the entry; False if there was none."""
    with _asking_keyring() as backend:
        if backend.get_password(SERVICE, vault) is None:
            return False
        backend.delete_password(SERVICE, vault)
        if backend.get_password(SERVICE, vault) is not None:
            raise KeyUnavailable(
                "The system keyring did not give the key up; remove the entry “ownhand” there by hand."
            )
        return True


# -- files


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 at once or not at all: temporary file, mode, data, fsync, rename, fsync of the folder.

    Raises DiskFull or VaultError.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with _disk_in_words():
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                temporary.chmod(0o600)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def _shred(path: Path) -> None:
    """Overwrite and delete.  On drives that move data about the old bytes may survive below the file system."""
    with _disk_in_words():
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make renames and deletions in this folder durable.  Windows does that by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _disk_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise DiskFull(
                "The disk is full, so the key could not be stored; free some space and try again."
            ) from error
        raise VaultError(
            "The vault's folder cannot be written; check its permissions, or choose another folder with --vault."
        ) from error
