"""The prompt, assembled from sections within a budget.

Sections stand in a fixed order (who writes, how this person writes, own examples, preferences last and so
nearest to the task: models follow rules better the closer they stand, PrefEval, arXiv 2502.09597).  When the
budget is short, the least important sections go first and examples are dropped one by one, never cut in the
middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

CHARACTERS_PER_TOKEN = 3.6
"""English prose in a 32k vocabulary, on the safe side."""

IDENTITY = "You are a private writing assistant that runs on the user's device. Reply with the text only."


@dataclass(frozen=True, slots=True)
class Section:
    """Part of the system message.  Lower `rank` stands earlier; higher `weight` survives longer."""

    title: str
    items: tuple[str, ...] = field(repr=False)
    rank: int = 0
    weight: int = 0
    bullets: bool = False


@dataclass(frozen=True, slots=True)
class Messages:
    """What goes to the model's chat template."""

    system: str = field(repr=False)
    task: str = field(repr=False)

    def as_roles(self) -> list[dict[str, str]]:
        """Role/content pairs."""
        turns = [{"role": "system", "content": self.system}] if self.system else []
        return [*turns, {"role": "user", "content": self.task}]


def tokens_in(text: str) -> int:
    """A careful estimate of the tokens of a text."""
    return int(len(text) / CHARACTERS_PER_TOKEN) + 1


def assemble(sections: Sequence[Section], task: str, budget: int) -> Messages:
    """The messages for one task within `budget` tokens (prompt only; the answer's room is already taken off)."""
    kept = {index: list(section.items) for index, section in enumerate(sections) if section.items}

    def render() -> str:
        parts = [IDENTITY]
        for index in sorted(kept, key=lambda i: (sections[i].rank, i)):
            section, items = sections[index], kept[index]
            if not items:
                continue
            if section.bullets:
                parts.append(section.title + "\n" + "\n".join(f"- {item}" for item in items))
            else:
                parts.append(section.title + "\n\n---\n" + "\n\n---\n".join(items))
        return "\n\n".join(parts)

    while tokens_in(render()) + tokens_in(task) > budget and any(kept.values()):
        index = min((i for i in kept if kept[i]), key=lambda i: sections[i].weight)
        kept[index].pop()
    return Messages(render(), task)
