"""`ownhand bench engine`: how fast this machine writes, against the bare model in the same run.

Machines are noisy, so what counts is the ratio: every figure stands beside what llama.cpp alone needs for the
same tokens, measured alternately with it on the same file and threads.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Sequence
from typing import Any

from ownhand import paths
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.ports import Generate, Lane, Sampling

WORDS = (
    "the committee met on Monday and talked about the budget for next year because several members had asked for more "
    "time to read the report that was sent last week by the office in the old town hall near the river"
).split()
CONTEXT_TOKENS = 400
KEYSTROKES = 60
NEW_TOKENS = 4
DRAFT_TOKENS = 120


def engine() -> dict[str, Any]:
    """Completion latency and draft speed of the built-in model, and their ratios to the bare loop."""
    client = EngineClient(paths.builtin_model())
    try:
        started = time.perf_counter()
        info = client.load(paths.builtin_model())
        load_s = time.perf_counter() - started
        text = " ".join(WORDS * 20)
        while client.count_tokens(text) > CONTEXT_TOKENS:
            text = text.rsplit(" ", 1)[0]
        ours, bare = [], []
        for number in range(KEYSTROKES):
            word = " " + WORDS[number % len(WORDS)]
            baseline = client.raw_loop(text, word, NEW_TOKENS) if number % 4 == 0 else None
            if baseline is not None:
                bare.append(baseline["append_ms"] + (NEW_TOKENS - 1) * baseline["token_ms"])
            text += word
            before = time.perf_counter()
            for _ in client.generate(Generate(Lane.COMPLETION, text=text, max_tokens=NEW_TOKENS, heal=True)):
                pass
            if number:
                ours.append(1000 * (time.perf_counter() - before))
        drafts, raw = [], []
        for seed in range(3):
            stream = client.generate(
                Generate(
                    Lane.SUGGESTION,
                    text="Once upon a time there was a",
                    max_tokens=DRAFT_TOKENS,
                    sampling=Sampling(0.8, seed=seed),
                )
            )
            for _ in stream:
                pass
            drafts.append(1000 * (stream.usage.new_tokens - 1) / max(1e-6, stream.usage.decode_ms))
            raw.append(1000 / client.raw_loop("Once upon a time there was", " a", DRAFT_TOKENS)["token_ms"])
        return {
            "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
            "model": info.name,
            "load_s": round(load_s, 2),
            "completion_ms": {"p50": _quantile(ours, 0.5), "p95": _quantile(ours, 0.95)},
            "bare_completion_ms": {"p50": _quantile(bare, 0.5), "p95": _quantile(bare, 0.95)},
            "completion_ratio": round(_quantile(ours, 0.5) / _quantile(bare, 0.5), 2),
            "draft_tokens_per_s": round(statistics.median(drafts), 1),
            "bare_tokens_per_s": round(statistics.median(raw), 1),
            "draft_ratio": round(statistics.median(drafts) / statistics.median(raw), 2),
        }
    finally:
        client.close()


def text(figures: dict[str, Any]) -> str:
    """The figures for people."""
    ours, bare = figures["completion_ms"], figures["bare_completion_ms"]
    return "\n".join(
        [
            f"{figures['machine']}; model {figures['model']}, ready {figures['load_s']} s after the start",
            f"completion ({NEW_TOKENS} tokens after {CONTEXT_TOKENS}): p50 {ours['p50']} ms, p95 {ours['p95']} ms; "
            f"bare llama.cpp p50 {bare['p50']} ms: ratio {figures['completion_ratio']}",
            f"draft: {figures['draft_tokens_per_s']} tokens/s; bare llama.cpp {figures['bare_tokens_per_s']}: "
            f"ratio {figures['draft_ratio']}",
        ]
    )


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
