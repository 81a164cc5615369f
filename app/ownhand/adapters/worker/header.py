"""What a .gguf file says of itself, and whether it can be used as a writing model, before llama.cpp touches it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.  The `gguf` package knows the architectures and the
sizes of the tensor types; its own reader takes seconds for a vocabulary, because it keeps an object for every entry,
so the few values that are needed are picked out here and everything else is skipped.
"""

from __future__ import annotations

import os
import re
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from gguf.constants import GGML_QUANT_SIZES, MODEL_ARCH_NAMES, GGMLQuantizationType, LlamaFileType

from ownhand.adapters.worker.identity import PART, files_of
from ownhand.domain.inference import MemoryNeed
from ownhand.errors import ModelError

_MAGIC: Final = b"GGUF"
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_FIELDS, _MOST_TENSORS, _LONGEST_STRING, _LONGEST_ARRAY = 4096, 65536, 1 << 22, 1 << 24
_MOST_LISTED: Final = 1024
_MOST_LAYERS: Final = 4096
_LONGEST_MARK: Final = 64
_TOKENS: Final = "tokenizer.ggml.tokens"
_LENGTH: Final = struct.Struct("<Q")
_LAYER: Final = re.compile(r"blk\.(\d{1,5})\.")

_EMBEDDERS: Final = frozenset(
    "bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert gemma-embedding "
    "llama-embed t5encoder".split()
)
_NO_WRITERS: Final = frozenset("t5 wavtokenizer-dec dream llada llada-moe".split())
_OTHER_MODEL: Final = "Choose another model in Settings."


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of one model, which may lie in several files."""

    path: Path
    """The file, or the first of several."""
    bytes: int
    """Of all its files."""
    fields: Mapping[str, Any] = field(repr=False)
    """Scalars and strings by key, and short lists of numbers as tuples."""
    lengths: Mapping[str, int] = field(repr=False)
    """How many entries each list has."""
    marks: frozenset[str]
    """Entries of the vocabulary that are written like marks: <|im_start|>, [INST]."""
    parameters: int
    tensors: int
    layer_bytes: Mapping[int, int] = field(repr=False)
    """Bytes of the weights of each layer."""
    head_bytes: int
    """Bytes of the weights that make the logits."""
    tied: bool
    """Those weights are the embedding, too; a GPU gets a copy of its own."""
    data_end: int
    """Bytes the first file must have for its tensors to be complete."""
    files: tuple[Path, ...] = ()

    @property
    def architecture(self) -> str:
        return str(self.fields.get("general.architecture", ""))

    @property
    def layers(self) -> int:
        return self.of_architecture("block_count")

    @property
    def vocabulary(self) -> int:
        """Tokens it knows."""
        return self.lengths.get(_TOKENS, 0)

    @property
    def quantization(self) -> str:
        """As in file names, like 'Q4_K_M'; '' if the file does not say."""
        number = self.fields.get("general.file_type")
        known = {int(kind): kind.name for kind in LlamaFileType}
        return known.get(number, "").removeprefix("MOSTLY_").removeprefix("ALL_") if isinstance(number, int) else ""

    def of_architecture(self, key: str, default: int = 0) -> int:
        """A whole number below the architecture's own prefix; of a list per layer, the largest."""
        value = self.fields.get(f"{self.architecture}.{key}", default)
        if isinstance(value, tuple):
            value = max(value, default=default)
        return value if isinstance(value, int) else default

    def kv_bytes(self, tokens: int, layer: int | None = None) -> int:
        """Memory of the key-value cache for so many tokens, of one layer or of all, in bytes (half precision)."""
        heads = max(1, self.of_architecture("attention.head_count", 1))
        width = self.of_architecture("embedding_length") // heads
        keys = self.of_architecture("attention.key_length", width)
        values = self.of_architecture("attention.value_length", width)
        each = self.fields.get(f"{self.architecture}.attention.head_count_kv")
        if isinstance(each, tuple):  # layer by layer, and layers that keep no keys have none
            by_layer = [number if isinstance(number, int) else 0 for number in each]
        else:
            by_layer = [self.of_architecture("attention.head_count_kv", heads) or heads] * self.layers
        kv_heads = sum(by_layer) if layer is None else sum(by_layer[layer : layer + 1])
        return tokens * kv_heads * (keys + values) * 2


