"""The parts of the model's recipe that can be checked without a model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from recipe import pieces, sources
from recipe.batches import Reader
from recipe.config import END_OF_TEXT, FULL, ModelConfig, Phase
from recipe.examples import noise, voice
from recipe.examples.stock import Stock
from recipe.examples.swaps import Swaps
from recipe.examples.tasks import TASKS, Examples
from recipe.examples.world import World
from recipe.model import LanguageModel, Teachers
from recipe.tokens import packed_rows
from recipe.training import phase_at, rate_share

SENTENCES = [
    "I moved the boxes to the second floor on Monday.",
    "We have not heard from the supplier yet.",
    "Could you tell me when the course starts?",
    "The new printer prints 40 pages a minute.",
]


@pytest.fixture
def examples() -> Examples:
    return Examples(Random(4), Stock(SENTENCES[:3], SENTENCES[3:], [SENTENCES[:2], SENTENCES[1:]], every=SENTENCES))


def facts(text: str) -> set[str]:
    return set(re.findall(r"[$€£]?\d[\d.,:/-]*\d|\d", text))


def test_every_kind_of_request_can_be_made(examples: Examples) -> None:
    for make, _ in TASKS:
        for _ in range(20):
            turns = make(examples)
            assert [turn["role"] for turn in turns][-2:] == ["user", "assistant"]
            assert all(turn["content"].strip() for turn in turns)
            assert not re.search(r"\{\w+\}", turns[-1]["content"]), "an empty slot"


def test_a_draft_keeps_the_numbers_of_its_notes_and_adds_none(examples: Examples) -> None:
    kept = given = added = 0
    for _ in range(200):
        turns = examples.draft()
        notes, letter = facts(turns[-2]["content"]), facts(turns[-1]["content"])
        given += len(notes)
        kept += len(notes & letter)
        added += len(letter - facts("".join(turn["content"] for turn in turns[:-1])))
    assert kept > 0.9 * given, (kept, given)
    assert added < 0.1 * given, (added, given)


def test_a_letter_obeys_the_rules_that_are_told_of_it() -> None:
    world = World(Random(2))
    for _ in range(200):
        author = voice.a_voice(world)
        text = voice.letter(SENTENCES, author, "Ana", world.chance)
        for rule in voice.rules(author, text, world):
            limit = re.fullmatch(r"(?:Keep it under|At most) (\d+) words", rule)
            banned = re.fullmatch(r'Do not write "(.+)"', rule)
            assert limit is None or len(text.split()) <= int(limit[1])
            assert banned is None or banned[1].lower() not in text.lower()
            assert rule != "No exclamation marks" or "!" not in text
            assert rule != "All lowercase" or text == text.lower()
            assert rule != "Use bullet points" or "\n- " in text


def test_mistakes_change_a_text_but_not_its_length_by_much() -> None:
    mistakes = noise.Mistakes(Random(1))
    wrong = [mistakes.in_text(sentence, 0.2) for sentence in SENTENCES for _ in range(25)]
    assert sum(text in SENTENCES for text in wrong) < 5
    assert all(abs(len(text) - len(SENTENCES[index // 25])) < 20 for index, text in enumerate(wrong))


def test_a_note_keeps_the_content_words_in_order() -> None:
    note = noise.telegraphed("The new printer prints 40 pages a minute.", Random(3))
    assert re.search(r"printer prints 40 pages.* minute", note)


def test_packed_weights_come_back_nearly_the_same(tmp_path: Path) -> None:
    weights = {"a.weight": torch.randn(64, 128), "norm.weight": torch.randn(128)}
    pieces.save(weights, tmp_path / "weights.int8")
    parts = pieces.split(tmp_path / "weights.int8", tmp_path)
    pieces.join(parts, tmp_path / "joined")
    back = pieces.load(tmp_path / "joined")
    assert torch.equal(back["norm.weight"], weights["norm.weight"])
    assert float((back["a.weight"] - weights["a.weight"]).abs().max()) < 0.02
    assert (tmp_path / "weights.int8").stat().st_size < 64 * 128 * 1.05 + 128 * 4 + 300


def test_rows_hold_whole_dialogues_and_leave_out_what_is_too_long() -> None:
    dialogues = [([index + 65] * size, [1] * size) for index, size in enumerate((4, 3, 9, 2, 5))]
    rows, masks = packed_rows(dialogues, 8, Random(0))
    found = [part for row in rows for part in "".join(chr(i) if i else " " for i in row).split()]
    assert sorted(map(len, found)) == [2, 3, 4, 5]
    assert int(masks.sum()) == 14


def test_batches_follow_the_phase_and_take_up_new_data(tmp_path: Path) -> None:
    np.save(tmp_path / "books.a.npy", np.full(500, 7, np.uint16))
    reader = Reader(tmp_path, 16, 4, Phase(1.0, {"books": 0.5, "web": 0.5}), seed=1)
    assert set(np.unique(reader.next().inputs)) == {7}
    np.save(tmp_path / "web.a.npy", np.full(500, 9, np.uint16))
    assert any(9 in reader.next().inputs for _ in range(150))


def test_noise_replaces_words_that_are_read_and_leaves_what_is_predicted_and_the_dialogues(tmp_path: Path) -> None:
    np.save(tmp_path / "books.a.npy", np.tile(np.arange(10, 60, dtype=np.uint16), 40))
    np.save(tmp_path / "answers.a.rows.npy", np.tile(np.arange(100, 133, dtype=np.uint16), (4, 1)))
    np.save(tmp_path / "answers.a.mask.npy", np.ones((4, 33), np.uint8))
    reader = Reader(tmp_path, 32, 8, Phase(1.0, {"books": 1.0}, answers=0.5), seed=1)
    reader.noise = 0.25
    for _ in range(8):  # those that were drawn before
        reader.next()
    batch = reader.next()
    assert batch.answers == 4
    assert (batch.inputs[:4] == np.arange(100, 132)).all()
    assert (np.diff(batch.targets[4:]) % 50 == 1).all()
    read, expected = batch.inputs[4:, 1:], batch.targets[4:, :-1]
    assert 0.1 < (read != expected).mean() < 0.4
    assert read.min() >= 10


def test_a_lesson_without_weight_changes_nothing_and_with_all_of_it_is_the_teachers_own_loss() -> None:
    shape = ModelConfig(
        vocabulary=64, width=16, layers=1, heads=2, kv_heads=1, head_width=8, feed_forward=16, context=8
    )
    torch.manual_seed(3)
    model, one, other = (LanguageModel(shape) for _ in range(3))
    tokens, targets = torch.randint(64, (3, 8)), torch.randint(64, (3, 8))
    weights = torch.ones(3, 8)
    plain = model(tokens, targets, weights)
    assert torch.allclose(model(tokens, targets, weights, Teachers([one, other], 0.0).lesson(tokens[1:])), plain)

    mean = (one.logits(tokens[1:]).softmax(-1) + other.logits(tokens[1:]).softmax(-1)) / 2
    soft = -(mean * model.logits(tokens[1:]).log_softmax(-1)).sum()
    hard = model(tokens[:1], targets[:1], weights[:1]) * 8
    taught = model(tokens, targets, weights, Teachers([one, other], 1.0).lesson(tokens[1:]))
    assert torch.allclose(taught, (soft + hard) / 24)


def test_dropout_is_there_while_it_learns_and_gone_when_it_is_measured() -> None:
    shape = ModelConfig(
        vocabulary=64, width=16, layers=2, heads=2, kv_heads=1, head_width=8, feed_forward=16, context=8
    )
    model = LanguageModel(shape, dropout=0.5)
    for name, parameter in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            torch.nn.init.normal_(parameter)
    tokens = torch.randint(64, (2, 8))
    assert not torch.equal(model.logits(tokens), model.logits(tokens))
    model.eval()
    assert torch.equal(model.logits(tokens), model.logits(tokens))


def test_nouns_names_and_numbers_are_swapped_and_the_rest_stays() -> None:
    swaps = Swaps(["I saw the piano and the letter.", "He sold the piano, the violin and the letter."] * 3, Random(2))
    text = swaps.in_text("We gave the letter to Anna on Monday, and the other 40 to the bank.", 1.0)
    assert re.fullmatch(r"We gave the (?:piano|letter|violin) to .+ on Monday, and the other \d+ to the \w+\.", text)
    assert "Anna" not in text


def test_jotted_notes_say_what_their_sentences_say(examples: Examples) -> None:
    for _ in range(300):
        note, told, said = examples.jotted_point()
        assert facts(note) == facts(said["M"]) == facts(told), (note, said)
        names = set(re.findall(r"(?<!^)(?<![.?] )\b[A-Z][a-z]+", note))
        assert all(name in said["F"] for name in names), (note, said)


def test_the_rate_warms_up_stays_and_falls_to_nothing() -> None:
    config = FULL.training
    assert rate_share(0.0, 0, config) == pytest.approx(1 / config.warm_up)
    assert rate_share(0.3, 1000, config) == 1
    assert rate_share(0.999, 1000, config) < 0.01
    assert phase_at(0.0, config.phases) is config.phases[0]
    assert phase_at(0.99, config.phases).answers > 0


def test_markdown_becomes_prose() -> None:
    text = (
        "---\ntitle: A walk\n---\n# One\n\nSee [the map](x.md) and `mail`.\n\n"
        "```\ncode = 1\n```\n\n- first\n- **second**\n"
    )
    document = sources.markdown(text)
    assert document.title == "A walk"
    assert document.text == "One\n\nSee the map and mail.\n\n- first\n- second"


def test_private_lines_and_code_are_cleaned_away() -> None:
    prose = "It was the first of the long days that we were to have in that house, and I was glad of it. " * 6
    text = f"{prose}\n\nWrite to ana@example.org or call 555-123-4567.\n\nif (a == b) {{ go(); }}\n\n{prose}"
    assert sources.cleaned(text, set()) == prose.strip()


def test_the_sources_name_their_licences() -> None:
    rows = sources.all_sources()
    assert len(rows) > 60
    assert all(source.licence and "NC" not in source.licence for source in rows)
    assert json.loads(json.dumps(END_OF_TEXT)) == 0
