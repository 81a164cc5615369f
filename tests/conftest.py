"""What every test gets: folders of its own, no network, no display unless asked for, and markers from its folder."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

FOLDER_MARKERS = {
    "unit": "unit",
    "property": "property",
    "integration": "integration",
    "faults": "fault",
    "gui": "gui",
    "e2e": "e2e",
    "screens": "screens",
    "bench": "bench",
    "quality": "quality",
}

# A test must not reach the real vault, nor a display that somebody sits at, even while its modules are being imported.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"

# Examples are slow to make when other tests use all cores; that says nothing about the code.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the first folder below tests/ that it lies in."""
    for item in items:
        marker = FOLDER_MARKERS.get(item.path.relative_to(ROOT / "tests").parts[0])
        if marker is not None:
            item.add_marker(marker)


# ---------------------------------------------------------------------------------------------------- own folders


def _use_home(env: pytest.MonkeyPatch, home: Path) -> None:
    env.setenv("OWNHAND_DATA", str(home / "ownhand"))
    for variable, folder in {
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "XDG_CACHE_HOME": "cache",
        "XDG_STATE_HOME": "state",
    }.items():
        env.setenv(variable, str(home / folder))


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders for fixtures that outlive one test."""
    with pytest.MonkeyPatch.context() as env:
        home = tmp_path_factory.mktemp("home")
        _use_home(env, home)
        runtime = home / "run"
        runtime.mkdir(mode=0o700)
        env.setenv("XDG_RUNTIME_DIR", str(runtime))
        yield home


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of this test's own, in which `ownhand.paths` and its children look."""
    _use_home(monkeypatch, tmp_path / "home")
    return tmp_path / "home"


# ----------------------------------------------------------------------------------------------------- no network

_attempts: list[str] = []


def _refuse_internet(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        if args[0].family not in (socket.AF_INET, socket.AF_INET6):
            return
        target = str(args[1])
    elif event == "socket.getaddrinfo":
        target = str(args[0])
    else:
        return
    _attempts.append(target)
    raise PermissionError(f"a test may not open a connection (to {target})")


# An audit hook sees every route through Python and cannot be removed; native code it does not see.
sys.addaudithook(_refuse_internet)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail the test whose process tried to connect, even if the code under test swallowed the refusal."""
    _attempts.clear()
    yield
    attempts, _attempts[:] = list(_attempts), []
    assert not attempts, f"the test tried to connect to {attempts}"


# ------------------------------------------------------------------------------------------------------- material


@pytest.fixture(scope="session")
def builtin_model() -> Path:
    """The GGUF model that Ownhand ships with."""
    path = ROOT / "models" / "ownhand-100m.gguf"
    assert path.is_file(), "models/ownhand-100m.gguf belongs to the checkout and is missing"
    return path


@pytest.fixture(scope="session")
def bench() -> Path:
    """Third-party mail, documents and metrics, which are not part of the project (OWNHAND_BENCH names them)."""
    path = Path(os.environ.get("OWNHAND_BENCH") or ROOT.parent / "shared" / "bench")
    if not path.is_dir():
        pytest.skip("the third-party benchmark material is not on this machine (set OWNHAND_BENCH to its folder)")
    return path
