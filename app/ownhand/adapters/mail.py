"""One raw message (RFC 5322, MIME) to a `ports.Message`, through the email package with `policy.default`.

Limits keep hostile and broken mail cheap: headers nobody needs are left out before parsing, every header and the number
and depth of parts are bounded, and what still makes the parser fail becomes a `Skipped` with a reason.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.errors import MessageError
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache

from ownhand.adapters import charset, markup
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped

MESSAGE_LIMIT = 4 << 20
"""Bytes of one message that are read: the text parts come first, what is beyond are attachments."""
HEADER_LIMIT = 8_000
"""Bytes of one header, unfolded; a list of recipients that is longer is cut."""
HEADERS_LIMIT = 2 << 20
"""Bytes of the header block of one message."""
PARTS_LIMIT = 300
DEPTH_LIMIT = 40
BOUNDARIES_LIMIT = 100
"""Multiparts in one message; the parser's work grows with parts times nesting."""
TEXT_LIMIT = 400_000
"""Characters of one body."""

ENCRYPTED = "encrypted message"
DELETED = "deleted in the mail program"
UNSENT = "draft that was not sent"
JUNK = "spam"
BROKEN = "damaged message"
NESTED = "message with too many parts"

_PARSER_FAULTS = (
    MessageError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
)
"""What the email package raises on malformed mail, although policy.default promises defects instead."""

_POLICY = policy.default.clone(header_factory=lru_cache(maxsize=512)(HeaderRegistry()))
"""policy.default parses a header anew whenever it is asked for, three times a part; parts have mostly the same ones."""

_WANTED = frozenset(
    b"from sender to cc bcc subject date message-id in-reply-to mime-version content-type content-transfer-encoding"
    b" content-disposition auto-submitted precedence list-id list-unsubscribe x-gmail-labels x-mozilla-status status"
    b" x-status delivered-to x-original-to envelope-to x-autoreply x-autorespond x-failed-recipients received"
    b" return-path x-spam-flag".split()
)
_ONCE = frozenset(_WANTED) - {b"to", b"cc", b"delivered-to"}

_DELETED_LABELS = re.compile(
    r"(?:^|,)\s*(?:trash|papierkorb|corbeille|papelera|cestino|lixeira|prullenbak|bin)\s*(?:,|$)"
)
_JUNK_LABELS = re.compile(r"(?:^|,)\s*(?:spam|junk)\s*(?:,|$)")
_UNSENT_LABELS = re.compile(r"(?:^|,)\s*(?:drafts?|entwürfe|brouillons|borradores|bozze|rascunhos|concepten)\s*(?:,|$)")
_SENT_LABELS = re.compile(
    r"(?:^|,)\s*(?:sent(?: mail| messages)?|gesendet|messages envoyés|envoyés|enviados"
    r"|posta inviata|inviati|verzonden|送信済み)\s*(?:,|$)"
)


def read(raw: bytes, where: str, position: int, own: Callable[[str], bool]) -> Message | Skipped:
    """One message.  `own(address)` says whether its text is wanted; else the result carries the headers only.

    Never raises on content.
    """
    try:
        headers, body_at = _headers_of(raw)
        found = _envelope(_parse(headers, True), where, position)
        if isinstance(found, Skipped) or not own(found.sender):
            return found
        return _with_body(found, headers, raw[body_at:MESSAGE_LIMIT], where)
    except RecursionError:
        return Skipped(NESTED, where)
    except (MessageError, ValueError, LookupError):
        return Skipped(BROKEN, where)


# -------------------------------------------------------------------------------------------------------------- headers


def _headers_of(raw: bytes) -> tuple[bytes, int]:
    """The headers that matter, each cut to its limit, and where the body begins."""
    ending = re.search(rb"\r?\n\r?\n", raw[:HEADERS_LIMIT])
    block = raw[: ending.start()] if ending else raw[:HEADERS_LIMIT]
    body_at = ending.end() if ending else len(block)
    kept: list[bytes] = []
    seen: set[bytes] = set()
    taking = False
    length = 0
    for line in block.replace(b"\r\n", b"\n").split(b"\n"):
        if line[:1] in b" \t" and line:
            room = HEADER_LIMIT - length
            if taking and room > 0:
                kept.append(line[:room])
                length += len(line)
            continue
        name, colon, _ = line[:200].partition(b":")
        key = name.strip().lower()
        if not colon or not re.fullmatch(rb"[!-9;-~]+", key):
            if line.startswith((b">From ", b"From ")) or not kept:
                taking = False
                continue
            # A line that is no header and no continuation: the body begins without its empty line.
            if not re.match(rb"[!-9;-~]+\s*:", line):
                taking = False
                continue
        taking = key in _WANTED and not (key in _ONCE and key in seen)
        if taking:
            seen.add(key)
            kept.append(line[:HEADER_LIMIT])
            length = len(line)
    return b"\n".join(kept) + b"\n\n", body_at


