"""Preferences: what Ownhand learned from edits or was told, as rules a person can read, overrule and delete.

`learn` turns evidence into preferences.  Each value of a dimension competes with the other values of the same
dimension; the
confidence of a value is the mean of a Beta(agreeing + 1, conflicting + 1) distribution.  Where it is known how much
the present
situation resembles that of each past edit, the votes are weighted by it, so that a person who writes 'Dear' to some
and 'Hey' to
others gets both: one rolling global preference can be worse than none (Gao et al., PRELUDE/CIPHER, arXiv:2404.15269).

Wording for people and for the model is in wording.py, detection in detectors.py, application in applying.py.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ownhand.domain.draft import EVERYONE


class Dimension(StrEnum):
    """What a preference is about.  One detector and one application rule each (see detectors.py, applying.py)."""

    GREETING = "greeting"
    SIGN_OFF = "sign_off"
    CONTRACTIONS = "contractions"
    EXCLAMATION = "exclamation"
    EMOJI = "emoji"
    HEDGING = "hedging"
    STOCK_PHRASE = "stock_phrase"
    WORD_CHOICE = "word_choice"
    SPELLING = "spelling"
    SENTENCE_LENGTH = "sentence_length"
    LENGTH = "length"
    LISTS = "lists"
    PARAGRAPHS = "paragraphs"
    SPACING = "spacing"
    OXFORD_COMMA = "oxford_comma"
    DASH = "dash"
    QUOTES = "quotes"
    NUMERALS = "numerals"
    AMPERSAND = "ampersand"
    LOWER_CASE = "lower_case"
    POLITENESS = "politeness"
    MARKDOWN = "markdown"
    OPENING_LINE = "opening_line"
    CLOSING_LINE = "closing_line"
    CUSTOM = "custom"


class Origin(StrEnum):
    """Whether a rule was derived from edits or given by the person."""

    LEARNED = "learned"
    STATED = "stated"


@dataclass(frozen=True, slots=True)
class Edit:
    """The pair (suggested, kept), and the situation it happened in."""

    id: str
    suggested: str = field(repr=False)
    kept: str = field(repr=False)
    action: str = "draft"
    audience: str = EVERYONE
    context: str = field(default="", repr=False)
    """Subject, recipients and brief as one text; what similarity of situations is judged by."""
    recipients: tuple[str, ...] = field(default=(), repr=False)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one edit says on one dimension: it speaks for `value`, and against `instead_of` where that is set.

    `value` and `instead_of` are the dimension's own values, e.g. 'Hi {name},' for a greeting ('' = none), 'use' and
    'avoid' for contractions, 'utilize=use' for a word choice.  `subject` tells apart several rules of one
    dimension: the
    phrase of a stock phrase, the replaced word of a word choice; '' elsewhere.
    """

    edit_id: str
    dimension: Dimension
    value: str = field(repr=False)
    instead_of: str | None = field(default=None, repr=False)
    subject: str = field(default="", repr=False)
    audience: str = EVERYONE
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Preference:
    """One rule with scope, confidence and the edits it rests on."""

    id: str
    dimension: Dimension
    value: str = field(repr=False)
    subject: str = field(default="", repr=False)
    audience: str = EVERYONE
    origin: Origin = Origin.LEARNED
    enabled: bool = True
    agreeing: float = 0.0
    conflicting: float = 0.0
    edits: tuple[str, ...] = ()
    last_used: datetime | None = None
    statement: str = field(default="", repr=False)
    """The rule in words the person can edit; '' means the standard wording for dimension and value."""
    fit: float | None = None
    """How surely this value, of all that compete, suits the present situation (0 to 1); None where no situation was
    given."""


# ------------------------------------------------------------------------------------------------------------ learning

STRONG = 1.0
"""Weight from which a piece of evidence is a change the person made, and not a habit left alone."""
AS_IS = "as-is"
"""The value that says: the person leaves this alone."""
KEEP = "keep"
"""The value that speaks against removing or replacing a phrase."""
PLAIN_WORDS = "*"
"""The subject of the word choice that stands for plain words in general."""

