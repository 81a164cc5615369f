"""The draft under way: opening, autosave, and what the person made of the suggestions they took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from ownhand.domain import text as words
from ownhand.domain.draft import Draft
from ownhand.domain.preference import Preference
from ownhand.domain.suggestion import Suggestion
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import Learning, Library, Tallying
from ownhand.ui.editor import Span, WritingEdit
from ownhand.ui.header import Header
from ownhand.ui.widgets import timer

AUTOSAVE_MS = 1000
"""From the first change that is not saved yet; so somebody who types without a pause is saved as often."""
SETTLE_MS = 20_000
"""A suggestion that was taken counts as kept once the person has not touched the text for so long."""


@dataclass(slots=True)
class Taken:
    """A suggestion in the text, followed through later changes by a cursor."""

    suggestion: Suggestion
    span: Span
    whole: bool
    """It replaced the whole draft, so what is written at its end belongs to it."""
    recipients: tuple[str, ...]
    audience: str


def kept_of(suggested: str, span: str, *, whole: bool) -> str:
    """What of a span counts as kept: without what was merely written before or after words that stayed as they were.

    >>> kept_of("Fine. Thanks.", "Fine. Thanks. And another thing.", whole=False)
    'Fine. Thanks.'
    >>> kept_of("Fine. Thanks.", "OK. Thanks.", whole=False)
    'OK. Thanks.'
    """
    if whole:
        return span
    hunks = words.diff(suggested, span)
    if len(hunks) > 1 and hunks[-1].kind == "insert" and hunks[-2].kind == "equal":
        hunks = hunks[:-1]
    if len(hunks) > 1 and hunks[0].kind == "insert" and hunks[1].kind == "equal":
        hunks = hunks[1:]
    return "".join(hunk.new for hunk in hunks)


class Session(QObject):
    """One draft at a time, saved whole within a second of a change and whenever it is left.

    Signals:
        opened: another draft is on the page.
        saved: the draft under way is in the vault, as it was when it was saved.
        changed: the text or what belongs to it changed.
        learned: preferences that came into effect.
        troubled: a sentence about something that could not be saved or learned.
    """

    opened = Signal(object)
    saved = Signal(object)
    changed = Signal()
    learned = Signal(object)
    troubled = Signal(str)

    def __init__(
        self,
        edit: WritingEdit,
        header: Header,
        library: Library,
        learning: Learning,
        tallying: Tallying,
        bridge: Bridge,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._edit, self._header = edit, header
        self._library, self._learning, self._bridge = library, learning, bridge
        self._tallying = tallying
        self._draft: Draft | None = None
        self._dirty = False
        self._saving = False
        self._again = False
        self._filling = False
        self._taken: list[Taken] = []
        self._autosave = timer(self, "autosave", AUTOSAVE_MS)
        self._autosave.timeout.connect(self.save)
        self._settled = timer(self, "settle learning", SETTLE_MS)
        self._settled.timeout.connect(self.settle)
        edit.edited.connect(self._touched)
        header.changed.connect(self._touched)
        edit.left.connect(self.save)

    @property
    def is_open(self) -> bool:
        """Whether there is a draft on the page."""
        return self._draft is not None

    @property
    def pending(self) -> int:
        """How many taken suggestions have not been learned from yet."""
        return len(self._taken)

    def draft(self) -> Draft:
        """The draft as it stands on the screen."""
        if self._draft is None:
            raise LookupError("no draft is open")
        return replace(self._header.onto(self._draft), text=self._edit.text(), caret=self._edit.caret)

    def open(self, draft: Draft) -> None:
        """Put a draft on the page; the one before is saved and its suggestions are learned from."""
        self.leave()
        self._filling = True
        self._draft = draft
        self._header.show_draft(draft)
        self._edit.set_text(draft.text, draft.caret)
        self._filling = False
        self._dirty = False
        self.opened.emit(draft)

    def close_deleted(self, draft_id: str) -> None:
        """The draft was deleted: nothing of it is saved again."""
        if self._draft is not None and self._draft.id == draft_id:
            self._autosave.stop()
            self._taken.clear()
            self._draft, self._dirty = None, False

    def leave(self) -> None:
        """The draft is being left: save it, learn from it."""
        if self._draft is not None:
            self.settle()
            self.save()

    def save(self) -> None:
        """Save in the background if anything changed; saves of one draft never overtake each other."""
        self._autosave.stop()
        if not self._dirty or self._draft is None:
            return
        if self._saving:
            self._again = True
            return
        self._saving, self._dirty = True, False
        draft = self._draft = self.draft()
        library, tallying = self._library, self._tallying

        def work() -> Draft:
            library.save(draft)
            tallying.flush(soon=True)
            return draft

        self._bridge.run(work, self._save_done, self._save_failed)

    def save_now(self) -> None:
        """Save and wait: for the end of the program and for a crash."""
        self._autosave.stop()
        if self._draft is not None and (self._dirty or self._saving):
            self._dirty = False
            self._library.save(self.draft())

    def _save_done(self, draft: Draft) -> None:
        self._saving = False
        self.saved.emit(draft)
        self._save_again()

    def _save_failed(self, failure: Exception) -> None:
        self._saving, self._dirty = False, True
        self.troubled.emit(sentence_of(failure))
        self._autosave.start(5 * AUTOSAVE_MS)

    def _save_again(self) -> None:
        if self._again:
            self._again = False
            self.save()

    def _touched(self) -> None:
        if self._filling or self._draft is None:
            return
        self._dirty = True
        if not self._autosave.isActive():
            self._autosave.start(AUTOSAVE_MS)
        if self._taken:
            self._settled.start()
        self.changed.emit()

    # ------------------------------------------------------------------------------------------------- learning

    def took(self, suggestion: Suggestion, start: int, end: int, audience: str) -> None:
        """A suggestion, or some of its changes, stands in the text from `start` to `end` (code points)."""
        whole = start == 0 and end == len(self._edit.text())
        recipients = self.draft().recipients
        self._taken.append(Taken(suggestion, self._edit.span(start, end), whole, recipients, audience))
        self._settled.start()

    def settle(self, then: Callable[[], None] | None = None) -> None:
        """Learn from every suggestion that was taken: the pair is what was suggested and what stands there now.

        One that was undone is no edit.  `then` runs once all of it is learned.
        """
        self._settled.stop()
        taken, self._taken = self._taken, []
        pairs = []
        for item in taken:
            now = self._edit.text() if item.whole else item.span.text()
            kept = kept_of(item.suggestion.text, now, whole=item.whole)
            if kept.strip() and (kept != item.suggestion.replaces or kept == item.suggestion.text):
                pairs.append((item, kept))
        learning, tallying = self._learning, self._tallying

        def work() -> list[Preference]:
            learned: list[Preference] = []
            for item, kept in pairs:
                tallying.judged(item.suggestion.text, kept)
                learned += learning.record(item.suggestion, kept, item.recipients, item.audience)
            return learned

        def done(learned: list[Preference]) -> None:
            if learned:
                self.learned.emit(learned)
            if then is not None:
                then()

        if pairs:
            self._bridge.run(work, done, self._learning_failed)
        elif then is not None:
            then()

    def _learning_failed(self, failure: Exception) -> None:
        self.troubled.emit(sentence_of(failure))
