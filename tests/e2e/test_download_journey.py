"""A person fetches a larger model at the real window: press, pause, go on, use it, and find every connection listed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from helpers.hub import Hub
from helpers.offered import offer
from helpers.person import OFFSCREEN, Person, press, wait_for
from ownhand.compose import Options, build
from ownhand.settings import WELCOMED

pytestmark = [pytest.mark.qt_log_ignore(OFFSCREEN, extend=True), pytest.mark.timeout(300)]


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.close()


@pytest.fixture
def robin(hub: Hub, builtin_model: Path, tmp_path: Path, qapp: QApplication) -> Iterator[Person]:
    catalog = offer(tmp_path, hub, builtin_model)
    app = build(Options(tmp_path / "data", key="keyfile", catalog=catalog, hub=hub.address))
    app.settings.set(WELCOMED, True)
    app.start()
    person = Person(app, qapp)
    person.desktop.start()
    yield person
    person.leave()


def keep(widget, name: str) -> None:
    """A picture for whoever wants to look: OWNHAND_PICTURES names the folder."""
    if folder := os.environ.get("OWNHAND_PICTURES"):
        QTest.qWait(150)
        widget.grab().save(str(Path(folder) / f"{name}.png"))


def words(page) -> str:
    return " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def test_a_model_is_fetched_paused_resumed_and_used_while_the_draft_goes_on(robin: Person, hub: Hub, tmp_path: Path):
    wait_for("the page", lambda: robin.window.isVisible() and robin.window.session.is_open)
    robin.desktop.open_settings("models")
    settings = robin.desktop.settings
    assert settings is not None
    page = settings.models
    wait_for("the catalog", lambda: "second-hand" in page.offers.cards)
    assert hub.seen() == []
    keep(settings, "models-offered")

    hub.ask(each=[{"chunk": 400_000, "rest": 0.05}])
    press(page, "Download 84 MB from huggingface.co")
    wait_for(
        "the pace",
        lambda: "second-hand" in page.offers.cards and "MB/s" in page.offers.cards["second-hand"].state.text(),
    )
    keep(settings, "models-downloading")
    assert robin.window.status.offline.text() == "Downloading a model"
    robin.window.edit.setFocus()
    robin.write("still writing")
    assert "still writing" in robin.page
    press(page, "Pause")
    wait_for(
        "the pause",
        lambda: "second-hand" in page.offers.cards and page.offers.cards["second-hand"].cancel.text() == "Discard",
    )
    card = page.offers.cards["second-hand"]
    assert card.go.text().startswith("Go on: ")
    assert robin.window.status.offline.text() == "Offline"
    keep(settings, "models-paused")

    arrived = card.offered.arrived
    hub.seen()
    press(page, card.go.text())
    wait_for("the model among those installed", lambda: "second-hand" not in page.offers.cards)
    assert "Second Hand is downloaded and works" in words(robin.window.toast)
    assert hub.seen()[-1]["range"] == f"bytes={arrived}-"
    target = next((tmp_path / "home").rglob("Second_Hand.gguf"))
    wait_for("its card", lambda: any(found.path == target for found in robin.app.models.installed()))

    def use() -> bool:
        for push in page.findChildren(type(page.add)):
            if push.text() == "Use for suggestions" and push.isVisible() and push.isEnabled():
                QTest.mouseClick(push, Qt.MouseButton.LeftButton)
                return True
        return False

    wait_for("the button to use it", use)
    wait_for("the model in use", lambda: robin.app.models.chosen("suggestion") == target)
    wait_for("quiet", lambda: robin.desktop.bridge.idle)
    keep(settings, "models-installed")

    settings.show_page("privacy")
    wait_for("the log", lambda: settings.privacy.log.isVisible() and settings.privacy.log.rowCount() == 4)
    assert "4 connections were made" in words(settings.privacy)
    outcomes = [settings.privacy.log.item(line, 4).text() for line in range(4)]
    assert outcomes == ["complete", "redirected", "stopped", "redirected"]
    keep(settings, "privacy-log")
