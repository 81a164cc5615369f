# ruff: noqa: E501  (texts of messages)
"""An application object of the shape the window expects, with scripted answers and no workers.

It keeps drafts and rules in memory and behaves as the services promise: completions and suggestions are delivered from other
threads, everything else blocks.  Robin Vale and everybody else in here is invented.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ownhand.domain.actions import OwnAction
from ownhand.domain.catalog import Offer
from ownhand.domain.completion import Completion, CompletionContext
from ownhand.domain.corpus import Document, Hit, Kind, Passage, ReplyContext, Source
from ownhand.domain.download import Connection, Progress
from ownhand.domain.draft import EVERYONE, Audience, Draft, address_of, resolve_audience
from ownhand.domain.facts import Facts
from ownhand.domain.habits import Habits
from ownhand.domain.inference import MemoryNeed, ModelInfo, Trial
from ownhand.domain.personalize import LAYERS, Part
from ownhand.domain.ports import Correspondent, TakenIn, VaultState
from ownhand.domain.preference import Dimension, Edit, Origin, Preference, Standing, standing
from ownhand.domain.snippets import Snippet
from ownhand.domain.style import Trait
from ownhand.domain.suggestion import (
    Finished,
    Stopped,
    Streaming,
    Suggestion,
    SuggestionRequest,
    Why,
)
from ownhand.errors import BadInput, Cancelled, ModelError
from ownhand.services.downloading import Offered
from ownhand.services.own_actions import OwnActions
from ownhand.services.preview import Preview, Sample
from ownhand.services.snippets import Snippets
from ownhand.services.status import Status, StatusEvent
from ownhand.services.tallying import Tallying
from ownhand.services.training import TrainingState
from ownhand.settings import Settings

NOW = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)

BUDGET = """Hi Dana,

Thanks for the numbers. I'll """

RAMBLING = """Hi Dana,

I hope this email finds you well. I just wanted to reach out and let you know that I have had a chance to go through the \
budget figures that you sent over to me on Tuesday. I think that they are looking really good overall! There are just two \
things that I would like us to maybe discuss before we send them on to Marcus: the travel line, which is 4,200 euros over, and \
the date of the second workshop.

Would it perhaps be possible for us to talk on Thursday at 10?

Best regards,
Robin"""

SHORTER = """Hi Dana,

I went through the budget figures you sent on Tuesday. They look good overall. Two things to discuss before we send them on to \
Marcus: the travel line, which is 4,200 euros over, and the date of the second workshop.

Could we talk on Thursday at 10?

Cheers,
Robin"""

REPLY = ReplyContext(
    "Hi Robin,\n\nhere are the numbers for the review. Could you look at the travel line before Thursday? Marcus wants to see "
    "them on Friday.\n\nBest,\nDana",
    "Dana Li",
)


def documents() -> list[Document]:
    texts = [
        ("Budget review, second look", "Dana Li <dana@northmill.example>",
         "Hi Dana,\n\nthanks, this is much clearer. Two small things: the travel line looks high, and I'd move the workshop to "
         "the week after. Happy to talk on Thursday.\n\nCheers,\nRobin"),
        ("Re: Draft of the agenda", "Marcus Oyelaran <marcus@northmill.example>",
         "Hi Marcus,\n\nlooks good to me. I'd drop the second point, we did that last month.\n\nCheers,\nRobin"),
        ("Saturday", "Ada Brandt <ada@posteo.example>",
         "hey Ada, Saturday works! I'll bring the bread and something green. Shall we say seven?\n\nR."),
        ("Re: Offer 2204", "Ines Falk <falk@tischlerei.example>",
         "Dear Ms Falk,\n\nthank you for the offer. We would like to accept it with delivery in week 6.\n\nKind regards,\n"
         "Robin Vale"),
        ("Notes on the reading group", "", "What I liked about the second chapter is how little it explains."),
    ]  # fmt: skip
    found = []
    for number, (title, to, text) in enumerate(texts):
        kind = Kind.EMAIL if to else Kind.NOTE
        found.append(
            Document(
                Document.identify(kind, text, title), kind, text, title, (to,) if to else (),
                NOW - timedelta(days=3 + 11 * number), None, f"Sent:{number}",
            )
        )  # fmt: skip
    return found


