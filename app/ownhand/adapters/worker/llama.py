"""A model of llama.cpp: its weights, its vocabulary, and the contexts of the two lanes (context.py) over them.

llama.cpp answers many wrong calls with a NULL pointer that ctypes hands out as a true object of its own; so pointers
are judged by truth value.  Not safe for more than one thread.
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

import llama_cpp.llama_cpp as _llama
import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker import machine
from ownhand.adapters.worker.context import Context, Part, completion_shape, suggestion_shape, window_of
from ownhand.adapters.worker.families import THOUGHTS, thinks
from ownhand.adapters.worker.header import Header
from ownhand.errors import BadInput, ModelError

L: Any = _llama
"""Untyped: the binding's decorators erase its signatures."""

_HIDDEN_ATTRIBUTES: Final = 1 << 0 | 1 << 1 | 1 << 3  # unknown, unused, control
_ABORT_EXIT: Final = 77
_OPENINGS: Final = frozenset(opening.encode() for opening, _ in THOUGHTS)

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
    """Tokens in each lane's window."""
    return window_of(header.of_architecture("context_length", 2048))


class Words:
    """The vocabulary of a model alone: text to tokens without the weights.  `close()` gives its memory back."""

    def __init__(self, header: Header) -> None:
        """Raises ModelError if llama.cpp refuses the file."""
        parameters = L.llama_model_default_params()
        parameters.vocab_only = True
        self._model: Native = L.llama_model_load_from_file(os.fsencode(header.path), parameters)
        if not self._model:
            raise ModelError(f"The model file {header.path.name} could not be loaded. Download it again.")
        self._vocab = L.llama_model_get_vocab(self._model)
        self.start: int = _start_of(self._vocab)

    def tokenize(self, text: str, special: bool) -> list[int]:
        """As `Llama.tokenize`."""
        return _tokenize(self._vocab, text, special)

    def end_of(self, answer: bool) -> int:
        """The token after an answer in a chat, or after the last word of a document."""
        turn, end = int(L.llama_vocab_eot(self._vocab)), int(L.llama_vocab_eos(self._vocab))
        if answer:
            return turn if turn >= 0 else end
        return self.start if L.llama_vocab_is_eog(self._vocab, self.start) else end

    def close(self) -> None:
        if self._model:
            L.llama_model_free(self._model)
        self._model = None


def _start_of(vocab: Native) -> int:
    start = int(L.llama_vocab_bos(vocab))
    return start if start >= 0 else max(0, int(L.llama_vocab_eos(vocab)))


def _tokenize(vocab: Native, text: str, special: bool) -> list[int]:
    data = text.encode("utf-8", "replace")
    if not data:
        return []
    room = len(data) + 8
    tokens = (L.llama_token * room)()
    count = L.llama_tokenize(vocab, data, len(data), tokens, room, False, special)
    if count < 0:
        tokens = (L.llama_token * -count)()
        count = L.llama_tokenize(vocab, data, len(data), tokens, -count, False, special)
    return list(tokens[:count])


