"""Snippets in the window: from the selection into the library, from there into the text, and place by place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from helpers.accessible import nameless
from helpers.scripted_app import BUDGET
from ownhand.domain.completion import Completion
from ownhand.domain.snippets import Snippet
from ownhand.ui.commands import Palette
from ownhand.ui.shelf import RowKind
from ownhand.ui.snippeting import SnippetDialog

K, M = Qt.Key, Qt.KeyboardModifier
OFFER = "Dear {name}, {amount} by {day}. Is {amount} fine? {cursor}Bye"


@pytest.fixture
def offer(window, scripted, quiet) -> Snippet:
    """A snippet with a recipient's name, two places, one of them twice, and a place for the caret."""
    made = scripted.snippets.save("ofr", OFFER)
    window.snippeting.changed.emit()
    quiet()
    return made


@pytest.fixture
def dialog(window):
    def find() -> SnippetDialog:
        return next(found for found in window.findChildren(SnippetDialog) if found.isVisible())

    return find


def row_of(window, kind: RowKind, key: str):
    return window.library._rows.index_of(kind, key)


def insert(window, snippet, qtbot, quiet):
    window.library.list.clicked.emit(row_of(window, RowKind.SNIPPET, snippet.id))
    quiet()
    qtbot.waitUntil(window.edit.hasFocus)


def test_the_selection_becomes_a_snippet_that_the_library_lists(window, scripted, dialog, qtbot, quiet):
    window.edit.selectAll()
    window.find_command("New snippet…").do()
    assert dialog().text.toPlainText() == BUDGET
    assert nameless(dialog()) == []
    assert not dialog().save.isEnabled(), "it has no name yet"
    dialog().name.setText("bud")
    dialog().save.click()
    quiet()
    quiet()
    (made,) = scripted.snippets.all()
    assert (made.name, made.text) == ("bud", BUDGET)
    assert row_of(window, RowKind.SNIPPET, made.id).data() == "bud"


def test_a_name_that_is_taken_is_refused_in_the_dialog_which_keeps_the_text(window, offer, dialog, quiet):
    window.library.list.clicked.emit(row_of(window, RowKind.NEW_SNIPPET, ""))
    made = dialog()
    made.name.setText("OFR")
    made.text.setPlainText("another")
    made.save.click()
    quiet()
    assert made.isVisible()
    assert "already" in made.trouble.text()
    made.name.setText("ofr2")
    made.save.click()
    quiet()
    quiet()
    assert [one.name for one in window.snippeting.known] == ["ofr", "ofr2"]


def test_a_snippet_goes_in_at_the_caret_and_its_places_are_walked_with_tab(window, offer, qtbot, quiet):
    insert(window, offer, qtbot, quiet)
    edit = window.edit
    assert edit.text() == BUDGET + "Dear Dana, {amount} by {day}. Is {amount} fine? Bye"
    assert edit.textCursor().selectedText() == "{amount}"
    qtbot.keyClicks(edit, "40 go")
    assert edit.ghost is None, "Tab goes on to the next place"
    qtbot.keyClick(edit, K.Key_Tab)
    assert edit.textCursor().selectedText() == "{day}"
    assert "Is 40 go fine?" in edit.text(), "the same word is filled everywhere"
    qtbot.keyClicks(edit, "Friday")
    qtbot.keyClick(edit, K.Key_Backtab)
    assert edit.textCursor().selectedText() == "40 go"
    qtbot.keyClick(edit, K.Key_Tab)
    qtbot.keyClick(edit, K.Key_Tab)
    assert edit.text() == BUDGET + "Dear Dana, 40 go by Friday. Is 40 go fine? Bye"
    assert edit.text()[edit.caret :] == "Bye"
    qtbot.keyClick(edit, K.Key_Tab)
    assert edit.text().endswith("\tBye"), "after the last place Tab is Tab again"


def test_putting_it_in_is_one_step_back(window, offer, qtbot, quiet):
    window.edit.selectAll()
    insert(window, offer, qtbot, quiet)
    assert window.edit.text().startswith("Dear Dana")
    qtbot.keyClick(window.edit, K.Key_Z, M.ControlModifier)
    assert window.edit.text() == BUDGET
    window.edit.place_caret(2)
    qtbot.keyClick(window.edit, K.Key_Tab)
    assert window.edit.text() == BUDGET[:2] + "\t" + BUDGET[2:], "its places are gone with it"


@pytest.mark.parametrize("leave", ["escape", "elsewhere", "another draft"])
def test_who_leaves_its_places_has_tab_back(window, offer, qtbot, quiet, leave):
    insert(window, offer, qtbot, quiet)
    if leave == "escape":
        qtbot.keyClick(window.edit, K.Key_Escape)
        window.edit.place_caret(3)
    elif leave == "elsewhere":
        window.edit.place_caret(3)
    else:
        window.open_draft("d2")
        quiet()
        window.edit.place_caret(3)
    before = window.edit.text()
    qtbot.keyClick(window.edit, K.Key_Tab)
    assert window.edit.text() == before[:3] + "\t" + before[3:]


def test_a_name_that_was_typed_becomes_the_snippet(window, offer, scripted, qtbot, quiet):
    filled = scripted.snippets.fill(offer, ("Dana Li <dana@x.org>",))

    def answer(context, deliver):
        deliver(context.revision, Completion(filled.text, "abbreviation", 1.0, replaces=3, stops=filled.stops))

    scripted.completing.request = answer
    qtbot.keyClicks(window.edit, "ofr")
    qtbot.waitUntil(lambda: window.edit.ghost is not None)
    assert window.edit.text() == BUDGET + "ofr"
    qtbot.keyClick(window.edit, K.Key_Tab)
    assert window.edit.text() == BUDGET + filled.text
    assert window.edit.textCursor().selectedText() == "{amount}"
    window.edit.undo()
    assert window.edit.text() == BUDGET + "ofr"


def test_the_palette_puts_it_in_too(window, offer, qtbot, quiet):
    window.open_palette()
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.field, "ofr")
    qtbot.keyClick(palette.field, K.Key_Return)
    quiet()
    assert "Dear Dana" in window.edit.text()


def test_it_is_changed_and_deleted_from_its_menu_and_can_be_brought_back(window, offer, dialog, scripted, qtbot, quiet):
    where = window.library.list.visualRect(row_of(window, RowKind.SNIPPET, offer.id)).center()
    window.library.list.customContextMenuRequested.emit(where)
    menu = next(found for found in window.library.findChildren(QMenu) if found.isVisible())
    assert [action.text() for action in menu.actions()] == ["Insert", "Edit…", "Delete snippet"]
    menu.actions()[1].trigger()
    dialog().text.setPlainText("Shorter")
    dialog().save.click()
    quiet()
    quiet()
    assert [one.text for one in scripted.snippets.all()] == ["Shorter"]
    window.activateWindow()
    window.library.list.setFocus()
    qtbot.waitUntil(window.library.list.hasFocus)
    window.library.list.setCurrentIndex(row_of(window, RowKind.SNIPPET, offer.id))
    qtbot.keyClick(window.library.list, K.Key_Delete)
    quiet()
    assert scripted.snippets.all() == []
    window.toast._act.click()
    quiet()
    assert [one.text for one in scripted.snippets.all()] == ["Shorter"]


def test_search_finds_it_by_its_words(window, offer, qtbot, quiet):
    window.library.search.setText("fine?")
    qtbot.waitUntil(lambda: not row_of(window, RowKind.NEW_SNIPPET, "").isValid())
    assert row_of(window, RowKind.SNIPPET, offer.id).isValid()