class ScriptedLibrary:
    def __init__(self) -> None:
        self.history = documents()
        self.saved: dict[str, Draft] = {}
        self.saves = 0
        self.fail: Exception | None = None
        self._sources = [
            Source(1, "/home/robin/Mail/Sent", "mbox", 1171, NOW),
            Source(2, "/home/robin/Writing", "folder", 33, NOW),
        ]
        self._audiences = [
            Audience("work", "Work", (), ("northmill.example",)),
            Audience("friends", "Friends", ("ada@posteo.example",)),
        ]
        for number, draft in enumerate(
            (
                Draft(
                    "d1",
                    Kind.EMAIL,
                    BUDGET,
                    "Budget review",
                    ("Dana Li <dana@northmill.example>",),
                    None,
                    REPLY,
                    len(BUDGET),
                ),
                Draft("d2", Kind.NOTE, "Trains leave at 7:12 and 9:12. Ask Ada about the key.", "Trip to the coast"),
                Draft(
                    "d3",
                    Kind.EMAIL,
                    "Hi Ines,\n\nthe shelves",
                    "Shelves, week 6",
                    ("Ines Falk <falk@tischlerei.example>",),
                ),
                Draft("d4", Kind.ARTICLE, "Most of what I know about editing I learned from cutting.", "On cutting"),
            )
        ):
            self.saved[draft.id] = replace(draft, updated_at=NOW - timedelta(hours=20 * number))

    def drafts(self) -> list[Draft]:
        return sorted(self.saved.values(), key=lambda draft: draft.updated_at or NOW, reverse=True)

    def draft(self, draft_id: str) -> Draft | None:
        return self.saved.get(draft_id)

    def new(self, kind=Kind.EMAIL, reply_to=None, recipients=(), subject="") -> Draft:
        return Draft(uuid.uuid4().hex, kind, "", subject, tuple(recipients), None, reply_to, 0, NOW)

    def save(self, draft: Draft) -> None:
        if self.fail is not None:
            raise self.fail
        self.saves += 1
        self.saved[draft.id] = replace(draft, updated_at=datetime.now(UTC))

    def delete(self, draft_id: str) -> None:
        self.saved.pop(draft_id, None)

    def sources(self) -> list[Source]:
        return list(self._sources)

    def documents(self, source_id=None, limit=200, offset=0) -> list[Document]:
        return self.history[offset : offset + limit]

    def document(self, document_id: str) -> Document | None:
        return next((item for item in self.history if item.id == document_id), None)

    def search(self, query: str, limit: int = 30, *, typing: bool = False) -> list[Hit]:
        words = query.lower().split()
        return [
            hit(item, 0.9 - number / 10)
            for number, item in enumerate(self.history)
            if any(word in f"{item.title} {item.text}".lower() for word in words)
        ][:limit]

    def remove_source(self, source_id: int) -> None:
        self._sources = [item for item in self._sources if item.id != source_id]

    def forget(self, document_id: str) -> None:
        self.history = [item for item in self.history if item.id != document_id]

    def people(self) -> list[str]:
        return sorted({address_of(one) for item in self.history for one in item.recipients})

    def about(self, address: str) -> Correspondent:
        wanted = address_of(address)
        found = [item for item in self.history if wanted in {address_of(one) for one in item.recipients}]
        return Correspondent(wanted, len(found))

    def forget_person(self, address: str) -> Correspondent:
        about = self.about(address)
        self.history = [
            item for item in self.history if about.address not in {address_of(one) for one in item.recipients}
        ]
        return about

    def audiences(self) -> list[Audience]:
        return list(self._audiences)

    def save_audience(self, audience: Audience) -> None:
        self._audiences = [item for item in self._audiences if item.id != audience.id] + [audience]

    def delete_audience(self, audience_id: str) -> None:
        self._audiences = [item for item in self._audiences if item.id != audience_id]

    def audience_of(self, draft: Draft) -> str:
        return resolve_audience(self._audiences, draft.recipients, draft.audience)

    def read_message(self, path: Path) -> tuple[str, str, str, str]:
        text = path.read_text(encoding="utf-8", errors="replace")
        if "\0" in text or not text.strip():
            raise BadInput(f"There is no readable text in {path.name}. Try pasting the message instead.")
        if path.suffix != ".eml":
            return "", "", "", text
        head, _, body = text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        name, _, address = fields.get("From", "").partition(" <")
        return name, address.strip(">"), fields.get("Subject", ""), body.strip()

    def export_draft(self, draft: Draft, path: Path) -> None:
        path.write_text(draft.text, encoding="utf-8")

    def mail_link(self, draft: Draft) -> str:
        return f"mailto:{','.join(draft.recipients)}"

    def unsent_eml(self, draft: Draft) -> Path:
        message = EmailMessage()
        message.set_content(draft.text)
        raise BadInput("not scripted")


