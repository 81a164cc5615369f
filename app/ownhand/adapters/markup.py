"""HTML to readable text by inscriptis, with what a mail program quotes marked as plain-text quotes."""

from __future__ import annotations

import re
from typing import Any

from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]
from lxml import etree, html  # type: ignore[import-untyped]

Element = Any
"""An lxml element; lxml and inscriptis ship no types."""

LIMIT = 2_000_000
"""Characters of markup that are looked at; a person's message has a hundredth."""

_OPEN, _CLOSE = "\ue0f1", "\ue0f2"
"""Private-use characters that mark the begin and end of a quote in the converted text."""
_DIVIDER = "-----Original Message-----"
"""What Outlook's text messages have where its HTML has only a line over the headers of the message below."""

_QUOTE_CLASS = re.compile(
    r"\b(?:gmail_quote|yahoo_quoted|protonmail_quote|zmail_extra|tutanota_quote|moz-cite|mail-quote|quoted|cite"
    r"|ms-outlook-mobile-reference-message|outlookmessageheader)\b"
)
_REST_ID = re.compile(
    r"(?:divrplyfwdmsg|appendonsend|mail-editor-reference-message-container|orijinalmesaj|replysplit)"
)
_SIGNATURE_CLASS = re.compile(
    r"\b(?:gmail_signature|moz-signature|protonmail_signature_block)\b|^signature$|^ms-outlook-mobile-signature$"
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|max-height\s*:\s*0")
_BORDER_TOP = re.compile(
    r"border-top\s*:\s*solid\s+#?(?:e1e1e1|b5c4df|b5c4de)|border:none;\s*border-top:\s*solid", re.IGNORECASE
)
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_images=False, display_links=False)


def to_text(markup: str, mail: bool = True) -> str:
    """Readable text of an HTML page or part.

    With `mail`, quoted blocks come out with "> " before each line and a reply divider as words, so that cleaning.split
    sees the same marks as in a plain-text message.  Scripts, styles and hidden elements are gone.
    Nothing is fetched.  Returns '' for what no parser can read.
    """
    markup = re.sub("[\ue0f1\ue0f2\x00-\x08\x0b\x0c\x0e-\x1f]", "", markup[:LIMIT]).strip()
    # A declaration inside an already decoded text makes lxml refuse it.
    markup = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", markup)
    if not markup:
        return ""
    try:
        tree = html.document_fromstring(
            markup, parser=html.HTMLParser(huge_tree=False, no_network=True, remove_pis=True)
        )
        _prepare(tree, mail)
        text = Inscriptis(tree, _CONFIG).get_text()
    except (etree.LxmlError, ValueError, AssertionError, RecursionError, IndexError, AttributeError, TypeError):
        # What inscriptis cannot lay out (nested tables out of order) is still worth its words.
        return _bare(markup)
    return _prefixed(text) if mail else text


def title_of(markup: str) -> str:
    """The text of <title>, '' if none."""
    found = re.search(r"<title[^>]{0,200}>([^<]{1,500})</title", markup[:100_000], re.IGNORECASE)
    return " ".join(html.fromstring(f"<p>{found.group(1)}</p>").text_content().split()) if found else ""


def _prepare(tree: Element, mail: bool) -> None:
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):
            continue
        if element.tag in {"script", "style", "head", "title", "noscript", "template", "object", "svg"}:
            _empty(element)
            continue
        style = (element.get("style") or "")[:1000]
        if _HIDDEN.search(style):
            _empty(element)
            continue
        if not mail:
            continue
        if element.getparent() is None:
            continue
        if _is_quote(element, style):
            _insert_line(element, 0, _OPEN)
            _insert_line(element, len(element), _CLOSE)
        elif _REST_ID.search((element.get("id") or "").lower()) or _BORDER_TOP.search(style):
            _insert_line(element, 0, _DIVIDER)
        elif _SIGNATURE_CLASS.search((element.get("class") or "").lower()):
            _insert_line(element, 0, "-- ")


def _is_quote(element: Element, style: str) -> bool:
    if element.tag != "blockquote":
        return False
    css_class = (element.get("class") or "").lower()
    if (element.get("type") or "").lower() == "cite" or element.get("cite") or _QUOTE_CLASS.search(css_class):
        return True
    # Gmail's "indent more" makes a blockquote without a border around the writer's own lines.
    return not re.search(r"border\s*:\s*(?:none|0)", style)


def _empty(element: Element) -> None:
    tail = element.tail
    element.clear()
    element.tail = tail
    element.tag = "span"


def _insert_line(element: Element, position: int, text: str) -> None:
    line = etree.Element("div")
    line.text = text
    if position == 0:
        line.tail, element.text = element.text, None
    element.insert(position, line)


def _prefixed(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for line in text.split("\n"):
        depth += line.count(_OPEN)
        bare = re.sub(f"[{_OPEN}{_CLOSE}]", "", line)
        if line.strip() == bare.strip() or bare.strip():
            lines.append(f"{'>' * min(depth, 9)} {bare.strip()}" if depth > 0 else bare.strip())
        depth = max(0, depth - line.count(_CLOSE))
    return "\n".join(lines)


def _bare(markup: str) -> str:
    stripped = re.sub(r"(?is)<(script|style|head)\b[^>]{0,500}>.{0,200000}?</\1\s*>", " ", markup)
    stripped = re.sub(r"(?i)<(?:br|p|div|tr|li)\b[^>]{0,500}>", "\n", stripped)
    return re.sub(r"<[^<>]{1,2000}>", " ", stripped)
