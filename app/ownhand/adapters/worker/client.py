"""The window's side of a worker: start it when it is first needed, talk to it, and bring it back when it dies.

Standard library only: this runs in the window's process, which imports no machine-learning library.

A worker may die at any time.  Requests that were open then raise WorkerError, the next request starts it again (with
a growing pause), and `on_spawn` lets the adapter send again what the new process must know.  After three deaths
within a minute the client refuses until `restart()`.  While somebody waits, a silent worker is asked for a sign of
life, which it gives also in the middle of native work; without one it is taken for hung and killed, as is one that
lives but says nothing about its requests for as long as they are willing to wait.

On Linux the kernel ends a worker with the *thread* that started it (sandbox.py asks for that, because a stopped
process would not see the end of its input).  So one thread, which lives as long as this process, starts them all.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import ownhand
from ownhand.adapters.worker import protocol
from ownhand.errors import Cancelled, UserError, WorkerError

START_TIMEOUT_S: Final = 120.0
PING_S: Final = 1.0
REFUSED_S: Final = 2.0
CLOSE_S: Final = 1.0

Json: TypeAlias = Any
"""What JSON can hold, and bytes."""

STARTING, READY, RESTARTED, FAILED, STOPPED = "starting", "ready", "restarted", "failed", "stopped"

StateListener = Callable[[str, str, str], None]
"""(role, state, sentence); called in whatever thread noticed, and must return quickly."""
Call = Callable[..., Any]
"""call(op, timeout=..., **args) bound to one fresh process."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """When a worker is taken for hung, and when one that dies is started again."""

    deaths: int = 3
    """So many within `within` seconds are enough."""
    within: float = 60.0
    pauses: tuple[float, ...] = (0.0, 0.2, 1.0)
    """Seconds before a start, by the number of deaths within that time; the last one for all further."""
    patience: float = 10.0
    """Seconds without any sign of life, while it is asked for one, after which it counts as hung."""


@dataclass(frozen=True, slots=True)
class About:
    """How to speak of a worker."""

    name: str
    """Begins a sentence: 'The engine', 'The model big.gguf'."""
    again: str = "try again, and it will be started again"
    """What to do after one death."""
    remedy: str = "Start Ownhand again; if that does not help, install it again."
    """What to do when it is not started any more."""


_ENVIRONMENT: Final = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "100",  # WHY not 0: a wake-up costs more than the wait between two operations of the network
    "GGML_NO_BACKTRACE": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "JOBLIB_MULTIPROCESSING": "0",  # it would only complain that it may not make a shared file
    "PYTHONUTF8": "1",
}
_PASSED: Final = frozenset(
    "PATH HOME USER LOGNAME LANG LANGUAGE TZ TMPDIR TEMP TMP LD_LIBRARY_PATH DYLD_LIBRARY_PATH "
    "DYLD_FALLBACK_LIBRARY_PATH PYTHONHOME PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX SYSTEMROOT SYSTEMDRIVE WINDIR "
    "USERPROFILE LOCALAPPDATA NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE".split()
)
"""The variables of ours that a worker gets: where things lie and how the person writes dates, nothing else."""
_PASSED_PREFIXES: Final = tuple(
    "LC_ OMP_ GOMP_ KMP_ MKL_ OPENBLAS_ GGML_ LLAMA_ CUDA_ NVIDIA_ HIP_ ROCR_ HSA_ VK_".split()
)
"""Switches of the numerical libraries and GPU drivers."""
_END: Final = object()


def worker_command(role: str) -> list[str]:
    """How this program starts a worker of its own: the packaged program itself, or the interpreter with the package."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker", role]
    return [sys.executable, "-P", "-m", "ownhand", "--worker", role]


def _environment() -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED or name.upper().startswith(_PASSED_PREFIXES)
    }
    environment = {**passed, **_ENVIRONMENT}
    if not getattr(sys, "frozen", False):
        package = str(Path(ownhand.__file__).resolve().parents[1])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    return environment


class _Spawner:
    """Starts processes, all in one thread that lives as long as this process (see the top)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: queue.SimpleQueue[tuple[str, Future[subprocess.Popen[bytes]]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, role: str) -> subprocess.Popen[bytes]:
        """A worker of this role.  Raises OSError."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="worker starts", daemon=True)
                self._thread.start()
        started: Future[subprocess.Popen[bytes]] = Future()
        self._orders.put((role, started))
        return started.result()

    def _work(self) -> None:
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
        while True:
            role, started = self._orders.get()
            try:
                started.set_result(
                    subprocess.Popen(
                        worker_command(role),
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        env=_environment(),
                        creationflags=flags,
                    )
                )
            except BaseException as error:  # raised where somebody waits for it
                started.set_exception(error)
            del started  # the process is its owner's alone


