"""Steps of the finishing pass that change marks and single words: hedges, dashes, quotes, numbers, emoji, capitals."""

from __future__ import annotations

import re

from ownhand.domain import stock
from ownhand.domain.cutting import capital, each_sentence, mend

_STRAIGHT = {ord("‘"): "'", ord("’"): "'", ord("“"): '"', ord("”"): '"'}
_BULLET_LINE = re.compile(r"^\s*(?:[-*•‣]|\d{1,2}[.)])\s")


def no_hedges(text: str) -> str:
    """Softening words out, the claim stays."""

    def change(sentence: str) -> str:
        after = stock.HEDGE_RE.sub("", sentence)
        return mend(after, sentence) if after != sentence else sentence

    return each_sentence(text, change)


def no_please(text: str) -> str:
    """'Please send it' becomes 'Send it'."""

    def change(sentence: str) -> str:
        after = stock.PLEASE_RE.sub("", sentence)
        return mend(after, sentence) if after != sentence else sentence

    return each_sentence(text, change)


def no_markdown(text: str) -> str:
    """Bold marks and heading marks out, their words stay."""
    text = re.sub(r"\*\*([^*\n]+?)\*\*|__([^_\n]+?)__", lambda m: m.group(1) or m.group(2), text)
    return re.sub(r"(?m)^#{1,6} +", "", text)


def dashes(text: str, value: str) -> str:
    """Em dashes (and en dashes between words) in the person's own fashion."""
    mark = {"hyphen": " - ", "en": " – ", "comma": ", ", "avoid": ", ", "ellipsis": "… "}.get(value)
    if mark is None:
        return text
    found = r"[ \t]*—[ \t]*" if value == "en" else r"[ \t]*—[ \t]*|[ \t]+–[ \t]+"

    def put(match: re.Match[str]) -> str:
        before, after = match.string[: match.start()], match.string[match.end() :]
        if not before or before.endswith("\n"):  # a dash that opens a line is a bullet
            return match.group(0)
        if not after or after.startswith("\n"):
            return mark.rstrip() if value in ("hyphen", "en", "ellipsis") else ""
        return mark if before[-1] not in ",;:" or mark != ", " else " "

    return re.sub(found, put, text)


def quotes(text: str, value: str) -> str:
    """Straight or curly quotation marks and apostrophes throughout."""
    if value == "straight":
        return text.translate(_STRAIGHT)
    if value != "curly":
        return text
    text = re.sub(r"(?<![\w.,!?;:)])\"(?=\S)", "“", text).replace('"', "”")
    text = re.sub(r"(?<=\w)'(?=\w)", "’", text)
    return re.sub(r"(?<![\w.,!?;:)])'(?=\w)", "‘", text).replace("'", "’")


def oxford(text: str, value: str) -> str:
    """The comma before the last item of a list, out or in."""
    if value == "avoid":
        return stock.OXFORD_RE.sub(r"\1 \2 ", text)
    if value != "use":
        return text

    def put(match: re.Match[str]) -> str:
        before = match.string[: match.start()].rstrip(" ").rpartition(" ")[2].rpartition("\n")[2].lower()
        if not before or before in _INTRODUCES or before[-1] in ".,;:!?":
            return match.group(0)
        return f"{match.group(1)}, {match.group(2)} {match.group(3)}"

    return re.sub(
        r"(?<![\w'’-])([\w'’-]+, [\w'’-]+(?: [\w'’-]+)?(?:, [\w'’-]+(?: [\w'’-]+)?)*) (and|or) ([\w'’-]+)(?=[.;:!?]|$)",
        put, text, flags=re.M,
    )  # fmt: skip


_INTRODUCES = frozenset("on in at after before for from by since until if when as with to during once while".split())

_UNIT_AFTER = (
    r"(?![\w%:/]|[.,-]\d| ?(?:am|pm|a\.m|p\.m|%|st|nd|rd|th)\b| (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
)


