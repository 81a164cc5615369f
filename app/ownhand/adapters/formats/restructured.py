"""reStructuredText.  The marks are stripped here, since docutils reads whatever files a document names to include."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ownhand.adapters import charset
from ownhand.adapters.formats import common
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

_RULE = re.compile(r"^([=\-~^\"'`#*+:._])\1{2,}\s*$")
_DIRECTIVE = re.compile(rb"(?m)^\.\. (?:[\w-]+::|_[^:\n]{1,80}:)")
_UNDERLINED = re.compile(rb"(?m)^\w[^\n]{2,100}\n(?:={3,}|-{3,}|~{3,})[ \t]*$")


class RestructuredText:
    """.rst"""

    name = "reStructuredText"

    def accepts(self, file: Readable, head: bytes) -> bool:
        if b"\x00" in head or head[:1] in b"<{%" or file.suffix.lower() in {".md", ".py", ".html"}:
            return False
        marks = head.replace(b"\r\n", b"\n")
        return bool(_UNDERLINED.search(marks)) and (
            file.suffix.lower() in {".rst", ".rest"} or bool(_DIRECTIVE.search(marks))
        )

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.TEXT_FILE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        title, prose = to_text(charset.decode(data))
        yield common.document(file, title, prose)


def to_text(source: str) -> tuple[str, str]:
    """Title and prose: no directives, comments, targets, code blocks, tables or marks around words."""
    lines = cleaning.normalise(source).split("\n")
    kept: list[str] = []
    title = ""
    block = -1
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if block >= 0 and (not line.strip() or indent > block):
            continue
        block = -1
        if re.match(r"\s*\.\.(?:\s|$)", line):
            block = indent
            continue
        if _RULE.match(line):
            above = lines[number - 1].strip() if number else ""
            if above and kept and kept[-1].strip() == above and len(line.strip()) >= len(above) - 2:
                if not title and not any(other.strip() for other in kept[:-1]):
                    title = kept.pop().strip()
                else:
                    kept.append("")
            continue
        if re.match(r"\s*(?:[+|][-=+| ]{3,}|\|.*\|\s*$|={2,}\s+={2,})", line) or re.match(
            r":[\w -]{1,30}:(?:\s|$)", line
        ):
            continue
        if line.rstrip().endswith("::"):
            block = indent
            line = re.sub(r"\s*::\s*$", ":" if not line.rstrip().endswith(" ::") else "", line)
        kept.append(line)
    prose = "\n".join(kept)
    prose = re.sub(r":[\w:+-]{1,40}:`([^`<\n]{1,200}?)\s*(?:<[^>\n]{0,200}>)?`", r"\1", prose)
    prose = re.sub(r"`([^`<\n]{1,300}?)\s*<[^>\n]{1,500}>`__?", r"\1", prose)
    prose = re.sub(r"``([^`\n]{1,200})``|\*\*([^*\n]{1,300})\*\*|\*([^*\s][^*\n]{0,300})\*", r"\1\2\3", prose)
    prose = re.sub(r"`([^`\n]{1,200})`_{0,2}|\[(?:\d+|#\w*|\*)\]_|\|([\w -]{1,60})\|", r"\1\2", prose)
    prose = re.sub(r"(?m)^(\s*)[*+]\s", r"\1- ", prose)
    return title, cleaning.rejoin(prose, always=True)
