"""The style profile: measured habits of a writer, as counts per audience that documents are added to and taken from.

`measure` and `add` count; `traits` puts the counts into words for the settings page; `preferences_from` turns clear
habits into
defaults that stand below anything learned from edits or stated; `summary` gives the few distinctive ones as rules for
the prompt.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ownhand.domain import stock
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.correspond import sentences_of
from ownhand.domain.draft import EVERYONE, address_of
from ownhand.domain.letter import Letter, split, template_of
from ownhand.domain.preference import Dimension, Origin, Preference, identify
from ownhand.domain.wording import rule
from ownhand.errors import BadInput

_VERSION = 1
_UNREADABLE = "The stored style profile cannot be read; measure it again from the history."
_CLEAR = 0.6
_ENOUGH = 5


@dataclass(slots=True)
class Counts:
    """Everything counted for one audience; all of it adds up, so a document can be taken out again."""

    numbers: Counter[str] = field(default_factory=Counter)
    """Occurrences and documents by name, and histograms as 'sentence_words:12'."""
    greetings: Counter[str] = field(default_factory=Counter, repr=False)
    sign_offs: Counter[str] = field(default_factory=Counter, repr=False)
    signatures: Counter[str] = field(default_factory=Counter, repr=False)
    """What stands below the sign-off; it is shown and never written by a suggestion."""
    openers: Counter[str] = field(default_factory=Counter, repr=False)
    """The first three words of bodies."""
    phrases: Counter[str] = field(default_factory=Counter, repr=False)
    """Documents that hold a run of four words."""
    emoji: Counter[str] = field(default_factory=Counter)
    by_recipient: Counter[str] = field(default_factory=Counter, repr=False)
    """'address TAB greeting template' to messages."""

    def parts(self) -> dict[str, Counter[str]]:
        return {name: getattr(self, name) for name in _PARTS}


_PARTS = ("numbers", "greetings", "sign_offs", "signatures", "openers", "phrases", "emoji", "by_recipient")


@dataclass(slots=True)
class StyleProfile:
    """The counts of every audience; Everyone holds those of all documents."""

    audiences: dict[str, Counts] = field(default_factory=dict)

    def of(self, audience: str = EVERYONE) -> Counts:
        """The counts for an audience with enough documents, else for Everyone."""
        found = self.audiences.get(audience)
        if found is None or found.numbers["documents"] < _ENOUGH:
            found = self.audiences.get(EVERYONE)
        return found or Counts()


def measure(documents: Iterable[Document], audience_of: Callable[[Document], str] | None = None) -> StyleProfile:
    """The profile of a whole history."""
    profile = StyleProfile()
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
    counted = _count(document)
    for name in {audience, EVERYONE}:
        target = profile.audiences.setdefault(name, Counts())
        for part, counter in counted.parts().items():
            into = getattr(target, part)
            for key, n in counter.items():
                into[key] += sign * n
                if into[key] <= 0:
                    del into[key]


def _count(document: Document) -> Counts:
    is_letter = document.kind is Kind.EMAIL
    letter = split(document.text, document.recipients) if is_letter else Letter("", document.text, "")
    body = letter.body
    c = Counts()
    n = c.numbers
    n["documents"] += 1
    if is_letter:
        n["letters"] += 1
        greeting = template_of(letter.greeting, document.recipients)
        c.greetings[greeting] += 1
        c.sign_offs[letter.sign_off] += 1
        c.signatures[document.signature] += 1
        if document.recipients:
            c.by_recipient[f"{address_of(document.recipients[0])}\t{greeting}"] += 1
    found = sentences_of(body)
    words = body.split()
    n["words"] += len(words)
    n["sentences"] += len(found)
    n[f"message_words:{min(len(words) // 10 * 10, 1000)}"] += 1
    for sentence in found:
        n[f"sentence_words:{min(len(sentence.split()), 60)}"] += 1
    for name, pattern in _MARKS.items():
        hits = len(pattern.findall(body))
        n[name] += hits
        n[f"{name}.documents"] += hits > 0
    n["us"] += sum(w in stock.US_TO_UK for w in re.findall(r"[a-z]+", body.lower()))
    n["uk"] += sum(w in stock.UK_TO_US for w in re.findall(r"[a-z]+", body.lower()))
    n["lower_starts"] += sum(s[:1].islower() for s in found)
    n["bullets.documents"] += len(stock.BULLET_RE.findall(body)) >= 2
    blocks = [b for b in re.split(r"\n\s*\n", body) if b.strip()]
    n["paragraphs"] += len(blocks)
    c.emoji.update(stock.EMOJI_RE.findall(body))
    low = re.findall(r"[\w'’]+", body.lower())
    if len(low) >= 6:
        c.openers[" ".join(low[:3])] += 1
    c.phrases.update({" ".join(low[i : i + 4]) for i in range(min(len(low), 120) - 3)})
    c.numbers = Counter({key: value for key, value in n.items() if value})
    return c


_MARKS: dict[str, re.Pattern[str]] = {
    "exclamation": re.compile("!"),
    "question": re.compile(r"\?"),
    "emoji_marks": stock.EMOJI_RE,
    "semicolon": re.compile(";"),
    "em_dash": re.compile("—"),
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
}


# --------------------------------------------------------------------------------------------------------------- traits


@dataclass(frozen=True, slots=True)
class Trait:
    """One row of the settings page.  `options` are the values the person may choose; '' of `setting` means 'as I
    write'.
    """

    key: str
    label: str
    measured: str = field(repr=False)
    """In words: '“Hi {name},” in 61 of 80 messages'."""
    documents: int
    options: tuple[str, ...] = field(default=(), repr=False)
    setting: str = field(default="", repr=False)


def traits(profile: StyleProfile, audience: str = EVERYONE, overrides: Mapping[str, str] | None = None) -> list[Trait]:
    """What was measured, in words, with what may be set instead; `overrides` are the person's settings by key."""
    c = profile.of(audience)
    n, documents = c.numbers, c.numbers["documents"]
    if not documents:
        return []
    chosen = overrides or {}
    rows: list[tuple[str, str, str, tuple[str, ...]]] = [
        ("greeting", "Greeting", _forms(c.greetings, "no greeting"), _top(c.greetings)),
        ("sign_off", "Sign-off", _forms(c.sign_offs, "no sign-off"), _top(c.sign_offs)),
        ("signature", "Signature", _forms(c.signatures, "no signature"), ()),
        ("sentence_length", "Sentence length", f"{_mean(n, 'sentence_words'):.0f} words on average, "

        f"half are under {percentile(n, 'sentence_words', 50)}, one in ten over "
        f"{percentile(n, 'sentence_words', 90)}", ("short:15", "long")),
        ("length", "Message length", f"half are under {percentile(n, 'message_words', 50) + 10} words", ()),
        ("contractions", "Contractions", _share(n["contractions"], n["full_forms"], "contracted"), ("use", "avoid")),
        ("exclamation", "Exclamation marks", _in(n["exclamation.documents"], documents), ("use", "avoid")),
        ("question", "Questions", _in(n["question.documents"], documents), ()),
        ("emoji", "Emoji", _in(n["emoji_marks.documents"], documents),
         ("avoid", *(e for e, _ in c.emoji.most_common(3)))),
        ("semicolon", "Semicolons", _in(n["semicolon.documents"], documents), ()),
        ("dash", "Em dashes", _in(n["em_dash.documents"], documents), ("em", "hyphen", "comma")),
        ("ellipsis", "Ellipses", _in(n["ellipsis.documents"], documents), ()),
        ("lower_case", "Lower-case starts", f"{_percent(n['lower_starts'], n['sentences'])} of sentences",
         ("normal", "i", "all")),
        ("spelling", "Spelling", _spelling_words(n["us"], n["uk"]), ("us", "uk")),
        ("oxford_comma", "Comma before the last item", _share(n["oxford"], n["no_oxford"], "with the comma"),
         ("use", "avoid")),
        ("lists", "Lists", _in(n["bullets.documents"], documents), ("prose", "bullets")),
        ("hedging", "Hedging", f"{1000 * n['hedges'] / max(1, n['words']):.0f} in 1,000 words", ("use", "avoid")),
        ("politeness", "“Please”", _in(n["please.documents"], documents), ("use", "avoid")),
        ("paragraphs", "Paragraphs", f"{n['sentences'] / max(1, n['paragraphs']):.1f} sentences each",
         ("one", "each", "several")),
        ("openers", "Favourite openings", _favourites(c.openers, documents), ()),
        ("phrases", "Favourite phrases", _favourites(c.phrases, documents), ()),
    ]  # fmt: skip
    return [Trait(key, label, said, documents, options, chosen.get(key, "")) for key, label, said, options in rows]


