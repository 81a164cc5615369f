"""Random-weight models are complete models: the engine loads them and they compute."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ownhand.adapters.worker import header, random_model
from ownhand.adapters.worker.engine_client import EngineClient


@pytest.mark.parametrize("kind", ["Q6_K", "Q8_0"])
def test_a_random_model_loads_and_computes(builtin_model: Path, tmp_path: Path, kind: random_model.Kind) -> None:
    path = random_model.make(tmp_path / "tiny.gguf", "tiny", builtin_model, kind=kind)
    engine = EngineClient(path)
    try:
        assert engine.load(path).name == "random-tiny"
        text = "These words have no meaning for it."
        per_token = engine.score("", text) / engine.count_tokens(text)
        assert math.log(1 / 32768) - 4 < per_token < -4  # it knows nothing, and all its numbers are numbers
    finally:
        engine.close()


def test_the_same_seed_makes_the_same_file_and_another_does_not(builtin_model: Path, tmp_path: Path) -> None:
    made = [
        random_model.make(tmp_path / f"{number}.gguf", "tiny", builtin_model, seed=seed).read_bytes()
        for number, seed in enumerate((1, 1, 2))
    ]
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_its_metadata_can_be_chosen(builtin_model: Path, tmp_path: Path) -> None:
    found = header.read(
        random_model.make(
            tmp_path / "base.gguf",
            "tiny",
            builtin_model,
            name="base",
            fields={"tokenizer.ggml.add_bos_token": True},
            without={"tokenizer.chat_template"},
        )
    )
    assert found.fields["general.name"] == "base"
    assert found.fields["tokenizer.ggml.add_bos_token"] is True
    assert "tokenizer.chat_template" not in found.fields
    assert found.data_end == found.bytes
