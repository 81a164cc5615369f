"""Any file may be offered as a model: each that is none gets one plain sentence, whatever it does to llama.cpp.

The files are made from a tiny random-weight model, so each is wrong in one way only.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gguf import GGUFWriter

from helpers.model_files import copy_metadata, finish, split
from ownhand.adapters.worker import random_model
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.inference import Generate, Lane
from ownhand.errors import ModelError

FUZZED = int(os.environ.get("OWNHAND_FUZZED_MODELS", "12"))
"""How many files with random changes are tried; a thousand by hand."""


@pytest.fixture(scope="module")
def tiny(builtin_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model.make(tmp_path_factory.mktemp("models") / "tiny.gguf", "tiny", builtin_model)


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[EngineClient]:
    client = EngineClient(tiny)
    client.load(tiny)
    yield client
    client.close()


def set_value(data: bytearray, key: str, value: float, form: str = "I") -> None:
    """Overwrite a metadata value where it stands."""
    at = data.index(struct.pack("<Q", len(key)) + key.encode()) + 8 + len(key) + 4
    data[at : at + struct.calcsize(form)] = struct.pack("<" + form, value)


def with_value(key: str, value: float, form: str = "I") -> Callable[[Path, Path], None]:
    def make(path: Path, tiny: Path) -> None:
        data = bytearray(tiny.read_bytes())
        set_value(data, key, value, form)
        path.write_bytes(data)

    return make


def with_fields(**fields: str | int) -> Callable[[Path, Path], None]:
    def make(path: Path, tiny: Path) -> None:
        named = {key.replace("__", "."): value for key, value in fields.items()}
        random_model.make(path, "tiny", tiny, fields=named)

    return make


def of_architecture(name: str) -> Callable[[Path, Path], None]:
    """A file that says it is of another architecture of the same length of name."""

    def make(path: Path, tiny: Path) -> None:
        data = tiny.read_bytes()
        key = b"general.architecture" + struct.pack("<IQ", 8, 5)
        path.write_bytes(data.replace(key + b"qwen3", key + name.encode(), 1))

    return make


def cut_to(share: float) -> Callable[[Path, Path], None]:
    def make(path: Path, tiny: Path) -> None:
        data = tiny.read_bytes()
        path.write_bytes(data[: int(share * len(data))])

    return make


def weights_that_are_no_numbers(path: Path, tiny: Path) -> None:
    data = bytearray(tiny.read_bytes())
    data[-400_000:-200_000] = b"\xff" * 200_000
    path.write_bytes(data)


def projector(path: Path, tiny: Path) -> None:
    writer = GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", True)
    finish(writer)


def adapter(path: Path, tiny: Path) -> None:
    writer = GGUFWriter(path, "qwen3")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    finish(writer)


def vocabulary_only(path: Path, tiny: Path) -> None:
    writer = GGUFWriter(path, "qwen3")
    copy_metadata(writer, tiny)
    finish(writer)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (of_architecture("qwen9"), r"of a kind this version does not know \(qwen9\)"),
        (of_architecture("t5enc"), "does not know"),
        (cut_to(0.999), "is cut short"),
        (cut_to(0.5), "is cut short"),
        (cut_to(0.01), "is damaged or was not fully downloaded"),
        (weights_that_are_no_numbers, "could not be loaded: it is damaged"),
        (with_value("qwen3.block_count", 0), "is damaged"),
        (with_value("qwen3.block_count", 4_000_000_000), "is damaged"),
        (with_value("qwen3.attention.head_count", 3), "could not be loaded: it is damaged"),
        (with_value("qwen3.attention.layer_norm_rms_epsilon", float("nan"), "f"), "stopped the engine"),
        (with_fields(qwen3__pooling_type=3), "is made for searching"),
        (projector, "is only a part for pictures"),
        (adapter, "is an adapter"),
        (vocabulary_only, "is only a vocabulary"),
        (with_fields(split__count=3), "is one part of a model in 3 files and was renamed"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence_and_harms_nothing(
    engine: EngineClient, tiny: Path, tmp_path: Path, make: Callable[[Path, Path], None], says: str
) -> None:
    path = tmp_path / "offered.gguf"
    make(path, tiny)
    pid = engine.worker.pid
    with pytest.raises(ModelError, match=says) as told:
        engine.trial(path)
    sentence = str(told.value)
    assert "offered.gguf" in sentence
    assert sentence.endswith(("again.", "Settings.", ".gguf)."))
    assert engine.worker.pid == pid
    assert list(engine.generate(Generate(Lane.COMPLETION, text="Still here", max_tokens=2)))


def test_a_file_with_random_changes_is_used_or_refused(engine: EngineClient, tiny: Path, tmp_path: Path) -> None:
    choose = random.Random(7)
    original = tiny.read_bytes()
    tensors = original.index(b"token_embd.weight")
    places = [*range(4, 1400), *range(tensors - 8, tensors + 1600)]  # around the vocabulary, where every byte counts
    path = tmp_path / "fuzzed.gguf"
    pid, refused = engine.worker.pid, []
    for _ in range(FUZZED):
        data = bytearray(original)
        for at in choose.sample(places, choose.choice((1, 3, 20))):
            data[at] = choose.randrange(256)
        path.write_bytes(data)
        try:
            engine.trial(path)
        except ModelError as told:
            refused.append(str(told))
    assert refused
    assert all("fuzzed.gguf" in sentence for sentence in refused)
    assert engine.worker.pid == pid


# -------------------------------------------------------------------------------------------------- in several files


@pytest.fixture(scope="module")
def whole_set(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return split(tiny, tmp_path_factory.mktemp("split"))


@pytest.fixture
def parts(whole_set: list[Path], tmp_path: Path) -> list[Path]:
    """A copy that a test may spoil."""
    return [Path(shutil.copy(part, tmp_path)) for part in whole_set]


def test_a_complete_set_is_one_model_whichever_part_is_chosen(
    engine: EngineClient, tiny: Path, parts: list[Path]
) -> None:
    assert len(parts) == 3
    whole = engine.inspect(tiny)
    for part in parts:
        info = engine.inspect(part)
        assert info.path == parts[0]
        assert info.files == tuple(parts)
        assert info.parameters == whole.parameters
        assert info.bytes == sum(file.stat().st_size for file in parts)
    assert engine.trial(parts[2]).tokens_per_s > 0


def renamed(parts: list[Path]) -> Path:
    return parts[1].rename(parts[1].with_name("other.gguf"))


def missing(parts: list[Path]) -> Path:
    parts[2].unlink()
    return parts[0]


def short(parts: list[Path]) -> Path:
    os.truncate(parts[2], parts[2].stat().st_size - 100)
    return parts[0]


def swapped(parts: list[Path]) -> Path:
    parts[1].write_bytes(parts[2].read_bytes())
    return parts[0]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (missing, r"big-00001-of-00003\.gguf is one part of a model in 3 files, and of these number 3 is not there"),
        (renamed, r"other\.gguf is one part of a model in 3 files and was renamed"),
        (short, r"big-00003-of-00003\.gguf is cut short"),
        (swapped, r"big-00002-of-00003\.gguf belongs to another model"),
    ],
)
def test_a_set_that_is_not_complete_is_refused_with_the_part_that_is_wrong(
    engine: EngineClient, parts: list[Path], spoil: Callable[[list[Path]], Path], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        engine.inspect(spoil(parts))
