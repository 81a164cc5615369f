"""The foot of the window: which model writes, how fast, what it learned from, and that nothing leaves."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from ownhand.domain.completion import Completion
from ownhand.services.status import StatusEvent
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, counted, keep_painted, row

WORKERS = {"engine", "recall"}


class StatusLine(QWidget):
    """Quiet facts; each opens the page of the settings it belongs to.

    Signals:
        page_wanted: the name of a settings page.
    """

    page_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("StatusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = self._part("models", self.tr("Model"))
        self.speed = self._part("models", self.tr("Time of the last completion"))
        self.documents = self._part("history", self.tr("History"))
        self.preferences = self._part("learned", self.tr("Preferences learned"))
        self.offline = self._part("privacy", self.tr("Privacy"))
        self._show_connection("")
        keep_painted(theme, self.offline, lambda: self.offline.setIcon(theme.icon("shield", "good")))
        self.speed.hide()
        self._worker_states: dict[str, str] = {}
        self._model_name = ""
        self.setLayout(
            row(
                self.model,
                self.speed,
                None,
                self.documents,
                self.preferences,
                self.offline,
                margins=(8, 2, 8, 2),
                gap=2,
            )
        )

    def _part(self, page: str, name: str) -> QPushButton:
        part = button("", flat=True)
        part.setAccessibleDescription(name)
        part.clicked.connect(lambda: self.page_wanted.emit(page))
        part.setText("…")
        return part

    def show_model(self, name: str) -> None:
        """The model that completes."""
        self._model_name = name
        self._show_workers()

    def show_counts(self, documents: int, preferences: int) -> None:
        """What it learned from."""
        self.documents.setText(counted(documents, self.tr("{0} document"), self.tr("{0} documents")))
        learned = self.tr("learned {0} preference"), self.tr("learned {0} preferences")
        self.preferences.setText(counted(preferences, *learned))

    def show_completion(self, completion: Completion) -> None:
        """How long the model took (the memory answers at once); why nothing was shown is in the tip."""
        if completion.lane == "model":
            self.speed.setText(self.tr("{0} ms").format(round(completion.ms)))
            self.speed.show()
        self.speed.setToolTip(completion.reason or self.tr("from {0}").format(completion.lane or "-"))

    def show_event(self, event: StatusEvent) -> None:
        """A worker changed its state."""
        if event.source in WORKERS:
            self._worker_states[event.source] = event.state
            self._show_workers()
            if event.source == "engine":
                self.model.setToolTip(event.sentence)
        elif event.source == "download":
            self._show_connection(event.sentence if event.state == "connected" else "")

    def _show_connection(self, download: str) -> None:
        self.offline.setText(self.tr("Downloading a model") if download else self.tr("Offline"))
        self.offline.setToolTip(
            download or self.tr("Ownhand opens no connection. What you write stays on this computer.")
        )

    def _show_workers(self) -> None:
        states = set(self._worker_states.values())
        if states & {"failed", "model failed"}:
            self.model.setText(self.tr("{0} is not available").format(self._model_name or self.tr("The model")))
        elif "starting" in states:
            self.model.setText(self.tr("{0} is starting…").format(self._model_name or self.tr("The model")))
        else:
            self.model.setText(self._model_name)
