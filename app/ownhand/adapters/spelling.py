"""Spelling: which words are certainly mistyped, and what was meant; and what is a word of English at all.

The dictionary and its word frequencies are pyspellchecker's (English).  It proposes words one edit away; this decides
whether one of them is clear enough to be taken without asking, because a wrong correction is worse than none.
"""

from __future__ import annotations

import gzip
import re
import threading
from bisect import bisect_right
from collections.abc import Callable
from importlib import resources
from itertools import pairwise

from spellchecker import SpellChecker

from ownhand.domain.stock import UK_TO_US

CLEAR = 6.0
"""How many times likelier than the next the best word must be."""


class Speller:
    """Corrects what is certain.  The dictionary (0.4 s) is read when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._checker: SpellChecker | None = None

    def correct(self, text: str, known: Callable[[str], bool]) -> str:
        """The text with certain misspellings put right; words for which `known` says yes are left alone.

        Capitalised words are names as far as anybody can tell, and addresses and words with digits are not prose.
        """
        said = [word.lower() for word in re.findall(r"[A-Za-z]+", text)]

        def put(found: re.Match[str]) -> str:
            word = found.group(0)
            if not word.islower() or len(word) < 3 or said.count(word) > 2 or word in UK_TO_US or known(word):
                return word
            return self._certain(word) or word

        return re.sub(r"(?<![\w@./'’-])[A-Za-z]+(?![\w@/'’-]|\.\w)", put, text)

    def _certain(self, word: str) -> str:
        with self._lock:
            checker = self._checker = self._checker or SpellChecker(distance=1)
        if not checker.unknown([word]):
            return ""
        weighed = sorted(
            (
                (checker.word_usage_frequency(candidate) * _ease(word, candidate), candidate)
                for candidate in checker.candidates(word) or ()
                if candidate != word and (candidate[0] == word[0] or sorted(candidate) == sorted(word))
            ),
            reverse=True,
        )
        if not weighed or weighed[0][0] < 1e-7 or (len(weighed) > 1 and weighed[0][0] < CLEAR * weighed[1][0]):
            return ""
        return weighed[0][1]


def _ease(word: str, meant: str) -> float:
    """How easily `meant` is mistyped as `word`: swaps and lost or doubled letters happen more than wrong ones."""
    if sorted(word) == sorted(meant):
        return 1.0
    if len(meant) > len(word):
        return 1.0
    if len(meant) < len(word):
        doubled = any(a == b for a, b in pairwise(word))
        return 0.5 if doubled and meant[0] == word[0] else 0.05
    return 0.1 if meant[0] == word[0] else 0.0


class English:
    """The words of the same dictionary, and how often each stands in the corpus it was made from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: list[str] = []
        self._counts: dict[str, int] = {}

    def frequency(self, word: str) -> int:
        """How often a word in lower case stands in its corpus; 0 where it is none."""
        self._read()
        return self._counts.get(word, 0)

    def frequency_from(self, start: str) -> int:
        """That of the commonest longer word that begins so."""
        self._read()
        most, at = 0, bisect_right(self._words, start)
        while at < len(self._words) and self._words[at].startswith(start):
            most = max(most, self._counts[self._words[at]])
            at += 1
        return most

    def _read(self) -> None:
        """Word by word: a JSON reader would hold up every other thread for the time of the whole file."""
        with self._lock:
            if self._words:
                return
            packed = resources.files("spellchecker").joinpath("resources", "en.json.gz").read_bytes()
            text = gzip.decompress(packed).decode()
            self._counts = {found[1]: int(found[2]) for found in re.finditer(r'"([^"\\]+)":\s*(\d+)', text)}
            self._words = sorted(self._counts)
