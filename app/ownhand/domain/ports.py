"""The protocols through which services reach the outside world; adapters implement them, tests may too.

All methods may be called from any thread unless they say otherwise.  Streams are iterators that also have `close()`:
closing one cancels the work behind it and returns at once.

What is asked of the model and what it answers is in inference.py, what importers read in message.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

from ownhand.domain.actions import OwnAction
from ownhand.domain.corpus import Document, Passage, Source
from ownhand.domain.download import Connection, Outcome
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.inference import Generate, ModelInfo, Piece, Usage
from ownhand.domain.lessons import Lesson
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.preference import Edit, Evidence, Preference
from ownhand.domain.snippets import Snippet
from ownhand.domain.trained import Adapter

# ---------------------------------------------------------------------------------------------------------- engine


class Stream(Protocol):
    """Pieces of one generation as they come; raises WorkerError or ModelError if it fails midway."""

    usage: Usage
    """Filled once the stream is exhausted."""

    def __iter__(self) -> Iterator[Piece]: ...
    def close(self) -> None: ...


class Engine(Protocol):
    """The language model, in a process of its own that may die at any time."""

    def load(self, model: Path) -> ModelInfo: ...
    def info(self) -> ModelInfo | None: ...
    def generate(self, request: Generate) -> Stream: ...
    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's own chat template over role/content messages, ending where the assistant's text begins."""
        ...

    def count_tokens(self, text: str) -> int: ...
    def score(
        self,
        prompt: str,
        text: str,
        memory: str = "",
        memory_weight: float = 0.0,
        adapters: Mapping[str, float] | None = None,
    ) -> float:
        """Natural-log likelihood of `text` after `prompt` (no end token), whatever its length."""
        ...

    def adapt(self, name: str, data: bytes) -> None:
        """Keep an adapter (a .gguf file's bytes) for this model under a name.  Raises ModelError where it is none."""
        ...

    def unadapt(self, name: str) -> None: ...

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        """Add texts to a token memory (a longest-suffix model over the model's own tokens)."""
        ...

    def expect(self, memory: str, enough: Callable[[], bool] = lambda: False) -> None:
        """Look at what the model expects in the texts of a memory, so that what it expects too often or too seldom of
        this person is put right.  Takes seconds, unless it is `enough` before; others go first.
        """
        ...

    def forget(self, memory: str) -> None: ...
    def close(self) -> None: ...


# --------------------------------------------------------------------------------------------------------- training


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """How far a training is."""

    done: float
    """0 to 1."""
    seconds_left: float
    """An estimate; 0 while nothing is known."""
    loss_before: float = 0.0
    """Nats per token on the held-out texts, of the plain model."""
    loss: float = 0.0
    """The same of the best adapter so far."""
    adapter: bytes = field(default=b"", repr=False)
    """With the last one: the adapter as a .gguf file."""


class Trainer(Protocol):
    """Trains adapters, in a process of its own that may die at any time."""

    def train(
        self,
        model: Path,
        lessons: Sequence[Lesson],
        held_out: Sequence[Lesson],
        checkpoint: bytes,
        keep: Callable[[bytes], None],
    ) -> Iterator[TrainingProgress]:
        """Train, from a checkpoint if it is one of this very training; `keep` is given new ones.

        Closing the iterator ends it.  Raises ModelError, BadInput or WorkerError.
        """
        ...

    def direction(self, model: Path, lessons: Sequence[Lesson]) -> bytes:
        """The style vector of these lessons, for `Engine.adapt`.  Raises as `train`."""
        ...

    def pause(self, on: bool) -> None: ...
    def close(self) -> None: ...


# ---------------------------------------------------------------------------------------------------------- recall


