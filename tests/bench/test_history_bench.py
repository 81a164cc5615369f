"""`ownhand bench import` and `search` as a person runs them; by hand: pytest -m bench."""

from __future__ import annotations

import pytest

from ownhand.cli import bench_history


@pytest.mark.timeout(300)
def test_an_import_is_as_fast_as_its_embedder() -> None:
    figures = bench_history.importing()
    assert figures["read_per_s_of_a_core"] >= 1500
    assert figures["ratio"] >= 0.85


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("documents", "ready_s"), [(10_000, 5.0), (100_000, 60.0)])
def test_the_index_is_soon_ready_and_search_is_quick(documents: int, ready_s: float) -> None:
    figures = bench_history.searching(documents)
    assert figures["index_ready_s"] <= ready_s
    assert figures["search_ms"]["p95"] <= 50
