"""The model in use: how it comes into memory, is given back and comes again, with its lanes and its adapters.

What is asked of it is the engine's matter (engine.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ownhand.adapters.worker import gpu, header, machine
from ownhand.adapters.worker.decode import Vocabulary
from ownhand.adapters.worker.families import can_chat, template_of, thinks
from ownhand.adapters.worker.lanes import CompletionLane, Lane, SuggestionLane
from ownhand.adapters.worker.llama import Llama, context_length
from ownhand.adapters.worker.need import layers_that_fit, memory_need
from ownhand.adapters.worker.prefixes import Prefixes
from ownhand.errors import ModelError

AUTO: Final = -1
"""As many layers on the GPU as fit."""
_NO_GPU: Final = "The engine was built without a GPU or finds none, so the processor computes the model."
_NOT_ON_GPU: Final = "The GPU had no room for this model, so the processor computes it."


@dataclass(frozen=True, slots=True)
class _Loading:
    """How a model is loaded."""

    header: header.Header
    gpu_layers: int
    threads: int


@dataclass(slots=True)
class _Adapter:
    """An adapter that requests may name."""

    number: int
    """No two ever have the same, so that what was computed with one is not taken for what another would compute."""
    data: bytes
    handle: Any
    """None while its model is unloaded."""


class ModelInUse:
    """At most one at a time.  Used by the worker's main thread alone, but for `now`, which any may look at."""

    def __init__(self, suggestions: Callable[[Llama, Prefixes], SuggestionLane]) -> None:
        """`suggestions` makes the lane of the suggestions over a model."""
        self.now: Llama | None = None
        """None before the first one and while it is unloaded."""
        self.vocabulary = Vocabulary([], [])
        """A new one each time that a model comes into memory."""
        self._make_suggestions = suggestions
        self._loading: _Loading | None = None
        """How the model in use was loaded, also while it is unloaded."""
        self._held = 0
        """Main memory that it takes while it is loaded."""
        self._prefixes = Prefixes()
        self._lanes: tuple[CompletionLane, SuggestionLane] | None = None
        self._adapters: dict[str, _Adapter] = {}
        self._adapters_seen = 0

    # -- in and out of memory

    def inspect(self, path: Path, gpu_layers: int = AUTO) -> dict[str, Any]:
        """What a model file says of itself, without loading it.  Raises ModelError if it cannot be used."""
        found = header.read(path)
        return self._info(found, *_plan(found, gpu_layers))

    def load(self, path: Path, gpu_layers: int = AUTO, threads: int = 0) -> dict[str, Any]:
        """Put a model in place of the one that is loaded.

        `gpu_layers` AUTO puts as many layers as fit into the GPU, where there is one; a model that the GPU will not
        take is left to the processor, and the answer's `note` says so.  `threads` 0 chooses by the machine.  Raises
        ModelError and keeps the old model if the new one cannot be used.
        """
        found = header.read(path)
        devices, layers = _plan(found, gpu_layers)
        in_place = machine.available_memory() + (self._held if self.now is not None else 0)
        header.check_memory(found, memory_need(found, devices, layers), in_place)
        old = self._loading
        self.unload()
        try:
            model = self._take(_Loading(found, layers, threads))
        except ModelError:
            if old is not None:
                self._take(old)
            raise
        self._adapters.clear()  # they were closed with their model, and fit no other
        note = ""
        if not model.gpu_layers and (gpu_layers > 0 or (gpu_layers == AUTO and devices)):
            note = _NOT_ON_GPU if devices else _NO_GPU
        info = self._info(found, devices, model.gpu_layers)
        return {**info, "fill_in_middle": model.fill_in_middle is not None, "note": note}

    def unload(self) -> None:
        """Give the model's memory back; it comes again when it is asked for."""
        model, self.now = self.now, None
        self._lanes = None
        self._prefixes.clear()
        for adapter in self._adapters.values():
            adapter.handle = None
        if model is not None:
            model.close()

    def model(self) -> Llama:
        """The model, loaded again if it was unloaded.  Raises ModelError where none was chosen or it cannot be."""
        if self.now is not None:
            return self.now
        if self._loading is None:
            raise ModelError("No model is loaded. Choose one in Settings.")
        return self._take(self._loading)

    def lanes(self) -> tuple[CompletionLane, SuggestionLane]:
        """The two lanes of `model`; raises as that."""
        self.model()
        if self._lanes is None:
            raise ModelError("No model is loaded. Choose one in Settings.")
        return self._lanes

    def _take(self, loading: _Loading) -> Llama:
        """Load it; with no layers on the GPU if it failed with the number that was wanted."""
        try:
            model = Llama(loading.header, loading.gpu_layers, loading.threads)
        except ModelError:
            if not loading.gpu_layers:
                raise
            header.check_memory(loading.header, memory_need(loading.header), machine.available_memory())
            model = Llama(loading.header, 0, loading.threads)
        self._loading = replace(loading, gpu_layers=model.gpu_layers)
        devices = gpu.gpus() if model.gpu_layers else []
        self._held = memory_need(loading.header, devices, model.gpu_layers).main
        self.now = model
        self.vocabulary = Vocabulary(model.pieces, model.ends)
        completions = CompletionLane(model.completions, model.can_cut, self._prefixes)
        self._lanes = completions, self._make_suggestions(model, self._prefixes)
        return model

    def _info(self, found: header.Header, devices: Sequence[gpu.Gpu], layers: int) -> dict[str, Any]:
        """A ModelInfo on its way: what the file says, what it needs, and what it could take in place of ours."""
        ours = self.now is not None and self.now.header.path == found.path
        return {
            **_said_by(found),
            "gpu_layers": layers,
            "memory": asdict(memory_need(found, devices, layers)),
            "available": machine.available_memory() + (self._held if ours else 0),
        }

    # -- adapters

    def adapt(self, name: str, data: bytes) -> None:
        """Keep an adapter under a name, in place of the one that had it; requests say by how much it counts.

        Raises ModelError if it does not fit the model.
        """
        handle = self.model().open_adapter(data)
        self.unadapt(name)
        self._adapters_seen += 1
        self._adapters[name] = _Adapter(self._adapters_seen, data, handle)

    def unadapt(self, name: str) -> None:
        """Drop an adapter, and what was computed with it."""
        dropped = self._adapters.pop(name, None)
        if dropped is None or self.now is None:
            return
        for lane in self.lanes():
            lane.wear((), ())
        self._prefixes.clear()
        if dropped.handle is not None:
            self.now.close_adapter(dropped.handle)

    def wear(self, lane: Lane, wanted: Mapping[str, float]) -> None:
        """Let a lane compute with the adapters of a request; those that are not here count as nothing."""
        worn: list[tuple[str, int, float]] = []
        adapters: list[tuple[Any, float]] = []
        for name, scale in sorted(wanted.items()):
            adapter = self._adapters.get(name)
            if adapter is not None and scale:
                if adapter.handle is None:
                    adapter.handle = self.model().open_adapter(adapter.data)
                worn.append((name, adapter.number, float(scale)))
                adapters.append((adapter.handle, float(scale)))
        lane.wear(tuple(worn), adapters)


def _plan(found: header.Header, wanted: int) -> tuple[list[gpu.Gpu], int]:
    """The GPUs, and how many layers go there: at most as many as the model has, and as `wanted` unless AUTO."""
    devices = gpu.gpus() if wanted else []
    if not devices:
        return [], 0
    return devices, layers_that_fit(found, devices) if wanted < 0 else min(wanted, found.layers)


def _said_by(found: header.Header) -> dict[str, Any]:
    fields = found.fields
    return {
        "path": str(found.path),
        "name": str(fields.get("general.name", "") or found.path.stem),
        "architecture": found.architecture,
        "parameters": found.parameters,
        "bytes": found.bytes,
        "context": context_length(found),
        "chat": can_chat(found),
        "has_chat_template": bool(template_of(found)),
        "thinking": thinks(found),
        "fill_in_middle": all(f"tokenizer.ggml.fim_{part}_token_id" in fields for part in ("pre", "suf", "mid"))
        or all(f"tokenizer.ggml.{part}_token_id" in fields for part in ("prefix", "suffix", "middle")),
        "licence": str(fields.get("general.license", "") or ""),
        "quantization": found.quantization,
        "files": [str(path) for path in found.files],
        "layers": found.layers,
    }
