"""Actions of the person's own: made in a small dialog, worded from examples, asked for like those that came along."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from helpers.accessible import nameless
from helpers.scripted_app import RAMBLING
from ownhand.domain.actions import Scope
from ownhand.ui.acting import ActionDialog, ExamplesDialog
from ownhand.ui.commands import Palette
from ownhand.ui.review import State

K = Qt.Key
PLAIN = "No exclamation marks. Write words out: do not, I am."


@pytest.fixture
def plain(window, scripted, quiet):
    """An action of the person's own, shown in the window."""
    made = scripted.own_actions.save("Plain", PLAIN)
    window.acting.reload()
    quiet()
    return made


@pytest.fixture
def own_button(window):
    def find(name: str) -> QPushButton | None:
        return next((push for push in window.review._own if push.text() == name), None)

    return find


@pytest.fixture
def dialog(window):
    def find(kind):
        return next(found for found in window.findChildren(kind) if found.isVisible())

    return find


def test_a_new_action_gets_a_button_beside_the_others(window, scripted, dialog, own_button, quiet):
    window.review._new.click()
    made = dialog(ActionDialog)
    assert nameless(made) == []
    assert not made.save.isEnabled()
    made.name.setText("Plain")
    made.text.setPlainText(PLAIN)
    made.scope.setCurrentIndex(1)
    made.save.click()
    quiet()
    quiet()
    (stored,) = scripted.own_actions.all()
    assert (stored.name, stored.instruction, stored.scope) == ("Plain", PLAIN, Scope.WHOLE)
    assert own_button("Plain").isVisible()


@pytest.mark.parametrize("taken", ["plain", "Shorten"])
def test_a_name_that_is_taken_is_refused_in_the_dialog(window, plain, dialog, scripted, quiet, taken):
    window.find_command("New action…").do()
    made = dialog(ActionDialog)
    made.name.setText(taken)
    made.text.setPlainText("x")
    made.save.click()
    quiet()
    assert made.isVisible()
    assert "Choose another name" in made.trouble.text()
    assert len(scripted.own_actions.all()) == 1


def test_its_button_asks_with_its_instruction_for_what_is_selected(window, plain, own_button, scripted, qtbot):
    window.edit.set_text(RAMBLING)
    cursor = window.edit.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(7, cursor.MoveMode.KeepAnchor)
    window.edit.setTextCursor(cursor)
    own_button("Plain").click()
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    request = scripted.drafting.requests[-1]
    assert (request.action_id, request.instruction, request.selection) == ("custom", PLAIN, (0, 7))
    assert window.review._caption.text() == "Plain"


def test_one_for_the_whole_text_does_not_look_at_the_selection(window, plain, own_button, scripted, qtbot, quiet):
    scripted.own_actions.save("Plain", PLAIN, Scope.WHOLE, plain.id)
    window.acting.reload()
    quiet()
    window.edit.selectAll()
    own_button("Plain").click()
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    assert scripted.drafting.requests[-1].selection is None


def test_the_palette_has_it_too(window, plain, scripted, qtbot):
    window.open_palette()
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.field, "plain: no")
    qtbot.keyClick(palette.field, K.Key_Return)
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    assert scripted.drafting.requests[-1].instruction == PLAIN


def test_it_is_changed_and_deleted_from_its_menu_and_can_be_brought_back(
    window, plain, own_button, dialog, scripted, quiet
):
    own_button("Plain").actions()[0].trigger()
    made = dialog(ActionDialog)
    assert made.text.toPlainText() == PLAIN
    made.name.setText("Plainer")
    made.save.click()
    quiet()
    quiet()
    assert own_button("Plain") is None
    own_button("Plainer").actions()[1].trigger()
    quiet()
    quiet()
    assert scripted.own_actions.all() == []
    assert own_button("Plainer") is None
    window.toast._act.click()
    quiet()
    quiet()
    assert own_button("Plainer") is not None


def test_an_instruction_is_worded_from_examples(window, dialog, qtbot, quiet):
    window.acting.new()
    made = dialog(ActionDialog)
    made.help_wanted.emit()
    examples = dialog(ExamplesDialog)
    assert nameless(examples) == []
    assert not examples.word.isEnabled(), "two examples are needed"
    for (before, after), (old, new) in zip(
        examples.fields,
        [("We don't have time!", "We do not have time."), ("I'm late!", "I am late.")],
        strict=False,
    ):
        before.setPlainText(old)
        after.setPlainText(new)
    examples.word.click()
    qtbot.waitUntil(lambda: made.text.toPlainText() != "")
    assert "No exclamation marks." in made.text.toPlainText()
    assert "Write words out" in made.text.toPlainText()
    qtbot.waitUntil(lambda: not window.findChildren(ExamplesDialog))


def test_examples_with_nothing_in_common_are_said_to_be_so(window, dialog, qtbot):
    window.acting.new()
    dialog(ActionDialog).help_wanted.emit()
    examples = dialog(ExamplesDialog)
    for (before, after), (old, new) in zip(
        examples.fields, [("The kiln is cold.", "It rained in March."), ("Call me.", "Send the box.")], strict=False
    ):
        before.setPlainText(old)
        after.setPlainText(new)
    examples.word.click()
    qtbot.waitUntil(examples.trouble.isVisible)
    assert "nothing in common" in examples.trouble.text()
    assert examples.word.isEnabled()
    assert examples.word.text() == "Word it"
