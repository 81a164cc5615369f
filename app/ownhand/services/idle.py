"""What is worth doing with the model while nobody needs it; any use of the engine ends it, and it begins anew later."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ownhand.errors import Cancelled, UserError
from ownhand.services.rest import Rest
from ownhand.services.stopping import Stopping

_log = logging.getLogger(__name__)

QUIET_S = 120.0


class IdleJob(Protocol):
    """One thing to do; where there is nothing to do, `run` returns at once."""

    def run(self, stop: Stopping, /) -> object:
        """Do it until `stop` says otherwise.  Raises Cancelled where it did, or UserError."""
        ...


class Idle:
    """Runs its jobs one after the other once the engine has not been used for a while."""

    def __init__(self, jobs: Sequence[IdleJob], wanted: Callable[[], bool] = lambda: True) -> None:
        """`wanted` is asked at the end of each quiet while whether anything may be done."""
        self._jobs = jobs
        self._wanted = wanted
        self._rest = Rest(lambda: QUIET_S, self._act)
        self._lock = threading.Lock()
        self._used_at = -math.inf
        self._running: Stopping | None = None
        self._closed = False

    def used(self) -> None:
        """Somebody needs the engine: stop, and wait for the next quiet while.  Cheap; at every request."""
        with self._lock:
            self._used_at = time.monotonic()
            running = self._running
        if running is not None:
            running.cancel()
        self._rest.put_off()

    def close(self) -> None:
        """Never run again."""
        with self._lock:
            self._closed = True
        self._rest.close()
        self.used()

    def _act(self) -> None:
        if not self._wanted():
            return
        with self._lock:
            # WHY asked again: the engine may have been used since the while was found to be over
            used = time.monotonic() - self._used_at < QUIET_S
            if used or self._closed or self._running is not None:
                return
            stop = self._running = Stopping()
        try:
            for job in self._jobs:
                stop.check()
                try:
                    job.run(stop)
                except UserError as error:
                    _log.warning("%s ended with %s", type(job).__name__, type(error).__name__)
        except Cancelled:
            self._rest.put_off()
        finally:
            with self._lock:
                self._running = None
