"""Light and dark: palette, one short style sheet, fonts and tinted icons, all from resources/themes.

The palette comes first (a style sheet cuts a widget off from it), the sheet only says what a palette cannot.  No other file
names a colour.  The ghost text colour is computed so that it stays readable: contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from string import Template

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QToolTip

GHOST_CONTRAST = 4.5
FAMILIES = ("Inter", "Cantarell", "Adwaita Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "DejaVu Sans")
"""Used where the desktop names no font of its own (a bare X server)."""
BARE_FAMILIES = {"sans serif", "sans-serif", "sans", "dejavu sans", "helvetica", "bitstream vera sans", ""}


def contrast(one: QColor, other: QColor) -> float:
    """The contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2, relative luminance)."""

    def luminance(color: QColor) -> float:
        channels = (color.redF(), color.greenF(), color.blueF())
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable(color: QColor, toward: QColor, ground: QColor, ratio: float = GHOST_CONTRAST) -> QColor:
    """`color`, moved as little as needed toward `toward` to reach `ratio` on `ground`."""
    for step in range(101):
        share = step / 100
        mixed = QColor.fromRgbF(
            color.redF() + (toward.redF() - color.redF()) * share,
            color.greenF() + (toward.greenF() - color.greenF()) * share,
            color.blueF() + (toward.blueF() - color.blueF()) * share,
        )
        if contrast(mixed, ground) >= ratio:
            return mixed
    return QColor(toward)


@dataclass(frozen=True)
class Tokens:
    """The named colours of one appearance."""

    name: str
    colors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Tokens:
        """Read a theme file.  Raises OSError or tomllib.TOMLDecodeError for a broken installation."""
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(str(data["name"]), {str(key): str(value) for key, value in data["colors"].items()})

    def __getitem__(self, key: str) -> QColor:
        return QColor(self.colors[key])

    @cached_property
    def ghost(self) -> QColor:
        """The ghost text on the page, light enough to be told from the text and dark enough to be read."""
        return readable(self["ghost"], self["text"], self["page"])


class Theme(QObject):
    """The appearance in force; follows the system unless the person chose one.

    Signals:
        changed: the appearance is another one; everything painted by hand is to be painted again.
    """

    changed = Signal()

    def __init__(self, app: QApplication, resources: Path) -> None:
        super().__init__(app)
        self._app = app
        self._resources = resources
        self._choice = "system"
        self._icons: dict[tuple[str, str], QIcon] = {}
        self.tokens = Tokens.load(resources / "themes" / "light.toml")
        if sys.platform != "darwin":
            app.setStyle("Fusion")
        app.setFont(interface_font())
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def dark(self) -> bool:
        """Whether the appearance in force is the dark one."""
        return self.tokens.name == "dark"

    def follow(self, choice: str) -> None:
        """'system', 'light' or 'dark'."""
        self._choice = choice
        scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(choice, Qt.ColorScheme.Unknown)
        self._app.styleHints().setColorScheme(scheme)
        self._apply()

    def icon(self, name: str, color: str = "muted") -> QIcon:
        """A symbol of resources/icons in a colour of the theme, sharp at any scale."""
        key = (name, color)
        if key not in self._icons:
            self._icons[key] = self._tinted(name, color)
        return self._icons[key]

    def pixmap(self, name: str, color: str, size: int) -> QPixmap:
        """The same as a pixmap of `size` device-independent pixels."""
        ratio = self._app.devicePixelRatio()
        return self.icon(name, color).pixmap(QSize(size, size), ratio)

    def _system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _wanted(self) -> str:
        if self._choice in {"light", "dark"}:
            return self._choice
        return "dark" if self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"

    def _apply(self) -> None:
        self.tokens = Tokens.load(self._resources / "themes" / f"{self._wanted()}.toml")
        self._icons.clear()
        palette = palette_of(self.tokens)
        self._app.setPalette(palette)
        QToolTip.setPalette(palette)
        self._app.setStyleSheet(sheet_of(self.tokens, self._resources / "icons"))
        self.changed.emit()

    def _tinted(self, name: str, color: str) -> QIcon:
        path = self._resources / "icons" / f"{name}.svg"
        if not path.exists():
            return QIcon()
        source = path.read_text(encoding="utf-8")
        icon = QIcon()
        for mode, tint in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, "border_strong")):
            renderer = QSvgRenderer(QByteArray(source.replace("currentColor", self.tokens[tint].name()).encode()))
            for size in (16, 20, 24, 32, 40, 48, 64):
                pixmap = QPixmap(size, size)
                pixmap.fill(Qt.GlobalColor.transparent)
                painter = QPainter(pixmap)
                renderer.render(painter, QRectF(0, 0, size, size))
                painter.end()
                icon.addPixmap(pixmap, mode)
        return icon


def interface_font() -> QFont:
    """The desktop's own font; a good one that is installed where the desktop names none."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if QFontInfo(font).family().lower() in BARE_FAMILIES or font.family().lower() in BARE_FAMILIES:
        available = set(QFontDatabase.families())
        for family in FAMILIES:
            if family in available:
                font = QFont(family, 10)
                break
    if font.pointSizeF() <= 0 or font.pointSizeF() > 14:
        font.setPointSizeF(10)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def scaled(factor: float, weight: QFont.Weight | None = None) -> QFont:
    """The interface font at another size."""
    font = QFont(QGuiApplication.font())
    font.setPointSizeF(font.pointSizeF() * factor)
    if weight is not None:
        font.setWeight(weight)
    return font


