"""When the vault is to be locked by itself: nobody has touched the program for a while, or the computer goes to sleep.

What locking is stands in `desktop`: this process gives way to a fresh one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from PySide6.QtCore import SLOT, QCoreApplication, QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import QApplication

from ownhand.settings import LOCK_MINUTES, LOCK_ON_SLEEP
from ownhand.ui.contract import Settings
from ownhand.ui.widgets import timer

log = logging.getLogger(__name__)

LOOK_MS = 5_000
SLEPT_S = 20.0
"""A gap between two looks, beyond what was asked for, that only a sleep explains."""
TOUCHES = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.InputMethod,
    }
)
LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


class Locking(QObject):
    """Tells when to lock.

    Signals:
        wanted: lock now.
    """

    wanted = Signal()

    def __init__(
        self,
        settings: Settings,
        busy: Callable[[], bool],
        parent: QApplication,
        clocks: Callable[[], tuple[float, float]] | None = None,
    ) -> None:
        """`busy`: whether something is under way that idleness must not cut off, such as an import.  `clocks`: seconds
        of a clock that stands still while the computer sleeps, and of one that does not.
        """
        super().__init__(parent)
        self._settings, self._busy = settings, busy
        self._clocks = clocks or _clocks
        self._touched, self._awake = self._clocks()
        self._seen = self._touched, self._awake
        self._sleep = Sleep(self)
        self._sleep.coming.connect(self._sleeping)
        self._sleep.hold(settings.get(LOCK_ON_SLEEP))
        settings.listen(self._changed)
        self._look = timer(self, "locking", LOOK_MS, once=False)
        self._look.timeout.connect(self.look)
        self._look.start()
        parent.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in TOUCHES:
            self._touched = self._clocks()[0]
        return False

    def stop(self) -> None:
        """Look no more."""
        self._look.stop()
        self._sleep.hold(False)
        QCoreApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]

    def look(self) -> None:
        """Whether it is time."""
        running, wall = self._clocks()
        slept = (wall - self._seen[1]) - (running - self._seen[0])
        self._seen = running, wall
        if slept > SLEPT_S and self._settings.get(LOCK_ON_SLEEP):
            log.info("locking: the computer was asleep")
            self.wanted.emit()
            return
        minutes = self._settings.get(LOCK_MINUTES)
        if minutes and running - self._touched >= 60 * minutes and not self._busy():
            log.info("locking: idle")
            self.wanted.emit()

    def _sleeping(self) -> None:
        if self._settings.get(LOCK_ON_SLEEP):
            log.info("locking: the computer goes to sleep")
            self.wanted.emit()

    def _changed(self, key: str) -> None:
        if key == LOCK_ON_SLEEP.key:
            self._sleep.hold(self._settings.get(LOCK_ON_SLEEP))


class Sleep(QObject):
    """What systemd's logind says of sleep, where there is one; elsewhere nothing, and the clocks tell afterwards.

    While it `hold`s, sleep waits until this process ends or replaces itself, which closes the descriptor that logind
    gave (at most five seconds, by logind's own limit).

    Signals:
        coming: the computer goes to sleep.
    """

    coming = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._held: object = None
        self._asked: object = None
        self._bus: object = None
        try:
            from PySide6.QtDBus import QDBusConnection
        except ImportError:  # Qt is built without it
            return
        bus = QDBusConnection.systemBus()
        # PySide's stub asks for bytes, which it then refuses
        listens = bus.isConnected() and bus.connect(*LOGIND, "PrepareForSleep", self, SLOT("_prepare(bool)"))  # type: ignore[call-overload]
        if listens:
            self._bus = bus

    def hold(self, on: bool) -> None:
        """Ask logind to wait for us before it sleeps, or no longer."""
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        self._held = None
        if not on or not isinstance(self._bus, QDBusConnection):
            return
        call = QDBusMessage.createMethodCall(*LOGIND, "Inhibit")
        call.setArguments(["sleep", "Ownhand", "Locks the vault", "delay"])
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(call), self)
        watcher.finished.connect(self._holds)
        self._asked = watcher

    def _holds(self, watcher: object) -> None:
        from PySide6.QtDBus import QDBusPendingCallWatcher

        if isinstance(watcher, QDBusPendingCallWatcher) and not watcher.isError():
            self._held = watcher.reply().arguments()[0]  # owns the descriptor; it is closed with the process image

    @Slot(bool)
    def _prepare(self, begins: bool) -> None:
        if begins:
            self.coming.emit()


def _clocks() -> tuple[float, float]:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic(), time.time()
