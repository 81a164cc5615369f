"""Small words put back into telegraphic notes, as the person uses them.

'meeting Ted today and bring with' leaves out what its writer would have written without thought: articles, pronouns,
forms of be, short prepositions.  A note is read as what is left of a sentence after such words were dropped, and the
likeliest sentence is looked for (a noisy channel, searched with a beam; Brown et al., Computational Linguistics 19,
1993).  How likely a sentence is, a trigram model over small words and the shapes of all others says, counted in the
person's own texts: so the words that come back are those, and stand where, this person puts them.  Nothing else is ever
added: no name, number, negation or word of content.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ownhand.domain.english import FUNCTION_WORDS
from ownhand.domain.text import sentences

PUT_BACK = frozenset(
    "the a an this that these my our your his her their i we you it he she they me us him them is are was were am be "
    "been have has had of to in on for at with from by as and so do any some all".split()
)
"""What may be put back."""

_DROPPED, _KEPT = math.log(0.5), math.log(0.5)
"""How readily a small word is taken to have been dropped; more of it puts back more, and more wrong ones."""
_TELEGRAPHIC = 0.9
"""Share of small words, of that in the person's texts, from which on a note is a sentence already."""
_ENOUGH = 1500
"""Words of own text below which nothing is known of how somebody uses small words."""
_IN_A_ROW = 2
_BEAM = 16
_TOKEN = re.compile(r"https?://\S+|[\w@]+(?:[-'’./@]\w+)*|[^\w\s]")
_START, _END = "<", ">"


@dataclass(slots=True)
class SmallWords:
    """Trigrams over classes: small words as themselves, all others by their shape."""

    one: Counter[str] = field(default_factory=Counter, repr=False)
    two: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    three: Counter[tuple[str, str, str]] = field(default_factory=Counter, repr=False)
    before: Counter[str] = field(default_factory=Counter, repr=False)
    pairs_before: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    total: int = 0
    small: int = 0
    """How many of the words are small ones."""

    def add(self, text: str) -> None:
        """Count a text of the person's own in."""
        for sentence in sentences(text):
            kinds = classes(_TOKEN.findall(sentence))
            self.small += sum(kind in FUNCTION_WORDS for kind in kinds)
            self.total += len(kinds) + 1
            line = [_START, _START, *kinds, _END]
            for a, b, c in zip(line, line[1:], line[2:], strict=False):
                self.one[c] += 1
                self.two[b, c] += 1
                self.three[a, b, c] += 1
                self.before[b] += 1
                self.pairs_before[a, b] += 1

    def log(self, a: str, b: str, c: str) -> float:
        """The log-probability of `c` after `a b`, each order backed by the shorter one."""
        single = (self.one[c] + 0.5) / (self.total + 200)
        pair = (self.two[b, c] + 6 * single) / (self.before[b] + 6)
        return math.log((self.three[a, b, c] + 4 * pair) / (self.pairs_before[a, b] + 4))


def classes(words: Sequence[str]) -> list[str]:
    """Each word of a sentence as the model sees it: a small one as itself, others by shape."""
    return [_class(word, index == 0) for index, word in enumerate(words)]


def _class(word: str, first: bool) -> str:
    low = word.lower().replace("’", "'")
    if low in FUNCTION_WORDS or ("'" in low and len(low) < 9):
        return low
    if not word[0].isalnum():
        return word[0]
    if any(c.isdigit() for c in word):
        return "0"
    if word[:1].isupper() and not first:
        return "A"
    return next((f"-{end}" for end in ("ing", "ed", "ly", "s") if low.endswith(end) and len(low) > len(end) + 2), "x")


@dataclass(frozen=True, slots=True)
class _Path:
    """A sentence so far: its score, its last two classes, and what was put back before which word of the note."""

    score: float
    a: str = _START
    b: str = _START
    put: tuple[tuple[int, str], ...] = ()


def fill(note: str, own: SmallWords) -> str:
    """The likeliest sentence that leaves this note when its small words are dropped; a full sentence stays as it is."""
    found = list(_TOKEN.finditer(note))
    kinds = classes([match.group() for match in found])
    share = sum(kind in FUNCTION_WORDS for kind in kinds) / max(1, len(kinds))
    if len(kinds) < 2 or own.total < _ENOUGH or share >= _TELEGRAPHIC * own.small / own.total:
        return note
    put = _likeliest(kinds, own).put
    pieces: list[str] = []
    end = 0
    for index, match in enumerate(found):
        pieces.append(note[end : match.start()])
        pieces += [f"{'I' if word == 'i' else word} " for at, word in put if at == index]
        pieces.append(match.group())
        end = match.end()
    return "".join(pieces) + note[end:]


def _likeliest(kinds: Sequence[str], own: SmallWords) -> _Path:
    candidates = sorted(word for word in PUT_BACK if own.one[word] >= 2)
    known: dict[tuple[str, str, str], float] = {}

    def after(path: _Path, kind: str, channel: float, put: tuple[tuple[int, str], ...]) -> _Path:
        key = path.a, path.b, kind
        if key not in known:
            known[key] = own.log(*key)
        return _Path(path.score + known[key] + channel, path.b, kind, put)

    beam = [_Path(0.0)]
    for index, kind in enumerate([*kinds, _END]):
        grown = level = beam
        if kind[0].isalnum() or kind[0] == "-":
            for _ in range(_IN_A_ROW):
                level = _best(
                    after(path, word, _DROPPED, (*path.put, (index, word)))
                    for path in level
                    for word in candidates
                    if word not in (path.b, kind)
                )
                grown = grown + level
        beam = _best(after(path, kind, _KEPT if kind in PUT_BACK else 0.0, path.put) for path in grown)
    return beam[0]


def _best(paths: Iterable[_Path]) -> list[_Path]:
    """The best of those that end alike, best first."""
    best: dict[tuple[str, str], _Path] = {}
    for path in paths:
        rival = best.get((path.a, path.b))
        if rival is None or path.score > rival.score:
            best[path.a, path.b] = path
    return sorted(best.values(), key=lambda path: (-path.score, path.put))[:_BEAM]
