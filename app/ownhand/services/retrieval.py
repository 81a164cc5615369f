"""Finding the person's own passages that fit: by words, by meaning, by whom they were written to, by age.

BM25 (SQLite FTS5) and dense neighbours are fused by reciprocal rank (Cormack, Clarke & Buettcher, SIGIR 2009, k
= 60); passages to the same people and recent ones are lifted a little.  Filtering happens after the query: the
index knows opaque ids only.  Both are asked at once: the recall worker embeds while the words are looked up here.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime

from ownhand.domain.corpus import Hit, Passage
from ownhand.domain.draft import address_of
from ownhand.domain.ports import Recall, Vault
from ownhand.errors import UserError

COLLECTION = "history"
K = 60
SAME_PERSON = 0.35
RECENT = 0.15
HALF_LIFE_DAYS = 365.0

_log = logging.getLogger(__name__)

_COMMON = frozenset(
    "a an and are as at be but by for from had has have i if in is it its me my not of on or our she he "
    "so than that the their them they this to was we were what when which who will with would you your re "
    "fw fwd hi dear thanks".split()
)


_WORD = r"\w+(?:['’\-]\w+)*"
_TYPED = "typed"
"""The question of a search box replaces the one before it."""


def query_words(text: str, limit: int = 24) -> list[str]:
    """The telling words of a text, in order, without repeats."""
    found = (word.lower() for word in re.findall(_WORD, text))
    return list(dict.fromkeys(word for word in found if word not in _COMMON and len(word) > 1))[:limit]


class Retrieval:
    """Hybrid search over the history; without the recall worker it goes on with words alone."""

    def __init__(self, vault: Vault, recall: Recall | None) -> None:
        self._vault = vault
        self._recall = recall

    def fill(self) -> str:
        """Give the recall worker the vault's vectors; '' or the sentence that says why it works without them."""
        if self._recall is None:
            return ""
        try:
            for pairs in self._vault.each_vector():
                self._recall.add(COLLECTION, [number for number, _ in pairs], [vector for _, vector in pairs])
        except UserError as error:
            _log.warning("searching by words only: %s", type(error).__name__)
            return str(error)
        return ""

    def find(
        self,
        text: str,
        limit: int = 8,
        recipients: Iterable[str] = (),
        now: datetime | None = None,
        exclude: Collection[str] = (),
        *,
        typing: bool = False,
    ) -> list[Hit]:
        """The passages that fit `text` best, with their scores; document ids in `exclude` are left out.

        With `typing` the last word may be the beginning of one; raises Cancelled if the next question came meanwhile.
        """
        if not text.strip():
            return []
        pool = max(4 * limit, 24)
        near = self._near(text, pool, _TYPED if typing else "")
        by_words = self._by_words(text, pool, typing)
        by_meaning = near()
        similarity = dict(by_meaning)
        score: dict[int, float] = {}
        for ranked in (by_words, [passage_id for passage_id, _ in by_meaning]):
            for rank, passage_id in enumerate(ranked, 1):
                score[passage_id] = score.get(passage_id, 0.0) + 1.0 / (K + rank)
        people = {address_of(recipient) for recipient in recipients}
        ranks = {passage_id: rank for rank, passage_id in enumerate(by_words, 1)}
        near_ranks = {passage_id: rank for rank, passage_id in enumerate(similarity, 1)}
        hits = [
            Hit(
                passage,
                score[passage.id] * self._lift(passage, people, now or datetime.now(UTC)),
                similarity.get(passage.id),
                ranks.get(passage.id),
                near_ranks.get(passage.id),
            )
            for passage in self._vault.passages(list(score))
            if passage.document_id not in exclude
        ]
        hits.sort(key=lambda hit: -hit.score)
        return _one_per_document(hits)[:limit]

    def _by_words(self, text: str, limit: int, typing: bool) -> list[int]:
        last = re.search(_WORD + r"\Z", text) if typing else None
        if last is None:
            return self._vault.match(query_words(text), limit)
        return self._vault.match(query_words(text[: last.start()]), limit, last[0])

    def _near(self, text: str, limit: int, replaces: str) -> Callable[[], list[tuple[int, float]]]:
        """Ask the recall worker now; what is returned waits for its answer, which is empty where there is none."""
        if self._recall is None:
            return list
        try:
            answer = self._recall.ask(COLLECTION, text, limit, replaces)
        except UserError as error:
            _log.warning("searching by words only: %s", type(error).__name__)
            return list

        def wait() -> list[tuple[int, float]]:
            try:
                return answer()
            except UserError as error:
                _log.warning("searching by words only: %s", type(error).__name__)
                return []

        return wait

    @staticmethod
    def _lift(passage: Passage, people: set[str], now: datetime) -> float:
        lift = 1.0
        if people and people & {address_of(recipient) for recipient in passage.recipients}:
            lift += SAME_PERSON
        if passage.written_at is not None:
            days = max(0.0, (now - passage.written_at).total_seconds() / 86400)
            lift += RECENT * math.exp(-days * math.log(2) / HALF_LIFE_DAYS)
        return lift


def _one_per_document(hits: Sequence[Hit]) -> list[Hit]:
    seen: set[str] = set()
    kept: list[Hit] = []
    for hit in hits:
        if hit.passage.document_id not in seen:
            seen.add(hit.passage.document_id)
            kept.append(hit)
    return kept
