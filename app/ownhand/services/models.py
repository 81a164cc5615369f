"""Which model writes: the built-in one or another .gguf, for completions and for suggestions."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from ownhand.domain.ports import Engine, Generate, Lane, ModelInfo, Stream
from ownhand.errors import BadInput, DiskFull, ModelError
from ownhand.settings import COMPLETION_MODEL, SUGGESTION_MODEL, Settings

Role = Literal["completion", "suggestion"]
ROLES: tuple[Role, ...] = ("completion", "suggestion")


class LoadedEngine(Engine, Protocol):
    """An engine that can also look at a model file without loading it."""

    def inspect(self, model: Path) -> ModelInfo: ...


class Engines:
    """One engine per model in use: one when both roles share a model, two when they differ."""

    def __init__(self, make: Callable[[], LoadedEngine], builtin: Path) -> None:
        self._make = make
        self._builtin = builtin
        self._lock = threading.RLock()
        self._engines: dict[Path, LoadedEngine] = {}
        self._paths: dict[Role, Path] = {"completion": builtin, "suggestion": builtin}
        self._remembered: dict[str, list[Sequence[str]]] = {}
        self.completion: Engine = RoleEngine(lambda: self._engine("completion"))
        self.suggestion: Engine = RoleEngine(lambda: self._engine("suggestion"))

    def path(self, role: Role) -> Path:
        """The model file of a role."""
        with self._lock:
            return self._paths[role]

    def any(self) -> LoadedEngine:
        """The engine for looking at files."""
        return self._engine("completion")

    def use(self, role: Role, model: Path) -> ModelInfo:
        """Load a model for a role; the old one stays if it cannot be.  Raises ModelError."""
        with self._lock:
            existing = self._engines.get(model)
            engine = existing or self._make()
            try:
                info = engine.load(model)
            except ModelError:
                if existing is None:
                    engine.close()
                raise
            self._engines[model] = engine
            self._paths[role] = model
            for unused in set(self._engines) - set(self._paths.values()):
                self._engines.pop(unused).close()
            if existing is None:
                for memory, batches in self._remembered.items():
                    for texts in batches:
                        engine.remember(memory, texts)
        return info

    def _engine(self, role: Role) -> LoadedEngine:
        with self._lock:
            path = self._paths[role]
            if path not in self._engines:
                engine = self._make()
                try:
                    engine.load(path)
                except ModelError:
                    if path == self._builtin:
                        engine.close()
                        raise
                    engine.load(self._builtin)
                    path = self._paths[role] = self._builtin
                if path in self._engines:
                    engine.close()
                else:
                    self._engines[path] = engine
            return self._engines[path]

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        """Add texts to a token memory of every model in use."""
        with self._lock:
            self._engine("completion")
            self._remembered.setdefault(memory, []).append(tuple(texts))
            engines = list(self._engines.values())
        for engine in engines:
            engine.remember(memory, texts)

    def forget(self, memory: str) -> None:
        """Drop a token memory everywhere."""
        with self._lock:
            self._remembered.pop(memory, None)
            engines = list(self._engines.values())
        for engine in engines:
            engine.forget(memory)

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            for engine in self._engines.values():
                engine.close()
            self._engines.clear()


class RoleEngine:
    """The engine that serves a role now; looked up at every call, so that a changed model is used at once."""

    def __init__(self, current: Callable[[], LoadedEngine]) -> None:
        self._current = current

    def load(self, model: Path) -> ModelInfo:
        """Load another model into it."""
        return self._current().load(model)

    def info(self) -> ModelInfo | None:
        """What is loaded."""
        return self._current().info()

    def generate(self, request: Generate) -> Stream:
        """A stream of text."""
        return self._current().generate(request)

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The chat template over messages."""
        return self._current().render(messages)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return self._current().count_tokens(text)

    def score(self, prompt: str, text: str, memory: str = "", memory_weight: float = 0.0) -> float:
        """Natural-log likelihood of a text."""
        return self._current().score(prompt, text, memory, memory_weight)

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        """Add to a token memory."""
        self._current().remember(memory, texts)

    def forget(self, memory: str) -> None:
        """Drop a token memory."""
        self._current().forget(memory)

    def close(self) -> None:
        """The owner of the engines closes them."""


