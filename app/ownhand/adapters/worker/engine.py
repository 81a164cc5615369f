"""The engine role: one language model, two lanes, and the person's token memories.

Each lane is a sequence of its own in the model's context and keeps the tokens of its last request, so that a request
that begins like the last one only computes what is new.  A completion goes first: a suggestion that is being written
looks for one between any two tokens and between the pieces of its prompt, and runs it then and there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ownhand.adapters.worker import gpu, header, machine
from ownhand.adapters.worker.decode import (
    Biases,
    Chooser,
    Ids,
    Probabilities,
    Vocabulary,
    Writer,
    penalise,
    restrict,
    softmax,
    split_partial,
)
from ownhand.adapters.worker.llama import BATCH, LANES, Llama, context_length
from ownhand.adapters.worker.need import layers_that_fit, memory_need
from ownhand.adapters.worker.prompt import render
from ownhand.adapters.worker.serve import Desk, Job, Operation
from ownhand.adapters.worker.token_memory import NOTHING, ORDER, Prediction, TokenMemory
from ownhand.domain.ports import MARK, Lane, Sampling, Usage
from ownhand.errors import Cancelled, ModelError

_SEQUENCE: Final = {Lane.COMPLETION.value: 0, Lane.SUGGESTION.value: 1}
_STEP: Final = {0: BATCH, 1: 128}
"""Prompt tokens computed at a time, by sequence: a completion waits for at most one step of a suggestion."""
_CUT_STEP: Final = 128
"""A text too long for the window loses its beginning in steps of so many tokens, so that typing on keeps the prefix."""
_TAIL: Final = 256
AUTO: Final = -1
"""As many layers on the GPU as fit."""
_NOT_ON_GPU: Final = "The GPU had no room for this model, so the processor computes it."


def open_role(desk: Desk) -> Mapping[str, Operation]:
    """What the engine can do, by name."""
    engine = Engine(desk)
    return {
        "inspect": engine.inspect,
        "gpus": engine.gpus,
        "load": engine.load,
        "generate": engine.generate,
        "score": engine.score,
        "render": engine.render,
        "count_tokens": engine.count_tokens,
        "remember": engine.remember,
        "forget": engine.forget,
        "raw_loop": engine.raw_loop,
        "memory_taken": engine.memory_taken,
    }


def _is_quick(job: Job) -> bool:
    """Whether a request may run while a suggestion or a score is being computed."""
    if job.op == "generate":
        return job.args.get("lane") == Lane.COMPLETION.value
    return job.op not in ("load", "score")


@dataclass(frozen=True, slots=True)
class _Loading:
    """How a model is loaded."""

    header: header.Header
    gpu_layers: int
    threads: int


@dataclass(slots=True)
class _Kept:
    """The tokens that a sequence holds in the model's context."""

    sequence: int
    tokens: list[int] = field(default_factory=list)


