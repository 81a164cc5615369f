"""The vectors of the recall worker: an exact matrix that answers at once, and the chroma collection made of it.

A collection of 100,000 vectors takes chroma about a minute to build, a scan of the same matrix 3 ms.  So the matrix is
the truth, chroma follows in a thread of its own, and a query is answered by chroma only while nothing is pending for
that collection.  Chroma holds the interpreter while it takes vectors in (1.5.9; half a millisecond each), so it is
given few at a time, and none while vectors arrive or questions are asked.  Vectors and opaque numbers are all that is
ever held here.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker.protocol import place_of
from ownhand.errors import BadInput

Vectors = NDArray[np.float32]
_Chroma = Any
"""Client or collection of chromadb, which is imported late and ships no types we could use."""

SLICE: Final = 200
"""Vectors per call of chroma, whose own limit is 5461: as long as one call takes, everything else here may wait."""
REST_S: Final = 0.5
"""How long chroma is left alone after a sign of use: from one key in a search box to the next."""
HNSW: Final = {"space": "cosine", "ef_construction": 100, "max_neighbors": 16, "ef_search": 100}


class Matrix:
    """Unit vectors by number, with an exact search.  Not thread-safe."""

    def __init__(self, dimensions: int) -> None:
        self._rows: Vectors = np.empty((0, dimensions), np.float32)
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._row_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    def put(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; of an id given twice the last stays."""
        self._reserve(len(self) + len(ids))
        for number, vector in zip(ids, vectors, strict=True):
            row = self._row_of.setdefault(number, len(self._row_of))
            self._rows[row] = vector
            self._ids[row] = number

    def take_out(self, ids: Sequence[int]) -> None:
        """Remove; the last row moves into the gap.  Unknown ids are no error."""
        for number in ids:
            row = self._row_of.pop(number, None)
            if row is None:
                continue
            last = len(self._row_of)
            if row != last:
                moved = int(self._ids[last])
                self._rows[row], self._ids[row] = self._rows[last], moved
                self._row_of[moved] = row

    def pick(self, ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """Those of the ids that are (still) here, each once, with copies of their vectors."""
        there = [number for number in dict.fromkeys(ids) if number in self._row_of]
        return there, self._rows[[self._row_of[number] for number in there]]

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """Ids and cosines, best first, by one product over all rows."""
        count = len(self)
        limit = min(limit, count)
        if limit <= 0:
            return []
        cosines = self._rows[:count] @ vector
        best = np.argpartition(cosines, count - limit)[count - limit :]
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(int(self._ids[row]), float(cosines[row])) for row in best]

    def _reserve(self, count: int) -> None:
        if count > len(self._rows):
            room = max(count, 2 * len(self._rows), 256)
            rows, ids = np.empty((room, self._rows.shape[1]), np.float32), np.empty(room, np.int64)
            rows[: len(self)], ids[: len(self)] = self._rows[: len(self)], self._ids[: len(self)]
            self._rows, self._ids = rows, ids


@dataclass
class _Collection:
    matrix: Matrix
    chroma_name: str
    chroma: Any = None
    pending: int = 0
    gone: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class _Step:
    what: Literal["put", "take out", "drop"]
    collection: _Collection
    ids: tuple[int, ...] = ()


