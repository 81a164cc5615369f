"""What was learned: every rule in words, how sure, from how many edits; to be changed, switched off or deleted."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QHeaderView, QLineEdit, QTableView, QTextEdit, QWidget

from ownhand.domain.draft import EVERYONE, Audience
from ownhand.domain.preference import Edit, Origin, Preference, Standing
from ownhand.domain.text import diff
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App
from ownhand.ui.shelf import ago
from ownhand.ui.theme import Theme
from ownhand.ui.trainingcard import TrainingCard
from ownhand.ui.widgets import button, column, label, row, scrolling
from ownhand.ui.windows import TypeToConfirm

Index = QModelIndex | QPersistentModelIndex
RULE, AUDIENCE, SURE, EVIDENCE, USED = range(5)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A preference as the table shows it."""

    preference: Preference
    statement: str = field(repr=False)
    audience: str = ""
    sure: float = 0.0
    standing: Standing = Standing.ALWAYS
    is_followed: bool = True
    """Whether the model in use can do what it says."""

    @property
    def evidence(self) -> str:
        """How many edits it rests on, or that the person said it."""
        if self.preference.origin is Origin.STATED:
            return "yours" if self.is_followed else "needs a larger model"
        agreeing, conflicting = round(self.preference.agreeing), round(self.preference.conflicting)
        return f"{agreeing} for, {conflicting} against" if conflicting else str(agreeing)


