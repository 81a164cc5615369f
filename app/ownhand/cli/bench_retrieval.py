"""`ownhand bench retrieval`: does what retrieval finds help the model to write what the person wrote?

For held-out messages of an author, the first third and the recipient are the query; found passages stand before it as
examples, and the rest of the message is scored.  What counts is how many bits per byte that saves against no examples.
An author is two files of JSON lines, `ID.history.jsonl` and `ID.test.jsonl`, with `body`, `subject`, `to` and `date`.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ownhand import paths
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.adapters.worker.recall import RecallClient
from ownhand.domain import ranking
from ownhand.domain.completion import SEPARATOR
from ownhand.domain.corpus import Document, Kind, Passage
from ownhand.errors import BadInput
from ownhand.services.completing import EXAMPLE_CHARACTERS
from ownhand.services.retrieval import query_words

COUNTS: Final = (1, 2, 4)
POOL: Final = 24
MEMORY_WEIGHT: Final = 0.8
ALIKE: Final = 0.5
"""What likeness to an example that was chosen already costs the next one, in the unit of the cosine."""
FITTED_ON: Final = 10
"""Messages of the history, the latest ones, on whose savings an author's own weights are fitted."""
CANDIDATES: Final = 6
_KEY: Final = b"\x07" * 32


@dataclass(slots=True)
class _Found:
    """What both lanes find for one message."""

    passages: Mapping[int, Passage] = field(repr=False)
    features: Mapping[int, tuple[float, ...]]
    vectors: Mapping[int, Sequence[float]] = field(repr=False)


class _Author:
    """One author's history in a vault, and the measuring of messages against it."""

    def __init__(
        self, name: str, history: Sequence[Document], engine: EngineClient, recall: RecallClient, place: Path
    ) -> None:
        self.name = name
        self._engine, self._recall = engine, recall
        self._vault = SqlVault.open(place, _KEY, "for this measurement")
        source = self._vault.add_source("/bench", "mailbox")
        self._vault.add_documents(source.id, list(history))
        while passages := self._vault.passages_without_vectors(256):
            vectors = recall.embed([passage.text for passage in passages])
            self._vault.put_vectors({passage.id: vector for passage, vector in zip(passages, vectors, strict=True)})
            recall.add(name, [passage.id for passage in passages], vectors)
        engine.remember(name, [document.text for document in history])

    def close(self) -> None:
        self._vault.close()
        self._engine.forget(self.name)
        self._recall.drop(self.name)

    def found(self, document: Document, first: str, exclude: str = "") -> _Found:
        query = f"{document.title}\n{first}"
        words = self._vault.match(query_words(query), POOL)
        near = self._recall.query(self.name, query, POOL)
        word_rank = {number: rank for rank, number in enumerate(words, 1)}
        near_rank = {number: rank for rank, (number, _) in enumerate(near, 1)}
        cosines = dict(near)
        wanted = ranking.situation(document.recipients, document.kind, document.written_at)
        passages = {
            passage.id: passage
            for passage in self._vault.passages(list(dict.fromkeys([*words, *near_rank])))
            if passage.document_id != exclude
        }
        features = {
            number: ranking.features(passage, wanted, word_rank.get(number), near_rank.get(number), cosines.get(number))
            for number, passage in passages.items()
        }
        return _Found(passages, features, self._vault.vectors_of(list(passages)))

    def bits(self, document: Document, first: str, rest: str, examples: Sequence[Passage]) -> float:
        """Bits per byte of `rest`, with the person's memory mixed in as the program does it."""
        head = f"Subject: {document.title}\n\n" if document.kind is Kind.EMAIL and document.title else ""
        before = "".join(passage.text.strip()[:EXAMPLE_CHARACTERS] + SEPARATOR for passage in reversed(examples))
        likelihood = self._engine.score(before + head + first, rest, self.name, MEMORY_WEIGHT)
        return -likelihood / math.log(2) / len(rest.encode())


Order = Callable[[_Found], Sequence[int]]


def measure(folder: Path, users: Sequence[str], messages: int, model: Path | None = None) -> dict[str, Any]:
    """Thousandths of a bit per byte that each method saves, by the number of examples; mean over all messages.

    Raises BadInput where the folder holds no authors.
    """
    names = list(users) or sorted(path.name.removesuffix(".test.jsonl") for path in folder.glob("*.test.jsonl"))
    if not names or not all(
        (folder / f"{name}.{part}.jsonl").is_file() for name in names for part in ("history", "test")
    ):
        raise BadInput(f"{folder} holds no authors of that name: ID.history.jsonl and ID.test.jsonl are expected.")
    engine, recall = EngineClient(model or paths.builtin_model()), RecallClient()
    savings: dict[str, list[float]] = {}
    plain: list[float] = []
    by_author: dict[str, dict[str, float]] = {}
    try:
        for name in names:
            with tempfile.TemporaryDirectory() as place:
                author = _Author(name, _read(folder / f"{name}.history.jsonl"), engine, recall, Path(place))
                try:
                    mine = _of_author(author, folder, messages)
                finally:
                    author.close()
            plain += mine.pop("plain")
            for method, values in mine.items():
                savings.setdefault(method, []).extend(values)
            by_author[name] = {method: round(statistics.fmean(values), 1) for method, values in mine.items() if values}
    finally:
        engine.close()
        recall.close()
    return {
        "messages": len(plain),
        "bits_per_byte_without": round(statistics.fmean(plain), 3),
        "saved_millibits": {method: round(statistics.fmean(values), 1) for method, values in savings.items()},
        "helped": {method: round(sum(v > 0 for v in values) / len(values), 2) for method, values in savings.items()},
        "authors": by_author,
    }


