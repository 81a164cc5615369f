"""What is done to the engine in tests: one row each in FAULTS, used by the fault table and by the soak."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.inference import Generate, Lane
from ownhand.errors import OwnhandError

LONG = Generate(lane=Lane.SUGGESTION, text="Once upon a time", max_tokens=100_000)
"""A generation that is never told to stop: only the model's window ends it."""


@dataclass
class Target:
    """An engine at work, and the file of the model that it has mapped."""

    engine: EngineClient
    model: Path

    @property
    def pid(self) -> int:
        found = self.engine.worker.pid
        assert found is not None, "the engine runs"
        return found

    def in_the_background(self, work: Callable[[], object]) -> None:
        """Ask the engine for something that is not waited for, and that may fail."""

        def ask() -> None:
            with contextlib.suppress(OwnhandError):
                work()

        threading.Thread(target=ask, name="asked meanwhile", daemon=True).start()


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    strike: Callable[[Target], None]
    takes_the_model: bool = False
    """The model cannot be used any more: the person is told which one it was, and offered the built-in one."""


def _signal(number: signal.Signals) -> Callable[[Target], None]:
    return lambda target: os.kill(target.pid, number)


def _no_address_space(target: Target) -> None:
    process = psutil.Process(target.pid)
    limit = process.memory_info().vms
    process.rlimit(psutil.RLIMIT_AS, (limit, limit))
    target.in_the_background(lambda: target.engine.score("", "a long text of many words " * 2000))


def _truncate(target: Target) -> None:
    os.truncate(target.model, target.model.stat().st_size // 3)


def _delete(target: Target) -> None:
    target.model.unlink()


def _delete_and_kill(target: Target) -> None:
    target.model.unlink()
    os.kill(target.pid, signal.SIGKILL)


def _garbage_adapter(target: Target) -> None:
    path = target.model.with_name("garbage-lora.gguf")
    path.write_bytes(b"GGUF" + os.urandom(4096))
    target.in_the_background(lambda: target.engine.check_adapter(path))


def _bad_grammar(target: Target) -> None:
    target.in_the_background(lambda: target.engine.check_grammar('root ::= root "x" | undefined'))


def _endless(target: Target) -> None:
    target.in_the_background(lambda: [None for _ in target.engine.generate(LONG)])


def _three_deaths(target: Target) -> None:
    for _ in range(3):
        with contextlib.suppress(OwnhandError):
            target.engine.worker.start()
        pid = target.engine.worker.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            psutil.wait_procs([psutil.Process(pid)], 10) if psutil.pid_exists(pid) else None
        while target.engine.worker.pid == pid is not None:
            pass


FAULTS = (
    Fault("killed", _signal(signal.SIGKILL)),
    Fault("segmentation fault", _signal(signal.SIGSEGV)),
    Fault("failed assertion", _signal(signal.SIGABRT)),
    Fault("bus error", _signal(signal.SIGBUS)),
    Fault("stopped", _signal(signal.SIGSTOP)),
    Fault("no more address space", _no_address_space),
    Fault("model file deleted", _delete),
    Fault("garbage LoRA", _garbage_adapter),
    Fault("bad grammar", _bad_grammar),
    Fault("endless generation", _endless),
    Fault("model file truncated", _truncate, takes_the_model=True),
    Fault("model file deleted, engine killed", _delete_and_kill, takes_the_model=True),
    Fault("three deaths", _three_deaths, takes_the_model=True),
)
