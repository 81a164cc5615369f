"""The personal model at run time: what was learned, kept ready for completions and suggestions.

Filled from the vault in the background when the app starts (newest first, so that what matters most is there
first), then kept up to date as documents come, go and are written.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ownhand.domain import authorship, filling
from ownhand.domain.completion import Candidate, CompletionContext
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.draft import EVERYONE
from ownhand.domain.filling import SmallWords
from ownhand.domain.habits import Habits
from ownhand.domain.masking import MASK, mask, unmasked
from ownhand.domain.ngram import Memory
from ownhand.domain.personalize import Material
from ownhand.domain.ports import Recall, Vault
from ownhand.errors import UserError
from ownhand.services.examples import Examples
from ownhand.services.learning import Learning
from ownhand.services.retrieval import COLLECTION
from ownhand.services.status import Status, StatusEvent
from ownhand.settings import NAME, SENSITIVE, STRENGTH, TAKES_PART, Settings

_log = logging.getLogger(__name__)

REMEMBERED_AT_ONCE = 200
MEMORY_CHUNKS = 400_000
"""Words that the two memories hold at most, newest first: beyond that old text adds little and costs memory."""


BEFORE = 200
"""Characters before the caret, at most, in which a banned phrase may have begun."""


@dataclass(frozen=True, slots=True)
class _Bans:
    """What completions must not bring, for one audience."""

    bias: Mapping[str, float]
    """For the engine."""
    patterns: Sequence[re.Pattern[str]]
    """For every lane."""


class TokenMemories(Protocol):
    """Where texts are remembered as tokens: the engines in use."""

    def remember(self, memory: str, texts: Sequence[str]) -> None: ...
    def expect(self, memory: str, enough: Callable[[], bool]) -> None: ...
    def forget(self, memory: str) -> None: ...


class Personal:
    """The person's memories and material, shared by every lane.  Safe from any thread."""

    def __init__(
        self,
        vault: Vault,
        engine: TokenMemories,
        recall: Recall | None,
        examples: Examples,
        learning: Learning,
        settings: Settings,
        status: Status,
        namespace: str,
    ) -> None:
        self.memory = Memory()
        self.habits = Habits()
        self.small_words = SmallWords()
        self.token_memory = namespace
        self.trained: Mapping[str, tuple[str, float]] = {}
        """By audience, the adapter that the engine has, and its weight."""
        self.steered: Mapping[str, tuple[str, float]] = {}
        """By audience, the style vector that the engine has, and its weight."""
        self._vault = vault
        self._engine = engine
        self._recall = recall
        self._examples = examples
        self._learning = learning
        self._settings = settings
        self._status = status
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._known = threading.Event()
        self._known.set()
        self._bans: dict[str, tuple[int, _Bans]] = {}
        settings.listen(self._setting_changed)

    def _setting_changed(self, key: str) -> None:
        """What the memories may hold has changed: learn the history anew."""
        if key == SENSITIVE.key:
            self._known.clear()
            self._run(lambda: self._quietly(self._relearn))
            self._run(lambda: self._quietly(self.expect))

    def _own(self, text: str) -> str:
        """What the memories may learn from a text: the person's own words, without what is sensitive.

        Sentences of a suggestion that were taken as they were are left out, and nothing is learned across the gap.
        """
        return self._safe(authorship.own_words(text, self._learning.machine_made(), MASK))

    def _safe(self, text: str) -> str:
        """The text as prompts and memories may have it."""
        return mask(text) if self._settings.get(SENSITIVE) else text

    # filling

    def start(self, first: Callable[[], object], embed_pending: Callable[[], object]) -> None:
        """Fill in the background, beside `first`; `embed_pending` gives vectors to what an earlier import left."""

        def work() -> None:
            self.fill()
            self._quietly(embed_pending)

        self._known.clear()
        threading.Thread(target=lambda: self._quietly(first), name="warm up", daemon=True).start()
        self._run(work)

    def imported(self, embed_pending: Callable[[], object]) -> None:
        """Documents were imported: learn the history anew and give them vectors, in the background."""
        self._known.clear()

        def work() -> None:
            self._quietly(self._relearn)
            self._quietly(embed_pending)
            self.count()
            self._quietly(self.expect)

        self._run(work)

    def _run(self, work: Callable[[], None]) -> threading.Thread:
        """Work in a thread of its own, after what was begun before."""
        with self._lock:
            before = self._thread

            def after_the_one_before() -> None:
                if before is not None:
                    before.join()
                if not self._stop.is_set():
                    work()

            thread = self._thread = threading.Thread(target=after_the_one_before, name="personal", daemon=True)
            thread.start()
        return thread

    def _quietly(self, work: Callable[[], object]) -> None:
        """What fails here costs quality, not text: it is logged, and the rest goes on."""
        try:
            work()
        except UserError as error:
            if self.closing:
                return
            _log.warning("the personal model is not complete: %s", type(error).__name__)

    def fill(self) -> None:
        """Read the history into the profile, the memories and the vector index, and have the model look at it.

        The profile comes first, since drafts wait for it.
        """
        self.tell_workers(self.read())
        self.count()

    def tell_workers(self, texts: Sequence[str], *, index: bool = True, expect: bool = True) -> None:
        """Give the workers what `read` returned: the index, whose worker takes longest to load, the model's memory.

        Without `index` nothing is found by its meaning; without `expect`, which takes seconds, completions and scores
        are as they were before the model had looked at the history.  Suggestions ask for the first, never the second.
        """
        if index:
            self._quietly(self._send_vectors)
        self._quietly(lambda: self._remember(texts))
        if expect:
            self._quietly(self.expect)

    def wait_until_known(self, seconds: float) -> bool:
        """Wait until the history has been read into the profile and the memory; False if that took longer."""
        return self._known.wait(seconds)

    def count(self) -> None:
        """Announce how much is known."""
        if self._stop.is_set():
            return
        state = self._vault.state()
        active = sum(item.enabled for item in self._learning.preferences())
        self._status.announce(StatusEvent("history", "counted", documents=state.documents, preferences=active))

    def read(self) -> list[str]:
        """Measure every document; returns the texts that the memory took, newest first.  Needs no worker."""
        texts: list[str] = []
        for document in self._vault.each_document():
            if self._stop.is_set():
                break
            self._learning.measure(document)
            if self.memory.size < MEMORY_CHUNKS:
                text = self._own(document.text)
                self.memory.add(text)
                self.habits.add(text)
                self.small_words.add(text)
                texts.extend(unmasked(text))
        self._known.set()
        return texts

    def _remember(self, texts: Sequence[str]) -> None:
        for start in range(0, len(texts), REMEMBERED_AT_ONCE):
            if self._stop.is_set():
                return
            self._engine.remember(self.token_memory, texts[start : start + REMEMBERED_AT_ONCE])

    def expect(self) -> None:
        """Have the model of the completions look at what it expects in the history, as far as it has not yet."""
        if not self._stop.is_set():
            self._engine.expect(self.token_memory, self._stop.is_set)

    def _send_vectors(self) -> None:
        if self._recall is None:
            return
        for pairs in self._vault.each_vector():
            if self._stop.is_set():
                return
            self._recall.add(COLLECTION, [i for i, _ in pairs], [v for _, v in pairs])

    def refill_recall(self) -> None:
        """The recall worker was started anew: send the vectors again, in the background."""
        self._run(lambda: self._quietly(self._send_vectors))

    def add(self, documents: list[Document]) -> None:
        """New documents of the person's own."""
        for document in documents:
            self._learning.measure(document)
            text = self._own(document.text)
            self.memory.add(text)
            self.habits.add(text)
            self.small_words.add(text)
        if documents:
            texts = [piece for document in documents for piece in unmasked(self._own(document.text))]
            try:
                self._engine.remember(self.token_memory, texts)
            except UserError as error:
                _log.warning("the token memory was not extended: %s", type(error).__name__)

    def forgotten(self, passages: Sequence[int]) -> None:
        """Documents were removed: drop what was made from them at once, and learn what is left anew.

        Until that is done, completions and suggestions go without the history rather than with a part that must not
        be there.
        """
        self._known.clear()
        self.memory = Memory()
        self.habits = Habits()
        self.small_words = SmallWords()
        self._learning.vault_changed()
        self._quietly(lambda: self._engine.forget(self.token_memory))
        self._quietly(lambda: self._unindex(passages))

        def work() -> None:
            # once more: a filling that was under way may have read them before they were removed
            self._quietly(lambda: self._unindex(passages))
            self._quietly(self._relearn)

        self._run(work).join()
        self.count()
        self._run(lambda: self._quietly(self.expect))

    def _unindex(self, passages: Sequence[int]) -> None:
        if self._recall is not None and passages:
            self._recall.remove(COLLECTION, passages)

    def _relearn(self) -> None:
        self.memory = Memory()
        self.habits = Habits()
        self.small_words = SmallWords()
        self._learning.reset_profile()
        self._engine.forget(self.token_memory)
        self._remember(self.read())

    def forget(self) -> None:
        """Drop what the workers know of this person."""
        self._engine.forget(self.token_memory)
        if self._recall is not None:
            self._recall.drop(COLLECTION)

    @property
    def closing(self) -> bool:
        """Whether the program is about to end."""
        return self._stop.is_set()

    def close(self) -> None:
        """Stop filling."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)

    # using

    @property
    def memory_weight(self) -> float:
        """How strongly the token memory is mixed into the model's distribution, 0 to 1."""
        return self._settings.get(STRENGTH) / 100

    @property
    def switched_off(self) -> frozenset[str]:
        """Layers that the person wants to take no part."""
        return frozenset(layer for layer, setting in TAKES_PART.items() if not self._settings.get(setting))

    @property
    def takes_part(self) -> bool:
        """Whether anything of the person's own shapes what is offered: at strength 0 the plain model answers."""
        return self.memory_weight > 0

    def adapters(self, audience: str, layers: Collection[str]) -> Mapping[str, float]:
        """The adapter and the style vector for an audience, else Everyone's, as far as these layers take part, and how
        much each counts at this strength.
        """
        strength = self._settings.get(STRENGTH) / 100
        chosen = {
            **(_of(self.trained, audience) if "adapter" in layers else {}),
            **(_of(self.steered, audience) if "vector" in layers else {}),
        }
        return {name: weight * strength for name, weight in chosen.items()} if strength else {}

    @property
    def name(self) -> str:
        """How the person signs: stated, else the commonest name under their messages."""
        return self._settings.get(NAME) or self._learning.signature_name()

    def opening(self, context: CompletionContext) -> Candidate | None:
        """The greeting this person writes to this recipient, while the first line is still being typed."""
        if context.kind is not Kind.EMAIL or "\n" in context.prefix or len(context.prefix) > 40:
            return None
        greeting, share = self._learning.greeting(context.recipients, context.audience)
        if not greeting or not greeting.startswith(context.prefix) or greeting == context.prefix:
            return None
        return Candidate((greeting[len(context.prefix) :],), (share,), "names", whole=True)

    def fill_in(self, note: str) -> str:
        """A note with the small words that this person would not have left out in a letter."""
        return filling.fill(note, self.small_words)

    def completion_bias(self, audience: str) -> Mapping[str, float]:
        """Words a preference bans."""
        return self._banned(audience).bias

    def is_banned(self, prefix: str, text: str, audience: str) -> bool:
        """Whether taking `text` would put a banned phrase into the draft."""
        if not self.takes_part:
            return False
        before = prefix[prefix.rfind("\n") + 1 :][-BEFORE:]
        return any(
            sum(1 for _ in pattern.finditer(before + text)) > sum(1 for _ in pattern.finditer(before))
            for pattern in self._banned(audience).patterns
        )

    def _banned(self, audience: str) -> _Bans:
        version = self._learning.version
        with self._lock:
            known = self._bans.get(audience)
            if known is None or known[0] != version:
                bias = {word: -50.0 for word, bias in self._learning.biases(audience).items() if bias < 0}
                known = self._bans[audience] = (version, _Bans(bias, self._learning.bans(audience)))
        return known[1]

    def material(
        self,
        situation: str,
        recipients: tuple[str, ...],
        audience: str,
        *,
        personal: bool = True,
        strength: float | None = None,
        examples: int = 6,
        letter: bool = False,
    ) -> Material:
        """Everything known that fits a situation (subject, brief and recipients in one text).

        With `letter` a whole one is to be written, and begins and ends as those to the recipients do.  `strength`
        stands in for the person's setting; at 0 nothing is known.
        """
        if strength is None:
            strength = self._settings.get(STRENGTH) / 100
        if not personal or strength <= 0:
            return Material(strength=0.0)
        hits = self._examples.find(situation, examples, recipients)
        hits = [replace(hit, passage=replace(hit.passage, text=self._safe(hit.passage.text))) for hit in hits]
        preferences = tuple(self._learning.effective(situation, audience, recipients if letter else None))
        return Material(
            tuple(hits),
            tuple(self._learning.profile_rules(audience)),
            preferences,
            self._learning.biases(audience, preferences),
            self.name,
            audience,
            strength,
            self.token_memory,
            _of(self.trained, audience),
            _of(self.steered, audience),
        )


class Expecting:
    """In a quiet while: what another model, or a process that was started again, expects in the history."""

    def __init__(self, personal: Personal) -> None:
        self._personal = personal

    def run(self, _stop: object = None) -> None:
        """Look, if that is due; to its end, for it takes seconds, and whatever the person asks for goes first.

        Raises ModelError, WorkerError.
        """
        self._personal.expect()


def _of(by_audience: Mapping[str, tuple[str, float]], audience: str) -> Mapping[str, float]:
    """What an audience has, else what Everyone has, by its name and with its weight."""
    name, weight = by_audience.get(audience) or by_audience.get(EVERYONE) or ("", 0.0)
    return {name: weight} if name else {}
