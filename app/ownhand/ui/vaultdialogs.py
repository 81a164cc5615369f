"""Dialogs of the privacy page: who holds the key, a passphrase for a file, and forgetting one person."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QRadioButton, QWidget

from ownhand.domain.ports import Correspondent
from ownhand.services.privacy import SHORTEST, Holder
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import Library
from ownhand.ui.widgets import button, column, counted, label, offer, row, timer


class Secrets(QWidget):
    """A new passphrase twice, and whether it is shown."""

    def __init__(self, *, twice: bool = True) -> None:
        super().__init__()
        self._twice = twice
        self.first = self._field(self.tr("New passphrase") if twice else self.tr("Passphrase"))
        self.second = self._field(self.tr("The same once more"))
        self._shown = QCheckBox(self.tr("Show what I type"))
        self._shown.toggled.connect(self._reveal)
        self.second.setVisible(twice)
        self.setLayout(column(self.first, self.second, self._shown, gap=8))

    @property
    def text(self) -> str:
        """What was entered."""
        return self.first.text()

    @property
    def complaint(self) -> str:
        """Why it cannot be taken, '' if it can."""
        if self._twice and len(self.text) < SHORTEST:
            return self.tr("Take at least {0} characters; a few words are best.").format(SHORTEST)
        if not self.text:
            return self.tr("Enter the passphrase.")
        if self._twice and self.second.text() != self.text:
            return self.tr("The two are not the same.")
        return ""

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setEchoMode(QLineEdit.EchoMode.Password)
        field.setPlaceholderText(name)
        field.setAccessibleName(name)
        return field

    def _reveal(self, shown: bool) -> None:
        for field in (self.first, self.second):
            field.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)


class PassphraseDialog(QDialog):
    """For a backup: a new passphrase, or the one it was made with."""

    def __init__(self, parent: QWidget, title: str, sentence: str, do: str, *, new: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(420)
        self.secrets = Secrets(twice=new)
        self._go = button(do, primary=True)
        self._go.setDefault(True)
        self._go.clicked.connect(self.accept)
        cancel = button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        for field in (self.secrets.first, self.secrets.second):
            field.textChanged.connect(self._check)
        self.setLayout(
            column(
                label(title, bold=True, size=1.15),
                label(sentence, wrap=True),
                self.secrets,
                row(None, cancel, self._go),
                margins=(22, 20, 22, 18),
                gap=10,
            )
        )
        self._check()

    def _check(self) -> None:
        self._go.setEnabled(not self.secrets.complaint)
        self._go.setToolTip(self.secrets.complaint)


class KeyDialog(QDialog):
    """Who holds the key from now on; `chosen` says it once it is accepted."""

    def __init__(self, parent: QWidget, holder: Holder | None, *, keyring: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("The key of the vault"))
        self.setMinimumWidth(460)
        self._ways: list[tuple[Holder, QRadioButton]] = [
            ("keyring", QRadioButton(self.tr("The system keyring holds it while I am logged in"))),
            ("passphrase", QRadioButton(self.tr("A passphrase protects it; it is asked for at every start"))),
            ("keyfile", QRadioButton(self.tr("A file beside the vault holds it; who can read my files can read all"))),
        ]
        self._ways[0][1].setEnabled(keyring or holder == "keyring")
        for way, choice in self._ways:
            choice.setChecked(way == (holder or "passphrase"))
            choice.toggled.connect(self._check)
        self.current = QLineEdit()
        self.current.setEchoMode(QLineEdit.EchoMode.Password)
        self.current.setPlaceholderText(self.tr("The passphrase now in use"))
        self.current.setAccessibleName(self.current.placeholderText())
        self.current.setVisible(holder == "passphrase")
        self.secrets = Secrets()
        self._holder = holder
        self._go = button(self.tr("Change"), primary=True)
        self._go.clicked.connect(self.accept)
        cancel = button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        for field in (self.current, self.secrets.first, self.secrets.second):
            field.textChanged.connect(self._check)
        note = label(
            self.tr("Nothing is encrypted anew: the key stays the same and changes hands. Copies of the old key file "
                    "or of key.json still open the vault as before."),
            quiet=True, wrap=True,
        )  # fmt: skip
        self.setLayout(
            column(
                label(self.tr("Who holds the key?"), bold=True, size=1.15),
                *(choice for _, choice in self._ways),
                self.current,
                self.secrets,
                note,
                row(None, cancel, self._go),
                margins=(22, 20, 22, 18),
                gap=10,
            )
        )
        self._check()

    @property
    def chosen(self) -> Holder:
        """The holder that is ticked."""
        return next(way for way, choice in self._ways if choice.isChecked())

    def choose(self, holder: Holder) -> None:
        """Tick a holder."""
        dict(self._ways)[holder].setChecked(True)

    def _check(self) -> None:
        if not any(choice.isChecked() for _, choice in self._ways):
            return  # between two of them
        to_passphrase = self.chosen == "passphrase"
        self.secrets.setVisible(to_passphrase)
        complaint = self.secrets.complaint if to_passphrase else ""
        if self._holder == "passphrase" and not self.current.text():
            complaint = self.tr("Enter the passphrase now in use.")
        if self.chosen == self._holder and not to_passphrase:
            complaint = self.tr("That is so already.")
        self._go.setEnabled(not complaint)
        self._go.setToolTip(complaint)


class ForgetPersonDialog(QDialog):
    """Choose somebody, see how much it is, and confirm."""

    def __init__(self, parent: QWidget, library: Library, bridge: Bridge) -> None:
        super().__init__(parent)
        self._library, self._bridge = library, bridge
        self.about: Correspondent | None = None
        self.setWindowTitle(self.tr("Forget a person"))
        self.setMinimumWidth(440)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Address or name"))
        self.field.setAccessibleName(self.field.placeholderText())
        self.field.textChanged.connect(self._typed)
        self._said = label(quiet=True, wrap=True)
        self._wait = timer(self, "look up a person", 200)
        self._wait.timeout.connect(self._look)
        self.go = button(self.tr("Forget"), danger=True)
        self.go.setEnabled(False)
        self.go.clicked.connect(self.accept)
        cancel = button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        sentence = self.tr(
            "Everything you wrote to them goes: documents, drafts, and what was learned from them. It does not come "
            "back when the mailbox is read again. Your mail itself stays as it is."
        )
        self.setLayout(
            column(
                label(self.tr("Forget a person"), bold=True, size=1.15),
                label(sentence, wrap=True),
                self.field,
                self._said,
                row(None, cancel, self.go),
                margins=(22, 20, 22, 18),
                gap=10,
            )
        )
        bridge.run(library.people, self._offer)

    def _offer(self, people: Sequence[str]) -> None:
        offer(self.field, people)

    def _typed(self) -> None:
        self.about = None
        self.go.setEnabled(False)
        self._wait.start()

    def _look(self) -> None:
        typed = self.field.text().strip()
        if typed:
            self._bridge.run(lambda: self._library.about(typed), self._found, self._failed)

    def _found(self, about: Correspondent) -> None:
        self.about = about
        parts = (
            counted(about.documents, self.tr("{0} document"), self.tr("{0} documents")),
            counted(about.drafts, self.tr("{0} draft"), self.tr("{0} drafts")),
            counted(about.edits, self.tr("{0} edit"), self.tr("{0} edits")),
        )
        something = bool(about.documents + about.drafts + about.edits)
        self._said.setText(
            self.tr("{0}: {1}.").format(about.address, ", ".join(parts))
            if something
            else self.tr("Nothing was written to them.")
        )
        self.go.setEnabled(something)

    def _failed(self, failure: Exception) -> None:
        self._said.setText(sentence_of(failure))
