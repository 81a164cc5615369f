"""Above the page: for whom, about what, and the message it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QSizePolicy, QTextEdit, QWidget

from ownhand.domain.corpus import Kind, ReplyContext
from ownhand.domain.draft import EVERYONE, Audience, Draft, address_of, resolve_audience
from ownhand.ui.theme import Theme, scaled
from ownhand.ui.widgets import Chip, Elided, Flow, button, column, keep_painted, label, offer, row, tool

AUTOMATIC, NEW_GROUP = "", "+"
"""In the audience box: resolved from the recipients; a group that is yet to be made."""


class AudienceBox(QComboBox):
    """A box whose list opens by keys and that the wheel does not turn: one of its entries opens a dialog."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.showPopup()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RecipientEdit(QWidget):
    """Recipients as chips, with a field for the next one.

    Signals:
        changed: somebody was added or removed.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._flow = Flow(5)
        self.field = QLineEdit()
        self.field.setProperty("bare", True)
        self.field.setAccessibleName(self.tr("Add a recipient"))
        self.field.setMinimumWidth(150)
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.field.editingFinished.connect(self._take_field)
        self.field.textEdited.connect(self._separated)
        self.field.installEventFilter(self)
        self._flow.addWidget(self.field)
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusProxy(self.field)
        self._show_placeholder()

    def recipients(self) -> tuple[str, ...]:
        """As they stand, in order."""
        return tuple(chip.recipient for chip in self._chips())

    def set_recipients(self, recipients: Sequence[str]) -> None:
        """Show these, without announcing a change."""
        for chip in self._chips():
            self._drop(chip)
        for recipient in recipients:
            self._add(recipient)
        self.field.clear()
        self._show_placeholder()

    def set_known(self, people: Sequence[str]) -> None:
        """Whom to offer while typing."""
        offer(self.field, people)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            chips = self._chips()
            if event.key() == Qt.Key.Key_Backspace and not self.field.text() and chips:
                self._remove(chips[-1].recipient)
                return True
        return super().eventFilter(watched, event)

    def _chips(self) -> list[Chip]:
        found = []
        for index in range(self._flow.count()):
            item = self._flow.itemAt(index)
            widget = item.widget() if item is not None else None
            if isinstance(widget, Chip):
                found.append(widget)
        return found

    def _add(self, recipient: str) -> None:
        name = re.sub(r"\s*<[^>]*>\s*$", "", recipient).strip().strip('"') or address_of(recipient)
        chip = Chip(self._theme, recipient, name)
        chip.removed.connect(self._remove)
        self._flow.insert(self._flow.count() - 1, chip)

    def _drop(self, chip: Chip) -> None:
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()

    def _remove(self, recipient: str) -> None:
        for chip in self._chips():
            if chip.recipient == recipient:
                self._drop(chip)
        self.field.setFocus()
        self._show_placeholder()
        self.changed.emit()

    def _separated(self, text: str) -> None:
        if text.endswith((",", ";")):
            self._take_field()

    def _take_field(self) -> None:
        typed = self.field.text()
        known = {address_of(recipient) for recipient in self.recipients()}
        added = False
        for part in re.split(r"[;,]\s*(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", typed):
            recipient = " ".join(part.split())
            if recipient and address_of(recipient) not in known:
                known.add(address_of(recipient))
                self._add(recipient)
                added = True
        self.field.clear()
        if added:
            self._show_placeholder()
            self.changed.emit()

    def _show_placeholder(self) -> None:
        self.field.setPlaceholderText("" if self._chips() else self.tr("Name or address"))
        self.updateGeometry()


class ReplyStrip(QFrame):
    """The message that is being answered: one line, or all of it.

    Signals:
        removed: it is not to be answered after all.
    """

    removed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("Note")
        self._fold = tool(theme, "right", self.tr("Show the message"), size=14)
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._unfold)
        keep_painted(theme, self._fold, self._paint)
        self._line = Elided(quiet=True)
        cross = tool(theme, "cross", self.tr("Do not reply to this message"), size=14)
        cross.clicked.connect(self.removed)
        self._text = QTextEdit()
        self._text.setReadOnly(True)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setAccessibleName(self.tr("Message that is answered"))
        self._text.setTabChangesFocus(True)
        self._text.viewport().setAutoFillBackground(False)
        self._text.setFixedHeight(130)
        self._text.hide()
        self.setLayout(column(row(self._fold, self._line, cross, gap=4), self._text, margins=(4, 3, 4, 3), gap=2))

    def show_message(self, message: ReplyContext | None) -> None:
        """Show it, or hide where there is none."""
        self.setVisible(message is not None)
        if message is not None:
            who = (
                self.tr("Replying to {0}: ").format(message.from_name)
                if message.from_name
                else self.tr("Replying to: ")
            )
            self._line.show_text(who + "“" + " ".join(message.text.split())[:300] + "”")
            self._text.setPlainText(message.text)

    def _unfold(self, shown: bool) -> None:
        self._text.setVisible(shown)
        self._paint()

    def _paint(self) -> None:
        self._fold.setIcon(self._theme.icon("down" if self._fold.isChecked() else "right"))


class Header(QWidget):
    """Recipients, subject, audience and the message answered; for a note or an article only the title.

    Signals:
        changed: something was changed by the person.
        subject_wanted: a subject line is asked for.
        group_wanted: a new group is asked for; carries the recipients.
    """

    changed = Signal()
    subject_wanted = Signal()
    group_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("Header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._kind = Kind.EMAIL
        self._reply: ReplyContext | None = None
        self._audiences: list[Audience] = []
        self._chosen: str | None = None
        self._filling = False

        self._to_label = label(self.tr("To"), quiet=True)
        self.recipients = RecipientEdit(theme)
        self._to_label.setBuddy(self.recipients)
        self.audience = AudienceBox()
        self.audience.setProperty("bare", True)
        self.audience.setAccessibleName(self.tr("Audience of this draft"))
        self.audience.setToolTip(self.tr("Whose style to follow: by the recipients, or the one you choose"))
        self.audience.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.audience.setMaximumWidth(190)
        self.audience.view().setMinimumWidth(170)
        self.subject = QLineEdit()
        self.subject.setProperty("bare", True)
        self.subject.setFont(scaled(1.35, QFont.Weight.DemiBold))
        self.suggest_subject = button(
            self.tr("Suggest"), flat=True, hint=self.tr("Propose a subject line from the text")
        )
        self.reply = ReplyStrip(theme)

        to_line = row(self._to_label, self.recipients, self.audience, gap=10)
        to_line.setAlignment(self._to_label, Qt.AlignmentFlag.AlignVCenter)
        subject_line = row(self.subject, self.suggest_subject, gap=10)
        self._box = column(to_line, subject_line, self.reply, margins=(24, 14, 24, 10), gap=8)
        self.setLayout(self._box)
        # As in every mail program, Tab leads from the recipients to the subject and on to the page.
        for before, after in pairwise((self.audience, self.suggest_subject, self.recipients.field, self.subject)):
            QWidget.setTabOrder(before, after)

        self.recipients.changed.connect(self._recipients_changed)
        self.subject.textEdited.connect(self._announce)
        self.audience.activated.connect(self._audience_chosen)
        self.suggest_subject.clicked.connect(self.subject_wanted)
        self.reply.removed.connect(self._forget_reply)

    def set_margins(self, left: int, right: int) -> None:
        """Line up with the text on the page."""
        self._box.setContentsMargins(left, 14, right, 10)

    def set_audiences(self, audiences: Sequence[Audience]) -> None:
        """The groups to choose from."""
        self._audiences = list(audiences)
        self._fill_audiences(self.chosen_audience())

    def show_draft(self, draft: Draft) -> None:
        """Show what belongs to a draft, without announcing a change."""
        self._filling = True
        self._kind, self._reply = draft.kind, draft.reply_to
        mail = draft.kind is Kind.EMAIL
        for widget in (self._to_label, self.recipients):
            widget.setVisible(mail)
        self.subject.setAccessibleName(self.tr("Subject") if mail else self.tr("Title"))
        self.subject.setPlaceholderText(self.tr("Subject") if mail else self.tr("Title"))
        self.recipients.set_recipients(draft.recipients)
        self.subject.setText(draft.subject)
        self.subject.setCursorPosition(0)
        self.reply.show_message(draft.reply_to)
        self._fill_audiences(draft.audience)
        self._filling = False

    def onto(self, draft: Draft) -> Draft:
        """The draft with what stands here."""
        return replace(
            draft,
            subject=self.subject.text(),
            recipients=self.recipients.recipients() if draft.kind is Kind.EMAIL else draft.recipients,
            audience=self.chosen_audience(),
            reply_to=self._reply,
        )

    def chosen_audience(self) -> str | None:
        """The audience that was chosen, None where the recipients decide."""
        return self._chosen

    def choose_audience(self, audience: str) -> None:
        """Follow this group: through the recipients where they lead to it, else by choice."""
        automatic = resolve_audience(self._audiences, self.recipients.recipients())
        self._fill_audiences(None if automatic == audience else audience)
        self._announce()

    def set_subject(self, subject: str) -> None:
        """Put in a subject line that was suggested; undoable in the field."""
        self.subject.selectAll()
        self.subject.insert(" ".join(subject.split()))
        self._announce()

    def set_reply(self, message: ReplyContext | None) -> None:
        """The message that is answered from now on."""
        self._reply = message
        self.reply.show_message(message)
        self._announce()

    def _forget_reply(self) -> None:
        self.set_reply(None)

    def _recipients_changed(self) -> None:
        self._fill_audiences(self.chosen_audience())
        self._announce()

    def _audience_chosen(self) -> None:
        chosen = self.audience.currentData()
        if chosen == NEW_GROUP:
            self._fill_audiences(self._chosen)
            self.group_wanted.emit(self.recipients.recipients() if self._kind is Kind.EMAIL else ())
        else:
            self._chosen = chosen or None
            self._announce()

    def _announce(self) -> None:
        if not self._filling:
            self.changed.emit()

    def _fill_audiences(self, chosen: str | None) -> None:
        names = {audience.id: audience.name for audience in self._audiences}
        names[EVERYONE] = self.tr("Everyone")
        automatic = resolve_audience(self._audiences, self.recipients.recipients())
        self.audience.blockSignals(True)
        self.audience.clear()
        self.audience.addItem(names[automatic], AUTOMATIC)
        for key, name in names.items() if self._audiences else ():
            self.audience.addItem(self.tr("Always {0}").format(name), key)
        self.audience.insertSeparator(self.audience.count())
        self.audience.addItem(self.tr("New group…"), NEW_GROUP)
        self.audience.setCurrentIndex(max(0, self.audience.findData(chosen)) if chosen else 0)
        self._chosen = chosen  # kept even where its group is not known yet: the draft may come before the groups
        self.audience.blockSignals(False)
