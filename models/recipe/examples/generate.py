"""Examples in bulk, on all cores: `examples.<n>.jsonl` with dialogues, `letters.<n>.jsonl` with letters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from multiprocessing import Pool
from pathlib import Path
from random import Random

from recipe.examples.stock import Stock, gather
from recipe.examples.tasks import Examples
from recipe.tokens import lines

LONGEST = 6500
"""Characters of a dialogue; more would not fit a row of the model's context."""


@dataclass(frozen=True)
class Job:
    """One file's share."""

    seed: int
    shards: tuple[Path, ...]
    examples: int
    letters: int
    out: Path
    documents: int
    """Documents of each shard that sentences are taken from."""


def generate(shards: list[Path], examples: int, letters: int, out: Path, processes: int, seed: int = 1) -> None:
    """Write `processes` files of each kind.  The same arguments give the same files."""
    out.mkdir(parents=True, exist_ok=True)
    parts = max(1, processes)
    jobs = [
        Job(seed * 1000 + part, tuple(shards), examples // parts, letters // parts, out, 6000) for part in range(parts)
    ]
    with Pool(parts) as pool:
        pool.map(_write, jobs, chunksize=1)


def _write(job: Job) -> None:
    chance = Random(job.seed)
    stock = Stock()
    for shard in job.shards:
        found = gather(_some(shard, job, chance), chance, 30_000)
        stock.personal += found.personal
        stock.plain += found.plain
        stock.every += found.every
        stock.passages += found.passages
        stock.titled += found.titled
        stock.exchanges += found.exchanges
    source = Examples(chance, stock)
    number = job.seed % 1000
    with (job.out / f"examples.{number:02d}.jsonl").open("w", encoding="utf-8") as file:
        for _ in range(job.examples):
            turns = source.one()
            if sum(len(turn["content"]) for turn in turns) < LONGEST:
                file.write(json.dumps({"m": turns}, ensure_ascii=False) + "\n")
    with (job.out / f"letters.{number:02d}.jsonl").open("w", encoding="utf-8") as file:
        for _ in range(job.letters):
            file.write(json.dumps(["mail", source.plain_letter()], ensure_ascii=False) + "\n")


def _some(shard: Path, job: Job, chance: Random) -> list[str]:
    """A different part of the shard for each job."""
    skip = chance.randrange(0, 4) * job.documents
    return list(islice(lines(shard), skip, skip + job.documents)) or list(islice(lines(shard), job.documents))
