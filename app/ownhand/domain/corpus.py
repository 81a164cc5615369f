"""The history: what the person has written before, as documents, passages and sources."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a text is for."""

    EMAIL = "email"
    NOTE = "note"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """The message somebody else wrote, which a document or draft answers."""

    text: str = field(repr=False)
    from_name: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One message, note or article in the person's own words (quotes, forwards and signatures removed)."""

    id: str
    kind: Kind
    text: str = field(repr=False)
    title: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    """Addresses as the message gives them: ``Dana Li <dana@example.org>``, or a bare name."""
    written_at: datetime | None = None
    reply_to: ReplyContext | None = field(default=None, repr=False)
    origin: str = field(default="", repr=False)
    """Where in its source it was found: a path, or a path and a position."""
    signature: str = field(default="", repr=False)
    """What stood under the text and was taken off it; a trait of style, not text."""
    language: str = ""
    """ISO 639-1, '' where it cannot be told."""

    @staticmethod
    def identify(kind: Kind, text: str, title: str = "") -> str:
        """The identity that makes a second import add nothing: sha256 over the normalised words."""
        words = " ".join(re.findall(r"\S+", unicodedata.normalize("NFKC", f"{kind}\n{title}\n{text}")))
        return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document small enough to embed and to show the model as an example."""

    id: int
    document_id: str
    text: str = field(repr=False)
    title: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    written_at: datetime | None = None
    kind: Kind = Kind.EMAIL


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that retrieval found, with what speaks for it."""

    passage: Passage
    score: float
    """Fused score, higher is better; comparable within one query only."""
    similarity: float | None = None
    """Cosine to the query in [-1, 1], where the dense lane saw the passage."""
    text_rank: int | None = None
    """1-based rank in the BM25 lane, where it matched."""
    meaning_rank: int | None = None
    """1-based rank in the dense lane, where it is among the nearest."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where documents came from: a mailbox, a folder, pasted text."""

    id: int
    path: str = field(repr=False)
    kind: str = ""
    documents: int = 0
    added_at: datetime | None = None


PASSAGE_WORDS = 180


def passages_of(text: str, limit: int = PASSAGE_WORDS) -> list[str]:
    """Split a document at paragraph ends into pieces of at most about `limit` words.

    An e-mail mostly stays whole.  A single paragraph longer than the limit is split at sentence ends; a
    sentence longer than the limit stays whole (the embedder truncates, the text index does not).
    """
    pieces: list[str] = []
    current: list[str] = []
    count = 0
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        units = [paragraph]
        if len(paragraph.split()) > limit:
            units = re.split(r"(?<=[.!?])\s+", paragraph)
        for unit in units:
            words = len(unit.split())
            if not words:
                continue
            if current and count + words > limit:
                pieces.append("\n\n".join(current) if units == [paragraph] else " ".join(current))
                current, count = [], 0
            current.append(unit)
            count += words
        if len(units) > 1 and current:
            pieces.append(" ".join(current))
            current, count = [], 0
    if current:
        pieces.append("\n\n".join(current))
    return pieces