def palette_of(tokens: Tokens) -> QPalette:
    """The palette of an appearance."""
    role = QPalette.ColorRole
    palette = QPalette()
    for key, name in (
        (role.Window, "window"), (role.WindowText, "text"), (role.Base, "page"), (role.AlternateBase, "sidebar"),
        (role.Text, "text"), (role.Button, "raised"), (role.ButtonText, "text"), (role.BrightText, "danger"),
        (role.Highlight, "selection"), (role.HighlightedText, "text"), (role.Link, "accent"), (role.LinkVisited, "accent"),
        (role.ToolTipBase, "raised"), (role.ToolTipText, "text"), (role.PlaceholderText, "faint"),
        (role.Light, "raised"), (role.Midlight, "hover"), (role.Mid, "border"), (role.Dark, "border_strong"),
        (role.Shadow, "border_strong"), (role.Accent, "accent"),
    ):  # fmt: skip
        palette.setColor(key, tokens[name])
    palette.setColor(role.PlaceholderText, readable(tokens["faint"], tokens["text"], tokens["field"]))
    for disabled in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, disabled, tokens["faint"])
    return palette


def sheet_of(tokens: Tokens, icons: Path) -> str:
    """The style sheet: what a palette cannot say, for the few kinds of widget we have."""
    appearance = "dark" if tokens.name == "dark" else "light"
    return Template(SHEET).substitute(
        tokens.colors,
        arrow=(icons / f"arrow-{appearance}.svg").as_posix(),
        tick=(icons / f"tick-{appearance}.svg").as_posix(),
    )


