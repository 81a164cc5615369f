"""Outlook's .msg files, read by python-oxmsg and handed on as the message they once were."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, formataddr

from ownhand.adapters import charset, mail, markup
from ownhand.adapters.formats import common
from ownhand.domain.ports import Message, Readable, Skipped, anybody

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_SENDER_SMTP, _SENT_SMTP, _SMTP = 0x5D01, 0x5D02, 0x39FE
_INTERNET_ID, _REPLY_TO_ID, _FLAGS, _DELIVERED = 0x1035, 0x1042, 0x0E07, 0x0E06
_UNSENT = 0x8


class OutlookMessage:
    """.msg"""

    name = "Outlook message"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return head.startswith(OLE) and "__properties_version1.0" in ole_names(file)

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.OFFICE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        try:
            raw = _as_mail(data)
        except _FAULTS:
            yield Skipped(mail.BROKEN, str(file))
            return
        yield Skipped(mail.UNSENT, str(file)) if raw is None else mail.read(raw, str(file), len(data), own)


_FAULTS = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    RecursionError,
    struct.error,
)


def ole_names(file: Readable) -> frozenset[str]:
    """The names at the top of an OLE compound file; none where it is damaged."""
    import olefile  # type: ignore[import-untyped]  # WHY here: few people have such files

    try:
        if file.stat().st_size > common.OFFICE_LIMIT:
            return frozenset()
        with olefile.OleFileIO(io.BytesIO(file.read_bytes())) as container:
            return frozenset(entry[0] for entry in container.listdir())
    except _FAULTS:
        return frozenset()


def _as_mail(data: bytes) -> bytes | None:
    """The message as RFC 5322 with what was sent of it; None for a draft."""
    from oxmsg import Message as Oxmsg  # WHY here: few people have such files
    from oxmsg.domain import constants

    message = Oxmsg.load(data)
    about = message.properties
    if (about.int_prop_value(_FLAGS) or 0) & _UNSENT:
        return None
    headers = {name.lower(): value for name, value in message.message_headers.items()}
    smtp = about.str_prop_value(_SENDER_SMTP) or about.str_prop_value(_SENT_SMTP) or ""
    name = about.str_prop_value(constants.PID_SENDER_NAME) or ""
    sender = headers.get("from") or (formataddr((name, smtp), "utf-8") if smtp else message.sender or "")
    people: dict[str, list[str]] = {"To": [], "Cc": []}
    for recipient in message.recipients:
        address = recipient.properties.str_prop_value(_SMTP) or recipient.email_address or ""
        kind = recipient.properties.int_prop_value(constants.PID_RECIPIENT_TYPE)
        if kind in (1, 2):
            shown = recipient.name or ""
            people["To" if kind == 1 else "Cc"].append(
                formataddr((shown if shown != address else "", address), "utf-8")
            )
    sent: datetime | None = message.sent_date or about.date_prop_value(_DELIVERED)
    lines = [
        f"From: {sender}",
        *(f"{field}: {', '.join(listed)}" for field, listed in people.items() if listed),
        f"Subject: {message.subject}",
        f"Message-ID: {headers.get('message-id') or about.str_prop_value(_INTERNET_ID) or ''}",
        f"In-Reply-To: {headers.get('in-reply-to') or about.str_prop_value(_REPLY_TO_ID) or ''}",
        *(f"{field}: {headers[field.lower()]}" for field in _KEPT if field.lower() in headers),
    ]
    if sent is not None:
        lines.append(f"Date: {format_datetime(sent if sent.tzinfo else sent.replace(tzinfo=UTC))}")
    if message.message_class.lower().startswith(("report.", "ipm.schedule.", "ipm.appointment")):
        lines.append("Auto-Submitted: auto-generated")
    text, subtype = message.body or "", "plain"
    if not text.strip():
        html = about.binary_prop_value(constants.PID_HTML)
        text = charset.decode(html[: 4 * markup.LIMIT]) if html else about.str_prop_value(constants.PID_BODY_HTML) or ""
        subtype = "html"
    head = "\n".join(" ".join(line.split()) for line in lines)
    mime = f"MIME-Version: 1.0\nContent-Type: text/{subtype}; charset=utf-8\nContent-Transfer-Encoding: 8bit"
    return f"{head}\n{mime}\n\n{text}".encode("utf-8", "replace")


_KEPT = ("Auto-Submitted", "Precedence", "List-Unsubscribe", "X-Autoreply", "Delivered-To")
