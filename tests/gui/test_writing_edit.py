"""The page: what the keys do to ghost text, and what the text is when it is read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ownhand.domain.completion import start
from ownhand.ui.editor import WritingEdit
from ownhand.ui.theme import Tokens, contrast

K, M = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def edit(qtbot):
    made = WritingEdit()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    made.activateWindow()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    made.set_text("Thanks. I'll ", 13)
    return made


def ghost(edit, text="go through them tonight", *others):
    assert edit.show_ghost(start(text, others))


def test_tab_takes_all_of_it_as_one_undo_step(edit, qtbot):
    ghost(edit)
    with qtbot.waitSignal(edit.taken) as taken:
        qtbot.keyClick(edit, K.Key_Tab)
    assert taken.args == ["go through them tonight", 0]
    assert edit.text() == "Thanks. I'll go through them tonight"
    edit.undo()
    assert edit.text() == "Thanks. I'll "
    edit.redo()
    assert edit.text() == "Thanks. I'll go through them tonight"


@pytest.mark.parametrize(("key", "held"), [(K.Key_Tab, M.NoModifier), (K.Key_Right, M.ControlModifier)])
def test_a_long_form_takes_the_place_of_its_abbreviation_in_one_step(edit, qtbot, key, held):
    edit.set_text("😀 Thanks. ", 10)
    qtbot.keyClicks(edit, "Lmk")
    assert edit.show_ghost(start("Let me know", replaces=3))
    assert edit.text() == "😀 Thanks. Lmk", "nothing changes before it is taken"
    with qtbot.waitSignal(edit.taken) as taken:
        qtbot.keyClick(edit, key, held)
    assert taken.args == ["Let me know", 3]
    assert edit.text() == "😀 Thanks. Let me know"
    assert edit.caret == len(edit.text())
    edit.undo()
    assert edit.text() == "😀 Thanks. Lmk"
    edit.redo()
    assert edit.text() == "😀 Thanks. Let me know"


@pytest.mark.parametrize("key", [K.Key_Space, K.Key_L, K.Key_Escape])
def test_typing_on_ignores_a_long_form(edit, qtbot, key):
    qtbot.keyClicks(edit, "lmk")
    assert edit.show_ghost(start("let me know", replaces=3))
    qtbot.keyClick(edit, key)
    assert edit.ghost is None
    assert edit.text().rstrip(" l") == "Thanks. I'll lmk"


def test_a_long_form_is_drawn_behind_an_arrow_and_shortened(edit):
    assert start("let me know", replaces=3).shown == " → let me know"
    assert start("Dear Dana,\n\nthank you", replaces=3).shown == " → Dear Dana, …"
    assert len(start("word " * 40, replaces=3).shown) < 80


def test_control_right_takes_a_word_and_shows_the_rest(edit, qtbot):
    ghost(edit)
    qtbot.keyClick(edit, K.Key_Right, M.ControlModifier)
    assert edit.text() == "Thanks. I'll go"
    assert edit.ghost.text == " through them tonight"


def test_control_down_takes_the_line(edit, qtbot):
    ghost(edit, "go.\n\nCheers")
    qtbot.keyClick(edit, K.Key_Down, M.ControlModifier)
    assert edit.text() == "Thanks. I'll go."
    assert edit.ghost.text == "\n\nCheers"


def test_escape_waves_it_away(edit, qtbot):
    ghost(edit)
    with qtbot.waitSignal(edit.dismissed):
        qtbot.keyClick(edit, K.Key_Escape)
    assert edit.ghost is None
    assert edit.text() == "Thanks. I'll "


def test_alt_brackets_go_through_the_alternatives(edit, qtbot):
    ghost(edit, "one", "two", "three")
    qtbot.keyClick(edit, K.Key_BracketRight, M.AltModifier)
    assert edit.ghost.text == "two"
    qtbot.keyClick(edit, K.Key_BracketLeft, M.AltModifier)
    qtbot.keyClick(edit, K.Key_BracketLeft, M.AltModifier)
    assert edit.ghost.text == "three"
    assert edit.text() == "Thanks. I'll "


def test_typing_the_same_letters_advances_through_it(edit, qtbot):
    ghost(edit)
    qtbot.keyClicks(edit, "go t")
    assert edit.ghost.text == "hrough them tonight"
    assert edit.text() == "Thanks. I'll go t"
    with qtbot.waitSignal(edit.paused_at):
        qtbot.keyClicks(edit, "x")
    assert edit.ghost is None


@pytest.mark.parametrize("mark", list(".,;:!?)…"))
def test_a_closing_mark_takes_the_place_of_the_blank_that_came_with_a_completion(edit, qtbot, mark):
    ghost(edit, "need your help ")
    qtbot.keyClick(edit, K.Key_Tab)
    QTest.sendKeyEvent(QTest.KeyAction.Click, edit, K.Key_unknown, mark, M.NoModifier)
    assert edit.text() == f"Thanks. I'll need your help{mark}"
    assert edit.caret == len(edit.text())
    edit.undo()
    assert edit.text() == "Thanks. I'll need your help ", "mark and blank are one step"
    edit.undo()
    assert edit.text() == "Thanks. I'll "


def test_a_closing_mark_from_an_input_method_does_the_same(edit, qtbot):
    ghost(edit, "need your help ")
    qtbot.keyClick(edit, K.Key_Tab)
    commit = QInputMethodEvent()
    commit.setCommitString("!")
    QApplication.sendEvent(edit, commit)
    assert edit.text() == "Thanks. I'll need your help!"


def test_the_last_word_taken_alone_ends_the_same_way_and_shift_is_no_action(edit, qtbot):
    ghost(edit, "look ")
    qtbot.keyClick(edit, K.Key_Right, M.ControlModifier)
    qtbot.keyPress(edit, K.Key_Shift, M.ShiftModifier)
    qtbot.keyClick(edit, K.Key_Question, M.ShiftModifier)
    assert edit.text() == "Thanks. I'll look?"


@pytest.mark.parametrize("how", ["letter", "moved", "clicked", "part", "own blank", "focus"])
def test_after_anything_else_the_blank_stays(edit, qtbot, how):
    ghost(edit, "go on with it" if how in {"part", "own blank"} else "go on ")
    if how == "part":
        qtbot.keyClick(edit, K.Key_Right, M.ControlModifier)
        edit.hide_ghost()
        qtbot.keyClicks(edit, " ")
    else:
        qtbot.keyClick(edit, K.Key_Tab)
    if how == "letter":
        qtbot.keyClicks(edit, "a ")
    elif how == "own blank":
        qtbot.keyClicks(edit, " ")
    elif how == "moved":
        qtbot.keyClick(edit, K.Key_Left)
        qtbot.keyClick(edit, K.Key_Right)
    elif how == "clicked":
        qtbot.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=edit.cursorRect().center())
    elif how == "focus":
        edit.clearFocus()
        edit.setFocus()
    before = edit.text()
    assert before.endswith(" ")
    qtbot.keyClicks(edit, ".")
    assert edit.text() == before + "."


def test_it_can_stand_in_the_middle_of_a_line(edit, qtbot):
    edit.set_text("I'll 😀 tonight. 👍", 7)
    ghost(edit, "look")
    qtbot.keyClick(edit, K.Key_Tab)
    assert edit.text() == "I'll 😀 looktonight. 👍"


def test_it_is_not_in_text_clipboard_undo_or_modified(edit, qtbot):
    ghost(edit, "secret words\nand more")
    assert edit.text() == "Thanks. I'll "
    assert not edit.document().isModified()
    assert not edit.document().isUndoAvailable()
    assert edit.document().blockCount() == 1
    qtbot.keyClick(edit, K.Key_A, M.ControlModifier)
    qtbot.keyClick(edit, K.Key_C, M.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Thanks. I'll "


@pytest.mark.parametrize("how", ["click", "focus", "composition", "paste", "left key", "other text", "undo"])
def test_whatever_else_happens_takes_it_down(edit, qtbot, how):
    qtbot.keyClicks(edit, "x")
    ghost(edit)
    if how == "click":
        qtbot.mouseClick(edit.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    elif how == "focus":
        edit.clearFocus()
    elif how == "composition":
        edit.inputMethodEvent(QInputMethodEvent("ka", []))
        assert edit.is_composing()
        assert not edit.show_ghost(start("no")), "never while something is being composed"
        edit.inputMethodEvent(QInputMethodEvent())
    elif how == "paste":
        data = QMimeData()
        data.setText("pasted")
        edit.insertFromMimeData(data)
    elif how == "left key":
        qtbot.keyClick(edit, K.Key_Left)
    elif how == "other text":
        edit.setPlainText("other")
    else:
        edit.undo()
    assert edit.ghost is None
    assert "go through" not in edit.text()
    assert all(not block.layout().preeditAreaText() for block in blocks(edit))


def blocks(edit):
    block = edit.document().begin()
    while block.isValid():
        yield block
        block = block.next()


def test_never_with_a_selection(edit, qtbot):
    edit.moveCursor(QTextCursor.MoveOperation.Start, QTextCursor.MoveMode.KeepAnchor)
    assert not edit.show_ghost(start("no"))


def test_tab_is_a_tab_where_nothing_is_shown_and_leaves_after_escape(edit, qtbot):
    qtbot.keyClick(edit, K.Key_Tab)
    assert edit.text().endswith("\t")
    qtbot.keyClick(edit, K.Key_Escape)
    qtbot.keyClick(edit, K.Key_Tab)
    assert edit.text().count("\t") == 1


def test_shift_return_is_an_ordinary_line_end(edit, qtbot):
    qtbot.keyClick(edit, K.Key_Return, M.ShiftModifier)
    assert edit.text() == "Thanks. I'll \n"
    assert edit.document().blockCount() == 2


def test_what_was_saved_is_what_comes_back(edit):
    text = "non\u00a0breaking, 😀 and\ttabs\n\n  indented\n"
    edit.set_text(text, 6)
    assert edit.text() == text
    assert edit.caret == 6
    assert edit.place().prefix == text[:6]


def test_every_new_paragraph_has_the_same_line_height(edit, qtbot):
    edit.set_text("")
    qtbot.keyClicks(edit, "Dana,")
    qtbot.keyClick(edit, K.Key_Return)
    qtbot.keyClick(edit, K.Key_Return)
    qtbot.keyClicks(edit, "more")
    edit.undo()
    edit.redo()
    assert edit.text() == "Dana,\n\nmore"
    edit.replace([(0, 5, "Hi\n\nDana")])
    qtbot.keyClick(edit, K.Key_A, M.ControlModifier)
    qtbot.keyClick(edit, K.Key_Delete)
    qtbot.keyClicks(edit, "all new")
    qtbot.keyClick(edit, K.Key_Return)
    QApplication.clipboard().setText("pasted\n\nlines")
    edit.paste()
    assert {block.blockFormat().lineHeight() for block in blocks(edit)} == {150.0}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_ghost_can_be_read_and_told_from_the_text(name, theme):
    tokens = Tokens.load(theme._resources / "themes" / f"{name}.toml")
    assert contrast(tokens.ghost, tokens["page"]) >= 4.5
    assert contrast(tokens["text"], tokens["page"]) > 2 * contrast(tokens.ghost, tokens["page"])
