"""What a .gguf file says of itself, and whether it can be used as a writing model, before llama.cpp touches it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.  The `gguf` package knows the architectures and the
sizes of the tensor types; its own reader takes seconds for a vocabulary, because it keeps an object for every entry,
so the few values that are needed are picked out here and everything else is skipped.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from gguf.constants import GGML_QUANT_SIZES, MODEL_ARCH_NAMES, GGMLQuantizationType

from ownhand.errors import ModelError

_MAGIC: Final = b"GGUF"
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_FIELDS, _MOST_TENSORS, _LONGEST_STRING, _LONGEST_ARRAY = 4096, 65536, 1 << 22, 1 << 24

_EMBEDDERS: Final = frozenset(
    "bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert gemma-embedding "
    "llama-embed t5encoder".split()
)
_NO_WRITERS: Final = frozenset("t5 wavtokenizer-dec dream llada llada-moe".split())
_OTHER_MODEL: Final = "Choose another model in Settings."


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of one model file."""

    path: Path
    bytes: int
    fields: Mapping[str, Any] = field(repr=False)
    """Scalars and strings by key; of arrays only their length."""
    parameters: int
    data_end: int
    """Bytes the file must have for its tensors to be complete."""

    @property
    def architecture(self) -> str:
        return str(self.fields.get("general.architecture", ""))

    def of_architecture(self, key: str, default: int = 0) -> int:
        """A whole number below the architecture's own prefix; of a list per layer, the default."""
        value = self.fields.get(f"{self.architecture}.{key}", default)
        return value if isinstance(value, int) else default

    def kv_bytes(self, tokens: int) -> int:
        """Memory of the key-value cache for so many tokens, in bytes (half precision)."""
        heads = max(1, self.of_architecture("attention.head_count", 1))
        kv_heads = self.of_architecture("attention.head_count_kv", heads) or heads
        width = self.of_architecture("embedding_length") // heads
        keys = self.of_architecture("attention.key_length", width)
        values = self.of_architecture("attention.value_length", width)
        return self.of_architecture("block_count") * tokens * kv_heads * (keys + values) * 2


def read(path: Path) -> Header:
    """Read the header of a model file and check that it is one that can write.

    Raises ModelError, in one sentence with the remedy, for a file that is missing, unreadable, no GGUF, cut short, one
    part of several, of an architecture llama.cpp does not know, or made for something other than writing text.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = _scan(path, size, file)
    except FileNotFoundError:
        raise ModelError(f"The model file {path.name} is not there. {_OTHER_MODEL}") from None
    except IsADirectoryError:
        raise ModelError(f"{path.name} is a folder, not a model file. Choose the .gguf file inside it.") from None
    except OSError as error:
        raise ModelError(
            f"The model file {path.name} could not be read ({error.strerror}). Check its permissions."
        ) from None
    except (struct.error, ValueError, OverflowError, MemoryError):
        raise ModelError(
            f"The model file {path.name} is damaged or was not fully downloaded. Download it again."
        ) from None
    _check(header)
    return header


def check_memory(header: Header, context: int, lanes: int, batch: int, available: int) -> None:
    """Raise ModelError if the model with its caches needs more than `available` bytes."""
    vocabulary = header.fields.get("tokenizer.ggml.tokens", 32768)
    compute = batch * 4 * (int(vocabulary) + 16 * header.of_architecture("embedding_length"))
    needed = header.bytes + header.kv_bytes(context * lanes) + compute
    if needed > available:
        raise ModelError(
            f"{header.path.name} needs about {_gigabytes(needed)} of memory and {_gigabytes(available)} are free. "
            "Close other programs, or choose a smaller model in Settings."
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _check(header: Header) -> None:
    name, architecture = header.path.name, header.architecture
    kind = header.fields.get("general.type", "model")
    if kind == "adapter":
        raise ModelError(f"{name} is an adapter, which changes a model but is none by itself. {_OTHER_MODEL}")
    if kind in ("mmproj", "imatrix") or architecture == "clip":
        raise ModelError(f"{name} is only a part for pictures or tuning, not a writing model. {_OTHER_MODEL}")
    if int(header.fields.get("split.count", 1) or 1) > 1:
        raise ModelError(f"{name} is one part of a model in several files. Choose a model that is a single .gguf file.")
    if architecture in _EMBEDDERS or f"{architecture}.pooling_type" in header.fields:
        raise ModelError(f"{name} is made for searching, not for writing text. {_OTHER_MODEL}")
    if architecture in _NO_WRITERS:
        raise ModelError(f"{name} is of a kind ({architecture}) that cannot continue a text. {_OTHER_MODEL}")
    if architecture not in MODEL_ARCH_NAMES.values():
        raise ModelError(f"{name} is of a kind this version does not know ({_plain(architecture)}). {_OTHER_MODEL}")
    if "tokenizer.ggml.tokens" not in header.fields:
        raise ModelError(f"{name} contains no vocabulary, so it cannot write text. {_OTHER_MODEL}")
    if header.bytes < header.data_end:
        raise ModelError(
            f"The model file {name} is cut short: {header.bytes:,} of {header.data_end:,} bytes are there. "
            "Download it again."
        )


def _plain(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum() or letter in "-_.")[:40] or "no name"


def _scan(path: Path, size: int, file: BinaryIO) -> Header:
    if file.read(4) != _MAGIC:
        raise ModelError(f"{path.name} is not a .gguf model file. Choose a file that is.")
    (version,) = _unpack(file, "I")
    if version not in (2, 3):
        raise ModelError(f"{path.name} has a format version ({version}) that cannot be read here. {_OTHER_MODEL}")
    tensors, count = _unpack(file, "QQ")
    if tensors > _MOST_TENSORS or count > _MOST_FIELDS:
        raise ValueError("implausible counts")
    fields: dict[str, Any] = {}
    for _ in range(count):
        key = _string(file)
        (kind,) = _unpack(file, "I")
        fields[key] = _value(file, kind)
    parameters, end = 0, 0
    for _ in range(tensors):
        _string(file)
        (dimensions,) = _unpack(file, "I")
        if dimensions > 8:
            raise ValueError("implausible tensor")
        elements = 1
        for length in _unpack(file, "Q" * dimensions):
            elements *= length
        kind, offset = _unpack(file, "IQ")
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
        parameters += elements
        end = max(end, offset + elements // block * block_bytes)
    alignment = int(fields.get("general.alignment", 32)) or 32
    start = (file.tell() + alignment - 1) // alignment * alignment
    return Header(path, size, fields, parameters, start + end)


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    form = "<" + form
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "Q")
    if length > _LONGEST_STRING:
        raise ValueError("implausible string")
    data = file.read(length)
    if len(data) != length:
        raise ValueError("cut short")
    return data.decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> int | float | bool | str:
    if kind in _SCALARS:
        scalar: int | float | bool = _unpack(file, _SCALARS[kind])[0]
        return scalar
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        raise ValueError("unknown kind of value")
    item, count = _unpack(file, "IQ")
    length = int(count)
    if length > _LONGEST_ARRAY:
        raise ValueError("implausible array")
    if item in _SCALARS:
        file.seek(length * struct.calcsize("<" + _SCALARS[item]), os.SEEK_CUR)
    elif item == _STRING:
        for _ in range(length):
            (size,) = _unpack(file, "Q")
            file.seek(size, os.SEEK_CUR)
    else:
        raise ValueError("nested array")
    return length
