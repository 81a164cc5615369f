"""A comparison on the screen: what goes is struck out, what comes is underlined, colour only helps.

Everything is inserted as plain text with a format, never as markup: some of it somebody else wrote.
"""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QTextEdit

from ownhand.domain.text import Hunk
from ownhand.ui.comparison import Comparison, Verdict
from ownhand.ui.offsets import utf16_length
from ownhand.ui.theme import Theme

HUNK = QTextFormat.Property.UserProperty + 1
"""Property of a character format: the index of the hunk it belongs to."""


class DiffView(QTextEdit):
    """Shows a comparison, or a text that is still coming in.

    Signals:
        compared: the person moved to, accepted or rejected a change; carries the comparison.
        take_all: Ctrl+Return was pressed.
    """

    compared = Signal(object)
    take_all = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._comparison: Comparison | None = None
        self._marked: tuple[str, ...] = ()
        self.setObjectName("Diff")
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(self.tr("Suggestion"))
        self.setAccessibleDescription(
            self.tr("F7 and Shift+F7 go from change to change, A accepts, R rejects, Control and Return takes the rest")
        )
        self.document().setDocumentMargin(12)
        theme.changed.connect(self._paint)

    def show_stream(self, text: str) -> None:
        """What has come so far, with the view kept at its end."""
        self._comparison = None
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        self.clear()
        self._write(text, self._plain())
        if at_end:
            bar.setValue(bar.maximum())

    def show_comparison(self, comparison: Comparison, marked: Collection[str] = ()) -> None:
        """Show it; `marked` are pieces of the new text to be looked at (facts nobody gave)."""
        self._comparison, self._marked = comparison, tuple(piece for piece in marked if piece)
        self._paint()

    def comparison(self) -> Comparison | None:
        """What is shown."""
        return self._comparison

    def go(self, step: int) -> None:
        """To the next or previous change."""
        if self._comparison is not None:
            self._set(self._comparison.move(step))

    def judge(self, verdict: Verdict) -> None:
        """Accept or reject the current change."""
        if self._comparison is not None:
            self._set(self._comparison.judge(verdict))

    def _set(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._paint()
        self.compared.emit(comparison)

    # ------------------------------------------------------------------------------------------------------ events

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                event.accept()  # here it takes the suggestion; in the window it is the shortcut of Continue
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers()
        bare = held in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_F7:
            self.go(-1 if held & Qt.KeyboardModifier.ShiftModifier else 1)
        elif key == Qt.Key.Key_A and bare:
            self.judge(Verdict.ACCEPTED)
        elif key == Qt.Key.Key_R and bare:
            self.judge(Verdict.REJECTED)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and held & Qt.KeyboardModifier.ControlModifier:
            self.take_all.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if self._comparison is None or self.textCursor().hasSelection():
            return
        cursor = self.cursorForPosition(event.position().toPoint())
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        hunk = cursor.charFormat().property(HUNK)
        if isinstance(hunk, int):
            self._set(self._comparison.at(hunk))

    # ----------------------------------------------------------------------------------------------------- drawing

    def _plain(self) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setForeground(self._theme.tokens["text"])
        return style

    def _write(self, text: str, style: QTextCharFormat) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        lines = QTextBlockFormat()
        lines.setLineHeight(135, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.mergeBlockFormat(lines)
        cursor.insertText(text, style)

    def _paint(self) -> None:
        comparison = self._comparison
        if comparison is None:
            return
        bar = self.verticalScrollBar()
        kept = bar.value()
        self.clear()
        current = comparison.changes[comparison.current] if comparison.current >= 0 else -1
        focus: tuple[int, int] | None = None
        for index, hunk in enumerate(comparison.hunks):
            before = self.document().characterCount() - 1
            if hunk.kind == "equal" or (comparison.is_whole and comparison.verdicts[index] is not Verdict.REJECTED):
                self._write(hunk.new, self._plain())
            else:
                self._write_change(index, hunk, comparison.verdicts[index], current=index == current)
            if index == current and not comparison.is_whole:
                focus = before, self.document().characterCount() - 1
        self._mark_facts()
        bar.setValue(kept)
        if focus is not None:
            cursor = QTextCursor(self.document())
            cursor.setPosition(focus[0])
            self.setTextCursor(cursor)
            self.ensureCursorVisible()
            self.setAccessibleName(self._spoken(comparison))

    def _write_change(self, index: int, hunk: Hunk, verdict: Verdict, *, current: bool) -> None:
        tokens = self._theme.tokens
        style = QTextCharFormat()
        style.setProperty(HUNK, index)
        going, coming = QTextCharFormat(style), QTextCharFormat(style)
        going.setForeground(tokens["delete_text"])
        going.setBackground(tokens["delete_bg"])
        going.setFontStrikeOut(True)
        coming.setForeground(tokens["insert_text"])
        coming.setBackground(tokens["insert_bg"])
        coming.setFontUnderline(True)
        if current:
            for made in (going, coming):
                made.setBackground(tokens["selection"])
        if verdict is Verdict.OPEN:
            self._write_visible(hunk.old, going)
            if hunk.kind == "replace" and not (hunk.old[-1:].isspace() or hunk.new[:1].isspace()):
                self._write("\u2009", style)
            self._write_visible(hunk.new, coming)
            return
        settled = QTextCharFormat(style)
        settled.setForeground(tokens["text"])
        if current:
            settled.setBackground(tokens["selection"])
        settled.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        settled.setUnderlineColor(tokens["good"] if verdict is Verdict.ACCEPTED else tokens["danger"])
        shown = hunk.new if verdict is Verdict.ACCEPTED else hunk.old
        sign = QTextCharFormat(style)
        sign.setForeground(tokens["good"] if verdict is Verdict.ACCEPTED else tokens["danger"])
        sign.setFontWeight(QFont.Weight.Bold)
        if current:
            sign.setBackground(tokens["selection"])
        stripped = shown.rstrip()
        self._write(stripped, settled)
        self._write("\u202f✓" if verdict is Verdict.ACCEPTED else "\u202f✗", sign)
        self._write(shown[len(stripped) :], settled)

    def _write_visible(self, text: str, style: QTextCharFormat) -> None:
        """A line break that comes or goes needs a sign, or the change could not be seen."""
        if text and not text.strip():
            self._write(text.replace("\n", "¶\n"), style)
        else:
            self._write(text, style)

    def _mark_facts(self) -> None:
        wave = QTextCharFormat()
        wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wave.setUnderlineColor(self._theme.tokens["warn"])
        wave.setBackground(self._theme.tokens["warn_bg"])
        wave.setForeground(self._theme.tokens["warn"])
        for piece in self._marked:
            cursor = self.document().find(piece)
            if not cursor.isNull() and utf16_length(piece):
                cursor.mergeCharFormat(wave)

    def _spoken(self, comparison: Comparison) -> str:
        hunk = comparison.hunks[comparison.changes[comparison.current]]
        place = self.tr("Change {0} of {1}").format(comparison.current + 1, len(comparison.changes))
        what = {
            "insert": self.tr("adds “{1}”"),
            "delete": self.tr("removes “{0}”"),
            "replace": self.tr("replaces “{0}” with “{1}”"),
        }[hunk.kind].format(" ".join(hunk.old.split()), " ".join(hunk.new.split()))
        return f"{place}: {what}"
