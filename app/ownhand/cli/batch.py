"""`ownhand batch`: one JSON object per line in, one per line out, in order.

    {"op": "open_user", "user": "u", "history": [{"id", "kind", "date", "subject", "to", "reply_to", "body"}, ...]}
    {"op": "complete", "user": "u", "prefix": "...", "suffix": "...", "context": {"kind", "subject", "to",
    "reply_to"}} {"op": "draft", "user": "u", "brief": {"subject", "to", "points", "reply_to"}, "context":
    {...}} {"op": "rewrite", "user": "u", "text": "...", "instruction": "...", "context": {...}} {"op": "score",
    "user": "u", "text": "...", "context": {...}} {"op": "observe", "user": "u", "event": {"type": "edit",
    "draft", "final", "brief"} or {"type": "sent", "body", ...}} {"op": "import_path", "path": "...",
    "own_addresses": ["..."]} {"op": "preferences", "user": "u"} {"op": "close_user", "user": "u"}

Every answer is {"result": ...} or {"error": "one sentence"}.  "personal": false leaves the personal model out,
"without": ["memory", ...] some of its layers, and "seed": n chooses among variants; all are accepted in every call.
"adapter": true in open_user trains an adapter on the history first, which takes minutes.  Each user has a vault of its
own below the given folder, under a random key that only this process ever holds; it is removed with `close_user` or at
the end of the input.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from filelock import FileLock, Timeout

from ownhand.adapters.importers import IMPORTERS
from ownhand.domain import actions
from ownhand.domain.completion import CompletionContext
from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.domain.personalize import LAYERS
from ownhand.domain.preference import Edit, Standing
from ownhand.domain.suggestion import Suggestion, SuggestionRequest, result_of
from ownhand.errors import BadInput, OwnhandError
from ownhand.services.importing import Reading

if TYPE_CHECKING:
    from ownhand.compose import Hand, Workers

_log = logging.getLogger(__name__)

LONGEST = 20_000
"""Characters that are reworked at once: more would keep a small model busy for many minutes."""
LOCK_NAME = "vault.lock"
"""Held while a user's vault is open."""

Line = Mapping[str, Any]
Json: TypeAlias = Any
"""What JSON can hold."""


def run(folder: Path | None) -> int:
    """Serve standard input until it ends, with the users' vaults below `folder` or in one that goes with us."""
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    if folder is not None:
        Batch(Path(os.path.abspath(folder))).serve(sys.stdin, sys.stdout)
        return 0
    with tempfile.TemporaryDirectory(prefix="ownhand-batch-") as own:
        Batch(Path(own)).serve(sys.stdin, sys.stdout)
    return 0


