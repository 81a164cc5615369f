"""The one way back to the window's thread: work runs in plain Python threads, results arrive as queued signals.

No QThread (its deletion races crash PySide6) and no event-loop re-entry.  A callback is held weakly when it is a bound
method, so a widget that is gone by the time an answer comes is neither kept alive nor called.
"""

from __future__ import annotations

import logging
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

from ownhand.errors import Cancelled, UserError

log = logging.getLogger(__name__)

T = TypeVar("T")
Callback = Callable[[Any], None]

WORKERS = 3
"""Threads for ordinary jobs.  Long ones (an import) get a thread of their own through `run_long`."""


class _Held:
    """A callback that does not keep its widget alive."""

    def __init__(self, callback: Callback) -> None:
        owner = getattr(callback, "__self__", None)
        self._owner_is_qt = isinstance(owner, QObject)
        self._resolve: Callable[[], Callback | None]
        if owner is not None and hasattr(callback, "__func__"):
            self._resolve = weakref.WeakMethod(callback)
        else:
            self._resolve = lambda: callback

    def __call__(self, value: object) -> None:
        callback = self._resolve()
        if callback is None:
            return
        owner = getattr(callback, "__self__", None)
        if self._owner_is_qt and not shiboken6.isValid(owner):
            return
        callback(value)


class Bridge(QObject):
    """Runs blocking calls off the window's thread and brings what they return back onto it.

    Signals:
        failed: an error that no caller took, as (sentence, exception).
    """

    failed = Signal(str, object)
    _arrived = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._pending = 0
        self._lock = threading.Lock()
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._threads = [
            threading.Thread(target=self._work, name=f"bridge-{index}", daemon=True) for index in range(WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self,
        job: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run `job` in a worker thread; then exactly one of the callbacks on the window's thread.

        Without `on_error` a failure is told through `failed`.  `Cancelled` is silent.
        """
        self._jobs.put(self._wrapped(job, on_done, on_error))

    def run_long(
        self,
        job: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """As `run`, in a thread of its own: for work that takes seconds or minutes."""
        work = self._wrapped(job, on_done, on_error)
        threading.Thread(target=work, name="bridge-long", daemon=True).start()

    def poster(self, callback: Callable[[T], None]) -> Callable[[T], None]:
        """A function that any thread may call; `callback` then runs on the window's thread."""
        held = _Held(callback)

        def post(value: T) -> None:
            if not self._closed.is_set():
                self._emit(held, value)

        return post

    @property
    def idle(self) -> bool:
        """Whether nothing is under way that could still call back (for tests that wait)."""
        with self._lock:
            return self._pending == 0 or self._closed.is_set()

    def close(self) -> None:
        """No callback runs after this; waits a moment for work that is nearly done."""
        self._closed.set()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _wrapped(
        self,
        job: Callable[[], T],
        on_done: Callable[[T], None] | None,
        on_error: Callable[[Exception], None] | None,
    ) -> Callable[[], None]:
        done = _Held(on_done) if on_done is not None else None
        error = _Held(on_error) if on_error is not None else _Held(self._report)
        with self._lock:
            self._pending += 1

        def work() -> None:
            try:
                result: object = job()
            except Cancelled:
                self._emit(None, None)
            except Exception as failure:
                if not isinstance(failure, UserError):
                    log.exception("a job of the window failed")
                self._emit(error, failure, counted=True)
            else:
                self._emit(done, result, counted=True)

        return work

    def _emit(self, held: _Held | None, value: object, counted: bool = False) -> None:
        if self._closed.is_set() or not shiboken6.isValid(self):
            return
        self._arrived.emit(held, (value, counted or held is None))

    @Slot(object, object)
    def _deliver(self, held: _Held | None, answer: tuple[object, bool]) -> None:
        value, counted = answer
        if counted:
            with self._lock:
                self._pending -= 1
        if held is not None and not self._closed.is_set():
            held(value)

    def _report(self, failure: Exception) -> None:
        self.failed.emit(sentence_of(failure), failure)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def sentence_of(failure: Exception) -> str:
    """What to tell the person: a UserError speaks for itself, anything else is our mistake."""
    if isinstance(failure, UserError):
        return str(failure)
    return "Something went wrong inside Ownhand. Your text is safe; the details are in the log."
