"""The engine as the window sees it: ports.Engine over a worker process that may be replaced at any time.

What a new process must know (the model, the texts of the memories) is kept here and sent again after every start.
Standard library only.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ownhand import paths
from ownhand.adapters.worker.client import (
    FAILED,
    READY,
    RESTARTED,
    About,
    Call,
    StateListener,
    Supervision,
    WorkerClient,
    WorkerStream,
)
from ownhand.domain.inference import Generate, Lane, MemoryNeed, ModelInfo, Piece, Trial, Usage
from ownhand.domain.ports import Engine
from ownhand.errors import Cancelled, ModelError, WorkerError

_LOAD_TIMEOUT_S: Final = 300.0
_WORK_TIMEOUT_S: Final = 60.0
_EXPECT_S: Final = 20.0
_TEXTS_AT_ONCE: Final = 100
_TRIAL_TEXT: Final = (
    "The meeting went on for longer than anyone had expected, and when we left it was dark. " * 12 + "When we left, I"
)
"""It ends within a sentence, where no model ends at once."""
_TRIAL_TOKENS: Final = 32
_GPU_KILLED: Final = "The GPU stopped the engine while a model was loaded, so the processor computes instead."


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the person may set for the loading of models."""

    gpu_layers: int = -1
    """Layers on the GPU; -1 puts there what fits."""
    threads: int = 0
    """Processor threads; 0 chooses by the machine."""


MODEL_FAILED: Final = "model failed"
"""The state told instead of 'failed' where an added model runs: the built-in one can take its place."""


class EngineStream:
    """The pieces of one generation (ports.Stream)."""

    def __init__(self, stream: WorkerStream) -> None:
        self.usage = Usage(finish="cancelled")
        self._stream = stream

    def __iter__(self) -> Iterator[Piece]:
        try:
            for item in self._stream:
                for text, logprob in item:
                    yield Piece(text, logprob)
        except Cancelled:  # a newer completion took its place: the stream just ends, and `usage` says so
            return
        finally:
            self._stream.close()
        if self._stream.result is not None:
            result = self._stream.result
            self.usage = Usage(**{**result, "others": tuple(result.get("others", ()))})

    def close(self) -> None:
        """Cancel what is still to come; returns at once."""
        self._stream.close()


