"""How plain values stand in the vault's columns: text, times, short lists, reply contexts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from ownhand.domain.corpus import ReplyContext


def clean(text: str) -> str:
    """The text as SQLite can hold it: half surrogates, which mail in broken encodings leaves, become U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # through UTF-16, so that two halves that belong together become the character they are
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def time_out(moment: datetime | None) -> str:
    """ISO 8601 in UTC with microseconds, '' for None.  A time without a zone is taken as UTC."""
    if moment is None:
        return ""
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # a zone shift at the edge of the calendar; such a date is nonsense anyhow
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="microseconds")


def time_in(text: str) -> datetime | None:
    """The reverse of time_out."""
    return datetime.fromisoformat(text) if text else None


def list_out(items: Iterable[str]) -> str:
    """A short list of strings as JSON."""
    return json.dumps([clean(item) for item in items], ensure_ascii=False)


def list_in(text: str) -> tuple[str, ...]:
    """The reverse of list_out."""
    return tuple(json.loads(text))


def reply_out(reply: ReplyContext | None) -> tuple[str | None, str]:
    """The two columns of a reply context; a NULL text means none."""
    return (None, "") if reply is None else (clean(reply.text), clean(reply.from_name))
