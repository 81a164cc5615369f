"""What tells a model from every other: its files' contents.  Standard library only: the window's process asks too."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

PART: Final = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)
"""How llama.cpp names the files of a model in parts."""


def files_of(path: Path) -> list[Path]:
    """The files of the model that this one belongs to, as its name tells, whether they exist or not."""
    named = PART.fullmatch(path.name)
    if named is None:
        return [path]
    count = int(named["count"])
    return [path.with_name(f"{named['name']}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1)]


def identify(path: Path) -> str:
    """The sha256 of the files' contents; '' where one cannot be read, which belongs to no adapter."""
    try:
        return _identified(tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files_of(path)))
    except OSError:
        return ""


@lru_cache(maxsize=16)
def _identified(stamp: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for path, _, _ in stamp:
        with open(path, "rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
