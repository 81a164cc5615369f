"""One answer on its way from logits to text: what may come next, what is chosen, what is said and when it ends.

Knows nothing of llama.cpp or of sequences: whoever computes gives it rows of logits and takes the chosen tokens.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ownhand.adapters.worker.decode import Biases, Chooser, Ids, Probabilities, Vocabulary, Writer, penalise, restrict
from ownhand.adapters.worker.serve import Job
from ownhand.adapters.worker.token_memory import NOTHING, ORDER, Prediction, TokenMemory, here
from ownhand.adapters.worker.word_search import Found
from ownhand.domain.inference import Sampling, Usage

_TAIL: Final = 256
"""Bytes of the text that biases may look back on."""
_BAND: Final = 6.0
"""Tokens whose log score lies further below the best one than this are not looked at where the best one is taken."""
_CLOSE: Final = 1.5
"""How much wider than min-p asks the candidates are taken, so that what is left out changes no share visibly."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The next token."""

    token: int
    logprob: float
    """Natural log of the probability that the untempered, mixed distribution gives it."""


@dataclass(slots=True)
class Generation:
    """A request and how far its answer is."""

    job: Job
    vocabulary: Vocabulary
    prompt: Sequence[int]
    """All tokens before the answer."""
    own: Sequence[int]
    """The tokens of the person's text among them, which are its end."""
    tail: bytes
    writer: Writer
    biases: Biases
    sampling: Sampling
    memory: TokenMemory | None
    memory_weight: float
    max_tokens: int
    min_probability: float
    scale: Probabilities | None = None
    """What is added to every row of logits for how often the person writes each token (marginals.py)."""
    at_hand: Ids | None = None
    """All tokens that stand before the answer for the person, too, where words may come back from there."""
    streams: bool = True
    """Whether what is certain is said at once; else with the end, for each message wakes another process."""
    reused: int = 0
    """Tokens of the prompt that needed no computing."""
    finish: str = ""
    """Why it ended, '' while it goes on: stop | length | word | unlikely | cancelled."""
    most_words: int = 0
    """Above 0 words are looked for that save the most keystrokes, not the likeliest text, and at most so many."""
    taking_costs: int = 1
    """Keystrokes that have to be set against those."""
    stops: Sequence[str] = ()
    computed: int = 0
    others: Sequence[str] = ()
    written: list[int] = field(default_factory=list)
    _chooser: Chooser = field(init=False)
    _held: list[tuple[str, float]] = field(default_factory=list, repr=False)
    _pending: float = 0.0
    _together: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _aside_before: float = 0.0
    _prefilled: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        rules = self.sampling
        self._chooser = Chooser(rules.temperature, rules.top_k, rules.top_p, rules.min_p, rules.seed)
        self._aside_before = self.job.stood_aside

    def peek(self, logits: Probabilities) -> Choice:
        """What comes next after this row of logits (shape: vocabulary).  Changes nothing but the sampler's state."""
        if self.scale is not None:
            logits = logits + self.scale
        claim = self._claim(self.written)
        recent = [*self.own, *self.written][-self.sampling.repeat_last :] if self.sampling.repeat_last > 0 else []
        fitted = penalise(logits, recent, self.sampling.repeat_penalty) if self.sampling.repeat_penalty != 1 else logits
        bias = self._bias()
        allowed = self.vocabulary.consistent(self.writer.partial) if self.writer.partial else None
        ids = allowed[0] if allowed else self._candidates(fitted, bias, claim)
        measured: Probabilities | None = None
        if allowed or claim.claimed:
            measured = self._mixed(logits, ids, claim)
            chosen = measured if fitted is logits else self._mixed(fitted, ids, claim)
            if allowed:
                measured, chosen = restrict(measured, allowed[1]), restrict(chosen, allowed[1])
            with np.errstate(divide="ignore"):
                plain: Probabilities = np.log(chosen)
        else:
            plain = fitted[ids]  # log scores but for a constant, which no choice depends on
        scores = plain if bias is None else plain + bias[ids]
        if not np.isfinite(scores.max()):  # every token that fits is banned: better the ban fails than the text
            scores = plain
        place = self._chooser.choose(scores)
        token = int(ids[place])
        if measured is not None:
            probability = float(measured[place])
        else:
            best = logits.max()
            probability = float(np.exp(logits[token] - best) / np.exp(logits - best).sum())
        return Choice(token, float(np.log(max(probability, 1e-30))))

    def distribution(
        self, logits: Probabilities, path: Sequence[int], partial: bytes
    ) -> tuple[Ids, Probabilities, float]:
        """The mixed distribution after a path of tokens, given its row of logits; see word_search.Distribution.

        `partial` is what the next token must still repeat of the text.  Tokens that a bias bans have no share.
        """
        total = 1.0
        if self.scale is not None:
            logits = logits + self.scale
        claim = self._claim(path)
        if partial:
            ids, beliefs = self.vocabulary.consistent(partial)
            shares = self._mixed(logits, ids, claim)
            total = float((shares * beliefs).sum())
        else:
            ids = np.arange(len(logits))
            shares = np.exp(logits - logits.max())
            shares /= shares.sum()
            claim.mix_into(shares, self.memory_weight)
        shares[self.vocabulary.never[ids]] = 0
        if self.biases:
            bias = np.zeros(len(logits), np.float32)
            written = b"".join(self.vocabulary.pieces[token] for token in path)
            self.biases.apply(bias, (self.tail + written)[-_TAIL:])
            if np.isfinite(bias[ids[shares > 0]]).any():  # where all that fits is banned, better the ban fails
                shares = shares * np.exp(bias[ids])
        return ids, shares, total

    def tell(self, found: Found, computed: int) -> None:
        """Answer with what a search for words found; each word is a piece, a blank that is expected is one, too."""
        self.computed = computed
        self.others = found.others
        for word in found.words:
            self._held.append((word.text, float(np.log(max(word.probability, 1e-30)))))
        if found.words and found.blank:
            self._held.append((" ", 0.0))
        self._end("word" if found.words else "unlikely")

    def take(self, choice: Choice) -> int | None:
        """Accept a choice: say what became certain, and return the token to compute next, or None at the end."""
        self._together += choice.logprob
        if self.min_probability > 0 and self._together < np.log(self.min_probability):
            self._end("unlikely")
            return None
        if choice.token in self.vocabulary.ends:
            self._end("stop")
            return None
        piece = self.vocabulary.pieces[choice.token]
        self.written.append(choice.token)
        self.tail = (self.tail + piece)[-_TAIL:]
        self._pending += choice.logprob
        self._say(self.writer.write(piece))
        if self.writer.stopped:
            self._end("stop")
            return None
        if len(self.written) >= self.max_tokens:
            self._end("length")
            return None
        return choice.token

    def end_here(self) -> None:
        """There is no room for another token."""
        self._end("length")

    @property
    def prefilling(self) -> bool:
        """Whether the prompt is still to be computed."""
        return self._prefilled is None

    def prefilled(self) -> None:
        """The prompt has been computed."""
        self._prefilled = time.monotonic(), self.job.stood_aside

    def usage(self) -> dict[str, Any]:
        """What it cost, as ports.Usage; what others took meanwhile counts as waiting."""
        now, aside = time.monotonic(), self.job.stood_aside
        middle, aside_middle = self._prefilled or (now, aside)
        waited = self._began - self.job.arrived - self._aside_before
        return {
            "prompt_tokens": len(self.prompt),
            "reused_tokens": self.reused,
            "new_tokens": len(self.written) or self.computed,
            "queue_ms": 1000 * (waited + aside),
            "prefill_ms": 1000 * (middle - self._began - (aside_middle - self._aside_before)),
            "decode_ms": 1000 * (now - middle - (aside - aside_middle)),
            "finish": self.finish or Usage().finish,
            "others": list(self.others),
        }

    def _end(self, why: str) -> None:
        self.streams = True
        self._say(self.writer.finish())
        self.finish = why

    def _say(self, text: str) -> None:
        if text:
            self._held.append((text, self._pending))
            self._pending = 0.0
        if self._held and self.streams:
            self.job.send(self._held)
            self._held = []

    # -- distributions

    def _claim(self, written: Sequence[int]) -> Prediction:
        if self.memory is None:
            return NOTHING
        recent = [*self.own[-ORDER:], *written[-ORDER:]]
        start = len(self.own) + len(written) < ORDER
        if self.at_hand is None:  # a whole text must not be drawn towards the person's commonest words
            return self.memory.predict(recent, start, shortest=1)
        known = self.memory.predict(recent, start)
        if not known.claimed:
            return known
        return here(np.concatenate([self.at_hand, np.array(written, np.int64)])).before(known)

    def _bias(self) -> Probabilities | None:
        """What is added to the log score of each token, or None for nothing (shape: vocabulary)."""
        if not self.biases:
            return None
        bias = np.zeros(len(self.vocabulary.pieces), np.float32)
        self.biases.apply(bias, self.tail)
        return bias

    def _candidates(self, logits: Probabilities, bias: Probabilities | None, claim: Prediction) -> Ids:
        """Tokens that could be chosen, ascending: those near the best one, and what the memory claims."""
        scores = logits if bias is None else logits + bias
        rules = self.sampling
        if rules.temperature > 0 and rules.min_p <= 0:
            ids = np.arange(len(scores))
        else:
            band = _BAND if rules.temperature <= 0 else _CLOSE - float(np.log(rules.min_p))
            best = scores.max()
            ids = np.flatnonzero(scores >= best - band) if np.isfinite(best) else np.arange(len(scores))
        if claim.parts:
            ids = np.union1d(ids, np.concatenate([tokens for tokens, _ in claim.parts]))
        possible: Ids = ids[~self.vocabulary.never[ids]]
        return possible

    def _mixed(self, logits: Probabilities, ids: Ids, claim: Prediction) -> Probabilities:
        """The mixed probabilities of some tokens, ascending; exact, for the sum runs over the whole vocabulary."""
        best = logits.max()
        mixed: Probabilities = np.exp(logits[ids] - best) / np.exp(logits - best).sum()
        claim.add_to(mixed, ids, self.memory_weight)
        return mixed