def _parse(raw: bytes, headers_only: bool = False) -> EmailMessage:
    try:
        return BytesParser(policy=_POLICY).parsebytes(raw, headersonly=headers_only)
    except _PARSER_FAULTS as error:
        raise MessageError from error


def _type_of(part: EmailMessage) -> str:
    try:
        return part.get_content_type()
    except _PARSER_FAULTS:
        return "text/plain"


def _payload_of(part: EmailMessage) -> bytes:
    try:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload
        # A multipart without a boundary keeps its text as it came.
        raw = part.get_payload()
    except _PARSER_FAULTS as error:
        raise MessageError from error
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _envelope(message: EmailMessage, where: str, position: int) -> Message | Skipped:
    labels = _text(message, "X-Gmail-Labels").lower()
    status = _text(message, "X-Mozilla-Status").strip()
    if _DELETED_LABELS.search(labels) or (re.fullmatch(r"[0-9a-fA-F]{4}", status) and int(status, 16) & 0x0008):
        return Skipped(DELETED, where)
    if _JUNK_LABELS.search(labels):
        return Skipped(JUNK, where)
    if _UNSENT_LABELS.search(labels):
        return Skipped(UNSENT, where)
    senders = _addresses(message, "From") or _addresses(message, "Sender")
    name, address = senders[0] if senders else ("", "")
    recipients = [*_addresses(message, "To"), *_addresses(message, "Cc")]
    delivered = [
        a for header in ("Delivered-To", "X-Original-To", "Envelope-To") for _, a in _addresses(message, header)
    ]
    return Message(
        kind="email",
        sender=address,
        sender_name=name,
        title=_text(message, "Subject"),
        recipients=tuple(dict.fromkeys(_display(n, a) for n, a in recipients if n or a)),
        written_at=_date(message),
        message_id=_text(message, "Message-ID")[:500],
        automatic=_automatic(message, address),
        where=where,
        position=position,
        delivered_to=tuple(dict.fromkeys(delivered)),
        filed_as_sent=bool(_SENT_LABELS.search(labels)),
    )


def _display(name: str, address: str) -> str:
    if not name or name.lower() == address:
        return address
    quoted = f'"{name}"' if re.search(r"[,;<>@]", name) else name
    return f"{quoted} <{address}>" if address else name


def _raw(message: EmailMessage, name: str) -> str:
    """A header as it stands, without the parser of policy.default; bytes beyond ASCII decoded as well as can be."""
    wanted = name.lower()
    value = next((str(value) for key, value in message.raw_items() if key.lower() == wanted), "")
    if "\n" in value:
        value = re.sub(r"\r?\n(?=[ \t])", "", value)
    if not value.isascii():
        value = charset.decode(value.encode("utf-8", "surrogateescape"))
    return value.strip()


def _text(message: EmailMessage, name: str) -> str:
    raw = _raw(message, name)
    return " ".join(cleaning.normalise(_encoded_words(raw)).split()) if raw else ""


_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=(?:[ \t]+(?==\?))?")


def _encoded_words(value: str) -> str:
    """Decode RFC 2047 words.  Neighbours in one set are joined as bytes first, since programs cut inside characters."""
    if "=?" not in value:
        return value
    out: list[str] = []
    pending: tuple[str, bytes] = ("", b"")
    at = 0
    for match in _ENCODED_WORD.finditer(value):
        label, kind, payload = match.group(1).split("*")[0].lower(), match.group(2).lower(), match.group(3)
        data = _base64(payload) if kind == "b" else _quoted(payload)
        if pending[0] == label and match.start() == at:
            pending = (label, pending[1] + data)
        else:
            out.append(charset.decode(pending[1], pending[0]) if pending[1] else "")
            out.append(value[at : match.start()])
            pending = (label, data)
        at = match.end()
    out.append(charset.decode(pending[1], pending[0]) if pending[1] else "")
    return "".join(out) + value[at:]


def _base64(payload: str) -> bytes:
    clean = re.sub(r"[^A-Za-z0-9+/]", "", payload)
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    return binascii.a2b_base64(clean + "=" * (-len(clean) % 4))


def _quoted(payload: str) -> bytes:
    return quopri.decodestring(payload.encode("utf-8", "replace"), header=True)


