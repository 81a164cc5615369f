"""The exact matrix of the recall worker agrees with the simplest thing that could be right, whatever is done to it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ownhand.adapters.worker.nearest import Matrix

IDS = st.lists(st.integers(0, 12), max_size=8)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "take out"]), IDS), max_size=20)


@given(steps=STEPS, limit=st.integers(0, 20), seed=st.integers(0, 1000))
def test_the_matrix_finds_what_a_dictionary_finds(steps: list[tuple[str, list[int]]], limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix, truth = Matrix(4), dict[int, np.ndarray]()
    for verb, ids in steps:
        vectors = random.standard_normal((len(ids), 4)).astype(np.float32)
        if verb == "put":
            matrix.put(ids, vectors)
            truth.update(zip(ids, vectors, strict=True))
        else:
            matrix.take_out(ids)
            for number in ids:
                truth.pop(number, None)
    probe = random.standard_normal(4).astype(np.float32)
    expected = sorted(((float(v @ probe), n) for n, v in truth.items()), reverse=True)[:limit]
    found = matrix.nearest(probe, limit)
    assert [number for number, _ in found] == [number for _, number in expected]
    assert np.allclose([cosine for _, cosine in found], [cosine for cosine, _ in expected], atol=1e-5)
    ids, rows = matrix.pick([*range(13), 3])
    assert ids == sorted(truth)
    assert all(np.array_equal(row, truth[number]) for number, row in zip(ids, rows, strict=True))
    assert len(matrix) == len(truth)
