"""Which of their registers a person is in, told from the situation alone.

Nobody says 'this one is for the team'.  Greeting and sign-off together tell afterwards which register a letter was in;
what tells it beforehand is a subject and a few notes.  Four things speak for a register: how near the middle of its
situations is in meaning, how near the nearest of them, the words they share, and their shape (decision 12).
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import add, mul

from ownhand.domain.preference import STRONG, Dimension, Evidence

Vector = Sequence[float]
Register = tuple[str, str]
"""Greeting and sign-off."""

_TEMPERATURE = 0.05
"""How fast the vote of a past edit falls with the distance of its situation, in units of cosine."""
_MIDDLE, _NEAREST, _WORDS, _SHAPE = 8.0, 0.3, 0.2, 0.9
"""Weights of the four logarithms of likelihood; that of words is low because words of one text are far from
independent."""
_SMOOTHING = 0.3
_ENOUGH = 3
"""Times that a form must have been left standing to count as the person's own."""
_PERSONS_WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a letter is about (subject and notes), as far as it tells a register."""

    words: frozenset[str] = field(default=frozenset(), repr=False)
    shape: Vector = ()
    """A few figures of about the same spread; empty where there are no words."""
    meaning: Vector = field(default=(), repr=False)
    """Of unit length; empty where nothing tells it."""


def situation_of(text: str, meaning: bytes = b"") -> Situation:
    """The situation that a text describes, its subject in the first line and one note in each further one.

    `meaning` is the embedder's vector, in little-endian float32.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines:
        return Situation(meaning=_floats(meaning))
    subject, notes = lines[0], lines[1:] or lines[:1]
    noted = [word for note in notes for word in note]
    shape = (
        1.5 * math.log1p(len(noted) / len(notes)),
        1.2 * math.log1p(len(subject)),
        5.0 * min(0.5, _share_of_capitals(noted)),
        1.6 * _share_of_capitals(subject),
        2.0 * bool(re.match(r"(?:re|aw)\s*:", " ".join(subject), re.I)),
        float("?" in " ".join(subject)),
        float("?" in " ".join(noted)),
    )
    return Situation(frozenset(_PERSONS_WORDS.findall(text.lower())), shape, _floats(meaning))


def _floats(vector: bytes) -> Vector:
    return array("f", vector) if vector else ()


def _share_of_capitals(words: Sequence[str]) -> float:
    return sum(word[:1].isupper() for word in words) / len(words)


def weigh(evidence: Sequence[Evidence], now: Situation, past: Mapping[str, Situation]) -> Mapping[str, float] | None:
    """How much each past edit counts now, all together 1; None where nothing tells them apart.

    `past` holds the situations of past edits, by edit id.  Registers are judged as a whole, so that all dimensions
    follow the same one and the many edits of one register do not outvote the few near ones of another.
    """
    known = [edit for edit in dict.fromkeys(e.edit_id for e in evidence) if edit in past]
    if not known:
        return None
    near = _nearness(now, {edit: past[edit] for edit in known})
    registers: dict[Register, list[str]] = defaultdict(list)
    for edit, register in _registers(evidence).items():
        if edit in near:
            registers[register].append(edit)
    if not registers:
        return None
    middle = _distances(now.meaning, {one: [past[edit].meaning for edit in registers[one]] for one in registers})
    shape = _distances(now.shape, {one: [past[edit].shape for edit in registers[one]] for one in registers})
    words = _likelihoods(now.words, {one: [past[edit].words for edit in registers[one]] for one in registers})
    score = {
        register: _NEAREST * math.log(sum(near[edit] for edit in members) / len(members) + 1e-12)
        + _WORDS * words[register]
        - _MIDDLE * middle[register]
        - _SHAPE * shape[register]
        for register, members in registers.items()
    }
    highest = max(score.values())
    total = sum(math.exp(value - highest) for value in score.values())
    found: dict[str, float] = {}
    for register, members in registers.items():
        share = math.exp(score[register] - highest) / total
        mass = sum(near[edit] for edit in members)
        found.update({edit: share * (near[edit] / mass + 1 / len(members)) / 2 for edit in members})
    return found


