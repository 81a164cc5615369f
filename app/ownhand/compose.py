"""The composition root: the only file that knows every class.  `build` makes the whole program once."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ownhand import paths
from ownhand.adapters import importers, store
from ownhand.adapters.fetch_client import HubFetcher
from ownhand.adapters.keys import Holder, KeyRing
from ownhand.adapters.safe import Safe
from ownhand.adapters.spelling import English, Speller
from ownhand.adapters.store import SqlVault
from ownhand.adapters.watch import FolderWatch
from ownhand.adapters.worker import machine
from ownhand.adapters.worker.client import Supervision
from ownhand.adapters.worker.engine_client import EngineClient, LoadOptions
from ownhand.adapters.worker.identity import identify
from ownhand.adapters.worker.recall import RecallClient
from ownhand.adapters.worker.trainer import TrainerClient
from ownhand.domain import english
from ownhand.domain.catalog import HUB, Machine
from ownhand.domain.english import Baseline
from ownhand.domain.ports import Vault
from ownhand.errors import UserError, WorkerError
from ownhand.services.abbreviating import Abbreviating
from ownhand.services.completing import Completing
from ownhand.services.downloading import Downloads
from ownhand.services.drafting import Drafting
from ownhand.services.examples import Examples
from ownhand.services.idle import Idle
from ownhand.services.importing import Importing
from ownhand.services.inferring import Inferring
from ownhand.services.learning import Learning
from ownhand.services.library import Library, remove_sent, write_whole
from ownhand.services.models import Engines, Models
from ownhand.services.own_actions import OwnActions
from ownhand.services.personal import Expecting, Personal
from ownhand.services.privacy import Privacy
from ownhand.services.retrieval import Retrieval
from ownhand.services.snippets import Snippets
from ownhand.services.status import Status, StatusEvent
from ownhand.services.tallying import Tallying
from ownhand.services.training import Training
from ownhand.services.watching import Watching
from ownhand.settings import GPU_LAYERS, LEARN, REST_MINUTES, THREADS, Settings


@dataclass(frozen=True, slots=True)
class Options:
    """How to open the vault."""

    folder: Path = field(default_factory=paths.data_dir)
    key: Holder = "keyring"
    """Who holds the key of a new vault; without a keyring, KeyUnavailable asks for another choice."""
    passphrase: str | None = field(default=None, repr=False)
    patient: bool = True
    """Whether searches wait for the embedder to load; a window goes on with words alone meanwhile."""
    catalog: Path = field(default_factory=paths.catalog_file)
    hub: str = f"https://{HUB}"
    """Where models come from; a test may have a server on this computer instead, and nothing else is accepted."""
    supervision: Supervision | None = None
    """When workers count as hung and are given up, where that is not as usual."""


@dataclass(slots=True)
class Hand:
    """The services over one vault: one person's writing."""

    vault: Vault
    settings: Settings
    library: Library
    importing: Importing
    watching: Watching
    personal: Personal
    learning: Learning
    completing: Completing
    drafting: Drafting
    retrieval: Retrieval
    examples: Examples
    tallying: Tallying
    snippets: Snippets
    abbreviating: Abbreviating
    own_actions: OwnActions
    training: Training

    def close(self) -> None:
        """Stop the threads and close the vault."""
        self.training.close()
        self.watching.close()
        self.completing.close()
        self.personal.close()
        self.tallying.close()
        self.vault.close()


