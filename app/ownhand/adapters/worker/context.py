"""Contexts of llama.cpp: sequences of tokens that a model has read, and one step of computing them further.

llama.cpp ends the process on many wrong calls (a batch that is too large, logits that were not asked for), so every
size is kept and checked here.  Not safe for more than one thread, but for `interrupt`.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import llama_cpp.llama_cpp as _llama
import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker.pace import Pace
from ownhand.errors import ModelError

L: Any = _llama
"""Untyped: the binding's decorators erase its signatures."""

BATCH: Final = 512
"""Tokens computed in one step, at most."""
SCORED_AT_ONCE: Final = 128
"""Tokens in one step of which every one's logits are asked for, at most."""
VARIANTS: Final = 3
"""Suggestions that are written at the same time."""
ANSWER_ROOM: Final = 512
"""Tokens each further suggestion may add to a prompt that it shares with the first."""
MOST_WINDOW: Final = 4096
_ABORTED, _FULL = 2, 1

Logits = NDArray[np.float32]
Native = Any
"""A pointer, structure or callback of the library."""


class Interrupted(Exception):
    """A step was broken off by `interrupt`; its sequences are as they were before."""


class Full(Exception):
    """No room is left in the context; its sequences are as they were before."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a context."""

    window: int
    """Tokens one sequence may hold."""
    cells: int
    """Tokens all sequences may hold together; what sequences share counts once."""
    sequences: int


