"""Measuring how somebody writes: counts per audience that documents are added to and taken from.

Everything is a sum over documents, so a new document costs milliseconds and a forgotten one leaves no trace.  Nothing
here says what a count means; style.py does.  Mistyped words are counted like all others and imitated by nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ownhand.domain import stock
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.correspond import sentences_of
from ownhand.domain.draft import EVERYONE, address_of
from ownhand.domain.english import Baseline, words_of
from ownhand.domain.letter import Letter, split, template_of

ENOUGH = 5
"""Documents from which on an audience speaks for itself."""
_READ = 400
"""Words of one document in which phrases are looked for; an article shall not outvote a hundred letters."""
_LONGEST_LINE = 12
"""Words of a last sentence that can be a set line."""


@dataclass(slots=True)
class Counts:
    """Everything counted for one audience; all of it adds up, so a document can be taken out again."""

    numbers: Counter[str] = field(default_factory=Counter)
    """Occurrences and documents by name, and histograms as 'sentence_words:12'."""
    greetings: Counter[str] = field(default_factory=Counter, repr=False)
    sign_offs: Counter[str] = field(default_factory=Counter, repr=False)
    signatures: Counter[str] = field(default_factory=Counter, repr=False)
    """What stands below the sign-off; it is shown and never written by a suggestion."""
    words: Counter[str] = field(default_factory=Counter, repr=False)
    """Occurrences of the words of bodies."""
    openers: Counter[str] = field(default_factory=Counter, repr=False)
    """The first two words of sentences, both common ones."""
    closers: Counter[str] = field(default_factory=Counter, repr=False)
    """Short last sentences of letters, as they stand."""
    phrases: Counter[str] = field(default_factory=Counter, repr=False)
    """Documents that hold a run of three or four common words."""
    emoji: Counter[str] = field(default_factory=Counter)
    by_recipient: Counter[str] = field(default_factory=Counter, repr=False)
    """'address TAB greeting template TAB sign-off' to letters."""

    def parts(self) -> dict[str, Counter[str]]:
        """The counters by name."""
        return {name: getattr(self, name) for name in _PARTS}


_PARTS = (
    "numbers", "greetings", "sign_offs", "signatures", "words", "openers", "closers", "phrases", "emoji",
    "by_recipient",
)  # fmt: skip


@dataclass(slots=True)
class StyleProfile:
    """The counts of every audience; Everyone holds those of all documents."""

    audiences: dict[str, Counts] = field(default_factory=dict)
    english: Baseline = field(default_factory=Baseline, repr=False)
    """What is ordinary."""

    def of(self, audience: str = EVERYONE) -> Counts:
        """The counts for an audience with enough documents, else for Everyone."""
        found = self.audiences.get(audience)
        if found is None or found.numbers["documents"] < ENOUGH:
            found = self.audiences.get(EVERYONE)
        return found or Counts()


def ranked(counter: Counter[str], most: int | None = None) -> list[tuple[str, int]]:
    """The commonest first, ties in alphabetical order: the same history gives the same profile."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:most]


def measure(
    documents: Iterable[Document], audience_of: Callable[[Document], str] | None = None, english: Baseline | None = None
) -> StyleProfile:
    """The profile of a whole history."""
    profile = StyleProfile(english=english or Baseline())
    for document in documents:
        add(profile, document, audience_of(document) if audience_of else EVERYONE)
    return profile


def add(profile: StyleProfile, document: Document, audience: str = EVERYONE) -> None:
    """Count one document in, for its audience and for Everyone."""
    _change(profile, document, audience, 1)


def remove(profile: StyleProfile, document: Document, audience: str = EVERYONE) -> None:
    """Count one document out again; it must have been added with the same audience."""
    _change(profile, document, audience, -1)


def _change(profile: StyleProfile, document: Document, audience: str, sign: int) -> None:
    counted = _count(document, profile.english.common)
    for name in {audience, EVERYONE}:
        target = profile.audiences.setdefault(name, Counts())
        for part, counter in counted.parts().items():
            into = getattr(target, part)
            for key, n in counter.items():
                into[key] += sign * n
                if into[key] <= 0:
                    del into[key]


