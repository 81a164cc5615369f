"""Training texts out of the person's own documents (data playback, as in Panza, arXiv 2407.10994).

Each document becomes a lesson in the very form in which completions are asked for: what it answers and its subject
stand before it.  Some also become an instruction with the document, or one of its sentences, as the answer; the
instruction is made by rule from the words themselves, so it asks for nothing that is not there.  Only the person's own
words are learned: what others wrote is there to be read, and what is masked is neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ownhand.domain import letter
from ownhand.domain.actions import BY_ID
from ownhand.domain.completion import preamble
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.draft import first_name_of
from ownhand.domain.lessons import Lesson, Part
from ownhand.domain.masking import MASK, mask
from ownhand.domain.text import sentences

LEAST_DOCUMENTS: Final = 50
LEAST_WORDS: Final = 5_000
HELD_OUT: Final = 0.15
"""Share of the documents, the newest, that is never trained on: half to know when to stop, half to measure the gain."""
_EVERY: Final = 3
"""One document in so many is also played back from an instruction."""
_LONGEST: Final = 6_000
"""Characters of one document that are trained on."""
_SMALL_WORDS: Final = frozenset(
    "a an the to of is are was were be been am i we you it he she they that this there and or but so as with for in "
    "on at by from will would can could should shall may might do does did have has had please just very also me us "
    "my our your".split()
)


@dataclass(frozen=True, slots=True)
class Split:
    """Documents by what they are for, oldest first."""

    train: tuple[Document, ...] = field(repr=False)
    stop: tuple[Document, ...] = field(repr=False)
    """Decide when it is enough, and how much the adapter counts."""
    measure: tuple[Document, ...] = field(repr=False)
    """Are looked at once, at the end."""

    @property
    def all(self) -> tuple[Document, ...]:
        """Everything the adapter rests on."""
        return (*self.train, *self.stop, *self.measure)


def refusal(documents: Sequence[Document]) -> str:
    """Why this is too little to train on, in a sentence with the remedy; '' where it is enough."""
    words = sum(len(document.text.split()) for document in documents)
    if len(documents) >= LEAST_DOCUMENTS and words >= LEAST_WORDS:
        return ""
    return (
        f"There is too little to train on: {len(documents):,} documents with {words:,} words of yours. "
        f"At least {LEAST_DOCUMENTS} with {LEAST_WORDS:,} words are needed. Add more writing in Settings, History."
    )


def split(newest_first: Sequence[Document], most_characters: int) -> Split:
    """The newest documents, up to so many characters, divided by time."""
    chosen: list[Document] = []
    characters = 0
    for document in newest_first:
        characters += min(_LONGEST, len(document.text))
        if chosen and characters > most_characters:
            break
        chosen.append(document)
    held = max(2, round(HELD_OUT * len(chosen)))
    held_out = chosen[:held]
    return Split(tuple(chosen[: held - 1 : -1]), tuple(held_out[1::2]), tuple(held_out[0::2]))


def continuation(document: Document) -> Lesson:
    """The document as a text that is being completed."""
    before = preamble(document.kind, document.title, document.reply_to)
    parts = _own_parts(document.text.strip()[:_LONGEST])
    return Lesson("", (Part(mask(before), False), *parts) if before else parts)


def instructions(documents: Sequence[Document], *, whole: bool) -> list[tuple[str, Lesson]]:
    """Tasks, as actions word them, with what the person wrote; every third document gives some.

    `whole` asks for a letter at once, as a capable model is asked; else for a sentence from one note.  The lessons lack
    their prompt: the model's chat template makes it of the task.
    """
    found: list[tuple[str, Lesson]] = []
    for document in documents[::_EVERY]:
        text = mask(document.text.strip())
        if document.kind is not Kind.EMAIL or MASK in text or len(text) > _LONGEST:
            continue
        body = [" ".join(sentence.split()) for sentence in sentences(letter.split(text, document.recipients).body)]
        said = [sentence for sentence in body if 4 <= len(sentence.split()) <= 40]
        if whole and 1 <= len(body) <= 12:
            found.append((draft_task(document, body), Lesson("", (Part(text, True),))))
        elif not whole:
            task = BY_ID["expand"].task
            found += [(task.format(text=f"- {as_note(one)}"), Lesson("", (Part(one, True),))) for one in said[:2]]
    return found


def draft_task(document: Document, body: Sequence[str]) -> str:
    """What the person would have told a capable model to get this letter: a note for each sentence."""
    to = first_name_of(document.recipients[0]) if document.recipients else ""
    return BY_ID["draft"].task.format(
        to=f" to {to}" if to else "",
        subject=f' with the subject "{document.title.strip()}"' if document.title.strip() else "",
        points="\n".join(f"- {as_note(sentence)}" for sentence in body),
    )


def as_note(sentence: str) -> str:
    """A sentence as somebody in a hurry would note it: without the small words and the full stop.

    >>> as_note("I will send you the revised contract on Tuesday.")
    'send revised contract Tuesday'
    """
    words = [word for word in sentence.split() if re.sub(r"\W", "", word).lower() not in _SMALL_WORDS]
    note = " ".join(words or sentence.split())
    return note.rstrip(".") if not note.endswith("..") else note


def _own_parts(text: str) -> tuple[Part, ...]:
    """The person's text, with what is masked in it set apart."""
    parts: list[Part] = []
    for number, piece in enumerate(mask(text).split(MASK)):
        if number:
            parts.append(Part(MASK, False))
        if piece:
            parts.append(Part(piece, True))
    return tuple(parts)
