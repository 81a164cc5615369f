"""What the recall worker does with its requests (the child's side; see serve.py for how they come)."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ownhand.adapters.worker.embedder import DIMENSIONS, Embedder
from ownhand.adapters.worker.nearest import VectorIndex, Vectors
from ownhand.adapters.worker.serve import Desk, Job, Operation
from ownhand.errors import BadInput

_CHUNK: Final = 8
"""Texts encoded at a time: larger gains nothing on two cores, and a waiting query waits for one of these."""
_POLL_S: Final = 0.05
_MAX_LIMIT: Final = 10_000


class RecallRole:
    """One embedder, one index."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        importing = threading.Lock()
        self._embedder = Embedder(importing)
        self._index = VectorIndex(DIMENSIONS, importing)
        desk.noticed = self._noticed

    def operations(self) -> Mapping[str, Operation]:
        """Operation by name."""
        return {
            "embed": self.embed,
            "add": self.add,
            "remove": self.remove,
            "drop": self.drop,
            "query": self.query,
            "nearest": self.nearest,
            "describe": self.describe,
        }

    def embed(self, job: Job, texts: Sequence[str]) -> bytes:
        """Vectors of the texts, in their order, as one blob; everything else goes first between its chunks."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        # texts of one length waste nothing on padding
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), _CHUNK):
            places = order[start : start + _CHUNK]
            vectors[places] = self._encode(job, [texts[place] for place in places])
            job.check()
            if start + _CHUNK < len(order):  # so that short requests, served in here, never serve others in turn
                self._desk.serve(_is_short)
        return vectors.astype("<f4").tobytes()

    def add(self, job: Job, collection: str, ids: Sequence[int], vectors: bytes) -> int:
        """How many were given."""
        self._index.add(collection, _numbers(ids), vectors)
        return len(ids)

    def remove(self, job: Job, collection: str, ids: Sequence[int]) -> None:
        """Take vectors out."""
        self._index.remove(collection, _numbers(ids))

    def drop(self, job: Job, collection: str) -> None:
        """Forget a collection."""
        self._index.drop(collection)

    def query(self, job: Job, collection: str, text: str, limit: int) -> list[tuple[int, float]]:
        """The nearest to a text."""
        return self._index.nearest(collection, self._encode(job, [text])[0], min(limit, _MAX_LIMIT))

    def nearest(
        self, job: Job, collection: str, vector: bytes, limit: int, exact: bool = False
    ) -> list[tuple[int, float]]:
        """The nearest to a vector."""
        rows = self._index.unpack(vector)
        if len(rows) != 1:
            raise BadInput("One vector can be looked up at a time.")
        return self._index.nearest(collection, rows[0], min(limit, _MAX_LIMIT), exact=exact)

    def describe(self, job: Job) -> dict[str, Any]:
        """See RecallClient.describe."""
        return {
            "loaded": self._embedder.wait(0),
            "precision": self._embedder.precision,
            "building_failed": self._index.building_failed,
            "collections": self._index.describe(),
        }

    def _noticed(self) -> None:
        # WHY in the reading thread: it may be the only one to run between two calls of chroma
        if self._desk.pressing(lambda job: job.op != "describe"):
            self._index.in_use()

    def _encode(self, job: Job, texts: Sequence[str]) -> Vectors:
        while not self._embedder.wait(_POLL_S):
            job.check()
            self._desk.serve(_needs_no_embedder)
        self._index.in_use()
        return self._embedder.encode(texts)


def _needs_no_embedder(job: Job) -> bool:
    return job.op in ("add", "remove", "drop", "nearest", "describe")


def _is_short(job: Job) -> bool:
    return job.op != "embed" or len(job.args.get("texts", ())) <= _CHUNK


def _numbers(ids: Sequence[int]) -> list[int]:
    if not all(type(number) is int for number in ids):
        raise BadInput("The ids of vectors are whole numbers.")
    return list(ids)
