"""Spans that no rule may touch, hidden behind single characters of the private use area while the rules run."""

from __future__ import annotations

import re

from ownhand.domain.stock import URL_RE

_CODE = r"```.*?```|`[^`\n]+`|(?m:^>.*$)"
_QUOTED = r"“[^”\n]{1,300}”|(?<!\w)\"[^\"\n]{1,300}\"(?!\w)|(?<!\w)‘[^’\n]{1,300}’(?!\w)"
_FIRST, _LAST = 0xE100, 0xF8FF
_PRIVATE = f"[{chr(_FIRST)}-{chr(_LAST)}]"
_PATTERN = re.compile(f"(?s:{_CODE})|{URL_RE.pattern}|{_PRIVATE}")
_PATTERN_QUOTED = re.compile(f"(?s:{_CODE})|{_QUOTED}|{URL_RE.pattern}|{_PRIVATE}")


def shield(text: str, quoted: bool = True) -> tuple[str, list[str]]:
    """The text with links, addresses, code and quoted lines (and words in quotation marks) hidden; and what was
    hidden.
    """
    spans: list[str] = []

    def hide(match: re.Match[str]) -> str:
        if len(spans) > _LAST - _FIRST:
            return match.group(0)
        spans.append(match.group(0))
        return chr(_FIRST + len(spans) - 1)

    return (_PATTERN_QUOTED if quoted else _PATTERN).sub(hide, text), spans


def unshield(text: str, spans: list[str]) -> str:
    """The text with the hidden spans back in their places."""

    def show(match: re.Match[str]) -> str:
        index = ord(match.group(0)) - _FIRST
        return spans[index] if index < len(spans) else match.group(0)

    return re.sub(_PRIVATE, show, text)
