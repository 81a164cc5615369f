"""The log: what happened and how long it took, never what anybody wrote.

One small rotating file in the log folder.  Nothing that carries the person's words is ever passed to a logger:
domain values hide their texts from `repr`, and errors are logged by their class.  A test types a canary through
every journey and looks for it.
"""

from __future__ import annotations

import logging
import logging.handlers
import traceback
from pathlib import Path
from types import TracebackType

MAX_BYTES = 500_000

_ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _WithoutWords(logging.Formatter):
    """Formats an error by its kind and its frames; its message might quote what somebody wrote."""

    def formatException(self, ei: _ErrorInfo) -> str:
        kind, _, trace = ei
        return "".join(traceback.format_tb(trace)) + (kind.__name__ if kind is not None else "")


def start(folder: Path, *, debug: bool = False) -> None:
    """Write the log into `folder` from now on; where it cannot be written, go on without one."""
    root = logging.getLogger("ownhand")
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    handlers: list[logging.Handler] = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / "ownhand.log", maxBytes=MAX_BYTES, backupCount=2, encoding="utf-8", delay=True
            )
        )
    except OSError:
        handlers.append(logging.NullHandler())
    if debug:
        handlers.append(logging.StreamHandler())
    form = _WithoutWords("%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in handlers:
        handler.setFormatter(form)
        root.addHandler(handler)
