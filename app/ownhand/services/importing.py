"""From files to the history: what the person wrote, cleaned, without duplicates, in the vault.

Re-running adds only what is new: files are known by their content, documents by their words.  Everything is written in
transactions of at most `BATCH` documents, so that a cancelled or killed import keeps what it had and goes on next time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ownhand.domain import cleaning
from ownhand.domain.corpus import Kind
from ownhand.domain.draft import address_of
from ownhand.domain.message import OTHER_KIND, Message, Skipped
from ownhand.domain.ports import Importer, Progress, Recall, Vault
from ownhand.errors import BadInput
from ownhand.services.finding import UNREADABLE, Left, files_below
from ownhand.services.mailbox_owner import Candidate, Owner
from ownhand.services.preview import Counting, Preview
from ownhand.services.sieve import MIN_WORDS, NOTHING, Exclusions, Sieve, document_of

BATCH = 200
"""Documents per transaction."""
EMBED_BATCH = 128
ME = "me"
"""Where the vault keeps the person's addresses."""
ARTICLE_WORDS = 250
"""A pasted text from this length on is an article; a shorter one a note."""
PASTED = "pasted texts"
"""The path of the source that holds them."""
HISTORY = "history"
"""The recall collection of the history's passages."""


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class Survey:
    """What would be imported, before anything is."""

    files: int
    bytes: int
    messages: int
    documents: int
    kinds: Mapping[str, int]
    """Files by the name of the importer that reads them."""
    candidates: tuple[Candidate, ...] = ()
    """Addresses that may be the person's, likeliest first."""
    skipped: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    skipped_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def me(self) -> tuple[str, ...]:
        """The addresses that are certainly the person's; () where it must be asked."""
        return tuple(candidate.address for candidate in self.candidates if candidate.certain)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    added: int
    duplicates: int
    messages: int
    """Messages and documents that were read."""
    others: int
    """Messages that somebody else wrote."""
    files: int
    unchanged: int
    """Files that were done before."""
    seconds: float
    me: tuple[str, ...] = field(default=(), repr=False)
    skipped: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    """Reason to places, at most `finding.PLACES` each."""
    skipped_counts: Mapping[str, int] = field(default_factory=dict)
    embedded: int = 0
    cancelled: bool = False


@dataclass(slots=True)
class _Run:
    """The running totals of one import."""

    sieve: Sieve
    added: int = 0
    duplicates: int = 0
    files: int = 0
    unchanged: int = 0
    done_bytes: int = 0


