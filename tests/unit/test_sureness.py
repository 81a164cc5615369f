"""A model is followed as long as it is sure of each word."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from ownhand.domain.inference import Piece, Usage
from ownhand.domain.sureness import WhileSure


class Said:
    """A stream of pieces with their probabilities."""

    def __init__(self, *pieces: tuple[str, float]) -> None:
        self.usage = Usage()
        self.closed = False
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        for text, probability in self._pieces:
            yield Piece(text, math.log(probability))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("pieces", "followed"),
    [
        ([(" had", 0.4), (" a", 1.0), (" good", 0.9), (" weekend", 0.9), (".", 0.1), ("\n\n", 0.1), ("I", 0.3)],
         " had a good weekend.\n\nI"),
        ([(" the", 0.6), (" loss", 0.07), (" of", 1.0)], " the"),
        ([(" um", 0.3), ("brella", 0.5), (".", 1.0)], ""),
        ([(" the", 0.6), (" loss", 0.07)], " the"),
    ],
)  # fmt: skip
def test_it_ends_before_the_first_word_that_is_a_guess(pieces: list[tuple[str, float]], followed: str) -> None:
    assert "".join(piece.text for piece in WhileSure(Said(*pieces))) == followed


def test_what_is_not_followed_is_not_computed_either() -> None:
    stream = Said((" the", 0.6), (" loss", 0.07), (" of", 1.0), (" your", 1.0))
    list(WhileSure(stream))
    assert stream.closed