SHEET = """
QWidget#Sidebar, QWidget#Sidebar QListView { background: $sidebar; }
QWidget#Page, QTextEdit#Writing, QWidget#Header { background: $page; }
QTextEdit#Writing { border: none; selection-background-color: $selection; }
QWidget#Panel, QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }
QTabWidget#Panel, QDialog { background: $window; }
QWidget#StatusLine { background: $window; border-top: 1px solid $border; }
QFrame#Hairline { background: $border; border: none; }
QSplitter::handle { background: $border; }
QLabel[quiet="true"] { color: $muted; }
QLabel[warn="true"] { color: $warn; background: $warn_bg; border-radius: 6px; padding: 7px 10px; }
QLabel[danger="true"] { color: $danger; }
QLineEdit, QComboBox, QSpinBox, QPlainTextEdit, QTextEdit#Field {
  background: $field; border: 1px solid $border; border-radius: 6px; padding: 5px 8px; selection-background-color: $selection; }
QLineEdit:hover, QComboBox:hover, QSpinBox:hover { border-color: $border_strong; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QPlainTextEdit:focus, QTextEdit#Field:focus { border-color: $accent; }
QLineEdit[bare="true"] { background: transparent; border: none; border-radius: 0; padding: 4px 0; }
QLineEdit#Search { border-radius: 8px; padding: 6px 8px; }
QComboBox { padding-right: 22px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("$arrow"); width: 12px; height: 12px; }
QComboBox[bare="true"] { background: transparent; border: 1px solid transparent; }
QComboBox[bare="true"]:hover { background: $hover; }
QComboBox[bare="true"]:focus { border-color: $accent; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border; padding: 4px; outline: none;
  selection-background-color: $accent_soft; selection-color: $text; }
QPushButton { background: $raised; border: 1px solid $border; border-radius: 6px; padding: 5px 12px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $pressed; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; background: transparent; }
QPushButton:default, QPushButton[primary="true"] { background: $accent; border-color: $accent; color: $accent_text; }
QPushButton:default:hover, QPushButton[primary="true"]:hover { background: $accent_hover; }
QPushButton[primary="true"]:focus { border-color: $text; }
QPushButton[primary="true"]:disabled { background: $hover; border-color: $hover; color: $faint; }
QPushButton[danger="true"] { color: $danger; }
QPushButton[pill="true"] { border-radius: 13px; padding: 4px 11px; }
QPushButton[pill="true"]:checked { background: $accent_soft; border-color: $accent; }
QPushButton[flat="true"], QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QPushButton[flat="true"] { padding: 4px 8px; color: $muted; text-align: left; }
QPushButton[flat="true"]:hover, QToolButton:hover { background: $hover; }
QPushButton[flat="true"]:focus, QToolButton:focus { border-color: $accent; }
QToolButton:pressed, QToolButton:checked { background: $pressed; }
QToolButton::menu-indicator { image: none; }
QFrame#Chip { background: $accent_soft; border: 1px solid $accent_soft; border-radius: 10px; min-height: 20px; }
QFrame#Chip:focus { border: 1px solid $accent; }
QFrame#Chip QToolButton { padding: 0; border: none; }
QFrame#Card { background: $raised; border: 1px solid $border; border-radius: 8px; }
QFrame#Note { background: $hover; border-radius: 8px; }
QTextEdit#Diff, QTextEdit#Reading { background: $raised; border: 1px solid $border; border-radius: 8px; }
QTextEdit#Diff:focus, QTextEdit#Reading:focus { border-color: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabWidget::tab-bar { left: 6px; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $muted; padding: 9px 12px 8px 12px; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; }
QListView, QTreeView, QTableView { border: none; outline: none; background: transparent; }
QTableView { background: $raised; border: 1px solid $border; border-radius: 8px; gridline-color: $border; }
QTableView::item { padding: 5px 8px; }
QTableView::item:selected { background: $accent_soft; color: $text; }
QHeaderView::section { background: $raised; color: $muted; border: none; border-bottom: 1px solid $border; padding: 7px 8px; }
QListView#Nav { background: $sidebar; padding: 8px; }
QListView#Nav::item { border-radius: 6px; padding: 7px 10px; }
QListView#Nav::item:hover { background: $hover; }
QListView#Nav::item:selected { background: $accent_soft; color: $text; }
QMenu { background: $raised; border: 1px solid $border; padding: 5px; }
QMenu::item { padding: 6px 22px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator, QTableView::indicator { width: 16px; height: 16px; border: 1px solid $border_strong; border-radius: 4px; background: $field; }
QCheckBox::indicator:hover { border-color: $accent; }
QCheckBox:focus { color: $accent; }
QCheckBox::indicator:checked, QTableView::indicator:checked { background: $accent; border-color: $accent; image: url("$tick"); }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 16px; height: 16px; margin: -6px 0; border-radius: 8px; background: $raised; border: 1px solid $border_strong; }
QSlider::handle:horizontal:focus { border: 2px solid $accent; }
QProgressBar { background: $border; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QScrollBar:vertical { background: transparent; width: 11px; margin: 2px; }
QScrollBar::handle:vertical { background: $border; border-radius: 3px; min-height: 28px; }
QScrollBar::handle:vertical:hover { background: $border_strong; }
QScrollBar[idle="true"]::handle:vertical { background: transparent; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 2px; }
QScrollBar::handle:horizontal { background: $border; border-radius: 3px; min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 5px 8px; }
"""
