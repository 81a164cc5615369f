"""Train on my writing: one button, then how far it is, then what it gained; and the way to be rid of it."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QProgressBar, QSizePolicy

from ownhand.domain.figures import remaining
from ownhand.domain.trained import verdict
from ownhand.services.training import TrainingState
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import App
from ownhand.ui.widgets import button, column, label, row

STEPS = 1000


class TrainingCard(QFrame):
    """The state of the training, as the service tells it from its own thread."""

    def __init__(self, app: App, bridge: Bridge) -> None:
        super().__init__()
        self.setObjectName("Card")
        self._training, self._bridge = app.training, bridge
        self._state = TrainingState()
        self.said = label(quiet=True, wrap=True)
        self.said.setAccessibleName(self.tr("State of the training"))
        self.trouble = label(wrap=True)
        self.trouble.setProperty("danger", True)
        self.trouble.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the training"))
        self.go = button(self.tr("Train on my writing"))
        self.go.clicked.connect(self._start)
        self.hold = button(self.tr("Pause"))
        self.hold.clicked.connect(self._hold)
        self.stop = button(self.tr("Stop"), flat=True, hint=self.tr("Give this training up"))
        self.stop.setAccessibleName(self.tr("Stop the training"))
        self.stop.clicked.connect(lambda: self._bridge.run_long(self._training.stop))
        self.remove = button(self.tr("Remove"), flat=True, danger=True, hint=self.tr("Delete what was trained"))
        self.remove.setAccessibleName(self.tr("Remove what was trained"))
        self.remove.clicked.connect(lambda: self._bridge.run_long(self._training.remove))
        self.setLayout(
            column(
                label(self.tr("Trained on your writing"), bold=True),
                self.said,
                self.bar,
                self.trouble,
                row(self.go, self.hold, self.stop, self.remove, None),
                margins=(14, 11, 12, 11),
                gap=6,
            )
        )
        # What is above may be empty: the card keeps its own height all the same.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._show(self._state)
        self._training.listen(bridge.poster(self._show))

    def _show(self, state: TrainingState) -> None:
        self._state = state
        trained = state.adapter is not None
        self.bar.setVisible(state.running)
        self.bar.setValue(round(STEPS * state.done))
        self.hold.setVisible(state.running)
        self.hold.setText(self.tr("Go on") if state.waits_for == "you" else self.tr("Pause"))
        self.hold.setAccessibleName(self.tr("{0} with the training").format(self.hold.text()))
        self.stop.setVisible(state.running)
        self.go.setVisible(not state.running)
        self.go.setText(self._wording(state))
        self.remove.setVisible(trained and not state.running)
        self.said.setText(self._sentence(state))
        self.trouble.setText(state.sentence)
        self.trouble.setVisible(bool(state.sentence))

    def _wording(self, state: TrainingState) -> str:
        if state.unfinished:
            return self.tr("Go on training")
        return self.tr("Train again") if state.adapter is not None else self.tr("Train on my writing")

    def _sentence(self, state: TrainingState) -> str:
        if state.running:
            waits = {
                "typing": self.tr("Waiting while you type."),
                "battery": self.tr("Waiting: the battery is low. It goes on once this computer is plugged in."),
                "you": self.tr("Paused."),
            }
            if state.waits_for in waits:
                return waits[state.waits_for]
            if not state.done:
                return self.tr("Reading your writing…")
            if state.done >= 1:
                return self.tr("Measuring what it gained…")
            left = self.tr("{0} left").format(remaining(state.seconds_left)) if state.seconds_left else ""
            return "  ·  ".join(part for part in (f"{100 * state.done:.0f} %", left) if part)
        if state.adapter is not None:
            return verdict(state.adapter, state.fits)
        return self.tr(
            "The model learns from your own messages, on this computer and only here. It takes some minutes, waits "
            "while you type, and tells how much it gained."
        )

    def _start(self) -> None:
        self.trouble.hide()
        self._bridge.run(self._training.start, None, self._refused)

    def _hold(self) -> None:
        on = self._state.waits_for != "you"
        self._bridge.run(lambda: self._training.hold(on))

    def _refused(self, failure: Exception) -> None:
        self.trouble.setText(sentence_of(failure))
        self.trouble.show()