def numerals(text: str, value: str) -> str:
    """Small numbers as digits ('3') or as words ('three'); never times, dates, labels or 'one'."""
    if value == "digits":

        def digits(match: re.Match[str]) -> str:
            before = match.string[: match.start()].rstrip(" ")
            if not before or before[-1] in ".!?\n" or match.group(0)[0].isupper():
                return match.group(0)
            return stock.NUMBER_WORDS[match.group(0).lower()]

        return re.sub(
            r"(?<![\w'’-])(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?![\w'’-])",
            digits,
            text,
            flags=re.I,
        )
    if value != "words":
        return text

    def word(match: re.Match[str]) -> str:
        before = match.string[: match.start()].rstrip(" ")
        label = re.search(r"(?:[\w.]+|#)$", before)
        if label and (label.group(0).lower() in _LABELS or _is_name(label.group(0), before[: label.start()])):
            return match.group(0)
        return stock.WORD_NUMBERS[match.group(0)]

    return re.sub(r"(?<![\w.,:/#$€£-])(?:[2-9]|1[0-2])" + _UNIT_AFTER, word, text, flags=re.I)


_LABELS = frozenset(
    "# page room chapter section version step table figure item no no. number point phase "
    "level part line floor gate january february "
    "march april may june july august september october november december at by around until".split()
)


def _is_name(word: str, before: str) -> bool:
    return word[:1].isupper() and bool(before.strip()) and before.rstrip()[-1] not in ".!?…\n-*•:"


def ampersand(text: str, value: str) -> str:
    """'and' or '&' between words; a firm's own '&' between capitals stays."""
    if value == "use":
        return re.sub(r"(?<=\S) and (?=\S)", " & ", text)
    if value == "avoid":
        return re.sub(r"(?<=[^A-Z\s])(?<![A-Z][a-z]) & (?=[^A-Z\s])", " and ", text)
    return text


def exclamation(text: str, value: str) -> str:
    """None at all, or one at the very end."""
    if value == "avoid":
        text = re.sub(r"\?!+|!+\?", "?", text)
        text = re.sub(r"!{2,}", "!", text)
        text = re.sub(r"!(?=\s*[.…])|(?<=[.…])!", "", text)
        return re.sub(r"!+", ".", text)
    if value != "end":
        return text
    lines = text.split("\n")
    last = lines[-1]
    emoji = re.search(rf"\s*(?:{stock.EMOJI_RE.pattern}\s*)+$", last)
    at = emoji.start() if emoji else len(last)
    if not _BULLET_LINE.match(last) and re.search(r"[^.]\.$", last[:at]):
        lines[-1] = last[: at - 1] + "!" + last[at:]
    return "\n".join(lines)


def emoji(text: str, value: str) -> str:
    """None at all, or the person's own at the end of a text that has none."""
    if value in ("avoid", ""):
        one = rf"(?:{stock.EMOJI_RE.pattern})"
        return re.sub(rf"(?m)^[ \t]*(?:{one}[ \t]*)+|[ \t]*{one}", "", text).rstrip()
    if (
        stock.EMOJI_RE.search(text)
        or value in text
        or not (stock.EMOJI_RE.search(value) or stock.SMILEY_RE.search(value))
    ):
        return text
    return f"{text.rstrip()} {value}"


def lower_case(text: str, value: str, names: frozenset[str] = frozenset()) -> str:
    """'i' for I, or no capitals at sentence starts at all; names and acronyms keep theirs.  'normal' puts them back."""
    if value in ("i", "all"):
        text = re.sub(r"(?<![\w.’'-])I(?=['’ ,.!?\n]|$)", "i", text)
    if value == "all":
        return each_sentence(text, lambda s: _low_start(s, names))
    if value == "normal":
        text = re.sub(r"(?<![\w.’'-])i(?=['’ ,!?\n]|$)", "I", text)
        return each_sentence(text, capital)
    return text


def _low_start(sentence: str, names: frozenset[str]) -> str:
    match = re.match(r"([\"'“‘(]*)([A-Z][a-z’']*)(?!\w)", sentence)
    if not match or match.group(2).lower() in names or re.match(r"\s+[A-Z]", sentence[match.end() :]):
        return sentence
    return match.group(1) + match.group(2).lower() + sentence[match.end() :]
