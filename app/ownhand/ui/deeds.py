"""What the person can do in the window, beyond typing: the commands behind menu, shortcuts and palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from ownhand.domain.actions import ACTIONS, Action, Scope
from ownhand.domain.corpus import Kind, ReplyContext
from ownhand.settings import FONT_SIZE, THEME
from ownhand.ui.commands import Command
from ownhand.ui.review import State
from ownhand.ui.windows import PasteDialog

if TYPE_CHECKING:
    from ownhand.ui.window import MainWindow

SAVE_FILTERS = "Markdown (*.md);;Text (*.txt);;E-mail (*.eml)"


class Deeds(QObject):
    """Carries out the commands of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # -------------------------------------------------------------------------------------------------------- table

    def commands(self) -> list[Command]:
        """All of them, in the order of the menu."""
        window = self._window
        writing, text, view = self.tr("Write"), self.tr("Text"), self.tr("View")
        quit_keys = "Ctrl+Q"
        table = [
            Command(self.tr("New e-mail"), self._new(Kind.EMAIL), "Ctrl+N", writing),
            Command(self.tr("New note"), self._new(Kind.NOTE), "Ctrl+Shift+N", writing),
            Command(self.tr("New article"), self._new(Kind.ARTICLE), "", writing),
            Command(self.tr("Reply to text…"), self.reply_to_text, "Ctrl+Shift+V", writing),
            Command(self.tr("Reply to file…"), self.ask_for_message, "Ctrl+O", writing),
            Command(self.tr("Save as…"), self.save_as, "Ctrl+S", writing),
            Command(self.tr("Copy the whole text"), self.copy, "Ctrl+Shift+C", writing),
            Command(self.tr("Send with the mail program"), self.send, "Ctrl+Shift+Return", writing),
            Command(self.tr("New snippet…"), window.snippeting.new, "", writing),
            Command(self.tr("Delete this draft"), self.delete, "", writing),
        ]
        table += [self._action_command(action, text) for action in ACTIONS if action.id != "custom"]
        table += [
            Command(self.tr("Accept the suggestion"), window.suggesting.accept, "Ctrl+Shift+A", text),
            Command(self.tr("Discard the suggestion"), self.discard, "Ctrl+Shift+D", text),
            Command(self.tr("New action…"), window.acting.new, "", text),
            Command(self.tr("Next change"), self._next_change, "F7"),
            Command(self.tr("Previous change"), self._previous_change, "Shift+F7"),
            Command(self.tr("Undo"), window.edit.undo),
            Command(self.tr("Redo"), window.edit.redo),
            Command(self.tr("Search drafts and history"), self._search, "Ctrl+F", view),
            Command(self.tr("Give an instruction"), self._instruct, "Ctrl+J", view),
            Command(self.tr("Hide or show the library"), self._toggle(window.library), "F9", view),
            Command(self.tr("Hide or show the suggestions"), self._toggle(window.tabs), "F10", view),
            Command(self.tr("Next pane"), self._next_pane, "F6"),
            Command(self.tr("Previous pane"), self._previous_pane, "Shift+F6"),
            Command(self.tr("Larger text"), self._larger, "Ctrl++", view),
            Command(self.tr("Smaller text"), self._smaller, "Ctrl+-", view),
            Command(self.tr("Light appearance"), self._appearance("light")),
            Command(self.tr("Dark appearance"), self._appearance("dark")),
            Command(self.tr("Appearance of the system"), self._appearance("system")),
            Command(self.tr("Add writing to learn from…"), window.import_wanted.emit, "Ctrl+I", self.tr("Ownhand")),
            Command(self.tr("Commands…"), window.open_palette, "Ctrl+K", self.tr("Ownhand")),
            Command(self.tr("Settings…"), self._settings, "Ctrl+,", self.tr("Ownhand")),
            Command(self.tr("How it is going"), self._progress, "", self.tr("Ownhand")),
            Command(self.tr("Lock"), window.lock_wanted.emit, "Ctrl+Alt+L", self.tr("Ownhand")),
            Command(self.tr("Quit"), self._quit, quit_keys, self.tr("Ownhand")),
        ]
        return table

    def own_commands(self) -> list[Command]:
        """What the person made themselves, for the palette."""
        window = self._window
        insert = self.tr("Insert snippet: {0}")
        table = [
            Command(
                self.tr("{0}: {1}").format(own.name, " ".join(own.instruction.split())[:60]),
                partial(window.suggesting.ask_own, own),
            )
            for own in window.acting.known
        ]
        table += [
            Command(insert.format(snippet.name), partial(window.insert_snippet, snippet.id))
            for snippet in window.snippeting.known
        ]
        change = self.tr("Change the action {0}…")
        table += [
            Command(change.format(own.name), partial(window.acting.change, own.id)) for own in window.acting.known
        ]
        return table

    def menu(self) -> QMenu:
        """The menu, made from the table when it is opened."""
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        groups: dict[str, QMenu] = {}
        for command in self._window.commands:
            if not command.group:
                continue
            last = command.group == self.tr("Ownhand")
            if last and not groups.get(command.group):
                menu.addSeparator()
                groups[command.group] = menu
            if command.group not in groups:
                groups[command.group] = menu.addMenu(command.group)
            entry = groups[command.group].addAction(command.text)
            if command.shortcut:
                entry.setShortcut(command.shortcut)
                entry.setShortcutVisibleInContextMenu(True)
            entry.triggered.connect(_without_argument(command.do))
        return menu

    def _action_command(self, action: Action, group: str) -> Command:
        window = self._window

        def ask() -> None:
            window.suggesting.ask(action.id, window.review.instruction.text())

        text = self.tr("{0}: {1}").format(action.label, action.hint[:1].lower() + action.hint[1:])
        return Command(text, ask, action.shortcut, group)

    def _new(self, kind: Kind) -> Callable[[], None]:
        return lambda: self._window.new_draft(kind)

    def _toggle(self, pane: QWidget) -> Callable[[], None]:
        return lambda: pane.setVisible(not pane.isVisible())

    def _appearance(self, choice: str) -> Callable[[], None]:
        settings, bridge = self._window.app.settings, self._window.bridge
        return lambda: bridge.run(lambda: settings.set(THEME, choice))

    # --------------------------------------------------------------------------------------------------------- deeds

    def suggest_subject(self) -> None:
        """Ask for a subject line."""
        self._window.suggesting.ask(next(action.id for action in ACTIONS if action.scope is Scope.SUBJECT))

    def reply_to_file(self, path: Path) -> None:
        """A dropped message or text becomes what a new draft answers; an untouched e-mail takes it itself."""
        library = self._window.app.library
        self._window.bridge.run(lambda: library.read_message(path), self._reply_to_message)

    def _reply_to_message(self, message: tuple[str, str, str, str]) -> None:
        name, address, subject, text = message
        to = f"{name} <{address}>" if name and address else address or name
        about = subject if subject.lower().startswith("re:") or not subject else f"Re: {subject}"
        self._reply(ReplyContext(text, name or address), to, about)

    def _reply(self, message: ReplyContext, to: str = "", subject: str = "") -> None:
        window = self._window
        if window.session.is_open:
            draft = window.session.draft()
            if draft.kind is Kind.EMAIL and not draft.text.strip() and draft.reply_to is None and not draft.subject:
                window.header.set_reply(message)
                if to:
                    window.header.recipients.set_recipients((to,))
                if subject:
                    window.header.set_subject(subject)
                window.edit.setFocus()
                return
        window.new_draft(Kind.EMAIL, message, to, subject)

    def ask_for_message(self) -> None:
        """Choose a message to reply to."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Reply to"), "", self.tr("Messages and text (*.eml *.txt *.md)")
        )
        if chosen:
            self.reply_to_file(Path(chosen))

    def reply_to_text(self) -> None:
        """Paste a message to reply to."""
        dialog = PasteDialog(self._window, QGuiApplication.clipboard().text())
        if dialog.exec() and dialog.text().strip():
            self._reply(ReplyContext(dialog.text().strip(), dialog.who()))
        dialog.setParent(None)

    def save_as(self) -> None:
        """Choose a file and save the draft in it."""
        draft = self._window.session.draft()
        name = "".join(ch if ch.isalnum() or ch in " -_" else "-" for ch in draft.label)[:60].strip() or "draft"
        chosen, kind = QFileDialog.getSaveFileName(self._window, self.tr("Save as"), f"{name}.md", SAVE_FILTERS)
        if chosen:
            path = Path(chosen)
            self.save_to(path if path.suffix else path.with_suffix(kind.partition("*")[2].rstrip(")")))

    def save_to(self, path: Path) -> None:
        """Save the draft as it stands into a file of that kind."""
        window, library = self._window, self._window.app.library
        draft = window.session.draft()
        window.session.settle()
        saved = self.tr("Saved as {0}.").format(path.name)

        def done(_: None) -> None:
            window.say(saved)

        window.bridge.run(lambda: library.export_draft(draft, path), done)

    def copy(self) -> None:
        """The whole text, onto the clipboard."""
        window = self._window
        QGuiApplication.clipboard().setText(window.session.draft().text)
        window.session.settle()
        window.say(self.tr("Copied."))

    def send(self) -> None:
        """Hand the draft to the mail program; sending it is done there."""
        window, library = self._window, self._window.app.library
        draft = window.session.draft()
        window.session.settle()
        window.session.save()

        def address() -> str:
            link = library.mail_link(draft)
            return link or QUrl.fromLocalFile(str(library.unsent_eml(draft))).toString()

        window.bridge.run(address, self._open_mail)

    def _open_mail(self, address: str) -> None:
        if QDesktopServices.openUrl(QUrl(address)):
            self._window.say(self.tr("Your mail program has it now."))
        else:
            self._window.toast.say(
                self.tr("No mail program answered. Copy the text instead, or save it as .eml."),
                self.tr("Copy"),
                self.copy,
            )

    def delete(self) -> None:
        """Delete the draft on the page."""
        if self._window.session.is_open:
            self._window.delete_draft(self._window.session.draft().id)

    def discard(self) -> None:
        """Stop, or put away the suggestion."""
        if self._window.review.state is State.STREAMING:
            self._window.suggesting.stop()
        else:
            self._window.suggesting.reject()
        self._window.edit.setFocus()

    def _next_change(self) -> None:
        self._window.review.view.go(1)

    def _previous_change(self) -> None:
        self._window.review.view.go(-1)

    def _search(self) -> None:
        self._window.library.show()
        self._window.library.search.setFocus()
        self._window.library.search.selectAll()

    def _instruct(self) -> None:
        self._window.tabs.show()
        self._window.tabs.setCurrentIndex(0)
        self._window.review.instruction.setFocus()

    def _larger(self) -> None:
        self._resize_text(1)

    def _smaller(self) -> None:
        self._resize_text(-1)

    def _resize_text(self, step: int) -> None:
        settings = self._window.app.settings
        size = max(FONT_SIZE.low, min(FONT_SIZE.high, settings.get(FONT_SIZE) + step))
        self._window.bridge.run(lambda: settings.set(FONT_SIZE, size))

    def _settings(self) -> None:
        self._window.settings_wanted.emit("style")

    def _progress(self) -> None:
        self._window.settings_wanted.emit("progress")

    def _quit(self) -> None:
        self._window.close()

    # -------------------------------------------------------------------------------------------------------- panes

    def _next_pane(self) -> None:
        self._cycle(1)

    def _previous_pane(self) -> None:
        self._cycle(-1)

    def _cycle(self, step: int) -> None:
        window = self._window
        page = window.edit if window.center.currentIndex() == 0 else window.reader
        panel = window.review.view if window.review.state is State.READY else window.review.instruction
        tab = window.tabs.currentWidget()
        last = panel if tab is window.review else window.tabs.tabBar()
        panes = [(window.library, window.library.list), (window.center, page), (window.tabs, last)]
        visible = [(pane, entry) for pane, entry in panes if pane.isVisible()]
        focus = QApplication.focusWidget()
        here = next((i for i, (pane, _) in enumerate(visible) if focus is not None and pane.isAncestorOf(focus)), -step)
        visible[(here + step) % len(visible)][1].setFocus()


def _without_argument(do: Callable[[], None]) -> Callable[[bool], None]:
    def triggered(_checked: bool) -> None:
        do()

    return triggered
