"""Actions of the person's own in the window: making, changing and deleting them, and wording one from examples."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QPlainTextEdit, QWidget

from ownhand.domain.actions import OwnAction, Scope
from ownhand.domain.instructions import LEAST_PAIRS
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import OwnActions
from ownhand.ui.review import CHANGE, REMOVE, ReviewPanel
from ownhand.ui.widgets import button, column, label, row
from ownhand.ui.windows import NamedText

PAIRS = 3
LONGEST_NAME = 24


class ExamplesDialog(QDialog):
    """Two or three texts before and after, from which an instruction is worded.

    Signals:
        word_wanted: the examples are there.
    """

    word_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Help me phrase it"))
        self.resize(680, 520)
        self.fields: list[tuple[QPlainTextEdit, QPlainTextEdit]] = []
        lines = []
        for number in range(1, PAIRS + 1):
            before = self._field(self.tr("Example {0}, before").format(number))
            after = self._field(self.tr("Example {0}, after").format(number))
            self.fields.append((before, after))
            lines.append(row(before, after, gap=10))
        self.trouble = label(wrap=True)
        self.trouble.setProperty("danger", True)
        self.trouble.hide()
        self.word = button(self.tr("Word it"), primary=True)
        self.word.setDefault(True)
        self.word.clicked.connect(self.word_wanted)
        self.cancel = button(self.tr("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.setLayout(
            column(
                label(
                    self.tr(
                        "Show two or three texts as they were, and as you would have them. "
                        "What they have in common becomes the instruction."
                    ),
                    quiet=True,
                    wrap=True,
                ),
                row(label(self.tr("Before")), label(self.tr("After")), gap=10),
                *lines,
                self.trouble,
                row(None, self.cancel, self.word),
                margins=(22, 18, 22, 18),
                gap=8,
            )
        )
        for pair in self.fields:
            for field in pair:
                field.textChanged.connect(self._check)
        self._check()
        self.fields[0][0].setFocus()

    def _field(self, name: str) -> QPlainTextEdit:
        field = QPlainTextEdit()
        field.setAccessibleName(name)
        field.setTabChangesFocus(True)
        return field

    def pairs(self) -> list[tuple[str, str]]:
        """The examples that are complete."""
        found = [(before.toPlainText().strip(), after.toPlainText().strip()) for before, after in self.fields]
        return [(before, after) for before, after in found if before and after]

    def _check(self) -> None:
        self.trouble.hide()
        self.word.setEnabled(len(self.pairs()) >= LEAST_PAIRS)

    def show_busy(self) -> None:
        """It is being worded."""
        self.word.setEnabled(False)
        self.word.setText(self.tr("Wording it…"))

    def refuse(self, sentence: str) -> None:
        """Say why there is none."""
        self.word.setText(self.tr("Word it"))
        self._check()
        self.trouble.setText(sentence)
        self.trouble.show()


class ActionDialog(NamedText):
    """Name, instruction (the text) and scope of an action.

    Signals:
        help_wanted: word the instruction from examples.
    """

    help_wanted = Signal()

    def __init__(self, own: OwnAction | None, parent: QWidget) -> None:
        name, instruction = (own.name, own.instruction) if own is not None else ("", "")
        title = self.tr("New action") if own is None else self.tr("Action")
        super().__init__(parent, title, name, instruction, LONGEST_NAME)
        self.resize(460, 340)
        self.name.setPlaceholderText(self.tr("What the button says, such as: Plain"))
        self.text.setPlaceholderText(
            self.tr("What it does, for example: No exclamation marks. Write out contractions. Keep it under 40 words.")
        )
        self.scope = QComboBox()
        self.scope.addItem(self.tr("The selection, or the whole text"), Scope.TEXT)
        self.scope.addItem(self.tr("Always the whole text"), Scope.WHOLE)
        self.scope.setCurrentIndex(1 if own is not None and own.scope is Scope.WHOLE else 0)
        labels = []
        for text, field in (
            (self.tr("Name"), self.name),
            (self.tr("Instruction"), self.text),
            (self.tr("Works on"), self.scope),
        ):
            made = label(text)
            made.setBuddy(field)
            labels.append(made)
        phrase = button(self.tr("Help me phrase it…"), flat=True, hint=self.tr("From two or three examples"))
        phrase.clicked.connect(self.help_wanted)
        self.setLayout(
            column(
                labels[0],
                self.name,
                4,
                row(labels[1], None, phrase),
                self.text,
                4,
                row(labels[2], self.scope, None),
                self.trouble,
                4,
                row(None, self.cancel, self.save),
                margins=(22, 18, 22, 18),
                gap=6,
                stretch=4,
            )
        )
        self.name.setFocus()


class Acting(QObject):
    """Opens the dialogs and carries out what was decided in them.

    Signals:
        removed: an action was deleted; carries its name.
    """

    removed = Signal(str)

    def __init__(self, actions: OwnActions, panel: ReviewPanel, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions, self._panel, self._bridge, self._over = actions, panel, bridge, parent
        self._gone: OwnAction | None = None
        self.known: list[OwnAction] = []
        """As they were when they were last asked for."""
        panel.own_wanted.connect(self._wanted)

    def reload(self) -> None:
        """Fetch them anew, in the background."""
        self._bridge.run(self._actions.all, self._loaded)

    def _loaded(self, found: list[OwnAction]) -> None:
        if found != self.known:
            self.known = found
            self._panel.show_own_actions(found)

    def _wanted(self, what: str, action_id: str) -> None:
        if what == REMOVE:
            self.remove(action_id)
        elif what == CHANGE:
            self.change(action_id)
        else:
            self.new()

    def new(self) -> None:
        """Ask for a new one."""
        self._open(None)

    def change(self, action_id: str) -> None:
        """Ask for changes of one."""
        self._open(next((own for own in self.known if own.id == action_id), None))

    def _open(self, own: OwnAction | None) -> None:
        dialog = ActionDialog(own, self._over)
        dialog.finished.connect(dialog.deleteLater)
        actions, bridge = self._actions, self._bridge
        known = own.id if own is not None else ""

        def save() -> None:
            name, instruction = dialog.name.text(), dialog.text.toPlainText()
            scope = Scope(dialog.scope.currentData())
            bridge.run(lambda: actions.save(name, instruction, scope, known), saved, refused)

        def saved(_: OwnAction) -> None:
            dialog.accept()
            self.reload()

        def refused(failure: Exception) -> None:
            dialog.refuse(sentence_of(failure))

        def phrase() -> None:
            self._ask_for_examples(dialog)

        dialog.save_wanted.connect(save)
        dialog.help_wanted.connect(phrase)
        dialog.open()

    def _ask_for_examples(self, over: ActionDialog) -> None:
        dialog = ExamplesDialog(over)
        dialog.finished.connect(dialog.deleteLater)
        actions, bridge = self._actions, self._bridge
        left = threading.Event()
        dialog.finished.connect(left.set)

        def word() -> None:
            pairs = dialog.pairs()
            dialog.show_busy()
            bridge.run_long(lambda: actions.phrase(pairs, left.is_set), worded, refused)

        def worded(instruction: str) -> None:
            if not left.is_set():
                over.text.setPlainText(instruction)
                dialog.accept()

        def refused(failure: Exception) -> None:
            if not left.is_set():
                dialog.refuse(sentence_of(failure))

        dialog.word_wanted.connect(word)
        dialog.open()

    def remove(self, action_id: str) -> None:
        """Delete one; it can be brought back as long as the message about it stands."""
        own, actions = next((own for own in self.known if own.id == action_id), None), self._actions
        if own is not None:
            self._gone = own
            self._bridge.run(lambda: actions.remove(action_id), self._removed)

    def _removed(self, _: None) -> None:
        self.reload()
        if self._gone is not None:
            self.removed.emit(self._gone.name)

    def bring_back(self) -> None:
        """Undo the last deletion."""
        gone, actions = self._gone, self._actions
        if gone is not None:
            self._gone = None
            self._bridge.run(lambda: actions.save(gone.name, gone.instruction, gone.scope, gone.id), self._brought_back)

    def _brought_back(self, _: OwnAction) -> None:
        self.reload()
