"""Public repositories and packages of manuals to clean English prose: text, title and year of each document.

Code, tables, markup, links, e-mail addresses and telephone numbers are removed, and so is every paragraph that was seen
before.  Only repositories named in `sources.txt` are read; all of them allow it.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """A repository, what kind of text it holds, and under which licence.

    `folder` names a copy that is there already; without it the repository is cloned, and `debian/NAME` is the manual in
    Debian's package of that name.
    """

    repository: str
    kind: str
    licence: str
    folder: Path | None = None


@dataclass(frozen=True)
class Document:
    """A text without markup; paragraphs are apart by a blank line."""

    text: str
    title: str = ""
    year: int | None = None


def all_sources() -> list[Source]:
    """The rows of sources.txt."""
    rows = (HERE / "sources.txt").read_text(encoding="utf-8").splitlines()
    return [Source(*(cell.strip() for cell in row.split("|"))) for row in rows if not row.startswith("#")]


def fetch(source: Source, folder: Path) -> Path:
    """Clone a source, without its history, or unpack its package, unless it is there.

    Raises CalledProcessError where git or apt fails.
    """
    if source.folder is not None:
        return source.folder
    target = folder / source.repository.replace("/", "+")
    if not target.exists():
        part = target.with_suffix(".part")
        if source.repository.startswith("debian/"):
            name = source.repository.removeprefix("debian/")
            part.mkdir()
            subprocess.run(["apt-get", "download", "--quiet", name], cwd=part, check=True)
            subprocess.run(["dpkg-deb", "-x", next(part.glob("*.deb")).name, "."], cwd=part, check=True)
        else:
            address = f"https://github.com/{source.repository}"
            subprocess.run(["git", "clone", "--quiet", "--depth", "1", address, str(part)], check=True)
        part.rename(target)
    return target


def documents(source: Source, folder: Path) -> Iterator[Document]:
    """The cleaned documents of a source, those that are English prose of some length."""
    seen: set[bytes] = set()
    manual = source.repository.startswith("debian/")
    for document in (_manual if manual else _READERS.get(source.repository, _files))(source, folder):
        text = cleaned(document.text, seen, 400 if manual else 300)
        if text is not None:
            yield Document(text, document.title, document.year)


# ------------------------------------------------------------------------------------------------------------- readers

_LEFT_OUT = re.compile(
    r"(?:^|/)(?:\.[^/]+|vendor|node_modules|tests?|fixtures|i18n|_data|authors|people|images|changelogs?|release-notes?|"
    r"locales?|translations?|(?:zh|es|fr|de|ja|ko|pt|pt-br|ru|it|id|tr|uk|zh-cn|zh-tw|vi|ar|fa|hi|bn|pl|nl)(?:-[a-z]+)?)"
    r"(?:/|\.|$)|(?:^|/)(?:readme|contributing|code_of_conduct|licen[cs]e)",
    re.I,
)


def _files(source: Source, folder: Path) -> Iterator[Document]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or path.stat().st_size > 5_000_000 or (_LEFT_OUT.search(name) and source.folder is None):
            continue
        if source.folder is not None and any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        text_of = _FORMATS.get(path.suffix)
        if source.kind == "books":
            text_of = book if path.suffix in {".md", ".txt"} else tagged if path.suffix == ".xhtml" else None
        elif source.repository == "thechangelog/transcripts" and path.suffix == ".md":
            text_of = transcript
        if text_of is not None:
            yield text_of(path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n"))


def _topical_chat(_: Source, folder: Path) -> Iterator[Document]:
    for path in sorted((folder / "conversations").glob("*.json")):
        for talk in json.loads(path.read_text(encoding="utf-8")).values():
            turns = (
                ("A: " if turn["agent"] == "agent_1" else "B: ") + turn["message"].strip() for turn in talk["content"]
            )
            yield Document("\n\n".join(turns))


def _schema_guided(_: Source, folder: Path) -> Iterator[Document]:
    for path in sorted((folder / "train").glob("dialogues_*.json")):
        for talk in json.loads(path.read_text(encoding="utf-8")):
            turns = (("Customer: " if t["speaker"] == "USER" else "Agent: ") + t["utterance"] for t in talk["turns"])
            yield Document("\n\n".join(turns))


def _persona_chat(_: Source, folder: Path) -> Iterator[Document]:
    for path in sorted(folder.rglob("*.csv")):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8", errors="replace"))):
            if len(row) > 2 and "User 1" in row[2]:
                yield Document(row[2].replace("\n", "\n\n").replace("User 1", "A").replace("User 2", "B"))


def _speeches(_: Source, folder: Path) -> Iterator[Document]:
    for name in ("state_union", "inaugural"):
        with zipfile.ZipFile(folder / "packages" / "corpora" / f"{name}.zip") as archive:
            for member in sorted(archive.namelist()):
                if member.endswith(".txt") and "README" not in member:
                    yield Document(re.sub(r"(?<!\n)\n(?!\n)", " ", archive.read(member).decode("latin1")))


_NO_PROSE = re.compile(
    r"genindex|py-modindex|search|_modules|_sources|/src/|all\.html|print\.html|theoremindex|core_arch|implementors|"
    r"/(?:fn|struct|trait|enum|macro|constant|type|primitive|method|module|static|union|attr)\."
)
_NO_PROSE_WITHIN = "//pre|//script|//style|//nav|//table|//dt|//footer|//header|" + "|".join(
    f'//*[contains(@class,"{name}")]'
    for name in (
        "sphinxsidebar related toctree navheader navfooter highlight math contents field-list headerlink footnote"
    ).split()
)


def _manual(_: Source, folder: Path) -> Iterator[Document]:
    """The pages of a manual in HTML: paragraphs, items and headings, without reference entries and code."""
    from lxml import html as pages

    for path in sorted(folder.rglob("*.html")):
        if path.is_symlink() or _NO_PROSE.search(path.relative_to(folder).as_posix()):
            continue
        page = pages.document_fromstring(path.read_bytes() or b"<p>")
        for element in page.xpath(_NO_PROSE_WITHIN):
            if element.getparent() is not None:
                element.drop_tree()
        found = [" ".join(part.text_content().split()) for part in page.xpath("//p|//li[not(.//p)]|//h2|//h3")]
        title = " ".join(page.xpath("string(//h1)").split())
        yield Document("\n\n".join(part.replace("¶", "") for part in found if part), title.replace("¶", ""))


_READERS: dict[str, Callable[[Source, Path], Iterator[Document]]] = {
    "alexa/Topical-Chat": _topical_chat,
    "google-research-datasets/dstc8-schema-guided-dialogue": _schema_guided,
    "google-research-datasets/Synthetic-Persona-Chat": _persona_chat,
    "nltk/nltk_data": _speeches,
}


# ------------------------------------------------------------------------------------------------------------- formats

_MARKDOWN_REMOVED = (
    re.compile(r"<!--.*?-->", re.S),
    re.compile(r"^[ \t>]*(```|~~~).*?^[ \t>]*\1[^\n]*$", re.M | re.S),
    re.compile(r"<(script|style|pre|code|table|svg|figure|iframe)\b.*?</\1>", re.S),
    re.compile(r"\{\{[<%].*?[>%]\}\}|\{%.*?%\}|\{\{.*?\}\}|\{[:#][^}]*\}", re.S),
    re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])"),
    re.compile(r"^\s*\[[^\]]+\]:.*$", re.M),
    re.compile(r"\[\^[^\]]*\]:?"),
    re.compile(r"<https?://[^>]*>|</?[a-zA-Z][^>\n]*>"),
)
_MARKDOWN_UNWRAPPED = (
    (re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])[*_](?=\S)([^*_\n]+?)(?<=\S)[*_](?![\w*])"), r"\1"),
    (re.compile(r"`+([^`\n]*)`+"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!>-])"), r"\1"),
)
_FRONT_MATTER = re.compile(r"\s*(---|\+\+\+)\s*\n(.*?)\n\1\s*\n", re.S)


def markdown(text: str) -> Document:
    """Markdown with or without front matter; lists keep their marks, headings become paragraphs."""
    title = ""
    front = _FRONT_MATTER.match(text)
    if front:
        named = re.search(r"^title\s*[:=]\s*(.+)$", front[2], re.M)
        title = named[1].strip().strip("\"'") if named else ""
        text = text[front.end() :]
    for pattern in _MARKDOWN_REMOVED:
        text = pattern.sub("", text)
    for pattern, inner in _MARKDOWN_UNWRAPPED:
        text = pattern.sub(inner, text)
    blocks = (_markdown_block(block.split("\n")) for block in re.split(r"\n\s*\n", text))
    return Document("\n\n".join(block for block in blocks if block), title)


def _markdown_block(rows: list[str]) -> str:
    indented = all(row.startswith(("    ", "\t")) for row in rows if row.strip())
    if indented and not re.match(r"\s*(?:[-*+]|\d+[.)])\s", rows[0]):
        return ""  # code
    block = ""
    for row in rows:
        line = re.sub(r"^>+\s?", "", row.strip())
        if not line or line.startswith(("|", ":::", "!!!", "import ", "export ")) or line.count("|") > 2:
            continue
        if re.fullmatch(r"[-=*_ #~^]+", line):
            continue
        heading = re.match(r"#+\s+(.*)", line)
        item = re.match(r"([-*+]|\d+[.)])\s+(.*)", line)
        if heading:
            block += ("\n" if block else "") + heading[1].rstrip("# ") + "\n\n"
        elif item:
            block = (
                block.rstrip()
                + ("\n" if block.strip() else "")
                + ("- " if item[1] in "-*+" else item[1] + " ")
                + item[2]
            )
        else:
            block += (" " if block and not block.endswith("\n") else "") + line
    return block.strip()


def restructured(text: str) -> Document:
    """reStructuredText: directives, literal blocks, field lists and roles removed."""
    text = re.sub(r"\A(?:[A-Z][\w-]*:.*\n(?:[ \t]+.*\n)*)+", "", text)
    kept: list[str] = []
    skipped: int | None = None
    for row in text.replace("\t", "    ").split("\n"):
        indent = len(row) - len(row.lstrip())
        if skipped is not None and (not row.strip() or indent > skipped):
            continue
        skipped = None
        line = row.strip()
        if line.startswith(".. "):
            skipped = indent
        elif re.fullmatch(r"([=\-~^\"'`#*+.])\1{2,}", line) or line.startswith(("+--", "|", ">>>", ":")):
            continue
        elif line.endswith("::"):
            skipped = indent
            kept.append(row.rstrip()[:-1] if line != "::" else "")
        else:
            kept.append(row)
    text = "\n".join(kept)
    for pattern, inner in (
        (r":[\w:+-]+:`([^`<]*?)\s*(?:<[^`]*>)?`", r"\1"),
        (r"``([^`]*)``", r"\1"),
        (r"`([^`<]*?)\s*<[^`]*>`__?", r"\1"),
        (r"`([^`]*)`_?_?", r"\1"),
        (r"\[#?[\w-]*\]_", ""),
        (r"(\w)_(?=\W)", r"\1"),
        (r"\*\*?([^*\n]+)\*\*?", r"\1"),
    ):
        text = re.sub(pattern, inner, text)
    return Document("\n\n".join(" ".join(block.split()) for block in re.split(r"\n\s*\n", text)))


def tagged(text: str) -> Document:
    """XHTML and the CNXML of textbooks: paragraphs, items and titles."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.S)
    text = re.sub(
        r"(?s)<(metadata|code|m:math|math|table|equation|figure|media|glossary|head|exercise)\b.*?</\1>", "", text
    )
    found = re.findall(r"(?s)<(?:para|p|item|title)\b[^>]*>(.*?)</(?:para|p|item|title)>", text)
    return Document("\n\n".join(_untagged(part) for part in found), _untagged(title[1]) if title else "")


