"""Snippets in the window: putting one into the text, making one from the selection, changing and deleting them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ownhand.domain.snippets import LONGEST_NAME, Filled, Snippet
from ownhand.ui.bridge import Bridge, sentence_of
from ownhand.ui.contract import Snippets
from ownhand.ui.editor import WritingEdit
from ownhand.ui.session import Session
from ownhand.ui.widgets import column, label, row
from ownhand.ui.windows import NamedText


class SnippetDialog(NamedText):
    """Name and text of a snippet."""

    def __init__(self, snippet: Snippet | None, text: str, parent: QWidget) -> None:
        known = snippet or Snippet("", "", text)
        title = self.tr("New snippet") if snippet is None else self.tr("Snippet")
        super().__init__(parent, title, known.name, known.text, LONGEST_NAME)
        self.resize(480, 400)
        self.name.setPlaceholderText(self.tr("A short name, such as: ofr"))
        name_label, text_label = label(self.tr("Name")), label(self.tr("Text"))
        name_label.setBuddy(self.name)
        text_label.setBuddy(self.text)
        self.setLayout(
            column(
                name_label,
                self.name,
                label(
                    self.tr("Type a name that is no word into a text, then Tab, and the snippet takes its place."),
                    quiet=True,
                    wrap=True,
                    size=0.92,
                ),
                6,
                text_label,
                self.text,
                label(
                    self.tr(
                        "{name} becomes the recipient's first name, {date} today as you write it, {me} your own name; "
                        "{cursor} is where you go on. Any other word in braces waits for you to fill it, with Tab."
                    ),
                    quiet=True,
                    wrap=True,
                    size=0.92,
                ),
                self.trouble,
                row(None, self.cancel, self.save),
                margins=(22, 18, 22, 18),
                gap=6,
                stretch=5,
            )
        )
        (self.name if not self.name.text() else self.text).setFocus()


class Snippeting(QObject):
    """Opens the dialog and carries out what was decided in it.

    Signals:
        changed: the snippets are others now.
        removed: one was deleted; carries its name.
    """

    changed = Signal()
    removed = Signal(str)

    def __init__(
        self, snippets: Snippets, edit: WritingEdit, session: Session, bridge: Bridge, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._snippets, self._edit, self._session, self._bridge = snippets, edit, session, bridge
        self._over = parent
        self._gone: Snippet | None = None
        self.known: list[Snippet] = []
        """As they were when they were last asked for."""
        self.changed.connect(self.reload)

    def reload(self) -> None:
        """Fetch them anew, in the background."""
        self._bridge.run(self._snippets.all, self._loaded)

    def _loaded(self, found: list[Snippet]) -> None:
        self.known = found

    def _find(self, snippet_id: str) -> Snippet | None:
        return next((snippet for snippet in self.known if snippet.id == snippet_id), None)

    # ----------------------------------------------------------------------------------------------------- inserting

    def insert(self, snippet_id: str) -> None:
        """Put one in at the caret, or in the place of the selection, and walk through what is to be filled in."""
        snippet, snippets = self._find(snippet_id), self._snippets
        if snippet is None or not self._session.is_open:
            return
        found, draft = snippet, self._session.draft()
        self._bridge.run(lambda: (draft.id, snippets.fill(found, draft.recipients)), self._put_in)

    def _put_in(self, answer: tuple[str, Filled]) -> None:
        draft_id, filled = answer
        if not self._session.is_open or self._session.draft().id != draft_id:
            return  # another draft was opened meanwhile
        place = self._edit.place()
        start, end = place.selection or (len(place.prefix), len(place.prefix))
        self._edit.setFocus()
        self._edit.put_in(filled.text, start, end, filled.stops)

    # ------------------------------------------------------------------------------------------------------ changing

    def new(self) -> None:
        """Ask for a new one, with the selected text in it."""
        place = self._edit.place()
        selected = self._edit.text()[slice(*place.selection)] if place.selection is not None else ""
        self._open(None, selected)

    def change(self, snippet_id: str) -> None:
        """Ask for changes of one; for a new one where there is none of this id."""
        snippet = self._find(snippet_id)
        if snippet is None:
            self.new()
        else:
            self._open(snippet, "")

    def _open(self, snippet: Snippet | None, text: str) -> None:
        dialog = SnippetDialog(snippet, text, self._over)
        dialog.finished.connect(dialog.deleteLater)
        snippets, bridge = self._snippets, self._bridge
        known = snippet.id if snippet is not None else ""

        def save() -> None:
            name, inside = dialog.name.text(), dialog.text.toPlainText()
            bridge.run(lambda: snippets.save(name, inside, known), saved, refused)

        def saved(_: Snippet) -> None:
            dialog.accept()
            self.changed.emit()

        def refused(failure: Exception) -> None:
            dialog.refuse(sentence_of(failure))

        dialog.save_wanted.connect(save)
        dialog.open()

    def remove(self, snippet_id: str) -> None:
        """Delete one; it can be brought back as long as the message about it stands."""
        snippet, snippets = self._find(snippet_id), self._snippets
        if snippet is None:
            return
        self._gone = snippet
        self._bridge.run(lambda: snippets.remove(snippet_id), self._removed)

    def _removed(self, _: None) -> None:
        self.changed.emit()
        if self._gone is not None:
            self.removed.emit(self._gone.name)

    def bring_back(self) -> None:
        """Undo the last deletion."""
        gone, snippets = self._gone, self._snippets
        if gone is not None:
            self._gone = None
            self._bridge.run(lambda: snippets.save(gone.name, gone.text, gone.id), self._brought_back)

    def _brought_back(self, _: Snippet) -> None:
        self.changed.emit()
