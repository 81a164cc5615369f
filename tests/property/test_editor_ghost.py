"""Ghost text changes nothing: an editor with ghosts behaves, key by key, like one without."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from ownhand.domain.completion import Ghost, start
from ownhand.ui.editor import CLOSES_UP, WritingEdit
from ownhand.ui.offsets import from_utf16, to_utf16, utf16_length

# ruff: noqa: E501  (tables of keys)

K = Qt.Key
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)

TYPED = [*"abcdefgh ABC.,!?'é", "ß", "ü", "😀", "👍🏽", "日", "\t"]
COMMANDS = [
    (K.Key_Return, NONE, "\r"), (K.Key_Return, SHIFT, "\r"), (K.Key_Backspace, NONE, "\b"), (K.Key_Delete, NONE, "\x7f"),
    (K.Key_Backspace, CTRL, "\x7f"), (K.Key_Delete, CTRL, ""), (K.Key_Left, NONE, ""), (K.Key_Right, NONE, ""),
    (K.Key_Up, NONE, ""), (K.Key_Down, NONE, ""), (K.Key_Home, NONE, ""), (K.Key_End, NONE, ""), (K.Key_Left, CTRL, ""),
    (K.Key_Left, SHIFT, ""), (K.Key_Right, SHIFT, ""), (K.Key_Up, SHIFT, ""), (K.Key_End, SHIFT, ""), (K.Key_Home, SHIFT, ""),
    (K.Key_A, CTRL, "\x01"), (K.Key_C, CTRL, "\x03"), (K.Key_X, CTRL, "\x18"), (K.Key_V, CTRL, "\x16"),
    (K.Key_Z, CTRL, "\x1a"), (K.Key_Z, CTRL | SHIFT, "\x1a"), (K.Key_Home, CTRL, ""), (K.Key_End, CTRL, ""),
    (K.Key_Shift, SHIFT, ""), (K.Key_Control, CTRL, ""),
]  # fmt: skip
GHOSTS = ["a", "abc and more", " the numbers", "b\nc second line", "😀 emoji first", "gh ", "é", "x" * 200]


def press(edit: QWidget, key: Qt.Key | int, modifiers: Qt.KeyboardModifier, text: str) -> None:
    for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
        QApplication.sendEvent(edit, QKeyEvent(kind, int(key), modifiers, text))


def some_ghost(dice: random.Random, edit: WritingEdit) -> Ghost:
    """What is offered after the caret, or now and then in the place of some characters before it."""
    before = edit.text()[: edit.caret].rpartition("\n")[2]
    if dice.random() < 0.7 or not before:
        return start(dice.choice(GHOSTS), GHOSTS[:4])
    return start(dice.choice(GHOSTS), GHOSTS[:4], replaces=dice.randint(1, min(5, len(before))))


def state(edit: WritingEdit) -> tuple[object, ...]:
    cursor = edit.textCursor()
    document = edit.document()
    return (
        edit.text(), cursor.position(), cursor.anchor(), document.isModified(),
        document.availableUndoSteps(), document.availableRedoSteps(), document.blockCount(),
    )  # fmt: skip


@pytest.fixture
def pair(qtbot):
    """An editor that is shown ghosts, and a control editor that is not; both can be written in."""
    editors = []
    for _ in range(2):
        edit = WritingEdit()
        qtbot.addWidget(edit)
        edit.resize(500, 400)
        edit.show()
        editors.append(edit)
    editors[0].activateWindow()
    editors[0].setFocus()
    qtbot.waitUntil(editors[0].hasFocus)
    return editors


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_thousand_random_keys_leave_no_trace_of_any_ghost(pair, seed):
    edit, control = pair
    dice = random.Random(seed)
    shown = 0
    for step in range(1000):
        if dice.random() < 0.6:
            shown += edit.show_ghost(some_ghost(dice, edit))
        if dice.random() < 0.02:
            edit.undo()
            control.undo()
        elif dice.random() < 0.02:
            pasted = QMimeData()
            pasted.setText(dice.choice(["pasted", "two\nlines 😀", "a\r\nb"]))
            edit.insertFromMimeData(pasted)
            control.insertFromMimeData(pasted)
        else:
            if dice.random() < 0.6:
                text = dice.choice(TYPED)
                visible = edit.ghost
                if text == "\t" and visible is not None:
                    continue
                key = K.Key_Tab if text == "\t" else 0
                command = (key, NONE, text)
            else:
                command = dice.choice(COMMANDS)
            press(edit, *command)
            press(control, *command)
        assert state(edit) == state(control), f"step {step} of seed {seed}"
    assert shown > 200


@pytest.mark.parametrize("seed", [6, 7, 8, 10, 12, 14])
def test_text_and_caret_are_those_of_a_plain_text_field(pair, qtbot, seed):
    """The same against Qt's own plain field, for the keys that do not depend on how lines are laid out."""
    edit, _ = pair
    control = QPlainTextEdit()
    qtbot.addWidget(control)
    laid_out = {K.Key_Up, K.Key_Down}
    commands = [row for row in COMMANDS if row[0] not in laid_out and row[:2] != (K.Key_Return, SHIFT)]
    commands = [row for row in commands if row[0] not in (K.Key_Home, K.Key_End) or row[1] == CTRL]
    dice = random.Random(seed)
    for step in range(700):
        if dice.random() < 0.6:
            edit.show_ghost(start(dice.choice(GHOSTS), GHOSTS[:3]))
        command = (0, NONE, dice.choice(TYPED[:-1])) if dice.random() < 0.7 else dice.choice(commands)
        if edit.ghost is not None and command[:2] == (K.Key_Right, CTRL):
            continue
        press(edit, *command)
        press(control, *command)
        mine, theirs = edit.textCursor(), control.textCursor()
        assert edit.text() == control.toPlainText(), f"step {step} of seed {seed}"
        assert (mine.position(), mine.anchor()) == (theirs.position(), theirs.anchor()), f"step {step} of seed {seed}"