def _forms(forms: Counter[str], none: str) -> str:
    total = sum(forms.values())
    if not total:
        return "no messages yet"
    best = forms.most_common(1)[0]
    return f"{f'“{best[0]}”'.replace(chr(10), ' / ') if best[0] else none} in {best[1]} of {total} messages"


def _top(forms: Counter[str]) -> tuple[str, ...]:
    return tuple(form for form, _ in forms.most_common(4))


def _in(part: int, documents: int) -> str:
    return f"in {part} of {documents} documents"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def _share(yes: int, no: int, word: str) -> str:
    return f"{yes} of {yes + no} places {word}" if yes + no else "no places to tell by"


def _spelling_words(us: int, uk: int) -> str:
    return f"{uk} British and {us} American spellings" if us + uk else "no words to tell by"


def _favourites(counter: Counter[str], documents: int) -> str:
    often = [f"“{words}”" for words, n in counter.most_common(3) if n >= max(3, documents // 20)]
    return ", ".join(often) or "none that stand out"


def _histogram(numbers: Counter[str], name: str) -> list[tuple[int, int]]:
    return sorted((int(key.partition(":")[2]), n) for key, n in numbers.items() if key.startswith(name + ":"))


def _mean(numbers: Counter[str], name: str) -> float:
    bars = _histogram(numbers, name)
    return sum(size * n for size, n in bars) / max(1, sum(n for _, n in bars))


def percentile(numbers: Counter[str], name: str, percent: float) -> int:
    """The value below which `percent` of a histogram lies."""
    bars = _histogram(numbers, name)
    needed = percent / 100 * sum(n for _, n in bars)
    for size, n in bars:
        needed -= n
        if needed <= 0:
            return size
    return 0


# ------------------------------------------------------------------------------------------------------------- defaults


def preferences_from(
    profile: StyleProfile, overrides: Mapping[str, str] | None = None, audience: str = EVERYONE
) -> list[Preference]:
    """Clear habits as preferences, and the person's settings as stated ones.

    Measured ones carry their documents as agreeing and conflicting counts but list no edits; `combine` puts them below
    everything learned or stated.
    """
    c = profile.of(audience)
    n = c.numbers
    found: dict[str, Preference] = {}

    def habit(dimension: Dimension, value: str, yes: float, no: float, need: float = _CLEAR) -> None:
        if yes >= _ENOUGH and yes >= need * (yes + no):
            found[dimension.value] = Preference(
                identify(dimension, "", "profile " + value, audience), dimension, value, "", audience,
                agreeing=float(yes), conflicting=float(no),
            )  # fmt: skip

    for dimension, forms in ((Dimension.GREETING, c.greetings), (Dimension.SIGN_OFF, c.sign_offs)):
        if forms:
            form, times = forms.most_common(1)[0]
            if "{" in form or not _one_person(form) or dimension is Dimension.SIGN_OFF:
                habit(dimension, form, times, sum(forms.values()) - times)
    short, full = n["contractions"], n["full_forms"]
    habit(Dimension.CONTRACTIONS, "use", short, full, 0.85)
    habit(Dimension.CONTRACTIONS, "avoid", full, short, 0.95)
    documents = n["documents"]
    habit(Dimension.EXCLAMATION, "avoid", documents - n["exclamation.documents"], n["exclamation.documents"], 0.95)
    habit(Dimension.EMOJI, "avoid", documents - n["emoji_marks.documents"], n["emoji_marks.documents"], 0.97)
    habit(Dimension.SPELLING, "uk", n["uk"], n["us"], 0.8)
    habit(Dimension.SPELLING, "us", n["us"], n["uk"], 0.8)
    habit(Dimension.OXFORD_COMMA, "avoid", n["no_oxford"], n["oxford"], 0.9)
    if documents >= 10:
        habit(Dimension.DASH, "comma", documents - n["em_dash.documents"], n["em_dash.documents"], 0.97)
    low = n["lower_starts"]
    habit(Dimension.LOWER_CASE, "all", low, n["sentences"] - low, 0.8)
    for key, value in (overrides or {}).items():
        if value and key in {d.value for d in Dimension}:
            dimension = Dimension(key)
            found[key] = Preference(
                identify(dimension, "", value, audience), dimension, value, "", audience, Origin.STATED
            )
    return list(found.values())


def _one_person(form: str) -> bool:
    return bool(re.search(r"(?<!^)\b[A-Z]\w+", form))


def combine(preferences: Iterable[Preference], defaults: Iterable[Preference]) -> list[Preference]:
    """Learned and stated preferences with the profile's defaults below them.

    A default acts only on a dimension on which nothing learned or stated has a voice; to act it is handed on as
    enabled with
    the standing of a stated rule, under the id that marks it as measured.
    """
    chosen = list(preferences)
    taken = {(p.dimension, p.subject) for p in chosen}
    stated = {(p.dimension, p.subject) for p in chosen if p.origin is Origin.STATED}
    for p in defaults:
        key = (p.dimension, p.subject)
        if p.origin is Origin.STATED and key not in stated:
            chosen = [q for q in chosen if (q.dimension, q.subject) != key] + [p]
        elif key not in taken:
            chosen.append(replace(p, origin=Origin.STATED))
    return chosen


def summary(profile: StyleProfile, audience: str = EVERYONE, most: int = 8) -> list[str]:
    """The few distinctive habits as rules for the prompt, in the wording of `wording.rule`."""
    c = profile.of(audience)
    n = c.numbers
    if n["documents"] < _ENOUGH:
        return []
    rules = [rule(p) for p in preferences_from(profile, None, audience)]
    mean = _mean(n, "sentence_words")
    if mean and mean < 11:
        rules.append("Write short sentences")
    elif mean > 24:
        rules.append("Join short sentences into longer ones")
    typical = percentile(n, "message_words", 75) + 10
    if n["letters"] >= _ENOUGH and typical <= 300:
        rules.append(f"Keep it under {next(x for x in (20, 30, 40, 60, 80, 100, 150, 200, 310) if x >= typical)} words")
    if n["bullets.documents"] >= 0.5 * n["documents"]:
        rules.append("Use a bulleted list for the details")
    return rules[:most]


def greeting_for(profile: StyleProfile, recipient: str) -> str | None:
    """The greeting template most used to one person, where there are at least two messages to tell by."""
    prefix = address_of(recipient) + "\t"
    found = Counter({k[len(prefix) :]: n for k, n in profile.of().by_recipient.items() if k.startswith(prefix)})
    best = found.most_common(1)
    return best[0][0] if best and best[0][1] >= 2 and best[0][1] >= _CLEAR * sum(found.values()) else None


# ----------------------------------------------------------------------------------------------------------------- JSON


def to_json(profile: StyleProfile) -> str:
    """The profile as JSON text."""
    return json.dumps(
        {
            "version": _VERSION,
            "audiences": {
                name: {part: dict(counter) for part, counter in counts.parts().items()}
                for name, counts in profile.audiences.items()
            },
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def from_json(text: str) -> StyleProfile:
    """The profile again.  Raises BadInput where the text is none of ours."""
    try:
        data = json.loads(text)
        if data["version"] != _VERSION:
            raise BadInput(_UNREADABLE)
        return StyleProfile(
            {
                name: Counts(
                    **{part: Counter({str(k): int(v) for k, v in counts.get(part, {}).items()}) for part in _PARTS}
                )
                for name, counts in data["audiences"].items()
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(_UNREADABLE) from error
