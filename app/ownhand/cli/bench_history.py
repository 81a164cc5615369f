"""How fast the history is taken in and searched: `ownhand bench import` and `ownhand bench search`."""

from __future__ import annotations

import random
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

from ownhand.adapters import importers
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker.recall import RecallClient
from ownhand.cli.bench_engine import PROSE, quantile
from ownhand.domain.corpus import Document, Kind
from ownhand.services.importing import Importing, Reading
from ownhand.services.retrieval import COLLECTION, Retrieval

ME: Final = "robin@example.org"
MESSAGES: Final = 3000
"""Read and cleaned."""
EMBEDDED: Final = 768
"""Imported as a whole, with their vectors."""
SEARCHES: Final = 60
FRIENDS: Final = ("Ruth", "Helen", "Martin", "Anna", "Peter")
_KEY: Final = b"\x07" * 32


def importing() -> dict[str, Any]:
    """Messages per second read and cleaned by one thread; and a whole import, against the embedder alone."""
    with tempfile.TemporaryDirectory() as folder:
        mailbox = Path(folder) / "sent.mbox"
        _write_mailbox(mailbox, MESSAGES)
        reading = Reading(importers.IMPORTERS)
        began, processor = time.perf_counter(), time.process_time()
        texts = [str(entry["own_text"]) for entry in reading.read_messages(mailbox, [ME])]
        read_s, read_cpu_s = time.perf_counter() - began, time.process_time() - processor
        small = Path(folder) / "some.mbox"
        _write_mailbox(small, EMBEDDED)
        recall = RecallClient()
        vault = SqlVault.open(Path(folder) / "vault", _KEY, "for this measurement")
        try:
            recall.embed(texts[:64])  # loads it
            began = time.perf_counter()
            recall.embed(texts[:EMBEDDED])
            embed_s = time.perf_counter() - began
            began = time.perf_counter()
            report = Importing(vault, recall, importers.IMPORTERS).run([small], [ME], embed=True)
            import_s = time.perf_counter() - began
        finally:
            vault.close()
            recall.close()
    return {
        "messages": len(texts),
        "words_each": round(sum(len(text.split()) for text in texts) / len(texts)),
        "read_per_s": round(len(texts) / read_s),
        "read_per_s_of_a_core": round(len(texts) / read_cpu_s),
        "embedder_per_s": round(EMBEDDED / embed_s, 1),
        "import_per_s": round(report.embedded / import_s, 1),
        "ratio": round(report.embedded / import_s * embed_s / EMBEDDED, 3),
    }


