"""`ownhand bench engine` as a person runs it; by hand: pytest -m bench."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.timeout(600)
def test_the_engine_keeps_close_to_the_bare_loop() -> None:
    command = [sys.executable, "-P", "-m", "ownhand", "bench", "engine", "--json"]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    model = figures["models"][0]
    assert figures["typing"]["ratio_p50"] <= 1.3
    assert figures["typing"]["ratio_p95"] <= 2
    assert model["draft"]["ratio"] >= 0.95
    assert model["second_suggestion"]["ratio"] <= 0.25
    assert model["variants"]["ratio"] >= 1.2
    assert model["while_drafting"]["ratio_p95"] <= 2
    assert max(model["cancel_ms"].values()) <= 50
    assert model["rewrite"]["same_text"]
    assert figures["start"]["completions_s"] <= 1.5
