"""The child's side of a worker: take requests from standard input, one at a time, and answer on standard output.

A role is a module with `open_role(desk: Desk) -> Mapping[str, Operation]`.  An operation is called in the main thread
as `operation(job, **args)`; what it returns is the answer.  `job.send(item)` streams, `job.check()` raises Cancelled
once the window lost interest.  An operation that takes long calls `desk.serve(where)` between its steps, which runs
the waiting requests that may go first; this is the whole of the concurrency, so nothing here needs a lock of its own.

A second thread reads standard input, so a cancel takes effect, and a ping is answered, while the main thread computes.
End of input ends the process at once, also in the middle of native code: a worker holds nothing that would have to be
saved.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Final

from ownhand.adapters.worker import protocol, sandbox
from ownhand.errors import BadInput, Cancelled

ROLES: Final = {
    "engine": "ownhand.adapters.worker.engine",
    "recall": "ownhand.adapters.worker.recall",
    "reader": "ownhand.adapters.worker.outlook_data",
    "trainer": "ownhand.adapters.worker.trainer",
}
NICE: Final = 10
_ALIVE_EVERY: Final = 0.5
_NO_MEMORY: Final = 78
"""Exit status, beside 77 of a failed assertion in native code (llama.py)."""

Operation = Callable[..., Any]
ANSWERED: Final = object()
"""What an operation returns that has called `Desk.answer` itself."""


class Job:
    """One request on its way."""

    def __init__(self, desk: Desk, number: int, op: str, args: dict[str, Any], replaces: str) -> None:
        self.number = number
        self.op = op
        self.args = args
        self.replaces = replaces
        self.arrived = time.monotonic()
        self.cancelled = False
        """Set by the reading thread; a plain attribute, because native code polls it a thousand times a second."""
        self.stood_aside = 0.0
        """Seconds in which it let others go first."""
        self._desk = desk
        self._said = self.arrived

    def send(self, item: object) -> None:
        """Stream one item to the window."""
        self._said = time.monotonic()
        self._desk.post({"id": self.number, "item": item})

    def alive(self) -> None:
        """Tell the window that this request is being worked on; cheap, call it as often as you like."""
        now = time.monotonic()
        if now - self._said >= _ALIVE_EVERY:
            self._said = now
            self._desk.post({"id": self.number, "alive": True})

    def check(self) -> None:
        """Raise Cancelled if the window no longer wants this; also a sign of life."""
        if self.cancelled:
            raise Cancelled("cancelled")
        self.alive()


class Desk:
    """The requests that wait, and the way answers take."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._out_lock = threading.Lock()
        self._waiting: list[Job] = []
        self._open: dict[int, Job] = {}
        self._arrival = threading.Condition()
        self._operations: Mapping[str, Operation] = {}
        self.noticed: Callable[[], None] = lambda: None
        """Called in the reading thread after every arrival and every cancelling."""

    def post(self, message: Mapping[str, Any]) -> None:
        """Send one message; a window that is gone ends the process."""
        line = protocol.encode(message)
        try:
            with self._out_lock:
                self._out.write(line)
                self._out.flush()
        except (BrokenPipeError, OSError):
            os._exit(0)

    def arrive(self, message: Mapping[str, Any]) -> None:
        """Take one message from the window (called in the reading thread)."""
        if "ping" in message:
            self.post({"pong": message["ping"]})
            return
        with self._arrival:
            if "cancel" in message:
                job = self._open.get(message["cancel"])
                if job is not None:
                    job.cancelled = True
            else:
                self._queue(message)
        self.noticed()

    def _queue(self, message: Mapping[str, Any]) -> None:
        job = Job(self, message["id"], message["op"], message.get("args") or {}, message.get("replaces") or "")
        if job.replaces:
            for other in self._open.values():
                if other.replaces == job.replaces:
                    other.cancelled = True
        self._open[job.number] = job
        self._waiting.append(job)
        self._arrival.notify()

    def pressing(self, where: Callable[[Job], bool]) -> bool:
        """Whether a request waits for which `where` holds, or any request that is open was cancelled."""
        with self._arrival:
            return any(where(job) for job in self._waiting) or any(job.cancelled for job in self._open.values())

    def take(self, where: Callable[[Job], bool], past: Callable[[Job], bool]) -> Job | None:
        """The oldest waiting request, if `where` holds for it, to be answered by `answer`; those for which `past` holds
        are looked past, since they are served another way.
        """
        with self._arrival:
            job = next((job for job in self._waiting if not past(job)), None)
            if job is None or not where(job):
                return None
            self._waiting.remove(job)
            return job

    def serve(self, where: Callable[[Job], bool]) -> None:
        """Run every waiting request for which `where` holds, oldest first, and return."""
        while self._waiting:
            with self._arrival:
                job = next((job for job in self._waiting if job.cancelled or where(job)), None)
                if job is None:
                    return
                self._waiting.remove(job)
            self._run(job)

    def run(self, operations: Mapping[str, Operation]) -> None:
        """Serve requests for ever; the reading thread ends the process."""
        self._operations = operations
        while True:
            with self._arrival:
                while not self._waiting:
                    self._arrival.wait()
                job = self._waiting.pop(0)
            self._run(job)

    def _run(self, job: Job) -> None:
        try:
            if job.cancelled:
                raise Cancelled("cancelled")
            operation = self._operations.get(job.op)
            if operation is None:
                raise BadInput(f"This worker cannot do {job.op!r}.")
            result = operation(job, **job.args)
        except MemoryError as error:  # what else broke on the way nobody knows; the window starts another
            _report(error)
            os._exit(_NO_MEMORY)
        except Exception as error:  # the one place where a worker's failures become messages
            self.answer(job, error=error)
        else:
            if result is not ANSWERED:
                self.answer(job, result)

    def answer(self, job: Job, result: object = None, error: Exception | None = None) -> None:
        """End a request with its result, or with an error."""
        answer: dict[str, Any] = {"id": job.number, "result": result}
        if error is not None:
            answer = {"id": job.number, "error": protocol.error_to_wire(error)}
            if answer["error"]["kind"] == protocol.FAULT:
                _report(error)
        with self._arrival:
            self._open.pop(job.number, None)
        self.post(answer)


