"""The protocols through which services reach the outside world; adapters implement them, tests may too.

All methods may be called from any thread unless they say otherwise.  Streams are iterators that also have `close()`:
closing one cancels the work behind it and returns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

from ownhand.domain.actions import OwnAction
from ownhand.domain.corpus import Document, Passage, Source
from ownhand.domain.download import Connection, Outcome
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.lessons import Lesson
from ownhand.domain.preference import Edit, Evidence, Preference
from ownhand.domain.snippets import Snippet

# ---------------------------------------------------------------------------------------------------------- engine


MARK = "\ufdd0"
"""A Unicode noncharacter that never reaches the model: in a prompt it breaks the text of a special token in
two, so that the text stays text.  `Engine.render` puts it where a message holds such text."""


class Lane(StrEnum):
    """The two queues of the engine; each keeps the prefix of its last request in a sequence of its own."""

    COMPLETION = "completion"
    SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.  Temperature 0 is greedy."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    repeat_last: int = 64
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Generate:
    """One piece of work for the engine.

    `prompt` is text in which the model's special tokens are parsed (ChatML, fill-in-the-middle); `text` is
    appended to it literally, so that nothing the person wrote can act as a special token.  `heal` lets the
    engine step back to the last word boundary of `text` and generate only what begins with the partial word
    that was there (the partial word itself is not returned), because a prompt that ends inside a word is cut
    into tokens the model never saw.
    """

    lane: Lane
    prompt: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    """What stands after the place to fill; used by models with fill-in-the-middle tokens, ignored by others."""
    max_tokens: int = 256
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Generation ends before any of these strings; they are not returned.  Where words are looked for, this holds for
    the first of them."""
    bias: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Words or phrases and a logit bias: above 0 it lifts their first token where a word can begin, below 0 it holds
    back the token that would complete them; -20 and less bans them."""
    heal: bool = False
    memory: str = ""
    """Name of the token memory to mix in, '' for none."""
    memory_weight: float = 0.0
    adapters: Mapping[str, float] = field(default_factory=dict)
    """Trained adapters by name, and how much each counts; 1 is as it was trained.  One that the engine does not have
    counts as nothing."""
    min_probability: float = 0.0
    """Stop once the product of the token probabilities falls below this (completions need no unlikely tails)."""
    most_words: int = 0
    """Above 0, for completions: look for the words, at most so many, that should save the most keystrokes, instead of
    writing the likeliest text.  Each piece is a word then, and a blank that is expected after the last is one, too;
    `finish` is 'word'.  A model that cannot forget the end of a text writes on as without it."""
    taking_costs: int = 1
    """Keystrokes that taking the words costs: with one, a rest of one letter is not worth offering; with none, where
    nobody presses a key for them, it is as good as any."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text, with the natural-log probability that the mixed model gave it."""

    text: str = field(repr=False)
    logprob: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What one generation cost."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    finish: str = "stop"
    """stop | length | word | unlikely | cancelled | failed"""
    others: tuple[str, ...] = field(default=(), repr=False)
    """Other words that were found, best first."""


