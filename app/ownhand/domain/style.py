"""The style profile in words and as rules: what was counted (measuring.py) for the person, for drafts, for a prompt.

`traits` puts the counts into words for the settings page; `preferences_from` turns clear habits into defaults that
stand below anything learned from edits or stated; `summary` gives the few distinctive ones as rules for the prompt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ownhand.domain import stock
from ownhand.domain.correspond import key_of
from ownhand.domain.draft import EVERYONE, address_of, first_name_of
from ownhand.domain.english import FUNCTION_WORDS, Favourite, favourites
from ownhand.domain.letter import fill
from ownhand.domain.measuring import ENOUGH, Counts, StyleProfile, ranked
from ownhand.domain.preference import Dimension, Origin, Preference, identify
from ownhand.domain.wording import rule

_CLEAR = 0.6
_SURPRISING = 3.0
"""Standard deviations from general English at which a favourite is told."""
_OFTENER = 1.5


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
        ("emoji", "Emoji and smileys", _emoji(c),
         ("avoid", *(e for e, _ in ranked(c.emoji, 3)))),
        ("semicolon", "Semicolons", _in(n["semicolon.documents"], documents), ()),
        ("dash", "Dashes", _dashes(n), ("em", "hyphen", "comma")),
        ("ellipsis", "Ellipses", _in(n["ellipsis.documents"], documents), ()),
        ("lower_case", "Capitals", _capitals(n), ("normal", "i", "all")),
        ("spelling", "Spelling", _spelling_words(n["us"], n["uk"]), ("us", "uk")),
        ("oxford_comma", "Comma before the last item", _share(n["oxford"], n["no_oxford"], "with the comma"),
         ("use", "avoid")),
        ("lists", "Lists", _in(n["bullets.documents"], documents), ("prose", "bullets")),
        ("hedging", "Hedging", f"{1000 * n['hedges'] / max(1, n['words']):.0f} in 1,000 words", ("use", "avoid")),
        ("politeness", "“Please” and thanks", f"“please” {_in(n['please.documents'], documents)}, thanks "
        f"{_in(n['thanks.documents'], documents)}", ("use", "avoid")),
        ("paragraphs", "Paragraphs", f"{n['sentences'] / max(1, n['paragraphs']):.1f} sentences each",
         ("one", "each", "several")),
        ("words", "Favourite small words", _told(favourite_words(profile, audience)), ()),
        ("openers", "Favourite openings", _told(favourite_openers(profile, audience)), ()),
        ("phrases", "Favourite phrases", _told(favourite_phrases(profile, audience)), ()),
        ("closers", "Favourite last sentence", _closer(c), ()),
    ]  # fmt: skip
    return [Trait(key, label, said, documents, options, chosen.get(key, "")) for key, label, said, options in rows]


def _forms(forms: Counter[str], none: str) -> str:
    total = sum(forms.values())
    if not total:
        return "no messages yet"
    form, times = ranked(forms, 1)[0]
    shown = f"“{' / '.join(line for line in form.splitlines() if line)}”"
    return f"{shown if form else none} in {times} of {total} messages"


def _top(forms: Counter[str]) -> tuple[str, ...]:
    return tuple(form for form, _ in ranked(forms, 4))


def _in(part: int, documents: int) -> str:
    return f"in {part} of {documents} documents"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def _share(yes: int, no: int, word: str) -> str:
    return f"{yes} of {yes + no} places {word}" if yes + no else "no places to tell by"


def _spelling_words(us: int, uk: int) -> str:
    return f"{uk} British and {us} American spellings" if us + uk else "no words to tell by"


def _emoji(c: Counts) -> str:
    n, documents = c.numbers, c.numbers["documents"]
    often = " ".join(mark for mark, _ in ranked(c.emoji, 3))
    said = f"emoji {_in(n['emoji_marks.documents'], documents)}, smileys in {n['smileys.documents']}"
    return f"{said}: {often}" if often else said


def _dashes(n: Counter[str]) -> str:
    kinds = (("—", "em_dash"), (" - ", "spaced_hyphen"), ("--", "double_hyphen"))
    return f"in {n['documents']} documents: " + ", ".join(f"“{mark}” {n[name]} times" for mark, name in kinds)


def _capitals(n: Counter[str]) -> str:
    said = [f"{_percent(n['lower_starts'], n['sentences'])} of sentences begin small"]
    if n["small_i"]:
        said.append(f"“i” for “I” {n['small_i']} of {n['small_i'] + n['capital_i']} times")
    if n["shouted"]:
        said.append(f"{n['shouted']} words in capitals")
    return ", ".join(said)


def _told(found: Sequence[Favourite]) -> str:
    """The three most telling, with how much oftener they come than in general English."""
    if not found:
        return "none that stand out"
    first, *more = found[:3]
    said = [f"“{one.text}” {one.ratio:,.0f} times" for one in more]
    return ", ".join([f"“{first.text}” {first.ratio:,.0f} times as often as others", *said])


def _closer(c: Counts) -> str:
    if not c.closers:
        return "none that stand out"
    line, times = set_line(c)
    return f"“{line}” in {times} of {c.numbers['letters']} messages" if times >= 3 else "none that stand out"


def favourite_words(profile: StyleProfile, audience: str = EVERYONE) -> list[Favourite]:
    """Function words this person uses more than others: who writes is told by these, not by the subject."""
    c = profile.of(audience)
    return _surprising(
        favourites(c.words, c.words.total(), profile.english.words, ENOUGH, sorted(FUNCTION_WORDS & c.words.keys()))
    )


def favourite_openers(profile: StyleProfile, audience: str = EVERYONE) -> list[Favourite]:
    """How this person likes to begin sentences, as the first two words."""
    c = profile.of(audience)
    return _surprising(favourites(c.openers, c.numbers["sentences"], profile.english.starts, ENOUGH))


def favourite_phrases(profile: StyleProfile, audience: str = EVERYONE) -> list[Favourite]:
    """Runs of three or four common words this person likes, without those that are part of a better one."""
    c = profile.of(audience)
    kept: list[Favourite] = []
    for one in _surprising(favourites(c.phrases, c.words.total(), profile.english.phrases, 4)):
        words = f" {one.text} "
        if not any(_overlap(words, f" {other.text} ") for other in kept):
            kept.append(one)
        if len(kept) == 12:
            break
    return kept


def _overlap(one: str, other: str) -> bool:
    """Whether two phrases share two words in a row, as windows on one sentence do."""
    words = one.split()
    return any(f" {a} {b} " in other for a, b in pairwise(words))


def _surprising(found: list[Favourite]) -> list[Favourite]:
    return [one for one in found if one.surprise >= _SURPRISING and one.ratio >= _OFTENER]


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
    profile: StyleProfile,
    overrides: Mapping[str, str] | None = None,
    audience: str = EVERYONE,
    recipients: Sequence[str] | None = None,
) -> list[Preference]:
    """Clear habits as preferences, and the person's settings as stated ones.

    Measured ones carry their documents as agreeing and conflicting counts but list no edits; `combine` puts them below
    everything learned or stated.  With `recipients` (of a letter that is to be written, perhaps none) greeting and
    sign-off are those most used to them, clear or not, since a letter must begin and end somehow.
    """
    c = profile.of(audience)
    n = c.numbers
    found: dict[str, Preference] = {}

    def habit(dimension: Dimension, value: str, yes: float, no: float, need: float = _CLEAR) -> None:
        if yes >= ENOUGH and yes >= need * (yes + no):
            found[dimension.value] = Preference(
                identify(dimension, "", "profile " + value, audience), dimension, value, "", audience,
                agreeing=float(yes), conflicting=float(no),
            )  # fmt: skip

    for dimension, forms in ((Dimension.GREETING, c.greetings), (Dimension.SIGN_OFF, c.sign_offs)):
        if recipients is not None and forms.total() >= ENOUGH:
            form, times = edge_for(profile, dimension, recipients, audience)
            habit(dimension, form, max(times, ENOUGH), max(0, forms.total() - times), 0.0)
        elif forms:
            form, times = ranked(forms, 1)[0]
            if "{" in form or not _one_person(form) or dimension is Dimension.SIGN_OFF:
                habit(dimension, form, times, sum(forms.values()) - times)
    writing = recipients is not None
    short, full = n["contractions"], n["full_forms"]
    habit(Dimension.CONTRACTIONS, "use", short, full, 0.5 if writing else 0.85)
    habit(Dimension.CONTRACTIONS, "avoid", full, short, 0.8 if writing else 0.95)
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
    habit(Dimension.SPACING, "wide", n["wide_gap"], n["narrow_gap"])
    if writing:
        _habits_of_shape(c, habit)
    for key, value in (overrides or {}).items():
        if value and key in {d.value for d in Dimension}:
            dimension = Dimension(key)
            found[key] = Preference(
                identify(dimension, "", value, audience), dimension, value, "", audience, Origin.STATED
            )
    return list(found.values())


def _habits_of_shape(c: Counts, habit: Callable[..., None]) -> None:
    """Paragraphs and a set last sentence: what a new letter has in one way or another."""
    n = c.numbers
    several = n["several_sentences.documents"]
    size = n["sentences"] / max(1, n["paragraphs"])
    if several >= ENOUGH and n["one_paragraph.documents"] >= _CLEAR * several:
        habit(Dimension.PARAGRAPHS, "one", n["one_paragraph.documents"], several - n["one_paragraph.documents"])
    elif several >= ENOUGH:
        habit(Dimension.PARAGRAPHS, "each" if size < 1.3 else f"about:{round(size)}", several, 0.0)
    line, times = set_line(c)
    habit(Dimension.CLOSING_LINE, line, times, n["letters"] - times, _SET_LINE)


_SET_LINE = 0.25
"""Share of letters with the same last sentence from which on it is part of this person's letters."""