class Recall(Protocol):
    """The embedder and the in-memory vector index, in a process of their own.  Vectors: 384 float32, unit length."""

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One little-endian float32 blob per text, in order."""
        ...

    def add(self, collection: str, ids: Sequence[int], vectors: Sequence[bytes]) -> None: ...
    def remove(self, collection: str, ids: Sequence[int]) -> None: ...
    def ask(self, collection: str, text: str, limit: int, replaces: str = "") -> Callable[[], list[tuple[int, float]]]:
        """Ask for the nearest to a text, without waiting; what is returned waits: ids with their cosine, best first.

        `replaces` cancels the open questions that carried the same word: whoever waits for one gets Cancelled.
        """
        ...

    def meaning(self, text: str) -> bytes:
        """The vector of a text that somebody waits for."""
        ...

    def drop(self, collection: str) -> None: ...
    def close(self) -> None: ...


# ----------------------------------------------------------------------------------------------------------- vault


@dataclass(frozen=True, slots=True)
class Added:
    """What one transaction of an import stored."""

    documents: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class VaultState:
    """What the privacy page shows."""

    path: Path
    bytes: int
    documents: int
    passages: int
    vectors: int
    edits: int
    preferences: int
    drafts: int
    key_holder: str
    """Where the key is, in words: 'system keyring', 'passphrase', 'key file'."""
    cipher: str


Row = tuple[str, Mapping[str, Any]]
"""A row of the vault on its way to another one: table, and values by column (text, numbers, bytes, lists of text)."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What was new in the rows of another vault."""

    documents: int = 0
    drafts: int = 0
    edits: int = 0
    preferences: int = 0


@dataclass(frozen=True, slots=True)
class Correspondent:
    """What the vault holds about one person."""

    address: str = field(repr=False)
    """Bare, in lower case; a name where no address is known."""
    documents: int = 0
    drafts: int = 0
    edits: int = 0


