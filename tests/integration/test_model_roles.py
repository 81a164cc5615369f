"""Which model completes and which one suggests, in real engine processes with random-weight models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.scripted_app import Shelf
from ownhand.adapters.worker import random_model
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.inference import Generate, Lane
from ownhand.errors import ModelError
from ownhand.services.models import Engines, Models
from ownhand.settings import COMPLETION_MODEL, SUGGESTION_MODEL, Settings


@pytest.fixture
def folder(tmp_path: Path, builtin_model: Path) -> Path:
    """Two models that can talk, and a base model."""
    folder = tmp_path / "models"
    folder.mkdir()
    for seed, name in enumerate(("first", "second")):
        random_model.make(folder / f"{name}.gguf", "tiny", builtin_model, name=name, seed=seed)
    without = {"tokenizer.chat_template"}
    random_model.make(folder / "base.gguf", "tiny", builtin_model, name="base", seed=2, without=without)
    return folder


@pytest.fixture
def engines(builtin_model: Path) -> Iterator[Engines]:
    engines = Engines(EngineClient, builtin_model)
    yield engines
    engines.close()


@pytest.fixture
def models(engines: Engines, builtin_model: Path, folder: Path) -> Models:
    return Models(engines, Settings(Shelf()), builtin_model, folder)


def workers() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "engine" in child.cmdline()}


def complete(engines: Engines) -> str:
    stream = engines.completion.generate(Generate(Lane.COMPLETION, text="The tables", max_tokens=5))
    return "".join(piece.text for piece in stream)


def suggest(engines: Engines) -> str:
    prompt = engines.suggestion.render([{"role": "user", "content": "A letter"}])
    stream = engines.suggestion.generate(Generate(Lane.SUGGESTION, prompt, max_tokens=5))
    return "".join(piece.text for piece in stream)


def test_two_models_serve_at_the_same_time_and_one_for_both_is_loaded_once(
    engines: Engines, models: Models, folder: Path
) -> None:
    before = workers()
    models.choose("completion", folder / "first.gguf")
    models.choose("suggestion", folder / "second.gguf")
    names = [info.name for info in (engines.completion.info(), engines.suggestion.info()) if info is not None]
    assert names == ["first", "second"]
    assert len(workers() - before) == 2
    written = complete(engines), suggest(engines)
    models.choose("completion", folder / "second.gguf")
    assert len(workers() - before) == 1
    assert complete(engines) != written[0]
    assert suggest(engines) == written[1]


def test_choosing_a_model_for_the_second_role_does_not_load_it_again(
    engines: Engines, models: Models, folder: Path
) -> None:
    models.choose("completion", folder / "first.gguf")
    complete(engines)
    again = engines.completion.generate(Generate(Lane.COMPLETION, text="The tables", max_tokens=5))
    list(again)
    models.choose("suggestion", folder / "first.gguf")
    kept = engines.completion.generate(Generate(Lane.COMPLETION, text="The tables", max_tokens=5))
    list(kept)
    assert kept.usage.reused_tokens == again.usage.reused_tokens > 0


def test_a_base_model_completes_and_is_refused_for_suggestions(engines: Engines, models: Models, folder: Path) -> None:
    info = models.choose("completion", folder / "base.gguf")
    assert (info.chat, info.has_chat_template) == (False, False)
    assert complete(engines)
    with pytest.raises(ModelError, match=r"base only completes text.*another for suggestions"):
        models.choose("suggestion", folder / "base.gguf")


def test_a_base_model_that_was_set_for_suggestions_is_not_used_for_them(
    engines: Engines, builtin_model: Path, folder: Path
) -> None:
    settings = Settings(Shelf())
    settings.set(SUGGESTION_MODEL, str(folder / "base.gguf"))
    settings.set(COMPLETION_MODEL, str(folder / "base.gguf"))
    (sentence,) = Models(engines, settings, builtin_model, folder).restore()
    assert sentence == (
        "base only completes text. Choose it for completions, and another for suggestions. "
        "The built-in model is used for suggestions meanwhile."
    )
    assert engines.path("completion") == folder / "base.gguf"
    assert engines.path("suggestion") == builtin_model


def test_a_model_that_does_not_fit_is_refused_with_one_that_does(
    engines: Engines, models: Models, folder: Path, builtin_model: Path
) -> None:
    huge = random_model.make(folder / "huge.gguf", "tiny", builtin_model, name="huge")
    os.truncate(huge, 1 << 40)  # no disk is used for what was never written
    models.choose("completion", folder / "first.gguf")
    with pytest.raises(ModelError, match=r"huge\.gguf needs about 1099\.\d GB of memory") as told:
        models.choose("completion", huge)
    assert str(told.value).endswith("Close other programs, or choose ownhand-100m, which fits.")
    assert engines.path("completion") == folder / "first.gguf"
    assert complete(engines)
