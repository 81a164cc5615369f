"""The reader role: messages out of Outlook's data files (.pst, .ost), read by libpff.

A process of its own, because libpff is C that parses bytes from anywhere: what it does wrong ends this process and not
the window, and the walls around it leave it nothing to reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from ownhand.adapters.formats.outlook import Properties
from ownhand.adapters.worker.serve import Desk, Job, Operation

TEXT_BYTES: Final = 4 << 20
"""Of one message's body, at most."""
AT_ONCE: Final = 2 << 20
"""Bytes of bodies in one answer, about; the next are read when they are asked for, so memory stays flat."""
DEPTH: Final = 60
"""Folders inside folders, at most."""

_CLASS, _FLAGS, _SENDER, _SENDER_SMTP, _SENT_SMTP = 0x001A, 0x0E07, 0x0C1F, 0x5D01, 0x5D02
_SENDER_NAME, _INTERNET_ID, _REPLY_TO_ID = 0x0C1A, 0x1035, 0x1042
_NAME, _ADDRESS, _SMTP, _RECIPIENT_TYPE = 0x3001, 0x3003, 0x39FE, 0x0C15
_UNSENT = 0x8
_LIBRARY_FAULTS = (OSError, ValueError, OverflowError, MemoryError, RuntimeError, SystemError)
"""What libpff raises on damage: an item that is broken costs itself alone."""


def open_role(desk: Desk) -> Mapping[str, Operation]:
    """The operations of the role."""
    reader = _Reader()
    return {"open": reader.open, "more": reader.more}


class _Reader:
    """One data file at a time."""

    def __init__(self) -> None:
        self._items: Iterator[dict[str, Any]] | None = None

    def open(self, job: Job, path: str) -> int:
        """Begin to read a file; how many items it holds, -1 where libpff cannot make sense of it."""
        import pypff  # WHY here: nothing else in the process needs it

        file = pypff.file()
        try:
            file.open(path)
            root = file.get_root_folder()
        except _LIBRARY_FAULTS:
            return -1
        if root is None:
            return -1
        self._items = _walk(file, root, (), job)
        return _count(root, 0)

    def more(self, job: Job) -> list[dict[str, Any]] | None:
        """The next items: {"folder": names from the top, "properties": those of a message, or None for a damaged one}.

        None are left where the list is empty; None where no file is open, as in a process that came after one that
        died.
        """
        if self._items is None:
            return None
        found: list[dict[str, Any]] = []
        size = 0
        for item in self._items:
            job.check()
            found.append(item)
            size += len((item["properties"] or {}).get("text", "")) + 1000
            if size >= AT_ONCE:
                break
        return found


def _count(folder: Any, depth: int) -> int:  # noqa: ANN401
    """Items in a folder and in those in it."""
    inner = range(_or_nothing(lambda: int(folder.number_of_sub_folders)) or 0) if depth < DEPTH else ()
    folders = (_or_nothing(lambda number=number: folder.get_sub_folder(number)) for number in inner)
    own = _or_nothing(lambda: int(folder.number_of_sub_messages)) or 0
    return own + sum(_count(folder, depth + 1) for folder in folders if folder is not None)


def _walk(file: object, folder: Any, above: tuple[str, ...], job: Job) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Every message of a folder and of those in it.  `file` is held so that it stays open."""
    job.alive()
    name = _or_nothing(lambda: folder.name)
    names = (*above, name) if name else above
    for number in range(_or_nothing(lambda: int(folder.number_of_sub_messages)) or 0):
        try:
            properties: dict[str, Any] | None = asdict(_properties(folder.get_sub_message(number)))
        except _LIBRARY_FAULTS:
            properties = None
        yield {"folder": list(names), "properties": properties}
    if len(above) >= DEPTH:
        return
    for number in range(_or_nothing(lambda: int(folder.number_of_sub_folders)) or 0):
        inner = _or_nothing(lambda number=number: folder.get_sub_folder(number))
        if inner is not None:
            yield from _walk(file, inner, names, job)


def _properties(message: Any) -> Properties:  # noqa: ANN401
    values = _values(message.record_sets)
    people: dict[int, list[tuple[str, str]]] = {1: [], 2: []}
    recipients = _or_nothing(lambda: message.recipients)
    for row in recipients.record_sets if recipients is not None else ():
        about = _values([row])
        listed = people.get(int(about.get(_RECIPIENT_TYPE, 1)))
        if listed is not None:
            name, address = str(about.get(_NAME, "")), str(about.get(_SMTP) or about.get(_ADDRESS, ""))
            listed.append((name, address))
    text, html = _or_nothing(lambda: message.plain_text_body), _or_nothing(lambda: message.html_body)
    rtf = None if text or html else _or_nothing(lambda: message.rtf_body)
    sent = _or_nothing(lambda: message.client_submit_time) or _or_nothing(lambda: message.delivery_time)
    body, form = (text, "plain") if text else (html, "html") if html else (rtf, "rtf")
    sender = str(values.get(_SENDER_SMTP) or values.get(_SENT_SMTP) or values.get(_SENDER, ""))
    return Properties(
        subject=_or_nothing(lambda: message.subject) or "",
        sender=sender if "@" in sender else "",
        sender_name=str(values.get(_SENDER_NAME) or _or_nothing(lambda: message.sender_name) or ""),
        to=tuple(people[1]),
        cc=tuple(people[2]),
        message_id=str(values.get(_INTERNET_ID, "")),
        in_reply_to=str(values.get(_REPLY_TO_ID, "")),
        sent=sent.replace(tzinfo=UTC).isoformat() if isinstance(sent, datetime) else "",
        kind=str(values.get(_CLASS, "")),
        unsent=bool(int(values.get(_FLAGS, 0)) & _UNSENT),
        headers=_or_nothing(lambda: message.transport_headers) or "",
        text=bytes(body or b"")[:TEXT_BYTES].decode("latin-1" if form != "plain" else "utf-8", "replace"),
        form=form,
    )


def _values(record_sets: Any) -> dict[int, str | int]:  # noqa: ANN401
    """The properties that count, by their tag."""
    found: dict[int, str | int] = {}
    wanted = {_CLASS, _FLAGS, _SENDER, _SENDER_SMTP, _SENT_SMTP, _SENDER_NAME, _INTERNET_ID, _REPLY_TO_ID}
    wanted |= {_NAME, _ADDRESS, _SMTP, _RECIPIENT_TYPE}
    for record_set in record_sets:
        for entry in record_set.entries:
            tag = entry.entry_type
            if tag in wanted and tag not in found:
                number = entry.value_type == 3
                value = _or_nothing(entry.get_data_as_integer if number else entry.get_data_as_string)
                if value is not None:
                    found[tag] = int(value) if number else str(value)
    return found


def _or_nothing(read: Any) -> Any:  # noqa: ANN401
    """A property, or None where it is absent or damaged."""
    try:
        return read()
    except _LIBRARY_FAULTS:
        return None
