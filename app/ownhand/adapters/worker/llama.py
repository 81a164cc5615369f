"""The one place that calls llama.cpp: a model with one context and several sequences.

llama.cpp ends the process on many wrong calls (a batch that is too large, logits that were not asked for), and
answers others with a NULL pointer that ctypes hands out as a true object of its own; so pointers are judged by truth
value and every size is kept here.  Not safe for more than one thread.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import llama_cpp.llama_cpp as _llama
import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker import machine
from ownhand.adapters.worker.header import Header
from ownhand.errors import Cancelled, ModelError

L: Any = _llama
"""Untyped: the binding's decorators erase its signatures."""

BATCH: Final = 512
LANES: Final = 2
MOST_CONTEXT: Final = 4096
_ABORTED, _FULL = 2, 1
_HIDDEN_ATTRIBUTES: Final = 1 << 0 | 1 << 1 | 1 << 3  # unknown, unused, control
_ABORT_EXIT: Final = 77

Logits = NDArray[np.float32]
Native: TypeAlias = Any
"""A pointer, structure or callback of the library."""


def _silence() -> Native:
    quiet = L.llama_log_callback(lambda level, text, data: None)
    L.llama_log_set(quiet, ctypes.c_void_p(0))
    return quiet


def _leave_cleanly_on_abort() -> Native:
    """Make a failed assertion inside ggml end the process at once, without its debugger and its paths on the screen.

    The library must be the very file that is mapped already: opening it by another name loads a second copy.
    """
    folder = Path(_llama.__file__).parent / "lib"
    names = {"linux": "libggml-base.so.0", "darwin": "libggml-base.dylib"}
    path = folder / names.get(sys.platform, "ggml-base.dll")
    if not path.exists():
        return None
    kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p)

    def leave(message: bytes) -> None:
        os.write(2, message + b"\n")
        os._exit(_ABORT_EXIT)

    callback = kind(leave)
    ctypes.CDLL(str(path)).ggml_set_abort_callback(callback)
    return callback


