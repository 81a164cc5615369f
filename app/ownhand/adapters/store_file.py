"""The encrypted file under the vault: opening, one lock, transactions, scrubbing, and errors in plain words.

The only file that imports sqlcipher3.

Protects against: reading the file without the key (AES-256-CBC, HMAC-SHA512 per page), also the write-ahead log, and
against finding deleted words in it later with the key.  Temporary tables stay in memory.
Does not protect against: a program that runs as the same person while the vault is open, or older copies of the file
that a backup or the drive's own wear levelling kept (those stay encrypted).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from filelock import FileLock, Timeout
from sqlcipher3 import dbapi2

from ownhand.adapters import schema
from ownhand.adapters.schema import Connection
from ownhand.errors import DiskFull, NewerVault, VaultError, VaultInUse, WrongKey

FILE_NAME: Final = "vault.db"
LOCK_NAME: Final = "vault.lock"
TEMPORARY: Final = ".vault.temporary-"
"""How folders begin that exist only while a backup is made or read; what lies in them is encrypted."""
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""A full disk, a limit on the size of files, a used-up quota."""
BUSY_MS: Final = 5000
KEY_BYTES: Final = 32
_OURS: Final = ("vault.", "key.json")
_PAGE: Final = 4096
_DOES_NOT_FIT: Final = (
    "This key does not fit the vault, or vault.db is damaged; use the key it was made with, or put back vault.db from "
    "a backup."
)
_LITTLE_ROOM: Final = 1 << 20
"""Fewer free bytes than this make a failed write a matter of room, whatever name the system gave it."""

_PROBE: Final = 1 << 16
"""Bytes that are written, behind a hole as large as the vault, to see whether there is room."""

# Result codes of SQLite (https://www.sqlite.org/rescode.html), primary code in the low byte.
_BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 10, 11, 13, 14, 26


def files_of(folder: Path) -> tuple[Path, ...]:
    """Every file SQLCipher keeps for the vault in this folder, whether it exists now or not."""
    return tuple(folder / (FILE_NAME + suffix) for suffix in ("", "-wal", "-shm", "-journal"))


