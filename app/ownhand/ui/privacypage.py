"""Privacy: where everything lies, how it is locked, and how to take it along or be rid of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ownhand.domain.download import Connection
from ownhand.domain.figures import megabytes
from ownhand.domain.ports import VaultState
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import App
from ownhand.ui.places import short
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, clear, column, counted, keep_painted, label, row, scrolling
from ownhand.ui.windows import TypeToConfirm

COLUMNS = ("When", "To", "Why", "Received", "End")
LOG_HEIGHT = 168


class PrivacyPage(QWidget):
    """What is kept, where, and the two ways out.

    Signals:
        erased: everything is gone; the program is to end.
    """

    erased = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._app, self._bridge = app, bridge
        sign = QLabel()
        keep_painted(theme, sign, lambda: sign.setPixmap(theme.pixmap("shield", "good", 22)))
        self._connections = label(wrap=True)
        promise = QFrame()
        promise.setObjectName("Card")
        promise.setLayout(row(sign, self._connections, margins=(14, 12, 14, 12), gap=10, stretch=1))
        grid = QWidget()
        self._grid = QGridLayout(grid)
        self._grid.setContentsMargins(2, 0, 2, 0)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(9)
        self._grid.setColumnStretch(1, 1)
        self.log = QTableWidget(0, len(COLUMNS))
        self.log.setAccessibleName(self.tr("Connections that were made"))
        self.log.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.log.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.log.setTabKeyNavigation(False)
        self.log.setShowGrid(False)
        self.log.setHorizontalHeaderLabels([self.tr(text) for text in COLUMNS])
        self.log.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.log.horizontalHeader().setStretchLastSection(True)
        self.log.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.log.verticalHeader().hide()
        self.log.setFixedHeight(LOG_HEIGHT)
        self.log.hide()
        self._said = label(quiet=True, wrap=True)
        self._said.hide()
        export = button(self.tr("Export everything…"), hint=self.tr("A zip of Markdown and JSON; it is not encrypted"))
        export.clicked.connect(self._choose_export)
        erase = button(self.tr("Erase everything…"), danger=True)
        erase.clicked.connect(self._ask_erase)
        inside = QWidget()
        inside.setLayout(column(promise, self.log, grid, self._said, row(export, None, erase), None, gap=16))
        self.setLayout(column(scrolling(inside)))

    def reload(self) -> None:
        """Fetch state and places anew."""
        privacy = self._app.privacy
        self._bridge.run(
            lambda: (privacy.state(), list(privacy.places()), list(privacy.connections()), privacy.protection()),
            self._loaded,
        )

    def _loaded(self, found: tuple[VaultState, list[tuple[str, Path]], Sequence[Connection], str]) -> None:
        state, places, connections, protection = found
        self._show_connections(connections)
        rows = [
            (self.tr("Encrypted with"), state.cipher),
            (self.tr("The key is held by"), state.key_holder),
            (
                self.tr("The vault holds"),
                ", ".join(
                    (
                        counted(state.documents, self.tr("{0} document"), self.tr("{0} documents")),
                        counted(state.drafts, self.tr("{0} draft"), self.tr("{0} drafts")),
                        counted(state.edits, self.tr("{0} edit"), self.tr("{0} edits")),
                        counted(state.preferences, self.tr("{0} stated rule"), self.tr("{0} stated rules")),
                    )
                ),
            ),
            (self.tr("What reads your text is held by"), protection),
            (self.tr("Its size"), self.tr("{0} MB").format(f"{state.bytes / 1e6:,.1f}")),
            *((name, short(path)) for name, path in places),
        ]
        clear(self._grid)
        for number, (name, value) in enumerate(rows):
            self._grid.addWidget(label(name, quiet=True), number, 0, Qt.AlignmentFlag.AlignTop)
            shown = label(value, wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(shown, number, 1)

    def _show_connections(self, connections: Sequence[Connection]) -> None:
        if connections:
            self._connections.setText(
                self.tr(
                    "{0}, all to fetch a model when you asked for it. What you write stays on this computer."
                ).format(
                    counted(len(connections), self.tr("{0} connection was made"), self.tr("{0} connections were made"))
                )
            )
        else:
            self._connections.setText(
                self.tr(
                    "No connection was made. Ownhand makes one only to download a model, when you press the button "
                    "that says so. What you write stays on this computer."
                )
            )
        self.log.setRowCount(len(connections))
        for number, entry in enumerate(connections):
            cells = (
                entry.at.astimezone().strftime("%Y-%m-%d %H:%M"),
                entry.host,
                entry.purpose,
                megabytes(entry.bytes),
                entry.outcome or self.tr("open, or Ownhand was ended"),
            )
            for place, text in enumerate(cells):
                self.log.setItem(number, place, QTableWidgetItem(text))
        self.log.setVisible(bool(connections))

    def export_to(self, path: Path) -> None:
        """Write everything into a zip file."""
        privacy = self._app.privacy
        self._say(self.tr("Exporting…"))
        self._bridge.run_long(
            lambda: privacy.export(path),
            lambda _: self._say(self.tr("Everything is in {0}. It is not encrypted; keep it safe.").format(path.name)),
            self._failed,
        )

    def _choose_export(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Export everything"), "ownhand-export.zip", "Zip (*.zip)")
        if chosen:
            self.export_to(Path(chosen))

    def _ask_erase(self) -> None:
        dialog = TypeToConfirm(
            self,
            self.tr("Erase everything"),
            self.tr(
                "The key is destroyed and everything Ownhand keeps is deleted: drafts, history, what was learned. "
                "It cannot be brought back. Your mail and files elsewhere stay as they are."
            ),
            self.tr("erase"),
            self.tr("Erase everything"),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._erase)
        dialog.open()

    def _erase(self) -> None:
        privacy = self._app.privacy
        self._bridge.run_long(privacy.erase, self._gone, self._failed)

    def _gone(self, _: object) -> None:
        self.erased.emit()

    def _failed(self, failure: Exception) -> None:
        self._say(sentence_of(failure))

    def _say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._said.show()
