"""The settings: pages at the left, rows made from the table of settings, a search over all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ownhand.domain.draft import EVERYONE
from ownhand.settings import ADVANCED, APPEARANCE, PERSONAL, SETTINGS, STRENGTH, WRITING, Setting
from ownhand.ui.bridge import Bridge
from ownhand.ui.contract import App
from ownhand.ui.groups import Groups
from ownhand.ui.historypage import HistoryPage
from ownhand.ui.learnedpage import LearnedPage
from ownhand.ui.modelspage import ModelsPage
from ownhand.ui.privacypage import PrivacyPage
from ownhand.ui.progresspage import ProgressPage
from ownhand.ui.style import StylePanel
from ownhand.ui.theme import Theme
from ownhand.ui.widgets import Toast, column, label, row, scrolling, tool

ELSEWHERE = {"model.completion", "model.suggestion", STRENGTH.key}
"""Settings that a page of its own shows better."""


class SettingRows(QWidget):
    """One row per setting of a group: label, control, help, and back to the default."""

    def __init__(self, theme: Theme, app: App, bridge: Bridge, group: str) -> None:
        super().__init__()
        self._theme, self._app, self._bridge = theme, app, bridge
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(14)
        for setting in SETTINGS:
            if setting.group == group and setting.key not in ELSEWHERE:
                box.addLayout(self._row(setting))

    def _row(self, setting: Setting[bool] | Setting[int] | Setting[str]) -> QVBoxLayout:
        value = self._app.settings.get(cast("Setting[str]", setting))
        back = tool(self._theme, "undo", self.tr("Back to the default: {0}").format(setting.default), size=15)
        back.setVisible(value != setting.default)
        control, show = self._control(setting, value, back)
        control.setAccessibleName(setting.label)
        control.setAccessibleDescription(setting.help)
        control.setObjectName(setting.key)
        name = label(setting.label)
        name.setBuddy(control)

        def reset() -> None:
            show(setting.default)
            self._store(setting, setting.default, back)

        back.clicked.connect(reset)
        return column(row(name, None, back, control), label(setting.help, quiet=True, wrap=True, size=0.92), gap=2)

    def _control(
        self, setting: Setting[bool] | Setting[int] | Setting[str], value: object, back: QWidget
    ) -> tuple[QWidget, Callable[[object], None]]:
        def store(new: object) -> None:
            self._store(setting, new, back)

        if isinstance(setting.default, bool):
            check = QCheckBox()
            check.setChecked(bool(value))
            check.toggled.connect(store)
            return check, lambda new: check.setChecked(bool(new))
        if isinstance(setting.default, int):
            spin = QSpinBox()
            spin.setRange(setting.low, setting.high)
            spin.setAlignment(Qt.AlignmentFlag.AlignRight)
            spin.setFixedWidth(84)
            spin.setKeyboardTracking(False)  # a number counts when it is whole
            spin.setValue(int(str(value)))
            spin.valueChanged.connect(store)
            return spin, lambda new: spin.setValue(int(str(new)))
        if setting.choices:
            combo = QComboBox()
            for choice in setting.choices:
                combo.addItem(choice[:1].upper() + choice[1:], choice)
            combo.setCurrentIndex(max(0, combo.findData(value)))
            combo.activated.connect(lambda _: store(combo.currentData()))
            return combo, lambda new: combo.setCurrentIndex(max(0, combo.findData(new)))
        line = QLineEdit(str(value))
        line.setFixedWidth(220)
        line.editingFinished.connect(lambda: store(line.text().strip()))
        return line, lambda new: line.setText(str(new))

    def _store(self, setting: Setting[bool] | Setting[int] | Setting[str], value: object, back: QWidget) -> None:
        settings = self._app.settings
        back.setVisible(value != setting.default)
        row_of = cast("Setting[str]", setting)  # `set` checks the value against the row whatever its type
        self._bridge.run(lambda: settings.set(row_of, cast("str", value)))


class SettingsDialog(QDialog):
    """All pages; what is changed holds at once.

    Signals:
        import_wanted: bring writing into the history.
        forgetting: what was written to this address is about to go.
        changed: something was changed that the window shows.
        erased: everything was erased; the program is to end.
    """

    import_wanted = Signal()
    forgetting = Signal(str)
    changed = Signal()
    erased = Signal()

    def __init__(self, app: App, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.resize(900, 640)
        self.style_panel = StylePanel(theme, app, bridge, with_groups=True)
        self.groups = Groups(app, bridge, self)
        self.learned = LearnedPage(theme, app, bridge)
        self.progress = ProgressPage(theme, app, bridge)
        self.history = HistoryPage(theme, app, bridge)
        self.models = ModelsPage(theme, app, bridge)
        self.privacy = PrivacyPage(theme, app, bridge)
        self._pages: list[tuple[str, str, QWidget]] = [
            ("style", self.tr("Style"), self._style_page()),
            ("learned", self.tr("Learned"), self.learned),
            ("personal", self.tr("Personal model"), SettingRows(theme, app, bridge, PERSONAL)),
            ("progress", self.tr("How it is going"), self.progress),
            ("history", self.tr("History"), self.history),
            ("models", self.tr("Models"), self.models),
            ("privacy", self.tr("Privacy"), self.privacy),
            ("writing", self.tr("Writing"), SettingRows(theme, app, bridge, WRITING)),
            ("appearance", self.tr("Appearance"), SettingRows(theme, app, bridge, APPEARANCE)),
            ("advanced", self.tr("Advanced"), SettingRows(theme, app, bridge, ADVANCED)),
        ]
        self._shown = [key for key, _, _ in self._pages]
        self._names = QStringListModel([title for _, title, _ in self._pages], self)
        self.nav = QListView()
        self.nav.setObjectName("Nav")
        self.nav.setModel(self._names)
        self.nav.setAccessibleName(self.tr("Pages of the settings"))
        self.nav.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.nav.setItemDelegate(RowHeight(self.nav))
        self.nav.selectionModel().currentChanged.connect(self._turned)
        self.search = QLineEdit()
        self.search.setObjectName("Search")
        self.search.setPlaceholderText(self.tr("Search settings"))
        self.search.setAccessibleName(self.tr("Search settings"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.stack = QStackedWidget()
        for _, title, page in self._pages:
            self.stack.addWidget(self._framed(title, page))
        side = QWidget()
        side.setObjectName("Sidebar")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side.setFixedWidth(204)
        side.setLayout(column(row(self.search, margins=(10, 12, 10, 0)), self.nav, gap=4))
        self.setLayout(row(side, self.stack, gap=0))
        self.learned.changed.connect(self.changed)
        self.history.changed.connect(self.changed)
        self.models.changed.connect(self.changed)
        self.style_panel.changed.connect(self.changed)
        self.history.import_wanted.connect(self.import_wanted)
        self.privacy.forgetting.connect(self.forgetting)
        self.privacy.changed.connect(self.changed)
        self.privacy.erased.connect(self.erased)
        self._toast = Toast(theme, self)
        bridge.failed.connect(self._failed)
        self.show_page("style")

    def show_page(self, key: str) -> None:
        """Turn to the page of this name."""
        if key not in self._shown:
            self.search.clear()
        self.nav.setCurrentIndex(self._names.index(self._shown.index(key)))

    def reload(self) -> None:
        """Fetch anew what the pages show."""
        for page in (self.style_panel, self.learned, self.progress, self.history, self.models, self.privacy):
            page.reload()

    def _style_page(self) -> QWidget:
        self.style_panel.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]
        self.style_panel.group_wanted.connect(self.groups.new)
        self.style_panel.edit_wanted.connect(self.groups.edit)
        self.groups.changed.connect(self._show_group)
        self.groups.measured.connect(self.style_panel.reload)
        self.groups.measured.connect(self.changed)
        return self.style_panel

    def _failed(self, sentence: str, _failure: object) -> None:
        if self.isVisible():  # the window says it as well, but that lies behind
            self._toast.say(sentence)

    def _show_group(self, audience: str) -> None:
        self.style_panel.show_audience(audience or EVERYONE)
        self.changed.emit()

    def _framed(self, title: str, page: QWidget) -> QWidget:
        frame = QWidget()
        head = label(title, bold=True, size=1.4)
        if isinstance(page, SettingRows):
            holder = QWidget()
            holder.setLayout(column(page, None))
            page = scrolling(holder)
        frame.setLayout(column(head, page, margins=(28, 22, 28, 20), gap=14, stretch=1))
        return frame

    def _turned(self) -> None:
        row_number = self.nav.currentIndex().row()
        if 0 <= row_number < len(self._shown):
            key = self._shown[row_number]
            number = next(i for i, (name, _, _) in enumerate(self._pages) if name == key)
            self.stack.setCurrentIndex(number)
            page = self._pages[number][2]
            reload = getattr(page, "reload", None)
            if callable(reload):
                reload()

    def _filter(self, typed: str) -> None:
        wanted = typed.lower().split()
        kept = [
            (key, title) for key, title, page in self._pages if all(part in terms_of(title, page) for part in wanted)
        ] or [(key, title) for key, title, _ in self._pages]
        self._shown = [key for key, _ in kept]
        self._names.setStringList([title for _, title in kept])
        self.nav.setCurrentIndex(self._names.index(0))


class RowHeight(QStyledItemDelegate):
    """Rows with room around the text, whatever the style sheet says."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, option.fontMetrics.height() + 16)


def terms_of(title: str, page: QWidget) -> str:
    """All words on a page, in lower case."""
    words = [title]
    words += [found.text() for found in page.findChildren(QLabel)]
    words += [found.text() for found in page.findChildren(QPushButton)]
    words += [found.text() for found in page.findChildren(QCheckBox)]
    words += [found.title() for found in page.findChildren(QGroupBox)]
    return " ".join(words).lower()
