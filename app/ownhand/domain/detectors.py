"""What an edit says about the writer: one function per dimension, each from the same two texts to evidence or none.

A detector says in which state the person left its dimension.  A change they made weighs 1, a state they left as
suggested weighs
less: it confirms a habit that the suggestion obeyed already, and speaks against rules for other situations.  Only
sentences that
correspond are compared (correspond.py), so points written in or dropped say nothing about style.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ownhand.domain import shape, stock
from ownhand.domain.correspond import Correspondence, canonical, key_of
from ownhand.domain.letter import template_of
from ownhand.domain.phrases import Found, hedging, phrases, word_choices
from ownhand.domain.preference import ANYWHERE, AS_IS, KEEP, STRONG, Dimension, Edit, Evidence

Say = tuple[str, str | None, float]
"""(value, what it replaced or None, weight)"""

CHANGED = STRONG
_LONGEST = 15_000
"""Characters; a longer text is no message, and comparing it would hold up everything else."""
LEFT = 0.5
FAINT = 0.3


def detect(edit: Edit) -> list[Evidence]:
    """Everything one edit says; an edit whose texts have nothing in common says nothing beyond greeting and sign-
    off.
    """
    if max(len(edit.kept), len(edit.suggested)) > _LONGEST:
        return []
    both = Correspondence(edit)
    if not edit.kept.strip() or not edit.suggested.strip():
        return []
    found: list[Evidence] = []
    for dimension, detector in DETECTORS.items():
        for value, instead_of, weight in detector(both):
            found.append(Evidence(edit.id, dimension, value, instead_of, "", edit.audience, weight))
    by_subject = (*phrases(both), *word_choices(both), *hedging(both), *_rare_contractions(both))
    for dimension, subject, value, instead_of, weight in by_subject:
        found.append(Evidence(edit.id, dimension, value, instead_of, subject, edit.audience, weight))
    return found


def _state(old: str | None, new: str, left: float = LEFT) -> Iterator[Say]:
    """The person's state, with full weight where it differs from the suggested one."""
    if old == new:
        yield new, None, left
    else:
        yield new, old, CHANGED


# ------------------------------------------------------------------------------------------------- greeting, sign-off


def _greeting(both: Correspondence) -> Iterator[Say]:
    if both.edit.action in _NOT_LETTERS and not (both.suggested.greeting or both.kept.greeting):
        return
    people = both.edit.recipients
    old, new = template_of(both.suggested.greeting, people), template_of(both.kept.greeting, people)
    if both.kept.body and (old or new or both.edit.action in _LETTERS):
        yield from _state(old, new)


def _sign_off(both: Correspondence) -> Iterator[Say]:
    old, new = both.suggested.sign_off, both.kept.sign_off
    if both.kept.body and (old or new or both.edit.action in _LETTERS):
        yield from _state(old, new)


_LETTERS = frozenset({"draft", "reply"})
"""These bring greeting and sign-off along, so that none on either side is the person's way, and not an excerpt."""
_NOT_LETTERS = frozenset({"continue", "subject", "bullets"})


def _opening_line(both: Correspondence) -> Iterator[Say]:
    yield from _set_line(both, 0)


def _closing_line(both: Correspondence) -> Iterator[Say]:
    yield from _set_line(both, -1)


def _set_line(both: Correspondence, at: int) -> Iterator[Say]:
    """A short first or last sentence; `learn` takes those that occur once for content."""
    said = [line for line in both.new if _plain_line(line)]
    if len(said) < 2:
        return
    line = said[at]
    words = canonical(line)
    if not 2 <= len(words) <= 14 or (line.endswith("?") and at == 0):
        yield "", None, LEFT
    elif line in both.added:
        yield _plain_line(line), "", CHANGED
    elif at == -1 and (put := _put_after(both.old, line)):
        yield put, "", CHANGED
    else:
        yield _plain_line(line), None, LEFT


def _put_after(old: Sequence[str], line: str) -> str:
    """The sentence that was put after a suggested one without a full stop (the last point of a list); '' if none."""
    for sentence in old:
        before = sentence.rstrip(".!?… ")
        after = line[len(before) :].lstrip(".!?… ")
        if before and line.startswith(before) and after[:1].isupper() and len(canonical(after)) >= 2:
            return _plain_line(after)
    return ""


def _plain_line(line: str) -> str:
    plain = stock.EMOJI_RE.sub("", line).strip()
    return plain if not plain or plain[-1] in ".!?…" else plain + "."  # the last point of a list has no full stop


# ------------------------------------------------------------------------------------------------ marks and characters