def _count(document: Document, common: frozenset[str]) -> Counts:
    is_letter = document.kind is Kind.EMAIL
    letter = split(document.text, document.recipients) if is_letter else Letter("", document.text, "")
    body = letter.body
    c = Counts()
    n = c.numbers
    n["documents"] += 1
    found = sentences_of(body)
    if is_letter:
        _count_edges(c, document, letter, found)
    n["words"] += len(body.split())
    n["sentences"] += len(found)
    n[f"message_words:{min(len(body.split()) // 10 * 10, 1000)}"] += 1
    for sentence in found:
        n[f"sentence_words:{min(len(sentence.split()), 60)}"] += 1
    for name, pattern in MARKS.items():
        hits = len(pattern.findall(body))
        n[name] += hits
        n[f"{name}.documents"] += hits > 0
    n["lower_starts"] += sum(s[:1].islower() for s in found)
    n["bullets.documents"] += len(stock.BULLET_RE.findall(body)) >= 2
    blocks = [b for b in re.split(r"\n\s*\n", body) if b.strip()]
    n["paragraphs"] += len(blocks)
    if len(found) >= 3:
        n["several_sentences.documents"] += 1
        n["one_paragraph.documents"] += len(blocks) == 1
        n["paragraph_each.documents"] += len(blocks) >= len(found)
    c.emoji.update(stock.EMOJI_RE.findall(body))
    c.emoji.update(stock.SMILEY_RE.findall(body))
    words = words_of(body)
    c.words.update(words)
    n["us"] += sum(w in stock.US_TO_UK for w in words)
    n["uk"] += sum(w in stock.UK_TO_US for w in words)
    _count_phrases(c, found, common)
    c.numbers = Counter({key: value for key, value in n.items() if value})
    return c


def _count_edges(c: Counts, document: Document, letter: Letter, found: list[str]) -> None:
    greeting = template_of(letter.greeting, document.recipients)
    c.numbers["letters"] += 1
    c.numbers["inline_greetings"] += letter.inline
    c.greetings[greeting] += 1
    c.sign_offs[letter.sign_off] += 1
    c.signatures[document.signature] += 1
    if document.recipients:
        c.by_recipient[f"{address_of(document.recipients[0])}\t{greeting}\t{letter.sign_off}"] += 1
    if len(found) >= 2 and 2 <= len(found[-1].split()) <= _LONGEST_LINE:
        c.closers[found[-1]] += 1


def _count_phrases(c: Counts, found: list[str], common: frozenset[str]) -> None:
    read = 0
    runs: set[str] = set()
    for sentence in found:
        words = words_of(stock.URL_RE.sub(" x ", sentence) if "." in sentence[:-1] else sentence)
        if len(words) >= 3 and words[0] in common and words[1] in common:
            c.openers[f"{words[0]} {words[1]}"] += 1
        read += len(words)
        if read > _READ:
            continue
        known = [word in common for word in words]
        for i in range(len(words) - 2):
            if known[i] and known[i + 1] and known[i + 2]:
                runs.add(f"{words[i]} {words[i + 1]} {words[i + 2]}")
                if i + 3 < len(words) and known[i + 3]:
                    runs.add(f"{words[i]} {words[i + 1]} {words[i + 2]} {words[i + 3]}")
    c.phrases.update(runs)


MARKS: dict[str, re.Pattern[str]] = {
    "exclamation": re.compile("!"),
    "question": re.compile(r"\?"),
    "emoji_marks": stock.EMOJI_RE,
    "smileys": stock.SMILEY_RE,
    "comma": re.compile(","),
    "semicolon": re.compile(";"),
    "parenthesis": re.compile(r"\("),
    "em_dash": re.compile("—"),
    "spaced_hyphen": re.compile(r"(?<=\w) - (?=\w)"),
    "double_hyphen": re.compile(r"(?<=\S) ?--(?!-)"),
    "ellipsis": re.compile(r"\.{3}|…"),
    "contractions": stock.CONTRACTION_RE,
    "full_forms": stock.FULL_RE,
    "oxford": stock.OXFORD_RE,
    "no_oxford": stock.NO_OXFORD_RE,
    "hedges": stock.HEDGE_RE,
    "please": re.compile(r"\b(?:please|pls|kindly)\b", re.I),
    "thanks": re.compile(r"\b(?:thank|thanks|thx)\b", re.I),
    "curly": re.compile("[“”‘’]"),
    "straight": re.compile("[\"']"),
    "ampersand": re.compile(" & "),
    "wide_gap": re.compile(r"(?<=[.!?])  (?=\S)"),
    "narrow_gap": re.compile(r"(?<=[.!?]) (?=[A-Z])"),
    "small_i": re.compile(r"(?<![\w.'’-])i(?=['’ ,!?])"),
    "capital_i": re.compile(r"(?<![\w.'’-])I(?=['’ ,!?])"),
    "shouted": re.compile(r"(?<![\w-])[A-Z]{4,}(?![\w-])"),
}
"""What is counted in bodies: occurrences by name, and documents as 'name.documents'."""
