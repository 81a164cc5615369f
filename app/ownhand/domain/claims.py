"""Claims about somebody's taste: asked of a model, taken apart, and what may be kept of them.

PROSE (arXiv:2505.23815) infers a description from what a person wrote instead, splits it into single claims and keeps
those that hold on other samples; what is inferred from one edit alone is mostly too general (against CIPHER,
arXiv:2404.15269).  Here are the questions and the reading of answers; services/inferring.py asks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ownhand.domain import facts, guard
from ownhand.domain.english import ABOUT_PEOPLE, words_of
from ownhand.domain.preference import Edit

MOST = 6
"""Claims taken from one answer."""
_LONGEST = 16
_SHOWN = 1200
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s*")
_SPLIT = re.compile(
    r"\s*;\s*|(?<=[a-z])\.\s+"
    r"|,? and (?=(?:use|avoid|write|keep|prefer|start|end|begin|be|do|leave|add|put|say|never)\b)",
    re.I,
)
_LEAD = re.compile(r"^(?:(?:the|this) (?:user|person|writer) |they |he |she )(?:usually |often |generally )?", re.I)
_PREFERS = {"prefers": "Prefer", "uses": "Use", "avoids": "Avoid", "likes": "Prefer", "writes": "Write"}


def question(edits: Sequence[Edit]) -> str:
    """What to ask about some edits."""
    pairs = "\n\n".join(
        f"Suggested {n}:\n{edit.suggested[:_SHOWN]}\n\nKept {n}:\n{edit.kept[:_SHOWN]}"
        for n, edit in enumerate(edits, 1)
    )
    return (
        f"Somebody was given suggested texts and changed them before keeping them.\n\n{pairs}\n\n"
        "What do they prefer in how a text is written? Answer with short rules for a writer, one in each line, "
        "beginning with a verb. Only rules about style that several of the changes show; nothing about the subject, "
        "and nothing about who they are."
    )


def claims_in(answer: str, edits: Iterable[Edit]) -> list[str]:
    """The single claims of an answer that could be rules: short, about no fact of the texts and about no person."""
    told = {fact.key for edit in edits for fact in facts.facts_in(f"{edit.suggested}\n{edit.kept}")}
    found: list[str] = []
    for line in answer.splitlines():
        if not _BULLET.match(line) and line.rstrip().endswith(":"):
            continue
        for part in _SPLIT.split(_BULLET.sub("", line).strip()):
            claim = _imperative(part)
            words = words_of(claim)
            if not 2 <= len(words) <= _LONGEST or ABOUT_PEOPLE & set(words):
                continue
            if any(fact.key in told and fact.kind != "acronym" for fact in facts.facts_in(claim)):
                continue
            if not any(alike(claim, other) for other in found):
                found.append(claim)
    return found[:MOST]


def _imperative(text: str) -> str:
    text = _LEAD.sub("", text.strip().strip('*"“”').strip())
    first, _, rest = text.partition(" ")
    text = f"{_PREFERS.get(first.lower(), first)} {rest}".strip().rstrip(".")
    return text[:1].upper() + text[1:]


def alike(one: str, other: str) -> bool:
    """Whether two claims say much the same."""
    a, b = set(guard.stems(one)), set(guard.stems(other))
    return bool(a and b) and len(a & b) >= 0.7 * min(len(a), len(b))


def follows(claim: str, edit: Edit) -> str:
    """What to ask of an edit that the claim was not inferred from."""
    return (
        f"Rule: {claim}\n\nText A:\n{edit.suggested[:_SHOWN]}\n\nText B:\n{edit.kept[:_SHOWN]}\n\n"
        "Does text B follow the rule better than text A? Answer yes or no."
    )


def breaks(claim: str, text: str) -> str:
    """What to ask of a text that the person wrote without a suggestion."""
    return f"Rule: {claim}\n\nText:\n{text[:_SHOWN]}\n\nDoes this text break the rule? Answer yes or no."


def is_yes(answer: str) -> bool | None:
    """True for yes, False for no, None for neither."""
    first = re.match(r"\W*(yes|no)\b", answer, re.I)
    return None if first is None else first.group(1).lower() == "yes"
