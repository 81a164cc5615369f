"""Hatchling build hook: put `resources/` and `models/` inside the wheel's package.

An editable install must not get them (it would copy the model on every install), so this is a hook and not the static
`force-include` table, which knows no difference.  `ownhand.paths.shipped_dir` looks them up again.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "resources": "ownhand/_shipped/resources",
    "models/catalog.toml": "ownhand/_shipped/models/catalog.toml",
    "models/ownhand-100m.gguf": "ownhand/_shipped/models/ownhand-100m.gguf",
    "models/MODEL_CARD.md": "ownhand/_shipped/models/MODEL_CARD.md",
    "models/DATA_SOURCES.md": "ownhand/_shipped/models/DATA_SOURCES.md",
}


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]  # the generic parameter is hatchling's own config
    """Adds the shipped files to a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds; `version` is "standard" or "editable"."""
        if version != "editable":
            build_data["force_include"].update(FILES)
