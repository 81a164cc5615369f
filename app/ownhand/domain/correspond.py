"""Which sentence of the kept text came from which sentence of the suggestion.

Edits mix style with content: people add facts, drop points and rewrite.  Detectors may only compare like with like,
so both bodies
are aligned word by word on a normal form (lower case, contractions written out, American spelling, digits for number
words), and
sentences that share most of their words correspond.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import cached_property

from ownhand.domain.letter import Letter, split
from ownhand.domain.preference import Edit
from ownhand.domain.stock import BULLET_RE, EMOJI_RE, NUMBER_WORDS, UK_TO_US, expand
from ownhand.domain.text import sentences

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_MARKUP = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|(?m:^#{1,6} )")


def canonical(text: str) -> list[str]:
    """The words of a text in normal form: what remains when style is taken away."""
    plain = expand(text.replace("’", "'").replace("&", " and "))
    return [_normal(word) for word in _WORD.findall(plain.lower())]


def _normal(word: str) -> str:
    return NUMBER_WORDS.get(word) or UK_TO_US.get(word, word)


def key_of(sentence: str) -> str:
    """The identity of a sentence whatever its punctuation, case, contractions and spelling."""
    return " ".join(canonical(sentence))


def sentences_of(body: str) -> list[str]:
    """Sentences without bullet marks and markdown; a line set off by a bullet is one, and an emoji ends one."""
    plain = _MARKUP.sub(lambda m: m.group(1) or m.group(2) or "", body)
    plain = EMOJI_RE.sub(lambda m: m.group(0) + ("\n" if re.match(r"\s+[A-Z]", plain[m.end() :]) else ""), plain)
    found = sentences(BULLET_RE.sub("", plain))
    return [s for s in found if _WORD.search(s) or EMOJI_RE.search(s)]


@dataclass(frozen=True, slots=True)
class Match:
    """Sentences of the suggestion and what became of them."""

    old: tuple[str, ...] = field(repr=False)
    new: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Correspondence:
    """One edit taken apart, computed once for all detectors."""

    edit: Edit

    @cached_property
    def suggested(self) -> Letter:
        return split(self.edit.suggested, self.edit.recipients)

    @cached_property
    def kept(self) -> Letter:
        letter = split(self.edit.kept, self.edit.recipients)
        return _with_unusual_edges(letter, self.suggested)

    @cached_property
    def old(self) -> list[str]:
        return sentences_of(self.suggested.body)

    @cached_property
    def new(self) -> list[str]:
        return sentences_of(self.kept.body)

    @cached_property
    def _shared(self) -> tuple[dict[tuple[int, int], int], list[int], list[int]]:
        a = [(word, i) for i, s in enumerate(self.old) for word in canonical(s)]
        b = [(word, j) for j, s in enumerate(self.new) for word in canonical(s)]
        shared: dict[tuple[int, int], int] = {}
        # Frequent words of a long text are left to autojunk: without it the time grows with the square of the length.
        matcher = difflib.SequenceMatcher(a=[w for w, _ in a], b=[w for w, _ in b], autojunk=len(a) > 600)
        for block in matcher.get_matching_blocks():
            for k in range(block.size):
                pair = (a[block.a + k][1], b[block.b + k][1])
                shared[pair] = shared.get(pair, 0) + 1
        return shared, [len(canonical(s)) for s in self.old], [len(canonical(s)) for s in self.new]

    @cached_property
    def matches(self) -> list[Match]:
        """Corresponding sentences: one to one, one to several (split) or several to one (merged), in order."""
        shared, old_sizes, new_sizes = self._shared
        to_new: dict[int, list[int]] = {}
        to_old: dict[int, list[int]] = {}
        for (i, j), count in sorted(shared.items()):
            if count >= 0.5 * max(1, min(old_sizes[i], new_sizes[j])) and (
                count > 1 or max(old_sizes[i], new_sizes[j]) <= 3
            ):
                to_new.setdefault(i, []).append(j)
                to_old.setdefault(j, []).append(i)
        found: list[Match] = []
        seen: set[int] = set()
        for i in sorted(to_new):
            if i in seen:
                continue
            news, olds = to_new[i], sorted({k for j in to_new[i] for k in to_old[j]})
            seen.update(olds)
            found.append(Match(tuple(self.old[k] for k in olds), tuple(self.new[j] for j in news)))
        return found

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Matches as (old text, new text)."""
        return [(" ".join(m.old), " ".join(m.new)) for m in self.matches]

    @cached_property
    def removed(self) -> list[str]:
        """Sentences of the suggestion of which next to nothing is left."""
        return [s for i, s in enumerate(self.old) if self.left_of(i) < 0.34]

    @cached_property
    def added(self) -> list[str]:
        """Sentences of the kept text that the suggestion did not have."""
        shared, _, sizes = self._shared
        return [
            s for j, s in enumerate(self.new)
            if sum(n for (_, k), n in shared.items() if k == j) < 0.34 * max(1, sizes[j])
        ]  # fmt: skip

    def left_of(self, index: int) -> float:
        """How much of an old sentence is still there, 0 to 1."""
        shared, sizes, _ = self._shared
        return sum(n for (i, _), n in shared.items() if i == index) / max(1, sizes[index])


def _with_unusual_edges(kept: Letter, suggested: Letter) -> Letter:
    """A short first or last paragraph that took the place of the suggested greeting or sign-off is one, however it
    looks.
    """
    greeting, body, sign_off = kept.greeting, kept.body, kept.sign_off
    paragraphs = body.split("\n\n")
    known = set(canonical(suggested.body))
    if suggested.greeting and not greeting and len(paragraphs) > 1 and _is_edge(paragraphs[0], known, 5, 1):
        greeting, paragraphs = paragraphs[0], paragraphs[1:]
    if suggested.sign_off and not sign_off and len(paragraphs) > 1 and _is_edge(paragraphs[-1], known, 6, 2):
        sign_off, paragraphs = paragraphs[-1], paragraphs[:-1]
    return Letter(greeting, "\n\n".join(paragraphs), sign_off, kept.inline)


def _is_edge(paragraph: str, known: set[str], words: int, lines: int) -> bool:
    text = canonical(paragraph)
    return (
        0 < len(text) <= words
        and paragraph.count("\n") < lines
        and not BULLET_RE.match(paragraph)
        and not paragraph.rstrip().endswith((".", "?"))
        and sum(word in known for word in text) <= len(text) / 2
    )