def _addresses(message: EmailMessage, name: str) -> tuple[tuple[str, str], ...]:
    """Name and bare lower-case address of each mailbox in a header; the name may stand alone."""
    return _mailboxes(_raw(message, name)[:HEADER_LIMIT])


@lru_cache(maxsize=4096)
def _mailboxes(value: str) -> tuple[tuple[str, str], ...]:
    if not value:
        return ()
    found: list[tuple[str, str]] = []
    # Strict versions of getaddresses answer a malformed header with one empty pair; then the addresses are looked for.
    pairs = [pair for pair in getaddresses([value]) if any(pair)] or [("", value)]
    for display, bare in pairs:
        shown = " ".join(cleaning.normalise(_encoded_words(display)).split()).strip("\"' ")
        address = _encoded_words(bare).strip().strip("<>\"'").lower()
        if not _BARE_ADDRESS.fullmatch(address):
            inside = _ADDRESS_WITHIN.search(f"{address} {display}".lower())
            shown = shown or ("" if inside else address)
            address = inside.group(0) if inside else ""
        if address or shown:
            found.append((shown if shown.lower() != address else "", address))
    return tuple(found)


_BARE_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,200}@[^\s@<>,;\"]{1,200}")
_ADDRESS_WITHIN = re.compile(r"[^\s@<>,;\"()\[\]:]{1,200}@[^\s@<>,;\"()\[\]]{1,200}")


def _date(message: EmailMessage) -> datetime | None:
    """When it was written, in UTC; None where the header is missing, unreadable or impossible."""
    for value in (_raw(message, "Date"), _raw(message, "Received").rpartition(";")[2]):
        found = date_of(value)
        if found is not None:
            return found
    return None


def date_of(value: str) -> datetime | None:
    """A date of RFC 5322 in UTC; None for '' and for what is unreadable or impossible."""
    if not value.strip():
        return None
    try:
        found = parsedate_to_datetime(value.strip()[:200])
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    possible = datetime(1985, 1, 1, tzinfo=UTC) < found < datetime.now(UTC) + timedelta(days=2)
    return found if possible else None


def _automatic(message: EmailMessage, sender: str) -> str:
    """RFC 3834 (Auto-Submitted) and what preceded it."""
    submitted = _text(message, "Auto-Submitted").lower()
    content_type = _text(message, "Content-Type").lower()
    if content_type.startswith("multipart/report") or "X-Failed-Recipients" in message:
        return "receipt" if "disposition-notification" in content_type else "bounce"
    if content_type.startswith("text/calendar"):
        return "calendar"
    if (submitted and submitted != "no") or "X-Autoreply" in message or "X-Autorespond" in message:
        return "auto-reply"
    subject = _text(message, "Subject")
    if _AUTO_REPLY.match(subject):
        return "auto-reply"
    if re.match(r"(?:mailer-daemon|postmaster)@", sender) or _UNDELIVERED.match(subject):
        return "bounce"
    if _text(message, "Precedence").lower() in {"bulk", "junk", "list"} or "List-Unsubscribe" in message:
        return "bulk mail"
    return ""


_AUTO_REPLY = re.compile(
    r"(?:automatic reply|auto(?:mated)?[ -]?(?:reply|response)|out of (?:the )?office\b.{0,40}$|autoreply"
    r"|automatische antwort|abwesenheitsnotiz|abwesend:|réponse automatique|absence du bureau|respuesta automática"
    r"|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|resposta automática|ausência temporária"
    r"|automatisch antwoord|afwezig(?:heidsmelding)?:?)(?::|\s|$)",
    re.IGNORECASE,
)
_UNDELIVERED = re.compile(
    r"(?:undeliverable|undelivered mail|mail delivery (?:failed|subsystem)|delivery status notification|returned mail"
    r"|delivery failure|unzustellbar|zustellung (?:fehlgeschlagen|nicht möglich)|non remis|échec de (?:la )?remise"
    r"|no se puede entregar|mancato recapito|non recapitabile|não foi possível entregar|onbestelbaar)\b",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"(?:accepted|declined|tentative(?:ly accepted)?|cancell?ed(?: event)?|(?:updated )?invitation|zugesagt|abgesagt"
    r"|mit vorbehalt|abgelehnt|accepté|refusé|provisoire|aceptado|rechazado|provisional|accettato|rifiutato|provvisorio"
    r"|aceite|recusado|provisório|geaccepteerd|geweigerd|voorlopig)\s?:\s",
    re.IGNORECASE,
)
"""What calendars put before the subject of an answer."""


