"""Exports of messengers: WhatsApp (text), Telegram (JSON), Slack (a zip of JSON), Signal (text and JSON of its tools).

People are known by name there: a message's sender is the name in lower case.  What somebody writes within a few minutes
is one turn, and the turn of others before it is what it answers.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from ownhand.adapters import charset, mail
from ownhand.adapters.formats import common
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

TURN: Final = timedelta(minutes=5)
"""What the same person writes within this time is one text."""
LIMIT: Final = 256 << 20
"""Bytes of one export."""
TURN_LIMIT: Final = 20_000
"""Characters of one turn."""


@dataclass(slots=True)
class Said:
    """One message of a chat."""

    who: str
    text: str = field(repr=False)
    at: datetime | None = None


class Chat:
    """A file or zip that a messenger exported."""

    name = "chat"

    def accepts(self, file: Readable, head: bytes) -> bool:
        if head.startswith(b"PK\x03\x04"):
            return _is_slack(common.zip_names(file))
        return _reader_of(charset.decode(head)) is not None

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        try:
            if file.stat().st_size > LIMIT:
                yield Skipped(common.TOO_LARGE, str(file))
                return
            for title, said in self._chats(file):
                yield from _turns(said, title, file, own)
        except _FAULTS:
            yield Skipped(common.BROKEN, str(file))

    def _chats(self, file: Readable) -> Iterator[tuple[str, Iterable[Said]]]:
        with file.open("rb") as stream:
            if stream.read(4) == b"PK\x03\x04":
                stream.seek(0)
                with zipfile.ZipFile(stream) as archive:
                    yield from _slack(archive)
                return
        text = charset.decode(file.read_bytes())
        reader = _reader_of(text[:4096])
        if reader is not None:
            yield from reader(text, file.stem)


_FAULTS = (*common.ZIP_FAULTS, OSError, TypeError, AttributeError, RecursionError, OverflowError)

_Reader = Callable[[str, str], Iterator[tuple[str, Iterable[Said]]]]


def _reader_of(head: str) -> _Reader | None:
    start = head.lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        if re.search(r'"messages"\s*:\s*\[|"chats"\s*:\s*\{', start) and re.search(r'"(?:type|about)"\s*:', start):
            return _telegram
        first = start.split("\n", 1)[0]
        if '"envelope"' in first or re.match(r'\{"date":.{1,60}"sender":', first):
            return _signal_lines
        return None
    if re.match(r"Conversation: [^\n]+\n\s*\n?(?:From|Conversation): ", start):
        return _signal_text
    lines = [line for line in start.split("\n")[:30] if line.strip()]
    found = [_WHATSAPP.match(line) for line in lines]
    dated = [match for match in found if match is not None]
    begins = bool(found) and found[0] is not None
    return _whatsapp if begins and len(dated) > 1 and any(": " in match.group("rest") for match in dated) else None


def _turns(said: Iterable[Said], title: str, file: Readable, own: Callable[[str], bool]) -> Iterator[Message | Skipped]:
    """Messages of one person in a row as one text."""
    before: Said | None = None
    turn: Said | None = None
    number = 0
    size = file.stat().st_size

    def message(turn: Said, before: Said | None) -> Message:
        sender = turn.who.strip().lower()
        theirs = before if before is not None and before.who != turn.who else None
        wanted = own(sender)
        return Message(
            kind="note",
            sender=sender,
            sender_name=turn.who.strip(),
            recipients=(theirs.who,) if theirs else ((title,) if title else ()),
            written_at=turn.at,
            body=turn.text,
            own_text=cleaning.normalise(turn.text) if wanted else "",
            quoted=theirs.text if theirs and wanted else "",
            quoted_from=theirs.who if theirs else "",
            where=f"{file}, message {number}",
            position=size,
        )

    for one in said:
        if not one.text.strip() or not one.who.strip():
            continue
        number += 1
        close = turn is not None and turn.at is not None and one.at is not None and one.at - turn.at <= TURN
        if turn is not None and turn.who == one.who and close and len(turn.text) < TURN_LIMIT:
            turn = Said(turn.who, f"{turn.text}\n{one.text}", one.at)
            continue
        if turn is not None:
            yield message(turn, before)
            if turn.who != one.who:
                before = turn
        turn = one
    if turn is not None:
        yield message(turn, before)


# ------------------------------------------------------------------------------------------------------------- WhatsApp

_WHATSAPP = re.compile(
    r"[\u200e\u200f\ufeff]*(?P<open>\[)?(?P<day>\d{1,4}[./-]\d{1,2}[./-]\d{2,4}),?\s(?P<time>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)"
    r"[\s\u202f]?(?P<half>[aApP]\.?\s?[mM]\.?)?(?(open)\]|\s-)\s(?P<rest>.*)"
)
_NO_WORDS = re.compile(
    r"[\u200e\u200f]*(?:<[^<>]{1,60}>|.{1,40}\b(?:omitted|weggelassen|omis(?:e|es)?|omitid[oa]|omess[oa]|ocultado"
    r"|weggelaten)|(?:you|this message was) deleted.{0,40}|diese nachricht wurde gelöscht\.?"
    r"|.{1,60}\(file attached\)|.{1,60}\(datei angehängt\))\s*$",
    re.IGNORECASE,
)


def _whatsapp(text: str, stem: str) -> Iterator[tuple[str, Iterable[Said]]]:
    lines = text.split("\n")
    days = [found.group("day") for found in (_WHATSAPP.match(line) for line in lines[:5000]) if found]
    twelve = any(found.group("half") for found in (_WHATSAPP.match(line) for line in lines[:200]) if found)
    month_first = _month_first(days, twelve)
    title = re.sub(r"(?i)^(?:whatsapp chat (?:with|mit|con|avec)|_?chat\b)\s*-?\s*", "", stem).strip("_ ")
    yield title, _whatsapp_lines(lines, month_first)


def _whatsapp_lines(lines: list[str], month_first: bool) -> Iterator[Said]:
    current: Said | None = None
    for line in lines:
        found = _WHATSAPP.match(line.rstrip("\r"))
        if found is None:
            if current is not None:
                current.text += "\n" + line.rstrip("\r")
            continue
        if current is not None:
            yield current
        who, colon, words = found.group("rest").partition(": ")
        if not colon or len(who) > 60:  # what the program says itself
            current = None
            continue
        words = "" if _NO_WORDS.match(words) else words.replace("\u200e", "")
        at = _whatsapp_time(found.group("day"), found.group("time"), found.group("half") or "", month_first)
        current = Said(who.strip("\u200e\u200f~ \u202f"), words, at)
    if current is not None:
        yield current


def _month_first(days: list[str], twelve_hours: bool) -> bool:
    """Whether dates are written month first: read off the days above twelve, else off separator and clock."""
    pairs = [tuple(int(part) for part in re.split(r"[./-]", day)[:2]) for day in days]
    if any(first > 12 for first, _ in pairs):
        return False
    if any(second > 12 for _, second in pairs):
        return True
    return twelve_hours and any("/" in day for day in days[:1])


def _whatsapp_time(day: str, clock: str, half: str, month_first: bool) -> datetime | None:
    first, second, third = (int(part) for part in re.split(r"[./-]", day))
    parts = [int(part) for part in re.split(r"[:.]", clock)]
    hour = parts[0] % 12 + (12 if half.lower().startswith("p") else 0) if half else parts[0]
    if first > 31:
        year, month, date = first, second, third
    else:
        year, month, date = (third, first, second) if month_first else (third, second, first)
    try:
        # An export says no zone; it is the telephone's, and so most likely this computer's.
        at = datetime(year + (2000 if year < 100 else 0), month, date, hour, parts[1], parts[2] if parts[2:] else 0)
        return at.astimezone(UTC)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------------------- Telegram


def _telegram(text: str, stem: str) -> Iterator[tuple[str, Iterable[Said]]]:
    export = json.loads(text)
    chats = export.get("chats", {}).get("list", []) if "chats" in export else [export]
    for chat in chats:
        if isinstance(chat, dict) and isinstance(chat.get("messages"), list):
            yield str(chat.get("name") or ""), _telegram_messages(chat["messages"])


def _telegram_messages(messages: list[Any]) -> Iterator[Said]:
    for one in messages:
        if not isinstance(one, dict) or one.get("type") != "message" or one.get("forwarded_from") or one.get("via_bot"):
            continue
        words = one.get("text", "")
        if isinstance(words, list):
            words = "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in words)
        stamp = one.get("date_unixtime")
        yield Said(str(one.get("from") or ""), str(words), _since_1970(stamp) if stamp else _iso(one.get("date")))


# ---------------------------------------------------------------------------------------------------------------- Slack


def _is_slack(names: frozenset[str]) -> bool:
    return "users.json" in names and ("channels.json" in names or "dms.json" in names)


def _slack(archive: zipfile.ZipFile) -> Iterator[tuple[str, Iterable[Said]]]:
    people: dict[str, str] = {}
    for person in _json_part(archive, "users.json"):
        name = person.get("real_name") or person.get("profile", {}).get("real_name") or person.get("name")
        people[str(person.get("id"))] = str(name or "")
    days: dict[str, list[str]] = {}
    for name in archive.namelist():
        found = re.fullmatch(r"([^/]+)/\d{4}-\d{2}-\d{2}\.json", name)
        if found:
            days.setdefault(found.group(1), []).append(name)
    for channel, names in sorted(days.items()):
        yield channel, _slack_messages(archive, sorted(names), people)


def _slack_messages(archive: zipfile.ZipFile, names: list[str], people: dict[str, str]) -> Iterator[Said]:
    for name in names:
        for one in _json_part(archive, name):
            # A subtype marks what programs say: joined, topic changed, bot message.
            if one.get("type") != "message" or one.get("subtype") not in (None, "thread_broadcast", "me_message"):
                continue
            who = people.get(str(one.get("user")), "") or str(one.get("user_profile", {}).get("real_name") or "")
            yield Said(who, _slack_text(str(one.get("text") or ""), people), _since_1970(one.get("ts")))


def _slack_text(text: str, people: dict[str, str]) -> str:
    text = re.sub(r"```.{0,20000}?```", "", text, flags=re.DOTALL)
    text = re.sub(r"<@(\w+)(?:\|[^>]*)?>", lambda found: "@" + people.get(found.group(1), "somebody"), text)
    text = re.sub(r"<(?:#\w+|[^<>|]{1,500})\|([^<>]{1,300})>", r"\1", text)
    text = re.sub(r"<(?:mailto:)?([^<>|]{1,500})>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _json_part(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    found = json.loads(common.zip_part(archive, name))
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


# --------------------------------------------------------------------------------------------------------------- Signal


def _signal_lines(text: str, stem: str) -> Iterator[tuple[str, Iterable[Said]]]:
    """One JSON object a line: what signal-cli receives, or what signal-export writes."""
    yield stem, _signal_objects(text)


def _signal_objects(text: str) -> Iterator[Said]:
    for line in text.split("\n"):
        if not line.strip():
            continue
        one = json.loads(line)
        envelope = one.get("envelope") if isinstance(one, dict) else None
        if isinstance(envelope, dict):
            sent = (envelope.get("syncMessage") or {}).get("sentMessage")
            content = sent or envelope.get("dataMessage") or {}
            who = envelope.get("sourceName") or envelope.get("source") or one.get("account") or ""
            yield Said(str(who), str(content.get("message") or ""), _since_1970(envelope.get("timestamp"), 1000))
        elif isinstance(one, dict):
            yield Said(str(one.get("sender") or ""), str(one.get("body") or ""), _iso(one.get("date")))


def _signal_text(text: str, stem: str) -> Iterator[tuple[str, Iterable[Said]]]:
    """What sigtop writes: a few headers, an empty line, the message."""
    for part in re.split(r"(?m)^(?=Conversation: )", text):
        title = part.split("\n", 1)[0].removeprefix("Conversation: ").split(" (")[0].strip()
        yield title, _sigtop_messages(part)


def _sigtop_messages(part: str) -> Iterator[Said]:
    for block in islice(re.split(r"(?m)^(?=From: )", part), 1, None):
        head, _, words = block.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.split("\n") if ": " in line)
        who = re.sub(r"\s*\([^()]*\)$", "", headers.get("From", "")).strip()
        words = re.sub(r"(?m)^> ?.*\n?", "", words)
        yield Said(who, words.strip(), mail.date_of(headers.get("Sent", "")))


def _since_1970(stamp: object, per_second: int = 1) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(str(stamp)) / per_second, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(stamp: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(stamp))
    except ValueError:
        return None
    return found.astimezone(UTC)
