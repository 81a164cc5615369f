"""The memory that is announced for a model is the memory it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ownhand.adapters.worker import random_model
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.cli import bench_memory

SMALL = random_model.Shape(layers=8, width=512, heads=8, kv_heads=4, head=64, feed_forward=1536, context=1024)


@pytest.mark.parametrize("shape", ["tiny", SMALL, None], ids=["10M", "42M", "built-in"])
def test_the_estimate_is_within_15_percent_of_what_the_worker_takes(
    builtin_model: Path, tmp_path: Path, shape: random_model.Shape | str | None
) -> None:
    path = builtin_model if shape is None else random_model.make(tmp_path / "m.gguf", shape, builtin_model)
    engine = EngineClient()
    try:
        info = engine.load(path)
        assert info.memory == engine.inspect(path).memory
        assert bench_memory.measure(engine, info)["ratio"] == pytest.approx(1, abs=0.15)
    finally:
        engine.close()
