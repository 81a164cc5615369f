"""Which model writes: the built-in one or another .gguf, for completions and for suggestions."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from ownhand.domain.inference import Generate, ModelInfo, Trial
from ownhand.domain.ports import Engine, Stream
from ownhand.errors import BadInput, DiskFull, ModelError, UserError, WorkerError
from ownhand.services.rest import Rest
from ownhand.settings import COMPLETION_MODEL, SUGGESTION_MODEL, Settings

Role = Literal["completion", "suggestion"]
ROLES: tuple[Role, ...] = ("completion", "suggestion")
_MARGIN = 64 << 20
"""Bytes that stay free on the disk."""


class LoadedEngine(Engine, Protocol):
    """An engine that can also look at a model file without loading it, and try one out in a process of its own."""

    @property
    def failing(self) -> bool: ...
    @property
    def protection(self) -> Mapping[str, Any]: ...
    def probe(self) -> Mapping[str, Any]: ...
    def inspect(self, model: Path) -> ModelInfo: ...
    def reload(self) -> None: ...
    def unload(self) -> None: ...
    def trial(self, model: Path) -> Trial: ...
    def gpu_memory(self) -> int: ...


_log = logging.getLogger(__name__)


class Engines:
    """One engine per model in use: one when both roles share a model, two when they differ."""

    def __init__(
        self,
        make: Callable[[], LoadedEngine],
        builtin: Path,
        rest_after: Callable[[], float] = lambda: 0.0,
        identify: Callable[[Path], str] = str,
    ) -> None:
        """`rest_after` gives the seconds without work after which the models' memory is given back; 0 for never.

        `identify` tells models apart by what is in their files, so that an adapter is given to its own model only.
        """
        self.identify = identify
        self._adapters: dict[str, tuple[str, bytes]] = {}
        self._make = make
        self._rest = Rest(rest_after, self.unload)
        self._builtin = builtin
        self._lock = threading.RLock()
        self._engines: dict[Path, LoadedEngine] = {}
        self._paths: dict[Role, Path] = {"completion": builtin, "suggestion": builtin}
        self._remembered: dict[str, list[Sequence[str]]] = {}
        self._idle: LoadedEngine | None = None
        """An engine that was only asked about files so far; the next model is loaded into it."""
        self.on_use: Callable[[], None] = lambda: None
        """Called before each completion and suggestion, from whatever thread asks for it."""
        self.completion: Engine = RoleEngine(lambda: self._engine("completion"), lambda: self.on_use())
        self.suggestion: Engine = RoleEngine(lambda: self._engine("suggestion"), lambda: self.on_use())
        self.background: Engine = RoleEngine(lambda: self._engine("suggestion"))
        """The engine of suggestions for work that nobody waits for."""

    def path(self, role: Role) -> Path:
        """The model file of a role."""
        with self._lock:
            return self._paths[role]

    def warm(self) -> None:
        """Start the engine of the completions now, so that the first keystroke finds it ready.

        Raises ModelError, WorkerError.
        """
        self._engine("completion")

    def any(self) -> LoadedEngine:
        """An engine for looking at files; no model is loaded for that."""
        with self._lock:
            for engine in self._engines.values():
                if not engine.failing:
                    return engine
        return self._without_model()

    def _without_model(self) -> LoadedEngine:
        with self._lock:
            if self._idle is None:
                self._idle = self._make()
            return self._idle

    def inspect(self, model: Path) -> ModelInfo:
        """What a file says of itself.  Raises ModelError, WorkerError."""
        engine = self.any()
        try:
            return engine.inspect(model)
        except UserError as error:
            # WHY again: the engine may have died, then or before, of its own model, which says nothing of this file
            if engine is self._idle or not (engine.failing or isinstance(error, WorkerError)):
                raise
            return self._without_model().inspect(model)

    def failing(self) -> list[Role]:
        """The roles whose engine is not started any more."""
        with self._lock:
            return [role for role, path in self._paths.items() if path in self._engines and self._engines[path].failing]

    def protections(self) -> list[Mapping[str, Any]]:
        """The walls around each process that was started."""
        with self._lock:
            engines = [*self._engines.values(), *([self._idle] if self._idle is not None else [])]
        return [engine.protection for engine in engines if engine.protection]

    def _fresh(self) -> LoadedEngine:
        idle, self._idle = self._idle, None
        return idle or self._make()

    def use(self, role: Role, model: Path) -> ModelInfo:
        """Load a model for a role; the old one stays if it cannot be.  Raises ModelError, WorkerError."""
        with self._lock:
            existing = self._engines.get(model)
            engine = existing or self._fresh()
            info = existing.info() if existing is not None and not existing.failing else None
            try:
                info = info or engine.load(model)  # a model that serves the other role is there already
            except UserError:
                if existing is None:
                    engine.close()
                raise
            self._engines[model] = engine
            self._paths[role] = model
            for unused in set(self._engines) - set(self._paths.values()):
                self._engines.pop(unused).close()
            if existing is None:
                self._give_adapters(model, engine)
                for memory, batches in self._remembered.items():
                    for texts in batches:
                        engine.remember(memory, texts)
        return info

    def unload(self) -> None:
        """Give the models' memory back; the next request maps them again.  The memories stay."""
        with self._lock:
            engines = list(self._engines.values())
        for engine in engines:
            engine.unload()

    def _engine(self, role: Role) -> LoadedEngine:
        self._rest.put_off()
        with self._lock:
            path = self._paths[role]
            if path not in self._engines:
                engine = self._fresh()
                try:
                    try:
                        engine.load(path)
                    except ModelError:
                        if path == self._builtin:
                            raise
                        engine.load(self._builtin)
                        path = self._paths[role] = self._builtin
                except UserError:
                    engine.close()
                    raise
                if path in self._engines:
                    engine.close()
                else:
                    self._engines[path] = engine
                    self._give_adapters(path, engine)
            return self._engines[path]

    def adapt(self, name: str, base: str, data: bytes) -> None:
        """Keep an adapter under a name, for every engine whose model is its base (see `identify`), now and later.

        Raises ModelError where it does not fit, WorkerError.
        """
        with self._lock:
            self._adapters[name] = base, data
            engines = list(self._engines.items())
        for path, engine in engines:
            if self.identify(path) == base:
                engine.adapt(name, data)

    def unadapt(self, name: str) -> None:
        """Drop an adapter everywhere."""
        with self._lock:
            self._adapters.pop(name, None)
            engines = list(self._engines.values())
        for engine in engines:
            engine.unadapt(name)

    def _give_adapters(self, path: Path, engine: LoadedEngine) -> None:
        """What was kept for a model that has just been loaded; text is completed without what does not fit."""
        for name, (base, data) in self._adapters.items():
            if self.identify(path) == base:
                try:
                    engine.adapt(name, data)
                except UserError as error:
                    _log.warning("an adapter was not used: %s", type(error).__name__)

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        """Add texts to a token memory of every model in use."""
        with self._lock:
            self._engine("completion")
            self._remembered.setdefault(memory, []).append(tuple(texts))
            engines = list(self._engines.values())
        for engine in engines:
            engine.remember(memory, texts)

    def expect(self, memory: str, enough: Callable[[], bool] = lambda: False) -> None:
        """Have the model of the completions look at what it expects in the texts of a memory.  As Engine's."""
        self._engine("completion").expect(memory, enough)

    def forget(self, memory: str) -> None:
        """Drop a token memory everywhere."""
        with self._lock:
            self._remembered.pop(memory, None)
            engines = list(self._engines.values())
        for engine in engines:
            engine.forget(memory)

    def reload(self) -> None:
        """Load every model anew at its next use, because how models are loaded has changed."""
        with self._lock:
            engines = list(self._engines.values())
        for engine in engines:
            engine.reload()

    def close(self) -> None:
        """End the processes."""
        self._rest.close()
        with self._lock:
            for engine in (*self._engines.values(), *([self._idle] if self._idle is not None else [])):
                engine.close()
            self._engines.clear()
            self._idle = None


