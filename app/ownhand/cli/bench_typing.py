"""From the key to the ghost text: the real page, services and engine, over a vault made for the measurement."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from ownhand import paths
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.cli.bench_engine import NEXT, compared, context
from ownhand.compose import Options, build
from ownhand.domain.completion import Completion
from ownhand.domain.draft import EVERYONE, Draft

KEYS: Final = 160
"""Characters typed."""
PATIENCE_S: Final = 5.0


def measure() -> dict[str, Any]:
    """Milliseconds from a key until the widget has its ghost text, without the pause that waits for another key.

    Beside it what the bare model takes for the same tokens: those of the text that are new, and those it writes.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from ownhand.ui.bridge import Bridge
    from ownhand.ui.editor import WritingEdit
    from ownhand.ui.ghosting import Ghosting

    application = QApplication.instance() or QApplication([])
    bare = EngineClient(paths.builtin_model())
    with tempfile.TemporaryDirectory() as folder:
        app = build(Options(Path(folder), key="keyfile"))
        bridge = Bridge()
        try:
            app.engines.warm()
            edit = WritingEdit()
            ghosting = Ghosting(edit, app.completing, app.settings, bridge, lambda: Draft("bench"), lambda: EVERYONE)
            answers: list[Completion] = []
            ghosting.answered.connect(answers.append)
            edit.show()
            edit.setPlainText(context(bare))
            edit.place_caret(len(edit.toPlainText()))
            shown, ours, alone, waits = 0, [], [], []
            for number, key in enumerate((" " + " ".join(NEXT))[:KEYS]):
                answers.clear()
                before = time.perf_counter()
                QTest.keyClicks(edit, key)
                while not any(answer.usage.prompt_tokens for answer in answers):
                    application.processEvents()
                    if time.perf_counter() - before > PATIENCE_S or (edit.ghost is not None and not answers):
                        break  # typed through: nothing was asked
                    time.sleep(0.0002)
                else:
                    took = 1000 * (time.perf_counter() - before)
                    answer = next(answer for answer in answers if answer.usage.prompt_tokens)
                    usage = answer.usage
                    fresh = usage.prompt_tokens - usage.reused_tokens
                    steps = max(0, usage.new_tokens - (usage.finish == "length"))
                    raw = bare.raw_loop(edit.toPlainText(), fresh, steps)
                    if number > 1:
                        ours.append(took - answer.paused_ms)
                        waits.append(answer.paused_ms)
                        alone.append(raw["append_ms"] + steps * raw["token_ms"])
                        shown += bool(answer.text)
                # leave time for the search for an alternative to end, as a person's next key would
                QTest.qWait(60)
                if edit.ghost is not None and number % 3 == 0:
                    QTest.keyClick(edit, Qt.Key.Key_Escape)
            return {"keys": len(ours), "shown": shown, "pause_ms": round(max(waits), 1), **compared(ours, alone)}
        finally:
            bridge.close()
            app.close()
            bare.close()
