"""Sizes and times as people read them."""

from __future__ import annotations


def megabytes(count: float) -> str:
    """Bytes in units that suit them.

    >>> megabytes(75_211_456), megabytes(1_107_409_472), megabytes(4_120_000), megabytes(312)
    ('75 MB', '1.1 GB', '4.1 MB', '0 kB')
    """
    if count < 99_500:
        return f"{count / 1e3:.0f} kB"
    if count >= 999_500_000:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 9_500_000 else f"{count / 1e6:.1f} MB"


def parameters(count: int) -> str:
    """How large a model is.

    >>> parameters(104_000_000), parameters(1_540_000_000)
    ('104 million parameters', '1.5 billion parameters')
    """
    if count >= 1e9:
        return f"{count / 1e9:.1f} billion parameters"
    return f"{count / 1e6:.0f} million parameters" if count else ""


def remaining(seconds: float) -> str:
    """A time that is left, no more exact than it is known.

    >>> remaining(3), remaining(48), remaining(200), remaining(8000)
    ('a few seconds', '50 seconds', '3 minutes', '2 h 13 min')
    """
    if seconds < 8:
        return "a few seconds"
    if seconds < 55:
        return f"{10 * round(seconds / 10)} seconds"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes // 60} h {minutes % 60} min"
