"""Ghost text: what may be shown after the caret, and what becomes of it as the person types on.

Two lanes propose candidates: the personal memory (ngram.py) at once, the model a little later.  `choose` cuts a
candidate to the words that save the most keystrokes on average; `admit` decides whether it is shown
at all, and names the reason when it is not: a wrong suggestion costs more than a missing one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from ownhand.domain.corpus import Kind, ReplyContext
from ownhand.domain.draft import EVERYONE
from ownhand.domain.inference import Usage
from ownhand.domain.masking import MASK

LaneName = Literal["memory", "model", "names", "abbreviation", ""]


class Suppressed(StrEnum):
    """Why nothing is shown."""

    OFF = "completions are switched off"
    EMPTY = "nothing was proposed"
    UNSURE = "not likely enough to be right"
    SHORT = "it would save no keystroke"
    REPEATS = "it repeats what was just written"
    AFTER_CARET = "it repeats what follows the caret"
    MID_WORD = "the caret is inside a word"
    SELECTION = "text is selected"
    BANNED = "a preference says never to write it"
    SENSITIVE = "it looks like a number or an address to keep private"
    STALE = "the text has changed since"
    FAILED = "the model is not available"


@dataclass(frozen=True, slots=True)
class CompletionContext:
    """A snapshot of the draft at one keystroke; nothing downstream reads live state."""

    prefix: str = field(repr=False)
    suffix: str = field(default="", repr=False)
    kind: Kind = Kind.EMAIL
    subject: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    audience: str = EVERYONE
    reply_to: ReplyContext | None = field(default=None, repr=False)
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed continuation in steps (tokens or words), with the probability that all up to each step is right.

    A last step that is a blank says that one is expected there.
    """

    steps: tuple[str, ...] = field(repr=False)
    cumulative: tuple[float, ...] = ()
    lane: Literal["memory", "model", "names"] = "model"
    whole: bool = False
    """Whether the last step is known to end a word."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What is shown; empty text means suppressed, for `reason`."""

    text: str = field(default="", repr=False)
    lane: LaneName = ""
    probability: float = 0.0
    alternatives: tuple[str, ...] = field(default=(), repr=False)
    ms: float = 0.0
    """From the request to the answer, the pause included."""
    paused_ms: float = 0.0
    """How long it was waited for another key before the model was asked."""
    usage: Usage = field(default_factory=Usage)
    """What the model's part cost."""
    reason: str = ""
    replaces: int = 0
    """Characters before the caret that go when it is taken: what it is the long form of."""
    stops: tuple[tuple[int, int], ...] = ()
    """Tab stops in the text, as (start, end) in code points; only snippets have any."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The thresholds of `admit`, named so that they can be measured and set in one place."""

    min_probability: float = 0.39
    min_gain: float = 0.35
    """Keystrokes saved on average (probability x (characters - 1)), below which nothing is shown.  Both measured: at
    0.39 a completion shown is wholly right in six of ten cases; at 0.12 it would be in three, a sixth more would be
    saved, and almost nothing net of the cost of reading (decisions/0008)."""
    max_words: int = 8


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a lane's probability of a word is worth: Platt scaling (Platt, 1999) of the chance that it is right.

    Each as (slope, offset) of the log odds: for the first word, and for every further one.
    """

    first: tuple[float, float]
    later: tuple[float, float]

    def __call__(self, probability: float, *, first: bool) -> float:
        """The calibrated probability of one word, given that all before it are right."""
        odds = math.log(max(1e-9, probability) / max(1e-9, 1.0 - probability))
        slope, offset = self.first if first else self.later
        return 1.0 / (1.0 + math.exp(-(slope * odds + offset)))


CALIBRATION: dict[str, Calibration] = {
    "model": Calibration((0.99, -0.1), (0.82, 0.0)),
    "memory": Calibration((0.25, -0.87), (0.66, -1.24)),
    "names": Calibration((1.0, 0.0), (1.0, 0.0)),
}
"""Fitted on 26,000 first words of the model and 14,000 of the memory, and on 1,400 and 6,800 further ones, in messages
of 18 authors (version 3 of the built-in model with their own history mixed in; an adapter of theirs changes little:
decision 10).  Names, and greetings to a recipient, come with counted shares, which stand as they are.
"""


SEPARATOR = "\n\n---\n\n"
"""Between texts in the model's view."""
ANSWERED_CHARACTERS = 1200
"""Of the message that is answered, its end."""


