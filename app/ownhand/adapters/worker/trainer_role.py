"""What the trainer does with its requests (the child's side; see serve.py for how they come).

Plain supervised training of the thin matrices (lora.py) with AdamW.  Only the person's own words count in the loss;
what stands before them is there to be read.  After every pass the loss on texts that are never trained on decides
whether it is the best yet.  Between two layers the window's requests are looked at, so a pause begins within a fraction
of a second.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ownhand.adapters.worker import header, lora, machine, steering
from ownhand.adapters.worker.llama import Words
from ownhand.adapters.worker.serve import Desk, Job, Operation
from ownhand.domain.inference import MARK
from ownhand.errors import BadInput, ModelError

_NICE: Final = 9
"""Beside that of every worker: whoever types goes first."""
WINDOW: Final = 512
"""Tokens of one text that are seen together."""
_CONTEXT: Final = 128
"""Tokens of what stands before the person's words, at most."""
_OVERLAP: Final = 64
"""Tokens of a long text's last window that the next one begins with."""
_ROUND: Final = 16
"""Lengths are rounded up to these: what fits one step fits the next."""
_TOGETHER: Final = 512
"""Tokens in one step."""
_PASS_TOKENS: Final = 120_000
"""Tokens of all passes together, about: what two cores do with the built-in model in six minutes."""
_MOST_PASSES: Final = 2
"""More gain nothing: a text that was read twice is known by heart (decision 10)."""
_HELD_OUT_TOKENS: Final = 6_000
_RATE: Final = 1e-3
_WARM_UP: Final = 10
_LEAST_RATE: Final = 0.1
_CHECKPOINT_S: Final = 30.0
_POLL_S: Final = 0.05
_FIXED_MEMORY: Final = 700 << 20
"""Bytes that the libraries take."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Tokens of one text, and which of them are the person's own."""

    tokens: tuple[int, ...]
    own: tuple[bool, ...]


@dataclass(slots=True)
class _State:
    """How far a training is; all of it is in a checkpoint."""

    training: str
    """Which training this is: its model, texts and plan."""
    turn: int = 0
    """Passes that are done."""
    step: int = 0
    """Steps of this pass that are done."""
    at_first: float = 0.0
    """Loss per token on the held-out texts of the plain model, in nats."""
    best: float = float("inf")
    seen: int = 0
    matrices: list[torch.Tensor] = field(default_factory=list)
    moments: dict[str, Any] = field(default_factory=dict)
    best_matrices: list[torch.Tensor] = field(default_factory=list)