def hit(document: Document, similarity: float) -> Hit:
    passage = Passage(
        1, document.id, document.text, document.title, document.recipients, document.written_at, document.kind
    )
    return Hit(passage, similarity, similarity, 1)


class ScriptedImporting:
    def __init__(self) -> None:
        self.imported: list[tuple[Sequence[Path], Sequence[str]]] = []
        self.pasted: list[str] = []
        self.previewed: list[Any] = []
        self.wanted: list[Any] = []
        self.step_s = 0.01

    def survey(self, paths: Sequence[Path]) -> Any:
        return SimpleNamespace(
            candidates=[
                SimpleNamespace(address="robin@vale.example", name="Robin Vale", written=1171, certain=True),
                SimpleNamespace(address="r.vale@northmill.example", name="Robin Vale", written=412, certain=True),
                SimpleNamespace(address="dana@northmill.example", name="Dana Li", written=88, certain=False),
            ],
            messages=1583,
            kinds={"mbox": 1, "text": 33},
        )

    def paste(self, text: str, title: str = "") -> bool:
        self.pasted.append(text)
        return self.pasted.count(text) == 1

    def preview(self, paths, me, exclusions, progress, cancelled) -> Preview:
        self.previewed.append(exclusions)
        folders = {"/mail/Sent": 900, "/mail/Old/Club": 271}
        kept = {name: number for name, number in folders.items() if name not in exclusions.folders}
        sample = Sample("/mail/Sent, message 3", "Kiln", "Hi Dana,\n\nit works.", "> Does it work?")
        return Preview(
            sum(kept.values()), 1583, 388, kept, {"2023": 200, "2024": 971}, {"dana@northmill.example": 700},
            {"English": 1100, "German": 71}, (sample,), {}, {"bulk mail": 3}, not cancelled(),
        )  # fmt: skip

    def run(self, paths, me, progress: Callable[[int, int, str], None], cancelled: Callable[[], bool], **more) -> Any:
        self.wanted.append(more.get("exclusions"))
        stopped = False
        for step in range(21):
            stopped = cancelled()
            if stopped:
                break
            progress(step, 20, "Sent")
            time.sleep(self.step_s)
        self.imported.append((paths, me))
        return SimpleNamespace(
            added=12 if stopped else 1171, duplicates=14, others=388, cancelled=stopped, seconds=4.2,
            skipped_counts={"nothing but a quote": 10, "bulk mail": 3},
        )  # fmt: skip


class ScriptedWatching:
    def __init__(self) -> None:
        self.watched: list[str] = []

    def folders(self) -> list[str]:
        return list(self.watched)

    def add(self, folder: str) -> None:
        self.watched.append(folder)

    def remove(self, folder: str) -> None:
        self.watched.remove(folder)


