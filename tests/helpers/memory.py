"""What lies in the memory of a process, as another process of the same person can read it (Linux)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

BLOCK = 1 << 24


def regions(pid: int) -> Iterator[bytes]:
    """All memory that the process can write to: heaps, stacks, buffers."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            low, high = (int(part, 16) for part in span.split("-"))
            for start in range(low, high, BLOCK):
                try:
                    memory.seek(start)
                    yield memory.read(min(BLOCK, high - start))
                except (OSError, ValueError):  # a region that only the kernel may read, or that is gone by now
                    break


def holds(pid: int, wanted: dict[str, bytes]) -> set[str]:
    """The names of those that lie in its memory."""
    found: set[str] = set()
    for block in regions(pid):
        found |= {name for name, value in wanted.items() if value in block}
    return found


def spellings(text: str) -> dict[str, bytes]:
    """A text as Python, Qt and files hold it."""
    return {f"{text} ({coding})": text.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-32-le")}
