"""The engine role: what is asked of the model in use (in_use.py), in two lanes, and the person's token memories.

A completion goes first: a suggestion that is being written looks for one between any two steps, and a step that is
under way when one arrives is broken off (lanes.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from ownhand.adapters.worker import gpu, machine
from ownhand.adapters.worker.context import SCORED_AT_ONCE, Full, Interrupted, Logits
from ownhand.adapters.worker.decode import Biases, Probabilities, Vocabulary, Writer, split_partial
from ownhand.adapters.worker.generation import Generation
from ownhand.adapters.worker.in_use import AUTO, ModelInUse
from ownhand.adapters.worker.lanes import Kept, SuggestionLane, chunks, full
from ownhand.adapters.worker.llama import Llama
from ownhand.adapters.worker.marginals import MOST_PLACES, Marginals
from ownhand.adapters.worker.prefixes import Prefixes
from ownhand.adapters.worker.prompt import render
from ownhand.adapters.worker.serve import ANSWERED, Desk, Job, Operation
from ownhand.adapters.worker.thoughts import Thoughts
from ownhand.adapters.worker.token_memory import ORDER, TokenMemory, here
from ownhand.domain.inference import MARK, Lane, Sampling
from ownhand.errors import Cancelled

_LOOKED_AT_ONCE: Final = 64
"""Tokens, when nobody waits for them: a suggestion that comes meanwhile waits no longer than these take."""
_CUT_STEP: Final = 128
"""A text too long for the window loses its beginning in steps of so many tokens, so that typing on keeps the prefix."""
_TAIL: Final = 256


def open_role(desk: Desk) -> Mapping[str, Operation]:
    """What the engine can do, by name."""
    engine = Engine(desk)
    return {
        "inspect": engine.inspect,
        "gpus": engine.gpus,
        "load": engine.load,
        "unload": engine.unload,
        "generate": engine.generate,
        "score": engine.score,
        "render": engine.render,
        "count_tokens": engine.count_tokens,
        "check_adapter": engine.check_adapter,
        "adapt": engine.adapt,
        "unadapt": engine.unadapt,
        "check_grammar": engine.check_grammar,
        "remember": engine.remember,
        "expect": engine.expect,
        "forget": engine.forget,
        "raw_loop": engine.raw_loop,
        "guessing": engine.guessing,
        "memory_taken": engine.memory_taken,
    }


def _is_completion(job: Job) -> bool:
    return job.op == "generate" and job.args.get("lane") == Lane.COMPLETION.value


def _is_suggestion(job: Job) -> bool:
    return job.op == "generate" and not _is_completion(job)


def _adapters_of(job: Job) -> Mapping[str, float]:
    adapters: Mapping[str, float] = job.args.get("adapters") or {}
    return adapters


def _is_quick(job: Job) -> bool:
    """Whether a request may run while suggestions or a score are being computed."""
    return _is_completion(job) or job.op not in (
        "generate", "load", "unload", "score", "expect", "raw_loop", "adapt", "unadapt"
    )  # fmt: skip


class Engine:
    """The state of the role.  Used by the worker's main thread alone, but for `_noticed`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.noticed = self._noticed
        self._in_use = ModelInUse(self._suggestion_lane)
        self._current: Job | None = None
        """The completion that runs now."""
        self._memories: dict[str, TokenMemory] = {}
        self._worn: Mapping[str, float] = {}
        """The adapters of the suggestions that are being written."""
        self._biases: tuple[Vocabulary, Mapping[str, float], Biases] | None = None
        self._bare = machine.taken_memory()

    def _noticed(self) -> None:
        """Something arrived or was cancelled (called in the reading thread): break off the step it makes pointless."""
        model, current = self._in_use.now, self._current
        if model is None:
            return
        if current is not None:
            if current.cancelled:
                model.completions.interrupt()
        elif self._desk.pressing(_is_completion):
            model.suggestions.interrupt()

    def _suggestion_lane(self, model: Llama, prefixes: Prefixes) -> SuggestionLane:
        return SuggestionLane(
            model.suggestions,
            model.can_cut,
            prefixes,
            between=lambda: self._desk.serve(_is_quick),
            admit=self._another_suggestion,
            done=self._suggested,
        )

    # -- the model

    def inspect(self, job: Job, path: str, gpu_layers: int = AUTO) -> dict[str, Any]:
        """As ModelInUse's."""
        return self._in_use.inspect(Path(path), gpu_layers)

    def load(self, job: Job, path: str, gpu_layers: int = AUTO, threads: int = 0) -> dict[str, Any]:
        """As ModelInUse's; all memories are forgotten, for they hold the token ids of the one before."""
        info = self._in_use.load(Path(path), gpu_layers, threads)
        self._memories.clear()
        return info

    def unload(self, job: Job) -> None:
        """Give the model's memory back; the next request that needs it loads it again."""
        self._biases = None
        self._in_use.unload()

    def gpus(self, job: Job) -> list[dict[str, Any]]:
        """The GPUs that this build of llama.cpp can use; see gpu.Gpu."""
        return [asdict(found) for found in gpu.gpus()]

    # -- text

    def render(self, job: Job, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's chat template over the messages."""
        return render(self._in_use.model(), messages)

    def count_tokens(self, job: Job, text: str) -> int:
        """Tokens of a prompt, marks counted as one each."""
        return len(self._tokens_of_prompt(text))

    def _tokens_of_prompt(self, prompt: str) -> list[int]:
        model = self._in_use.model()
        return [token for part in prompt.split(MARK) for token in model.tokenize(part, special=True)]

    def _beginning(self, prompt: str) -> list[int]:
        """The tokens of a prompt; plain text gets the start token that stood before every text in training.

        A prompt that begins with a mark (a chat) gets it only from models that ask for it.
        """
        model, tokens = self._in_use.model(), self._tokens_of_prompt(prompt)
        if not tokens or (tokens[0] != model.start and (model.adds_start or self._in_use.vocabulary.pieces[tokens[0]])):
            tokens.insert(0, model.start)
        return tokens

    # -- adapters and grammars

    def adapt(self, job: Job, name: str, data: bytes) -> None:
        """As ModelInUse's."""
        self._in_use.adapt(name, data)

    def unadapt(self, job: Job, name: str) -> None:
        """Drop an adapter."""
        self._in_use.unadapt(name)

    def check_adapter(self, job: Job, path: str) -> None:
        """Raise ModelError unless the file is an adapter for the loaded model."""
        self._in_use.model().check_adapter(Path(path))

    def check_grammar(self, job: Job, grammar: str) -> None:
        """Raise BadInput unless it is a grammar."""
        self._in_use.model().check_grammar(grammar)

    # -- memories

    def remember(self, job: Job, memory: str, first: int, texts: Sequence[str]) -> int:
        """Add the texts numbered from `first` on; how many this memory holds now.

        What it holds already is skipped and a gap is refused by adding nothing, so sending twice does no harm.
        """
        kept = self._memories.setdefault(memory, TokenMemory())
        if first <= kept.texts:
            for text in texts[kept.texts - first :]:
                kept.add(self._in_use.model().tokenize(text, special=False))
                job.alive()
        return kept.texts

    def expect(self, job: Job, memory: str) -> bool:
        """Look at what the model expects in one more piece of a memory's texts; whether there is more to look at."""
        model, (_, lane) = self._in_use.model(), self._in_use.lanes()
        found = self._memories.get(memory)
        if found is None:
            return False
        if found.marginals is None:
            found.marginals = Marginals(self._in_use.vocabulary.is_text)
        piece = found.take_piece(SCORED_AT_ONCE) if found.marginals.places < MOST_PLACES else []
        if not piece:
            return False
        self._in_use.wear(lane, {})
        kept = lane.free
        for some in chunks([model.start, *piece[:-1]], _LOOKED_AT_ONCE):
            if self._desk.pressing(_is_suggestion):  # of the rest of this piece nothing has to be known
                break
            found.marginals.look(self._compute(job, lane, kept, some, every=True))
        lane.shorten(kept, 0)
        return True

    def _scale_of(
        self, memory: TokenMemory | None, weight: float, adapters: Mapping[str, float]
    ) -> Probabilities | None:
        """What is added to the log scores for how often the person writes each token; an adapter has learned that."""
        scale = memory.scale() if memory is not None and not any(adapters.values()) else None
        return scale if scale is None or weight == 1 else scale * np.float32(weight)

    def forget(self, job: Job, memory: str) -> None:
        """Drop one memory."""
        self._memories.pop(memory, None)

    # -- generating

    def generate(self, job: Job, **request: Any) -> object:
        """Stream lists of (text, logprob); the answer is the Usage.  Arguments as in ports.Generate."""
        completions, suggestions = self._in_use.lanes()
        run = self._generation(job, **request)
        if not _is_completion(job):
            self._worn = _adapters_of(job)
            self._in_use.wear(suggestions, self._worn)
            suggestions.run(run)
            return ANSWERED
        self._in_use.wear(completions, _adapters_of(job))
        before, self._current = self._current, job
        try:
            completions.run(run)
        except Cancelled:
            run.finish = "cancelled"
        except Full:
            raise full() from None
        finally:
            self._current = before
        return run.usage()

    def _another_suggestion(self) -> Generation | None:
        """A suggestion that waits and may join those that are being written; its failures are its own."""
        while (job := self._desk.take(self._may_join, _is_quick)) is not None:
            try:
                return self._generation(job, **job.args)
            except Exception as error:
                self._desk.answer(job, error=error)
        return None

    def _may_join(self, job: Job) -> bool:
        """Whether it is a suggestion under the same adapters as those that are being written."""
        return _is_suggestion(job) and _adapters_of(job) == self._worn

    def _suggested(self, run: Generation, error: Exception | None) -> None:
        self._desk.answer(run.job, run.usage(), error)

    def _generation(
        self,
        job: Job,
        lane: str,
        prompt: str,
        text: str,
        suffix: str,
        max_tokens: int,
        sampling: Mapping[str, Any],
        stop: Sequence[str],
        bias: Mapping[str, float],
        heal: bool,
        memory: str,
        memory_weight: float,
        min_probability: float,
        most_words: int,
        taking_costs: int,
        adapters: Mapping[str, float],
    ) -> Generation:
        model = self._in_use.model()
        before, partial = split_partial(text) if heal else (text, "")
        own = model.tokenize(before, special=False)
        answers = bool(prompt) and lane == Lane.SUGGESTION.value
        beginning = self._beginning(prompt)
        remembered = self._memories.get(memory) if memory and memory_weight > 0 else None
        weight = min(1.0, memory_weight)
        return Generation(
            job=job,
            vocabulary=self._in_use.vocabulary,
            prompt=self._arrange(beginning, own, suffix, max_tokens),
            own=own,
            tail=before.encode("utf-8", "replace")[-_TAIL:],
            writer=Writer(partial.encode("utf-8", "replace"), stop, Thoughts() if answers and model.thinks else None),
            biases=self._biases_of(bias),
            sampling=Sampling(**sampling),
            memory=remembered,
            memory_weight=weight,
            scale=self._scale_of(remembered, weight, adapters) if _is_completion(job) else None,
            max_tokens=max_tokens,
            min_probability=min_probability,
            at_hand=np.array([*beginning, *own], np.int64) if _is_completion(job) else None,
            streams=not _is_completion(job),
            most_words=most_words if _is_completion(job) else 0,
            taking_costs=taking_costs,
            stops=stop,
        )

    def _biases_of(self, bias: Mapping[str, float]) -> Biases:
        """The look-ups for these biases; the last ones are kept, for they are the same at every keystroke."""
        model, vocabulary = self._in_use.model(), self._in_use.vocabulary
        if self._biases is None or self._biases[0] is not vocabulary or self._biases[1] != bias:
            self._biases = vocabulary, bias, Biases(vocabulary, bias, lambda word: model.tokenize(word, special=False))
        return self._biases[2]

    def _arrange(self, beginning: list[int], own: list[int], suffix: str, max_tokens: int) -> list[int]:
        """The whole prompt in tokens, cut to leave room for the answer: first the text loses its beginning."""
        model = self._in_use.model()
        room = model.context - min(max_tokens, model.context // 4)
        around = model.fill_in_middle if suffix else None
        after: list[int] = []
        if around is not None:
            after = [around[1], *model.tokenize(suffix, special=False)[: room // 4], around[2]]
            beginning = [*beginning, around[0]]
        excess = len(beginning) + len(own) + len(after) - room
        if excess > 0:
            cut = min(len(own), -(-excess // _CUT_STEP) * _CUT_STEP)
            own = own[cut:]
            beginning = beginning[max(0, excess - cut) :]
        return [*beginning, *own, *after]

    # -- scoring

    def score(
        self, job: Job, prompt: str, text: str, memory: str, memory_weight: float, adapters: Mapping[str, float]
    ) -> float:
        """Natural-log likelihood of the tokens of `text` after `prompt`, under the mixed distribution.

        A text longer than the window is scored in windows that overlap by half, so every token has at least half a
        window of its past before it.
        """
        model, (_, lane) = self._in_use.model(), self._in_use.lanes()
        kept = lane.free
        self._in_use.wear(lane, adapters)
        remembered = self._memories.get(memory) if memory and memory_weight > 0 else None
        weight = min(1.0, memory_weight)
        scale = self._scale_of(remembered, weight, adapters)
        head = self._beginning(prompt)[-(model.context // 2) :]
        tokens = model.tokenize(text, special=False)
        total, done = 0.0, 0
        waiting = head
        while done < len(tokens):
            # each turn: compute what stands before token `done`, then as many tokens as fit, with all their logits
            logits = self._compute(job, lane, kept, waiting)
            total += self._gain(_scaled(logits[-1:], scale), head, tokens, done, remembered, weight)
            done += 1
            while done < len(tokens) and len(kept.tokens) < model.context:
                count = min(SCORED_AT_ONCE, len(tokens) - done, model.context - len(kept.tokens))
                rows = self._compute(job, lane, kept, tokens[done - 1 : done - 1 + count], every=True)
                total += self._gain(_scaled(rows, scale), head, tokens, done, remembered, weight)
                done += count
            if done < len(tokens):
                overlap = tokens[max(0, done - model.context // 2) : done]
                keep = head if len(head) <= model.context // 4 else []
                lane.shorten(kept, 0)
                waiting = [*keep, *overlap]
        lane.shorten(kept, 0)
        return total

    def _compute(
        self, job: Job, lane: SuggestionLane, kept: Kept, tokens: Sequence[int], every: bool = False
    ) -> Logits:
        """Append tokens outside of a suggestion, letting completions go first; the logits of the last piece.

        Raises Cancelled.
        """
        logits: Logits | None = None
        for piece in chunks(tokens, SCORED_AT_ONCE):
            while True:
                lane.context.clear_interrupt()
                lane.let_others()
                job.check()
                try:
                    logits = lane.append(kept, piece, every)
                    break
                except Interrupted:
                    continue
                except Full:
                    if not lane.make_room(kept):
                        raise full() from None
        if logits is None:
            raise ValueError("nothing to compute")
        return logits

    def _gain(
        self,
        rows: Logits,
        head: Sequence[int],
        tokens: Sequence[int],
        first: int,
        memory: TokenMemory | None,
        weight: float,
    ) -> float:
        """Sum of the log probabilities of the tokens from `first` on, one for each row of logits."""
        high = rows.max(axis=1)
        norm = high + np.log(np.exp(rows - high[:, None]).sum(axis=1, dtype=np.float64))
        ids = np.array(tokens[first : first + len(rows)])
        logs = rows[np.arange(len(rows)), ids] - norm
        if memory is None:
            return float(logs.sum())
        total = 0.0
        before = np.array([*head, *tokens[: first + len(rows)]], np.int64)
        for at, log in enumerate(logs):
            place = first + at
            claim = memory.predict(tokens[max(0, place - ORDER) : place], start=place < ORDER)
            if claim.claimed:
                claim = here(before[: len(head) + place]).before(claim)
            total += float(
                np.log((1.0 - weight * claim.claimed) * np.exp(float(log)) + weight * claim.of(int(ids[at])))
            )
        return total

    # -- measuring

    def memory_taken(self, job: Job) -> int:
        """Bytes of memory this process has taken since the role was opened."""
        return machine.taken_memory() - self._bare

    def guessing(self, job: Job, on: bool) -> None:
        """Whether suggestions may guess tokens from their prompt; for measuring what it is worth."""
        self._in_use.lanes()[1].guessing = on

    def raw_loop(self, job: Job, text: str, last: int, max_tokens: int, rest_s: float = 0.0) -> dict[str, float]:
        """What the bare model costs: milliseconds to take in the `last` tokens of a text, and for each token after it.

        Greedy; no sampling, no memory, no messages: the baseline that `ownhand bench` compares with.  `rest_s` passes
        before the last tokens, as it does between two keys: meanwhile the processor's caches lose the model.
        """
        _, lane = self._in_use.lanes()
        self._in_use.wear(lane, {})
        kept, tokens = lane.free, self._beginning(text)
        last = min(last, len(tokens) - 1)
        self._compute(job, lane, kept, tokens[: len(tokens) - last])
        lane.context.clear_interrupt()
        time.sleep(rest_s)
        began = time.perf_counter()
        logits = lane.append(kept, tokens[len(tokens) - last :])
        token = int(logits[-1].argmax())
        taken_in = time.perf_counter()
        for _ in range(max_tokens):
            token = int(lane.append(kept, [token])[-1].argmax())
        done = time.perf_counter()
        lane.shorten(kept, 0)
        return {"append_ms": 1000 * (taken_in - began), "token_ms": 1000 * (done - taken_in) / max(1, max_tokens)}


def _scaled(rows: Logits, scale: Probabilities | None) -> Logits:
    return rows if scale is None else rows + scale
