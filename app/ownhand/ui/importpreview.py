"""What an import would bring before anything is stored: counts to untick, and what is kept and cut of some messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget

from ownhand.services.preview import OTHERS, Preview, Sample
from ownhand.services.sieve import Exclusions
from ownhand.ui.places import short
from ownhand.ui.widgets import clear, column, counted, label, row, scrolling

ROWS = 40
"""Folders and recipients that are listed; the rest can be named on the command line."""


class PreviewPanel(QWidget):
    """Shows a preview; what is unticked becomes `exclusions`.

    Signals:
        changed: the person wants something else left out, so that the counts are no longer right.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._folders: list[QCheckBox] = []
        self._people: list[QCheckBox] = []
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self.first_year, self.last_year = QComboBox(), QComboBox()
        self.first_year.setAccessibleName(self.tr("From year"))
        self.last_year.setAccessibleName(self.tr("To year"))
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText(self.tr("Leave out what contains…"))
        self.pattern.setAccessibleName(self.tr("Leave out what contains"))
        for box in (self.first_year, self.last_year):
            box.activated.connect(self.changed)
        self.pattern.textEdited.connect(self.changed)
        self.setLayout(
            column(
                scrolling(inside),
                row(label(self.tr("Years")), self.first_year, label("–"), self.last_year, self.pattern, gap=8),
                gap=10,
                margins=(0, 0, 0, 0),
            )
        )

    def show_preview(self, found: Preview) -> None:
        """Fill it anew; what was unticked stays so."""
        before = self.exclusions()
        clear(self._box)
        self._folders = self._ticks(self.tr("Folders"), found.folders, before.folders, short_places=True)
        self._people = self._ticks(self.tr("Recipients"), found.recipients, before.people)
        languages = ", ".join(f"{name} {number:,}" for name, number in found.languages.items())
        if languages:
            self._box.addWidget(label(self.tr("Languages: {0}").format(languages), quiet=True, wrap=True))
        left = [(found.others, self.tr("written by others"))] if found.others else []
        left += sorted(((n, reason) for reason, n in found.skipped_counts.items()), reverse=True)
        if left:
            said = ", ".join(f"{number:,} {reason}" for number, reason in left)
            self._box.addWidget(label(self.tr("Left out: {0}").format(said), quiet=True, wrap=True))
        for sample in found.samples:
            self._box.addWidget(self._sample(sample))
        self._box.addStretch(1)
        self._list_years(found.years)

    def exclusions(self) -> Exclusions:
        """What is unticked, before or after the chosen years, or contains the words."""
        words = self.pattern.text().strip()
        first, last = self.first_year.currentData(), self.last_year.currentData()
        return Exclusions(
            tuple(str(box.property("value")) for box in self._folders if not box.isChecked()),
            tuple(str(box.property("value")) for box in self._people if not box.isChecked()),
            date(first, 1, 1) if first else None,
            date(last, 12, 31) if last else None,
            (re.escape(words),) if words else (),
        )

    def _ticks(
        self, title: str, counts: Mapping[str, int], unticked: tuple[str, ...], *, short_places: bool = False
    ) -> list[QCheckBox]:
        boxes: list[QCheckBox] = []
        named = [*((name, number) for name, number in counts.items() if name != OTHERS)][:ROWS]
        named += [(name, 0) for name in unticked if name not in counts]
        if named:
            self._box.addWidget(label(title, bold=True))
        for name, number in named:
            shown = short(Path(name)) if short_places else name
            box = QCheckBox(f"{shown}  ·  {number:,}" if number else shown)
            box.setProperty("value", name)
            box.setChecked(name not in unticked)
            box.toggled.connect(self.changed)
            boxes.append(box)
            self._box.addWidget(box)
        return boxes

    def _list_years(self, years: Mapping[str, int]) -> None:
        """Only the first time: afterwards the years that are left out would be missing from the choice."""
        if self.first_year.count():
            return
        for box in (self.first_year, self.last_year):
            box.addItem(self.tr("all"), None)
            for year, number in years.items():
                if year.isdecimal():
                    box.addItem(f"{year} ({number:,})", int(year))

    def _sample(self, sample: Sample) -> QWidget:
        kept, cut = label(sample.kept, wrap=True), label(sample.cut, quiet=True, wrap=True)
        font = cut.font()
        font.setStrikeOut(True)
        cut.setFont(font)
        cut.setAccessibleDescription(self.tr("Cut off"))
        card = QWidget()
        card.setLayout(column(label(sample.title or self.tr("No subject"), bold=True), kept, cut, gap=4))
        return card

    def heading(self, found: Preview) -> str:
        """How much would be stored, in a few words."""
        return self.tr("{0} would be learned from").format(
            counted(found.documents, self.tr("{0} piece"), self.tr("{0} pieces"))
        )
