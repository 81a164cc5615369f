"""The same few notes as a letter by the model alone and by the model at full strength, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from ownhand.domain.suggestion import Failed, Finished, Streaming, SuggestionEvent, SuggestionRequest
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import Drafting, Job
from ownhand.ui.widgets import column, label, row, timer

CALM_MS: Final = 400
"""After the last change, before the samples are written anew."""
NOTES: Final = (
    "thanks for the numbers\n"
    "I would like to meet on Thursday at 10 to talk about the report\n"
    "please send the plan, the budget and the dates"
)
TO: Final = "Dana Li <dana.li@example.org>"


@dataclass(slots=True)
class _End:
    """One end of the slider, and what is being written for it."""

    strength: float
    text: QLabel
    job: Job | None = None


class StrengthPreview(QFrame):
    """Two samples, written by the real thing whenever `refresh` says that something changed; only while it is seen."""

    def __init__(self, drafting: Drafting, bridge: Bridge) -> None:
        super().__init__()
        self.setObjectName("Card")
        self._drafting = drafting
        self._audience = ""
        self._round = 0
        self._deliver = bridge.poster(self._arrived)
        self._calm = timer(self, "strength-preview", CALM_MS)
        self._calm.timeout.connect(self._write)
        self._ends = [
            _End(0.0, self._sample(self.tr("The same letter at 0 %"))),
            _End(1.0, self._sample(self.tr("The same letter at 100 %"))),
        ]
        halves = row(
            self._half(self.tr("0 %: the model alone"), self._ends[0].text),
            self._half(self.tr("100 %: like you"), self._ends[1].text),
            margins=(14, 10, 14, 12),
            gap=18,
        )
        for place in range(len(self._ends)):
            halves.setStretch(place, 1)
        self.setLayout(halves)

    @staticmethod
    def _sample(name: str) -> QLabel:
        text = label(wrap=True, size=0.92)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setAlignment(Qt.AlignmentFlag.AlignTop)
        text.setAccessibleName(name)
        return text

    @staticmethod
    def _half(title: str, text: QLabel) -> QVBoxLayout:
        return column(label(title, quiet=True, size=0.92), text, None, gap=4)

    @property
    def texts(self) -> tuple[str, str]:
        """What stands at both ends now."""
        return self._ends[0].text.text(), self._ends[1].text.text()

    def refresh(self, audience: str) -> None:
        """Write the samples anew, in a moment, as to this audience."""
        self._audience = audience
        if self.isVisible():
            self._calm.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._calm.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._calm.stop()
        self._stop()

    def _stop(self) -> None:
        self._round += 1
        for end in self._ends:
            if end.job is not None:
                end.job.cancel()
                end.job = None

    def _write(self) -> None:
        self._stop()
        for place, end in enumerate(self._ends):
            request = SuggestionRequest(
                "draft",
                instruction=NOTES,
                subject=self.tr("Report"),
                recipients=(TO,),
                audience=self._audience,
                strength=end.strength,
            )
            end.job = self._drafting.start(request, self._teller(self._round, place))

    def _teller(self, turn: int, place: int) -> Callable[[SuggestionEvent], None]:
        def tell(event: SuggestionEvent) -> None:
            self._deliver((turn, place, event))

        return tell

    def _arrived(self, answer: tuple[int, int, SuggestionEvent]) -> None:
        turn, place, event = answer
        if turn != self._round:
            return
        end = self._ends[place]
        if isinstance(event, Streaming):
            end.text.setText(event.text)
        elif isinstance(event, Finished):
            end.text.setText(event.suggestions[0].text)
            end.job = None
        elif isinstance(event, Failed):
            end.text.setText(event.sentence)
            end.job = None
