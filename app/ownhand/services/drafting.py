"""Suggestions: from an action on a draft to new text, streamed, checked and explained."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import replace

from ownhand.domain import actions, applying, facts, instructions, letter, stock
from ownhand.domain.abbreviations import Words
from ownhand.domain.applying import Applied
from ownhand.domain.corpus import Kind
from ownhand.domain.draft import first_name_of
from ownhand.domain.instructions import Instruction
from ownhand.domain.personalize import Contribution, Material, explain, followed_of, personalize, withheld
from ownhand.domain.phrases import AVOID, CUT
from ownhand.domain.ports import Engine, Speller
from ownhand.domain.preference import Dimension, Origin, Preference
from ownhand.domain.suggestion import (
    Failed,
    Finished,
    Stopped,
    Streaming,
    Suggestion,
    SuggestionEvent,
    SuggestionRequest,
    Why,
)
from ownhand.domain.text import words
from ownhand.errors import BadInput, Cancelled, ModelError, UserError
from ownhand.services.learning import Learning
from ownhand.services.personal import Personal
from ownhand.services.stopping import Stopping
from ownhand.services.writing import Brief, Writer, is_capable

_log = logging.getLogger(__name__)

EXAMPLES = 6
"""Passages retrieved where the model is shown any; the prompt takes as many as fit."""

PATIENCE_S = 8.0
"""How long a draft waits for the history to be read after a start or an import; without it it is nobody's style."""

FORM: dict[str, tuple[tuple[Dimension, str, str], ...]] = {
    "formal": (
        (Dimension.CONTRACTIONS, "avoid", ""),
        (Dimension.EXCLAMATION, "avoid", ""),
        (Dimension.EMOJI, "avoid", ""),
        *((Dimension.WORD_CHOICE, formal, casual) for casual, formal in stock.FORMAL.items()),
    ),
    "casual": (
        (Dimension.CONTRACTIONS, "use", ""),
        (Dimension.WORD_CHOICE, "thanks", "thank you"),
        *((Dimension.WORD_CHOICE, stock.PLAIN[word], word) for word in sorted(stock.SAFE_PLAIN)),
    ),
    "shorten": (
        (Dimension.HEDGING, "avoid", ""),
        *((Dimension.STOCK_PHRASE, CUT if family.lead else AVOID, family.key) for family in stock.FAMILIES),
        *((Dimension.WORD_CHOICE, stock.PLAIN[word], word) for word in sorted(stock.SAFE_PLAIN)),
    ),
    "bullets": ((Dimension.LISTS, "bullets", ""),),
}
"""What an action asks of the form, done by rule as well as by the model."""


class Job(Stopping):
    """A suggestion under way in its own thread; `Stopped` follows on `cancel`."""

    def __init__(self) -> None:
        super().__init__()
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Run the work in a thread of its own."""
        self._thread = threading.Thread(target=work, name="drafting", daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until its last event was delivered."""
        if self._thread is not None:
            self._thread.join(seconds)


