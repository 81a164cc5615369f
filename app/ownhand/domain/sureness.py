"""How far a model may be followed: as long as it is sure of each word."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ownhand.domain.inference import Piece, Usage
from ownhand.domain.ports import Stream

LEAST_SURE = 0.2
"""Least probability of a word.  What the built-in model made up began with a word of 0.02 to 0.17; words of the phrases
that everybody uses have 0.3 and more (decision 1)."""


class WhileSure:
    """A stream in whole words that ends before the first one which is less likely than `least`.

    Blanks and punctuation count for nothing: not being sure that a sentence ends is no making up.
    """

    def __init__(self, stream: Stream, least: float = LEAST_SURE) -> None:
        self.usage: Usage = stream.usage
        self._stream = stream
        self._least = math.log(least)

    def close(self) -> None:
        """End the stream."""
        self._stream.close()

    def __iter__(self) -> Iterator[Piece]:
        text, logprob = "", 0.0
        for piece in self._stream:
            if text.strip() and piece.text[:1].isspace():
                if logprob < self._least:
                    self.close()
                    return
                yield Piece(text, logprob)
                text, logprob = "", 0.0
            text += piece.text
            if any(letter.isalnum() for letter in piece.text):
                logprob += piece.logprob
        if text and logprob >= self._least:
            yield Piece(text, logprob)
