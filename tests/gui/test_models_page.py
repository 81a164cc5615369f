"""The page of the models: what is here, what can be had, and a download from the press of a button to its end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QPushButton

from helpers.accessible import nameless
from ownhand.domain.download import Connection
from ownhand.errors import DownloadError
from ownhand.ui.modelspage import ModelsPage
from ownhand.ui.privacypage import PrivacyPage
from ownhand.ui.windows import Confirm

GB = 1_107_409_472


@pytest.fixture
def page(qtbot, scripted, theme, bridge, quiet):
    made = ModelsPage(theme, scripted, bridge)

    def join(_: object) -> None:
        scripted.downloads.end()
        quiet()

    qtbot.addWidget(made, before_close_func=join)
    made.resize(640, 900)
    made.show()
    made.reload()
    quiet()
    return made


def words(root) -> str:
    return " ".join(label.text() for label in root.findChildren(QLabel) if label.isVisibleTo(root))


def push(root, text) -> QPushButton:
    return next(b for b in root.findChildren(QPushButton) if b.text() == text and b.isVisibleTo(root))


def begin(page, scripted, qtbot, model="middle-1.7b"):
    card = page.offers.cards[model]
    qtbot.mouseClick(card.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scripted.downloads.asked == [model])
    qtbot.waitUntil(card.pause.isVisible)
    return card


# --------------------------------------------------------------------------------------------------------- what is here


def test_an_installed_model_says_what_it_is_what_it_takes_and_what_it_can_do(page):
    said = words(page)
    for part in ("1.5 billion parameters", "Q4_K_M", "1.3 GB", "takes about 2.0 GB of memory", "fills in the middle"):
        assert part in said


def test_trying_a_model_shows_what_it_did_here(page, qtbot):
    qtbot.mouseClick(push(page, "Try it here"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "writes 261 tokens" in words(page))


def test_only_a_model_of_ones_own_can_be_removed_and_only_after_a_question(page, qtbot, scripted):
    removers = [b for b in page.findChildren(QPushButton) if b.text() == "Remove…" and b.isVisibleTo(page)]
    assert [b.accessibleName() for b in removers] == ["Remove larger-1.5b"]
    qtbot.mouseClick(removers[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.findChild(Confirm) is not None)
    question = page.findChild(Confirm)
    assert "1.3 GB" in words(question)
    qtbot.mouseClick(push(question, "Remove"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "larger-1.5b" not in words(page))


def test_a_model_file_can_be_dropped_onto_the_page_and_other_files_cannot(page, qtbot, scripted, tmp_path):
    model, letter = tmp_path / "dropped.gguf", tmp_path / "letter.txt"
    model.write_bytes(b"GGUF")
    letter.write_text("no model")

    def drop(*paths) -> bool:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        more = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        over = QDragEnterEvent(QPointF(5, 5).toPoint(), Qt.DropAction.CopyAction, *more)
        over.ignore()
        page.dragEnterEvent(over)
        if over.isAccepted():
            page.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, *more))
        return over.isAccepted()

    assert not drop(letter)
    assert drop(letter, model)
    qtbot.waitUntil(lambda: "dropped" in words(page))


# --------------------------------------------------------------------------------------------------- what can be had


def test_the_catalog_shows_what_is_recommended_first_and_what_a_licence_asks(page):
    cards = list(page.offers.cards.values())
    assert cards[0].offered.offer.name == "Middle 1.7B"
    assert "Recommended for this computer" in words(cards[0])
    assert "Recommended" not in words(cards[1])
    assert "Its terms forbid some uses." in words(cards[2])


def test_the_button_names_the_host_and_the_size(page):
    assert [card.go.text() for card in page.offers.cards.values()] == [
        "Download 1.1 GB from huggingface.co",
        "Download 397 MB from huggingface.co",
        "Download 806 MB from huggingface.co",
    ]


def test_nothing_is_fetched_before_the_press(page, scripted):
    assert scripted.downloads.asked == []


def test_a_download_shows_its_pace_and_its_checksum_and_ends_installed(page, scripted, qtbot, quiet):
    card = begin(page, scripted, qtbot)
    qtbot.waitUntil(lambda: "Connecting to huggingface.co" in card.state.text())
    assert all(not other.go.isEnabled() for other in page.offers.cards.values() if other is not card)
    scripted.downloads.show(phase="downloading", done=300_000_000, rate=4_000_000.0, sha256="a1" * 32)
    qtbot.waitUntil(lambda: card.state.text() == "300 MB of 1.1 GB  ·  4.0 MB/s  ·  3 minutes left")
    assert card.bar.value() == 270
    assert "a1a1a1a1a1a1a1a1" in card.checksum.text()
    scripted.downloads.show(phase="waiting", rate=0.0)
    qtbot.waitUntil(lambda: "tried again" in card.state.text())
    scripted.downloads.show(phase="trying", done=GB)
    qtbot.waitUntil(lambda: "Loading it once" in card.state.text())
    assert not card.pause.isVisible()
    scripted.downloads.end()
    qtbot.waitUntil(lambda: "middle-1.7b" not in page.offers.cards)
    quiet()


def test_a_paused_download_keeps_what_has_arrived_and_goes_on_from_there(page, scripted, qtbot, quiet):
    card = begin(page, scripted, qtbot)
    scripted.downloads.show(phase="downloading", done=400_000_000)
    qtbot.mouseClick(card.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.offers.cards["middle-1.7b"].go.text() == "Go on: 707 MB more from huggingface.co")
    again = page.offers.cards["middle-1.7b"]
    assert again.state.text() == "400 MB of 1.1 GB are here."
    assert again.bar.value() == 361
    qtbot.mouseClick(again.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scripted.downloads.discarded == ["middle-1.7b"])
    qtbot.waitUntil(lambda: page.offers.cards["middle-1.7b"].go.text() == "Download 1.1 GB from huggingface.co")


def test_a_cancelled_download_is_stopped_and_thrown_away(page, scripted, qtbot, quiet):
    card = begin(page, scripted, qtbot)
    scripted.downloads.show(phase="downloading", done=400_000_000)
    qtbot.mouseClick(card.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scripted.downloads.discarded == ["middle-1.7b"])
    quiet()


def test_a_download_that_fails_says_why_and_can_go_on(page, scripted, qtbot):
    begin(page, scripted, qtbot)
    scripted.downloads.show(phase="downloading", done=400_000_000)
    scripted.downloads.end(DownloadError("huggingface.co could not be reached. Check the connection."))
    qtbot.waitUntil(lambda: "could not be reached" in page._trouble.text())
    qtbot.waitUntil(lambda: page.offers.cards["middle-1.7b"].go.text().startswith("Go on"))


def test_nothing_is_looked_at_while_nothing_is_under_way(page, scripted, qtbot):
    qtbot.waitUntil(lambda: not page.offers.poll.isActive())
    begin(page, scripted, qtbot)
    assert page.offers.poll.isActive()
    scripted.downloads.end()
    qtbot.waitUntil(lambda: not page.offers.poll.isActive())


def test_a_page_opened_later_finds_the_download_that_is_under_way(page, scripted, qtbot, theme, bridge, quiet):
    begin(page, scripted, qtbot)
    scripted.downloads.show(phase="downloading", done=400_000_000)
    later = ModelsPage(theme, scripted, bridge)
    qtbot.addWidget(later)
    later.show()
    later.reload()
    qtbot.waitUntil(lambda: "middle-1.7b" in later.offers.cards and later.offers.cards["middle-1.7b"].pause.isVisible())


def test_everything_that_takes_the_focus_has_a_name_also_while_downloading(page, scripted, qtbot):
    begin(page, scripted, qtbot)
    assert nameless(page) == []
    names = [b.accessibleName() for b in page.findChildren(QPushButton) if b.accessibleName() and b.isVisibleTo(page)]
    assert len(names) == len(set(names)), "two buttons sound the same"


# --------------------------------------------------------------------------------------------------- the log of it


def test_privacy_lists_every_connection(qtbot, scripted, theme, bridge, quiet):
    page = PrivacyPage(theme, scripted, bridge)
    qtbot.addWidget(page, before_close_func=lambda _: quiet())
    page.show()
    page.reload()
    qtbot.waitUntil(lambda: "No connection was made" in page._connections.text())
    assert not page.log.isVisible()
    at = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
    scripted.privacy.log = [
        Connection(at, "us.aws.cdn.hf.co", "download of Middle 1.7B", 1_107_409_472, "complete"),
        Connection(at, "huggingface.co", "download of Middle 1.7B", 0, "redirected"),
    ]
    page.reload()
    qtbot.waitUntil(lambda: page._connections.text().startswith("2 connections were made"))
    cells = [[page.log.item(line, place).text() for place in range(1, 5)] for line in range(2)]
    assert cells == [
        ["us.aws.cdn.hf.co", "download of Middle 1.7B", "1.1 GB", "complete"],
        ["huggingface.co", "download of Middle 1.7B", "0 kB", "redirected"],
    ]
    assert nameless(page) == []
