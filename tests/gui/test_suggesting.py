"""From the wish to the change: streaming, judging, accepting, and what is learned from it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat

from helpers.scripted_app import RAMBLING, SHORTER
from ownhand.domain.facts import Facts
from ownhand.domain.personalize import LAYERS
from ownhand.domain.text import diff
from ownhand.ui.comparison import Comparison, Verdict
from ownhand.ui.review import State
from ownhand.ui.session import kept_of


@pytest.fixture
def ask(window, qtbot):
    """Put a text on the page and ask for an action; returns once the suggestion is there."""

    def do(action="shorten", text=RAMBLING, instruction=""):
        window.edit.selectAll()
        window.edit.insertPlainText(text)
        window.suggesting.ask(action, instruction)
        qtbot.waitUntil(lambda: window.review.state is State.READY)
        return window.review.view.comparison()

    return do


def test_the_comparison_streams_and_then_shows_every_change(window, ask):
    comparison = ask()
    assert list(comparison.hunks) == diff(RAMBLING, SHORTER)
    shown = window.review.view.toPlainText()
    assert "Best regards" in shown
    assert "Cheers" in shown


def test_accepting_is_one_undo_step_and_leaves_the_rest_alone(window, ask, quiet):
    ask()
    window.suggesting.accept()
    assert window.edit.text() == SHORTER
    window.edit.undo()
    assert window.edit.text() == RAMBLING
    assert window.review.state is State.IDLE


def test_a_rejected_change_stays_as_it_was_and_is_learned_as_kept(window, ask, scripted, quiet):
    comparison = ask()
    last = len(comparison.changes) - 1
    window.review.view.go(-1)
    assert window.review.view.comparison().current == last
    window.review.view.judge(Verdict.REJECTED)
    window.suggesting.accept()
    assert window.edit.text() == SHORTER.replace("Cheers", "Best regards")
    window.session.settle()
    quiet()
    suggestion, kept, recipients, audience = scripted.learning.recorded[0]
    assert suggestion.text == SHORTER
    assert kept == SHORTER.replace("Cheers", "Best regards")
    assert recipients == ("Dana Li <dana@northmill.example>",)
    assert audience == "work"


def test_keys_judge_changes(window, ask, qtbot):
    comparison = ask()
    window.review.view.setFocus()
    qtbot.keyClick(window.review.view, Qt.Key.Key_R)
    qtbot.keyClick(window.review.view, Qt.Key.Key_A)
    now = window.review.view.comparison()
    assert now.verdicts[comparison.changes[0]] is Verdict.REJECTED
    assert now.verdicts[comparison.changes[1]] is Verdict.ACCEPTED
    assert now.current == 2
    qtbot.keyClick(window.review.view, Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    assert window.review.view.comparison().current == 1
    assert "Change 2 of" in window.review.view.accessibleName()
    qtbot.keyClick(window.review.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.review.state is State.IDLE
    assert window.edit.text() != RAMBLING


def test_a_click_chooses_the_change_under_it(window, ask, qtbot):
    comparison = ask()
    view = window.review.view
    cursor = view.document().find("Cheers")
    cursor.setPosition(cursor.selectionStart() + 2)
    where = view.cursorRect(cursor).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert view.comparison().current == len(comparison.changes) - 1


def test_changes_made_after_accepting_are_what_is_learned(window, ask, scripted, quiet):
    ask()
    window.suggesting.accept()
    text = window.edit.text()
    at = text.index("Cheers")
    window.edit.replace([(at, at + 6, "Best")])
    window.session.settle()
    quiet()
    assert scripted.learning.recorded[0][1] == SHORTER.replace("Cheers", "Best")


def test_an_undone_suggestion_teaches_nothing(window, ask, scripted, quiet):
    ask()
    window.suggesting.accept()
    window.edit.undo()
    window.session.settle()
    quiet()
    assert scripted.learning.recorded == []


def test_a_selection_is_replaced_alone(window, scripted, qtbot):
    scripted.drafting.answers["fix"] = "B"
    window.edit.selectAll()
    window.edit.insertPlainText("😀 a b c")
    cursor = window.edit.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(6, cursor.MoveMode.KeepAnchor)
    window.edit.setTextCursor(cursor)
    window.suggesting.ask("fix")
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    assert scripted.drafting.requests[-1].selection == (4, 5)
    window.suggesting.accept()
    assert window.edit.text() == "😀 a B c"


def test_a_text_that_changed_meanwhile_is_compared_anew_before_anything_is_taken(window, ask):
    ask()
    window.edit.replace([(0, 2, "Hello")])
    window.suggesting.accept()
    assert window.edit.text() == RAMBLING.replace("Hi", "Hello", 1)
    assert window.review.state is State.READY
    assert "changed meanwhile" in window.toast.text
    window.suggesting.accept()
    assert window.edit.text() == SHORTER


def test_stop_leaves_the_text_and_puts_nothing_in(window, scripted, qtbot):
    scripted.drafting.hold.clear()
    window.suggesting.ask("continue")
    qtbot.waitUntil(lambda: "send you" in window.review.view.toPlainText())
    before = window.edit.text()
    qtbot.keyClick(window.review, Qt.Key.Key_Escape)
    assert window.review.state is State.IDLE
    assert window.edit.text() == before


def test_continue_goes_in_at_the_caret(window, scripted, qtbot):
    before = window.edit.text().rstrip()
    window.edit.set_text(before, len(before))
    window.suggesting.ask("continue")
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    window.suggesting.accept()
    assert window.edit.text() == before + " go through them tonight and send you my notes."


def test_a_subject_goes_into_the_subject_line(window, scripted, qtbot):
    window.header.suggest_subject.click()
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    window.suggesting.accept()
    assert window.header.subject.text() == "Budget review: travel line and workshop date"


def test_three_versions_can_be_leafed_through(window, scripted, qtbot, ask):
    scripted.drafting.answers["shorten"] = ["Hi one", "Hi two", "Hi three"]
    ask()
    for count in (2, 3):
        window.review.another.emit()
        qtbot.waitUntil(lambda n=count: len(window.suggesting._versions) == n)
    assert [request.seed for request in scripted.drafting.requests] == [0, 1, 2]
    window.review.turned.emit(1)
    assert window.suggesting.current.text == "Hi one"
    window.review.turned.emit(-1)
    assert window.suggesting.current.text == "Hi three"


def test_a_suggestion_can_be_edited_before_it_is_taken(window, ask, scripted, quiet):
    ask()
    window.review._edit.click()
    assert window.review.state is State.EDITING
    window.review._editing.setPlainText(SHORTER + "\nPS: bread")
    window.review._take.click()
    assert window.review.state is State.READY
    window.review._take.click()
    assert window.edit.text() == SHORTER + "\nPS: bread"
    window.session.settle()
    quiet()
    suggestion, kept, *_ = scripted.learning.recorded[0]
    assert (suggestion.text, kept) == (SHORTER, SHORTER + "\nPS: bread")


def test_facts_that_went_or_came_are_named_and_marked(window, ask, scripted):
    scripted.drafting.facts["shorten"] = Facts(("4,200",), ("Tuesday",), ("Marcus",))
    ask()
    assert "Missing from your text: Tuesday" in window.review._facts.text()
    assert "Not in your text: Marcus" in window.review._facts.text()
    cursor = window.review.view.document().find("Marcus")
    assert cursor.charFormat().underlineStyle() is QTextCharFormat.UnderlineStyle.WaveUnderline


def test_a_remark_of_the_suggestion_stands_under_the_comparison(window, ask, scripted):
    scripted.drafting.remarks = ("2 of 3 notes stand as you wrote them.",)
    ask()
    remark = window.review._remarks
    assert remark.isVisible()
    assert remark.text() == "2 of 3 notes stand as you wrote them."
    scripted.drafting.remarks = ()
    ask()
    assert not remark.isVisible()


def test_a_suggestion_that_changes_nothing_says_so_and_offers_nothing_to_take(window, ask, scripted):
    scripted.drafting.answers["shorten"] = RAMBLING
    scripted.drafting.remarks = ("All sentences keep your wording.",)
    ask()
    review = window.review
    assert review._same.isVisible()
    assert review._same.text() == "It would leave your text as it is."
    assert not review.view.isVisible()
    assert review._remarks.isVisible()
    assert not any(push.isVisible() for push in (review._take, review._edit, review._hunks))
    assert review._discard.isVisible()
    scripted.drafting.answers["shorten"] = SHORTER
    ask()
    assert review.view.isVisible()
    assert review._take.isVisible()


def test_an_instruction_runs_the_action_it_names(window, scripted, qtbot):
    window.review.instruction.setText("make it shorter please")
    qtbot.keyClick(window.review.instruction, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    assert scripted.drafting.requests[-1].action_id == "shorten"


def test_an_empty_page_says_what_is_missing(window, scripted, qtbot):
    window.edit.set_text("")
    window.suggesting.ask("shorten")
    assert window.toast.text == "There is no text on the page yet."
    assert scripted.drafting.requests == []


def test_why_shows_passages_and_the_exact_prompt_and_can_overrule(window, ask, scripted, qtbot, quiet):
    from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton

    ask()
    prompt = window.why.findChild(QPlainTextEdit)
    assert "You write as Robin Vale" in prompt.toPlainText()
    shown = [found.text() for found in window.why.findChildren(QLabel)]
    for layer in LAYERS:
        assert layer.label in shown
    assert "Counted at 80 %." in shown
    assert "96 of 98 times" in shown, "a measured habit says how often"
    off = next(push for push in window.why.findChildren(QPushButton) if push.text() == "Not like this")
    off.click()
    qtbot.waitUntil(lambda: not scripted.learning.rules[0].enabled)
    quiet()
    assert off.text() == "Switched off"


@pytest.mark.parametrize(
    ("old", "new"),
    [("a b c", "a x c"), ("one two three four", "entirely other words"), ("", "new"), ("a\n\nb", "a\nb")],
)
def test_pieces_and_result_agree(old, new):
    comparison = Comparison.of(old, new)
    text = old
    for start, end, piece in reversed(comparison.pieces()):
        text = text[:start] + piece + text[end:]
    assert text == comparison.result() == new


def test_texts_with_little_in_common_are_one_change():
    assert Comparison.of("- numbers ok\n- thursday", "Hi Dana, the figures look fine to me.").is_whole
    assert not Comparison.of("the cat sat on the mat", "the dog sat on the mat").is_whole


def test_what_was_written_on_after_a_suggestion_is_no_change_of_it():
    assert kept_of("Fine. Thanks.", "Fine. Thanks. And more.", whole=False) == "Fine. Thanks."
    assert kept_of("Fine. Thanks.", "Well: Fine. Thanks.", whole=False) == "Fine. Thanks."
    assert kept_of("Fine. Thanks.", "Good. Thanks.", whole=False) == "Good. Thanks."
    assert kept_of("Fine. Thanks.", "Fine. Thanks. And more.", whole=True) == "Fine. Thanks. And more."
