"""Sentences and passages of the training text, as material for examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

_SPEAKER = re.compile(r"^(?:\*\*)?[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,3}(?:\*\*)?:\s*")
_PERSONAL = re.compile(r"\b(?:I|we|you|my|our|your|us|me)\b|\bI'", re.I)
_ODD = re.compile(r"[\[\]{}|<>_=/@#\\`~^*]|https?|\.\.\.|--|…|\b[A-Z]{6,}\b|\(\)")
_REFERS_BACK = re.compile(
    r"^(?:He|She|They|That|This|These|Those|Such|It|So|And|But|Or|Yeah|Yes|No|Well|Right|Oh|Um|Uh)\b"
)
_SPOKEN = re.compile(
    r"\b(?:you know|I mean|kind of|sort of|like,|um|uh|gonna|wanna|yeah|podcast|episode|listeners?|Laughter|"
    r"transcript|bitcoin|changelog)\b",
    re.I,
)


@dataclass
class Stock:
    """What `gather` found.  Sentences are whole, five to forty words long, and free of markup."""

    personal: list[str] = field(default_factory=list)
    """Sentences in the first or second person that stand on their own."""
    plain: list[str] = field(default_factory=list)
    passages: list[list[str]] = field(default_factory=list)
    """Runs of sentences of one paragraph."""
    titled: list[tuple[str, str]] = field(default_factory=list)
    """A title and the paragraph below it."""
    exchanges: list[tuple[str, str]] = field(default_factory=list)
    """What one speaker said and what the next answered."""
    every: list[str] = field(default_factory=list)
    """Sentences of all kinds of text, from three words on, spoken ones too: what mistakes are made in."""


def sentences_of(paragraph: str) -> list[str]:
    """The sentences of a paragraph, split where a capital follows."""
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+(?=[A-Z\"“])", paragraph) if s.strip()]


def usable(sentence: str, shortest: int = 5) -> bool:
    """Whether a sentence is whole and clean."""
    return (
        shortest <= len(sentence.split()) <= 40
        and len(sentence) < 280
        and sentence[0].isupper()
        and sentence[-1] in ".!?"
        and sentence.count('"') % 2 == 0
        and sentence.count("(") == sentence.count(")")
        and not _ODD.search(sentence)
    )


def gather(lines: Iterable[str], chance: Random, most: int) -> Stock:
    """A stock from [kind, text] lines, up to about `most` passages."""
    stock = Stock()
    for line in lines:
        kind, text = json.loads(line)
        if kind == "mail" or (kind == "books" and chance.random() < 0.9) or (kind == "docs" and chance.random() < 0.6):
            continue
        paragraphs = [p.strip() for p in text.split("\n\n")]
        if kind == "web" and len(paragraphs) > 1 and 12 < len(paragraphs[0]) < 80 and 150 < len(paragraphs[1]) < 900:
            stock.titled.append((paragraphs[0], paragraphs[1]))
        if kind == "talk":
            _exchanges(paragraphs, stock)
        for paragraph in chance.sample(paragraphs, min(len(paragraphs), 12)):
            flat = " ".join(_SPEAKER.sub("", paragraph).split())
            if not 60 < len(flat) < 2500 or flat[0] in "-*0123456789":
                continue
            found = [s for s in sentences_of(flat) if usable(s)]
            stock.every += [s for s in sentences_of(flat) if usable(s, 3)]
            good = [s for s in found if not _SPOKEN.search(s)]
            if found:
                stock.passages.append(good or found)
            for sentence in good:
                if _REFERS_BACK.match(sentence):
                    continue
                (stock.personal if _PERSONAL.search(sentence) and kind != "books" else stock.plain).append(sentence)
        if len(stock.passages) >= most:
            break
    return stock


def _exchanges(paragraphs: list[str], stock: Stock) -> None:
    for first, second in pairwise(paragraphs):
        said = " ".join(_SPEAKER.sub("", first).split())
        answered = " ".join(_SPEAKER.sub("", second).split())
        if 60 < len(said) < 700 and 40 < len(answered) < 700 and not _ODD.search(said) and not _ODD.search(answered):
            stock.exchanges.append((said, answered))
