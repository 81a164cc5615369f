"""Models with random weights: files of any size to measure and to test with, where no real one of that size is at hand.

They write nonsense at the speed, and with the memory, of a real model of their shape.  The blocks of a quantised tensor
are drawn directly (random quants under one fixed scale), so a file is made as fast as the disk takes it.
Block layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h (block_q8_0, block_q6_K).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from numpy.typing import NDArray

Kind = Literal["Q8_0", "Q6_K"]
Bytes = NDArray[np.uint8]

_ARCHITECTURE: Final = "qwen3"
_FILE_TYPES: Final = {"Q8_0": LlamaFileType.MOSTLY_Q8_0, "Q6_K": LlamaFileType.MOSTLY_Q6_K}


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a Qwen3 model; the vocabulary is that of the file whose tokenizer it takes, the embedding is tied."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head: int
    """Width of one attention head."""
    feed_forward: int
    context: int = 4096


SHAPES: Final[Mapping[str, Shape]] = {
    "tiny": Shape(2, 256, 4, 2, 64, 512),
    "small": Shape(8, 512, 8, 4, 64, 1536),
    "360M": Shape(24, 1024, 16, 8, 64, 3328),
    "1.5B": Shape(28, 2048, 16, 8, 128, 6144),
}


def make(
    path: Path,
    shape: Shape | str,
    tokenizer: Path,
    *,
    kind: Kind = "Q6_K",
    seed: int = 0,
    name: str = "",
    fields: Mapping[str, str | int | bool] | None = None,
    without: Collection[str] = (),
    marks: Mapping[int, str] | None = None,
) -> Path:
    """Write a model of this shape (or one of SHAPES by its name) with the tokenizer and chat template of another file.

    `fields` are metadata to add or to replace, `without` the metadata keys to leave out, `marks` other texts for some
    of the tokenizer's control tokens, by their number.  The same arguments make the same bytes.  Returns `path`;
    raises OSError if it cannot be written.
    """
    name = name or (f"random-{shape}" if isinstance(shape, str) else "random")
    shape = SHAPES[shape] if isinstance(shape, str) else shape
    writer = GGUFWriter(path, _ARCHITECTURE)
    try:
        own = {"general.name": name, **(fields or {})}
        vocabulary = _copy_tokenizer(writer, tokenizer, {*own, *without}, marks or {})
        _describe(writer, shape, vocabulary, kind)
        for key, value in own.items():
            writer.add_key_value(key, value, _kind_of(value))
        random = np.random.default_rng(seed)
        tensors = list(_tensors(shape, vocabulary))
        for tensor, dimensions in tensors:
            size, block = _bytes(dimensions, kind), _quantization(dimensions, kind)
            raw = np.dtype(np.float32) if block is None else np.dtype(np.uint8)
            stored = dimensions if block is None else (*dimensions[:-1], size // max(1, dimensions[0]))
            writer.add_tensor_info(tensor, stored, raw, size, block)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for _, dimensions in tensors:
            writer.write_tensor_data(_weights(random, dimensions, kind))
    finally:
        writer.close()
    return path


def _copy_tokenizer(writer: GGUFWriter, source: Path, without: Collection[str], marks: Mapping[int, str]) -> int:
    """Copy all metadata of the tokenizer; the size of the vocabulary."""
    vocabulary = 0
    for key, (contents, kind, inner) in _tokenizer(source).items():
        if key in without:
            continue
        if key == "tokenizer.ggml.tokens":
            vocabulary = len(contents)
            contents = [marks.get(number, text) for number, text in enumerate(contents)]
        writer.add_key_value(key, contents, kind, inner)
    return vocabulary


@lru_cache(maxsize=1)
def _tokenizer(source: Path) -> dict[str, tuple[Any, GGUFValueType, GGUFValueType | None]]:
    """Contents, type and type of the entries of all metadata of a tokenizer."""
    return {
        key: (entry.contents(), entry.types[0], entry.types[-1] if entry.types[0] is GGUFValueType.ARRAY else None)
        for key, entry in GGUFReader(source).fields.items()
        if key.startswith("tokenizer.")
    }


def _describe(writer: GGUFWriter, shape: Shape, vocabulary: int, kind: Kind) -> None:
    writer.add_type("model")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_rope_freq_base(50000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(vocabulary)
    writer.add_file_type(_FILE_TYPES[kind])
    writer.add_quantization_version(2)


def _kind_of(value: str | int | bool) -> GGUFValueType:
    if isinstance(value, bool):
        return GGUFValueType.BOOL
    return GGUFValueType.UINT32 if isinstance(value, int) else GGUFValueType.STRING


def _tensors(shape: Shape, vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and dimensions (outputs, inputs) of all tensors."""
    yield "token_embd.weight", (vocabulary, shape.width)
    yield "output_norm.weight", (shape.width,)
    for layer in range(shape.layers):
        for name, dimensions in {
            "attn_norm": (shape.width,),
            "attn_q": (shape.heads * shape.head, shape.width),
            "attn_q_norm": (shape.head,),
            "attn_k": (shape.kv_heads * shape.head, shape.width),
            "attn_k_norm": (shape.head,),
            "attn_v": (shape.kv_heads * shape.head, shape.width),
            "attn_output": (shape.width, shape.heads * shape.head),
            "ffn_norm": (shape.width,),
            "ffn_gate": (shape.feed_forward, shape.width),
            "ffn_up": (shape.feed_forward, shape.width),
            "ffn_down": (shape.width, shape.feed_forward),
        }.items():
            yield f"blk.{layer}.{name}.weight", dimensions


def _quantization(dimensions: tuple[int, ...], kind: Kind) -> GGMLQuantizationType | None:
    return None if len(dimensions) == 1 else GGMLQuantizationType[kind]


def _bytes(dimensions: tuple[int, ...], kind: Kind) -> int:
    elements = int(np.prod(dimensions))
    if len(dimensions) == 1:
        return 4 * elements
    return elements // 32 * 34 if kind == "Q8_0" else elements // 256 * 210


def _weights(random: np.random.Generator, dimensions: tuple[int, ...], kind: Kind) -> NDArray[Any]:
    """Norms of ones; else blocks whose values have the deviation 1 / sqrt(inputs), which keeps every layer in scale."""
    if len(dimensions) == 1:
        return np.ones(dimensions, np.float32)
    blocks = np.frombuffer(random.bytes(_bytes(dimensions, kind)), np.uint8)
    deviation = dimensions[-1] ** -0.5
    if kind == "Q8_0":  # a half-precision scale and 32 signed bytes, uniform: deviation 256 / sqrt(12)
        blocks = blocks.reshape(-1, 34).copy()
        blocks[:, :2] = _half(deviation / 73.9)
    else:  # 192 bytes of 6-bit quants around 32 (deviation 64 / sqrt(12)), 16 scales, a half-precision scale of scales
        blocks = blocks.reshape(-1, 210).copy()
        blocks[:, 192:208] = 32
        blocks[:, 208:] = _half(deviation / 18.47 / 32)
    return blocks.reshape(dimensions[0], -1)


def _half(value: float) -> Bytes:
    return np.array([value], np.float16).view(np.uint8)
