"""How fast the engine writes with one model, each figure beside what llama.cpp alone needs for the same tokens."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ownhand.adapters.worker.engine_client import EngineClient, EngineStream
from ownhand.cli import bench_memory
from ownhand.domain.inference import Generate, Lane, Sampling

PROSE: Final = (
    "The committee met on Monday evening in the old library, because the hall was still being painted. Helen read out "
    "the letter from the town, which says that we may use the meadow by the river for the summer festival if we leave "
    "it as we found it. Everybody was glad about that, and Martin offered to bring the long tables from the farm. The "
    "money is a little short this year: the tombola brought in less than we had hoped, and the new tent was not cheap. "
    "We talked for a while about asking the bakery and the two garages for help, and in the end Ruth said that she "
    "would visit them next week. The band wants to play again, but not before seven, since two of them work late on "
    "Saturdays. For the children there will be a treasure hunt, and if it rains we shall move everything into the "
    "school. Anna has the key and knows where the chairs are kept. Somebody should also tell the neighbours in good "
    "time, as the music could be heard as far as the mill last year and not everyone was pleased. Peter will write a "
    "short note for the paper and put it on the board by the church. We still need three people for the kitchen and "
    "one who is not afraid of the old coffee machine. The next meeting is on the first Thursday of the month, again at "
    "half past seven, and whoever cannot come should send word to Helen so that she can plan the seats. "
)
"""Running text to complete and to rewrite, about 280 tokens."""
NEXT: Final = (
    "Before we went home we looked at the map once more and agreed that the cars should stand behind the barn where "
    "the ground is dry and that somebody with a lamp ought to show the way after dark because the path is narrow"
).split()
"""Words to type on with."""

CONTEXT_TOKENS: Final = 400
NEW_TOKENS: Final = 4
DRAFT_TOKENS: Final = 120
SYSTEM: Final = "You write in the person's own style.\n\nExamples of my writing:\n\n---\n" + PROSE
TASKS: Final = ("Write a note to Ruth about the tables.", "Write two lines to the bakery asking for bread.")


def measure(path: Path, *, copies: bool) -> dict[str, Any]:
    """All figures of one model; `copies` says that it is a real one, which can be asked to repeat a text."""
    client = EngineClient(path)
    try:
        began = time.perf_counter()
        info = client.load(path)
        _drain(client.generate(Generate(Lane.COMPLETION, text="Thank you", max_tokens=2)))
        ready = time.perf_counter() - began
        return {
            "model": info.name,
            "megabytes": info.bytes >> 20,
            "ready_s": round(ready, 2),
            "completion": _completions(client),
            "draft": _drafts(client),
            "second_suggestion": _prefix(client),
            "variants": _variants(client),
            "while_drafting": _contention(client),
            "cancel_ms": _cancel(client),
            **({"rewrite": _rewrite(client)} if copies else {}),
            "memory": bench_memory.measure(client, info),
        }
    finally:
        client.close()


def context(client: EngineClient) -> str:
    """Running text of about CONTEXT_TOKENS tokens."""
    text = PROSE + PROSE
    while client.count_tokens(text) > CONTEXT_TOKENS:
        text = text.rsplit(" ", 1)[0]
    return text


def _completions(client: EngineClient) -> dict[str, Any]:
    """One word more at a time, as a person types, and four new tokens."""
    text = context(client)
    ours, bare = [], []
    for number, word in enumerate(("", *NEXT)):
        text += " " + word if word else ""
        began = time.perf_counter()
        stream = _drain(client.generate(Generate(Lane.COMPLETION, text=text, max_tokens=NEW_TOKENS, heal=True)))
        took = 1000 * (time.perf_counter() - began)
        fresh = stream.usage.prompt_tokens - stream.usage.reused_tokens
        raw = client.raw_loop(text, fresh, NEW_TOKENS - 1)
        if number > 1:  # the first ones read the whole text and find out about threads
            ours.append(took)
            bare.append(raw["append_ms"] + (NEW_TOKENS - 1) * raw["token_ms"])
    return compared(ours, bare)


def _drafts(client: EngineClient) -> dict[str, float]:
    ours, bare = [], []
    for seed in range(4):
        request = Generate(
            Lane.SUGGESTION, text=PROSE[:200], max_tokens=DRAFT_TOKENS, sampling=Sampling(0.8, seed=seed)
        )
        usage = _drain(client.generate(request)).usage
        raw = client.raw_loop(PROSE[:200], 1, DRAFT_TOKENS)
        if seed and usage.new_tokens > DRAFT_TOKENS // 3:
            ours.append(1000 * (usage.new_tokens - 1) / max(1e-6, usage.decode_ms))
            bare.append(1000 / raw["token_ms"])
    return {
        "tokens_per_s": round(statistics.median(ours), 1),
        "bare": round(statistics.median(bare), 1),
        "ratio": round(statistics.median(ours) / statistics.median(bare), 3),
    }


def _prefix(client: EngineClient) -> dict[str, float]:
    """Time to the first token of a suggestion, and of a second one with the same system part, others in between."""
    firsts = []
    for number, task in enumerate(TASKS):
        if number:
            for other in range(4):
                _drain(client.generate(Generate(Lane.SUGGESTION, prompt=f"{other}. {PROSE[:300]}", max_tokens=2)))
        prompt = client.render([{"role": "system", "content": SYSTEM}, {"role": "user", "content": task}])
        began = time.perf_counter()
        stream = client.generate(Generate(Lane.SUGGESTION, prompt, max_tokens=8, stop=()))
        for _ in stream:
            firsts.append(1000 * (time.perf_counter() - began))
            break
        stream.close()
    first, second = firsts[0], firsts[-1]
    return {"first_ms": round(first, 1), "second_ms": round(second, 1), "ratio": round(second / first, 3)}


def _variants(client: EngineClient) -> dict[str, float]:
    """Tokens per second of three variants one after another, and of three together."""
    requests = [
        Generate(Lane.SUGGESTION, text=PROSE[:600], max_tokens=60, sampling=Sampling(0.9, min_p=0.05, seed=seed))
        for seed in range(3)
    ]

    def at_once() -> float:
        began = time.perf_counter()
        streams = [client.generate(request) for request in requests]
        threads = [threading.Thread(target=_drain, args=(stream,)) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(stream.usage.new_tokens for stream in streams) / (time.perf_counter() - began)

    def in_turn() -> float:
        began = time.perf_counter()
        return sum(_drain(client.generate(request)).usage.new_tokens for request in requests) / (
            time.perf_counter() - began
        )

    _drain(client.generate(requests[0]))
    at_once()
    pairs = [(in_turn(), at_once()) for _ in range(3)]
    turn, together = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return {"in_turn": round(turn, 1), "together": round(together, 1), "ratio": round(together / turn, 2)}


def _contention(client: EngineClient) -> dict[str, Any]:
    """Completions while a draft is being written, against completions at rest."""
    text = context(client)

    def completions(words: Sequence[str]) -> list[float]:
        nonlocal text
        found = []
        for word in words:
            text += " " + word
            began = time.perf_counter()
            _drain(client.generate(Generate(Lane.COMPLETION, text=text, max_tokens=NEW_TOKENS, heal=True)))
            found.append(1000 * (time.perf_counter() - began))
            time.sleep(0.05)
        return found

    rest = completions(NEXT[:16])[2:]
    busy = client.generate(Generate(Lane.SUGGESTION, text=PROSE, max_tokens=1500, sampling=Sampling(1.0, min_p=0.02)))
    thread = threading.Thread(target=_drain, args=(busy,))
    thread.start()
    try:
        drafting = completions(NEXT[16:32])
    finally:
        busy.close()
        thread.join()
    return compared(drafting, rest, of="at_rest")


def _cancel(client: EngineClient) -> dict[str, float]:
    """From a cancel, amid a long prompt or amid an answer, until the next request is served; its own time taken off."""
    words = " ".join(NEXT)
    idle = _timed(lambda: client.score("", "a"))

    def after(prompt: str, wait: float) -> float:
        stream = client.generate(Generate(Lane.SUGGESTION, text=prompt, max_tokens=400, sampling=Sampling(1.0)))
        time.sleep(wait)
        stream.close()
        return max(0.0, _timed(lambda: client.score("", "a")) - idle)

    prefill = [after(f"{number} {PROSE} {words} {PROSE} {words} {PROSE}", 0.05 + 0.02 * number) for number in range(8)]
    answer = [after(PROSE[:100], 0.1 + 0.01 * number) for number in range(8)]
    return {
        "prefill_p50": round(statistics.median(prefill), 1),
        "prefill_max": round(max(prefill), 1),
        "answer_p50": round(statistics.median(answer), 1),
        "answer_max": round(max(answer), 1),
    }


def _rewrite(client: EngineClient) -> dict[str, Any]:
    """A text that is mostly repeated, with and without guessing: speed, and whether the words are the same."""
    text = PROSE.strip()
    request = Generate(Lane.SUGGESTION, text=f"{text}\n\nOnce more, in full:\n\n{text[:160]}", max_tokens=180)
    texts, speeds = {}, {}
    for on in (False, True, False, True):
        client.guessing(on)
        stream = client.generate(request)
        texts[on] = "".join(piece.text for piece in stream)
        speeds[on] = 1000 * (stream.usage.new_tokens - 1) / max(1e-6, stream.usage.decode_ms)
    return {
        "plain": round(speeds[False], 1),
        "guessing": round(speeds[True], 1),
        "ratio": round(speeds[True] / speeds[False], 2),
        "same_text": texts[True] == texts[False],
    }


def compared(ours: Sequence[float], base: Sequence[float], of: str = "bare") -> dict[str, Any]:
    """Quantiles of two lists of milliseconds, and their ratios."""
    mine = {"p50": quantile(ours, 0.5), "p95": quantile(ours, 0.95)}
    other = {"p50": quantile(base, 0.5), "p95": quantile(base, 0.95)}
    return {
        "ms": mine,
        of: other,
        "ratio_p50": round(mine["p50"] / other["p50"], 2),
        "ratio_p95": round(mine["p95"] / other["p95"], 2),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the others lies."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def _drain(stream: EngineStream) -> EngineStream:
    for _ in stream:
        pass
    return stream


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
