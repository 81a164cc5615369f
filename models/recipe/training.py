"""Training on one device or several of one machine: `torchrun --nproc-per-node=2 -m recipe train`, or without it.

The schedule follows the clock, so that the run ends on time whatever the speed, and goes on after an interruption
from the packed weights (`weights.int8`) and the clock (`progress.json`) in the output folder.  The optimizer's state is
not kept: after a short warm-up its absence does not show in the loss.  Weights without a clock are a start to go on
from.  A number of seconds in a file `seconds` there is read while it trains and moves the end.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from recipe import pieces
from recipe.batches import Reader
from recipe.config import Phase, Recipe, TrainingConfig
from recipe.model import LanguageModel, Teachers
from recipe.optimizer import Optimizer

REPORT_EVERY = 50
VALIDATION_ROWS = 48


@dataclass
class Devices:
    """The place of this process among those that train together."""

    rank: int
    count: int
    device: torch.device
    clock: dist.ProcessGroup | None = None

    @classmethod
    def join(cls) -> Devices:
        """Take the place that torchrun gives, or train alone."""
        rank, count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        gpu = torch.cuda.is_available()
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if gpu else torch.device("cpu")
        if gpu:
            torch.cuda.set_device(device)
        if count == 1:
            return cls(0, 1, device)
        dist.init_process_group("nccl" if gpu else "gloo", timeout=timedelta(minutes=5))
        return cls(rank, count, device, dist.new_group(backend="gloo"))

    def agree(self, value: float) -> float:
        """The first process's value, in every process."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(shared, 0, group=self.clock)
        return float(shared)


def falling(position: float, config: TrainingConfig) -> float:
    """One up to where the decay begins, then linear to zero by the clock."""
    return max(0.0, min(1.0, (1 - position) / (1 - config.decay_from)))


def rate_share(position: float, step: int, config: TrainingConfig) -> float:
    """Share of the full learning rate: warm-up by steps, then constant, then linear to zero by the clock."""
    return min(1.0, (step + 1) / config.warm_up) * falling(position, config)


def phase_at(position: float, phases: tuple[Phase, ...]) -> Phase:
    """The phase that a share of the run falls in."""
    return next((phase for phase in phases if position < phase.until), phases[-1])