def private_folder(folder: Path) -> None:
    """Make the folder, for its owner alone; one that holds other files, too, keeps its mode.  Raises OSError."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    if all(path.name.lstrip(".").startswith(_OURS) for path in folder.iterdir()):
        folder.chmod(0o700)


def connect(path: Path, key: bytes) -> Connection:
    """A connection to an encrypted file; whether the key of 32 bytes fits shows at the first read."""
    db = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA cipher_log_level=NONE")
    # WORKAROUND cipher_memory_security is never touched: ON is sticky for the process and 12 times slower.
    db.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
    return db


class VaultFile:
    """One connection that several threads share, one after the other."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Open the vault in `folder`, making both where they are missing, and bring it to the newest schema.

        Raises WrongKey, VaultInUse, NewerVault, DiskFull or VaultError.
        """
        if len(key) != KEY_BYTES:
            raise WrongKey("The key of the vault is damaged; restore the place that holds it from a backup.")
        self.folder = folder
        self.path = folder / FILE_NAME
        self._guard = threading.RLock()
        self._db: Connection = None
        self._process_lock = FileLock(folder / LOCK_NAME, timeout=0, mode=0o600, thread_local=False)
        self._prepare_folder()
        self._take_process_lock()
        try:
            with self._in_words():
                self._db = self._connect(key)
                self._migrate()
            self.scrub()
        except BaseException:
            self.close()
            raise

    # -- use

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """The connection, alone, outside a transaction: for one statement that reads."""
        with self._guard, self._in_words():
            yield self._open_connection()

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """The connection inside one transaction: committed and synced to disk at the end, undone on any exception."""
        with self._guard, self._in_words():
            db = self._open_connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back by itself after some errors, SQLITE_FULL among them
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def scrub(self) -> None:
        """Give freed pages back and empty the write-ahead log, so that nothing deleted is left in either file.

        Freed space is already overwritten with zeros (secure_delete); this shortens the files.  Where the disk has no
        room for it, the next opening does it: the deletion itself is committed, and must not be reported as failed.
        """
        with contextlib.suppress(DiskFull), self._guard, self._in_words():
            db = self._open_connection()
            db.execute("PRAGMA incremental_vacuum").fetchall()  # one step per page: it must be read to its end
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rekey(self, key: bytes) -> None:
        """Encrypt every page anew under `key` (32 bytes), atomically: after a crash one of the two keys fits."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        with self._guard, self._in_words():
            db = self._open_connection()
            db.execute(f"PRAGMA rekey=\"x'{key.hex()}'\"")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def size(self) -> int:
        """Bytes on disk, write-ahead log included."""
        return sum(path.stat().st_size for path in files_of(self.folder) if path.exists())

    def close(self) -> None:
        """Close the connection, which folds the log into the file, and let other processes in.  Safe to repeat."""
        with self._guard:
            db, self._db = self._db, None
            try:
                if db is not None:
                    db.close()
            finally:
                self._process_lock.release()

    # -- opening

    def _prepare_folder(self) -> None:
        try:
            private_folder(self.folder)
            # The log and its index take their mode from the database file, so it is made before SQLite would.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self.path.chmod(0o600)
        except OSError as error:
            if _no_room(error, self.folder):
                raise DiskFull("There is no room to make a vault; free some space and try again.") from error
            raise VaultError(
                "The vault's folder cannot be written; check its permissions, or choose another folder with --vault."
            ) from error

    def _take_process_lock(self) -> None:
        try:
            self._process_lock.acquire()
        except Timeout:
            raise VaultInUse(
                "Another Ownhand has this vault open; close it first, or choose another vault with --vault."
            ) from None
        except OSError as error:
            raise VaultError(
                "The vault cannot be locked for this program; put it in a folder on this machine's own drive."
            ) from error

    def _connect(self, key: bytes) -> Connection:
        if 0 < self.path.stat().st_size < _PAGE:  # SQLite would take such a file for an empty one and write over it
            raise WrongKey(_DOES_NOT_FIT)
        self._db = db = connect(self.path, key)
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except dbapi2.DatabaseError as error:
            if _code(error) == _NOTADB:
                raise WrongKey(_DOES_NOT_FIT) from None
            raise
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # has to come before the first table and before WAL
        db.execute("PRAGMA journal_mode=WAL").fetchone()
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON").fetchone()
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA temp_store=MEMORY")
        return db

    def _migrate(self) -> None:
        known = len(schema.MIGRATIONS)
        version = schema.version_of(self._db)
        if version > known:
            raise NewerVault("This vault was written by a newer Ownhand; update Ownhand to open it.")
        for number, step in enumerate(schema.MIGRATIONS[version:], start=version + 1):
            with self.write() as db:
                step(db)
                db.execute(f"PRAGMA user_version={number}")

    def _open_connection(self) -> Connection:
        if self._db is None:
            raise VaultError("The vault is closed; unlock it, or start Ownhand again.")
        return self._db

    # -- errors

    def _in_words(self) -> _InWords:
        return _InWords(self.folder)


class _InWords:
    """Turns sqlcipher3's exceptions into ours.  Statements and values stay out of the text.

    A class, because a generator-based context manager would show in every traceback of the caller.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, dbapi2.DatabaseError):
            return
        code = _code(error) & 0xFF
        # a page-by-page copy gives no code at all
        if code == _FULL or (code in (0, _IOERR, _CANTOPEN) and _no_room(None, self._folder)):
            raise DiskFull(
                "The disk is full, so the last change was not stored; what was stored before is safe. Free some space "
                "and try again."
            ) from None
        if code in (_BUSY, _LOCKED):
            raise VaultInUse("Another program is using vault.db; close it and try again.") from None
        if code in (_READONLY, _CANTOPEN):
            raise VaultError(
                "The vault cannot be written; make its folder and files writable for you, or choose another folder "
                "with --vault."
            ) from None
        if code in (_CORRUPT, _NOTADB):
            raise VaultError("vault.db is damaged; put it back from a backup, or begin a new vault.") from None
        if code == _IOERR:
            raise VaultError(
                "The drive reported an error while the vault was used; check the drive and try again."
            ) from None
        # whatever else SQLite refuses is a bug of ours and must be seen as one


def _code(error: BaseException | None) -> int:
    return int(getattr(error, "sqlite_errorcode", 0) or 0)


def _no_room(error: OSError | None, folder: Path) -> bool:
    """Whether there is no room: a full disk, a used-up quota, or a limit on the size of files.

    SQLite tells only the first apart from other failures to write, so without an `error` it is tried out.
    """
    if error is not None:
        return error.errno in NO_ROOM
    try:
        if shutil.disk_usage(folder).free < _LITTLE_ROOM:
            return True
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.seek(max(path.stat().st_size for path in files_of(folder) if path.exists()))
            probe.write(bytes(_PROBE))
            probe.flush()
    except OSError as failure:
        return failure.errno in NO_ROOM
    except ValueError:  # there is no file yet
        return False
    return False
