"""Light and dark: complete, readable, and nowhere else a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPalette

from ownhand.ui.theme import Tokens, contrast, sheet_of

ROOT = Path(__file__).resolve().parents[2]
THEMES = ROOT / "resources" / "themes"
UI = ROOT / "app" / "ownhand" / "ui"


@pytest.fixture(params=["light", "dark"])
def tokens(request):
    return Tokens.load(THEMES / f"{request.param}.toml")


def test_both_appearances_name_the_same_colours():
    assert Tokens.load(THEMES / "light.toml").colors.keys() == Tokens.load(THEMES / "dark.toml").colors.keys()


@pytest.mark.parametrize(
    ("color", "ground"),
    [
        ("text", "page"), ("text", "window"), ("text", "sidebar"), ("text", "raised"), ("text", "selection"),
        ("muted", "page"), ("muted", "window"), ("muted", "sidebar"), ("muted", "raised"), ("muted", "hover"),
        ("accent_text", "accent"), ("text", "accent_soft"), ("muted", "accent_soft"), ("danger", "window"),
        ("danger", "raised"), ("warn", "warn_bg"), ("insert_text", "insert_bg"), ("delete_text", "delete_bg"),
        ("insert_text", "selection"), ("delete_text", "selection"), ("good", "raised"),
    ],
)  # fmt: skip
def test_words_can_be_read(tokens, color, ground):
    assert contrast(tokens[color], tokens[ground]) >= 4.5


def test_placeholders_can_be_read(theme, qapp):
    palette = qapp.palette()
    assert contrast(palette.color(QPalette.ColorRole.PlaceholderText), theme.tokens["field"]) >= 4.5


def test_contrast_is_that_of_the_standard():
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)


def test_the_sheet_leaves_no_name_unfilled(tokens):
    sheet = sheet_of(tokens, ROOT / "resources")
    assert "$" not in sheet
    for path in re.findall(r'url\("([^"]+)"\)', sheet):
        assert Path(path).is_file()


def test_no_file_of_the_window_names_a_colour():
    for path in UI.glob("*.py"):
        assert not re.search(r"[\"']#[0-9a-fA-F]{3,8}[\"']", path.read_text(encoding="utf-8")), path.name


def test_every_symbol_that_is_asked_for_exists_and_is_drawn_in_the_colour(theme):
    names: set[str] = set()
    for path in UI.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        names |= set(re.findall(r'(?:\.icon|\.pixmap)\(\s*"([a-z]+)"', text))
        names |= set(re.findall(r'tool\(\s*(?:self\.)?_?theme, "([a-z]+)"', text))
    assert len(names) >= 12
    for name in names:
        assert (ROOT / "resources" / "icons" / f"{name}.svg").is_file(), name
    image = theme.icon("plus", "danger").pixmap(64, 64).toImage()
    assert image.pixelColor(image.width() // 2, image.height() // 2) == theme.tokens["danger"]


def test_the_choice_overrules_the_system_and_repaints(theme, qtbot):
    with qtbot.waitSignal(theme.changed):
        theme.follow("dark")
    assert theme.dark
    theme.follow("light")
    assert not theme.dark