def main(role: str) -> int:
    """Be the worker of this role until standard input ends.  Returns 2 for an unknown role; else it does not return."""
    if role not in ROLES:
        print(f"There is no worker called {role!r}; there are: {', '.join(ROLES)}.", file=sys.stderr)
        return 2
    requests, answers = _take_the_pipes()
    sys.excepthook = _on_uncaught
    threading.excepthook = lambda args: _on_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is the window's business
    if sys.platform != "win32":
        os.nice(NICE)
    protection = sandbox.enter(graphics=role == "engine")
    desk = Desk(answers)
    threading.Thread(target=_read, args=(requests, desk), name="requests", daemon=True).start()
    operations = dict(importlib.import_module(ROLES[role]).open_role(desk))
    operations["probe"] = lambda job, **reach: sandbox.probe(**reach)
    desk.post({"ready": role, "pid": os.getpid(), "protection": protection.to_wire()})
    desk.run(operations)
    return 0


def _take_the_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep fds 0 and 1 for the protocol alone: native code prints to fd 1, and a started program could read fd 0."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return requests, answers


def _read(requests: BinaryIO, desk: Desk) -> None:
    try:
        for line in requests:
            desk.arrive(protocol.decode(line))
    except Exception as error:  # a window that speaks nonsense: nothing more can be understood
        _report(error)
    finally:
        os._exit(0)


def _report(error: BaseException) -> None:
    sys.stderr.write(protocol.place_of(error) + "\n")
    sys.stderr.flush()


def _on_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Name the place of a fault; the message of an exception may hold the person's words and is left out."""
    if error is not None:
        _report(error.with_traceback(trace))