DELETED = "(deleted)"
"""Statement of the stored row that keeps a deleted learned preference away until new evidence comes."""

_DECAY = 0.98
"""Weight of a piece of evidence relative to the next newer one on the same dimension."""
_TEMPERATURE = 0.1
"""How fast the vote of a past edit falls with the distance of its situation, in units of cosine."""
_SHARPNESS = 3.0
_CONTENT = 0.5
"""Weight of a content sentence that stands where a set line could stand: hardly an objection."""
_EFFECT = 0.6
_NEEDED = 2
_NEEDED_FOR_PLAIN_WORDS = 3
_NO_RULE = frozenset({AS_IS, KEEP})


def identify(dimension: Dimension, subject: str, value: str, audience: str = EVERYONE) -> str:
    """The stable id of a rule; it holds none of its words."""
    text = "\x1f".join((dimension, subject, _family(value), audience))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def confidence(preference: Preference) -> float:
    """Mean of the Beta distribution over 'the next edit agrees'; 1 for what the person stated."""
    if preference.origin is Origin.STATED:
        return 1.0
    return (preference.agreeing + 1) / (preference.agreeing + preference.conflicting + 2)


def in_effect(preference: Preference) -> bool:
    """Whether it acts on suggestions now.

    A stated one does at once.  A learned one needs two agreeing edits, and more confidence than two for and one against
    give; with a known situation it must be the value that wins there.
    """
    if not preference.enabled:
        return False
    if preference.origin is Origin.STATED:
        return True
    if preference.statement and preference.statement != DELETED and not preference.edits:
        return True
    needed = _NEEDED_FOR_PLAIN_WORDS if preference.subject == PLAIN_WORDS else _NEEDED
    if len(preference.edits) < needed:
        return False
    return preference.fit > 0.5 if preference.fit is not None else confidence(preference) > _EFFECT + 1e-9


def tombstone(preference: Preference) -> Preference:
    """The row to store when a learned preference is deleted: it stays away until edits come that it does not list."""
    return replace(preference, origin=Origin.LEARNED, enabled=False, statement=DELETED, fit=None)


def merge(evidence: Sequence[Evidence], into: Preference, others: Iterable[Preference]) -> list[Evidence]:
    """The evidence with that of `others` counted for `into`, for rules that a person says are the same."""
    same = {(other.dimension, other.subject, _family(other.value)) for other in others}
    return [
        replace(e, dimension=into.dimension, subject=into.subject, value=into.value)
        if (e.dimension, e.subject, _family(e.value)) in same
        else e
        for e in evidence
    ]


def learn(
    evidence: Sequence[Evidence],
    stored: Sequence[Preference] = (),
    now: datetime | None = None,
    similarity: Mapping[str, float] | None = None,
    audience: str | None = EVERYONE,
) -> list[Preference]:
    """The preferences that evidence (oldest first) and the person's own statements give for one audience.

    With an audience, at most one scope speaks on each dimension and subject: the audience's own, else Everyone's.  With
    `None`, those of every audience are returned, as a table of everything learned wants them.  `similarity` is the
    cosine of
    the present situation to that of each past edit, by edit id.  Stored preferences overrule derived ones.  Ask
    `in_effect`
    which of them act.  `now` marks `last_used` of nothing; it is taken so that callers need not know.
    """
    del now
    groups = _grouped(evidence)
    kernel = _kernel(evidence, similarity)
    gone = {p.id: frozenset(p.edits) for p in stored if p.origin is Origin.LEARNED and p.statement == DELETED}
    own = [p for p in stored if p.id not in gone]
    scopes = sorted({e.audience for e in evidence} | {EVERYONE}) if audience is None else [audience]
    found: dict[str, Preference] = {}
    for (dimension, subject), group in groups.items():
        for scope in scopes:
            for preference in _derive(dimension, subject, group, scope, kernel, gone, audience is not None):
                found.setdefault(preference.id, preference)
    return _overrule(list(found.values()), own, audience)


def _family(value: str) -> str:
    """Values that differ only by a number behind a colon are one rule: 'short:12' and 'short:14'."""
    head, colon, number = value.rpartition(":")
    return head if colon and number.isdigit() else value