class Stream(Protocol):
    """Pieces of one generation as they come; raises WorkerError or ModelError if it fails midway."""

    usage: Usage
    """Filled once the stream is exhausted."""

    def __iter__(self) -> Iterator[Piece]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Memory that a model takes, in bytes: an estimate from its header, right to within 15 % for a model in use."""

    weights: int = 0
    cache: int = 0
    """Keys and values of every sequence (KV)."""
    compute: int = 0
    """Buffers of the computation, and the vocabulary."""
    on_gpu: int = 0
    """How much of the total lies in the GPU's own memory."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.compute

    @property
    def main(self) -> int:
        """What it takes of the computer's main memory."""
        return self.total - self.on_gpu


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a loaded or inspected model."""

    path: Path
    """Of a model in several files, the first one."""
    name: str
    architecture: str = ""
    parameters: int = 0
    bytes: int = 0
    """Of all its files together."""
    context: int = 2048
    """Tokens in the window of one text."""
    chat: bool = False
    """Can serve suggestions; else (a base model) completions only."""
    fill_in_middle: bool = False
    licence: str = ""
    has_chat_template: bool = False
    """The file brings its own; `chat` without it means that a known family's is used."""
    thinking: bool = False
    """Trained to think aloud first; this is switched off, and what it still thinks is never shown."""
    quantization: str = ""
    """Of the weights, as in file names: 'Q4_K_M'; '' if the file does not say."""
    files: tuple[Path, ...] = ()
    """All files of a model in several parts, in order; one file otherwise."""
    layers: int = 0
    gpu_layers: int = 0
    """Layers that will be, or are, computed by the GPU; 0 without one."""
    memory: MemoryNeed = MemoryNeed()
    available: int = 0
    """Main memory, in bytes, that a model could take when it was asked for."""
    note: str = ""
    """A sentence for the person on how it was loaded, '' where all went as planned."""

    @property
    def fits(self) -> bool:
        """Whether there was room for it in main memory."""
        return self.memory.main <= self.available


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model did when it was loaded and run once in a process of its own."""

    info: ModelInfo
    load_s: float
    prompt_tokens_per_s: float
    """Speed of reading."""
    tokens_per_s: float
    """Speed of writing."""
    memory: int
    """Bytes it took."""


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


@dataclass(frozen=True, slots=True)
class Adapter:
    """A trained adapter in the vault."""

    audience: str
    """For whom one writes with it; EVERYONE's serves where an audience has none."""
    base: str
    """Which model it belongs to: sha256 of its file."""
    model: str
    """That model's name."""
    weight: float
    """How much it counts at full strength, fitted on texts it was not trained on."""
    gain: float
    """Share of the bits that the person's words cost less, on `measured` documents that it never saw; may be negative,
    and then it is not used."""
    documents: int
    """How many it was trained on."""
    measured: int
    seconds: float
    """How long the training took."""
    trained_at: datetime | None = None
    data: bytes = field(default=b"", repr=False)
    """The .gguf file."""
    vector: bytes = field(default=b"", repr=False)
    """The style vector, where one was asked for."""
    vector_weight: float = 0.0
    vector_gain: float = 0.0
    """As `gain`, beyond what the adapter gains; it is used where this is more than nothing."""


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


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something an importer left out, and why.  `reason` is one of a small set of plain phrases."""

    reason: str
    where: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One raw unit that an importer read, before it is decided whether it is the person's own."""

    kind: str
    sender: str = field(default="", repr=False)
    """Bare address, lower case; '' for documents that have no sender."""
    sender_name: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    written_at: datetime | None = None
    message_id: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    """The whole readable text, quotes included."""
    own_text: str = field(default="", repr=False)
    """Only what the sender wrote in this message: no quotes, forwards, signature."""
    quoted: str = field(default="", repr=False)
    """The text it answers, as far as the message quotes it."""
    quoted_from: str = field(default="", repr=False)
    """Whose text that is: the name in the attribution line, '' if none."""
    signature: str = field(default="", repr=False)
    """What was taken off below the text: behind "-- ", or a letterhead."""
    automatic: str = ""
    """Why it is no writing of a person ('bounce', 'auto-reply', 'bulk mail', 'calendar'), or ''."""
    where: str = field(default="", repr=False)
    """Path of the file, and position within it."""
    position: int = 0
    """Bytes of its file that have been read up to here, for the progress."""
    delivered_to: tuple[str, ...] = field(default=(), repr=False)
    """Addresses of the mailbox it was delivered to, where the message says so."""
    filed_as_sent: bool = False
    """The mail program filed it as sent by the mailbox's owner."""


OTHER_KIND = "kind of file not read yet"
"""Why a file is skipped that no importer accepts."""


def anybody(_address: str) -> bool:
    """The texts of every sender are wanted."""
    return True


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
