"""Weights in a quarter of their size or less: small integers with a scale for every 64 values of a row.

A machine with a GPU may be taken back at any moment, and what it returns is limited; so the weights come home in
this form, cut into pieces, while the training goes on.  With 8 bits nothing is lost that matters; with 5 the file has
half the size, and a training that goes on from it makes good in a few steps what was lost.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

GROUP = 64
PIECE_BYTES = 15_500_000


def pack(weights: Mapping[str, Tensor], bits: int = 8) -> bytes:
    """Matrices as scaled integers of up to 8 bits, vectors as float32, behind a JSON header that gives names, shapes,
    forms ("q" a byte for each integer, "z" the same deflated, "f" float32) and places.
    """
    most = 2 ** (bits - 1) - 1
    header: list[tuple[str, list[int], str, int, int]] = []
    blobs: list[bytes] = []
    offset = 0
    for name, tensor in weights.items():
        value = tensor.detach().float().cpu()
        if value.dim() == 2 and value.size(1) % GROUP == 0:
            grouped = value.reshape(-1, GROUP)
            scale = (grouped.abs().amax(1, keepdim=True) / most).clamp_min(1e-8).half()
            numbers = (grouped / scale.float()).round().clamp(-most, most).to(torch.int8)
            blob, form = scale.numpy().tobytes() + numbers.numpy().tobytes(), "q"
            if bits < 8:
                blob, form = zlib.compress(blob, 6), "z"
        else:
            blob, form = value.numpy().astype(np.float32).tobytes(), "f"
        header.append((name, list(value.shape), form, offset, len(blob)))
        blobs.append(blob)
        offset += len(blob)
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + b"".join(blobs)


def unpack(packed: bytes) -> dict[str, Tensor]:
    """What `pack` packed, in float32."""
    length = int.from_bytes(packed[:8], "little")
    weights: dict[str, Tensor] = {}
    for name, shape, form, offset, size in json.loads(packed[8 : 8 + length]):
        blob = packed[8 + length + offset : 8 + length + offset + size]
        if form == "f":
            value = np.frombuffer(blob, np.float32).reshape(shape)
        else:
            blob = zlib.decompress(blob) if form == "z" else blob
            groups = int(np.prod(shape)) // GROUP
            scale = np.frombuffer(blob[: 2 * groups], np.float16).astype(np.float32)
            numbers = np.frombuffer(blob[2 * groups :], np.int8).reshape(groups, GROUP).astype(np.float32)
            value = (numbers * scale[:, None]).reshape(shape)
        weights[name] = torch.from_numpy(value.copy())
    return weights


def save(weights: Mapping[str, Tensor], path: Path, bits: int = 8) -> None:
    """Write packed weights so that a reader sees the old file or the new one, whole."""
    part = path.with_suffix(".part")
    part.write_bytes(pack(weights, bits))
    os.replace(part, path)


def load(path: Path) -> dict[str, Tensor]:
    """Weights from a file that `save` wrote."""
    return unpack(path.read_bytes())


def split(path: Path, folder: Path, which: Iterable[int] | None = None) -> list[Path]:
    """Cut a file into numbered pieces that travel; only those numbered `which` where given."""
    data = path.read_bytes()
    wanted = None if which is None else set(which)
    written: list[Path] = []
    for number, start in enumerate(range(0, len(data), PIECE_BYTES)):
        if wanted is None or number in wanted:
            piece = folder / f"{path.stem}.{number:02d}"
            piece.write_bytes(data[start : start + PIECE_BYTES])
            written.append(piece)
    return written


def join(pieces: Iterable[Path], path: Path) -> None:
    """Put the pieces together again."""
    path.write_bytes(b"".join(piece.read_bytes() for piece in sorted(pieces)))