def _contractions(both: Correspondence) -> Iterator[Say]:
    short_old = sum(len(stock.CONTRACTION_RE.findall(old)) for old, _ in both.pairs)
    full_old = sum(len(stock.FULL_RE.findall(old)) for old, _ in both.pairs)
    short = sum(len(stock.CONTRACTION_RE.findall(new)) for _, new in both.pairs)
    full = sum(len(stock.FULL_RE.findall(new)) for _, new in both.pairs)
    rare_old, rare = (sum(stock.rare_places(pair[side]) for pair in both.pairs) for side in (0, 1))
    if short > short_old and (full < full_old or rare < rare_old):
        yield "use", "avoid", CHANGED
    elif (full > full_old and short < short_old) or (short < short_old and full >= full_old and _expanded(both)):
        yield "avoid", "use", CHANGED
    elif short and not full:
        yield "use", None, LEFT
    elif full and not short:
        yield "avoid", None, LEFT


def _rare_contractions(both: Correspondence) -> Iterator[Found]:
    """Contracted where only few contract, or left written out there by somebody who contracts."""
    texts = ["\n".join(side) for side in zip(*both.pairs, strict=True)] if both.pairs else ["", ""]
    short_old, short = (len(stock.CONTRACTION_RE.findall(text)) for text in texts)
    usual_old, usual = (len(stock.FULL_RE.findall(text)) for text in texts)
    rare_old, rare = map(stock.rare_places, texts)
    if rare < rare_old and short - short_old > usual_old - usual:
        yield Dimension.CONTRACTIONS, ANYWHERE, "use", KEEP, CHANGED
    elif rare and short > usual:
        yield Dimension.CONTRACTIONS, ANYWHERE, KEEP, None, FAINT


def _expanded(both: Correspondence) -> bool:
    return any(
        stock.CONTRACTION_RE.search(old) and key_of(old) == key_of(new) and old != new for old, new in both.pairs
    )


def _exclamation(both: Correspondence) -> Iterator[Say]:
    if not both.pairs:
        return
    old = sum(text.count("!") for text, _ in both.pairs)
    new = sum(text.count("!") for _, text in both.pairs)
    ends = both.kept.body.rstrip(" )\"'”" + _EMOJI_TAIL).endswith("!")
    last_was = both.pairs[-1][0].rstrip().endswith("!")
    if new > old:
        yield ("end" if ends and not last_was else "use"), "avoid", CHANGED
    elif old > new:
        yield ("avoid", "use", CHANGED) if not new else (AS_IS, None, LEFT)
    elif new:
        yield ("end" if ends else "use"), None, LEFT
    else:
        yield "avoid", None, LEFT


_EMOJI_TAIL = "🙂😄😊👍🎉😀🙏❤️"


def _emoji(both: Correspondence) -> Iterator[Say]:
    old, new = _last_emoji(both.suggested.body), _last_emoji(both.kept.body)
    if new and not (old and new == old):
        yield new, old or "avoid", CHANGED
    elif new:
        yield new, None, LEFT
    elif old:
        yield "avoid", old, CHANGED
    else:
        yield "avoid", None, LEFT


def _last_emoji(text: str) -> str:
    found: list[str] = stock.EMOJI_RE.findall(text) or stock.SMILEY_RE.findall(text)
    return found[-1] if found else ""


def _spelling(both: Correspondence) -> Iterator[Say]:
    old = _variants(" ".join(old for old, _ in both.pairs))
    new = _variants(" ".join(new for _, new in both.pairs))
    if new[0] > old[0] and new[1] < old[1]:
        yield "us", "uk", CHANGED
    elif new[1] > old[1] and new[0] < old[0]:
        yield "uk", "us", CHANGED
    elif new[0] and not new[1]:
        yield "us", None, LEFT
    elif new[1] and not new[0]:
        yield "uk", None, LEFT


def _variants(text: str) -> tuple[int, int]:
    words = re.findall(r"[a-z]+", text.lower())
    return sum(w in stock.US_TO_UK for w in words), sum(w in stock.UK_TO_US for w in words)


def _oxford(both: Correspondence) -> Iterator[Say]:
    def count(side: int) -> tuple[int, int]:
        texts = [pair[side] for pair in both.pairs]
        return (
            sum(len(stock.OXFORD_RE.findall(t)) for t in texts),
            sum(len(stock.NO_OXFORD_RE.findall(t)) for t in texts),
        )

    yield from _either(count(0), count(1), ("use", "avoid"))


def _either(old: tuple[int, int], new: tuple[int, int], names: tuple[str, str]) -> Iterator[Say]:
    """One of two spellings of the same thing, from the counts of both on both sides."""
    if new[0] > old[0] and new[1] <= old[1]:
        yield names[0], names[1], CHANGED
    elif (new[1] > old[1] or (not new[1] and not old[1])) and new[0] < old[0]:
        yield names[1], names[0], CHANGED
    elif new[0] and not new[1]:
        yield names[0], None, LEFT
    elif new[1] and not new[0]:
        yield names[1], None, LEFT


