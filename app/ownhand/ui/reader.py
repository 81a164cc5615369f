"""A document of the history, to be read where the page is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QTextEdit, QWidget

from ownhand.domain.corpus import Document
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import Elided, button, column, keep_painted, label, row


class Reader(QWidget):
    """Shows one document; it can be left, or forgotten.

    Signals:
        left: back to the draft.
        forget_wanted: remove the document of this id with all that was derived from it.
    """

    left = Signal()
    forget_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("Page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._id = ""
        self._back = button(self.tr("Back to the draft"), flat=True)
        keep_painted(theme, self._back, lambda: self._back.setIcon(theme.icon("left")))
        self._forget = button(self.tr("Forget this document"), flat=True)
        self._forget.setProperty("danger", True)
        self._back.clicked.connect(self.left)
        self._forget.clicked.connect(self._forget_clicked)
        self._title = label(size=1.35, bold=True, wrap=True)
        self._about = Elided(quiet=True)
        self._text = QTextEdit()
        self._text.setReadOnly(True)
        self._text.setFrameShape(QTextEdit.Shape.NoFrame)
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName(self.tr("Text of the document"))
        self.setLayout(
            column(
                row(self._back, None, self._forget),
                self._title,
                self._about,
                self._text,
                margins=(24, 14, 24, 14),
                gap=10,
            )
        )

    def set_font(self, font: QFont) -> None:
        """The font of the page."""
        self._text.setFont(font)

    def show_document(self, document: Document) -> None:
        """Read this one."""
        self._id = document.id
        self._title.setText(document.title or self.tr("Without a title"))
        when = f"{document.written_at:%d %B %Y}" if document.written_at else ""
        to = self.tr("to {0}").format(", ".join(document.recipients)) if document.recipients else ""
        self._about.show_text("  ·  ".join(part for part in (when, to) if part))
        self._text.setPlainText(document.text)
        self._back.setFocus()

    def _forget_clicked(self) -> None:
        self.forget_wanted.emit(self._id)
