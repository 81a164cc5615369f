"""Chat messages as one prompt, by the model's own template; the words in the messages never become marks.

Templates are Jinja programs that come with a model file, so they run in Jinja's sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import TemplateError

from ownhand.adapters.worker.llama import Llama
from ownhand.domain.ports import MARK
from ownhand.errors import ModelError

CHATML: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""For models that bring no template (https://github.com/openai/openai-python/blob/v0.28.1/chatml.md)."""


def render(model: Llama, messages: Sequence[Mapping[str, str]]) -> str:
    """The prompt for these role/content messages, ending where the assistant's text begins.

    A template that knows no system role gets the system message in front of the first user message.  Raises ModelError
    if the template cannot be used at all.
    """
    safe = [{"role": m["role"], "content": _without_marks(m["content"], model.special_strings())} for m in messages]
    template = model.chat_template or CHATML
    for attempt in (safe, _without_system(safe)):
        try:
            return _apply(model, template, attempt)
        except (TemplateError, ValueError, TypeError, KeyError):
            continue
    raise ModelError(f"The chat template of {model.header.path.name} cannot be used. Choose another model in Settings.")


def _apply(model: Llama, template: str, messages: list[dict[str, str]]) -> str:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    formatter: Any = Jinja2ChatFormatter(
        template=template, eos_token=model.end_text, bos_token=model.text_of(model.start), add_generation_prompt=True
    )
    return str(formatter(messages=messages).prompt)


def _without_marks(text: str, marks: Sequence[str]) -> str:
    """The same text, with an invisible break in everything that would be read as one of the model's marks."""
    text = text.replace(MARK, "")
    if not marks:
        return text
    return re.sub("|".join(map(re.escape, marks)), lambda found: found[0][:1] + MARK + found[0][1:], text)


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
    others = [dict(m) for m in messages if m["role"] != "system"]
    for message in others:
        if system and message["role"] == "user":
            message["content"] = system + "\n\n" + message["content"]
            break
    return others
