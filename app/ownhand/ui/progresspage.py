"""How it is going: keystrokes saved, what became of suggestions, and what was learned when; numbers, never words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QHeaderView, QTableView, QWidget

from ownhand.domain import tally
from ownhand.domain.tally import Tally
from ownhand.services.tallying import Learned, Progress
from ownhand.ui.bridge import Bridge
from ownhand.ui.charts import Chart, Figures, Filling, Legend, Series
from ownhand.ui.contract import App
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, clear, column, label, row, scrolling

Index = QModelIndex | QPersistentModelIndex
WEEKS = 12
RULES = 12
Week = tuple[date, Tally]


class WeekTable(QAbstractTableModel):
    """The charts' numbers as rows, the latest week first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._weeks: list[Week] = []
        self._heads = (
            self.tr("Week of"),
            self.tr("Keys saved"),
            self.tr("Shown"),
            self.tr("Taken"),
            self.tr("Kept"),
            self.tr("Changed"),
            self.tr("Discarded"),
            self.tr("Words in 100"),
        )

    def show_weeks(self, weeks: list[Week]) -> None:
        """Show these from now on."""
        self.beginResetModel()
        self._weeks = weeks[::-1]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._weeks)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        monday, one = self._weeks[index.row()]
        counts = (one.saved, one.shown, one.taken, one.accepted, one.edited, one.rejected)
        changed = "–" if one.changed is None else f"{one.changed:.0f}"
        return (f"{monday.day} {monday:%b}", *(f"{count:,}" for count in counts), changed)[index.column()]


class ProgressPage(QWidget):
    """Three charts over the last weeks, the rules by the day they were learned, the same as a table and as CSV."""

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._app, self._bridge = app, bridge
        self._summary = label(wrap=True)
        self.saved, self.became, self.changed = Chart(theme), Chart(theme), Chart(theme)
        self._kinds: tuple[tuple[str, Filling], ...] = (
            (self.tr("kept as they were"), "solid"),
            (self.tr("changed"), "striped"),
            (self.tr("discarded"), "hollow"),
        )
        self._learned = column(gap=5)
        learned = QWidget()
        learned.setLayout(self._learned)
        self.table = WeekTable(self)
        self.view = QTableView()
        self.view.setModel(self.table)
        self.view.setAccessibleName(self.tr("How it is going, week by week"))
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setShowGrid(False)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
        self.view.horizontalHeader().setHighlightSections(False)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.setMinimumHeight(240)
        self.numbers = button(self.tr("Show the numbers"))
        self.numbers.setCheckable(True)
        self.numbers.toggled.connect(self._turn)
        self._save = button(self.tr("Save as CSV…"), hint=self.tr("The counts of each day, for a spreadsheet"))
        self._save.clicked.connect(self._ask_where)
        self._said = label(quiet=True, wrap=True)
        self._said.hide()
        inside = QWidget()
        inside.setLayout(
            column(
                label(self.tr("Keystrokes saved by completions, a week"), bold=True),
                self.saved,
                8,
                label(self.tr("Suggestions, a week"), bold=True),
                Legend(theme, self._kinds),
                self.became,
                8,
                label(self.tr("Words you changed in a hundred of a suggestion you took"), bold=True),
                self.changed,
                8,
                label(self.tr("Learned from your changes"), bold=True),
                learned,
                None,
                gap=4,
            )
        )
        self._charts = scrolling(inside)
        note = label(self.tr("Counted on this computer, per day, without a word of text."), quiet=True)
        self.setLayout(
            column(
                self._summary, self._charts, self.view, self._said, row(note, None, self.numbers, self._save),
                gap=10, stretch=1,
            )
        )  # fmt: skip
        self._turn(False)
        self._loaded(Progress((), ()))

    def reload(self) -> None:
        """Fetch the counts anew."""
        self._bridge.run(self._app.tallying.progress, self._loaded)

    def _loaded(self, found: Progress) -> None:
        weeks = tally.by_week(found.days, date.today(), WEEKS)
        labels = tuple(f"{monday.day} {monday:%b}" for monday, _ in weeks)
        sums = [one for _, one in weeks]
        self._summary.setText(self._told(tally.total(found.days)))
        name = self.tr("keystrokes saved")
        self.saved.show_figures(
            Figures(self.tr("Keystrokes saved"), labels, (Series(name, tuple(float(one.saved) for one in sums)),))
        )
        values = [(one.accepted, one.edited, one.rejected) for one in sums]
        self.became.show_figures(
            Figures(
                self.tr("Suggestions"),
                labels,
                tuple(
                    Series(kind, tuple(float(week[number]) for week in values), filling)
                    for number, (kind, filling) in enumerate(self._kinds)
                ),
            )
        )
        name = self.tr("words changed of 100")
        self.changed.show_figures(
            Figures(name, labels, (Series(name, tuple(one.changed for one in sums)),), as_line=True)
        )
        self.table.show_weeks(weeks)
        self._list(list(found.learned))
        self._save.setEnabled(bool(found.days))

    def _told(self, one: Tally) -> str:
        if one == Tally():
            return self.tr("Nothing was counted yet. Take a completion or a suggestion, and it shows here.")
        parts = [self.tr("{0} keystrokes saved; {1} of {2} completions taken.").format(
            f"{one.saved:,}", f"{one.taken:,}", f"{one.shown:,}")]  # fmt: skip
        if one.accepted + one.edited + one.rejected:
            parts.append(
                self.tr("Of the suggestions {0} were kept as they were, {1} changed and {2} discarded.").format(
                    f"{one.accepted:,}", f"{one.edited:,}", f"{one.rejected:,}"
                )
            )
        return " ".join(parts)

    def _list(self, learned: list[Learned]) -> None:
        clear(self._learned)
        for one in learned[:RULES]:
            day = label(f"{one.day.day} {one.day:%b %Y}", quiet=True)
            day.setFixedWidth(self.fontMetrics().horizontalAdvance("30 Mmm 2026") + 12)
            self._learned.addLayout(row(day, label(one.statement, wrap=True), stretch=1))
        rest = len(learned) - RULES
        if not learned:
            self._learned.addWidget(label(self.tr("Nothing yet: a change made twice becomes a rule."), quiet=True))
        elif rest > 0:
            self._learned.addWidget(label(self.tr("and {0} more, in Learned").format(rest), quiet=True))

    def _turn(self, numbers: bool) -> None:
        self._charts.setVisible(not numbers)
        self.view.setVisible(numbers)
        self.numbers.setText(self.tr("Show the charts") if numbers else self.tr("Show the numbers"))

    def _ask_where(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save as CSV"), "ownhand.csv", self.tr("Comma-separated values (*.csv)")
        )
        if chosen:
            path = Path(chosen)
            self.save_to(path if path.suffix else path.with_suffix(".csv"))

    def save_to(self, path: Path) -> None:
        """Write the counts of each day into this file."""
        tallying = self._app.tallying
        self._said.hide()

        def work() -> str:
            tallying.save_csv(path)
            return path.name

        self._bridge.run(work, self._saved)

    def _saved(self, name: str) -> None:
        self._said.setText(self.tr("Saved as {0}.").format(name))
        self._said.show()
        QTimer.singleShot(6000, self._said.hide)
