"""Where Ownhand's files lie: what it shipped with, and what belongs to the person.

What it shipped with (`resources/`, `models/`) is found in three cases: frozen by PyInstaller (unpacked beside the
program), installed from a wheel (inside the package), or run from a checkout (two folders up).

What belongs to the person lies in the platform's own folders.  The environment variable OWNHAND_DATA puts all of it
below one folder instead, for a portable copy, a second profile or a test.

Every function reads the environment when called, and none creates or opens anything.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

_APP = "ownhand"
_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = "_shipped"
"""Folder inside the package to which the wheel moves `resources/` and `models/` (packaging/wheel_files.py)."""

BUILTIN_MODEL = "ownhand-100m.gguf"
"""File name of the language model that comes with Ownhand."""


def shipped_dir() -> Path:
    """The folder that holds `resources/` and `models/` as shipped; read only."""
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        return Path(bundle)
    inside = _PACKAGE / _SHIPPED
    if inside.is_dir():
        return inside
    return _PACKAGE.parents[1]


def resources_dir() -> Path:
    """Icons, themes and translations, as shipped."""
    return shipped_dir() / "resources"


def shipped_models_dir() -> Path:
    """The built-in model and `catalog.toml`, as shipped."""
    return shipped_dir() / "models"


def builtin_model() -> Path:
    """The language model that comes with Ownhand."""
    return shipped_models_dir() / BUILTIN_MODEL


def catalog_file() -> Path:
    """The table of models that Ownhand knows."""
    return shipped_models_dir() / "catalog.toml"


def data_dir() -> Path:
    """The person's vault and everything that must survive."""
    return _override() or platformdirs.user_data_path(_APP, appauthor=False)


def models_dir() -> Path:
    """Models that the person imported or downloaded."""
    return data_dir() / "models"


def config_dir() -> Path:
    """What is not private enough for the vault and needed before it opens, such as where it lies."""
    base = _override()
    return base / "config" if base else platformdirs.user_config_path(_APP, appauthor=False)


def cache_dir() -> Path:
    """What can be made again; never the person's words."""
    base = _override()
    return base / "cache" if base else platformdirs.user_cache_path(_APP, appauthor=False)


def log_dir() -> Path:
    """Log files: ids, counts and durations only."""
    base = _override()
    return base / "logs" if base else platformdirs.user_log_path(_APP, appauthor=False)


def _override() -> Path | None:
    value = os.environ.get("OWNHAND_DATA", "")
    return Path(value).expanduser().absolute() if value else None
