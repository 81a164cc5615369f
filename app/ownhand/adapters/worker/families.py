"""What a model file tells about conversations: whether the model can hold one, in which form, and whether it thinks.

A model of a known family whose file brings no usable template is talked to in its family's form, by llama.cpp's own
table of them: https://github.com/ggml-org/llama.cpp/blob/master/src/llama-chat.cpp.
"""

from __future__ import annotations

import re
from typing import Final

from ownhand.adapters.worker.header import Header

_FAMILIES: Final = (
    (("<|im_start|>", "<|im_end|>"), "chatml"),
    (("<|start_header_id|>", "<|eot_id|>"), "llama3"),
    (("<|header_start|>", "<|eot|>"), "llama4"),
    (("<start_of_turn>", "<end_of_turn>"), "gemma"),
    (("<|start_of_role|>", "<|end_of_role|>"), "granite"),
    (("<|START_OF_TURN_TOKEN|>",), "command-r"),
    (("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>"), "deepseek3"),
    (("[SYSTEM_PROMPT]", "[INST]"), "mistral-v7"),
    (("[INST]", "[/INST]"), "mistral-v3"),
    (("<|user|>", "<|assistant|>", "<|end|>"), "phi3"),
    (("<|user|>", "<|assistant|>"), "zephyr"),
)
"""Marks in a vocabulary, and llama.cpp's name for the form in which models with these marks were trained to talk."""

THOUGHTS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
)
"""How models mark the beginning and the end of what they think before they answer."""

_TALKS: Final = re.compile(r"\b(instruct|instruction|chat|it|assistant|sft|dpo|rlhf)\b", re.IGNORECASE)
_BASE: Final = re.compile(r"\b(base|pretrained)\b|\bgemma\b.*\bpt\b", re.IGNORECASE)


def template_of(header: Header) -> str:
    """The chat template in the file, '' if it has none."""
    return str(header.fields.get("tokenizer.chat_template", "") or "")


def family_of(header: Header) -> str:
    """llama.cpp's name for the form of conversation that the marks in the vocabulary were made for, '' if unknown."""
    return next((name for marks, name in _FAMILIES if header.marks.issuperset(marks)), "")


def can_chat(header: Header) -> bool:
    """Whether it was trained to follow instructions.

    A base model may have its family's marks, even its template, and yet never have seen a conversation; so a file that
    calls itself one is believed, and one without a template must call itself the opposite.
    """
    stated = " ".join(
        str(header.fields.get(f"general.{key}", "")) for key in ("finetune", "name", "basename")
    ) + f" {header.path.stem}"  # fmt: skip
    words = stated.replace("_", " ").replace("-", " ")
    if _BASE.search(words) and not _TALKS.search(words):
        return False
    return bool(template_of(header)) or bool(family_of(header) and _TALKS.search(words))


def thinks(header: Header) -> bool:
    """Whether it may think aloud before it answers."""
    template = template_of(header)
    return "enable_thinking" in template or any(
        opening in template or opening in header.marks for opening, _ in THOUGHTS
    )
