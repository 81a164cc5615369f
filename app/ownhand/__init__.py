"""Ownhand: a writing assistant that writes in your hand and keeps everything on your machine."""

__version__ = "0.1.0"
