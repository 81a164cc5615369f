"""What happens in the window is counted, once each, and without a word of text."""

from __future__ import annotations

import re
from datetime import date

import pytest
from PySide6.QtCore import Qt

from helpers.scripted_app import RAMBLING, SHORTER
from ownhand.domain.completion import Completion
from ownhand.domain.tally import Tally
from ownhand.ui.review import State

K = Qt.Key


@pytest.fixture
def counted(scripted, quiet):
    """The counts of today, as a tally."""

    def now() -> Tally:
        quiet()
        days = dict(scripted.tallying.progress().days)
        return days.get(date.today(), Tally())

    return now


def test_a_completion_counts_when_it_is_on_the_page_and_when_it_is_taken(window, counted, qtbot):
    qtbot.keyClick(window.edit, K.Key_Backspace)
    qtbot.keyClicks(window.edit, " ")
    qtbot.waitUntil(lambda: window.edit.ghost is not None)
    assert counted() == Tally(shown=1)
    taken = window.edit.ghost.text
    qtbot.keyClick(window.edit, K.Key_Tab)
    assert counted() == Tally(shown=1, taken=1, saved=len(taken) - 1)


def test_typing_through_a_completion_counts_it_no_second_time(window, counted, qtbot):
    qtbot.keyClick(window.edit, K.Key_Backspace)
    qtbot.keyClicks(window.edit, " ")
    qtbot.waitUntil(lambda: window.edit.ghost is not None)
    qtbot.keyClicks(window.edit, "go ")
    assert window.edit.ghost is not None
    assert counted() == Tally(shown=1)


@pytest.mark.parametrize("change", [False, True])
def test_a_suggestion_counts_as_accepted_or_edited_once_the_person_is_done_with_it(window, counted, qtbot, change):
    window.edit.selectAll()
    window.edit.insertPlainText(RAMBLING)
    window.suggesting.ask("shorten")
    qtbot.waitUntil(lambda: window.review.state is State.READY)
    window.suggesting.accept()
    if change:
        window.edit.replace([(0, len("Hi"), "Hello")])
    window.session.settle()
    one = counted()
    assert (one.accepted, one.edited, one.distance) == ((0, 1, 1) if change else (1, 0, 0))
    assert one.words == len(re.findall(r"\w+|[^\w\s]", SHORTER))


def test_a_suggestion_counts_as_rejected_only_if_the_person_sends_it_away(window, counted, qtbot):
    for send_away in (window.review._discard.click, window.new_draft):
        window.suggesting.ask("shorten")
        qtbot.waitUntil(lambda: window.review.state is State.READY)
        send_away()
        qtbot.waitUntil(lambda: window.review.state is State.IDLE)
    assert counted().rejected == 1


def test_a_completion_that_the_second_lane_betters_counts_once(window, scripted, counted, qtbot):
    def answer(context, deliver):
        for text, lane in (("go", "memory"), ("go through them", "model")):
            deliver(context.revision, Completion(text, lane, 0.6))

    scripted.completing.request = answer
    qtbot.keyClicks(window.edit, "x")
    qtbot.waitUntil(lambda: window.edit.ghost is not None and window.edit.ghost.text == "go through them")
    assert counted().shown == 1