class Vault(Protocol):
    """The one encrypted store.  Every method is one transaction and returns plain values."""

    # history
    def add_source(self, path: str, kind: str) -> Source: ...
    def sources(self) -> list[Source]: ...
    def remove_source(self, source_id: int) -> list[int]:
        """Remove it with all that was derived from it, what was learned included; the ids of passages that went."""
        ...

    def imported_files(self, source_id: int) -> dict[str, str]:
        """Path to sha256 of the files that are done; an entry means: complete and committed."""
        ...

    def add_documents(
        self, source_id: int, documents: Sequence[Document], finished: Mapping[str, str] | None = None
    ) -> Added:
        """Store new documents with their passages and mark files as done, all in one transaction."""
        ...

    def documents(self, source_id: int | None = None, limit: int = 200, offset: int = 0) -> list[Document]: ...
    def document(self, document_id: str) -> Document | None: ...
    def signatures(self) -> list[tuple[str, int]]:
        """The commonest signatures under documents, with how many have each."""
        ...

    def each_document(self) -> Iterator[Document]:
        """Every document, newest first, streamed."""
        ...

    def forget_document(self, document_id: str) -> list[int]: ...
    def correspondents(self) -> list[str]:
        """Everybody a document was written to, the most frequent first."""
        ...

    def correspondent(self, address: str) -> Correspondent:
        """How much was written to, or answers, this person."""
        ...

    def forget_person(self, address: str) -> list[int]:
        """Remove everything written to them or quoting them, and what was learned from it; ids of passages."""
        ...

    def passages_without_vectors(self, limit: int) -> list[Passage]: ...
    def put_vectors(self, vectors: Mapping[int, bytes]) -> None: ...
    def each_vector(self, batch: int = 2000) -> Iterator[list[tuple[int, bytes]]]:
        """All (passage id, vector) pairs, newest document first, in batches."""
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """In the order of `ids`; ids that are gone are left out."""
        ...

    def match(self, words: Sequence[str], limit: int, beginning: str = "") -> list[int]:
        """Passage ids by BM25 for any of the words, or one that begins with `beginning`, best first."""
        ...

    # drafts
    def save_draft(self, draft: Draft) -> None: ...
    def draft(self, draft_id: str) -> Draft | None: ...
    def drafts(self) -> list[Draft]:
        """Latest first."""
        ...

    def delete_draft(self, draft_id: str) -> None: ...

    # learning
    def add_edit(self, edit: Edit, evidence: Sequence[Evidence], context_vector: bytes | None = None) -> None: ...
    def edits(self, limit: int = 500) -> list[Edit]: ...
    def edit_vectors(self) -> dict[str, bytes]: ...
    def situations_without_vector(self) -> dict[str, str]:
        """Edit id to situation, of the edits that say something and have no vector of their situation yet."""
        ...

    def save_edit_vectors(self, vectors: Mapping[str, bytes]) -> None:
        """Keep the vectors of situations, by edit id; edits that have gone meanwhile are passed over."""
        ...

    def evidence(self) -> list[Evidence]: ...
    def preferences(self) -> list[Preference]:
        """What the person stated or changed by hand, and switches; learned ones are derived from evidence."""
        ...

    def save_preference(self, preference: Preference) -> None: ...
    def delete_preference(self, preference_id: str) -> None: ...
    def forget_learning(self) -> None:
        """Edits, evidence and preferences, and the counts of days, all of them."""
        ...

    # what the person made for themselves
    def snippets(self) -> list[Snippet]:
        """By name."""
        ...

    def save_snippet(self, snippet: Snippet) -> None: ...
    def delete_snippet(self, snippet_id: str) -> None: ...
    def own_actions(self) -> list[OwnAction]:
        """In the order they were made."""
        ...

    def save_own_action(self, action: OwnAction) -> None: ...
    def delete_own_action(self, action_id: str) -> None: ...

    # the counts of days
    def count(self, day: date, counts: Mapping[str, int], keep_from: date) -> None:
        """Add to a day's counts; days before `keep_from` go."""
        ...

    def counts(self) -> list[tuple[date, str, int]]:
        """(day, name of the count, value), oldest first."""
        ...

    # audiences, settings
    def audiences(self) -> list[Audience]: ...
    def save_audience(self, audience: Audience) -> None: ...
    def delete_audience(self, audience_id: str) -> None: ...
    def setting(self, key: str) -> str | None: ...
    def set_setting(self, key: str, value: str | None) -> None: ...

    # adapters
    def adapters(self) -> list[Adapter]: ...
    def save_adapter(self, adapter: Adapter, rests_on: Sequence[str]) -> bool:
        """Store it in place of its audience's last one; forgetting any of these documents removes it.

        False, and nothing is stored, if one of them has been forgotten meanwhile.
        """
        ...

    def delete_adapter(self, audience: str) -> None: ...
    def checkpoint(self, audience: str) -> tuple[bytes, frozenset[str]]:
        """How far an unfinished training is, and the ids of the documents it rests on; b'' where there is none."""
        ...

    def save_checkpoint(self, audience: str, data: bytes, rests_on: Sequence[str]) -> bool:
        """As save_adapter."""
        ...

    def delete_checkpoint(self, audience: str) -> None: ...

    # connections
    def open_connection(self, connection: Connection) -> int:
        """Note a connection that is being opened; the number to end it by."""
        ...

    def end_connection(self, number: int, received: int, outcome: Outcome) -> None: ...
    def connections(self, limit: int = 500) -> list[Connection]:
        """Newest first."""
        ...

    # the whole
    def dump(self, *, vectors: bool = False) -> Iterator[Row]:
        """Everything but what can be made again from the texts."""
        ...

    def take_in(self, taken: Iterable[Row]) -> TakenIn:
        """Add what another vault dumped, all or nothing; what is here already stays."""
        ...

    def copy_to(self, path: Path, key: bytes) -> None:
        """One encrypted copy, as everything stands at one moment, under another key of 32 bytes."""
        ...

    def state(self) -> VaultState: ...
    def close(self) -> None: ...


# -------------------------------------------------------------------------------------------------------- importers


class FileFacts(Protocol):
    """What is asked of a file's status."""

    @property
    def st_size(self) -> int: ...
    @property
    def st_mtime(self) -> float: ...


class Readable(Protocol):
    """A file on disk (a Path is one) or inside an archive, which is read where it lies and never unpacked to disk."""

    @property
    def name(self) -> str: ...
    @property
    def stem(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    def stat(self) -> FileFacts: ...
    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Raises OSError where it cannot be read."""
        ...

    def read_bytes(self) -> bytes: ...


class Importer(Protocol):
    """Reads one kind of file.  Never raises on content: what cannot be read is yielded as Skipped."""

    name: str

    def accepts(self, file: Readable, head: bytes) -> bool:
        """By content: `head` is the first 4 KiB of the file."""
        ...

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        """What the file holds, in order.  A message whose sender is not `own` comes with its headers only."""
        ...


class Speller(Protocol):
    """Puts certain misspellings right."""

    def correct(self, text: str, known: Callable[[str], bool]) -> str:
        """The text, corrected; words for which `known` says yes are left alone."""
        ...


Progress = Callable[[int, int, str], None]
"""(bytes or items done, in all, what is being done)"""