class Batch:
    """Answers lines, keeping one vault per user open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hands: dict[str, tuple[Hand, Path]] = {}
        self._workers: Workers | None = None
        self._reading = Reading(IMPORTERS)
        self._remove_leftovers()
        self._operations: dict[str, Callable[[Line], dict[str, Any]]] = {
            "open_user": self._open_user,
            "close_user": self._close_user,
            "complete": self._complete,
            "draft": self._draft,
            "rewrite": self._rewrite,
            "score": self._score,
            "observe": self._observe,
            "import_path": self._import_path,
            "preferences": self._preferences,
        }

    def _remove_leftovers(self) -> None:
        """Vaults of an earlier process that was killed: their keys died with it."""
        for folder in (self._folder / "users").glob("u*"):
            lock = FileLock(folder / LOCK_NAME, timeout=0, mode=0o600)
            try:
                lock.acquire()
            except (Timeout, OSError):
                continue  # another batch process has it open
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()

    def serve(self, lines: TextIO, answers: TextIO) -> None:
        """Until the input ends.  A line that fails is answered with its error, and the next one is taken."""
        try:
            for line in lines:
                if line.strip():
                    answers.write(json.dumps(self.answer(line), ensure_ascii=False) + "\n")
                    answers.flush()
        finally:
            self.close()

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to one line."""
        try:
            request = json.loads(line.lstrip("\ufeff"))
            if not isinstance(request, dict):
                raise BadInput("Each line must be one JSON object.")
            if "\\ud" in line.lower():
                request = _without_surrogates(request)
            operation = self._operations.get(str(request.get("op")))
            if operation is None:
                raise BadInput(
                    f"There is no operation {str(request.get('op'))[:60]!r}. Known are: {', '.join(self._operations)}."
                )
            _personal(request)
            _seed(request)
            return operation(request)
        except json.JSONDecodeError as error:
            return {"error": f"This line is not JSON: {error.msg} at column {error.colno}."}
        except RecursionError:
            return {"error": "This line is nested too deeply to be read."}
        except OwnhandError as error:
            return {"error": str(error)}
        except OSError as error:
            _log.exception("a batch line failed")
            return {"error": f"{error.filename or 'A file'}: {error.strerror or 'it cannot be used'}. Check it."}
        except Exception as error:  # one line must not take the others with it; the place of the bug is in the log
            _log.exception("a batch line failed")
            return {"error": f"Ownhand made a mistake of its own at this line ({type(error).__name__})."}

    def close(self) -> None:
        """Forget every user and end the workers."""
        for user in list(self._hands):
            self._forget(user)
        if self._workers is not None:
            self._workers.close()

    # operations

    def _open_user(self, line: Line) -> dict[str, Any]:
        user = _user(line)
        history = line.get("history")
        if history is not None and not (isinstance(history, list) and all(isinstance(item, dict) for item in history)):
            raise BadInput("The field 'history' must be a list of messages, each an object.")
        documents = [document for item in history or [] if (document := document_of(item))]
        self._forget(user)
        hand = self._open(user)
        if documents:
            source = hand.vault.add_source("history given by the caller", "batch")
            added = hand.vault.add_documents(source.id, documents)
            hand.importing.embed_pending()
            hand.personal.fill()
            if line.get("adapter"):
                hand.training.run()
            return {"result": {"documents": added.documents, "duplicates": added.duplicates}}
        return {"result": {"documents": 0, "duplicates": 0}}

    def _close_user(self, line: Line) -> dict[str, Any]:
        self._forget(_user(line))
        return {"result": True}

    def _complete(self, line: Line) -> dict[str, Any]:
        given = _object(line, "context")
        context = CompletionContext(
            _text(line, "prefix"),
            _text(line, "suffix", ""),
            _kind(given),
            _text(given, "subject", ""),
            _people(given.get("to")),
            reply_to=_reply_to(given.get("reply_to")),
        )
        shown = self._hand(line).completing.complete(context, personal=_personal(line), without=_left_out(line))
        return {
            "result": shown.text,
            "shown": bool(shown.text),
            "reason": shown.reason,
            "lane": shown.lane,
            "ms": round(shown.ms, 2),
        }

    def _draft(self, line: Line) -> dict[str, Any]:
        brief = _object(line, "brief")
        context = _object(line, "context")
        reply_to = _reply_to(brief.get("reply_to") or context.get("reply_to"))
        points = _points(brief)
        check_length(points)
        return self._suggest(
            line,
            SuggestionRequest(
                "draft" if points.strip() or reply_to is None else "reply",
                instruction=points,
                kind=_kind(context),
                subject=_text(brief, "subject", ""),
                recipients=_people(brief.get("to")),
                reply_to=reply_to,
                seed=_seed(line),
                personal=_personal(line),
                without=_left_out(line),
            ),
        )

    def _rewrite(self, line: Line) -> dict[str, Any]:
        context = _object(line, "context")
        check_length(_text(line, "text"))
        instruction = _text(line, "instruction")
        action = actions.recognise(instruction)
        return self._suggest(
            line,
            SuggestionRequest(
                action.id,
                _text(line, "text"),
                instruction=instruction if action.id == "custom" else "",
                kind=_kind(context),
                subject=_text(context, "subject", ""),
                recipients=_people(context.get("to")),
                reply_to=_reply_to(context.get("reply_to")),
                seed=_seed(line),
                personal=_personal(line),
                without=_left_out(line),
            ),
        )

    def _suggest(self, line: Line, request: SuggestionRequest) -> dict[str, Any]:
        started = time.perf_counter()
        suggestion = self._hand(line).drafting.run(request)[0]
        suggestion = replace(suggestion, text=result_of(request, suggestion))
        return describe(suggestion, 1000 * (time.perf_counter() - started))

    def _score(self, line: Line) -> dict[str, Any]:
        given = _object(line, "context")
        hand = self._hand(line)
        personal = _personal(line)
        context = CompletionContext(
            "", "", _kind(given), _text(given, "subject", ""), _people(given.get("to")),
            reply_to=_reply_to(given.get("reply_to")),
        )  # fmt: skip
        return {
            "result": hand.completing.score(context, _text(line, "text"), personal=personal, without=_left_out(line))
        }

    def _observe(self, line: Line) -> dict[str, Any]:
        event = _object(line, "event")
        hand = self._hand(line)
        if event.get("type") == "edit":
            brief = _object(event, "brief")
            request = SuggestionRequest(
                "draft",
                instruction=_points(brief),
                subject=_text(brief, "subject", ""),
                recipients=_people(brief.get("to")),
                reply_to=_reply_to(brief.get("reply_to")),
            )
            from ownhand.services.drafting import Drafting

            learned = hand.learning.observe(
                Edit(
                    uuid.uuid4().hex,
                    _text(event, "draft"),
                    _text(event, "final"),
                    context=Drafting.situation(request),
                    recipients=request.recipients,
                    at=datetime.now(UTC),
                )
            )
            return {"result": [hand.learning.statement(item) for item in learned]}
        if event.get("type") == "sent":
            document = document_of(event)
            if document is not None:
                source = hand.vault.add_source("sent", "batch")
                if hand.vault.add_documents(source.id, [document]).documents:
                    hand.importing.embed_pending()
                    hand.personal.add([document])
            return {"result": document is not None}
        raise BadInput("An event is of type 'edit' (draft, final, brief) or 'sent' (body).")

    def _import_path(self, line: Line) -> dict[str, Any]:
        path = _text(line, "path")
        if not path.strip():
            raise BadInput("The field 'path' is empty.")
        return {"result": self._reading.read_messages(Path(path), _people(line.get("own_addresses")))}

    def _preferences(self, line: Line) -> dict[str, Any]:
        learning = self._hand(line).learning
        return {
            "result": [
                {
                    "rule": learning.statement(item),
                    "audience": item.audience,
                    "confidence": round(learning.confidence(item), 3),
                    "in_effect": learning.standing(item) is Standing.ALWAYS,
                    "edits": len(item.edits),
                    "origin": item.origin,
                }
                for item in learning.noticed()
            ]
        }

    # users

    def _hand(self, line: Line) -> Hand:
        user = _user(line)
        if user not in self._hands:
            return self._open(user)
        return self._hands[user][0]

    def _open(self, user: str) -> Hand:
        # WHY here: reading a mailbox needs no vault and no worker, and answers at once without them
        from ownhand.adapters.store import SqlVault
        from ownhand.compose import Workers, build_hand

        if self._workers is None:
            self._workers = Workers()
        name = "u" + hashlib.sha256(f"{os.getpid()} {user}".encode()).hexdigest()[:24]
        folder = self._folder / "users" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        vault = SqlVault.open(folder, secrets.token_bytes(32), "this process only")
        hand = build_hand(vault, self._workers, name)
        self._hands[user] = (hand, folder)
        return hand

    def _forget(self, user: str) -> None:
        known = self._hands.pop(user, None)
        if known is None:
            return
        hand, folder = known
        hand.training.drop()
        hand.personal.forget()
        hand.close()
        shutil.rmtree(folder, ignore_errors=True)