def window_of(trained: int) -> int:
    """Tokens in a window: what the model was trained for, at most 4096, a multiple of 256.

    llama.cpp rounds up to such a multiple by itself, but then its sizes differ from those we count with.
    """
    return max(256, min(trained, MOST_WINDOW) // 256 * 256)


def completion_shape(window: int) -> Shape:
    """One sequence: completions come one at a time and nothing may stand in their way."""
    return Shape(window, window, 1)


def suggestion_shape(window: int) -> Shape:
    """A whole window, and room for the answers of variants that share its prompt."""
    return Shape(window, window + (VARIANTS - 1) * ANSWER_ROOM, VARIANTS)


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens to append to one sequence in a step, and whether logits are wanted after each or only after the last."""

    sequence: int
    tokens: Sequence[int]
    position: int
    every: bool = False


class Context:
    """A context of one shape.  `close()` gives its memory back."""

    def __init__(self, model: Native, vocabulary: int, shape: Shape, threads: Sequence[int]) -> None:
        """Over a loaded model with so many kinds of tokens.  Raises ModelError where memory does not suffice."""
        self.shape = shape
        self._vocabulary = vocabulary
        self.pace = Pace(threads)
        self._flag = ctypes.create_string_buffer(b"0")
        self._context: Native = L.llama_init_from_model(model, _parameters(shape, threads))
        if not self._context:
            raise ModelError("There is not enough memory to run this model. Choose a smaller one in Settings.")
        L.llama_set_abort_callback(self._context, _ABORT, ctypes.cast(self._flag, ctypes.c_void_p))
        self._memory = L.llama_get_memory(self._context)
        self._token = np.zeros(BATCH, np.int32)
        self._position = np.zeros(BATCH, np.int32)
        self._sequence = np.zeros(BATCH, np.int32)
        self._count = np.ones(BATCH, np.int32)
        self._wanted = np.zeros(BATCH, np.int8)
        first, size = self._sequence.ctypes.data, self._sequence.itemsize
        self._sequences = np.arange(first, first + BATCH * size, size, dtype=np.uint64)
        self._batch = L.llama_batch(
            n_tokens=0,
            token=_pointer(self._token, L.llama_token),
            embd=None,
            pos=_pointer(self._position, L.llama_pos),
            n_seq_id=_pointer(self._count, ctypes.c_int32),
            seq_id=ctypes.cast(self._sequences.ctypes.data, ctypes.POINTER(ctypes.POINTER(L.llama_seq_id))),
            logits=_pointer(self._wanted, ctypes.c_int8),
        )

    def interrupt(self) -> None:
        """Break off the step that runs now, or else the next one; callable from any thread."""
        self._flag[0] = b"1"

    def clear_interrupt(self) -> None:
        """Forget interrupts up to now.  Look for their reasons after this, not before."""
        self._flag[0] = b"0"

    def step(self, *parts: Part) -> list[Logits]:
        """Append tokens to sequences; for each part its logits, of shape (rows, vocabulary), valid until the next step.

        Raises Interrupted or Full; the sequences are then as they were before.
        """
        total = 0
        for part in parts:
            count = len(part.tokens)
            if not count or total + count > BATCH or part.position + count > self.shape.window:
                raise ValueError("step does not fit")
            span = slice(total, total + count)
            self._token[span] = part.tokens
            self._position[span] = np.arange(part.position, part.position + count, dtype=np.int32)
            self._sequence[span] = part.sequence
            self._wanted[span] = part.every
            total += count
            self._wanted[total - 1] = True
        self._batch.n_tokens = total
        threads = self.pace.choose(total)
        L.llama_set_n_threads(self._context, threads, threads)
        began = time.perf_counter()
        result = L.llama_decode(self._context, self._batch)
        if result:
            for part in parts:
                self.cut(part.sequence, part.position)
            if result == _ABORTED:
                raise Interrupted
            if result == _FULL:
                raise Full
            raise ValueError(f"llama_decode returned {result}")
        # WHY here: with a graphics processor llama_decode returns before the work is done, the logits wait for it
        pointer = L.llama_get_logits(self._context)
        self.pace.observe(total, threads, time.perf_counter() - began)
        if not pointer:
            raise ValueError("no logits")
        rows = [len(part.tokens) if part.every else 1 for part in parts]
        found: Logits = np.ctypeslib.as_array(pointer, shape=(sum(rows), self._vocabulary))
        ends = np.cumsum(rows)
        return [found[end - count : end] for end, count in zip(ends, rows, strict=True)]

    def wear(self, adapters: Sequence[tuple[Native, float]]) -> None:
        """Compute with these adapters (llama.Llama.open_adapter) at these scales, and no others, from now on.

        What the sequences hold was computed otherwise; cut them to nothing first.
        """
        vectors = [(adapter, scale) for adapter, scale in adapters if isinstance(adapter, np.ndarray)]
        adapters = [(adapter, scale) for adapter, scale in adapters if not isinstance(adapter, np.ndarray)]
        self._steer(vectors)
        count = len(adapters)
        handles = (L.llama_adapter_lora_p_ctypes * count)(*(adapter for adapter, _ in adapters))
        scales = (ctypes.c_float * count)(*(scale for _, scale in adapters))
        if L.llama_set_adapters_lora(self._context, handles if count else None, count, scales if count else None):
            raise ModelError("The adapter could not be used with this model. Remove it, and train it again.")

    def _steer(self, vectors: Sequence[tuple[NDArray[np.float32], float]]) -> None:
        """Add these to what the layers put out, each of shape (layers - 1, width), row i to layer i + 1."""
        if not vectors:
            L.llama_set_adapter_cvec(self._context, None, 0, 0, 0, 0)
            return
        added = np.ascontiguousarray(sum(scale * vector for vector, scale in vectors), np.float32)
        layers, width = added.shape
        pointer = added.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        if L.llama_set_adapter_cvec(self._context, pointer, added.size, width, 1, layers):
            raise ModelError("The style vector could not be used with this model. Remove it, and train it again.")

    # -- sequences

    def cut(self, sequence: int, length: int) -> bool:
        """Keep only the first `length` tokens; False if this architecture can only forget all of them."""
        return bool(L.llama_memory_seq_rm(self._memory, sequence, length, -1))

    def copy(self, source: int, target: int, length: int) -> bool:
        """Make the empty sequence `target` begin with the first `length` tokens of `source`, without computing."""
        L.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        return self.cut(target, length)

    def save(self, sequence: int) -> bytes:
        """The state of a sequence, for `restore` under the same model, adapters and shape.  It contains its text."""
        size = L.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        written = L.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return ctypes.string_at(buffer, written)

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put a saved state into an empty sequence; False, and still empty, if there is no room for it."""
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        if L.llama_state_seq_set_data(self._context, buffer, len(state), sequence):
            return True
        self.cut(sequence, 0)
        return False

    def close(self) -> None:
        if self._context:
            L.llama_free(self._context)
        self._context = None


def _pointer(array: NDArray[Any], kind: Native) -> Native:
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))


def _parameters(shape: Shape, threads: Sequence[int]) -> Native:
    parameters = L.llama_context_default_params()
    parameters.n_ctx = shape.cells
    parameters.n_seq_max = shape.sequences
    parameters.kv_unified = True  # variants share the cells of their prompt
    parameters.n_batch = parameters.n_ubatch = min(BATCH, shape.cells)
    parameters.n_threads = parameters.n_threads_batch = max(threads)
    parameters.no_perf = True
    return parameters


def _native_abort() -> Native:
    """A function of the C library that tells "1" from "0", as llama.cpp's abort callback.

    WHY not a Python function: llama.cpp calls it between any two operations of the network, and each call would have to
    wait for the interpreter's lock.  `atoi` takes a pointer and returns what is not zero for "1", as is asked for.
    """
    library = ctypes.CDLL("msvcrt") if hasattr(ctypes, "WinDLL") else ctypes.CDLL(None)
    return ctypes.cast(library.atoi, L.ggml_abort_callback)


_ABORT: Final = _native_abort()
