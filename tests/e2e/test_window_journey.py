"""The window as a person goes through it, over the real vault, the real engine and the real memory.

One person, Robin, has one window for all tests of this file; each test begins a draft of its own, so that their order
does not matter.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QTextEdit

from helpers.driven_program import DrivenProgram
from helpers.person import CONTROL, OFFSCREEN, SHIFT, Person, child_workers, press, wait_for
from ownhand.compose import App, Options, build, open_vault
from ownhand.domain import tally
from ownhand.domain.completion import Completion
from ownhand.settings import WELCOMED, Settings
from ownhand.ui.learnedpage import EvidenceDialog
from ownhand.ui.review import State
from ownhand.ui.session import AUTOSAVE_MS
from ownhand.ui.snippeting import SnippetDialog

pytestmark = [pytest.mark.qt_log_ignore(OFFSCREEN, extend=True), pytest.mark.timeout(300)]

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"
ME = "robin.vale@example.org"
DANA = "Dana Li <dana.li@brightwater.example>"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    made = build(Options(tmp_path_factory.mktemp("journey") / "data", key="keyfile"))
    made.start()
    return made


@pytest.fixture(scope="module")
def robin(app: App, qapp: QApplication) -> Iterator[Person]:
    """Robin, with the first run done, her history in every memory and the sample on the page."""
    person = Person(app, qapp)
    try:
        with pytest.MonkeyPatch.context() as dialogs:
            person.first_run(MAILBOX, lambda name, answer: dialogs.setattr(QFileDialog, name, staticmethod(answer)))
        person.wait_until_known()
        yield person
    finally:
        person.leave()


# ---------------------------------------------------------------------------------------------------------- first run


def test_the_first_run_learns_from_robins_own_mail_and_ends_on_the_page(robin: Person) -> None:
    assert robin.addresses == [ME]
    told = re.match(r"Learned from (\d+) pieces of your writing", robin.import_result)
    assert told is not None
    count = int(told[1])
    assert count >= 20
    assert re.search(r"\d+ were written by others and left out", robin.import_details)
    assert len(robin.app.library.documents()) == count
    assert robin.app.settings.get(WELCOMED)
    assert robin.desktop.welcome is None
    assert robin.window.isVisible()
    wait_for("the count in the status line", lambda: robin.window.status.documents.text() == f"{count} documents")
    assert [draft.subject for draft in robin.app.library.drafts()][-1] == "Trying out Ownhand"


# ----------------------------------------------------------------------------------------------------------- ghost text

BEGINNING = "Hi Dana,\n\nThe kiln is fine now. Let me know"


def test_ghost_text_is_no_part_of_the_draft_until_tab_takes_it_in_one_undo_step(robin: Person) -> None:
    robin.new_email(DANA, "The kiln")
    robin.write(BEGINNING)
    ghost = wait_for("ghost text", lambda: robin.ghost)
    assert ghost.startswith(" what you"), "Robin goes on so in one mail out of four"
    assert robin.page == BEGINNING

    robin.wait_until_saved()
    stored = robin.app.library.draft(robin.window.session.draft().id)
    assert stored is not None
    assert stored.text == BEGINNING
    assert robin.ghost, "saving leaves the ghost where it is"

    ghost = robin.ghost
    robin.key(Qt.Key.Key_Tab)
    assert robin.page == BEGINNING + ghost
    assert robin.window.edit.caret == len(BEGINNING + ghost)
    robin.key(Qt.Key.Key_Z, CONTROL)
    assert robin.page == BEGINNING


def test_the_greeting_for_a_known_recipient_is_offered_from_the_first_letter(robin: Person) -> None:
    lou = "Lou Mercer <lou.mercer@example.net>"
    robin.new_email(lou, "Sunday")
    robin.write("H")
    assert wait_for("the greeting", lambda: robin.ghost) == "ey Lou,"
    robin.key(Qt.Key.Key_Escape)
    assert robin.ghost == ""
    assert robin.page == "H"


def test_an_abbreviation_becomes_its_long_form_with_tab_and_comes_back_with_undo(robin: Person) -> None:
    robin.new_email(DANA, "The gate")
    robin.write("Hi Dana,\n\nThe gate is open. Lmk")
    assert wait_for("the long form", lambda: robin.ghost) == "Let me know"
    assert robin.page.endswith(" Lmk")
    robin.key(Qt.Key.Key_Tab)
    assert robin.page == "Hi Dana,\n\nThe gate is open. Let me know"
    robin.key(Qt.Key.Key_Z, CONTROL)
    assert robin.page == "Hi Dana,\n\nThe gate is open. Lmk"


def test_a_snippet_made_from_the_selection_is_put_in_by_its_name_and_walked_through(robin: Person) -> None:
    robin.new_email(DANA, "An offer")
    robin.write("Hi {name}, the bowls are {price} each.")
    robin.window.edit.selectAll()
    robin.window.find_command("New snippet…").do()
    dialog = wait_for("the dialog", lambda: robin.window.findChild(SnippetDialog))
    dialog.name.setText("bwl")
    press(dialog, "Save")
    wait_for("the snippet", lambda: [one.name for one in robin.window.snippeting.known] == ["bwl"])

    robin.new_email(DANA, "The same again")
    robin.write("bwl")
    assert wait_for("the snippet as ghost text", lambda: robin.ghost) == "Hi Dana, the bowls are {price} each."
    robin.key(Qt.Key.Key_Tab)
    robin.write("12")
    robin.key(Qt.Key.Key_Tab)
    assert robin.page == "Hi Dana, the bowls are 12 each."
    assert robin.window.edit.caret == len(robin.page)


def test_an_own_action_is_carried_out_and_how_it_went_is_counted(robin: Person) -> None:
    robin.new_email(DANA, "Plain words")
    robin.write("Hi Dana,\n\nit isn't far! I'm there at 10!\n\nCheers,\nRobin")
    robin.app.own_actions.save("Plain", "No exclamation marks. Write out contractions.")
    robin.window.acting.reload()
    before = tally.total(robin.app.tallying.progress().days)
    press(robin.review, "Plain")
    wait_for("the suggestion", lambda: robin.review.state is State.READY)
    robin.accept()
    assert robin.page == "Hi Dana,\n\nit is not far. I am there at 10.\n\nCheers,\nRobin"
    learned: list[bool] = []
    robin.window.session.settle(lambda: learned.append(True))
    wait_for("what became of it", lambda: learned)
    robin.desktop.open_settings("progress")
    settings = robin.desktop.settings
    assert settings is not None
    wait_for("the counts", lambda: "suggestions" in settings.progress._summary.text())
    after = tally.total(robin.app.tallying.progress().days)
    assert (after.accepted, after.edited) == (before.accepted + 1, before.edited)
    settings.close()
    robin.come_to_the_page()


# ----------------------------------------------------------------------------------------------------------- suggestion


def test_a_draft_from_notes_is_a_diff_of_which_a_part_can_be_taken_and_undone_at_once(robin: Person) -> None:
    notes = "the gallery wants 12 bowls by Friday\nsend the invoice to Berg Clay"
    robin.new_email(DANA, "Bowls")
    robin.write(notes)
    robin.ask_for_a_draft()
    comparison = robin.review.view.comparison()
    assert comparison is not None
    hunks = [comparison.hunks[index] for index in comparison.changes]
    assert len(hunks) >= 3, "greeting, the notes and the sign-off are changes of their own"
    assert hunks[0].new.startswith("Hi Dana,")
    assert hunks[-1].new.endswith("Robin")
    assert {"12", "Friday", "Berg", "Clay"} <= set(re.findall(r"\w+", comparison.result()))
    shown = robin.review.view.toPlainText()
    assert all(hunk.old.strip("\n") in shown and hunk.new.strip("\n") in shown for hunk in hunks)
    assert robin.page == notes, "nothing changes before it is taken"

    robin.review.view.setFocus()
    QTest.keyClick(robin.review.view, Qt.Key.Key_F7)
    QTest.keyClick(robin.review.view, Qt.Key.Key_R)
    wait_for("the number of changes on the button", lambda: _accept_text(robin) == f"{len(hunks) - 1} of {len(hunks)}")
    rejected = comparison.changes[1]
    expected = "".join(h.old if i == rejected else h.new for i, h in enumerate(comparison.hunks))
    robin.accept()
    assert robin.page == expected
    assert robin.page not in (notes, comparison.result())
    robin.key(Qt.Key.Key_Z, CONTROL)
    assert robin.page == notes
    robin.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert robin.page == expected
    robin.key(Qt.Key.Key_Z, CONTROL)


def test_to_go_on_from_a_text_adds_to_it_and_repeats_nothing_of_it(robin: Person) -> None:
    begun = "Hi Dana,\n\nI talked to Lou about the glaze. Please let me know if you"
    robin.new_email(DANA, "Glaze")
    robin.write(begun)
    press(robin.review, "Continue")
    wait_for("what comes next", lambda: robin.review.state is State.READY)
    robin.accept()
    assert robin.page.startswith(begun)
    assert len(robin.page) > len(begun)
    assert robin.page.count("I talked to Lou") == 1
    robin.key(Qt.Key.Key_Z, CONTROL)
    assert robin.page == begun


def test_where_nobody_else_can_know_how_a_text_goes_on_it_says_so(robin: Person) -> None:
    begun = "Hi Dana,\n\nI am writing to complain about"
    robin.new_email(DANA, "Complaint")
    robin.write(begun)
    press(robin.review, "Continue")
    wait_for("a sentence", lambda: "does not know how this goes on" in robin.window.toast.text)
    assert robin.review.state is State.IDLE
    assert robin.page == begun
    wait_for("the text to have the focus", robin.window.edit.hasFocus)


def _accept_text(robin: Person) -> str:
    return robin.review._take.text().removeprefix("Accept ")


# ------------------------------------------------------------------------------------------------------------- learning


def test_a_correction_made_twice_is_a_rule_with_its_evidence_and_not_needed_a_third_time(robin: Person) -> None:
    for subject, notes in (
        ("Prices", "prices go up 5 percent in March\nthe new list is on the wall"),
        ("Friday", "the van comes on Friday at 9\nplease leave the door open"),
    ):
        robin.new_email(DANA, subject)
        robin.write(notes)
        robin.ask_for_a_draft()
        robin.accept()
        assert robin.page.endswith("\n\nCheers,\nRobin")
        robin.key(Qt.Key.Key_End, CONTROL)
        robin.key(Qt.Key.Key_Up)
        robin.key(Qt.Key.Key_Home)
        robin.key(Qt.Key.Key_End, SHIFT)
        robin.write("Best wishes,")
        assert robin.page.endswith("\n\nBest wishes,\nRobin")

    QTest.mouseClick(robin.window.status.preferences, Qt.MouseButton.LeftButton)
    settings = wait_for("the settings", lambda: robin.desktop.settings)
    table = settings.learned.table

    def shown() -> list[str]:
        return [str(table.data(table.index(0, column))) for column in range(table.columnCount())]

    wait_for("one rule that rests on two edits", lambda: table.rowCount() == 1 and shown()[3] == "2")
    assert settings.learned.view.isVisible()
    assert "Best wishes" in shown()[0]
    assert shown()[1] == "Everyone"
    press(settings.learned, "Show the edits…")
    edits = wait_for("the edits", lambda: settings.findChild(EvidenceDialog))
    texts = [edit.toPlainText() for edit in edits.findChildren(QTextEdit)]
    assert sum("Cheers," in text for text in texts) >= 2, "what was suggested"
    assert sum("Best wishes," in text for text in texts) >= 2, "what was kept"
    press(edits, "Close")
    settings.close()
    wait_for("the status line", lambda: robin.window.status.preferences.text() == "learned 1 preference")

    robin.new_email(DANA, "The opening")
    robin.write("the blue glaze came out well\nthe opening is on 3 May")
    robin.ask_for_a_draft()
    robin.accept()
    assert robin.page.endswith("\n\nBest wishes,\nRobin")
    assert "Cheers" not in robin.page


# --------------------------------------------------------------------------------------------------------------- faults


def test_the_window_goes_on_while_the_engine_is_killed_and_completions_come_back(robin: Person) -> None:
    status, edit = robin.window.status, robin.window.edit
    answers: list[Completion] = []
    labels: list[str] = []

    def from_the_model() -> bool:
        labels.append(status.model.text())
        return any(answer.lane == "model" for answer in answers)

    robin.window.ghosting.answered.connect(answers.append)
    robin.new_email(DANA, "Figures")
    robin.write("Hi Dana,\n\nThanks so")
    wait_for("a completion of the model", from_the_model)
    (first,) = child_workers("engine")
    os.kill(first, signal.SIGKILL)
    wait_for("its death", lambda: first not in child_workers("engine"))

    answers.clear()
    labels.clear()
    robin.write(" much for the figures.\n\nThanks so")
    assert robin.page == "Hi Dana,\n\nThanks so much for the figures.\n\nThanks so", "no key is lost"
    assert edit.hasFocus()
    wait_for("a completion of the new model", from_the_model)
    assert any("starting" in label for label in labels), "the status line says so"
    assert robin.window.toast.text == "The engine stopped and was started again; nothing of yours was lost."
    assert wait_for("a new engine", lambda: child_workers("engine")) != [first]
    wait_for("a status line as before", lambda: status.model.text() == "ownhand-100m")
    robin.write(" m")
    wait_for("ghost text", lambda: robin.ghost)
    assert robin.page.endswith("Thanks so m")
    robin.window.ghosting.answered.disconnect(answers.append)


# ----------------------------------------------------------------------------------------------- the program as a whole

WORDS = "Every word of this stands: naïve café, 12 bowls – and a heron."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A vault whose key is in a file and whose owner has seen the welcome."""
    place = tmp_path / "data"
    vault = open_vault(Options(place, key="keyfile"))
    Settings(vault).set(WELCOMED, True)
    vault.close()
    return place


