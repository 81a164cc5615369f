"""The page the person writes on, and the ghost text after the caret.

The ghost lives in the layout of one block as a preedit area, the place an input method draws in: it wraps, pushes
what follows
aside, and is never part of the document, its undo stack, the clipboard or a saved file.  It is taken down before Qt
handles
any key, click, drop or composition, because Qt believes a composition is under way while a preedit area is set.

Offsets are Python code points everywhere else; Qt counts UTF-16 units (offsets.py is the border).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QMimeData, QRect, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QFont,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextLayout,
)
from PySide6.QtWidgets import QApplication, QTextEdit, QWidget

from ownhand.domain.completion import Ghost
from ownhand.ui.offsets import from_utf16, to_utf16, utf16_length
from ownhand.ui.tabstops import TabStops

LINE_HEIGHT = 150
"""Per cent of the font's own line."""
MEASURE = 68
"""The widest line, in average characters: what reads comfortably."""
CLOSES_UP = frozenset(".,;:!?)…")
"""Typed right after a completion that ended with a blank, these take the place of that blank."""
_SEPARATORS = str.maketrans({"\u2029": "\n", "\u2028": "\n", "\ufdd0": "\n", "\ufdd1": "\n"})
_MODIFIERS = {
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_CapsLock,
}

_COMMANDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


@dataclass(frozen=True, slots=True)
class Place:
    """Where the caret is, in code points: the text before it, after it, and the selection if there is one."""

    prefix: str
    suffix: str
    selection: tuple[int, int] | None


class Span:
    """A stretch of the document that grows and shrinks with what is written in it and at its ends."""

    def __init__(self, edit: WritingEdit, start: int, end: int) -> None:
        text = edit.text()
        self._edit = edit
        self._start, self._end = QTextCursor(edit.document()), QTextCursor(edit.document())
        self._start.setKeepPositionOnInsert(True)
        self._start.setPosition(to_utf16(text, start))
        self._end.setPosition(to_utf16(text, end))

    def bounds(self) -> tuple[int, int]:
        """Where it is now, in code points."""
        text = self._edit.text()
        return from_utf16(text, self._start.position()), from_utf16(text, self._end.position())

    def text(self) -> str:
        """What stands there now."""
        start, end = self.bounds()
        return self._edit.text()[start:end]


class GhostText:
    """What is shown of a ghost session in the editor's layout."""

    def __init__(self, edit: QTextEdit) -> None:
        self._edit = edit
        self._block: QTextBlock | None = None
        self.session: Ghost | None = None
        self.color = QColor("grey")
        self.drawing = False
        """True while the layout is told to draw again, which Qt reports as a change of the document."""

    @property
    def visible(self) -> bool:
        """Whether the layout really holds it (a click can drop it without a signal)."""
        return self._block is not None and self._block.isValid() and bool(self._block.layout().preeditAreaText())

    def show(self, session: Ghost) -> None:
        """Draw what is left of the session at the caret."""
        self.clear()
        cursor = self._edit.textCursor()
        block = cursor.block()
        style = QTextCharFormat()
        style.setForeground(self.color)
        piece = QTextLayout.FormatRange()
        piece.start = cursor.positionInBlock()
        piece.length = utf16_length(session.shown)
        piece.format = style
        layout = block.layout()
        layout.setPreeditArea(cursor.positionInBlock(), session.shown.replace("\n", "\u2028"))
        layout.setFormats([piece])
        self._draw(block)
        self._block, self.session = block, session

    def clear(self) -> Ghost | None:
        """Take it off the page; returns the session that was shown."""
        session, block = self.session, self._block
        self.session = self._block = None
        if block is not None and block.isValid():
            layout = block.layout()
            if layout.preeditAreaText():
                layout.setPreeditArea(-1, "")
            layout.setFormats([])
            self._draw(block)
        return session

    def _draw(self, block: QTextBlock) -> None:
        self.drawing = True
        try:
            self._edit.document().markContentsDirty(block.position(), block.length())
        finally:
            self.drawing = False


