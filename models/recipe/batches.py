"""What the model reads next: rows drawn from the token streams by their share in the phase, and rows of answers."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recipe.config import SPECIAL_TOKENS, Phase


class Batch(NamedTuple):
    """Rows of token ids to read (int64), those to predict at each place, and the weight of each of these (float32);
    the first `answers` rows are dialogues.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    answers: int


class Reader:
    """Draws batches in a thread of its own; data that appears while it runs is taken up.

    Streams are `<kind>.<name>.npy`; a row is a random window of one.  Answers are `answers*.rows.npy` with their
    `.mask.npy`, read in random order without repeating one before all were read.
    """

    def __init__(self, folder: Path, length: int, rows: int, phase: Phase, seed: int) -> None:
        self.phase = phase
        self.noise = 0.0
        """Share of the words of text that are replaced from now on; see `TrainingConfig.noise`."""
        self.read: dict[str, int] = {}
        """Tokens read so far, by kind."""
        self._folder, self._length, self._rows = folder, length, rows
        self._chance = np.random.default_rng(seed)
        self._streams: dict[str, dict[str, np.ndarray]] = {}
        self._answers: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._order: list[tuple[str, int]] = []
        self._drawn = 0
        self._ready: queue.Queue[Batch | Exception] = queue.Queue(6)
        self._look()
        threading.Thread(target=self._work, daemon=True).start()

    def next(self) -> Batch:
        """The next batch.  Raises what the reading thread raised."""
        batch = self._ready.get()
        if isinstance(batch, Exception):
            raise batch
        return batch

    def _work(self) -> None:
        try:
            while True:
                if self._drawn % 50 == 0:
                    self._look()
                self._drawn += 1
                self._ready.put(self._draw())
        except Exception as error:  # handed to the thread that trains, which stops
            self._ready.put(error)

    def _look(self) -> None:
        for path in sorted(self._folder.glob("*.npy")):
            kind, _, name = path.name.partition(".")
            if kind.startswith(("part-", "valid")) or name.endswith("mask.npy"):
                continue
            if name.endswith("rows.npy"):
                if path.name not in self._answers:
                    mask = path.with_name(path.name.replace(".rows.", ".mask."))
                    self._answers[path.name] = (np.load(path, mmap_mode="r"), np.load(mask, mmap_mode="r"))
                    self._order = []
            elif name not in self._streams.setdefault(kind, {}):
                self._streams[kind][name] = np.load(path, mmap_mode="r")

    def _draw(self) -> Batch:
        answers = round(self._rows * self.phase.answers) if self._answers else 0
        rows = np.empty((self._rows, self._length + 1), np.int64)
        weights = np.ones(rows.shape, np.float32)
        for index in range(answers):
            rows[index], weights[index] = self._next_answers()
        kinds = [kind for kind in self.phase.mixture if self._streams.get(kind)]
        shares = np.array([self.phase.mixture[kind] for kind in kinds])
        for index, which in enumerate(self._chance.choice(len(kinds), self._rows - answers, p=shares / shares.sum())):
            rows[answers + index] = self._window(kinds[which])
        inputs = np.ascontiguousarray(rows[:, :-1])
        if self.noise:
            inputs[answers:] = self._noised(inputs[answers:])
        return Batch(inputs, np.ascontiguousarray(rows[:, 1:]), np.ascontiguousarray(weights[:, 1:]), answers)

    def _noised(self, text: np.ndarray) -> np.ndarray:
        """Some words replaced by words of other places, so that frequent ones come often; no special token is, or is
        put anywhere.
        """
        others = text.reshape(-1)[self._chance.integers(text.size, size=text.shape)]
        words = (text >= len(SPECIAL_TOKENS)) & (others >= len(SPECIAL_TOKENS))
        shares = self._chance.uniform(0, 2 * self.noise, (len(text), 1))
        return np.where(words & (self._chance.random(text.shape) < shares), others, text)

    def _next_answers(self) -> tuple[np.ndarray, np.ndarray]:
        if not self._order:
            self._order = [(name, index) for name, (rows, _) in self._answers.items() for index in range(len(rows))]
            self._chance.shuffle(self._order)
        name, number = self._order.pop()
        rows, masks = self._answers[name]
        self.read["answers"] = self.read.get("answers", 0) + self._length
        return rows[int(number)], masks[int(number)]

    def _window(self, kind: str) -> np.ndarray:
        streams = list(self._streams[kind].values())
        sizes = np.array([len(stream) for stream in streams], float)
        stream = streams[self._chance.choice(len(streams), p=sizes / sizes.sum())]
        start = int(self._chance.integers(max(1, len(stream) - self._length - 1)))
        window = stream[start : start + self._length + 1]
        self.read[kind] = self.read.get(kind, 0) + self._length
        if len(window) < self._length + 1:  # only in tiny samples
            window = np.resize(window, self._length + 1)
        return window
