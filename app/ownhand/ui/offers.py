"""The models that can be downloaded, one card each, and the one download that may be under way."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ownhand.services.downloading import Offered
from ownhand.ui.bridge import Bridge
from ownhand.ui.catalogcard import CatalogCard
from ownhand.ui.contract import Downloads
from ownhand.ui.widgets import clear, timer

POLL_MS = 250
"""How often the progress of a download is looked at."""


class Offers(QWidget):
    """Cards, whose buttons work; whoever holds them shows what is on offer when something changed.

    Signals:
        begun: a download was asked for.
        changed: a download ended, whoever started it, or what had arrived of one was thrown away.
        failed: the exception for the person to read.
    """

    begun = Signal()
    changed = Signal()
    failed = Signal(object)

    def __init__(self, downloads: Downloads, bridge: Bridge) -> None:
        super().__init__()
        self._downloads, self._bridge = downloads, bridge
        self.cards: dict[str, CatalogCard] = {}
        """By the model's id."""
        self._running = ""
        """The model whose download is shown as under way."""
        self._discard_after = ""
        """The model whose download is being stopped in order to throw it away."""
        self._asked = False
        """Whether a download was asked for and has not been seen yet."""
        self.poll = timer(self, "download-progress", POLL_MS, once=False)
        self.poll.timeout.connect(self._look)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)

    def show_offers(self, offers: Iterable[Offered]) -> None:
        """Show these, each in its own state, and a download that is under way."""
        clear(self._box)
        self.cards = {}
        for offered in offers:
            card = CatalogCard(offered)
            card.wanted.connect(self.download)
            card.paused.connect(self.pause)
            card.discarded.connect(self._discard)
            self.cards[offered.offer.id] = card
            self._box.addWidget(card)
        self._running = ""
        self._look()

    def download(self, model: str) -> None:
        """Fetch a model, or go on with it; the button that was pressed has named host and size."""
        self.begun.emit()
        for card in self.cards.values():
            card.go.setEnabled(False)
        downloads = self._downloads
        self._asked = True
        self._bridge.run_long(lambda: downloads.run(model), self._ended, self._refused)
        self.poll.start()

    def pause(self) -> None:
        """Stop the download for now."""
        self._downloads.stop()

    def _discard(self, model: str) -> None:
        downloads = self._downloads
        if self._running == model:
            self._discard_after = model
            downloads.stop()
        else:
            self._bridge.run(lambda: downloads.discard(model), self._ended, self._refused)

    def _look(self) -> None:
        """Show the download that is under way, whoever started it; look again only while there is one."""
        progress = self._downloads.progress()
        self._asked = self._asked and progress is None
        if progress is None and not self._asked:
            self.poll.stop()
        elif not self.poll.isActive():
            self.poll.start()
        model = progress.model if progress is not None else ""
        if model != self._running:
            ended, self._running = self._running, model
            if self._discard_after and self._discard_after == ended:
                self._discard_after = ""
                self._discard(ended)
            elif ended:
                self.changed.emit()
            for name, card in self.cards.items():
                if name != ended:  # that one is made anew, with what has arrived
                    card.rest(blocked=bool(model) and name != model)
        if progress is not None and model in self.cards:
            self.cards[model].follow(progress)

    def _ended(self, _: object) -> None:
        self._asked = False
        self.changed.emit()

    def _refused(self, failure: Exception) -> None:
        self._asked = False
        self.failed.emit(failure)
        self.changed.emit()