def _untagged(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def transcript(text: str) -> Document:
    """A podcast in Markdown: every turn begins with the speaker's first name."""
    turns: list[str] = []
    for paragraph in re.sub(r"\\\[[^\]]*\]", "", text).split("\n\n"):
        turn = " ".join(paragraph.split())
        speaker = re.match(r"\*\*([^*:]+):\*\*\s*(.*)", turn)
        if speaker:
            turn = f"{speaker[1].split()[0]}: {speaker[2]}" if speaker[2] else ""
        turn = turn.replace("*", "")
        if turn and not turn.startswith(("#", "[")):
            turns.append(turn)
    return Document("\n\n".join(turns))


def book(text: str) -> Document:
    """A novel, with its year where the file tells it."""
    year = re.search(r"## Year: *(\d{4})", text)
    if text.count("\n\n") > 50:
        text = re.sub(r"(?<!\n)\n(?!\n)", " ", text)
    text = re.sub(r"\A# Title.*?-------\s*", "", text, flags=re.S)
    text = re.sub(r"^#+.*$", "", text, flags=re.M)
    text = re.sub(r"(?<!\w)[_*]+(\S[^_*\n]*?)[_*]+(?!\w)", r"\1", text)
    return Document(re.sub(r"(?<=\w) ?--+ ?|--+", "—", text), "", int(year[1]) if year else None)


_FORMATS: dict[str, Callable[[str], Document]] = {
    ".md": markdown,
    ".mdx": markdown,
    ".markdown": markdown,
    ".rst": restructured,
    ".cnxml": tagged,
}

# ------------------------------------------------------------------------------------------------------------ cleaning

_PRIVATE = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\d)(?:\+\d{1,2}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+")
_CODE = re.compile(r"[{}\\<>]{2}|\w\(\)|;$|==|::|=>")
_COMMON = frozenset(
    "the of and to a in is it that for you was on are with as i be this have from or by not but we they at".split()
)
_MARKS = str.maketrans(
    {"\u00a0": " ", "’": "'", "‘": "'", "“": '"', "”": '"', "\ufeff": "", "\u00ad": "", "\u200b": ""}
)


def cleaned(text: str, seen: set[bytes], shortest: int = 300) -> str | None:
    """The paragraphs that are prose and were not seen before; None where too little English is left."""
    text = re.sub(r"(?<=\w) ?-- ?(?=\w)", "—", html.unescape(text).translate(_MARKS))
    kept: list[str] = []
    for part in re.split(r"\n\s*\n", text):
        paragraph = _ADDRESS.sub("", part.strip())
        if not paragraph or _PRIVATE.search(paragraph) or _CODE.search(paragraph):
            continue
        if sum(c.isalpha() or c == " " for c in paragraph) < 0.8 * len(paragraph):
            continue
        if len(paragraph) > 60:
            letters = re.sub(r"[^a-z]", "", paragraph.lower())[:400]
            key = hashlib.blake2b(letters.encode(), digest_size=8).digest()
            if key in seen:
                continue
            seen.add(key)
        kept.append(re.sub(r"[ \t]+", " ", re.sub(r" +([,.;:?!])", r"\1", paragraph)))
    while kept and len(kept[-1]) < 60 and kept[-1][-1:] not in '.!?"':
        kept.pop()
    text = "\n\n".join(kept)
    words = re.findall(r"[A-Za-z']+", text[:6000].lower())
    english = len(words) >= 40 and sum(word in _COMMON for word in words) >= 0.22 * len(words)
    foreign = sum(ord(character) > 0x24F for character in text[:4000]) > 120
    return text if len(text) >= shortest and english and not foreign else None
