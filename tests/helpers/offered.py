"""A catalog of the built-in model under another name, for a download that ends with a model that runs."""

from __future__ import annotations

from pathlib import Path

from helpers.hub import COMMIT, Hub

ROW = """
[[download]]
id = "{id}"
name = "{name}"
role = ["completion", "suggestion"]
ladder = true
repo = "owner/repo"
revision = "{commit}"
file = "{file}.gguf"
bytes = {bytes}
licence = "Apache-2.0"
context = 2048
memory = 1_000_000_000
llama_cpp = "2025-04"
why = "It is known here."
"""


def offer(folder: Path, hub: Hub, model: Path, name: str = "Second Hand") -> Path:
    """Let the hub serve a file as this model; the catalog that offers it."""
    hub.ask(file={"path": str(model)}, each=[])
    catalog = folder / "catalog.toml"
    row = ROW.format(
        id=name.lower().replace(" ", "-"),
        name=name,
        file=name.replace(" ", "_"),
        commit=COMMIT,
        bytes=model.stat().st_size,
    )
    catalog.write_text("schema = 2\n" + row, "utf-8")
    return catalog