_DASHES = (("em", re.compile(r"—")), ("en", re.compile(r" – ")), ("hyphen", re.compile(r"(?<=\S) --? (?=\S)")))


def _dash(both: Correspondence) -> Iterator[Say]:
    for old, new in both.pairs:
        if "—" not in old and " – " not in old and "—" not in new:
            continue
        counts = {name: (len(p.findall(old)), len(p.findall(new))) for name, p in _DASHES}
        if "—" in new and counts["em"][1] >= counts["em"][0] > 0:
            yield "em", None, LEFT
        elif "—" in new:
            yield "em", "avoid", CHANGED
        elif "—" in old or (" – " in old and " – " not in new):
            gained = [name for name in ("hyphen", "en") if counts[name][1] > counts[name][0]]
            if gained:
                yield gained[0], "em", CHANGED
            elif len(re.findall(r"…|\.\.\.", new)) > len(re.findall(r"…|\.\.\.", old)):
                yield "ellipsis", "em", CHANGED
            elif new.count(",") > old.count(",") or key_of(old) == key_of(new):
                yield "comma", "em", CHANGED
        return


def _quotes(both: Correspondence) -> Iterator[Say]:
    old, new = ("".join(side) for side in zip(*both.pairs, strict=True)) if both.pairs else ("", "")

    def count(text: str) -> tuple[int, int]:
        return len(re.findall(r"[\"']", text)), len(re.findall(r"[“”‘’]", text))

    before, after = count(old), count(new)
    if sum(after) < sum(before):
        return  # quotes that went with their words say nothing about the others
    yield from _either(before, after, ("straight", "curly"))


_NUMBER_WORD = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.I)
_SMALL_DIGIT = re.compile(r"(?<![\w.,:/#$€£-])(?:[2-9]|1[0-2])(?![\w%:/]|[.,-]\d| ?(?:am|pm|a\.m|p\.m))", re.I)


def _numerals(both: Correspondence) -> Iterator[Say]:
    def count(side: int) -> tuple[int, int]:
        texts = [pair[side] for pair in both.pairs]
        return sum(len(_SMALL_DIGIT.findall(t)) for t in texts), sum(len(_NUMBER_WORD.findall(t)) for t in texts)

    old, new = count(0), count(1)
    if sum(new) == sum(old):
        yield from _either(old, new, ("digits", "words"))


def _ampersand(both: Correspondence) -> Iterator[Say]:
    old = sum(len(re.findall(r" & ", o)) for o, _ in both.pairs)
    new = sum(len(re.findall(r" & ", n)) for _, n in both.pairs)
    ands = [sum(len(re.findall(r"\band\b", pair[side])) for pair in both.pairs) for side in (0, 1)]
    if new > old and ands[1] < ands[0]:
        yield "use", "avoid", CHANGED
    elif new < old and ands[1] > ands[0]:
        yield "avoid", "use", CHANGED
    elif new and not ands[1]:
        yield "use", None, LEFT
    elif ands[1] and not new:
        yield "avoid", None, LEFT


def _lower_case(both: Correspondence) -> Iterator[Say]:
    """A text in which no 'I' and no sentence could show it says nothing."""
    if not both.pairs:
        return

    def state(side: int) -> str:
        texts = [pair[side] for pair in both.pairs]
        lone = re.findall(r"(?<![\w.])[Ii](?=['’ ,.!?]|$)", " ".join(texts))
        starts = [t[0] for t in texts if t[:1].isalpha() and not re.match(r"[Ii](?:['’ ,.!?]|$)", t)]
        if starts and all(c.islower() for c in starts) and "I" not in lone:
            return "all"
        if lone:
            return "i" if "I" not in lone else "normal"
        return "" if starts else "none"

    old, new = state(0), state(1)
    if new == "all" and any(sentence[:1].isupper() for sentence in both.added):
        return  # "hey Ada, happy birthday! Have a lovely day": one small beginning is no habit
    if new in ("all", "i", "normal"):
        yield from _state(old if old in ("all", "i") else "normal", new)
    elif new == "" and old == "all":
        yield "normal", "all", CHANGED


def _politeness(both: Correspondence) -> Iterator[Say]:
    def count(side: int) -> int:
        return sum(len(re.findall(r"\b(?:please|pls|kindly)\b", pair[side], re.I)) for pair in both.pairs)

    old, new = count(0), count(1)
    if old > new == 0:
        yield "avoid", "use", CHANGED
    elif new > old:
        yield "use", "avoid", CHANGED
    elif new:
        yield "use", None, LEFT


_MARKDOWN = re.compile(r"\*\*[^*\n]+\*\*|^#{1,6} |__[^_\n]+__", re.M)


