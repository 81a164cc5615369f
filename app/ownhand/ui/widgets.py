"""Small pieces that several panes are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from PySide6.QtCore import QObject, QPoint, QRect, QSize, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFont, QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QListView,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ownhand.ui.theme import Theme, scaled

TOAST_MS = 6000


def label(text: str = "", *, quiet: bool = False, wrap: bool = False, size: float = 1.0, bold: bool = False) -> QLabel:
    """A line of plain text (never markup: some of it the person wrote)."""
    widget = QLabel(text)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    widget.setProperty("quiet", quiet)
    widget.setWordWrap(wrap)
    if size != 1.0 or bold:
        widget.setFont(scaled(size, QFont.Weight.DemiBold if bold else None))
    return widget


def button(
    text: str, *, primary: bool = False, danger: bool = False, flat: bool = False, hint: str = ""
) -> QPushButton:
    """A push button that says what it does; Return presses only a dialog's default one."""
    widget = QPushButton(text)
    widget.setAutoDefault(False)
    for name, value in (("primary", primary), ("danger", danger), ("flat", flat)):
        widget.setProperty(name, value)
    if hint:
        widget.setToolTip(hint)
        widget.setAccessibleDescription(hint)
    return widget


def tool(theme: Theme, icon: str, name: str, *, size: int = 18, color: str = "muted") -> QToolButton:
    """A symbol button with a name for those who do not see it."""
    widget = QToolButton()
    widget.setAccessibleName(name)
    widget.setToolTip(name)
    widget.setIconSize(QSize(size, size))
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paint() -> None:
        widget.setIcon(theme.icon(icon, color))

    keep_painted(theme, widget, paint)
    return widget


def keep_painted(theme: Theme, owner: QWidget, paint: Callable[[], None]) -> None:
    """Call `paint` now and whenever the appearance changes, as long as `owner` lives."""
    paint()
    connection = theme.changed.connect(paint)

    def forget() -> None:
        theme.changed.disconnect(connection)

    owner.destroyed.connect(forget)


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun, given in both forms with `{0}` for the number.

    >>> counted(1, "{0} draft", "{0} drafts"), counted(1204, "{0} draft", "{0} drafts")
    ('1 draft', '1,204 drafts')
    """
    return (one if count == 1 else many).format(f"{count:,}")


def timer(owner: QObject, name: str, ms: int, *, once: bool = True) -> QTimer:
    """A named timer of `owner`, not started."""
    made = QTimer(owner)
    made.setObjectName(name)
    made.setInterval(ms)
    made.setSingleShot(once)
    return made


def offer(field: QLineEdit, known: Sequence[str]) -> None:
    """While something is typed into the field, offer those of the known that hold it."""
    before = cast("QCompleter | None", field.completer())
    model = before.model() if before is not None else None
    if isinstance(model, QStringListModel):
        # Another completer would take the list away from under whoever is typing, and the focus with it.
        if model.stringList() != list(known):
            model.setStringList(list(known))
        return
    completer = QCompleter(QStringListModel(list(known), field), field)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    shown = QListView()
    shown.setObjectName("Completions")  # a window of its own, for which the style sheet has a ground
    completer.setPopup(shown)
    field.setCompleter(completer)


def hairline(vertical: bool = False) -> QFrame:
    """A line of one pixel."""
    line = QFrame()
    line.setObjectName("Hairline")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def column(
    *items: QWidget | QLayout | int | None,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
    gap: int = 8,
    stretch: int | None = None,
) -> QVBoxLayout:
    """A vertical layout: widgets, layouts, numbers for space, None for what stretches; the item
    numbered `stretch` takes what is left.
    """
    box = QVBoxLayout()
    _fill(box, items, margins, gap)
    if stretch is not None:
        box.setStretch(stretch, 1)
    return box


def row(
    *items: QWidget | QLayout | int | None,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
    gap: int = 8,
    stretch: int | None = None,
) -> QHBoxLayout:
    """A horizontal layout, as `column`."""
    box = QHBoxLayout()
    _fill(box, items, margins, gap)
    if stretch is not None:
        box.setStretch(stretch, 1)
    return box


def _fill(
    box: QVBoxLayout | QHBoxLayout,
    items: tuple[QWidget | QLayout | int | None, ...],
    margins: tuple[int, int, int, int],
    gap: int,
) -> None:
    box.setContentsMargins(*margins)
    box.setSpacing(gap)
    for item in items:
        if item is None:
            box.addStretch(1)
        elif isinstance(item, int):
            box.addSpacing(item)
        elif isinstance(item, QLayout):
            box.addLayout(item)
        else:
            box.addWidget(item)


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and let it go."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear(inner)


def scrolling(content: QWidget) -> QScrollArea:
    """A frameless area that scrolls `content` up and down."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(content)
    return area


