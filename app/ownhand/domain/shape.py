"""Steps of the finishing pass that change the shape of a body: sentences, lists, paragraphs, set first and last
lines.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ownhand.domain.correspond import key_of
from ownhand.domain.cutting import capital, each_sentence
from ownhand.domain.text import sentences

_BULLET = re.compile(r"^\s*(?:[-*•‣–]|\d{1,2}[.)])\s+")
_CLAUSE = (
    r"(?:i|you|he|she|it|we|they|this|that|these|those|there|the|a|an|my|your|our|his|her|their|please|nobody|everyone|"
    r"both|most|some|all|[A-Z]\w+|i['’]\w+|we['’]\w+|it['’]\w+|they['’]\w+|you['’]\w+|that['’]\w+|there['’]\w+)\b"
)
_JOINT = re.compile(
    rf"(?P<comma>, (?P<word>and|but|so|yet) (?={_CLAUSE}))|(?P<semi>; (?:(?:however|therefore|"
    rf"also), )?)|(?P<dash>\s+[—–]\s+|—| - )(?={_CLAUSE})"
    rf"|(?P<which>, which means (?:that )?)",
    re.I,
)
_SMALLEST = 4
"""Words that each half of a split sentence must have at least."""


def split_long(text: str, value: str) -> str:
    """Sentences over the limit ('short:14') cut in two where a full clause begins."""
    head, _, number = value.partition(":")
    if head != "short":
        return text
    limit = int(number) if number.isdigit() else 18
    return each_sentence(text, lambda s: _split(s, max(limit, 2 * _SMALLEST)))


def _split(sentence: str, limit: int) -> str:
    size = len(sentence.split())
    if size <= limit:
        return sentence
    best: re.Match[str] | None = None
    for joint in _JOINT.finditer(sentence):
        left, right = len(sentence[: joint.start()].split()), len(sentence[joint.end() :].split())
        nearer = best is None or abs(left - size / 2) < abs(len(sentence[: best.start()].split()) - size / 2)
        if left >= _SMALLEST and right >= _SMALLEST and nearer:
            best = joint
    if best is None:
        return sentence
    first = sentence[: best.start()].rstrip(" ,;") + "."
    rest = sentence[best.end() :]
    if best.group("word") and best.group("word").lower() in ("but", "so", "yet"):
        rest = f"{best.group('word')} {rest}"
    return f"{_split(first, limit)} {_split(capital(rest), limit)}"


def _blocks(text: str) -> list[str]:
    return [block for block in re.split(r"\n\s*\n", text) if block.strip()]


def lists(text: str, value: str) -> str:
    """Sentences as bullet points (after an introducing first one, unless all are), or bullet points as sentences."""
    if value == "prose":
        return _prose(text)
    if value not in ("bullets", "bullets-all"):
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    if sum(bool(_BULLET.match(line)) for line in lines) >= 2:
        return re.sub(r"(?m)^(\s*)[*•‣] +", r"\1- ", text)
    parts = [s for line in lines for s in sentences(_BULLET.sub("", line))]
    if len(parts) < 3:
        return text
    first = [] if value == "bullets-all" else [parts[0]]
    points = "\n".join("- " + re.sub(r"(?<!\.)\.$", "", part) for part in parts[len(first) :])
    return "\n\n".join([*first, points])


def _prose(text: str) -> str:
    blocks: list[str] = []
    for block in _blocks(text):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        if not any(_BULLET.match(line) for line in lines):
            blocks.append(block)
            continue
        said: list[str] = []
        for line in lines:
            plain = _BULLET.sub("", line).strip()
            if _BULLET.match(line):
                plain = capital(plain.rstrip(";,"))
                plain += "" if re.search(r"[.!?…][\"'”’)]*$", plain) else "."
            said.append(plain)
        joined = " ".join(said)
        if blocks and not blocks[-1].rstrip().endswith((".", "!", "?", "…")) and blocks[-1].rstrip().endswith(":"):
            blocks[-1] = blocks[-1].rstrip()[:-1] + ". " + joined
        else:
            blocks.append(re.sub(r":(?= [A-Z])", ".", joined, count=1) if lines[0].endswith(":") else joined)
    return "\n\n".join(blocks)


def paragraphs(text: str, value: str) -> str:
    """The body as one paragraph, or a paragraph for every sentence; lists stay lists."""
    if any(_BULLET.match(line) for line in text.split("\n")):
        return text
    if value == "one":
        return re.sub(r"\s*\n\s*", " ", text.strip())
    if value == "each":
        return "\n\n".join(s for line in text.split("\n") for s in sentences(line))
    head, _, number = value.partition(":")
    if head == "about" and number.isdigit() and len(_blocks(text)) == 1:
        return "\n\n".join(_even(sentences(text), int(number)))
    return text


def _even(found: list[str], size: int) -> list[str]:
    """Sentences in paragraphs of about `size`, none much shorter than the others."""
    count = max(1, round(len(found) / max(1, size)))
    ends = [round(i * len(found) / count) for i in range(count + 1)]
    return [" ".join(found[a:b]) for a, b in pairwise(ends) if b > a]


def spacing(text: str, value: str) -> str:
    """Two blanks between sentences, as on a typewriter, or one."""
    if value == "wide":
        return re.sub(r"(?<=[.!?]) (?=[\"'“‘(]?[A-Z])", "  ", text)
    return re.sub(r"(?<=[.!?])  (?=\S)", " ", text) if value == "narrow" else text


def opening(text: str, line: str) -> str:
    """The person's set first sentence put before a text that does not have it."""
    if not line or _has(text, line):
        return text
    glue = "\n\n" if _BULLET.match(text) else " "
    return f"{line}{glue}{text}"


def closing(text: str, line: str) -> str:
    """The person's set last sentence put after a text that does not have it, nor thanks already where it thanks."""
    if not line or _has(text, line):
        return text
    if re.search(r"\bthank", line, re.I) and re.search(r"\bthank", text, re.I):
        return text
    last = text.rstrip().rpartition("\n")[2]
    glue = "\n\n" if _BULLET.match(last) else " "
    return f"{text.rstrip()}{glue}{line}"


def _has(text: str, line: str) -> bool:
    key = key_of(line)
    return any(key_of(s) == key for s in sentences(_strip_bullets(text)))


def _strip_bullets(text: str) -> str:
    return "\n".join(_BULLET.sub("", part) for part in text.split("\n"))
