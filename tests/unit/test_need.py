"""What fits into a GPU, by the numbers of a model's header."""

from __future__ import annotations

from pathlib import Path

import pytest

from ownhand.adapters.worker import header
from ownhand.adapters.worker.gpu import Gpu, gpus
from ownhand.adapters.worker.need import layers_that_fit, memory_need

GIB = 1 << 30


@pytest.fixture(scope="module")
def model(builtin_model: Path) -> header.Header:
    return header.read(builtin_model)


def card(free: int, *, shared: bool = False) -> Gpu:
    return Gpu("card", free, 8 * GIB, shared)


def test_a_large_gpu_takes_every_layer_and_leaves_little_in_main_memory(model: header.Header) -> None:
    assert layers_that_fit(model, [card(7 * GIB)]) == model.layers == 12
    need = memory_need(model, [card(7 * GIB)], 12)
    assert need.main == need.total - need.on_gpu
    assert need.main < memory_need(model).main - sum(model.layer_bytes.values())
    assert model.tied
    assert need.main > model.head_bytes  # the embedding stays, and the GPU has a copy


def test_a_full_gpu_takes_none(model: header.Header) -> None:
    assert layers_that_fit(model, [card(GIB // 2)]) == 0
    assert layers_that_fit(model, []) == 0
    assert memory_need(model).on_gpu == 0


def test_what_fits_in_part_goes_there_in_part(model: header.Header) -> None:
    taken = [layers_that_fit(model, [card(GIB // 2 + (megabytes << 20))]) for megabytes in range(80, 300, 10)]
    assert taken == sorted(taken)
    assert set(taken) >= {0, 12}
    assert any(0 < layers < 12 for layers in taken)


def test_two_gpus_take_more_than_one(model: header.Header) -> None:
    half = card(GIB // 2 + (130 << 20))
    assert layers_that_fit(model, [half]) < layers_that_fit(model, [half, half])


def test_a_gpu_without_memory_of_its_own_saves_none(model: header.Header) -> None:
    assert memory_need(model, [card(GIB, shared=True)], 12).main == memory_need(model).main


def test_the_layers_and_the_head_make_up_the_file(model: header.Header) -> None:
    assert sum(model.layer_bytes.values()) + model.head_bytes == pytest.approx(model.bytes, rel=0.03)
    assert sum(model.kv_bytes(100, layer) for layer in range(12)) == model.kv_bytes(100)


def test_this_machine_can_be_asked_for_its_gpus() -> None:
    for found in gpus():
        assert 0 < found.free <= found.total
