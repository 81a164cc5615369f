"""A simulated person who edits every draft into what they want, always in the same way (PRELUDE, Gao et al. 2024).

The wishes are latent: the program sees only (draft, kept text).  Each wish is an idempotent edit with a kind, the
dimension of preference that it shows in; what it costs is the edit distance in words and marks.  The edits are written
here anew on purpose: what is measured must not be the measure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ownhand.domain.text import levenshtein, tokens

Rework = Callable[[str, str], str]
"""(text, the recipient's first name) -> the text as this person wants it."""

_GREETING = re.compile(r"\A\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b[^\n]{0,40}\n+", re.IGNORECASE)
_SIGN_OFF = re.compile(
    r"\n\s*(?:(?:many |kind |best |warm |with )?(?:thanks|regards|wishes)|thank you|best|cheers|sincerely|"
    r"yours(?: \w+)?|all the best)[,.!]?[ \t]*(?:\n+[^\n]{1,30})?\s*\Z",
    re.IGNORECASE,
)
_STOCK = re.compile(
    r"(?:I hope (?:this|you|that)|Please (?:do not|don't) hesitate|Please feel free|I look forward|"
    r"(?:Please )?let me know if you have any)[^.!?\n]*[.!?][ \t]*",
    re.IGNORECASE,
)
_SHORT_FORMS = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "cannot": "can't", "will not": "won't",
    "is not": "isn't", "are not": "aren't", "I am": "I'm", "I have": "I've", "I will": "I'll", "it is": "it's",
    "that is": "that's", "we are": "we're", "we will": "we'll", "you are": "you're",
}  # fmt: skip
_BRITISH = {
    "color": "colour", "favor": "favour", "organize": "organise", "organized": "organised", "realize": "realise",
    "center": "centre", "finalize": "finalise", "prioritize": "prioritise", "apologize": "apologise",
    "summarize": "summarise", "behavior": "behaviour", "canceled": "cancelled",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """Something this person always corrects."""

    kind: str
    rework: Rework = field(repr=False)


def greeting(form: str) -> Wish:
    """Begins with this line, in which {name} stands for the recipient's first name."""

    def rework(text: str, name: str) -> str:
        return form.format(name=name) + "\n\n" + _GREETING.sub("", text + "\n").strip()

    return Wish("greeting", rework)


def sign_off(form: str) -> Wish:
    """Ends with these lines."""

    def rework(text: str, name: str) -> str:
        text = text.rstrip()
        bare = text.removesuffix(form).rstrip() if text.endswith("\n" + form) else _SIGN_OFF.sub("", text).rstrip()
        return bare + "\n\n" + form

    return Wish("sign_off", rework)


def contractions(used: bool) -> Wish:
    """Uses short forms, or none."""
    table = _SHORT_FORMS if used else {short: long for long, short in _SHORT_FORMS.items()}
    return Wish("contractions", lambda text, name: _replaced(text, table))


def no_exclamation() -> Wish:
    """Full stops in place of exclamation marks."""
    return Wish("exclamation", lambda text, name: re.sub(r"!+", ".", text))


def no_stock_phrases() -> Wish:
    """Strikes what everybody writes."""
    return Wish("stock_phrase", lambda text, name: re.sub(r"\n{3,}", "\n\n", _STOCK.sub("", text)))


def british() -> Wish:
    """British spelling."""
    return Wish("spelling", lambda text, name: _replaced(text, _BRITISH))


def no_ampersand() -> Wish:
    """The word and in place of the sign."""
    return Wish("ampersand", lambda text, name: re.sub(r"(?<=\s)&(?=\s)", "and", text))


def _replaced(text: str, table: Mapping[str, str]) -> str:
    for old, new in table.items():
        for wrong, right in ((old, new), (old[:1].upper() + old[1:], new[:1].upper() + new[1:])):
            text = re.sub(rf"\b{re.escape(wrong)}\b", right, text)
    return text


USERS: Mapping[str, Sequence[Wish]] = {
    "plain": (
        greeting("Hello {name},"), sign_off("Thanks,\nRobin"), contractions(used=True), no_exclamation(),
        no_stock_phrases(), no_ampersand(),
    ),
    "formal": (
        greeting("Dear {name},"), sign_off("Kind regards,\nRobin Vale"), contractions(used=False), british(),
        no_exclamation(),
    ),
}  # fmt: skip
"""Two people who want different things, by name."""


@dataclass(slots=True)
class SimulatedUser:
    """One person over some rounds."""

    wishes: Sequence[Wish]
    cost: int = 0
    """Edit distance so far, in words and marks."""
    costs: list[int] = field(default_factory=list)
    corrected: Counter[str] = field(default_factory=Counter)
    """How often each kind of wish had to be seen to."""
    repeated: Counter[str] = field(default_factory=Counter)
    """The same, once it had been corrected twice: what learning must bring to nothing."""

    def keep(self, draft: str, name: str) -> str:
        """What this person makes of a draft to somebody of that first name."""
        text = draft
        for wish in self.wishes:
            new = wish.rework(text, name)
            if new.strip() != text.strip():
                if self.corrected[wish.kind] >= 2:
                    self.repeated[wish.kind] += 1
                self.corrected[wish.kind] += 1
            text = new
        old, kept = ([token for token in tokens(side) if token.strip()] for side in (draft, text))
        self.costs.append(levenshtein(old, kept))
        self.cost += self.costs[-1]
        return text
