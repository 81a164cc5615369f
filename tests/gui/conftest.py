"""A window over a scripted application, shown offscreen; workers are joined before the widgets go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from helpers.scripted_app import ScriptedApp
from ownhand.ui.bridge import Bridge
from ownhand.ui.theme import Theme
from ownhand.ui.window import MainWindow

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
OFFSCREEN = r"This plugin does not support (propagateSizeHints\(\)|raise\(\)|grabbing the keyboard)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the offscreen platform says of itself is no fault of a widget."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.qt_log_ignore(OFFSCREEN, extend=True))


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    made = Theme(qapp, RESOURCES)
    made.follow("light")
    return made


@pytest.fixture
def bridge(qtbot) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


@pytest.fixture
def scripted() -> ScriptedApp:
    return ScriptedApp()


@pytest.fixture
def quiet(qtbot, bridge: Bridge) -> Callable[[], None]:
    """Wait until nothing runs behind the window."""

    def wait() -> None:
        qtbot.waitUntil(lambda: bridge.idle, timeout=5000)

    return wait


@pytest.fixture
def window(qtbot, scripted: ScriptedApp, theme: Theme, bridge: Bridge, quiet) -> MainWindow:
    """The main window with the latest draft ('Budget review') on the page and the caret at its end."""
    made = MainWindow(scripted, theme, bridge)

    def join(_: object) -> None:
        made.suggesting.discard()
        quiet()

    qtbot.addWidget(made, before_close_func=join)
    made.show()
    made.start()
    qtbot.waitUntil(lambda: made.session.is_open)
    quiet()
    made.activateWindow()
    made.edit.setFocus()
    qtbot.waitUntil(made.edit.hasFocus)
    return made
