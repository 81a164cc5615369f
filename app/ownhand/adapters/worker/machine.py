"""What this computer can give to a model: memory and processors."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil  # type: ignore[import-untyped]


def available_memory() -> int:
    """Bytes this process may still take: free memory, or what its control group leaves of its limit if that is less."""
    available = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        used = (group / "memory.current").read_text().strip()
    except OSError:  # no control groups here
        return available
    return min(available, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else available


def total_memory() -> int:
    """Bytes of main memory: what is built in, or the limit of this process's control group if that is less."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:  # no control groups here
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def cores() -> int:
    """Processor cores that this process may use; two threads of one core count once."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))


_LOW_PERCENT = 30


def battery_low() -> bool:
    """Whether the computer runs on a battery that is less than a third full."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and not battery.power_plugged and battery.percent < _LOW_PERCENT


def taken_memory() -> int:
    """Bytes this process takes, mapped files included: all of them, since another that maps the same may end."""
    return int(psutil.Process().memory_info().rss)


def thread_counts() -> tuple[int, ...]:
    """Numbers of threads worth trying, ascending; pace.py finds out which is best for what."""
    most = min(cores(), 16)
    return tuple(sorted({1, max(1, most // 2), max(1, most - 1), most}))


def is_arm() -> bool:
    """Whether the processor is an ARM one."""
    return platform.machine().lower() in ("aarch64", "arm64")
