"""Documents of all sources to shards of [kind, text] lines, a held-out set, and the table of what is in them."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from recipe.sources import Document, Source, documents, fetch

PART_CHARACTERS = 12_000
HELD_OUT_PER_MILLE = 6
MOST_CHARACTERS = {"books": 185_000_000}
SHARDS = 2


def build(sources: Sequence[Source], work: Path) -> None:
    """Write `text/text<n>.jsonl`, `valid-text.json` and `sources.json` (characters by repository) below `work`."""
    chance = random.Random(7)
    kept: list[tuple[str, str, str]] = []
    held_out: dict[str, list[str]] = defaultdict(list)
    (work / "sources").mkdir(parents=True, exist_ok=True)
    for source in sources:
        for document in documents(source, fetch(source, work / "sources")):
            if source.kind == "books" and not _wanted(document.year, chance):
                continue
            hidden = _draw(source.repository + document.text[:200]) < HELD_OUT_PER_MILLE
            for part in parts(document, source.kind, chance):
                if hidden:
                    held_out[source.kind].append(part)
                else:
                    kept.append((source.kind, part, source.repository))
    chance.shuffle(kept)
    taken = list(_within_limits(kept))
    if not any(held_out.values()):  # a sample too small for the draw
        for kind, part, _ in taken[:: max(1, len(taken) // 4)]:
            held_out[kind].append(part)
    (work / "text").mkdir(exist_ok=True)
    for number in range(SHARDS):
        with (work / "text" / f"text{number}.jsonl").open("w", encoding="utf-8") as shard:
            for kind, part, _ in taken[number::SHARDS]:
                shard.write(json.dumps([kind, part], ensure_ascii=False) + "\n")
    sizes: dict[str, int] = defaultdict(int)
    for _, part, repository in taken:
        sizes[repository] += len(part)
    (work / "sources.json").write_text(json.dumps(sizes, indent=1))
    chosen = {kind: chance.sample(texts, min(len(texts), 100)) for kind, texts in held_out.items()}
    (work / "valid-text.json").write_text(json.dumps(chosen, ensure_ascii=False))


def _wanted(year: int | None, chance: random.Random) -> bool:
    """Late books whole, earlier ones by chance: modern usage matters more than volume."""
    return year is None or year >= 1880 or (year >= 1790 and chance.random() < 0.3)


def _draw(text: str) -> int:
    return int(hashlib.blake2b(text.encode(), digest_size=4).hexdigest(), 16) % 1000


def parts(document: Document, kind: str, chance: random.Random) -> Iterator[str]:
    """A document, with its title most of the time; long books and talks in parts, cut between paragraphs."""
    if kind not in {"books", "talk"} or len(document.text) < 14_000:
        titled = bool(document.title) and kind in {"web", "docs"} and chance.random() < 0.7
        yield f"{document.title}\n\n{document.text}" if titled else document.text
        return
    part = ""
    for paragraph in document.text.split("\n\n"):
        part += ("\n\n" if part else "") + paragraph
        if len(part) > PART_CHARACTERS:
            yield part
            part = ""
    if len(part) > 500:
        yield part


def _within_limits(kept: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    sizes: dict[str, int] = defaultdict(int)
    seen: set[bytes] = set()
    for kind, part, repository in kept:
        key = hashlib.blake2b(part.lower()[:700].encode(), digest_size=8).digest()
        if key in seen or sizes[kind] + len(part) > MOST_CHARACTERS.get(kind, 10**12):
            continue
        seen.add(key)
        sizes[kind] += len(part)
        yield kind, part, repository
