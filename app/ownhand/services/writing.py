"""How an action's text is written with the model at hand.

A capable model writes the whole and is checked afterwards.  A small one writes sentence by sentence, each
checked against its note or source sentence by `guard`; where the check fails, the person's own words stand.
Which way is taken follows from the number of parameters alone.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ownhand.domain import applying, expanding, facts, guard, letter, notes, stock
from ownhand.domain.actions import Action
from ownhand.domain.corpus import ReplyContext
from ownhand.domain.draft import first_name_of
from ownhand.domain.headline import headline, is_only_a_beginning
from ownhand.domain.inference import Generate, Lane, Sampling
from ownhand.domain.personalize import Contribution, Use
from ownhand.domain.phrases import AVOID, CUT
from ownhand.domain.ports import Engine, Stream
from ownhand.domain.preference import Dimension, Origin, Preference
from ownhand.domain.prompt import CHARACTERS_PER_TOKEN, Messages, assemble, tokens_in
from ownhand.domain.sureness import WhileSure
from ownhand.domain.text import sentences
from ownhand.errors import ModelError

CAPABLE_PARAMETERS = 700_000_000
"""From here on a model is trusted with a whole letter at once; measured on instruct models of 0.6B and above by
others, and on our own 100M model, which is not."""

ANSWER_TOKENS = 420


@dataclass(frozen=True, slots=True)
class Brief:
    """What to write."""

    action: Action
    text: str = field(repr=False)
    """Notes, or the text to rework."""
    instruction: str = field(repr=False)
    subject: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    reply_to: ReplyContext | None = field(repr=False)
    is_letter: bool = False
    frame: letter.Letter = field(default=letter.Letter("", "", ""), repr=False)
    by_rule: bool = False
    """All that was asked for is done by rule, after this."""
    rest: str | None = field(default=None, repr=False)
    """What is missing of the word that the text ends in; None where that is not known."""


def is_capable(engine: Engine) -> bool:
    """Whether the model in use is trusted with a whole text at once."""
    info = engine.info()
    return info is not None and info.parameters >= CAPABLE_PARAMETERS


class Writer:
    """Writes one variant.  `write` yields the text so far, ever longer or better; the last is the result."""

    def __init__(
        self,
        engine: Engine,
        contribution: Contribution,
        watch: Callable[[Stream], Iterator[str]],
        spell: Callable[[str], str],
        seed: int = 0,
        variant: int = 0,
        fill: Callable[[str], str] = str,
        keeps: Callable[[str], bool] = lambda _word: False,
    ) -> None:
        """`fill` puts the small words back into a note, as the person uses them; `keeps` says which shortened words
        stand in their letters as well.
        """
        self._fill = fill
        self._keeps = keeps
        self._engine = engine
        self._contribution = contribution
        self._watch = watch
        self._spell = spell
        self._seed = seed
        self._variant = variant
        self.prompt = ""
        self.use = Use()
        self.remarks: list[str] = []
        self.timings: dict[str, float] = {}
        info = engine.info()
        self._context = info.context if info is not None else 2048
        self._capable = is_capable(engine)
        self._chat = info is None or info.chat

    def write(self, brief: Brief) -> Iterator[str]:
        """The text so far, again and again.  Raises ModelError where the model cannot follow instructions."""
        action = brief.action
        if brief.by_rule:
            yield brief.text
            return
        if action.id == "continue":
            yield from self._continue(brief.text, brief.rest)
            return
        if not self._chat:
            raise ModelError(
                "This model only completes text. Choose one with a chat template for suggestions in Settings, Models."
            )
        if action.id == "subject":
            yield self._subject(brief)
        elif self._capable:
            yield from self._whole(brief)
        elif action.id in {"draft", "expand"}:
            yield from self._from_notes(brief)
        elif action.id == "reply":
            yield from self._reply(brief)
        elif action.id == "bullets":
            yield brief.text
        else:
            yield from self._sentence_by_sentence(brief)

    # with a capable model

    def _whole(self, brief: Brief) -> Iterator[str]:
        text = ""
        for text in self._ask(self._task(brief), ANSWER_TOKENS):
            yield text
        if brief.action.keeps_facts and brief.action.id != "custom":
            better = self._retry(brief, text)
            if better:
                text = better
                yield text
        if brief.action.id == "draft":
            missing = [note for note in notes.notes_of(brief.text) if not guard.covers(note, text, 0.5)]
            if missing:
                self.remarks.append(f"{len(missing)} notes the model left out were put in as they were written.")
                parts = letter.split(text)
                body = "\n\n".join([parts.body, " ".join(notes.as_sentence(note) for note in missing)])
                yield letter.join(letter.Letter(parts.greeting, body, parts.sign_off))

    def _retry(self, brief: Brief, first: str) -> str:
        """A second try with the facts listed, where the first one lost or made up some; '' where it is no better."""
        lost = self._facts(brief, first)
        if lost.safe and not guard.loops(first):
            return ""
        task = self._task(brief)
        if lost.dropped:
            task += "\n\nKeep these exactly: " + ", ".join(lost.dropped)
        if lost.added:
            task += "\n\nDo not mention: " + ", ".join(lost.added)
        text = self._whole_answer(task, ANSWER_TOKENS, temperature=0.3)
        found = self._facts(brief, text)
        faults, before = len(found.dropped) + len(found.added), len(lost.dropped) + len(lost.added)
        if not text or guard.loops(text) or (faults >= before and not guard.loops(first)):
            return ""
        self.remarks.append("A first try lost or made up facts; this is the second.")
        return text

    @staticmethod
    def _facts(brief: Brief, text: str) -> facts.Facts:
        """The facts of the notes or the source in an answer; what stands in the situation is not made up."""
        known = [brief.subject, brief.instruction, *brief.recipients, brief.frame.greeting, brief.frame.sign_off]
        if brief.reply_to is not None:
            known += [brief.reply_to.text, brief.reply_to.from_name]
        return facts.compare(brief.text, text, "\n".join(known))

    # with a small model

    def _from_notes(self, brief: Brief) -> Iterator[str]:
        to = first_name_of(brief.recipients[0]) if brief.recipients else ""
        given = [notes.spelled_out(notes.without_address(note, to), self._keeps) for note in notes.notes_of(brief.text)]
        written: list[str] = []
        verbatim = filled_in = 0
        for note in given:
            plain = notes.as_sentence(note)
            direct = notes.said_directly(note, brief.recipients[0] if brief.recipients else "")
            if not plain:
                continue
            if direct:
                written.append(direct)
                continue
            filled = self._filled(note)
            if filled:
                written.append(filled)
                filled_in += 1
                continue
            sentence = self._one_sentence(
                f"Expand these notes into full sentences:\n\n- {note.removeprefix('? ')}", note
            )
            candidates = (sentence, expanding.plainer(note, sentence))
            trusted = next((one for one in candidates if expanding.expands(note, one)), "")
            if trusted:
                written.append(trusted)
            else:
                written.append(plain)
                verbatim += 1
            yield letter.join(letter.Letter(brief.frame.greeting, " ".join(written), ""))
        if verbatim:
            self.remarks.append(
                f"{verbatim} of {len(given)} notes stand as you wrote them: "
                "the small model's wording of them could not be trusted."
            )
        if filled_in:
            self.use = replace(self.use, filled=filled_in)
            self.remarks.append(f"{filled_in} of {len(given)} notes got the small words that you use in such places.")
        body = " ".join(written)
        yield letter.join(letter.Letter(brief.frame.greeting, body, brief.frame.sign_off)) if brief.is_letter else body

    def _filled(self, note: str) -> str:
        """The note as a sentence with its small words, '' where none came back or it did not come out well."""
        bare = note.removeprefix("? ")
        text = self._fill(bare)
        sentence = notes.as_sentence("? " + text if bare != note else text)
        return sentence if text != bare and expanding.expands(note, sentence, own_words=True) else ""

    def _reply(self, brief: Brief) -> Iterator[str]:
        if brief.text.strip():
            yield from self._from_notes(brief)
            return
        body = letter.split(self._whole_answer(self._task(brief), 160)).body
        if not guard.answers(brief.reply_to.text if brief.reply_to is not None else "", body):
            body = _THANKS
            self.remarks.append(
                "The small model cannot tell what you would answer. Jot it down in a few words, and draft from these."
            )
        yield letter.join(letter.Letter(brief.frame.greeting, body, brief.frame.sign_off))

    def _sentence_by_sentence(self, brief: Brief) -> Iterator[str]:
        parts = letter.split(brief.text)
        lead = (
            brief.action.task.split("{text}")[0]
            if "{instruction}" not in brief.action.task
            else brief.instruction + "\n\n"
        )
        done: list[str] = []
        kept = total = 0
        for paragraph in parts.body.split("\n\n"):
            lines: list[str] = []
            for line in paragraph.split("\n"):
                marker = re.match(r"\s*(?:[-*•]|\d+[.)])\s+|", line)
                mark = marker.group(0) if marker else ""
                out: list[str] = []
                for sentence in sentences(line[len(mark) :]):
                    total += 1
                    if brief.action.id == "fix":
                        sentence = self._spell(sentence)
                    if brief.action.id in {"fix", "formal"}:  # "dont" must be "don't" to be written out in formal text
                        sentence = notes.tidied(sentence)
                    task = "custom" if brief.action.id == "custom" else brief.action.id
                    new = self._one_sentence(lead + sentence, sentence) if len(sentence.split()) > 2 else ""
                    new = stock.spelled_as(sentence, new)
                    trusted = bool(new) and guard.rewords(sentence, new, task)
                    kept += not trusted
                    out.append(new if trusted else sentence)
                    if total == 1 and parts.inline and parts.body[:1].islower() and not re.match(r"I\b", out[0]):
                        out[0] = out[0][:1].lower() + out[0][1:]  # "Hey, sorry": no sentence begins there
                lines.append(mark + " ".join(out))
            done.append("\n".join(lines))
            yield letter.join(replace(parts, body="\n\n".join(done), sign_off=""))
        if kept:
            self.remarks.append(
                f"{kept} of {total} sentences keep your wording: the small model's could not be trusted."
            )
        yield letter.join(replace(parts, body="\n\n".join(done)))

    def _one_sentence(self, task: str, source: str) -> str:
        limit = int(2.2 * tokens_in(source)) + 16
        return " ".join(self._whole_answer(task, limit, personal=False).split())

    # by any model

    def _subject(self, brief: Brief) -> str:
        body = without_courtesies(letter.split(brief.text).body or brief.text)
        line = self._whole_answer(self._task(brief), 20, stop=("\n",), personal=self._capable)
        line = line.removeprefix("Subject:").strip().strip('"“”*').rstrip(".")
        fits = guard.covers(line, body, 0.6) and not guard.loops(line) and len(guard.stems(line)) >= 1
        if line and fits and (self._capable or not is_only_a_beginning(line, body)):
            return line[:1].upper() + line[1:]
        self.remarks.append("Taken from the text itself: the model's line did not fit it.")
        return headline(body)

    def rest_of_word(self, text: str) -> str | None:
        """What is missing of the word at the end of a text, '' where nothing is; None where that cannot be told.

        Written token by token, "I am looking forw" went on to "forwarp": what cannot go on with "w" looks likely until
        its next token is computed.  The search for a word compares whole words (word_search.py), those that lack one
        letter with the others, because nobody presses a key to take them.
        """
        if not text[-1:].isalpha():
            return None
        asked = replace(self._going_on(text), lane=Lane.COMPLETION, max_tokens=8, most_words=1, taking_costs=0)
        stream = self._engine.generate(asked)
        letters = "".join(itertools.takewhile(str.isalpha, "".join(self._watch(stream))))
        return letters if stream.usage.finish == "word" else None

    def _going_on(self, text: str) -> Generate:
        likeliest = not (self._capable or self._variant)
        warmth, penalty = (0.0, 1.0) if likeliest else (0.6 + 0.1 * self._variant, 1.15)
        return Generate(
            Lane.SUGGESTION,
            text=text[-4000:],
            max_tokens=90,
            sampling=Sampling(warmth, 40, 0.9, 0.05, penalty, 128, self._seed),
            stop=("\n\n\n",),
            bias=self._contribution.bias,
            heal=True,
            memory="" if not self._contribution.memory_weight else self._memory(),
            memory_weight=self._contribution.memory_weight,
            adapters=self._contribution.adapters,
        )

    def _continue(self, text: str, rest: str | None) -> Iterator[str]:
        so_far = rest or ""
        request = self._going_on(text + so_far)
        if rest is not None:
            request = replace(request, heal=False)
        self.prompt = text[-4000:]
        self.use = replace(self.use, weighed=True)
        stream = self._engine.generate(request)
        if not self._capable:
            yield self._as_far_as_sure(stream, so_far)
            return
        for piece in self._watch(stream):
            if guard.loops(so_far + piece):
                stream.close()
                break
            so_far += piece
            yield so_far
        whole = re.match(r".*[.!?…][\"')”’]*", so_far, re.S)
        if whole and len(whole.group(0)) > 20:
            yield whole.group(0)
        elif signature := _SIGNED.search(so_far):
            yield so_far[: signature.start()]  # whoever writes signs for themselves, and with their own name

    def _as_far_as_sure(self, stream: Stream, so_far: str) -> str:
        """What a small model goes on with: words that it is sure of, to the end of a sentence if they go so far.

        Asked to go on, it always does: "I am writing to complain about the loss of your umbrella".  What it makes up is
        what it is unsure of.  Empty where it is unsure at once.
        """
        text, ends = so_far, len(so_far)
        for word in self._watch(WhileSure(stream)):
            text += word
            if reason := _REASON.search(text, len(so_far)):  # whose reason would it be?
                text = text[: reason.start()]
                stream.close()
                break
            paragraph = _PARAGRAPH.match(text)
            if re.search(r"[.!?…][\"')”’]*\Z", paragraph[1] if paragraph else text):
                ends = len(paragraph[1] if paragraph else text)
            if paragraph or guard.loops(text):  # the further it goes on by itself, the more of it is made up
                stream.close()
                break
        if ends == len(so_far):  # not to the end of a sentence: as far as something is said
            said = list(re.finditer(r"[\w'’-]+", text))
            while said and said[-1][0].lower() in _LOOSE:
                said.pop()
            if said and said[-1].end() > len(so_far) and guard.stems(text[len(so_far) : said[-1].end()]):
                ends = said[-1].end()
        return text[:ends]

    def _memory(self) -> str:
        return self._contribution.memory

    def _task(self, brief: Brief) -> str:
        to = first_name_of(brief.recipients[0]) if brief.recipients else ""
        points = "\n".join(f"- {note}" for note in notes.notes_of(brief.text)) if brief.text.strip() else ""
        instruction = brief.instruction or brief.text.strip()
        return brief.action.task.format(
            to=f" to {to}" if to else "",
            subject=f' with the subject "{brief.subject}"' if brief.subject else "",
            points=points,
            instruction=(f": {instruction}" if instruction else "") if brief.action.id == "reply" else instruction,
            text=brief.text,
            message=brief.reply_to.text.strip()[:3000] if brief.reply_to is not None else "",
        )

    def _whole_answer(
        self,
        task: str,
        max_tokens: int,
        temperature: float = 0.0,
        stop: tuple[str, ...] = (),
        *,
        personal: bool = True,
    ) -> str:
        text = ""
        for so_far in self._ask(task, max_tokens, temperature, stop, personal=personal):
            text = so_far
        return text

    def _ask(
        self,
        task: str,
        max_tokens: int,
        temperature: float = 0.0,
        stop: tuple[str, ...] = (),
        *,
        personal: bool = True,
    ) -> Iterator[str]:
        sections = self._contribution.sections if personal else ()
        messages: Messages = assemble(sections, task, self._context - min(ANSWER_TOKENS, max_tokens) - 32)
        room = int((self._context - max_tokens - tokens_in(messages.system) - 64) * CHARACTERS_PER_TOKEN)
        if len(messages.task) > room:
            messages = Messages(messages.system, messages.task[:room])
            self.remarks.append("The text was too long for this model; only its beginning was used.")
        prompt = self._engine.render(messages.as_roles())
        if personal or not self.prompt:
            self.prompt = prompt
        self.use = replace(self.use, prompted=self.use.prompted or bool(sections), weighed=self.use.weighed or personal)
        warmth = temperature if temperature or not self._variant else 0.5 + 0.1 * self._variant
        request = Generate(
            Lane.SUGGESTION,
            prompt,
            max_tokens=max_tokens,
            sampling=Sampling(warmth, 40, 0.9, 0.05, 1.05, 96, self._seed),
            stop=stop,
            bias=self._contribution.bias if personal else {},
            memory=self._memory() if personal and self._contribution.memory_weight else "",
            memory_weight=0.5 * self._contribution.memory_weight if personal else 0.0,
            adapters=self._contribution.adapters if personal else {},
        )
        started = time.perf_counter()
        first = 0.0
        so_far = ""
        for piece in self._watch(self._engine.generate(request)):
            first = first or 1000 * (time.perf_counter() - started)
            so_far += piece
            yield so_far.strip()
        self.timings["first token"] = self.timings.get("first token", first)
        self.timings["model"] = self.timings.get("model", 0.0) + 1000 * (time.perf_counter() - started)


_THANKS = "Thank you for your message."
_PARAGRAPH = re.compile(r"(\s*\S.*?)[ \t]*\n[ \t]*\n", re.S)
"""A paragraph and the empty line that ends it."""
_LOOSE = frozenset(
    "a an the of to in on at for with from by about and or that this these those is are was were be been am have has "
    "had will would can could i we you my our your his her their not very if when".split()
)
"""What nothing that goes on may end with."""
_REASON = re.compile(r",?\s(?:because|since|as|so|but|although|though|which|who)\b", re.I)
"""Where a sentence goes on to say more than what was begun."""
_SIGNED = re.compile(r"\s*\n\s*[A-Z][\w'’-]*(?: [A-Z][\w'’.-]*){0,2}\s*\Z")
"""A line with nothing but a name at the end."""


def without_courtesies(text: str) -> str:
    """A text without its set phrases, for finding what it is about."""
    rules = [
        Preference(family.key, Dimension.STOCK_PHRASE, CUT if family.lead else AVOID, family.key, origin=Origin.STATED)
        for family in stock.FAMILIES
    ]
    return applying.apply(text, rules, is_letter=False).text or text
