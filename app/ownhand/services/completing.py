"""Ghost text: from a keystroke to what is shown after the caret.

Two lanes answer.  The personal memory answers at once.  The model answers after a short pause whose length
follows what the model costs on this machine, and only if nothing has been typed since.  The better of both, by
expected keystrokes saved, is shown, if `admit` lets it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ownhand.domain.completion import (
    Candidate,
    Completion,
    CompletionContext,
    Debounce,
    Gate,
    Suppressed,
    admit,
    choose,
    preamble,
    probability_of,
)
from ownhand.domain.inference import MARK, Generate, Lane, Usage
from ownhand.domain.naming import name_at_hand
from ownhand.domain.personalize import LAYERS
from ownhand.domain.ports import Engine, Stream
from ownhand.errors import UserError, WorkerError
from ownhand.services.personal import Personal
from ownhand.services.writing import is_capable
from ownhand.settings import COMPLETIONS, MAX_WORDS, Settings

_log = logging.getLogger(__name__)

Deliver = Callable[[int, Completion], None]

WINDOW_CHARACTERS = 3600
"""How much of the text before the caret the model sees; it is cut in steps, so that the kept prefix stays the
same."""
STEP_CHARACTERS = 1200
SUFFIX_CHARACTERS = 400
EXAMPLE_CHARACTERS = 900
"""Of a passage that stands before the text as an example."""
TOKENS = 14
AT_ONCE = 0.3
"""How sure the memory must be to be shown before the model was asked: what flickers is worse than what waits."""
SECOND_OPINION = 0.3
"""What the memory's word counts beside the model's, which has the same memory mixed in; more shows more, and saves no
more."""

BANNED = -50.0


class Completing:
    """One request at a time; a newer one replaces it."""

    def __init__(
        self,
        engine: Engine,
        personal: Personal,
        settings: Settings,
        gate: Gate | None = None,
        long_form: Callable[[CompletionContext], Completion | None] = lambda _context: None,
    ) -> None:
        """`long_form`: what may take the place of an abbreviation before the caret."""
        self._engine = engine
        self._personal = personal
        self._settings = settings
        self._gate = gate or Gate()
        self._long_form = long_form
        self._debounce = Debounce()
        self._wake = threading.Condition()
        self._pending: tuple[CompletionContext, Deliver] | None = None
        self._generation = 0
        self._stream: Stream | None = None
        self._closed = False
        self._thread: threading.Thread | None = None
        self.on_request: Callable[[], None] = lambda: None
        """Called at every request, in the thread of whoever types."""
        self.reasons: Counter[str] = Counter()
        """How often each reason kept a completion from being shown; 'shown' counts the others."""

    # the window's side: returns at once

    def request(self, context: CompletionContext, deliver: Deliver) -> None:
        """Ask for ghost text; `deliver(revision, completion)` comes from another thread, first the memory, then
        both lanes.
        """
        self.on_request()
        with self._wake:
            self._generation += 1
            self._pending = (context, deliver)
            self._interrupt()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="completing", daemon=True)
                self._thread.start()
            self._wake.notify()

    def cancel(self) -> None:
        """What is under way is no longer wanted."""
        with self._wake:
            self._generation += 1
            self._pending = None
            self._interrupt()

    def accepted(self, text: str) -> None:
        """The person took this text (counted, never stored)."""
        self.reasons["accepted characters"] += len(text)

    def dismissed(self) -> None:
        """The person sent it away with Esc."""
        self.reasons["dismissed"] += 1

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._generation += 1
            self._interrupt()
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(2)

    def _interrupt(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # the worker's side

    def _work(self) -> None:
        while True:
            with self._wake:
                while self._pending is None and not self._closed:
                    self._wake.wait()
                if self._closed or self._pending is None:
                    return
                context, deliver = self._pending
                self._pending = None
                generation = self._generation
            self._answer(context, deliver, generation)

    def _answer(self, context: CompletionContext, deliver: Deliver, generation: int) -> None:
        started = time.perf_counter()
        refused = self._refuse(context)
        if refused:
            deliver(context.revision, self._suppress(refused, started))
            return
        whole = self.expand(context)
        if whole is not None:
            self.reasons["shown"] += 1
            deliver(context.revision, whole)
            return
        active = self._active()
        known = (self._from_memory(context, active), self._from_names(context, active))
        first = self._judge(context, known, active, started)
        if first.probability >= AT_ONCE:
            deliver(context.revision, first)
        paused = time.perf_counter()
        with self._wake:
            if self._wake.wait_for(lambda: self._generation != generation, self._debounce.wait_ms() / 1000):
                return
        asked = time.perf_counter()
        model, usage = self._from_model(context, generation, active)
        if self._generation != generation:
            return
        self._debounce = self._debounce.observed(1000 * (time.perf_counter() - asked))
        final = self._judge(context, (model, *known), active, started, usage.others)
        final = replace(final, paused_ms=1000 * (asked - paused), usage=usage)
        self.reasons[final.reason or "shown"] += 1
        deliver(context.revision, final)
        if final.text and not final.alternatives:
            another = self._alternative(context, final, generation)
            if another and self._generation == generation:
                deliver(context.revision, replace(final, alternatives=(another,)))

    def _alternative(self, context: CompletionContext, shown: Completion, generation: int) -> str:
        """A second continuation that begins with another word, for Alt+]."""
        word = shown.text.split()[0] if shown.text.split() else ""
        if not word or not shown.text.startswith((" ", word)) or context.prefix[-1:].isalnum():
            return ""
        candidate, _ = self._from_model(context, generation, self._active(), {word.strip(",.;:!?"): BANNED})
        text, probability = choose(candidate, self._gate) if candidate else ("", 0.0)
        ok = (
            text
            and text != shown.text
            and admit(text, probability, context, replace(self._gate, min_probability=0.02, min_gain=0.1))
        )
        return text if ok is None else ""

    def expand(self, context: CompletionContext) -> Completion | None:
        """What may take the place of the abbreviation before the caret, for which no model is needed; None if none."""
        started = time.perf_counter()
        whole = None if self._refuse(context) else self._long_form(context)
        return whole and replace(whole, ms=1000 * (time.perf_counter() - started))

    def complete(
        self,
        context: CompletionContext,
        *,
        personal: bool = True,
        without: Collection[str] = (),
    ) -> Completion:
        """Both lanes, waited for: what the window would show at this place, unless `expand` knows something.

        `without` names layers of the personal model to leave out, `personal` False leaves out all of them.
        """
        started = time.perf_counter()
        refused = self._refuse(context)
        if refused:
            return self._suppress(refused, started)
        active = self._active(without) if personal else frozenset()
        known = (self._from_memory(context, active), self._from_names(context, active))
        model, usage = self._from_model(context, None, active)
        return replace(self._judge(context, (model, *known), active, started, usage.others), usage=usage)

    # the lanes

    def _refuse(self, context: CompletionContext) -> Suppressed | None:
        if not self._settings.get(COMPLETIONS):
            return Suppressed.OFF
        if context.suffix[:1].isalnum() and context.prefix[-1:].isalnum():
            return Suppressed.MID_WORD
        return None

    def _active(self, without: Collection[str] = ()) -> frozenset[str]:
        """The layers that take part: at strength 0 none, so that the plain model answers."""
        if not self._personal.takes_part:
            return frozenset()
        return frozenset(layer.id for layer in LAYERS).difference(without, self._personal.switched_off)

    def _from_memory(self, context: CompletionContext, active: frozenset[str]) -> Candidate | None:
        opening = self._personal.opening(context) if "profile" in active else None
        if opening or "memory" not in active:
            return opening
        return self._personal.memory.complete(context.prefix, self._max_words())

    def _from_names(self, context: CompletionContext, active: frozenset[str]) -> Candidate | None:
        """A name in front of the person; whoever has no history gets the plain model's answers."""
        return name_at_hand(context) if "memory" in active and self._personal.memory.size else None

    def _from_model(
        self,
        context: CompletionContext,
        generation: int | None,
        active: frozenset[str],
        bias: Mapping[str, float] | None = None,
    ) -> tuple[Candidate | None, Usage]:
        banned = dict(self._personal.completion_bias(context.audience)) if "words" in active else {}
        banned.update(bias or {})
        request = Generate(
            Lane.COMPLETION,
            prompt=plain(self.preamble(context)),
            text=window(context.prefix),
            # WHY only a capable model: a small one fills a gap worse than it goes on (decisions/0004)
            suffix=context.suffix[:SUFFIX_CHARACTERS] if context.suffix.strip() and is_capable(self._engine) else "",
            max_tokens=TOKENS,
            stop=("\n",) if context.prefix.strip() else (),
            bias=banned,
            heal=True,
            memory=self._personal.token_memory if "memory" in active else "",
            memory_weight=self._personal.memory_weight if "memory" in active else 0.0,
            adapters=self._personal.adapters(context.audience, active),
            min_probability=self._gate.min_probability / 3,
            most_words=self._max_words(),
        )
        # WHY twice: a worker that died is replaced, and nobody may press the key that would ask the new one
        for last in (False, True):
            try:
                return self._ask(request, generation)
            except UserError as error:
                if last or not isinstance(error, WorkerError) or generation not in (None, self._generation):
                    _log.warning("no completion: %s", type(error).__name__)
                    break
        return None, Usage(finish="failed")

    def _ask(self, request: Generate, generation: int | None) -> tuple[Candidate | None, Usage]:
        """The model's own continuation.  Raises WorkerError, ModelError."""
        try:
            # The engine may have to start first: whoever types must not wait for the lock meanwhile.
            stream = self._engine.generate(request)
            with self._wake:
                if generation is not None and generation != self._generation:
                    stream.close()
                    return None, stream.usage
                if generation is not None:
                    self._stream = stream
            steps: list[str] = []
            logprobs: list[float] = []
            for piece in stream:
                steps.append(piece.text)
                logprobs.append(piece.logprob)
        finally:
            with self._wake:
                if generation is None or generation == self._generation:
                    self._stream = None
        whole = stream.usage.finish == "word"
        candidate = Candidate(tuple(steps), probability_of(logprobs), "model", whole) if steps else None
        return candidate, stream.usage

    def score(
        self, context: CompletionContext, text: str, *, personal: bool = True, without: Collection[str] = ()
    ) -> float:
        """Natural-log likelihood of a text in its context, under the personal model or the plain one."""
        active = self._active(without) if personal else frozenset()
        remembers = "memory" in active
        return self._engine.score(
            plain(self.preamble(context)),
            text,
            self._personal.token_memory if remembers else "",
            self._personal.memory_weight if remembers else 0.0,
            self._personal.adapters(context.audience, active),
        )

    def preamble(self, context: CompletionContext) -> str:
        """What stands before the text in the model's view: the subject and the message it answers."""
        return preamble(context.kind, context.subject, context.reply_to)

    def _judge(
        self,
        context: CompletionContext,
        candidates: tuple[Candidate | None, ...],
        active: frozenset[str],
        started: float,
        others: Sequence[str] = (),
    ) -> Completion:
        gate = replace(self._gate, max_words=self._max_words())
        options: list[tuple[float, str, float, Candidate]] = []
        reason = Suppressed.EMPTY
        asked_model = any(candidate is not None and candidate.lane == "model" for candidate in candidates)

        def is_banned(text: str) -> bool:
            return "words" in active and self._personal.is_banned(context.prefix, text, context.audience)

        for candidate in candidates:
            if candidate is None:
                continue
            text, probability = choose(candidate, gate)
            refused = admit(text, probability, context, gate)
            if refused is None and is_banned(text):
                refused = Suppressed.BANNED
            if refused is None:
                if candidate.lane == "memory" and asked_model:
                    probability *= SECOND_OPINION
                options.append((probability * (len(text) - 1), text, probability, candidate))
            else:
                reason = refused
        ms = 1000 * (time.perf_counter() - started)
        if not options:
            return Completion(ms=ms, reason=reason)
        options.sort(key=lambda option: -option[0])
        _, text, probability, best = options[0]
        alternatives = (
            other
            for other in (*(option[1] for option in options[1:]), *others)
            if admit(other, 1.0, context, gate) is None and not is_banned(other)
        )
        return Completion(text, best.lane, probability, _unlike(text, alternatives), ms)

    def _suppress(self, reason: Suppressed, started: float) -> Completion:
        self.reasons[reason] += 1
        return Completion(ms=1000 * (time.perf_counter() - started), reason=reason)

    def _max_words(self) -> int:
        return self._settings.get(MAX_WORDS)


def _unlike(text: str, others: Iterable[str]) -> tuple[str, ...]:
    """Those that differ from the text and from each other by more than blanks."""
    unlike = {text.strip(): text}
    for other in others:
        unlike.setdefault(other.strip(), other)
    return tuple(unlike.values())[1:]


def window(prefix: str) -> str:
    """The end of the text before the caret, cut so that the cut stays put while typing goes on."""
    over = len(prefix) - WINDOW_CHARACTERS
    if over <= 0:
        return prefix
    cut = (over // STEP_CHARACTERS + 1) * STEP_CHARACTERS
    blank = prefix.find(" ", cut)
    return prefix[blank + 1 if 0 <= blank < cut + 80 else cut :]


def plain(text: str) -> str:
    """Text for a prompt in which nothing can act as one of the model's special tokens."""
    return text.replace("<", "<" + MARK).replace("[", "[" + MARK)