class Models:
    """The person's choice of models."""

    def __init__(self, engines: Engines, settings: Settings, builtin: Path, folder: Path) -> None:
        self._engines = engines
        self._settings = settings
        self._builtin = builtin
        self._folder = folder

    def restore(self) -> list[str]:
        """Use the models chosen earlier; a sentence for each that cannot be used any more."""
        troubles = []
        roles: tuple[tuple[Role, str], ...] = (
            ("completion", self._settings.get(COMPLETION_MODEL)),
            ("suggestion", self._settings.get(SUGGESTION_MODEL)),
        )
        for role, stored in roles:
            if stored:
                try:
                    self._engines.use(role, Path(stored))
                except ModelError as error:
                    troubles.append(f"{error} The built-in model is used for {role}s meanwhile.")
        return troubles

    def installed(self) -> list[ModelInfo]:
        """The built-in model and those the person added; a broken file is listed by its name alone."""
        files = [self._builtin, *(sorted(self._folder.glob("*.gguf")) if self._folder.is_dir() else [])]
        chosen = {self.chosen("completion"), self.chosen("suggestion")}
        found = []
        for path in dict.fromkeys([*files, *sorted(chosen)]):
            try:
                found.append(self.inspect(path))
            except ModelError:
                found.append(ModelInfo(path, f"{path.stem} (cannot be read)"))
        return found

    def chosen(self, role: Role) -> Path:
        """The model file of a role."""
        return self._engines.path(role)

    def choose(self, role: Role, path: Path) -> ModelInfo:
        """Use a model for a role from now on.  Raises ModelError and keeps the old one."""
        info = self._engines.any().inspect(path)
        if role == "suggestion" and not info.chat:
            raise ModelError(
                f"{info.name} only completes text. Choose it for completions, and another for suggestions."
            )
        info = self._engines.use(role, path)
        row = COMPLETION_MODEL if role == "completion" else SUGGESTION_MODEL
        self._settings.set(row, "" if path == self._builtin else str(path))
        return info

    def inspect(self, path: Path) -> ModelInfo:
        """What a .gguf says of itself, without loading it.  Raises ModelError."""
        return self._engines.any().inspect(path)

    def add(self, path: Path) -> ModelInfo:
        """Copy a .gguf into Ownhand's models folder, after looking at it.  Raises ModelError, DiskFull."""
        self.inspect(path)
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / path.name
        if target.exists() and not target.samefile(path):
            raise BadInput(f"There is a model named {path.name} already. Rename the file and add it again.")
        if not target.exists():
            if shutil.disk_usage(self._folder).free < path.stat().st_size + (64 << 20):
                raise DiskFull(f"There is no room for {path.name}. Free {path.stat().st_size >> 20} MB and try again.")
            part = target.with_suffix(".part")
            try:
                shutil.copyfile(path, part)
                part.replace(target)
            except OSError as error:
                part.unlink(missing_ok=True)
                raise DiskFull(f"{path.name} could not be copied: {error.strerror}.") from error
        return self.inspect(target)

    def try_out(self, path: Path) -> dict[str, float]:
        """Load a model beside the one in use and measure it: tokens per second reading and writing, seconds to
        load.
        """
        engine = self._engines._make()
        try:
            started = time.perf_counter()
            engine.load(path)
            loaded = time.perf_counter() - started
            text = "The meeting went on for longer than anyone had expected, and by the time we left it was dark. " * 12
            stream = engine.generate(Generate(Lane.COMPLETION, text=text, max_tokens=48))
            for _ in stream:
                pass
            usage = stream.usage
            return {
                "load seconds": loaded,
                "reading tokens/s": 1000 * usage.prompt_tokens / max(1e-6, usage.prefill_ms),
                "writing tokens/s": 1000 * usage.new_tokens / max(1e-6, usage.decode_ms),
            }
        finally:
            engine.close()
