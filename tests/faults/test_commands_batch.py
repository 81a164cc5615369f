"""Lines of `ownhand batch` that cannot be right: each is answered with a sentence, and none takes the next with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ownhand.cli.batch import Batch

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '"' + "x" * 10_000_000,
        '{"op": "' + "x" * 1_000_000 + '"}',
        '{"op": ["complete"]}',
        '{"op": "complete", "prefix": 3}',
        '{"op": "complete", "prefix": "a", "suffix": []}',
        '{"op": "complete", "prefix": "a", "context": []}',
        '{"op": "complete", "prefix": "a", "context": {"to": 3}}',
        '{"op": "complete", "prefix": "a", "context": {"reply_to": 3}}',
        '{"op": "complete", "prefix": "a", "personal": "no"}',
        '{"op": "draft", "brief": {"points": [3]}}',
        '{"op": "draft", "brief": "boat"}',
        '{"op": "draft", "brief": {"points": ["boat"]}, "seed": 1e99}',
        '{"op": "draft", "brief": {"points": ["boat"]}, "seed": NaN}',
        '{"op": "rewrite", "text": "%s", "instruction": "shorten"}' % ("boat " * 10_000),
        '{"op": "open_user", "user": {}}',
        '{"op": "open_user", "user": "u", "history": "m"}',
        '{"op": "open_user", "user": "u", "history": [{"body": 3}]}',
        '{"op": "import_path", "path": ""}',
        '{"op": "import_path", "path": "/nowhere", "own_addresses": 3}',
    ],
    ids=range(20),
)
def test_a_malformed_line_is_answered_in_a_sentence(tmp_path: Path, line: str) -> None:
    batch = Batch(tmp_path)
    try:
        said = batch.answer(line)["error"]
        assert said.endswith(".")
        assert len(said) < 300
        assert "mistake of its own" not in said
        assert batch.answer('{"op": "close_user", "user": "u"}') == {"result": True}
    finally:
        batch.close()


def test_reading_a_mailbox_makes_no_vault(tmp_path: Path) -> None:
    batch = Batch(tmp_path)
    line = json.dumps({"op": "import_path", "path": str(MAILBOX), "own_addresses": ["robin.vale@example.org"]})
    assert any(entry["own"] for entry in batch.answer("\ufeff" + line)["result"])
    assert not list(tmp_path.rglob("*.db"))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "users" / "u0123"
    left.mkdir(parents=True)
    (left / "vault.db").write_bytes(b"unreadable")
    Batch(tmp_path).close()
    assert not left.exists()
