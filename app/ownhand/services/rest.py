"""Something to do once nothing has happened for a while, and no wake-up before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Rest:
    """Calls `act` when the last `put_off` is longer ago than `after` seconds; from a thread of its own."""

    def __init__(self, after: Callable[[], float], act: Callable[[], None]) -> None:
        """`after` is asked anew each time; 0 or less means never."""
        self._after = after
        self._act = act
        self._lock = threading.Lock()
        self._last = 0.0
        self._timer: threading.Timer | None = None
        self._closed = False

    def put_off(self) -> None:
        """Something happened; cheap, to be called at every keystroke."""
        self._last = time.monotonic()
        if self._timer is None and self._after() > 0:
            with self._lock:
                self._wait(self._after())

    def close(self) -> None:
        """Never act again."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _wait(self, seconds: float) -> None:
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(seconds, self._rung)
            self._timer.daemon = True
            self._timer.start()

    def _rung(self) -> None:
        with self._lock:
            self._timer = None
            after = self._after()
            left = self._last + after - time.monotonic()
            if after > 0 and left > 0:
                self._wait(left)
                return
        if after > 0 and not self._closed:
            self._act()
