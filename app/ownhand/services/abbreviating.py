"""Long forms of what was just typed: a snippet's text for its name, own phrases for their initials, common ones."""

from __future__ import annotations

from typing import Final

from ownhand.domain.abbreviations import COMMON_WORD, Phrasebook, Words, expansions, typed
from ownhand.domain.completion import Completion, CompletionContext, is_sensitive
from ownhand.services.personal import Personal
from ownhand.services.snippets import Snippets

LANE: Final = "abbreviation"


class Abbreviating:
    """Answers within a millisecond once the dictionary has been read; for a thread that may wait for that."""

    def __init__(self, personal: Personal, snippets: Snippets, english: Words) -> None:
        self._personal = personal
        self._snippets = snippets
        self._english = english

    def expand(self, context: CompletionContext) -> Completion | None:
        """What may take the place of the abbreviation before the caret; None where none stands there."""
        at = typed(context.prefix, context.suffix)
        if at is None:
            return None
        snippet = None if at.blank else self._snippets.named(at.word)
        if snippet is not None and not self.is_word(at.word):
            filled = self._snippets.fill(snippet, context.recipients)
            return Completion(filled.text, LANE, 1.0, replaces=at.length, stops=filled.stops)
        found = [
            phrase
            for phrase in expansions(at, self._own(), self._english)
            if not is_sensitive(phrase) and not self._personal.is_banned(context.prefix, phrase, context.audience)
        ]
        return Completion(found[0], LANE, 1.0, tuple(found[1:]), replaces=at.length) if found else None

    def _own(self) -> Phrasebook:
        """Their own phrases where anything of theirs takes part; snippets and common forms are always offered."""
        return self._personal.habits.phrases if self._personal.takes_part else Phrasebook()

    def is_word(self, name: str) -> bool:
        """Whether a snippet of this name is not offered while typing, because the name is a word of its own."""
        word = name.lower()
        return self._personal.habits.phrases.writes(word) or self._english.frequency(word) >= COMMON_WORD
