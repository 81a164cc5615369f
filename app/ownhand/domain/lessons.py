"""What an adapter is trained on: texts in which every stretch is the person's own or not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a lesson; only `own` ones are learned."""

    text: str = field(repr=False)
    own: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a model reads and should have written.  In `prompt` the model's marks are parsed, in the parts never."""

    prompt: str = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
