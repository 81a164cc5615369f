"""Small dialogs: paste a message, a text under a name, confirm, confirm with a word."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from ownhand.ui.widgets import button, column, label, row


class NamedText(QDialog):
    """A name and a text to be saved under it; whoever derives from it lays the fields out.

    Signals:
        save_wanted: the person is done; the dialog stays open until it is told that all is well.
    """

    save_wanted = Signal()

    def __init__(self, parent: QWidget, title: str, name: str, text: str, longest: int) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.name = QLineEdit(name)
        self.name.setMaxLength(longest)
        self.text = QPlainTextEdit(text)
        self.text.setTabChangesFocus(True)
        self.trouble = label(wrap=True)
        self.trouble.setProperty("danger", True)
        self.save = button(self.tr("Save"), primary=True)
        self.save.setDefault(True)
        self.save.clicked.connect(self.save_wanted)
        self.cancel: QPushButton = button(self.tr("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.name.textChanged.connect(self._check)
        self.text.textChanged.connect(self._check)
        self._check()

    def _check(self) -> None:
        self.trouble.hide()
        self.save.setEnabled(bool(self.name.text().strip() and self.text.toPlainText().strip()))

    def refuse(self, sentence: str) -> None:
        """Say why it was not saved."""
        self.trouble.setText(sentence)
        self.trouble.show()
        self.name.setFocus()


class PasteDialog(QDialog):
    """Takes the message that is to be answered, from the clipboard or pasted here."""

    def __init__(self, parent: QWidget, text: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Reply to text"))
        self.resize(520, 400)
        self._who = QLineEdit()
        self._who.setPlaceholderText(self.tr("Who wrote it (optional)"))
        self._who.setAccessibleName(self.tr("Who wrote it"))
        self._text = QPlainTextEdit(text)
        self._text.setPlaceholderText(self.tr("Paste the message here"))
        self._text.setAccessibleName(self.tr("The message to answer"))
        self._text.setTabChangesFocus(True)
        reply = button(self.tr("Reply to it"), primary=True)
        reply.setDefault(True)
        cancel = button(self.tr("Cancel"))
        reply.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        self.setLayout(
            column(
                label(self.tr("The message you want to answer. It stays on this computer."), quiet=True, wrap=True),
                self._who,
                self._text,
                row(None, cancel, reply),
                margins=(20, 18, 20, 18),
                gap=10,
            )
        )
        self._text.selectAll()
        self._text.setFocus()

    def text(self) -> str:
        """The message."""
        return self._text.toPlainText()

    def who(self) -> str:
        """Its writer, '' where that was left open."""
        return self._who.text().strip()


class Confirm(QDialog):
    """One question before something is deleted."""

    def __init__(self, parent: QWidget, title: str, sentence: str, do: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        yes, no = button(do, danger=True), button(self.tr("Cancel"))
        yes.clicked.connect(self.accept)
        no.clicked.connect(self.reject)
        text = label(sentence, wrap=True)
        text.setMinimumWidth(360)
        self.setLayout(
            column(
                label(title, bold=True, size=1.15, wrap=True),
                text,
                row(None, no, yes),
                margins=(22, 20, 22, 18),
                gap=10,
            )
        )
        no.setFocus()


class TypeToConfirm(QDialog):
    """For what cannot be undone: the button works once the word is typed."""

    def __init__(self, parent: QWidget, title: str, sentence: str, word: str, do: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._word = word
        self._field = QLineEdit()
        self._field.setAccessibleName(self.tr("Type {0} to confirm").format(word))
        self._field.setPlaceholderText(word)
        self._do = button(do, danger=True)
        self._do.setEnabled(False)
        cancel = button(self.tr("Cancel"))
        self._field.textChanged.connect(self._typed)
        self._do.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        text = label(sentence, wrap=True)
        text.setMinimumWidth(380)
        self.setLayout(
            column(
                label(title, bold=True, size=1.15),
                text,
                label(self.tr("Type {0} to go on.").format(word), quiet=True),
                self._field,
                row(None, cancel, self._do),
                margins=(22, 20, 22, 18),
                gap=10,
            )
        )

    def _typed(self, text: str) -> None:
        self._do.setEnabled(text.strip() == self._word)
