"""The two lanes with the real model: who goes first, what is kept, what is written together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.narrow import narrowed
from ownhand.adapters.worker import header
from ownhand.adapters.worker.context import Part, suggestion_shape
from ownhand.adapters.worker.engine_client import EngineClient, EngineStream
from ownhand.adapters.worker.llama import Llama
from ownhand.domain.inference import Generate, Lane, Sampling

NOTES = (
    "Dear neighbours, on Saturday we shall mend the fence behind the barn. Please bring gloves, a hammer if you have "
    "one, and something to drink. Ruth brings the posts and the wire. If it rains we meet on Sunday at the same time. "
)
UNFINISHED = NOTES + "When the fence is done, we"
"""A model may end after a whole paragraph, or after a blank that no word follows, not within a sentence."""
SYSTEM = "You write in the person's own style.\n\nExamples of my writing:\n\n---\n" + NOTES * 3


@pytest.fixture(scope="module")
def engine(builtin_model: Path) -> Iterator[EngineClient]:
    client = EngineClient(builtin_model)
    yield client
    client.close()


def suggestion(text: str = NOTES, **more: object) -> Generate:
    return Generate(**{"lane": Lane.SUGGESTION, "text": text, "max_tokens": 40, **more})  # type: ignore[arg-type]


def drain(stream: EngineStream) -> str:
    return "".join(piece.text for piece in stream)


def drain_all(streams: list[EngineStream]) -> list[str]:
    texts = [""] * len(streams)

    def read(number: int) -> None:
        texts[number] = drain(streams[number])

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(streams))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return texts


def warm(seed: int) -> Sampling:
    return Sampling(0.9, min_p=0.05, seed=seed)


# ------------------------------------------------------------------------------------------------------- together


def test_variants_written_together_share_their_prompt_and_differ(engine: EngineClient) -> None:
    drain(engine.generate(suggestion(UNFINISHED, max_tokens=1)))
    streams = [engine.generate(suggestion(UNFINISHED, sampling=warm(seed))) for seed in range(3)]
    assert len(set(drain_all(streams))) == 3
    for stream in streams:
        assert stream.usage.reused_tokens == stream.usage.prompt_tokens - 1
        assert 3 < stream.usage.new_tokens <= 40


def test_suggestions_of_different_lengths_end_each_for_itself(engine: EngineClient) -> None:
    texts = ["One of", NOTES + UNFINISHED, "The old mill by the river was"]
    streams = [engine.generate(suggestion(text, max_tokens=8 * (3 - n))) for n, text in enumerate(texts)]
    assert all(drain_all(streams))
    assert [stream.usage.new_tokens for stream in streams] == [24, 16, 8]
    assert [stream.usage.finish for stream in streams] == ["length"] * 3


def test_more_than_three_wait_their_turn_and_all_are_answered(engine: EngineClient) -> None:
    streams = [engine.generate(suggestion(f"{n}. {UNFINISHED}", max_tokens=6)) for n in range(7)]
    assert all(drain_all(streams))
    assert all(stream.usage.new_tokens == 6 for stream in streams)


def test_suggestions_that_do_not_fit_together_are_written_one_after_another(
    builtin_model: Path, tmp_path: Path
) -> None:
    window = 1024
    engine = EngineClient(narrowed(builtin_model, tmp_path / "narrow.gguf", window))
    try:
        streams = [engine.generate(suggestion(f"{n}. " + NOTES * 14 + UNFINISHED, max_tokens=60)) for n in range(3)]
        assert all(drain_all(streams))
    finally:
        engine.close()
    assert [stream.usage.new_tokens for stream in streams] == [60, 60, 60]
    assert sum(stream.usage.prompt_tokens for stream in streams) > suggestion_shape(window).cells


def test_one_that_is_cancelled_leaves_the_others_alone(engine: EngineClient) -> None:
    streams = [engine.generate(suggestion(UNFINISHED, max_tokens=40, sampling=warm(seed))) for seed in range(3)]
    next(iter(streams[1]))
    streams[1].close()
    assert drain(streams[0])
    assert drain(streams[2])
    assert min(streams[0].usage.new_tokens, streams[2].usage.new_tokens) > 3


# ---------------------------------------------------------------------------------------------------------- first


def test_a_completion_is_answered_while_suggestions_are_being_written(engine: EngineClient) -> None:
    streams = [engine.generate(suggestion(UNFINISHED, max_tokens=300, sampling=warm(seed))) for seed in range(2)]
    firsts = [next(iter(stream)) for stream in streams]
    assert all(firsts)
    for count in (20, 40, 60):
        assert drain(engine.generate(Generate(Lane.COMPLETION, text=NOTES[:count].rstrip(), max_tokens=3)))
    for stream in streams:
        stream.close()


def test_a_completion_breaks_off_the_reading_of_a_long_prompt_which_then_goes_on(engine: EngineClient) -> None:
    drain(engine.generate(Generate(Lane.COMPLETION, text=NOTES, max_tokens=2)))
    long = engine.generate(suggestion("B " + NOTES * 24 + UNFINISHED, max_tokens=12))
    asked = 0
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(drain(long)))
    reader.start()
    while reader.is_alive() and asked < 60:
        assert drain(engine.generate(Generate(Lane.COMPLETION, text=UNFINISHED + " and" * (asked % 3), max_tokens=1)))
        asked += 1
        time.sleep(0.01)
    reader.join(60)
    assert asked > 3
    assert len(got[0]) > 0
    assert long.usage.new_tokens == 12
    assert long.usage.prompt_tokens > 1000
    assert long.usage.reused_tokens < 10


def test_a_cancel_takes_effect_in_the_middle_of_a_prompt(engine: EngineClient) -> None:
    baseline = engine.generate(suggestion("C " + NOTES * 30, max_tokens=1))
    drain(baseline)
    cancelled = engine.generate(suggestion("D " + NOTES * 30, max_tokens=1))
    time.sleep(0.05)
    cancelled.close()
    following = engine.generate(suggestion("E", max_tokens=1))
    drain(following)
    assert following.usage.queue_ms < baseline.usage.prefill_ms / 2


# ------------------------------------------------------------------------------------------------------------ kept


def chat(engine: EngineClient, task: str) -> Generate:
    prompt = engine.render([{"role": "system", "content": SYSTEM}, {"role": "user", "content": task}])
    return suggestion("", prompt=prompt, max_tokens=4)


def test_the_system_part_is_found_again_after_other_suggestions(engine: EngineClient) -> None:
    first = engine.generate(chat(engine, "Write to Ruth."))
    drain(first)
    for number in range(4):
        drain(engine.generate(suggestion(f"{number}. {NOTES}", max_tokens=2)))
    second = engine.generate(chat(engine, "Write to Anna about the wire."))
    text = drain(second)
    assert second.usage.reused_tokens > 0.85 * second.usage.prompt_tokens
    assert second.usage.prefill_ms < first.usage.prefill_ms
    again = engine.generate(chat(engine, "Write to Anna about the wire."))
    assert drain(again) == text


def test_an_architecture_that_cannot_be_cut_still_keeps_what_it_can(builtin_model: Path) -> None:
    from ownhand.adapters.worker.lanes import Lane as Sequences
    from ownhand.adapters.worker.prefixes import Prefixes

    model = Llama(header.read(builtin_model))
    try:
        lane = Sequences(model.completions, can_cut=False, prefixes=Prefixes())
        kept = lane._kept[0]
        tokens = model.tokenize(NOTES * 2, special=False)
        assert lane.restore(kept, tokens, lane.shared(kept, tokens)) == 0
        lane.append(kept, tokens[:80])
        lane.save(kept)
        assert lane.shared(kept, tokens) == 80  # typed on: all of it stands at the beginning
        lane.append(kept, tokens[80:100])
        other = [*tokens[:80], 99, 98]
        assert lane.shared(kept, other) == 0  # a change within: nothing of the sequence can be used, but the state can
        assert lane.restore(kept, other, 0) == 80
        again = lane.append(kept, tokens[80:81]).copy()
        model.suggestions.step(Part(0, tokens[:80], 0))
        expected = model.suggestions.step(Part(0, tokens[80:81], 80))[0]
        assert again == pytest.approx(expected, abs=0.05)
    finally:
        model.close()


# --------------------------------------------------------------------------------------------------------- guesses


def test_guessing_from_the_prompt_never_changes_the_text(engine: EngineClient) -> None:
    sources = (NOTES, NOTES[60:], NOTES * 2 + "And the mill. " + NOTES[:70])
    for source in sources:
        text = f"{source}\n\nOnce more, in full:\n\n{source[:60]}"
        request = suggestion(text, max_tokens=70, sampling=Sampling(repeat_penalty=1.05))
        drain(engine.generate(suggestion(text, max_tokens=1)))  # read the text, so that both begin with the same state
        engine.guessing(False)
        plain = drain(engine.generate(request))
        engine.guessing(True)
        assert drain(engine.generate(request)) == plain


# ------------------------------------------------------------------------------------------------------------ rest


def test_an_unloaded_model_gives_its_memory_back_and_the_next_request_loads_it(engine: EngineClient) -> None:
    engine.remember("rest", ["Ahoy Quentin, the zither rehearsal moves to Thursday."])
    request = Generate(Lane.COMPLETION, text="Ahoy Quentin, the zither", max_tokens=3, memory="rest", memory_weight=0.9)
    before = drain(engine.generate(request))
    pid = engine.worker.pid
    assert pid is not None
    loaded = psutil.Process(pid).memory_info().rss
    engine.unload()
    assert psutil.Process(pid).memory_info().rss < loaded - (80 << 20)
    assert drain(engine.generate(request)) == before == " rehearsal moves to"
    assert engine.worker.pid == pid
    engine.forget("rest")
