"""The guards of the test suite itself, and Qt's X11 libraries."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_pytest(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run one test file under the project's own conftest."""
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text("utf-8"), "utf-8")
    (folder / "test_sample.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)


def test_a_test_that_swallows_a_refused_connection_fails_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    result = run_pytest(
        folder,
        "import socket\n"
        "def test_quiet():\n"
        "    try:\n"
        "        socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "    except OSError:\n"
        "        pass\n",
    )
    assert result.returncode == 1, result.stdout
    assert "tried to connect" in result.stdout


def test_local_sockets_are_not_refused(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    client = socket.socket(socket.AF_UNIX)
    place = os.path.relpath(tmp_path / "s")
    with server, client:
        server.bind(place)
        server.listen(1)
        client.connect(place)


def test_tests_see_folders_of_their_own(home: Path) -> None:
    from ownhand import paths

    assert home in paths.data_dir().parents
    assert not home.exists()


def test_the_window_loads_no_machine_learning_library_and_a_command_no_qt() -> None:
    code = "import ownhand.compose, ownhand.cli.main, sys; print(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    heavy = {"PySide6", "chromadb", "llama_cpp", "onnxruntime", "sentence_transformers", "torch", "transformers"}
    assert heavy.isdisjoint(result.stdout.split())


@pytest.mark.display
def test_qt_opens_a_window_on_an_x_display() -> None:
    if os.environ["QT_QPA_PLATFORM"] != "xcb":
        pytest.skip("there is no X display here; `make test` gives one with xvfb installed")
    code = (
        "from PySide6.QtWidgets import QApplication, QLabel\n"
        "app = QApplication([])\n"
        "label = QLabel('Ownhand'); label.show(); app.processEvents()\n"
        "print(app.platformName(), label.isVisible())\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["xcb", "True"], result.stderr
