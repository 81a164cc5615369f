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

LOOK_S = 60.0
"""Between two looks at the clocks where the system does not announce its sleep; the first key after it looks, too."""
SLEPT_S = 20.0
"""A gap between the clocks that only a sleep explains."""
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
    _altered = Signal(str)
    """The key of a setting that changed, from whatever thread stored it."""

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
        self._altered.connect(self._changed)
        settings.listen(self._altered.emit)
        self._look = timer(self, "locking", 0)
        self._look.timeout.connect(self.look)
        self._wait()
        parent.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in TOUCHES:
            self._touched = self._clocks()[0]
            self._has_slept()
        return False

    def stop(self) -> None:
        """Look no more."""
        self._look.stop()
        self._sleep.hold(False)
        QCoreApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]

    def look(self) -> None:
        """Whether it is time."""
        if not self._has_slept():
            minutes = self._settings.get(LOCK_MINUTES)
            if minutes and self._clocks()[0] - self._touched >= 60 * minutes and not self._busy():
                log.info("locking: idle")
                self.wanted.emit()
        self._wait()

    def _has_slept(self) -> bool:
        """Whether the clocks have drifted apart since they were last looked at; locks then."""
        running, wall = self._clocks()
        slept = (wall - self._seen[1]) - (running - self._seen[0])
        self._seen = running, wall
        if slept <= SLEPT_S or not self._settings.get(LOCK_ON_SLEEP):
            return False
        log.info("locking: the computer was asleep")
        self.wanted.emit()
        return True

    def _wait(self) -> None:
        """Wake up when there may be something to do, and not before: an idle program uses no processor."""
        waits = [LOOK_S] if self._settings.get(LOCK_ON_SLEEP) and not self._sleep.announced else []
        minutes = self._settings.get(LOCK_MINUTES)
        if minutes:
            left = self._touched + 60 * minutes - self._clocks()[0]
            waits.append(left if left > 0 else LOOK_S)  # what is under way is asked about again
        if waits:
            self._look.start(int(1000 * min(waits)) + 1)
        else:
            self._look.stop()

    def _sleeping(self) -> None:
        if self._settings.get(LOCK_ON_SLEEP):
            log.info("locking: the computer goes to sleep")
            self.wanted.emit()

    def _changed(self, key: str) -> None:
        if key == LOCK_ON_SLEEP.key:
            self._sleep.hold(self._settings.get(LOCK_ON_SLEEP))
        if key in (LOCK_ON_SLEEP.key, LOCK_MINUTES.key):
            self._wait()


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

    @property
    def announced(self) -> bool:
        """Whether the system says so before it sleeps."""
        return self._bus is not None

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
