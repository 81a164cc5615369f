"""What is done to a vault as a whole: one backup file under a passphrase, and its key in other hands.

A backup is a zip, uncompressed, of the two files that make a vault: `key.json` with a key of its own that Argon2id
wraps under the passphrase, and `vault.db` encrypted under that key.  So it opens with the same code as any vault, and
neither the backup's passphrase opens the vault nor the vault's key the backup.

Nothing is written in clear, not even for a moment: the copy is made page by page from one encrypted file to another, in
the vault's own folder.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from ownhand.adapters.keys import NOTE_NAME, Holder, KeyRing, keyring_available
from ownhand.adapters.store import SqlVault
from ownhand.adapters.store_file import FILE_NAME, NO_ROOM, TEMPORARY
from ownhand.errors import BadInput, DiskFull, VaultError, WrongKey

_FILES: Final = {NOTE_NAME, FILE_NAME}
_LARGEST_NOTE: Final = 64 * 1024
Write = Callable[[Path, Callable[[IO[bytes]], None]], None]
"""Puts a file in place whole or not at all."""


class Safe:
    """One open vault, its folder and its key."""

    def __init__(self, vault: SqlVault, folder: Path, write: Write) -> None:
        self._vault = vault
        self._folder = folder
        self._write = write
        for left in folder.glob(TEMPORARY + "*"):  # of one that was killed; the vault is ours alone now
            shutil.rmtree(left, ignore_errors=True)

    def key_holder(self) -> Holder | None:
        """Who holds the key now."""
        return KeyRing(self._folder).holder()

    def keyring_there(self) -> bool:
        """Whether this computer has a keyring that could hold it."""
        return keyring_available()

    def hand_key_to(self, holder: Holder, passphrase: str | None, current: str | None) -> None:
        """Another holder, or another passphrase.  The text is not encrypted anew: its key stays.  Raises VaultError."""
        keys = KeyRing(self._folder)
        keys.change(holder, passphrase, current)
        self._vault.key_went_to(keys.describe())

    def back_up(self, path: Path, passphrase: str) -> None:
        """One file that holds everything as it is at this moment.  Raises DiskFull, BadInput or VaultError."""
        with self._temporary() as place:
            key = KeyRing(place).create("passphrase", passphrase)
            try:
                self._vault.copy_to(place / FILE_NAME, key)
            except DiskFull as error:
                raise DiskFull(
                    "There is no room to make the backup; free some space and try again. The vault is as it was."
                ) from error

            def put(stream: IO[bytes]) -> None:
                with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                    for name in sorted(_FILES):
                        archive.write(place / name, name)

            self._write(path, put)

    @contextmanager
    def opened(self, path: Path, passphrase: str) -> Iterator[SqlVault]:
        """The vault in a backup, to read.  Raises WrongKey, BadInput, NewerVault, DiskFull or VaultError."""
        with self._temporary() as place:
            try:
                with zipfile.ZipFile(path) as archive:
                    if archive.getinfo(NOTE_NAME).file_size > _LARGEST_NOTE:
                        raise BadInput(f"{path.name} is no backup that Ownhand wrote.")
                    for name in _FILES:
                        with archive.open(name) as source, (place / name).open("xb") as target:
                            shutil.copyfileobj(source, target, 1 << 20)
            except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
                raise BadInput(f"{path.name} is damaged, or no backup that Ownhand wrote.") from error
            except OSError as error:
                if error.errno in NO_ROOM:
                    raise DiskFull(
                        "There is no room to read the backup; free some space and try again. The vault is as it was."
                    ) from error
                raise VaultError(f"{path.name} could not be read: {error.strerror}.") from error
            try:
                key = KeyRing(place).unlock(passphrase)
            except WrongKey:
                raise WrongKey("The passphrase does not fit this backup; try again.") from None
            try:
                copy = SqlVault.open(place, key, "passphrase")
            except WrongKey:
                raise BadInput(f"{path.name} is damaged; take another backup.") from None
            try:
                yield copy
            finally:
                copy.close()

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        try:
            place = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=self._folder))
        except OSError as error:
            if error.errno in NO_ROOM:
                raise DiskFull("There is no room in the vault's folder; free some space and try again.") from error
            raise VaultError("The vault's folder cannot be written; check its permissions.") from error
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