def searching(documents: int) -> dict[str, Any]:
    """Time from unlocking a vault until its index stands, and of hybrid searches before and after that.

    The documents are words drawn at random, their vectors too: what is measured is time, not quality.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        vault = SqlVault.open(place, _KEY, "for this measurement")
        chance = random.Random(1)
        _fill(vault, documents, chance)
        vault.close()
        recall = RecallClient()
        try:
            recall.embed(["load"])
            began = time.perf_counter()
            vault = SqlVault.open(place, _KEY, "for this measurement")
            retrieval = Retrieval(vault, recall)
            retrieval.fill()
            sent = time.perf_counter() - began
            before = _searches(retrieval, chance)
            while not recall.describe()["collections"][COLLECTION]["indexed"]:
                time.sleep(0.05)
            ready = time.perf_counter() - began
            after = _searches(retrieval, chance)
            vault.close()
        finally:
            recall.close()
    return {
        "documents": documents,
        "vectors_there_s": round(sent, 2),
        "index_ready_s": round(ready, 2),
        "search_while_building_ms": {"p50": quantile(before, 0.5), "p95": quantile(before, 0.95)},
        "search_ms": {"p50": quantile(after, 0.5), "p95": quantile(after, 0.95)},
    }


def import_text(figures: dict[str, Any]) -> str:
    """The figures for people."""
    return (
        f"reading and cleaning: {figures['read_per_s']} messages/s of {figures['words_each']} words "
        f"({figures['read_per_s_of_a_core']} per second of a core)\n"
        f"whole import: {figures['import_per_s']} messages/s; the embedder alone {figures['embedder_per_s']}: "
        f"ratio {figures['ratio']}"
    )


def search_text(figures: dict[str, Any]) -> str:
    """The figures for people."""
    building, after = figures["search_while_building_ms"], figures["search_ms"]
    return (
        f"{figures['documents']:,} documents: all vectors there {figures['vectors_there_s']} s after unlocking, "
        f"index ready after {figures['index_ready_s']} s\n"
        f"search with the query's embedding: p50 {after['p50']} ms, p95 {after['p95']} ms; "
        f"while the index is built p50 {building['p50']} ms, p95 {building['p95']} ms"
    )


# ---------------------------------------------------------------------------------------------------------- material


def _bodies(count: int, chance: random.Random) -> Iterator[str]:
    sentences = [sentence.strip() + "." for sentence in PROSE.split(". ") if sentence.strip()]
    for _ in range(count):
        paragraphs = [" ".join(chance.choices(sentences, k=chance.randint(1, 4))) for _ in range(chance.randint(1, 3))]
        yield f"Hi {chance.choice(FRIENDS)},\n\n" + "\n\n".join(paragraphs) + "\n\nBest,\nRobin\n"


def _write_mailbox(path: Path, count: int) -> None:
    chance, when = random.Random(count), datetime(2024, 1, 1, tzinfo=UTC)
    with path.open("wb") as file:
        for number, body in enumerate(_bodies(count, chance)):
            message = EmailMessage()
            message["From"] = f"Robin <{ME}>"
            message["To"] = f"{chance.choice(FRIENDS)} <friend{number % 40}@example.org>"
            message["Subject"] = f"About number {number}"
            message["Date"] = format_datetime(when + timedelta(minutes=7 * number))
            message["Message-ID"] = f"<{number}@example.org>"
            quoted = "\n".join("> " + line for line in body[:300].splitlines())
            message.set_content(f"{body}\nOn Monday, {chance.choice(FRIENDS)} wrote:\n{quoted}\n")
            file.write(b"From robin Mon Jan  1 00:00:00 2024\n" + message.as_bytes() + b"\n")


def _fill(vault: SqlVault, count: int, chance: random.Random) -> None:
    words = [f"{first}{last}" for first in PROSE.split()[:200] for last in ("", "s", "ing", "er", "ly")]
    weights = [1.0 / (1 + place) for place in range(len(words))]
    source = vault.add_source("/bench", "mailbox")
    when = datetime(2015, 1, 1, tzinfo=UTC)
    for start in range(0, count, 1000):
        documents = []
        for number in range(start, min(count, start + 1000)):
            text = " ".join(chance.choices(words, weights, k=90)) + f" number{number}"
            title = f"About number {number}"
            documents.append(
                Document(
                    Document.identify(Kind.EMAIL, text, title),
                    Kind.EMAIL,
                    text,
                    title,
                    (f"friend{number % 400}@example.org",),
                    when + timedelta(hours=number),
                )
            )
        vault.add_documents(source.id, documents)
    while passages := vault.passages_without_vectors(2000):
        vault.put_vectors({passage.id: _vector(chance) for passage in passages})


def _vector(chance: random.Random) -> bytes:
    """384 numbers around zero; the index brings them to unit length."""
    return struct.pack("<384f", *((byte - 127.5) / 1400 for byte in chance.randbytes(384)))


def _searches(retrieval: Retrieval, chance: random.Random) -> list[float]:
    words: Sequence[str] = PROSE.split()
    found = []
    for _ in range(SEARCHES):
        text = " ".join(chance.choices(words, k=12))
        began = time.perf_counter()
        retrieval.find(text, 8, [f"friend{chance.randrange(400)}@example.org"])
        found.append(1000 * (time.perf_counter() - began))
    return found
