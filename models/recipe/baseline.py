"""The table of general English that Ownhand measures a person's habits against (`resources/english.tsv`).

    python models/recipe/baseline.py resources/english.tsv text0.jsonl.xz [text1.jsonl.xz ...]

The shards are those of DATA_SOURCES.md: one JSON list [kind, text] a line.  Of each kind as many words are read as
`WORDS` says; the letters, made by rule, are few, and there so that what every letter says is nobody's favourite.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ownhand.domain.correspond import sentences_of
from ownhand.domain.english import common_words, words_of
from ownhand.domain.measuring import MARKS

WORDS = {"talk": 2_000_000, "web": 1_500_000, "mail": 500_000, "docs": 500_000, "books": 500_000}
LISTED = {"word": 5000, "phrase": 5200, "start": 1400}
"""Entries of each section; with them the file has less than 250 kB."""

_LABEL = re.compile(r"^(?:Subject: .*|[A-Z][\w .]{0,30}:(?= ))", re.M)
"""Subjects and the names of speakers before what they say."""


def texts(files: list[Path]) -> Iterator[tuple[str, str]]:
    """(kind, text) of every document."""
    for file in files:
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                kind, text = json.loads(line)
                yield kind, _LABEL.sub("", text)


def main(out: Path, files: list[Path]) -> None:
    """Count, rank and write."""
    left = dict(WORDS)
    kept: list[str] = []
    words: Counter[str] = Counter()
    for kind, text in texts(files):
        if left.get(kind, 0) > 0:
            found = words_of(text)
            left[kind] -= len(found)
            words.update(found)
            kept.append(text)
        elif not any(number > 0 for number in left.values()):
            break
    total = words.total()
    common = common_words(words)
    phrases: Counter[str] = Counter()
    starts: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    sentences = 0
    for text in kept:
        for name, pattern in MARKS.items():
            marks[name] += len(pattern.findall(text))
        for sentence in sentences_of(text):
            sentences += 1
            said = words_of(sentence)
            if len(said) >= 3 and said[0] in common and said[1] in common:
                starts[f"{said[0]} {said[1]}"] += 1
            known = [word in common for word in said]
            for i in range(len(said) - 2):
                if all(known[i : i + 3]):
                    phrases[" ".join(said[i : i + 3])] += 1
                    if i + 3 < len(said) and known[i + 3]:
                        phrases[" ".join(said[i : i + 4])] += 1
    lines = ["# General English: section, entry, rate.  Made by models/recipe/baseline.py from", "# the texts in"]
    lines[1] += f" models/DATA_SOURCES.md ({total:,} words, {sentences:,} sentences)."
    for section, counter, whole in (("word", words, total), ("phrase", phrases, total), ("start", starts, sentences)):
        best = sorted(counter.items(), key=lambda item: (-item[1], item[0]))[: LISTED[section]]
        lines += [f"{section}\t{entry}\t{1e6 * count / whole:.4g}" for entry, count in best]
    lines += [f"trait\t{name}\t{1e3 * count / total:.4g}" for name, count in sorted(marks.items())]
    out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
