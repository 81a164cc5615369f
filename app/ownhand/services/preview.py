"""What an import would bring, counted and shown before anything is stored."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ownhand.domain.corpus import Document
from ownhand.domain.draft import address_of
from ownhand.domain.language import NAMES
from ownhand.domain.message import Message
from ownhand.services.sieve import folder_of

SAMPLES = 5
SHOWN = 700
"""Characters of each side of a sample."""
ROWS = 500
"""Different recipients that are counted by name; the rest are one row."""
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Sample:
    """One message: what is kept of it and what is cut off."""

    where: str
    title: str = field(repr=False)
    kept: str = field(repr=False)
    cut: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would store, by several counts, and what it would leave out."""

    documents: int
    messages: int
    others: int
    folders: Mapping[str, int]
    years: Mapping[str, int]
    recipients: Mapping[str, int] = field(repr=False)
    languages: Mapping[str, int]
    samples: tuple[Sample, ...] = field(repr=False)
    skipped: Mapping[str, list[str]] = field(repr=False)
    skipped_counts: Mapping[str, int]
    complete: bool = True
    """False where it was stopped before the end."""


class Counting:
    """Counts documents as they would be stored."""

    def __init__(self) -> None:
        self.documents = 0
        self.folders: Counter[str] = Counter()
        self.years: Counter[str] = Counter()
        self.recipients: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self._samples: list[Sample] = []
        self._candidates = 0
        self._pick = random.Random(0)  # the same files give the same samples

    def add(self, message: Message, document: Document) -> None:
        """Take one into account."""
        self.documents += 1
        self.folders[folder_of(message)] += 1
        self.years[str(document.written_at.year) if document.written_at else "no date"] += 1
        self.languages[NAMES.get(document.language, "not told")] += 1
        for recipient in document.recipients:
            who = address_of(recipient)
            self.recipients[who if who in self.recipients or len(self.recipients) < ROWS else OTHERS] += 1
        cut = _cut(message.body, document.text)
        if not cut:
            return
        self._candidates += 1
        sample = Sample(document.origin, document.title, document.text[:SHOWN], cut[:SHOWN])
        if len(self._samples) < SAMPLES:
            self._samples.append(sample)
        elif (at := self._pick.randrange(self._candidates)) < SAMPLES:  # Vitter 1985, algorithm R
            self._samples[at] = sample

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Messages of which something is cut, drawn evenly."""
        return tuple(self._samples)


def _cut(body: str, kept: str) -> str:
    """The lines of a message that are not in what is kept."""
    flat = " ".join(kept.split())
    return "\n".join(line for line in body.split("\n") if line.strip() and " ".join(line.split()) not in flat)
