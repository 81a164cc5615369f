"""The history in the settings: where it came from, how much it is, and taking it out again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QVBoxLayout, QWidget

from ownhand.domain.corpus import Source
from ownhand.domain.ports import VaultState
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App
from ownhand.ui.places import short
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import Elided, button, clear, column, counted, label, row, scrolling


class HistoryPage(QWidget):
    """One card per source.

    Signals:
        import_wanted: bring more writing in.
        changed: a source was removed.
    """

    import_wanted = Signal()
    changed = Signal()

    def __init__(self, theme: Theme, app: App, bridge: Bridge) -> None:
        super().__init__()
        self._theme, self._app, self._bridge = theme, app, bridge
        self._total = label(quiet=True, wrap=True)
        add = button(self.tr("Add writing…"), primary=True)
        add.clicked.connect(self.import_wanted)
        inside = QWidget()
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self.setLayout(column(row(self._total, add, gap=16, stretch=0), scrolling(inside), gap=12))

    def reload(self) -> None:
        """Fetch the sources anew."""
        library, privacy, watching = self._app.library, self._app.privacy, self._app.watching

        def load() -> tuple[list[Source], VaultState, dict[str, bool]]:
            sources, watched = library.sources(), watching.folders()
            folders = {source.path: source.path in watched for source in sources if Path(source.path).is_dir()}
            return sources, privacy.state(), folders

        self._bridge.run(load, self._loaded)

    def _loaded(self, found: tuple[list[Source], VaultState, dict[str, bool]]) -> None:
        sources, state, folders = found
        self._total.setText(
            ", ".join(
                (
                    counted(state.documents, self.tr("{0} document"), self.tr("{0} documents")),
                    counted(state.passages, self.tr("{0} passage"), self.tr("{0} passages")),
                    self.tr("{0} MB in the vault").format(f"{state.bytes / 1e6:,.1f}"),
                )
            )
        )
        clear(self._box)
        for source in sources:
            self._box.addWidget(self._card(source, folders.get(source.path)))
        if not sources:
            self._box.addWidget(label(self.tr("Nothing has been added yet."), quiet=True))
        self._box.addStretch(1)

    def _card(self, source: Source, watched: bool | None) -> QFrame:
        """`watched` is None for a file, which cannot be watched."""
        card = QFrame()
        card.setObjectName("Card")
        name = label(Path(source.path).name or source.path, bold=True)
        when = f"{source.added_at:%d %B %Y}" if source.added_at else ""
        about = Elided(
            "  ·  ".join(
                part
                for part in (
                    counted(source.documents, self.tr("{0} document"), self.tr("{0} documents")),
                    when,
                    short(Path(source.path)),
                )
                if part
            ),
            quiet=True,
        )
        about.setToolTip(source.path)
        remove = button(self.tr("Remove"), hint=self.tr("Remove it from the vault with all that was derived from it"))
        remove.setAccessibleName(self.tr("Remove {0}").format(name.text()))
        remove.clicked.connect(self._remover(source, remove))
        watch = QCheckBox(self.tr("Watch"))
        watch.setToolTip(self.tr("Take in new and changed files by themselves while Ownhand is open"))
        watch.setAccessibleName(self.tr("Watch {0}").format(name.text()))
        watch.setVisible(watched is not None)
        watch.setChecked(bool(watched))
        watch.toggled.connect(self._watcher(source.path))
        card.setLayout(row(column(name, about, gap=2), watch, remove, margins=(14, 10, 12, 10), gap=12, stretch=0))
        return card

    def _watcher(self, path: str) -> Callable[[bool], None]:
        watching = self._app.watching

        def watch(wanted: bool) -> None:
            self._bridge.run_long(lambda: watching.add(path) if wanted else watching.remove(path), self._watched)

        return watch

    def _watched(self, _: object) -> None:
        self.reload()

    def _remover(self, source: Source, push: QWidget) -> Callable[[], None]:
        library = self._app.library

        def remove() -> None:
            push.setEnabled(False)
            self._bridge.run_long(lambda: library.remove_source(source.id), self._removed)

        return remove

    def _removed(self, _: object) -> None:
        self.reload()
        self.changed.emit()
