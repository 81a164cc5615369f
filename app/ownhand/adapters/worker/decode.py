"""From a distribution over tokens to text: what may come next, what is chosen, and which characters are certain.

Pure functions and small classes over numpy arrays; nothing here knows llama.cpp, so all of it can be tested alone.
"""

from __future__ import annotations

import bisect
import codecs
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker.thoughts import Thoughts

Probabilities = NDArray[np.float32]
Ids = NDArray[np.int64]

BAN: Final = -20.0
"""A bias at or below this takes every chance away."""
_LONGEST_PARTIAL: Final = 40
_NEXT_BYTE: Final = 0.1
"""Chance that a given byte is the next one, for text that is neither sure nor surprising."""
_APOSTROPHES: Final = "'\u2019"


# ------------------------------------------------------------------------------------------------------- vocabulary


class Vocabulary:
    """The bytes of every token, with the look-ups that constrained decoding needs."""

    def __init__(self, pieces: Sequence[bytes], ends: Collection[int]) -> None:
        """`pieces[t]` is empty for a token that is no text; `ends` are the tokens that end a generation."""
        self.pieces = pieces
        self.ends = frozenset(ends)
        self.never = np.array([not piece and t not in self.ends for t, piece in enumerate(pieces)], bool)
        """For each token, whether it is neither text nor an end: such tokens are never chosen."""
        self.is_text = np.array([bool(piece) and t not in self.ends for t, piece in enumerate(pieces)], bool)
        self.ends_word = np.array([t in self.ends or not _goes_on(piece) for t, piece in enumerate(pieces)], bool)
        """For each token, whether a word before it ends there."""
        self.starts_blank = np.array([piece.startswith(b" ") for piece in pieces], bool)
        self.sizes = np.array([len(piece) for piece in pieces], np.int64)
        """Bytes of each token."""
        self.lengths = np.array([len(piece.decode("utf-8", "ignore")) for piece in pieces], np.int64)
        """Characters of each token."""
        order = sorted((t for t, piece in enumerate(pieces) if piece), key=pieces.__getitem__)
        self._ids: Ids = np.array(order, np.int64)
        self._sorted = [pieces[t] for t in order]
        self._containing: dict[bytes, Ids] = {}
        """Kept: looking through all tokens takes milliseconds, and the same marks are asked for at each keystroke."""

    def in_word(self, byte: bytes) -> bool:
        """Whether this byte at the end of a text is within a word, or at its end."""
        return _is_word(byte)

    def starting_with(self, prefix: bytes) -> Ids:
        """Tokens whose bytes begin with a non-empty prefix."""
        low = bisect.bisect_left(self._sorted, prefix)
        after = prefix.rstrip(b"\xff")
        high = len(self._sorted) if not after else bisect.bisect_left(self._sorted, after[:-1] + bytes([after[-1] + 1]))
        return self._ids[low:high]

    def consistent(self, partial: bytes) -> tuple[Ids, Probabilities]:
        """Tokens that begin with what is already there or are the beginning of it, ascending, and how much of each to
        believe.

        The probability of a token that covers the partial is exact.  That of a token which is only its beginning counts
        every other word that begins so, too; the share in which the rest of the partial follows is taken as a constant
        for each of its bytes, since knowing it would cost a computation of the model for each of them.  Without it
        a text would be cut into short tokens where the model would have written a long one.
        """
        begun = [self._exactly(partial[:length]) for length in range(1, len(partial))]
        ids = np.sort(np.concatenate([self.starting_with(partial), *begun]))
        return ids, beliefs(partial, self.sizes[ids])

    def completing(self, rest: bytes, whole_word: bool) -> Ids:
        """Tokens that begin with `rest`; with `whole_word`, only those in which no letter follows it."""
        found = self.starting_with(rest)
        if not whole_word:
            return found
        end = len(rest)
        return np.array([t for t in found if not _is_word(self.pieces[t][end : end + 1])], np.int64)

    def containing(self, part: bytes) -> Ids:
        """Tokens that have these bytes anywhere in them."""
        found = self._containing.get(part)
        if found is None:
            found = np.array([t for t, piece in enumerate(self.pieces) if part in piece], np.int64)
            self._containing[part] = found
        return found

    def _exactly(self, piece: bytes) -> Ids:
        low = bisect.bisect_left(self._sorted, piece)
        return self._ids[low : bisect.bisect_right(self._sorted, piece, lo=low)]


