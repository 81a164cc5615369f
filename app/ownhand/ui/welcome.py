"""The first run: the promise, writing to learn from, a first look at your style, then the page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QIcon, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App
from ownhand.ui.importflow import ImportFlow
from ownhand.ui.style import StylePanel
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, column, keep_painted, label, row

PROMISE, IMPORT, STYLE = range(3)

SAMPLE_SUBJECT = "Trying out Ownhand"
SAMPLE_TEXT = """Hi,

thanks for the notes. I hope this email finds you well. I just wanted to let you know that I have had the chance to \
read them and that I think that they are really very good! Would it perhaps be possible to talk on Thursday at 10?

Best regards
"""


class Welcome(QWidget):
    """Three steps, each of which can be skipped.

    Signals:
        finished: the person is through; True if writing was imported.
        closed: the window was closed instead.
    """

    finished = Signal(bool)
    closed = Signal()

    def __init__(self, app: App, theme: Theme, bridge: Bridge, emblem: Path) -> None:
        super().__init__()
        self._app, self._theme, self._bridge = app, theme, bridge
        self._imported = self._done = False
        self.setWindowTitle(self.tr("Welcome to Ownhand"))
        self.resize(620, 560)
        self.pages = QStackedWidget()
        self.flow = ImportFlow(theme, app.importing, bridge, self.tr("Skip"))
        self.flow.left.connect(self._finish)
        self.flow.finished.connect(self._show_style)
        self.style_panel = StylePanel(theme, app, bridge, with_strength=False)
        for page in (self._promise_page(emblem), self.flow, self._style_page()):
            self.pages.addWidget(page)
        self.setLayout(column(self.pages, margins=(48, 40, 48, 32)))

    def _promise_page(self, emblem: Path) -> QWidget:
        page = QWidget()
        sign = QLabel()
        sign.setAccessibleName("Ownhand")

        def paint() -> None:
            if emblem.exists():
                sign.setPixmap(QIcon(str(emblem)).pixmap(56, 56))
            else:
                sign.setPixmap(self._theme.pixmap("hand", "accent", 56))

        keep_painted(self._theme, sign, paint)
        points = [
            (
                self.tr("It sounds like you"),
                self.tr("It learns from your own mail and notes, and from every change you make."),
            ),
            (
                self.tr("Nothing leaves"),
                self.tr("Your text, the model and what is learned stay on this computer, encrypted."),
            ),
            (
                self.tr("You decide"),
                self.tr("It says why it wrote something. Every rule can be read, changed or deleted."),
            ),
        ]
        self._begin = start = button(self.tr("Begin"), primary=True)
        start.clicked.connect(self._show_import)
        skip = button(self.tr("Just let me write"), flat=True)
        skip.clicked.connect(self._finish)
        box = column(None, sign, 6, label(self.tr("Write in your own hand"), bold=True, size=2.0), 8, gap=8)
        for title, sentence in points:
            box.addWidget(label(title, bold=True, size=1.1))
            text = label(sentence, quiet=True, wrap=True, size=1.05)
            text.setContentsMargins(0, 0, 0, 10)
            box.addWidget(text)
        box.addStretch(2)
        box.addLayout(row(skip, None, start))
        page.setLayout(box)
        return page

    def _style_page(self) -> QWidget:
        page = QWidget()
        go = button(self.tr("Start writing"), primary=True)
        go.clicked.connect(self._finish)
        page.setLayout(
            column(
                label(self.tr("This is how you write"), bold=True, size=1.3),
                label(
                    self.tr(
                        "Measured from what you added. Where you would rather have it otherwise, choose; "
                        "you can do so at any time."
                    ),
                    quiet=True,
                    wrap=True,
                ),
                self.style_panel,
                row(None, go),
                gap=12,
                stretch=2,
            )
        )
        return page

    def _show_import(self) -> None:
        self.pages.setCurrentIndex(IMPORT)

    def _show_style(self) -> None:
        self._imported = True
        self.style_panel.await_measure()
        self.pages.setCurrentIndex(STYLE)

    def _finish(self) -> None:
        self._done = True
        self.flow.stop()
        self.finished.emit(self._imported)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.pages.currentIndex() == PROMISE:
            self._begin.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if not self._done:
            self.flow.stop()
            self.closed.emit()
