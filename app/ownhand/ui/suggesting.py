"""From a wish to a change in the text: asks for suggestions, shows them, and puts in what was accepted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from ownhand.domain.actions import BY_ID, OwnAction, Scope, recognise
from ownhand.domain.suggestion import (
    Failed,
    Finished,
    Stopped,
    Streaming,
    Suggestion,
    SuggestionEvent,
    SuggestionRequest,
)
from ownhand.ui.bridge import Bridge
from ownhand.ui.comparison import Comparison
from ownhand.ui.contract import Drafting, Job
from ownhand.ui.editor import Span, WritingEdit
from ownhand.ui.header import Header
from ownhand.ui.review import ReviewPanel, State
from ownhand.ui.session import Session
from ownhand.ui.widgets import timer

PAINT_MS = 33
"""The stream is drawn at most this often, and once more at its end."""
VARIANTS = 3


@dataclass(slots=True)
class Version:
    """One variant under review."""

    suggestion: Suggestion
    comparison: Comparison


class Suggesting(QObject):
    """One wish at a time; a newer one replaces it.

    Signals:
        started: a suggestion is on its way.
        shown: the suggestion in view changed; carries it, or None.
        told: a sentence for the person.
        rejected: the person sent a suggestion away.
    """

    started = Signal()
    shown = Signal(object)
    told = Signal(str)
    rejected = Signal()

    def __init__(
        self,
        panel: ReviewPanel,
        edit: WritingEdit,
        header: Header,
        session: Session,
        drafting: Drafting,
        bridge: Bridge,
        audience: Callable[[], str],
    ) -> None:
        super().__init__(panel)
        self._panel, self._edit, self._header, self._session = panel, edit, header, session
        self._drafting, self._bridge, self._audience = drafting, bridge, audience
        self._job: Job | None = None
        self._turn = 0
        self._request: SuggestionRequest | None = None
        self._span: Span | None = None
        self._caret: Span | None = None
        self._versions: list[Version] = []
        self._index = 0
        self._text = ""
        self._name = ""
        """Of the action."""
        self._fresh = False
        self._began = 0.0
        self._paint = timer(self, "stream", PAINT_MS, once=False)
        self._paint.timeout.connect(self._flush)
        panel.asked.connect(self.ask)
        panel.asked_own.connect(self.ask_own)
        panel.instructed.connect(self.instruct)
        panel.stopped.connect(self.stop)
        panel.another.connect(self._another)
        panel.accepted.connect(self.accept)
        panel.discarded.connect(self.reject)
        panel.edited.connect(self._edited)
        panel.turned.connect(self._turned)
        panel.view.compared.connect(self._compared)
        session.opened.connect(self.discard)

    @property
    def current(self) -> Suggestion | None:
        """The suggestion in view."""
        return self._versions[self._index].suggestion if self._versions else None

    # ------------------------------------------------------------------------------------------------------ asking

    def instruct(self, instruction: str) -> None:
        """A free instruction: an action where it names one, notes for a draft where there is no text yet."""
        if not instruction.strip():
            self._panel.instruction.setFocus()
            return
        draft = self._session.draft()
        if not draft.text.strip():
            self.ask("reply" if draft.reply_to is not None else "draft", instruction)
        else:
            self.ask(recognise(instruction).id, instruction)

    def ask_own(self, own: OwnAction) -> None:
        """Start an action that the person made."""
        self.ask("custom", own.instruction, own)

    def ask(self, action_id: str, instruction: str = "", own: OwnAction | None = None) -> None:
        """Start an action on the draft or the selection."""
        action = BY_ID[action_id]
        whole = own is not None and own.scope is Scope.WHOLE
        draft, place = self._session.draft(), self._edit.place()
        missing = self._missing(action_id, draft.text, instruction)
        if missing:
            self.told.emit(missing)
            self._panel.instruction.setFocus()
            return
        self._session.settle()
        self._cancel()
        caret = len(place.prefix)
        if action.scope is Scope.CARET:
            self._span = self._edit.span(caret, caret)
        elif place.selection is not None and action.scope is Scope.TEXT and not whole:
            self._span = self._edit.span(*place.selection)
        else:
            self._span = self._edit.span(0, len(draft.text))
        self._caret = self._edit.span(caret, caret)
        self._request = SuggestionRequest(
            action_id=action_id,
            text=place.prefix if action.scope is Scope.CARET else draft.text,
            selection=place.selection if action.scope is Scope.TEXT and not whole else None,
            instruction=instruction.strip(),
            kind=draft.kind,
            subject=draft.subject,
            recipients=draft.recipients,
            audience=self._audience(),
            reply_to=draft.reply_to,
        )
        self._versions, self._index = [], 0
        self._name = own.name if own is not None else action.label
        self._begin(self._request)

    def _missing(self, action_id: str, text: str, instruction: str) -> str:
        """What is lacking for an action, as a sentence; '' where nothing is."""
        if action_id == "reply" and self._session.draft().reply_to is None:
            return self.tr("Drop a message on the window first, or paste one with “Reply to text…”, to reply to it.")
        if text.strip() or action_id == "reply" or (action_id == "draft" and instruction.strip()):
            return ""
        if action_id == "draft":
            return self.tr("Write a few notes on the page or in the field above, then press Draft.")
        return self.tr("There is no text on the page yet.")

    def _another(self) -> None:
        if self._request is not None and len(self._versions) < VARIANTS:
            self._begin(replace(self._request, seed=self._request.seed + len(self._versions)))

    def _begin(self, request: SuggestionRequest) -> None:
        self._turn += 1
        self._text, self._fresh, self._began = "", True, time.monotonic()
        self.started.emit()
        self._panel.show_stream(self._caption(), "")
        self._paint.start()
        self._job = self._drafting.start(request, self._listener(self._turn))

    def _listener(self, turn: int) -> Callable[[SuggestionEvent], None]:
        post = self._bridge.poster(self._arrived)

        def deliver(event: SuggestionEvent) -> None:
            post((turn, event))

        return deliver

    def stop(self) -> None:
        """Stop writing; what is complete stays, a half text goes."""
        if self._panel.state is State.STREAMING:
            self._cancel()
            self._show_versions()

    def _cancel(self) -> None:
        self._turn += 1
        self._paint.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # ----------------------------------------------------------------------------------------------------- arriving

    def _arrived(self, message: tuple[int, SuggestionEvent]) -> None:
        turn, event = message
        if turn != self._turn:
            return
        if isinstance(event, Streaming):
            if event.variant == 0:
                self._text, self._fresh = event.text, True
            return
        self._paint.stop()
        self._job = None
        if isinstance(event, Finished):
            for suggestion in event.suggestions:
                self._versions.append(self._version(suggestion))
            self._index = max(0, len(self._versions) - len(event.suggestions))
        elif isinstance(event, Failed):
            self.told.emit(event.sentence)
            self._edit.setFocus()  # whoever types on after it types into the text, not at a button
        elif not isinstance(event, Stopped):
            raise TypeError(type(event).__name__)
        self._show_versions()

    def _version(self, suggestion: Suggestion) -> Version:
        if BY_ID[suggestion.action_id].scope is Scope.SUBJECT:
            return Version(suggestion, Comparison.of(self._header.subject.text(), suggestion.text))
        if self._span is not None and not suggestion.replaces and self._span.text() and self._caret is not None:
            self._span = self._caret  # it adds where it was thought to replace
        return Version(suggestion, Comparison.of(self._old(), suggestion.text))

    def _old(self) -> str:
        return self._span.text() if self._span is not None else ""

    def _flush(self) -> None:
        if self._fresh:
            self._fresh = False
            self._panel.show_stream(self._caption(), self._text)

    def _caption(self) -> str:
        return self._name if self._request is not None else ""

    def _show_versions(self) -> None:
        if not self._versions:
            self._panel.show_idle()
            self.shown.emit(None)
            return
        version = self._versions[self._index]
        facts = version.suggestion.facts
        self._panel.show_suggestion(
            self._caption(),
            version.comparison,
            self._index,
            len(self._versions),
            added=[str(fact) for fact in facts.added],
            dropped=[str(fact) for fact in facts.dropped],
            remarks=version.suggestion.why.remarks,
            can_ask_more=len(self._versions) < VARIANTS,
        )
        self.shown.emit(version.suggestion)

    # ----------------------------------------------------------------------------------------------------- deciding

    def _compared(self, comparison: Comparison) -> None:
        if self._versions:
            self._versions[self._index].comparison = comparison

    def _turned(self, step: int) -> None:
        if self._versions:
            self._index = (self._index + step) % len(self._versions)
            self._show_versions()

    def _edited(self, text: str) -> None:
        if self._versions:
            version = self._versions[self._index]
            version.comparison = Comparison.of("".join(hunk.old for hunk in version.comparison.hunks), text)
            self._show_versions()

    def accept(self) -> None:
        """Put what was not rejected into the text as one undo step, and keep watch over what becomes of it."""
        if self._panel.state is not State.READY or not self._versions or self._request is None:
            return
        version = self._versions[self._index]
        comparison, suggestion = version.comparison, version.suggestion
        if BY_ID[suggestion.action_id].scope is Scope.SUBJECT:
            self._header.set_subject(comparison.result())
            self.discard()
            return
        if self._span is None or not comparison.accepted_indexes:
            return
        old = "".join(hunk.old for hunk in comparison.hunks)
        if self._span.text() != old:
            version.comparison = Comparison.of(self._span.text(), comparison.result())
            self._show_versions()
            self.told.emit(self.tr("Your text changed meanwhile; the comparison is new. Look again and accept."))
            return
        start = self._span.bounds()[0]
        result = comparison.result()
        end = start + len(result)
        self._edit.replace([(start + a, start + b, new) for a, b, new in comparison.pieces()], caret_after=end)
        self._session.took(suggestion, start, end, self._request.audience)
        self.discard()
        self._panel.instruction.clear()
        self._edit.setFocus()

    def reject(self) -> None:
        """The person does not want it."""
        if self._panel.state is State.READY and self._versions:
            self.rejected.emit()
        self.discard()

    def discard(self) -> None:
        """Away with it."""
        self._cancel()
        self._versions, self._index, self._request = [], 0, None
        self._show_versions()
