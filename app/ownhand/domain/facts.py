"""The facts guard: which names, numbers, dates, times, amounts, links and addresses a suggestion kept, dropped or
made up.

Facts are compared in a normal form ('3pm' is '3:00 p.m.', 'March 3rd' is '3 March', 'three' is '3'); what is handed
out are the words
as they stand, so that they can be marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ownhand.domain.stock import NUMBER_WORDS, UK_TO_US

_MONTHS = {m[:3]: i for i, m in enumerate(
    "january february march april may june july august september october november december".split(), 1)}  # fmt: skip
_DAYS = {d[:3]: d for d in "monday tuesday wednesday thursday friday saturday sunday".split()}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_WORDS = "|".join(list(NUMBER_WORDS)[2:])

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("url", re.compile(r"(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")),
    ("address", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")),
    ("money", re.compile(
        rf"(?P<cur>[$€£¥]|\b(?:USD|EUR|GBP|US\$))\s?(?P<n>{_NUMBER})(?:\s?(?P<k>k|m|bn|million|"
        rf"thousand|billion)\b)?"

        rf"|(?P<n2>{_NUMBER})\s?(?P<k2>k|m|bn|million|thousand|billion)?\s?(?P<cur2>€|£|\$|"
        rf"dollars?|euros?|pounds?|USD|EUR|GBP)(?!\w)", re.I)),
    ("date", re.compile(rf"\b(?P<y>\d{{4}})-(?P<mo>\d{{2}})-(?P<d>\d{{2}})\b"
                        rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<mo2>{_MONTH})\.?(?:,? (?P<y2>\d{{4}}))?\b"
                        rf"|\b(?P<mo3>{_MONTH})\.? (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (?P<y3>\d{{4}})\b)?"
                        rf"|\b(?P<mo4>\d{{1,2}})/(?P<d4>\d{{1,2}})(?:/(?P<y4>\d{{2,4}}))?\b", re.I)),
    ("time", re.compile(
        r"\b(?P<h>\d{1,2})(?:[:.](?P<m>[0-5]\d))?\s?(?P<ap>[ap])\.?m\b\.?|\b(?P<h2>[01]?\d|"
        r"2[0-3]):(?P<m2>[0-5]\d)\b|\b(?P<w>noon|midday|midnight)\b", re.I)),
    ("day", re.compile(r"\b(?P<day>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b", re.I)),
    ("month", re.compile(
        r"\b(?:January|February|March|April|June|July|August|September|October|November|"
        r"December)\b|(?<=in )May\b")),
    ("number", re.compile(
        rf"(?<![\w.])(?P<n>{_NUMBER})(?P<pct>\s?%| percent\b| per cent\b)?(?:st|nd|rd|th)?(?!\w)|"
        rf"\b(?P<w>{_WORDS})\b", re.I)),
    ("number", re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w[\w-]*\b")),
    ("acronym", re.compile(r"\b[A-Z][A-Z0-9&]{1,7}s?\b")),
    ("name", re.compile(
        r"\b[A-Z][a-z]+(?:['’-]?[A-Z][a-z]+)*(?:[ ](?:(?:de|van|von|of|the|and|der|la) "
        r")?[A-Z][\w'’-]*)*")),
)  # fmt: skip
"""In the order of claim: what an earlier kind has taken, a later one does not see."""

_COMMON = frozenset(
    """i a an the this that these those it he she we you they my your our his her its their is are was were be do does
    did has have had
    can could will would shall should may might must not no yes ok okay please thanks thank hi hello hey dear all team
    best regards
    cheers sincerely kind warm yours and or but so if as at by for from in into of on to with about after before
    because since when
    where while who what which why how let here there now then also just still only even once until unless though
    although however
    therefore good great sorry hope looking feel sure maybe perhaps both each every many most some any more new next
    last first see
    everyone everybody hope thx love take talk soon morning afternoon evening re fwd subject""".split()
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its kind, its normal form, the words as they stand and where they start."""

    kind: str
    key: str = field(repr=False)
    words: str = field(repr=False)
    start: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What became of the facts.  `kept` and `added` as the output words them, `dropped` as the source does."""

    kept: tuple[str, ...] = field(default=(), repr=False)
    dropped: tuple[str, ...] = field(default=(), repr=False)
    added: tuple[str, ...] = field(default=(), repr=False)

    @property
    def safe(self) -> bool:
        """Nothing was lost and nothing made up."""
        return not self.dropped and not self.added


def facts_in(text: str, is_word: Callable[[str], bool] = lambda _: True) -> list[Fact]:
    """The facts of a text in order of position.

    Every sentence begins with a capital letter: what stands there alone is taken for a name only where `is_word` says
    no to it in lower case.
    """
    taken = [False] * len(text)
    found: list[Fact] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            for fact in _facts_of(kind, match, text, is_word):
                found.append(fact)
                for i in range(start, end):
                    taken[i] = True
    return sorted(found, key=lambda fact: fact.start)


def compare(source: str, output: str, allowed: str = "", is_word: Callable[[str], bool] = lambda _: True) -> Facts:
    """The facts of `source` found again in `output`, those missing, and those that neither `source` nor `allowed`
    has.

    `is_word` tells made-up names at the beginning of a sentence from words (see facts_in).
    """
    there = facts_in(source)
    here = facts_in(output, is_word)
    low_out, low_known = _flat(output), _flat(f"{source}\n{allowed}")
    keys_out = {fact.key for fact in here}
    keys_known = {fact.key for fact in there} | {fact.key for fact in facts_in(allowed)}
    kept: list[str] = []
    dropped = [fact.words for fact in there if fact.key not in keys_out and not _said(fact, low_out)]
    added: list[str] = []
    for fact in here:
        known = fact.key in keys_known or _said(fact, low_known)
        (kept if known else added).append(fact.words)
    return Facts(*(tuple(dict.fromkeys(words)) for words in (kept, dropped, added)))


def _flat(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text.lower())) + " "


def _said(fact: Fact, flat: str) -> bool:
    """Names, acronyms and months count as said in any case, and word by word: 'Dana Li' by 'dana'."""
    if fact.kind not in ("name", "acronym", "month"):
        return False
    words = [w for w in re.findall(r"\w+", fact.words.lower()) if w != "s"]
    if f" {' '.join(words)} " in flat:
        return True
    return all(f" {w} " in flat or f" {w}s " in flat for w in words)


def _facts_of(kind: str, match: re.Match[str], text: str, is_word: Callable[[str], bool]) -> Iterator[Fact]:
    words, start = match.group(0), match.start()
    if kind == "name":
        yield from _names(words, start, text, is_word)
        return
    if kind == "acronym" and words.lower() in _COMMON | {"ps", "am", "pm"}:
        return
    if kind == "day" and (words.lower() in ("sun", "sat", "mon", "wed") and not words[:1].isupper()):
        return
    yield Fact(kind, _key(kind, match), words, start)


def _key(kind: str, match: re.Match[str]) -> str:
    words = match.group(0)
    g = {name: value for name, value in match.groupdict().items() if value}
    if kind == "url":
        return "url:" + re.sub(r"^(?:https?://)?(?:www\.)?", "", words.lower()).rstrip("/")
    if kind == "money":
        unit = (g.get("cur") or g.get("cur2") or "").lower()
        unit = {"$": "usd", "us$": "usd", "dollar": "usd", "€": "eur", "euro": "eur", "£": "gbp", "pound": "gbp"}.get(
            unit.rstrip("s"), unit
        )
        scale = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
        amount = float((g.get("n") or g["n2"]).replace(",", "")) * scale.get(
            (g.get("k") or g.get("k2") or "").lower(), 1.0
        )
        return f"money:{unit}:{amount:g}"
    if kind == "date":
        month = g.get("mo2") or g.get("mo3")
        number = _MONTHS[month.lower()[:3]] if month else int(g.get("mo") or g["mo4"])
        day = int(g.get("d") or g.get("d2") or g.get("d3") or g["d4"])
        return f"date:{number}-{day}"
    if kind == "time":
        if "w" in g:
            return "time:00:00" if g["w"].lower() == "midnight" else "time:12:00"
        hour, minute = int(g.get("h") or g["h2"]), int(g.get("m") or g.get("m2") or 0)
        if "ap" in g:
            hour = hour % 12 + (12 if g["ap"].lower() == "p" else 0)
        return f"time:{hour:02d}:{minute:02d}"
    if kind == "day":
        return "day:" + _DAYS[g["day"].lower()[:3]]
    if kind == "number":
        if "w" in g:
            return "number:" + NUMBER_WORDS[g["w"].lower()]
        if "n" in g:
            return f"number:{float(g['n'].replace(',', '')):.12g}" + ("%" if "pct" in g else "")
    if kind == "acronym":
        return "acronym:" + words.rstrip("s").lower()
    return f"{kind}:{words.lower()}"


def _names(words: str, start: int, text: str, is_word: Callable[[str], bool]) -> Iterator[Fact]:
    """Capitalised words that are names: inside a sentence always, at its start only with another one after it, or where
    it is no word.
    """
    parts = words.split(" ")
    offset = start
    opens = _opens(text, start) and (len(parts) > 1 or _is_ordinary(words, text[start + len(words) :], is_word))
    while parts and (parts[0].lower().split("'")[0].split("’")[0] in _COMMON or (opens and len(parts) == 1)):
        offset += len(parts[0]) + 1
        dropped = parts.pop(0)
        opens = (
            opens
            and dropped.lower() not in {"dear", "hi", "hello", "hey"}
            and bool(parts)
            and parts[0].lower() in _COMMON
        )
    while parts and parts[-1].lower() in _COMMON:
        parts.pop()
    name = " ".join(parts)
    plain = re.sub(r"['’]s$", "", name)
    if len(plain) > 1:
        yield Fact("name", "name:" + plain.lower(), plain, offset)


def _is_ordinary(opening: str, after: str, is_word: Callable[[str], bool]) -> bool:
    """Whether a sentence may begin with this and name nobody: a word in either spelling, "Doesn't", "Well-known"."""
    plain = opening.lower()
    return bool(re.match(r"-|['’](?!s\b)", after)) or is_word(plain) or is_word(UK_TO_US.get(plain, plain))


def _opens(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'“‘(*")
    return not before or before[-1] in ".!?…\n:•-—"