_SPAWNER: Final = _Spawner()


class WorkerStream:
    """The items of one streaming request; `result` is its answer once the items are exhausted.

    Iterate in one thread; `close()` may come from any thread, cancels the work and returns at once.
    """

    def __init__(self, process: _Process, number: int, timeout: float) -> None:
        self.result: Any = None
        self._process = process
        self._number = number
        self._timeout = timeout
        self._closed = False
        self._ended = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Json:
        if self._ended or self._closed:
            raise StopIteration
        message = self._process.receive(self._number, self._timeout)
        if self._closed:
            raise StopIteration
        if "item" in message:
            return message["item"]
        self._ended = True
        if "error" in message:
            raise message["error"]
        self.result = message.get("result")
        raise StopIteration

    @property
    def closed(self) -> bool:
        """Whether close() ended it before its end."""
        return self._closed

    def close(self) -> None:
        """Tell the worker to stop, and drop what it still sends."""
        if not self._ended and not self._closed:
            self._closed = True
            self._process.abandon(self._number)

    def __enter__(self) -> WorkerStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class WorkerClient:
    """One worker process of a role, and its successors.  Every method may be called from any thread."""

    def __init__(
        self,
        role: str,
        *,
        on_state: StateListener | None = None,
        on_spawn: Callable[[Call], None] | None = None,
        about: Callable[[], About] | None = None,
        supervision: Supervision | None = None,
    ) -> None:
        """`on_spawn(call)` runs after every start, before any request; it sends what the process must know again.

        `about` names, for the sentences, what runs in the worker now.
        """
        self.role = role
        self.on_state = on_state
        self.on_spawn = on_spawn
        self.protection: dict[str, Any] = {}
        """What sandbox.Protection said in the process that runs now."""
        self._about = about or (lambda: About(f"The {role}"))
        self._supervision = supervision or Supervision()
        self._spawning = threading.RLock()
        self._process: _Process | None = None
        self._deaths: deque[float] = deque(maxlen=self._supervision.deaths)
        self._refused: tuple[float, UserError] | None = None
        self._started = 0
        self._closed = False
        _CLIENTS.add(self)

    # -- requests

    def call(self, op: str, timeout: float = 30.0, *, replaces: str = "", **args: Json) -> Json:
        """Ask and wait for the answer.

        `timeout` is how long, in seconds, the worker may give no sign of life at all.  `replaces` cancels the open
        requests that carried the same word.  Raises WorkerError if the worker dies or hangs, Cancelled if a newer
        request took its place, and whatever UserError the worker raised.
        """
        return self._ensure().call(op, timeout, replaces=replaces, **args)

    def stream(self, op: str, *, timeout: float = 30.0, replaces: str = "", **args: Any) -> WorkerStream:
        """Ask for a stream of items; as `call` otherwise."""
        process = self._ensure()
        return WorkerStream(process, process.send(op, args, replaces), timeout)

    # -- life

    @property
    def pid(self) -> int | None:
        """Process id of the worker that runs now, or None."""
        process = self._process
        return process.pid if process is not None and process.running else None

    @property
    def failing(self) -> bool:
        """Whether it is not started any more: it died too often, or its last start was refused."""
        return self.pid is None and (self._refused is not None or self._recent() >= self._supervision.deaths)

    @property
    def debug_lines(self) -> tuple[str, ...]:
        """The last lines the worker's libraries printed; no part of the person's text is among them."""
        process = self._process
        return tuple(process.printed) if process is not None else ()

    def start(self) -> None:
        """Start the worker now rather than at the first request.  Raises WorkerError if it cannot be started."""
        self._ensure()

    def restart(self) -> None:
        """End the worker and forget its earlier deaths; the next request starts a new one."""
        with self._spawning:
            process, self._process = self._process, None
            self._deaths.clear()
            self._refused = None
        if process is not None:
            process.end()

    def close(self) -> None:
        """End the worker within two seconds; further requests are refused."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            process.end()
        _CLIENTS.discard(self)

    def _ensure(self) -> _Process:
        process = self._process
        if process is not None and process.running and not self._spawning_here(process):
            return process
        with self._spawning:
            process = self._process
            if self._closed:
                raise WorkerError(f"The {self.role} is shutting down.")
            if process is not None and process.running:
                return process
            return self._spawn()

    def _spawning_here(self, process: _Process) -> bool:
        """Whether the process is still being told what it must know, so that only that thread may use it."""
        return not process.prepared

    def _spawn(self) -> _Process:
        recent = self._recent()
        if recent >= self._supervision.deaths:
            raise WorkerError(self._refusal())
        if self._refused is not None and time.monotonic() - self._refused[0] < REFUSED_S:
            raise self._refused[1]  # every keystroke may ask, and starting costs
        time.sleep(self._supervision.pauses[min(recent, len(self._supervision.pauses) - 1)])
        self._tell(STARTING, f"The {self.role} is starting.")
        process = _Process(self.role, self._died, self._about, self._supervision.patience)
        self._process = process
        try:
            self.protection = process.wait_ready(START_TIMEOUT_S)
            if self.on_spawn is not None:
                self.on_spawn(process.call)
        except BaseException as error:
            # WHY: a request that the worker answered with a plain refusal is no death of the worker
            process.ended_by_us = isinstance(error, UserError) and not isinstance(error, WorkerError)
            process.kill()
            if isinstance(error, UserError) and process.ended_by_us:
                self._refused = time.monotonic(), error
                # a first start that is refused is an answer to whoever asked; only a later one is news
                self._tell(*((FAILED, str(error)) if self._started else (STOPPED, "")))
            raise
        self._refused = None
        process.prepared = True
        self._started += 1
        if self._started == 1:
            self._tell(READY, f"The {self.role} is ready.")
        else:
            self._tell(RESTARTED, f"The {self.role} stopped and was started again; nothing of yours was lost.")
        return process

    def _died(self, process: _Process) -> None:
        if self._closed or process.ended_by_us:
            return
        self._deaths.append(time.monotonic())
        if self._recent() >= self._supervision.deaths:
            self._tell(FAILED, self._refusal())

    def _recent(self) -> int:
        """Deaths that still count."""
        now = time.monotonic()
        return sum(now - died < self._supervision.within for died in list(self._deaths))

    def _refusal(self) -> str:
        about = self._about()
        times, within = self._supervision.deaths, self._supervision.within
        return (
            f"{about.name} stopped {times} times within {'a minute' if within == 60 else f'{within:g} seconds'} "
            f"and was not started again. {about.remedy}"
        )

    def _tell(self, state: str, sentence: str) -> None:
        if self.on_state is not None:
            self.on_state(self.role, state, sentence)


_CLIENTS: weakref.WeakSet[WorkerClient] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for client in list(_CLIENTS):
        client.close()


class _Process:
    """One running worker and the mailboxes of the requests that are open with it."""

    def __init__(
        self, role: str, on_death: Callable[[_Process], None], about: Callable[[], About], patience: float
    ) -> None:
        self.role = role
        self.prepared = False
        self.ended_by_us = False
        self.printed: deque[str] = deque(maxlen=50)
        self._on_death = on_death
        self._about = about
        self._patience = patience
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._mailboxes: dict[int, queue.SimpleQueue[Any]] = {}
        # WHY re-entrant: a forgotten stream is closed by the garbage collector, which may strike inside the lock
        self._boxes_lock = threading.RLock()
        self._dead = False
        self._why = ""
        self._last_sign = self._last_word = time.monotonic()
        """When it last said anything about a request, and anything at all."""
        self._pinged: float | None = None
        """Since when it owes a sign of life."""
        self._next = 1
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            self._popen = _SPAWNER.start(role)
        except OSError as error:
            raise WorkerError(
                f"The {role} could not be started ({error.strerror}). Start Ownhand again; if that does not help, "
                "install it again."
            ) from None
        self.pid = self._popen.pid
        self._threads = [
            threading.Thread(target=self._write_messages, name=f"{role} requests", daemon=True),
            threading.Thread(target=self._read_messages, name=f"{role} answers", daemon=True),
            threading.Thread(target=self._read_prints, name=f"{role} prints", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> bool:
        return not self._dead

    def wait_ready(self, timeout: float) -> dict[str, Any]:
        """Wait for the first message; its protection.  Raises WorkerError."""
        message = self._next_of(self._ready, time.monotonic(), timeout)
        if message is None:
            self.kill()
            raise WorkerError(f"The {self.role} did not start in time. Close other programs and try again.")
        if message is _END:
            raise WorkerError(
                f"The {self.role} could not be started. Start Ownhand again; if that does not help, install it again."
            )
        protection = message.get("protection", {})
        return protection if isinstance(protection, dict) else {}

    def call(self, op: str, timeout: float = 30.0, *, replaces: str = "", **args: Json) -> Json:
        number = self.send(op, args, replaces)
        message = self.receive(number, timeout)
        if "error" in message:
            raise message["error"]
        return message.get("result")

    def send(self, op: str, args: dict[str, Any], replaces: str) -> int:
        """Send one request; its number."""
        message: dict[str, Any] = {"id": 0, "op": op, "args": args}
        if replaces:
            message["replaces"] = replaces
        with self._boxes_lock:
            if self._dead:
                raise self._death()
            number = message["id"] = self._next
            line = protocol.encode(message)
            self._next += 1
            self._mailboxes[number] = queue.SimpleQueue()
        self._outbox.put(line)
        return number

    def receive(self, number: int, timeout: float) -> dict[str, Any]:
        """The next item or the end of a request.  An error is returned as {"error": exception}."""
        box = self._mailboxes.get(number)
        if box is None:
            return {"error": Cancelled("cancelled")}
        since = time.monotonic()
        while True:
            message = self._next_of(box, since, timeout)
            if message is None:
                self._why = (
                    f"{self._about().name} did not answer for {time.monotonic() - since:.0f} seconds and was stopped. "
                    "Try again; if it happens often, choose a smaller model in Settings."
                )
                self.kill()
                self._drop(number)
                return {"error": WorkerError(self._why)}
            if "alive" in message:
                continue
            if "item" not in message:
                self._drop(number)
            if "error" in message and not isinstance(message["error"], BaseException):
                return {"error": protocol.error_from_wire(message["error"], self.role)}
            return dict(message)

    def _next_of(self, box: queue.SimpleQueue[Any], since: float, timeout: float) -> Any:  # noqa: ANN401 (or _END)
        """The next message in a mailbox; None if the worker is hung.

        That is: since `since` nothing about any request for `timeout` seconds, or no answer to a ping for `patience`.
        """
        while True:
            now = time.monotonic()
            left = timeout - (now - max(since, self._last_sign))
            pinged = self._pinged
            if pinged is not None:
                left = min(left, self._patience - (now - pinged))
            elif now - self._last_word >= PING_S:
                self._pinged = now
                self._outbox.put(protocol.encode({"ping": 1}))
            if left <= 0:
                return None
            with contextlib.suppress(queue.Empty):
                return box.get(timeout=min(left, PING_S))

    def abandon(self, number: int) -> None:
        """Cancel a request and drop what still comes for it; whoever waits for it wakes with Cancelled."""
        box = self._drop(number)
        if box is None:
            return
        box.put({"error": Cancelled("cancelled")})
        self._outbox.put(protocol.encode({"cancel": number}))

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()
        self._join(CLOSE_S)

    def end(self) -> None:
        """Close its input, which ends it; kill it if that takes longer than a second."""
        self.ended_by_us = True
        self._outbox.put(_END)
        try:
            self._popen.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._join(CLOSE_S)

    def _join(self, timeout: float) -> None:
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _write_messages(self) -> None:
        """Send what is in the outbox; a thread of its own, so that nobody ever waits for a full pipe."""
        stdin = self._popen.stdin
        if stdin is None:
            return
        # WHY suppressed: a pipe that is broken means a worker that died, which the reading thread reports
        with contextlib.suppress(OSError):
            while (line := self._outbox.get()) is not _END:
                stdin.write(line)
                stdin.flush()
        with contextlib.suppress(OSError):
            stdin.close()

    def _drop(self, number: int) -> queue.SimpleQueue[Any] | None:
        with self._boxes_lock:
            return self._mailboxes.pop(number, None)

    def _death(self) -> UserError:
        about = self._about()
        return WorkerError(self._why or f"{about.name} stopped unexpectedly. Your text is safe; {about.again}.")

    def _read_messages(self) -> None:
        stdout = self._popen.stdout
        try:
            for line in stdout or ():
                message = protocol.decode(line)
                self._last_word, self._pinged = time.monotonic(), None
                if "pong" in message:
                    continue
                self._last_sign = self._last_word
                if "ready" in message:
                    self._ready.put(message)
                    continue
                box = self._mailboxes.get(message.get("id", 0))
                if box is not None:
                    box.put(message)
        except protocol.ProtocolError:
            self._popen.kill()
        finally:
            self._bury()

    def _bury(self) -> None:
        """Reap the process and wake everybody who waits for it."""
        self._popen.kill()
        self._popen.wait()
        self._on_death(self)  # before anybody can notice, so that the next start already counts this death
        with self._boxes_lock:
            self._dead = True
            boxes = list(self._mailboxes.values())
        for box in boxes:
            box.put({"error": self._death()})
        self._ready.put(_END)
        self._outbox.put(_END)
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def _read_prints(self) -> None:
        stderr = self._popen.stderr
        if stderr is None:
            return
        with stderr:
            for line in stderr:
                self.printed.append(line.decode("utf-8", "replace").rstrip()[:500])
