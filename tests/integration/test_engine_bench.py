"""The measurements of `ownhand bench engine`, over a model small enough for every run."""

from __future__ import annotations

from pathlib import Path

from ownhand.adapters.worker import random_model
from ownhand.cli import bench_engine


def test_every_figure_is_there_and_stands_beside_its_base(builtin_model: Path, tmp_path: Path) -> None:
    figures = bench_engine.measure(random_model.make(tmp_path / "tiny.gguf", "tiny", builtin_model), copies=True)
    assert figures["model"] == "random-tiny"
    for name in ("completion", "draft", "second_suggestion", "variants", "while_drafting", "rewrite"):
        assert any(key.startswith("ratio") and value > 0 for key, value in figures[name].items()), name
    assert figures["completion"]["bare"]["p50"] > 0
    assert figures["rewrite"]["same_text"]
    assert figures["memory"]["taken_mb"] > 0
