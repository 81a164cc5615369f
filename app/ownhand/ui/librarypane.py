"""The left pane: search, drafts, the history with its sources, and snippets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListView, QMenu, QToolButton, QWidget

from ownhand.domain.corpus import Document, Hit, Kind, Source
from ownhand.domain.draft import Draft
from ownhand.domain.snippets import Snippet
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import Library, Snippets
from ownhand.ui.shelf import Row, RowKind, RowPainter, Rows, ago
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import button, column, keep_painted, row, timer, tool

SEARCH_MS = 120
DOCUMENTS = 200
KIND_ICON = {Kind.EMAIL: "mail", Kind.NOTE: "note", Kind.ARTICLE: "article"}


class LibraryPane(QWidget):
    """Lists what there is to open.

    Signals:
        new_wanted: a fresh draft of a kind.
        draft_wanted: open the draft of this id.
        delete_wanted: delete the draft of this id.
        document_wanted: show the document of this id.
        import_wanted: bring writing into the history.
        snippet_wanted: put the snippet of this id into the text.
        snippet_edit_wanted: change the snippet of this id; '' for a new one.
        snippet_delete_wanted: delete the snippet of this id.
    """

    new_wanted = Signal(object)
    draft_wanted = Signal(str)
    delete_wanted = Signal(str)
    document_wanted = Signal(str)
    import_wanted = Signal()
    snippet_wanted = Signal(str)
    snippet_edit_wanted = Signal(str)
    snippet_delete_wanted = Signal(str)

    def __init__(
        self, theme: Theme, library: Library, snippets: Snippets, bridge: Bridge, menu: Callable[[], QMenu]
    ) -> None:
        super().__init__()
        self.setObjectName("Sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._library, self._snippets, self._bridge = library, snippets, bridge
        self._kept: list[Snippet] = []
        self._drafts: list[Draft] = []
        self._sources: list[Source] = []
        self._documents: list[Document] = []
        self._source: Source | None = None
        self._hits: list[Hit] | None = None
        self._asked = ""
        self._questions = self._answered = 0
        """Numbers of the latest question and of the latest that was answered or given up."""
        self._open_draft = ""

        self.search = QLineEdit()
        self.search.setObjectName("Search")
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search drafts and history"))
        self.search.setClearButtonEnabled(True)
        magnifier = self.search.addAction(theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        keep_painted(theme, self.search, lambda: magnifier.setIcon(theme.icon("search")))
        self._menu_button = tool(theme, "menu", self.tr("Menu"))
        self._menu_button.clicked.connect(self._open_menu)
        self._menu = menu
        self._new = tool(theme, "plus", self.tr("New"))
        self._new.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        kinds = QMenu(self._new)
        for kind, text in (
            (Kind.EMAIL, self.tr("E-mail")),
            (Kind.NOTE, self.tr("Note")),
            (Kind.ARTICLE, self.tr("Article")),
        ):
            kinds.addAction(text).setData(kind)
        kinds.triggered.connect(self._new_chosen)
        self._new.setMenu(kinds)

        self._rows = Rows(self)
        self.list = QListView()
        self.list.setAccessibleName(self.tr("Drafts and history"))
        self.list.setModel(self._rows)
        self.list.setItemDelegate(RowPainter(theme, self.list))
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._context)
        self.list.clicked.connect(self._chosen)
        self.list.activated.connect(self._chosen)
        keep_painted(theme, self.list, self.list.viewport().update)
        bring = button(self.tr("Add writing…"), flat=True, hint=self.tr("Learn from mail, folders and files"))
        keep_painted(theme, bring, lambda: bring.setIcon(theme.icon("import")))
        bring.clicked.connect(self.import_wanted)
        top = row(self._menu_button, self.search, self._new, margins=(10, 10, 10, 4), gap=4)
        self.setLayout(column(top, self.list, row(bring, None, margins=(10, 4, 10, 8)), gap=2, stretch=1))

        self._timer = timer(self, "search", SEARCH_MS)
        self._timer.timeout.connect(self._search)
        self.search.textChanged.connect(self._search_typed)
        self.search.returnPressed.connect(self._focus_list)

    # ---------------------------------------------------------------------------------------------------- contents

    def reload(self) -> None:
        """Fetch drafts, sources and snippets anew, in the background."""
        library, snippets = self._library, self._snippets
        self._bridge.run(lambda: (library.drafts(), library.sources(), snippets.all()), self._loaded)

    def show_draft(self, draft: Draft) -> None:
        """Put the draft on the page at the top of its list, without asking the vault."""
        if draft.id != self._open_draft:
            # A fresh page that stayed empty was never saved, and is not worth a row.
            self._drafts = [
                item for item in self._drafts if item.text or item.subject or item.recipients or item.reply_to
            ]
        self._open_draft = draft.id
        known = [item for item in self._drafts if item.id != draft.id]
        fresh = not any(item.id == draft.id for item in self._drafts)
        place = 0 if fresh else next(i for i, item in enumerate(self._drafts) if item.id == draft.id)
        known.insert(place, draft)
        self._drafts = known
        self._show()

    def _loaded(self, found: tuple[list[Draft], list[Source], list[Snippet]]) -> None:
        drafts, self._sources, self._kept = found
        unsaved = [item for item in self._drafts if item.id == self._open_draft]
        if unsaved and not any(item.id == self._open_draft for item in drafts):
            drafts = unsaved + drafts
        self._drafts = drafts
        if self._source is not None and not any(item.id == self._source.id for item in self._sources):
            self._source = None
        self._show()

    def forget_draft(self, draft_id: str) -> None:
        """It is gone."""
        self._drafts = [draft for draft in self._drafts if draft.id != draft_id]
        self._show()

    def _show(self) -> None:
        if self._hits is not None:
            rows = self._found_rows(self._hits)
        elif self._source is not None:
            rows = self._document_rows(self._source)
        else:
            rows = self._shelf_rows()
        self._rows.show_rows(rows)
        here = self._rows.index_of(RowKind.DRAFT, self._open_draft)
        if here.isValid():
            self.list.setCurrentIndex(here)

    def _shelf_rows(self) -> list[Row]:
        rows = [Row(RowKind.HEADING, self.tr("Drafts"))]
        rows += [self._draft_row(draft) for draft in self._drafts]
        rows.append(Row(RowKind.HEADING, self.tr("History")))
        for source in self._sources:
            icon = "mailbox" if source.kind in {"mbox", "maildir", "mail"} else "folder"
            count = f"{source.documents:,}" if source.documents else ""
            rows.append(Row(RowKind.SOURCE, Path(source.path).name or source.path, "", count, str(source.id), icon))
        if not self._sources:
            text = self.tr("Nothing yet. Add mail or documents you wrote, and Ownhand learns your hand.")
            rows.append(Row(RowKind.NOTE, text))
        rows.append(Row(RowKind.HEADING, self.tr("Snippets")))
        rows += [self._snippet_row(snippet) for snippet in self._kept]
        rows.append(Row(RowKind.NEW_SNIPPET, self.tr("New snippet…"), icon="plus"))
        return rows

    def _snippet_row(self, snippet: Snippet) -> Row:
        return Row(RowKind.SNIPPET, snippet.name, " ".join(snippet.text.split())[:160], "", snippet.id, "snippet")

    def _draft_row(self, draft: Draft) -> Row:
        first = next((line for line in draft.text.splitlines() if line.strip()), "")
        second = draft.recipients[0].split("<")[0].strip() if draft.recipients else first
        return Row(RowKind.DRAFT, draft.label, second, ago(draft.updated_at), draft.id, KIND_ICON[draft.kind])

    def _document_rows(self, source: Source) -> list[Row]:
        rows = [Row(RowKind.BACK, self.tr("All"), "", "", "", "left"), Row(RowKind.HEADING, Path(source.path).name)]
        for document in self._documents:
            title = document.title or " ".join(document.text.split())[:80]
            snippet = " ".join(document.text.split())[:160]
            rows.append(Row(RowKind.DOCUMENT, title, snippet, ago(document.written_at), document.id))
        return rows

    def _found_rows(self, hits: list[Hit]) -> list[Row]:
        wanted = self._asked.lower()
        drafts = [draft for draft in self._drafts if wanted in f"{draft.subject}\n{draft.text}".lower()]
        rows: list[Row] = []
        if drafts:
            rows.append(Row(RowKind.HEADING, self.tr("Drafts")))
            rows += [self._draft_row(draft) for draft in drafts]
        snippets = [snippet for snippet in self._kept if wanted in f"{snippet.name}\n{snippet.text}".lower()]
        if snippets:
            rows.append(Row(RowKind.HEADING, self.tr("Snippets")))
            rows += [self._snippet_row(snippet) for snippet in snippets]
        if hits:
            rows.append(Row(RowKind.HEADING, self.tr("History")))
            seen: set[str] = set()
            for hit in hits:
                passage = hit.passage
                if passage.document_id in seen:
                    continue
                seen.add(passage.document_id)
                snippet = " ".join(passage.text.split())
                at = max(0, snippet.lower().find(wanted.split()[0] if wanted.split() else "") - 20)
                title = passage.title or snippet[:60]
                rows.append(
                    Row(RowKind.DOCUMENT, title, snippet[at : at + 160], ago(passage.written_at), passage.document_id)
                )
        if not rows:
            rows.append(Row(RowKind.NOTE, self.tr("Nothing found.")))
        return rows

    # ------------------------------------------------------------------------------------------------------ search

    def _search_typed(self, text: str) -> None:
        if text.strip():
            if not self._timer.isActive():  # not put off by the next key: the list follows while one types
                self._timer.start()
        else:
            self._timer.stop()
            self._hits, self._asked, self._answered = None, "", self._questions
            self._show()

    def _search(self) -> None:
        library, text = self._library, self.search.text()
        self._questions += 1
        number = self._questions
        self._bridge.run(lambda: (number, text, library.search(text, 40, typing=True)), self._found)

    def _found(self, answer: tuple[int, str, list[Hit]]) -> None:
        number, text, hits = answer
        if number > self._answered:  # not overtaken by a later one, nor the box emptied
            self._answered, self._asked, self._hits = number, text.strip(), hits
            self._show()

    # ------------------------------------------------------------------------------------------------------ events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self._focus_list()
        elif event.key() == Qt.Key.Key_Delete and self.list.hasFocus():
            shown = self._rows.row_at(self.list.currentIndex())
            if shown is not None and shown.kind is RowKind.DRAFT:
                self.delete_wanted.emit(shown.key)
            elif shown is not None and shown.kind is RowKind.SNIPPET:
                self.snippet_delete_wanted.emit(shown.key)
        else:
            super().keyPressEvent(event)

    def _focus_list(self) -> None:
        self.list.setFocus()
        for number in range(self._rows.rowCount()):
            index = self._rows.index(number)
            if self._rows.flags(index) & Qt.ItemFlag.ItemIsSelectable:
                self.list.setCurrentIndex(index)
                return

    def _chosen(self, index: QModelIndex) -> None:
        shown = self._rows.row_at(index)
        if shown is None:
            return
        if shown.kind is RowKind.DRAFT:
            self.draft_wanted.emit(shown.key)
        elif shown.kind is RowKind.DOCUMENT:
            self.document_wanted.emit(shown.key)
        elif shown.kind is RowKind.SNIPPET:
            self.snippet_wanted.emit(shown.key)
        elif shown.kind is RowKind.NEW_SNIPPET:
            self.snippet_edit_wanted.emit("")
        elif shown.kind is RowKind.BACK:
            self._source = None
            self._show()
        elif shown.kind is RowKind.SOURCE:
            self._open_source(int(shown.key))

    def _open_source(self, source_id: int) -> None:
        self._source = next((item for item in self._sources if item.id == source_id), None)
        library = self._library
        self._bridge.run(lambda: (source_id, library.documents(source_id, DOCUMENTS)), self._listed)

    def _listed(self, answer: tuple[int, list[Document]]) -> None:
        source_id, documents = answer
        if self._source is not None and self._source.id == source_id:
            self._documents = documents
            self._show()

    def _context(self, where: QPoint) -> None:
        shown = self._rows.row_at(self.list.indexAt(where))
        entries: list[tuple[str, SignalInstance]] = []
        if shown is not None and shown.kind is RowKind.DRAFT:
            entries = [(self.tr("Delete draft"), self.delete_wanted)]
        elif shown is not None and shown.kind is RowKind.SNIPPET:
            entries = [
                (self.tr("Insert"), self.snippet_wanted),
                (self.tr("Edit…"), self.snippet_edit_wanted),
                (self.tr("Delete snippet"), self.snippet_delete_wanted),
            ]
        if shown is None or not entries:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, wanted in entries:
            menu.addAction(text).setData((wanted, shown.key))
        menu.triggered.connect(self._context_chosen)
        menu.popup(self.list.viewport().mapToGlobal(where))

    def _context_chosen(self, chosen: QAction) -> None:
        wanted, key = chosen.data()
        wanted.emit(key)

    def _new_chosen(self, chosen: object) -> None:
        data = getattr(chosen, "data", None)
        if callable(data):
            self.new_wanted.emit(Kind(data()))

    def _open_menu(self) -> None:
        menu = self._menu()
        menu.popup(self._menu_button.mapToGlobal(QPoint(0, self._menu_button.height() + 2)))
