"""Which of the messages that were read become documents, and what is taken off them on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath

from ownhand.domain import cleaning
from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.domain.draft import address_of
from ownhand.domain.language import language_of
from ownhand.domain.message import Message, Skipped
from ownhand.domain.signatures import Signatures
from ownhand.errors import BadInput
from ownhand.services.finding import Left

MIN_WORDS = 3
REPLY_CONTEXT = 4000
"""Characters that are kept of the message a document answers."""
TEMPLATE_WORDS = 12
TEMPLATE_COPIES = 2
"""A text of this many words that goes out more often than this, but for its first line, is a template."""
KNOWN_TEXTS = 200_000
"""Texts that are remembered for that; 20 MB."""

TOO_SHORT = "fewer than three words of your own"
AUTOMATIC = "automatic mail"
TEMPLATE = "same text sent to many"
EXCLUDED = "left out by your choice"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What the person does not want, although it is theirs."""

    folders: tuple[str, ...] = ()
    """Names of folders or mailbox files, or ends of their paths."""
    people: tuple[str, ...] = field(default=(), repr=False)
    """Recipients, by address, by domain ('@example.org') or by name."""
    since: date | None = None
    until: date | None = None
    """First and last day."""
    patterns: tuple[str, ...] = field(default=(), repr=False)
    """Regular expressions over subject and text, in any case."""

    def __post_init__(self) -> None:
        """Raises BadInput for a pattern that is none."""
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise BadInput(f"The pattern {pattern!r} cannot be used: {error}.") from error

    def refuse(self, message: Message) -> bool:
        """Whether this message is not wanted."""
        if self.folders and self._in_folder(folder_of(message)):
            return True
        if self.people and any(self._is_person(recipient) for recipient in message.recipients):
            return True
        if (self.since or self.until) and message.written_at is not None:
            day = message.written_at.date()
            if (self.since and day < self.since) or (self.until and day > self.until):
                return True
        text = f"{message.title}\n{message.own_text}" if self.patterns else ""
        return any(re.search(pattern, text, re.IGNORECASE) for pattern in self.patterns)

    def _in_folder(self, folder: str) -> bool:
        return any(
            folder == name or f"/{folder}/".endswith(f"/{name.strip('/')}/") or name in PurePath(folder).parts
            for name in self.folders
        )

    def _is_person(self, recipient: str) -> bool:
        address, whole = address_of(recipient), recipient.lower()
        return any(
            address.endswith(one) if one.startswith("@") else one == address or ("@" not in one and one in whole)
            for one in (person.strip().lower() for person in self.people)
            if one
        )

    def __str__(self) -> str:
        parts = [*self.folders, *self.people, str(self.since or ""), str(self.until or ""), *self.patterns]
        return "\x1f".join(parts) if any(parts) else ""


NOTHING = Exclusions()


def folder_of(message: Message) -> str:
    """Where in its source a message lies: the mailbox file, or the folder of a file of one message or document."""
    place, in_mailbox, _ = message.where.rpartition(", message ")
    if in_mailbox:
        return place
    folder = PurePath(message.where).parent
    return str(folder.parent if folder.name in {"cur", "new"} else folder)


class Sieve:
    """Lets through what `me` wrote and what a person wrote at all, once; counts the rest by its reason."""

    def __init__(
        self,
        me: Collection[str],
        exclusions: Exclusions = NOTHING,
        signatures: Iterable[tuple[str, int]] = (),
        left: Left | None = None,
    ) -> None:
        self.me = frozenset(me)
        self.left = left or Left()
        self.messages = self.others = self.duplicates = 0
        self.exclusions = exclusions
        self._signatures = Signatures(signatures)
        self._seen: set[int] = set()
        self._texts: Counter[int] = Counter()

    def take(self, item: Message | Skipped) -> Message | None:
        """The message if it is to be kept; what is known of signatures grows by it."""
        if isinstance(item, Skipped):
            self.left.add(item.reason, item.where)
            return None
        self.messages += 1
        if item.sender and item.sender not in self.me:
            self.others += 1
            return None
        reason = self._reason(item)
        if reason:
            self.left.add(reason, item.where)
            return None
        if item.message_id:
            known = hash(item.message_id)
            if known in self._seen:
                self.duplicates += 1
                return None
            self._seen.add(known)
        if item.kind == Kind.EMAIL:
            self._signatures.add(item.own_text, item.sender_name)
        return item

    def _reason(self, item: Message) -> str:
        # Lists and archives hand one's own mail back marked as bulk; it is still one's own.
        if item.automatic and item.automatic != "bulk mail":
            return AUTOMATIC
        words = cleaning.word_count(item.own_text)
        if words < MIN_WORDS:
            return TOO_SHORT
        if self.exclusions is not NOTHING and self.exclusions.refuse(item):
            return EXCLUDED
        if item.kind == Kind.EMAIL and words >= TEMPLATE_WORDS and self._is_template(item.own_text):
            return TEMPLATE
        return ""

    def _is_template(self, text: str) -> bool:
        """Whether this text, but for its greeting and its numbers, has gone out often enough already."""
        first, _, rest = text.partition("\n")
        key = hash(re.sub(r"\d+|\s+", " ", rest if rest.strip() and len(first) < 60 else text).lower())
        if key in self._texts or len(self._texts) < KNOWN_TEXTS:
            self._texts[key] += 1
        return self._texts[key] > TEMPLATE_COPIES

    def document(self, message: Message) -> Document:
        """A message that was taken as a document, without its signature."""
        if message.kind != Kind.EMAIL or message.signature:
            return document_of(message, self.me, message.signature)
        text, signature = self._signatures.split(message.own_text, message.sender_name)
        return document_of(message, self.me, signature, text)


def document_of(message: Message, me: Collection[str], signature: str = "", text: str | None = None) -> Document:
    """A message of one's own, or a text, as a document of the history."""
    kind = Kind(message.kind)
    text = message.own_text if text is None else text
    reply_to = None
    recipients = tuple(recipient for recipient in message.recipients if address_of(recipient) not in me)
    if message.quoted.strip():
        first = recipients[0] if recipients else ""
        name = message.quoted_from or re.sub(r"<[^>]*>", "", first).strip().strip('"')
        reply_to = ReplyContext(message.quoted[:REPLY_CONTEXT], "" if "@" in name else name)
    return Document(
        Document.identify(kind, text, message.title),
        kind,
        text,
        message.title,
        recipients,
        message.written_at,
        reply_to,
        message.where,
        signature,
        language_of(text),
    )
