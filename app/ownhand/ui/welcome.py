"""The first run: the promise, writing to learn from, a first look at your style, the model, then the page."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QIcon, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from ownhand.services.downloading import Offered
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import App
from ownhand.ui.importflow import ImportFlow
from ownhand.ui.offers import Offers
from ownhand.ui.style import StylePanel
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, column, keep_painted, label, row

_log = logging.getLogger(__name__)

PROMISE, IMPORT, STYLE, MODEL = range(4)

SAMPLE_SUBJECT = "Trying out Ownhand"
SAMPLE_TEXT = """Hi,

thanks for the notes. I hope this email finds you well. I just wanted to let you know that I have had the chance to \
read them and that I think that they are really very good! Would it perhaps be possible to talk on Thursday at 10?

Best regards
"""


class Welcome(QWidget):
    """Four steps, each of which can be skipped; the last shows only where a larger model would serve better.

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
        self.flow.left.connect(self._show_model)
        self.flow.finished.connect(self._show_style)
        self.offers = Offers(app.downloads, bridge)
        self.offers.changed.connect(self._look_for_models)
        self.offers.failed.connect(self._trouble)
        self.style_panel = StylePanel(theme, app, bridge, with_strength=False)
        for page in (self._promise_page(emblem), self.flow, self._style_page(), self._model_page()):
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
        go = button(self.tr("Go on"), primary=True)
        go.clicked.connect(self._show_model)
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

    def _model_page(self) -> QWidget:
        page = QWidget()
        self._said = label(wrap=True)
        self._said.hide()
        self._write = button(self.tr("Start writing"), primary=True)
        self._write.clicked.connect(self._finish)
        page.setLayout(
            column(
                label(self.tr("The model that comes along is ready"), bold=True, size=1.3),
                label(
                    self.tr(
                        "It is small and quick, and completes as you type. For drafts and rewrites a larger one is "
                        "better. This computer can run the one below; it can be fetched while you write, now or later."
                    ),
                    quiet=True,
                    wrap=True,
                ),
                self.offers,
                self._said,
                None,
                row(None, self._write),
                gap=12,
            )
        )
        return page

    def _show_model(self) -> None:
        self._look_for_models()

    def _look_for_models(self) -> None:
        downloads = self._app.downloads
        self._bridge.run(downloads.offers, self._models_found, self._no_models)

    def _models_found(self, offers: Iterable[Offered]) -> None:
        """Show the one recommended for suggestions; without one, or if it is here, the page comes at once."""
        wanted = [item for item in offers if "suggestion" in item.recommended and item.state != "installed"][:1]
        self.offers.show_offers(wanted)
        if wanted:
            self.pages.setCurrentIndex(MODEL)
            self._write.setFocus()
        elif self.pages.currentIndex() != MODEL:
            self._finish()
        else:
            self._say(self.tr("It is here and works. Choose it under Models in the settings."), danger=False)

    def _no_models(self, failure: Exception) -> None:
        _log.warning("no model could be offered: %s", type(failure).__name__)
        self._finish()

    def _trouble(self, failure: Exception) -> None:
        self._say(sentence_of(failure), danger=True)

    def _say(self, sentence: str, *, danger: bool) -> None:
        self._said.setText(sentence)
        self._said.setProperty("danger", danger)
        self._said.style().polish(self._said)
        self._said.setVisible(bool(sentence))

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
