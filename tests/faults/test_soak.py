"""Faults at random, for long: nothing typed is lost, nothing asked for stays open, nothing is left running.

In the suite a few of them; by hand as many as wanted, with the figures printed:
    OWNHAND_SOAK=500 pytest tests/faults/test_soak.py -s
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from helpers.driven_program import DrivenProgram
from helpers.person import OFFSCREEN, Person
from helpers.soak import FOR_EVER, WORDS, Soak
from ownhand.compose import Options, build, open_vault
from ownhand.settings import WELCOMED, Settings

FAULTS = int(os.environ.get("OWNHAND_SOAK", "5"))
KILLS = max(2, FAULTS // 20)
SEED = int(os.environ.get("OWNHAND_SOAK_SEED", "20261124"))
MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"

pytestmark = [
    pytest.mark.qt_log_ignore(OFFSCREEN, extend=True),
    pytest.mark.timeout(120 + 15 * FAULTS),
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the faults are POSIX signals"),
]


def test_a_person_types_through_any_number_of_faults(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build(Options(tmp_path / "data", key="keyfile", supervision=FOR_EVER))
    app.start()
    robin = Person(app, qapp)
    soak = Soak(robin, tmp_path, SEED)
    try:
        robin.first_run(MAILBOX, lambda name, answer: monkeypatch.setattr(QFileDialog, name, staticmethod(answer)))
        figures = soak.run(FAULTS)
    finally:
        workers = [child for child in psutil.Process().children(recursive=True) if "--worker" in child.cmdline()]
        robin.leave()
    left = psutil.wait_procs(workers, 10)[1]
    figures.left_behind = [" ".join(child.cmdline()) for child in left]
    print(figures.text())
    assert figures.lost == []
    assert figures.stuck == []
    assert figures.left_behind == []
    assert sum(figures.faults.values()) == FAULTS


def stands_behind_its_walls(worker: psutil.Process) -> bool:
    """Whether it has told the kernel to end it with its window: a process stopped in its first moments has not yet."""
    return "NoNewPrivs:\t1" in Path(f"/proc/{worker.pid}/status").read_text("ascii", "replace")


def test_a_killed_window_leaves_no_process_and_no_gap_in_the_text(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    vault = open_vault(Options(tmp_path / "data", key="keyfile"))
    Settings(vault).set(WELCOMED, True)
    vault.close()
    page = ""
    for _ in range(KILLS):
        program = DrivenProgram(tmp_path / "data", tmp_path / "stderr")
        try:
            program.wait_for("the page as it was left", window=True, open=True, page=page, keyboard=True)
            text = "".join(chance.choice(WORDS) + " " for _ in range(chance.randrange(1, 6)))
            page += text
            program.ask("write", text=text)
            program.wait_for("the autosave", saved=page)
            workers = program.workers()
            for worker in workers:
                if chance.random() < 0.5 and stands_behind_its_walls(worker):
                    worker.suspend()
            time.sleep(chance.random() / 4)
            program.send(signal.SIGKILL)
            assert psutil.wait_procs(workers, 10)[1] == [], "a worker that was stopped ends too"
        finally:
            program.end()
