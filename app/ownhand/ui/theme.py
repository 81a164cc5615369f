"""Light and dark: palette, one short style sheet, fonts and tinted icons, all from resources/themes.

The palette comes first (a style sheet cuts a widget off from it), the sheet only says what a palette cannot.  No
other file
names a colour.  The ghost text colour is computed so that it stays readable: contrast of at least 4.5:1 (WCAG 2.2,
1.4.3).
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
        self._app.setStyleSheet(sheet_of(self.tokens, self._resources))
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
        (role.Highlight, "selection"), (role.HighlightedText, "text"), (role.Link, "accent"),
        (role.LinkVisited, "accent"),
        (role.ToolTipBase, "raised"), (role.ToolTipText, "text"), (role.PlaceholderText, "faint"),
        (role.Light, "raised"), (role.Midlight, "hover"), (role.Mid, "border"), (role.Dark, "border_strong"),
        (role.Shadow, "border_strong"), (role.Accent, "accent"),
    ):  # fmt: skip
        palette.setColor(key, tokens[name])
    palette.setColor(role.PlaceholderText, readable(tokens["faint"], tokens["text"], tokens["field"]))
    for disabled in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, disabled, tokens["faint"])
    return palette


def sheet_of(tokens: Tokens, resources: Path) -> str:
    """The style sheet: what a palette cannot say, for the few kinds of widget we have."""
    appearance = "dark" if tokens.name == "dark" else "light"
    template = (resources / "themes" / "sheet.qss").read_text(encoding="utf-8")
    return Template(template).substitute(
        tokens.colors,
        arrow=(resources / "icons" / f"arrow-{appearance}.svg").as_posix(),
        tick=(resources / "icons" / f"tick-{appearance}.svg").as_posix(),
    )
