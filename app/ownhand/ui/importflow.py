"""Bringing writing in: choose files, say which addresses are yours, watch it, see what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFrame,
    QInputDialog,
    QLineEdit,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ownhand.domain.download import Pace
from ownhand.domain.figures import remaining
from ownhand.services import mail_programs
from ownhand.services.mail_programs import Place
from ownhand.services.pausing import Control
from ownhand.services.preview import Preview
from ownhand.services.sieve import NOTHING, Exclusions
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import Importing, ImportReport, Survey
from ownhand.ui.importpreview import PreviewPanel
from ownhand.ui.places import short
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import Elided, button, clear, column, counted, label, row, scrolling, tool

PICK, ME, BUSY, DONE, LOOK = range(5)
PROGRESS_MS = 100
"""Progress is drawn at most this often."""


class DropArea(QFrame):
    """A field to drop files and folders on.

    Signals:
        dropped: carries the paths.
    """

    dropped = Signal(object)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setObjectName("Note")
        self.setAcceptDrops(True)
        hint = label(text, quiet=True, wrap=True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setLayout(column(hint, margins=(16, 18, 16, 18)))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])


class ImportFlow(QStackedWidget):
    """The steps, to be put into a dialog or into the welcome.

    Signals:
        finished: with the report.
        left: the person skipped or cancelled.
    """

    finished = Signal(object)
    left = Signal()

    def __init__(self, theme: Theme, importing: Importing, bridge: Bridge, leave: str) -> None:
        super().__init__()
        self._theme, self._importing, self._bridge = theme, importing, bridge
        self._paths: list[Path] = []
        self._senders: list[QCheckBox] = []
        self._looked = False
        self._control = Control()
        self._pace = Pace()
        self._clock = QElapsedTimer()
        self._post_progress = bridge.poster(self._show_progress)
        for page in (self._pick_page(leave), self._me_page(), self._busy_page(), self._done_page(), self._look_page()):
            self.addWidget(page)
        bridge.run(lambda: mail_programs.find(Path.home()), self._offer)

    # -------------------------------------------------------------------------------------------------------- pages

    def _pick_page(self, leave: str) -> QWidget:
        page = QWidget()
        drop = DropArea(self.tr("Drop mailboxes, documents, folders or archives here"))
        drop.dropped.connect(self.add_paths)
        inside = QWidget()
        self._chosen_box = QVBoxLayout(inside)
        self._chosen_box.setContentsMargins(0, 0, 0, 0)
        self._chosen_box.setSpacing(4)
        self._chosen_box.addStretch(1)
        files, folder = button(self.tr("Choose files…")), button(self.tr("Choose a folder…"))
        paste = button(self.tr("Paste a text…"))
        paste.clicked.connect(self._ask_text)
        files.clicked.connect(self._choose_files)
        folder.clicked.connect(self._choose_folder)
        skip = button(leave, flat=True)
        skip.clicked.connect(self.left)
        self._go = button(self.tr("Look at them"), primary=True)
        self._go.setEnabled(False)
        self._go.clicked.connect(self._survey)
        self._trouble = label(wrap=True)
        self._trouble.setProperty("danger", True)
        self._trouble.hide()
        page.setLayout(
            column(
                label(self.tr("What did you write before?"), bold=True, size=1.3),
                label(
                    self.tr(
                        "Ownhand reads only what you wrote yourself and leaves out quotes and signatures. "
                        "The files stay as they are; what it learns lies encrypted on this computer."
                    ),
                    quiet=True,
                    wrap=True,
                ),
                drop,
                row(files, folder, paste, None),
                scrolling(inside),
                self._trouble,
                row(skip, None, self._go),
                gap=12,
            )
        )
        return page

    def _me_page(self) -> QWidget:
        page = QWidget()
        inside = QWidget()
        self._senders_box = QVBoxLayout(inside)
        self._senders_box.setContentsMargins(0, 0, 0, 0)
        self._senders_box.setSpacing(8)
        self._other = QLineEdit()
        self._other.setPlaceholderText(self.tr("Another address of yours"))
        self._other.setAccessibleName(self.tr("Another address of yours"))
        self._found = label(quiet=True, wrap=True)
        back = button(self.tr("Back"), flat=True)
        back.clicked.connect(self._back_to_pick)
        self._show = button(self.tr("Show me first"), hint=self.tr("What would be kept and cut; nothing is stored"))
        self._show.clicked.connect(self._preview)
        self._learn = button(self.tr("Learn from these"), primary=True)
        self._learn.clicked.connect(self._run)
        self._other.textChanged.connect(self._know_me)
        page.setLayout(
            column(
                label(self.tr("Which of these are you?"), bold=True, size=1.3),
                self._found,
                scrolling(inside),
                self._other,
                row(back, None, self._show, self._learn),
                gap=12,
            )
        )
        return page

    def _busy_page(self) -> QWidget:
        page = QWidget()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the import"))
        self._doing = Elided(quiet=True)
        self._hold = button(self.tr("Pause"))
        self._hold.clicked.connect(self._pause)
        stop = button(self.tr("Stop"))
        stop.clicked.connect(self._stop)
        self._busy_title = label(self.tr("Reading…"), bold=True, size=1.3)
        page.setLayout(
            column(
                None,
                self._busy_title,
                self._bar,
                self._doing,
                label(
                    self.tr("You can stop at any time. What has been read stays, and a second run goes on."),
                    quiet=True,
                    wrap=True,
                ),
                row(None, self._hold, stop),
                None,
                gap=12,
            )
        )
        return page

    def _done_page(self) -> QWidget:
        page = QWidget()
        self._result = label(bold=True, size=1.3, wrap=True)
        self._details = label(quiet=True, wrap=True)
        go_on = button(self.tr("Go on"), primary=True)
        go_on.clicked.connect(self._go_on)
        self._report: ImportReport | None = None
        page.setLayout(column(None, self._result, self._details, row(None, go_on), None, gap=12))
        return page

    def _look_page(self) -> QWidget:
        page = QWidget()
        self._seen = label(bold=True, size=1.3, wrap=True)
        self.panel = PreviewPanel()
        self.panel.changed.connect(self._unsettled)
        back = button(self.tr("Back"), flat=True)
        back.clicked.connect(self._back_from_look)
        self._again = button(self.tr("Count again"))
        self._again.clicked.connect(self._preview)
        self._learn_seen = button(self.tr("Learn from these"), primary=True)
        self._learn_seen.clicked.connect(self._run)
        page.setLayout(column(self._seen, self.panel, row(back, None, self._again, self._learn_seen), gap=12))
        return page

    # -------------------------------------------------------------------------------------------------------- picking

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Take these among the chosen ones."""
        for path in paths:
            if path not in self._paths:
                self._paths.append(path)
        self._list_paths()

    def _offer(self, places: list[Place]) -> None:
        """Mailboxes found on this computer; sent mail is ticked, and nothing is read before the person goes on."""
        for place in places:
            box = QCheckBox(short(place.path))
            box.setToolTip("  ·  ".join(part for part in (place.program, place.account) if part))
            box.setAccessibleDescription(self.tr("Found in {0}").format(place.program))
            box.toggled.connect(self._offer_toggler(place.path))
            self._chosen_box.insertWidget(self._chosen_box.count() - 1, box)
            box.setChecked(place.sent)

    def _offer_toggler(self, place: Path) -> _Toggler:
        return _Toggler(self, place)

    def toggle(self, place: Path, *, wanted: bool) -> None:
        """Take a place among the chosen ones, or out of them."""
        if wanted and place not in self._paths:
            self._paths.append(place)
        elif not wanted and place in self._paths:
            self._paths.remove(place)
        self._go.setEnabled(bool(self._paths))

    def _choose_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, self.tr("Choose files"))
        self.add_paths([Path(name) for name in chosen])

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Choose a folder"))
        if chosen:
            self.add_paths([Path(chosen)])

    def _ask_text(self) -> None:
        text, taken = QInputDialog.getMultiLineText(
            self, self.tr("Paste a text"), self.tr("Something you wrote yourself:"), QGuiApplication.clipboard().text()
        )
        if taken:
            self.paste(text)

    def paste(self, text: str) -> None:
        """Learn from one text."""
        self._trouble.hide()
        importing = self._importing
        self._bridge.run_long(lambda: importing.paste(text), self._pasted, self._failed)

    def _pasted(self, added: bool) -> None:
        self._result.setText(self.tr("Learned from your text") if added else self.tr("This text was there already"))
        self._details.setText("")
        self.setCurrentIndex(DONE)

    def _list_paths(self) -> None:
        for number in reversed(range(self._chosen_box.count())):
            item = self._chosen_box.itemAt(number)
            widget = item.widget() if item is not None else None
            if isinstance(widget, _Chosen):
                self._chosen_box.removeWidget(widget)
                widget.deleteLater()
        offered = {box.text() for box in self.findChildren(QCheckBox)}
        for place, path in enumerate(path for path in self._paths if short(path) not in offered):
            self._chosen_box.insertWidget(place, _Chosen(self._theme, path, self))
        self._go.setEnabled(bool(self._paths))

    def drop_path(self, path: Path) -> None:
        """Take a path out again."""
        self._paths.remove(path)
        self._list_paths()

    # ---------------------------------------------------------------------------------------------------------- going

    def _survey(self) -> None:
        self._trouble.hide()
        self._control = Control()
        self._hold.hide()
        self._looked = False
        self._busy_title.setText(self.tr("Having a look…"))
        self._bar.setRange(0, 0)
        self._doing.show_text("")
        self.setCurrentIndex(BUSY)
        importing, paths, control = self._importing, list(self._paths), self._control

        def surveyed(survey: Survey) -> None:
            if control is self._control and not control.is_set():
                self._surveyed(survey)

        self._bridge.run_long(lambda: importing.survey(paths), surveyed, self._failed)

    def _surveyed(self, survey: Survey) -> None:
        clear(self._senders_box)
        self._senders = []
        sure = any(candidate.certain for candidate in survey.candidates)
        for number, candidate in enumerate(survey.candidates):
            name = f"{candidate.name} <{candidate.address}>" if candidate.name else candidate.address
            if "@" not in candidate.address:  # in chats people are known by name
                name = candidate.name or candidate.address
            messages = counted(candidate.written, self.tr("{0} message"), self.tr("{0} messages"))
            box = QCheckBox(f"{name}  ·  {messages}")
            box.setChecked(candidate.certain if sure else number == 0)
            box.toggled.connect(self._know_me)
            box.setProperty("address", candidate.address)
            self._senders.append(box)
            self._senders_box.addWidget(box)
        self._senders_box.addStretch(1)
        if not survey.candidates:
            self._preview()  # documents only: there is nobody to ask for
            return
        self._know_me()
        found = counted(survey.messages, self.tr("{0} message found."), self.tr("{0} messages found."))
        self._found.setText(found + " " + self.tr("Only those from the addresses you tick are read as yours."))
        self.setCurrentIndex(ME)

    def _know_me(self) -> None:
        known = any(box.isChecked() for box in self._senders) or "@" in self._other.text()
        self._learn.setEnabled(known)
        self._show.setEnabled(known)

    def _back_to_pick(self) -> None:
        self.setCurrentIndex(PICK)

    def _me(self) -> list[str]:
        me = [str(box.property("address")) for box in self._senders if box.isChecked()]
        if self._other.text().strip():
            me.append(self._other.text().strip().lower())
        return me

    def _preview(self) -> None:
        control, progress = self._begin(self.tr("Reading, storing nothing yet…"))
        importing, paths, me, unwanted = self._importing, list(self._paths), self._me(), self._unwanted()

        def previewed(found: Preview) -> None:
            if control is self._control and not control.is_set():
                self._previewed(found)

        self._bridge.run_long(
            lambda: importing.preview(paths, me, unwanted, progress, control), previewed, self._failed
        )

    def _previewed(self, found: Preview) -> None:
        self._looked = True
        self._seen.setText(self.panel.heading(found))
        self.panel.show_preview(found)
        self._again.setEnabled(False)
        self.setCurrentIndex(LOOK)

    def _unsettled(self) -> None:
        self._again.setEnabled(True)

    def _unwanted(self) -> Exclusions:
        return self.panel.exclusions() if self._looked else NOTHING

    def _back_from_look(self) -> None:
        self.setCurrentIndex(ME if self._senders else PICK)

    def _begin(self, title: str) -> tuple[Control, Callable[[int, int, str], None]]:
        """Show that something is under way; what it asks whether to go on, and what it reports to."""
        self._busy_title.setText(title)
        self._control = Control()
        self._pace = Pace()
        self._hold.setText(self.tr("Pause"))
        self._hold.show()
        self.setCurrentIndex(BUSY)
        self._clock.start()
        clock = self._clock

        def progress(done: int, total: int, what: str) -> None:
            if clock.elapsed() >= PROGRESS_MS or done >= total:
                clock.restart()
                self._post_progress((done, total, what))

        return self._control, progress

    def _run(self) -> None:
        control, progress = self._begin(self.tr("Learning how you write…"))
        importing, paths, me, unwanted = self._importing, list(self._paths), self._me(), self._unwanted()
        self._bridge.run_long(
            lambda: importing.run(paths, me, progress, control, exclusions=unwanted), self._ran, self._failed
        )

    def _show_progress(self, state: tuple[int, int, str]) -> None:
        done, total, what = state
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * done / total) if total else 0)
        rate = self._pace.mark(time.monotonic(), done)
        said = [what]
        if rate > 0 and done < total:
            said.append(self.tr("{0} MB/s").format(f"{rate / 1e6:.1f}"))
            said.append(self.tr("{0} left").format(remaining((total - done) / rate)))
        self._doing.show_text("  ·  ".join(part for part in said if part))

    def _pause(self) -> None:
        if self._control.paused:
            self._pace = Pace()
            self._control.resume()
        else:
            self._control.pause()
        self._hold.setText(self.tr("Go on") if self._control.paused else self.tr("Pause"))

    def _stop(self) -> None:
        self._control.cancel()
        if self._bar.maximum() == 0:
            self.setCurrentIndex(PICK)
        elif self._busy_title.text() == self.tr("Reading, storing nothing yet…"):
            self.setCurrentIndex(LOOK if self._looked else ME if self._senders else PICK)

    def _ran(self, report: ImportReport) -> None:
        self._report = report
        pieces = counted(report.added, self.tr("{0} piece"), self.tr("{0} pieces"))
        text = (
            self.tr("Stopped. Learned from {0} of your writing so far")
            if report.cancelled
            else self.tr("Learned from {0} of your writing")
        )
        self._result.setText(text.format(pieces))
        lines = []
        if report.duplicates:
            lines.append(self.tr("{0} were there already.").format(f"{report.duplicates:,}"))
        if report.others:
            lines.append(self.tr("{0} were written by others and left out.").format(f"{report.others:,}"))
        lines += [
            self.tr("{0} left out: {1}.").format(f"{count:,}", reason)
            for reason, count in sorted(report.skipped_counts.items(), key=lambda item: -item[1])
        ]
        self._details.setText("\n".join(lines))
        self.setCurrentIndex(DONE)

    def _failed(self, failure: Exception) -> None:
        self._trouble.setText(sentence_of(failure))
        self._trouble.show()
        self.setCurrentIndex(PICK)

    def _go_on(self) -> None:
        self.finished.emit(self._report)

    def stop(self) -> None:
        """The dialog is being closed: end what is under way after its current step."""
        self._control.cancel()


