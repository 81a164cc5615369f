"""How it is going: charts that can be read, in words too, and the same numbers as a table and as a file."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolTip

from helpers.accessible import nameless
from ownhand.ui.charts import Chart, Figures, Series, top_of
from ownhand.ui.progresspage import WEEKS, ProgressPage
from ownhand.ui.theme import contrast

TODAY = date.today()


@pytest.fixture
def page(qtbot, scripted, theme, bridge, quiet):
    made = ProgressPage(theme, scripted, bridge)
    qtbot.addWidget(made, before_close_func=lambda _: quiet())
    made.resize(680, 640)
    made.show()
    return made


@pytest.fixture
def counted(scripted):
    """Two weeks with counts, the one before last and this one."""
    for day, saved in ((TODAY - timedelta(weeks=2), 40), (TODAY, 120)):
        counts = {"shown": 9, "taken": 4, "saved": saved, "accepted": 2, "edited": 1, "distance": 6, "words": 120}
        scripted.drawer.count(day, counts, day)


def pixels(widget, color) -> int:
    picture = widget.grab().toImage()
    wanted = color.rgb()
    return sum(
        picture.pixel(x, y) == wanted for x in range(0, picture.width(), 2) for y in range(0, picture.height(), 2)
    )


def test_before_anything_was_counted_it_says_how_to_begin(page, quiet):
    page.reload()
    quiet()
    assert "Nothing was counted yet" in page._summary.text()
    assert not page._save.isEnabled()
    assert nameless(page) == []


def test_the_charts_say_what_was_counted_to_those_who_do_not_see_them(page, counted, quiet):
    page.reload()
    quiet()
    assert "160 keystrokes saved; 8 of 18 completions taken." in page._summary.text()
    said = page.saved.accessibleDescription()
    assert "keystrokes saved 40" in said
    assert "keystrokes saved 120" in said
    assert "kept as they were 2, changed 1, discarded 0" in page.became.accessibleDescription()
    assert "words changed of 100 5" in page.changed.accessibleDescription()


def test_the_table_holds_the_same_numbers_and_is_reached_by_a_button(page, counted, quiet):
    page.reload()
    quiet()
    page.numbers.click()
    assert page.view.isVisible()
    assert not page.saved.isVisible()
    assert page.table.rowCount() == WEEKS
    row = [page.table.index(0, column).data() for column in range(page.table.columnCount())]
    assert row[1:] == ["120", "9", "4", "2", "1", "0", "5"]
    assert page.table.index(1, 7).data() == "–", "no suggestion, no share of words"
    page.numbers.click()
    assert page.saved.isVisible()


def test_what_was_learned_is_listed_with_its_day(page, quiet):
    page.reload()
    quiet()
    texts = [found.text() for found in page.findChildren(QLabel)]
    assert texts[texts.index("14 Nov 2026") + 1] == "Leave out “I hope this email finds you well”."


def test_each_day_is_saved_for_a_spreadsheet(page, counted, tmp_path, quiet):
    page.reload()
    quiet()
    page.save_to(tmp_path / "days.csv")
    quiet()
    lines = (tmp_path / "days.csv").read_text().splitlines()
    assert lines[0].startswith("day,shown,taken,saved")
    assert len(lines) == 3
    assert page._said.text() == "Saved as days.csv."


@pytest.mark.parametrize("appearance", ["light", "dark"])
def test_charts_are_drawn_in_the_colours_of_the_appearance(qtbot, theme, appearance):
    theme.follow(appearance)
    try:
        chart = Chart(theme)
        qtbot.addWidget(chart)
        chart.resize(400, 150)
        chart.show_figures(
            Figures("Bars", ("a", "b"), (Series("one", (4.0, 2.0)), Series("two", (1.0, None), "striped")))
        )
        accent = theme.tokens["accent"]
        bars = pixels(chart, accent)
        assert bars > 200
        chart.show_figures(Figures("Bars", ("a", "b"), (Series("one", (0.0, None)),)))
        assert pixels(chart, accent) == 0
        chart.show_figures(Figures("Line", ("a", "b", "c"), (Series("one", (4.0, None, 2.0)),), as_line=True))
        assert 10 < pixels(chart, accent) < bars
        assert contrast(accent, theme.tokens["window"]) >= 3.0, "WCAG 2.2, 1.4.11"
        assert contrast(theme.tokens["muted"], theme.tokens["window"]) >= 4.5
    finally:
        theme.follow("light")


def test_a_tip_says_the_values_under_the_mouse(qtbot, theme):
    chart = Chart(theme)
    qtbot.addWidget(chart)
    chart.resize(400, 150)
    chart.show_figures(
        Figures("Bars", ("2 Nov", "9 Nov"), (Series("kept", (4.0, 2.0)), Series("changed", (1.0, None))))
    )
    chart.show()
    chart.grab()
    where = QPoint(120, 80)
    QApplication.sendEvent(chart, QHelpEvent(QHelpEvent.Type.ToolTip, where, chart.mapToGlobal(where)))
    qtbot.waitUntil(lambda: QToolTip.text() == "2 Nov\nkept: 4\nchanged: 1")
    QToolTip.hideText()


@pytest.mark.parametrize(("highest", "top"), [(0, 4), (4, 4), (4.1, 5), (11, 20), (99, 100), (1001, 2000)])
def test_an_axis_ends_at_a_round_number(highest, top):
    assert top_of(highest) == top
