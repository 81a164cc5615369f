"""The graphics processors that the installed llama.cpp can compute with; a build without GPU support has none.

API: https://github.com/ggml-org/ggml/blob/master/include/ggml-backend.h.  The binding does not cover it, so the few
functions are taken from the libraries that are loaded already.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import llama_cpp.llama_cpp as _llama

from ownhand.adapters.worker import machine

_GPU, _INTEGRATED = 1, 2  # enum ggml_backend_dev_type


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics processor.  Memory in bytes."""

    name: str
    free: int
    total: int
    shared: bool
    """Its memory is the computer's main memory."""


def gpus() -> list[Gpu]:
    """Those that llama.cpp would use: every GPU of its own memory, else the integrated ones."""
    found: dict[int, list[Gpu]] = {_GPU: [], _INTEGRATED: []}
    for number in range(_call("ggml_backend_dev_count", ctypes.c_size_t)):
        device = _call("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t(number))
        kind = _call("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p(device))
        if kind in found:
            found[kind].append(_describe(device, kind))
    return found[_GPU] or found[_INTEGRATED]


def _describe(device: int, kind: int) -> Gpu:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    _call("ggml_backend_dev_memory", None, ctypes.c_void_p(device), ctypes.byref(free), ctypes.byref(total))
    name = _call("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p(device)) or b"GPU"
    shared = kind == _INTEGRATED or (sys.platform == "darwin" and machine.is_arm())
    return Gpu(name.decode("utf-8", "replace"), free.value, total.value, shared)


Native: TypeAlias = Any
"""A library, or a type or value of ctypes."""

_LIBRARIES: Final[list[Native]] = [_llama._lib]  # noqa: SLF001  the binding has no public name for the library


def _call(name: str, answers: Native, *args: Native) -> Native:
    """Call a function of ggml.  Elsewhere than on Windows a library's names include those of what it was linked to."""
    if sys.platform == "win32" and len(_LIBRARIES) == 1:
        folder = Path(_llama.__file__).parent / "lib"
        _LIBRARIES.extend(ctypes.CDLL(str(folder / library)) for library in ("ggml.dll", "ggml-base.dll"))
    function = next(getattr(library, name) for library in _LIBRARIES if hasattr(library, name))
    function.restype = answers
    return function(*args)
