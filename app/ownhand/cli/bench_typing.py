"""From the key to the ghost text: the real page, services and engine, over a vault made for the measurement."""

from __future__ import annotations

import os
import statistics
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
REST_MS: Final = 60
"""Between two keys, after the ghost came."""


def measure() -> dict[str, Any]:
    """Milliseconds from a key until the widget has its ghost text, without the pause that waits for another key.

    Beside it what the bare model takes for the same tokens, those of the text that are new and those that are looked at
    to find the words, after the same rest.  Keys that are answered from what an earlier one computed are counted apart.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from ownhand.ui.bridge import Bridge
    from ownhand.ui.editor import WritingEdit
    from ownhand.ui.ghosting import Ghosting

    application = QApplication.instance() or QApplication([])  # kept: Qt lives as long as it does
    bare = EngineClient(paths.builtin_model())
    with tempfile.TemporaryDirectory() as folder:
        app = build(Options(Path(folder), key="keyfile"))
        bridge = Bridge()
        try:
            app.engines.warm()
            edit = WritingEdit()
            draft = Draft("bench")
            ghosting = Ghosting(
                edit, app.completing, app.tallying, app.settings, bridge, lambda: draft, lambda: EVERYONE
            )
            answers: list[Completion] = []
            waiting, patience = QEventLoop(), QTimer()
            patience.setSingleShot(True)
            patience.timeout.connect(waiting.quit)

            def answered(completion: Completion) -> None:
                if completion.usage.prompt_tokens and not answers:
                    answers.append(completion)
                    QTimer.singleShot(0, waiting.quit)  # once the page has it

            ghosting.answered.connect(answered)
            edit.show()
            edit.setPlainText(context(bare))
            edit.place_caret(len(edit.toPlainText()))
            shown = 0
            ours: list[float] = []
            alone: list[float] = []
            kept: list[float] = []
            waits: list[float] = []
            for number, key in enumerate((" " + " ".join(NEXT))[:KEYS]):
                answers.clear()
                before = time.perf_counter()
                QTest.keyClicks(edit, key)
                # a ghost that is typed through is asked about no more
                patience.start(int(1000 * (PATIENCE_S if edit.ghost is None else 0.3)))
                waiting.exec()
                took = 1000 * (time.perf_counter() - before)
                patience.stop()
                if answers and number > 1:
                    usage = answers[0].usage
                    fresh = usage.prompt_tokens - usage.reused_tokens
                    # where the prompt was kept, the first step stands for its end
                    steps = usage.new_tokens if fresh else usage.new_tokens - 1
                    waits.append(answers[0].paused_ms)
                    if fresh or usage.new_tokens:
                        rest = REST_MS + answers[0].paused_ms
                        raw = bare.raw_loop(edit.toPlainText(), max(1, fresh), steps, rest / 1000)
                        ours.append(took - answers[0].paused_ms)
                        alone.append(raw["append_ms"] + steps * raw["token_ms"])
                    else:
                        kept.append(took - answers[0].paused_ms)
                    shown += bool(answers[0].text)
                # leave time for the search for an alternative to end, as a person's next key would
                QTest.qWait(REST_MS)
                if edit.ghost is not None and number % 3 == 0:
                    QTest.keyClick(edit, Qt.Key.Key_Escape)
            return {
                "keys": len(ours),
                "shown": shown,
                "pause_ms": round(max(waits), 1),
                "keys_without_the_model": len(kept),
                "without_the_model_p50_ms": round(statistics.median(kept), 1) if kept else 0.0,
                **compared(ours, alone),
            }
        finally:
            bridge.close()
            application.processEvents()
            app.close()
            bare.close()