class ScriptedCompleting:
    """Answers from the table: the text before the caret ends with the key."""

    def __init__(self) -> None:
        self.table: dict[str, tuple[str, tuple[str, ...]]] = {
            "I'll ": (
                "go through them tonight and send you my notes",
                ("look at the travel line first", "have a look tomorrow"),
            ),
            "go": (" through them", ()),
        }
        self.requests: list[CompletionContext] = []
        self.taken: list[str] = []
        self.times_dismissed = 0
        self._generation = 0

    def request(self, context: CompletionContext, deliver: Callable[[int, Completion], None]) -> None:
        self.requests.append(context)
        self._generation += 1
        generation = self._generation
        found = next((value for key, value in self.table.items() if context.prefix.endswith(key)), None)

        def answer() -> None:
            if generation != self._generation:
                return
            if found is None:
                deliver(context.revision, Completion("", "", 0.0, (), 12.0, "not likely enough to be right"))
            else:
                deliver(context.revision, Completion(found[0], "model", 0.6, found[1], 62.0))

        threading.Thread(target=answer, daemon=True).start()

    def cancel(self) -> None:
        self._generation += 1

    def accepted(self, text: str) -> None:
        self.taken.append(text)

    def dismissed(self) -> None:
        self.times_dismissed += 1


@dataclass
class ScriptedJob:
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class ScriptedDrafting:
    """Answers with `answers[action]`, streamed word by word; `hold` keeps it from finishing."""

    def __init__(self, library: ScriptedLibrary) -> None:
        self._library = library
        self.answers: dict[str, str | list[str]] = {
            "shorten": SHORTER,
            "subject": "Budget review: travel line and workshop date",
            "continue": " go through them tonight and send you my notes.",
            "draft": SHORTER,
            "reply": "Hi Dana,\n\nthanks, I'll look at the travel line today.\n\nCheers,\nRobin",
        }
        self.facts: dict[str, Facts] = {}
        self.remarks: tuple[str, ...] = ()
        self.requests: list[SuggestionRequest] = []
        self.hold = threading.Event()
        self.hold.set()

    def follows(self, preference: Preference) -> bool:
        return preference.dimension is not Dimension.CUSTOM

    def start(self, request: SuggestionRequest, deliver: Callable[[Any], None]) -> ScriptedJob:
        self.requests.append(request)
        job = ScriptedJob()
        answer = self.answers.get(request.action_id, request.source)
        text = answer if isinstance(answer, str) else answer[request.seed % len(answer)]
        replaces = {"subject": request.subject, "continue": ""}.get(request.action_id, request.source)

        def work() -> None:
            words = text.split(" ")
            for count in range(1, len(words) + 1, 4):
                if job.cancelled:
                    break
                deliver(Streaming(0, " ".join(words[:count])))
            while not self.hold.wait(0.01):
                if job.cancelled:
                    break
            if job.cancelled:
                deliver(Stopped())
                return
            deliver(Finished((self.suggestion(request.action_id, replaces, text),)))

        threading.Thread(target=work, daemon=True).start()
        return job

    def suggestion(self, action: str, replaces: str, text: str) -> Suggestion:
        history = self._library.history
        why = Why(
            passages=tuple(hit(item, 0.74 - n / 9) for n, item in enumerate(history[:3])),
            preferences=(*preferences()[:2], HABIT),
            rules=("Sentences of about 11 words.", "Contractions in most places."),
            prompt="<|im_start|>system\nYou write as Robin Vale.\nGreeting: Hi {name},\nSign-off: Cheers,\n"
            "<|im_end|>\n<|im_start|>user\nMake this shorter: ...",
            timings={"retrieve": 21.0, "prompt": 4.0, "first word": 380.0, "write": 1720.0},
            remarks=self.remarks,
            parts=tuple(
                Part(layer.id, layer.label, "Counted at 80 %." if layer.id == "adapter" else "", layer.id == "adapter")
                for layer in LAYERS
            ),
        )
        facts: Any = self.facts.get(action, Facts(kept=("4,200 euros", "Thursday at 10", "Marcus")))
        return Suggestion(uuid.uuid4().hex, action, replaces, text, facts, why)


HABIT = Preference("h", Dimension.DASH, "comma", origin=Origin.STATED, agreeing=96, conflicting=2)
"""A measured one."""


EDITS = ("e1", "e2")


