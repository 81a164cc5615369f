"""Files that hold writing but cannot be read: each is told apart, so that the person hears what would help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ownhand.adapters.formats import common
from ownhand.adapters.formats.archive import is_pages
from ownhand.adapters.formats.outlook import OLE, ole_names
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

OLD_WORD = "old Word document (.doc); save it as .docx"
PAGES = "Pages document; export it as Word or PDF"
PROTECTED = "Office document under a password"


class Foreign:
    """Kinds that are known and not read."""

    name = "not read"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return bool(_reason(file, head))

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        try:
            with file.open("rb") as stream:
                head = stream.read(4096)
        except OSError:
            yield Skipped(common.UNREADABLE, str(file))
            return
        yield Skipped(_reason(file, head), str(file))


_IN_OLE: Final = {"EncryptedPackage": PROTECTED, "WordDocument": OLD_WORD}


def _reason(file: Readable, head: bytes) -> str:
    if head.startswith(OLE):
        names = ole_names(file)
        return next((reason for name, reason in _IN_OLE.items() if name in names), "")
    if head.startswith(b"PK\x03\x04") and is_pages(common.zip_names(file)):
        return PAGES
    return ""
