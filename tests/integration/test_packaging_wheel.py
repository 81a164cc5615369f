"""The wheel holds all that Ownhand needs to run, and an editable install copies none of it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(hook: str, folder: Path) -> Path:
    """Call a PEP 517 hook of the build backend in the project's folder, as pip does."""
    code = f"import hatchling.build, sys; print(hatchling.build.{hook}(sys.argv[1]))"
    result = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return folder / result.stdout.split()[-1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("build_wheel", tmp_path_factory.mktemp("wheel"))


def test_an_unpacked_wheel_finds_its_own_model_and_icon(built: Path, tmp_path: Path, builtin_model: Path) -> None:
    with zipfile.ZipFile(built) as wheel:
        wheel.extractall(tmp_path / "site")
    code = (
        "from ownhand import paths\n"
        "print(paths.builtin_model())\n"
        "print(paths.catalog_file().is_file(), (paths.resources_dir() / 'icons' / 'ownhand.svg').is_file())\n"
    )
    environ = dict(os.environ, PYTHONPATH=str(tmp_path / "site"))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=60)
    model, flags = result.stdout.splitlines()
    assert Path(model).is_relative_to(tmp_path)
    assert Path(model).stat().st_size == builtin_model.stat().st_size
    assert flags == "True True"


def test_the_wheel_offers_the_command_and_carries_the_licence(built: Path) -> None:
    with zipfile.ZipFile(built) as wheel:
        names = wheel.namelist()
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        assert "ownhand = ownhand.__main__:main" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if not name.startswith("ownhand/") and ".dist-info/" not in name]


def test_an_editable_install_copies_no_model(tmp_path: Path) -> None:
    assert build("build_editable", tmp_path).stat().st_size < 100_000