class TrainerRole:
    """One training at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._paused = False
        if sys.platform != "win32":
            os.nice(_NICE)

    def operations(self) -> Mapping[str, Operation]:
        """Operation by name."""
        return {"train": self.train, "direction": self.direction, "pause": self.pause}

    def pause(self, job: Job, on: bool) -> None:
        """Wait before the next layer, or go on."""
        self._paused = on

    def train(
        self,
        job: Job,
        model: str,
        lessons: Sequence[Mapping[str, Any]],
        held_out: Sequence[Mapping[str, Any]],
        checkpoint: bytes,
    ) -> dict[str, Any]:
        """Stream progress and checkpoints; the answer is the last progress, with the adapter.

        Raises ModelError for a model that cannot be trained here, BadInput where nothing is left of the texts.
        """
        found = header.read(Path(model))
        plan = lora.Plan()
        _check(found, plan)
        words = Words(found)
        rows = [row for lesson in lessons for row in _rows(words, lesson)]
        tests = _up_to([row for lesson in held_out for row in _rows(words, lesson)], _HELD_OUT_TOKENS)
        words.close()
        if not rows or not tests:
            raise BadInput("Too little text is left to train on once what is sensitive is taken out. Add writing.")
        job.alive()
        training = _Training(self, job, found, plan, rows, tests)
        training.begin(checkpoint)
        return training.run()

    def direction(self, job: Job, model: str, lessons: Sequence[Mapping[str, Any]]) -> bytes:
        """The style vector of these lessons (steering.py), its bytes.

        Raises as `train`.
        """
        found = header.read(Path(model))
        _check(found, lora.Plan())
        words = Words(found)
        texts = [_divided(row) for lesson in lessons[: 2 * steering.TEXTS] for row in list(_rows(words, lesson))[:1]]
        words.close()
        torch.set_num_threads(max(1, machine.cores()))
        loaded = lora.load(found, quicker_type(found))
        job.alive()
        try:
            return steering.direction(loaded, texts, lambda: self.between(job))
        except ValueError:
            raise BadInput("Too little text is left to learn a style vector from. Add writing.") from None

    def between(self, job: Job) -> float:
        """Called between two layers: answer what came, wait while paused.  Seconds that were waited.

        Raises Cancelled.
        """
        self._desk.serve(_is_pause)
        job.check()
        began = time.monotonic()
        while self._paused:
            time.sleep(_POLL_S)
            self._desk.serve(_is_pause)
            job.check()
        return time.monotonic() - began


def _is_pause(job: Job) -> bool:
    return job.op == "pause"


class _Training:
    """A model with its thin matrices, and the passes over the texts."""

    def __init__(
        self,
        role: TrainerRole,
        job: Job,
        found: header.Header,
        plan: lora.Plan,
        rows: Sequence[_Row],
        tests: Sequence[_Row],
    ) -> None:
        self._role, self._job, self._header, self._plan = role, job, found, plan
        self._rows, self._tests = rows, tests
        torch.manual_seed(0)
        torch.set_num_threads(max(1, machine.cores()))
        self._model = lora.load(found, quicker_type(found))
        job.alive()
        self._adapted = lora.adapt(self._model, plan)
        self._matrices = lora.parameters(self._adapted)
        self._optimizer = torch.optim.AdamW(self._matrices, lr=_RATE, betas=(0.9, 0.99), weight_decay=0.01)
        self._waited = 0.0
        for layer in self._model.model.layers:
            layer.register_forward_pre_hook(self._before_layer)
        tokens = sum(len(row.tokens) for row in rows)
        self._passes = max(1, min(_MOST_PASSES, round(_PASS_TOKENS / tokens)))
        self._tokens = tokens * self._passes
        identity = hashlib.sha256(repr((found.path.name, found.bytes, plan, list(rows), list(tests))).encode())
        self._state = _State(identity.hexdigest())
        self._began = self._saved = time.monotonic()
        self._seen_before = 0

    def _before_layer(self, layer: object, inputs: tuple[torch.Tensor, ...]) -> None:
        self._waited += self._role.between(self._job)
        hidden = inputs[0] if inputs else None
        if hidden is not None and hidden.requires_grad:
            hidden.register_hook(self._after_gradient)  # type: ignore[no-untyped-call]

    def _after_gradient(self, gradient: torch.Tensor) -> None:
        self._waited += self._role.between(self._job)

    def begin(self, checkpoint: bytes) -> None:
        """Take up a checkpoint if it is one of this training; else measure the plain model."""
        kept = _read(checkpoint)
        if kept is not None and kept.training == self._state.training:
            self._state = kept
            with torch.no_grad():
                for matrix, values in zip(self._matrices, kept.matrices, strict=True):
                    matrix.copy_(values)
            self._optimizer.load_state_dict(kept.moments)
        else:
            self._state.at_first = self._state.best = self._held_out()
            self._state.best_matrices = [matrix.detach().clone() for matrix in self._matrices]
        self._seen_before = self._state.seen
        self._began, self._waited = time.monotonic(), 0.0
        self._tell()

    def run(self) -> dict[str, Any]:
        """All passes that are left."""
        state = self._state
        while state.turn < self._passes:
            batches = list(_batches(self._rows, np.random.default_rng(state.turn)))
            for number, batch in enumerate(batches):
                if number < state.step:
                    continue
                steps = state.turn * len(batches) + number
                left = 1 - steps / (self._passes * len(batches))
                self._step(batch, max(_LEAST_RATE, left) * min(1.0, (steps + 1) / _WARM_UP))
                state.step = number + 1
                state.seen += sum(len(row.tokens) for row in batch)
                if time.monotonic() - self._saved > _CHECKPOINT_S:
                    self._save()
                self._tell()
            state.turn, state.step = state.turn + 1, 0
            loss = self._held_out()
            if loss < state.best:
                state.best = loss
                state.best_matrices = [matrix.detach().clone() for matrix in self._matrices]
            self._save()
        with torch.no_grad():
            for matrix, values in zip(self._matrices, state.best_matrices, strict=True):
                matrix.copy_(values)
        adapter = lora.to_gguf(self._header, self._plan, self._adapted)
        return {**self._progress(), "done": 1.0, "seconds_left": 0.0, "adapter": adapter}

    def _step(self, batch: Sequence[_Row], rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = _RATE * rate
        loss, count = self._loss(batch)
        torch.autograd.backward(loss / count)
        torch.nn.utils.clip_grad_norm_(self._matrices, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def _held_out(self) -> float:
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in _batches(self._tests, None):
                loss, tokens = self._loss(batch)
                total, count = total + float(loss), count + tokens
        return total / count

    def _loss(self, batch: Sequence[_Row]) -> tuple[torch.Tensor, int]:
        """Summed negative log likelihood, in nats, of the own tokens, and how many they are.

        Texts are filled up at their end, where nothing can look at it, so no attention mask is needed.
        """
        longest = -(-max(len(row.tokens) for row in batch) // _ROUND) * _ROUND
        tokens = torch.zeros(len(batch), longest, dtype=torch.long)
        counted = torch.zeros(len(batch), longest, dtype=torch.bool)
        for place, row in enumerate(batch):
            tokens[place, : len(row.tokens)] = torch.tensor(row.tokens)
            counted[place, : len(row.tokens) - 1] = torch.tensor(row.own[1:])
        hidden = self._model.model(input_ids=tokens, use_cache=False).last_hidden_state
        wanted = torch.roll(tokens, -1, 1)[counted]
        logits = self._model.lm_head(hidden[counted]).float()
        return torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"), len(wanted)

    def _save(self) -> None:
        state = self._state
        state.matrices = [matrix.detach() for matrix in self._matrices]
        state.moments = self._optimizer.state_dict()
        out = io.BytesIO()
        torch.save({name: getattr(state, name) for name in _State.__slots__}, out)
        self._saved = time.monotonic()
        self._job.send({"checkpoint": out.getvalue()})

    def _progress(self) -> dict[str, Any]:
        state = self._state
        done = state.seen - self._seen_before
        spent = time.monotonic() - self._began - self._waited
        left = (self._tokens - state.seen) * spent / done if done else 0.0
        return {
            "done": state.seen / self._tokens,
            "seconds_left": left,
            "loss_before": state.at_first,
            "loss": state.best,
        }

    def _tell(self) -> None:
        self._job.send(self._progress())


def _read(checkpoint: bytes) -> _State | None:
    """The state in a checkpoint; None where there is none, or it is damaged."""
    if not checkpoint:
        return None
    try:
        return _State(**torch.load(io.BytesIO(checkpoint), weights_only=True))
    except (RuntimeError, TypeError, ValueError, EOFError, OSError, KeyError):
        return None  # the training begins anew


def quicker_type(found: header.Header) -> torch.dtype:
    """Half (bfloat16) or single precision, whichever this processor multiplies faster in the model's own sizes."""
    width, inner = found.of_architecture("embedding_length"), found.of_architecture("feed_forward_length")
    took: dict[torch.dtype, float] = {}
    for dtype in (torch.float32, torch.bfloat16):
        rows, matrix = torch.ones(_TOGETHER, width, dtype=dtype), torch.ones(width, inner, dtype=dtype)
        rows @ matrix
        began = time.perf_counter()
        for _ in range(3):
            rows @ matrix
        took[dtype] = time.perf_counter() - began
    return min(took, key=lambda dtype: took[dtype])


