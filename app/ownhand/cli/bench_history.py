"""How fast the history is taken in and searched: `ownhand bench import` and `ownhand bench search`."""

from __future__ import annotations

import itertools
import random
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from ownhand.adapters import importers
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker.recall import RecallClient
from ownhand.cli.bench_engine import PROSE, quantile
from ownhand.domain.corpus import Document, Kind
from ownhand.services.importing import Importing, Reading
from ownhand.services.retrieval import COLLECTION, Retrieval, query_words

ME: Final = "robin@example.org"
MESSAGES: Final = 3000
"""Read and cleaned."""
EMBEDDED: Final = 768
"""Imported as a whole, with their vectors."""
SEARCHES: Final = 60
SEARCHES_WHILE_BUILDING: Final = 12
PAUSE_S: Final = 0.8
"""Before each of these, so that the building has gone on and the first search of a person is what is measured."""
TYPED: Final = 12
"""Questions of one or two words that are typed into the search box, key by key."""
WORDS: Final = 90
"""Of a document; a third of one is asked for, as when a mail is begun."""
VOCABULARY: Final = 200_000
COMMONEST: Final = (
    "the to and a i of in is that it for you on this be with have are as not if or but we at from will can so was my "
    "your by an what me do there would any all just some about out which no get like one has know our please up they "
    "when more think"
).split()
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

    The documents are words drawn at random, as often as words stand in mail (see `_Writer`), their vectors are drawn
    evenly: what is measured is time, not quality.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        vault = SqlVault.open(place, _KEY, "for this measurement")
        writer = _Writer(random.Random(1))
        _fill(vault, documents, writer)
        vault.close()
        recall = RecallClient()
        try:
            recall.embed(["load"])
            began = time.perf_counter()
            vault = SqlVault.open(place, _KEY, "for this measurement")
            retrieval = Retrieval(vault, recall)
            retrieval.fill()
            sent = time.perf_counter() - began
            while not recall.describe()["collections"][COLLECTION]["indexed"]:
                time.sleep(0.05)
            ready = time.perf_counter() - began
            after, typed = _searches(retrieval, writer, SEARCHES), _typing(retrieval, writer)
        finally:
            recall.close()
        recall = RecallClient()  # once more: searches make the building wait
        try:
            recall.embed(["load"])
            retrieval = Retrieval(vault, recall)
            retrieval.fill()
            before = _searches(retrieval, writer, SEARCHES_WHILE_BUILDING, PAUSE_S)
            vault.close()
        finally:
            recall.close()
    return {
        "documents": documents,
        "vectors_there_s": round(sent, 2),
        "index_ready_s": round(ready, 2),
        "search_while_building_ms": {"p50": quantile(before, 0.5), "p95": quantile(before, 0.95)},
        "search_ms": {"p50": quantile(after, 0.5), "p95": quantile(after, 0.95)},
        "typing_ms": {"p50": quantile(typed, 0.5), "p95": quantile(typed, 0.95)},
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
    building, after, typed = figures["search_while_building_ms"], figures["search_ms"], figures["typing_ms"]
    return (
        f"{figures['documents']:,} documents: all vectors there {figures['vectors_there_s']} s after unlocking, "
        f"index ready after {figures['index_ready_s']} s\n"
        f"search with the query's embedding: p50 {after['p50']} ms, p95 {after['p95']} ms; "
        f"while the index is built p50 {building['p50']} ms, p95 {building['p95']} ms\n"
        f"after each key in the search box: p50 {typed['p50']} ms, p95 {typed['p95']} ms"
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


class _Writer:
    """Draws words as often as they stand in mail: the word of rank r with a weight of (r + 3)^-1.12.

    That is Zipf's law as Mandelbrot (1953) corrected it, fitted to the 2,000 commonest words of 4,216 messages and
    posts by 33 people.  A question then has as many words that stand in a fifth of the history, and as many that stand
    in a thousandth, as one made of a real message.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        words = dict.fromkeys(COMMONEST)
        syllables = [first + last for first in "bcdfghjklmnprstvwz" for last in "aeiou"]
        while len(words) < VOCABULARY:
            words[
                "".join(chance.choices(syllables, k=chance.choice((2, 3, 3, 4)))) + chance.choice(" nrst").strip()
            ] = None
        self._words = list(words)
        self._weights = list(itertools.accumulate((rank + 3) ** -1.12 for rank in range(1, VOCABULARY + 1)))

    def text(self, count: int) -> str:
        """So many words."""
        return " ".join(self.chance.choices(self._words, cum_weights=self._weights, k=count))


def _fill(vault: SqlVault, count: int, writer: _Writer) -> None:
    source = vault.add_source("/bench", "mailbox")
    when = datetime(2015, 1, 1, tzinfo=UTC)
    for start in range(0, count, 1000):
        documents = []
        for number in range(start, min(count, start + 1000)):
            text, title = f"{writer.text(WORDS)} number{number}", writer.text(4)
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
        vault.put_vectors({passage.id: _vector(writer.chance) for passage in passages})


def _vector(chance: random.Random) -> bytes:
    """384 numbers around zero; the index brings them to unit length."""
    return struct.pack("<384f", *((byte - 127.5) / 1400 for byte in chance.randbytes(384)))


def _searches(retrieval: Retrieval, writer: _Writer, count: int, pause_s: float = 0.0) -> list[float]:
    found = []
    for _ in range(count):
        time.sleep(pause_s)
        text, friend = writer.text(WORDS // 3), f"friend{writer.chance.randrange(400)}@example.org"
        found.append(_milliseconds(partial(retrieval.find, text, 8, [friend])))
    return found


def _typing(retrieval: Retrieval, writer: _Writer) -> list[float]:
    # nobody looks for "the"
    questions = [" ".join(query_words(writer.text(12))[: 1 + number % 2]) for number in range(TYPED)]
    return [
        _milliseconds(partial(retrieval.find, question[:end], 40, typing=True))
        for question in questions
        for end in range(1, len(question) + 1)
    ]


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