def preferences() -> list[Preference]:
    rows = [
        (Dimension.STOCK_PHRASE, "avoid", "I hope this email finds you well", EVERYONE, Origin.LEARNED, 4.0, 0.0),
        (Dimension.SIGN_OFF, "Cheers,", "", "work", Origin.LEARNED, 6.0, 1.0),
        (Dimension.WORD_CHOICE, "use", "utilize", EVERYONE, Origin.LEARNED, 2.0, 0.0),
        (Dimension.EXCLAMATION, "avoid", "", "work", Origin.STATED, 0.0, 0.0),
        (Dimension.CONTRACTIONS, "use", "", "friends", Origin.LEARNED, 3.0, 0.0),
        (Dimension.SENTENCE_LENGTH, "shorter", "", EVERYONE, Origin.LEARNED, 1.0, 0.0),
    ]
    return [
        Preference(f"p{n}", dimension, value, subject, audience, origin, True, agree, against, EDITS[: int(agree)], NOW)
        for n, (dimension, value, subject, audience, origin, agree, against) in enumerate(rows)
    ]


STATEMENTS = {
    "p0": "Leave out “I hope this email finds you well”.",
    "p1": "Sign off with “Cheers,”.",
    "p2": "Write “use” instead of “utilize”.",
    "p3": "No exclamation marks.",
    "p4": "Use contractions.",
    "p5": "Keep sentences short.",
}


class ScriptedLearning:
    def __init__(self) -> None:
        self.rules = preferences()
        self.recorded: list[tuple[Suggestion, str, tuple[str, ...], str]] = []
        self.chosen: dict[tuple[str, str], str | None] = {}
        self.learns: list[Preference] = []
        self.audience_changes = 0

    def record(self, suggestion, kept, recipients, audience=EVERYONE) -> list[Preference]:
        self.recorded.append((suggestion, kept, tuple(recipients), audience))
        return list(self.learns)

    def preferences(self) -> list[Preference]:
        return [item for item in self.rules if standing(item) is not Standing.SELDOM]

    def statement(self, preference: Preference) -> str:
        return preference.statement or STATEMENTS.get(preference.id, preference.value)

    def confidence(self, preference: Preference) -> float:
        if preference.origin is Origin.STATED:
            return 1.0
        return (preference.agreeing + 1) / (preference.agreeing + preference.conflicting + 2)

    def standing(self, preference: Preference) -> Standing:
        return standing(preference)

    def evidence_for(self, preference: Preference) -> list[Edit]:
        return [
            Edit("e1", RAMBLING.split("\n\n")[1], SHORTER.split("\n\n")[1], "shorten", "work", "", ("dana",), NOW),
            Edit("e2", "Please utilize the new form.", "Please use the new form.", "fix", "work", "", (), NOW),
        ]

    def set_enabled(self, preference: Preference, enabled: bool) -> None:
        self.rules = [replace(item, enabled=enabled) if item.id == preference.id else item for item in self.rules]

    def reword(self, preference: Preference, text: str) -> Preference:
        if not text.strip():
            raise BadInput("Say the rule in a few words, for example: no exclamation marks.")
        new = replace(preference, statement=text, origin=Origin.STATED)
        self.rules = [new if item.id == preference.id else item for item in self.rules]
        return new

    def move(self, preference: Preference, audience: str) -> Preference:
        moved = replace(preference, audience=audience, origin=Origin.STATED)
        self.rules = [moved if item.id == preference.id else item for item in self.rules]
        return moved

    def delete(self, preference: Preference) -> None:
        self.rules = [item for item in self.rules if item.id != preference.id]

    def state(self, text: str, audience: str = EVERYONE) -> Preference:
        if not text.strip():
            raise BadInput("Say the rule in a few words, for example: no exclamation marks.")
        new = Preference(uuid.uuid4().hex, Dimension.CUSTOM, text, "", audience, Origin.STATED, statement=text)
        self.rules.append(new)
        return new

    def forget_everything(self) -> None:
        self.rules = []

    def traits(self, audience: str = EVERYONE) -> list[Trait]:
        def trait(key: str, name: str, value: str, *choices: str) -> Trait:
            return Trait(
                key, name, value, 1204 if audience == EVERYONE else 412, choices, self.chosen.get((audience, key))
            )

        return [
            trait(
                "greeting",
                "Greeting",
                "“Hi {name},” in 855 of 1,204 messages",
                "Hi {name},",
                "Hello {name},",
                "Dear {name},",
            ),
            trait("sign_off", "Sign-off", "“Cheers,” in 771 of 1,204 messages", "Cheers,", "Best,", "Kind regards,"),
            trait("sentence_length", "Sentence length", "11 words on average, one in ten over 24", "short:15", "long"),
            trait("contractions", "Contractions", "1,310 of 1,578 places contracted", "use", "avoid"),
            trait("exclamation", "Exclamation marks", "in 133 of 1,204 documents", "use", "avoid"),
            trait("emoji", "Emoji", "in 9 of 1,204 documents", "avoid", "🙂"),
            trait("spelling", "Spelling", "212 British and 3 American spellings", "us", "uk"),
            trait("oxford_comma", "Comma before the last item", "31 of 260 places with the comma", "use", "avoid"),
            trait("hedging", "Hedging", "4 in 1,000 words", "use", "avoid"),
            trait("phrases", "Favourite phrases", "“happy to talk”, “looks good to me”"),
        ]

    def choose(self, audience: str, key: str, value: str | None) -> None:
        self.chosen[audience, key] = value

    def audiences_changed(self) -> None:
        self.audience_changes += 1


