"""Small habits counted in the person's own texts: their phrases, and how they write a date."""

from __future__ import annotations

from dataclasses import dataclass, field

from ownhand.domain.abbreviations import Phrasebook
from ownhand.domain.dates import DateForms


@dataclass(slots=True)
class Habits:
    """What is counted of a text beyond its style (style.py) and its words' order (ngram.py)."""

    phrases: Phrasebook = field(default_factory=Phrasebook)
    dates: DateForms = field(default_factory=DateForms)

    def add(self, text: str) -> None:
        """Learn from a text of the person's own."""
        self.phrases.add(text)
        self.dates.add(text)