def describe(suggestion: Suggestion, ms: float) -> dict[str, Any]:
    """A suggestion as one JSON object."""
    return {
        "result": suggestion.text,
        "facts": {
            "kept": list(suggestion.facts.kept),
            "dropped": list(suggestion.facts.dropped),
            "added": list(suggestion.facts.added),
        },
        "used": {
            "passages": [
                {"id": hit.passage.id, "score": round(hit.score, 4), "similarity": hit.similarity}
                for hit in suggestion.why.passages
            ],
            "preferences": [item.statement or f"{item.dimension}: {item.value}" for item in suggestion.why.preferences],
        },
        "remarks": list(suggestion.why.remarks),
        "ms": round(ms, 1),
    }


def document_of(item: Line) -> Document | None:
    """A message of the protocol as a document of the history; None where it has no words."""
    body = _text(item, "body", "").strip()
    if not body:
        return None
    kind, title = _kind(item), _text(item, "subject", "")
    return Document(
        Document.identify(kind, body, title + str(item.get("id") or "")),
        kind,
        body,
        title,
        _people(item.get("to")),
        _date(item.get("date")),
        _reply_to(item.get("reply_to")),
        str(item.get("id") or ""),
    )


def check_length(text: str) -> None:
    """Raise BadInput for a text that is too long to be reworked at once."""
    if len(text) > LONGEST:
        raise BadInput(
            f"The text has {len(text):,} characters, and Ownhand works on at most {LONGEST:,} at once. "
            "Give it in parts."
        )