class Run:
    """A training run; `go` does all of it."""

    def __init__(self, recipe: Recipe, data: Path, out: Path) -> None:
        self.recipe, self.data, self.out = recipe, data, out
        self.devices = Devices.join()
        self.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(1)
        torch.set_float32_matmul_precision("high")
        self.model = LanguageModel(recipe.model, recipe.training.dropout)
        self.elapsed = 0.0
        self.tokens = 0
        self._load()
        self.model.to(self.devices.device)
        if self.devices.device.type == "cuda":
            self.model.compile_parts()
        self.teachers = self._teachers()
        self._saving: threading.Thread | None = None

    def go(self) -> None:
        """Train until the clock says so, validate, and leave the weights in `out`."""
        config = self.recipe.training
        first = self.devices.rank == 0
        wrapped = (
            torch.nn.parallel.DistributedDataParallel(self.model, broadcast_buffers=False)
            if self.devices.count > 1
            else self.model
        )
        optimizer = Optimizer(self.model, config.matrix_rate, config.vector_rate, config.weight_decay, config.momentum)
        length = self.recipe.model.context
        seed = 1000 * int(self.elapsed) + self.devices.rank
        torch.manual_seed(seed)  # each device leaves out other values
        reader = Reader(self.data, length, config.rows, phase_at(self.elapsed / self._seconds(), config.phases), seed)
        self._say("parameters", sum(p.numel() for p in self.model.parameters()), "devices", self.devices.count)
        before = self.elapsed
        started = time.time()
        saved = reported = started
        losses = torch.zeros((), device=self.devices.device)
        seconds = config.seconds
        step = 0
        while True:
            if step % REPORT_EVERY == 0:
                seconds = self._seconds()
            position = self.devices.agree((before + time.time() - started) / seconds)
            if position >= 1:
                break
            reader.phase = phase_at(position, config.phases)
            reader.noise = config.noise * min(1.0, 2 * falling(position, config))
            batch = reader.next()
            inputs, targets, weights = (self._to_device(part) for part in batch[:3])
            lesson = self.teachers.lesson(inputs[batch.answers :]) if self.teachers else None
            loss = wrapped(inputs, targets, weights, lesson)
            loss.backward()
            optimizer.step(rate_share(position, step, config))
            losses += loss.detach()
            step += 1
            self.tokens += config.rows * length * self.devices.count
            self.elapsed = before + time.time() - started
            if step == 1 and first:
                self._say(f"first step, with compilation: {self.elapsed - before:.1f} s")
            if step % REPORT_EVERY == 0:
                mean, now = float(losses) / REPORT_EVERY, time.time()
                speed = REPORT_EVERY * config.rows * length * self.devices.count / (now - reported)
                self._say(
                    f"step {step} at {position:.3f} loss {mean:.4f} tokens {self.tokens / 1e6:.1f} M "
                    f"{speed / 1e3:.0f} k/s {self.elapsed:.0f} s"
                )
                reported = now
                losses.zero_()
                if not math.isfinite(mean):
                    sys.exit("The loss is not finite; the last saved weights stand.")
            if first and time.time() - saved > config.save_every:
                saved = time.time()
                self._save()
                self._say("held out so far", json.dumps(self.bits_per_byte()))
        if first:
            self._finish(reader)
        if self.devices.count > 1:
            dist.barrier(group=self.devices.clock)
            dist.destroy_process_group()

    def _finish(self, reader: Reader) -> None:
        if self._saving is not None:
            self._saving.join()
        weights = {name: value.detach().cpu() for name, value in self.model.state_dict().items()}
        pieces.save(weights, self.out / "weights.int8")
        torch.save({name: value.bfloat16() for name, value in weights.items()}, self.out / "weights.pt")
        self._write_progress()
        self._say("read by this leg on one device:", json.dumps(reader.read), "tokens in all", self.tokens)
        self._say("validation bits per byte", json.dumps(self.bits_per_byte()))
        self._say("validation loss of answers", json.dumps(self.answer_losses()))
        (self.out / "done").touch()

    def bits_per_byte(self) -> dict[str, float]:
        """Bits per byte of held-out text by kind, in windows of the context's length."""
        path = self.data / "valid.npz"
        if not path.exists():
            return {}
        held_out = np.load(path)
        length = self.recipe.model.context
        result: dict[str, float] = {}
        for kind in (name for name in held_out.files if not name.endswith("_bytes")):
            stream = held_out[kind].astype(np.int64)
            windows = min((len(stream) - 1) // length, VALIDATION_ROWS)
            if windows == 0:
                continue
            rows = np.stack([stream[i * length : (i + 1) * length + 1] for i in range(windows)])
            nats = self._mean_loss(rows, np.ones(rows.shape, np.float32))
            result[kind] = round(nats / math.log(2) * len(stream) / float(held_out[kind + "_bytes"]), 4)
        return result

    def answer_losses(self) -> dict[str, float]:
        """Nats per token of held-out answers, for each set of them."""
        result: dict[str, float] = {}
        for path in sorted(self.data.glob("valid*.rows.npy")):
            rows = np.load(path)[: 2 * VALIDATION_ROWS].astype(np.int64)
            mask = np.load(path.with_name(path.name.replace(".rows.", ".mask.")))[: len(rows)]
            result[path.name.split(".")[0]] = round(self._mean_loss(rows, mask.astype(np.float32)), 4)
        return result

    @torch.no_grad()
    def _mean_loss(self, rows: np.ndarray, weights: np.ndarray) -> float:
        total = weight = 0.0
        self.model.eval()
        with torch.compiler.set_stance("force_eager"):
            for start in range(0, len(rows), 8):
                part = self._to_device(rows[start : start + 8])
                share = self._to_device(weights[start : start + 8])[:, 1:].contiguous()
                amount = float(share.sum())
                total += float(self.model(part[:, :-1], part[:, 1:], share)) * amount
                weight += amount
        self.model.train()
        return total / max(weight, 1.0)

    def _teachers(self) -> Teachers | None:
        share = self.recipe.training.teaching
        if not share:
            return None
        models: list[LanguageModel] = []
        for path in sorted(self.out.glob("teacher*.int8")):
            model = LanguageModel(self.recipe.model)
            model.load_state_dict(pieces.load(path))
            model.to(self.devices.device).requires_grad_(False).eval()
            if self.devices.device.type == "cuda":
                model.compile_parts()
            models.append(model)
        if not models:
            raise FileNotFoundError(f"no teacher*.int8 in {self.out}")
        self._say("teachers", len(models))
        return Teachers(models, share)

    def _seconds(self) -> float:
        told = self.out / "seconds"
        return float(told.read_text()) if told.exists() else self.recipe.training.seconds

    def _to_device(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if self.devices.device.type == "cuda":
            return tensor.pin_memory().to(self.devices.device, non_blocking=True)
        return tensor

    def _load(self) -> None:
        weights, progress = self.out / "weights.int8", self.out / "progress.json"
        if weights.exists():
            self.model.load_state_dict(pieces.load(weights))
        if weights.exists() and progress.exists():
            before = json.loads(progress.read_text())
            self.elapsed, self.tokens = before["seconds"], before["tokens"]
            self._say("goes on from", before)

    def _save(self) -> None:
        """Copy the weights now; pack and write them beside the training."""
        weights = {name: value.detach().to("cpu", copy=True) for name, value in self.model.state_dict().items()}
        progress = self._progress()

        def write() -> None:
            pieces.save(weights, self.out / "weights.int8")
            (self.out / "progress.json").write_text(progress)

        if self._saving is not None:
            self._saving.join()
        self._saving = threading.Thread(target=write)
        self._saving.start()

    def _write_progress(self) -> None:
        (self.out / "progress.json").write_text(self._progress())

    def _progress(self) -> str:
        return json.dumps({"seconds": round(self.elapsed, 1), "tokens": self.tokens})

    def _say(self, *words: object) -> None:
        if self.devices.rank == 0:
            line = " ".join(str(word) for word in words)
            print(line, flush=True)
            with (self.out / "training.log").open("a", encoding="utf-8") as log:
                log.write(line + "\n")
