"""From weights to files that programs load: a transformers folder, a GGUF file in f16, and its quantizations."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import gguf
import llama_cpp
import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from recipe.config import (
    CHAT_TEMPLATE,
    END_OF_TEXT,
    FIM_MIDDLE,
    FIM_PAD,
    FIM_PREFIX,
    FIM_SUFFIX,
    SPECIAL_TOKENS,
    TURN_END,
    ModelConfig,
)

Weights = Mapping[str, Tensor]

_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_transformers(weights: Weights, shape: ModelConfig, tokenizer: Path, folder: Path) -> None:
    """A folder that `Qwen3ForCausalLM.from_pretrained` loads: weights in bfloat16, configuration, tokenizer.

    Raises ValueError where the weights are not those of this shape.
    """
    config = Qwen3Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_width,
        max_position_embeddings=shape.context,
        rms_norm_eps=shape.norm_epsilon,
        tie_word_embeddings=True,
        attention_bias=False,
        bos_token_id=END_OF_TEXT,
        eos_token_id=TURN_END,
        pad_token_id=END_OF_TEXT,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
    )
    model = Qwen3ForCausalLM(config).to(torch.bfloat16)
    differing = model.load_state_dict({name: value.bfloat16() for name, value in weights.items()}, strict=False)
    if differing.unexpected_keys or set(differing.missing_keys) - {"lm_head.weight"}:
        raise ValueError(f"not the weights of this model: {differing}")
    model.tie_weights()
    model.generation_config.eos_token_id = [TURN_END, END_OF_TEXT]
    model.generation_config.pad_token_id = END_OF_TEXT
    model.save_pretrained(folder)
    words = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer),
        eos_token=SPECIAL_TOKENS[TURN_END],
        pad_token=SPECIAL_TOKENS[END_OF_TEXT],
        additional_special_tokens=list(SPECIAL_TOKENS[1:]),
        model_max_length=shape.context,
    )
    words.chat_template = CHAT_TEMPLATE
    words.save_pretrained(folder)


def write_gguf(weights: Weights, shape: ModelConfig, tokenizer: Path, name: str, version: str, path: Path) -> None:
    """The same as one GGUF file, matrices in f16, with the tokenizer, the chat template and the FIM ids."""
    file = gguf.GGUFWriter(str(path), "qwen3")
    file.add_type("model")
    file.add_name(name)
    file.add_version(version)
    file.add_description("Small English writing-assistant language model trained from scratch")
    file.add_author("ownhand")
    file.add_license("apache-2.0")
    file.add_languages(["en"])
    file.add_tags(["text-generation", "email", "writing"])
    file.add_context_length(shape.context)
    file.add_embedding_length(shape.width)
    file.add_block_count(shape.layers)
    file.add_feed_forward_length(shape.feed_forward)
    file.add_head_count(shape.heads)
    file.add_head_count_kv(shape.kv_heads)
    file.add_key_length(shape.head_width)
    file.add_value_length(shape.head_width)
    file.add_rope_freq_base(shape.rope_base)
    file.add_layer_norm_rms_eps(shape.norm_epsilon)
    file.add_vocab_size(shape.vocabulary)
    file.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_tokenizer(file, shape, tokenizer)
    for tensor, value in weights.items():
        array = value.float().numpy()
        file.add_tensor(_gguf_name(tensor), array.astype(np.float16 if array.ndim == 2 else np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def _add_tokenizer(file: gguf.GGUFWriter, shape: ModelConfig, tokenizer: Path) -> None:
    told = json.loads(tokenizer.read_text(encoding="utf-8"))
    words: list[str] = [f"<|unused_{index}|>" for index in range(shape.vocabulary)]
    for word, index in told["model"]["vocab"].items():
        words[index] = word
    for added in told["added_tokens"]:
        words[added["id"]] = added["content"]
    kinds = [
        gguf.TokenType.CONTROL
        if word in SPECIAL_TOKENS
        else gguf.TokenType.UNUSED
        if word.startswith("<|unused_")
        else gguf.TokenType.NORMAL
        for word in words
    ]
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(words)
    file.add_token_types(kinds)
    file.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in told["model"]["merges"]])
    file.add_bos_token_id(END_OF_TEXT)
    file.add_eos_token_id(TURN_END)
    file.add_eot_token_id(TURN_END)
    file.add_pad_token_id(END_OF_TEXT)
    file.add_add_bos_token(False)
    file.add_chat_template(CHAT_TEMPLATE)
    for place, token in (("pre", FIM_PREFIX), ("suf", FIM_SUFFIX), ("mid", FIM_MIDDLE), ("pad", FIM_PAD)):
        file.add_uint32(f"tokenizer.ggml.fim_{place}_token_id", token)


def _gguf_name(tensor: str) -> str:
    if tensor == "model.embed_tokens.weight":
        return "token_embd.weight"
    if tensor == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = tensor.split(".", 3)
    return f"blk.{layer}.{_NAMES[rest.removesuffix('.weight')]}.weight"


def quantize(source: Path, kinds: Sequence[str], threads: int = 2) -> list[Path]:
    """`name-KIND.gguf` beside `name-f16.gguf` for each kind, such as Q5_K_M.  Raises RuntimeError where one fails."""
    made: list[Path] = []
    for kind in kinds:
        target = source.with_name(source.name.replace("-f16", f"-{kind}"))
        options = llama_cpp.llama_model_quantize_default_params()
        options.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
        options.nthread = threads
        if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(options)):
            raise RuntimeError(f"{kind} could not be made of {source.name}")
        made.append(target)
    return made
