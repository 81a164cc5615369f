"""How much memory a model takes here, before it is loaded, and how much of it a GPU can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ownhand.adapters.worker.context import BATCH, completion_shape, suggestion_shape
from ownhand.adapters.worker.gpu import Gpu
from ownhand.adapters.worker.header import Header
from ownhand.adapters.worker.llama import context_length
from ownhand.domain.ports import MemoryNeed

_ROWS: Final = 128
"""Most tokens whose logits are asked for in one batch (Engine.score)."""
_PER_TOKEN: Final = 600
"""Bytes that each token of a vocabulary takes, in llama.cpp's tables and in ours (measured)."""
_SPARE: Final = 512 << 20
"""Bytes of a GPU's own memory that are left to the screen and to its libraries; of a small GPU an eighth."""


def memory_need(header: Header, gpus: Sequence[Gpu] = (), gpu_layers: int = 0) -> MemoryNeed:
    """What a model takes, with so many of its layers on these GPUs; from the sizes its context is made with."""
    logits = 2 * _ROWS * 4 * header.vocabulary  # where they are computed, and where they are handed out
    own = sum(not gpu.shared for gpu in gpus)
    return MemoryNeed(
        weights=header.bytes,
        cache=header.kv_bytes(_cells(header)),
        compute=2 * _activations(header) + logits + _PER_TOKEN * header.vocabulary,
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
    """What one layer computes for a full batch: the feed-forward's two halves, and a few vectors of the model's width.

    What is computed later reuses the same buffers.
    """
    width, inner = header.of_architecture("embedding_length"), header.of_architecture("feed_forward_length")
    return BATCH * 4 * (2 * inner + 4 * width)
