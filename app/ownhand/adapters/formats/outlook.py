"""Outlook's .msg files, read by python-oxmsg and handed on as the message they once were."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import format_datetime, formataddr

from ownhand.adapters import charset, mail, markup
from ownhand.adapters.formats import common, rtf
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

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
            about = _properties_of(data)
            raw = as_mail(about)
        except _FAULTS:
            yield Skipped(mail.BROKEN, str(file))
            return
        yield Skipped(mail.UNSENT, str(file)) if about.unsent else mail.read(raw, str(file), len(data), own)


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


@dataclass(frozen=True, slots=True)
class Properties:
    """What Outlook keeps of one message, before it is written as the message it once was."""

    subject: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    """Address, '' where Exchange knew only a name."""
    sender_name: str = field(default="", repr=False)
    to: Sequence[Sequence[str]] = field(default=(), repr=False)
    """(name, address) of each."""
    cc: Sequence[Sequence[str]] = field(default=(), repr=False)
    message_id: str = field(default="", repr=False)
    in_reply_to: str = field(default="", repr=False)
    sent: str = ""
    """ISO 8601."""
    kind: str = ""
    """Outlook's message class: IPM.Note for mail."""
    unsent: bool = False
    headers: str = field(default="", repr=False)
    """As the message came, '' for one that was sent from here."""
    text: str = field(default="", repr=False)
    """The body; as 'rtf' and 'html' its bytes as Latin-1."""
    form: str = "plain"
    """plain | html | rtf"""


def as_mail(about: Properties) -> bytes:
    """The message as RFC 5322 with what was sent of it."""
    came = HeaderParser(policy=compat32).parsestr(about.headers.replace("\r\n", "\n"))
    headers = {name.lower(): str(value) for name, value in came.items()}
    people = {"To": about.to, "Cc": about.cc}
    sender = headers.get("from") or (
        formataddr((about.sender_name, about.sender), "utf-8") if about.sender else about.sender_name
    )
    lines = [
        f"From: {sender}",
        *(f"{name}: {', '.join(_person(*person) for person in listed)}" for name, listed in people.items() if listed),
        f"Subject: {about.subject}",
        f"Message-ID: {headers.get('message-id') or about.message_id}",
        f"In-Reply-To: {headers.get('in-reply-to') or about.in_reply_to}",
        *(f"{name}: {headers[name.lower()]}" for name in _KEPT if name.lower() in headers),
    ]
    if about.sent:
        lines.append(f"Date: {format_datetime(datetime.fromisoformat(about.sent))}")
    if about.kind.lower().startswith(("report.", "ipm.schedule.", "ipm.appointment")):
        lines.append("Auto-Submitted: auto-generated")
    text = about.text
    if about.form == "html":
        text = charset.decode(text[: 4 * markup.LIMIT].encode("latin-1"))
    elif about.form == "rtf":
        text = rtf.to_text(text) or ""
    head = "\n".join(" ".join(line.split()) for line in lines)
    subtype = "html" if about.form == "html" else "plain"
    mime = f"MIME-Version: 1.0\nContent-Type: text/{subtype}; charset=utf-8\nContent-Transfer-Encoding: 8bit"
    return f"{head}\n{mime}\n\n{text}".encode("utf-8", "replace")


def _person(name: str, address: str) -> str:
    """How a recipient stands in a header; Exchange's own kind of address says nothing to anybody else."""
    if "@" not in address:
        address = ""
    return formataddr((name if name != address else "", address), "utf-8") if address else name.replace(",", " ")


def _properties_of(data: bytes) -> Properties:
    """What a .msg file holds."""
    from oxmsg import Message as Oxmsg  # WHY here: few people have such files
    from oxmsg.domain import constants

    message = Oxmsg.load(data)
    about = message.properties
    people: dict[int, list[tuple[str, str]]] = {1: [], 2: []}
    for recipient in message.recipients:
        listed = people.get(recipient.properties.int_prop_value(constants.PID_RECIPIENT_TYPE) or 0)
        if listed is not None:
            address = recipient.properties.str_prop_value(_SMTP) or recipient.email_address or ""
            listed.append((recipient.name or "", address))
    sent: datetime | None = message.sent_date or about.date_prop_value(_DELIVERED)
    text, form = message.body or "", "plain"
    if not text.strip():
        html = about.binary_prop_value(constants.PID_HTML)
        source = html or (about.str_prop_value(constants.PID_BODY_HTML) or "").encode("utf-8")
        text, form = source.decode("latin-1"), "html"
    smtp = about.str_prop_value(_SENDER_SMTP) or about.str_prop_value(_SENT_SMTP) or ""
    name = about.str_prop_value(constants.PID_SENDER_NAME) or ""
    return Properties(
        subject=message.subject or "",
        sender=smtp,
        sender_name=name if smtp else message.sender or name,
        to=tuple(people[1]),
        cc=tuple(people[2]),
        message_id=about.str_prop_value(_INTERNET_ID) or "",
        in_reply_to=about.str_prop_value(_REPLY_TO_ID) or "",
        sent=(sent if sent.tzinfo else sent.replace(tzinfo=UTC)).isoformat() if sent is not None else "",
        kind=message.message_class,
        unsent=bool((about.int_prop_value(_FLAGS) or 0) & _UNSENT),
        headers="".join(f"{name}: {value}\n" for name, value in message.message_headers.items()),
        text=text,
        form=form,
    )


_KEPT = ("Auto-Submitted", "Precedence", "List-Unsubscribe", "X-Autoreply", "Delivered-To")
