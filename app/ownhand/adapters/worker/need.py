"""How much memory a model takes here, before it is loaded, and how much of it a GPU can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ownhand.adapters.worker.context import BATCH, SCORED_AT_ONCE, completion_shape, suggestion_shape
from ownhand.adapters.worker.gpu import Gpu
from ownhand.adapters.worker.header import Header
from ownhand.adapters.worker.llama import context_length
from ownhand.adapters.worker.prefixes import LIMIT
from ownhand.domain.inference import MemoryNeed

_FIXED, _PER_TOKEN, _PER_MERGE = 5 << 20, 250, 150
"""Bytes of the tables of a vocabulary, in llama.cpp and in ours (measured)."""
_RETURNED: Final = 32 << 20
"""Blocks of memory from this size on go back to the system as soon as they are free (M_MMAP_THRESHOLD of glibc)."""
_SPARE: Final = 512 << 20
"""Bytes of a GPU's own memory that are left to the screen and to its libraries; of a small GPU an eighth."""


def memory_need(header: Header, gpus: Sequence[Gpu] = (), gpu_layers: int = 0) -> MemoryNeed:
    """What a model takes in use, with so many of its layers on these GPUs; from the sizes its contexts are made with.

    In use means: both lanes have read a full window, one prompt's state is kept, and a text was scored.
    """
    window = context_length(header)
    kept = min(LIMIT, header.kv_bytes(window))
    merges = header.lengths.get("tokenizer.ggml.merges", 0)
    tables = _FIXED + _PER_TOKEN * header.vocabulary + _PER_MERGE * merges
    rows = SCORED_AT_ONCE * 4 * header.vocabulary
    logits = (3 if rows < _RETURNED else 2) * rows  # where they are computed, handed out, and turned into shares
    own = any(not gpu.shared for gpu in gpus)
    copied = header.head_bytes if gpu_layers and own and header.tied else 0
    return MemoryNeed(
        weights=header.bytes + copied,
        cache=header.kv_bytes(_cells(header)) + kept,
        compute=2 * _activations(header) + logits + tables,
        on_gpu=_held_by_gpu(header, gpu_layers) if own else 0,
    )


def layers_that_fit(header: Header, gpus: Sequence[Gpu]) -> int:
    """The most layers whose weights and cache, with the computation's buffers, the GPUs' free memory can hold."""
    room = sum(gpu.free - min(_SPARE, gpu.total // 8) for gpu in gpus)
    room -= len(gpus) * (_activations(header) + BATCH * 4 * header.vocabulary)
    return next((layers for layers in range(header.layers, 0, -1) if _held_by_gpu(header, layers) <= room), 0)


def _held_by_gpu(header: Header, layers: int) -> int:
    """Weights and cache of the last layers and of the output, in bytes: llama.cpp offloads from the end."""
    if layers <= 0:
        return 0
    last = range(header.layers - layers, header.layers)
    tokens = _cells(header)
    return header.head_bytes + sum(header.layer_bytes.get(layer, 0) + header.kv_bytes(tokens, layer) for layer in last)


def _cells(header: Header) -> int:
    """Tokens that the contexts of both lanes have room for."""
    window = context_length(header)
    return completion_shape(window).cells + suggestion_shape(window).cells


def _activations(header: Header) -> int:
    """What one layer computes for a full batch: the feed-forward's two halves and their product, and six vectors of the
    model's width.

    What is computed later reuses the same buffers.
    """
    width, inner = header.of_architecture("embedding_length"), header.of_architecture("feed_forward_length")
    return BATCH * 4 * (3 * inner + 6 * width)