class VectorIndex:
    """Collections of vectors.  Its methods are called from one thread; the building goes on in another."""

    def __init__(self, dimensions: int, importing: threading.Lock) -> None:
        """`importing`: see Embedder."""
        self._importing = importing
        self._dimensions = dimensions
        self._collections: dict[str, _Collection] = {}
        self._steps: queue.SimpleQueue[_Step] = queue.SimpleQueue()
        self._made = 0
        self.building_failed = False
        """Chroma gave up; everything is still answered by the exact scan."""
        self._used_until = 0.0
        threading.Thread(target=self._build, name="chroma", daemon=True).start()

    def in_use(self) -> None:
        """Something else is computed or asked for now: chroma waits until a moment after."""
        self._used_until = time.monotonic() + REST_S

    def unpack(self, packed: bytes) -> Vectors:
        """Rows of a blob of little-endian float32, brought to unit length.  Raises BadInput."""
        if len(packed) % (4 * self._dimensions):
            raise BadInput(f"These vectors do not have {self._dimensions} numbers each; import the history again.")
        rows = np.frombuffer(packed, "<f4").reshape(-1, self._dimensions)
        if not np.isfinite(rows).all():
            raise BadInput("A stored vector is damaged; import the history again.")
        lengths = np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)
        return (rows / np.where(lengths == 0, np.float32(1), lengths)).astype(np.float32)

    def add(self, name: str, ids: Sequence[int], packed: bytes) -> None:
        """Add or replace vectors.  Raises BadInput for a wrong number of them or of their numbers."""
        self.in_use()
        vectors = self.unpack(packed)
        if len(vectors) != len(ids):
            raise BadInput(f"{len(ids)} ids came with {len(vectors)} vectors.")
        collection = self._collections.get(name)
        if collection is None:
            self._made += 1
            collection = _Collection(Matrix(self._dimensions), f"collection-{self._made}")
            self._collections[name] = collection
        with collection.lock:
            collection.matrix.put(ids, vectors)
        self._later("put", collection, ids)

    def remove(self, name: str, ids: Sequence[int]) -> None:
        """Take vectors out; what is not there is no error."""
        collection = self._collections.get(name)
        if collection is not None:
            with collection.lock:
                collection.matrix.take_out(ids)
            self._later("take out", collection, ids)

    def drop(self, name: str) -> None:
        """Forget a collection."""
        collection = self._collections.pop(name, None)
        if collection is not None:
            collection.gone = True
            self._steps.put(_Step("drop", collection))

    def nearest(self, name: str, vector: Vectors, limit: int, *, exact: bool = False) -> list[tuple[int, float]]:
        """Ids and cosines, best first: by chroma where its collection stands, else, or if `exact`, by a scan."""
        self.in_use()
        collection = self._collections.get(name)
        if collection is None:
            return []
        with collection.lock:
            count = len(collection.matrix)
            if exact or collection.pending or collection.chroma is None or not 0 < limit <= count:
                return collection.matrix.nearest(vector, limit)
        found = collection.chroma.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
        return [
            (int(number), 1.0 - float(distance))
            for number, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def describe(self) -> dict[str, dict[str, Any]]:
        """Per collection how many vectors it has and whether chroma answers for it."""
        return {
            name: {"vectors": len(one.matrix), "indexed": one.chroma is not None and not one.pending}
            for name, one in self._collections.items()
        }

    # -- chroma's thread

    def _later(self, what: Literal["put", "take out"], collection: _Collection, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), SLICE):
            with collection.lock:
                collection.pending += 1
            self._steps.put(_Step(what, collection, tuple(ids[start : start + SLICE])))

    def _build(self) -> None:
        client: Any = None
        try:
            while True:
                step = self._steps.get()
                if client is None:
                    client = _chroma_client(self._importing)
                while (left := self._used_until - time.monotonic()) > 0:
                    time.sleep(left)
                self._take(client, step)
        except Exception as error:  # pending never falls to zero again, so the scan goes on to answer
            self.building_failed = True
            sys.stderr.write(f"chroma: {place_of(error)}\n")

    def _take(self, client: _Chroma, step: _Step) -> None:
        one = step.collection
        if step.what == "drop":
            if one.chroma is not None:
                client.delete_collection(one.chroma_name)
            return
        if one.gone:
            return
        if one.chroma is None:
            one.chroma = client.create_collection(
                one.chroma_name, embedding_function=None, configuration={"hnsw": dict(HNSW)}
            )
        if step.what == "take out":
            one.chroma.delete(ids=[str(number) for number in step.ids])
        else:
            with one.lock:
                ids, vectors = one.matrix.pick(step.ids)
            if ids:
                one.chroma.upsert(ids=[str(number) for number in ids], embeddings=vectors)
        with one.lock:
            one.pending -= 1


def _chroma_client(importing: threading.Lock) -> _Chroma:
    """A client in memory, with a database nobody else in this process can have opened, and without telemetry."""
    with importing:
        import chromadb
        from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False, is_persistent=False)
    database = f"ownhand-{uuid.uuid4().hex}"
    chromadb.AdminClient(settings).create_database(database)
    return chromadb.EphemeralClient(settings=settings, database=database)
