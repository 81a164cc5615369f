"""Which of the person's own passages a suggestion is shown, and whether it is shown any at all.

In a quiet while the model in use is asked how likely it finds some letters that the person has written, each with and
without single passages of the rest of the history as an example.  What that saves decides (domain/ranking.py), for this
model and this history.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from ownhand.domain import letter, playback, ranking
from ownhand.domain.corpus import Document, Hit, Kind
from ownhand.domain.derived import EXAMPLES_WORTH
from ownhand.domain.draft import EVERYONE
from ownhand.domain.inference import ModelInfo
from ownhand.domain.masking import MASK, mask
from ownhand.domain.personalize import EXAMPLE_CHARACTERS, Material, personalize
from ownhand.domain.ports import Engine, Vault
from ownhand.domain.prompt import assemble
from ownhand.domain.text import sentences
from ownhand.services.learning import Learning
from ownhand.services.retrieval import Retrieval
from ownhand.services.stopping import Stopping

_log = logging.getLogger(__name__)

LETTERS: Final = 16
"""Letters of the person's that are tried, the newest ones."""
CANDIDATES: Final = 5
"""Passages tried for each."""
POOL: Final = 24
SCORED_CHARACTERS: Final = 500
"""Of each letter: a score cannot be interrupted, and on a slow machine this much takes a large model ten seconds."""
_SHORTEST, _LONGEST = 150, 2500
"""Characters of a letter that is tried."""
_AGAIN_AT: Final = 1.5
"""How much larger the history must have become for another try."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What was found for one model and one history."""

    model: str
    documents: int
    weights: ranking.Weights | None
    """None: examples do not pay."""

    def as_text(self) -> str:
        """For the vault."""
        weights = self.weights and {"constant": self.weights.constant, **self.weights.by_feature}
        return json.dumps({"model": self.model, "documents": self.documents, "weights": weights})

    @classmethod
    def from_text(cls, text: str) -> Worth:
        """What `as_text` wrote."""
        found = json.loads(text)
        weights = found["weights"]
        ranker = weights and ranking.Weights(weights["constant"], {name: weights[name] for name in ranking.FEATURES})
        return cls(found["model"], found["documents"], ranker)


class Examples:
    """Finds examples for suggestions, and learns in quiet whiles whether they help.  Safe from any thread."""

    def __init__(self, vault: Vault, retrieval: Retrieval, learning: Learning, engine: Engine) -> None:
        """`engine` serves suggestions; using it must not count as the person's use."""
        self._vault = vault
        self._retrieval = retrieval
        self._learning = learning
        self._engine = engine

    def find(self, situation: str, count: int, recipients: Sequence[str]) -> list[Hit]:
        """Up to `count` passages that are worth showing, the best first; those that fit best while that is unknown."""
        if count <= 0:
            return []
        worth = self._known()
        if worth is None:
            return self._retrieval.find(situation, count, recipients)
        if worth.weights is None:
            return []
        wanted = ranking.situation(recipients, Kind.EMAIL, datetime.now(UTC))
        hits = [hit for hit in self._retrieval.find(situation, POOL, recipients) if _is_short(hit)]
        return ranking.worth_showing(hits, wanted, worth.weights)[:count]

    def _known(self) -> Worth | None:
        """What was found for the model in use; None where nothing was."""
        stored = self._vault.setting(EXAMPLES_WORTH)
        info = self._engine.info() if stored else None
        worth = Worth.from_text(stored) if stored else None
        return worth if worth is not None and info is not None and worth.model == _name(info) else None

    # -- in a quiet while

    def run(self, stop: Stopping | None = None) -> Worth | None:
        """Try, decide and store, if that is due; else None.  Raises Cancelled, ModelError, WorkerError."""
        stop = stop or Stopping()
        info = self._engine.info()
        documents = self._vault.state().documents
        worth = self._known()
        if info is None or not info.chat or (worth is not None and documents < _AGAIN_AT * worth.documents):
            return None
        letters = list(islice(self._letters(), LETTERS))
        if len(letters) < ranking.LEAST_LETTERS:
            return None
        tried = [one for document in letters for one in self._try_on(document, stop)]
        if self._vault.state().documents != documents:  # something may have been forgotten that this rests on
            return None
        worth = Worth(_name(info), documents, ranking.verdict(tried))
        self._vault.set_setting(EXAMPLES_WORTH, worth.as_text())
        _log.info("examples %s, tried on %d letters", "help" if worth.weights else "do not help", len(letters))
        return worth

    def _letters(self) -> Iterator[Document]:
        for document in self._vault.each_document():
            if document.kind is Kind.EMAIL and _SHORTEST <= len(document.text) <= _LONGEST:
                yield document

    def _try_on(self, document: Document, stop: Stopping) -> list[ranking.Tried]:
        """What single passages of other documents save when this letter is asked for as a suggestion is."""
        text = mask(document.text.strip())
        body = [" ".join(sentence.split()) for sentence in sentences(letter.split(text, document.recipients).body)]
        own = text[:SCORED_CHARACTERS].rsplit(" ", 1)[0]
        if MASK in text or not body:
            return []
        task = playback.draft_task(document, body)
        situation = "\n".join([document.title, *(playback.as_note(sentence) for sentence in body)])
        wanted = ranking.situation(document.recipients, document.kind, document.written_at)
        found = self._retrieval.find(situation, POOL, document.recipients, document.written_at, exclude={document.id})
        hits = [hit for hit in found if _is_short(hit) and hit.passage.text not in document.text][:CANDIDATES]
        rules = tuple(self._learning.profile_rules(EVERYONE))
        size = len(own.encode()) * math.log(2) / 1000

        def likelihood(*examples: Hit) -> float:
            stop.check()
            shown = [replace(hit, passage=replace(hit.passage, text=mask(hit.passage.text))) for hit in examples]
            sections = personalize(Material(tuple(shown), rules)).sections
            info = self._engine.info()
            context = info.context if info is not None else 2048
            messages = assemble(sections, task, context - len(own) // 2)
            return self._engine.score(self._engine.render(messages.as_roles()), own)

        plain = likelihood()
        return [
            ranking.Tried(document.id, ranking.values_of(hit, wanted), (likelihood(hit) - plain) / size) for hit in hits
        ]


def _is_short(hit: Hit) -> bool:
    return len(hit.passage.text) <= EXAMPLE_CHARACTERS


def _name(info: ModelInfo) -> str:
    return f"{info.name} {info.parameters} {info.bytes}"
