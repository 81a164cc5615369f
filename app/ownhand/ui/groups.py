"""Groups of recipients with a style of their own: making one from a draft, changing it, deleting it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QLineEdit, QVBoxLayout, QWidget

from ownhand.domain.corpus import Document
from ownhand.domain.draft import Audience, Draft, address_of
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App
from ownhand.ui.widgets import button, column, label, offer, row, scrolling
from ownhand.ui.windows import Confirm

MEMBER, DOMAIN = "member", "domain"


@dataclass(frozen=True, slots=True)
class Known:
    """What the dialog is opened with: the groups there are, and whom the person wrote to."""

    audiences: list[Audience]
    people: list[str] = field(repr=False)


def known_people(drafts: list[Draft], documents: list[Document]) -> list[str]:
    """Whom the person wrote to, the most recent first."""
    found: dict[str, None] = {}
    for recipients in [draft.recipients for draft in drafts] + [document.recipients for document in documents]:
        for recipient in recipients:
            found.setdefault(recipient)
    return list(found)


def domain_of(recipient: str) -> str:
    """The mail domain of a recipient; '' where there is no address.

    >>> domain_of("Dana Li <dana@Northmill.example>"), domain_of("@posteo.example"), domain_of("Dana")
    ('northmill.example', 'posteo.example', '')
    """
    address = recipient.strip().lower() if recipient.strip().startswith("@") else address_of(recipient)
    return address.rpartition("@")[2] if "@" in address else ""


class GroupDialog(QDialog):
    """Name and members of a group; `group()` is what was entered.

    Signals:
        delete_wanted: the group is to go, and the person said so twice.
    """

    delete_wanted = Signal()

    def __init__(self, known: Known, group: Audience | None, recipients: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._id = group.id if group is not None else uuid.uuid4().hex
        self._taken = {"everyone"} | {other.name.lower() for other in known.audiences if other.id != self._id}
        self._boxes: list[QCheckBox] = []
        self._shown = {address_of(person): person for person in reversed(known.people)}
        self.setWindowTitle(self.tr("New group") if group is None else self.tr("Group"))
        self.resize(440, 430)
        self.name = QLineEdit(group.name if group is not None else "")
        self.name.setPlaceholderText(self.tr("Work, Friends, one person…"))
        name_label = label(self.tr("Name"))
        name_label.setBuddy(self.name)
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(7)
        self._box.addStretch(1)
        self.more = QLineEdit()
        self.more.setPlaceholderText(self.tr("Add an address, or everyone at @example.org"))
        self.more.setAccessibleName(self.tr("Add to the group"))
        offer(self.more, known.people)
        self.more.returnPressed.connect(self._add)
        add = button(self.tr("Add"))
        add.clicked.connect(self._add)
        self._trouble = label(wrap=True)
        self._trouble.setProperty("danger", True)
        self._trouble.hide()
        self.save = button(self.tr("Create") if group is None else self.tr("Save"), primary=True)
        self.save.clicked.connect(self._finish)
        cancel = button(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self._delete = button(self.tr("Delete group…"), flat=True)
        self._delete.setProperty("danger", True)
        self._delete.setVisible(group is not None)
        self._delete.clicked.connect(self._ask_delete)
        self.setLayout(
            column(
                label(
                    self.tr(
                        "What you write to a group has a style of its own, measured from what you wrote to its people."
                    ),
                    quiet=True,
                    wrap=True,
                ),
                4, name_label, self.name, 4, label(self.tr("Who belongs to it")), scrolling(inside),
                row(self.more, add, stretch=0), self._trouble, 4, row(self._delete, None, cancel, self.save),
                margins=(22, 18, 22, 18), gap=6, stretch=6))  # fmt: skip
        self._fill(group, recipients)
        self.name.textChanged.connect(self._check)
        self.name.returnPressed.connect(self._finish)
        self.name.setFocus()
        self._check()

    def group(self) -> Audience:
        """The group as it is entered."""
        ticked = [box for box in self._boxes if box.isChecked()]
        return Audience(
            self._id,
            " ".join(self.name.text().split()),
            tuple(str(box.property("value")) for box in ticked if box.property("kind") == MEMBER),
            tuple(str(box.property("value")) for box in ticked if box.property("kind") == DOMAIN),
        )

    def _fill(self, group: Audience | None, recipients: Sequence[str]) -> None:
        if group is not None:
            for member in group.members:
                self._offer(MEMBER, member)
            for domain in group.domains:
                self._offer(DOMAIN, domain)
        for recipient in recipients:
            self._shown.setdefault(address_of(recipient), recipient)
            self._offer(MEMBER, address_of(recipient))
        for domain in dict.fromkeys(domain_of(recipient) for recipient in recipients):
            if domain:
                self._offer(DOMAIN, domain, ticked=False)

    def _offer(self, kind: str, value: str, *, ticked: bool = True) -> None:
        for box in self._boxes:
            if (box.property("kind"), box.property("value")) == (kind, value):
                box.setChecked(box.isChecked() or ticked)
                return
        text = self._shown.get(value, value) if kind == MEMBER else self.tr("Everyone at {0}").format(value)
        box = QCheckBox(text.replace("&", "&&"))
        box.setProperty("kind", kind)
        box.setProperty("value", value)
        box.setChecked(ticked)
        self._boxes.append(box)
        self._box.insertWidget(self._box.count() - 1, box)

    def _add(self) -> None:
        typed = self.more.text().strip().strip(",;")
        if typed.startswith("@") and domain_of(typed):
            self._offer(DOMAIN, domain_of(typed))
        elif typed:
            self._shown.setdefault(address_of(typed), typed)
            self._offer(MEMBER, address_of(typed))
        self.more.clear()
        self.more.setFocus()

    def _check(self) -> None:
        name = " ".join(self.name.text().lower().split())
        self._trouble.setText(self.tr("There is a group of this name already."))
        self._trouble.setVisible(name in self._taken)
        self.save.setEnabled(bool(name) and name not in self._taken)

    def _finish(self) -> None:
        if self.more.text().strip():
            self._add()
        if self.save.isEnabled():
            self.accept()

    def _ask_delete(self) -> None:
        ask = Confirm(
            self,
            self.tr("Delete “{0}”?").format(self.name.text()),
            self.tr(
                "What you wrote to these people stays, and drafts to them follow the style for everyone again. "
                "Rules made for this group alone no longer apply."
            ),
            self.tr("Delete"),
        )
        ask.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ask.accepted.connect(self._delete_confirmed)
        ask.open()

    def _delete_confirmed(self) -> None:
        self.delete_wanted.emit()
        self.reject()


class Groups(QObject):
    """Opens the dialog and carries out what was decided in it.

    Signals:
        changed: a group was added or changed (carries its id) or deleted (carries '').
        measured: the history was measured anew with the groups as they are now.
    """

    changed = Signal(str)
    measured = Signal()

    def __init__(self, app: App, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._app, self._bridge, self._over = app, bridge, parent
        self._one_at_a_time = threading.Lock()

    def new(self, recipients: Sequence[str] = ()) -> None:
        """Ask for a new group, with these recipients as its first members."""
        self._fetch(None, tuple(recipients))

    def edit(self, audience_id: str) -> None:
        """Ask for changes of a group."""
        self._fetch(audience_id, ())

    def _fetch(self, audience_id: str | None, recipients: tuple[str, ...]) -> None:
        library = self._app.library

        def work() -> Known:
            return Known(library.audiences(), known_people(library.drafts(), library.documents()))

        def opened(known: Known) -> None:
            group = next((item for item in known.audiences if item.id == audience_id), None)
            if audience_id is None or group is not None:
                self._open(known, group, recipients)

        self._bridge.run(work, opened)

    def _open(self, known: Known, group: Audience | None, recipients: tuple[str, ...]) -> None:
        dialog = GroupDialog(known, group, recipients, self._over)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def save() -> None:
            self.save(dialog.group())

        def delete() -> None:
            self.delete(dialog.group().id)

        dialog.accepted.connect(save)
        dialog.delete_wanted.connect(delete)
        dialog.open()

    def save(self, group: Audience) -> None:
        """Add or change a group, then measure the history anew."""
        library, learning = self._app.library, self._app.learning

        def work() -> str:
            library.save_audience(group)
            learning.audiences_changed()
            return group.id

        self._bridge.run(work, self._changed)

    def delete(self, audience_id: str) -> None:
        """Delete a group, then measure the history anew."""
        library, learning = self._app.library, self._app.learning

        def work() -> str:
            library.delete_audience(audience_id)
            learning.audiences_changed()
            return ""

        self._bridge.run(work, self._changed)

    def _changed(self, audience_id: str) -> None:
        self.changed.emit(audience_id)
        personal, one_at_a_time = self._app.personal, self._one_at_a_time

        def measure() -> None:
            with one_at_a_time:
                personal.forgotten(())

        self._bridge.run_long(measure, self._measured)

    def _measured(self, _: object) -> None:
        self.measured.emit()
