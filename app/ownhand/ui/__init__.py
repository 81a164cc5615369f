"""The desktop: the only package that imports PySide6."""
