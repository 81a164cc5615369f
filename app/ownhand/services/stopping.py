"""Work that can be ended from any thread, once and for all: each piece of work gets an object of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ownhand.domain.ports import Stream
from ownhand.errors import Cancelled


class Stopping:
    """Whether a piece of work is to end.  It is never taken back, so that no `cancel` can be lost."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._streams: dict[int, Stream] = {}
        """What is read now, each in a thread of its own."""

    def cancel(self) -> None:
        """End it at once, also where it waits for the engine."""
        self._cancelled.set()
        for stream in list(self._streams.values()):
            stream.close()

    @property
    def cancelled(self) -> bool:
        """Whether it is to end."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises Cancelled where it is to end."""
        if self.cancelled:
            raise Cancelled

    def watch(self, stream: Stream) -> Iterator[str]:
        """The pieces of a stream, until cancelled.  Raises Cancelled."""
        self._streams[id(stream)] = stream
        try:
            if self.cancelled:  # before `cancel` could see the stream
                stream.close()
            for piece in stream:
                if self.cancelled:
                    stream.close()
                    break
                yield piece.text
        finally:
            self._streams.pop(id(stream), None)
        self.check()