def read(path: Path) -> Header:
    """Read the header of a model and check that it is one that can write.

    Any file of a model in several parts stands for the whole of it.  Raises ModelError, in one sentence with the
    remedy, for a file that is missing, unreadable, no GGUF or cut short, a set of parts that is not complete, an
    architecture llama.cpp does not know, or a model made for something other than writing text.
    """
    header = _read_file(path)
    parts = _whole_number(header, "split.count", 1)
    if parts > 1:
        header = _join(header, parts)
        _check(header)
    else:
        _check(header)
        _check_complete(header)
    return header


def check_memory(header: Header, need: MemoryNeed, available: int) -> None:
    """Raise ModelError if the model needs more than `available` bytes of main memory."""
    if need.main > available:
        raise ModelError(
            f"{header.path.name} needs about {_gigabytes(need.main)} of memory and {_gigabytes(available)} are free. "
            "Close other programs, or choose a smaller model in Settings."
        )


def _gigabytes(count: int) -> str:
    return f"{max(0, count) / 1e9:.1f} GB"


def _read_file(path: Path) -> Header:
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
        raise ModelError(_damaged(path.name)) from None
    return header


def _damaged(name: str) -> str:
    return f"The model file {name} is damaged or was not fully downloaded. Download it again."


def _check_complete(header: Header) -> None:
    if header.bytes < header.data_end:
        raise ModelError(
            f"The model file {header.path.name} is cut short: {header.bytes:,} of {header.data_end:,} bytes are there. "
            "Download it again."
        )


def _whole_number(header: Header, key: str, default: int) -> int:
    value = header.fields.get(key, default)
    return value if isinstance(value, int) else default


def _join(part: Header, count: int) -> Header:
    """The whole model to which a part belongs.  Raises ModelError if a part is missing, damaged or of another model."""
    named = PART.fullmatch(part.path.name)
    if named is None or int(named["count"]) != count:
        raise ModelError(
            f"{part.path.name} is one part of a model in {count} files and was renamed, so the others cannot be found. "
            f"Give all of them their own names again (…-00001-of-{count:05}.gguf)."
        )
    paths = files_of(part.path)
    absent = [number + 1 for number, path in enumerate(paths) if not path.is_file()]
    if absent:
        listed = ", ".join(map(str, absent[:5])) + (" and more" if len(absent) > 5 else "")
        raise ModelError(
            f"{part.path.name} is one part of a model in {count} files, and of these number {listed} is not there. "
            "Put all parts into one folder and choose the first."
        )
    parts = [_read_file(path) for path in paths]
    for other in parts:
        _check_complete(other)
    for number, other in enumerate(parts):
        if (_whole_number(other, "split.count", 1), _whole_number(other, "split.no", 0)) != (count, number):
            raise ModelError(f"{paths[number].name} belongs to another model. Download all parts again.")
    tensors = sum(other.tensors for other in parts)
    layer_bytes: Counter[int] = Counter()
    for other in parts:
        layer_bytes.update(other.layer_bytes)
    if tensors != _whole_number(parts[0], "split.tensors.count", tensors):
        raise ModelError(f"The parts of {paths[0].name} do not belong together. Download all of them again.")
    return replace(
        parts[0],
        bytes=sum(other.bytes for other in parts),
        parameters=sum(other.parameters for other in parts),
        tensors=tensors,
        layer_bytes=layer_bytes,
        head_bytes=next((other.head_bytes for other in parts if not other.tied), max(p.head_bytes for p in parts)),
        tied=all(other.tied for other in parts),
        files=tuple(paths),
    )


