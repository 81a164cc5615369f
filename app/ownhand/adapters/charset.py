"""Bytes to text where the declared character set is missing, wrong or unheard of."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

SAMPLE = 20_000
"""Bytes that the detector looks at; it is slow and gets no surer with more."""

_ALIASES = {
    "unknown-8bit": "",
    "x-unknown": "",
    "default_charset": "",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "x-euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "",
    "ascii": "",
    "utf8mb4": "utf-8",
    "cp-850": "cp850",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
}
_REFUSED = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "palmos"}
"""Python codecs that are no character sets of texts."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, declared: str = "") -> str:
    """The text of `data`, always.

    Tried in order: byte order mark, sets of ASCII bytes that are declared or show their escapes, UTF-16 by its zero
    bytes, UTF-8, the declared set, what the detector finds, and cp1252, in which every byte is something.

    UTF-8 comes before the declaration because text in another set is almost never valid UTF-8 by chance, whereas UTF-8
    declared as Latin-1 is common.  Sets that are ASCII throughout (UTF-7, ISO-2022, HZ) are believed when declared.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data.decode(name, "replace")
    label = declared.strip().strip("\"'").lower()
    encoding = _known(_ALIASES.get(label, label))
    if data.isascii():
        if encoding and _stateful(encoding):
            return _strict(data, encoding) or data.decode(encoding, "replace")
        if b"\x1b$" in data[:SAMPLE]:
            return data.decode("iso2022_jp_2", "replace")
        if b"\x00" not in data[:SAMPLE]:
            return data.decode("ascii")
    zeros = data[:SAMPLE].count(0)
    if zeros * 4 > len(data[:SAMPLE]):
        return data.decode("utf-16-le" if data[1:SAMPLE:2].count(0) * 2 >= zeros else "utf-16-be", "replace")
    if encoding.startswith(("utf-16", "utf-32")):
        text = _strict(data, encoding)
        if text is not None and sum(c.isprintable() or c.isspace() for c in text) >= 0.9 * len(text):
            return text
        encoding = ""
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    if encoding and not encoding.startswith("utf"):
        text = _strict(data, encoding)
        if text is not None:
            return text
    if _mostly_utf8(data):
        return data.decode("utf-8", "replace")
    if encoding and not encoding.startswith("utf"):
        text = data.decode(encoding, "replace")
        if text.count("\ufffd") * 50 <= len(text):
            return text
    return _detected(data)


def _known(label: str) -> str:
    """Python's name of a character set, '' for what is none."""
    if not label or not re.fullmatch(r"[\w.:+-]{1,40}", label):
        return ""
    try:
        found = codecs.lookup(label)
    except (LookupError, UnicodeError, ValueError):
        return ""
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name not in _REFUSED else ""


def _stateful(encoding: str) -> bool:
    return encoding.startswith(("iso2022", "utf-7", "hz", "utf_7"))


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, ValueError):
        return None


def _mostly_utf8(data: bytes) -> bool:
    """UTF-8 with a few broken places, as truncation leaves it."""
    text = data[:SAMPLE].decode("utf-8", "replace")
    good = sum(1 for char in text if char > "\x7f" and char != "\ufffd")
    return good > 4 * text.count("\ufffd")


def _detected(data: bytes) -> str:
    sample = data[:SAMPLE]
    high = sum(byte > 0x7F for byte in sample)
    # With few foreign bytes the detector guesses; western text with accents is then by far the likeliest.
    if high >= 12 and high * 12 > len(sample):
        best = from_bytes(sample).best()
        if best is not None:
            text = _strict(data, best.encoding)
            return text if text is not None else data.decode(best.encoding, "replace")
    western = _strict(data, "cp1252")
    return western if western is not None else data.decode("latin-1")
