"""From the body of a message to what its sender wrote: quotes, forwards, signatures and line wrapping taken off.

Sources: RFC 3676 (format=flowed, the "-- " line), RFC 5322 section 3.6.5 ("Re:"), and what mail programs do in practice
(quotation.py).  The sender's greeting and sign-off are style and stay; only the contact block under them goes.
All functions return text with LF line ends and cost time linear in its length.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass, field

from ownhand.domain import quotation as q

VERSION = 1
"""Raised when cleaning changes so much that files should be read again."""

_INVISIBLE = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xFFFC} - {0x09, 0x0A}
)
_BLANKS = dict.fromkeys([0xA0, 0x2007, 0x202F], " ")


@dataclass(frozen=True, slots=True)
class Parts:
    """A body taken apart."""

    own: str = field(default="", repr=False)
    """What the sender typed, in paragraphs of one line each."""
    quoted: str = field(default="", repr=False)
    """The message it answers, as far as it is quoted, without deeper quotes; '' for a forward."""
    quoted_from: str = field(default="", repr=False)
    """The name in the attribution, '' if none."""
    forwarded: bool = False
    signature: str = field(default="", repr=False)
    """What was taken off below the text: behind "-- ", or contact lines under the name."""


def normalise(text: str) -> str:
    """Unicode NFC, LF line ends, no control or invisible characters, no trailing blanks, no double empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\u2028", "\n")
    text = text.replace("\u2029", "\n\n").translate(_BLANKS).translate(_INVISIBLE)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    lines = [line.rstrip() for line in text.split("\n")]
    return _collapse(lines)


def unflow(text: str, delsp: bool = False) -> str:
    """Join the soft line breaks of format=flowed text (RFC 3676), each quote depth for itself; `delsp` is DelSp=yes."""
    done: list[str] = []
    open_depth = -1
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        if content.startswith(" "):
            content = content[1:]
        signature = content == "-- "
        if open_depth == depth and not signature:
            done[-1] += content
        else:
            done.append(">" * depth + (" " if depth else "") + content)
        flows = content.endswith(" ") and not signature
        if flows and delsp:
            done[-1] = done[-1][:-1]
        open_depth = depth if flows else -1
    return "\n".join(done)


def split(body: str, sender_name: str = "") -> Parts:
    """Take a readable body apart.  `sender_name` helps to recognise a signature without dashes."""
    lines = normalise(body).split("\n")
    own: list[str] = []
    quoted: list[str] = []
    signature: list[str] = []
    name = ""
    forwarded = interrupted = False
    index = 0
    while index < len(lines):
        line = lines[index][: q.LINE_LIMIT]
        if _is_quoted(line):
            if interrupted:
                quoted.append("")
                interrupted = False
            quoted.append(lines[index])
            index += 1
            continue
        if q.FORWARDED.match(line):
            forwarded = True
            break
        if q.ORIGINAL.match(line) or _is_header_block(lines, index):
            _drop_rule(own)
            body_at, name = _after_headers(lines, index, name)
            quoted.extend("> " + rest for rest in lines[body_at:])
            break
        length = _attribution(lines, index)
        if length:
            name = name or _name_in(" ".join(lines[index : index + length]))
            index += length
            following = _next_text(lines, index)
            if following is None or _is_quoted(lines[following]):
                continue
            quoted.extend("> " + rest for rest in lines[index:])
            break
        if line.rstrip() == "--" or (q.RULE.match(line) and _is_list_footer(lines, index)):
            end = _skip_signature(lines, index)
            if line.rstrip() == "--" and not signature:
                signature = lines[index + 1 : end]
            index = end
            continue
        if q.is_mobile_tagline(line):
            index += 1
            continue
        own.append(lines[index])
        interrupted = bool(quoted)
        index += 1
    own = _without_disclaimer(own)
    text = _without_contact_block(own, sender_name)
    signature = signature or own[len(text) :]
    under = "\n".join(line.strip() for line in _without_disclaimer(signature)[:SIGNATURE_LINES] if line.strip())
    return Parts(rejoin("\n".join(text)), "" if forwarded else _unquote(quoted), name, forwarded, under)


