"""A trained adapter, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Adapter:
    """A trained adapter in the vault."""

    audience: str
    """For whom one writes with it; EVERYONE's serves where an audience has none."""
    base: str
    """Which model it belongs to: sha256 of its file."""
    model: str
    """That model's name."""
    weight: float
    """How much it counts at full strength, fitted on texts it was not trained on."""
    gain: float
    """Share of the bits that the person's words cost less, on `measured` documents that it never saw; may be negative,
    and then it is not used."""
    documents: int
    """How many it was trained on."""
    measured: int
    seconds: float
    """How long the training took."""
    trained_at: datetime | None = None
    data: bytes = field(default=b"", repr=False)
    """The .gguf file."""
    vector: bytes = field(default=b"", repr=False)
    """The style vector, where one was asked for."""
    vector_weight: float = 0.0
    vector_gain: float = 0.0
    """As `gain`, beyond what the adapter gains; it is used where this is more than nothing."""


def verdict(adapter: Adapter, fits: bool = True) -> str:
    """What it gained, in words.

    >>> verdict(Adapter("everyone", "ab", "small", 1.0, 0.094, 250, 31, 600.0))
    'On 31 texts it had not seen, your words were 9 % less surprising with it than without.'
    """
    if adapter.gain <= 0:
        return (
            f"On {adapter.measured} texts it had not seen, your words were no less surprising with it than without, "
            "so it is not used. More of your writing may help."
        )
    percent = round(100 * adapter.gain) or "less than 1"
    told = (
        f"On {adapter.measured} texts it had not seen, your words were {percent} % less surprising with it "
        "than without."
    )
    if fits:
        return told
    return (
        f"{told} It was trained for {adapter.model} and rests while another model completes; train again for that one."
    )


def vector_verdict(adapter: Adapter) -> str:
    """What a style vector gained beside it, in words."""
    if adapter.vector_gain <= 0:
        return "The style vector gained nothing beside it, so it is not used."
    return f"The style vector makes them another {100 * adapter.vector_gain:.1f} % less surprising."
