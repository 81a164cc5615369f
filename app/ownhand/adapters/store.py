"""The vault: the one encrypted file that holds everything, as `ports.Vault`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ownhand.adapters.keys import NOTE_NAME, KeyRing
from ownhand.adapters.store_adapters import Adapters
from ownhand.adapters.store_file import FILE_NAME, LOCK_NAME, TEMPORARY, VaultFile, files_of
from ownhand.adapters.store_forgetting import Forgetting
from ownhand.adapters.store_history import History
from ownhand.adapters.store_learning import Learning
from ownhand.adapters.store_log import ConnectionLog
from ownhand.adapters.store_own import Own
from ownhand.adapters.store_whole import Whole
from ownhand.domain.ports import VaultState
from ownhand.errors import VaultError, VaultInUse

_COUNTED: Final = ("document", "passage", "vector", "edit", "preference", "draft")


class SqlVault(Adapters, History, Forgetting, Learning, Own, ConnectionLog, Whole):
    """All methods of ports.Vault.  Safe to call from several threads, which take turns."""

    def __init__(self, file: VaultFile, key_holder: str) -> None:
        """Use `open`."""
        self._file = file
        self._key_holder = key_holder

    @classmethod
    def open(cls, folder: Path, key: bytes, key_holder: str) -> SqlVault:
        """Open the vault in `folder`, or make one there.

        `key` is 32 random bytes (keys.KeyRing has them), `key_holder` says in words where they are kept.  Raises
        WrongKey, VaultInUse, NewerVault, DiskFull or VaultError.
        """
        return cls(VaultFile(folder, key), key_holder)

    def key_went_to(self, key_holder: str) -> None:
        """The key is held elsewhere from now on, in words."""
        self._key_holder = key_holder

    def rekey(self, new_key: bytes) -> None:
        """Encrypt everything anew under another key of 32 bytes; needs as much free room as the vault is large."""
        self._file.rekey(new_key)

    def state(self) -> VaultState:
        """What the privacy page shows."""
        with self._file.read() as db:
            counts = [int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in _COUNTED]
            version = db.execute("PRAGMA cipher_version").fetchone()[0]
        documents, passages, vectors, edits, preferences, drafts = counts
        return VaultState(
            path=self._file.path,
            bytes=self._file.size(),
            documents=documents,
            passages=passages,
            vectors=vectors,
            edits=edits,
            preferences=preferences,
            drafts=drafts,
            key_holder=self._key_holder,
            cipher=f"SQLCipher {version}, AES-256 with HMAC-SHA512",
        )

    def close(self) -> None:
        """Close the file and let others open it; safe to repeat.  Further calls raise VaultError."""
        self._file.close()


def _is_ours(path: Path) -> bool:
    return path.name.lstrip(".").startswith(("vault.", NOTE_NAME))


def exists(folder: Path) -> bool:
    """Whether a vault file lies in this folder."""
    return (folder / FILE_NAME).is_file()


def erase(folder: Path) -> list[str]:
    """Erase everything: the key first, which makes all copies of the file unreadable, then the files; then look whether
    anything is left.

    Returns what was removed, as sentences' objects ('vault.db', 'the key in the system keyring').  Raises VaultInUse if
    another Ownhand has the vault open, KeyUnavailable if the keyring refuses to give the key up (nothing is removed
    then), VaultError if something could not be removed.
    """
    if not folder.is_dir():
        return []
    lock = FileLock(folder / LOCK_NAME, timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise VaultInUse("Another Ownhand has this vault open; close it first, then erase it.") from None
    try:
        removed = KeyRing(folder).destroy()
        for path in sorted({*files_of(folder), *folder.glob("vault.damaged-*"), *folder.glob(TEMPORARY + "*")}):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                path.unlink()
                removed.append(path.name)
        left = [path.name for path in folder.iterdir() if _is_ours(path) and path.name != LOCK_NAME]
        if left:
            raise VaultError(
                f"This could not be removed from the vault's folder: {', '.join(left)}. Remove it by hand."
            )
    except OSError as error:
        raise VaultError("Some files of the vault could not be removed; remove its folder by hand.") from error
    finally:
        lock.release()
    (folder / LOCK_NAME).unlink(missing_ok=True)
    return removed
