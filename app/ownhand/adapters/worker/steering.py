"""The style vector: the direction in which the model's hidden states differ between the person's words and its own.

For each text the model reads the person's whole version, and its own: the person's first quarter and what the model
goes on with.  The mean difference of the hidden states at the last word, after one layer, is the direction
(StyleVector, arXiv 2503.05213); added to that layer's output while writing, it leans the model to the person.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import torch

from ownhand.adapters.worker.lora import Model

MAGIC: Final = b"\x93NUMPY"
"""How the bytes of a style vector begin: an array of shape (layers - 1, width), single precision, row i for the output
of layer i + 1."""
TEXTS: Final = 40
"""More make it no better, and each costs a second."""
_DEPTH: Final = 2 / 3
"""Of the layers, where style shows and the next word is not yet decided (measured: see decisions/0011)."""
_TOKENS: Final = 120
_OWN_SHARE: Final = 0.25
_TEMPERATURE: Final = 0.7


Text: TypeAlias = tuple[Sequence[int], Sequence[int]]
"""Tokens that stand before, and the person's own."""


def direction(model: Model, texts: Sequence[Text], between: Callable[[], object]) -> bytes:
    """The style vector of these texts, as the bytes of a .npy file.

    `between` is called between any two texts.  Raises ValueError without a text of four tokens, or with one layer
    only: llama.cpp can add to the output of any but the first.
    """
    torch.manual_seed(0)
    layers, width = len(model.model.layers), model.config.hidden_size
    layer = min(layers - 1, max(1, round(_DEPTH * layers)))
    total, count = torch.zeros(width), 0
    with torch.no_grad():
        for before, own in list(texts)[:TEXTS]:
            own = list(own)[:_TOKENS]
            if len(own) < 4:
                continue
            between()
            given = max(2, int(_OWN_SHARE * len(own)))
            neutral = [*before, *own[:given]]
            neutral += _goes_on(model, neutral, len(own) - given)
            total += _state(model, [*before, *own], layer) - _state(model, neutral, layer)
            count += 1
    if not count or layers < 2:
        raise ValueError("no text")
    rows = np.zeros((layers - 1, width), np.float32)
    rows[layer - 1] = (total / count).numpy()
    out = io.BytesIO()
    np.save(out, rows, allow_pickle=False)
    return out.getvalue()


def _state(model: Model, tokens: Sequence[int], layer: int) -> torch.Tensor:
    """The hidden state after a layer at the last token."""
    found: list[torch.Tensor] = []

    def keep(module: object, inputs: object, output: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        states = output[0] if isinstance(output, tuple) else output
        found.append(states[0, -1].float())

    handle = model.model.layers[layer].register_forward_hook(keep)
    try:
        model.model(input_ids=torch.tensor([tokens]), use_cache=False)
    finally:
        handle.remove()
    return found[0]


def _goes_on(model: Model, tokens: Sequence[int], count: int) -> list[int]:
    """What the model itself writes after these."""
    written: list[int] = []
    cache, last = None, list(tokens)
    for _ in range(count):
        answer = model(input_ids=torch.tensor([last]), past_key_values=cache, use_cache=True)
        cache = answer.past_key_values
        shares = torch.softmax(answer.logits[0, -1].float() / _TEMPERATURE, -1)
        last = [int(torch.multinomial(shares, 1))]
        written += last
    return written
