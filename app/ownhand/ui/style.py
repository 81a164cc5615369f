"""The Style tab: the measured habits of an audience at a glance, each of which can be overruled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from ownhand.domain.draft import EVERYONE, Audience
from ownhand.settings import STRENGTH
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App, Trait
from ownhand.ui.strengthpreview import StrengthPreview
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, clear, column, counted, hairline, label, row, scrolling, timer

AS_I_WRITE = ""
MEASURE_MS = 400
"""After an import the history is measured behind the window; how often to look whether it is done."""


def worded(option: str) -> str:
    """A value as the person reads it: the first line of a sign-off, 'Short, 15' for 'short:15'."""
    words = " / ".join(line for line in option.splitlines() if line.strip()).replace(":", ", ", 1)
    return {"us": "American", "uk": "British"}.get(words, words[:1].upper() + words[1:])


class StylePanel(QWidget):
    """One row per trait: what was measured, and a choice that overrules it.

    Signals:
        changed: a trait was overruled, or left to the measured habit again.
        group_wanted: a new group is asked for.
        edit_wanted: a group is to be changed; carries its id.
    """

    changed = Signal()
    group_wanted = Signal()
    edit_wanted = Signal(str)

    def __init__(
        self, theme: Theme, app: App, bridge: Bridge, *, with_strength: bool = True, with_groups: bool = False
    ) -> None:
        super().__init__()
        self.setObjectName("Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._app, self._bridge = theme, app, bridge
        self._audience = EVERYONE
        self.audiences = QComboBox()
        self.audiences.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.audiences.setAccessibleName(self.tr("Audience whose style is shown"))
        self.audiences.activated.connect(self._audience_chosen)
        self._measuring = timer(self, "measuring", MEASURE_MS, once=False)
        self._measuring.timeout.connect(self.reload)
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        side = 0 if with_groups else 16  # a page of the settings has margins of its own
        self._box.setContentsMargins(side, 8, side, 14)
        self._box.setSpacing(8)
        head = column(
            row(
                label(self.tr("How you write to"), quiet=True), self.audiences, None, *self._group_buttons(with_groups)
            ),
            margins=(side, 0 if with_groups else 14, side, 0),
        )
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setPageStep(10)
        self.strength.setAccessibleName(STRENGTH.label)
        self.strength.setAccessibleDescription(STRENGTH.help)
        self.strength.setToolTip(STRENGTH.help)
        self.strength.setValue(app.settings.get(STRENGTH))
        self._share = label(f"{self.strength.value()} %", quiet=True)
        self.strength.valueChanged.connect(self._strength_moved)
        self.strength.sliderReleased.connect(self._strength_set)
        foot = QWidget()
        foot.setLayout(
            column(row(label(STRENGTH.label), None, self._share), self.strength, margins=(side, 8, side, 14), gap=6)
        )
        foot.setVisible(with_strength)
        self.preview = StrengthPreview(app.drafting, bridge) if with_groups else None
        self.setLayout(column(head, scrolling(inside), foot, *filter(None, [self.preview]), gap=0, stretch=1))
        self.set_audiences(())

    def _group_buttons(self, wanted: bool) -> tuple[QPushButton, ...]:
        self._edit = button(self.tr("Edit group…"), flat=True, hint=self.tr("Name and members of this group"))
        self._edit.clicked.connect(self._edit_clicked)
        self._edit.setVisible(wanted)
        new = button(self.tr("New group…"), flat=True, hint=self.tr("People with whom you have a style of its own"))
        new.clicked.connect(self.group_wanted)
        return (self._edit, new) if wanted else ()

    def _edit_clicked(self) -> None:
        self.edit_wanted.emit(self._audience)

    @property
    def audience(self) -> str:
        """Whose traits are shown."""
        return self._audience

    def set_audiences(self, audiences: Sequence[Audience]) -> None:
        """The groups to choose from; Everyone is always among them."""
        self.audiences.blockSignals(True)
        self.audiences.clear()
        self.audiences.addItem(self.tr("Everyone"), EVERYONE)
        for audience in audiences:
            self.audiences.addItem(audience.name, audience.id)
        self.audiences.blockSignals(False)
        self._show_chosen()

    def show_audience(self, audience: str) -> None:
        """Show this one's traits."""
        self._audience = audience
        self._show_chosen()
        self.reload()

    def reload(self) -> None:
        """Groups, measure and choices anew, in the background."""
        learning, library, audience = self._app.learning, self._app.library, self._audience
        self._bridge.run(lambda: (library.audiences(), audience, list(learning.traits(audience))), self._loaded)

    def await_measure(self) -> None:
        """Writing was just added: say so until it has been measured, then show it."""
        self._clear_with(self.tr("Measuring how you write…"))
        self._measuring.start()

    def _clear_with(self, sentence: str) -> None:
        clear(self._box)
        self._box.addWidget(label(sentence, quiet=True, wrap=True))
        self._box.addStretch(1)

    def _show_chosen(self) -> None:
        self.audiences.setCurrentIndex(max(0, self.audiences.findData(self._audience)))
        self._edit.setEnabled(self.audiences.currentData() != EVERYONE)

    def _audience_chosen(self) -> None:
        self.show_audience(self.audiences.currentData())

    def _loaded(self, answer: tuple[list[Audience], str, list[Trait]]) -> None:
        audiences, audience, traits = answer
        if audience != self._audience:
            return
        if self.preview is not None:
            self.preview.refresh(audience)
        self.set_audiences(audiences)
        if self.audiences.currentData() != audience:  # the group was deleted
            self.show_audience(EVERYONE)
            return
        if not traits:
            if not self._measuring.isActive():
                self._clear_with(self.tr("Add writing of yours, and its habits show here."))
            return
        self._measuring.stop()
        clear(self._box)
        card = QFrame()
        card.setObjectName("Card")
        rows = column(margins=(0, 4, 0, 4), gap=0)
        for number, trait in enumerate(traits):
            if number:
                rows.addWidget(hairline())
            rows.addLayout(self._row(trait))
        card.setLayout(rows)
        self._box.addWidget(card)
        said = self.tr("Measured in {0} document."), self.tr("Measured in {0} documents.")
        count = label(counted(traits[0].documents, *said), quiet=True, size=0.92)
        self._box.addWidget(count)
        self._box.addStretch(1)

    def _row(self, trait: Trait) -> QVBoxLayout:
        name = label(trait.label, wrap=True)
        head = row(name, gap=8, stretch=0)
        choice = self._choice(trait)
        if choice is not None:
            name.setBuddy(choice)
            head.addWidget(choice)
        return column(head, label(trait.measured, quiet=True, wrap=True, size=0.92), margins=(12, 6, 8, 8), gap=0)

    def _choice(self, trait: Trait) -> QComboBox | None:
        """The box that overrules a trait; None for one that is only told."""
        options = [option for option in trait.options if option]
        if not options:
            return None
        box = QComboBox()
        box.setProperty("bare", True)
        box.setAccessibleName(trait.label)
        box.setAccessibleDescription(self.tr("Measured: {0}").format(trait.measured))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(9)
        box.view().setMinimumWidth(150)
        box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        box.addItem(self.tr("As I write"), AS_I_WRITE)
        if trait.setting and trait.setting not in options:
            options.append(trait.setting)
        for option in options:
            box.addItem(worded(option), option)
        box.setCurrentIndex(max(0, box.findData(trait.setting)))
        box.activated.connect(self._chooser(trait, box.currentData))
        return box

    def _chooser(self, trait: Trait, value: Callable[[], str]) -> Callable[[], None]:
        learning, audience, key = self._app.learning, self._audience, trait.key
        before = [trait.setting]

        def choose(*_: object) -> None:
            chosen = value()
            if chosen != before[0]:
                before[0] = chosen
                self._bridge.run(lambda: learning.choose(audience, key, chosen or None), self._announce)

        return choose

    def _announce(self, _: object) -> None:
        if self.preview is not None:
            self.preview.refresh(self._audience)
        self.changed.emit()

    def _strength_moved(self, value: int) -> None:
        self._share.setText(f"{value} %")
        if not self.strength.isSliderDown():
            self._strength_set()

    def _strength_set(self) -> None:
        value, settings = self.strength.value(), self._app.settings
        self._bridge.run(lambda: settings.set(STRENGTH, value))
