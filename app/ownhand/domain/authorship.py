"""Whose words a text of the history is: what a model wrote and the person took as it was is not the person's own.

Sent messages come back into the history when the mailbox is read again.  Learning from accepted text would teach the
program its own voice; so sentences that stand unchanged in an accepted suggestion are told apart here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ownhand.domain.correspond import key_of, sentences_of
from ownhand.domain.preference import Edit
from ownhand.domain.text import sentences

_SHORTEST = 4
"""Words of a sentence that can be told to be the model's; shorter ones everybody writes."""


def machine_made(edits: Iterable[Edit]) -> frozenset[str]:
    """Keys of the sentences that a suggestion had and the person left as they were, other than their own notes."""
    found: set[str] = set()
    for edit in edits:
        kept = {key_of(sentence) for sentence in sentences_of(edit.kept)}
        notes = {key_of(line) for line in edit.context.splitlines()}
        notes |= {key_of(sentence) for sentence in sentences_of(edit.context)}
        for sentence in sentences_of(edit.suggested):
            key = key_of(sentence)
            if key in kept and key not in notes and key.count(" ") >= _SHORTEST - 1:
                found.add(key)
    return frozenset(found)


def own_words(text: str, machine: Collection[str], gap: str = "") -> str:
    """A text without the sentences that are a machine's, each with `gap` in its place; '' where nothing is left."""
    if not machine:
        return text
    lines: list[str] = []
    own = False
    for line in text.split("\n"):
        for sentence in sentences(line):
            if key_of(sentence) in machine:
                line = line.replace(sentence, gap, 1)
            else:
                own = own or len(sentence.split()) >= _SHORTEST
        lines.append(line)
    result = "\n".join(lines)
    return result if result == text or own else ""
