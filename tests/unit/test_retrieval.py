"""How words and meaning are asked and fused; the two stores behind them are scripted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from ownhand.domain.corpus import Passage
from ownhand.domain.ports import Recall, Vault
from ownhand.errors import Cancelled, VaultError, WorkerError
from ownhand.services.retrieval import Retrieval

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class BothStores:
    """A vault and a recall worker that write down, in order, what they are asked."""

    def __init__(self, words: Sequence[int] = (), meaning: Sequence[int] = ()) -> None:
        self.words, self.meaning = list(words), list(meaning)
        self.events: list[object] = []
        self.refuses: Exception | None = None
        self.answers: Exception | None = None
        self.ages: dict[int, int] = {}

    def match(self, words: Sequence[str], limit: int, beginning: str = "") -> list[int]:
        self.events.append(("words", list(words), beginning))
        return self.words[:limit]

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        return [
            Passage(
                n, f"d{n}", "text", recipients=(f"p{n}@example.org",), written_at=NOW - timedelta(self.ages.get(n, 0))
            )
            for n in ids
        ]

    def ask(self, _collection: str, _text: str, limit: int, replaces: str) -> Callable[[], list[tuple[int, float]]]:
        if self.refuses is not None:
            raise self.refuses
        self.events.append(("meaning", replaces))

        def answer() -> list[tuple[int, float]]:
            self.events.append("waits")
            if self.answers is not None:
                raise self.answers
            return [(number, 0.5) for number in self.meaning[:limit]]

        return answer


def over(stores: BothStores) -> Retrieval:
    return Retrieval(cast("Vault", stores), cast("Recall", stores))


def found(stores: BothStores, text: str = "boats", **asked: object) -> list[int]:
    return [hit.passage.id for hit in over(stores).find(text, now=NOW, **asked)]  # type: ignore[arg-type]


def test_meaning_is_asked_for_before_the_words_and_waited_for_after_them() -> None:
    stores = BothStores()
    over(stores).find("the old boats")
    assert stores.events == [("meaning", ""), ("words", ["old", "boats"], ""), "waits"]


def test_what_both_find_comes_first() -> None:
    assert found(BothStores(words=[1, 2], meaning=[3, 2]))[0] == 2


def test_the_same_person_and_a_younger_text_are_lifted() -> None:
    stores = BothStores(words=[1, 2], meaning=[2, 1])
    assert found(stores, recipients=["P <p1@example.org>"])[0] == 1
    assert found(stores, recipients=["P <p2@example.org>"])[0] == 2
    stores.ages = {1: 900}
    assert found(stores)[0] == 2


@pytest.mark.parametrize("when", ["asked", "answering"])
def test_without_the_recall_worker_words_alone_are_searched(when: str) -> None:
    stores = BothStores(words=[1], meaning=[2])
    if when == "asked":
        stores.refuses = WorkerError("It is not there.")
    else:
        stores.answers = WorkerError("It died.")
    assert found(stores) == [1]
    assert [hit.passage.id for hit in Retrieval(cast("Vault", stores), None).find("boats")] == [1]


def test_while_one_types_the_last_word_may_be_a_beginning_and_the_question_replaces_the_last() -> None:
    stores = BothStores()
    for text in ("The boats of hel", "boats of ", "th"):
        over(stores).find(text, typing=True)
    assert [event for event in stores.events if event != "waits"] == [
        ("meaning", "typed"),
        ("words", ["boats"], "hel"),
        ("meaning", "typed"),
        ("words", ["boats"], ""),
        ("meaning", "typed"),
        ("words", [], "th"),
    ]


def test_a_question_that_was_overtaken_says_so_instead_of_answering_by_words_alone() -> None:
    stores = BothStores(words=[1])
    stores.answers = Cancelled("cancelled")
    with pytest.raises(Cancelled):
        found(stores, typing=True)


def test_a_vault_that_cannot_be_read_is_not_passed_over() -> None:
    class Damaged(BothStores):
        def match(self, words: Sequence[str], limit: int, beginning: str = "") -> list[int]:
            raise VaultError("It is damaged.")

    with pytest.raises(VaultError):
        found(Damaged())


def test_nothing_is_asked_for_an_empty_question() -> None:
    stores = BothStores(words=[1], meaning=[1])
    assert found(stores, " \n") == []
    assert stores.events == []
