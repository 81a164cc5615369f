"""The two lanes in which the engine computes: completions, one at a time, and suggestions, up to three together.

Each lane has a context of its own.  Its sequences keep the tokens of their last request, so that a request that begins
like an earlier one computes only what is new; suggestions also find prompts from before that in `Prefixes`.
Suggestions run one step at a time for all of them (continuous batching, Yu et al. 2022, Orca), and whoever may go
first is let in between two steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ownhand.adapters.worker.context import BATCH, VARIANTS, Context, Full, Interrupted, Logits, Native, Part
from ownhand.adapters.worker.decode import Ids, Probabilities
from ownhand.adapters.worker.generation import Generation
from ownhand.adapters.worker.lookup import COUNTS, Lookup, Trust
from ownhand.adapters.worker.prefixes import Prefixes, Worn
from ownhand.adapters.worker.serve import Job
from ownhand.adapters.worker.word_search import WordSearch
from ownhand.errors import ModelError

_SMALLEST_PIECE: Final = 16
"""Tokens of a prompt that are computed whatever happens, so that it gets on while somebody types fast."""

_ROWS_BYTES: Final = 8_000_000

_PIECE: Final = 256
"""Tokens of a completion's prompt that are computed at a time."""


@dataclass(slots=True)
class Kept:
    """The tokens that a sequence holds."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    used: float = 0.0
    """When it was last needed."""


def full() -> ModelError:
    """The error for a text that does not fit into the context."""
    return ModelError("The model's memory for this text is full. Shorten the text or the examples.")


class Lane:
    """Sequences over a context."""

    def __init__(self, context: Context, can_cut: bool, prefixes: Prefixes) -> None:
        """`can_cut` says whether the architecture can forget the end of a sequence; some can only forget all of it."""
        self.context = context
        self._can_cut = can_cut
        self._prefixes = prefixes
        self._worn: Worn = ()
        self._kept = [Kept(sequence) for sequence in range(context.shape.sequences)]

    def wear(self, worn: Worn, adapters: Sequence[tuple[Native, float]]) -> None:
        """Compute with these adapters from now on; what was computed with others is forgotten.  Between two runs."""
        if worn != self._worn:
            for kept in self._kept:
                self.shorten(kept, 0)
            self._worn = ()
            self.context.wear(adapters)
            self._worn = worn

    def append(self, kept: Kept, tokens: Sequence[int], every: bool = False) -> Logits:
        """Compute tokens at the end of a sequence.  Raises Interrupted or Full, with the sequence as it was."""
        logits = self.context.step(Part(kept.sequence, tokens, len(kept.tokens), every))[0]
        kept.tokens.extend(tokens)
        return logits

    def shorten(self, kept: Kept, length: int) -> int:
        """Keep the first `length` tokens; how many are left, which is none where the architecture cannot do it."""
        if length < len(kept.tokens):
            if not length or not self.context.cut(kept.sequence, length):
                self.context.cut(kept.sequence, 0)
                length = 0
            del kept.tokens[length:]
        return len(kept.tokens)

    def shared(self, kept: Kept, tokens: Sequence[int]) -> int:
        """How many of the first of `tokens` the sequence holds, leaving out at least the last one."""
        same = 0
        for old, new in zip(kept.tokens, tokens[:-1], strict=False):
            if old != new:
                break
            same += 1
        return same if self._can_cut or same == len(kept.tokens) else 0

    def restore(self, kept: Kept, tokens: Sequence[int], better_than: int) -> int:
        """Put the best saved beginning of these tokens into a sequence if it is longer; how many tokens it then has."""
        saved, length = self._prefixes.find(tokens[:-1], whole=not self._can_cut, worn=self._worn)
        if saved is not None and length > better_than:
            self.shorten(kept, 0)
            if self.context.restore(kept.sequence, saved.state):
                kept.tokens[:] = saved.tokens.tolist()
                return self.shorten(kept, length)
        return self.shorten(kept, min(better_than, len(kept.tokens)))

    def save(self, kept: Kept) -> None:
        """Save the state of a sequence whose tokens may be the beginning of a later request."""
        if self._prefixes.wants(kept.tokens, self._worn):
            self._prefixes.put(kept.tokens, self.context.save(kept.sequence), self._worn)


class CompletionLane(Lane):
    """One completion at a time, computed without a break but for its own cancelling."""

    def __init__(self, context: Context, can_cut: bool, prefixes: Prefixes) -> None:
        super().__init__(context, can_cut, prefixes)
        self._prompt: list[int] = []
        self._rows: dict[tuple[int, ...], Probabilities] = {}
        """Logits after the last prompt, by the tokens that follow it."""

    def wear(self, worn: Worn, adapters: Sequence[tuple[Native, float]]) -> None:
        """As for every lane; what was computed for the last prompt is forgotten, too."""
        if worn != self._worn:
            self._rows.clear()
        super().wear(worn, adapters)

    def run(self, run: Generation) -> None:
        """Write one answer.  Raises Cancelled."""
        kept, job = self._kept[0], run.job
        if run.most_words and self._can_cut:
            self._search(run)
            return
        same = self.shared(kept, run.prompt)
        if self._can_cut:
            run.reused = self.shorten(kept, same)
        else:
            run.reused = self.restore(kept, run.prompt, same)
        # WHY in pieces: what was read before the next key came stays read
        for chunk in chunks(run.prompt[run.reused :], _PIECE):
            logits = self._compute(job, chunk)
        if not self._can_cut:
            self.save(kept)
        run.prefilled()
        while (token := run.take(run.peek(logits[-1]))) is not None:
            if len(kept.tokens) >= self.context.shape.window:
                run.end_here()
                break
            logits = self._compute(job, [token])

    def _search(self, run: Generation) -> None:
        """Look for the words to offer.  What is computed for a prompt serves all keystrokes within a word."""
        if self._prompt != run.prompt:
            self._rows.clear()
            self._prompt = list(run.prompt)
        computed = 0

        def distribution(path: tuple[int, ...], partial: bytes) -> tuple[Ids, Probabilities, float]:
            nonlocal computed
            row = self._rows.get(path)
            if row is None:
                row = self._row(run, path)
                computed += bool(path)
            elif not path:
                run.reused = len(run.prompt)
            if not path and run.prefilling:
                run.prefilled()
            return run.distribution(row, path, partial)

        search = WordSearch(run.vocabulary, distribution, lambda: computed, run.taking_costs)
        stops = [stop.encode() for stop in run.stops]
        try:
            found = search.find(run.writer.partial, stops, run.most_words)
        except Full:
            run.end_here()
            return
        run.tell(found, computed)

    def _row(self, run: Generation, path: tuple[int, ...]) -> Probabilities:
        """The logits after the prompt and a path of tokens.  Raises Cancelled or Full."""
        kept, tokens = self._kept[0], [*run.prompt, *path]
        if len(tokens) > self.context.shape.window:
            raise Full
        same = self.shorten(kept, self.shared(kept, tokens))
        if not path:
            run.reused = same
        for chunk in chunks(tokens[same:], _PIECE):
            logits = self._compute(run.job, chunk)
        row: Probabilities = logits[-1].copy()
        if len(self._rows) * row.nbytes > _ROWS_BYTES:
            self._rows.clear()
        self._rows[path] = row
        return row

    def _compute(self, job: Job, tokens: Sequence[int]) -> Logits:
        while True:
            self.context.clear_interrupt()
            job.check()
            try:
                return self.append(self._kept[0], tokens)
            except Interrupted:
                continue


@dataclass(slots=True)
class _Running:
    """A suggestion under way."""

    generation: Generation
    kept: Kept | None = None
    """Its sequence, once it was given one."""
    next: int | None = None
    """The token that was chosen last and is not computed yet; None while the prompt is being read."""
    lookup: Lookup | None = None


class SuggestionLane(Lane):
    """Up to three suggestions together."""

    def __init__(
        self,
        context: Context,
        can_cut: bool,
        prefixes: Prefixes,
        between: Callable[[], None],
        admit: Callable[[], Generation | None],
        done: Callable[[Generation, Exception | None], None],
    ) -> None:
        """`between` lets others go first, `admit` gives one more suggestion if one waits, `done` takes what ended."""
        super().__init__(context, can_cut, prefixes)
        self._between = between
        self._admit = admit
        self._done = done
        self._running: list[_Running] = []
        self._piece = BATCH
        self._trust = Trust()
        self._guessable: int | None = None
        """How many guesses can be checked in one step to the last bit as single steps would; None until tried."""
        self.guessing = True
        """Whether likely tokens are guessed from the prompt and checked together."""

    @property
    def free(self) -> Kept:
        """A sequence that nobody uses, emptied; for whoever computes something else.  Call it between two runs."""
        kept = min(self._idle(), key=lambda kept: kept.used)
        self.shorten(kept, 0)
        return kept

    def make_room(self, kept: Kept) -> bool:
        """Empty the sequences that nobody uses, but for this one; False if they were empty already."""
        others = [other for other in self._idle() if other is not kept and other.tokens]
        for other in others:
            self.shorten(other, 0)
        return bool(others)

    def run(self, first: Generation) -> None:
        """Write an answer, and those that are asked for meanwhile; each is given to `done` as soon as it ends."""
        self._running = [_Running(first)]
        try:
            while self._running:
                self.context.clear_interrupt()
                self.let_others()
                while len(self._running) < VARIANTS and (new := self._admit()) is not None:
                    self._running.append(_Running(new))
                for running in [running for running in self._running if running.generation.job.cancelled]:
                    running.generation.finish = "cancelled"
                    self._end(running)
                try:
                    self._read()
                    self._write()
                except Interrupted:
                    continue
        except Exception as error:
            for running in list(self._running):
                self._end(running, error)

    def let_others(self) -> None:
        """Run what may go before suggestions; the time it takes counts as waiting for these."""
        began = time.monotonic()
        self._between()
        took = time.monotonic() - began
        for running in self._running:
            running.generation.job.stood_aside += took
            running.generation.job.alive()

    # -- prompts

    def _read(self) -> None:
        """Compute one more piece of the first prompt that is not read yet."""
        running = next((running for running in self._running if running.next is None), None)
        if running is None:
            return
        run = running.generation
        if running.kept is None and not self._begin(running):
            return
        kept = running.kept
        if kept is None:
            return
        piece = run.prompt[len(kept.tokens) : len(kept.tokens) + self._piece]
        try:
            logits = self.append(kept, piece)
        except Interrupted:
            self._piece = max(_SMALLEST_PIECE, self._piece // 2)
            raise
        except Full:
            self._end(running, full())
            return
        self._piece = min(BATCH, self._piece * 2)
        if len(kept.tokens) == len(run.prompt):
            self.save(kept)
            run.prefilled()
            self._choose(running, logits[-1])

    def _begin(self, running: _Running) -> bool:
        """Give a suggestion the sequence that saves it most; False while there is no room for it."""
        run = running.generation
        idle = self._idle()
        best = max(idle, key=lambda kept: (self.shared(kept, run.prompt), -kept.used))
        busy = [other.kept for other in self._running if other.kept is not None and other.next is not None]
        twin = max(busy, key=lambda kept: self.shared(kept, run.prompt), default=None)
        alike = self.shared(twin, run.prompt) if twin is not None and self._can_cut else 0
        needed = len(run.prompt) - alike + run.max_tokens
        taken = sum(
            len(other.generation.prompt) + other.generation.max_tokens
            for other in self._running
            if other.kept is not None
        )
        if taken and taken + needed > self.context.shape.cells:
            return False
        for kept in sorted(idle, key=lambda kept: kept.used):
            if (
                kept is not best
                and taken + needed + sum(len(other.tokens) for other in idle) > self.context.shape.cells
            ):
                self.shorten(kept, 0)
        same = self.shared(best, run.prompt)
        if twin is not None and alike > same:
            self.shorten(best, 0)
            self.context.copy(twin.sequence, best.sequence, alike)
            best.tokens[:] = twin.tokens[:alike]
            run.reused = alike
        else:
            run.reused = self.restore(best, run.prompt, same)
        best.used = time.monotonic()
        running.kept = best
        return True

    def _idle(self) -> list[Kept]:
        used = [running.kept for running in self._running]
        return [kept for kept in self._kept if kept not in used]

    # -- answers

    def _write(self) -> None:
        """Compute one step of all answers whose prompts are read, and choose their next tokens."""
        writing = [running for running in self._running if running.next is not None]
        parts: list[Part] = []
        for running in writing:
            if running.kept is not None and running.next is not None:
                guesses = self._guesses(running) if len(writing) == 1 else []
                parts.append(
                    Part(running.kept.sequence, [running.next, *guesses], len(running.kept.tokens), bool(guesses))
                )
        if not parts:
            return
        try:
            rows = self.context.step(*parts)
        except Full:
            self._end(writing[-1], full())
            return
        for running, part, logits in zip(writing, parts, rows, strict=True):
            self._follow(running, part.tokens, logits)

    def _guesses(self, running: _Running) -> list[int]:
        """Tokens that probably follow the one that is computed next."""
        run, kept = running.generation, running.kept
        if kept is None or not self.guessing or not self._can_cut or self._guessable == 0:
            return []
        if running.lookup is None:
            running.lookup = Lookup([*run.prompt, *run.written])
        room = min(self.context.shape.window - len(kept.tokens) - 2, run.max_tokens - len(run.written))
        found = running.lookup.guess(min(COUNTS[0], max(0, room)))
        if not found:
            return []
        if self._guessable is None and running.next is not None:
            self._guessable = self._find_guessable(kept, [running.next, *found])
        return found[: self._trust.guesses(self.context.pace.cost, self._guessable or 0)]

    def _find_guessable(self, kept: Kept, tokens: Sequence[int]) -> int | None:
        """Compare a step of several tokens with single steps, here and now: a guess must never change what is written.

        None where there are too few tokens to tell.
        """
        if len(tokens) <= COUNTS[0]:
            return None
        before = len(kept.tokens)
        single = np.concatenate([self.append(kept, [token]).copy() for token in tokens])
        for count in COUNTS:
            self.shorten(kept, before)
            together = self.append(kept, tokens[: count + 1], every=True)
            if np.array_equal(together, single[: count + 1]):
                break
        else:
            count = 0
        self.shorten(kept, before)
        return count

    def _follow(self, running: _Running, tokens: Sequence[int], logits: Logits) -> None:
        """Take the computed token and those guesses after it that turn out to be what is chosen."""
        kept = running.kept
        if kept is None:
            return
        before, guesses = len(kept.tokens), tokens[1:]
        kept.tokens.extend(tokens)
        held = 0
        for place in range(len(tokens)):
            self._choose(running, logits[place])
            if running not in self._running:
                break
            if place == len(guesses) or running.next != guesses[place]:
                self.shorten(kept, before + place + 1)
                break
            held += 1
        if guesses:
            self._trust.observe(held, len(guesses))

    def _choose(self, running: _Running, logits: Probabilities) -> None:
        """Choose the next token, or end."""
        run = running.generation
        running.next = run.take(run.peek(logits))
        if running.next is not None and running.kept is not None:
            if running.lookup is not None:
                running.lookup.add(running.next)
            if len(running.kept.tokens) >= self.context.shape.window:
                run.end_here()
                running.next = None
        if running.next is None:
            self._end(running)

    def _end(self, running: _Running, error: Exception | None = None) -> None:
        self._running.remove(running)
        if running.kept is not None:
            running.kept.used = time.monotonic()
        self._done(running.generation, error)


def chunks(tokens: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """The tokens in pieces of up to `size`."""
    for first in range(0, len(tokens), size):
        yield tokens[first : first + size]
