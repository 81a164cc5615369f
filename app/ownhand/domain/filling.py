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

from ownhand.domain.english import DAY, FUNCTION_WORDS, REQUESTS
from ownhand.domain.text import sentences

PUT_BACK = frozenset(
    "the a an my our your i we you it he she they is are was were am be been have has had of to in on for at with from "
    "by as and so do any some".split()
)
"""What may be put back: what points at somebody or something ("for me", "this") would say more than the note."""
_SUBJECTS = frozenset("i we you it he she they".split())
_AUXILIARIES = frozenset(
    "is are was were am be been have has had do does did will would can could shall should may might must won't can't "
    "couldn't wouldn't don't didn't doesn't isn't aren't wasn't haven't hasn't".split()
)
_PREPOSITIONS = frozenset("of to in on for at with from by as re".split())
_DETERMINERS = frozenset("the a an my our your any some".split())
_PREDICATES = frozenset(
    "good great fine ok okay bad ready late early sick free busy right wrong done sure happy sorry out away".split()
)
_NO_OBJECT = (
    _AUXILIARIES
    | _PREPOSITIONS
    | _SUBJECTS
    | _PREDICATES
    | frozenset(
        "and or but because so if when while before after about since until than then too also just not very soon now "
        "here there today tomorrow yesterday tonight again".split()
    )
) - {"it", "you", "be"}
"""What no preposition is followed by; "to be" and "for you" are."""
_ONTO_AN_OBJECT = REQUESTS - {"come", "get", "move", "reply", "talk", "write"}
_WHEN = re.compile(rf"\d|{DAY}|noon|midnight|(?:this|next|last)\Z")
VERB_FORMS = frozenset(
    "need want think hope know like wish guess agree believe understand appreciate assume expect got went sent met saw "
    "spoke told had made took gave came left found thought knew heard wrote read paid bought brought began kept felt "
    "lost ran said forgot".split()
)
"""Verbs that a subject is dropped before: in the past, or of what somebody needs or thinks."""

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
    put = _likeliest(kinds, [match.group().lower().replace("’", "'") for match in found], own).put
    pieces: list[str] = []
    end = 0
    for index, match in enumerate(found):
        pieces.append(note[end : match.start()])
        pieces += [f"{'I' if word == 'i' else word} " for at, word in put if at == index]
        pieces.append(match.group())
        end = match.end()
    return "".join(pieces) + note[end:]


def _fits(word: str, before: str, after: str, after_that: str) -> bool:
    """Whether a small word may be put between two words of a note, or before another one that was put back.

    The trigrams see only shapes; this keeps away from what no English sentence has, and from a subject for a verb that
    may be a request: "bring the laptop" asks the recipient, "I bring the laptop" does not.
    """
    named = after.endswith("ing") and (after_that.endswith("ed") or after_that in VERB_FORMS | _AUXILIARIES)
    if word in _SUBJECTS:  # "meeting moved": there the first word is no verb
        return after in _AUXILIARIES or after in VERB_FORMS or (after.endswith(("ed", "ing")) and not named)
    if word in _AUXILIARIES and named:
        return False
    if word in _AUXILIARIES | {"and", "so"} and before in REQUESTS:
        return False
    if word == "to" and (before in _AUXILIARIES or before in _ONTO_AN_OBJECT or before.endswith(("n't", "nt"))):
        return False
    if word in _PREPOSITIONS and before in _ONTO_AN_OBJECT and not _WHEN.match(after):  # "ask Tom": not "ask on Tom"
        return False
    if word in _DETERMINERS and after in _PREDICATES and (after_that in _PREPOSITIONS or not after_that[:1].isalnum()):
        return False
    if word in _PREPOSITIONS and (after in _NO_OBJECT or not after[:1].isalnum() or after.endswith("ly")):
        return False
    if word in _DETERMINERS and (after in _SUBJECTS | _AUXILIARIES | _PREPOSITIONS or not after[:1].isalnum()):
        return False
    if word in {"a", "an"}:
        several = after.endswith("s") and not after.endswith(("ss", "us", "is"))
        return not several and (after[:1] in "aeiou") == (word == "an")
    return True


def _likeliest(kinds: Sequence[str], said: Sequence[str], own: SmallWords) -> _Path:
    candidates = sorted(word for word in PUT_BACK if own.one[word] >= 2)
    around = [_START, *said, _END, _END]
    known: dict[tuple[str, str, str], float] = {}

    def after(path: _Path, kind: str, channel: float, put: tuple[tuple[int, str], ...]) -> _Path:
        key = path.a, path.b, kind
        if key not in known:
            known[key] = own.log(*key)
        return _Path(path.score + known[key] + channel, path.b, kind, put)

    def fits(path: _Path, index: int, word: str, later: str) -> bool:
        """Whether the word put back last before `index`, if any, goes with what follows it now."""
        put = [word for at, word in path.put if at == index]
        return not put or _fits(put[-1], put[-2] if put[1:] else around[index], word, later)

    beam = [_Path(0.0)]
    for index, kind in enumerate([*kinds, _END]):
        grown = level = beam
        word, later = around[index + 1], around[index + 2]
        if (kind[0].isalnum() or kind[0] == "-") and not (index == 0 and word in REQUESTS):
            for _ in range(_IN_A_ROW):
                level = _best(
                    after(path, small, _DROPPED, (*path.put, (index, small)))
                    for path in level
                    for small in candidates
                    if small not in (path.b, kind) and fits(path, index, small, word)
                )
                grown = grown + level
        beam = _best(
            after(path, kind, _KEPT if kind in PUT_BACK else 0.0, path.put)
            for path in grown
            if fits(path, index, word, later)
        )
    return beam[0]


def _best(paths: Iterable[_Path]) -> list[_Path]:
    """The best of those that end alike, best first."""
    best: dict[tuple[str, str], _Path] = {}
    for path in paths:
        rival = best.get((path.a, path.b))
        if rival is None or path.score > rival.score:
            best[path.a, path.b] = path
    return sorted(best.values(), key=lambda path: (-path.score, path.put))[:_BEAM]
