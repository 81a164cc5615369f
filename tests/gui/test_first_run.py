"""Before and around the window: import, welcome, unlocking, a second start, errors nobody foresaw."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox

from helpers.accessible import nameless
from ownhand.errors import BadInput, WrongKey
from ownhand.services.mail_programs import Place
from ownhand.services.sieve import NOTHING, Exclusions
from ownhand.services.status import StatusEvent
from ownhand.settings import THEME, WELCOMED
from ownhand.ui import app as program
from ownhand.ui.bridge import Bridge
from ownhand.ui.importflow import BUSY, DONE, LOOK, ME, PICK, ImportDialog
from ownhand.ui.unlock import KeyChoice, UnlockDialog
from ownhand.ui.welcome import IMPORT, MODEL, STYLE


@pytest.fixture
def desktop(qtbot, qapp, scripted):
    scripted.settings.set(THEME, "light")
    made = program.Desktop(scripted, qapp)
    yield made
    qtbot.waitUntil(lambda: made.bridge.idle)
    made.close()
    for top in (made.window, made.welcome, made.settings):
        if top is not None:
            top.deleteLater()


# ------------------------------------------------------------------------------------------------------------- import


@pytest.fixture
def importing(qtbot, scripted, theme, bridge, quiet):
    dialog = ImportDialog(theme, scripted.importing, bridge, None)
    qtbot.addWidget(dialog, before_close_func=lambda _: quiet())
    dialog.show()
    dialog.flow.add_paths([Path("/mail/Sent")])
    return dialog


def test_the_import_asks_who_i_am_and_reads_only_that(importing, scripted, qtbot):
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == ME)
    assert [box.isChecked() for box in flow._senders] == [True, True, False]
    flow._learn.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == DONE)
    assert scripted.importing.imported == [([Path("/mail/Sent")], ["robin@vale.example", "r.vale@northmill.example"])]
    assert "1,171" in flow._result.text()
    assert "388 were written by others" in flow._details.text()
    assert "10 left out: nothing but a quote" in flow._details.text()


def test_nobody_ticked_is_no_import(importing, qtbot):
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == ME)
    for box in flow._senders:
        box.setChecked(False)
    assert not flow._learn.isEnabled()
    flow._other.setText("me@example.org")
    assert flow._learn.isEnabled()


def test_an_import_can_be_stopped_and_says_what_it_learned_so_far(importing, scripted, qtbot):
    scripted.importing.step_s = 0.2
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == ME)
    flow._learn.click()
    flow._stop()
    qtbot.waitUntil(lambda: flow.currentIndex() == DONE)
    assert flow._result.text().startswith("Stopped. Learned from 12 pieces")


def test_files_that_cannot_be_used_are_told_where_they_were_chosen(importing, scripted, qtbot, monkeypatch):
    def refuse(_paths):
        raise BadInput("There is no such folder.")

    monkeypatch.setattr(scripted.importing, "survey", refuse)
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == PICK and flow._trouble.isVisible())
    assert flow._trouble.text() == "There is no such folder."
    assert nameless(importing) == []


def test_sent_mail_found_on_this_computer_is_offered_and_ticked(importing, qtbot):
    flow = importing.flow
    sent = Path("/home/r/.thunderbird/a/Mail/x/Sent")
    flow._offer([Place(sent, "Thunderbird", "x"), Place(Path("/o"), "Mail", sent=False)])
    offered = {box.text(): box.isChecked() for box in flow.findChildren(QCheckBox) if box.text().startswith("/")}
    assert offered == {"/home/r/.thunderbird/a/Mail/x/Sent": True, "/o": False}
    assert flow._paths == [Path("/mail/Sent"), Path("/home/r/.thunderbird/a/Mail/x/Sent")]


def test_documents_alone_ask_for_nobody_and_are_shown_before_they_are_read(importing, scripted, qtbot, monkeypatch):
    monkeypatch.setattr(scripted.importing, "survey", lambda _paths: SimpleNamespace(candidates=[], messages=0))
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == LOOK)
    assert scripted.importing.imported == []
    flow._back_from_look()
    assert flow.currentIndex() == PICK
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == LOOK)
    flow._learn_seen.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == DONE)
    assert scripted.importing.imported == [([Path("/mail/Sent")], [])]


def test_a_pasted_text_is_learned_from_once(importing, scripted, qtbot):
    flow = importing.flow
    flow.paste("A letter that I wrote.")
    qtbot.waitUntil(lambda: flow.currentIndex() == DONE)
    assert flow._result.text() == "Learned from your text"
    flow.paste("A letter that I wrote.")
    qtbot.waitUntil(lambda: flow._result.text() == "This text was there already")
    assert scripted.importing.pasted == ["A letter that I wrote."] * 2


# ------------------------------------------------------------------------------------------------------------ welcome


def test_the_first_run_goes_from_the_promise_to_a_page_with_a_sample(desktop, scripted, qtbot):
    scripted.library.saved.clear()
    desktop.start()
    welcome = desktop.welcome
    assert nameless(welcome) == []
    welcome._show_import()
    assert welcome.pages.currentIndex() == IMPORT
    welcome.flow.add_paths([Path("/mail/Sent")])
    welcome.flow._survey()
    qtbot.waitUntil(lambda: welcome.flow.currentIndex() == ME)
    welcome.flow._run()
    qtbot.waitUntil(lambda: welcome.flow.currentIndex() == DONE)
    welcome.flow._go_on()
    assert welcome.pages.currentIndex() == STYLE
    welcome._finish()
    qtbot.waitUntil(lambda: desktop.window.isVisible() and desktop.window.session.is_open)
    assert scripted.settings.get(WELCOMED)
    assert desktop.window.session.draft().subject == "Trying out Ownhand"
    assert desktop.welcome is None


def test_the_welcome_offers_the_larger_model_that_suits_this_computer(desktop, scripted, qtbot):
    desktop.start()
    welcome = desktop.welcome
    welcome.flow.left.emit()
    qtbot.waitUntil(lambda: welcome.pages.currentIndex() == MODEL)
    assert list(welcome.offers.cards) == ["middle-1.7b"]
    assert nameless(welcome) == []
    assert scripted.downloads.asked == []
    qtbot.mouseClick(welcome.offers.cards["middle-1.7b"].go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scripted.downloads.asked == ["middle-1.7b"])
    qtbot.mouseClick(welcome._write, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.window.isVisible())
    assert scripted.downloads.progress() is not None, "it goes on while the person writes"
    scripted.downloads.end()


def test_the_welcome_ends_without_a_question_where_no_model_would_be_better(desktop, scripted, qtbot):
    scripted.downloads.list = [replace(item, recommended=()) for item in scripted.downloads.list]
    desktop.start()
    desktop.welcome.flow.left.emit()
    qtbot.waitUntil(lambda: desktop.window.isVisible())


def test_the_welcome_can_be_skipped(desktop, scripted, qtbot):
    desktop.start()
    desktop.welcome._finish()
    qtbot.waitUntil(lambda: desktop.window.session.is_open)
    assert desktop.window.session.draft().id == "d1"


def test_quitting_in_the_middle_of_the_welcome_ends_cleanly_and_shows_it_again(desktop, scripted, qtbot):
    desktop.start()
    desktop.welcome._show_import()
    with qtbot.waitSignal(desktop.welcome.closed):
        desktop.welcome.close()
    desktop.close()
    assert not scripted.settings.get(WELCOMED)


def test_opening_the_settings_learns_from_what_was_accepted_first(desktop, scripted, qtbot):
    scripted.settings.set(WELCOMED, True)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.window.session.is_open)
    suggestion = scripted.drafting.suggestion("continue", "", "Thanks")
    desktop.window.session.took(suggestion, 9, 15, "work")
    desktop.open_settings("learned")
    qtbot.waitUntil(lambda: len(scripted.learning.recorded) == 1)
    assert desktop.settings.stack.currentWidget().isAncestorOf(desktop.settings.learned)


# --------------------------------------------------------------------------------------------------------- the key


def test_a_new_vault_takes_a_passphrase_typed_twice_or_knowingly_a_file(qtbot, bridge):
    tried = []
    dialog = UnlockDialog(bridge, tried.append, first=True)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog._go.isEnabled()
    dialog._passphrase.setText("long enough")
    assert not dialog._go.isEnabled()
    dialog._again.setText("long enoguh")
    assert not dialog._go.isEnabled()
    assert dialog._trouble.text() == "The two are not the same."
    dialog._again.setText("long enough")
    assert dialog._go.isEnabled()
    dialog._by_file.setChecked(True)
    assert dialog._go.isEnabled()
    dialog._go.click()
    qtbot.waitUntil(lambda: tried == [KeyChoice("keyfile", None)])
    assert nameless(dialog) == []


def test_a_wrong_passphrase_is_told_and_asked_again(qtbot, bridge):
    def attempt(choice):
        if choice.passphrase != "right":
            raise WrongKey("The passphrase does not fit this vault. Try again.")
        return "app"

    dialog = UnlockDialog(bridge, attempt, first=False)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog._passphrase.setText("wrong")
    dialog._go.click()
    qtbot.waitUntil(lambda: dialog._trouble.isVisible())
    assert dialog._trouble.text() == "The passphrase does not fit this vault. Try again."
    assert dialog.isEnabled()
    dialog._passphrase.setText("right")
    assert dialog._go.isDefault()
    dialog._go.click()
    qtbot.waitUntil(lambda: dialog.result_value == "app")
    assert "right" not in repr(KeyChoice("passphrase", "right"))


# ------------------------------------------------------------------------------------------------- one, and unforeseen


def test_a_second_start_raises_the_first(qtbot, qapp, tmp_path):
    assert not program.raise_running(tmp_path)
    first = program.Instance(tmp_path / "vault.db", qapp)
    start_again = (
        "import sys, pathlib; from ownhand.ui.app import raise_running; "
        "sys.exit(0 if raise_running(pathlib.Path(sys.argv[1])) else 1)"
    )
    with qtbot.waitSignal(first.called):
        second = subprocess.Popen([sys.executable, "-c", start_again, str(tmp_path)])
    qtbot.waitUntil(lambda: second.poll() is not None)
    first.close()
    assert second.returncode == 0
    assert not program.raise_running(tmp_path / "other vault")


def test_what_the_services_have_to_say_at_the_start_stays_until_it_is_read(desktop, scripted, qtbot):
    scripted.settings.set(WELCOMED, True)
    scripted.troubles.append("larger.gguf is gone. The built-in model is used meanwhile.")
    desktop.start()
    qtbot.waitUntil(lambda: desktop.window.toast.text.startswith("larger.gguf is gone."))
    assert not desktop.window.toast._timer.isActive()


@pytest.mark.parametrize("when", ["at the page", "at the welcome"])
def test_what_they_have_to_say_a_while_after_the_start_is_shown_too(desktop, scripted, qtbot, when):
    said = "larger.gguf is gone. The built-in model is used meanwhile."
    scripted.settings.set(WELCOMED, when == "at the page")
    desktop.start()
    toast = desktop.window.toast
    qtbot.waitUntil(lambda: desktop.bridge.idle)
    assert toast.text == ""
    scripted.troubles.append(said)
    scripted.status.announce(StatusEvent("models", "failed", said))
    if when == "at the welcome":
        desktop.welcome._finish()
    qtbot.waitUntil(lambda: toast.isVisible() and toast.text == said)
    assert not toast._timer.isActive(), "until it is closed"


def test_an_unforeseen_error_saves_the_draft_and_says_so(desktop, scripted, qtbot, caplog):
    scripted.settings.set(WELCOMED, True)
    desktop.start()
    qtbot.waitUntil(lambda: desktop.window.session.is_open)
    desktop.window.edit.insertPlainText("precious ")
    with program.CrashGuard(desktop):
        try:
            raise RuntimeError("precious")
        except RuntimeError:
            sys.excepthook(*sys.exc_info())
    qtbot.waitUntil(lambda: desktop.window.toast.text == "Something went wrong inside Ownhand. Your text is saved.")
    assert "precious" in scripted.library.saved["d1"].text


# ------------------------------------------------------------------------------------------------------------- bridge


def test_an_answer_to_a_widget_that_is_gone_is_dropped(qtbot, bridge, quiet):
    from PySide6.QtCore import QObject

    class Gone(QObject):
        def take(self, value):
            raise AssertionError("called")

    gone, gate = Gone(), threading.Event()
    bridge.run(gate.wait, gone.take)
    del gone
    gate.set()
    quiet()


def test_an_error_nobody_takes_is_told_in_a_sentence(qtbot, bridge, caplog):
    def fail():
        raise BadInput("That file is empty.")

    with qtbot.waitSignal(bridge.failed) as told:
        bridge.run(fail)
    assert told.args[0] == "That file is empty."
    with qtbot.waitSignal(bridge.failed) as told:
        bridge.run(lambda: 1 // 0)
    assert told.args[0].startswith("Something went wrong inside Ownhand.")


def test_nothing_calls_back_after_the_end(qtbot):
    bridge = Bridge()
    gate, called = threading.Event(), []
    bridge.run(gate.wait, called.append)
    gate.set()
    bridge.close()
    qtbot.wait(20)
    assert called == []


def test_a_preview_shows_what_would_be_learned_and_leaves_out_what_is_unticked(importing, scripted, qtbot):
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == ME)
    flow._show.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == LOOK)
    assert flow._seen.text() == "1,171 pieces would be learned from"
    assert scripted.importing.imported == []
    assert nameless(importing) == []
    club = next(box for box in flow.panel.findChildren(QCheckBox) if "Club" in box.text())
    club.click()
    flow.panel.first_year.setCurrentIndex(flow.panel.first_year.findData(2024))
    flow.panel.pattern.setText("salary (net)")
    flow._again.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == LOOK and flow._seen.text().startswith("900"))
    unwanted = Exclusions(("/mail/Old/Club",), (), date(2024, 1, 1), None, (re.escape("salary (net)"),))
    assert scripted.importing.previewed == [NOTHING, unwanted]
    flow._learn_seen.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == DONE)
    assert scripted.importing.wanted == [unwanted]


def test_an_import_can_be_paused_and_goes_on(importing, scripted, qtbot):
    scripted.importing.step_s = 0.02
    flow = importing.flow
    flow._go.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == ME)
    flow._learn.click()
    flow._hold.click()
    assert flow._hold.text() == "Go on"
    qtbot.wait(600)
    assert flow.currentIndex() == BUSY
    flow._hold.click()
    qtbot.waitUntil(lambda: flow.currentIndex() == DONE)
    assert flow._result.text().startswith("Learned from 1,171")