@pytest.fixture
def program(folder: Path, tmp_path: Path) -> Iterator[DrivenProgram]:
    started = DrivenProgram(folder, tmp_path / "stderr")
    yield started
    started.end()


def test_after_a_kill_the_draft_is_back_word_for_word(program: DrivenProgram, folder: Path, tmp_path: Path) -> None:
    program.wait_for("an empty page", window=True, open=True, page="", keyboard=True)
    program.ask("write", text=WORDS)
    program.wait_for("the autosave", page=WORDS, saved=WORDS)
    assert AUTOSAVE_MS < 2000
    assert program.send(signal.SIGKILL) == -signal.SIGKILL

    again = DrivenProgram(folder, tmp_path / "stderr")
    try:
        assert again.wait_for("the draft", window=True, open=True)["page"] == WORDS
    finally:
        again.end()


def test_a_second_start_raises_the_first_and_ends_well(program: DrivenProgram) -> None:
    program.wait_for("the page", window=True, open=True)
    program.ask("minimize")
    program.wait_for("a minimised window", minimized=True)
    second = subprocess.Popen([sys.executable, "-m", "ownhand"], env=program.environment)
    program.wait_for("the window raised", minimized=False, window=True)
    assert second.wait(60) == 0
    assert program.process.poll() is None


def test_a_polite_end_saves_what_was_typed_a_moment_before(program: DrivenProgram, folder: Path) -> None:
    program.wait_for("an empty page", window=True, open=True, keyboard=True)
    program.ask("write", text=WORDS)
    assert program.send(signal.SIGTERM) == 0
    assert "Traceback" not in program.complaints()
    vault = open_vault(Options(folder))
    assert [draft.text for draft in vault.drafts()] == [WORDS]
    vault.close()


@pytest.mark.parametrize("way", ["SIGTERM", "closed"])
def test_leaving_at_the_welcome_is_a_clean_end(way: str, tmp_path: Path) -> None:
    open_vault(Options(tmp_path / "data", key="keyfile")).close()
    program = DrivenProgram(tmp_path / "data", tmp_path / "stderr")
    try:
        program.wait_for("the welcome", welcome=True)
        if way == "closed":
            program.ask("close")
            assert program.process.wait(60) == 0
        else:
            assert program.send(signal.SIGTERM) == 0
        assert "Traceback" not in program.complaints()
    finally:
        program.end()
