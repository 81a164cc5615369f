"""The main window: library, page, and what can be done with the text, put together."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QMainWindow, QSplitter, QStackedWidget, QTabWidget, QTextEdit, QWidget

from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.domain.draft import EVERYONE, Audience, Draft, address_of, resolve_audience
from ownhand.domain.preference import Preference
from ownhand.domain.suggestion import Suggestion
from ownhand.services.status import StatusEvent
from ownhand.settings import COMPLETION_MODEL, FONT_SIZE, THEME
from ownhand.ui.acting import Acting
from ownhand.ui.bridge import Bridge
from ownhand.ui.commands import Command, Palette
from ownhand.ui.contract import App
from ownhand.ui.deeds import Deeds
from ownhand.ui.editor import WritingEdit
from ownhand.ui.ghosting import Ghosting
from ownhand.ui.groups import Groups, known_people
from ownhand.ui.header import Header
from ownhand.ui.librarypane import LibraryPane
from ownhand.ui.reader import Reader
from ownhand.ui.review import ReviewPanel
from ownhand.ui.session import Session
from ownhand.ui.snippeting import Snippeting
from ownhand.ui.statusline import StatusLine
from ownhand.ui.style import StylePanel
from ownhand.ui.suggesting import Suggesting
from ownhand.ui.theme import Theme
from ownhand.ui.why import WhyPanel
from ownhand.ui.widgets import Toast, action, column, hairline

READABLE = {".eml", ".txt", ".md", ".text"}
SUGGEST, STYLE, WHY = range(3)


class MainWindow(QMainWindow):
    """Three panes and a status line.

    Signals:
        settings_wanted: open the settings at a page.
        import_wanted: bring writing into the history.
        lock_wanted: lock the vault.
        closing: the window is about to close; what is unsaved has been saved.
    """

    settings_wanted = Signal(str)
    import_wanted = Signal()
    lock_wanted = Signal()
    closing = Signal()

    def __init__(self, app: App, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self.app, self.theme, self.bridge = app, theme, bridge
        self._audiences: list[Audience] = []
        self._counts = (0, 0)
        self.setWindowTitle("Ownhand")
        self.setAcceptDrops(True)
        self.resize(1240, 800)
        self.setMinimumSize(760, 480)

        self.edit = WritingEdit()
        self.header = Header(theme)
        self.reader = Reader(theme)
        self.review = ReviewPanel(theme)
        self.style_panel = StylePanel(theme, app, bridge)
        self.why = WhyPanel(theme, app.learning, bridge)
        self.toast = Toast(theme, self)
        self.session = Session(self.edit, self.header, app.library, app.learning, app.tallying, bridge, self)
        self.groups = Groups(app, bridge, self)
        self.deeds = Deeds(self)
        self.library = LibraryPane(theme, app.library, app.snippets, bridge, self.deeds.menu)
        self.snippeting = Snippeting(app.snippets, self.edit, self.session, bridge, self)
        self.status = StatusLine(theme)
        self.ghosting = Ghosting(
            self.edit, app.completing, app.tallying, app.settings, bridge, self.session.draft, self.current_audience
        )
        self.suggesting = Suggesting(
            self.review, self.edit, self.header, self.session, app.drafting, bridge, self.current_audience
        )
        self.acting = Acting(app.own_actions, self.review, bridge, self)
        self._lay_out()
        self._connect()
        self.commands = self.deeds.commands()
        for command in self.commands:
            action(self, command.text, command.shortcut, command.do)
        for field in self.findChildren(QLineEdit) + self.findChildren(QTextEdit):
            field.installEventFilter(self)
        self._paint()
        self.fetch_model_name()
        self.refresh()

    # ------------------------------------------------------------------------------------------------------ making

    def _lay_out(self) -> None:
        page = QWidget()
        page.setObjectName("Page")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        page.setLayout(column(self.header, hairline(), self.edit, gap=0, stretch=2))
        self.center = QStackedWidget()
        self.center.addWidget(page)
        self.center.addWidget(self.reader)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("Panel")
        self.tabs.setAccessibleName(self.tr("Suggest, Style, Why"))
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.review, self.tr("Suggest"))
        self.tabs.addTab(self.style_panel, self.tr("Style"))
        self.tabs.addTab(self.why, self.tr("Why"))
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setHandleWidth(1)
        self.split.setChildrenCollapsible(False)
        for pane, width, least in ((self.library, 244, 180), (self.center, 640, 340), (self.tabs, 356, 280)):
            pane.setMinimumWidth(least)
            self.split.addWidget(pane)
            self.split.setStretchFactor(self.split.count() - 1, 1 if pane is self.center else 0)
            pane.resize(width, 100)
        self.split.setSizes([244, 640, 356])
        whole = QWidget()
        whole.setLayout(column(self.split, self.status, gap=0, stretch=0))
        self.setCentralWidget(whole)

    def _connect(self) -> None:
        self.library.new_wanted.connect(self.new_draft)
        self.library.draft_wanted.connect(self.open_draft)
        self.library.delete_wanted.connect(self.delete_draft)
        self.library.document_wanted.connect(self.show_document)
        self.library.import_wanted.connect(self.import_wanted)
        self.library.snippet_wanted.connect(self.insert_snippet)
        self.library.snippet_edit_wanted.connect(self.snippeting.change)
        self.library.snippet_delete_wanted.connect(self.snippeting.remove)
        self.snippeting.changed.connect(self.library.reload)
        self.snippeting.removed.connect(self._snippet_removed)
        self.acting.removed.connect(self._action_removed)
        self.reader.left.connect(self.back_to_page)
        self.reader.forget_wanted.connect(self._forget_document)
        self.header.subject_wanted.connect(self.deeds.suggest_subject)
        self.header.changed.connect(self._audience_may_differ)
        self.header.changed.connect(self._name_window)
        self.header.group_wanted.connect(self.groups.new)
        self.groups.changed.connect(self._group_made)
        self.groups.measured.connect(self.style_panel.reload)
        self.session.saved.connect(self.library.show_draft)
        self.session.opened.connect(self._opened)
        self.session.learned.connect(self._learned)
        self.session.troubled.connect(self.say)
        self.suggesting.told.connect(self.say)
        self.suggesting.started.connect(self._show_suggest)
        self.suggesting.shown.connect(self._suggestion_shown)
        self.suggesting.rejected.connect(self.app.tallying.rejected)
        self.review.why_wanted.connect(self._show_why)
        self.why.document_wanted.connect(self.show_document)
        self.why.overruled.connect(self.refresh_counts)
        self.ghosting.answered.connect(self.status.show_completion)
        self.status.page_wanted.connect(self.settings_wanted)
        self.bridge.failed.connect(self._failed)
        self.theme.changed.connect(self._paint)
        self.app.status.listen(self.bridge.poster(self._status))
        self.app.settings.listen(self.bridge.poster(self._setting_changed))
        self.edit.installEventFilter(self)

    # ---------------------------------------------------------------------------------------------------- contents

    def current_audience(self) -> str:
        """The audience of the draft on the page, from what is known here (no call to the vault)."""
        if not self.session.is_open:
            return EVERYONE
        chosen = self.header.chosen_audience()
        return resolve_audience(self._audiences, self.header.recipients.recipients(), chosen)

    def start(self) -> None:
        """Open the latest draft, or a fresh one."""
        library = self.app.library

        def latest() -> Draft:
            drafts = library.drafts()
            return drafts[0] if drafts else library.new()

        self.bridge.run(latest, self.session.open)

    def new_draft(
        self, kind: Kind = Kind.EMAIL, reply_to: ReplyContext | None = None, to: str = "", subject: str = ""
    ) -> None:
        """A fresh draft on the page."""
        library = self.app.library
        people = (to,) if to else ()
        self.bridge.run(lambda: library.new(kind, reply_to, people, subject), self._open_fresh)

    def _open_fresh(self, draft: Draft) -> None:
        self.session.open(draft)
        if draft.reply_to is not None or draft.recipients or draft.kind is not Kind.EMAIL:
            self.edit.setFocus()
        else:
            self.header.recipients.setFocus()

    def open_draft(self, draft_id: str) -> None:
        """The draft of this id on the page."""
        self.back_to_page()
        if self.session.is_open and self.session.draft().id == draft_id:
            self.edit.setFocus()
            return
        library = self.app.library
        self.session.leave()
        self.bridge.run(lambda: library.draft(draft_id), self._open_found)

    def _open_found(self, draft: Draft | None) -> None:
        if draft is None:
            self.say(self.tr("This draft is no longer there."))
            self.library.reload()
            return
        self.session.open(draft)
        self.edit.setFocus()

    def delete_draft(self, draft_id: str) -> None:
        """Delete it; the message that says so can bring it back."""
        library = self.app.library
        here = self.session.is_open and self.session.draft().id == draft_id
        kept = self.session.draft() if here else None
        self.session.close_deleted(draft_id)

        def work() -> Draft | None:
            gone = kept or library.draft(draft_id)
            library.delete(draft_id)
            return gone

        def done(gone: Draft | None) -> None:
            self.library.forget_draft(draft_id)
            if here:
                self.start()
            if gone is not None:
                self.toast.say(
                    self.tr("“{0}” was deleted.").format(gone.label), self.tr("Undo"), lambda: self._restore(gone)
                )

        self.bridge.run(work, done)

    def insert_snippet(self, snippet_id: str) -> None:
        """Put a snippet into the text on the page."""
        self.back_to_page()
        self.snippeting.insert(snippet_id)

    def _snippet_removed(self, name: str) -> None:
        self.toast.say(self.tr("“{0}” was deleted.").format(name), self.tr("Undo"), self.snippeting.bring_back)

    def _action_removed(self, name: str) -> None:
        self.toast.say(self.tr("“{0}” was deleted.").format(name), self.tr("Undo"), self.acting.bring_back)

    def drop_draft_to(self, address: str) -> None:
        """A person is about to be forgotten: a draft to them that is on the page is not saved again."""
        if self.session.is_open and address in map(address_of, self.session.draft().recipients):
            self.session.close_deleted(self.session.draft().id)
            self.edit.set_text("", 0)

    def _restore(self, draft: Draft) -> None:
        library = self.app.library
        self.bridge.run(lambda: library.save(draft), lambda _: self._restored(draft))

    def _restored(self, draft: Draft) -> None:
        self.library.reload()
        self.session.open(draft)

    def show_document(self, document_id: str) -> None:
        """Read a document of the history in the place of the page."""
        library = self.app.library
        self.bridge.run(lambda: library.document(document_id), self._show_found)

    def _show_found(self, document: Document | None) -> None:
        if document is None:
            self.say(self.tr("This document is no longer there."))
            return
        self.reader.show_document(document)
        self.center.setCurrentIndex(1)

    def back_to_page(self) -> None:
        """From the reader to the draft."""
        if self.center.currentIndex() != 0:
            self.center.setCurrentIndex(0)
            self.edit.setFocus()

    def _forget_document(self, document_id: str) -> None:
        library = self.app.library

        def done(_: object) -> None:
            self.back_to_page()
            self.library.reload()
            self.refresh_counts()
            self.say(self.tr("It was forgotten, with everything derived from it."))

        self.bridge.run(lambda: library.forget(document_id), done)

    def refresh(self) -> None:
        """Everything that comes from the vault, anew."""
        self.library.reload()
        self.snippeting.reload()
        self.acting.reload()
        library = self.app.library
        self.bridge.run(
            lambda: (library.audiences(), known_people(library.drafts(), library.documents())), self._people
        )
        self.refresh_counts()

    def _people(self, found: tuple[list[Audience], list[str]]) -> None:
        self._audiences, people = found
        self.header.set_audiences(self._audiences)
        self.header.recipients.set_known(people)
        self.style_panel.set_audiences(self._audiences)
        self.style_panel.show_audience(self.current_audience())

    def refresh_counts(self) -> None:
        """The figures of the status line."""
        learning, privacy = self.app.learning, self.app.privacy

        def work() -> tuple[int, int]:
            return privacy.state().documents, sum(item.enabled for item in learning.preferences())

        self.bridge.run(work, self._counted)

    def _counted(self, counts: tuple[int, int]) -> None:
        self._counts = counts
        self.status.show_counts(*counts)

    def fetch_model_name(self) -> None:
        """Which model completes."""
        models = self.app.models
        self.bridge.run(lambda: models.chosen("completion").stem, self.status.show_model)

    # ------------------------------------------------------------------------------------------------------ signals

    def _opened(self, draft: Draft) -> None:
        self.back_to_page()
        self.library.show_draft(draft)
        self._name_window()
        self.style_panel.show_audience(self.current_audience())

    def _name_window(self) -> None:
        self.setWindowTitle(self.tr("{0} – Ownhand").format(self.session.draft().label))

    def _audience_may_differ(self) -> None:
        if self.current_audience() != self.style_panel.audience:
            self.style_panel.show_audience(self.current_audience())

    def _group_made(self, audience: str) -> None:
        library = self.app.library

        def found(audiences: list[Audience]) -> None:
            self._audiences = audiences
            self.header.set_audiences(audiences)
            self.style_panel.set_audiences(audiences)
            self.header.choose_audience(audience)

        self.bridge.run(library.audiences, found)

    def _learned(self, preferences: list[Preference]) -> None:
        learning = self.app.learning
        first = learning.statement(preferences[0])
        more = len(preferences) - 1
        text = self.tr("Learned: {0}").format(first) + (self.tr(" And {0} more.").format(more) if more else "")
        self.toast.say(text, self.tr("Show"), self._show_learned)
        self.refresh_counts()

    def _show_learned(self) -> None:
        self.settings_wanted.emit("learned")

    def _suggestion_shown(self, suggestion: Suggestion | None) -> None:
        self.why.show_suggestion(suggestion)

    def _show_suggest(self) -> None:
        self.tabs.setCurrentIndex(SUGGEST)
        self.tabs.show()

    def _show_why(self) -> None:
        self.tabs.setCurrentIndex(WHY)

    def _status(self, event: StatusEvent) -> None:
        self.status.show_event(event)
        if event.source == "history" and event.state == "counted":
            self.refresh_counts()
            self.style_panel.reload()
        elif event.state == "model failed":
            self.toast.say(event.sentence, self.tr("Use the built-in model"), self._use_builtin, stay=True)
        elif event.state == "failed" and event.source == "engine":
            self.toast.say(event.sentence, self.tr("Start it again"), self._start_again, stay=True)
        elif event.source == "download" and event.state == "installed":
            self.toast.say(event.sentence, self.tr("Models"), self._show_models, stay=True)
        elif event.state in {"failed", "restarted"} and event.sentence:
            # What went wrong at the start may come when nobody looks yet; it stays until it is closed.
            self.toast.say(event.sentence, stay=event.source == "models")

    def _show_models(self) -> None:
        self.settings_wanted.emit("models")

    def _use_builtin(self) -> None:
        self.bridge.run_long(self.app.models.use_builtin, lambda _: self.say(self.tr("The built-in model writes now.")))

    def _start_again(self) -> None:
        self.bridge.run_long(self.app.models.start_again)

    def _setting_changed(self, key: str) -> None:
        if key == FONT_SIZE.key:
            self._paint()
        elif key == THEME.key:
            self.theme.follow(self.app.settings.get(THEME))
        elif key == COMPLETION_MODEL.key:
            self.fetch_model_name()

    def _failed(self, sentence: str, _failure: object) -> None:
        self.say(sentence)

    def say(self, sentence: str) -> None:
        """Tell the person something, without stopping them."""
        self.toast.say(sentence)

    def _paint(self) -> None:
        font = QFont(QGuiApplication.font())
        font.setPointSizeF(float(self.app.settings.get(FONT_SIZE)))
        self.edit.set_font(font)
        self.reader.set_font(font)
        self.edit.set_ghost_color(self.theme.tokens.ghost)
        self._align()

    def _align(self) -> None:
        margins = self.edit.viewportMargins()
        self.header.set_margins(max(16, margins.left()), max(16, margins.left()))

    # ------------------------------------------------------------------------------------------------------- events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            # Qt's text fields keep Ctrl+K and Ctrl+D for deleting; here they are the palette and Draft.
            if event.modifiers() == Qt.KeyboardModifier.ControlModifier and event.key() in (Qt.Key.Key_K, Qt.Key.Key_D):
                event.ignore()
                return True
        elif event.type() == QEvent.Type.Resize and watched is self.edit:
            QTimer.singleShot(0, self, self._align)
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(readable(path) for path in paths_of(event)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = next((path for path in paths_of(event) if readable(path)), None)
        if path is not None:
            event.acceptProposedAction()
            self.deeds.reply_to_file(path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.toast.isVisible():
            self.toast.place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.session.save()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.suggesting.discard()
        self.session.settle()
        self.session.save_now()
        self.closing.emit()
        super().closeEvent(event)

    def open_palette(self) -> None:
        """Everything that can be done, by a few letters."""
        shown = [command for command in self.commands if command.text] + self.deeds.own_commands()
        palette = Palette(self.theme, shown, self)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.open_over(self)

    def find_command(self, text: str) -> Command:
        """The command of that text.  Raises KeyError."""
        for command in self.commands:
            if command.text == text:
                return command
        raise KeyError(text)


def paths_of(event: QDropEvent) -> list[Path]:
    """The local files of a drop."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


def readable(path: Path) -> bool:
    """Whether it can be replied to."""
    return path.suffix.lower() in READABLE and path.is_file()
