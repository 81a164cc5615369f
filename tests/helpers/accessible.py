"""What a screen reader could not say."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


def nameless(root: QWidget) -> list[str]:
    """Focusable widgets without a name that a screen reader could say."""
    found = []
    for widget in [root, *root.findChildren(QWidget)]:
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or widget.objectName().startswith("qt_"):
            continue
        parent = widget.parentWidget()
        if parent is not None and parent.metaObject().className() == "QComboBoxPrivateContainer":
            continue  # the list of a combo box, which speaks for it
        text = getattr(widget, "text", None)
        spoken = widget.accessibleName() or (text() if callable(text) and isinstance(text(), str) else "")
        buddy = any(label.buddy() is widget for label in root.findChildren(QLabel))
        proxy = widget.focusProxy() is not None
        own = type(widget).__module__.startswith("PySide6") and type(widget).__name__ in {"QWidget", "QScrollBar"}
        if not spoken.strip() and not buddy and not proxy and not own:
            found.append(f"{type(widget).__name__} {widget.objectName()}")
    return found
