"""What is said of a trained adapter."""

from __future__ import annotations

from ownhand.domain.ports import Adapter


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