class _Reporter:
    """Calls the progress at most ten times a second, and once at the end."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._last = progress, max(1, total), 0.0

    def __call__(self, done: int, what: str, force: bool = False) -> None:
        if self._progress is None:
            return
        now = time.monotonic()
        if force or now - self._last >= 0.1:
            self._last = now
            self._progress(min(done, self._total), self._total, what)


class Reading:
    """What files hold, without a vault."""

    def __init__(self, importers: Sequence[Importer]) -> None:
        self._importers = tuple(importers)

    def read_messages(self, path: Path, own_addresses: Sequence[str] = ()) -> list[dict[str, object]]:
        """What a file or folder holds, without storing it.

        One entry per message or document: subject, from, date (ISO 8601 or None), body, own, own_text ('' unless own).
        A message that comes several times is given once.  Raises BadInput where nothing could be read.
        """
        mine = frozenset(address_of(address) for address in own_addresses if address)
        left = Left()
        entries: list[dict[str, object]] = []
        seen: set[str] = set()
        for file, importer, _ in self._found([path], left):
            for item in importer.read(file):
                if isinstance(item, Skipped):
                    left.add(item.reason, item.where)
                    continue
                if item.message_id and item.message_id in seen:
                    continue
                seen.add(item.message_id)
                own = item.kind != Kind.EMAIL or item.sender in mine
                entries.append(
                    {
                        "subject": item.title,
                        "from": f"{item.sender_name} <{item.sender}>" if item.sender_name else item.sender,
                        "date": item.written_at.isoformat() if item.written_at else None,
                        "body": item.body,
                        "own": own,
                        "own_text": item.own_text if own else "",
                    }
                )
        if not entries:
            raise BadInput(_nothing(path, left))
        return entries

    def _found(
        self, paths: Sequence[Path], left: Left, only: Collection[Path] | None = None
    ) -> list[tuple[Path, Importer, int]]:
        """The files below `paths` that an importer reads, with their sizes; the rest is counted in `left`.

        Raises BadInput if a path cannot be used or none of its files can be read.
        """
        found: list[tuple[Path, Importer, int]] = []
        for root in paths:
            here = Left()
            before = len(found)
            for path in files_below(_absolute(root), here):
                if only is not None and path not in only:
                    continue
                try:
                    size = path.stat().st_size
                    with path.open("rb") as file:
                        head = file.read(4096)
                    importer = next((one for one in self._importers if one.accepts(path, head)), None)
                except OSError:
                    here.add(UNREADABLE, str(path))
                    continue
                if importer is not None:
                    found.append((path, importer, size))
                elif size:
                    here.add(OTHER_KIND, str(path))
                else:
                    here.add("empty file", str(path))
            for reason, places in here.places.items():
                for place in places:
                    left.add(reason, place)
                left.counts[reason] += here.counts[reason] - len(places)
            if len(found) == before and only is None:
                raise BadInput(_nothing(root, here))
        return found


class Importing(Reading):
    """The import use case."""

    def __init__(self, vault: Vault, recall: Recall | None, importers: Sequence[Importer]) -> None:
        super().__init__(importers)
        self._vault = vault
        self._recall = recall
        self.on_added: Callable[[], None] = lambda: None
        """Called once after an import that stored something, so that the personal model takes it in."""

    # ------------------------------------------------------------------------------------------------------ before

    def survey(
        self, paths: Sequence[Path], progress: Progress | None = None, cancelled: Callable[[], bool] = never
    ) -> Survey:
        """Count what is there and guess whose mail it is; reads headers, stores nothing.

        Raises BadInput where a path is missing, cannot be read or holds nothing that can be imported.
        """
        left, owner = Left(), Owner()
        found = self._found(paths, left)
        total = sum(size for _, _, size in found)
        report = _Reporter(progress, total)
        kinds: Counter[str] = Counter()
        documents = messages = done = 0
        for path, importer, size in found:
            kinds[importer.name] += 1
            for item in importer.read(path, own=_nobody):
                if cancelled():
                    break
                if isinstance(item, Skipped):
                    left.add(item.reason, item.where)
                elif item.sender or item.kind == Kind.EMAIL:
                    messages += 1
                    owner.count(item, path)
                else:
                    documents += 1
                report(done + min(_position(item), size), path.name)
            done += size
        report(done, "", force=True)
        return Survey(
            len(found), total, messages, documents, dict(kinds), owner.candidates(), left.places, dict(left.counts)
        )

    # ------------------------------------------------------------------------------------------------------ import

    def run(
        self,
        paths: Sequence[Path],
        me: Sequence[str] = (),
        progress: Progress | None = None,
        cancelled: Callable[[], bool] = never,
        embed: bool = False,
        exclusions: Exclusions = NOTHING,
        only: Collection[Path] | None = None,
    ) -> ImportReport:
        """Import what `me` wrote, and documents.  Each path becomes a source.

        Where `me` is empty, the certain guess of the survey is taken.  With `embed`, the new passages get their vectors
        at the end (else: `embed_pending`); if that raises WorkerError, all documents are stored nevertheless.
        With `only`, other files below `paths` are not looked at.
        Raises BadInput for paths that cannot be used or where it must be asked who *me* is, DiskFull and VaultError
        from the vault; what was stored before stays.
        """
        started = time.monotonic()
        mine = self._me(paths, me)
        sieve = Sieve(mine, exclusions, self._vault.signatures())
        run = _Run(sieve)
        by_path = [(path, self._found([path], sieve.left, only)) for path in paths]
        report = _Reporter(progress, sum(size for _, found in by_path for _, _, size in found))
        stopped = False
        for root, found in by_path:
            source = self._vault.add_source(str(_absolute(root)), _source_kind(found))
            finished = self._vault.imported_files(source.id)
            for path, importer, size in found:
                stopped = stopped or cancelled()
                if stopped:
                    break
                stopped = not self._import_file(source.id, path, importer, finished, run, report, cancelled)
                run.done_bytes += size
        embedded = 0
        if embed and not stopped:
            embedded = self.embed_pending(progress, cancelled)
            stopped = cancelled()
        report(run.done_bytes, "", force=True)
        if run.added:
            self.on_added()
        if mine - set(self.known_addresses()):
            self._vault.set_setting(ME, json.dumps(sorted(mine | set(self.known_addresses()))))
        return ImportReport(
            run.added,
            run.duplicates + sieve.duplicates,
            sieve.messages,
            sieve.others,
            run.files,
            run.unchanged,
            time.monotonic() - started,
            tuple(sorted(mine)),
            sieve.left.places,
            dict(sieve.left.counts),
            embedded,
            stopped,
        )

    def preview(
        self,
        paths: Sequence[Path],
        me: Sequence[str] = (),
        exclusions: Exclusions = NOTHING,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Preview:
        """What `run` would store, without storing it; raises BadInput as `run` does.

        What the vault holds already is not told apart.
        """
        sieve = Sieve(self._me(paths, me), exclusions, self._vault.signatures())
        counting = Counting()
        found = self._found(paths, sieve.left)
        report = _Reporter(progress, sum(size for _, _, size in found))
        done = 0
        stopped = False
        for path, importer, size in found:
            batch: list[Message] = []
            for item in importer.read(path, own=sieve.me.__contains__):
                stopped = stopped or cancelled()
                if stopped:
                    break
                message = sieve.take(item)
                if message is not None:
                    batch.append(message)
                if len(batch) >= BATCH:
                    _count(counting, sieve, batch)
                report(done + _position(item), path.name)
            _count(counting, sieve, batch)
            done += size
            if stopped:
                break
        report(done, "", force=True)
        return Preview(
            counting.documents,
            sieve.messages,
            sieve.others,
            dict(counting.folders.most_common()),
            dict(sorted(counting.years.items())),
            dict(counting.recipients.most_common()),
            dict(counting.languages.most_common()),
            counting.samples,
            sieve.left.places,
            dict(sieve.left.counts),
            not stopped,
        )

    def known_addresses(self) -> tuple[str, ...]:
        """Those under which the person was imported before."""
        stored = self._vault.setting(ME)
        return tuple(json.loads(stored)) if stored else ()

    def _me(self, paths: Sequence[Path], me: Sequence[str]) -> frozenset[str]:
        if me:
            mine = frozenset(address_of(address) for address in me)
            if not any("@" in address for address in mine) and not self._holds_chats(paths):
                raise BadInput("An address of yours must look like name@example.org.")
            return mine
        survey = self.survey(paths)
        if survey.messages and not survey.me:
            likely = ", ".join(candidate.address for candidate in survey.candidates[:3])
            hint = f" The likeliest are: {likely}." if likely else ""
            raise BadInput(f"Ownhand cannot tell which address is yours; say it with --me ADDRESS.{hint}")
        return frozenset(survey.me)

    def _holds_chats(self, paths: Sequence[Path]) -> bool:
        """Whether people may be known by name there."""
        return any(importer.name in ("chat", "archive") for _, importer, _ in self._found(paths, Left()))

    def _import_file(
        self,
        source_id: int,
        path: Path,
        importer: Importer,
        finished: Mapping[str, str],
        run: _Run,
        report: _Reporter,
        cancelled: Callable[[], bool],
    ) -> bool:
        """One file, in transactions of at most BATCH documents; False if it was cancelled midway."""
        try:
            digest = _digest(path, run.sieve)
        except OSError:
            run.sieve.left.add(UNREADABLE, str(path))
            return True
        if finished.get(str(path)) == digest:
            run.unchanged += 1
            report(run.done_bytes, path.name)
            return True
        batch: list[Message] = []
        for item in importer.read(path, own=run.sieve.me.__contains__):
            if cancelled():
                self._store(source_id, batch, None, run)
                return False
            message = run.sieve.take(item)
            if message is not None:
                batch.append(message)
            if len(batch) >= BATCH:
                self._store(source_id, batch, None, run)
                batch = []
            report(run.done_bytes + _position(item), path.name)
        self._store(source_id, batch, {str(path): digest}, run)
        run.files += 1
        return True

    def _store(self, source_id: int, batch: list[Message], finished: Mapping[str, str] | None, run: _Run) -> None:
        """Documents are made from messages only here, where a whole batch has shown which signature repeats."""
        if batch or finished:
            documents = [run.sieve.document(message) for message in batch]
            added = self._vault.add_documents(source_id, documents, finished)
            run.added += added.documents
            run.duplicates += added.duplicates

    def paste(self, text: str, title: str = "") -> bool:
        """Take one text of the person's in; False if it was there already.

        All pasted texts are one source.  Raises BadInput for fewer than three words, and what `run` raises.
        """
        prose = cleaning.rejoin(cleaning.normalise(text))
        words = cleaning.word_count(prose)
        if words < MIN_WORDS:
            raise BadInput("There is no text to learn from: it has fewer than three words.")
        kind = Kind.ARTICLE if title or words >= ARTICLE_WORDS else Kind.NOTE
        message = Message(kind, title=title, written_at=datetime.now(UTC), body=prose, own_text=prose, where=PASTED)
        source = self._vault.add_source(PASTED, "text")
        added = self._vault.add_documents(source.id, [document_of(message, ())]).documents
        if added:
            self.on_added()
        return bool(added)

    # ----------------------------------------------------------------------------------------------------- vectors

    def embed_pending(self, progress: Progress | None = None, cancelled: Callable[[], bool] = never) -> int:
        """Give every passage its vector, newest first, and the recall index with it; returns how many were made.

        May run while other work goes on, be cancelled and be called again.  Raises WorkerError if the recall worker
        fails; what was stored before stays.
        """
        if self._recall is None:
            return 0
        made = 0
        state = self._vault.state()
        report = _Reporter(progress, state.passages - state.vectors)
        while not cancelled():
            passages = self._vault.passages_without_vectors(EMBED_BATCH)
            if not passages:
                break
            vectors = self._recall.embed([passage.text for passage in passages])
            ids = [passage.id for passage in passages]
            self._vault.put_vectors(dict(zip(ids, vectors, strict=True)))
            self._recall.add(HISTORY, ids, vectors)
            made += len(ids)
            report(made, "Reading for meaning", force=True)
        return made


def _count(counting: Counting, sieve: Sieve, batch: list[Message]) -> None:
    for message in batch:
        counting.add(message, sieve.document(message))
    batch.clear()


def _nobody(_address: str) -> bool:
    return False


def _position(item: Message | Skipped) -> int:
    return item.position if isinstance(item, Message) else 0


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))


def _source_kind(found: Sequence[tuple[Path, Importer, int]]) -> str:
    kinds = Counter(importer.name for _, importer, _ in found)
    return kinds.most_common(1)[0][0] if kinds else ""


def _digest(path: Path, sieve: Sieve) -> str:
    """What makes reading a file again useless: its bytes, whose words were taken, what was wanted of them, and the
    version of the cleaning.
    """
    wanted = f"{cleaning.VERSION}\n{' '.join(sorted(sieve.me))}\n{sieve.exclusions}"
    digest = hashlib.sha256(wanted.encode("utf-8", "surrogateescape"))
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _nothing(path: Path, left: Left) -> str:
    """The sentence for a path that gave nothing."""
    name = path.name or str(path)
    reasons = left.counts
    if reasons.get(OTHER_KIND):
        return (
            f"Ownhand cannot read {name} yet. It reads mail (mbox, .eml, .emlx, .msg, .pst, Maildir, archives), "
            "documents (.docx, .odt, .rtf, .pdf, .html, .md, .txt, .rst, .tex) and exported chats."
        )
    if reasons.get(UNREADABLE):
        return f"{name} cannot be read. Check who may read it."
    others = [reason for reason in reasons if reason != "empty file"]
    if others:
        return f"There is nothing to import in {name}: {', '.join(sorted(others)[:3])}."
    return f"There is no mail and no text in {name}."
