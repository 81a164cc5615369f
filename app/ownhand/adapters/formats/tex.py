"""LaTeX sources, read by pylatexenc: the prose in the document environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from ownhand.adapters import charset
from ownhand.adapters.formats import common
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

LIMIT: Final = 1 << 20
"""Bytes; pylatexenc reads about 300 kB a second."""

_SOURCE = re.compile(rb"\\(?:documentclass|begin\s*\{document\}|chapter\*?\s*\{|section\*?\s*\{)")
_NO_PROSE = re.compile(
    r"\\begin\{(equation|align|gather|multline|eqnarray|figure|table|tabular|lstlisting|verbatim|minted|tikzpicture"
    r"|thebibliography|displaymath)(\*?)\}.{0,20000}?\\end\{\1\2\}",
    re.DOTALL,
)
_NO_WORDS = re.compile(
    r"~?\\(?:cite[a-z]*|nocite|label|bibliography|bibliographystyle|includegraphics|input|include|pageref|vspace|hspace"
    r"|maketitle|tableofcontents|author|date|thanks|affiliation|newpage|clearpage|appendix)\b\*?"
    r"(?:\s?\[[^\]]{0,200}\])*(?:\s?\{[^{}]{0,300}\})?"
)


class Tex:
    """.tex"""

    name = "LaTeX"

    def accepts(self, file: Readable, head: bytes) -> bool:
        if head[:1] in b"\x00<{" or file.suffix.lower() in {".sty", ".cls", ".md", ".py", ".js"}:
            return False
        start = re.sub(rb"(?m)^\s*%.*$", b"", head).lstrip()
        return bool(_SOURCE.search(start[:3000])) and (start[:1] == b"\\" or file.suffix.lower() in {".tex", ".ltx"})

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        source = charset.decode(data)
        title, prose = to_text(source)
        yield Skipped(common.BROKEN, str(file)) if prose is None else common.document(file, title, prose)


def to_text(source: str) -> tuple[str, str | None]:
    """Title and prose; the prose is None where pylatexenc cannot follow the source."""
    # WHY here: few people have such files, and its tables take a while to load
    from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]

    source = re.sub(r"(?<!\\)%[^\n]*\n\s*", "\n", source.replace("\r\n", "\n"))
    titled = re.search(r"\\title\s*(?:\[[^\]]{0,200}\])?\{([^{}]{1,300})\}", source)
    body = re.search(r"\\begin\s*\{document\}", source)
    text = source[body.end() :] if body else source
    text = text.split("\\end{document}", 1)[0]
    text = _NO_WORDS.sub("", _NO_PROSE.sub("", text))
    text = re.sub(
        r"\\(?:part|chapter|(?:sub)*section|paragraph)\*?\s*(?:\[[^\]]{0,200}\])?\{([^{}]{1,300})\}",
        r"\n\n\1\n\n",
        text,
    )
    text = re.sub(r"\s*~?\\footnote\s*\{[^{}]{0,2000}\}", "", text)
    reader = LatexNodes2Text(math_mode="text", keep_comments=False)
    try:
        title = " ".join(reader.latex_to_text(titled.group(1)).split()) if titled else ""
        prose = reader.latex_to_text(text)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        return "", None
    lines = [re.sub(r"^\s+\*\s", "- ", line) for line in cleaning.normalise(prose).split("\n")]
    return title, cleaning.rejoin("\n".join(line.strip() for line in lines), always=True)
