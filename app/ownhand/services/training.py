"""Train on my writing: an adapter for the model in use, from the person's own documents, behind everything else.

It waits while somebody types, while the battery is low and while it is told to; how far it is rests in the vault, so a
killed program loses half a minute.  What comes out is measured on documents it never saw, and only what makes the
person's words likelier is used.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ownhand.domain import playback
from ownhand.domain.authorship import machine_made, own_words
from ownhand.domain.completion import preamble
from ownhand.domain.corpus import Document
from ownhand.domain.draft import EVERYONE, resolve_audience
from ownhand.domain.lessons import Lesson
from ownhand.domain.masking import MASK, mask, unmasked
from ownhand.domain.ports import Trainer, TrainingProgress, Vault
from ownhand.domain.prompt import assemble
from ownhand.domain.trained import Adapter
from ownhand.errors import BadInput, Cancelled, UserError, WorkerError
from ownhand.services.completing import plain
from ownhand.services.models import ROLES, Engines
from ownhand.services.personal import Personal
from ownhand.services.status import Status, StatusEvent
from ownhand.services.writing import is_capable

_log = logging.getLogger(__name__)

MOST_CHARACTERS = 420_000
"""Of the documents that are trained on, the newest: about 100,000 tokens."""
AFTER_TYPING_S = 4.0
"""How long it goes on waiting after the last key."""
_LOOK_S = 0.5
_BATTERY_EVERY_S = 30.0
WEIGHTS = (0.5, 0.75, 1.0, 1.25)
"""How much an adapter may count; the best of these on the texts that decide when to stop."""
VECTOR_WEIGHTS = (0.2, 0.4, 0.8)
"""The same of a style vector."""
_SCORED = 24
"""Documents that are looked at for one figure, and characters of each."""
_SCORED_CHARACTERS = 1500
_EDITS_READ = 10_000


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What the page shows."""

    running: bool = False
    """In this process, waiting included."""
    waits_for: str = ""
    """Why it does not compute now: 'typing', 'battery' or 'you'; '' while it does."""
    done: float = 0.0
    """0 to 1."""
    seconds_left: float = 0.0
    unfinished: bool = False
    """An earlier training can be gone on with."""
    sentence: str = ""
    """How the last one ended, where it did not end well."""
    adapter: Adapter | None = None
    """Everyone's, without its bytes."""
    fits: bool = True
    """Whether it was trained for the model that completes now."""