class _Toggler:
    def __init__(self, flow: ImportFlow, place: Path) -> None:
        self._flow, self._place = flow, place

    def __call__(self, checked: bool) -> None:
        self._flow.toggle(self._place, wanted=checked)


class _Chosen(QFrame):
    def __init__(self, theme: Theme, path: Path, flow: ImportFlow) -> None:
        super().__init__()
        self._path, self._flow = path, flow
        remove = tool(theme, "cross", self.tr("Leave out {0}").format(path.name), size=14)
        remove.clicked.connect(self._remove)
        name = Elided(short(path))
        self.setToolTip(str(path))
        self.setLayout(row(name, remove, gap=6))

    def _remove(self) -> None:
        self._flow.drop_path(self._path)


class ImportDialog(QDialog):
    """The import, over the main window.

    Signals:
        imported: something was read.
    """

    imported = Signal()

    def __init__(self, theme: Theme, importing: Importing, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add writing"))
        self.resize(560, 520)
        self.flow = ImportFlow(theme, importing, bridge, self.tr("Cancel"))
        self.flow.left.connect(self.reject)
        self.flow.finished.connect(self._finished)
        self.setLayout(column(self.flow, margins=(26, 24, 26, 20)))

    def _finished(self) -> None:
        self.imported.emit()
        self.accept()

    def done(self, result: int) -> None:
        self.flow.stop()
        super().done(result)
