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
from ownhand.domain.ports import Correspondent, TakenIn, VaultState
from ownhand.services.privacy import Holder
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import App
from ownhand.ui.places import short
from ownhand.ui.theme import Theme
from ownhand.ui.vaultdialogs import ForgetPersonDialog, KeyDialog, PassphraseDialog
from ownhand.ui.widgets import button, clear, column, counted, keep_painted, label, row, scrolling
from ownhand.ui.windows import TypeToConfirm

COLUMNS = ("When", "To", "Why", "Received", "End")
LOG_HEIGHT = 168


class PrivacyPage(QWidget):
    """What is kept, where and under whose key; taking it along, bringing it back, and being rid of it.

    Signals:
        forgetting: what was written to this address is about to go; a draft to them must not be saved again.
        changed: something was forgotten or brought back.
        erased: everything is gone; the program is to end.
    """

    forgetting = Signal(str)
    changed = Signal()
    erased = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._app, self._bridge = app, bridge
        self.key_dialog: KeyDialog | None = None
        self.person_dialog: ForgetPersonDialog | None = None
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
        back_up = button(self.tr("Back up…"), hint=self.tr("One encrypted file, under a passphrase of its own"))
        back_up.clicked.connect(self._choose_backup)
        restore = button(self.tr("Restore…"), hint=self.tr("Add what a backup or an export holds"))
        restore.clicked.connect(self._choose_restore)
        key = button(self.tr("Change the key's holder…"), hint=self.tr("Keyring, passphrase or key file"))
        key.clicked.connect(self._ask_holder)
        forget = button(self.tr("Forget a person…"), danger=True)
        forget.clicked.connect(self._ask_person)
        erase = button(self.tr("Erase everything…"), danger=True)
        erase.clicked.connect(self._ask_erase)
        inside = QWidget()
        along, away = row(back_up, restore, export, None), row(key, None, forget, erase)
        inside.setLayout(column(promise, self.log, grid, self._said, along, away, None, gap=16))
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

    def back_up_to(self, path: Path, passphrase: str) -> None:
        """Write everything into one encrypted file."""
        privacy = self._app.privacy
        self._say(self.tr("Backing up…"))
        self._bridge.run_long(
            lambda: privacy.back_up(path, passphrase),
            lambda _: self._say(self.tr("Everything is in {0}. Only its passphrase opens it.").format(path.name)),
            self._failed,
        )

    def _choose_backup(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, self.tr("Back up"), "ownhand.backup", self.tr("Backup (*.backup)")
        )
        if not chosen:
            return
        dialog = PassphraseDialog(
            self,
            self.tr("Back up"),
            self.tr("A passphrase for this backup. If you forget it, nobody can open the backup."),
            self.tr("Back up"),
            new=True,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.back_up_to(Path(chosen), dialog.secrets.text))
        dialog.open()

    def restore_from(self, path: Path, passphrase: str = "") -> None:
        """Add what a backup or an export holds."""
        privacy = self._app.privacy
        self._say(self.tr("Bringing back…"))
        self._bridge.run_long(lambda: privacy.restore(path, passphrase), self._restored, self._failed)

    def _choose_restore(self) -> None:
        names = self.tr("Backups and exports (*.backup *.zip);;All files (*)")
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Restore"), "", names)
        if chosen:
            privacy, path = self._app.privacy, Path(chosen)
            self._bridge.run(
                lambda: privacy.needs_passphrase(path), lambda needs: self._restore(path, needs), self._failed
            )

    def _restore(self, path: Path, needs_passphrase: bool) -> None:
        if not needs_passphrase:
            self.restore_from(path)
            return
        dialog = PassphraseDialog(
            self,
            self.tr("Restore"),
            self.tr("The passphrase that {0} was made with. What is here already stays as it is.").format(path.name),
            self.tr("Restore"),
            new=False,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.restore_from(path, dialog.secrets.text))
        dialog.open()

    def _restored(self, taken: TakenIn) -> None:
        new = (
            counted(taken.documents, self.tr("{0} document"), self.tr("{0} documents")),
            counted(taken.drafts, self.tr("{0} draft"), self.tr("{0} drafts")),
            counted(taken.edits, self.tr("{0} edit"), self.tr("{0} edits")),
        )
        self._say(self.tr("Brought back: {0}.").format(", ".join(new)))
        self._renew()

    def _ask_holder(self) -> None:
        privacy = self._app.privacy
        self._bridge.run(lambda: (privacy.holder(), privacy.keyring_there()), self._open_holder, self._failed)

    def _open_holder(self, found: tuple[Holder | None, bool]) -> None:
        dialog = self.key_dialog = KeyDialog(self, found[0], keyring=found[1])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.hand_key_to(dialog.chosen, dialog.secrets.text, dialog.current.text()))
        dialog.open()

    def hand_key_to(self, holder: Holder, passphrase: str, current: str) -> None:
        """Give the key to another holder."""
        privacy = self._app.privacy
        self._say(self.tr("Changing…"))
        self._bridge.run_long(lambda: privacy.hand_key_to(holder, passphrase, current), self._key_changed, self._failed)

    def _key_changed(self, _: object) -> None:
        self._say(self.tr("Done. The text was not encrypted anew; only the key changed hands."))
        self.reload()

    def _ask_person(self) -> None:
        dialog = self.person_dialog = ForgetPersonDialog(self, self._app.library, self._bridge)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._forget(dialog.about))
        dialog.open()

    def _forget(self, about: Correspondent | None) -> None:
        if about is not None:
            library, address = self._app.library, about.address
            self._say(self.tr("Forgetting…"))
            self.forgetting.emit(address)
            self._bridge.run_long(lambda: library.forget_person(address), self._forgotten, self._failed)

    def _forgotten(self, about: Correspondent) -> None:
        gone = counted(about.documents, self.tr("{0} document"), self.tr("{0} documents"))
        self._say(self.tr("Forgotten: {0}, and what was learned from it.").format(gone))
        self._renew()

    def _renew(self) -> None:
        self.reload()
        self.changed.emit()

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
