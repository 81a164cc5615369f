"""What a person writes more often, or less, than the model expects of them.

The model's distribution is scaled, token by token, by a power of how often the person wrote the token over how often
the model expected it at the places of their own texts, and made to sum to one again (dynamic marginals; Kneser, Peters
and Klakow 1997):

    P(token | before)  is proportional to  P_model(token | before) (written / expected) ^ POWER

It needs no context to be seen again, so it knows from the first letters on that somebody writes "regards" and no
"cheers", or two blanks after a full stop.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ownhand.adapters.worker.decode import Ids, Probabilities

POWER: Final = 0.65
"""From 0.5 to 0.8 it makes no difference (decision 8)."""
COUNTED: Final = 2.0
"""Added to both counts, so that a token which is rare either way says little."""
MOST_PLACES: Final = 4_000
"""Places to look at: with these four fifths of what 10,000 gain, in the seconds that a start may take."""
LEAST_PLACES: Final = 128
"""With fewer places looked at the expectation is a guess, and nothing is scaled."""


class Marginals:
    """How often a model expects each token at the places of some texts."""

    def __init__(self, is_text: NDArray[np.bool_]) -> None:
        """`is_text` says of each token whether it is text (shape: vocabulary): marks are never scaled."""
        self.places = 0
        """At how many places it was looked."""
        self._is_text = is_text
        self._expected = np.zeros(len(is_text), np.float64)

    def look(self, logits: NDArray[np.float32]) -> None:
        """Take in what the model expects at some places (shape: places, vocabulary)."""
        for row in logits:
            share = np.exp(row - row.max())
            self._expected += share / share.sum()
        self.places += len(logits)

    def scale(self, tokens: Ids, counts: NDArray[np.float64]) -> Probabilities | None:
        """What is added to the model's log scores (shape: vocabulary); None where too little was looked at.

        `tokens` and `counts` are all that the person wrote, of which the places were a part.
        """
        if self.places < LEAST_PLACES:
            return None
        expected = self._expected * (counts.sum() / self.places) + COUNTED
        written = np.full(len(expected), COUNTED)
        written[tokens] += counts
        logs = POWER * np.log(written / expected)
        scale: Probabilities = np.where(self._is_text, logs, 0.0).astype(np.float32)
        return scale
