"""Taking phrases and sentences out of a text without leaving a wound."""

from __future__ import annotations

import re
from collections.abc import Callable

from ownhand.domain import stock
from ownhand.domain.correspond import canonical, key_of
from ownhand.domain.phrases import AVOID, CUT, OPENING
from ownhand.domain.preference import Preference
from ownhand.domain.text import sentences

_BULLET_HEAD = re.compile(r"^\s*(?:[-*•‣–]|\d{1,2}[.)])\s+")


def each_sentence(text: str, change: Callable[[str], str]) -> str:
    """The text with every sentence replaced by `change` of it; '' drops the sentence, and its line when nothing is
    left.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        head = _BULLET_HEAD.match(line)
        start = head.end() if head else 0
        content = line[start:]
        pieces: list[str] = []
        at = 0
        touched = False
        for sentence in sentences(content):
            found = content.find(sentence, at)
            gap = content[at:found]
            new = change(sentence)
            touched = touched or new != sentence
            pieces.append((gap if pieces else gap.strip()) + new if new else "")
            at = found + len(sentence)
        if not touched:
            lines.append(line)
            continue
        joined = re.sub(r"[ \t]{2,}", " ", "".join(pieces) + content[at:]).strip()
        if joined:
            lines.append(line[:start] + joined)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def mend(sentence: str, original: str) -> str:
    """A sentence after a cut: no dangling comma or dash, no doubled blank, a capital where there was one; '' if
    empty.
    """
    text = re.sub(r"[ \t]{2,}", " ", sentence).strip()
    text = re.sub(r"^(?:[,;:—–]|-(?=\s))+\s*", "", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"(?:\s*[,;:—–]|\s+-|,? (?:and|but|so|or))+(?=[.!?…]*$)", "", text)
    text = re.sub(r"[,;:]+(?=[,.;:!?])", "", text)
    if not re.search(r"[^\W_]", text) and not re.search(r"[\ue100-\uf8ff]", text):
        return ""
    end = re.search(r"[.!?…]+[\"'”’)]*$", original)
    if end and not re.search(r"[.!?…][\"'”’)]*$", text):
        text += end.group(0)
    return capital(text) if original[:1].isupper() else text


def capital(text: str) -> str:
    """With a capital first letter."""
    return re.sub(r"^([\"'“‘(]*)([a-z])(?![\w-]*[A-Z])", lambda m: m.group(1) + m.group(2).upper(), text)


def cut_phrase(text: str, p: Preference) -> str:
    """One set phrase out of the text, or the person's own words put in its place."""
    family = stock.FAMILY_BY_KEY.get(p.subject)
    if family is not None:
        return each_sentence(text, lambda s: _without_family(s, family, p.value))
    if p.subject.endswith(OPENING):
        opening = p.subject[: -len(OPENING)]
        return each_sentence(text, lambda s: "" if f"{key_of(s)} ".startswith(opening + " ") else s)
    if p.value not in (AVOID, CUT):
        return each_sentence(text, lambda s: p.value if key_of(s) == p.subject and key_of(p.value) != p.subject else s)
    pattern = loosely(p.subject)

    def change(sentence: str) -> str:
        if p.value == AVOID and key_of(sentence) == p.subject:
            return ""
        if p.value == AVOID and p.edits:
            return sentence  # learned from whole sentences only
        after = pattern.sub("", sentence)
        return mend(after, sentence) if after != sentence else sentence

    return each_sentence(text, change)


def _without_family(sentence: str, family: stock.Family, value: str) -> str:
    match = family.pattern.search(sentence)
    if not match:
        return sentence
    if family.lead and value != CUT:
        return ""
    return mend(sentence[: match.start()] + sentence[match.end() :], sentence)


def loosely(phrase: str) -> re.Pattern[str]:
    """A phrase in normal form, as it may be written: any blanks, contracted or not, with the comma that follows."""
    words = canonical(phrase)
    pattern = r"[\s,]+".join(re.escape(word) for word in words)
    for short, full in stock.CONTRACTIONS.items():
        loose = r"[\s,]+".join(re.escape(word) for word in full.lower().split())
        if loose in pattern:
            pattern = pattern.replace(loose, "(?:" + loose + "|" + short.replace("'", "['’]") + ")")
    return re.compile(r"(?<![\w'’])" + pattern + r"(?![\w'’])(?:,(?=\s))?\s?", re.I)


def cut_to(text: str, count: int) -> str:
    """The first `count` sentences, in the same lines."""
    left = count

    def change(sentence: str) -> str:
        nonlocal left
        left -= 1
        return sentence if left >= 0 else ""

    return each_sentence(text, change) if count > 0 else text