def memory_needed(found: header.Header, plan: lora.Plan) -> int:
    """Bytes that a training takes, about: weights in single precision, what each layer keeps for its gradient, logits,
    and the thin matrices with their moments.
    """
    width, inner = found.of_architecture("embedding_length"), found.of_architecture("feed_forward_length")
    kept = found.layers * _TOGETHER * 4 * (14 * width + 5 * inner)
    thin = found.layers * plan.rank * 4 * (8 * width + 3 * inner) * 5
    return _FIXED_MEMORY + 4 * found.parameters + kept + 3 * 4 * _TOGETHER * found.vocabulary + thin


def _check(found: header.Header, plan: lora.Plan) -> None:
    lora.check_kind(found)
    needed, free = memory_needed(found, plan), machine.available_memory()
    if needed > free:
        raise ModelError(
            f"Training needs about {needed / 1e9:.1f} GB of memory and {max(0, free) / 1e9:.1f} GB are free. "
            "Close other programs, or choose a smaller model for completions."
        )


def _rows(words: Words, lesson: Mapping[str, Any]) -> Iterator[_Row]:
    """A lesson in tokens, a long one in windows that overlap.  The end of a text is learned, too."""
    start = [token for part in str(lesson["prompt"]).split(MARK) for token in words.tokenize(part, special=True)]
    if not start:
        start = [words.start]
    tokens, own = list(start), [False] * len(start)
    for part in lesson["parts"]:
        some = words.tokenize(str(part["text"]), special=False)
        if not part["own"] and len(some) > _CONTEXT:
            some = some[-_CONTEXT:]
        tokens += some
        own += [bool(part["own"])] * len(some)
    if any(own):
        tokens.append(words.end_of(bool(lesson["prompt"])))
        own.append(True)
    first = 0
    while first < len(tokens):
        row = _Row(tuple(tokens[first : first + WINDOW]), tuple(own[first : first + WINDOW]))
        if first:
            row = _Row(row.tokens, (False,) * _OVERLAP + row.own[_OVERLAP:])
        if any(row.own[1:]):
            yield row
        if first + WINDOW >= len(tokens):
            return
        first += WINDOW - _OVERLAP


def _divided(row: _Row) -> tuple[Sequence[int], Sequence[int]]:
    """What stands before the person's words, and these up to where they end first."""
    first = row.own.index(True)
    last = row.own.index(False, first) if False in row.own[first:] else len(row.own)
    return row.tokens[:first], row.tokens[first:last]


def _up_to(rows: Sequence[_Row], tokens: int) -> list[_Row]:
    kept: list[_Row] = []
    for row in rows:
        if kept and sum(len(one.tokens) for one in kept) + len(row.tokens) > tokens:
            break
        kept.append(row)
    return kept


def _batches(rows: Sequence[_Row], random: np.random.Generator | None) -> Iterator[list[_Row]]:
    """The rows in batches of like lengths and up to so many tokens, in random order; without it as they come."""
    jitter = random.uniform(0, 16, len(rows)) if random is not None else np.zeros(len(rows))
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].tokens) + jitter[place])
    batches: list[list[_Row]] = [[]]
    for place in order:
        row, last = rows[place], batches[-1]
        if last and (len(last) + 1) * max(len(one.tokens) for one in (*last, row)) > _TOGETHER:
            batches.append([])
        batches[-1].append(row)
    if random is not None:
        random.shuffle(batches)
    yield from filter(None, batches)