@dataclass(slots=True)
class App:
    """Everything the window and the command line use."""

    hand: Hand
    models: Models
    downloads: Downloads
    privacy: Privacy
    status: Status
    engines: Engines
    recall: RecallClient
    idle: Idle
    troubles: list[str] = field(default_factory=list)
    """Sentences to show once after the start."""

    @property
    def library(self) -> Library:
        """Drafts, history, audiences."""
        return self.hand.library

    @property
    def watching(self) -> Watching:
        """Folders that are imported by themselves."""
        return self.hand.watching

    @property
    def importing(self) -> Importing:
        """From files to history."""
        return self.hand.importing

    @property
    def completing(self) -> Completing:
        """Ghost text."""
        return self.hand.completing

    @property
    def drafting(self) -> Drafting:
        """Suggestions."""
        return self.hand.drafting

    @property
    def learning(self) -> Learning:
        """Preferences and profile."""
        return self.hand.learning

    @property
    def personal(self) -> Personal:
        """The personal model."""
        return self.hand.personal

    @property
    def tallying(self) -> Tallying:
        """How it is going, in numbers."""
        return self.hand.tallying

    @property
    def snippets(self) -> Snippets:
        """Texts under a name."""
        return self.hand.snippets

    @property
    def own_actions(self) -> OwnActions:
        """Actions that the person made."""
        return self.hand.own_actions

    @property
    def abbreviating(self) -> Abbreviating:
        """Long forms of what was typed."""
        return self.hand.abbreviating

    @property
    def training(self) -> Training:
        """Train on my writing."""
        return self.hand.training

    @property
    def settings(self) -> Settings:
        """The person's choices."""
        return self.hand.settings

    def start(self) -> None:
        """In the background: use the models chosen earlier, fill the personal model.  Returns at once."""
        remove_sent()
        self.importing.on_added = self._imported
        self.library.on_forgotten = self._forgotten
        self.completing.on_request = self.training.typed
        self.models.on_chosen = self.training.reload
        self.privacy.on_restored = self._restored
        self.personal.start(self._restore_models, self._embed)
        self.engines.on_use = self.idle.used
        self.watching.start()

    def _restore_models(self) -> None:
        self.engines.warm()
        self.recall.start()
        for sentence in self.models.restore():
            self.troubles.append(sentence)
            self.status.announce(StatusEvent("models", "failed", sentence))
        self.training.reload()

    def _forgotten(self, passages: Sequence[int]) -> None:
        self.idle.used()
        self.training.forgotten()
        self.personal.forgotten(passages)

    def _imported(self) -> None:
        self.personal.imported(self._embed)

    def _restored(self) -> None:
        self.settings.reload()
        self.learning.vault_changed()
        self.snippets.vault_changed()
        self.own_actions.vault_changed()
        self.training.reload()
        self.personal.imported(self._embed)

    def _embed(self) -> None:
        self.importing.embed_pending(cancelled=lambda: self.personal.closing)

    def close(self) -> None:
        """End everything in order: download, threads, workers, vault."""
        self.idle.close()
        self.downloads.close()
        self.hand.training.close()
        self.hand.watching.close()
        self.hand.completing.close()
        self.hand.personal.close()
        self.engines.close()
        self.recall.close()
        self.hand.tallying.close()
        self.hand.vault.close()
        remove_sent()


class Workers:
    """The worker processes, shared by all vaults that are open."""

    def __init__(self, supervision: Supervision | None = None) -> None:
        self.status = Status()
        self.load_options = LoadOptions()
        """How models are loaded from now on."""
        self.rest_after_s = 0.0
        """Seconds without work after which the models' memory is given back; 0 for never."""
        self.engines = Engines(
            lambda: EngineClient(
                on_state=self.status.worker, supervision=supervision, options=lambda: self.load_options
            ),
            paths.builtin_model(),
            lambda: self.rest_after_s,
            identify,
        )
        self.recall = RecallClient(on_state=self.status.worker, supervision=supervision)

    def follow(self, settings: Settings) -> None:
        """Load models as these settings say; a change of them starts the engines anew."""

        def changed(key: str) -> None:
            self.rest_after_s = 60.0 * settings.get(REST_MINUTES)
            if key in (GPU_LAYERS.key, THREADS.key):
                self.load_options = LoadOptions(settings.get(GPU_LAYERS), settings.get(THREADS))
                self.engines.reload()

        self.load_options = LoadOptions(settings.get(GPU_LAYERS), settings.get(THREADS))
        self.rest_after_s = 60.0 * settings.get(REST_MINUTES)
        settings.listen(changed)

    def protections(self) -> list[Mapping[str, Any]]:
        """The walls around each process that was started."""
        recall = self.recall.worker.protection
        return [*self.engines.protections(), *([recall] if recall else [])]

    def close(self) -> None:
        """End the processes."""
        self.engines.close()
        self.recall.close()


