"""Whose mailbox is it?  Counts over headers, and the guess that the person confirms."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ownhand.domain.draft import address_of
from ownhand.domain.folders import is_sent_folder
from ownhand.domain.message import Message

SENT_SHARE = 0.2
"""Of the messages in sent folders: an address with this share of them is the owner's; people have several."""
RECEIVED_SHARE = 0.5
"""Of the messages of others: who is addressed in this share of them, and writes too, is the owner."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be the person's own."""

    address: str = field(repr=False)
    name: str = field(default="", repr=False)
    written: int = 0
    """Messages from it."""
    filed_as_sent: int = 0
    """Of these, in sent folders or labelled as sent."""
    received: int = 0
    """Messages of others that went to it."""
    certain: bool = False
    """So clear that the window ticks it and the command line needs no --me."""


@dataclass(slots=True)
class Owner:
    """Counts who writes and who is written to."""

    written: Counter[str] = field(default_factory=Counter, repr=False)
    sent: Counter[str] = field(default_factory=Counter, repr=False)
    received: Counter[str] = field(default_factory=Counter, repr=False)
    names: dict[str, Counter[str]] = field(default_factory=dict, repr=False)
    messages: int = 0

    def count(self, message: Message, path: Path) -> None:
        """Take one message into account.  Automatic mail has no owner to tell of."""
        if message.automatic or not message.sender:
            return
        self.messages += 1
        sender = message.sender
        self.written[sender] += 1
        if message.sender_name:
            self.names.setdefault(sender, Counter())[message.sender_name] += 1
        if message.filed_as_sent or is_sent_folder(path.parts):
            self.sent[sender] += 1
        addressed = {address_of(recipient) for recipient in message.recipients} | set(message.delivered_to)
        for address in addressed - {sender}:
            if "@" in address:
                self.received[address] += 1

    def candidates(self, limit: int = 8) -> tuple[Candidate, ...]:
        """Those who write, the likeliest owner first."""
        certain = self._certain()
        ranked = sorted(
            self.written,
            key=lambda a: (a in certain, self.sent[a], min(self.written[a], self.received[a]), self.written[a], a),
            reverse=True,
        )
        return tuple(
            Candidate(a, self._name(a), self.written[a], self.sent[a], self.received[a], a in certain)
            for a in ranked[:limit]
        )

    def _name(self, address: str) -> str:
        names = self.names.get(address)
        return names.most_common(1)[0][0] if names else ""

    def _certain(self) -> set[str]:
        total_sent = self.sent.total()
        if total_sent:
            return {a for a, n in self.sent.items() if n >= SENT_SHARE * total_sent and n >= 0.5 * self.written[a]}
        owners = {
            a
            for a, written in self.written.items()
            if written >= 2 and self.received[a] >= max(2, RECEIVED_SHARE * (self.messages - written))
        }
        if len(owners) == 1 and len(self.written) > 2:
            return owners
        # A folder that holds only what one person sent, to several people.
        if len(self.written) == 1 and self.messages >= 3 and len(self.received) >= 2:
            return set(self.written)
        return set()