class Training:
    """One training at a time; any number of listeners.  Safe from any thread."""

    def __init__(
        self,
        vault: Vault,
        engines: Engines,
        trainer: Trainer,
        personal: Personal,
        status: Status,
        namespace: str,
        battery_low: Callable[[], bool] = lambda: False,
    ) -> None:
        """`namespace` keeps the adapters of vaults that share an engine apart."""
        self._vault = vault
        self._engines = engines
        self._trainer = trainer
        self._personal = personal
        self._status = status
        self._namespace = namespace
        self._battery_low = battery_low
        self._lock = threading.Lock()
        self._state = TrainingState()
        self._listeners: list[Callable[[TrainingState], None]] = []
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._closing = False
        self._held = False
        self._given: dict[str, datetime | None] = {}
        """By audience, when the adapter that the engines have was trained."""
        self._rests_on: tuple[str, ...] = ()
        """The documents of the training that runs."""
        self._typed_at = -math.inf
        self._look = threading.Event()

    # what is

    def state(self) -> TrainingState:
        """As it is now."""
        with self._lock:
            return self._state

    def listen(self, listener: Callable[[TrainingState], None]) -> None:
        """Be told of every change, from any thread, and of the present state at once."""
        with self._lock:
            self._listeners.append(listener)
            state = self._state
        listener(state)

    def refusal(self, audience: str = EVERYONE) -> str:
        """Why there is too little to train on, in a sentence; '' where it is enough."""
        return playback.refusal(self._documents(audience))

    def adapters(self) -> list[Adapter]:
        """All that are kept, without their bytes."""
        return [replace(adapter, data=b"", vector=b"") for adapter in self._vault.adapters()]

    # what the person does

    def start(self, audience: str = EVERYONE) -> None:
        """Begin, or go on, in the background.  Raises BadInput where one runs or there is too little writing."""
        refused = self.refusal(audience)
        if refused:
            raise BadInput(refused)
        self._begin()
        self._thread = threading.Thread(target=self._quietly, args=(audience,), name="training", daemon=True)
        self._thread.start()

    def run(self, audience: str = EVERYONE, *, vector: bool = False) -> Adapter:
        """Train and wait for it, with `vector` a style vector, too.  Raises BadInput, ModelError, WorkerError or
        Cancelled.
        """
        refused = self.refusal(audience)
        if refused:
            raise BadInput(refused)
        self._begin()
        return self._work(audience, vector)

    def hold(self, on: bool) -> None:
        """Pause, or go on."""
        self._held = on
        self._look.set()

    def stop(self) -> None:
        """Give the training up; an adapter that was there before stays."""
        self._stop.set()
        self._trainer.close()

    def typed(self) -> None:
        """Somebody types: cheap, to be called at every key."""
        before, self._typed_at = self._typed_at, time.monotonic()
        if self._typed_at - before > AFTER_TYPING_S:
            self._look.set()

    def remove(self, audience: str = EVERYONE) -> None:
        """Delete an adapter and what is left of its training."""
        self.stop_and_wait()
        self._vault.delete_adapter(audience)
        self.reload()

    def forget(self) -> None:
        """Delete all that was trained, for every audience."""
        self.stop_and_wait()
        for audience in {EVERYONE, *(adapter.audience for adapter in self._vault.adapters())}:
            self._vault.delete_adapter(audience)
        self.reload()

    # what the program does

    def reload(self) -> None:
        """Give the engines what the vault holds, and only that; after a start, a change of model, or forgetting.

        What fails here costs likeness, not text, and is logged.
        """
        kept = self._vault.adapters()
        try:
            bases = {self._engines.identify(self._engines.path(role)) for role in ROLES} if kept else set()
            used = {adapter.audience: adapter for adapter in kept if adapter.gain > 0 and adapter.base in bases}
            steered = {one.audience: one for one in kept if one.vector_gain > 0 and one.base in bases}
            for wanted, given in ((used, self._personal.trained), (steered, self._personal.steered)):
                for audience, (name, _) in given.items():
                    if audience not in wanted:
                        self._engines.unadapt(name)
            for adapter in used.values():
                if self._given.get(adapter.audience) != adapter.trained_at:
                    self._engines.adapt(self._name(adapter.audience), adapter.base, adapter.data)
            for adapter in steered.values():
                if self._given.get(adapter.audience) != adapter.trained_at:
                    self._engines.adapt(self._vector_name(adapter.audience), adapter.base, adapter.vector)
            self._given = {audience: one.trained_at for audience, one in {**steered, **used}.items()}
            self._personal.steered = {
                audience: (self._vector_name(audience), one.vector_weight) for audience, one in steered.items()
            }
            self._personal.trained = {
                audience: (self._name(audience), adapter.weight) for audience, adapter in used.items()
            }
        except UserError as error:
            _log.warning("an adapter is not used: %s", type(error).__name__)
        own = next((adapter for adapter in kept if adapter.audience == EVERYONE), None)
        unfinished = bool(self._vault.checkpoint(EVERYONE)[0])
        fits = own is None or own.base == self._engines.identify(self._engines.path("completion"))
        self._tell(
            adapter=replace(own, data=b"", vector=b"") if own is not None else None, unfinished=unfinished, fits=fits
        )

    def forgotten(self) -> None:
        """Documents went: adapters that rested on them are gone from the vault, and go from the engines."""
        had = self.state().adapter
        gone = any(self._vault.document(identity) is None for identity in self._rests_on)
        if self.state().running and gone:
            self.stop_and_wait()
        self.reload()
        if gone or (had is not None and self.state().adapter is None):
            sentence = "What was trained on your writing was removed, because a text that it rested on was forgotten."
            self._tell(sentence=sentence)
            self._status.announce(StatusEvent("training", "removed", sentence))

    def wait(self, seconds: float | None = None) -> None:
        """Until the training that was started has ended, or so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def stop_and_wait(self) -> None:
        """End a training that runs, and wait until it has."""
        if self._thread is not None and self._thread.is_alive():
            self.stop()
            self.wait(10)

    def close(self) -> None:
        """End the process that trains; how far it is stays in the vault."""
        self._closing = True
        self.stop_and_wait()

    def drop(self) -> None:
        """Take this vault's adapters out of the engines."""
        for name, _ in (*self._personal.trained.values(), *self._personal.steered.values()):
            self._engines.unadapt(name)
        self._personal.trained, self._personal.steered, self._given = {}, {}, {}

    # the work

    def _begin(self) -> None:
        with self._lock:
            if self._state.running:
                raise BadInput("A training is under way already.")
            self._state = replace(self._state, running=True, done=0.0, seconds_left=0.0, sentence="", waits_for="")
        self._stop.clear()
        self._held = False
        self._tell()

    def _quietly(self, audience: str) -> None:
        try:
            self._work(audience)
        except Cancelled:
            pass
        except UserError as error:
            self._status.announce(StatusEvent("training", "failed", str(error)))

    def _work(self, audience: str, vector: bool = False) -> Adapter:
        watch = threading.Thread(target=self._watch, name="training pauses", daemon=True)
        watch.start()
        sentence = ""
        try:
            return self._train(audience, vector)
        except UserError as error:
            if self._stop.is_set():
                raise Cancelled("stopped") from None
            sentence = str(error)
            raise
        finally:
            given_up = self._stop.is_set() and not self._closing
            if given_up:
                self._vault.delete_checkpoint(audience)
            self._stop.set()
            self._look.set()
            watch.join(2)
            self._rests_on = ()
            if not self._closing:
                self._tell(running=False, waits_for="", sentence=sentence)
                self.reload()

    def _train(self, audience: str, vector: bool) -> Adapter:
        self._engines.warm()
        model = self._engines.path("completion")
        checkpoint, resting = self._vault.checkpoint(audience)
        documents = self._documents(audience)
        if checkpoint:  # what came since would make it another training
            documents = [document for document in documents if document.id in resting]
        parts = playback.split(documents, MOST_CHARACTERS)
        self._rests_on = rests_on = tuple(document.id for document in parts.all)
        began = time.monotonic()

        def keep(state: bytes) -> None:
            if not self._vault.save_checkpoint(audience, state, rests_on):
                self.stop()

        last: TrainingProgress | None = None
        held_out = [playback.continuation(document) for document in parts.stop]
        with closing(self._trainer.train(model, self._lessons(parts.train), held_out, checkpoint, keep)) as progress:  # type: ignore[type-var]
            for last in progress:
                if self._stop.is_set():
                    raise Cancelled("stopped")
                self._tell(done=last.done, seconds_left=last.seconds_left)
        if last is None or not last.adapter:
            raise WorkerError("The training ended without a result. Train again.")
        adapter = self._measured(audience, model, parts, last.adapter, time.monotonic() - began)
        if vector:
            adapter = self._steered(adapter, model, parts)
        if not self._vault.save_adapter(adapter, rests_on):
            raise BadInput("A text that was trained on has been forgotten meanwhile, so nothing was kept. Train again.")
        return replace(adapter, data=b"", vector=b"")

    def _lessons(self, documents: Sequence[Document]) -> list[Lesson]:
        lessons = [playback.continuation(document) for document in documents]
        engine = self._engines.completion
        info = engine.info()
        if info is not None and info.chat:
            for task, lesson in playback.instructions(documents, whole=is_capable(engine)):
                lessons.append(replace(lesson, prompt=engine.render(assemble((), task, info.context).as_roles())))
        return lessons

    def _measured(self, audience: str, model: Path, parts: playback.Split, data: bytes, seconds: float) -> Adapter:
        """With the weight that suits it best, and what it gains on documents that had no part in either."""
        base, trial = self._engines.identify(model), f"{self._namespace}/trial"
        self._engines.adapt(trial, base, data)
        try:
            with self._remembered(parts):
                weight = min(WEIGHTS, key=lambda weight: self._bits(parts.stop, {trial: weight}))
                before = self._bits(parts.measure, {})
                after = self._bits(parts.measure, {trial: weight})
        finally:
            self._engines.unadapt(trial)
        info = self._engines.completion.info()
        name = info.name if info is not None else model.stem
        return Adapter(
            audience, base, name, weight, 1 - after / before, len(parts.train), len(parts.measure), seconds, None, data
        )

    def _steered(self, adapter: Adapter, model: Path, parts: playback.Split) -> Adapter:
        """With a style vector, the weight that suits it best, and what it gains beside the adapter."""
        vector = self._trainer.direction(model, [playback.continuation(one) for one in parts.train[::-1]])
        own, trial = f"{self._namespace}/trial", f"{self._namespace}/trial vector"
        with_it = {own: adapter.weight} if adapter.gain > 0 else {}
        self._engines.adapt(own, adapter.base, adapter.data)
        self._engines.adapt(trial, adapter.base, vector)
        try:
            with self._remembered(parts):
                weight = min(VECTOR_WEIGHTS, key=lambda weight: self._bits(parts.stop, {**with_it, trial: weight}))
                before = self._bits(parts.measure, with_it)
                after = self._bits(parts.measure, {**with_it, trial: weight})
        finally:
            self._engines.unadapt(trial)
            self._engines.unadapt(own)
        return replace(adapter, vector=vector, vector_weight=weight, vector_gain=1 - after / before)

    @property
    def _memory(self) -> str:
        return f"{self._namespace}/trial memory"

    @contextmanager
    def _remembered(self, parts: playback.Split) -> Iterator[None]:
        """Have the engine remember what was trained on, and nothing else: an adapter is worth what it adds to that."""
        texts = [piece for one in reversed(parts.train) for piece in unmasked(mask(one.text))]
        try:
            self._engines.remember(self._memory, texts)
            self._engines.expect(self._memory, self._stop.is_set)
            yield
        finally:
            self._engines.forget(self._memory)

    def _bits(self, documents: Iterable[Document], adapters: dict[str, float]) -> float:
        """Bits that the texts cost with these adapters and the memory of what was trained on."""
        total = 0.0
        for document in list(documents)[:_SCORED]:
            if self._stop.is_set():
                raise Cancelled("stopped")
            before = plain(mask(preamble(document.kind, document.title, document.reply_to)))
            text = mask(document.text.strip())[:_SCORED_CHARACTERS]
            total -= self._engines.completion.score(before, text, self._memory, 1.0, adapters)
        return max(total, 1e-9) / math.log(2)

    def _documents(self, audience: str) -> list[Document]:
        """Newest first, without what a model wrote and the person took as it was."""
        machine = machine_made(self._vault.edits(_EDITS_READ))
        documents = [
            replace(one, text=own)
            for one in self._vault.each_document()
            if (own := own_words(one.text, machine, MASK)).strip()
        ]
        if audience == EVERYONE:
            return documents
        audiences = self._vault.audiences()
        return [one for one in documents if resolve_audience(audiences, one.recipients) == audience]

    def _watch(self) -> None:
        """Let the trainer wait and go on."""
        waits, battery, looked = "", False, -math.inf
        while not self._stop.is_set():
            if time.monotonic() - looked > _BATTERY_EVERY_S:
                battery, looked = self._battery_low(), time.monotonic()
            typing = time.monotonic() - self._typed_at < AFTER_TYPING_S
            wanted = "you" if self._held else "typing" if typing else "battery" if battery else ""
            if bool(wanted) != bool(waits):
                self._trainer.pause(bool(wanted))
            if wanted != waits:
                waits = wanted
                self._tell(waits_for=wanted)
            self._look.wait(_LOOK_S)
            self._look.clear()

    def _name(self, audience: str) -> str:
        return f"{self._namespace}/{audience}"

    def _vector_name(self, audience: str) -> str:
        return f"{self._name(audience)}/vector"

    def _tell(self, **changes: object) -> None:
        with self._lock:
            self._state = state = replace(self._state, **changes)  # type: ignore[arg-type]
            listeners = list(self._listeners)
        for listener in listeners:
            listener(state)