class ScriptedPersonal:
    def __init__(self) -> None:
        self.measured = 0

    def forgotten(self, passages: Sequence[int]) -> None:
        self.measured += 1


class ScriptedModels:
    def __init__(self) -> None:
        self._installed = [
            ModelInfo(
                Path("/opt/ownhand/models/ownhand-100m.gguf"), "ownhand-100m", "qwen3", 104_000_000, 89_000_000, 2048, True, True,
                "Apache-2.0", quantization="Q6_K", memory=MemoryNeed(89_000_000, 50_000_000, 60_000_000), available=8 << 30,
            ),
            ModelInfo(
                Path("/home/robin/.local/share/ownhand/models/larger.gguf"), "larger-1.5b", "qwen2", 1_540_000_000, 1_270_000_000,
                32768, True, True, "Apache-2.0", quantization="Q4_K_M",
                memory=MemoryNeed(1_270_000_000, 400_000_000, 300_000_000), available=8 << 30,
            ),
        ]  # fmt: skip
        self._chosen = {"completion": self._installed[0].path, "suggestion": self._installed[0].path}

    def installed(self) -> list[ModelInfo]:
        return list(self._installed)

    def chosen(self, role: str) -> Path:
        return self._chosen[role]

    def choose(self, role: str, path: Path) -> None:
        self._chosen[role] = path

    def use_builtin(self) -> None:
        for role in self._chosen:
            self._chosen[role] = self._installed[0].path

    def start_again(self) -> None:
        self.started_again = True

    def inspect(self, path: Path) -> ModelInfo:
        if not path.exists() or path.read_bytes()[:4] != b"GGUF":
            raise ModelError(f"{path.name} is not a GGUF model file. Choose a file that ends in .gguf.")
        return ModelInfo(path, path.stem)

    def add(self, path: Path) -> ModelInfo:
        info = self.inspect(path)
        self._installed.append(info)
        return info

    def try_out(self, path: Path) -> Trial:
        return Trial(next(i for i in self._installed if i.path == path), 0.051, 2589.0, 261.0, 199_000_000)

    def is_own(self, path: Path) -> bool:
        return path != self._installed[0].path

    def remove(self, path: Path) -> None:
        self._installed = [info for info in self._installed if info.path != path]
        for role, chosen in self._chosen.items():
            if chosen == path:
                self._chosen[role] = Path("/opt/ownhand/models/ownhand-100m.gguf")


