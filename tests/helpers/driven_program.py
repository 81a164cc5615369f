"""The whole program as it starts for a person, with somebody at its keyboard who is told what to do by lines on stdin.

Run as a script, it is the program.  `DrivenProgram` is the other end, in the test.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 120.0


class DrivenProgram:
    """`ownhand` in a process of its own, over the vault in `folder`; its stderr goes into `errors`."""

    def __init__(
        self, folder: Path, errors: Path, environment: dict[str, str] | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self.errors = errors
        self.environment = {**os.environ, **(environment or {}), "OWNHAND_DATA": str(folder)}
        with errors.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                encoding="utf-8",
                env=self.environment,
            )

    def ask(self, do: str, **more: object) -> dict[str, Any]:
        """Have something done; what can be seen afterwards."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the program ended ({self.process.wait(10)}): {self.complaints()}"
        seen = json.loads(line)
        assert isinstance(seen, dict)
        return seen

    def wait_for(self, what: str, **wanted: object) -> dict[str, Any]:
        """Look until all of this is to be seen."""
        end = time.monotonic() + PATIENCE_S
        while True:
            seen = self.ask("look")
            if all(seen.get(key) == value for key, value in wanted.items()):
                return seen
            assert time.monotonic() < end, f"not seen: {what}; {seen}"
            time.sleep(0.05)

    def wait_for_workers(self) -> list[int]:
        """Process ids of both workers, once they run."""
        end = time.monotonic() + PATIENCE_S
        while len(found := [child.pid for child in self.workers()]) < 2:
            assert time.monotonic() < end, "the workers did not start"
            time.sleep(0.1)
        return found

    def workers(self) -> list[psutil.Process]:
        """The worker processes it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def send(self, number: signal.Signals) -> int:
        """Send a signal; the exit status once it has ended."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def complaints(self) -> str:
        """What it wrote on stderr."""
        return self.errors.read_text("utf-8", "replace")

    def end(self) -> None:
        """Kill it if it still runs, and close the lines to it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def _program() -> int:
    from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer
    from PySide6.QtWidgets import QApplication, QLabel, QWidget

    from helpers.keys import write
    from ownhand.__main__ import main
    from ownhand.ui.app import application
    from ownhand.ui.unlock import UnlockDialog
    from ownhand.ui.welcome import Welcome
    from ownhand.ui.window import MainWindow

    class Driver(QObject):
        """Carries out one line at a time on the window's thread and answers with what can be seen."""

        def __init__(self, parent: QApplication) -> None:
            super().__init__(parent)
            self._saved: list[str] = []
            self._watched: MainWindow | None = None
            self._line = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
            self._line.activated.connect(self._do)

        def _do(self) -> None:
            line = sys.stdin.readline()
            if not line:
                self._line.setEnabled(False)
                return
            order = json.loads(line)
            window, welcome = self._shown(MainWindow), self._shown(Welcome)
            if order["do"] == "write" and isinstance(window, MainWindow):
                write(window.edit, order["text"])
            elif order["do"] == "look away" and isinstance(window, MainWindow):
                window.edit.clearFocus()  # so that no caret blinks
            elif order["do"] == "minimize" and window is not None:
                window.showMinimized()
            elif order["do"] == "lock" and isinstance(window, MainWindow):
                # after the answer: what is asked from then on is for the process that comes after this one
                QTimer.singleShot(50, window.find_command("Lock").do)
            elif order["do"] == "unlock":
                (dialog,) = [top for top in QApplication.topLevelWidgets() if isinstance(top, UnlockDialog)]
                if order["passphrase"]:
                    write(dialog._passphrase, order["passphrase"])
                dialog._go.click()
            elif order["do"] == "close" and (window or welcome) is not None:
                (window or welcome).close()  # type: ignore[union-attr]
            self._answer(with_modules=order["do"] == "list modules")

        def _answer(self, *, with_modules: bool) -> None:
            window = self._shown(MainWindow)
            seen: dict[str, object] = {"welcome": self._shown(Welcome) is not None, "window": window is not None}
            dialog = self._shown(UnlockDialog)
            seen["locked"] = dialog is not None and dialog.isEnabled()
            if isinstance(dialog, UnlockDialog):
                seen |= {"says": " ".join(found.text() for found in dialog.findChildren(QLabel) if found.isVisible())}
                seen |= {"asks": dialog._passphrase.isVisible()}
            if isinstance(window, MainWindow):
                if self._watched is None:
                    self._watched = window
                    window.session.saved.connect(lambda draft: self._saved.append(draft.text))
                seen |= {
                    "open": window.session.is_open,
                    "page": window.edit.text(),
                    "saved": self._saved[-1] if self._saved else None,
                    "minimized": bool(window.windowState() & Qt.WindowState.WindowMinimized),
                    "keyboard": window.edit.hasFocus(),
                    "completed": window.status.speed.isVisible(),
                }
            if with_modules:
                seen["modules"] = sorted({name.partition(".")[0] for name in sys.modules})
            print(json.dumps(seen), flush=True)

        @staticmethod
        def _shown(kind: type[QWidget]) -> QWidget | None:
            tops = QApplication.topLevelWidgets()
            return next((top for top in tops if isinstance(top, kind) and top.isVisible()), None)

    driver = Driver(application())
    status = main(sys.argv[1:])
    del driver
    return status


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.exit(_program())
