"""When to ask for ghost text, and whether an answer is still wanted when it comes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ownhand.domain.completion import Completion, CompletionContext, start
from ownhand.domain.draft import Draft
from ownhand.settings import COMPLETIONS
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import Completing, Settings, Tallying
from ownhand.ui.editor import WritingEdit
from ownhand.ui.widgets import timer

PREFIX_CHARACTERS = 8000
SUFFIX_CHARACTERS = 2000


class Ghosting(QObject):
    """Connects the page to the completing service.

    An answer is used only if the text is at the revision it was asked for and the caret still may show a ghost.

    Signals:
        answered: every completion that was wanted, shown or suppressed (for the status line).
    """

    answered = Signal(object)

    def __init__(
        self,
        edit: WritingEdit,
        completing: Completing,
        tallying: Tallying,
        settings: Settings,
        bridge: Bridge,
        draft: Callable[[], Draft],
        audience: Callable[[], str],
    ) -> None:
        super().__init__(edit)
        self._edit, self._completing, self._settings = edit, completing, settings
        self._tallying = tallying
        self._counted = -1
        """The revision of the text at which a ghost was counted last: one that the second lane betters counts once."""
        self._draft, self._audience = draft, audience
        self._by_model = False
        """Whether the ghost on the page is the model's word; the memory's is asked about again at the next key."""
        self._deliver = bridge.poster(self._arrived)
        # One turn of the event loop, so that a burst of keys asks once.
        self._soon = timer(self, "ghost request", 0)
        self._soon.timeout.connect(self._ask)
        edit.paused_at.connect(self._soon.start)
        edit.edited.connect(self._stop)
        edit.left.connect(self._stop)
        edit.taken.connect(self._taken)
        edit.dismissed.connect(self._dismissed)

    def _taken(self, text: str, replaced: int) -> None:
        self._completing.accepted(text)
        self._tallying.taken(text, replaced)

    def _dismissed(self) -> None:
        self._completing.cancel()
        self._completing.dismissed()

    def _stop(self) -> None:
        self._completing.cancel()

    def _ask(self) -> None:
        if not self._settings.get(COMPLETIONS) or not self._edit.can_show():
            return
        if self._edit.ghost is not None and self._by_model:
            return  # typed through: what is left of it still stands
        place = self._edit.place()
        draft = self._draft()
        self._completing.request(
            CompletionContext(
                prefix=place.prefix[-PREFIX_CHARACTERS:],
                suffix=place.suffix[:SUFFIX_CHARACTERS],
                kind=draft.kind,
                subject=draft.subject,
                recipients=draft.recipients,
                audience=self._audience(),
                reply_to=draft.reply_to,
                revision=self._edit.revision,
            ),
            self._on_worker,
        )

    def _on_worker(self, revision: int, completion: Completion) -> None:
        """Called by the service, from a thread of its own."""
        self._deliver((revision, completion))

    def _arrived(self, answer: tuple[int, Completion]) -> None:
        revision, completion = answer
        if revision != self._edit.revision:
            return
        self.answered.emit(completion)
        if not completion.text:
            return  # what the first lane showed stays: it passed its own gate
        shown = self._edit.ghost
        self._by_model = completion.lane == "model"
        more = shown is not None and len(shown.alternatives) == 1 and bool(completion.alternatives)
        if shown is None or shown.text != completion.text or more:
            session = start(completion.text, completion.alternatives, completion.replaces, completion.stops)
            if self._edit.show_ghost(session) and self._counted != revision:
                self._counted = revision
                self._tallying.shown()