class ScriptedDownloads:
    """Steps through a download as the test says: `show` sets what is to be seen, `end` lets `run` return."""

    def __init__(self) -> None:
        self.list = [
            Offered(
                Offer(
                    name.lower().replace(" ", "-"), name, role, f"maker/{name.split()[0]}", "0" * 40,
                    f"{name.replace(' ', '-')}.gguf", size, "", licence, terms, 32768, 8 << 30, "2025-04", why,
                ),
                "absent", 0, recommended,
            )
            for name, role, size, licence, terms, why, recommended in (
                ("Middle 1.7B", ("completion", "suggestion"), 1_107_409_472, "Apache-2.0", "", "Usable drafts.", ("suggestion",)),
                ("Small 0.6B", ("completion", "suggestion"), 396_705_472, "Apache-2.0", "", "Quick.", ()),
                ("Bound 1B", ("suggestion",), 806_058_240, "Own Terms", "Its terms forbid some uses.", "Good prose.", ()),
            )
        ]  # fmt: skip
        self.asked: list[str] = []
        self.discarded: list[str] = []
        self.failure: Exception | None = None
        self._seen: Progress | None = None
        self._over = threading.Event()

    def offers(self) -> list[Offered]:
        return list(self.list)

    def progress(self) -> Progress | None:
        return self._seen

    def show(self, **what: Any) -> None:
        assert self._seen is not None
        self._seen = replace(self._seen, **what)

    def run(self, name: str) -> Path:
        self.asked.append(name)
        self._over.clear()
        offer = next(item.offer for item in self.list if item.offer.id == name)
        self._seen = Progress(name, total=offer.bytes)
        self._over.wait(20)
        done, self._seen = self._seen.done, None
        if self.failure is not None or done < offer.bytes:
            self._stand(name, "partial", done)
            raise self.failure or Cancelled
        self._stand(name, "installed", done)
        return Path("/home/robin/.local/share/ownhand/models") / offer.file

    def end(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self._over.set()

    def stop(self) -> None:
        self._over.set()

    def discard(self, name: str) -> None:
        self.discarded.append(name)
        self._stand(name, "absent", 0)

    def _stand(self, name: str, state: Any, arrived: int) -> None:
        self.list = [
            replace(item, state=state, arrived=arrived) if item.offer.id == name else item for item in self.list
        ]


class ScriptedPrivacy:
    def __init__(self) -> None:
        self.erased = False
        self.exported: list[Path] = []
        self.log: list[Connection] = []
        self.backups: list[tuple[Path, str]] = []
        self.restored: list[tuple[Path, str]] = []
        self.handed: list[tuple[str, str, str]] = []
        self.held_by = "passphrase"

    def state(self) -> VaultState:
        return VaultState(
            Path("/home/robin/.local/share/ownhand/vault.db"), 18_400_000, 1204, 1391, 1391, 37, 6, 4, "system keyring",
            "SQLCipher 4 (AES-256)",
        )  # fmt: skip

    def places(self) -> list[tuple[str, Path]]:
        base = Path("/home/robin/.local/share/ownhand")
        return [
            ("Vault", base / "vault.db"),
            ("Models", base / "models"),
            ("Log", Path("/home/robin/.local/state/ownhand/log.txt")),
        ]

    def export(self, path: Path) -> None:
        self.exported.append(path)

    def back_up(self, path: Path, passphrase: str) -> None:
        self.backups.append((path, passphrase))

    def needs_passphrase(self, path: Path) -> bool:
        return path.suffix == ".backup"

    def restore(self, path: Path, passphrase: str = "") -> TakenIn:
        self.restored.append((path, passphrase))
        return TakenIn(12, 1, 3, 0)

    def holder(self) -> Any:
        return self.held_by

    def keyring_there(self) -> bool:
        return False

    def hand_key_to(self, holder: Any, passphrase: str = "", current: str = "") -> None:
        self.handed.append((holder, passphrase, current))

    def erase(self) -> None:
        self.erased = True

    def key_holder(self) -> str:
        return "system keyring"

    def protection(self) -> str:
        return "The kernel refuses this process any connection, and there is no network around it."

    def connections(self) -> list[Connection]:
        return list(self.log)


class Shelf:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def setting(self, key: str) -> str | None:
        return self.values.get(key)

    def set_setting(self, key: str, value: str | None) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value


class Drawer:
    """A vault in memory, as far as the person's own things and the counts of days need one."""

    def __init__(self) -> None:
        self.kept: dict[str, Snippet] = {}
        self.actions: dict[str, OwnAction] = {}
        self.days: Counter[tuple[date, str]] = Counter()

    def snippets(self) -> list[Snippet]:
        return sorted(self.kept.values(), key=lambda one: one.name.lower())

    def save_snippet(self, snippet: Snippet) -> None:
        self.kept[snippet.id] = snippet

    def delete_snippet(self, snippet_id: str) -> None:
        self.kept.pop(snippet_id, None)

    def own_actions(self) -> list[OwnAction]:
        return list(self.actions.values())

    def save_own_action(self, action: OwnAction) -> None:
        self.actions[action.id] = action

    def delete_own_action(self, action_id: str) -> None:
        self.actions.pop(action_id, None)

    def count(self, day: date, counts: dict[str, int], keep_from: date) -> None:
        for name, value in counts.items():
            self.days[day, name] += value

    def counts(self) -> list[tuple[date, str, int]]:
        return [(day, name, value) for (day, name), value in sorted(self.days.items())]

    def edits(self, limit: int = 500) -> list[Edit]:
        return [Edit(f"e{n}", "", "", at=NOW - timedelta(days=20 - 7 * n)) for n in (1, 2)]


class ScriptedTraining:
    """Does as it is told at once; `show` tells of a state."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = ""
        self.state = TrainingState()
        self._listeners: list[Callable[[TrainingState], None]] = []

    def listen(self, listener: Callable[[TrainingState], None]) -> None:
        self._listeners.append(listener)
        listener(self.state)

    def show(self, state: TrainingState) -> None:
        self.state = state
        for listener in self._listeners:
            listener(state)

    def start(self) -> None:
        if self.refuses:
            raise BadInput(self.refuses)
        self.asked.append("start")

    def hold(self, on: bool) -> None:
        self.asked.append("hold" if on else "go on")

    def stop(self) -> None:
        self.asked.append("stop")

    def remove(self) -> None:
        self.asked.append("remove")

    def forget(self) -> None:
        self.asked.append("forget")

    def reload(self) -> None:
        pass


@dataclass
class ScriptedApp:
    library: ScriptedLibrary = field(default_factory=ScriptedLibrary)
    importing: ScriptedImporting = field(default_factory=ScriptedImporting)
    watching: ScriptedWatching = field(default_factory=ScriptedWatching)
    completing: ScriptedCompleting = field(default_factory=ScriptedCompleting)
    learning: ScriptedLearning = field(default_factory=ScriptedLearning)
    personal: ScriptedPersonal = field(default_factory=ScriptedPersonal)
    training: ScriptedTraining = field(default_factory=ScriptedTraining)
    models: ScriptedModels = field(default_factory=ScriptedModels)
    downloads: ScriptedDownloads = field(default_factory=ScriptedDownloads)
    privacy: ScriptedPrivacy = field(default_factory=ScriptedPrivacy)
    status: Status = field(default_factory=Status)
    settings: Settings = field(default_factory=lambda: Settings(Shelf()))
    troubles: list[str] = field(default_factory=list)
    closed: bool = False
    drawer: Any = field(default_factory=Drawer)

    def __post_init__(self) -> None:
        learning: Any = self.learning
        self.tallying = Tallying(self.drawer, learning)
        engine: Any = SimpleNamespace(info=lambda: None)
        self.own_actions = OwnActions(self.drawer, engine)
        habits: Any = SimpleNamespace(habits=Habits(), name="Robin")
        self.snippets = Snippets(self.drawer, habits)
        self.drafting = ScriptedDrafting(self.library)
        self.status.announce(StatusEvent("engine", "ready"))
        self.status.announce(StatusEvent("history", "counted", "", 1204, 6))

    def close(self) -> None:
        self.closed = True