def _nearness(now: Situation, past: Mapping[str, Situation]) -> dict[str, float]:
    """How near each past situation is in meaning, 1 for the nearest; one without a meaning is as near as they are on
    average.
    """
    told = [edit for edit, one in past.items() if now.meaning and one.meaning]
    cosine = {edit: sum(map(mul, now.meaning, past[edit].meaning)) for edit in told}
    typical = sum(cosine.values()) / len(cosine) if cosine else 0.0
    best = max(cosine.values(), default=0.0)
    return {edit: math.exp((cosine.get(edit, typical) - best) / _TEMPERATURE) for edit in past}


def _distances(here: Vector, registers: Mapping[Register, Sequence[Vector]]) -> dict[Register, float]:
    """Squared distance to the middle of each register, all 0 where nothing can be compared.

    The middle is drawn towards that of all by as much as one situation weighs.
    """
    points = {register: [one for one in members if one] for register, members in registers.items()}
    count = sum(len(members) for members in points.values())
    if not here or not count:
        return dict.fromkeys(registers, 0.0)
    sums = {register: _sum(members, len(here)) for register, members in points.items()}
    overall = [value / count for value in _sum(list(sums.values()), len(here))]
    found: dict[Register, float] = {}
    for register, total in sums.items():
        size = len(points[register]) + 1
        gaps = (at - (own + common) / size for at, own, common in zip(here, total, overall, strict=True))
        found[register] = sum(gap * gap for gap in gaps)
    return found


def _sum(vectors: Sequence[Vector], width: int) -> list[float]:
    total = [0.0] * width
    for vector in vectors:
        total = list(map(add, total, vector))
    return total


def _likelihoods(
    words: frozenset[str], registers: Mapping[Register, Sequence[frozenset[str]]]
) -> dict[Register, float]:
    """Logarithm of the probability of each register given the words (naive Bayes)."""
    counts = {register: Counter(word for one in members for word in one) for register, members in registers.items()}
    vocabulary = set().union(*counts.values())
    known = words & vocabulary
    return {
        register: math.log(len(registers[register]))
        + sum(
            math.log((count[word] + _SMOOTHING) / (count.total() + _SMOOTHING * (len(vocabulary) + 1)))
            for word in known
        )
        for register, count in counts.items()
    }


def _registers(evidence: Sequence[Evidence]) -> dict[str, Register]:
    """The register of each edit that shows one.

    People do not change everything each time.  Where greeting or sign-off was left as suggested, and no other edit has
    both, the half that the person wrote decides.  A form that nobody ever wrote, but only left standing, is a register
    of theirs once it stood three times; before, it tells nothing.
    """
    edges: dict[str, dict[Dimension, Evidence]] = defaultdict(dict)
    for e in evidence:
        found = edges[e.edit_id]
        if e.dimension in _EDGES:
            found[e.dimension] = e
    written = {(e.dimension, e.value) for found in edges.values() for e in found.values() if e.weight >= STRONG}
    whole = {edit: _register(found) for edit, found in edges.items()}
    counts = Counter(whole.values())
    known = [
        register
        for register, count in counts.most_common()
        if count >= _ENOUGH or (count > 1 and all(half in written for half in _halves(register)))
    ]
    result: dict[str, Register] = {}
    for edit, register in whole.items():
        if register not in known:
            own = {half for half in _halves(register) if half in written}
            changed = {(e.dimension, e.value) for e in edges[edit].values() if e.weight >= STRONG}
            if len(changed) < len(_EDGES):
                wanted = changed or own
                register = next((other for other in known if wanted & set(_halves(other))), register)
            if written and register not in known and not own:
                continue
        result[edit] = register
    return result


def _halves(register: Register) -> tuple[tuple[Dimension, str], ...]:
    return tuple(zip(_EDGES, register, strict=True))


def _register(found: Mapping[Dimension, Evidence]) -> Register:
    greeting, sign_off = (found[edge].value if edge in found else "" for edge in _EDGES)
    return greeting, sign_off


_EDGES = (Dimension.GREETING, Dimension.SIGN_OFF)
