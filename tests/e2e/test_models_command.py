"""`ownhand models` from end to end: the hub is a server on this computer, everything else is as a person has it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.hub import Hub
from helpers.offered import offer

PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from ownhand.cli import commands
from ownhand.cli.main import main
commands.Options = partial(commands.Options, catalog=Path(sys.argv[1]), hub=sys.argv[2])
sys.exit(main(sys.argv[3:]))
"""
"""The program with another catalog and another hub; there is no other way to give it those."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.close()


@pytest.fixture
def command(tmp_path: Path, hub: Hub, builtin_model: Path) -> list[str]:
    catalog = offer(tmp_path, hub, builtin_model)
    return [sys.executable, "-c", PROGRAM, str(catalog), hub.address]


@pytest.fixture
def run(tmp_path: Path, command: list[str]) -> Run:
    environment = {**os.environ, "OWNHAND_DATA": str(tmp_path / "data")}

    def call(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*command, "models", *arguments, "--key", "file"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            env=environment,
            check=False,
        )
        assert done.returncode == status, done.stderr[-2000:]
        assert "Traceback" not in done.stderr
        return done

    return call


def test_a_model_is_found_agreed_to_downloaded_used_and_removed(run, hub, tmp_path):
    offered = run("--catalog").stdout
    assert "second-hand  (84 MB" in offered
    assert "Recommended for suggestions on this computer." in offered
    assert json.loads(run("--recommend", "--json").stdout)[0]["offer"]["id"] == "second-hand"

    hub.seen()
    refused = run("--download", "second-hand", status=1)
    assert "84 MB from huggingface.co" in refused.stderr
    assert "Licence: Apache-2.0" in refused.stderr
    assert "--yes" in refused.stderr
    assert hub.seen() == [], "it connected without a yes"
    assert "No connection was made" in run("--connections").stdout

    done = run("--download", "second-hand", "--yes", "--use", "second-hand", "--role", "suggestion")
    assert "Loading it once" in done.stderr
    assert "in use for suggestions" in next(line for line in done.stdout.splitlines() if "Second_Hand.gguf" in line)
    log = json.loads(run("--connections", "--json").stdout)
    assert [(entry["outcome"], entry["purpose"]) for entry in log] == [
        ("complete", "download of Second Hand"),
        ("redirected", "download of Second Hand"),
    ]
    assert "already" in run("--download", "second-hand", "--yes", status=1).stderr
    assert "It is installed." in run("--catalog").stdout

    left = json.loads(run("--remove", "second-hand", "--json").stdout)
    assert [Path(info["path"]).name for info in left] == ["ownhand-100m.gguf"]
    assert not (tmp_path / "data" / "models" / "Second_Hand.gguf").exists()


def test_a_terminal_is_asked_and_no_is_the_default(command, hub, tmp_path):
    environment = {**os.environ, "OWNHAND_DATA": str(tmp_path / "data")}
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"\n")
        done = subprocess.run(
            [*command, "models", "--download", "second-hand", "--key", "file"],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 1
    assert "Download it? [y/N]" in done.stderr
    assert "Nothing was downloaded." in done.stderr


def test_a_file_is_added_by_its_path_and_refused_in_a_sentence(run, builtin_model, tmp_path):
    mine, half = tmp_path / "mine.gguf", tmp_path / "half.gguf"
    shutil.copy(builtin_model, mine)
    half.write_bytes(mine.read_bytes()[:1_000_000])
    assert "mine.gguf" in run("--add", str(mine)).stdout
    assert len(run("--add", str(half), status=1).stderr.strip().splitlines()) == 1
    assert "stays" in run("--remove", "built-in", status=1).stderr
    assert "catalog" in run("--download", "nothing-such", "--yes", status=1).stderr
