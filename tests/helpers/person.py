"""A person at the real window: sees what is shown, presses keys and buttons, and waits until something is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QWidget

from helpers.keys import write
from ownhand.compose import App
from ownhand.domain.completion import Completion
from ownhand.ui.app import Desktop
from ownhand.ui.review import ReviewPanel, State
from ownhand.ui.window import MainWindow

OFFSCREEN = r"This plugin does not support (propagateSizeHints\(\)|raise\(\)|grabbing the keyboard)"
"""What Qt's offscreen platform says of itself; no fault of a window."""

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PATIENCE_S = 120.0
"""How long a slow machine may take for anything at all."""

T = TypeVar("T")


def wait_for(what: str, condition: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """Let the window live until `condition` holds; what it returned.  Fails with `what` was waited for."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not seen within {seconds:.0f} s: {what}"
        QTest.qWait(10)
    return value


def press(widget: QWidget, text: str) -> None:
    """Click the button with this text that can be seen in `widget`."""
    wait_for(f"a button “{text}”", lambda: _button(widget, text) is not None)
    found = _button(widget, text)
    assert found is not None
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def _button(widget: QWidget, text: str) -> QAbstractButton | None:
    for found in widget.findChildren(QAbstractButton):
        if text in (found.text(), found.toolTip()) and found.isVisible() and found.isEnabled():
            return found
    return None


def child_workers(role: str) -> list[int]:
    """Process ids of the workers of this role that this process started and that live."""
    found = []
    for child in psutil.Process().children():
        try:
            if child.cmdline()[-2:] == ["--worker", role] and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child.pid)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


class Person:
    """One person at one window over the real services."""

    def __init__(self, app: App, qt: QApplication) -> None:
        self.app = app
        self.desktop = Desktop(app, qt)
        self.import_result = self.import_details = ""
        self.addresses: list[str] = []

    # -- what is on the screen

    @property
    def window(self) -> MainWindow:
        return self.desktop.window

    @property
    def page(self) -> str:
        """The document, exactly as it would be saved."""
        return self.window.edit.text()

    @property
    def ghost(self) -> str:
        """The grey text after the caret; '' where there is none."""
        session = self.window.edit.ghost
        return session.text if session is not None else ""

    @property
    def review(self) -> ReviewPanel:
        return self.window.review

    # -- what the person does

    def first_run(self, mailbox: Path, choose_file: Callable[[str, object], None]) -> None:
        """Through the welcome: choose the mailbox, confirm the address, look at the style, to the page."""
        self.desktop.start()
        welcome = self.desktop.welcome
        assert welcome is not None
        assert not self.window.isVisible()
        wait_for("the welcome", welcome.isVisible)
        press(welcome, "Begin")
        choose_file("getOpenFileNames", lambda *_, **__: ([str(mailbox)], ""))
        press(welcome, "Choose files…")
        press(welcome, "Look at them")
        wait_for("the question who I am", lambda: _button(welcome, "Learn from these") is not None)
        for box in welcome.flow.findChildren(QCheckBox):
            if box.isVisible() and box.isChecked():
                self.addresses.append(str(box.property("address")))
        press(welcome, "Learn from these")
        wait_for("the result of the import", lambda: _button(welcome, "Go on") is not None)
        self.import_result, self.import_details = welcome.flow._result.text(), welcome.flow._details.text()
        press(welcome, "Go on")
        press(welcome, "Go on")
        wait_for(
            "a model on offer, or the page", lambda: self.window.isVisible() or bool(_button(welcome, "Start writing"))
        )
        if not self.window.isVisible():
            press(welcome, "Start writing")
        wait_for("the page", lambda: self.window.isVisible() and self.window.session.is_open)
        self.come_to_the_page()

    def wait_until_known(self) -> None:
        """Until the history is in every memory and in the index; what is typed before that is completed without it."""
        working = self.app.personal._thread
        assert working is not None
        wait_for("the history to be known", lambda: not working.is_alive())

    def come_to_the_page(self) -> None:
        self.window.activateWindow()
        self.window.edit.setFocus()
        wait_for("the keyboard on the page", self.window.edit.hasFocus)

    def new_email(self, recipient: str, subject: str) -> None:
        """Ctrl+N, a recipient, a subject, then to the page by keys."""
        before = self.window.session.draft().id
        self.come_to_the_page()
        QTest.keyClick(self.window.edit, Qt.Key.Key_N, CONTROL)
        wait_for("a fresh draft", lambda: self.window.session.is_open and self.window.session.draft().id != before)
        field = self.window.header.recipients.focusProxy()
        assert field is not None
        wait_for("the keyboard in the recipients", field.hasFocus)
        write(field, recipient + ",")
        wait_for("the recipient", lambda: self.window.header.recipients.recipients() == (recipient,))
        self.window.header.subject.setFocus()
        write(self.window.header.subject, subject)
        self.come_to_the_page()

    def write(self, text: str) -> None:
        write(self.window.edit, text)

    def write_until_the_model_answers(self, words: Iterator[str], also: Callable[[], bool] = lambda: True) -> str:
        """Type on, word by word, until the model itself completes again and `also` holds; what was typed.

        A word that the memory completes, or nothing does, is followed by the next one.
        """
        answers: list[Completion] = []
        self.window.ghosting.answered.connect(answers.append)
        typed, end = "", time.monotonic() + PATIENCE_S
        while not (also() and any(answer.lane == "model" for answer in answers)):
            assert time.monotonic() < end, f"not served within {PATIENCE_S:.0f} s; {self.app.completing.reasons}"
            answers.clear()
            word = next(words)
            self.write(word)
            typed += word
            patience = time.monotonic() + 1
            while time.monotonic() < patience and not any(one.lane == "model" or one.reason for one in answers):
                QTest.qWait(10)
        self.window.ghosting.answered.disconnect(answers.append)
        return typed

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.window.edit, key, modifiers)

    def ask_for_a_draft(self) -> None:
        """Press Draft and wait until the suggestion is there."""
        press(self.review, "Draft")
        wait_for("the suggestion", lambda: self.review.state is State.READY)

    def accept(self) -> None:
        """Take what was not rejected, with the keyboard."""
        self.review.view.setFocus()
        QTest.keyClick(self.review.view, Qt.Key.Key_Return, CONTROL)
        wait_for("the suggestion to be taken", lambda: self.review.state is State.IDLE)

    def wait_until_saved(self) -> None:
        """Until what is on the page lies in the vault."""
        draft_id = self.window.session.draft().id

        def saved() -> bool:
            stored = self.app.library.draft(draft_id)
            return stored is not None and stored.text == self.page

        wait_for("the draft in the vault", saved)

    def leave(self) -> None:
        """Close everything as the program does at its end."""
        wait_for("quiet behind the window", lambda: self.desktop.bridge.idle)
        self.desktop.close()
        self.app.close()
        for top in (self.desktop.settings, self.desktop.window):
            if top is not None:
                top.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
