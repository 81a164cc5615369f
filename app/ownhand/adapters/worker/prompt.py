"""Chat messages as one prompt, by the model's own template; the words in the messages never become marks.

Templates are Jinja programs that come with a model file, so they run in Jinja's sandbox (through llama-cpp-python's
formatter).  Where one is missing or breaks, the form of the model's family is used instead (families.py).
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import llama_cpp.llama_cpp as _llama
from jinja2 import TemplateError

from ownhand.adapters.worker.families import THOUGHTS, family_of, template_of, thinks
from ownhand.adapters.worker.llama import Llama
from ownhand.domain.inference import MARK
from ownhand.errors import ModelError

L: Any = _llama
Messages = list[dict[str, str]]

_NO_THOUGHT: Final = {"enable_thinking": False, "thinking": False, "reasoning_effort": "low"}
"""The switches that templates of models which think know: Qwen, SmolLM and GLM; DeepSeek and Granite; gpt-oss."""
_FAILURES: Final = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""In how many ways a program that comes with a file can fail."""
_HARMONY_TURN: Final = "<|start|>assistant"


def render(model: Llama, messages: Sequence[Mapping[str, str]]) -> str:
    """The prompt for these role/content messages, ending where the assistant's answer begins, past any thinking.

    A template that knows no system role gets the system message in front of the first user message.  Raises ModelError
    if neither the model's template nor its family's form can be used.
    """
    safe = [{"role": m["role"], "content": _without_marks(m["content"], model.special_strings)} for m in messages]
    template = template_of(model.header)
    for attempt in (safe, _without_system(safe)) if template else ():
        try:
            prompt = _by_template(model, template, attempt)
        except _FAILURES:
            continue
        if _holds(prompt, attempt):
            return _past_thinking(prompt)
    for form in (template, family_of(model.header)):
        prompt = _by_family(form, safe)
        if prompt and _holds(prompt, safe):
            opening, closing = THOUGHTS[0]
            silent = f"{opening}\n\n{closing}\n\n" if opening in model.header.marks and thinks(model.header) else ""
            return prompt + silent
    raise ModelError(f"The chat template of {model.header.path.name} cannot be used. Choose another model in Settings.")


def _by_template(model: Llama, template: str, messages: Messages) -> str:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    formatter: Any = Jinja2ChatFormatter(
        template=template, eos_token=model.end_text, bos_token=model.text_of(model.start), add_generation_prompt=True
    )
    return str(formatter(messages=messages, **_NO_THOUGHT).prompt)


def _by_family(form: str, messages: Messages) -> str:
    """The prompt in one of llama.cpp's own forms, by its name or recognised in a template's text; '' if unknown."""
    if not form:
        return ""
    texts = [(message["role"].encode(), message["content"].encode()) for message in messages]
    chat = (L.llama_chat_message * len(texts))(*(L.llama_chat_message(role, content) for role, content in texts))
    room = 1024 + 4 * sum(len(role) + len(content) for role, content in texts)
    buffer = ctypes.create_string_buffer(room)
    length = L.llama_chat_apply_template(form.encode("utf-8", "replace"), chat, len(texts), True, buffer, room)
    return buffer.raw[:length].decode("utf-8", "replace") if 0 < length <= room else ""


def _holds(prompt: str, messages: Messages) -> bool:
    """Whether every message is in the prompt: a template may also fail in silence."""
    return all(message["content"].strip() in prompt for message in messages)


def _past_thinking(prompt: str) -> str:
    """The prompt, with a thought that it opens closed at once."""
    written = prompt.rstrip()
    for opening, closing in THOUGHTS:
        if written.endswith(opening):
            return f"{written}\n\n{closing}\n\n"
    return written + THOUGHTS[-1][1] if written.endswith(_HARMONY_TURN) else prompt


def _without_marks(text: str, marks: Sequence[str]) -> str:
    """The same text, with an invisible break in everything that would be read as one of the model's marks."""
    text = text.replace(MARK, "")
    if not marks:
        return text
    return re.sub("|".join(map(re.escape, marks)), lambda found: found[0][:1] + MARK + found[0][1:], text)


def _without_system(messages: Messages) -> Messages:
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
    others = [dict(m) for m in messages if m["role"] != "system"]
    for message in others:
        if system and message["role"] == "user":
            message["content"] = system + "\n\n" + message["content"]
            break
    return others
