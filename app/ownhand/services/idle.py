"""What is worth doing with the model while nobody needs it; any use of the engine ends it, and it begins anew later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ownhand.errors import Cancelled, UserError
from ownhand.services.rest import Rest

_log = logging.getLogger(__name__)

QUIET_S = 120.0


class IdleJob(Protocol):
    """One thing to do; where there is nothing to do, `run` returns at once."""

    def run(self) -> object:
        """Do it.  Raises Cancelled where `cancel` came, or UserError."""
        ...

    def cancel(self) -> None:
        """End a run that is under way, at once and from any thread."""
        ...


class Idle:
    """Runs its jobs one after the other once the engine has not been used for a while."""

    def __init__(self, jobs: Sequence[IdleJob], wanted: Callable[[], bool] = lambda: True) -> None:
        """`wanted` is asked at the end of each quiet while whether anything may be done."""
        self._jobs = jobs
        self._wanted = wanted
        self._rest = Rest(lambda: QUIET_S, self._act)
        self._running = threading.Lock()
        self._stopped = threading.Event()

    def used(self) -> None:
        """Somebody needs the engine: stop, and wait for the next quiet while.  Cheap; at every request."""
        self._stop()
        self._rest.put_off()

    def close(self) -> None:
        """Never run again."""
        self._rest.close()
        self._stop()

    def _stop(self) -> None:
        self._stopped.set()
        for job in self._jobs:
            job.cancel()

    def _act(self) -> None:
        if not self._wanted() or not self._running.acquire(blocking=False):
            return
        try:
            self._stopped.clear()
            for job in self._jobs:
                if self._stopped.is_set():
                    raise Cancelled
                try:
                    job.run()
                except UserError as error:
                    _log.warning("%s ended with %s", type(job).__name__, type(error).__name__)
        except Cancelled:
            self._rest.put_off()
        finally:
            self._running.release()
