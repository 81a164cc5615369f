"""The recall role: sentence embeddings and the vector index, seen from the window's process.

`RecallClient` is the proxy and imports no numerical library; `open_role` runs in the child and brings in the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ownhand.adapters.worker.client import RESTARTED, About, StateListener, Supervision, WorkerClient
from ownhand.errors import BadInput

if TYPE_CHECKING:
    from ownhand.adapters.worker.serve import Desk, Operation

DIMENSIONS: Final = 384
VECTOR_BYTES: Final = 4 * DIMENSIONS
_TEXTS_PER_REQUEST: Final = 128
_VECTORS_PER_REQUEST: Final = 2000
_PATIENCE_S: Final = 60.0
"""How long the worker may say nothing about a request."""
_SUPERVISION: Final = Supervision(patience=30.0)
"""Importing torch holds the interpreter for seconds on a busy machine."""
_ABOUT: Final = About(
    "The part that compares meanings",
    remedy="Suggestions go on without it, with what is found by words. Start Ownhand again to have it back.",
)


def open_role(desk: Desk) -> Mapping[str, Operation]:
    """The operations of the child (see serve.py)."""
    from ownhand.adapters.worker.recall_role import RecallRole

    return RecallRole(desk).operations()


class RecallClient:
    """ports.Recall through a worker process, which may die and come back empty."""

    def __init__(
        self,
        on_respawn: Callable[[], None] | None = None,
        *,
        on_state: StateListener | None = None,
        supervision: Supervision | None = None,
    ) -> None:
        """`on_respawn` is called, in a thread of its own, whenever a new process took the place of one that died.

        That process knows no vectors: whoever owns them sends them again.  Queries find nothing until then.
        """
        self.on_respawn = on_respawn
        self._on_state = on_state
        self._worker = WorkerClient(
            "recall", on_state=self._heard, about=lambda: _ABOUT, supervision=supervision or _SUPERVISION
        )

    # -- ports.Recall

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One little-endian float32 blob of 384 numbers per text, unit length, in order.

        Of a long text the first 256 tokens count.  Raises WorkerError.  Queries of other threads have
        their turn between its batches.
        """
        vectors: list[bytes] = []
        for start in range(0, len(texts), _TEXTS_PER_REQUEST):
            some = list(texts[start : start + _TEXTS_PER_REQUEST])
            vectors += _apart(self._worker.call("embed", _PATIENCE_S, texts=some))
        return vectors

    def add(self, collection: str, ids: Sequence[int], vectors: Sequence[bytes]) -> None:
        """Add vectors, or replace those with the same ids.  Raises BadInput for a wrong size, WorkerError."""
        if len(ids) != len(vectors):
            raise ValueError("as many ids as vectors")
        packed = _together(vectors)
        for start in range(0, len(ids), _VECTORS_PER_REQUEST):
            end = start + _VECTORS_PER_REQUEST
            self._worker.call(
                "add",
                _PATIENCE_S,
                collection=collection,
                ids=list(ids[start:end]),
                vectors=packed[start * VECTOR_BYTES : end * VECTOR_BYTES],
            )

    def remove(self, collection: str, ids: Sequence[int]) -> None:
        """Take vectors out; ids that are not there are no error."""
        if ids:
            self._worker.call("remove", _PATIENCE_S, collection=collection, ids=list(ids))

    def ask(self, collection: str, text: str, limit: int, replaces: str = "") -> Callable[[], list[tuple[int, float]]]:
        """Ask for the nearest ids to a text; nothing is found in a collection that is not there.

        It does not wait: what it returns is called, once, for the answer.  Both raise WorkerError.
        """
        asked = self._worker.stream(
            "query", timeout=_PATIENCE_S, replaces=replaces, collection=collection, text=text, limit=limit
        )

        def answer() -> list[tuple[int, float]]:
            for _ in asked:
                raise AssertionError("a query is answered at once, not in items")
            return _pairs(asked.result)

        return answer

    def meaning(self, text: str) -> bytes:
        """As `embed`, of one text."""
        return self.embed([text])[0]

    def drop(self, collection: str) -> None:
        """Forget a whole collection."""
        self._worker.call("drop", _PATIENCE_S, collection=collection)

    def start(self) -> None:
        """Start the worker now, so that the embedder is loaded when it is first needed.  Raises WorkerError."""
        self._worker.start()

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    # -- beyond the port

    def query(self, collection: str, text: str, limit: int) -> list[tuple[int, float]]:
        """As `ask`, and wait."""
        return self.ask(collection, text, limit)()

    def nearest(self, collection: str, vector: bytes, limit: int, *, exact: bool = False) -> list[tuple[int, float]]:
        """As `query`, from a vector; `exact` scans all of them even where the index stands."""
        answer = self._worker.call(
            "nearest", _PATIENCE_S, collection=collection, vector=_together([vector]), limit=limit, exact=exact
        )
        return _pairs(answer)

    def describe(self) -> dict[str, Any]:
        """What the worker holds: {'precision', 'loaded', 'collections': {name: {'vectors', 'indexed'}}}."""
        answer: dict[str, Any] = self._worker.call("describe", _PATIENCE_S)
        return answer

    @property
    def worker(self) -> WorkerClient:
        """The supervised process, for doctor and tests."""
        return self._worker

    def _heard(self, role: str, state: str, sentence: str) -> None:
        if self._on_state is not None:
            self._on_state(role, state, sentence)
        if state == RESTARTED and self.on_respawn is not None:
            # WHY a thread: this is called by whoever's request started the process, and that one must not wait
            threading.Thread(target=self.on_respawn, name="recall refill", daemon=True).start()


def _together(vectors: Sequence[bytes]) -> bytes:
    if any(len(vector) != VECTOR_BYTES for vector in vectors):
        raise BadInput(
            f"A stored vector does not have {DIMENSIONS} numbers, so another embedder made it; import again."
        )
    return b"".join(vectors)


def _apart(packed: bytes) -> list[bytes]:
    return [packed[start : start + VECTOR_BYTES] for start in range(0, len(packed), VECTOR_BYTES)]


def _pairs(found: Sequence[Sequence[float]]) -> list[tuple[int, float]]:
    return [(int(number), float(cosine)) for number, cosine in found]
