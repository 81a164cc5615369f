"""Which of their registers a person is in, told from the situation alone.

Nobody says 'this one is for the team'.  Greeting and sign-off together tell afterwards which register a letter was in;
what tells it beforehand is a subject and a few notes.  Three things speak for a register: how near its situations are
in meaning, the words they share, and their shape (decision 12).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ownhand.domain.preference import STRONG, Dimension, Evidence

Traits = frozenset[str]
Register = tuple[str, str]
"""Greeting and sign-off."""

_TEMPERATURE = 0.1
"""How fast the vote of a past edit falls with the distance of its situation, in units of cosine."""
_MEANING, _WORDS, _SHAPE = 2.0, 0.15, 0.4
"""Weights of the three logarithms of likelihood; those of words and shape are low because traits of one text are far
from independent."""
_SMOOTHING_WORDS, _SMOOTHING_SHAPE = 0.3, 1.0
_SHAPE_MARK = "#"
_ENOUGH = 3
"""Times that a form must have been left standing to count as the person's own."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is about to be written, compared with what was edited before."""

    traits: Traits = field(default=frozenset(), repr=False)
    past: Mapping[str, Traits] = field(default_factory=dict, repr=False)
    """Those of past edits, by edit id."""
    similarity: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Cosine in meaning to each past edit that has a vector, by edit id."""


def traits_of(situation: str) -> Traits:
    """The words of a situation (subject and notes) and its shape in a few coarse steps."""
    lines = [line for line in situation.splitlines() if line.strip()]
    words = situation.split()
    if not words:
        return frozenset()
    capitals = sum(word[:1].isupper() for word in words) / len(words)
    marks = sum(not c.isalnum() and not c.isspace() for c in situation) / len(situation)
    shape = {
        "lines": _step(len(lines), 3, 4, 5, 7),
        "words": _step(len(words), 8, 20, 40, 70),
        "capitals": _step(capitals, 0.05, 0.12, 0.2, 0.3),
        "marks": _step(marks, 0.01, 0.02, 0.04),
        "answers": int(bool(re.match(r"(?:re|aw)\s*:", lines[0], re.I))),
        "asks": int("?" in situation),
    }
    return frozenset(re.findall(r"[^\W\d_]+", situation.lower())) | {
        f"{_SHAPE_MARK}{name} {step}" for name, step in shape.items()
    }


def _step(value: float, *bounds: float) -> int:
    return sum(value >= bound for bound in bounds)


def weigh(evidence: Sequence[Evidence], situation: Situation) -> Mapping[str, float] | None:
    """How much each past edit counts now, all together 1; None where nothing tells them apart.

    Registers are judged as a whole, so that all dimensions follow the same one and the many edits of one register do
    not outvote the few near ones of another.
    """
    edits = list(dict.fromkeys(e.edit_id for e in evidence))
    known = [edit for edit in edits if edit in situation.similarity or edit in situation.past]
    if not known:
        return None
    similarity = situation.similarity
    typical = sum(similarity.values()) / len(similarity) if similarity else 0.0
    best = max(similarity.values(), default=0.0)
    near = {edit: math.exp((similarity.get(edit, typical) - best) / _TEMPERATURE) for edit in known}
    registers: dict[Register, list[str]] = defaultdict(list)
    for edit, register in _registers(evidence).items():
        if edit in near:
            registers[register].append(edit)
    if not registers:
        return None
    score = {
        register: _MEANING * math.log(sum(near[edit] for edit in members) / len(members) + 1e-12)
        for register, members in registers.items()
    }
    for shape, weight, smoothing in ((False, _WORDS, _SMOOTHING_WORDS), (True, _SHAPE, _SMOOTHING_SHAPE)):
        for register, likelihood in _likelihoods(registers, situation, shape, smoothing).items():
            score[register] += weight * likelihood
    highest = max(score.values())
    total = sum(math.exp(value - highest) for value in score.values())
    found: dict[str, float] = {}
    for register, members in registers.items():
        share = math.exp(score[register] - highest) / total
        mass = sum(near[edit] for edit in members)
        found.update({edit: share * (near[edit] / mass + 1 / len(members)) / 2 for edit in members})
    return found


def _likelihoods(
    registers: Mapping[Register, Sequence[str]], situation: Situation, shape: bool, smoothing: float
) -> dict[Register, float]:
    """Logarithm of the probability of each register given the situation's words or shape (naive Bayes)."""
    counts: dict[Register, Counter[str]] = {}
    for register, members in registers.items():
        counts[register] = Counter(
            trait
            for edit in members
            for trait in situation.past.get(edit, ())
            if trait.startswith(_SHAPE_MARK) == shape
        )
    vocabulary = len(set().union(*counts.values()))
    known = [trait for trait in situation.traits if any(trait in count for count in counts.values())]
    return {
        register: math.log(len(registers[register]))
        + sum(math.log((count[trait] + smoothing) / (count.total() + smoothing * (vocabulary + 1))) for trait in known)
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