def _check(header: Header) -> None:
    name, architecture = header.path.name, header.architecture
    kind = header.fields.get("general.type", "model")
    if kind == "adapter" or "adapter.type" in header.fields:
        raise ModelError(f"{name} is an adapter, which changes a model but is none by itself. {_OTHER_MODEL}")
    if kind in ("mmproj", "imatrix") or architecture == "clip":
        raise ModelError(f"{name} is only a part for pictures or tuning, not a writing model. {_OTHER_MODEL}")
    if architecture in _EMBEDDERS or header.of_architecture("pooling_type") > 0:
        raise ModelError(f"{name} is made for searching, not for writing text. {_OTHER_MODEL}")
    if architecture in _NO_WRITERS:
        raise ModelError(f"{name} is of a kind ({architecture}) that cannot continue a text. {_OTHER_MODEL}")
    if architecture not in MODEL_ARCH_NAMES.values():
        raise ModelError(f"{name} is of a kind this version does not know ({_plain(architecture)}). {_OTHER_MODEL}")
    if not header.vocabulary:
        raise ModelError(f"{name} contains no vocabulary, so it cannot write text. {_OTHER_MODEL}")
    if not 0 < header.layers <= _MOST_LAYERS:
        raise ModelError(_damaged(name))
    if not header.tensors:
        raise ModelError(f"{name} is only a vocabulary, without a model. {_OTHER_MODEL}")


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
    lengths: dict[str, int] = {}
    marks: set[str] = set()
    for _ in range(count):
        key = _string(file)
        (kind,) = _unpack(file, "I")
        if kind == _ARRAY:
            lengths[key], listed = _list(file, marks if key == _TOKENS else set())
            if listed:
                fields[key] = listed
        else:
            fields[key] = _value(file, kind)
    parameters, end = 0, 0
    layer_bytes: Counter[int] = Counter()
    heads: dict[str, int] = {}
    for _ in range(tensors):
        name = _string(file)
        (dimensions,) = _unpack(file, "I")
        if dimensions > 8:
            raise ValueError("implausible tensor")
        elements = 1
        for length in _unpack(file, "Q" * dimensions):
            elements *= length
        kind, offset = _unpack(file, "IQ")
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
        parameters += elements
        size_here = elements // block * block_bytes
        end = max(end, offset + size_here)
        if layer := _LAYER.match(name):
            layer_bytes[int(layer[1])] += size_here
        elif name in ("output.weight", "token_embd.weight"):
            heads[name] = size_here
    alignment = int(fields.get("general.alignment", 32)) or 32
    start = (file.tell() + alignment - 1) // alignment * alignment if tensors else file.tell()
    head = heads.get("output.weight", heads.get("token_embd.weight", 0))  # without one of its own, the embedding
    return Header(
        path=path,
        bytes=size,
        fields=fields,
        lengths=lengths,
        marks=frozenset(marks),
        parameters=parameters,
        tensors=tensors,
        layer_bytes=layer_bytes,
        head_bytes=head,
        tied="output.weight" not in heads,
        data_end=start + end,
        files=(path,),
    )


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
    raise ValueError("unknown kind of value")


def _list(file: BinaryIO, marks: set[str]) -> tuple[int, tuple[Any, ...]]:
    """How many entries a list has, and the entries themselves if they are few numbers (one for each layer).

    Of texts, those in brackets that are longer than two letters go into `marks`.
    """
    item, count = _unpack(file, "IQ")
    length = int(count)
    if length > _LONGEST_ARRAY:
        raise ValueError("implausible array")
    if item in _SCALARS:
        if length <= _MOST_LISTED:
            return length, _unpack(file, f"{length}{_SCALARS[item]}")
        file.seek(length * struct.calcsize("<" + _SCALARS[item]), os.SEEK_CUR)
    elif item == _STRING:
        for _ in range(length):
            (size,) = _LENGTH.unpack(file.read(8))
            if size > _LONGEST_MARK:
                file.seek(size, os.SEEK_CUR)
                continue
            text = file.read(size)
            if size > 2 and text[:1] + text[-1:] in (b"<>", b"[]"):
                marks.add(text.decode("utf-8", "replace"))
    else:
        raise ValueError("nested array")
    return length, ()
