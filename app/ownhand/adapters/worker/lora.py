"""Low-rank adapters over a model of ours in torch: weights out of a .gguf file, what is trained beside them, and back.

A layer's matrix W stays as it is; beside it two thin matrices are trained, and the layer computes
W x + (alpha / r) B A x (LoRA, arXiv 2106.09685).  B begins as zeros, so training begins at the model itself.
The file is the one that llama.cpp reads: per matrix `<name>.lora_a` of shape (r, inputs) and `<name>.lora_b` of shape
(outputs, r), and the metadata of `_describe`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import gguf
import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from ownhand.adapters.worker.header import Header
from ownhand.errors import ModelError

_KINDS: Final[Mapping[str, tuple[type[Any], type[Any]]]] = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
Model: TypeAlias = Any
"""One of these classes; transformers types them too loosely to help."""
ARCHITECTURES: Final = tuple(_KINDS)
"""Kinds of model that an adapter can be trained for."""
_MATRICES: Final[Mapping[str, str]] = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""A matrix of a layer, as the file and as transformers call it."""
_NORMS: Final[Mapping[str, str]] = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
}
_WHOLE: Final[Mapping[str, str]] = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained."""

    rank: int = 8
    alpha: float = 16.0
    matrices: tuple[str, ...] = tuple(_MATRICES)
    """Of each layer, as the file calls them."""
    first_layer: int = 0
    """Layers below it stay plain."""


class Adapted(nn.Module):
    """A frozen matrix with its two thin ones."""

    def __init__(self, base: nn.Linear, plan: Plan) -> None:
        super().__init__()
        self.base = base
        self.scale = plan.alpha / plan.rank
        self.down = nn.Parameter(torch.empty(plan.rank, base.in_features, dtype=torch.float32))
        self.up = nn.Parameter(torch.zeros(base.out_features, plan.rank, dtype=torch.float32))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(…, inputs) to (…, outputs)."""
        thin = nn.functional.linear(inputs, self.down.to(inputs.dtype))
        beside: torch.Tensor = nn.functional.linear(thin, (self.scale * self.up).to(inputs.dtype))
        return torch.add(self.base(inputs), beside)


def check_kind(header: Header) -> None:
    """Raise ModelError unless it is of a kind that an adapter can be trained for."""
    if header.architecture not in _KINDS:
        raise ModelError(
            f"An adapter cannot be trained for models of the kind {header.architecture or 'unknown'}. "
            f"Choose one of the kind {', '.join(ARCHITECTURES[:-1])} or {ARCHITECTURES[-1]} in Settings, Models."
        )


def load(header: Header, dtype: torch.dtype) -> Model:
    """The model of a file, its weights dequantised and frozen.  Raises ModelError for a kind that cannot be trained."""
    check_kind(header)
    kind = _KINDS[header.architecture]
    config = kind[0](**_config(header))
    with torch.device("meta"):
        model = kind[1](config)
    weights = dict(_weights(header, dtype))
    if config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    missing, unexpected = model.load_state_dict(weights, strict=False, assign=True)
    if missing or unexpected:
        raise ModelError(f"{header.path.name} is built in a way that no adapter can be trained for.")
    model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # its buffers are in no file
    model.requires_grad_(False)
    return model.eval()


