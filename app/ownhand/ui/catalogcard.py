"""A model that can be downloaded: what it is, what its licence asks, a button naming host and size, the progress."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QProgressBar

from ownhand.domain.catalog import HUB
from ownhand.domain.download import Progress
from ownhand.domain.figures import megabytes, remaining
from ownhand.services.downloading import Offered
from ownhand.ui.widgets import button, column, label, row

STEPS = 1000


class CatalogCard(QFrame):
    """One model of the catalog.

    Signals:
        wanted: download it, or go on with it; the button that was pressed names the host and the size.
        paused: stop for now; what has arrived stays.
        discarded: throw away what has arrived.
    """

    wanted = Signal(str)
    paused = Signal()
    discarded = Signal(str)

    def __init__(self, offered: Offered) -> None:
        super().__init__()
        self.setObjectName("Card")
        self.offered = offered
        offer = offered.offer
        facts = [
            self.tr("For {0}").format(" and ".join(f"{role}s" for role in offer.role)),
            megabytes(offer.bytes),
            self.tr("{0} GB of memory or more").format(round(offer.memory / (1 << 30))),
            offer.licence,
        ]
        name = label(offer.name, bold=True)
        best = label(self._recommendation())
        best.setProperty("good", True)
        best.setVisible(bool(offered.recommended))
        terms = label(offer.terms, wrap=True)
        terms.setProperty("warn", True)
        terms.setVisible(bool(offer.terms))
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Download of {0}").format(offer.name))
        self.state = label(quiet=True, wrap=True)
        self.state.setAccessibleName(self.tr("State of the download"))
        self.checksum = label(quiet=True, wrap=True, size=0.86)
        self.checksum.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.go = button(
            "",
            primary=bool(offered.recommended),
            hint=self.tr("Only the file's name is told to the host, and the host sees your address"),
        )
        self.go.clicked.connect(self._want)
        self.pause = button(self.tr("Pause"))
        self.pause.setAccessibleName(self.tr("Pause the download of {0}").format(offer.name))
        self.pause.clicked.connect(self.paused)
        self.cancel = button(self.tr("Cancel"), flat=True)
        self.cancel.setAccessibleName(self.tr("Cancel the download of {0}").format(offer.name))
        self.cancel.clicked.connect(self._discard)
        self.setLayout(
            column(
                row(name, best, None, gap=10),
                label(offer.why, wrap=True),
                label("  ·  ".join(facts), quiet=True, wrap=True),
                terms,
                self.bar,
                self.state,
                self.checksum,
                row(self.go, self.pause, self.cancel, None),
                margins=(14, 11, 12, 11),
                gap=5,
            )
        )
        self.rest()

    def rest(self, *, blocked: bool = False) -> None:
        """Show it while it is not being downloaded; `blocked` while another one is."""
        offered, offer = self.offered, self.offered.offer
        missing = offer.bytes - offered.arrived
        texts = {
            "absent": self.tr("Download {0} from {1}").format(megabytes(offer.bytes), HUB),
            "partial": self.tr("Go on: {0} more from {1}").format(megabytes(missing), HUB),
            "arrived": self.tr("Try it again"),
        }
        self.go.setText(texts.get(offered.state, ""))
        self.go.setAccessibleName(self.tr("{0}: {1}").format(offer.name, self.go.text()))
        self.go.setVisible(True)
        self.go.setEnabled(not blocked)
        self.pause.hide()
        self.cancel.setText(self.tr("Discard"))
        self.cancel.setVisible(offered.state in {"partial", "arrived"})
        self._show_bar(offered.arrived if offered.state == "partial" else 0)
        said = {
            "partial": self.tr("{0} of {1} are here.").format(megabytes(offered.arrived), megabytes(offer.bytes)),
            "arrived": self.tr("It is here complete, but could not be run yet."),
        }
        self._say(said.get(offered.state, ""))
        self._show_checksum(offer.sha256)

    def follow(self, progress: Progress) -> None:
        """Show how far it is."""
        self.go.hide()
        self.pause.setVisible(progress.phase != "trying")
        self.cancel.setText(self.tr("Cancel"))
        self.cancel.setVisible(progress.phase != "trying")
        self._show_bar(progress.done)
        self._say(self._words(progress))
        self._show_checksum(progress.sha256)

    def _words(self, progress: Progress) -> str:
        if progress.phase == "connecting":
            return self.tr("Connecting to {0}…").format(progress.host or HUB)
        if progress.phase == "checking":
            return self.tr("Checking what is here already…")
        if progress.phase == "waiting":
            return self.tr("There is no connection now. It is tried again in a moment…")
        if progress.phase == "trying":
            return self.tr("It is here and its checksum is right. Loading it once, to see that it works…")
        parts = [self.tr("{0} of {1}").format(megabytes(progress.done), megabytes(progress.total))]
        if progress.rate > 0:
            parts.append(self.tr("{0}/s").format(megabytes(progress.rate)))
        if (left := progress.seconds_left) is not None:
            parts.append(self.tr("{0} left").format(remaining(left)))
        return "  ·  ".join(parts)

    def _recommendation(self) -> str:
        roles = self.offered.recommended
        if roles == ("completion",):
            return self.tr("Recommended for completions on this computer")
        return self.tr("Recommended for this computer")

    def _show_bar(self, done: int) -> None:
        self.bar.setValue(STEPS * done // self.offered.offer.bytes)
        self.bar.setVisible(done > 0)

    def _show_checksum(self, sha256: str) -> None:
        # a space now and then, so that the line can break
        self.checksum.setText(self.tr("SHA-256 {0}").format(" ".join(sha256[n : n + 16] for n in range(0, 64, 16))))
        self.checksum.setVisible(bool(sha256))

    def _say(self, sentence: str) -> None:
        if self.state.text() != sentence:
            self.state.setText(sentence)
        self.state.setVisible(bool(sentence))

    def _want(self) -> None:
        self.wanted.emit(self.offered.offer.id)

    def _discard(self) -> None:
        self.discarded.emit(self.offered.offer.id)