def _grouped(evidence: Sequence[Evidence]) -> dict[tuple[Dimension, str], list[Evidence]]:
    groups: dict[tuple[Dimension, str], list[Evidence]] = defaultdict(list)
    for e in evidence:
        groups[e.dimension, e.subject].append(e)
    # 'use' put back as 'utilize' speaks against 'utilize' being replaced.
    for e in evidence:
        if e.dimension is Dimension.WORD_CHOICE and (e.dimension, e.value) in groups and e.value != e.subject:
            groups[e.dimension, e.value].append(replace(e, subject=e.value, instead_of=e.subject))
    return groups


def _kernel(evidence: Sequence[Evidence], similarity: Mapping[str, float] | None) -> Mapping[str, float] | None:
    """How much each past edit's situation counts now.

    Greeting and sign-off together tell which of their registers a person was in.  Registers are judged as a whole,
    each by the
    closeness of its edits over the root of their number, so that the many edits of one register do not outvote the
    near few of
    another, and all dimensions follow the same register.
    """
    if not similarity:
        return None
    best = max(similarity.values())
    near = {edit: math.exp((cosine - best) / _TEMPERATURE) for edit, cosine in similarity.items()}
    edges: dict[str, list[str]] = defaultdict(lambda: ["", ""])
    for e in evidence:
        if e.edit_id in near and e.dimension in (Dimension.GREETING, Dimension.SIGN_OFF):
            edges[e.edit_id][e.dimension is Dimension.SIGN_OFF] = e.value
    registers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for edit in near:
        registers[tuple(edges[edit])].append(edit)
    mass = {register: sum(near[edit] for edit in edits) for register, edits in registers.items()}
    score = {register: (mass[register] / math.sqrt(len(edits))) ** 2 for register, edits in registers.items()}
    total = sum(score.values())
    return {
        edit: score[register] / total * near[edit] / mass[register]
        for register, edits in registers.items()
        for edit in edits
    }


@dataclass(slots=True)
class _Tally:
    """The votes for one value."""

    weight: float = 0.0
    near: float = 0.0
    changes: list[str] = field(default_factory=list)
    voters: set[str] = field(default_factory=set)
    newest: str = ""
    numbers: list[int] = field(default_factory=list)


def _count(group: Sequence[Evidence], kernel: Mapping[str, float] | None) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    edits = list(dict.fromkeys(e.edit_id for e in group))
    age = {edit: len(edits) - 1 - index for index, edit in enumerate(edits)}
    singles = _lone_lines(group)
    for e in group:
        value = "" if e.value in singles else e.value
        tally = tallies[_family(value)]
        weight = e.weight * _DECAY ** age[e.edit_id] * (_CONTENT if value != e.value else 1.0)
        tally.weight += weight
        tally.near += weight * (kernel.get(e.edit_id, 0.0) if kernel is not None else 1.0)
        tally.voters.add(e.edit_id)
        if e.weight >= STRONG and e.edit_id not in tally.changes:
            tally.changes.append(e.edit_id)
        tally.newest = value
        head, _, number = value.rpartition(":")
        if head and number.isdigit():
            tally.numbers.append(int(number))
    return tallies


def _lone_lines(group: Sequence[Evidence]) -> frozenset[str]:
    """First and last sentences that occurred in one edit only: they are content, and count as 'no set line'."""
    if not group or group[0].dimension not in (Dimension.OPENING_LINE, Dimension.CLOSING_LINE):
        return frozenset()
    seen: dict[str, set[str]] = defaultdict(set)
    for e in group:
        seen[e.value].add(e.edit_id)
    return frozenset(value for value, edits in seen.items() if value and len(edits) < _NEEDED)


def _pool(group: Sequence[Evidence], scope: str) -> list[Evidence]:
    """The evidence that counts for a scope: its own; for Everyone also what two audiences agree on."""
    if scope != EVERYONE:
        return [e for e in group if e.audience == scope]
    by_audience: dict[str, list[Evidence]] = defaultdict(list)
    for e in group:
        by_audience[e.audience].append(e)
    if set(by_audience) == {EVERYONE}:
        return list(group)
    leaders = set()
    agreeing = 0
    for members in by_audience.values():
        changed = {v: t for v, t in _count(members, None).items() if t.changes}
        if changed:
            agreeing += 1
            leaders.add(max(changed, key=lambda value: changed[value].weight))
    if agreeing >= 2 and len(leaders) == 1:
        return list(group)
    return by_audience.get(EVERYONE, [])