def _markdown(both: Correspondence) -> Iterator[Say]:
    old, new = (len(_MARKDOWN.findall(letter.body)) for letter in (both.suggested, both.kept))
    if old > new == 0:
        yield "avoid", "use", CHANGED
    elif new > old:
        yield "use", "avoid", CHANGED
    elif new:
        yield "use", None, LEFT


# ---------------------------------------------------------------------------------------------------- shape and length


def bullets_in(body: str) -> int:
    """How many bullet points a body has."""
    return len(stock.BULLET_RE.findall(body))


def _lists(both: Correspondence) -> Iterator[Say]:
    if not both.pairs or len(both.new) < 2:
        return

    def state(body: str) -> str:
        if bullets_in(body) < 2:
            return "prose"
        return "bullets-all" if stock.BULLET_RE.match(body) else "bullets"

    old, new = state(both.suggested.body), state(both.kept.body)
    if len(both.new) >= 3 or old != new:
        yield from _state(old, new)


def _paragraphs(both: Correspondence) -> Iterator[Say]:
    def state(body: str, count: int) -> str:
        if bullets_in(body) >= 2 or count < 2:
            return ""
        blocks = [block for block in re.split(r"\n\s*\n", body) if block.strip()]
        if len(blocks) == 1 and "\n" not in body.strip():
            return "one"
        return "each" if len(blocks) >= count else "several"

    old, new = state(both.suggested.body, len(both.old)), state(both.kept.body, len(both.new))
    if new and (len(both.new) > 2 or old not in ("", new)):
        yield from _state(old or None, new) if old else [(new, None, LEFT)]


def _sentence_length(both: Correspondence) -> Iterator[Say]:
    splits = [m for m in both.matches if len(m.new) > len(m.old) and key_of(" ".join(m.old))]
    merges = [m for m in both.matches if len(m.new) < len(m.old)]
    if splits and not merges:
        piece = max(len(s.split()) for m in splits for s in m.new)
        whole = min(max(len(s.split()) for s in m.old) for m in splits)
        yield f"short:{min(max(piece, 8), max(8, whole - 1))}", "long", CHANGED
    elif merges and not splits and any(_joined_only(m.old, m.new) for m in merges):
        yield "long", "short", CHANGED
    elif any(shape.split_long(s, f"short:{_LONG}") != s for m in both.matches for s in m.new):
        yield AS_IS, None, LEFT


_LONG = 25
"""Words; a sentence that long and left whole, where it could be split, says that long ones are welcome."""


def _joined_only(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    return len(canonical(" ".join(new))) >= 0.8 * len(canonical(" ".join(old)))


def _length(both: Correspondence) -> Iterator[Say]:
    """Shortening beyond set phrases: a cut tail is 'first:N' sentences, otherwise 'under:N' words; 'as-is:N' says that
    N sentences were not too many.
    """
    content = [
        i for i, s in enumerate(both.old) if canonical(s) and not any(f.pattern.search(s) for f in stock.FAMILIES)
    ]
    if len(content) < 3 or not both.new:
        return
    gone = [i for i in content if both.left_of(i) < 0.34]
    words_old = sum(len(both.old[i].split()) for i in content)
    words_new = sum(len(s.split()) for s in both.new)
    added = [s for s in both.added if canonical(s)]
    if gone and gone == content[-len(gone) :] and len(added) <= (len(gone) > 1):  # a set last line may be put after it
        yield f"first:{sum(bool(canonical(s)) for s in both.new) - len(added)}", None, CHANGED
    elif words_new < 0.75 * words_old and len(gone) <= len(content) / 2:
        yield f"under:{-(-words_new // 10) * 10}", None, CHANGED
    elif not gone:
        yield f"{AS_IS}:{sum(bool(canonical(s)) for s in both.new)}", None, LEFT


DETECTORS: dict[Dimension, Callable[[Correspondence], Iterator[Say]]] = {
    Dimension.GREETING: _greeting,
    Dimension.SIGN_OFF: _sign_off,
    Dimension.OPENING_LINE: _opening_line,
    Dimension.CLOSING_LINE: _closing_line,
    Dimension.CONTRACTIONS: _contractions,
    Dimension.EXCLAMATION: _exclamation,
    Dimension.EMOJI: _emoji,
    Dimension.SPELLING: _spelling,
    Dimension.SENTENCE_LENGTH: _sentence_length,
    Dimension.LENGTH: _length,
    Dimension.LISTS: _lists,
    Dimension.PARAGRAPHS: _paragraphs,
    Dimension.OXFORD_COMMA: _oxford,
    Dimension.DASH: _dash,
    Dimension.QUOTES: _quotes,
    Dimension.NUMERALS: _numerals,
    Dimension.AMPERSAND: _ampersand,
    Dimension.LOWER_CASE: _lower_case,
    Dimension.POLITENESS: _politeness,
    Dimension.MARKDOWN: _markdown,
}