class Engine:
    """The state of the role.  Used by the worker's main thread alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._model: Llama | None = None
        self._loading: _Loading | None = None
        self._vocabulary = Vocabulary([], [])
        self._kept = [_Kept(sequence) for sequence in range(LANES)]
        self._memories: dict[str, TokenMemory] = {}
        self._bare = machine.taken_memory()

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
        header.check_memory(found, memory_need(found, devices, layers), self._available())
        old = self._loading
        self._unload()
        try:
            layers = self._take(_Loading(found, layers, threads))
        except ModelError:
            if old is not None:
                self._take(old)
            raise
        self._memories.clear()
        note = "" if layers or not devices or not gpu_layers else _NOT_ON_GPU
        info = self._info(found, devices, layers)
        return {**info, "fill_in_middle": self._loaded().fill_in_middle is not None, "note": note}

    def gpus(self, job: Job) -> list[dict[str, Any]]:
        """The GPUs that this build of llama.cpp can use; see gpu.Gpu."""
        return [asdict(found) for found in gpu.gpus()]

    def _plan(self, found: header.Header, wanted: int) -> tuple[list[gpu.Gpu], int]:
        """The GPUs, and how many layers go there: at most as many as the model has, and as `wanted` unless AUTO."""
        devices = gpu.gpus() if wanted else []
        if not devices:
            return [], 0
        return devices, layers_that_fit(found, devices) if wanted < 0 else min(wanted, found.layers)

    def _available(self) -> int:
        """Memory for a model in place of the one that is loaded."""
        return machine.available_memory() + (0 if self._loading is None else memory_need(self._loading.header).main)

    def _info(self, found: header.Header, devices: Sequence[gpu.Gpu], layers: int) -> dict[str, Any]:
        """A ModelInfo on its way: what the file says, what it needs, and what it could take in place of ours."""
        return {
            **_info(found),
            "gpu_layers": layers,
            "memory": asdict(memory_need(found, devices, layers)),
            "available": self._available(),
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
        self._model = model
        self._vocabulary = Vocabulary(model.pieces, model.ends)
        return model.gpu_layers

    def _unload(self) -> None:
        model, self._model = self._model, None
        self._loading = None
        for kept in self._kept:
            kept.tokens.clear()
        if model is not None:
            model.close()

    def _loaded(self) -> Llama:
        if self._model is None:
            raise ModelError("No model is loaded. Choose one in Settings.")
        return self._model

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

    def forget(self, job: Job, memory: str) -> None:
        """Drop one memory."""
        self._memories.pop(memory, None)

    # -- generating

    def generate(
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
    ) -> dict[str, Any]:
        """Stream {text, logprob} items; the answer is the Usage.  Parameters as in ports.Generate."""
        model, kept = self._loaded(), self._kept[_SEQUENCE[lane]]
        before, partial = split_partial(text) if heal else (text, "")
        own = model.tokenize(before, special=False)
        tokens = self._arrange(self._beginning(prompt), own, suffix, max_tokens)
        run = _Run(
            job=job,
            kept=kept,
            own=own,
            tail=before.encode("utf-8", "replace")[-_TAIL:],
            writer=Writer(partial.encode("utf-8", "replace"), stop),
            biases=Biases(self._vocabulary, bias, lambda word: model.tokenize(word, special=False)),
            sampling=Sampling(**sampling),
            memory=self._memories.get(memory) if memory and memory_weight > 0 else None,
            memory_weight=min(1.0, memory_weight),
        )
        counts = {"prompt_tokens": len(tokens), "reused_tokens": 0, "new_tokens": 0}
        clock = _Clock(job)
        try:
            logits, counts["reused_tokens"] = self._prefill(job, kept, tokens)
            clock.prefilled()
            finish = self._write(run, logits, max_tokens, min_probability, counts)
        except Cancelled:
            finish = "cancelled"
        return asdict(replace(clock.done(), finish=finish, **counts))

    def _write(
        self, run: _Run, logits: Probabilities, max_tokens: int, min_probability: float, counts: dict[str, int]
    ) -> str:
        model, vocabulary = self._loaded(), self._vocabulary
        chooser = Chooser(
            run.sampling.temperature, run.sampling.top_k, run.sampling.top_p, run.sampling.min_p, run.sampling.seed
        )
        pending, together = 0.0, 0.0
        limit = np.log(min_probability) if min_probability > 0 else -np.inf
        finish = "length"
        while counts["new_tokens"] < max_tokens:
            measured, scores = self._distributions(run, logits)
            token = chooser.choose(scores)
            logprob = float(np.log(max(float(measured[token]), 1e-30)))
            together += logprob
            if together < limit:
                finish = "unlikely"
                break
            if token in vocabulary.ends:
                finish = "stop"
                break
            counts["new_tokens"] += 1
            piece = vocabulary.pieces[token]
            run.generated.append(token)
            run.tail = (run.tail + piece)[-_TAIL:]
            pending += logprob
            written = run.writer.write(piece)
            if written:
                run.job.send({"text": written, "logprob": pending})
                pending = 0.0
            if run.writer.stopped:
                finish = "stop"
                break
            if len(run.kept.tokens) >= model.context or counts["new_tokens"] >= max_tokens:
                break
            self._let_others(run.job, run.kept)
            logits = self._decode(run.job, run.kept, [token])[0]
        rest = run.writer.finish()
        if rest:
            run.job.send({"text": rest, "logprob": pending})
        return finish

    def _distributions(self, run: _Run, logits: Probabilities) -> tuple[Probabilities, Probabilities]:
        """The untempered mixed distribution, and the log scores from which the next token is chosen."""
        claim = NOTHING
        if run.memory is not None:
            recent = [*run.own[-ORDER:], *run.generated[-ORDER:]]
            claim = run.memory.predict(recent, start=len(run.own) + len(run.generated) < ORDER)
        allowed = self._vocabulary.consistent(run.writer.partial) if run.writer.partial else None
        measured = self._mixed(logits, claim, run.memory_weight, allowed)
        chosen = measured
        if run.sampling.repeat_penalty != 1.0:
            recent = [*run.own, *run.generated][-run.sampling.repeat_last :] if run.sampling.repeat_last > 0 else []
            penalised = penalise(logits, recent, run.sampling.repeat_penalty)
            chosen = self._mixed(penalised, claim, run.memory_weight, allowed)
        with np.errstate(divide="ignore"):
            scores: Probabilities = np.log(chosen)
        if run.biases:
            run.biases.apply(scores, run.tail)
            if not np.isfinite(scores.max()):  # every token that fits is banned: better the ban fails than the text
                with np.errstate(divide="ignore"):
                    scores = np.log(chosen)
        return measured, scores

    def _mixed(
        self, logits: Probabilities, claim: Prediction, weight: float, allowed: tuple[Ids, Probabilities] | None
    ) -> Probabilities:
        mixed = softmax(logits)
        claim.mix_into(mixed, weight)
        mixed[self._vocabulary.never] = 0.0
        return mixed if allowed is None else restrict(mixed, *allowed)

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

    def score(self, job: Job, prompt: str, text: str, memory: str, memory_weight: float) -> float:
        """Natural-log likelihood of the tokens of `text` after `prompt`, under the mixed distribution.

        A text longer than the window is scored in windows that overlap by half, so every token has at least half a
        window of its past before it.
        """
        model, kept = self._loaded(), self._kept[1]
        remembered = self._memories.get(memory) if memory and memory_weight > 0 else None
        weight = min(1.0, memory_weight)
        head = self._beginning(prompt)[-(model.context // 2) :]
        tokens = model.tokenize(text, special=False)
        self._reset(kept)
        total, done = 0.0, 0
        waiting = head
        while done < len(tokens):
            # each turn: compute what stands before token `done`, then as many tokens as fit, with all their logits
            logits = self._extend(job, kept, waiting)
            total += self._gain(logits[-1:], tokens, done, remembered, weight)
            done += 1
            while done < len(tokens) and len(kept.tokens) < model.context:
                count = min(_STEP[1], len(tokens) - done, model.context - len(kept.tokens))
                self._let_others(job, kept)
                rows = self._decode(job, kept, tokens[done - 1 : done - 1 + count], every=True)
                total += self._gain(rows, tokens, done, remembered, weight)
                done += count
            if done < len(tokens):
                overlap = tokens[max(0, done - model.context // 2) : done]
                keep = head if len(head) <= model.context // 4 else []
                self._reset(kept)
                waiting = [*keep, *overlap]
        return total

    def _gain(
        self, rows: Probabilities, tokens: Sequence[int], first: int, memory: TokenMemory | None, weight: float
    ) -> float:
        """Sum of the log probabilities of the tokens from `first` on, one for each row of logits."""
        high = rows.max(axis=1)
        norm = high + np.log(np.exp(rows - high[:, None]).sum(axis=1, dtype=np.float64))
        ids = np.array(tokens[first : first + len(rows)])
        logs = rows[np.arange(len(rows)), ids] - norm
        if memory is None:
            return float(logs.sum())
        total = 0.0
        for at, log in enumerate(logs):
            place = first + at
            claim = memory.predict(tokens[max(0, place - ORDER) : place], start=place < ORDER)
            total += float(
                np.log((1.0 - weight * claim.claimed) * np.exp(float(log)) + weight * claim.of(int(ids[at])))
            )
        return total

    # -- measuring

    def memory_taken(self, job: Job) -> int:
        """Bytes of memory this process has taken since the role was opened."""
        return machine.taken_memory() - self._bare

    def raw_loop(self, job: Job, text: str, appended: str, max_tokens: int) -> dict[str, float]:
        """What the bare model costs: milliseconds to take in `appended` after `text`, and for each greedy token after.

        No sampling, no memory, no messages: the baseline that `ownhand bench` compares with.
        """
        model, kept = self._loaded(), self._kept[_SEQUENCE[Lane.SUGGESTION.value]]
        self._reset(kept)
        self._extend(job, kept, self._tokens_of_prompt(text))
        began = time.monotonic()
        logits = self._extend(job, kept, model.tokenize(appended, False))
        appended_at = time.monotonic()
        for _ in range(max_tokens):
            logits = self._decode(job, kept, [int(logits[-1].argmax())])
        done = time.monotonic()
        self._reset(kept)
        return {"append_ms": 1000 * (appended_at - began), "token_ms": 1000 * (done - appended_at) / max(1, max_tokens)}

    # -- sequences

    def _prefill(self, job: Job, kept: _Kept, tokens: Sequence[int]) -> tuple[Probabilities, int]:
        """Bring a sequence to these tokens; the logits after the last one, and how many tokens were there already."""
        model = self._loaded()
        same = 0
        for old, new in zip(kept.tokens, tokens[:-1], strict=False):
            if old != new:
                break
            same += 1
        if same < len(kept.tokens):
            if not model.cut(kept.sequence, same):
                same = 0
                model.cut(kept.sequence, 0)
            del kept.tokens[same:]
        return self._extend(job, kept, tokens[same:])[-1], same

    def _extend(self, job: Job, kept: _Kept, tokens: Sequence[int]) -> Probabilities:
        logits: Probabilities | None = None
        for chunk in _chunks(tokens, _STEP[kept.sequence]):
            if logits is not None:
                self._let_others(job, kept)
            logits = self._decode(job, kept, chunk)
        if logits is None:
            raise ValueError("nothing to compute")
        return logits

    def _decode(self, job: Job, kept: _Kept, tokens: Sequence[int], every: bool = False) -> Probabilities:
        model = self._loaded()
        model.wanted = lambda: not job.cancelled
        job.check()
        logits = model.decode(kept.sequence, tokens, len(kept.tokens), every)
        kept.tokens.extend(tokens)
        return logits

    def _reset(self, kept: _Kept) -> None:
        self._loaded().cut(kept.sequence, 0)
        kept.tokens.clear()

    def _let_others(self, job: Job, kept: _Kept) -> None:
        """Run what may go before a suggestion; a completion itself lets nobody pass."""
        job.check()
        if kept.sequence == _SEQUENCE[Lane.COMPLETION.value]:
            return
        began = time.monotonic()
        self._desk.serve(_is_quick)
        job.stood_aside += time.monotonic() - began


@dataclass(slots=True)
class _Run:
    """One generation on its way."""

    job: Job
    kept: _Kept
    own: list[int]
    """The tokens of the person's text before the place where generating begins."""
    tail: bytes
    writer: Writer
    biases: Biases
    sampling: Sampling
    memory: TokenMemory | None
    memory_weight: float
    generated: list[int] = field(default_factory=list)