def preamble(kind: Kind, subject: str, reply_to: ReplyContext | None) -> str:
    """What stands before a text in the model's view: the message it answers, and the subject."""
    answered = reply_to.text.strip()[-ANSWERED_CHARACTERS:] + SEPARATOR if reply_to and reply_to.text.strip() else ""
    named = f"Subject: {subject.strip()}\n\n" if kind is Kind.EMAIL and subject.strip() else ""
    return answered + named


READING = 0.25
"""Keystrokes that reading a completion costs."""


def worth_adding(probability: float, length: int) -> bool:
    """Whether a word should be shown behind one of `length` characters, given how likely it is to be right.

    Together they are taken at one press instead of two, and read at once; but if the further word is wrong, the first
    one has to be typed.
    """
    return probability * (1 + READING) > (1 - probability) * (length - 1)


def choose(candidate: Candidate, gate: Gate) -> tuple[str, float]:
    """The first word of a candidate, with those after it that are worth adding, and the probability that all is right.

    Cuts are made at word ends only.  A blank that is expected next is kept with the word before it, as it would be
    typed next anyway.
    """
    best, best_probability = "", 1.0
    text = ""
    steps = candidate.steps
    claimed = 1.0
    calibration = CALIBRATION[candidate.lane]
    for index, step in enumerate(steps):
        text += step
        following = steps[index + 1] if index + 1 < len(steps) else None
        if following is not None and text[-1:].isalnum() and (following[:1].isalnum() or following[:1] in "'’"):
            continue
        if following is None and text[-1:].isalnum() and candidate.lane == "model" and not candidate.whole:
            continue
        shown = text.split("\n")[0] if text.strip() and not (best and candidate.whole) else text
        if shown != text or (best and not step.strip()) or len(re.findall(r"\S+", shown)) > gate.max_words:
            break
        word = candidate.cumulative[index] / claimed if claimed else 0.0
        probability = calibration(word, first=not best)
        if best and not worth_adding(probability, len(best)):
            break
        claimed = candidate.cumulative[index]
        best = shown + " " if following is not None and following[:1] == " " and not shown.endswith(" ") else shown
        best_probability *= probability
    return best, best_probability if best else 0.0


def admit(text: str, probability: float, context: CompletionContext, gate: Gate) -> Suppressed | None:
    """None if this text may be shown at this place, else the reason why not."""
    if not text.strip():
        return Suppressed.EMPTY
    if len(text.rstrip()) < 2:
        return Suppressed.SHORT
    if probability < gate.min_probability or probability * (len(text) - 1) < gate.min_gain:
        return Suppressed.UNSURE
    if context.suffix and _repeats_suffix(text, context.suffix):
        return Suppressed.AFTER_CARET
    if repeats(text, context.prefix):
        return Suppressed.REPEATS
    if is_sensitive(text):
        return Suppressed.SENSITIVE
    return None


def _repeats_suffix(text: str, suffix: str) -> bool:
    wanted, ahead = " ".join(text.split()).lower(), " ".join(suffix[:400].split()).lower()
    return bool(wanted) and ahead.startswith(wanted)


def repeats(text: str, prefix: str) -> bool:
    """Whether three or more words would stand twice in a row, or the same line once more."""
    new = text.lower().split()
    before = prefix.lower().split()
    if len(new) >= 3 and before[-len(new) :] == new:
        return True
    line = text.strip().lower()
    lines = [part.strip().lower() for part in prefix.splitlines()]
    return len(new) >= 3 and line in lines


_SENSITIVE = re.compile(
    r"\b(?:\d[ -]?){12,}\d\b"
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}\b"
    r"|(?i:\b(?:password|passwort|passcode|pin)\b\s*(?:is|[:=]))"
)


