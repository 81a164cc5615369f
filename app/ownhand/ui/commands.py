"""What the window can do, as a table: it feeds the menu, the shortcuts and the palette."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ownhand.ui.theme import Theme, scaled
from ownhand.ui.widgets import column, hairline

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do; an empty group keeps it out of the menu."""

    text: str
    do: Callable[[], None]
    shortcut: str = ""
    group: str = ""


def matching(commands: Sequence[Command], typed: str) -> list[Command]:
    """Those whose words begin with the typed words, in any order; the nearest first."""
    parts = typed.lower().split()

    def rank(command: Command) -> int | None:
        text = command.text.lower()
        found = [text.find(part) for part in parts]
        if any(place < 0 for place in found):
            return None
        return sum(0 if place == 0 else 1 if text[place - 1] == " " else 3 for place in found)

    ranked = [(score, number, item) for number, item in enumerate(commands) if (score := rank(item)) is not None]
    return [item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])]


class _Commands(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.commands: list[Command] = []

    def show_commands(self, commands: list[Command]) -> None:
        self.beginResetModel()
        self.commands = commands
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.commands)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.commands):
            return None
        command = self.commands[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return command.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{command.text}, {shown_keys(command)}" if command.shortcut else command.text
        if role == Qt.ItemDataRole.UserRole:
            return command
        return None


def shown_keys(command: Command) -> str:
    """The shortcut as this system writes it."""
    return QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        command = index.data(Qt.ItemDataRole.UserRole)
        if not isinstance(command, Command):
            return
        tokens = self._theme.tokens
        rect: QRect = option.rect.adjusted(6, 1, -6, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens["accent_soft"])
            painter.drawRoundedRect(rect, 6, 6)
        box = rect.adjusted(10, 0, -10, 0)
        painter.setPen(tokens["text"])
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), command.text)
        painter.setPen(tokens["muted"])
        painter.setFont(scaled(0.92))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), shown_keys(command))
        painter.restore()


class Palette(QDialog):
    """Type a few letters of what you want, press Return."""

    def __init__(self, theme: Theme, commands: Sequence[Command], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("Palette")
        self.setWindowTitle(self.tr("Commands"))
        self._commands = list(commands)
        self.field = QLineEdit()
        self.field.setProperty("bare", True)
        self.field.setFont(scaled(1.15))
        self.field.setPlaceholderText(self.tr("What would you like to do?"))
        self.field.setAccessibleName(self.tr("Search commands"))
        self.field.installEventFilter(self)
        self._model = _Commands(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Painter(theme, self.list))
        self.list.setAccessibleName(self.tr("Commands"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(self._run)
        frame = QFrame()
        frame.setObjectName("Card")
        inner = column(self.field, hairline(), self.list, margins=(0, 8, 0, 8), gap=6)
        self.field.setContentsMargins(14, 0, 14, 0)
        frame.setLayout(inner)
        self.setLayout(column(frame))
        self.field.textChanged.connect(self._filter)
        self._filter("")

    def open_over(self, window: QWidget) -> None:
        """Show it in the upper middle of the window."""
        self.resize(min(520, window.width() - 40), min(420, window.height() - 80))
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 64)
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            step = steps.get(Qt.Key(event.key()))
            if step is not None:
                last = self._model.rowCount() - 1
                wanted = min(last, max(0, self.list.currentIndex().row() + step))
                self.list.setCurrentIndex(self._model.index(wanted))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        self._model.show_commands(matching(self._commands, typed))
        self.list.setCurrentIndex(self._model.index(0))

    def _run(self, index: QModelIndex) -> None:
        command = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(command, Command):
            self.accept()
            command.do()
