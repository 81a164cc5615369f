"""How long a start takes: from the command until the window takes keys, and until the model can complete."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from ownhand.compose import Options, build
from ownhand.errors import WorkerError
from ownhand.settings import WELCOMED

STARTS: Final = 3
PATIENCE_S: Final = 120.0
MILESTONES: Final = {"window_s": "window: ready", "completions_s": "engine: ready"}


def measure() -> dict[str, float]:
    """Seconds to each milestone: the median of some starts of the real program, over an empty vault, drawn off-screen.

    Raises WorkerError if it does not start.
    """
    starts = [_start() for _ in range(STARTS)]
    return {name: round(statistics.median(start[name] for start in starts), 2) for name in MILESTONES}


def _start() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        app = build(Options(Path(folder), key="keyfile"))
        app.settings.set(WELCOMED, True)
        app.close()
        environment = {
            **os.environ,
            "OWNHAND_DATA": folder,
            "XDG_STATE_HOME": f"{folder}/state",
            "QT_QPA_PLATFORM": "offscreen",
        }
        began = time.time()
        program = subprocess.Popen([sys.executable, "-P", "-m", "ownhand"], env=environment, stderr=subprocess.DEVNULL)
        try:
            while True:
                found = _milestones(Path(folder), began)
                if len(found) == len(MILESTONES):
                    return found
                if program.poll() is not None or time.time() - began > PATIENCE_S:
                    raise WorkerError("Ownhand did not start for the measurement. Run ownhand doctor to see why.")
                time.sleep(0.05)
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait()


def _milestones(folder: Path, began: float) -> dict[str, float]:
    """Which milestones the log names, and how long after the start they were."""
    log = "".join(path.read_text("utf-8") for path in folder.rglob("ownhand.log"))
    found = {}
    for name, event in MILESTONES.items():
        line = re.search(rf"^(\S+ \S+?),(\d+) .*{event}$", log, re.MULTILINE)
        if line is not None:
            moment = datetime.strptime(line[1], "%Y-%m-%d %H:%M:%S").timestamp() + int(line[2]) / 1000
            found[name] = moment - began
    return found