@pytest.mark.parametrize("seed", [4, 5])
def test_what_is_taken_is_the_only_difference(pair, seed):
    """Taking is one change: the control gets it as one, and the two stay equal through undo and redo.

    A mark right after a blank that was taken replaces it; that has tests of its own, and no such mark is typed here.
    """
    edit, control = pair
    dice = random.Random(seed)
    taken: list[tuple[str, int]] = []
    edit.taken.connect(lambda text, replaced: taken.append((text, replaced)))
    for step in range(400):
        if dice.random() < 0.5:
            edit.show_ghost(some_ghost(dice, edit))
        if edit.ghost is not None and dice.random() < 0.5:
            key, modifiers = dice.choice([(K.Key_Tab, NONE), (K.Key_Right, CTRL), (K.Key_Down, CTRL)])
            taken.clear()
            press(edit, key, modifiers, "\t" if key == K.Key_Tab else "")
            text, replaced = taken[0]
            cursor, end = control.textCursor(), control.caret
            cursor.setPosition(to_utf16(control.text(), end - replaced), QTextCursor.MoveMode.KeepAnchor)
            cursor.beginEditBlock()
            cursor.insertText(text)
            cursor.endEditBlock()
            control.setTextCursor(cursor)
        else:
            command = dice.choice([*COMMANDS, *[(0, NONE, ch) for ch in TYPED if ch != "\t"]])
            if edit.ghost is not None and command[0] in (K.Key_Down, K.Key_Right) and command[1] == CTRL:
                continue
            if command[2] in CLOSES_UP and edit.text()[: edit.caret].endswith(" "):
                continue
            press(edit, *command)
            press(control, *command)
        assert edit.text() == control.text(), f"step {step} of seed {seed}"
        assert edit.textCursor().position() == control.textCursor().position()
    for _ in range(50):
        edit.undo()
        control.undo()
        assert edit.text() == control.text()


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=40), st.data())
def test_offsets_survive_the_way_to_qt_and_back(text, data):
    offset = data.draw(st.integers(0, len(text)))
    assert from_utf16(text, to_utf16(text, offset)) == offset
    assert to_utf16(text, offset) == len(text[:offset].encode("utf-16-le")) // 2
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


def test_a_paste_is_undone_without_what_was_typed_before_it(pair):
    edit, _ = pair
    edit.set_text("")
    press(edit, 0, NONE, "a")
    QApplication.clipboard().setText("pas\nted")
    edit.paste()
    assert edit.text() == "apas\nted"
    edit.undo()
    assert edit.text() == "a"


def test_a_span_is_replaced_behind_an_emoji(pair):
    edit, _ = pair
    edit.set_text("👍🏽 fine\nand good 😀 end")
    text = edit.text()
    first, second = text.index("fine"), text.index("good")
    edit.replace([(first, first + 4, "great"), (second, second + 4, "well")])
    assert edit.text() == "👍🏽 great\nand well 😀 end"
    edit.undo()
    assert edit.text() == text
    assert edit.textCursor().position() <= edit.document().characterCount()


def test_a_span_follows_changes_at_its_ends_and_before_it(pair):
    edit, _ = pair
    edit.set_text("👍 Hi Dana, fine. Bye")
    span = edit.span(2, 16)
    assert span.text() == "Hi Dana, fine."
    edit.replace([(0, 1, "Well 😀 then")])
    assert span.text() == "Hi Dana, fine."
    start, end = span.bounds()
    edit.replace([(start, start + 2, ""), (end - 5, end, "")])
    edit.replace([(start, start, "Hello")])
    end = span.bounds()[1]
    edit.replace([(end, end, "good.")])
    assert span.text() == "Hello Dana, good."
