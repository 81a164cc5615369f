"""The trainer role: an adapter for a model, learned from the person's own texts, seen from the window's process.

`TrainerClient` is the proxy and imports no numerical library; `open_role` runs in the child and brings in the rest.
The process lives for one training, so that its memory goes back.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ownhand.adapters.worker.client import About, Supervision, WorkerClient
from ownhand.domain.lessons import Lesson
from ownhand.domain.ports import TrainingProgress
from ownhand.errors import WorkerError

if TYPE_CHECKING:
    from ownhand.adapters.worker.serve import Desk, Operation

_PATIENCE_S: Final = 300.0
"""How long it may say nothing: dequantising a large model is one long step."""
_SUPERVISION: Final = Supervision(patience=60.0)
_ABOUT: Final = About(
    "The training",
    again="train again; it goes on where it was",
    remedy="Close other programs to free memory, and train again.",
)


def open_role(desk: Desk) -> Mapping[str, Operation]:
    """The operations of the child (see serve.py)."""
    # WHY: torch asks for a folder for temporary files as it is imported, and finding one means writing into it
    tempfile.tempdir = os.environ.get("TMPDIR", "/tmp")
    # WHY: texts have many lengths, and oneDNN would keep its plan, with buffers, for a thousand of them
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
    from ownhand.adapters.worker.trainer_role import TrainerRole

    return TrainerRole(desk).operations()


class TrainerClient:
    """ports.Trainer through a worker process.  One training at a time."""

    def __init__(self, supervision: Supervision | None = None) -> None:
        self._supervision = supervision or _SUPERVISION
        self._lock = threading.Lock()
        self._worker: WorkerClient | None = None
        self._paused = False

    @property
    def pid(self) -> int | None:
        """Process id while one trains."""
        worker = self._worker
        return worker.pid if worker is not None else None

    def train(
        self,
        model: Path,
        lessons: Sequence[Lesson],
        held_out: Sequence[Lesson],
        checkpoint: bytes,
        keep: Callable[[bytes], None],
    ) -> Iterator[TrainingProgress]:
        """Train, from a checkpoint if it is one of this very training; the last progress holds the adapter.

        `keep` is given a checkpoint now and then.  Closing the iterator ends it.  Raises ModelError for a model of a
        kind that cannot be trained, or too large for this computer; WorkerError if the process dies.
        """
        worker = WorkerClient("trainer", about=lambda: _ABOUT, supervision=self._supervision)
        with self._lock:
            self._worker = worker
        try:
            stream = worker.stream(
                "train",
                timeout=_PATIENCE_S,
                model=str(model),
                lessons=[asdict(lesson) for lesson in lessons],
                held_out=[asdict(lesson) for lesson in held_out],
                checkpoint=checkpoint,
            )
            self._tell_pause()
            with contextlib.closing(stream):
                for item in stream:
                    if "checkpoint" in item:
                        keep(item["checkpoint"])
                    else:
                        yield TrainingProgress(**item)
            if stream.result is not None:
                yield TrainingProgress(**stream.result)
        finally:
            with self._lock:
                self._worker, self._paused = None, False
            worker.close()

    def direction(self, model: Path, lessons: Sequence[Lesson]) -> bytes:
        """The style vector of these lessons for this model (steering.py).  Raises as `train`."""
        worker = WorkerClient("trainer", about=lambda: _ABOUT, supervision=self._supervision)
        with self._lock:
            self._worker = worker
        try:
            found: bytes = worker.call(
                "direction", _PATIENCE_S, model=str(model), lessons=[asdict(lesson) for lesson in lessons]
            )
            return found
        finally:
            with self._lock:
                self._worker = None
            worker.close()

    def pause(self, on: bool) -> None:
        """Let it wait, or go on, now or as soon as it has started."""
        self._paused = on
        self._tell_pause()

    def _tell_pause(self) -> None:
        worker = self._worker
        if worker is not None and worker.pid is not None:
            with contextlib.suppress(WorkerError):  # who waits for its result hears of it
                worker.call("pause", _PATIENCE_S, on=self._paused)

    def close(self) -> None:
        """End the process."""
        worker = self._worker
        if worker is not None:
            worker.close()
