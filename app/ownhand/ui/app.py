"""The desktop program: one QApplication, one window, and what happens before, between and after.

`raise_running` and `unlock` come before the services exist; `run` takes them and returns the exit code.
"""

from __future__ import annotations

import hashlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from ownhand import paths
from ownhand.errors import UserError
from ownhand.settings import THEME, WELCOMED
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App
from ownhand.ui.importflow import ImportDialog
from ownhand.ui.locking import Locking
from ownhand.ui.settings import SettingsDialog
from ownhand.ui.theme import Theme
from ownhand.ui.unlock import KeyChoice, UnlockDialog
from ownhand.ui.welcome import SAMPLE_SUBJECT, SAMPLE_TEXT, Welcome
from ownhand.ui.window import MainWindow

log = logging.getLogger(__name__)

T = TypeVar("T")
ANSWER_MS = 700
"""How long a running Ownhand may take to answer before it counts as gone."""
RAISE, RAISED, LOCK = b"raise\n", b"raised\n", b"lock\n"
LOCKED = -1
"""What `run` returns instead of an exit code where the vault is to be locked."""


def application(argv: Sequence[str] = ()) -> QApplication:
    """The one QApplication, made at the first call."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    made = QApplication([sys.argv[0], *argv])
    made.setApplicationName("ownhand")
    made.setApplicationDisplayName("Ownhand")
    made.setDesktopFileName("ownhand")
    emblem = emblem_file()
    if emblem.exists():
        made.setWindowIcon(QIcon(str(emblem)))
    return made


def emblem_file() -> Path:
    """The program's own symbol."""
    return paths.resources_dir() / "icons" / "ownhand.svg"


# ---------------------------------------------------------------------------------------------------- one instance


def _server_name(vault: Path) -> str:
    folder = vault.parent if vault.suffix == ".db" else vault
    return "ownhand-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def raise_running(vault: Path) -> bool:
    """Bring the window of an Ownhand that has this vault (its folder or file) open to the front; False if none.

    Needs no services and no display.
    """
    return _tell_running(vault, RAISE)


def lock_running(vault: Path) -> bool:
    """Lock the Ownhand that has this vault open in a window; False if none."""
    return _tell_running(vault, LOCK)


def _tell_running(vault: Path, what: bytes) -> bool:
    line = QLocalSocket()
    line.connectToServer(_server_name(vault))
    if not line.waitForConnected(ANSWER_MS):
        return False
    line.write(what)
    line.flush()
    return line.waitForReadyRead(ANSWER_MS) and bytes(line.readAll().data()) == RAISED


