"""The engine on a graphics processor; skipped where llama.cpp was built without one or finds none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ownhand.adapters.worker.engine_client import EngineClient, LoadOptions
from ownhand.domain.inference import Generate, Lane, ModelInfo

TEXT = "Thanks for your email about the garden party. I talked to Tom and he will bring the tables on Saturday morning."

Load = Callable[[int], tuple[EngineClient, ModelInfo]]


@pytest.fixture
def load(builtin_model: Path) -> Iterator[Load]:
    engines: list[EngineClient] = []

    def start(layers: int) -> tuple[EngineClient, ModelInfo]:
        engines.append(EngineClient(options=lambda: LoadOptions(gpu_layers=layers)))
        if not engines[-1].gpus():
            pytest.skip("llama.cpp was built without a GPU here, or finds none (make test GPU=cuda builds with one)")
        return engines[-1], engines[-1].load(builtin_model)

    yield start
    for engine in engines:
        engine.close()


def test_a_model_that_fits_goes_to_the_gpu_as_a_whole(load: Load) -> None:
    engine, info = load(-1)
    assert info.gpu_layers == info.layers == 12
    assert info.note == ""
    assert list(engine.generate(Generate(Lane.COMPLETION, text=TEXT, max_tokens=4)))


def test_the_number_that_was_set_is_kept_to(load: Load) -> None:
    assert [load(layers)[1].gpu_layers for layers in (0, 5, 200)] == [0, 5, 12]


def test_wherever_it_is_computed_the_model_thinks_the_same(load: Load) -> None:
    processor, partly, gpu = (load(layers)[0].score("", TEXT) for layers in (0, 5, -1))
    assert partly == pytest.approx(processor, rel=0.01)
    assert gpu == pytest.approx(processor, rel=0.01)