def _meanwhile(sentence: str, roles: Sequence[Role]) -> str:
    return f"{sentence} The built-in model is used for {' and '.join(f'{role}s' for role in roles)} meanwhile."


class RoleEngine:
    """The engine that serves a role now; looked up at every call, so that a changed model is used at once."""

    def __init__(self, current: Callable[[], LoadedEngine], used: Callable[[], None] = lambda: None) -> None:
        self._current = current
        self._used = used

    def load(self, model: Path) -> ModelInfo:
        """Load another model into it."""
        return self._current().load(model)

    def info(self) -> ModelInfo | None:
        """What is loaded."""
        return self._current().info()

    def generate(self, request: Generate) -> Stream:
        """A stream of text."""
        self._used()
        return self._current().generate(request)

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The chat template over messages."""
        return self._current().render(messages)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""
        return self._current().count_tokens(text)

    def score(
        self,
        prompt: str,
        text: str,
        memory: str = "",
        memory_weight: float = 0.0,
        adapters: Mapping[str, float] | None = None,
    ) -> float:
        """Natural-log likelihood of a text."""
        return self._current().score(prompt, text, memory, memory_weight, adapters)

    def adapt(self, name: str, data: bytes) -> None:
        """Keep an adapter under a name."""
        self._current().adapt(name, data)

    def unadapt(self, name: str) -> None:
        """Drop an adapter."""
        self._current().unadapt(name)

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        """Add to a token memory."""
        self._current().remember(memory, texts)

    def expect(self, memory: str, enough: Callable[[], bool] = lambda: False) -> None:
        """Look at what the model expects in a token memory."""
        self._current().expect(memory, enough)

    def forget(self, memory: str) -> None:
        """Drop a token memory."""
        self._current().forget(memory)

    def close(self) -> None:
        """The owner of the engines closes them."""


class Models:
    """The person's choice of models."""

    def __init__(self, engines: Engines, settings: Settings, builtin: Path, folder: Path) -> None:
        self.on_chosen: Callable[[], None] = lambda: None
        """Called when another model serves a role."""
        self._engines = engines
        self._settings = settings
        self._builtin = builtin
        self._folder = folder

    def restore(self) -> list[str]:
        """Use the models chosen earlier; a sentence for each that cannot be used any more."""
        failed: dict[str, list[Role]] = {}
        for role in ROLES:
            stored = self._stored(role)
            if stored is not None:
                try:
                    self._engines.use(role, self._checked(role, stored).path)
                except UserError as error:
                    failed.setdefault(str(error), []).append(role)
        return [_meanwhile(sentence, roles) for sentence, roles in failed.items()]

    def missing(self) -> list[str]:
        """A sentence for each chosen model whose file is gone; nothing is loaded for that."""
        gone: dict[str, list[Role]] = {}
        for role in ROLES:
            stored = self._stored(role)
            if stored is not None and not stored.is_file():
                sentence = f"The model file {stored.name} is not there any more. Choose another model."
                gone.setdefault(sentence, []).append(role)
        return [_meanwhile(sentence, roles) for sentence, roles in gone.items()]

    def _stored(self, role: Role) -> Path | None:
        stored = self._settings.get(COMPLETION_MODEL if role == "completion" else SUGGESTION_MODEL)
        return Path(stored) if stored else None

    def installed(self) -> list[ModelInfo]:
        """The built-in model and those the person added; a broken file is listed by its name alone."""
        files = [self._builtin, *(sorted(self._folder.glob("*.gguf")) if self._folder.is_dir() else [])]
        chosen = {self.chosen("completion"), self.chosen("suggestion")}
        found: dict[Path, ModelInfo] = {}
        for path in dict.fromkeys([*files, *sorted(chosen)]):
            if any(path in info.files for info in found.values()):
                continue  # a further part of one that is listed
            try:
                info = self.inspect(path)
            except ModelError:
                info = ModelInfo(path, f"{path.stem} (cannot be read)")
            found[info.path] = info
        return list(found.values())

    def chosen(self, role: Role) -> Path:
        """The model file of a role: the one in use, or the one that was chosen and is there to be used."""
        stored = self._stored(role)
        in_use = self._engines.path(role)
        return stored if in_use == self._builtin and stored is not None and stored.is_file() else in_use

    def find(self, name: str) -> Path:
        """The file of a model, by its name, its file name, a path, or 'built-in'.  Raises BadInput."""
        if name.strip().lower() == "built-in":
            return self._builtin
        listed = self.installed()
        files = [info.path for info in listed if name in {info.path.name, info.path.stem}]
        named = files or [info.path for info in listed if info.name == name]
        path = Path(name).expanduser().absolute()
        if not named and path.exists():
            return path
        if not named:
            called = Path(name).name[:80]
            raise BadInput(f"There is no model {called!r}. Run 'ownhand models' to see them, or give a file's path.")
        if len(named) > 1:
            raise BadInput(f"Several models are called {name[:80]!r}. Choose one by its file's name.")
        return named[0]

    def choose(self, role: Role, path: Path) -> ModelInfo:
        """Use a model for a role from now on.  Raises ModelError and keeps the old one."""
        info = self._checked(role, path)
        used = self._engines.use(role, info.path)
        row = COMPLETION_MODEL if role == "completion" else SUGGESTION_MODEL
        self._settings.set(row, "" if path == self._builtin else str(info.path))
        self.on_chosen()
        return used

    def _checked(self, role: Role, path: Path) -> ModelInfo:
        """What a model says of itself, if it can serve a role and there is memory for it.  Raises ModelError."""
        info = self._engines.inspect(path)
        if role == "suggestion" and not info.chat:
            raise ModelError(
                f"{info.name} only completes text. Choose it for completions, and another for suggestions."
            )
        spared = {self._builtin, *map(self._engines.path, ROLES)}  # the last resort, and what is in memory already
        if not info.fits and info.path not in spared:
            needed, free = info.memory.main / 1e9, max(0, info.available) / 1e9
            raise ModelError(
                f"{info.path.name} needs about {needed:.1f} GB of memory and {free:.1f} GB are free. "
                f"Close other programs, or choose {self._largest_that_fits(role)}, which fits."
            )
        return info

    def _largest_that_fits(self, role: Role) -> str:
        """The name of the largest installed model that could serve a role now."""
        fitting = [info for info in self.installed() if info.fits and (info.chat or role == "completion")]
        return max(fitting, key=lambda info: info.parameters).name if fitting else "the built-in model"

    def use_builtin(self) -> None:
        """Let the built-in model take the place of every added model that is not started any more.

        Raises ModelError, WorkerError.
        """
        for role in self._engines.failing():
            self.choose(role, self._builtin)

    def start_again(self) -> None:
        """Try once more with the models that are not started any more.  Raises ModelError, WorkerError."""
        for role in self._engines.failing():
            self._engines.use(role, self._engines.path(role))

    def inspect(self, path: Path) -> ModelInfo:
        """What a .gguf says of itself, without loading it.  Raises ModelError."""
        return self._engines.inspect(path)

    def add(self, path: Path) -> ModelInfo:
        """Copy a .gguf, with all its parts, into Ownhand's models folder, after it was loaded and run once.

        Raises ModelError if it cannot be used, BadInput if its name is taken, DiskFull.
        """
        info = self.inspect(path)
        files = info.files or (path,)
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._folder.samefile(info.path.parent):
            return info
        for file in files:
            if (self._folder / file.name).exists():
                raise BadInput(f"There is a model named {file.name} already. Rename the file and add it again.")
        if shutil.disk_usage(self._folder).free < info.bytes + _MARGIN:
            raise DiskFull(f"There is no room for {path.name}. Free {info.bytes / 1e6:,.0f} MB and try again.")
        self.try_out(info.path)
        self._copy(files)
        return self.inspect(self._folder / info.path.name)

    def _copy(self, files: Sequence[Path]) -> None:
        """All of the files or none; the first, by which the model is found, comes last."""
        copied: list[Path] = []
        try:
            for file in reversed(files):
                part = self._folder / (file.name + ".part")
                copied.append(part)
                shutil.copyfile(file, part)
                copied[-1] = part.replace(self._folder / file.name)
        except OSError as error:
            for path in copied:
                path.unlink(missing_ok=True)
            raise DiskFull(f"{files[0].name} could not be copied: {error.strerror}.") from error

    def try_out(self, path: Path) -> Trial:
        """Load a model in a process of its own, beside the one in use, and measure it.

        Raises ModelError, in a sentence, if it cannot be used, whatever it did to that process.
        """
        return self._engines.any().trial(path)

    def is_own(self, path: Path) -> bool:
        """Whether it lies in Ownhand's folder, so that it can be removed."""
        return path.parent == self._folder

    def remove(self, path: Path) -> None:
        """Delete a model's files from Ownhand's folder; the roles it served go to the built-in model.

        Raises BadInput for the built-in model and for files elsewhere, which are not Ownhand's to delete.
        """
        if path == self._builtin:
            raise BadInput("The built-in model stays: Ownhand needs it where no other model can be used.")
        if not self.is_own(path):
            raise BadInput(f"{path.name} does not lie in Ownhand's folder, so it is left alone. Delete it yourself.")
        try:
            files = self.inspect(path).files or (path,)
        except ModelError:
            files = (path,)
        for role in ROLES:
            if self.chosen(role) == path:
                self.choose(role, self._builtin)
        for file in files:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise BadInput(f"{file.name} could not be deleted: {error.strerror}.") from error