SIGNATURE_LINES = 8
"""What is longer is no signature, or one with a notice that its lawyers wrote."""


# --------------------------------------------------------------------------------------------------------- recognition


_QUOTE_MARK = re.compile(r"\s{0,3}(?:>|[A-Z]{1,3}>(?=[\s>]|$)|»(?=\s))\s?")
"""The mark before a quoted line; some programs put the initials of whom they quote before it."""


def _is_quoted(line: str) -> bool:
    return bool(_QUOTE_MARK.match(line))


def _next_text(lines: list[str], start: int) -> int | None:
    return next((index for index in range(start, min(start + 4, len(lines))) if lines[index].strip()), None)


def _is_header_block(lines: list[str], index: int) -> bool:
    """The headers that a program puts over a quoted message, in any of the languages.

    ``From:`` and two others within eight lines, or three header lines in a row with a ``From:`` among them.
    """
    first = lines[index][: q.LINE_LIMIT]
    if q.HEADER_FROM.match(first):
        return sum(bool(q.HEADER_OTHER.match(line[: q.LINE_LIMIT])) for line in lines[index + 1 : index + 8]) >= 2
    if not q.HEADER_OTHER.match(first):
        return False
    block = (line[: q.LINE_LIMIT] for line in lines[index : index + 6])
    run = list(itertools.takewhile(q.HEADER_OTHER.match, block))
    return len(run) >= 3 and any(q.HEADER_FROM.match(line) for line in run)


def _after_headers(lines: list[str], index: int, name: str) -> tuple[int, str]:
    """Where the text under a divider or a header block begins, and the name in its From line."""
    end = index if q.HEADER_OTHER.match(lines[index][: q.LINE_LIMIT]) else index + 1
    for at in range(end, min(index + 16, len(lines))):
        line = lines[at][: q.LINE_LIMIT]
        if q.HEADER_OTHER.match(line):
            end = at + 1
        elif not line.strip() and end > index + 1:
            break
        if q.HEADER_FROM.match(line) and not name:
            name = _name_in(re.split("[:：]", line, maxsplit=1)[1].lstrip("*_ "))
    while end < len(lines) and lines[end].strip() and end > index + 1 and lines[end][:1] in " \t":
        end += 1
    return end, name


def _attribution(lines: list[str], index: int) -> int:
    """How many lines from here on are one attribution ("On ... Ann wrote:"), 0 if none."""
    first = lines[index][: q.LINE_LIMIT]
    if not first.strip():
        return 0
    joined = ""
    for length in (1, 2, 3):
        if index + length > len(lines):
            break
        part = lines[index + length - 1][: q.LINE_LIMIT].strip()
        if not part or _is_quoted(part):
            break
        joined = f"{joined} {part}".strip()
        if len(joined) > q.LINE_LIMIT:
            break
        if not joined.endswith((":", "：")):
            continue
        if length > 1 and not q.ATTRIBUTION_OPENS.match(first):
            break
        following = _next_text(lines, index + length)
        before_quote = following is not None and _is_quoted(lines[following])
        dated = bool(q.CLOCK.search(joined) or q.DAY.search(joined) or q.ADDRESS.search(joined))
        if q.QUOTING.match(joined) and (before_quote or dated):
            return length
        if q.ATTRIBUTION.search(joined) and (before_quote or dated):
            return length
        if before_quote and dated and (q.ADDRESS.search(joined) or q.CLOCK.search(joined)):
            return length
        break
    return 0


_NAME = r"[^\W\d_][\w.'’-]*(?:,? [^\W\d_][\w.'’-]*){0,5}"
_NAMED = (
    re.compile(rf"({_NAME})[ ,\"]*[(\[<]{{1,2}}\s?(?:mailto:)?[^\s@<>]{{1,64}}@"),
    re.compile(rf"(?:,|:\d\d|\d{{4}}|\bschrieb|\bschreef|\bskrev)\s({_NAME}) ?(?:pisze|:|$)"),
    re.compile(rf"\s*({_NAME}) ?(?:writes|schrieb|schreef|skrev|escribió|escreveu|ha scritto|a écrit|:|$)"),
)
_NO_NAME = re.compile(
    r"^(?:(?:PM|AM|Uhr|schrieb|schreef|skrev|heeft|om|um|à|at|On|Zitat von|Quoting|In article"
    r"|CES?T|MES?Z|UTC|GMT|BST|WES?T|[ECMP][SD]T)\b[ ,]*)+"
)