class RuleTable(QAbstractTableModel):
    """Rules as rows.

    Signals:
        switched: (preference, on or off).
        reworded: (preference, new words).
    """

    switched = Signal(object, bool)
    reworded = Signal(object, str)

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[RuleRow] = []
        self._heads = (self.tr("Rule"), self.tr("Audience"), self.tr("Sure"), self.tr("Edits"), self.tr("Last used"))

    def show_rows(self, rows: list[RuleRow]) -> None:
        """Show these from now on."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row_at(self, number: int) -> RuleRow | None:
        """The rule in a row."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        shown = self.row_at(index.row()) if index.isValid() else None
        if shown is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            sometimes = shown.standing is Standing.SOMETIMES
            sure = self.tr("where it fits") if sometimes else f"{round(100 * shown.sure)} %"
            used = ago(shown.preference.last_used)
            return (shown.statement, shown.audience, sure, shown.evidence, used)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole and (shown.standing is Standing.OFF or not shown.is_followed):
            return self._theme.tokens["muted"]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == RULE:
            return Qt.CheckState.Checked if shown.preference.enabled else Qt.CheckState.Unchecked
        told = role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole)
        if told and index.column() == RULE:
            if shown.standing is Standing.OFF:
                return self.tr("Switched off")
            if not shown.is_followed:
                return self.tr("The model in use is too small to follow this. Settings, Models offers larger ones.")
            if shown.standing is Standing.SOMETIMES:
                return self.tr("You also write otherwise: it is followed where a text is like those you wanted it in")
            return shown.statement
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        shown = self.row_at(index.row())
        if shown is None or index.column() != RULE:
            return False
        if role == Qt.ItemDataRole.CheckStateRole:
            self.switched.emit(shown.preference, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Qt.ItemDataRole.EditRole and str(value).strip() and str(value).strip() != shown.statement:
            self.reworded.emit(shown.preference, str(value).strip())
            return True
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == RULE:
            return base | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable
        return base


class LearnedPage(QWidget):
    """The table of rules and what can be done with them.

    Signals:
        changed: a rule was added, changed, switched or deleted.
    """

    changed = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._theme, self._app, self._bridge = theme, app, bridge
        self._wanted = ""
        """Id of the rule to select once the rules are there."""
        self.table = RuleTable(theme, self)
        self.table.switched.connect(self._switch)
        self.table.reworded.connect(self._reword)
        self.view = QTableView()
        self.view.setModel(self.table)
        self.view.setAccessibleName(self.tr("What was learned"))
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.view.setShowGrid(False)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 16)
        self.view.verticalHeader().setMinimumSectionSize(self.fontMetrics().height() + 16)
        self.view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.horizontalHeader().setHighlightSections(False)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.horizontalHeader().setSectionResizeMode(RULE, QHeaderView.ResizeMode.Stretch)
        self.view.selectionModel().currentRowChanged.connect(self._selected)
        self._told = label(quiet=True, wrap=True)
        self._told.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._evidence = button(self.tr("Show the edits…"))
        self._rename = button(self.tr("Reword"))
        self._delete = button(self.tr("Delete"))
        self._scope = QComboBox()
        self._scope.setAccessibleName(self.tr("Audience of the selected rule"))
        self._scope.setToolTip(self.tr("For whom the selected rule holds"))
        self._scope.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._scope.activated.connect(self._move)
        self._forget = button(self.tr("Forget everything learned…"), flat=True)
        self._forget.setProperty("danger", True)
        self._evidence.clicked.connect(self._show_evidence)
        self._rename.clicked.connect(self._start_edit)
        self._delete.clicked.connect(self._delete_rule)
        self._forget.clicked.connect(self._forget_everything)
        self.new_rule = QLineEdit()
        self.new_rule.setPlaceholderText(self.tr("Say a rule yourself, for example: no exclamation marks"))
        self.new_rule.setAccessibleName(self.tr("A rule of your own"))
        self.new_rule.returnPressed.connect(self._state)
        self.audience = QComboBox()
        self.audience.setAccessibleName(self.tr("Audience of the rule"))
        self.audience.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.training = TrainingCard(app, bridge)
        add = button(self.tr("Add"))
        add.clicked.connect(self._state)
        self.setLayout(
            column(
                row(self.new_rule, self.audience, add),
                self._told,
                self.view,
                row(self._evidence, self._rename, self._scope, self._delete, None, self._forget),
                self.training,
                gap=10,
                stretch=2,
            )
        )
        self._selected()

    def reload(self) -> None:
        """Fetch the rules anew."""
        learning, library, drafting = self._app.learning, self._app.library, self._app.drafting
        self._bridge.run(self._app.training.reload)
        everyone, deleted = self.tr("Everyone"), self.tr("A deleted group")

        def work() -> tuple[list[Audience], list[RuleRow]]:
            audiences = library.audiences()
            names = {audience.id: audience.name for audience in audiences}
            names[EVERYONE] = everyone
            rows = [
                RuleRow(
                    item,
                    learning.statement(item),
                    names.get(item.audience, deleted),
                    learning.confidence(item),
                    learning.standing(item),
                    drafting.follows(item),
                )
                for item in learning.preferences()
            ]
            return audiences, rows

        self._bridge.run(work, self._loaded)

    def _loaded(self, found: tuple[list[Audience], list[RuleRow]]) -> None:
        audiences, rows = found
        kept, current = self.view.currentIndex().row(), self.current()
        wanted = self._wanted or (current.preference.id if current is not None else "")
        self._wanted = ""
        self.table.show_rows(rows)
        same = next((n for n, shown in enumerate(rows) if shown.preference.id == wanted), kept)
        self.view.setCurrentIndex(self.table.index(min(max(same, 0), len(rows) - 1), RULE))
        self._told.setText(
            self.tr("A change that you make twice becomes a rule.")
            if rows
            else self.tr("Nothing yet. Take a suggestion and change it: a change made twice becomes a rule here.")
        )
        self.view.setVisible(bool(rows))
        chosen = self.audience.currentData()
        for box in (self.audience, self._scope):
            box.clear()
            box.addItem(self.tr("Everyone"), EVERYONE)
            for audience in audiences:
                box.addItem(audience.name, audience.id)
            box.setVisible(bool(audiences))
        self.audience.setCurrentIndex(max(0, self.audience.findData(chosen)))
        self._selected()

    def current(self) -> RuleRow | None:
        """The rule that is selected."""
        return self.table.row_at(self.view.currentIndex().row())

    def _selected(self) -> None:
        shown = self.current()
        for push in (self._rename, self._scope, self._delete):
            push.setEnabled(shown is not None)
        self._scope.setCurrentIndex(self._scope.findData(shown.preference.audience) if shown is not None else -1)
        self._evidence.setEnabled(shown is not None and shown.preference.origin is Origin.LEARNED)

    def _then(self, done: object) -> None:
        if isinstance(done, Preference):  # it may have got another place in the table, and another id
            self._wanted = done.id
        self.reload()
        self.changed.emit()

    def _switch(self, preference: Preference, on: bool) -> None:
        learning = self._app.learning
        self._bridge.run(lambda: learning.set_enabled(preference, on), self._then)

    def _reword(self, preference: Preference, text: str) -> None:
        learning = self._app.learning
        self._bridge.run(lambda: learning.reword(preference, text), self._then)

    def _start_edit(self) -> None:
        self.view.edit(self.table.index(self.view.currentIndex().row(), RULE))

    def _move(self) -> None:
        shown, audience, learning = self.current(), self._scope.currentData(), self._app.learning
        if shown is not None and audience is not None:
            preference = shown.preference
            self._bridge.run(lambda: learning.move(preference, audience), self._then)

    def _delete_rule(self) -> None:
        shown, learning = self.current(), self._app.learning
        if shown is not None:
            preference = shown.preference
            self._bridge.run(lambda: learning.delete(preference), self._then)

    def _state(self) -> None:
        text, audience, learning = (
            self.new_rule.text().strip(),
            self.audience.currentData() or EVERYONE,
            self._app.learning,
        )
        if text:
            self.new_rule.clear()
            self._bridge.run(lambda: learning.state(text, audience), self._then)

    def _show_evidence(self) -> None:
        shown, learning = self.current(), self._app.learning
        if shown is not None:
            preference = shown.preference
            self._bridge.run(lambda: learning.evidence_for(preference), self._open_evidence)

    def _open_evidence(self, edits: list[Edit]) -> None:
        shown = self.current()
        dialog = EvidenceDialog(self._theme, shown.statement if shown is not None else "", edits, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _forget_everything(self) -> None:
        dialog = TypeToConfirm(
            self,
            self.tr("Forget everything learned"),
            self.tr(
                "All rules, the edits they rest on, what was trained on your writing and the counts of how it is going "
                "are deleted. Your history and your drafts stay."
            ),
            self.tr("forget"),
            self.tr("Forget"),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._forget_now)
        dialog.open()

    def _forget_now(self) -> None:
        learning, tallying, training = self._app.learning, self._app.tallying, self._app.training

        def work() -> None:
            learning.forget_everything()
            tallying.forget()
            training.forget()

        self._bridge.run(work, self._then)


class EvidenceDialog(QDialog):
    """The edits a rule rests on: what was suggested at the left, what was kept at the right."""

    def __init__(self, theme: Theme, statement: str, edits: list[Edit], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("What it rests on"))
        self.resize(780, 520)
        inside = QWidget()
        box = column(gap=14)
        inside.setLayout(box)
        for edit in edits:
            box.addWidget(self._pair(edit))
        if not edits:
            box.addWidget(label(self.tr("No edits: you stated it yourself."), quiet=True))
        box.addStretch(1)
        close = button(self.tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        self.setLayout(
            column(
                label(statement, bold=True, size=1.15, wrap=True),
                row(label(self.tr("Suggested"), quiet=True), label(self.tr("What you kept"), quiet=True)),
                scrolling(inside),
                row(None, close),
                margins=(24, 20, 24, 18),
                gap=10,
            )
        )

    def _pair(self, edit: Edit) -> QFrame:
        frame = QFrame()
        left, right = self._text(self.tr("Suggested text")), self._text(self.tr("Text that was kept"))
        tokens = self._theme.tokens
        for hunk in diff(edit.suggested, edit.kept):
            same = QTextCharFormat()
            same.setForeground(tokens["text"])
            gone, come = QTextCharFormat(), QTextCharFormat()
            gone.setForeground(tokens["delete_text"])
            gone.setBackground(tokens["delete_bg"])
            gone.setFontStrikeOut(True)
            come.setForeground(tokens["insert_text"])
            come.setBackground(tokens["insert_bg"])
            come.setFontUnderline(True)
            equal = hunk.kind == "equal"
            _append(left, hunk.old, same if equal else gone)
            _append(right, hunk.new, same if equal else come)
        frame.setLayout(column(row(left, right), label(ago(edit.at), quiet=True, size=0.9), gap=3))
        return frame

    def _text(self, name: str) -> QTextEdit:
        text = QTextEdit()
        text.setObjectName("Reading")
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setAccessibleName(name)
        text.setMinimumHeight(120)
        text.document().setDocumentMargin(8)
        return text


def _append(edit: QTextEdit, text: str, style: QTextCharFormat) -> None:
    cursor = QTextCursor(edit.document())
    cursor.movePosition(QTextCursor.MoveOperation.End)
    cursor.insertText(text, style)
