"""The Style tab: the measured habits of an audience at a glance, each of which can be overruled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QSizePolicy, QSlider, QVBoxLayout, QWidget

from ownhand.domain.draft import EVERYONE, Audience
from ownhand.settings import STRENGTH
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App, Trait
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import clear, column, label, row, scrolling

AS_I_WRITE = ""


class StylePanel(QWidget):
    """One row per trait: what was measured, and a choice that overrules it.

    Signals:
        changed: a trait was overruled, or left to the measured habit again.
    """

    changed = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge, *, with_strength: bool = True) -> None:
        super().__init__()
        self.setObjectName("Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme, self._app, self._bridge = theme, app, bridge
        self._audience = EVERYONE
        self.audiences = QComboBox()
        self.audiences.setAccessibleName(self.tr("Audience whose style is shown"))
        self.audiences.activated.connect(self._audience_chosen)
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(16, 8, 16, 14)
        self._box.setSpacing(8)
        head = column(
            row(label(self.tr("How you write to"), quiet=True), self.audiences, None), margins=(16, 14, 16, 0)
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
            column(row(label(STRENGTH.label), None, self._share), self.strength, margins=(16, 8, 16, 14), gap=6)
        )
        foot.setVisible(with_strength)
        self.setLayout(column(head, scrolling(inside), foot, gap=0, stretch=1))
        self.set_audiences(())

    def set_audiences(self, audiences: Sequence[Audience]) -> None:
        """The groups to choose from; Everyone is always among them."""
        self.audiences.blockSignals(True)
        self.audiences.clear()
        self.audiences.addItem(self.tr("Everyone"), EVERYONE)
        for audience in audiences:
            self.audiences.addItem(audience.name, audience.id)
        self.audiences.setCurrentIndex(max(0, self.audiences.findData(self._audience)))
        self.audiences.blockSignals(False)

    def show_audience(self, audience: str) -> None:
        """Show this one's traits."""
        self._audience = audience
        self.audiences.setCurrentIndex(max(0, self.audiences.findData(audience)))
        self.reload()

    def reload(self) -> None:
        """Measure and choices anew, in the background."""
        learning, audience = self._app.learning, self._audience
        self._bridge.run(lambda: (audience, list(learning.traits(audience))), self._loaded)

    def _audience_chosen(self) -> None:
        self.show_audience(self.audiences.currentData())

    def _loaded(self, answer: tuple[str, list[Trait]]) -> None:
        audience, traits = answer
        if audience != self._audience:
            return
        clear(self._box)
        if not traits:
            self._box.addWidget(
                label(self.tr("Add writing of yours, and its habits show here."), quiet=True, wrap=True)
            )
        for trait in traits:
            self._box.addWidget(self._card(trait))
        self._box.addStretch(1)

    def _card(self, trait: Trait) -> QFrame:
        card = QFrame()
        card.setObjectName("Card")
        measured = self.tr("{0}, from {1} documents").format(trait.value, f"{trait.documents:,}")
        text = measured if trait.documents else self.tr("Not enough of your writing to tell")
        choice = self._choice(trait)
        name = label(trait.label)
        name.setBuddy(choice)
        card.setLayout(
            column(row(name, None, choice), label(text, quiet=True, wrap=True, size=0.92), margins=(12, 7, 8, 9), gap=1)
        )
        return card

    def _choice(self, trait: Trait) -> QWidget:
        description = self.tr("Measured: {0}").format(trait.value)
        if not trait.choices:
            field = QLineEdit(trait.chosen or "")
            field.setPlaceholderText(self.tr("As I write"))
            field.setMaximumWidth(150)
            field.setAccessibleName(trait.label)
            field.setAccessibleDescription(description)
            field.editingFinished.connect(self._chooser(trait, field.text))
            return field
        box = QComboBox()
        box.setProperty("bare", True)
        box.setAccessibleName(trait.label)
        box.setAccessibleDescription(description)
        box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        box.addItem(self.tr("As I write"), AS_I_WRITE)
        for choice in trait.choices:
            box.addItem(choice[:1].upper() + choice[1:] if choice else self.tr("none"), choice)
        box.setCurrentIndex(max(0, box.findData(trait.chosen)) if trait.chosen is not None else 0)
        box.activated.connect(self._chooser(trait, box.currentData))
        return box

    def _chooser(self, trait: Trait, value: Callable[[], str]) -> Callable[[], None]:
        learning, audience, key = self._app.learning, self._audience, trait.key
        before = [trait.chosen or AS_I_WRITE]

        def choose(*_: object) -> None:
            chosen = value()
            if chosen != before[0]:
                before[0] = chosen
                self._bridge.run(lambda: learning.choose(audience, key, chosen or None), self._announce)

        return choose

    def _announce(self, _: object) -> None:
        self.changed.emit()

    def _strength_moved(self, value: int) -> None:
        self._share.setText(f"{value} %")
        if not self.strength.isSliderDown():
            self._strength_set()

    def _strength_set(self) -> None:
        value, settings = self.strength.value(), self._app.settings
        self._bridge.run(lambda: settings.set(STRENGTH, value))