def set_line(c: Counts) -> tuple[str, int]:
    """The commonest last sentence of letters, and in how many it stands in this or much the same wording."""
    wordings: dict[str, Counter[str]] = {}
    for line, times in c.closers.items():
        family = next((family.key for family in stock.FAMILIES if family.pattern.search(line)), key_of(line))
        wordings.setdefault(family, Counter())[line] += times
    best = min(wordings.values(), key=lambda lines: (-lines.total(), ranked(lines, 1)[0]), default=Counter[str]())
    return (ranked(best, 1)[0][0], best.total()) if best else ("", 0)


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


def summary(profile: StyleProfile, audience: str = EVERYONE, most: int = 10) -> list[str]:
    """The few distinctive habits as rules for the prompt, in the wording of `wording.rule`."""
    c = profile.of(audience)
    n = c.numbers
    if n["documents"] < ENOUGH:
        return []
    rules = [rule(p) for p in preferences_from(profile, None, audience)]
    phrases = [f'"{one.text}"' for one in favourite_phrases(profile, audience)[:4]]
    openers = [f'"{one.text}"' for one in favourite_openers(profile, audience)[:3]]
    words = [f'"{one.text}"' for one in favourite_words(profile, audience)[:4]]
    mean = _mean(n, "sentence_words")
    if mean and mean < 11:
        rules.append("Write short sentences")
    elif mean > 24:
        rules.append("Join short sentences into longer ones")
    typical = percentile(n, "message_words", 75) + 10
    if n["letters"] >= ENOUGH and typical <= 300:
        rules.append(f"Keep it under {next(x for x in (20, 30, 40, 60, 80, 100, 150, 200, 310) if x >= typical)} words")
    if n["bullets.documents"] >= 0.5 * n["documents"]:
        rules.append("Use a bulleted list for the details")
    for said, found in (
        ("Phrases I like", phrases), ("I like to begin sentences with", openers), ("Words I use a lot", words)
    ):  # fmt: skip
        if found:
            rules.append(f"{said}: {', '.join(found)}")
    return rules[:most]