def text(figures: dict[str, Any]) -> str:
    """The table for people."""
    saved, helped = figures["saved_millibits"], figures["helped"]
    methods = list(dict.fromkeys(method.rpartition(" ")[0] for method in saved))
    rows = [
        f"{figures['messages']} messages; without examples {figures['bits_per_byte_without']} bits per byte; saved by "
        "examples, in thousandths of a bit per byte (share of messages that it helps):",
        f"{'':24s}" + "".join(f"{count:>14d}" for count in COUNTS),
    ]
    for method in methods:
        cells = (f"{saved[f'{method} {count}']:.1f} ({helped[f'{method} {count}']:.2f})" for count in COUNTS)
        rows.append(f"{method:24s}" + "".join(f"{cell:>14s}" for cell in cells))
    return "\n".join(rows)


def _of_author(author: _Author, folder: Path, messages: int) -> dict[str, list[float]]:
    chance = random.Random(author.name)
    history = _read(folder / f"{author.name}.history.jsonl")
    tried = _try(author, history)
    tests = [document for document in _read(folder / f"{author.name}.test.jsonl") if 200 < len(document.text) < 2500]
    result: dict[str, list[float]] = {"plain": []}
    for document in chance.sample(tests, min(messages, len(tests))):
        first, rest = _split(document.text)
        found = author.found(document, first)
        base = author.bits(document, first, rest, ())
        result["plain"].append(base)
        known: dict[tuple[int, ...], float] = {}
        for method, order in _orders(chance, tried).items():
            ranked = list(order(found))
            for count in COUNTS:
                chosen = tuple(ranked[:count])
                if chosen not in known:
                    passages = [found.passages[number] for number in chosen]
                    known[chosen] = 1000 * (base - author.bits(document, first, rest, passages)) if chosen else 0.0
                result.setdefault(f"{method} {count}", []).append(known[chosen])
    return result


def _orders(chance: random.Random, tried: Sequence[ranking.Tried]) -> dict[str, Order]:
    def by(score: Callable[[tuple[float, ...]], float]) -> Order:
        return lambda found: sorted(found.passages, key=lambda number: -score(found.features[number]))

    value = {name: place for place, name in enumerate(ranking.FEATURES)}

    def diverse(found: _Found) -> Sequence[int]:
        scored = [(number, values[value["cosine"]]) for number, values in found.features.items()]
        return ranking.diversified(scored, lambda a, b: _cosine(found.vectors, a, b), max(COUNTS), ALIKE)

    orders: dict[str, Order] = {
        "any of those found": lambda found: chance.sample(sorted(found.passages), len(found.passages)),
        "words (BM25)": by(lambda f: f[value["words"]]),
        "meaning (dense)": by(lambda f: f[value["cosine"]]),
        "fused": by(lambda f: f[value["words"]] + f[value["meaning"]]),
        "fused, person, age": by(
            lambda f: f[value["words"]] + f[value["meaning"]] + 0.7 * f[value["person"]] + 0.3 * f[value["recent"]]
        ),
        "meaning, diverse (MMR)": diverse,
    }
    if tried:
        weights = ranking.fit([one.values for one in tried], [one.saved for one in tried])
        worth = ranking.verdict(tried)
        orders["fitted to the author"] = by(weights.score)
        orders["fitted, where it pays"] = lambda found: (
            [number for number in by(worth.score)(found) if worth.score(found.features[number]) > 0] if worth else []
        )
    return orders


def _try(author: _Author, history: Sequence[Document]) -> list[ranking.Tried]:
    """The savings on the author's own latest messages, each of them left out of what is found."""
    tried: list[ranking.Tried] = []
    usable = [document for document in history if 200 < len(document.text) < 2500][-FITTED_ON:]
    for document in usable:
        first, rest = _split(document.text)
        found = author.found(document, first, exclude=document.id)
        base = author.bits(document, first, rest, ())
        best = sorted(found.passages, key=lambda number: -sum(found.features[number][:2]))[:CANDIDATES]
        for number in best:
            saved = 1000 * (base - author.bits(document, first, rest, [found.passages[number]]))
            tried.append(ranking.Tried(document.id, found.features[number], saved))
    return tried


def _cosine(vectors: Mapping[int, Sequence[float]], one: int, other: int) -> float:
    return sum(a * b for a, b in zip(vectors.get(one, ()), vectors.get(other, ()), strict=False))


def _split(text: str) -> tuple[str, str]:
    """The first third, and the rest from a blank on."""
    cut = text.find(" ", len(text) // 3)
    return text[:cut], text[cut:]


def _read(path: Path) -> list[Document]:
    return [_document(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _document(entry: Mapping[str, Any]) -> Document:
    kind = Kind.EMAIL if entry.get("kind") == "email" else Kind.ARTICLE
    to = entry.get("to") or []
    when = datetime.fromisoformat(entry["date"]) if entry.get("date") else None
    if when is not None and when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    title = entry.get("subject") or ""
    return Document(
        Document.identify(kind, entry["body"], title),
        kind,
        entry["body"],
        title,
        tuple([to] if isinstance(to, str) else to),
        when,
    )
