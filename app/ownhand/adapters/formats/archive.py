"""Archives (.zip, .tar, .tgz), Google Takeout among them: each file in them is read where it lies, none is unpacked
to disk, and no name in them leads anywhere.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, Final, Literal, cast

from ownhand.adapters import mbox
from ownhand.adapters.formats import common
from ownhand.domain import folders
from ownhand.domain.message import OTHER_KIND, Message, Skipped, anybody
from ownhand.domain.ports import FileFacts, Importer, Readable

EXPANSION_LIMIT: Final = 200
"""Times its packed size that a file may have; text reaches about 10, and a bomb 1000."""
HELD: Final = 8 << 20
"""Bytes of a file in a tar that are held, so that readers can look at its beginning more than once."""

NESTED = "archive inside an archive"

_FAULTS = (*common.ZIP_FAULTS, tarfile.TarError, OSError, struct.error, AttributeError)
_OFFICE = ("[Content_Types].xml", "META-INF/MANIFEST.MF", "META-INF/container.xml", "AndroidManifest.xml")
"""What tells programs, books and office documents that are zips from archives of files."""


@dataclass(frozen=True, slots=True)
class _Facts:
    st_size: int
    st_mtime: float


class Member:
    """A file inside an archive, with the part of Path that readers use."""

    def __init__(self, where: str, inside: str, facts: FileFacts, opener: Callable[[], BinaryIO]) -> None:
        self.path = PurePosixPath(inside)
        self._where, self._facts, self._opener = f"{where}/{inside}", facts, opener

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def suffix(self) -> str:
        return self.path.suffix

    def __str__(self) -> str:
        return self._where

    def stat(self) -> FileFacts:
        return self._facts

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """From the beginning.  Damage shows as OSError, as on a disk, also while reading."""
        return cast("BinaryIO", io.BufferedReader(_Sound(self._opener()), 1 << 16))

    def read_bytes(self) -> bytes:
        with self.open("rb") as stream:
            return stream.read()


class _Sound(io.RawIOBase):
    """A stream whose faults are OSErrors."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._stream.seek(offset, whence)
        except _FAULTS as error:
            raise OSError(str(error)) from error

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except _FAULTS as error:
            raise OSError(str(error)) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class Archive:
    """.zip, .tar, .tar.gz, .tgz: of messages, mailboxes, documents, in folders or not."""

    name = "archive"

    def __init__(self, inside: Sequence[Importer]) -> None:
        self._inside = tuple(inside)

    def accepts(self, file: Readable, head: bytes) -> bool:
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            names = common.zip_names(file)
            return "mimetype" not in names and not any(name in names for name in _OFFICE) and not is_pages(names)
        return is_tar(file, head)

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        try:
            with file.open("rb") as stream:
                packed = stream.read(2)
                stream.seek(0)
                yield from self._zip(file, stream, own) if packed == b"PK" else self._tar(file, stream, own)
        except _FAULTS:
            yield Skipped(common.CUT_SHORT, str(file))

    def _zip(self, file: Readable, stream: BinaryIO, own: Callable[[str], bool]) -> Iterator[Message | Skipped]:
        done = 0
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                where = f"{file}/{entry.filename}"
                size, packed = entry.file_size, max(1, entry.compress_size)
                if entry.is_dir() or not size:
                    continue
                if entry.flag_bits & 1:
                    yield Skipped(common.LOCKED, where)
                elif size > EXPANSION_LIMIT * packed + (1 << 20):
                    yield Skipped(common.BOMB, where)
                else:
                    facts = _Facts(size, _time_of(entry))
                    member = Member(str(file), entry.filename, facts, partial(_opened, archive, entry))
                    for item in self._member(member, own):
                        yield _at(item, done + _share(item, size) * packed // size)
                done += packed

    def _tar(self, file: Readable, stream: BinaryIO, own: Callable[[str], bool]) -> Iterator[Message | Skipped]:
        room = EXPANSION_LIMIT * file.stat().st_size + (1 << 20)
        with tarfile.open(fileobj=stream, mode="r|*", bufsize=1 << 18) as archive:
            for entry in archive:
                inside = archive.extractfile(entry) if entry.isreg() and entry.size else None
                if inside is None:
                    continue
                room -= entry.size
                if room < 0:
                    yield Skipped(common.BOMB, f"{file}/{entry.name}")
                    return
                held = inside.read(HELD)
                facts = _Facts(entry.size, float(entry.mtime))
                opener = _Opener(held, cast("BinaryIO", inside))
                for item in self._member(Member(str(file), entry.name, facts, opener), own):
                    yield _at(item, stream.tell())

    def _member(self, member: Member, own: Callable[[str], bool]) -> Iterator[Message | Skipped]:
        if any(part == "__MACOSX" or (part.startswith(".") and part.strip(".")) for part in member.path.parts):
            return
        if any(folders.is_put_away(part) for part in member.path.parts):
            yield Skipped(folders.PUT_AWAY, str(member))
            return
        try:
            with member.open("rb") as stream:
                head = stream.read(4096)
            reader = next((reader for reader in self._inside if reader.accepts(member, head)), None)
        except OSError:
            yield Skipped(common.CUT_SHORT, str(member))
            return
        if reader is None:
            packed = head.startswith(b"PK\x03\x04") or is_tar(member, head)
            yield Skipped(NESTED if packed else OTHER_KIND, str(member))
            return
        sent = folders.is_sent_folder(member.path.parts)
        for item in reader.read(member, own):
            yield replace(item, filed_as_sent=True) if sent and isinstance(item, Message) else item


def is_pages(names: Collection[str]) -> bool:
    """Whether an archive with these names is a document of Apple's Pages, of any age."""
    marks = "Index.zip" in names or "buildVersionHistory.plist" in names
    return marks or any(name.startswith(("Index/Document", "QuickLook/")) for name in names)


def is_tar(file: Readable, head: bytes) -> bool:
    """Whether a file is a tar archive, packed with gzip or not."""
    start = mbox.head_of(file) if head.startswith(mbox.GZIP) else head
    return start[257:262] == b"ustar"


class _Opener:
    """Opens a file in a tar: what is held any number of times, the rest once."""

    def __init__(self, held: bytes, rest: BinaryIO) -> None:
        self._held, self._rest = held, rest

    def __call__(self) -> BinaryIO:
        return io.BytesIO(self._held) if len(self._held) < HELD else cast("BinaryIO", _Chained(self._held, self._rest))


class _Chained(io.RawIOBase):
    def __init__(self, held: bytes, rest: BinaryIO) -> None:
        self._first, self._rest = io.BytesIO(held), rest

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self._first.read(size) or self._rest.read(size)


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    return cast("BinaryIO", archive.open(entry))


def _at(item: Message | Skipped, position: int) -> Message | Skipped:
    return replace(item, position=position) if isinstance(item, Message) else item


def _share(item: Message | Skipped, size: int) -> int:
    return min(item.position, size) if isinstance(item, Message) else 0


def _time_of(entry: zipfile.ZipInfo) -> float:
    try:
        return datetime(*entry.date_time).timestamp()  # the archive names no zone and means local time
    except ValueError:
        return 0.0
