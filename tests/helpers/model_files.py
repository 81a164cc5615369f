"""Model files taken apart and put together anew."""

from __future__ import annotations

from pathlib import Path

from gguf import GGUFReader, GGUFValueType, GGUFWriter


def finish(writer: GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def copy_metadata(writer: GGUFWriter, source: Path) -> None:
    for key, entry in GGUFReader(source).fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            inner = entry.types[-1] if entry.types[0] is GGUFValueType.ARRAY else None
            writer.add_key_value(key, entry.contents(), entry.types[0], inner)


def split(model: Path, folder: Path) -> list[Path]:
    """A model of the built-in one's architecture in several files, as llama.cpp splits them; in order."""
    writer = GGUFWriter(folder / "big.gguf", "qwen3", split_max_tensors=8)
    copy_metadata(writer, model)
    for tensor in GGUFReader(model).tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    finish(writer)
    return sorted(folder.glob("big-*.gguf"))
