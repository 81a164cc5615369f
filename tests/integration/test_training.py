"""An adapter is really trained on a small model, kept in a real vault and used by the real engine."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from helpers.trainings import NOW, SAID, SMALL, Kit
from helpers.vaults import KEY, a_document
from ownhand import paths
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker import header, random_model
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.adapters.worker.identity import identify
from ownhand.adapters.worker.trainer import TrainerClient
from ownhand.compose import App, Options, build
from ownhand.domain import playback
from ownhand.domain.completion import CompletionContext
from ownhand.domain.corpus import ReplyContext
from ownhand.domain.draft import EVERYONE
from ownhand.domain.inference import Generate, Lane
from ownhand.domain.lessons import Lesson, Part
from ownhand.domain.personalize import Material, personalize
from ownhand.domain.ports import TrainingProgress
from ownhand.domain.suggestion import SuggestionRequest
from ownhand.domain.trained import Adapter, vector_verdict, verdict
from ownhand.errors import BadInput, Cancelled, ModelError, WorkerError
from ownhand.services.training import VECTOR_WEIGHTS, TrainingState
from ownhand.settings import STRENGTH

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # each training starts a process that imports torch


@pytest.fixture(scope="module")
def tiny(builtin_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model.make(tmp_path_factory.mktemp("model") / "tiny.gguf", SMALL, builtin_model, kind="Q8_0")


def lessons(count: int) -> list[Lesson]:
    return [Lesson("", (Part(f"Subject: {number}\n\n", False), Part(SAID * 2, True))) for number in range(count)]


def train(model: Path, count: int = 80, checkpoint: bytes = b"", keep=lambda _: None) -> TrainingProgress:
    return list(TrainerClient().train(model, lessons(count), lessons(3), checkpoint, keep))[-1]


@pytest.fixture(scope="module")
def trained(tiny: Path) -> TrainingProgress:
    return train(tiny)


@pytest.fixture
def engine(tiny: Path) -> Iterator[EngineClient]:
    made = EngineClient(tiny)
    yield made
    made.close()


def said(engine: EngineClient, lane: Lane = Lane.COMPLETION, **adapters: float) -> str:
    request = Generate(lane, text="Subject: 7\n\nKilns and herons,", max_tokens=12, adapters=adapters)
    return "".join(piece.text for piece in engine.generate(request))


# ----------------------------------------------------------------------------------------------- trainer and engine


def test_training_makes_the_persons_words_likelier_and_the_engine_agrees_with_it(tiny, trained, engine):
    assert trained.loss < trained.loss_before - 0.2
    plain = engine.score("", SAID)
    engine.adapt("mine", trained.adapter)
    assert engine.score("", SAID, adapters={"mine": 1.0}) > plain + 1
    half = engine.score("", SAID, adapters={"mine": 0.5})
    assert plain < half < engine.score("", SAID, adapters={"mine": 1.0})


def test_without_an_adapter_or_with_one_that_counts_nothing_it_is_the_plain_model_to_the_last_bit(trained, engine):
    plain, text = engine.score("", SAID), said(engine)
    engine.adapt("mine", trained.adapter)
    engine.score("", SAID, adapters={"mine": 1.0})
    said(engine, mine=1.0)
    assert engine.score("", SAID) == plain
    assert engine.score("", SAID, adapters={"mine": 0.0}) == plain
    assert engine.score("", SAID, adapters={"somebody else's": 1.0}) == plain
    assert said(engine) == text


def test_what_an_adapter_has_learned_of_how_often_words_are_written_is_not_counted_twice(trained, engine):
    engine.adapt("mine", trained.adapter)
    engine.remember("me", [SAID] * 20)
    known = engine.score("", SAID, "me", 1.0), engine.score("", SAID, "me", 1.0, {"mine": 1.0})
    engine.expect("me")
    assert engine.score("", SAID, "me", 1.0) != known[0]
    assert engine.score("", SAID, "me", 1.0, {"mine": 1.0}) == known[1]
    engine.forget("me")


@pytest.mark.parametrize("lane", list(Lane))
def test_nothing_that_was_read_under_one_adapter_is_used_under_another(trained, engine, tiny, lane):
    engine.adapt("mine", trained.adapter)
    fresh = EngineClient(tiny)
    try:
        fresh.adapt("mine", trained.adapter)
        expected = said(fresh, lane, mine=1.0)
    finally:
        fresh.close()
    plain = said(engine, lane)
    assert said(engine, lane, mine=1.0) == expected
    assert said(engine, lane) == plain
    assert expected != plain


def test_words_that_were_looked_for_under_one_adapter_are_not_offered_under_another(trained, engine):
    engine.adapt("mine", trained.adapter)

    def words(**adapters: float) -> list[tuple[str, float]]:
        request = Generate(Lane.COMPLETION, text="Kilns and herons, kilns and h", heal=True, most_words=3)
        found = list(engine.generate(replace(request, adapters=adapters)))
        assert found
        return [(piece.text, piece.logprob) for piece in found]

    plain, own = words(), words(mine=1.0)
    assert plain != own
    assert words() == plain
    assert words(mine=1.0) == own


def test_two_adapters_can_count_together(trained, engine):
    engine.adapt("mine", trained.adapter)
    engine.adapt("theirs", trained.adapter)
    together = engine.score("", SAID, adapters={"mine": 0.5, "theirs": 0.5})
    assert together == pytest.approx(engine.score("", SAID, adapters={"mine": 1.0}), rel=1e-3)


def test_an_engine_that_is_started_anew_still_has_its_adapter(trained, engine):
    engine.adapt("mine", trained.adapter)
    before = engine.score("", SAID, adapters={"mine": 1.0})
    engine.worker.restart()
    assert engine.score("", SAID, adapters={"mine": 1.0}) == before
    engine.unload()
    assert engine.score("", SAID, adapters={"mine": 1.0}) == before


def test_what_is_no_adapter_for_this_model_is_refused_and_the_engine_lives(trained, engine, builtin_model):
    for rubbish in (b"", b"GGUF" + bytes(400), trained.adapter[: len(trained.adapter) // 2]):
        with pytest.raises(ModelError, match="does not fit"):
            engine.adapt("mine", rubbish)
    engine.load(builtin_model)
    with pytest.raises(ModelError, match="does not fit"):
        engine.adapt("mine", trained.adapter)
    assert engine.score("", SAID) < 0


def test_a_model_of_a_kind_that_cannot_be_trained_is_refused_with_what_to_do(tiny, tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny.read_bytes().replace(b"qwen3", b"olmo2"))
    with pytest.raises(ModelError, match="cannot be trained for models of the kind olmo2"):
        train(other)


def test_the_process_that_trains_has_no_way_out(tiny):
    from ownhand.adapters.worker.client import WorkerClient

    worker = WorkerClient("trainer")
    try:
        worker.start()
        assert worker.protection["limits"]
        assert all(worker.call("probe", 30.0)["tried"].values())
    finally:
        worker.close()


# ------------------------------------------------------------------------------------------------------- the service


@pytest.fixture
def kit(tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    monkeypatch.setattr(playback, "LEAST_WORDS", 1000)  # so that it takes seconds
    made = Kit(tmp_path / "vault", tiny)
    yield made
    made.close()


def stored(kit: Kit, base: str = "ab", rests_on: tuple[str, ...] = ("d1", "d3")) -> None:
    adapter = Adapter(EVERYONE, base, "tiny", 1.0, 0.2, 50, 5, 60.0, NOW, b"not read in this test")
    assert kit.vault.save_adapter(adapter, rests_on)


def bits_of_the_newest(kit: Kit, memory: str = "", **adapters: float) -> float:
    """What the letters cost that the service measures on: every second one of the newest, from the newest on."""
    held = [one for _, one in zip(range(9), kit.vault.each_document(), strict=False)][::2]
    before = [(f"{one.reply_to.text}\n\n\n" if one.reply_to else "") + f"Subject: {one.title}\n\n" for one in held]
    return -sum(
        kit.engines.completion.score(said, one.text, memory, 1.0, adapters)
        for said, one in zip(before, held, strict=True)
    )


@dataclass(frozen=True)
class Done:
    """A training that went to its end."""

    kit: Kit
    adapter: Adapter
    seen: list[TrainingState]


@pytest.fixture(scope="module")
def done(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playback, "LEAST_WORDS", 1000)
        kit, seen = Kit(tmp_path_factory.mktemp("done") / "vault", tiny), []
        try:
            kit.fill()
            kit.training.listen(seen.append)
            yield Done(kit, kit.training.run(), seen[:])
        finally:
            kit.close()


def test_training_on_ones_writing_gives_an_adapter_that_is_kept_measured_and_used_where_it_gains(done, tiny):
    kit, adapter, seen = done.kit, done.adapter, done.seen
    assert adapter.documents == 60
    assert adapter.base == identify(tiny)
    assert [kept.gain for kept in kit.training.adapters()] == [adapter.gain]
    used = {EVERYONE: ("own/everyone", adapter.weight)} if adapter.gain > 0 else {}
    assert kit.personal.trained == used
    assert any(state.running and 0 < state.done < 1 for state in seen)
    assert not seen[-1].running
    assert seen[-1].adapter == kit.training.adapters()[0]


def test_an_adapter_that_is_removed_is_used_no_more(kit, tiny, trained):
    kit.fill()
    adapter = Adapter(EVERYONE, identify(tiny), "tiny", 1.0, 0.2, 60, 5, 60.0, NOW, trained.adapter)
    kit.vault.save_adapter(adapter, ("d1",))
    kit.training.reload()
    assert kit.personal.trained == {EVERYONE: ("own/everyone", 1.0)}
    kit.training.remove()
    assert kit.training.adapters() == []
    assert kit.personal.trained == {}


def test_an_adapter_is_worth_what_it_adds_to_the_memory(done, tiny):
    kit, adapter = done.kit, done.adapter
    kit.engines.adapt("mine", identify(tiny), kit.vault.adapters()[0].data)
    kit.engines.remember("apart", [one.text for one in kit.vault.each_document()][10:])
    kit.engines.expect("apart")
    alone = 1 - bits_of_the_newest(kit, mine=adapter.weight) / bits_of_the_newest(kit)
    beside = 1 - bits_of_the_newest(kit, "apart", mine=adapter.weight) / bits_of_the_newest(kit, "apart")
    assert alone > 0.05, "it has learned these letters, which are all alike"
    assert beside < alone / 2, "and so does the memory know them"
    assert adapter.gain == pytest.approx(beside, abs=0.02)


def test_a_killed_training_goes_on_where_it_was(kit, monkeypatch):
    monkeypatch.setattr("ownhand.services.training.MOST_CHARACTERS", 10**9)
    kit.fill()
    kept = threading.Event()
    save = kit.vault.save_checkpoint

    def saved(audience: str, data: bytes, rests_on) -> bool:
        done = save(audience, data, rests_on)
        if not kept.is_set():
            kept.set()
            os.kill(kit.trainer.pid, signal.SIGKILL)
        return done

    monkeypatch.setattr(kit.vault, "save_checkpoint", saved)
    with pytest.raises(WorkerError):
        kit.training.run()
    assert kept.is_set()
    assert kit.training.state().unfinished
    seen = []
    kit.training.listen(seen.append)
    kit.training.run()
    first = next(state.done for state in seen if state.running and state.done)
    assert first >= 0.25  # the checkpoint came after the first pass of four
    assert not kit.training.state().unfinished
    assert kit.training.adapters()


def test_while_somebody_types_it_waits(kit):
    kit.fill()
    waited = threading.Event()

    def watch(state) -> None:
        if state.waits_for == "typing":
            waited.set()
        elif state.running and state.done and not waited.is_set():
            kit.training.typed()

    kit.training.listen(watch)
    assert kit.training.run().documents == 60
    assert waited.is_set()


def test_a_training_that_is_stopped_leaves_nothing(kit):
    kit.fill()
    kit.training.listen(lambda state: kit.training.stop() if state.done else None)
    with pytest.raises(Cancelled):
        kit.training.run()
    assert kit.training.adapters() == []
    assert not kit.training.state().unfinished
    assert not kit.training.state().running


def test_forgetting_a_text_ends_the_training_that_rests_on_it(kit):
    kit.fill()
    forgetters = []

    def forget() -> None:
        kit.vault.forget_document("d20")
        kit.training.forgotten()

    def watch(state) -> None:
        if state.done and not forgetters:
            forgetters.append(threading.Thread(target=forget))
            forgetters[0].start()

    kit.training.listen(watch)
    kit.training.start()
    while not forgetters:
        assert kit.training.state().running
        kit.training.wait(0.2)
    forgetters[0].join()
    assert not kit.training.state().running
    assert kit.vault.adapters() == []
    assert kit.vault.checkpoint(EVERYONE)[0] == b""
    assert "was forgotten" in kit.training.state().sentence


def test_too_little_writing_is_refused_before_anything_starts(kit):
    kit.fill(10)
    with pytest.raises(BadInput, match="At least 50"):
        kit.training.start()
    assert kit.trainer.pid is None


def test_forgetting_one_of_its_texts_removes_the_adapter_and_what_is_left_of_a_training(kit):
    kit.fill(5)
    stored(kit)
    kit.training.reload()
    kit.vault.save_checkpoint(EVERYONE, b"half way", ("d1", "d2"))
    kit.vault.forget_document("d4")
    kit.training.forgotten()
    assert kit.training.adapters()
    kit.vault.forget_document("d1")
    kit.training.forgotten()
    assert kit.vault.adapters() == []
    assert kit.vault.checkpoint(EVERYONE) == (b"", frozenset())
    assert "a text that it rested on was forgotten" in kit.training.state().sentence
    assert not kit.vault.save_checkpoint(EVERYONE, b"half way", ("d1", "d2"))


def test_forgetting_a_person_removes_what_was_trained_beside_their_words(kit):
    kit.fill(5)
    stored(kit, rests_on=("d3",))
    kit.vault.forget_person("Dana Li <dana.li@elsewhere.example>")
    assert kit.vault.adapters() != []  # nothing of theirs was there
    kit.vault.forget_person("Dana Li <dana@example.org>")
    assert kit.vault.adapters() == []


def test_an_adapter_travels_in_a_backup_but_not_to_where_one_of_its_texts_is_not_wanted(kit, tmp_path):
    kit.fill(5)
    stored(kit)
    other = SqlVault.open(tmp_path / "other", KEY, "key file")
    try:
        other.take_in(kit.vault.dump())
        assert other.adapters() == kit.vault.adapters()
        other.forget_document("d3")
        other.take_in(kit.vault.dump())
        assert other.adapters() == []
    finally:
        other.close()


def test_an_adapter_of_another_model_rests_and_is_said_to(kit):
    kit.fill(5)
    stored(kit, base="another")
    kit.training.reload()
    assert not kit.training.state().fits
    assert kit.engines.completion.score("", SAID, adapters={"own/everyone": 1.0}) == kit.engines.completion.score(
        "", SAID
    )


def test_an_adapter_that_gained_nothing_is_kept_to_be_told_of_but_not_used(kit, tiny):
    kit.fill(5)
    base = identify(tiny)
    kit.vault.save_adapter(Adapter(EVERYONE, base, "tiny", 1.0, -0.02, 50, 5, 60.0, NOW, b"not an adapter"), ("d1",))
    kit.training.reload()
    assert kit.personal.trained == {}
    assert "not used" in verdict(kit.training.adapters()[0])
    kit.training.forget()
    assert kit.training.adapters() == []


def _said_of_the_adapter(app: App, request: SuggestionRequest) -> str:
    (suggestion,) = app.drafting.run(request)
    return next(part.said for part in suggestion.why.parts if part.layer == "adapter")


def test_completions_and_suggestions_use_it_as_far_as_strength_says(tmp_path, tiny, trained, monkeypatch):
    monkeypatch.setattr(paths, "builtin_model", lambda: tiny)
    app = build(Options(tmp_path, key="keyfile"))
    try:
        app.engines.warm()
        source = app.hand.vault.add_source("/mail", "mbox")
        app.hand.vault.add_documents(source.id, [a_document(SAID)])
        rests_on = [document.id for document in app.library.documents()]
        context = CompletionContext("", "")
        plain = app.completing.score(context, SAID, personal=False)
        assert app.completing.score(context, SAID) == plain
        adapter = Adapter(EVERYONE, identify(tiny), "tiny", 1.0, 0.2, 50, 5, 60.0, NOW, trained.adapter)
        assert app.hand.vault.save_adapter(adapter, rests_on)
        app.training.reload()
        whole = app.completing.score(context, SAID)
        assert whole > plain + 1
        assert app.completing.score(context, SAID, personal=False) == plain
        assert app.completing.score(context, SAID, without=("adapter",)) == plain
        request = SuggestionRequest("reply", reply_to=ReplyContext("Are the kilns ready?"))
        assert _said_of_the_adapter(app, request) == "Counted at 100 %."
        app.settings.set(STRENGTH, 50)
        assert plain < app.completing.score(context, SAID) < whole
        app.settings.set(STRENGTH, 0)
        assert app.completing.score(context, SAID) == plain
        assert _said_of_the_adapter(app, request) == "Off: the strength is 0 %."
        app.settings.set(STRENGTH, 100)
        app.library.on_forgotten = app._forgotten
        app.library.forget(rests_on[0])
        assert app.completing.score(context, SAID) == plain
    finally:
        app.close()


def test_it_is_a_layer_that_strength_scales_and_that_can_be_left_out():
    material = Material(strength=0.5, adapters={"mine": 0.8})
    assert personalize(material).adapters == {"mine": 0.4}
    assert personalize(material, without={"adapter"}).adapters == {}
    assert personalize(Material(strength=0.0, adapters={"mine": 0.8})).adapters == {}


# ------------------------------------------------------------------------------------------------- the style vector


@pytest.fixture(scope="module")
def two_layers(builtin_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = replace(SMALL, layers=2)
    return random_model.make(tmp_path_factory.mktemp("model") / "two.gguf", shape, builtin_model, kind="Q8_0")


@pytest.fixture(scope="module")
def vector(two_layers: Path) -> bytes:
    return TrainerClient().direction(two_layers, lessons(4))


def test_a_style_vector_leans_the_engine_by_its_weight_and_not_at_all_at_none(vector, engine, two_layers):
    engine.load(two_layers)
    plain, text = engine.score("", SAID), said(engine)
    engine.adapt("lean", vector)
    leaned = [engine.score("", SAID, adapters={"lean": weight}) for weight in (0.5, 1.0)]
    assert len({plain, *leaned}) == 3
    said(engine, lean=1.0)
    assert engine.score("", SAID) == plain
    assert said(engine) == text


def test_a_style_vector_is_for_the_one_layer_it_was_taken_from(vector, two_layers):
    rows, found = np.load(io.BytesIO(vector), allow_pickle=False), header.read(two_layers)
    assert rows.shape == (found.layers - 1, found.of_architecture("embedding_length"))
    assert np.count_nonzero(np.abs(rows).sum(axis=1)) == 1


def test_a_vector_of_another_model_is_refused_and_the_engine_lives(engine):
    wrong = io.BytesIO()
    np.save(wrong, np.ones((3, 5), np.float32))
    for rubbish in (wrong.getvalue(), wrong.getvalue()[:40]):
        with pytest.raises(ModelError, match="does not fit"):
            engine.adapt("lean", rubbish)
    assert engine.score("", SAID) < 0


@pytest.fixture
def layered(tmp_path: Path, two_layers: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    monkeypatch.setattr(playback, "LEAST_WORDS", 1000)
    made = Kit(tmp_path / "vault", two_layers)
    yield made
    made.close()


def test_a_style_vector_is_kept_beside_the_adapter_and_used_only_where_it_gains(layered):
    kit = layered
    kit.fill()
    adapter = kit.training.run(vector=True)
    assert adapter.vector_weight in VECTOR_WEIGHTS
    used = {EVERYONE: ("own/everyone/vector", adapter.vector_weight)} if adapter.vector_gain > 0 else {}
    assert kit.personal.steered == used
    assert "style vector" in vector_verdict(adapter).lower()
    helped = replace(kit.vault.adapters()[0], vector_gain=0.01, trained_at=NOW)
    assert helped.vector
    kit.vault.save_adapter(helped, ("d1",))
    kit.training.reload()
    assert kit.personal.steered == {EVERYONE: ("own/everyone/vector", helped.vector_weight)}
    kit.training.remove()
    assert kit.personal.steered == {}