class Flow(QLayout):
    """Items one after the other, onto the next line where the width ends."""

    def __init__(self, gap: int = 6) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def insert(self, index: int, widget: QWidget) -> None:
        """Add a widget at a place."""
        self.addWidget(widget)
        self._items.insert(index, self._items.pop())
        self.invalidate()

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), apply=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, apply=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, apply: bool) -> int:
        x, y, height = rect.x(), rect.y(), 0
        line: list[tuple[QLayoutItem, QRect]] = []

        def finish() -> None:
            if apply:
                for item, box in line:
                    item.setGeometry(QRect(QPoint(box.x(), y + (height - box.height()) // 2), box.size()))

        for index, item in enumerate(self._items):
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            size = item.sizeHint()
            grows = widget is not None and widget.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Expanding
            if line and x + size.width() > rect.right() + 1:
                finish()
                x, y, height, line = rect.x(), y + height + self._gap, 0, []
            if grows and index == len(self._items) - 1:
                size.setWidth(max(size.width(), rect.right() + 1 - x))
            line.append((item, QRect(QPoint(x, y), size)))
            x += size.width() + self._gap
            height = max(height, size.height())
        finish()
        return y + height - rect.y()


class Chip(QFrame):
    """A recipient in a pill; Delete or the cross removes it.

    Signals:
        removed: carries the recipient.
    """

    removed = Signal(str)

    def __init__(self, theme: Theme, recipient: str, shown: str) -> None:
        super().__init__()
        self.setObjectName("Chip")
        self.recipient = recipient
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Recipient {0}").format(recipient))
        self.setAccessibleDescription(self.tr("Press Delete to remove"))
        self.setToolTip(recipient)
        cross = tool(theme, "cross", self.tr("Remove {0}").format(recipient), size=12)
        cross.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        cross.setFixedSize(18, 18)
        cross.clicked.connect(self._remove)
        self.setLayout(row(label(shown), cross, margins=(10, 1, 3, 1), gap=3))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._remove()
        else:
            super().keyPressEvent(event)

    def _remove(self) -> None:
        self.removed.emit(self.recipient)


class Elided(QLabel):
    """One line that ends in an ellipsis where it does not fit."""

    def __init__(self, text: str = "", *, quiet: bool = False) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("quiet", quiet)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """What it says in full."""
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(20, self.width())))


class Toast(QFrame):
    """A sentence at the foot of the window that goes by itself, with at most one thing to do about it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._text = label(wrap=True)
        self._text.setMaximumWidth(420)
        self._act = button(self.tr("Undo"), flat=True)
        self._close = tool(theme, "cross", self.tr("Close this message"), size=14)
        self._close.clicked.connect(self.hide)
        self._act.clicked.connect(self._do)
        self._todo: Callable[[], None] | None = None
        self.setLayout(row(self._text, self._act, self._close, margins=(14, 9, 8, 9), gap=10))
        self._timer = timer(self, "toast", TOAST_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on it."""
        return self._text.text()

    def say(
        self, sentence: str, action: str = "", todo: Callable[[], None] | None = None, *, stay: bool = False
    ) -> None:
        """Show a sentence; `stay` keeps it until it is closed."""
        self._text.setText(sentence)
        self._text.setFixedWidth(min(420, self._text.fontMetrics().horizontalAdvance(sentence) + 6))
        self._act.setText(action)
        self._act.setVisible(bool(action))
        self._todo = todo
        self.setAccessibleName(sentence)
        self.show()
        self.place()
        self.raise_()
        if stay:
            self._timer.stop()
        else:
            self._timer.start()

    def place(self) -> None:
        """Keep to the middle of the foot of the window."""
        parent = self.parentWidget()
        if parent is None:
            return
        self.adjustSize()
        self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - 44)

    def _do(self) -> None:
        self.hide()
        if self._todo is not None:
            self._todo()


def action(owner: QWidget, text: str, shortcut: str, do: Callable[[], None], icon: QIcon | None = None) -> QAction:
    """An action of the window, reachable by its shortcut wherever the focus is in it."""
    made = QAction(text, owner)
    if shortcut:
        made.setShortcut(shortcut)
        made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    if icon is not None:
        made.setIcon(icon)
    made.triggered.connect(do)
    owner.addAction(made)
    return made
