"""`ownhand bench`: how fast Ownhand is on this machine.

Machines are noisy, so what counts are ratios: every figure stands beside what llama.cpp alone needs for the same
tokens, measured in turn with it, in the same run, on the same file and with the same threads.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ownhand import paths
from ownhand.adapters.worker import random_model
from ownhand.cli import bench_engine, bench_start, bench_typing

LARGER: Final = ("360M", "1.5B")
"""Models with random weights that are made for the measurement: nonsense, at the speed of real ones of their size."""


def engine(*, larger: bool = False) -> dict[str, Any]:
    """Typing, completions, drafts and all else that the engine does, with the built-in model and with larger ones."""
    start = bench_start.measure()
    models = [bench_engine.measure(paths.builtin_model(), copies=True)]
    typing = bench_typing.measure()
    for size in LARGER if larger else ():
        with tempfile.TemporaryDirectory() as folder:
            path = random_model.make(Path(folder) / f"random-{size}.gguf", size, paths.builtin_model())
            models.append(bench_engine.measure(path, copies=False))
    return {
        "machine": f"{_processor()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "start": start,
        "typing": typing,
        "models": models,
    }


def text(figures: dict[str, Any]) -> str:
    """The figures for people."""
    models = figures["models"]
    rows: list[tuple[str, Sequence[str]]] = [
        ("", [model["model"] for model in models]),
        ("file, MB", [str(model["megabytes"]) for model in models]),
        ("memory, MB: estimated / taken", [_pair(model["memory"], "estimated_mb", "taken_mb") for model in models]),
        ("ready after, s", [str(model["ready_s"]) for model in models]),
        ("completion, ms p50 / p95", [_pair(model["completion"]["ms"], "p50", "p95") for model in models]),
        ("  bare llama.cpp", [_pair(model["completion"]["bare"], "p50", "p95") for model in models]),
        ("  ratio", [_pair(model["completion"], "ratio_p50", "ratio_p95") for model in models]),
        ("draft, tokens/s", [str(model["draft"]["tokens_per_s"]) for model in models]),
        ("  bare llama.cpp", [str(model["draft"]["bare"]) for model in models]),
        ("  ratio", [str(model["draft"]["ratio"]) for model in models]),
        ("first token, ms: first / second", [_pair(m["second_suggestion"], "first_ms", "second_ms") for m in models]),
        ("  ratio", [str(model["second_suggestion"]["ratio"]) for model in models]),
        ("3 variants, tokens/s: in turn / at once", [_pair(m["variants"], "in_turn", "together") for m in models]),
        ("  ratio", [str(model["variants"]["ratio"]) for model in models]),
        ("completion amid a draft, ms p50 / p95", [_pair(m["while_drafting"]["ms"], "p50", "p95") for m in models]),
        ("  ratio to rest", [_pair(model["while_drafting"], "ratio_p50", "ratio_p95") for model in models]),
        ("cancel in a prompt, ms p50 / max", [_pair(m["cancel_ms"], "prefill_p50", "prefill_max") for m in models]),
        ("cancel in an answer, ms p50 / max", [_pair(m["cancel_ms"], "answer_p50", "answer_max") for m in models]),
    ]
    typing, rewrite = figures["typing"], models[0]["rewrite"]
    width = max(len(model["model"]) for model in models) + 8
    return "\n".join(
        [
            figures["machine"],
            f"start: the window takes keys after {figures['start']['window_s']} s, completions are ready after "
            f"{figures['start']['completions_s']} s",
            f"typing: {typing['keys']} keys, {typing['shown']} ghosts; key to ghost text, without the pause, p50 / p95 "
            f"{_pair(typing['ms'], 'p50', 'p95')} ms; bare llama.cpp {_pair(typing['bare'], 'p50', 'p95')} ms; "
            f"ratio {_pair(typing, 'ratio_p50', 'ratio_p95')}",
            *(f"{name:40s}" + "".join(f"{value:>{width}s}" for value in values) for name, values in rows),
            f"repeating a text: {rewrite['plain']} tokens/s, with guesses {rewrite['guessing']} "
            f"(ratio {rewrite['ratio']}), {'the same text' if rewrite['same_text'] else 'ANOTHER TEXT'}",
        ]
    )


def _pair(figures: dict[str, Any], first: str, second: str) -> str:
    return f"{figures[first]} / {figures[second]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "processor")
