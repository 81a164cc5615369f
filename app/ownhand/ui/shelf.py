"""The rows of the library: drafts, sources and what a search found, as one list model, and how a row is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ownhand.ui.theme import Theme, scaled

Index = QModelIndex | QPersistentModelIndex


class RowKind(StrEnum):
    """What a row is."""

    HEADING = "heading"
    DRAFT = "draft"
    SNIPPET = "snippet"
    NEW_SNIPPET = "new snippet"
    SOURCE = "source"
    DOCUMENT = "document"
    BACK = "back"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `key` is the id of what it stands for."""

    kind: RowKind
    title: str = field(repr=False)
    detail: str = field(default="", repr=False)
    side: str = ""
    key: str = ""
    icon: str = ""


class Rows(QAbstractListModel):
    """The rows, with their roles; it holds plain values only."""

    RowRole = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def show_rows(self, rows: list[Row]) -> None:
        """Show these from now on."""
        if rows == self._rows:
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def row_at(self, index: Index) -> Row | None:
        """The row of an index."""
        return self._rows[index.row()] if index.isValid() and 0 <= index.row() < len(self._rows) else None

    def index_of(self, kind: RowKind, key: str) -> QModelIndex:
        """Where a thing is listed; an invalid index where it is not."""
        for number, row in enumerate(self._rows):
            if row.kind is kind and row.key == key:
                return self.index(number)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row_at(index)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (row.title, row.detail, row.side) if part)
        if role == self.RowRole:
            return row
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        row = self.row_at(index)
        if row is None or row.kind in (RowKind.HEADING, RowKind.NOTE):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class RowPainter(QStyledItemDelegate):
    """Draws a row: a title, a quiet second line, something short at the right."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row = index.data(Rows.RowRole)
        line = option.fontMetrics.height()
        if not isinstance(row, Row):
            return QSize(100, line)
        if row.kind is RowKind.HEADING:
            return QSize(100, line + 18)
        if row.kind is RowKind.NOTE:
            return QSize(100, 4 * line)
        return QSize(100, 2 * line + 14 if row.detail else line + 13)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(Rows.RowRole)
        if not isinstance(row, Row):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect.adjusted(8, 1, -8, -1)
        state: QStyle.StateFlag = option.state
        tokens = self._theme.tokens
        if row.kind is RowKind.HEADING:
            painter.setFont(scaled(0.88, QFont.Weight.DemiBold))
            painter.setPen(tokens["muted"])
            painter.drawText(rect.adjusted(8, 0, -4, -5), Qt.AlignmentFlag.AlignBottom, row.title)
            painter.restore()
            return
        if row.kind is RowKind.NOTE:
            painter.setPen(tokens["muted"])
            box = rect.adjusted(8, 2, -4, 0)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap), row.title)
            painter.restore()
            return
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens["accent_soft"] if selected else tokens["hover"])
            painter.drawRoundedRect(rect, 6, 6)
        if state & QStyle.StateFlag.State_HasFocus and selected:
            painter.setPen(tokens["accent"])
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect, 6, 6)
        self._write(painter, rect.adjusted(8, 0, -8, 0), row, selected=selected)
        painter.restore()

    def _write(self, painter: QPainter, box: QRect, row: Row, *, selected: bool) -> None:
        tokens = self._theme.tokens
        if row.icon:
            size = 16
            pixmap = self._theme.pixmap(row.icon, "accent" if selected else "muted", size)
            painter.drawPixmap(QRect(box.left(), box.center().y() - size // 2 + 1, size, size), pixmap)
            box = box.adjusted(size + 8, 0, 0, 0)
        small = scaled(0.9)
        metrics = painter.fontMetrics()
        top = box.adjusted(0, 6, 0, 0)
        if row.side:
            painter.setFont(small)
            painter.setPen(tokens["muted"])
            width = painter.fontMetrics().horizontalAdvance(row.side)
            painter.drawText(top, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), row.side)
            top = top.adjusted(0, 0, -width - 8, 0)
            painter.setFont(scaled(1.0))
        painter.setPen(tokens["text"])
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, top.width())
        painter.drawText(top, int(Qt.AlignmentFlag.AlignTop), title)
        if row.detail:
            painter.setFont(small)
            painter.setPen(tokens["muted"])
            below = box.adjusted(0, 7 + metrics.height(), 0, 0)
            detail = painter.fontMetrics().elidedText(row.detail, Qt.TextElideMode.ElideRight, below.width())
            painter.drawText(below, int(Qt.AlignmentFlag.AlignTop), detail)


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """A moment as one glances at it: 14:05, Mon, 3 Mar, 2024."""
    if moment is None:
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    local = moment.astimezone()
    today = (now or datetime.now(UTC)).astimezone()
    days = (today.date() - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if 0 < days < 7:
        return f"{local:%a}"
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local:%Y}"