def is_sensitive(text: str) -> bool:
    """Card numbers, IBANs and passwords, and where such were masked: never to be proposed, nor to be learned."""
    return MASK in text or bool(_SENSITIVE.search(text))


# ------------------------------------------------------------------------------------------- a ghost under the
# fingers


ARROW = "→"
LONG_FORM = 70
"""Characters of a long form that are shown before it is taken."""


@dataclass(frozen=True, slots=True)
class Ghost:
    """Ghost text on the screen: the alternatives, which of them shows, and how much of it has been typed already."""

    alternatives: tuple[str, ...] = field(repr=False)
    index: int = 0
    consumed: str = field(default="", repr=False)
    replaces: int = 0
    """Characters before the caret that it takes the place of; such a ghost is taken whole or not at all."""
    stops: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """What is left to take."""
        return self.alternatives[self.index][len(self.consumed) :]

    @property
    def shown(self) -> str:
        """What is drawn after the caret: for a long form an arrow and its beginning."""
        if not self.replaces:
            return self.text
        first, _, rest = self.text.strip().partition("\n")
        more = " …" if rest.strip() or len(first) > LONG_FORM else ""
        return f" {ARROW} {first[:LONG_FORM].rstrip()}{more}"

    def typed(self, inserted: str) -> Ghost | None:
        """Typing the same characters advances through the ghost; anything else, or its end, is the end of it."""
        if self.replaces:
            return None
        if inserted and self.text.startswith(inserted) and len(inserted) < len(self.text):
            return replace(self, consumed=self.consumed + inserted)
        return None

    def next_word(self) -> tuple[str, Ghost | None]:
        """The next word with the blanks before it (and the one after it, if it is the last), and what stays shown."""
        if self.replaces:
            return self.text, None
        match = re.match(r"\s*(?:\w+(?:['’\-]\w+)*|[^\w\s]+)", self.text)
        taken = match.group(0) if match else self.text
        if not self.text[len(taken) :].strip():
            taken = self.text
        return taken, self.typed(taken)

    def line(self) -> tuple[str, Ghost | None]:
        """All up to the end of the line."""
        if self.replaces:
            return self.text, None
        newline = self.text.find("\n", 1)
        taken = self.text if newline < 0 else self.text[:newline]
        return taken, self.typed(taken)

    def cycle(self, step: int) -> Ghost:
        """Another alternative that still fits what has been typed."""
        count = len(self.alternatives)
        for offset in range(1, count + 1):
            index = (self.index + step * offset) % count
            alternative = self.alternatives[index]
            if alternative.startswith(self.consumed) and len(alternative) > len(self.consumed):
                return replace(self, index=index)
        return self


def start(
    text: str, alternatives: Sequence[str] = (), replaces: int = 0, stops: tuple[tuple[int, int], ...] = ()
) -> Ghost:
    """A ghost that shows `text` first."""
    others = tuple(other for other in dict.fromkeys(alternatives) if other and other != text)
    return Ghost((text, *others), replaces=replaces, stops=stops)


# --------------------------------------------------------------------------------------------------------- when
# to ask


@dataclass(frozen=True, slots=True)
class Debounce:
    """How long typing must pause before the model is asked; follows what the model costs on this machine.

    A fast model may answer between two keystrokes, a slow one would only be cancelled by the next.
    """

    fast_ms: float = 15.0
    base_ms: float = 40.0
    slow_ms: float = 110.0
    latency_ms: float = 60.0
    """Moving average of the model lane's answers."""

    def wait_ms(self) -> float:
        if self.latency_ms <= 60:
            return self.fast_ms
        return self.base_ms if self.latency_ms <= 160 else self.slow_ms

    def observed(self, ms: float) -> Debounce:
        return replace(self, latency_ms=0.8 * self.latency_ms + 0.2 * min(ms, 2000.0))


def probability_of(logprobs: Sequence[float]) -> tuple[float, ...]:
    """Cumulative probabilities of a chain of natural-log probabilities."""
    total = 0.0
    out: list[float] = []
    for value in logprobs:
        total += value
        out.append(math.exp(min(0.0, total)))
    return tuple(out)