def belief(missing: int) -> float:
    """The share of a path that is believed to go on with so many given bytes."""
    return float(_NEXT_BYTE**missing)


def beliefs(partial: bytes, sizes: Ids) -> Probabilities:
    """The same for tokens of these sizes, in bytes, that agree with `partial` (shape: that of `sizes`)."""
    missing = np.maximum(0, len(partial) - sizes)
    result: Probabilities = np.power(np.float32(_NEXT_BYTE), missing.astype(np.float32))
    return result


def _goes_on(piece: bytes) -> bool:
    """Whether a token can go on with a word: "don" with "'t"."""
    return _is_word(piece[:1]) or piece[:1] == b"'"


def _is_word(byte: bytes) -> bool:
    return bool(byte) and (byte.isalnum() or byte[0] >= 0x80)


def split_partial(text: str) -> tuple[str, str]:
    """A text as what comes before its unfinished last word, and that word with the one space before it.

    Models write a space as part of the word that follows, so a text that ends with a space has that space as its
    unfinished part.  Nothing is unfinished after punctuation or a line break.  Word characters are letters, digits and
    apostrophes.
    """
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] in _APOSTROPHES):
        start -= 1
    if len(text) - start > _LONGEST_PARTIAL:
        return text, ""
    if start and text[start - 1] == " ":
        start -= 1
    return text[:start], text[start:]


# ------------------------------------------------------------------------------------------------------------- bias


class Biases:
    """Words and phrases that are favoured, held back or banned.

    A favoured phrase lifts the first token of its variants (with and without the space before, with a capital) where a
    word can begin.  A phrase held back is recognised in the bytes of the text, however it is cut into tokens: only the
    token that would complete it is lowered, so the innocent beginning of a banned phrase stays allowed.
    """

    def __init__(
        self, vocabulary: Vocabulary, biases: Mapping[str, float], tokenize: Callable[[str], Sequence[int]]
    ) -> None:
        self._vocabulary = vocabulary
        self._always: list[tuple[Ids, float]] = []
        self._at_boundary: list[tuple[Ids, float]] = []
        self._held: list[tuple[bytes, bool, float]] = []
        self._completing: dict[tuple[bytes, bool], Ids] = {}
        for phrase, bias in biases.items():
            phrase = phrase.strip()
            for variant in dict.fromkeys((phrase, phrase[:1].upper() + phrase[1:])) if phrase else ():
                if bias > 0:
                    self._favour(variant, bias, tokenize)
                elif bias < 0:
                    self._hold_back(variant.encode("utf-8", "replace"), bias)
        self.longest = max((len(phrase) for phrase, _, _ in self._held), default=1) + 1
        """How many bytes of the text before the next token `apply` needs to see."""

    def __bool__(self) -> bool:
        return bool(self._always or self._at_boundary or self._held)

    def apply(self, scores: Probabilities, tail: bytes) -> None:
        """Add the biases to log scores (shape: vocabulary), in place.  `tail` is the end of the text so far."""
        boundary = not _is_word(tail[-1:])
        for tokens, bias in self._always:
            _add(scores, tokens, bias)
        if boundary:
            for tokens, bias in self._at_boundary:
                _add(scores, tokens, bias)
        for phrase, whole_word, bias in self._held if tail else ():
            for done in range(1, len(phrase)):
                if phrase[done - 1] != tail[-1] or not tail.endswith(phrase[:done]):
                    continue
                if _is_word(phrase[:1]) and _is_word(tail[-done - 1 : -done]):
                    continue
                _add(scores, self._complete(phrase[done:], whole_word), bias)

    def _favour(self, variant: str, bias: float, tokenize: Callable[[str], Sequence[int]]) -> None:
        for text, where in ((" " + variant, self._always), (variant, self._at_boundary)):
            tokens = tokenize(text)
            if tokens:
                where.append((np.array(tokens[:1], np.int64), bias))

    def _hold_back(self, phrase: bytes, bias: float) -> None:
        whole_word = _is_word(phrase[-1:])
        if not any(_is_word(phrase[i : i + 1]) for i in range(len(phrase))):
            self._always.append((self._vocabulary.containing(phrase), bias))
        else:
            self._always.append((self._complete(b" " + phrase, whole_word), bias))
            where = self._at_boundary if _is_word(phrase[:1]) else self._always
            where.append((self._complete(phrase, whole_word), bias))
        self._held.append((phrase, whole_word, bias))

    def _complete(self, rest: bytes, whole_word: bool) -> Ids:
        found = self._completing.get((rest, whole_word))
        if found is None:
            found = self._completing[rest, whole_word] = self._vocabulary.completing(rest, whole_word)
        return found


