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
        own = form.format(name=name)
        bare = text.removeprefix(own + "\n") if text.startswith(own + "\n") else _GREETING.sub("", text + "\n")
        return own + "\n\n" + bare.strip()

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


def contractions_everywhere() -> Wish:
    """Short forms also where few people use them: 'I've a question'."""
    long = {f"{who} {verb}": f"{who}'{end}" for who in ("I", "we", "you", "they")
            for verb, end in (("have", "ve"), ("will", "ll"), ("would", "d"))}  # fmt: skip
    return Wish("contractions", lambda text, name: _replaced(text, {**_SHORT_FORMS, **long}))


def no_hedging() -> Wish:
    """Claims without cushions."""
    return Wish("hedging", lambda text, name: _capitals(re.sub(r"\b(?:I think|maybe|perhaps) ", "", text, flags=re.I)))


def no_please() -> Wish:
    """Requests without the magic word."""
    return Wish("politeness", lambda text, name: _capitals(re.sub(r"\bplease ", "", text, flags=re.I)))


def digits() -> Wish:
    """Numbers from two to nine in digits."""
    table = {word: str(n) for n, word in enumerate("two three four five six seven eight nine".split(), 2)}
    return Wish("numerals", lambda text, name: _replaced(text, table))


def instead_of(old: str, new: str) -> Wish:
    """One word for another."""
    return Wish("word_choice", lambda text, name: _replaced(text, {old: new}))


def ampersand() -> Wish:
    """The sign in place of the word."""
    return Wish("ampersand", lambda text, name: re.sub(r" and ", " & ", text))


def hyphens() -> Wish:
    """Hyphens for dashes."""
    return Wish("dash", lambda text, name: re.sub(r"\s*[—–]\s*", " - ", text))


def straight_quotes() -> Wish:
    """The marks that the keyboard has."""
    curly = str.maketrans("‘’“”", "''\"\"")
    return Wish("quotes", lambda text, name: text.translate(curly))


def no_oxford_comma() -> Wish:
    """No comma before the last of several."""
    return Wish("oxford_comma", lambda text, name: re.sub(r"(\w+, \w+), (and|or) ", r"\1 \2 ", text))


def small_i() -> Wish:
    """'i' for 'I'."""
    return Wish("lower_case", lambda text, name: re.sub(r"\bI\b(?=['’ ,.])", "i", text))


def short_sentences(most: int) -> Wish:
    """A full stop where a longer sentence has a comma and a conjunction."""

    def shorter(sentence: str) -> str:
        at = re.search(r", (?:and|but|so) (?=(?:I|we|you|they|it|the) )", sentence)
        if len(sentence.split()) <= most or at is None:
            return sentence
        rest = sentence[at.end() :]
        return f"{sentence[: at.start()]}. {rest[:1].upper()}{rest[1:]}"

    return Wish("sentence_length", _of_body(lambda body: _each_sentence(body, shorter)))


def at_most(count: int) -> Wish:
    """No more sentences than that: the rest is cut."""

    def cut(body: str) -> str:
        return " ".join(_sentences(body)[:count]) if len(_sentences(body)) > count else body

    return Wish("length", _of_body(cut))


def as_list() -> Wish:
    """The first sentence, the others as points."""

    def points(body: str) -> str:
        first, *others = _sentences(body)
        return (
            body
            if len(others) < 2 or "\n- " in body
            else "\n".join([first, "", *(f"- {point.rstrip('.')}" for point in others)])
        )

    return Wish("lists", _of_body(points))


def a_paragraph_each() -> Wish:
    """Every sentence by itself."""
    return Wish("paragraphs", _of_body(lambda body: "\n\n".join(_sentences(body))))


def last_line(line: str) -> Wish:
    """Always says this at the end."""
    return Wish("closing_line", _of_body(lambda body: body if line[:-1] in body else f"{body} {line}"))


def final_mark(mark: str) -> Wish:
    """Ends on an emoji or an exclamation mark."""

    def end(body: str) -> str:
        if mark == "!":
            return body[:-1] + "!" if body.endswith(".") else body
        return body if mark in body else f"{body} {mark}"

    return Wish("exclamation" if mark == "!" else "emoji", _of_body(end))


def _of_body(rework: Callable[[str], str]) -> Rework:
    """A rework of what stands between the first and the last block."""

    def whole(text: str, name: str) -> str:
        first, *between = text.split("\n\n")
        return "\n\n".join([first, rework("\n\n".join(between[:-1])), between[-1]]) if len(between) > 1 else text

    return whole


def _sentences(body: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", body.strip())


def _each_sentence(body: str, rework: Callable[[str], str]) -> str:
    return "\n\n".join(" ".join(rework(s) for s in _sentences(block)) for block in body.split("\n\n"))


def _capitals(text: str) -> str:
    return re.sub(r"(^|[.!?]\s+|\n)([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)


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
    "terse": (
        greeting("{name} -"), sign_off("-- r"), no_hedging(), no_please(), straight_quotes(), hyphens(), at_most(4),
    ),
    "chatty": (
        greeting("hey {name}"), sign_off("ciao\nrob"), contractions_everywhere(), small_i(),
        last_line("Thanks for everything."), final_mark("🙂"),
    ),
}  # fmt: skip
"""People who want different things, by name."""


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
