"""The models: what is installed, which one completes and which one suggests, how fast each is, and others to have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QPushButton, QVBoxLayout, QWidget

from ownhand.domain.figures import megabytes, parameters
from ownhand.domain.inference import ModelInfo, Trial
from ownhand.services.downloading import Offered
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import App, Role
from ownhand.ui.offers import Offers
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, clear, column, label, row, scrolling
from ownhand.ui.windows import Confirm


class ModelsPage(QWidget):
    """One card per model file, and one per model of the catalog that is not installed.

    Signals:
        changed: another model serves a role.
    """

    changed = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._theme, self._app, self._bridge = theme, app, bridge
        self.offers = Offers(app.downloads, bridge)
        self.offers.changed.connect(self._download_ended)
        self.offers.failed.connect(self._refused)
        self._trouble = label(wrap=True)
        self._trouble.setProperty("danger", True)
        self._trouble.hide()
        self.offers.begun.connect(self._trouble.hide)
        self._doing = label(quiet=True, wrap=True)
        self._doing.hide()
        self.add = button(self.tr("Add a .gguf file…"), hint=self.tr("Or drop it here"))
        self.add.clicked.connect(self._choose)
        self.setAcceptDrops(True)
        self._installed = QVBoxLayout()
        self._installed.setSpacing(8)
        self._offered = QWidget()
        self._offered.setLayout(
            column(
                label(self.tr("To download"), bold=True),
                label(
                    self.tr(
                        "Ownhand connects for nothing else, and only when you press such a button. Every connection is "
                        "listed under Privacy."
                    ),
                    quiet=True,
                    wrap=True,
                ),
                self.offers,
            )
        )
        inside = QWidget()
        inside.setLayout(
            column(label(self.tr("On this computer"), bold=True), self._installed, 10, self._offered, None)
        )
        about = label(
            self.tr("A larger model writes better and answers more slowly. Ownhand never downloads one by itself."),
            quiet=True,
            wrap=True,
        )
        self.setLayout(
            column(
                row(about, self.add, gap=16, stretch=0),
                self._doing,
                self._trouble,
                scrolling(inside),
                gap=12,
                stretch=3,
            )
        )

    # ------------------------------------------------------------------------------------------------- what there is

    def reload(self) -> None:
        """Fetch the models anew."""
        models, downloads = self._app.models, self._app.downloads

        def work() -> tuple[list[ModelInfo], Path, Path, list[Offered]]:
            return (
                list(models.installed()),
                models.chosen("completion"),
                models.chosen("suggestion"),
                list(downloads.offers()),
            )

        self._bridge.run(work, self._loaded, self._refused)

    def _loaded(self, found: tuple[list[ModelInfo], Path, Path, list[Offered]]) -> None:
        installed, completes, suggests, offers = found
        clear(self._installed)
        for info in installed:
            self._installed.addWidget(self._card(info, completes == info.path, suggests == info.path))
        absent = [offered for offered in offers if offered.state != "installed"]
        self.offers.show_offers(absent)
        self._offered.setVisible(bool(absent))

    def _card(self, info: ModelInfo, completes: bool, suggests: bool) -> QFrame:
        card = QFrame()
        card.setObjectName("Card")
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
        try_it.setAccessibleName(self.tr("{0}: try it here").format(info.name))
        try_it.clicked.connect(self._trier(info, try_it, figures))
        remove = button(self.tr("Remove…"), flat=True, danger=True)
        remove.setAccessibleName(self.tr("Remove {0}").format(info.name))
        remove.clicked.connect(self._remover(info))
        remove.setVisible(self._app.models.is_own(info.path))
        card.setLayout(
            column(
                row(label(info.name, bold=True), label(info.path.name, quiet=True), None, gap=10),
                label("  ·  ".join(fact for fact in self._facts(info) if fact), quiet=True, wrap=True),
                label(self._abilities(info), quiet=True, wrap=True),
                figures,
                row(complete, suggest, None, try_it, remove),
                margins=(14, 11, 12, 11),
                gap=5,
            )
        )
        return card

    def _facts(self, info: ModelInfo) -> list[str]:
        takes = info.memory.total
        return [
            parameters(info.parameters),
            info.quantization,
            megabytes(info.bytes) if info.bytes else "",
            self.tr("takes about {0} of memory").format(megabytes(takes)) if takes else "",
            self.tr("{0} tokens of context").format(f"{info.context:,}"),
            info.licence,
        ]

    def _abilities(self, info: ModelInfo) -> str:
        if not info.bytes:
            return self.tr("The file cannot be read. Remove it, and add it again.")
        parts = [
            self.tr("Completes and suggests") if info.chat else self.tr("A base model: completes, but cannot suggest"),
            self.tr("fills in the middle of a text") if info.fill_in_middle else "",
            "" if info.fits else self.tr("needs more memory than is free now"),
        ]
        sentence = "; ".join(part for part in parts if part) + "."
        return f"{sentence} {info.note}".rstrip()

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

        def done(trial: Trial) -> None:
            push.setEnabled(True)
            push.setText(self.tr("Try it here"))
            text = self.tr(
                "Loads in {0} s, reads {1} and writes {2} tokens (pieces of words) a second, and takes {3} of memory."
            ).format(
                f"{trial.load_s:.1f}",
                f"{trial.prompt_tokens_per_s:,.0f}",
                f"{trial.tokens_per_s:,.0f}",
                megabytes(trial.memory),
            )
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

    def _remover(self, info: ModelInfo) -> Callable[[], None]:
        def ask() -> None:
            dialog = Confirm(
                self,
                self.tr("Remove {0}?").format(info.name),
                self.tr("{0} is deleted and {1} are free again. What it did, the built-in model does.").format(
                    info.path.name, megabytes(info.bytes)
                ),
                self.tr("Remove"),
            )
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.accepted.connect(lambda: self.remove(info.path))
            dialog.open()

        return ask

    def remove(self, path: Path) -> None:
        """Delete a model's file."""
        self._trouble.hide()
        models = self._app.models
        self._bridge.run_long(lambda: models.remove(path), self._then, self._failed)

    # ------------------------------------------------------------------------------------------------------ adding

    def add_files(self, paths: Sequence[Path]) -> None:
        """Take model files in, one after the other; of a model in parts, any of them stands for all."""
        self._trouble.hide()
        self._do(self.tr("Trying {0} and copying it…").format(", ".join(path.name for path in paths)))
        models = self._app.models

        def work() -> None:
            taken: list[str] = []
            for path in paths:
                if path.name not in taken:
                    info = models.add(path)
                    taken += [file.name for file in info.files]

        self._bridge.run_long(work, self._then, self._failed)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _models_in(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if paths := _models_in(event):
            event.acceptProposedAction()
            self.add_files(paths)

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a model"), "", self.tr("Models (*.gguf)"))
        if chosen:
            self.add_files([Path(chosen)])

    def _do(self, sentence: str) -> None:
        self._doing.setText(sentence)
        self._doing.setVisible(bool(sentence))
        self.add.setEnabled(not sentence)

    # ------------------------------------------------------------------------------------------------- what follows

    def _then(self, _: object) -> None:
        self._do("")
        self.reload()
        self.changed.emit()

    def _download_ended(self) -> None:
        self.reload()
        self.changed.emit()

    def _refused(self, failure: Exception) -> None:
        self._do("")
        self._trouble.setText(sentence_of(failure))
        self._trouble.show()

    def _failed(self, failure: Exception) -> None:
        self._refused(failure)
        self.reload()


def _models_in(event: QDropEvent) -> list[Path]:
    """The model files that are being dropped."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return sorted(path for path in paths if path.suffix.lower() == ".gguf")
