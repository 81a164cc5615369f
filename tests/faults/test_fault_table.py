"""Every fault of the engine, seen from the window: it keeps typing, no character is lost, and it is served again.

One row for each in helpers/faults.py.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from helpers.faults import FAULTS, Fault, Target
from helpers.person import OFFSCREEN, Person, child_workers, press, wait_for
from ownhand import paths
from ownhand.adapters.worker.client import Supervision
from ownhand.compose import Options, build
from ownhand.domain.completion import CompletionContext

pytestmark = [
    pytest.mark.qt_log_ignore(OFFSCREEN, extend=True),
    pytest.mark.timeout(300),
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the faults are POSIX signals"),
]

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"
DANA = "Dana Li <dana.li@brightwater.example>"


@pytest.fixture(scope="module")
def robin(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("faults") / "data"
    app = build(Options(folder, key="keyfile", supervision=Supervision(patience=1.0)))
    app.start()
    person = Person(app, qapp)
    try:
        with pytest.MonkeyPatch.context() as dialogs:
            person.first_run(MAILBOX, lambda name, answer: dialogs.setattr(QFileDialog, name, staticmethod(answer)))
        yield person
    finally:
        person.leave()


@pytest.fixture
def target(robin: Person, tmp_path: Path) -> Target:
    """An added model that writes in the window, so that its file can be harmed too."""
    model = tmp_path / "robins-model.gguf"
    shutil.copy(paths.builtin_model(), model)
    for role in ("completion", "suggestion"):
        robin.app.models.choose(role, model)
    engine = robin.app.engines.any()
    return Target(engine, model)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_window_goes_on(robin: Person, target: Target, fault: Fault) -> None:
    words = itertools.cycle((" we", " move", " the", " meeting"))
    robin.window.toast.hide()
    robin.new_email(DANA, fault.name)
    robin.write("Hi Dana,\n\nThanks so")
    expected = robin.page + robin.write_until_the_model_answers(words)

    fault.strike(target)
    robin.write(" much for the figures.\n\nCould")
    expected += " much for the figures.\n\nCould"
    assert robin.page == expected, "it keeps typing"
    taken = not fault.takes_the_model

    def take_the_built_in_one() -> bool:
        nonlocal taken
        if not taken and "robins-model.gguf" in robin.window.toast.text:
            press(robin.window.toast, "Use the built-in model")
            wait_for("the change", lambda: robin.app.models.chosen("suggestion") == paths.builtin_model())
            assert robin.app.models.chosen("completion") == paths.builtin_model()
            robin.window.edit.setFocus()
            taken = True
        return taken

    expected += robin.write_until_the_model_answers(words, take_the_built_in_one)
    assert robin.page == expected, "no character is lost"
    assert robin.window.edit.hasFocus()
    robin.wait_until_saved()
    assert len(child_workers("engine")) <= 1, "nothing is left behind"


def test_what_was_asked_of_an_engine_that_dies_is_asked_of_the_next_one_without_another_key(
    robin: Person, target: Target
) -> None:
    pid = target.pid
    os.kill(pid, signal.SIGSTOP)  # so that it dies with the request in its hands
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    completion = robin.app.completing.complete(CompletionContext("Hi Dana,\n\nThanks so much for"))
    assert completion.usage is not None
    assert completion.usage.finish != "failed"
    assert completion.usage.new_tokens > 0
