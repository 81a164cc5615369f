"""The Why tab: the messages, rules and words that shaped the suggestion in view."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from ownhand.domain.corpus import Hit
from ownhand.domain.personalize import Part
from ownhand.domain.preference import Origin, Preference, is_measured
from ownhand.domain.suggestion import Suggestion
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import Learning
from ownhand.ui.shelf import ago
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, clear, column, label, row, scrolling

SNIPPET = 260
PART_WIDTH = 18
"""Characters of a layer's name before it wraps."""


class WhyPanel(QWidget):
    """What is behind a suggestion.

    Signals:
        document_wanted: show the document of this id.
        overruled: a preference was switched off here.
    """

    document_wanted = Signal(str)
    overruled = Signal()

    def __init__(self, theme: Theme, learning: Learning, bridge: Bridge) -> None:
        super().__init__()
        self.setObjectName("Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._learning, self._bridge = theme, learning, bridge
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(16, 14, 16, 14)
        self._box.setSpacing(8)
        self.setLayout(column(scrolling(inside)))
        self.show_suggestion(None)

    def show_suggestion(self, suggestion: Suggestion | None) -> None:
        """Explain this one."""
        clear(self._box)
        if suggestion is None:
            self._box.addWidget(
                label(
                    self.tr("Ask for a suggestion, and this page shows what it was made from."), quiet=True, wrap=True
                )
            )
            self._box.addStretch(1)
            return
        why = suggestion.why
        self._heading(self.tr("What took part"))
        for part in why.parts:
            self._part(part)
        if why.passages:
            self._heading(self.tr("Your messages it looked at"))
        for hit in why.passages:
            self._box.addWidget(self._passage(hit))
        titles = {False: self.tr("Preferences it followed"), True: self.tr("Your style, as measured")}
        for measured, title in titles.items():
            found = [item for item in why.preferences if is_measured(item) is measured]
            if found:
                self._heading(title)
            for preference in found:
                self._box.addWidget(self._preference(preference))
        if why.rules:
            self._heading(self.tr("Said in the prompt"))
            for rule in why.rules:
                self._box.addWidget(label("–  " + rule, wrap=True))
        self._heading(self.tr("The exact prompt"))
        prompt = QPlainTextEdit(why.prompt)
        prompt.setReadOnly(True)
        prompt.setTabChangesFocus(True)
        prompt.setAccessibleName(self.tr("Exact prompt"))
        prompt.setMinimumHeight(170)
        self._box.addWidget(prompt)
        if why.timings:
            self._heading(self.tr("Time"))
            self._quiet("   ".join(f"{phase} {ms:,.0f} ms" for phase, ms in why.timings.items()))
        self._box.addStretch(1)

    def _heading(self, text: str) -> None:
        title = label(text, bold=True)
        title.setContentsMargins(0, 8, 0, 0)
        self._box.addWidget(title)

    def _part(self, part: Part) -> None:
        name, said = (label(text, wrap=True, quiet=not part.took_part) for text in (part.label, part.said))
        name.setFixedWidth(PART_WIDTH * self.fontMetrics().averageCharWidth())
        line = row(name, said, gap=8, stretch=1)
        for one in (name, said):
            line.setAlignment(one, Qt.AlignmentFlag.AlignTop)
        self._box.addLayout(line)

    def _quiet(self, text: str) -> None:
        self._box.addWidget(label(text, quiet=True, wrap=True))

    def _passage(self, hit: Hit) -> QFrame:
        passage = hit.passage
        near = (
            self.tr("{0} % alike").format(round(100 * hit.similarity))
            if hit.similarity is not None
            else self.tr("same words")
        )
        words = " ".join(passage.text.split())
        title = passage.title or words[:50]
        card = QFrame()
        card.setObjectName("Card")
        shown = button(title if len(title) < 42 else title[:41] + "…", flat=True, hint=self.tr("Show this document"))
        shown.clicked.connect(self._opener(passage.document_id))
        snippet = label(words[:SNIPPET] + ("…" if len(words) > SNIPPET else ""), quiet=True, wrap=True, size=0.95)
        snippet.setContentsMargins(8, 0, 8, 0)
        foot = label("  ·  ".join(part for part in (near, ago(passage.written_at)) if part), quiet=True, size=0.9)
        foot.setContentsMargins(8, 0, 8, 0)
        card.setLayout(column(row(shown, None), snippet, foot, margins=(4, 4, 6, 9), gap=3))
        return card

    def _opener(self, document_id: str) -> Callable[[], None]:
        def open_it() -> None:
            self.document_wanted.emit(document_id)

        return open_it

    def _preference(self, preference: Preference) -> QFrame:
        learning = self._learning
        card = QFrame()
        card.setObjectName("Card")
        statement = label(learning.statement(preference), wrap=True)
        sure = label(self._basis(preference), quiet=True)
        off = button(self.tr("Not like this"), flat=True, hint=self.tr("Switch this preference off"))

        def switched(_: object) -> None:
            off.setText(self.tr("Switched off"))
            self.overruled.emit()

        def switch_off() -> None:
            off.setEnabled(False)
            self._bridge.run(lambda: learning.set_enabled(preference, False), switched)

        off.clicked.connect(switch_off)
        card.setLayout(column(statement, row(sure, None, off), margins=(12, 8, 8, 6), gap=2))
        return card

    def _basis(self, preference: Preference) -> str:
        """What it rests on, in a few words."""
        if is_measured(preference):
            times, places = round(preference.agreeing), round(preference.agreeing + preference.conflicting)
            return self.tr("{0} of {1} times").format(f"{times:,}", f"{places:,}")
        if preference.origin is Origin.STATED:
            return self.tr("you said so")
        return self.tr("{0} % sure").format(round(100 * self._learning.confidence(preference)))