class _Clock:
    """Where the time of one generation went, in milliseconds; what others took meanwhile counts as waiting."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._began = time.monotonic()
        self._prefilled: tuple[float, float] | None = None

    def prefilled(self) -> None:
        self._prefilled = time.monotonic(), self._job.stood_aside

    def done(self) -> Usage:
        now, aside = time.monotonic(), self._job.stood_aside
        middle, aside_before = self._prefilled or (now, aside)
        return Usage(
            queue_ms=1000 * (self._began - self._job.arrived + aside),
            prefill_ms=1000 * (middle - self._began - aside_before),
            decode_ms=1000 * (now - middle - (aside - aside_before)),
        )


def _chunks(tokens: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for first in range(0, len(tokens), size):
        yield tokens[first : first + size]


def _info(found: header.Header) -> dict[str, Any]:
    fields = found.fields
    return {
        "path": str(found.path),
        "name": str(fields.get("general.name", "") or found.path.stem),
        "architecture": found.architecture,
        "parameters": found.parameters,
        "bytes": found.bytes,
        "context": context_length(found),
        "chat": bool(fields.get("tokenizer.chat_template")),
        "has_chat_template": bool(fields.get("tokenizer.chat_template")),
        "fill_in_middle": all(f"tokenizer.ggml.fim_{part}_token_id" in fields for part in ("pre", "suf", "mid"))
        or all(f"tokenizer.ggml.{part}_token_id" in fields for part in ("prefix", "suffix", "middle")),
        "licence": str(fields.get("general.license", "") or ""),
        "quantization": found.quantization,
        "files": [str(path) for path in found.files],
        "layers": found.layers,
    }