def _add(scores: Probabilities, tokens: Ids, bias: float) -> None:
    if len(tokens):
        scores[tokens] += np.float32(bias if bias > BAN else -np.inf)


# --------------------------------------------------------------------------------------------------------- sampling


def restrict(share: Probabilities, beliefs: Probabilities) -> Probabilities:
    """The distribution over some tokens, weighted by `beliefs`; the beliefs alone if the model gives them nothing.

    Both of the same shape, one entry for each token that is allowed.
    """
    weighted = share * beliefs
    total = float(weighted.sum())
    if total <= 0:
        weighted, total = beliefs, float(beliefs.sum()) or 1.0
    result: Probabilities = weighted / np.float32(total)
    return result


def penalise(logits: Probabilities, recent: Sequence[int], penalty: float) -> Probabilities:
    """Logits in which recently used tokens are less likely (Keskar et al. 2019, CTRL); a new array."""
    result = logits.copy()
    if recent and penalty != 1.0:
        tokens = np.fromiter(set(recent), np.int64)
        chosen = result[tokens]
        result[tokens] = np.where(chosen > 0, chosen / np.float32(penalty), chosen * np.float32(penalty))
    return result


class Chooser:
    """Draws tokens by temperature, top-k, top-p (Holtzman et al. 2020) and min-p (Nguyen et al. 2024)."""

    def __init__(self, temperature: float, top_k: int, top_p: float, min_p: float, seed: int) -> None:
        self._temperature = temperature
        self._top_k = top_k
        self._top_p = top_p
        self._min_p = min_p
        self._random: Any = np.random.default_rng(seed) if temperature > 0 else None

    def choose(self, scores: Probabilities) -> int:
        """One token from log scores (shape: vocabulary; -inf is never chosen).  Ties go to the lower id."""
        if self._random is None:
            return int(scores.argmax())
        count = min(self._top_k or 2048, len(scores))
        best = np.argpartition(scores, -count)[-count:] if count < len(scores) else np.arange(len(scores))
        best = best[np.lexsort((best, -scores[best]))]
        values = scores[best].astype(np.float64)
        plain = np.exp(values - values[0])
        share = plain / plain.sum()
        keep = (np.cumsum(share) - share < self._top_p) & (plain >= self._min_p) & (plain > 0)
        keep[0] = True
        values = values[keep] / self._temperature
        weights = np.exp(values - values[0])
        return int(self._random.choice(best[keep], p=weights / weights.sum()))


# ------------------------------------------------------------------------------------------------------------- text


class Writer:
    """Turns the bytes of tokens into text that is final.

    Held back are: the partial word that was there already, the first bytes of a character that is not complete, and
    whatever may still become a stop string.  With `thoughts`, what the model thinks aloud is left out.
    """

    def __init__(self, partial: bytes, stops: Sequence[str], thoughts: Thoughts | None = None) -> None:
        self.partial = partial
        """What the next tokens must still reproduce before new text begins."""
        self.stopped = False
        """A stop string was written; nothing more will come."""
        self._stops = [stop for stop in stops if stop]
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")
        self._thoughts = thoughts
        self._held = ""

    def write(self, piece: bytes) -> str:
        """Take the bytes of one token; the text that is final now."""
        shared = min(len(piece), len(self.partial))
        self.partial = self.partial[shared:]
        text = self._characters.decode(piece[shared:])
        self._held += text if self._thoughts is None else self._thoughts.feed(text)
        found = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            text, self._held = self._held[: min(found)], ""
            return text
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return text

    def finish(self) -> str:
        """What was held back in case of a stop string; an incomplete character is dropped."""
        text, self._held = self._held, ""
        if self._thoughts is not None:
            text += self._thoughts.finish()
        return "" if self.stopped else text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a beginning of `stop`, but not all of it."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
