"""`ownhand batch`: one JSON object per line in, one per line out, in order.

    {"op": "open_user", "user": "u", "history": [{"id", "kind", "date", "subject", "to", "reply_to", "body"}, ...]}
    {"op": "complete", "user": "u", "prefix": "...", "suffix": "...", "context": {"kind", "subject", "to",
    "reply_to"}} {"op": "draft", "user": "u", "brief": {"subject", "to", "points", "reply_to"}, "context":
    {...}} {"op": "rewrite", "user": "u", "text": "...", "instruction": "...", "context": {...}} {"op": "score",
    "user": "u", "text": "...", "context": {...}} {"op": "observe", "user": "u", "event": {"type": "edit",
    "draft", "final", "brief"} or {"type": "sent", "body", ...}} {"op": "import_path", "path": "...",
    "own_addresses": ["..."]} {"op": "preferences", "user": "u"} {"op": "close_user", "user": "u"}

Every answer is {"result": ...} or {"error": "one sentence"}.  "personal": false leaves the personal model out,
"seed": n chooses among variants; both are accepted in every call.  Each user has a vault of its own below the
given folder, under a random key that only this process ever holds; it is removed with `close_user` or at the
end of the input.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from ownhand.adapters.store import SqlVault
from ownhand.compose import Hand, Workers, build_hand
from ownhand.domain import actions
from ownhand.domain.completion import CompletionContext
from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.domain.preference import Edit
from ownhand.domain.suggestion import Suggestion, SuggestionRequest
from ownhand.errors import BadInput, OwnhandError
from ownhand.services.drafting import Drafting

_log = logging.getLogger(__name__)

Line = Mapping[str, Any]


class Batch:
    """Answers lines, keeping one vault per user open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hands: dict[str, tuple[Hand, Path]] = {}
        self._workers: Workers | None = None
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
            request = json.loads(line)
            if not isinstance(request, dict):
                raise BadInput("Each line must be one JSON object.")
            operation = self._operations.get(str(request.get("op")))
            if operation is None:
                raise BadInput(
                    f"There is no operation {request.get('op')!r}. Known are: {', '.join(self._operations)}."
                )
            return operation(request)
        except json.JSONDecodeError as error:
            return {"error": f"This line is not JSON: {error.msg} at column {error.colno}."}
        except OwnhandError as error:
            return {"error": str(error)}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _log.error("a batch line failed: %s", type(error).__name__)
            return {"error": f"A field of this line has the wrong name or type ({type(error).__name__})."}

    def close(self) -> None:
        """Forget every user and end the workers."""
        for user in list(self._hands):
            self._forget(user)
        if self._workers is not None:
            self._workers.close()

    # operations

    def _open_user(self, line: Line) -> dict[str, Any]:
        user = _text(line, "user")
        if user in self._hands:
            self._forget(user)
        hand = self._open(user)
        documents = [document for item in line.get("history") or [] if (document := document_of(item))]
        if documents:
            source = hand.vault.add_source("history given by the caller", "batch")
            added = hand.vault.add_documents(source.id, documents)
            hand.importing.embed_pending()
            hand.personal.fill()
            return {"result": {"documents": added.documents, "duplicates": added.duplicates}}
        return {"result": {"documents": 0, "duplicates": 0}}

    def _close_user(self, line: Line) -> dict[str, Any]:
        self._forget(_text(line, "user"))
        return {"result": True}

    def _complete(self, line: Line) -> dict[str, Any]:
        given = line.get("context") or {}
        context = CompletionContext(
            _text(line, "prefix"),
            str(line.get("suffix") or ""),
            _kind(given),
            str(given.get("subject") or ""),
            _people(given.get("to")),
            reply_to=_reply_to(given.get("reply_to")),
        )
        shown = self._hand(line).completing.complete(context, personal=_personal(line))
        return {
            "result": shown.text,
            "shown": bool(shown.text),
            "reason": shown.reason,
            "lane": shown.lane,
            "ms": round(shown.ms, 2),
        }

    def _draft(self, line: Line) -> dict[str, Any]:
        brief = line.get("brief") or {}
        context = line.get("context") or {}
        reply_to = _reply_to(brief.get("reply_to") or context.get("reply_to"))
        points = "\n".join(str(point) for point in brief.get("points") or [])
        return self._suggest(
            line,
            SuggestionRequest(
                "draft" if points.strip() or reply_to is None else "reply",
                instruction=points,
                kind=_kind(context),
                subject=str(brief.get("subject") or ""),
                recipients=_people(brief.get("to")),
                reply_to=reply_to,
                seed=int(line.get("seed") or 0),
                personal=_personal(line),
            ),
        )

    def _rewrite(self, line: Line) -> dict[str, Any]:
        context = line.get("context") or {}
        instruction = _text(line, "instruction")
        action = actions.recognise(instruction)
        return self._suggest(
            line,
            SuggestionRequest(
                action.id,
                _text(line, "text"),
                instruction=instruction if action.id == "custom" else "",
                kind=_kind(context),
                subject=str(context.get("subject") or ""),
                recipients=_people(context.get("to")),
                reply_to=_reply_to(context.get("reply_to")),
                seed=int(line.get("seed") or 0),
                personal=_personal(line),
            ),
        )

    def _suggest(self, line: Line, request: SuggestionRequest) -> dict[str, Any]:
        started = time.perf_counter()
        suggestion = self._hand(line).drafting.run(request)[0]
        return describe(suggestion, 1000 * (time.perf_counter() - started))

    def _score(self, line: Line) -> dict[str, Any]:
        given = line.get("context") or {}
        hand = self._hand(line)
        personal = _personal(line)
        context = CompletionContext(
            "", "", _kind(given), str(given.get("subject") or ""), _people(given.get("to")),
            reply_to=_reply_to(given.get("reply_to")),
        )  # fmt: skip
        return {"result": hand.completing.score(context, _text(line, "text"), personal=personal)}

    def _observe(self, line: Line) -> dict[str, Any]:
        event = line.get("event") or {}
        hand = self._hand(line)
        if event.get("type") == "edit":
            brief = event.get("brief") or {}
            request = SuggestionRequest(
                "draft",
                instruction="\n".join(str(point) for point in brief.get("points") or []),
                subject=str(brief.get("subject") or ""),
                recipients=_people(brief.get("to")),
                reply_to=_reply_to(brief.get("reply_to")),
            )
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
        own = tuple(str(address) for address in line.get("own_addresses") or ())
        return {"result": self._hand(line).importing.read_messages(Path(_text(line, "path")), own)}

    def _preferences(self, line: Line) -> dict[str, Any]:
        learning = self._hand(line).learning
        return {
            "result": [
                {
                    "rule": learning.statement(item),
                    "audience": item.audience,
                    "confidence": round(learning.confidence(item), 3),
                    "in_effect": learning.in_effect(item),
                    "edits": len(item.edits),
                    "origin": item.origin,
                }
                for item in learning.preferences()
            ]
        }

    # users

    def _hand(self, line: Line) -> Hand:
        user = str(line.get("user") or "")
        if user not in self._hands:
            return self._open(user)
        return self._hands[user][0]

    def _open(self, user: str) -> Hand:
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
    body = str(item.get("body") or "").strip()
    if not body:
        return None
    kind, title = _kind(item), str(item.get("subject") or "")
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


def _text(line: Line, key: str) -> str:
    value = line.get(key)
    if not isinstance(value, str):
        raise BadInput(f"The field {key!r} is missing or is no text.")
    return value


def _personal(line: Line) -> bool:
    return line.get("personal", True) is not False


def _kind(given: Line) -> Kind:
    kind = str(given.get("kind") or "email")
    return Kind(kind) if kind in set(Kind) else Kind.ARTICLE if kind in {"blog", "post"} else Kind.EMAIL


def _people(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, Sequence) else ()


def _reply_to(value: object) -> ReplyContext | None:
    if isinstance(value, str):
        return ReplyContext(value) if value.strip() else None
    if isinstance(value, Mapping) and str(value.get("text") or "").strip():
        return ReplyContext(str(value["text"]), str(value.get("from_name") or ""))
    return None


def _date(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00")) if value else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
