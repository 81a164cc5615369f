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
from collections import Counter, defaultdict
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


class Standing(StrEnum):
    """How far a rule has come, in the order in which a person wants to see them."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    """Seen often enough, but so was its opposite: it acts where the situation is like those it was seen in."""
    OFF = "off"
    SELDOM = "seldom"
    """Noticed, and not seen often enough to be a rule."""


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
ANYWHERE = "anywhere"
"""The subject of contractions where only few contract ('I've a question'): the habit of contracting, taken further."""

DELETED = "(deleted)"
"""Statement of the stored row that keeps a deleted learned preference away until new evidence comes."""

_DECAY = 0.98
"""Weight of a piece of evidence relative to the next newer one on the same dimension."""
_SHARPNESS = 3.0
_CONTENT = 0.5
"""Weight of a content sentence that stands where a set line could stand: hardly an objection."""
_HABIT = 0.5
"""Weight of a state left as it was, where it is set here (see detectors.py)."""
_LEFT_HERE = 0.5
"""What such a state counts beside a correction made in the same situation: people skip some each time."""
_LONG = 6
"""Sentences from which a text that was left whole speaks against a limit in words."""
_EFFECT = 0.6
_NEEDED = 2
_NEEDED_FOR_PLAIN_WORDS = 3
_NO_RULE = frozenset({AS_IS, KEEP})


def identify(dimension: Dimension, subject: str, value: str, audience: str = EVERYONE) -> str:
    """The stable id of a rule; it holds none of its words."""
    text = "\x1f".join((dimension, subject, _family(value, dimension), audience))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def confidence(preference: Preference) -> float:
    """Mean of the Beta distribution over 'the next edit agrees'; 1 for what the person stated."""
    if preference.origin is Origin.STATED:
        return 1.0
    return (preference.agreeing + 1) / (preference.agreeing + preference.conflicting + 2)


def is_measured(preference: Preference) -> bool:
    """Whether it is a habit of the profile that acts as a rule (style.py), and was neither learned nor stated."""
    return preference.origin is Origin.STATED and preference.agreeing > 0


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
    if not _seen_enough(preference):
        return False
    return preference.fit > 0.5 if preference.fit is not None else confidence(preference) > _EFFECT + 1e-9


def standing(preference: Preference) -> Standing:
    """How far a rule has come, whatever the situation."""
    if not preference.enabled:
        return Standing.OFF
    if in_effect(replace(preference, fit=None)):
        return Standing.ALWAYS
    return Standing.SOMETIMES if _seen_enough(preference) else Standing.SELDOM


def _seen_enough(preference: Preference) -> bool:
    needed = _NEEDED_FOR_PLAIN_WORDS if preference.subject == PLAIN_WORDS else _NEEDED
    return len(preference.edits) >= needed


def tombstone(preference: Preference) -> Preference:
    """The row to store when a learned preference is deleted: it stays away until edits come that it does not list."""
    return replace(preference, origin=Origin.LEARNED, enabled=False, statement=DELETED, fit=None)


def merge(evidence: Sequence[Evidence], into: Preference, others: Iterable[Preference]) -> list[Evidence]:
    """The evidence with that of `others` counted for `into`, for rules that a person says are the same."""
    same = {(other.dimension, other.subject, _family(other.value, other.dimension)) for other in others}
    return [
        replace(e, dimension=into.dimension, subject=into.subject, value=into.value)
        if (e.dimension, e.subject, _family(e.value, e.dimension)) in same
        else e
        for e in evidence
    ]


def learn(
    evidence: Sequence[Evidence],
    stored: Sequence[Preference] = (),
    kernel: Mapping[str, float] | None = None,
    audience: str | None = EVERYONE,
) -> list[Preference]:
    """The preferences that evidence (oldest first) and the person's own statements give for one audience.

    With an audience, at most one scope speaks on each dimension and subject: the audience's own, else Everyone's.  With
    `None`, those of every audience are returned, as a table of everything learned wants them.  `kernel` says how much
    each past edit counts in the present situation, by edit id (registers.py).  Stored preferences overrule derived
    ones.  Ask `in_effect` which of them act.
    """
    groups = _grouped(evidence)
    gone = {p.id: frozenset(p.edits) for p in stored if p.origin is Origin.LEARNED and p.statement == DELETED}
    own = [p for p in stored if p.id not in gone]
    scopes = sorted({e.audience for e in evidence} | {EVERYONE}) if audience is None else [audience]
    found: dict[str, Preference] = {}
    for (dimension, subject), group in groups.items():
        for scope in scopes:
            for preference in _derive(dimension, subject, group, scope, kernel, gone, audience is not None):
                found.setdefault(preference.id, preference)
    for preference in [p for p in found.values() if p.dimension is Dimension.CONTRACTIONS and p.subject == ANYWHERE]:
        # A habit taken further rests on the edits that show the habit, too: one correction further is enough.
        habit = found.get(identify(Dimension.CONTRACTIONS, "", preference.value, preference.audience))
        edits = dict.fromkeys((*(habit.edits if habit else ()), *preference.edits))
        found[preference.id] = replace(preference, edits=tuple(edits))
    return _overrule(list(found.values()), own, audience)


def _family(value: str, dimension: Dimension | None = None) -> str:
    """Values that differ only by a number behind a colon are one rule: 'short:12' and 'short:14'; so are set lines that
    differ in their last mark.
    """
    if dimension in _LINES:
        return value.rstrip(".!… ")
    head, colon, number = value.rpartition(":")
    return head if colon and number.isdigit() else value


_LINES = frozenset({Dimension.OPENING_LINE, Dimension.CLOSING_LINE})


def _grouped(evidence: Sequence[Evidence]) -> dict[tuple[Dimension, str], list[Evidence]]:
    groups: dict[tuple[Dimension, str], list[Evidence]] = defaultdict(list)
    for e in evidence:
        groups[e.dimension, e.subject].append(e)
    # 'use' put back as 'utilize' speaks against 'utilize' being replaced.
    for e in evidence:
        if e.dimension is Dimension.WORD_CHOICE and (e.dimension, e.value) in groups and e.value != e.subject:
            groups[e.dimension, e.value].append(replace(e, subject=e.value, instead_of=e.subject))
    return groups


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
        tally = tallies[_family(value, e.dimension)]
        weight = e.weight * _DECAY ** age[e.edit_id] * (_CONTENT if value != e.value else 1.0)
        tally.weight += weight
        if kernel is not None:
            tally.near += weight * (1.0 if e.weight >= STRONG else _LEFT_HERE) * kernel.get(e.edit_id, 0.0)
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
    if not group or group[0].dimension not in _LINES:
        return frozenset()
    seen: dict[str, set[str]] = defaultdict(set)
    for e in group:
        seen[_family(e.value, e.dimension)].add(e.edit_id)
    return frozenset(e.value for e in group if e.value and len(seen[_family(e.value, e.dimension)]) < _NEEDED)


def _by_limit(group: Sequence[Evidence]) -> list[Evidence]:
    """Evidence on length seen from the number of sentences that was cut to most often.

    Whether a last sentence went for its length or for what it said cannot be told from one edit; for its length it
    goes at the same place again.  A text within the limit says nothing about it, a longer one speaks against it.
    """
    cuts = Counter(_number(e.value) for e in group if _family(e.value) == "first")
    # people count sentences a little differently, so one less is the same limit
    limit = max(cuts, key=lambda n: (cuts[n] + cuts[n - 1], cuts[n], n)) if cuts else _LONG - 1
    found: list[Evidence] = []
    for e in group:
        kind, number = _family(e.value), _number(e.value)
        if kind not in (AS_IS, "first"):
            found.append(e)
        elif kind == "first" and limit - 1 <= number <= limit:
            found.append(replace(e, value=f"first:{limit}"))
        elif number > limit:
            found.append(replace(e, value=AS_IS, weight=min(e.weight, _HABIT)))
    return found


def _number(value: str) -> int:
    """The number behind the colon of a value; 0 where there is none."""
    number = value.rpartition(":")[2]
    return int(number) if number.isdigit() else 0


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
    pool = _without_deleted(pool, dimension, subject, scope, gone)
    tallies = _count(_by_limit(pool) if dimension is Dimension.LENGTH else pool, kernel)
    total = sum(tally.weight for tally in tallies.values())
    power = sum(tally.near**_SHARPNESS for tally in tallies.values())
    made: list[Preference] = []
    for value, tally in tallies.items():
        if not tally.changes or value in _NO_RULE or (value == subject and subject):
            continue
        if not value and dimension in _LINES:
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