def context_length(header: Header) -> int:
    """Tokens in each lane's window: what the model was trained for, at most 4096, a multiple of 256."""
    trained = header.of_architecture("context_length", 2048)
    return max(256, min(trained, MOST_CONTEXT) // 256 * 256)


class Llama:
    """A loaded model.  `close()` gives its memory back."""

    def __init__(self, header: Header, gpu_layers: int = 0, threads: int = 0) -> None:
        """Load the file, the last `gpu_layers` layers into the GPU; `threads` 0 chooses by the machine.

        Raises ModelError if llama.cpp refuses it or its weights are no numbers.
        """
        self.header = header
        self.gpu_layers = gpu_layers
        self.context = context_length(header)
        self.wanted: Callable[[], bool] = lambda: True
        """Asked all the time while llama.cpp computes; False aborts the computation."""
        self._model: Native = None
        self._context: Native = None
        self._batch: Native = None
        damaged = ModelError(f"The model file {header.path.name} could not be loaded. Download it again.")
        try:
            self._model = L.llama_model_load_from_file(os.fsencode(header.path), _model_parameters(header, gpu_layers))
            if not self._model:
                raise damaged
            self._context = L.llama_init_from_model(self._model, _context_parameters(self.context))
            if not self._context:
                raise ModelError(
                    f"There is not enough memory to run {header.path.name}. Choose a smaller model in Settings."
                )
            if threads:
                L.llama_set_n_threads(self._context, threads, threads)
            self._prepare()
            if not np.isfinite(self.decode(0, [self.start], 0)).all():
                raise damaged
            self.cut(0, 0)
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        self._abort = L.ggml_abort_callback(lambda data: not self.wanted())
        L.llama_set_abort_callback(self._context, self._abort, None)
        self._memory = L.llama_get_memory(self._context)
        self._batch = L.llama_batch_init(BATCH, 0, 1)
        self._vocab = L.llama_model_get_vocab(self._model)
        self.size: int = L.llama_vocab_n_tokens(self._vocab)
        self.adds_start: bool = L.llama_vocab_get_add_bos(self._vocab)
        start = L.llama_vocab_bos(self._vocab)
        self.start: int = start if start >= 0 else max(0, L.llama_vocab_eos(self._vocab))
        """The token before the first word of a document."""
        self.ends = frozenset(t for t in range(self.size) if L.llama_vocab_is_eog(self._vocab, t))
        self.pieces = [self._piece(token) for token in range(self.size)]
        """The bytes of every token; empty for tokens that are no text."""
        fim = [int(getattr(L, f"llama_vocab_fim_{part}")(self._vocab)) for part in ("pre", "suf", "mid")]
        self.fill_in_middle: tuple[int, int, int] | None = (fim[0], fim[1], fim[2]) if min(fim) >= 0 else None

    def _piece(self, token: int) -> bytes:
        if token in self.ends or L.llama_vocab_get_attr(self._vocab, token) & _HIDDEN_ATTRIBUTES:
            return b""
        buffer = ctypes.create_string_buffer(64)
        length = L.llama_token_to_piece(self._vocab, token, buffer, 64, 0, False)
        if length < 0:
            buffer = ctypes.create_string_buffer(-length)
            length = L.llama_token_to_piece(self._vocab, token, buffer, -length, 0, False)
        return buffer.raw[:length]

    # -- text

    def tokenize(self, text: str, special: bool) -> list[int]:
        """Token ids of a text.  Only with `special` do strings like <|im_end|> become the tokens they name."""
        data = text.encode("utf-8", "replace")
        if not data:
            return []
        room = len(data) + 8
        tokens = (L.llama_token * room)()
        count = L.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            tokens = (L.llama_token * -count)()
            count = L.llama_tokenize(self._vocab, data, len(data), tokens, -count, False, special)
        return list(tokens[:count])

    def special_strings(self) -> list[str]:
        """The texts of all tokens that act as marks, longest first."""
        names = {
            (L.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")
            for token in range(self.size)
            if token in self.ends or L.llama_vocab_get_attr(self._vocab, token) & (_HIDDEN_ATTRIBUTES | 1 << 4)
        }
        return sorted((name for name in names if len(name) > 2), key=len, reverse=True)

    def text_of(self, token: int) -> str:
        """How a mark like the start token is written in templates."""
        return (L.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace") if token >= 0 else ""

    @property
    def chat_template(self) -> str:
        """The model's chat template, '' if it has none."""
        return str(self.header.fields.get("tokenizer.chat_template", "") or "")

    @property
    def end_text(self) -> str:
        return self.text_of(int(L.llama_vocab_eos(self._vocab)))

    # -- computing

    def decode(self, lane: int, tokens: Sequence[int], position: int, every: bool = False) -> Logits:
        """Append up to BATCH tokens to a lane; the logits after the last, or after `every` one.

        Shape (rows, vocabulary), float32, valid until the next call.  Raises Cancelled if `wanted` said no; the lane is
        then as it was before.
        """
        batch, count = self._batch, len(tokens)
        if batch is None or not 0 < count <= BATCH or position + count > self.context:
            raise ValueError("batch does not fit")
        batch.n_tokens = count
        for place, token in enumerate(tokens):
            batch.token[place] = token
            batch.pos[place] = position + place
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = lane
            batch.logits[place] = every
        batch.logits[count - 1] = True
        result = L.llama_decode(self._context, batch)
        if result != 0:
            self.cut(lane, position)
            if result == _ABORTED:
                raise Cancelled("cancelled")
            if result == _FULL:
                raise ModelError("The model's memory for this text is full. Shorten the text or the examples.")
            raise ValueError(f"llama_decode returned {result}")
        rows = count if every else 1
        pointer = L.llama_get_logits(self._context) if every else L.llama_get_logits_ith(self._context, count - 1)
        if not pointer:
            raise ValueError("no logits")
        return np.ctypeslib.as_array(pointer, shape=(rows, self.size))

    def cut(self, lane: int, length: int) -> bool:
        """Keep only the first `length` tokens of a lane; False if this architecture can only forget all of them."""
        return bool(L.llama_memory_seq_rm(self._memory, lane, length, -1))

    def close(self) -> None:
        if self._batch is not None:
            L.llama_batch_free(self._batch)
        if self._context:
            L.llama_free(self._context)
        if self._model:
            L.llama_model_free(self._model)
        self._batch = self._context = self._model = None


_NO_DEVICE: Final = (ctypes.c_void_p * 1)(None)


def _model_parameters(header: Header, gpu_layers: int) -> Native:
    parameters = L.llama_model_default_params()
    parameters.n_gpu_layers = gpu_layers + 1 if gpu_layers else 0  # llama.cpp counts the output as the first
    if not gpu_layers:  # WHY: else long prompts, and the buffers for them, would still go to the GPU
        parameters.devices = ctypes.cast(_NO_DEVICE, ctypes.c_void_p)
    parameters.check_tensors = True  # damaged weights are no numbers, which computing may hide: text would be nonsense
    # WHY: on x86 repacking 4- and 5-bit weights costs load time and memory and makes prompts slower
    quantized = header.fields.get("general.file_type", 0)
    if quantized in (14, 15, 16, 17) and not machine.is_arm():
        parameters.use_extra_bufts = False
    return parameters


def _context_parameters(window: int) -> Native:
    parameters = L.llama_context_default_params()
    parameters.n_ctx = window * LANES
    parameters.n_seq_max = LANES
    parameters.kv_unified = False  # each lane has its whole window, whatever the other one holds
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.n_threads, parameters.n_threads_batch = machine.threads()
    parameters.no_perf = True
    return parameters


_KEPT_ALIVE: Final = (_silence(), _leave_cleanly_on_abort())
L.llama_backend_init()