def _name_in(text: str) -> str:
    """The name in an attribution or a From line, '' where only an address or nothing can be told."""
    text = text[: q.LINE_LIMIT]
    plain = q.WROTE_LAST.sub("", text)
    found = _NAMED[0].search(text) or _NAMED[1].search(plain) or _NAMED[2].match(plain)
    return _NO_NAME.sub("", found.group(1), count=1).removesuffix(" wrote").strip(" ,") if found else ""


def _is_list_footer(lines: list[str], index: int) -> bool:
    return any(q.LIST_FOOTER.search(line[: q.LINE_LIMIT]) for line in lines[index + 1 : index + 6])


def _skip_signature(lines: list[str], index: int) -> int:
    """The end of a signature: the next quoted text, header block or attribution, else the end."""
    index += 1
    while index < len(lines):
        line = lines[index][: q.LINE_LIMIT]
        if _is_quoted(line) or q.ORIGINAL.match(line) or q.FORWARDED.match(line):
            return index
        if _is_header_block(lines, index) or _attribution(lines, index):
            return index
        index += 1
    return index


def _drop_rule(own: list[str]) -> None:
    while own and (not own[-1].strip() or q.RULE.match(own[-1][: q.LINE_LIMIT])):
        own.pop()


def _without_disclaimer(own: list[str]) -> list[str]:
    """Cut from the first line of a legal notice that ends the text."""
    for index, line in enumerate(own):
        if index * 3 < len(own) and index < 2:
            continue
        here = " ".join(own[index : index + 2])[: q.LINE_LIMIT]
        if line.strip() and q.DISCLAIMER.search(here) and _ends_in_notice(own, index):
            return own[:index]
    return own


def _ends_in_notice(own: list[str], index: int) -> bool:
    """A notice is long, or says two legal things; a remark such as "this e-mail is confidential, Dana" does neither."""
    rest = " ".join(own[index:])[:2000]
    return len(q.DISCLAIMER.findall(rest)) >= 2 or len(rest) > 200 or "consider the environment" in rest.lower()


def _without_contact_block(own: list[str], sender_name: str) -> list[str]:
    """Cut a letterhead without "-- ": short lines with contact data under a closing or under the sender's name."""
    name = {word.lower() for word in re.findall(r"\w{2,}", sender_name)}
    low = max(0, len(own) - 14)
    for index in range(len(own) - 1, low - 1, -1):
        line = own[index].strip()
        if not line or len(line) > 60:
            continue
        alone = bool(q.SIGN_OFF.match(line))
        head, comma, tail = line.partition(",")
        with_name = bool(comma and q.SIGN_OFF.match(head) and _is_name(tail, name))
        if not (alone or with_name or (name and _is_name(line, name))):
            continue
        full_name = len(name) > 1 and name <= set(re.findall(r"\w{2,}", line.lower()))
        end = index + 1
        if alone:
            named = next((at for at in range(end, min(end + 2, len(own))) if own[at].strip()), None)
            end = named + 1 if named is not None and _is_name(own[named], name) else end
        elif full_name and not with_name and not _closes(own, index):
            end = index
        block = [rest for rest in own[end:] if rest.strip()]
        if not block:
            continue
        if _is_letterhead(block, name):
            return own[:end]
        if alone or with_name:
            break
    return own


def _closes(own: list[str], index: int) -> bool:
    """Whether the line above this one is a closing, so that this is the name under it."""
    return index > 0 and bool(q.SIGN_OFF.match(own[index - 1][:60]))


def _is_letterhead(block: list[str], name: set[str]) -> bool:
    if any(len(line) > 100 or len(line.split()) > 14 for line in block):
        return False
    if len(block) > 1 and len(name) > 1 and name <= set(re.findall(r"\w{2,}", block[0].lower())):
        return True
    return any(q.is_contact_line(line) for line in block) and not any(
        line.rstrip().endswith(("?", "!")) or (line.rstrip().endswith(".") and len(line.split()) > 6) for line in block
    )


