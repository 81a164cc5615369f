"""The window as a whole: drafts, autosave, ghost text by the service, library, commands, accessibility."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDropEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication

from helpers.accessible import nameless
from helpers.scripted_app import BUDGET
from ownhand.domain.actions import ACTIONS
from ownhand.domain.completion import Completion
from ownhand.domain.corpus import Kind
from ownhand.errors import DiskFull
from ownhand.services.status import StatusEvent
from ownhand.settings import COMPLETIONS, FONT_SIZE
from ownhand.ui.commands import Palette, matching
from ownhand.ui.session import AUTOSAVE_MS
from ownhand.ui.shelf import RowKind

K, M = Qt.Key, Qt.KeyboardModifier


# ------------------------------------------------------------------------------------------------------------- saving


def test_a_draft_saves_itself_within_two_seconds_of_the_last_key(window, scripted, qtbot, quiet):
    assert AUTOSAVE_MS <= 1500
    qtbot.keyClicks(window.edit, "look")
    assert window.session._autosave.isActive()
    window.session._autosave.setInterval(1)
    window.session._autosave.start()
    qtbot.waitUntil(lambda: scripted.library.saved["d1"].text == BUDGET + "look")
    assert scripted.library.saved["d1"].caret == len(BUDGET + "look")


def test_leaving_a_draft_saves_it(window, scripted, qtbot, quiet):
    qtbot.keyClicks(window.edit, "now")
    window.open_draft("d2")
    qtbot.waitUntil(lambda: window.session.draft().id == "d2")
    quiet()
    assert scripted.library.saved["d1"].text.endswith("I'll now")
    assert window.edit.text().startswith("Trains leave")
    assert not window.header.recipients.isVisible()


def test_closing_the_window_saves_before_it_goes(window, scripted, qtbot):
    qtbot.keyClicks(window.edit, "last")
    window.close()
    assert scripted.library.saved["d1"].text.endswith("last")


def test_nothing_is_saved_where_nothing_changed(window, scripted, quiet):
    window.open_draft("d3")
    quiet()
    window.session.save()
    quiet()
    assert scripted.library.saves == 0


def test_a_full_disk_is_told_and_tried_again_and_the_text_stays(window, scripted, qtbot, quiet):
    scripted.library.fail = DiskFull("There was no room to save. Free some space; nothing is lost.")
    qtbot.keyClicks(window.edit, "kept")
    window.session.save()
    quiet()
    assert "no room" in window.toast.text
    assert window.edit.text().endswith("kept")
    assert window.session._autosave.isActive()
    scripted.library.fail = None
    window.session.save()
    quiet()
    assert scripted.library.saved["d1"].text.endswith("kept")


def test_ghost_text_is_never_saved(window, scripted, qtbot, quiet):
    window.edit.paused_at.emit()
    qtbot.waitUntil(lambda: window.edit.ghost is not None)
    window.header.subject.setFocus()
    window.header.set_subject("Other")
    window.session.save()
    quiet()
    assert scripted.library.saved["d1"].text == BUDGET
    assert scripted.library.saved["d1"].subject == "Other"


def test_a_deleted_draft_can_be_brought_back(window, scripted, qtbot, quiet):
    window.delete_draft("d1")
    qtbot.waitUntil(lambda: "d1" not in scripted.library.saved)
    quiet()
    assert window.session.draft().id != "d1"
    window.toast._act.click()
    qtbot.waitUntil(lambda: window.session.draft().id == "d1")
    quiet()
    assert scripted.library.saved["d1"].text == BUDGET


# ------------------------------------------------------------------------------------------------------------- ghosts


def test_a_pause_shows_what_the_service_completes(window, scripted, qtbot):
    qtbot.keyClick(window.edit, K.Key_Backspace)
    qtbot.keyClicks(window.edit, " ")
    qtbot.waitUntil(lambda: window.edit.ghost is not None)
    request = scripted.completing.requests[-1]
    assert request.prefix == BUDGET
    assert request.audience == "work"
    assert request.reply_to.from_name == "Dana Li"
    qtbot.keyClick(window.edit, K.Key_Tab)
    assert window.edit.text().endswith("I'll go through them tonight and send you my notes")
    assert scripted.completing.taken == ["go through them tonight and send you my notes"]
    assert window.status.speed.text() == "62 ms"


def test_an_answer_to_an_older_text_is_not_shown(window, qtbot):
    old = window.edit.revision
    qtbot.keyClicks(window.edit, "x")
    window.ghosting._arrived((old, Completion("too late", "model", 0.9)))
    assert window.edit.ghost is None


def test_the_second_lane_replaces_the_first_and_an_empty_one_leaves_it(window):
    now = window.edit.revision
    window.ghosting._arrived((now, Completion("go", "memory", 0.5)))
    window.ghosting._arrived((now, Completion("", "", 0.0, reason="not likely enough to be right")))
    assert window.edit.ghost.text == "go"
    window.ghosting._arrived((now, Completion("go through", "model", 0.7)))
    assert window.edit.ghost.text == "go through"
    window.ghosting._arrived((now, Completion("go through", "model", 0.7, ("look at",))))
    assert len(window.edit.ghost.alternatives) == 2
    assert window.edit.revision == now


def test_typing_through_the_memorys_ghost_asks_the_model_again_and_through_the_models_does_not(
    window, scripted, qtbot, quiet
):
    scripted.completing.table.clear()
    for lane, asked_again in (("memory", True), ("model", False)):
        window.edit.hide_ghost()
        qtbot.waitUntil(lambda: not window.ghosting._soon.isActive())
        window.ghosting._arrived((window.edit.revision, Completion("zebra crossing", lane, 0.9)))
        before = len(scripted.completing.requests)
        qtbot.keyClicks(window.edit, "z")
        assert window.edit.ghost.text == "ebra crossing"
        qtbot.waitUntil(lambda: not window.ghosting._soon.isActive())
        assert (len(scripted.completing.requests) > before) is asked_again
        window.edit.undo()


def test_completions_can_be_switched_off(window, scripted, qtbot):
    scripted.settings.set(COMPLETIONS, False)
    qtbot.keyClicks(window.edit, "a ")
    qtbot.waitUntil(lambda: not window.ghosting._soon.isActive())
    assert scripted.completing.requests == []


# ------------------------------------------------------------------------------------------------------------ library


def titles(window):
    model = window.library._rows
    return [model.row_at(model.index(n)).title for n in range(model.rowCount())]


def test_search_finds_drafts_and_history_as_one_types(window, qtbot, quiet):
    window.library.search.setFocus()
    qtbot.keyClicks(window.library.search, "travel")
    qtbot.waitUntil(lambda: "Budget review, second look" in titles(window))
    assert "Trip to the coast" not in titles(window)
    qtbot.keyClick(window.library.search, K.Key_Escape)
    assert "Trip to the coast" in titles(window)


def test_the_list_follows_while_one_types_without_a_pause(window, scripted, qtbot, quiet, monkeypatch):
    answer, asked = scripted.library.search, []

    def search(query, limit=30, *, typing=False):
        asked.append((query, typing))
        return answer(query, limit, typing=typing)

    monkeypatch.setattr(scripted.library, "search", search)
    window.library.search.setFocus()
    for letter in "travel over easter ":
        qtbot.keyClicks(window.library.search, letter)
        qtbot.wait(40)
    assert len(asked) >= 3
    qtbot.waitUntil(lambda: not window.library._timer.isActive())
    quiet()
    assert asked[-1] == ("travel over easter ", True)  # with the blank, which says that the word is whole
    assert "Budget review, second look" in titles(window)


def test_an_answer_that_is_late_is_not_shown(window, scripted, qtbot, quiet, monkeypatch):
    answered = threading.Event()
    answer = scripted.library.search

    def search(query, limit=30, *, typing=False):
        if query == "trav":
            answered.wait(5)
        return answer(query, limit, typing=typing)

    monkeypatch.setattr(scripted.library, "search", search)
    for text in ("trav", "coast"):
        window.library.search.setText(text)
        qtbot.waitUntil(lambda: not window.library._timer.isActive())
    qtbot.waitUntil(lambda: titles(window)[:2] == ["Drafts", "Trip to the coast"])
    shown = titles(window)
    answered.set()
    quiet()
    assert titles(window) == shown
    answered.clear()
    window.library.search.setText("trav")
    qtbot.waitUntil(lambda: not window.library._timer.isActive())
    window.library.search.clear()
    shown = titles(window)
    answered.set()
    quiet()
    assert titles(window) == shown


def test_a_source_lists_its_documents_and_one_can_be_read_and_forgotten(window, scripted, qtbot, quiet):
    rows = window.library._rows
    window.library._chosen(rows.index_of(RowKind.SOURCE, "1"))
    qtbot.waitUntil(lambda: "Saturday" in titles(window))
    document = scripted.library.history[2]
    window.library._chosen(rows.index_of(RowKind.DOCUMENT, document.id))
    qtbot.waitUntil(lambda: window.center.currentIndex() == 1)
    assert "bring the bread" in window.reader._text.toPlainText()
    window.reader._forget.click()
    qtbot.waitUntil(lambda: window.center.currentIndex() == 0)
    quiet()
    assert scripted.library.document(document.id) is None


def test_the_models_of_library_and_rules_keep_qts_rules(window, qtmodeltester):
    qtmodeltester.check(window.library._rows)


def test_a_recipient_typed_becomes_a_chip_and_decides_the_audience(window, qtbot, quiet):
    window.new_draft()
    qtbot.waitUntil(lambda: window.session.draft().text == "")
    field = window.header.recipients.field
    qtbot.keyClicks(field, "Ada Brandt <ada@posteo.example>,")
    assert window.session.draft().recipients == ("Ada Brandt <ada@posteo.example>",)
    assert window.current_audience() == "friends"
    qtbot.keyClicks(field, "bob@example.org")
    qtbot.keyClick(field, K.Key_Return)
    assert window.session.draft().recipients[1] == "bob@example.org"
    qtbot.keyClick(field, K.Key_Backspace)
    assert len(window.session.draft().recipients) == 1
    window.header.audience.setCurrentIndex(window.header.audience.findData("work"))
    window.header.audience.activated.emit(0)
    assert window.session.draft().audience == "work"
    assert window.current_audience() == "work"


# --------------------------------------------------------------------------------------------------------- in and out


def drop(window, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    window.dropEvent(
        QDropEvent(QPoint(200, 200).toPointF(), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, M.NoModifier)
    )


def test_a_dropped_message_opens_as_a_reply(window, qtbot, tmp_path):
    path = tmp_path / "mail.eml"
    path.write_text("From: Ines Falk <falk@tischlerei.example>\nSubject: Shelves\n\nWhen shall we come?\n")
    drop(window, path)
    qtbot.waitUntil(lambda: window.session.draft().subject == "Re: Shelves")
    draft = window.session.draft()
    assert draft.recipients == ("Ines Falk <falk@tischlerei.example>",)
    assert draft.reply_to.text == "When shall we come?"
    assert draft.text == ""
    assert window.header.reply.isVisible()


def test_a_dropped_file_that_is_no_text_is_told(window, qtbot, tmp_path, quiet):
    path = tmp_path / "broken.eml"
    path.write_bytes(b"\0\0\0")
    drop(window, path)
    qtbot.waitUntil(lambda: "no readable text" in window.toast.text)


def test_copy_puts_exactly_the_text_on_the_clipboard(window):
    window.deeds.copy()
    assert QGuiApplication.clipboard().text() == BUDGET


def test_send_hands_the_draft_to_the_mail_program(window, qtbot, monkeypatch, quiet):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    window.deeds.send()
    qtbot.waitUntil(lambda: bool(opened))
    assert opened[0].startswith("mailto:")
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    window.deeds.send()
    qtbot.waitUntil(lambda: "No mail program" in window.toast.text)


def test_save_as_writes_the_text(window, qtbot, tmp_path, quiet):
    window.deeds.save_to(tmp_path / "draft.txt")
    quiet()
    assert (tmp_path / "draft.txt").read_text() == BUDGET


# ----------------------------------------------------------------------------------------------------------- commands


def test_every_action_of_the_table_is_a_button_and_a_command(window):
    texts = [command.text for command in window.commands]
    for action in ACTIONS:
        if action.id != "custom":
            assert any(text.startswith(action.label + ":") for text in texts), action.id
    labels = {push.text() for push in window.review._buttons}
    assert labels == {action.label for action in ACTIONS if action.id not in {"custom", "subject"}}


def test_no_shortcut_means_two_things(window):
    keys = [QKeySequence(command.shortcut).toString() for command in window.commands if command.shortcut]
    assert len(keys) == len(set(keys))


def test_the_palette_opens_by_its_keys_from_the_page_and_runs_what_is_typed(window, qtbot, quiet):
    qtbot.keyClick(window.edit, K.Key_K, M.ControlModifier)
    qtbot.waitUntil(lambda: window.findChild(Palette) is not None)
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.field, "new no")
    qtbot.keyClick(palette.field, K.Key_Return)
    qtbot.waitUntil(lambda: window.session.draft().kind is Kind.NOTE)


def test_the_palette_finds_words_in_any_order(window):
    assert matching(window.commands, "mail new")[0].text == "New e-mail"
    assert matching(window.commands, "zzz") == []


def test_f6_goes_round_the_panes(window, qtbot):
    def pane():
        focus = QApplication.focusWidget()
        return next(p for p in (window.library, window.center, window.tabs) if p.isAncestorOf(focus))

    seen = []
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget(), K.Key_F6)
        seen.append(pane())
    assert seen == [window.tabs, window.library, window.center]
    qtbot.keyClick(QApplication.focusWidget(), K.Key_F6, M.ShiftModifier)
    assert pane() is window.library


def test_text_size_follows_its_setting(window, scripted, qtbot):
    scripted.settings.set(FONT_SIZE, 20)
    qtbot.waitUntil(lambda: window.edit.font().pointSize() == 20)


def test_a_restarted_worker_is_told_and_shown(window, scripted, qtbot):
    scripted.status.announce(StatusEvent("engine", "starting"))
    qtbot.waitUntil(lambda: "starting" in window.status.model.text())
    scripted.status.announce(StatusEvent("engine", "restarted", "The model stopped and was started again."))
    qtbot.waitUntil(lambda: window.toast.text == "The model stopped and was started again.")
    assert window.status.model.text() == "ownhand-100m"


def test_a_model_that_is_given_up_stays_named_until_the_built_in_one_takes_its_place(window, scripted, qtbot, quiet):
    other = scripted.models.installed()[1].path
    scripted.models.choose("completion", other)
    scripted.status.announce(StatusEvent("engine", "model failed", "The model larger.gguf stopped 3 times."))
    qtbot.waitUntil(lambda: window.toast.text == "The model larger.gguf stopped 3 times.")
    assert not window.toast._timer.isActive(), "it stays"
    assert "not available" in window.status.model.text()
    assert window.toast._act.text() == "Use the built-in model"
    window.toast._act.click()
    qtbot.waitUntil(lambda: scripted.models.chosen("completion") != other)


def test_the_built_in_model_that_is_given_up_can_be_started_again(window, scripted, qtbot, quiet):
    scripted.status.announce(StatusEvent("engine", "failed", "The built-in model stopped 3 times."))
    qtbot.waitUntil(lambda: window.toast.text == "The built-in model stopped 3 times.")
    window.toast._act.click()
    qtbot.waitUntil(lambda: getattr(scripted.models, "started_again", False))


def test_something_newly_learned_is_said_with_the_way_to_it(window, scripted, qtbot):
    with qtbot.waitSignal(window.settings_wanted) as asked:
        window.session.learned.emit(scripted.learning.rules[:2])
        assert window.toast.text.startswith("Learned: Leave out")
        window.toast._act.click()
    assert asked.args == ["learned"]


# ------------------------------------------------------------------------------------------------------- accessibility


def test_everything_that_takes_the_focus_has_a_name(window, qtbot):
    window.suggesting.ask("continue")
    qtbot.waitUntil(lambda: window.suggesting.current is not None)
    assert nameless(window) == []


@pytest.mark.parametrize("missing", ["d9", "gone"])
def test_opening_what_is_gone_is_told(window, qtbot, missing):
    window.open_draft(missing)
    qtbot.waitUntil(lambda: window.toast.text == "This draft is no longer there.")


def test_how_it_is_going_is_a_command(window, qtbot):
    with qtbot.waitSignal(window.settings_wanted) as wanted:
        window.find_command("How it is going").do()
    assert wanted.args == ["progress"]


def test_tab_leads_from_the_recipients_over_the_subject_to_the_page(window, qtbot):
    window.header.set_reply(None)
    field = window.header.recipients.field
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert window.header.subject.hasFocus(), QApplication.focusWidget()
    qtbot.keyClick(window.header.subject, Qt.Key.Key_Tab)
    assert window.edit.hasFocus(), QApplication.focusWidget()


def test_what_is_offered_for_a_recipient_stands_on_a_ground_of_its_own(window, qtbot, theme):
    """Lists are drawn without one, and where windows are opaque that is black."""
    field = window.header.recipients.field
    field.setFocus()
    qtbot.keyClicks(field, "a")
    popup = field.completer().popup()
    qtbot.waitUntil(popup.isVisible)
    picture = popup.grab().toImage()
    popup.hide()
    assert picture.pixelColor(picture.width() // 2, picture.height() // 2) == theme.tokens["raised"], picture.size()


def test_the_window_is_named_after_the_draft_while_its_subject_is_typed(window, qtbot):
    window.header.subject.clear()
    qtbot.keyClicks(window.header.subject, "Price list")
    assert window.windowTitle() == "Price list – Ownhand"


def test_whoever_types_a_recipient_is_not_disturbed_by_people_who_become_known_meanwhile(window, qtbot):
    header, field = window.header, window.header.recipients.field
    header.recipients.set_recipients(())
    header.recipients.set_known(["Anna Berg <anna@example.org>"])
    field.setFocus()
    qtbot.keyClicks(field, "an")
    completer = field.completer()
    qtbot.waitUntil(completer.popup().isVisible)
    header.recipients.set_known(["Anna Berg <anna@example.org>", "Ian Holt <ian@example.org>"])
    assert field.completer() is completer
    qtbot.keyClicks(field, "n")
    assert field.text() == "ann"
    assert header.recipients.recipients() == ()
    header.recipients.set_known(["Joanna Li <jo@example.org>"])
    completer.setCompletionPrefix("ann")
    assert completer.currentCompletion() == "Joanna Li <jo@example.org>"
    completer.popup().hide()