class Instance(QObject):
    """Listens for a second start, and for `ownhand lock`.

    Signals:
        called: somebody started Ownhand again.
        lock_wanted: somebody asked for the vault to be locked.
    """

    called = Signal()
    lock_wanted = Signal()

    def __init__(self, vault: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        name = _server_name(vault)
        if not self._server.listen(name):
            # Left behind by one that was killed; the vault's own lock keeps us single.
            QLocalServer.removeServer(name)
            self._server.listen(name)
        self._server.newConnection.connect(self._answer)

    def _answer(self) -> None:
        line = self._server.nextPendingConnection()
        if line is not None:
            line.readyRead.connect(lambda: self._asked(bytes(line.readAll().data())))
            line.disconnected.connect(line.deleteLater)
            line.write(RAISED)
            line.flush()

    def _asked(self, what: bytes) -> None:
        (self.lock_wanted if what == LOCK else self.called).emit()

    def close(self) -> None:
        """Answer no more."""
        self._server.close()


# --------------------------------------------------------------------------------------------------- before the vault


def unlock(
    attempt: Callable[[KeyChoice], T],
    *,
    first: bool,
    reason: str = "",
    locked: Path | None = None,
    passphrase: bool = True,
) -> T | None:
    """Ask for the key until `attempt` succeeds; what it returned, or None if the person gave up.

    `first` offers the choice between a passphrase and a key file, else the passphrase is asked for, or, without
    `passphrase`, only whether to open.  `attempt` runs in a thread of its own; what it raises is shown in the dialog.
    `locked` is the folder of a vault that was open before: a second start brings this dialog to the front.
    """
    app = application()
    theme = Theme(app, paths.resources_dir())
    theme.follow("system")
    bridge = Bridge()
    dialog: UnlockDialog[T] = UnlockDialog(bridge, attempt, first=first, reason=reason, passphrase=passphrase)
    instance = Instance(locked, dialog) if locked is not None else None
    if instance is not None:
        instance.called.connect(dialog.to_front)
        log.info("window: locked")
    dialog.exec()
    value = dialog.result_value
    if instance is not None:
        instance.close()
    bridge.close()
    theme.setParent(None)
    return value


def tell(sentence: str) -> None:
    """One sentence in a window of its own, for what goes wrong before there is one."""
    application()
    QMessageBox(QMessageBox.Icon.Warning, "Ownhand", sentence).exec()


# ---------------------------------------------------------------------------------------------------------- the program


class Desktop(QObject):
    """Holds the windows of one run together."""

    def __init__(self, app: App, qt: QApplication) -> None:
        super().__init__(qt)
        self._app, self._qt = app, qt
        self.theme = Theme(qt, paths.resources_dir())
        self.theme.follow(app.settings.get(THEME))
        self.bridge = Bridge(self)
        self.window = MainWindow(app, self.theme, self.bridge)
        self.welcome: Welcome | None = None
        self.settings: SettingsDialog | None = None
        self._erased = False
        self.locked = False
        """The vault is to be locked: the run ends, and a fresh process asks for the key."""
        self.locking = Locking(app.settings, lambda: not self.bridge.idle, qt)
        self.locking.wanted.connect(self.lock)
        self.window.lock_wanted.connect(self.lock)
        self.window.settings_wanted.connect(self.open_settings)
        self.window.import_wanted.connect(self.open_import)
        self.window.groups.measured.connect(self._groups_measured)
        self.window.closing.connect(self._qt.quit)

    def start(self) -> None:
        """The welcome at the first run, else the window."""
        if self._app.settings.get(WELCOMED):
            self._show_window()
            self.window.start()
            return
        self.welcome = Welcome(self._app, self.theme, self.bridge, emblem_file())
        self.welcome.finished.connect(self._welcomed)
        self.welcome.closed.connect(self._qt.quit)
        self.welcome.show()

    def _show_window(self) -> None:
        self.window.show()
        self.window.activateWindow()
        self.window.edit.setFocus()
        if self._app.troubles:
            self.window.toast.say(" ".join(self._app.troubles), stay=True)

    def _welcomed(self) -> None:
        settings, library = self._app.settings, self._app.library

        def begin() -> None:
            settings.set(WELCOMED, True)
            if not library.drafts():
                library.save(replace(library.new(subject=SAMPLE_SUBJECT), text=SAMPLE_TEXT, caret=len(SAMPLE_TEXT)))

        self.bridge.run(begin, self._begun)

    def _begun(self, _: object) -> None:
        self._show_window()
        self.window.refresh()
        self.window.start()
        if self.welcome is not None:
            self.welcome.close()
            self.welcome.deleteLater()
            self.welcome = None

    def open_settings(self, page: str) -> None:
        """The settings at a page; what was accepted before is learned from first, so that it shows."""
        if self.settings is None:
            self.settings = SettingsDialog(self._app, self.theme, self.bridge, self.window)
            self.settings.import_wanted.connect(self.open_import)
            self.settings.forgetting.connect(self.window.drop_draft_to)
            self.settings.changed.connect(self.window.refresh)
            self.settings.changed.connect(self.window.fetch_model_name)
            self.settings.erased.connect(self._leave_erased)
        self.settings.show_page(page)
        self.settings.show()
        self.settings.raise_()
        self.settings.activateWindow()
        self.window.session.settle(self.settings.reload)

    def open_import(self) -> None:
        """The import, over whichever window is in front."""
        parent: QWidget = self.settings if self.settings is not None and self.settings.isVisible() else self.window
        dialog = ImportDialog(self.theme, self._app.importing, self.bridge, parent)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.imported.connect(self._imported)
        dialog.open()

    def _imported(self) -> None:
        self.window.refresh()
        if self.settings is not None:
            self.settings.reload()

    def _groups_measured(self) -> None:
        if self.settings is not None:
            self.settings.reload()

    def _leave_erased(self) -> None:
        self._erased = True
        self._qt.quit()

    def lock(self) -> None:
        """Save, learn from what was taken, and end this run, unless something could not be saved."""
        if self.locked or self._erased or self.welcome is not None:
            return
        try:
            self.save_now()
        except UserError as error:
            self.window.say(self.tr("Not locked. {0}").format(error))
            return
        self.locked = True
        self.window.close()

    def to_front(self) -> None:
        """A second start wants to see the window."""
        front: QWidget = self.welcome if self.welcome is not None else self.window
        front.setWindowState(front.windowState() & ~Qt.WindowState.WindowMinimized)
        front.show()
        front.raise_()
        front.activateWindow()

    def save_now(self) -> None:
        """Save what is unsaved, waiting for it; used at the end and after a crash."""
        if not self._erased:
            self.window.session.save_now()

    def close(self) -> None:
        """The end: nothing calls back after this."""
        self.locking.stop()
        self.save_now()
        self.bridge.close()
        for top in (self.settings, self.welcome, self.window):
            if top is not None:
                top.close()


class CrashGuard:
    """After an error nobody foresaw: drafts first, then one sentence; the window stays."""

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._before = sys.excepthook, threading.excepthook
        self._tell = desktop.bridge.poster(desktop.window.say)

    def __enter__(self) -> None:
        sys.excepthook = self._crashed
        threading.excepthook = self._thread_crashed

    def __exit__(self, *_: object) -> None:
        sys.excepthook, threading.excepthook = self._before

    def _crashed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._desktop.window.close()
            return
        log.critical("an error nobody foresaw", exc_info=(kind, error, trace))
        try:
            self._desktop.save_now()
        except Exception:
            log.exception("the draft could not be saved after the error")
            self._tell("Something went wrong, and the draft could not be saved. Copy your text before you go on.")
            return
        sentence = (
            str(error) if isinstance(error, UserError) else "Something went wrong inside Ownhand. Your text is saved."
        )
        self._tell(sentence)

    def _thread_crashed(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            log.critical("an error in a thread", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
            self._tell("Something went wrong inside Ownhand. Your text is safe.")


class Signals:
    """Lets SIGINT and SIGTERM end the program as closing the window does."""

    def __init__(self, leave: Callable[[], object]) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._leave = leave
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._arrived)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, _noted) for number in (signal.SIGINT, signal.SIGTERM)}

    def _arrived(self) -> None:
        self._read.recv(64)
        self._leave()

    def close(self) -> None:
        """Back to what was before."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()


def _noted(_number: int, _frame: object) -> None:
    """The wakeup socket carries it to the event loop."""


def run(app: App, argv: Sequence[str] = ()) -> int:
    """Show the window until it is closed or locked; then close the services.  Returns the exit code, or LOCKED."""
    qt = application(argv)
    qt.setQuitOnLastWindowClosed(False)
    desktop = Desktop(app, qt)
    instance = Instance(app.privacy.state().path, desktop)
    instance.called.connect(desktop.to_front)
    instance.lock_wanted.connect(desktop.lock)
    signals = Signals(desktop.window.close) if threading.current_thread() is threading.main_thread() else None
    try:
        with CrashGuard(desktop):
            desktop.start()
            # Queued behind what the window still has to draw, so that from here on a key is taken at once.
            QTimer.singleShot(0, lambda: log.info("window: ready"))
            code = qt.exec()
            return LOCKED if desktop.locked else code
    finally:
        instance.close()
        if signals is not None:
            signals.close()
        desktop.close()
        app.close()