class NamedRecall:
    """The recall worker as one vault sees it: its collections carry the vault's own name.

    Where nobody is there to wait, questions are refused with a WorkerError until the embedder is loaded; whoever asks
    goes on without meaning, as after a death of the worker.
    """

    def __init__(self, recall: RecallClient, name: str, *, patient: bool) -> None:
        self._recall = recall
        self._name = name
        self._loaded = patient

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Vectors of texts."""
        return self._recall.embed(texts)

    def add(self, collection: str, ids: Sequence[int], vectors: Sequence[bytes]) -> None:
        """Put vectors into a collection."""
        self._recall.add(self._own(collection), ids, vectors)

    def remove(self, collection: str, ids: Sequence[int]) -> None:
        """Take vectors out."""
        self._recall.remove(self._own(collection), ids)

    def ask(self, collection: str, text: str, limit: int, replaces: str = "") -> Callable[[], list[tuple[int, float]]]:
        """Ask for the nearest ids with their cosine."""
        self._must_be_loaded()
        return self._recall.ask(self._own(collection), text, limit, replaces and self._own(replaces))

    def meaning(self, text: str) -> bytes:
        """The vector of one text."""
        self._must_be_loaded()
        return self._recall.meaning(text)

    def drop(self, collection: str) -> None:
        """Forget a collection."""
        self._recall.drop(self._own(collection))

    def close(self) -> None:
        """The owner of the worker closes it."""

    def _must_be_loaded(self) -> None:
        self._loaded = self._loaded or bool(self._recall.describe()["loaded"])
        if not self._loaded:
            raise WorkerError("The part that compares meanings is still loading; try again in a few seconds.")

    def _own(self, collection: str) -> str:
        return f"{self._name}-{collection}"


def build_hand(vault: Vault, workers: Workers, name: str, *, patient: bool = True) -> Hand:
    """The services over one vault, sharing the workers; `name` keeps its memories apart."""
    recall = NamedRecall(workers.recall, name, patient=patient)
    settings = Settings(vault)
    retrieval = Retrieval(vault, recall)
    learning = Learning(vault, recall, settings, _english())
    examples = Examples(vault, retrieval, learning, workers.engines.background)
    personal = Personal(vault, workers.engines, recall, examples, learning, settings, workers.status, name)
    importing = Importing(vault, recall, importers.IMPORTERS)
    library = Library(vault, retrieval, importing.read_messages)
    snippets = Snippets(vault, personal)
    dictionary = English()
    abbreviating = Abbreviating(personal, snippets, dictionary)
    return Hand(
        vault,
        settings,
        library,
        importing,
        Watching(vault, importing, FolderWatch),
        personal,
        learning,
        Completing(workers.engines.completion, personal, settings, long_form=abbreviating.expand),
        Drafting(workers.engines.suggestion, personal, learning, Speller(), dictionary),
        retrieval,
        examples,
        Tallying(vault, learning),
        snippets,
        abbreviating,
        OwnActions(vault, workers.engines.suggestion),
        Training(vault, workers.engines, TrainerClient(), personal, workers.status, name, machine.battery_low),
    )


@functools.cache
def _english() -> Baseline:
    """The table of general English, read once."""
    return english.parse((paths.resources_dir() / "english.tsv").read_text("utf-8"))


def open_vault(options: Options) -> SqlVault:
    """Unlock or create the vault.  Raises a VaultError with the remedy."""
    keys = KeyRing(options.folder)
    known = keys.holder() is not None
    key = keys.unlock(options.passphrase) if known else keys.create(options.key, options.passphrase)
    return SqlVault.open(options.folder, key, keys.describe())


def build(options: Options) -> App:
    """The whole program over one vault.  Raises VaultError; nothing is started then."""
    vault = open_vault(options)
    workers = Workers(options.supervision)
    hand = build_hand(vault, workers, "own", patient=options.patient)
    workers.follow(hand.settings)
    places = [
        ("Vault", options.folder / "vault.db"),
        ("Models you added", paths.models_dir()),
        ("Built-in model", paths.builtin_model()),
        ("Log (without your words)", paths.log_dir()),
    ]
    models = Models(workers.engines, hand.settings, paths.builtin_model(), paths.models_dir())
    app = App(
        hand,
        models,
        Downloads(
            options.catalog,
            paths.models_dir(),
            HubFetcher(options.hub),
            vault,
            models.try_out,
            lambda: this_machine(workers.engines),
            workers.status,
        ),
        Privacy(
            vault,
            Safe(vault, options.folder, write_whole),
            places,
            lambda: _erase(app, options.folder),
            workers.protections,
        ),
        workers.status,
        workers.engines,
        workers.recall,
        Idle(
            [
                Expecting(hand.personal),
                hand.examples,
                Inferring(vault, hand.learning, workers.engines.background, hand.settings),
            ],
            lambda: hand.settings.get(LEARN) and not machine.battery_low(),
        ),
    )
    workers.recall.on_respawn = hand.personal.refill_recall
    return app


def this_machine(engines: Engines) -> Machine:
    """What this computer can give to a model; without a graphics card where the engine cannot be asked."""
    try:
        gpu_memory = engines.any().gpu_memory()
    except UserError:
        gpu_memory = 0
    return Machine(machine.total_memory(), machine.cores(), gpu_memory)


def _erase(app: App, folder: Path) -> list[str]:
    app.close()
    return erase_everything(folder)


def erase_everything(folder: Path) -> list[str]:
    """Destroy the key and remove the vault in `folder`; with the person's own vault, the models they added and the log
    go too.  Needs no key; returns what went.  Raises VaultInUse, KeyUnavailable or VaultError.
    """
    gone = store.erase(folder)
    remove_sent(0.0)
    if folder == paths.data_dir():
        for name, place in (("the models you added", paths.models_dir()), ("the log", paths.log_dir())):
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)  # nothing of the person's words is in either
                gone.append(name)
    return gone
