"""`ownhand bench personal` with the real model, on the two small authors that come with the tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ownhand.cli import bench_personal
from ownhand.cli.batch import Batch
from ownhand.errors import BadInput

AUTHORS = Path(__file__).parents[1] / "data" / "authors"


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return bench_personal.measure(AUTHORS, ["mira"], messages=1, rounds=4)


def test_the_memory_of_own_messages_saves_keystrokes_and_bits(figures: dict[str, Any]) -> None:
    rows = figures["completions"]["mira"]
    assert rows["all layers"]["saved"]["mean"] > 1.15 * rows["plain"]["saved"]["mean"]
    assert rows["all layers"]["bits_per_byte"]["mean"] < 0.8 * rows["plain"]["bits_per_byte"]["mean"]


def test_without_the_memory_the_bits_are_the_plain_models(figures: dict[str, Any]) -> None:
    rows = figures["completions"]["mira"]
    assert rows["without memory"]["bits_per_byte"] == rows["plain"]["bits_per_byte"]


def test_learning_from_edits_costs_less_than_editing_for_ever(figures: dict[str, Any]) -> None:
    simulation = figures["simulation"]
    assert simulation["cost"] < simulation["cost_without_learning"]
    assert simulation["repeated"] == 0


def test_drafts_keep_what_was_asked_for(figures: dict[str, Any]) -> None:
    assert figures["drafts"]["rows"]["all layers"]["content_kept"]["mean"] > 0.8


def test_a_draft_without_a_layer_is_another_one(figures: dict[str, Any]) -> None:
    rows = figures["drafts"]["rows"]
    assert rows["without profile"]["distance"] != rows["all layers"]["distance"]
    assert rows["without profile"]["distance"]["mean"] > rows["all layers"]["distance"]["mean"]


def test_the_figures_are_told_in_words(figures: dict[str, Any]) -> None:
    told = bench_personal.text(figures)
    assert "without memory" in told
    for name in (
        "bits/byte",
        "saved %",
        "net %",
        "by words %",
        "precision",
        "coverage",
        "p95 ms",
        "exactly the next words",
    ):
        assert name in told
    unsure = r"-?[\d.]+ \[-?[\d.]+, -?[\d.]+\]"
    rows = [line for line in told.splitlines() if line.startswith("mira")]
    assert [len(re.findall(unsure, row)) for row in rows[:: len(rows) // 3]] == [3, 4, 5]
    assert re.search(rf"EGISES {unsure} .*PerSEval {unsure}", told)
    assert re.search(rf"learning {unsure}, without {unsure}", told)


def test_without_a_history_or_strength_the_plain_model_answers(tmp_path: Path) -> None:
    batch = Batch(tmp_path)
    try:
        history = [json.loads(line) for line in (AUTHORS / "mira.history.jsonl").read_text("utf-8").splitlines()]
        batch.answer(json.dumps({"op": "open_user", "user": "full", "history": history}))
        batch.answer(json.dumps({"op": "open_user", "user": "empty", "history": []}))
        prefix = "Dear Tom,\n\nPlease find attached the "

        def asked(user: str, **fields: Any) -> list[Any]:
            line = {"user": user, "prefix": prefix, "text": prefix, **fields}
            return [batch.answer(json.dumps({"op": op, **line}))["result"] for op in ("complete", "score")]

        plain = asked("full", personal=False)
        assert asked("empty") == plain
        assert asked("full", without=["memory"]) == plain
        assert asked("full") != plain
        assert "error" in batch.answer(json.dumps({"op": "complete", "user": "full", "prefix": "", "without": ["x"]}))
    finally:
        batch.close()


def test_a_folder_without_authors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no authors"):
        bench_personal.measure(tmp_path)


def test_a_line_that_is_no_message_is_named(tmp_path: Path) -> None:
    for part in ("history", "test"):
        (tmp_path / f"a.{part}.jsonl").write_text('{"subject": "no body"}\n', "utf-8")
    with pytest.raises(BadInput, match=r"a\.history\.jsonl, line 1"):
        bench_personal.measure(tmp_path)


def test_a_trained_adapter_has_its_row_where_one_is_trained():
    assert bench_personal._conditions(True, adapter=True)["without adapter"] == {"without": ["adapter"]}
    assert "without adapter" not in bench_personal._conditions(True)
