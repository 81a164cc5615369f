"""What the person is writing now, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ownhand.domain.corpus import Kind, ReplyContext

EVERYONE = "everyone"
"""The audience that every draft falls back to."""


@dataclass(frozen=True, slots=True)
class Audience:
    """A named group of recipients with a style of its own."""

    id: str
    name: str
    members: tuple[str, ...] = field(default=(), repr=False)
    """Bare addresses or names, lower case."""
    domains: tuple[str, ...] = field(default=(), repr=False)
    """Mail domains, lower case, without ``@``."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One text under way.  Autosaved whole; `text` is exactly what the editor holds, without ghost text."""

    id: str
    kind: Kind = Kind.EMAIL
    text: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    audience: str | None = None
    """Chosen by the person; None means resolved from the recipients."""
    reply_to: ReplyContext | None = field(default=None, repr=False)
    caret: int = 0
    updated_at: datetime | None = None

    @property
    def label(self) -> str:
        """How the library lists it: the subject, else the first words, else 'Untitled'."""
        first = next((line.strip() for line in self.text.splitlines() if line.strip()), "")
        return self.subject.strip() or first[:60] or "Untitled"


def address_of(recipient: str) -> str:
    """The bare address in lower case, or the name where there is none."""
    found = re.search(r"[^\s<>,;\"']+@[^\s<>,;\"']+", recipient)
    return (found.group(0) if found else recipient).strip().lower()


def first_name_of(recipient: str) -> str:
    """The name to greet: 'Dana' for 'Dana Li <d@x.org>' and for 'Li, Dana', 'Ms Li' for 'Ms Li', who gives no other; ''
    where no name can be told.
    """
    name = re.sub(r"<[^>]*>", "", recipient).strip().strip("\"'").strip()
    if not name or "@" in name:
        local = address_of(recipient).split("@")[0]
        parts = re.split(r"[._\-+]", local)
        return parts[0].capitalize() if len(parts) > 1 and parts[0].isalpha() and len(parts[0]) > 1 else ""
    if "," in name:
        name = name.split(",", 1)[1].strip() or name.split(",", 1)[0]
    titles = [w for w in name.split() if w.rstrip(".").lower() in _TITLES]
    words = [w for w in name.split() if w not in titles]
    if not words or words[-1].lower() in _NOBODY or re.search(r"\d|^[a-z]+-", words[0]):
        return ""
    called = words[0].strip(",.;:")
    return f"{' '.join(titles)} {called}" if titles and len(words) == 1 else called


def title_of(recipient: str) -> str:
    """The title that somebody's own name has, 'Ms' for 'Ms Li <m@x.org>'; '' where it has none."""
    first = next(iter(re.sub(r"<[^>]*>", "", recipient).strip().strip("\"'").split()), "")
    return first if first.rstrip(".").lower() in _TITLES else ""


_TITLES = frozenset("mr mrs ms mx dr prof".split())


_NOBODY = frozenset("list lists group team support info office service help desk".split())
"""What names end with that are nobody's: 'r-help list'."""


def resolve_audience(audiences: Sequence[Audience], recipients: Iterable[str], explicit: str | None = None) -> str:
    """The one audience a draft belongs to: chosen, else by recipient, else by domain, else Everyone."""
    known = {audience.id for audience in audiences}
    if explicit and (explicit in known or explicit == EVERYONE):
        return explicit
    addresses = [address_of(recipient) for recipient in recipients]
    for address in addresses:
        for audience in audiences:
            if address in audience.members:
                return audience.id
    for address in addresses:
        domain = address.rpartition("@")[2]
        for audience in audiences:
            if "@" in address and domain in audience.domains:
                return audience.id
    return EVERYONE
