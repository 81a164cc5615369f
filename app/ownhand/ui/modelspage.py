"""The models: what is installed, which one completes and which one suggests, and how fast each is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QPushButton, QVBoxLayout, QWidget

from ownhand.domain.ports import ModelInfo
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import App, Role
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, clear, column, label, row, scrolling


class ModelsPage(QWidget):
    """One card per model file.

    Signals:
        changed: another model serves a role.
    """

    changed = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._theme, self._app, self._bridge = theme, app, bridge
        self._trouble = label(wrap=True)
        self._trouble.setProperty("danger", True)
        self._trouble.hide()
        add = button(self.tr("Add a .gguf file…"))
        add.clicked.connect(self._choose)
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        about = label(
            self.tr("A larger model writes better and answers more slowly. Ownhand never downloads one by itself."),
            quiet=True,
            wrap=True,
        )
        self.setLayout(column(row(about, add, gap=16, stretch=0), self._trouble, scrolling(inside), gap=12, stretch=2))

    def reload(self) -> None:
        """Fetch the models anew."""
        models = self._app.models

        def work() -> tuple[list[ModelInfo], Path, Path]:
            return list(models.installed()), models.chosen("completion"), models.chosen("suggestion")

        self._bridge.run(work, self._loaded, self._failed)

    def add_file(self, path: Path) -> None:
        """Take a model file in."""
        self._trouble.hide()
        models = self._app.models
        self._bridge.run_long(lambda: models.add(path), self._then, self._failed)

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a model"), "", self.tr("Models (*.gguf)"))
        if chosen:
            self.add_file(Path(chosen))

    def _loaded(self, found: tuple[list[ModelInfo], Path, Path]) -> None:
        installed, completes, suggests = found
        clear(self._box)
        for info in installed:
            self._box.addWidget(self._card(info, completes == info.path, suggests == info.path))
        self._box.addStretch(1)

    def _card(self, info: ModelInfo, completes: bool, suggests: bool) -> QFrame:
        card = QFrame()
        card.setObjectName("Card")
        facts = [
            _count(info.parameters),
            self.tr("{0} MB").format(f"{info.bytes / 1e6:,.0f}") if info.bytes else "",
            self.tr("{0} tokens of context").format(f"{info.context:,}"),
            info.licence,
        ]
        figures = label(quiet=True, wrap=True)
        figures.hide()
        complete = self._role_button(
            "completion", self.tr("Completes"), self.tr("Use for completions"), info, completes
        )
        suggest = self._role_button("suggestion", self.tr("Suggests"), self.tr("Use for suggestions"), info, suggests)
        if not info.chat:
            suggest.setEnabled(False)
            suggest.setToolTip(self.tr("This model only completes text."))
        try_it = button(self.tr("Try it here"), flat=True, hint=self.tr("Measure how fast it is on this computer"))
        try_it.clicked.connect(self._trier(info, try_it, figures))
        card.setLayout(
            column(
                label(info.name, bold=True),
                label("  ·  ".join(fact for fact in facts if fact), quiet=True, wrap=True),
                figures,
                row(complete, suggest, None, try_it),
                margins=(14, 11, 12, 11),
                gap=5,
            )
        )
        return card

    def _role_button(self, role: Role, on: str, off: str, info: ModelInfo, chosen: bool) -> QPushButton:
        push = button(on if chosen else off)
        push.setProperty("pill", True)
        push.setCheckable(True)
        push.setChecked(chosen)
        push.setEnabled(not chosen)
        push.setAccessibleName(self.tr("{0}: {1}").format(info.name, push.text()))
        models, path = self._app.models, info.path

        def choose() -> None:
            self._trouble.hide()
            self._bridge.run_long(lambda: models.choose(role, path), self._then, self._failed)

        push.clicked.connect(choose)
        return push

    def _trier(self, info: ModelInfo, push: QPushButton, figures: QWidget) -> Callable[[], None]:
        models = self._app.models

        def done(measured: Mapping[str, object]) -> None:
            push.setEnabled(True)
            push.setText(self.tr("Try it here"))
            text = "   ".join(f"{name}: {_figure(value)}" for name, value in measured.items())
            figures.setText(text)  # type: ignore[attr-defined]
            figures.show()

        def failed(failure: Exception) -> None:
            push.setEnabled(True)
            push.setText(self.tr("Try it here"))
            self._failed(failure)

        def start() -> None:
            push.setEnabled(False)
            push.setText(self.tr("Measuring…"))
            self._bridge.run_long(lambda: models.try_out(info.path), done, failed)

        return start

    def _then(self, _: object) -> None:
        self.reload()
        self.changed.emit()

    def _failed(self, failure: Exception) -> None:
        self._trouble.setText(sentence_of(failure))
        self._trouble.show()
        models = self._app.models
        self._bridge.run(
            lambda: (list(models.installed()), models.chosen("completion"), models.chosen("suggestion")), self._loaded
        )


def _count(parameters: int) -> str:
    if parameters >= 1e9:
        return f"{parameters / 1e9:.1f} billion parameters"
    return f"{parameters / 1e6:.0f} million parameters" if parameters else ""


def _figure(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else str(value)