def _derive(
    dimension: Dimension,
    subject: str,
    group: Sequence[Evidence],
    scope: str,
    kernel: Mapping[str, float] | None,
    gone: Mapping[str, frozenset[str]],
    fall_back: bool,
) -> list[Preference]:
    pool = _pool(group, scope)
    if not any(e.weight >= STRONG for e in pool):
        return (
            _derive(dimension, subject, group, EVERYONE, kernel, gone, False) if fall_back and scope != EVERYONE else []
        )
    tallies = _count(_without_deleted(pool, dimension, subject, scope, gone), kernel)
    total = sum(tally.weight for tally in tallies.values())
    power = sum(tally.near**_SHARPNESS for tally in tallies.values())
    made: list[Preference] = []
    for value, tally in tallies.items():
        if not tally.changes or value in _NO_RULE or (value == subject and subject):
            continue
        if not value and dimension in (Dimension.OPENING_LINE, Dimension.CLOSING_LINE):
            continue
        shown = f"{value}:{sorted(tally.numbers)[len(tally.numbers) // 2]}" if tally.numbers else tally.newest
        made.append(
            Preference(
                identify(dimension, subject, value, scope), dimension, shown, subject, scope,
                agreeing=round(tally.weight, 4), conflicting=round(total - tally.weight, 4), edits=tuple(tally.changes),
                fit=None if kernel is None else (tally.near**_SHARPNESS / power if power > 0 else 0.0),
            )
        )  # fmt: skip
    if fall_back and scope != EVERYONE and not any(map(in_effect, made)):
        wider = _derive(dimension, subject, group, EVERYONE, kernel, gone, False)
        if any(map(in_effect, wider)) and not made:
            return wider
    return made


def _without_deleted(
    pool: Sequence[Evidence], dimension: Dimension, subject: str, scope: str, gone: Mapping[str, frozenset[str]]
) -> list[Evidence]:
    if not gone:
        return list(pool)
    return [e for e in pool if e.edit_id not in gone.get(identify(dimension, subject, e.value, scope), ())]


def _overrule(derived: list[Preference], own: Sequence[Preference], audience: str | None) -> list[Preference]:
    """What the person stated or changed goes before what was derived."""
    result: list[Preference] = []
    by_id = {p.id: p for p in derived}
    relevant = [p for p in own if audience is None or p.audience in (audience, EVERYONE)]
    taken: set[tuple[Dimension, str, str]] = set()
    for p in relevant:
        fresh = by_id.get(p.id)
        if p.origin is Origin.LEARNED and fresh is not None:
            p = replace(
                p, agreeing=fresh.agreeing, conflicting=fresh.conflicting, edits=fresh.edits, fit=fresh.fit,
                value=p.value if p.statement else fresh.value,
            )  # fmt: skip
        if p.origin is Origin.STATED and p.enabled and p.dimension is not Dimension.CUSTOM:
            taken.add((p.dimension, p.subject, p.audience))
        result.append(p)
    if audience not in (None, EVERYONE):  # the narrower statement wins
        narrow = {
            (p.dimension, p.subject)
            for p in result
            if p.audience == audience and p.origin is Origin.STATED and p.enabled
        }
        result = [
            p
            for p in result
            if p.audience == audience or p.dimension is Dimension.CUSTOM or (p.dimension, p.subject) not in narrow
        ]
    known = {p.id for p in relevant}
    for p in derived:
        stated_here = (p.dimension, p.subject, p.audience) in taken
        stated_wider = (p.dimension, p.subject, EVERYONE) in taken
        if p.id not in known and not stated_here and not stated_wider:
            result.append(p)
    return sorted(
        result, key=lambda p: (p.origin is not Origin.STATED, -confidence(p), p.dimension, p.subject, p.value)
    )