def greeting_for(profile: StyleProfile, recipient: str) -> str | None:
    """The greeting template most used to one person, where there are at least two messages to tell by."""
    return _to_one(profile, recipient, 0)


def edge_for(
    profile: StyleProfile, dimension: Dimension, recipients: Sequence[str], audience: str = EVERYONE
) -> tuple[str, int]:
    """The greeting template or sign-off most used to these people, and to how many letters it was put.

    Where no name is known, a form that needs none goes first, if one is in use at all.
    """
    is_greeting = dimension is Dimension.GREETING
    usual = _to_one(profile, recipients[0], 0 if is_greeting else 1) if recipients else None
    c = profile.of(audience)
    forms = c.greetings if is_greeting else c.sign_offs
    if usual is not None:
        shown = fill(usual, recipients[:1], called_so=True) if is_greeting and "{last}" in usual else usual
        return shown, max(2, forms[usual])
    if is_greeting:
        forms = Counter({form: n for form, n in forms.items() if "{" in form or not _one_person(form)})
        if not (recipients and first_name_of(recipients[0])):
            nameless = Counter({form: n for form, n in forms.items() if "{" not in form})
            forms = nameless if nameless.total() >= _NAMELESS * forms.total() else forms
    best = ranked(forms, 1)
    return best[0] if best else ("", 0)


_NAMELESS = 0.1
"""Share of letters without a name in the greeting from which on a letter to nobody in particular has none either."""


def _to_one(profile: StyleProfile, recipient: str, part: int) -> str | None:
    prefix = address_of(recipient) + "\t"
    found = Counter[str]()
    for key, n in profile.of().by_recipient.items():
        if key.startswith(prefix):
            found[key[len(prefix) :].split("\t")[part]] += n
    best = ranked(found, 1)
    return best[0][0] if best and best[0][1] >= 2 and best[0][1] >= _CLEAR * found.total() else None
