"""A locked Ownhand holds neither the key nor a word: no process has them, and the window asks before it goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from helpers.driven_program import DrivenProgram
from helpers.memory import holds, spellings
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault
from ownhand.domain.draft import Draft
from ownhand.settings import WELCOMED, Settings

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is looked into as on Linux"),
    pytest.mark.timeout(180),
]
CANARY = "quillfeather viridian lockgate"
PASSPHRASE = "five kilns and a lantern"


def a_vault(folder: Path, holder: str) -> bytes:
    key = KeyRing(folder).create(holder, PASSPHRASE)  # type: ignore[arg-type]
    vault = SqlVault.open(folder, key, holder)
    Settings(vault).set(WELCOMED, True)
    vault.save_draft(Draft("d", text="Begun. ", caret=7))
    vault.close()
    return key


def of_the_vault(key: bytes) -> dict[str, bytes]:
    return {
        "the key": key,
        "the key in hexadecimal": key.hex().encode(),
        **spellings(CANARY),
        **spellings(PASSPHRASE),
    }


def test_while_locked_no_process_holds_the_key_or_a_word(tmp_path: Path) -> None:
    key = a_vault(tmp_path / "data", "passphrase")
    wanted = of_the_vault(key)
    program = DrivenProgram(tmp_path / "data", tmp_path / "stderr")
    try:
        program.wait_for("the question for the passphrase", locked=True)
        program.ask("unlock", passphrase=PASSPHRASE)
        program.wait_for("the page", window=True, open=True)
        program.ask("write", text=CANARY)
        program.wait_for("the draft in the vault", saved=f"Begun. {CANARY}")
        workers = program.wait_for_workers()
        there = set().union(*(holds(pid, wanted) for pid in (program.process.pid, *workers)))
        assert {"the key in hexadecimal", f"{CANARY} (utf-8)", f"{CANARY} (utf-16-le)"} <= there, "it can be found"
        program.ask("write", text=" unsaved")
        command = [sys.executable, "-m", "ownhand", "lock"]
        done = subprocess.run(command, env=program.environment, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "Locked.", done.stderr
        seen = program.wait_for("the lock", locked=True, window=False)
        assert "locked" in seen["says"]
        assert seen["asks"]
        assert [pid for pid in workers if psutil.pid_exists(pid)] == []
        assert program.workers() == []
        assert holds(program.process.pid, wanted) == set()
        arguments = Path(f"/proc/{program.process.pid}/cmdline").read_bytes()
        assert b"--locked" in arguments
        assert holds_any(arguments + Path(f"/proc/{program.process.pid}/environ").read_bytes(), wanted) == set()
        program.ask("unlock", passphrase=PASSPHRASE)
        page = program.wait_for("the page again", window=True, open=True)["page"]
        assert page == f"Begun. {CANARY} unsaved", "what was typed last was saved first"
        program.ask("close")
        assert program.process.wait(60) == 0
        assert "Traceback" not in program.complaints()
    finally:
        program.end()


def holds_any(raw: bytes, wanted: dict[str, bytes]) -> set[str]:
    return {name for name, value in wanted.items() if value in raw}


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    a_vault(tmp_path / "data", "passphrase")
    program = DrivenProgram(tmp_path / "data", tmp_path / "stderr", arguments=["--locked"])
    try:
        program.wait_for("the lock", locked=True)
        program.ask("unlock", passphrase="another one")
        seen = program.wait_for("the answer", locked=True, window=False)
        while "does not fit" not in seen["says"]:
            seen = program.wait_for("the complaint", locked=True, window=False)
    finally:
        program.end()


def test_where_a_file_holds_the_key_the_lock_opens_with_one_press_and_says_what_that_means(tmp_path: Path) -> None:
    a_vault(tmp_path / "data", "keyfile")
    program = DrivenProgram(tmp_path / "data", tmp_path / "stderr")
    try:
        program.wait_for("the page", window=True, open=True)
        program.ask("lock")
        seen = program.wait_for("the lock", locked=True)
        assert not seen["asks"]
        assert "file beside the vault" in seen["says"]
        second = subprocess.run(
            [sys.executable, "-m", "ownhand", "--show"], env=program.environment, timeout=60, check=False
        )
        assert second.returncode == 0, "a second start shows the lock and opens nothing"
        program.ask("unlock", passphrase="")
        program.wait_for("the page", window=True, open=True)
    finally:
        program.end()


def test_without_a_window_there_is_nothing_to_lock(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ownhand", "lock"],
        env={**os.environ, "OWNHAND_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "nothing to lock" in done.stderr
