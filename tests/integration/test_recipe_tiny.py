"""The whole recipe on a sample: our own documents become a model that llama.cpp and transformers agree on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(step: str, work: Path, *more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recipe", step, "--preset", "tiny", "--work", str(work), "--processes", "2", *more],
        cwd=ROOT / "models",
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_the_recipe_makes_a_model_from_text_to_quantized_file(tmp_path: Path) -> None:
    for step in ("data", "train", "export"):
        run(step, tmp_path)
    figures = json.loads((tmp_path / "export" / "figures.json").read_text())
    assert figures["agreement"]["tokenized_differently"] == 0
    assert figures["agreement"]["largest_difference"] < 0.05
    assert figures["agreement"]["same_choice"] > 0.97
    plain, small = figures["ownhand-tiny-f16.gguf"], figures["ownhand-tiny-Q4_K_M.gguf"]
    assert small["bytes"] < 0.5 * plain["bytes"]
    assert abs(small["web"] - plain["web"]) < 0.2
    log = (tmp_path / "weights" / "training.log").read_text()
    assert "validation bits per byte" in log

    made = (tmp_path / "weights" / "weights.int8").stat().st_mtime_ns
    for step in ("data", "train", "export"):  # a second run finds everything made
        run(step, tmp_path)
    assert (tmp_path / "weights" / "weights.int8").stat().st_mtime_ns == made

    taught = tmp_path / "taught"  # a second model, which also learns from the first
    (taught / "weights").mkdir(parents=True)
    (taught / "tokens").symlink_to(tmp_path / "tokens")
    (taught / "weights" / "teacher1.int8").write_bytes((tmp_path / "weights" / "weights.int8").read_bytes())
    run("train", taught, "--set", "teaching=0.5", "seconds=4")
    log = (taught / "weights" / "training.log").read_text()
    assert "teachers 1" in log
    assert "validation bits per byte" in log