# ----------------------------------------------------------------------------------------------------------------- body


def _with_body(found: Message, headers: bytes, body: bytes, where: str) -> Message | Skipped:
    if len(re.findall(rb"(?i)boundary=", body)) > BOUNDARIES_LIMIT:
        return Skipped(NESTED, where)
    message = _parse(headers + body)
    kind = _type_of(message)
    if kind in {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return Skipped(ENCRYPTED, where)
    own: list[str] = []
    whole: list[str] = []
    calendar = False
    for part, embedded in _text_parts(message):
        if _type_of(part) == "text/calendar":
            calendar = True
            continue
        text = cleaning.normalise(_text_of(part))
        if text:
            whole.append(text)
            if not embedded:
                own.append(text)
    parts = cleaning.split("\n\n".join(own), found.sender_name)
    calendar = calendar or bool(_ANSWERED.match(found.title) and cleaning.word_count(parts.own) < 12)
    return replace(
        found,
        body="\n\n".join(whole),
        own_text=parts.own,
        quoted=parts.quoted,
        quoted_from=parts.quoted_from,
        signature=parts.signature,
        automatic="calendar" if calendar and not found.automatic else found.automatic,
    )


def _text_parts(message: EmailMessage) -> Iterator[tuple[EmailMessage, bool]]:
    """The parts a reader would see, in order; the flag says that a part lies in an attached message."""
    stack: list[tuple[EmailMessage, int, bool]] = [(message, 0, False)]
    seen = 0
    while stack and seen < PARTS_LIMIT:
        part, depth, embedded = stack.pop()
        seen += 1
        kind = _type_of(part)
        if part.is_multipart():
            if depth >= DEPTH_LIMIT:
                continue
            children = [child for child in part.get_payload() if isinstance(child, EmailMessage)][:PARTS_LIMIT]
            if kind == "multipart/alternative":
                children = _best(children)
            inside = embedded or kind in {"message/rfc822", "multipart/digest"}
            stack.extend((child, depth + 1, inside) for child in reversed(children))
        elif kind == "text/calendar":
            yield part, embedded
        elif kind in {"text/plain", "text/html", "text/enriched"} or (kind.startswith("multipart/") and depth == 0):
            if depth and _disposition(part) == "attachment":
                continue
            yield part, embedded


def _disposition(part: EmailMessage) -> str:
    return _raw(part, "Content-Disposition").partition(";")[0].strip().lower()


def _best(children: list[EmailMessage]) -> list[EmailMessage]:
    """Plain text if it says something, else the richest alternative that has text."""
    calendar = [child for child in children if _type_of(child) == "text/calendar"]
    plain = [child for child in children if _type_of(child) == "text/plain"]
    others = [child for child in children if child not in plain and child not in calendar]
    if plain and (not others or _says_something(plain[0])):
        return [plain[0], *calendar]
    return [*others[:1], *calendar] if others else [*plain[:1], *calendar]


def _says_something(part: EmailMessage) -> bool:
    text = _text_of(part).strip()
    notice = re.search(
        r"(?i)\b(?:html|mime)\b.{0,80}\b(?:view|mail|e-mail|message|reader|client|compatible)\b", text[:400]
    )
    return bool(text) and not (notice and len(text) < 300)


def _text_of(part: EmailMessage) -> str:
    payload = _payload_of(part)
    declared = _parameter(part, "charset")
    kind = _type_of(part)
    if kind == "text/html":
        if not declared:
            named = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w.:-]{2,40})", payload[:4000], re.IGNORECASE)
            declared = named.group(1).decode("ascii") if named else ""
        return markup.to_text(charset.decode(payload[: 4 * markup.LIMIT], declared))
    text = charset.decode(payload[: 4 * TEXT_LIMIT], declared)[:TEXT_LIMIT]
    if kind == "text/enriched":
        return re.sub(r"<[^<>]{1,200}>", "", text)
    if _parameter(part, "format").lower() == "flowed":
        return cleaning.unflow(text, _parameter(part, "delsp").lower() == "yes")
    if re.match(r"\s*<(?:!doctype html|html)\b", text[:200], re.IGNORECASE):
        return markup.to_text(text)
    return text


def _parameter(part: EmailMessage, name: str) -> str:
    """A parameter of Content-Type, read leniently: policy.default raises on some malformed ones."""
    found = re.search(
        rf"(?i);\s*{name}\*?\s*=\s*(?:\"([^\"]{{0,100}})\"|([^\s;\"]{{1,100}}))", _raw(part, "Content-Type")
    )
    return (found.group(1) or found.group(2) or "").strip() if found else ""