def _text(line: Line, key: str, default: str | None = None) -> str:
    value = line.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadInput(f"The field {key!r} is missing or is no text.")
    return value


def _user(line: Line) -> str:
    """A number serves as a name, too; without one, there is one nameless user."""
    user = line.get("user", "")
    if isinstance(user, bool) or not isinstance(user, str | int):
        raise BadInput("The field 'user' must be a text.")
    return str(user)


def _object(line: Line, key: str) -> Line:
    value = line.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"The field {key!r} must be an object.")
    return value


def _personal(line: Line) -> bool:
    value = line.get("personal", True)
    if not isinstance(value, bool):
        raise BadInput("The field 'personal' must be true or false.")
    return value


def _left_out(line: Line) -> tuple[str, ...]:
    given = tuple(_texts(line.get("without"), "The field 'without' must be a list of layers."))
    known = [layer.id for layer in LAYERS]
    if unknown := [layer for layer in given if layer not in known]:
        raise BadInput(f"There is no layer {unknown[0][:60]!r}. Known are: {', '.join(known)}.")
    return given


def _seed(line: Line) -> int:
    value = line.get("seed")
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise BadInput(f"The field 'seed' must be a whole number from 0 to {(1 << 31) - 1}.")
    return value


def _kind(given: Line) -> Kind:
    kind = _text(given, "kind", "email")
    return Kind(kind) if kind in set(Kind) else Kind.ARTICLE if kind in {"blog", "post"} else Kind.EMAIL


def _people(value: object) -> tuple[str, ...]:
    return tuple(_texts(value, "Addresses and recipients must be a text or a list of texts."))


def _points(brief: Line) -> str:
    return "\n".join(_texts(brief.get("points"), "The field 'points' must be a list of texts."))


def _texts(value: object, otherwise: str) -> Sequence[str]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise BadInput(otherwise)


def _reply_to(value: object) -> ReplyContext | None:
    if value is None:
        return None
    if isinstance(value, str):
        return ReplyContext(value) if value.strip() else None
    if isinstance(value, Mapping):
        text = _text(value, "text", "")
        return ReplyContext(text, _text(value, "from_name", "")) if text.strip() else None
    raise BadInput("The field 'reply_to' must be a text or an object with 'text'.")


def _without_surrogates(value: Json) -> Json:
    """JSON can spell half a character, which no file and no worker can take: it becomes '?'."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _date(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00")) if value else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
