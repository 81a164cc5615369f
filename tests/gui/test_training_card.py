"""Train on my writing, in Settings, Learned: from the button to what it gained, and rid of it with one click."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt

from helpers.accessible import nameless
from helpers.trainings import SMALL, Kit
from ownhand.adapters.worker import random_model
from ownhand.domain import playback
from ownhand.domain.trained import Adapter
from ownhand.services.training import TrainingState
from ownhand.ui.trainingcard import TrainingCard

TRAINED = Adapter("everyone", "ab", "ownhand-100m", 1.0, 0.094, 250, 31, 600.0, datetime(2026, 11, 20, tzinfo=UTC))


def shown(qtbot, app, bridge) -> TrainingCard:
    made = TrainingCard(app, bridge)
    qtbot.addWidget(made, before_close_func=lambda _: qtbot.waitUntil(lambda: bridge.idle, timeout=10_000))
    made.resize(640, 200)
    made.show()
    return made


@pytest.fixture
def card(qtbot, scripted, theme, bridge) -> TrainingCard:
    return shown(qtbot, scripted, bridge)


def press(qtbot, push) -> None:
    qtbot.mouseClick(push, Qt.MouseButton.LeftButton)


def test_a_training_tells_how_far_it_is_and_how_long_it_takes_and_why_it_waits(qtbot, card, scripted):
    press(qtbot, card.go)
    qtbot.waitUntil(lambda: scripted.training.asked == ["start"])
    running = TrainingState(running=True, done=0.4, seconds_left=400)
    scripted.training.show(running)
    qtbot.waitUntil(lambda: card.said.text() == "40 %  ·  7 minutes left")
    assert card.bar.isVisible()
    assert not card.go.isVisible()
    scripted.training.show(replace(running, waits_for="typing"))
    qtbot.waitUntil(lambda: card.said.text() == "Waiting while you type.")
    press(qtbot, card.hold)
    qtbot.waitUntil(lambda: scripted.training.asked[-1] == "hold")
    scripted.training.show(replace(running, waits_for="you"))
    qtbot.waitUntil(lambda: card.hold.text() == "Go on")
    press(qtbot, card.hold)
    qtbot.waitUntil(lambda: scripted.training.asked[-1] == "go on")
    press(qtbot, card.stop)
    qtbot.waitUntil(lambda: scripted.training.asked[-1] == "stop")
    assert nameless(card) == []


def test_afterwards_the_gain_is_said_and_one_click_removes_it(qtbot, card, scripted):
    scripted.training.show(TrainingState(adapter=TRAINED))
    qtbot.waitUntil(lambda: "your words were 9 % less surprising" in card.said.text())
    press(qtbot, card.remove)
    qtbot.waitUntil(lambda: scripted.training.asked == ["remove"])
    scripted.training.show(TrainingState(adapter=TRAINED, fits=False))
    qtbot.waitUntil(lambda: "rests while another model completes" in card.said.text())


def test_a_refusal_stands_on_the_card(qtbot, card, scripted):
    scripted.training.refuses = "There is too little to train on."
    press(qtbot, card.go)
    qtbot.waitUntil(lambda: card.trouble.isVisible() and "too little" in card.trouble.text())


def test_what_was_interrupted_can_be_gone_on_with(qtbot, card, scripted):
    scripted.training.show(TrainingState(unfinished=True))
    qtbot.waitUntil(lambda: card.go.text() == "Go on training")


@pytest.fixture
def kit(tmp_path: Path, builtin_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    monkeypatch.setattr(playback, "LEAST_WORDS", 1000)  # so that it takes seconds
    tiny = random_model.make(tmp_path / "tiny.gguf", SMALL, builtin_model, kind="Q8_0")
    made = Kit(tmp_path / "vault", tiny)
    made.fill()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_real_training_goes_from_the_button_to_its_gain_and_away(qtbot, theme, bridge, kit):
    card = shown(qtbot, SimpleNamespace(training=kit.training), bridge)
    press(qtbot, card.go)
    qtbot.waitUntil(card.bar.isVisible, timeout=10_000)
    qtbot.waitUntil(lambda: "less surprising" in card.said.text(), timeout=120_000)
    assert kit.vault.adapters()
    press(qtbot, card.remove)
    qtbot.waitUntil(lambda: card.go.text() == "Train on my writing" and card.go.isVisible(), timeout=10_000)
    assert kit.vault.adapters() == []
