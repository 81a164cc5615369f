"""The sentence bank: situations, each with points that can be said formally, plainly and casually."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass
class Point:
    """Something to say.  Texts hold slots such as {day}."""

    told: str
    """As one tells somebody else what to write: 'asking to move our meeting'."""
    note: str
    said: dict[str, list[str]] = field(default_factory=lambda: {"F": [], "M": [], "C": []})
    """By register."""


@dataclass
class Situation:
    """Subject lines and points of one kind of letter."""

    subjects: list[str]
    points: list[Point] = field(default_factory=list)


@cache
def situations() -> list[Situation]:
    """All situations of bank.txt: `# subjects`, `* told | note`, then sentences after F, M or C."""
    found: list[Situation] = []
    for line in (Path(__file__).parent / "bank.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            found.append(Situation([part.strip() for part in line[1:].split("|")]))
        elif line.startswith("*"):
            told, _, note = line[1:].rpartition("|")
            found[-1].points.append(Point(told.strip(), note.strip()))
        elif line[:2] in ("F ", "M ", "C "):
            found[-1].points[-1].said[line[0]].append(line[2:])
    return found


@dataclass(frozen=True)
class Jotted:
    """A point that people note in several ways.  Texts hold slots."""

    notes: tuple[str, ...]
    told: str
    said: dict[str, str]
    """By register."""


@cache
def jotted() -> list[Jotted]:
    """The rows of jotted.txt."""
    found: list[Jotted] = []
    for line in (Path(__file__).parent / "jotted.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            notes, told, formal, plain, casual = (cell.strip() for cell in line.split(" | "))
            plain = formal if plain == "=" else plain
            casual = plain if casual == "=" else casual
            found.append(Jotted(tuple(notes.split("; ")), told, {"F": formal, "M": plain, "C": casual}))
    return found