def _is_name(line: str, name: set[str]) -> bool:
    words = [word.lower() for word in re.findall(r"\w+", line)]
    if not words or len(words) > 4 or q.is_contact_line(line):
        return False
    if name & set(words):
        return True
    return not name and len(words) <= 3 and all(word[:1].isupper() for word in line.split())


def _unquote(quoted: list[str]) -> str:
    """The first level of a quote, its attributions, deeper quotes and signature gone."""
    lines: list[str] = []
    for line in quoted:
        bare = _QUOTE_MARK.sub("", line, count=1)
        lines.append("" if bare.startswith(">") else bare)
    while lines and not lines[0].strip():
        lines.pop(0)
    kept: list[str] = []
    index = 0
    while index < len(lines):
        length = _attribution(lines, index)
        if length or _is_header_block(lines, index) or q.ORIGINAL.match(lines[index][: q.LINE_LIMIT]):
            if any(line.strip() for line in kept):
                break
            index = index + length if length else _after_headers(lines, index, "-")[0]
            continue
        if lines[index].strip() == "--":
            break
        kept.append(lines[index])
        index += 1
    return rejoin("\n".join(kept))


# ----------------------------------------------------------------------------------------------------------- paragraphs

_ITEM = re.compile(r"\s*(?:[-*•‣+–]\s|\(?\d{1,3}[.)]\s|\(?[a-zA-Z][.)]\s)")


def rejoin(text: str, always: bool = False) -> str:
    """Join hard-wrapped lines into paragraphs.

    The wrap width is read off the text.  A line belongs to the one before it if its first word would not have fitted
    there, or with `always` in any case; a list item begins a new line, and indented code stays as it is.
    """
    lines = _collapse(text.split("\n")).split("\n")
    width = max((len(line) for line in lines), default=0)
    if always:
        width = 0
    elif not 50 <= width <= 100:
        return "\n".join(lines)
    done: list[str] = []
    joined_to = ""
    for line in lines:
        if done and _continues(joined_to, line, width):
            done[-1] = f"{done[-1]} {line.strip()}"
        else:
            done.append(line)
        joined_to = line
    return "\n".join(done)


def _continues(before: str, line: str, width: int) -> bool:
    if not before.strip() or not line.strip() or _ITEM.match(line) or re.match(r"\s{4,}|\t", before):
        return False
    if re.match(r"\s{4,}|\t", line) and not _ITEM.match(before):
        return False
    return len(before) + 1 + len(line.split(maxsplit=1)[0]) > width


def _collapse(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1].strip()):
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n")


# ------------------------------------------------------------------------------------------------------------ documents


def prose_of_markdown(text: str, is_markdown: bool = True) -> tuple[str, str]:
    """The title and the prose of a text file: no front matter, fenced code, HTML comments or link targets.

    In Markdown the lines of a paragraph are one (CommonMark, soft line breaks); in other texts they are joined only
    where they were wrapped.
    """
    text = normalise(text)
    title = ""
    front = re.match(r"---\n(.{0,20000}?)\n(?:---|\.\.\.)(?:\n|$)", text, re.DOTALL)
    if front:
        named = re.search(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", front.group(1), re.MULTILINE)
        title = named.group(1) if named else ""
        text = text[front.end() :]
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark.group(1)
            continue
        if fence:
            continue
        heading = re.match(r" {0,3}#{1,6}\s+(.*?)\s*#*$", line)
        if heading and not title and not any(kept.strip() for kept in lines):
            title = heading.group(1)
            continue
        lines.extend(["", heading.group(1), ""] if heading else [line])
    prose = re.sub(r"<!--[^>]{0,2000}-->", "", "\n".join(lines))
    prose = re.sub(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)", "", prose)
    prose = re.sub(r"\[([^\]\n]{1,300})\]\([^)\n]{0,500}\)", r"\1", prose)
    return title.strip(), rejoin(prose, is_markdown)


def word_count(text: str) -> int:
    """How many words there are; each CJK character counts as half a word."""
    cjk = len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", text))
    return (
        len(re.findall(r"[^\W_][\w'’-]*", re.sub(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", " ", text))) + cjk // 2
    )
