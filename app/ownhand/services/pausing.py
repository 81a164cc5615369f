"""Pausing and cancelling work that asks now and then whether it should go on."""

from __future__ import annotations

import threading


class Control:
    """Given to a service as its `cancelled`: asking it waits while the work is paused.  Safe from any thread."""

    def __init__(self) -> None:
        self._going = threading.Event()
        self._going.set()
        self._cancelled = False

    def __call__(self) -> bool:
        """Whether to stop; answers at once unless the work is paused."""
        self._going.wait()
        return self._cancelled

    @property
    def paused(self) -> bool:
        """Whether the work waits, or will as soon as it asks."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Let it wait at its next step."""
        if not self._cancelled:
            self._going.clear()

    def resume(self) -> None:
        """Let it go on."""
        self._going.set()

    def cancel(self) -> None:
        """End it at its next step, paused or not."""
        self._cancelled = True
        self._going.set()

    def is_set(self) -> bool:
        """Whether it was cancelled, without waiting."""
        return self._cancelled
