"""A small chart: bars (stacked where there are several) or a line over weeks, in the colours of the theme.

Series are told apart by their filling as well as by their colour.  What a chart shows is also its accessible
description, value by value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ownhand.ui.theme import Theme, scaled
from ownhand.ui.widgets import keep_painted

HEIGHT = 150
WIDEST_BAR = 34.0
Filling = Literal["solid", "striped", "hollow"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, one per label; None where there is none."""

    name: str
    values: tuple[float | None, ...]
    filling: Filling = "solid"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a chart shows."""

    title: str
    labels: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    as_line: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(value for one in self.series for value in one.values)

    def said(self) -> str:
        """All of it in words."""
        parts = []
        for number, name in enumerate(self.labels):
            values = [(one.name, one.values[number]) for one in self.series]
            known = [f"{text} {value:,.0f}" for text, value in values if value is not None]
            if any(value for _, value in values):
                parts.append(f"{name}: {', '.join(known)}")
        return "; ".join(parts)


def top_of(highest: float) -> float:
    """The upper end of an axis: a round number whose half is one too, and no lower than 4.

    >>> top_of(0), top_of(7), top_of(12), top_of(480)
    (4.0, 8.0, 20.0, 500.0)
    """
    if highest <= 4:
        return 4.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0) if step * power >= highest)


class Chart(QWidget):
    """Draws figures; a tip says the values under the mouse."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._figures = Figures("")
        self._columns: list[tuple[QRectF, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        keep_painted(theme, self, self.update)

    def show_figures(self, figures: Figures) -> None:
        """Show these from now on."""
        self._figures = figures
        self.setAccessibleName(figures.title)
        self.setAccessibleDescription(figures.said())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            said = next((text for box, text in self._columns if box.contains(QPointF(event.pos()))), "")
            QToolTip.showText(event.globalPos(), said, self)
            return True
        return super().event(event)

    # ---------------------------------------------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled(0.85))
        metrics = QFontMetricsF(painter.font())
        top = self._highest()
        left = metrics.horizontalAdvance(f"{top:,.0f}") + 10
        box = QRectF(left, metrics.height() / 2 + 2, self.width() - left - 4, self.height() - 2 * metrics.height() - 4)
        self._axis(painter, box, top)
        self._columns = []
        count = len(self._figures.labels)
        if count:
            self._names(painter, box, metrics)
            if self._figures.as_line:
                self._line(painter, box, top)
            else:
                self._bars(painter, box, top)
        painter.end()

    def _highest(self) -> float:
        values = [one.values for one in self._figures.series]
        if self._figures.as_line:
            return top_of(max((value or 0.0 for row in values for value in row), default=0.0))
        return top_of(max((sum(value or 0.0 for value in week) for week in zip(*values, strict=True)), default=0.0))

    def _axis(self, painter: QPainter, box: QRectF, top: float) -> None:
        tokens = self._theme.tokens
        for share in (0.0, 0.5, 1.0):
            y = round(box.bottom() - share * box.height()) + 0.5
            painter.setPen(QPen(tokens["border_strong" if not share else "border"], 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(tokens["muted"])
            words = QRectF(0, y - 10, box.left() - 6, 20)
            aligned = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(words, aligned, f"{share * top:,.0f}")

    def _column(self, box: QRectF, number: int) -> QRectF:
        width = box.width() / len(self._figures.labels)
        return QRectF(box.left() + number * width, box.top(), width, box.height())

    def _names(self, painter: QPainter, box: QRectF, metrics: QFontMetricsF) -> None:
        """As many labels as have room, the last one always."""
        labels = self._figures.labels
        widest = max(metrics.horizontalAdvance(label) for label in labels) + 10
        every = max(1, math.ceil(widest / (box.width() / len(labels))))
        painter.setPen(self._theme.tokens["muted"])
        for number, name in enumerate(labels):
            column = self._column(box, number)
            self._columns.append((column, self._tip(number)))
            if (len(labels) - 1 - number) % every == 0:
                under = QRectF(column.center().x() - widest / 2, box.bottom() + 3, widest, metrics.height() + 4)
                under.moveRight(min(under.right(), self.width() - 1.0))
                painter.drawText(under, int(Qt.AlignmentFlag.AlignHCenter), name)

    def _tip(self, number: int) -> str:
        lines = [
            f"{one.name}: {value:,.0f}" for one in self._figures.series if (value := one.values[number]) is not None
        ]
        return "\n".join([self._figures.labels[number], *lines])

    def _bars(self, painter: QPainter, box: QRectF, top: float) -> None:
        for number in range(len(self._figures.labels)):
            column = self._column(box, number)
            width = min(WIDEST_BAR, 0.64 * column.width())
            y = box.bottom()
            for one in self._figures.series:
                height = (one.values[number] or 0.0) / top * box.height()
                if height > 0:
                    bar = QRectF(column.center().x() - width / 2, y - height, width, height)
                    fill(painter, bar, one.filling, self._theme)
                    y -= height

    def _line(self, painter: QPainter, box: QRectF, top: float) -> None:
        accent = self._theme.tokens["accent"]
        for one in self._figures.series:
            before: QPointF | None = None
            points: list[QPointF] = []
            painter.setPen(QPen(accent, 2))
            for number, value in enumerate(one.values):
                if value is None:
                    continue  # a week without suggestions says nothing; the line goes on to the next that has some
                point = QPointF(self._column(box, number).center().x(), box.bottom() - value / top * box.height())
                if before is not None:
                    painter.drawLine(before, point)
                points.append(point)
                before = point
            painter.setBrush(accent)
            painter.setPen(QPen(self._theme.tokens["window"], 1.5))
            for point in points:
                painter.drawEllipse(point, 4.0, 4.0)


def fill(painter: QPainter, bar: QRectF, filling: Filling, theme: Theme) -> None:
    """Draw a bar or a key of the legend."""
    accent: QColor = theme.tokens["accent"]
    painter.setPen(Qt.PenStyle.NoPen if filling == "solid" else QPen(accent, 1))
    if filling == "striped":
        painter.setBrush(theme.tokens["accent_soft"])
        painter.drawRect(bar.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setBrush(QBrush(accent, Qt.BrushStyle.BDiagPattern))
    elif filling == "hollow":
        painter.setBrush(theme.tokens["page"])
    else:
        painter.setBrush(accent)
    painter.drawRect(bar.adjusted(0.5, 0.5, -0.5, -0.5) if filling != "solid" else bar)


class Legend(QWidget):
    """The series of a chart with their fillings, in one line."""

    def __init__(self, theme: Theme, names: tuple[tuple[str, Filling], ...]) -> None:
        super().__init__()
        self._theme, self._names = theme, names
        self.setAccessibleName(", ".join(name for name, _ in names))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        keep_painted(theme, self, self.update)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(scaled(0.92))
        width = sum(metrics.horizontalAdvance(name) + 34 for name, _ in self._names)
        return QSize(math.ceil(width), math.ceil(metrics.height()) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(scaled(0.92))
        metrics = QFontMetricsF(painter.font())
        x = 0.0
        for name, filling in self._names:
            fill(painter, QRectF(x, (self.height() - 11) / 2, 11, 11), filling, self._theme)
            painter.setPen(self._theme.tokens["muted"])
            wide = metrics.horizontalAdvance(name) + 4
            painter.drawText(QRectF(x + 17, 0, wide, self.height()), int(Qt.AlignmentFlag.AlignVCenter), name)
            x += wide + 30
        painter.end()
