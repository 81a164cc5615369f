"""The vault locks by itself when nobody has touched the program for a while, and when the computer sleeps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from helpers.scripted_app import Shelf
from ownhand.errors import DiskFull
from ownhand.settings import LOCK_MINUTES, LOCK_ON_SLEEP, WELCOMED, Settings
from ownhand.ui.app import Desktop
from ownhand.ui.locking import Locking


class Clock:
    """Time that the test lets pass."""

    def __init__(self) -> None:
        self.running = self.wall = 1000.0
        self.busy = False

    def __call__(self) -> tuple[float, float]:
        return self.running, self.wall

    def wait(self, seconds: float) -> None:
        self.running += seconds
        self.wall += seconds

    def sleep(self, seconds: float) -> None:
        self.wall += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    made = Settings(Shelf())
    made.set(LOCK_MINUTES, 10)
    return made


@pytest.fixture
def locking(qapp: QApplication, clock: Clock, settings: Settings) -> Iterator[Locking]:
    made = Locking(settings, lambda: clock.busy, qapp, clock)
    made.locks = []  # type: ignore[attr-defined]
    made.wanted.connect(lambda: made.locks.append(clock.running))  # type: ignore[attr-defined]
    yield made
    made.stop()
    made.setParent(None)
    made.deleteLater()


def locks(locking: Locking) -> int:
    locking.look()
    return len(locking.locks)  # type: ignore[attr-defined]


def test_it_locks_after_the_chosen_minutes_without_a_key_or_the_mouse(qtbot, locking, clock):
    field = QLineEdit()
    qtbot.addWidget(field)
    clock.wait(9.9 * 60)
    assert locks(locking) == 0
    QTest.keyClick(field, Qt.Key.Key_A)
    clock.wait(9.9 * 60)
    assert locks(locking) == 0
    QTest.mouseMove(field)
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    clock.wait(9.9 * 60)
    assert locks(locking) == 0
    clock.wait(0.2 * 60)
    assert locks(locking) == 1


def test_an_import_under_way_is_not_cut_off_by_idleness(locking, clock):
    clock.busy = True
    clock.wait(3600)
    assert locks(locking) == 0
    clock.busy = False
    assert locks(locking) == 1


def test_zero_minutes_is_never(locking, clock, settings):
    settings.set(LOCK_MINUTES, 0)
    clock.wait(100 * 3600)
    assert locks(locking) == 0


def test_a_sleep_that_nobody_announced_is_seen_by_the_clocks(locking, clock, settings):
    clock.wait(5)
    assert locks(locking) == 0
    clock.sleep(3600)
    assert locks(locking) == 1
    settings.set(LOCK_ON_SLEEP, False)
    clock.sleep(3600)
    assert locks(locking) == 1


@pytest.fixture
def desktop(qtbot, qapp, scripted):
    scripted.settings.set(WELCOMED, True)
    made = Desktop(scripted, qapp)
    made.start()
    qtbot.waitUntil(lambda: made.window.session.is_open)
    yield made
    scripted.library.fail = None
    qtbot.waitUntil(lambda: made.bridge.idle)
    made.close()
    made.window.deleteLater()


def test_locking_saves_what_is_unsaved_and_ends_the_run(desktop, scripted, qtbot):
    desktop.window.edit.insertPlainText("unsaved ")
    with qtbot.waitSignal(desktop.window.closing):
        desktop.window.find_command("Lock").do()
    assert desktop.locked
    assert "unsaved " in scripted.library.saved[desktop.window.session.draft().id].text


def test_what_cannot_be_saved_keeps_the_window_open(desktop, scripted):
    desktop.window.edit.insertPlainText("unsaved ")
    scripted.library.fail = DiskFull("The disk is full.")
    desktop.lock()
    assert not desktop.locked
    assert desktop.window.isVisible()
    assert "Not locked. The disk is full." in desktop.window.toast.text


LOGIND = """
import sys, time, os
from jeepney import DBusAddress, MessageType, new_method_call, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
bus = open_dbus_connection("SESSION")
bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.login1"))
print("named", flush=True)
asked = bus.receive()
while asked.header.message_type != MessageType.method_call or asked.header.fields.get(3) != "Inhibit":
    asked = bus.receive()
print(",".join(asked.body), flush=True)
place = DBusAddress("/org/freedesktop/login1", interface="org.freedesktop.login1.Manager")
bus.send(new_method_return(asked, "s", ("no descriptor in this test",)))
bus.send(new_signal(place, "PrepareForSleep", "b", (True,)))
sys.stdin.readline()
"""
WINDOW = """
import subprocess, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from helpers.scripted_app import Shelf
logind = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
assert logind.stdout.readline() == "named\\n"
from ownhand.settings import Settings
from ownhand.ui.locking import Locking
qt = QApplication([])
locking = Locking(Settings(Shelf()), lambda: False, qt)
locking.wanted.connect(lambda: (print("lock", flush=True), qt.quit()))
QTimer.singleShot(20_000, qt.quit)
qt.exec()
logind.stdin.close()
print(logind.stdout.readline().strip())
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("dbus-run-session"), reason="needs a D-Bus of its own")
def test_logind_is_asked_to_wait_and_its_word_of_sleep_locks(tmp_path: Path) -> None:
    pytest.importorskip("jeepney", reason="the keyring library brings it on Linux")
    script = 'export DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS; exec "$@"'
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", sys.executable, "-c", WINDOW, LOGIND],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split("\n")[:2] == ["lock", "sleep,Ownhand,Locks the vault,delay"], done.stderr[-2000:]