class Llama:
    """A loaded model.  `close()` gives its memory back."""

    def __init__(self, header: Header, gpu_layers: int = 0, threads: int = 0) -> None:
        """Load the file, the last `gpu_layers` layers into the GPU; `threads` 0 chooses by the machine.

        Raises ModelError if llama.cpp refuses it or its weights are no numbers.
        """
        self.header = header
        self.gpu_layers = gpu_layers
        self.context = context_length(header)
        self.thinks = thinks(header)
        self._model: Native = None
        self._open: list[Context] = []
        self._adapters: list[Native] = []
        damaged = ModelError(
            f"The model file {header.path.name} could not be loaded: it is damaged, or of a kind this version does not "
            "know. Download it again, or choose another model in Settings."
        )
        try:
            self._model = L.llama_model_load_from_file(os.fsencode(header.path), _model_parameters(header, gpu_layers))
            if not self._model:
                raise damaged
            self._prepare()
            counts = (threads,) if threads else machine.thread_counts()
            self.completions = self._add(Context(self._model, self.size, completion_shape(self.context), counts))
            """The context of the completions."""
            self.suggestions = self._add(Context(self._model, self.size, suggestion_shape(self.context), counts))
            """The context of the suggestions."""
            first = self.completions.step(Part(0, [self.start, self.start], 0))[0]
            if not np.isfinite(first).all():
                raise damaged
            self.can_cut = self.completions.cut(0, 1)
            """Whether a sequence can forget its end; an architecture with a running state can only forget all of it."""
            self.completions.cut(0, 0)
        except BaseException:
            self.close()
            raise

    def _add(self, context: Context) -> Context:
        self._open.append(context)
        return context

    def _prepare(self) -> None:
        self._vocab = L.llama_model_get_vocab(self._model)
        self.size: int = L.llama_vocab_n_tokens(self._vocab)
        self.adds_start: bool = L.llama_vocab_get_add_bos(self._vocab)
        self.start: int = _start_of(self._vocab)
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
        piece = buffer.raw[:length]
        return b"" if self.thinks and piece in _OPENINGS else piece  # a token without text is never chosen

    # -- text

    def tokenize(self, text: str, special: bool) -> list[int]:
        """Token ids of a text.  Only with `special` do strings like <|im_end|> become the tokens they name."""
        return _tokenize(self._vocab, text, special)

    @cached_property
    def special_strings(self) -> Sequence[str]:
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
    def end_text(self) -> str:
        return self.text_of(int(L.llama_vocab_eos(self._vocab)))

    # -- what llama.cpp must be asked about before it is used: it answers rubbish with NULL and dies at its first use

    def check_adapter(self, path: Path) -> None:
        """Raise ModelError unless this file is a LoRA adapter that fits this model."""
        adapter = L.llama_adapter_lora_init(self._model, os.fsencode(path))
        if not adapter:
            raise ModelError(f"{path.name} is no adapter for {self.header.path.name}, or it is damaged.")
        L.llama_adapter_lora_free(adapter)

    def open_adapter(self, data: bytes) -> Native:
        """An adapter from the bytes of its .gguf file, or a style vector (steering.py), for `Context.wear`; it must go
        before the model does.

        Raises ModelError if it is none for this model.
        """
        if data.startswith(b"\x93NUMPY"):
            return self._vector(data)
        adapter = _from_memory(self._model, data)
        if not adapter:
            raise ModelError(f"The adapter does not fit {self.header.path.name}, or it is damaged. Train it again.")
        self._adapters.append(adapter)
        return adapter

    def _vector(self, data: bytes) -> NDArray[np.float32]:
        shape = (self.header.layers - 1, self.header.of_architecture("embedding_length"))
        try:
            vector: NDArray[np.float32] = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError, OSError):
            vector = np.zeros(0, np.float32)
        if vector.shape != shape or vector.dtype != np.float32 or not np.isfinite(vector).all():
            raise ModelError(
                f"The style vector does not fit {self.header.path.name}, or it is damaged. Train it again."
            )
        return vector

    def close_adapter(self, adapter: Native) -> None:
        """Give its memory back; no context may wear it any more."""
        if isinstance(adapter, np.ndarray):
            return
        self._adapters.remove(adapter)
        L.llama_adapter_lora_free(adapter)

    def check_grammar(self, grammar: str) -> None:
        """Raise BadInput unless this is a GBNF grammar with a rule 'root'."""
        # an empty one is accepted as "no rule at all"
        sampler = grammar.strip("\0 \n") and L.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
        if not sampler:
            raise BadInput("This is no grammar that the engine understands.")
        L.llama_sampler_free(sampler)

    def close(self) -> None:
        while self._open:
            self._open.pop().close()
        while self._adapters:
            L.llama_adapter_lora_free(self._adapters.pop())
        if self._model:
            L.llama_model_free(self._model)
        self._model = None


def _from_memory(model: Native, data: bytes) -> Native:
    """An adapter out of bytes, without a file: the C library reads memory as a stream.  NULL where it is none."""
    if not hasattr(_C_LIBRARY, "fmemopen"):
        raise ModelError("Adapters cannot be used on this system yet.")
    _C_LIBRARY.fmemopen.restype = ctypes.c_void_p
    _C_LIBRARY.fmemopen.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    _C_LIBRARY.fclose.argtypes = [ctypes.c_void_p]
    stream = _C_LIBRARY.fmemopen(data, len(data), b"rb") if data else None
    if not stream:
        return None
    try:
        return L.llama_adapter_lora_init_from_file_ptr(model, stream)
    finally:
        _C_LIBRARY.fclose(stream)


_C_LIBRARY: Final = ctypes.CDLL("msvcrt") if hasattr(ctypes, "WinDLL") else ctypes.CDLL(None)
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


_KEPT_ALIVE: Final = (_silence(), _leave_cleanly_on_abort())
L.llama_backend_init()
