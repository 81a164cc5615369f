"""Makes the pictures of the README from the real widgets over an invented person's writing: `make screenshots`.

Run it under a display server, best a virtual one:

    xvfb-run -a -s "-screen 0 1600x1000x24" python tests/screens/make_screenshots.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer  # noqa: E402
from PySide6.QtWidgets import QWidget  # noqa: E402

from helpers.scripted_app import RAMBLING, ScriptedApp  # noqa: E402
from ownhand.settings import THEME, WELCOMED  # noqa: E402
from ownhand.ui.app import Desktop, application  # noqa: E402
from ownhand.ui.comparison import Verdict  # noqa: E402
from ownhand.ui.importflow import ME, ImportDialog  # noqa: E402
from ownhand.ui.review import State  # noqa: E402

LIMIT_MS = 10_000


def settle(ms: int = 250) -> None:
    """Let the window paint."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def until(done: Callable[[], bool], what: str) -> None:
    """Wait for something to be on the screen.  Raises TimeoutError."""
    clock = QElapsedTimer()
    clock.start()
    while not done():
        if clock.elapsed() > LIMIT_MS:
            raise TimeoutError(what)
        settle(20)
    settle()


def take(appearance: str, folder: Path) -> list[Path]:
    """All pictures of one appearance."""
    taken: list[Path] = []

    def keep(widget: QWidget, name: str) -> None:
        settle()
        path = folder / f"{name}-{appearance}.png"
        if not widget.grab().save(str(path)):
            raise OSError(f"{path} could not be written")
        taken.append(path)

    scripted = ScriptedApp()
    scripted.settings.set(THEME, appearance)
    scripted.settings.set(WELCOMED, True)
    desktop = Desktop(scripted, application())
    window = desktop.window
    window.resize(1240, 780)
    desktop.start()
    until(lambda: window.session.is_open and desktop.bridge.idle, "the window")
    window.activateWindow()
    window.edit.setFocus()
    until(window.edit.hasFocus, "the focus")
    window.edit.paused_at.emit()
    until(lambda: window.edit.ghost is not None, "ghost text")
    keep(window, "ghost-text")

    window.edit.set_text(RAMBLING, len(RAMBLING))
    window.suggesting.ask("shorten")
    until(lambda: window.review.state is State.READY, "the suggestion")
    window.review.view.judge(Verdict.ACCEPTED)
    window.review.view.judge(Verdict.REJECTED)
    keep(window, "suggestion")
    window.tabs.setCurrentWidget(window.why)
    keep(window, "why")
    window.tabs.setCurrentWidget(window.style_panel)
    keep(window, "style")

    for page in ("learned", "models", "privacy"):
        desktop.open_settings(page)
        until(lambda: desktop.bridge.idle, page)
        assert desktop.settings is not None
        keep(desktop.settings, f"settings-{page}")
    desktop.settings.hide()

    desktop.open_import()
    dialog = window.findChild(ImportDialog)
    assert isinstance(dialog, ImportDialog)
    dialog.flow.add_paths([Path("/home/robin/Mail/Sent")])
    dialog.flow._survey()
    until(lambda: dialog.flow.currentIndex() == ME, "the import")
    keep(dialog, "import")
    dialog.close()
    desktop.close()
    return taken


def main() -> int:
    """Write the pictures; exit code 1 where one could not be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "resources" / "screenshots")
    into = parser.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    for appearance in ("light", "dark"):
        for path in take(appearance, into):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