class Drafting:
    """Runs actions.  Any number may be started; the engine takes them in order."""

    def __init__(
        self, engine: Engine, personal: Personal, learning: Learning, speller: Speller, english: Words
    ) -> None:
        """`english` tells made-up names from words where a sentence begins with them."""
        self._speller = speller
        self._english = english
        self._engine = engine
        self._personal = personal
        self._learning = learning

    def start(self, request: SuggestionRequest, deliver: Callable[[SuggestionEvent], None]) -> Job:
        """Begin and return at once; events come from another thread, the last is Finished, Failed or Stopped."""
        job = Job()

        def work() -> None:
            try:
                deliver(Finished(self.run(request, deliver, job)))
            except Cancelled:
                deliver(Stopped())
            except UserError as error:
                deliver(Failed(str(error)))

        job.begin(work)
        return job

    def run(
        self,
        request: SuggestionRequest,
        deliver: Callable[[SuggestionEvent], None] = lambda _event: None,
        job: Job | None = None,
    ) -> tuple[Suggestion, ...]:
        """All variants of a suggestion.  Raises BadInput where there is nothing to work on, ModelError where the model
        does not know how a text goes on, WorkerError, Cancelled.
        """
        job = job or Job()
        action = actions.BY_ID[request.action_id]
        self._check(action, request)
        started = time.perf_counter()
        situation = self.situation(request)
        if request.personal:
            self._personal.wait_until_known(PATIENCE_S)
        shown = is_capable(self._engine) or (action.id == "reply" and not self._source(action, request).strip())
        material = self._personal.material(
            situation,
            self._addressed(request),
            request.audience,
            personal=request.personal,
            strength=request.strength,
            examples=EXAMPLES if shown else 0,
            letter=_is_new_letter(request, action),
        )
        without = {*request.without, *self._personal.switched_off}
        material = withheld(material, without)
        contribution = personalize(material, without)
        rest = None
        if action.id == "continue":  # once for all variants: of several completions at a time all but one are ended
            rest = Writer(self._engine, contribution, job.watch, str).rest_of_word(self._source(action, request))
        gathered = 1000 * (time.perf_counter() - started)

        def write(variant: int) -> Suggestion:
            begun = time.perf_counter()
            try:
                suggestion = self._variant(
                    request, action, material, contribution, without, variant, situation, rest, deliver, job
                )
            except BaseException:
                job.cancel()  # one that fails takes the others with it
                raise
            timings = {"gather": gathered, "write": 1000 * (time.perf_counter() - begun), **suggestion.why.timings}
            return replace(suggestion, why=replace(suggestion.why, timings=timings))

        if request.variants <= 1:
            written: tuple[Suggestion, ...] = (write(0),)
        else:  # side by side: the engine computes what they ask for at the same time in one batch
            with ThreadPoolExecutor(request.variants, thread_name_prefix="variant") as threads:
                written = tuple(_distinct(_first_failure_first(threads, write, request.variants)))
        if action.id == "continue":
            written = tuple(one for one in written if one.text.strip())
        if not written:
            raise ModelError("The model does not know how this goes on. Write a few words more, or draft from notes.")
        return written

    def follows(self, preference: Preference) -> bool:
        """Whether a rule can be followed with the model in use; assumed where none is loaded yet."""
        return applying.is_by_rule(preference) or self._engine.info() is None or is_capable(self._engine)

    @staticmethod
    def situation(request: SuggestionRequest) -> str:
        """Subject and brief in one text: what similar situations are found by.

        Names are left out: measured, they make situations look alike that are not.
        """
        parts = [request.subject, request.instruction]
        if actions.BY_ID[request.action_id].scope is not actions.Scope.BRIEF or not request.instruction.strip():
            parts.append(request.source[:1500])
        if request.reply_to is not None:
            parts.append(request.reply_to.text[:600])
        return "\n".join(part for part in parts if part.strip())

    @staticmethod
    def _check(action: actions.Action, request: SuggestionRequest) -> None:
        if action.id == "reply" and (request.reply_to is None or not request.reply_to.text.strip()):
            raise BadInput("There is no message to answer. Paste it into “Replying to”, or drop an .eml file here.")
        if action.id == "draft" and not (request.instruction.strip() or request.source.strip()):
            raise BadInput("Say in a few notes what to write, one per line.")
        if action.id == "custom" and not request.instruction.strip():
            raise BadInput("Say what to do with the text.")
        if action.id not in {"draft", "reply"} and not request.source.strip():
            raise BadInput("There is no text to work on yet.")

    def _variant(
        self,
        request: SuggestionRequest,
        action: actions.Action,
        material: Material,
        contribution: Contribution,
        without: Collection[str],
        variant: int,
        situation: str,
        rest: str | None,
        deliver: Callable[[SuggestionEvent], None],
        job: Job,
    ) -> Suggestion:
        writer = Writer(
            self._engine,
            contribution,
            job.watch,
            lambda text: self._speller.correct(text, self._personal.memory.knows),
            seed=request.seed + variant,
            variant=variant,
            fill=self._personal.fill_in if material.strength > 0 and material.memory else str,
            keeps=self._personal.memory.knows if material.strength > 0 else lambda _word: False,
        )
        asked = instructions.read(request.instruction) if action.scope is actions.Scope.TEXT else Instruction()
        preferences = [*asked.rules, *self._forms(action, asked), *material.preferences]
        is_letter = _is_new_letter(request, action)
        brief = Brief(
            action,
            self._source(action, request),
            request.instruction.strip(),
            request.subject.strip(),
            request.recipients,
            request.reply_to,
            is_letter,
            self._frame(request, material) if is_letter else letter.Letter("", "", ""),
            action.id == "custom"
            and bool(asked.rules)
            and (asked.is_mechanical or not (asked.rest or is_capable(self._engine))),
            rest,
        )
        text = ""
        for text in writer.write(brief):
            deliver(Streaming(variant, text))
        applied = self._finish(text, action, request, preferences, asked)
        size = len(words(applied.text))
        if asked.most_words is not None and size > asked.most_words:
            writer.remarks.append(f"It has {size} words, more than the {asked.most_words} you asked for.")
        adds = action.scope is actions.Scope.CARET
        if adds or action.scope is actions.Scope.SUBJECT:
            applied = replace(applied, text=text)
        elif action.scope is not actions.Scope.BRIEF:
            applied = replace(applied, text=_edged_like(request.source, applied.text))
        source = letter.split(brief.text, request.recipients).body + "\n" + brief.instruction
        allowed = " ".join(
            [brief.text, request.subject, *request.recipients, material.name, *self._known_words(preferences)]
        )
        if request.reply_to is not None:
            allowed += " " + request.reply_to.text + " " + request.reply_to.from_name
        # Those that changed something first; what the action asks for is no preference of the person's.
        used = tuple(item for item in material.preferences if item.id in set(applied.used))
        return Suggestion(
            uuid.uuid4().hex,
            action.id,
            "" if adds else request.source,
            applied.text,
            facts.compare(
                source if action.keeps_facts else "",
                applied.text,
                allowed + ("" if action.keeps_facts else source),
                self._is_word,
            ),
            Why(
                contribution.passages if writer.use.prompted else (),
                followed_of(tuple(dict.fromkeys((*used, *material.preferences))), writer.use),
                tuple(rule for section in contribution.sections if section.bullets for rule in section.items)
                if writer.use.prompted
                else (),
                writer.prompt,
                writer.timings,
                tuple(writer.remarks),
                explain(material, contribution, without, writer.use),
            ),
            situation,
        )

    def _finish(
        self,
        text: str,
        action: actions.Action,
        request: SuggestionRequest,
        preferences: list[Preference],
        asked: Instruction,
    ) -> Applied:
        """The deterministic pass: over a whole letter where it is one, else over its body alone."""
        parts = letter.split(text, request.recipients)
        whole = (
            (action.id == "rewrite" or asked.is_letter)
            and request.selection is None
            and bool(parts.greeting or parts.sign_off)
        )
        if request.kind is Kind.EMAIL and (action.id in {"draft", "reply"} or whole):
            return self._learning.apply(text, preferences, self._addressed(request), is_letter=True)
        if any((rule.dimension, rule.value) == (Dimension.EXCLAMATION, "avoid") for rule in asked.rules):
            parts = replace(parts, greeting=parts.greeting.replace("!", ","), sign_off=parts.sign_off.replace("!", ","))
        applied = self._learning.apply(parts.body, preferences, request.recipients, is_letter=False)
        return replace(applied, text=letter.join(replace(parts, body=applied.text)))

    @staticmethod
    def _source(action: actions.Action, request: SuggestionRequest) -> str:
        if action.scope is not actions.Scope.BRIEF:
            return request.source
        if action.id == "reply":
            return request.instruction.strip() or request.source.strip()
        return request.instruction.strip() or request.source.strip()

    def _frame(self, request: SuggestionRequest, material: Material) -> letter.Letter:
        """Greeting and sign-off as this person would set them here; empty where nothing is known."""
        greeting = sign_off = None
        for item in material.preferences:
            if item.dimension is Dimension.GREETING and greeting is None:
                greeting = letter.fill(item.value, self._addressed(request))
            if item.dimension is Dimension.SIGN_OFF and sign_off is None:
                sign_off = item.value
        if greeting is None:
            name = first_name_of(self._addressed(request)[0]) if self._addressed(request) else ""
            opening = "Dear" if " " in name else "Hi"  # whoever is called by a title is not greeted with "Hi"
            greeting = f"{opening} {name}," if name else "Hi,"
        if sign_off is None:
            sign_off = f"Best,\n{material.name}" if material.name else "Best,"
        return letter.Letter(greeting, "", sign_off)

    @staticmethod
    def _addressed(request: SuggestionRequest) -> tuple[str, ...]:
        """Those whom the greeting names, people before mailing lists."""
        if request.recipients:
            return tuple(sorted(request.recipients, key=lambda recipient: not first_name_of(recipient)))
        return (request.reply_to.from_name,) if request.reply_to is not None and request.reply_to.from_name else ()

    @staticmethod
    def _forms(action: actions.Action, asked: Instruction) -> list[Preference]:
        """The rules of an action, or of those that an instruction names."""
        known = [action.id, *(actions.recognise(clause).id for clause in asked.rest)]
        if asked.most_words is not None:
            known.append("shorten")
        return [
            Preference(f"action:{one}:{dimension}:{subject}", dimension, value, subject, origin=Origin.STATED)
            for one in dict.fromkeys(known)
            for dimension, value, subject in FORM.get(one, ())
        ]

    def _is_word(self, word: str) -> bool:
        return self._english.frequency(word) > 0 or self._personal.memory.knows(word)

    @staticmethod
    def _known_words(preferences: list[Preference]) -> list[str]:
        return [item.value for item in preferences if item.dimension in {Dimension.GREETING, Dimension.SIGN_OFF}]


def _edged_like(source: str, text: str) -> str:
    """The text with the blanks and empty lines around it that the source has: a selection fits where it stood."""
    bare = source.strip()
    start = source.find(bare)
    return source[:start] + text.strip() + source[start + len(bare) :] if bare and text.strip() else text


def _is_new_letter(request: SuggestionRequest, action: actions.Action) -> bool:
    return request.kind is Kind.EMAIL and action.id in {"draft", "reply"}


def _first_failure_first(threads: Executor, write: Callable[[int], Suggestion], variants: int) -> list[Suggestion]:
    """All variants in order; of several failures the first is raised, for the others only follow from it."""
    futures = [threads.submit(write, variant) for variant in range(variants)]
    for future in as_completed(futures):
        future.result()
    return [future.result() for future in futures]


def _distinct(suggestions: list[Suggestion]) -> list[Suggestion]:
    seen: set[str] = set()
    kept: list[Suggestion] = []
    for suggestion in suggestions:
        words = " ".join(suggestion.text.split())
        if words not in seen:
            seen.add(words)
            kept.append(suggestion)
    return kept
