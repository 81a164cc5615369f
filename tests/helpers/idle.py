"""What the program costs while nobody touches it: how often any thread of its processes is woken, and the CPU time.

By hand, with a blinking caret:  PYTHONPATH=tests packaging/under-xvfb .venv/bin/python -m helpers.idle [SECONDS]
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from helpers.driven_program import DrivenProgram
from ownhand.compose import Options, open_vault
from ownhand.settings import WELCOMED, Settings


@dataclass(frozen=True)
class Thread:
    """What a thread has done so far."""

    process: str
    name: str
    woken: int
    cpu_s: float


@contextmanager
def written_to(folder: Path) -> Iterator[DrivenProgram]:
    """The program over a vault of its own, after a line was written and completed."""
    vault = open_vault(Options(folder / "data", key="keyfile"))
    Settings(vault).set(WELCOMED, True)
    vault.close()
    program = DrivenProgram(folder / "data", folder / "stderr")
    try:
        program.wait_for("the page", window=True, open=True, keyboard=True)
        program.ask("write", text="Thanks so much for")
        program.wait_for("an answer of the completion", completed=True)
        yield program
    finally:
        program.end()


def threads(program: DrivenProgram) -> dict[int, Thread]:
    """All threads of all processes of the program."""
    found = {}
    for process in (psutil.Process(program.process.pid), *program.workers()):
        line = process.cmdline()
        role = line[-1] if "--worker" in line else "window"
        times = {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
                woken = int(fields["voluntary_ctxt_switches"])
                found[int(task.name)] = Thread(role, fields["Name"].strip(), woken, times.get(int(task.name), 0.0))
    return found


def woken(before: dict[int, Thread], after: dict[int, Thread]) -> dict[str, tuple[int, float]]:
    """The threads that did anything meanwhile, with how often they were woken and their CPU seconds."""
    none = Thread("", "", 0, 0.0)
    changed = {
        f"{now.process}: {now.name} {number}": (
            now.woken - before.get(number, none).woken,
            round(now.cpu_s - before.get(number, none).cpu_s, 2),
        )
        for number, now in after.items()
    }
    return {name: did for name, did in changed.items() if did != (0, 0.0)}


def _by_hand(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder, written_to(Path(folder)) as program:
        time.sleep(30)  # the debounce, the autosave, the learning and the loading of the embedder are over
        before = threads(program)
        time.sleep(seconds)
        after = threads(program)
        did = woken(before, after)
        for role in ("window", "engine", "recall"):
            of_it = {name: done for name, done in did.items() if name.startswith(role)}
            cpu = sum(spent for _, spent in of_it.values())
            count = sum(one.process == role for one in after.values())
            print(f"{role}: {count} threads, {cpu:.2f} s CPU in {seconds:g} s")
            print(f"  woken: {json.dumps(of_it)}")


if __name__ == "__main__":
    _by_hand(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
