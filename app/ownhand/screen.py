"""Whether there is a screen to show a window on."""

from __future__ import annotations

import os
import sys

WITHOUT_SCREEN = {"offscreen", "vnc", "minimal"}
"""Qt platforms that draw without a display server."""


def has_display() -> bool:
    """Whether a window can be shown."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if not sys.platform.startswith("linux") or platform in WITHOUT_SCREEN:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
