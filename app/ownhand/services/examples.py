"""The person's own passages that stand before a draft in the model's view while it is completed.

They are chosen by what they are expected to save (domain/ranking.py), once when a draft is begun and once more when its
first lines are there; in between they stay what they are, because every change of them has the model read all anew.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from ownhand.domain.completion import CompletionContext
from ownhand.domain.corpus import Passage
from ownhand.errors import UserError
from ownhand.services.retrieval import Retrieval

COUNT: Final = 2
"""More save hardly more (`ownhand bench retrieval`) and cost time when a draft is opened."""
FIRST_LINES: Final = 300
"""Characters after which what a draft is about can be told from its text."""

_log = logging.getLogger(__name__)

_Key = tuple[object, ...]


class Examples:
    """The examples of the draft that is being written.  Safe from any thread."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self._lock = threading.Lock()
        self._key: _Key = ()
        self._chosen: tuple[Passage, ...] = ()
        self._finding: threading.Thread | None = None

    def of(self, context: CompletionContext, *, wait: bool = False) -> tuple[Passage, ...]:
        """What stands before this draft, the best last.

        While it is being looked for, what stood there before if that was the same draft, else nothing; with `wait` it
        is waited for.
        """
        key = _key(context)
        with self._lock:
            if key == self._key:
                return self._chosen
            if key[:-1] != self._key[:-1]:
                self._chosen = ()
            self._key = key
            finding = threading.Thread(target=self._find, args=(key, context), name="examples", daemon=True)
            self._finding = finding
            finding.start()
        if wait:
            finding.join()
        with self._lock:
            return self._chosen

    def forget(self) -> None:
        """The history has changed: choose anew at the next key."""
        with self._lock:
            self._key, self._chosen = (), ()

    def _find(self, key: _Key, context: CompletionContext) -> None:
        parts = [context.subject, context.prefix[: 2 * FIRST_LINES]]
        if context.reply_to is not None:
            parts.append(context.reply_to.text[:600])
        try:
            found = self._retrieval.examples("\n".join(parts), COUNT, context.recipients, context.kind)
        except UserError as error:  # a vault that is being locked; completions go on without
            _log.warning("no examples: %s", type(error).__name__)
            return
        with self._lock:
            if key == self._key:
                self._chosen = tuple(reversed(found))


def _key(context: CompletionContext) -> _Key:
    reply = context.reply_to.text[:600] if context.reply_to is not None else ""
    return context.kind, context.subject, context.recipients, reply, len(context.prefix) >= FIRST_LINES
