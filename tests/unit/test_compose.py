"""How the window and the commands see the recall worker while its embedder loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from ownhand.adapters.worker.recall import RecallClient
from ownhand.compose import NamedRecall
from ownhand.errors import WorkerError


class LoadingRecall:
    """A worker whose embedder is loaded when the test says so; it records what it was asked."""

    def __init__(self) -> None:
        self.loaded = False
        self.asked: list[str] = []

    def describe(self) -> dict[str, Any]:
        return {"loaded": self.loaded}

    def ask(self, collection: str, _text: str, _limit: int, replaces: str) -> Callable[[], list[tuple[int, float]]]:
        self.asked += [collection, replaces]
        return lambda: [(1, 0.5)]

    def meaning(self, _text: str) -> bytes:
        return bytes(4)


def test_a_window_does_not_wait_for_the_embedder():
    worker = LoadingRecall()
    recall = NamedRecall(cast("RecallClient", worker), "own", patient=False)
    with pytest.raises(WorkerError):
        recall.ask("history", "boats", 3)
    with pytest.raises(WorkerError):
        recall.meaning("boats")
    worker.loaded = True
    assert recall.meaning("boats")
    assert recall.ask("history", "boats", 3)() == [(1, 0.5)]


def test_a_command_does():
    worker = LoadingRecall()
    assert NamedRecall(cast("RecallClient", worker), "own", patient=True).ask("history", "boats", 3)()


def test_two_vaults_share_no_collection_and_cancel_no_question_of_each_other():
    worker = LoadingRecall()
    for name in ("one", "two"):
        NamedRecall(cast("RecallClient", worker), name, patient=True).ask("history", "boats", 3, "typed")
    assert len(set(worker.asked)) == 4


def test_a_question_that_replaces_none_still_replaces_none_under_a_name():
    worker = LoadingRecall()
    NamedRecall(cast("RecallClient", worker), "own", patient=True).ask("history", "boats", 3)
    assert worker.asked[1] == ""