class WritingEdit(QTextEdit):
    """A plain-text page with comfortable lines, ghost text and one undo step per thing taken.

    Signals:
        edited: the text changed, by the person or by a program.
        paused_at: the caret rests at a place where a completion could follow (after typing or taking).
        taken: ghost text was taken; carries what was inserted, and how many characters it replaced.
        dismissed: the person waved the ghost away.
        left: the editor lost the focus.
    """

    edited = Signal()
    paused_at = Signal()
    taken = Signal(str, int)
    dismissed = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Writing")
        self.setAccessibleName(self.tr("Text of the draft"))
        self.setPlaceholderText(self.tr("Start writing"))
        self.setAcceptRichText(False)
        self.setAutoFormatting(QTextEdit.AutoFormattingFlag.AutoNone)
        self.document().setDocumentMargin(0)
        # A bar that comes and goes with a ghost line would wrap the text anew.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().rangeChanged.connect(self._show_bar)
        self.verticalScrollBar().setProperty("idle", True)
        self.revision = 0
        self._ghost = GhostText(self)
        self._stops = TabStops(self)
        self._composing = False
        self._escaped = False
        self._blank = False
        """Whether the last thing done was to take a whole completion that ends with a blank."""
        self._announced = 0
        self.document().contentsChange.connect(self._contents_changed)
        self.textChanged.connect(self._take_down)
        self.textChanged.connect(self._announce)
        self.cursorPositionChanged.connect(self._take_down)
        self.set_text("")

    # ------------------------------------------------------------------------------------------------------- text

    def text(self) -> str:
        """The document exactly as saved: no ghost text, line ends as line feeds, non-breaking blanks kept."""
        return self.document().toRawText().translate(_SEPARATORS)

    def set_text(self, text: str, caret: int = 0) -> None:
        """Open another text: nothing to undo, caret at a code point offset."""
        self._ghost.clear()
        self._stops.end()
        document = self.document()
        document.setUndoRedoEnabled(False)
        self.setPlainText(text)
        _set_line_height(document)
        document.setUndoRedoEnabled(True)
        document.setModified(False)
        self.place_caret(caret)

    def place(self) -> Place:
        """Where the caret is, as text."""
        text = self.text()
        cursor = self.textCursor()
        start = from_utf16(text, cursor.selectionStart())
        end = from_utf16(text, cursor.selectionEnd()) if cursor.hasSelection() else start
        return Place(text[:start], text[end:], (start, end) if cursor.hasSelection() else None)

    @property
    def caret(self) -> int:
        """The caret as a code point offset."""
        return from_utf16(self.text(), self.textCursor().position())

    def place_caret(self, offset: int) -> None:
        """Put the caret at a code point offset (clamped)."""
        self._ghost.clear()
        text = self.text()
        cursor = self.textCursor()
        cursor.setPosition(to_utf16(text, max(0, min(offset, len(text)))))
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def span(self, start: int, end: int) -> Span:
        """Code points `start` to `end`, followed while the text in and around them changes."""
        return Span(self, start, end)

    def replace(self, pieces: list[tuple[int, int, str]], caret_after: int | None = None) -> None:
        """Replace several spans (code points, ascending, disjoint) as one undo step, back to front."""
        self._ghost.clear()
        text = self.text()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for start, end, new in reversed(pieces):
            cursor.setPosition(to_utf16(text, start))
            cursor.setPosition(to_utf16(text, end), QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(new)
        cursor.endEditBlock()
        if caret_after is not None:
            self.place_caret(caret_after)

    # ------------------------------------------------------------------------------------------------------ ghost

    @property
    def ghost(self) -> Ghost | None:
        """The session on the page, None where nothing is shown."""
        return self._ghost.session if self._ghost.visible else None

    def can_show(self) -> bool:
        """Whether a ghost may appear now: writing here, nothing selected, nothing being composed, and Tab is free."""
        return (
            self.hasFocus()
            and not self._composing
            and not self.isReadOnly()
            and not self.textCursor().hasSelection()
            and QApplication.activePopupWidget() is None
            and not self._stops.active
        )

    def show_ghost(self, session: Ghost) -> bool:
        """Show it after the caret if that is allowed now."""
        if not session.text or not self.can_show():
            return False
        self._ghost.show(session)
        return True

    def hide_ghost(self) -> None:
        """Take the ghost off the page without counting it as dismissed."""
        self._ghost.clear()

    def set_ghost_color(self, color: QColor) -> None:
        """The colour it is drawn in from now on."""
        self._ghost.color = color
        if self._ghost.session is not None and self._ghost.visible:
            self._ghost.show(self._ghost.session)

    def _take(self, taken: str, rest: Ghost | None, session: Ghost) -> None:
        end = self.caret
        self.put_in(taken, end - session.replaces, end, session.stops)
        self._blank = rest is None and taken.endswith(" ")
        if rest is not None:
            self._ghost.show(rest)
        self.taken.emit(taken, session.replaces)
        self.paused_at.emit()

    def put_in(self, text: str, start: int, end: int, stops: tuple[tuple[int, int], ...] = ()) -> None:
        """Put a text in the place of code points `start` to `end` as one undo step, and walk its tab stops, if any."""
        self._ghost.clear()
        before = self.text()
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.setPosition(to_utf16(before, start))
        cursor.setPosition(to_utf16(before, end), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text)
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        self._stops.begin(start, len(text), stops)

    def _close_up(self, typed: str) -> bool:
        """Put a closing mark in the place of the blank that came with a completion; False where there is none."""
        if not self._blank or typed not in CLOSES_UP:
            return False
        self._ghost.clear()
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.deletePreviousChar()
        cursor.insertText(typed)
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        self.paused_at.emit()
        return True

    def _ghost_key(self, event: QKeyEvent) -> bool:
        """Handle a key that means something to the ghost.  The ghost has been taken down only if this returns True."""
        session = self.ghost
        if session is None:
            return False
        key, held = event.key(), event.modifiers()
        control = held == Qt.KeyboardModifier.ControlModifier
        if key == Qt.Key.Key_Tab and held == Qt.KeyboardModifier.NoModifier:
            self._ghost.clear()
            self._take(session.text, None, session)
        elif control and key == Qt.Key.Key_Right:
            self._ghost.clear()
            self._take(*session.next_word(), session)
        elif control and key == Qt.Key.Key_Down:
            self._ghost.clear()
            self._take(*session.line(), session)
        elif key == Qt.Key.Key_Escape and held == Qt.KeyboardModifier.NoModifier:
            self._ghost.clear()
            self._blank = False
            self.dismissed.emit()
        elif held == Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_BracketRight, Qt.Key.Key_BracketLeft):
            self._ghost.show(session.cycle(1 if key == Qt.Key.Key_BracketRight else -1))
        else:
            return False
        return True

    def _stop_key(self, event: QKeyEvent) -> bool:
        """Handle a key that means something to the stops of a snippet."""
        key = event.key()
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo):
            self._stops.end()
        if key not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape) or event.modifiers() & _COMMANDING:
            return False
        if self.ghost is not None or not self._stops.active:
            return False
        if key == Qt.Key.Key_Escape:
            self._stops.end()
        else:
            self._stops.step(1 if key == Qt.Key.Key_Tab else -1)
        return True

    # ----------------------------------------------------------------------------------------------------- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _MODIFIERS:
            super().keyPressEvent(event)
            return
        typed = "" if event.modifiers() & _COMMANDING else event.text()
        if self._stop_key(event) or self._ghost_key(event) or self._close_up(typed):
            event.accept()
            return
        self._blank = False
        escaped, self._escaped = self._escaped, event.key() == Qt.Key.Key_Escape
        session = self._ghost.clear()
        if event.key() == Qt.Key.Key_Backtab or (event.key() == Qt.Key.Key_Tab and escaped):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Tab)
            return
        cursor = self.textCursor()
        before = None if cursor.hasSelection() else cursor.position()
        revision = self.revision
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & _COMMANDING:
            self._break_line(cursor)
        else:
            super().keyPressEvent(event)
        if self.revision == revision:
            return
        typed = event.text().replace("\r", "\n")
        after = self.textCursor()
        written = bool(typed) and (typed.isprintable() or typed in ("\n", "\t"))
        if not written or before is None or after.position() != before + utf16_length(typed):
            if event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) or written:
                self.paused_at.emit()
            return
        rest = session.typed(typed) if session is not None else None
        if rest is not None:
            self._ghost.show(rest)
        self.paused_at.emit()

    def _break_line(self, cursor: QTextCursor) -> None:
        """A new paragraph.  Qt's own Return drops the line height in an empty one, and Shift+Return is no line end."""
        cursor.insertBlock()
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._ghost.clear()
        self._composing = bool(event.preeditString())
        if not self._composing and not event.replacementLength() and self._close_up(event.commitString()):
            event.accept()
            return
        self._blank = False
        super().inputMethodEvent(event)
        if event.commitString() and not self._composing:
            self.paused_at.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._ghost.clear()
        self._blank = False
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._ghost.clear()
        super().mouseDoubleClickEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._ghost.clear()
        self._composing = self._blank = False
        super().focusOutEvent(event)
        self.left.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._ghost.clear()
        if event.mimeData().hasUrls():
            event.ignore()
            return
        super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._ghost.clear()
        super().dragMoveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._ghost.clear()
        super().dropEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self._ghost.clear()
        if source.hasText():
            text = source.text().replace("\r\n", "\n").replace("\r", "\n")
            # WHY a fragment: inserted text would be one undo step with what was typed before it
            self.textCursor().insertFragment(_with_line_height(text))
            self.ensureCursorVisible()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._ghost.clear()
        menu = self.createStandardContextMenu(event.pos())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in menu.actions():
            QAction.setIconVisibleInMenu(action, False)
        menu.popup(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._center()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._center()

    def set_font(self, font: QFont) -> None:
        """The font of the page; tab stops and margins follow."""
        self.setFont(font)
        self.document().setDefaultFont(font)
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._center()

    def _center(self) -> None:
        """Margins that keep the text at a readable width in the middle of the page."""
        metrics = self.fontMetrics()
        least = 2 * metrics.horizontalAdvance("n")
        spare = max(least, (self.width() - metrics.averageCharWidth() * MEASURE) // 2)
        self.setViewportMargins(spare, metrics.height(), spare, 0)

    def inputMethodQuery(self, query: Qt.InputMethodQuery, argument: object = None) -> object:
        answer: object = super().inputMethodQuery(query)
        if query == Qt.InputMethodQuery.ImCursorRectangle and isinstance(answer, QRect):
            # Qt answers in the viewport's coordinates; the widget's are asked for.
            return answer.translated(self.viewport().pos())
        return answer

    # ---------------------------------------------------------------------------------------------------- changes

    def undo(self) -> None:
        """One step back, with the ghost out of the way first."""
        self._ghost.clear()
        self._stops.end()
        super().undo()

    def redo(self) -> None:
        """One step forward again."""
        self._ghost.clear()
        self._stops.end()
        super().redo()

    def _contents_changed(self, _position: int, removed: int, added: int) -> None:
        if not self._ghost.drawing and (removed or added):
            self.revision += 1

    def _take_down(self) -> None:
        if not self._ghost.drawing:
            self._ghost.clear()
            self._blank = False

    def _announce(self) -> None:
        if not self._ghost.drawing and self.revision != self._announced:
            self._announced = self.revision
            self.edited.emit()

    def _show_bar(self, low: int, high: int) -> None:
        bar = self.verticalScrollBar()
        idle = low == high
        if bar.property("idle") != idle:
            bar.setProperty("idle", idle)
            bar.style().polish(bar)

    def is_composing(self) -> bool:
        """Whether an input method is composing a character."""
        return self._composing


def _set_line_height(document: QTextDocument) -> None:
    lines = QTextBlockFormat()
    lines.setLineHeight(LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    cursor = QTextCursor(document)
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.mergeBlockFormat(lines)


def _with_line_height(text: str) -> QTextDocumentFragment:
    document = QTextDocument()
    document.setPlainText(text)
    _set_line_height(document)
    return QTextDocumentFragment(document)
