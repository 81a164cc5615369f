"""Before the window: choose who keeps the key where no keyring can, or enter the passphrase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QRadioButton, QWidget

from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.widgets import button, column, label, row

T = TypeVar("T")
LEAST = 8
"""Characters of a passphrase, below which it is not taken."""


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """How the vault is to be locked or unlocked."""

    holder: Literal["passphrase", "keyfile", "keyring"]
    """Of a vault that is there already, its own holder counts."""
    passphrase: str | None = field(default=None, repr=False)


class UnlockDialog(QDialog, Generic[T]):
    """Asks until `attempt` succeeds or the person gives up.

    `attempt` runs off the window's thread; what it raises is shown and asked about again.  `result_value` holds what it
    returned.
    """

    def __init__(
        self,
        bridge: Bridge,
        attempt: Callable[[KeyChoice], T],
        *,
        first: bool,
        reason: str = "",
        passphrase: bool = True,
    ) -> None:
        """Without `passphrase` there is nothing to enter: whoever holds the key gives it."""
        super().__init__()
        self._bridge, self._attempt, self._first = bridge, attempt, first
        self._asks = passphrase or first
        self.result_value: T | None = None
        self.setWindowTitle("Ownhand")
        self.setMinimumWidth(460)
        self._passphrase = self._secret(self.tr("Passphrase"))
        self._again = self._secret(self.tr("The same once more"))
        self._show = QCheckBox(self.tr("Show what I type"))
        self._show.toggled.connect(self._reveal)
        self._by_passphrase = QRadioButton(self.tr("Protect it with a passphrase"))
        self._by_file = QRadioButton(self.tr("Keep the key in a file beside it"))
        self._by_passphrase.setChecked(True)
        self._by_passphrase.toggled.connect(self._chosen)
        self._trouble = label(wrap=True)
        self._trouble.setProperty("danger", True)
        self._trouble.hide()
        self._go = button(self.tr("Create the vault") if first else self.tr("Open"), primary=True)
        self._go.setDefault(True)
        self._go.clicked.connect(self._try)
        self._leave = button(self.tr("Quit"))
        self._leave.clicked.connect(self.reject)
        for field_ in (self._passphrase, self._again):
            field_.textChanged.connect(self._check)
        self._lay_out(reason)
        self._check()
        (self._passphrase if self._asks else self._go).setFocus()

    def to_front(self) -> None:
        """A second start wants to see it."""
        self.show()
        self.raise_()
        self.activateWindow()

    def _lay_out(self, reason: str) -> None:
        if self._first:
            head = label(self.tr("Where should the key be?"), bold=True, size=1.3)
            text = label(
                reason
                or self.tr(
                    "Everything Ownhand keeps lies in one encrypted vault. No keyring of the system can hold its key "
                    "here, so choose how to protect it."
                ),
                quiet=True,
                wrap=True,
            )
            passphrase = QWidget()
            passphrase.setLayout(column(self._passphrase, self._again, self._show, margins=(24, 0, 0, 4), gap=8))
            lost = label(
                self.tr("It is asked for at every start. If you forget it, nobody can open the vault."),
                quiet=True,
                wrap=True,
            )
            lost.setContentsMargins(24, 0, 0, 0)
            open_ = label(
                self.tr("Nothing to remember. But whoever can read your files can then read the vault too."),
                quiet=True,
                wrap=True,
            )
            open_.setContentsMargins(24, 0, 0, 0)
            box = column(
                head, text, 4, self._by_passphrase, lost, passphrase, self._by_file, open_, self._trouble, 4,
                row(None, self._leave, self._go), margins=(28, 26, 28, 22), gap=8,
            )  # fmt: skip
        else:
            head = label(self.tr("Open your vault"), bold=True, size=1.3)
            text = label(reason or self.tr("Enter the passphrase that protects it."), quiet=True, wrap=True)
            self._again.hide()
            self._passphrase.setVisible(self._asks)
            self._show.setVisible(self._asks)
            box = column(
                head, text, 4, self._passphrase, self._show, self._trouble, 4, row(None, self._leave, self._go),
                margins=(28, 26, 28, 22), gap=8,
            )  # fmt: skip
        self.setLayout(box)

    def _secret(self, name: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setEchoMode(QLineEdit.EchoMode.Password)
        edit.setPlaceholderText(name)
        edit.setAccessibleName(name)
        return edit

    def _reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self._passphrase.setEchoMode(mode)
        self._again.setEchoMode(mode)

    def _chosen(self) -> None:
        for widget in (self._passphrase, self._again, self._show):
            widget.setEnabled(self._by_passphrase.isChecked())
        self._check()

    def _check(self) -> None:
        text = self._passphrase.text()
        if self._first and self._by_passphrase.isChecked():
            good = len(text) >= LEAST and text == self._again.text()
            wrong = bool(text) and len(text) < LEAST and not self._passphrase.hasFocus()
            if self._again.text() and text and not text.startswith(self._again.text()):
                self._complain(self.tr("The two are not the same."))
            elif wrong:
                self._complain(self.tr("Take at least {0} characters.").format(LEAST))
            else:
                self._trouble.hide()
        else:
            good = self._first or bool(text) or not self._asks
        self._go.setEnabled(good)

    def _complain(self, sentence: str) -> None:
        self._trouble.setText(sentence)
        self._trouble.setAccessibleName(sentence)
        self._trouble.show()

    def _try(self) -> None:
        choice = KeyChoice("passphrase", self._passphrase.text())
        if self._first and self._by_file.isChecked():
            choice = KeyChoice("keyfile")
        elif not self._asks:
            choice = KeyChoice("keyring")
        self._trouble.hide()
        self.setEnabled(False)
        attempt = self._attempt
        self._bridge.run_long(lambda: attempt(choice), self._done, self._failed)

    def _done(self, value: T) -> None:
        self.result_value = value
        self.accept()

    def _failed(self, failure: Exception) -> None:
        self.setEnabled(True)
        self._complain(sentence_of(failure))
        self._passphrase.selectAll()
        self._passphrase.setFocus()