class EngineClient(Engine):
    """The language model in its worker process.  Every method may be called from any thread."""

    def __init__(
        self,
        model: Path | None = None,
        *,
        on_state: StateListener | None = None,
        supervision: Supervision | None = None,
        options: Callable[[], LoadOptions] = LoadOptions,
    ) -> None:
        """`model` is loaded when the engine is first used; `supervision` and `on_state` as in WorkerClient, but for the
        state MODEL_FAILED.

        `options` is asked before every load.
        """
        self._on_state = on_state
        self._worker = WorkerClient(
            "engine",
            on_state=self._heard,
            on_spawn=self._tell_everything,
            about=self._about,
            supervision=supervision,
        )
        self._options = options
        self._gpu_kills = False
        """A process died while it loaded a model onto the GPU, so the next ones do without."""
        self._model = model
        self._info: ModelInfo | None = None
        self._memories: dict[str, list[str]] = {}
        self._adapters: dict[str, bytes] = {}
        self._state = threading.Lock()
        # WHY two locks: `_order` keeps whoever changes the state in turn while the worker is called; the start of a
        # worker reads the state in some other thread meanwhile and must never wait for such a caller
        self._order = threading.RLock()

    @property
    def worker(self) -> WorkerClient:
        """The process behind it, for the privacy page and the doctor (protection, pid, restart)."""
        return self._worker

    @property
    def failing(self) -> bool:
        """Whether its process is not started any more, until a model is loaded into it anew."""
        return self._worker.failing

    @property
    def protection(self) -> Mapping[str, Any]:
        """The walls around its process (sandbox.Protection); empty before the first start."""
        return self._worker.protection

    def probe(self) -> Mapping[str, Any]:
        """Really try to get out of its process (sandbox.probe)."""
        return dict(self._worker.call("probe", _WORK_TIMEOUT_S))

    # -- the model

    def load(self, model: Path) -> ModelInfo:
        """Load a model now, in place of the one before; the memories go with it.

        Raises ModelError (and keeps the one before) if the file cannot be used, WorkerError if the engine fails.
        """
        with self._order:
            if self._worker.failing:  # somebody chose: what happened before counts no more
                self._worker.restart()
            before, running = self._model, self._worker.pid
            with self._state:
                self._model = model
            try:
                try:
                    self._load(model, running)
                except WorkerError:
                    if not self._gpu_kills:
                        raise
                    self._load(model, None)
            except BaseException:
                with self._state:
                    self._model = before
                raise
            with self._state:
                self._adapters.clear()
            for name in list(self._memories):
                self._send_memory(self._worker.call, name)
            if self._info is None:
                raise WorkerError("The engine lost the model while loading it. Try again.")
            return self._info

    def _load(self, model: Path, running: int | None) -> None:
        self._worker.start()
        if running is not None and running == self._worker.pid:  # a new process has loaded it already
            self._info = self._load_in(self._worker.call, model)
            self._heard(self._worker.role, READY, f"{self._info.name} is ready.")

    def _load_in(self, call: Call, model: Path) -> ModelInfo:
        """Have a process load a model; the GPU is left out once one died of it."""
        options = self._options()
        if self._gpu_kills:
            options = replace(options, gpu_layers=0)
        gpu = options.gpu_layers != 0  # until this process says otherwise: asking a GPU that is full can be fatal, too
        try:
            gpu = gpu and bool(call("gpus", timeout=_WORK_TIMEOUT_S))
            info = _model_info(call("load", timeout=_LOAD_TIMEOUT_S, path=str(model), **asdict(options)))
        except WorkerError:
            self._gpu_kills = self._gpu_kills or gpu
            raise
        if self._gpu_kills:
            info = replace(info, note=_GPU_KILLED)
        return info

    def inspect(self, model: Path) -> ModelInfo:
        """What a model file says of itself, without loading it.  Raises ModelError if it cannot be used."""
        layers = 0 if self._gpu_kills else self._options().gpu_layers
        return _model_info(self._worker.call("inspect", _WORK_TIMEOUT_S, path=str(model), gpu_layers=layers))

    def gpus(self) -> list[str]:
        """The names of the GPUs that the installed llama.cpp can use."""
        return [str(found["name"]) for found in self._worker.call("gpus", _WORK_TIMEOUT_S)]

    def unload(self) -> None:
        """Give the model's memory back until the next request needs it; does nothing where no engine runs."""
        if self._worker.pid is not None:
            with contextlib.suppress(WorkerError):  # a process that has died holds no memory either
                self._worker.call("unload", _WORK_TIMEOUT_S)

    def gpu_memory(self) -> int:
        """Bytes of memory that the GPUs have of their own, all together; 0 without one."""
        found = self._worker.call("gpus", _WORK_TIMEOUT_S)
        return sum(int(gpu["total"]) for gpu in found if not gpu["shared"])

    def trial(self, model: Path) -> Trial:
        """Load a model and let it read and write a little in a process of its own, which may die of it.

        This engine and its model are left as they are.  Raises ModelError, in one sentence, if the model cannot be
        used, whatever it did to that process; WorkerError if no process could be started.
        """
        child = EngineClient(options=self._options)
        try:
            child.worker.start()
            try:
                return child._try(model)
            except WorkerError:
                raise ModelError(
                    f"{model.name} stopped the engine when it was tried out: it is damaged, does not fit into memory, "
                    "or is of a kind this version cannot run. Choose another model in Settings."
                ) from None
        finally:
            child.close()

    def _try(self, model: Path) -> Trial:
        began = time.monotonic()
        info = self.load(model)
        loaded = time.monotonic() - began
        stream = self.generate(Generate(Lane.COMPLETION, text=_TRIAL_TEXT, max_tokens=_TRIAL_TOKENS))
        for _ in stream:
            pass
        usage = stream.usage
        return Trial(
            info=info,
            load_s=loaded,
            prompt_tokens_per_s=1000 * usage.prompt_tokens / max(1e-6, usage.prefill_ms),
            tokens_per_s=1000 * usage.new_tokens / max(1e-6, usage.decode_ms),
            memory=self.memory_taken(),
        )

    def memory_taken(self) -> int:
        """Bytes the worker has taken since it was ready for its first request."""
        return int(self._worker.call("memory_taken", _WORK_TIMEOUT_S))

    def info(self) -> ModelInfo | None:
        """The model that is loaded, or None while none was."""
        return self._info

    # -- work

    def generate(self, request: Generate) -> EngineStream:
        """Start one generation.  A newer completion cancels an older one; a completion goes before a suggestion.

        Raises WorkerError or ModelError here if the engine cannot be started, else while iterating.
        """
        self._need_model()
        args = asdict(request)
        args["lane"] = request.lane.value
        args["bias"], args["adapters"] = dict(request.bias), dict(request.adapters)
        replaces = Lane.COMPLETION.value if request.lane is Lane.COMPLETION else ""
        return EngineStream(self._worker.stream("generate", timeout=_WORK_TIMEOUT_S, replaces=replaces, **args))

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's own chat template over role/content messages; ChatML if the model has none.

        What the messages say can never become one of the model's marks (see ports.MARK).
        """
        self._need_model()
        return str(self._worker.call("render", _WORK_TIMEOUT_S, messages=[dict(message) for message in messages]))

    def count_tokens(self, text: str) -> int:
        """Tokens of a prompt."""
        self._need_model()
        return int(self._worker.call("count_tokens", _WORK_TIMEOUT_S, text=text))

    def score(
        self,
        prompt: str,
        text: str,
        memory: str = "",
        memory_weight: float = 0.0,
        adapters: Mapping[str, float] | None = None,
    ) -> float:
        """Natural-log likelihood of `text` after `prompt` (no end token), whatever its length."""
        self._need_model()
        return float(
            self._worker.call(
                "score",
                _WORK_TIMEOUT_S,
                prompt=prompt,
                text=text,
                memory=memory,
                memory_weight=memory_weight,
                adapters=dict(adapters or {}),
            )
        )

    def guessing(self, on: bool) -> None:
        """Whether suggestions guess tokens from their prompt (lookup.py), until the engine is started anew."""
        self._worker.call("guessing", _WORK_TIMEOUT_S, on=on)

    def raw_loop(self, text: str, last: int, max_tokens: int, rest_s: float = 0.0) -> dict[str, float]:
        """The bare model's cost, to compare: 'append_ms' for the `last` tokens of a text, 'token_ms' for each more.

        Before the last tokens it rests for `rest_s`.
        """
        self._need_model()
        args: dict[str, Any] = {"text": text, "last": last, "max_tokens": max_tokens, "rest_s": rest_s}
        return dict(self._worker.call("raw_loop", _WORK_TIMEOUT_S, **args))

    def check_adapter(self, adapter: Path) -> None:
        """Raise ModelError unless this file is a LoRA adapter that fits the loaded model."""
        self._need_model()
        self._worker.call("check_adapter", _WORK_TIMEOUT_S, path=str(adapter))

    def check_grammar(self, grammar: str) -> None:
        """Raise BadInput unless this is a GBNF grammar."""
        self._need_model()
        self._worker.call("check_grammar", _WORK_TIMEOUT_S, grammar=grammar)

    # -- adapters

    def adapt(self, name: str, data: bytes) -> None:
        """Keep an adapter under a name; every process of this model gets it.  Raises ModelError where it does not fit.

        It goes when another model is loaded.
        """
        self._need_model()
        with self._order:
            self._worker.call("adapt", _WORK_TIMEOUT_S, name=name, data=data)
            with self._state:
                self._adapters[name] = data

    def unadapt(self, name: str) -> None:
        """Drop an adapter here and in the engine."""
        with self._order:
            with self._state:
                self._adapters.pop(name, None)
            if self._worker.pid is not None:
                with contextlib.suppress(WorkerError):  # the next process never hears of it
                    self._worker.call("unadapt", _WORK_TIMEOUT_S, name=name)

    # -- memories

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        """Add texts to a token memory.  They are sent when the engine runs, and again to every process after it."""
        with self._order:
            with self._state:
                self._memories.setdefault(memory, []).extend(texts)
            if self._worker.pid is not None and self._model is not None:
                with contextlib.suppress(WorkerError):  # the next process gets all of it
                    self._send_memory(self._worker.call, memory, len(self._memories[memory]) - len(texts))

    def expect(self, memory: str, enough: Callable[[], bool] = lambda: False) -> None:
        """Look at what the model expects in the texts of a memory, for some seconds, or until `enough` says so; others
        go first.

        A process that starts later has to be asked again.  Raises ModelError, WorkerError.
        """
        self._need_model()
        until = time.monotonic() + _EXPECT_S
        while self._worker.call("expect", _WORK_TIMEOUT_S, memory=memory) and time.monotonic() < until:
            if enough():
                break

    def forget(self, memory: str) -> None:
        """Drop a token memory here and in the engine."""
        with self._order:
            with self._state:
                self._memories.pop(memory, None)
            if self._worker.pid is not None:
                with contextlib.suppress(WorkerError):  # the next process never hears of it
                    self._worker.call("forget", _WORK_TIMEOUT_S, memory=memory)

    # -- life

    def reload(self) -> None:
        """End the worker; the next request starts one that loads the model with the options of then."""
        self._gpu_kills = False
        self._worker.restart()

    def close(self) -> None:
        """End the worker within two seconds."""
        self._worker.close()

    def _about(self) -> About:
        model = self._model
        if model is None:
            return About("The engine")
        if model == paths.builtin_model():
            return About(
                "The built-in model",
                remedy="Close other programs to free memory and start Ownhand again; if that does not help, "
                "install it again.",
            )
        instead = "use the built-in model (Settings, Models, or: ownhand models --use built-in)"
        return About(
            f"The model {model.name}",
            f"try again, and it will be started again. If that happens often, {instead}",
            f"{instead[0].upper()}{instead[1:]}.",
        )

    def _heard(self, role: str, state: str, sentence: str) -> None:
        info = self._info
        if state in (READY, RESTARTED) and info is not None and info.note:
            sentence = f"{sentence} {info.note}"
        if self._on_state is not None:
            added = self._model is not None and self._model != paths.builtin_model()
            self._on_state(role, MODEL_FAILED if state == FAILED and added else state, sentence)

    def _need_model(self) -> None:
        if self._model is None:
            raise ModelError("No model is chosen. Choose one in Settings.")

    def _tell_everything(self, call: Call) -> None:
        """Tell a new process what the one before knew."""
        with self._state:
            model, names, adapters = self._model, list(self._memories), dict(self._adapters)
        if model is None:
            return
        self._info = self._load_in(call, model)
        for name, data in adapters.items():
            # WHY suppressed: they belong to the model before, if this start loads another
            with contextlib.suppress(ModelError):
                call("adapt", timeout=_WORK_TIMEOUT_S, name=name, data=data)
        for name in names:
            self._send_memory(call, name)

    def _send_memory(self, call: Call, name: str, first: int = 0) -> None:
        """Send the texts of a memory from number `first` on; the worker skips what it has."""
        while True:
            with self._state:
                texts = self._memories.get(name, [])[first : first + _TEXTS_AT_ONCE]
            if not texts:
                return
            held = int(call("remember", timeout=_WORK_TIMEOUT_S, memory=name, first=first, texts=texts))
            first = held if held < first else first + len(texts)


def _model_info(wire: Mapping[str, Any]) -> ModelInfo:
    paths = {"path": Path(wire["path"]), "files": tuple(Path(path) for path in wire["files"])}
    return ModelInfo(**{**wire, **paths, "memory": MemoryNeed(**wire["memory"])})
