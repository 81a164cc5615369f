"""The engine role: one language model, two lanes, and the person's token memories.

A completion goes first: a suggestion that is being written looks for one between any two steps, and a step that is
under way when one arrives is broken off (lanes.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ownhand.adapters.worker import gpu, header, machine
from ownhand.adapters.worker.context import SCORED_AT_ONCE, Full, Interrupted, Logits
from ownhand.adapters.worker.decode import Biases, Probabilities, Vocabulary, Writer, split_partial
from ownhand.adapters.worker.families import can_chat, template_of, thinks
from ownhand.adapters.worker.generation import Generation
from ownhand.adapters.worker.lanes import CompletionLane, Kept, SuggestionLane, chunks, full
from ownhand.adapters.worker.lanes import Lane as Sequences
from ownhand.adapters.worker.llama import Llama, context_length
from ownhand.adapters.worker.marginals import MOST_PLACES, Marginals
from ownhand.adapters.worker.need import layers_that_fit, memory_need
from ownhand.adapters.worker.prefixes import Prefixes
from ownhand.adapters.worker.prompt import render
from ownhand.adapters.worker.serve import ANSWERED, Desk, Job, Operation
from ownhand.adapters.worker.thoughts import Thoughts
from ownhand.adapters.worker.token_memory import ORDER, TokenMemory, here
from ownhand.domain.inference import MARK, Lane, Sampling
from ownhand.errors import Cancelled, ModelError

_LOOKED_AT_ONCE: Final = 64
"""Tokens, when nobody waits for them: a suggestion that comes meanwhile waits no longer than these take."""
_CUT_STEP: Final = 128
"""A text too long for the window loses its beginning in steps of so many tokens, so that typing on keeps the prefix."""
_TAIL: Final = 256
AUTO: Final = -1
"""As many layers on the GPU as fit."""
_NO_GPU: Final = "The engine was built without a GPU or finds none, so the processor computes the model."
_NOT_ON_GPU: Final = "The GPU had no room for this model, so the processor computes it."


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


@dataclass(frozen=True, slots=True)
class _Loading:
    """How a model is loaded."""

    header: header.Header
    gpu_layers: int
    threads: int


@dataclass(slots=True)
class _Adapter:
    """An adapter that requests may name."""

    number: int
    """No two ever have the same, so that what was computed with one is not taken for what another would compute."""
    data: bytes
    handle: Any
    """None while its model is unloaded."""


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
        self._model: Llama | None = None
        self._loading: _Loading | None = None
        """How the model in use was loaded, also while it is unloaded."""
        self._held = 0
        """Main memory that it takes while it is loaded."""
        self._vocabulary = Vocabulary([], [])
        self._prefixes = Prefixes()
        self._completions: CompletionLane | None = None
        self._suggestions: SuggestionLane | None = None
        self._current: Job | None = None
        """The completion that runs now."""
        self._memories: dict[str, TokenMemory] = {}
        self._adapters: dict[str, _Adapter] = {}
        self._adapters_seen = 0
        self._worn: Mapping[str, float] = {}
        """The adapters of the suggestions that are being written."""
        self._biases: tuple[Mapping[str, float], Biases] | None = None
        self._bare = machine.taken_memory()

    def _noticed(self) -> None:
        """Something arrived or was cancelled (called in the reading thread): break off the step it makes pointless."""
        model, current = self._model, self._current
        if model is None:
            return
        if current is not None:
            if current.cancelled:
                model.completions.interrupt()
        elif self._desk.pressing(_is_completion):
            model.suggestions.interrupt()

    # -- the model

    def inspect(self, job: Job, path: str, gpu_layers: int = AUTO) -> dict[str, Any]:
        """What a model file says of itself, without loading it.  Raises ModelError if it cannot be used."""
        found = header.read(Path(path))
        return self._info(found, *self._plan(found, gpu_layers))

    def load(self, job: Job, path: str, gpu_layers: int = AUTO, threads: int = 0) -> dict[str, Any]:
        """Load a model in place of the one that is loaded, and forget all memories: they hold its token ids.

        `gpu_layers` AUTO puts as many layers as fit into the GPU, where there is one; a model that the GPU will not
        take is left to the processor, and the answer's `note` says so.  `threads` 0 chooses by the machine.  Raises
        ModelError and keeps the old model if the new one cannot be used.
        """
        found = header.read(Path(path))
        devices, layers = self._plan(found, gpu_layers)
        in_place = machine.available_memory() + (self._held if self._model is not None else 0)
        header.check_memory(found, memory_need(found, devices, layers), in_place)
        old = self._loading
        self._unload()
        try:
            layers = self._take(_Loading(found, layers, threads))
        except ModelError:
            if old is not None:
                self._take(old)
            raise
        self._memories.clear()
        self._adapters.clear()  # they were closed with their model, and fit no other
        note = ""
        if not layers and (gpu_layers > 0 or (gpu_layers == AUTO and devices)):
            note = _NOT_ON_GPU if devices else _NO_GPU
        info = self._info(found, devices, layers)
        return {**info, "fill_in_middle": self._loaded().fill_in_middle is not None, "note": note}

    def unload(self, job: Job) -> None:
        """Give the model's memory back; the next request that needs it loads it again."""
        self._unload()

    def gpus(self, job: Job) -> list[dict[str, Any]]:
        """The GPUs that this build of llama.cpp can use; see gpu.Gpu."""
        return [asdict(found) for found in gpu.gpus()]

    def _plan(self, found: header.Header, wanted: int) -> tuple[list[gpu.Gpu], int]:
        """The GPUs, and how many layers go there: at most as many as the model has, and as `wanted` unless AUTO."""
        devices = gpu.gpus() if wanted else []
        if not devices:
            return [], 0
        return devices, layers_that_fit(found, devices) if wanted < 0 else min(wanted, found.layers)

    def _available(self, path: Path) -> int:
        """Memory for a model: what is free, and if it is the one that is loaded, what it has already."""
        ours = self._model is not None and self._model.header.path == path
        return machine.available_memory() + (self._held if ours else 0)

    def _info(self, found: header.Header, devices: Sequence[gpu.Gpu], layers: int) -> dict[str, Any]:
        """A ModelInfo on its way: what the file says, what it needs, and what it could take in place of ours."""
        return {
            **_info(found),
            "gpu_layers": layers,
            "memory": asdict(memory_need(found, devices, layers)),
            "available": self._available(found.path),
        }

    def _take(self, loading: _Loading) -> int:
        """Load it; how many layers the GPU took: none if it failed with the number that was wanted."""
        try:
            model = Llama(loading.header, loading.gpu_layers, loading.threads)
        except ModelError:
            if not loading.gpu_layers:
                raise
            header.check_memory(loading.header, memory_need(loading.header), machine.available_memory())
            model = Llama(loading.header, 0, loading.threads)
        self._loading = replace(loading, gpu_layers=model.gpu_layers)
        devices = gpu.gpus() if model.gpu_layers else []
        self._held = memory_need(loading.header, devices, model.gpu_layers).main
        self._model = model
        self._vocabulary = Vocabulary(model.pieces, model.ends)
        self._completions = CompletionLane(model.completions, model.can_cut, self._prefixes)
        self._suggestions = SuggestionLane(
            model.suggestions,
            model.can_cut,
            self._prefixes,
            between=lambda: self._desk.serve(_is_quick),
            admit=self._another_suggestion,
            done=self._suggested,
        )
        return model.gpu_layers

    def _unload(self) -> None:
        model, self._model = self._model, None
        self._completions = self._suggestions = self._biases = None
        self._prefixes.clear()
        for adapter in self._adapters.values():
            adapter.handle = None
        if model is not None:
            model.close()

    def _loaded(self) -> Llama:
        if self._model is None:
            if self._loading is None:
                raise ModelError("No model is loaded. Choose one in Settings.")
            self._take(self._loading)
        if self._model is None:
            raise ModelError("The model could not be loaded again. Choose one in Settings.")
        return self._model

    def _lanes(self) -> tuple[CompletionLane, SuggestionLane]:
        self._loaded()
        if self._completions is None or self._suggestions is None:
            raise ModelError("No model is loaded. Choose one in Settings.")
        return self._completions, self._suggestions

    # -- text

    def render(self, job: Job, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's chat template over the messages."""
        return render(self._loaded(), messages)

    def count_tokens(self, job: Job, text: str) -> int:
        """Tokens of a prompt, marks counted as one each."""
        return len(self._tokens_of_prompt(text))

    def _tokens_of_prompt(self, prompt: str) -> list[int]:
        model = self._loaded()
        return [token for part in prompt.split(MARK) for token in model.tokenize(part, special=True)]

    def _beginning(self, prompt: str) -> list[int]:
        """The tokens of a prompt; plain text gets the start token that stood before every text in training.

        A prompt that begins with a mark (a chat) gets it only from models that ask for it.
        """
        model, tokens = self._loaded(), self._tokens_of_prompt(prompt)
        if not tokens or (tokens[0] != model.start and (model.adds_start or self._vocabulary.pieces[tokens[0]])):
            tokens.insert(0, model.start)
        return tokens

    # -- adapters and grammars

    def adapt(self, job: Job, name: str, data: bytes) -> None:
        """Keep an adapter under a name, in place of the one that had it; requests say by how much it counts.

        Raises ModelError if it does not fit the loaded model.
        """
        model = self._loaded()
        handle = model.open_adapter(data)
        self.unadapt(job, name)
        self._adapters_seen += 1
        self._adapters[name] = _Adapter(self._adapters_seen, data, handle)

    def unadapt(self, job: Job, name: str) -> None:
        """Drop an adapter, and what was computed with it."""
        dropped = self._adapters.pop(name, None)
        if dropped is None or self._model is None:
            return
        for lane in self._lanes():
            lane.wear((), ())
        self._prefixes.clear()
        if dropped.handle is not None:
            self._model.close_adapter(dropped.handle)

    def _wear(self, lane: Sequences, wanted: Mapping[str, float]) -> None:
        """Let a lane compute with the adapters of a request; those that are not here count as nothing."""
        worn: list[tuple[str, int, float]] = []
        adapters: list[tuple[Any, float]] = []
        for name, scale in sorted(wanted.items()):
            adapter = self._adapters.get(name)
            if adapter is not None and scale:
                if adapter.handle is None:
                    adapter.handle = self._loaded().open_adapter(adapter.data)
                worn.append((name, adapter.number, float(scale)))
                adapters.append((adapter.handle, float(scale)))
        lane.wear(tuple(worn), adapters)

    def check_adapter(self, job: Job, path: str) -> None:
        """Raise ModelError unless the file is an adapter for the loaded model."""
        self._loaded().check_adapter(Path(path))

    def check_grammar(self, job: Job, grammar: str) -> None:
        """Raise BadInput unless it is a grammar."""
        self._loaded().check_grammar(grammar)

    # -- memories

    def remember(self, job: Job, memory: str, first: int, texts: Sequence[str]) -> int:
        """Add the texts numbered from `first` on; how many this memory holds now.

        What it holds already is skipped and a gap is refused by adding nothing, so sending twice does no harm.
        """
        kept = self._memories.setdefault(memory, TokenMemory())
        if first <= kept.texts:
            for text in texts[kept.texts - first :]:
                kept.add(self._loaded().tokenize(text, special=False))
                job.alive()
        return kept.texts

    def expect(self, job: Job, memory: str) -> bool:
        """Look at what the model expects in one more piece of a memory's texts; whether there is more to look at."""
        model, (_, lane) = self._loaded(), self._lanes()
        found = self._memories.get(memory)
        if found is None:
            return False
        if found.marginals is None:
            found.marginals = Marginals(self._vocabulary.is_text)
        piece = found.take_piece(SCORED_AT_ONCE) if found.marginals.places < MOST_PLACES else []
        if not piece:
            return False
        self._wear(lane, {})
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
        completions, suggestions = self._lanes()
        run = self._generation(job, **request)
        if not _is_completion(job):
            self._worn = _adapters_of(job)
            self._wear(suggestions, self._worn)
            suggestions.run(run)
            return ANSWERED
        self._wear(completions, _adapters_of(job))
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
        model = self._loaded()
        before, partial = split_partial(text) if heal else (text, "")
        own = model.tokenize(before, special=False)
        answers = bool(prompt) and lane == Lane.SUGGESTION.value
        beginning = self._beginning(prompt)
        remembered = self._memories.get(memory) if memory and memory_weight > 0 else None
        weight = min(1.0, memory_weight)
        return Generation(
            job=job,
            vocabulary=self._vocabulary,
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
        if self._biases is None or self._biases[0] != bias:
            model = self._loaded()
            self._biases = bias, Biases(self._vocabulary, bias, lambda word: model.tokenize(word, special=False))
        return self._biases[1]

    def _arrange(self, beginning: list[int], own: list[int], suffix: str, max_tokens: int) -> list[int]:
        """The whole prompt in tokens, cut to leave room for the answer: first the text loses its beginning."""
        model = self._loaded()
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
        model, (_, lane) = self._loaded(), self._lanes()
        kept = lane.free
        self._wear(lane, adapters)
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
        self._lanes()[1].guessing = on

    def raw_loop(self, job: Job, text: str, last: int, max_tokens: int, rest_s: float = 0.0) -> dict[str, float]:
        """What the bare model costs: milliseconds to take in the `last` tokens of a text, and for each token after it.

        Greedy; no sampling, no memory, no messages: the baseline that `ownhand bench` compares with.  `rest_s` passes
        before the last tokens, as it does between two keys: meanwhile the processor's caches lose the model.
        """
        _, lane = self._lanes()
        self._wear(lane, {})
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


def _info(found: header.Header) -> dict[str, Any]:
    fields = found.fields
    return {
        "path": str(found.path),
        "name": str(fields.get("general.name", "") or found.path.stem),
        "architecture": found.architecture,
        "parameters": found.parameters,
        "bytes": found.bytes,
        "context": context_length(found),
        "chat": can_chat(found),
        "has_chat_template": bool(template_of(found)),
        "thinking": thinks(found),
        "fill_in_middle": all(f"tokenizer.ggml.fim_{part}_token_id" in fields for part in ("pre", "suf", "mid"))
        or all(f"tokenizer.ggml.{part}_token_id" in fields for part in ("prefix", "suffix", "middle")),
        "licence": str(fields.get("general.license", "") or ""),
        "quantization": found.quantization,
        "files": [str(path) for path in found.files],
        "layers": found.layers,
    }
