"""The Suggest tab: what to ask for, the suggestion as it comes, and what to do with each of its changes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton, QStackedWidget, QWidget

from ownhand.domain.actions import ACTIONS, Action, OwnAction, Scope
from ownhand.ui.comparison import Comparison, Verdict
from ownhand.ui.diffview import DiffView
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import Flow, button, column, label, row, tool

NEW, CHANGE, REMOVE = "new", "change", "remove"


class State(StrEnum):
    """What the panel is doing."""

    IDLE = "idle"
    STREAMING = "streaming"
    READY = "ready"
    EDITING = "editing"


class ReviewPanel(QWidget):
    """Buttons from the table of actions, the suggestion below them.

    Signals:
        asked: (action id, instruction).
        asked_own: an action that the person made.
        own_wanted: (what to do with it, the action's id): NEW, CHANGE, REMOVE.
        instructed: the instruction field was sent off with Return.
        stopped, another, accepted, discarded: the buttons of those names.
        edited: the person changed the suggestion; carries its new text.
        turned: to the next (+1) or previous (-1) variant.
        why_wanted: show why it looks as it does.
    """

    asked = Signal(str, str)
    asked_own = Signal(object)
    own_wanted = Signal(str, str)
    instructed = Signal(str)
    stopped = Signal()
    another = Signal()
    accepted = Signal()
    discarded = Signal()
    edited = Signal(str)
    turned = Signal(int)
    why_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.state = State.IDLE
        self._buttons = self._action_buttons()
        self._own: list[QPushButton] = []
        self._new = button(self.tr("+"), hint=self.tr("Make an action of your own"))
        self._new.setAccessibleName(self.tr("New action…"))
        self._new.setProperty("pill", True)
        self._new.clicked.connect(self._new_wanted)
        self.instruction = QLineEdit()
        self.instruction.setAccessibleName(self.tr("Notes or instruction"))
        self.instruction.setPlaceholderText(self.tr("Notes, or what to change…"))
        self.instruction.setClearButtonEnabled(True)
        self.instruction.returnPressed.connect(self._instruct)

        self._caption = label(quiet=True)
        self._back = tool(theme, "left", self.tr("Previous version"), size=16)
        self._ahead = tool(theme, "right", self.tr("Next version"), size=16)
        self._more = button(self.tr("Another version"), flat=True)
        self._stop = button(self.tr("Stop"), hint=self.tr("Stop writing (Esc)"))
        self._back.clicked.connect(self._turn_back)
        self._ahead.clicked.connect(self._turn_ahead)
        self._more.clicked.connect(self.another)
        self._stop.clicked.connect(self.stopped)

        self.view = DiffView(theme)
        self.view.take_all.connect(self.accepted)
        self.view.compared.connect(self._compared)
        self._editing = QPlainTextEdit()
        self._editing.setAccessibleName(self.tr("Suggestion, to be edited"))
        self._editing.setTabChangesFocus(True)
        self._pages = QStackedWidget()
        hint = label(
            self.tr(
                "Choose what to do with your text. What comes is compared with what you have, "
                "and you take only the changes you like."
            ),
            quiet=True,
            wrap=True,
        )
        hint.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        hint.setContentsMargins(2, 6, 2, 0)
        self._pages.addWidget(hint)
        self._pages.addWidget(self.view)
        self._pages.addWidget(self._editing)
        self._same = label(quiet=True, wrap=True)
        self._same.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._same.setContentsMargins(2, 6, 2, 0)
        self._pages.addWidget(self._same)

        self._facts = label(wrap=True)
        self._facts.setProperty("warn", True)
        self._remarks = label(quiet=True, wrap=True)
        self._place = label(quiet=True)
        self._previous = tool(theme, "up", self.tr("Previous change (Shift+F7)"), size=16)
        self._next = tool(theme, "down", self.tr("Next change (F7)"), size=16)
        self._yes = tool(theme, "check", self.tr("Accept this change (A)"), size=17, color="good")
        self._no = tool(theme, "cross", self.tr("Reject this change (R)"), size=17, color="danger")
        self._previous.clicked.connect(self._go_back)
        self._next.clicked.connect(self._go_ahead)
        self._yes.clicked.connect(self._accept_one)
        self._no.clicked.connect(self._reject_one)
        self._hunks = QWidget()
        self._hunks.setLayout(row(self._place, None, self._previous, self._next, self._yes, self._no, gap=2))

        self._take = button(self.tr("Accept all"), primary=True, hint=self.tr("Put it into the text (Ctrl+Return)"))
        self._edit = button(self.tr("Edit"), hint=self.tr("Change the suggestion before you take it"))
        self._why = button(self.tr("Why?"), flat=True)
        self._discard = button(self.tr("Discard"))
        self._take.clicked.connect(self._take_clicked)
        self._edit.clicked.connect(self._edit_clicked)
        self._why.clicked.connect(self.why_wanted)
        self._discard.clicked.connect(self.discarded)
        self._feet = QWidget()
        self._feet.setLayout(row(self._take, self._edit, self._discard, None, self._why, gap=8))

        self._actions = actions = Flow(6)
        for made in self._buttons:
            actions.addWidget(made)
        actions.addWidget(self._new)
        head = row(self._caption, None, self._more, self._back, self._ahead, self._stop, gap=2)
        self.setLayout(
            column(
                actions, self.instruction, 4, head, self._pages, self._facts, self._remarks, self._hunks, self._feet,
                margins=(16, 14, 16, 14), gap=8, stretch=4))  # fmt: skip
        self.show_idle()

    def _action_buttons(self) -> list[QPushButton]:
        made = []
        for action in ACTIONS:
            if action.scope is Scope.SUBJECT or action.id == "custom":
                continue
            push = button(action.label, hint=action.hint + (f" ({action.shortcut})" if action.shortcut else ""))
            push.setProperty("pill", True)
            push.setAccessibleName(action.label)
            push.clicked.connect(self._asker(action))
            made.append(push)
        return made

    def show_own_actions(self, own: Sequence[OwnAction]) -> None:
        """The person's own actions, behind those that came along."""
        for old in self._own:
            self._actions.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._actions.removeWidget(self._new)
        self._own = [self._own_button(action) for action in own]
        for made in (*self._own, self._new):
            self._actions.addWidget(made)
            made.show()
        self._actions.invalidate()
        before: QPushButton = self._buttons[-1]
        for made in (*self._own, self._new):
            QWidget.setTabOrder(before, made)
            before = made

    def _own_button(self, action: OwnAction) -> QPushButton:
        push = button(action.name.replace("&", "&&"), hint=action.instruction)
        push.setProperty("pill", True)
        push.setAccessibleName(action.name)
        push.clicked.connect(AskOwn(self, action))
        push.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, what in ((self.tr("Change…"), CHANGE), (self.tr("Delete"), REMOVE)):
            entry = QAction(text, push)
            entry.triggered.connect(OwnWanted(self, what, action.id))
            push.addAction(entry)
        return push

    def _new_wanted(self) -> None:
        self.own_wanted.emit(NEW, "")

    def _asker(self, action: Action) -> AskButton:
        return AskButton(self, action)

    # ------------------------------------------------------------------------------------------------------ states

    def show_idle(self) -> None:
        """Nothing under way."""
        self._enter(State.IDLE)
        self._caption.clear()

    def show_stream(self, caption: str, text: str) -> None:
        """What has come so far."""
        self._caption.setText(caption)
        if self.state is not State.STREAMING:
            self._enter(State.STREAMING)
        self.view.show_stream(text)

    def show_suggestion(
        self,
        caption: str,
        comparison: Comparison,
        variant: int,
        variants: int,
        *,
        added: Sequence[str] = (),
        dropped: Sequence[str] = (),
        remarks: Sequence[str] = (),
        can_ask_more: bool = True,
    ) -> None:
        """A suggestion that is there in full, with the facts to look at."""
        count = self.tr("{0} of {1}").format(variant + 1, variants) if variants > 1 else ""
        self._caption.setText("  ·  ".join(part for part in (caption, count) if part))
        self.view.show_comparison(comparison, added)
        sentences = []
        if dropped:
            sentences.append(self.tr("Missing from your text: {0}.").format(", ".join(dropped)))
        if added:
            sentences.append(self.tr("Not in your text: {0}.").format(", ".join(added)))
        self._facts.setText("  ".join(sentences))
        self._remarks.setText("  ".join(remarks))
        self._enter(State.READY)
        for arrow in (self._back, self._ahead):
            arrow.setVisible(variants > 1)
        self._more.setVisible(can_ask_more)
        self._compared(comparison)

    def _enter(self, state: State) -> None:
        self.state = state
        self._pages.setCurrentIndex({State.IDLE: 0, State.EDITING: 2}.get(state, 1))
        self._stop.setVisible(state is State.STREAMING)
        ready = state is State.READY
        for widget in (self._back, self._ahead, self._more):
            widget.setVisible(False)
        self._facts.setVisible(ready and bool(self._facts.text()))
        self._remarks.setVisible(ready and bool(self._remarks.text()))
        self._hunks.setVisible(ready)
        self._feet.setVisible(state in (State.READY, State.EDITING))
        self._take.setVisible(True)
        self._edit.setVisible(ready)
        self._why.setVisible(ready)
        self._take.setText(self.tr("Compare") if state is State.EDITING else self.tr("Accept all"))
        self._take.setEnabled(True)

    def _compared(self, comparison: object) -> None:
        if not isinstance(comparison, Comparison) or self.state is not State.READY:
            return
        total, taken = len(comparison.changes), len(comparison.accepted_indexes)
        several = total > 1
        self._hunks.setVisible(several)
        if several:
            self._place.setText(self.tr("Change {0} of {1}").format(comparison.current + 1, total))
        if not total:
            self._same.setText(self.tr("It would leave your text as it is."))
        self._pages.setCurrentWidget(self.view if total else self._same)
        for push in (self._take, self._edit):
            push.setVisible(bool(total))
        for arrow in (self._previous, self._next, self._yes, self._no):
            arrow.setVisible(several)
        if comparison.is_whole:
            self._take.setText(self.tr("Accept"))
        elif comparison.rejected:
            self._take.setText(self.tr("Accept {0} of {1}").format(taken, total))
        else:
            self._take.setText(self.tr("Accept all"))
        self._take.setEnabled(taken > 0)

    # ------------------------------------------------------------------------------------------------------ events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.state is State.STREAMING:
            self.stopped.emit()
        elif event.key() == Qt.Key.Key_Escape and self.state is State.EDITING:
            self._enter(State.READY)
            self._compared(self.view.comparison())
        else:
            super().keyPressEvent(event)

    def _instruct(self) -> None:
        self.instructed.emit(self.instruction.text())

    def _take_clicked(self) -> None:
        if self.state is State.EDITING:
            self.edited.emit(self._editing.toPlainText())
        else:
            self.accepted.emit()

    def _edit_clicked(self) -> None:
        comparison = self.view.comparison()
        if comparison is not None:
            self._editing.setPlainText(comparison.result())
            self._enter(State.EDITING)
            self._editing.setFocus()

    def _turn_back(self) -> None:
        self.turned.emit(-1)

    def _turn_ahead(self) -> None:
        self.turned.emit(1)

    def _go_back(self) -> None:
        self.view.go(-1)

    def _go_ahead(self) -> None:
        self.view.go(1)

    def _accept_one(self) -> None:
        self.view.judge(Verdict.ACCEPTED)

    def _reject_one(self) -> None:
        self.view.judge(Verdict.REJECTED)


class AskButton:
    """What a button of the table does, without holding the panel alive by a closure of its own."""

    def __init__(self, panel: ReviewPanel, action: Action) -> None:
        self._panel, self._action = panel, action

    def __call__(self, _checked: bool = False) -> None:
        self._panel.asked.emit(self._action.id, self._panel.instruction.text())


class AskOwn:
    """What a button of the person's own action does."""

    def __init__(self, panel: ReviewPanel, action: OwnAction) -> None:
        self._panel, self._action = panel, action

    def __call__(self, _checked: bool = False) -> None:
        self._panel.asked_own.emit(self._action)


class OwnWanted:
    """What an entry in the menu of such a button does."""

    def __init__(self, panel: ReviewPanel, what: str, action_id: str) -> None:
        self._panel, self._what, self._id = panel, what, action_id

    def __call__(self, _checked: bool = False) -> None:
        self._panel.own_wanted.emit(self._what, self._id)
