"""While nobody touches it, the program does nothing at all."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from helpers.idle import threads, woken, written_to

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's counts are in /proc")

QUIET_S = 11.0
"""Longer than the ten seconds after which some libraries look after themselves."""
SETTLE_S = 60.0
"""How long saving, learning and loading may go on after the last key on a slow machine."""


def test_no_thread_of_any_process_wakes_up_while_nobody_touches_the_program(tmp_path: Path) -> None:
    with written_to(tmp_path) as program:
        program.ask("look away")  # a caret that blinks is all that moves otherwise
        end = time.monotonic() + SETTLE_S
        while True:
            before = threads(program)
            time.sleep(QUIET_S)
            did = woken(before, threads(program))
            if not did:
                break
            assert time.monotonic() < end, f"still at work: {did}"
        assert {thread.process for thread in before.values()} == {"window", "engine", "recall"}