def _config(header: Header) -> dict[str, Any]:
    heads = header.of_architecture("attention.head_count")
    width = header.of_architecture("embedding_length")
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": float(_field(header, "rope.freq_base", 10000.0))}
    scaling = header.fields.get(f"{header.architecture}.rope.scaling.type", "none")
    if scaling not in ("none", ""):
        raise ModelError(f"{header.path.name} stretches its window in a way that no adapter can be trained for.")
    return {
        "vocab_size": header.vocabulary,
        "hidden_size": width,
        "intermediate_size": header.of_architecture("feed_forward_length"),
        "num_hidden_layers": header.layers,
        "num_attention_heads": heads,
        "num_key_value_heads": header.of_architecture("attention.head_count_kv", heads),
        "head_dim": header.of_architecture("attention.key_length", width // max(1, heads)),
        "max_position_embeddings": header.of_architecture("context_length", 2048),
        "rms_norm_eps": float(_field(header, "attention.layer_norm_rms_epsilon", 1e-6)),
        "rope_parameters": rope,
        "tie_word_embeddings": header.tied,
        "attn_implementation": "sdpa",
    }


def _field(header: Header, key: str, default: float) -> float:
    value = header.fields.get(f"{header.architecture}.{key}", default)
    return value if isinstance(value, int | float) else default


def _weights(header: Header, dtype: torch.dtype) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor under the name transformers gives it."""
    for path in header.files:
        for tensor in gguf.GGUFReader(path).tensors:
            name = _name_in_torch(tensor.name)
            if name is None:
                continue
            values = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=True))
            if header.architecture == "llama" and ".attn_q." in tensor.name:
                values = _unpermuted(values, header.of_architecture("attention.head_count"))
            elif header.architecture == "llama" and ".attn_k." in tensor.name:
                values = _unpermuted(values, header.of_architecture("attention.head_count_kv"))
            yield name, values.to(dtype)


def _name_in_torch(name: str) -> str | None:
    if name in _WHOLE:
        return _WHOLE[name]
    parts = name.split(".")
    if len(parts) != 4 or parts[0] != "blk":
        return None
    part = _MATRICES.get(parts[2]) or _NORMS.get(parts[2])
    return f"model.layers.{parts[1]}.{part}.{parts[3]}" if part else name


def _unpermuted(values: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows in the order of transformers: files of the llama kind keep the two halves of each head woven together."""
    shape = values.shape
    return values.reshape(heads, shape[0] // heads // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def _permuted(values: torch.Tensor, heads: int) -> torch.Tensor:
    shape = values.shape
    return values.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def adapt(model: Model, plan: Plan) -> dict[str, Adapted]:
    """Put thin matrices beside those of the plan; by the name of each in the file, in a fixed order."""
    adapted: dict[str, Adapted] = {}
    for number, layer in enumerate(model.model.layers):
        if number < plan.first_layer:
            continue
        for name in plan.matrices:
            owner, _, attribute = _MATRICES[name].rpartition(".")
            holder = layer.get_submodule(owner)
            adapted[f"blk.{number}.{name}.weight"] = new = Adapted(getattr(holder, attribute), plan)
            setattr(holder, attribute, new)
    return adapted


def parameters(adapted: Mapping[str, Adapted]) -> list[nn.Parameter]:
    """All that is trained, in a fixed order."""
    return [matrix for one in adapted.values() for matrix in (one.down, one.up)]


def to_gguf(header: Header, plan: Plan, adapted: Mapping[str, Adapted]) -> bytes:
    """The adapter as the bytes of a .gguf file, in single precision; nothing is written to disk."""
    heads = header.of_architecture("attention.head_count")
    tensors: list[tuple[str, np.ndarray[Any, Any]]] = []
    for name, one in adapted.items():
        up = one.up.detach()
        if header.architecture == "llama" and ".attn_q." in name:
            up = _permuted(up, heads)
        elif header.architecture == "llama" and ".attn_k." in name:
            up = _permuted(up, header.of_architecture("attention.head_count_kv", heads))
        tensors.append((f"{name}.lora_a", one.down.detach().numpy()))
        tensors.append((f"{name}.lora_b", up.numpy()))
    return _file(header.architecture, plan.alpha, tensors)


def _file(architecture: str, alpha: float, tensors: Sequence[tuple[str, np.ndarray[Any, Any]]]) -> bytes:
    writer = gguf.GGUFWriter(None, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for name, values in tensors:
        writer.add_tensor(name, np.ascontiguousarray(values, np.float32))
    out = io.BytesIO()
    writer.fout = [out]  # type: ignore[list-item]
    writer.state = gguf.gguf_writer.WriterState.EMPTY
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    # WHY by hand: the package's own way needs a file with a number, and this is none
    for values in (np.zeros(0, np.float32), *(values for _, values in tensors)):
        out.write(np.ascontiguousarray(values, np.float32).tobytes())
        out.write(bytes(-out.tell() % writer.data_alignment))
    return out.getvalue()
