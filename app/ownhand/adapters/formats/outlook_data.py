"""Outlook's data files (.pst, .ost), read by a worker that holds libpff: a whole mailbox in one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ownhand.adapters import mail
from ownhand.adapters.formats import common
from ownhand.adapters.formats.outlook import Properties, as_mail
from ownhand.adapters.worker.client import About, WorkerClient
from ownhand.domain import folders
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable
from ownhand.errors import WorkerError

MAGIC: Final = b"!BDN"
INSIDE = "Outlook data file inside an archive; unpack it first"
STOPPED = "Outlook data file that could not be read to its end"
NO_MAIL = "appointment, contact or task"
PATIENCE_S: Final = 60.0


class OutlookData:
    """.pst, .ost"""

    name = "Outlook data file"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        if not isinstance(file, Path):
            yield Skipped(INSIDE, str(file))
            return
        worker = WorkerClient("reader", about=lambda: About("The reader of Outlook's files"))
        try:
            with file.open("rb") as opened:
                begins_as_one = opened.read(len(MAGIC)) == MAGIC
            if begins_as_one:
                yield from _messages(worker, file, own)
            else:  # not worth a process
                yield Skipped(mail.BROKEN, str(file))
        except WorkerError:
            yield Skipped(STOPPED, str(file))
        except OSError:
            yield Skipped(common.UNREADABLE, str(file))
        finally:
            worker.close()


def _messages(worker: WorkerClient, file: Path, own: Callable[[str], bool]) -> Iterator[Message | Skipped]:
    """Raises WorkerError, OSError."""
    size = file.stat().st_size
    total = int(worker.call("open", PATIENCE_S, path=str(file.resolve())))
    if total < 0:
        yield Skipped(mail.BROKEN, str(file))
        return
    number = 0
    while found := worker.call("more", PATIENCE_S):
        for item in found:
            number += 1
            names = [str(name) for name in item["folder"]]
            where = "/".join([str(file), *names[-2:]]) + f", message {number}"
            given = item["properties"]
            if any(folders.is_put_away(name) for name in names):
                yield Skipped(folders.PUT_AWAY, where)
            elif given is None:
                yield Skipped(mail.BROKEN, where)
            else:
                read = size * number // max(number, total)
                yield _message(Properties(**given), where, read, folders.is_sent_folder(names), own)
    if found is None:
        yield Skipped(STOPPED, str(file))


def _message(
    about: Properties, where: str, position: int, filed_as_sent: bool, own: Callable[[str], bool]
) -> Message | Skipped:
    if about.unsent:
        return Skipped(mail.UNSENT, where)
    if not about.kind.upper().startswith(("IPM.NOTE", "REPORT.", "IPM.SCHEDULE.")):
        return Skipped(NO_MAIL, where)
    found = mail.read(as_mail(about), where, position, own)
    return replace(found, filed_as_sent=True) if filed_as_sent and isinstance(found, Message) else found
