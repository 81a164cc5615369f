"""A subject line from a letter's own words, as people write them: short, without articles, nothing made up.

"I am writing to inform you that the shipment which you ordered on 3 March has been delayed due to the weather." is
about "Shipment delayed".  Of all clauses the one is taken that says most of what the letter says; what leads up to it,
what only explains it, and the small words that headlines do without are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from ownhand.domain.english import DAY
from ownhand.domain.guard import FUNCTION_WORDS, stems
from ownhand.domain.text import sentences, words

_MOST_WORDS: Final = 8
_CLAUSES: Final = re.compile(
    r"\s*(?:[;!?]|[.:](?=\s)|,? (?:but|so|because|although|since|and then|and that)\b|, (?:and )?(?=(?:I|we)\b))\s*"
)
_LEADS: Final = re.compile(
    r"(?:and|but|so|also|now|otherwise|however|unfortunately|please|just)\b[, ]*"
    r"|(?:hi|hello|hey|dear)\b[^,\n]{0,40},\s*"
    r"|(?:I|we)(?:['’]d| would) (?:really )?(?:like|appreciate it|be grateful)(?: if you could| to)\b"
    r"|(?:I|we)(?:['’]m|['’]re| am| are)? ?(?:just )?(?:writing|wanted?|hope|hoping|wondering|would like) ?(?:to\b)?"
    r"|would it(?: perhaps| maybe)? be (?:possible|ok|okay|all right)(?: to| if)?\b"
    r"|(?:have )?had (?:a|the) chance to\b"
    r"|(?:was |were )?wondering (?:if|whether)\b"
    r"|(?:to )?(?:reach out|let you know|inform you|tell you|say|mention)(?: to| that| about)?\b"
    r"|(?:could|can|would|will) you(?: please)?(?: also)?\b|you could\b"
    r"|(?:send|give|show|tell|get) (?:me|us)\b"
    r"|thank(?:s| you)(?: so much| very much)? for(?: (?:sending|forwarding|sharing)(?: over)?)?\b"
    r"|(?:I|we)(?:['’](?:m|re|ve|ll|d))?(?: (?:am|are|have|had|will|was|were|would))?(?= )"
    r"|(?:it|there)(?:['’]s| is| are| has been)\b"
    r"|(?:unfortunately|really|just|still|that)\b"
    r"|(?:my|our|your|the|an?|some)\b",
    re.I,
)
_ASIDE: Final = re.compile(
    r"(?:,? (?:which|who|where)\b[^,.;]*?(?= (?:is|are|was|were|has|have|had|will|can)\b|,|\Z),?)"
    r"|,? (?:due to|because of|in order to|so that|as soon as|until further)\b.*"
    r"|\([^)]*\)",
    re.I,
)
_COURTESY: Final = re.compile(r"(?:sorry|apolog|thank|hope|look(?:ing)? forward)", re.I)
_WHEN: Final = re.compile(rf"\d|\b(?:{DAY}|today|tomorrow|tonight|(?:next|this) (?:week|month))\b", re.I)
_POINTING: Final = frozenset("i it them they he she him her this these those".split())
_LEFT_OUT: Final = frozenset("a an the is are was were am be been being has have had will would my our your".split())
_LOOSE_ENDS: Final = FUNCTION_WORDS - {"now", "again", "off", "out", "up", "down"}


def headline(text: str) -> str:
    """The subject line, at most eight words; '' where the text has no word that says anything.

    >>> headline("I am writing to inform you that the shipment which you ordered on 3 March has been delayed.")
    'Shipment delayed'
    >>> headline("Could you please send me the figures for the third quarter by Friday?")
    'Figures for third quarter by Friday'
    """
    counted = Counter(stems(text))
    best, weight = "", 0.0
    for place, clause in enumerate(_clauses(text)):
        line = _line(clause)
        told = set(stems(line))
        score = min(4, sum(counted[stem] for stem in told)) / (3 + len(told)) - 0.15 * place
        score += 0.3 * bool(_WHEN.search(line)) - 0.3 * bool(_POINTING & set(line.lower().split()))
        if _COURTESY.match(line) or _COURTESY.match(clause):
            score -= 0.5
        if len(told) >= 2 and (not best or score > weight):
            best, weight = line, score
    if not best:
        best = _line(text.strip().split("\n")[0])
    return best[:1].upper() + best[1:]


def _clauses(text: str) -> Iterator[str]:
    for sentence in sentences(text)[:8]:
        yield from filter(None, _CLAUSES.split(sentence.strip(" .!?…")))


def _line(clause: str) -> str:
    rest = _ASIDE.sub("", re.sub(r"\bgoing to be able to\b", "able to", clause)).strip(" ,.-–—")
    before = ""
    while rest != before:
        before = rest
        lead = _LEADS.match(rest)
        rest = rest[lead.end() :].lstrip(" ,") if lead else rest
    kept = [piece for piece in rest.split() if piece.lower().strip(",") not in _LEFT_OUT]
    kept = kept[:_MOST_WORDS]
    while kept and (kept[-1].lower().strip(",") in _LOOSE_ENDS or not words(kept[-1])):
        kept.pop()
    return " ".join(kept).strip(" ,.-–—")


def is_only_a_beginning(line: str, text: str) -> bool:
    """Whether a line proposed for a text is a piece cut out of it, or ends in the middle: "I want to thank you for"."""
    flat = " ".join(words(line.lower()))
    return f" {flat} " in f" {' '.join(words(text.lower()))} " or flat.split(" ")[-1] in _LOOSE_ENDS
