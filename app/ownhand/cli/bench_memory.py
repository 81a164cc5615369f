"""How much memory a model really takes in use, beside the estimate that decides whether it fits."""

from __future__ import annotations

from typing import Any, Final

from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.inference import Generate, Lane, ModelInfo

WORDS: Final = "the office in the old town hall near the river asked for more time to read the report that was sent "


def measure(client: EngineClient, info: ModelInfo) -> dict[str, Any]:
    """MiB of the estimate and of what the worker took after it did all that takes memory, and the ratio of the two."""
    text = WORDS * (1 + info.context // client.count_tokens(WORDS))
    for lane in Lane:  # each reads more than its window holds
        for _ in client.generate(Generate(lane, text=text, max_tokens=4)):
            pass
    client.score("", text)
    taken = client.memory_taken()
    return {
        "estimated_mb": info.memory.total >> 20,
        "taken_mb": taken >> 20,
        "ratio": round(info.memory.total / taken, 2),
    }
