"""One function for each kind of request; `Examples.one` draws a kind and makes an example of it.

The requests are worded as the program words them most of the time, and otherwise as people do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from recipe.examples import noise, voice
from recipe.examples.bank import Point, jotted, situations
from recipe.examples.stock import Stock
from recipe.examples.swaps import Swaps
from recipe.examples.voice import Voice, letter, recipient_of
from recipe.examples.world import MONTHS, World, agreeing, capitalized, filled

IDENTITY = "You are a private writing assistant that runs on the user's device. Reply with the text only."
OTHER_IDENTITIES = (
    "You are a writing assistant.",
    "You help the user write in their own voice.",
    "You are Ownhand, a small writing assistant.",
    "You are a helpful writing assistant. Reply with the text only.",
)
Messages = list[dict[str, str]]

STOP = frozenset("the a an of to in on for and or with at by from is are how your our my we you".split())


def messages(system: str, request: str, answer: str) -> Messages:
    """A dialogue of one turn; no system message where it is ''."""
    turns = [{"role": "system", "content": system}] if system else []
    return [*turns, {"role": "user", "content": request}, {"role": "assistant", "content": answer}]


@dataclass
class Content:
    """What a letter says: notes and the sentences they stand for, in the same order, and subject lines."""

    notes: list[str]
    told: list[str]
    by_register: list[dict[str, str]]
    subject: str

    def sentences(self, register: str) -> list[str]:
        """The sentences in one register."""
        return [forms[register] for forms in self.by_register]


@dataclass
class Examples:
    """A source of dialogues and letters."""

    chance: Random
    stock: Stock
    world: World = field(init=False)
    mistakes: noise.Mistakes = field(init=False)
    swaps: Swaps = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.chance)
        self.swaps = Swaps(self.stock.every, self.chance)
        self.mistakes = noise.Mistakes(self.chance)

    # ------------------------------------------------------------------------------------------------------- material

    def identity(self) -> str:
        """A system message without anything personal."""
        draw = self.chance.random()
        return IDENTITY if draw < 0.7 else self.chance.choice(OTHER_IDENTITIES) if draw < 0.85 else ""

    def sentence(self) -> str:
        """A real sentence, some with a fact put to its end."""
        text = self.chance.choice(self.stock.personal if self.chance.random() < 0.75 else self.stock.plain)
        if self.chance.random() < 0.3 and text[-1] in ".?" and len(text.split()) < 18 and text[-2] not in ".)":
            text = text[:-1] + self.world.circumstance() + text[-1]
            text = text.replace("..", ".").replace(".?", "?")
        return self.swaps.in_text(text) if self.chance.random() < 0.25 else text

    def point(self) -> tuple[str, str, dict[str, str]]:
        """(note, told, sentence by register) from a real sentence, a deed, a state of things, a jotted note or the
        bank.
        """
        note, told, said = self._point()
        said = {register: re.sub(r"(?<=\.m)\.\.$", ".", text) for register, text in said.items()}
        return self._noted(note, told), told, said

    def _point(self) -> tuple[str, str, dict[str, str]]:
        r, world = self.chance, self.world
        draw = r.random()
        if draw < 0.38:
            text = self.sentence()
            note = noise.telegraphed(text, r)
            told = f"asking this: {text}" if text.endswith("?") else f"saying that {noise.lowered(text).rstrip('.!')}"
            return note, told, {"F": noise.expanded(text), "M": text, "C": noise.contracted(text)}
        if draw < 0.56:
            return self._deed()
        if draw < 0.68:
            return self._state()
        if draw < 0.93:
            return self.jotted_point()
        return self._said(r.choice(r.choice(situations()).points), world.slots())

    def _noted(self, note: str, told: str) -> str:
        """The note, or now and then what one tells somebody else to write: 'ask her to ...'."""
        r = self.chance
        if r.random() < 0.12:
            note = note.lower()  # names, days and months too: the sentence has their capitals
        if r.random() > 0.18:
            return note
        who = r.choice(["him", "her", "them"])
        for start, orders in (
            ("saying that ", ("say that ", f"tell {who} that ", "mention that ", f"let {who} know that ")),
            ("asking them to ", (f"ask {who} to ", f"ask {who} to ")),
            ("reminding them to ", (f"remind {who} to ",)),
            ("suggesting to ", ("suggest to ",)),
            ("offering to ", ("offer to ",)),
        ):
            if told.startswith(start):
                return r.choice(orders) + told.removeprefix(start)
        return note

    def _said(self, point: Point, values: dict[str, str]) -> tuple[str, str, dict[str, str]]:
        """A point of the bank, filled, in those of its wordings that add least to its note."""
        note = filled(point.note, values)
        note = note if point.note.startswith("{") else note[:1].lower() + note[1:]
        told = noise.lowered(filled(point.told, values))
        given = _stems(f"{note} {told}")

        def nearest(forms: list[str]) -> str:
            texts = [filled(form, values) for form in forms]
            self.chance.shuffle(texts)
            return min(texts, key=lambda text: max(2, len(_stems(text) - given)))

        return note, told, {register: nearest(forms) for register, forms in point.said.items()}

    def _deed(self) -> tuple[str, str, dict[str, str]]:
        r, deed = self.chance, self.world.deed()
        base, rest = deed.split(" ", 1)
        rows = (
            ("{d}?|could you {d}|ask if they can {d}", "asking them to {d}", "I would be grateful if you could {d}.",
             "Could you please {d}?", "Can you {d}?"),
            ("reminder: {d}|remind: {d}|don't forget to {d}", "reminding them to {d}", "Please remember to {d}.",
             "Please remember to {d}.", "Don't forget to {d}!"),
            ("want to {d}|would like to {d}", "saying that I want to {d}", "I would like to {d}.", "I'd like to {d}.",
             "I'd love to {d}."),
            ("can {d}|happy to {d}|offer to {d}", "offering to {d}", "I would be glad to {d}.",
             "I'd be happy to {d}.", "Happy to {d}."),
            ("will {d}|going to {d}|plan: {d}", "saying that we will {d}", "We will {d}.", "We're going to {d}.",
             "We'll {d}."),
            ("can't {d}|unable to {d}|cannot {d}", "saying that I can't {d}", "Unfortunately, I am unable to {d}.",
             "I'm afraid I can't {d}.", "Sorry, I can't {d}."),
            ("maybe {d}|suggest we {d}|let's {d}", "suggesting to {d}", "I would suggest that we {d}.",
             "Maybe we could {d}.", "Let's {d}."),
            ("have to {d}|need to {d}|must {d}", "saying that I have to {d}", "I have to {d}.", "I need to {d}.",
             "I've got to {d}."),
            ("please {d}|pls {d}|need you to {d}", "asking them to {d}", "Please {d}.", "Please {d}.", "Please {d}."),
        )  # fmt: skip
        because = (
            ("can't {d}, {n}|unable to {d} - {n}|cannot {d} ({n})", "saying that I can't {d} because {c}",
             "Unfortunately, I am unable to {d}, as {f}.", "I'm afraid I can't {d} because {c}.",
             "Sorry, I can't {d}, {c}."),
            ("please {d}, {n}|need you to {d}, {n}", "asking them to {d} because {c}", "Please {d}, as {f}.",
             "Could you please {d}? {C}.", "Can you {d}? {C}."),
            ("have to {d} first, {n}|{n}, so need to {d} first", "saying that I have to {d} first because {c}",
             "I have to {d} first, as {f}.", "I need to {d} first because {c}.", "I've got to {d} first, {c}."),
            ("{n}, {d} later?|{n} - can we {d} later?", "asking whether we can {d} later because {c}",
             "As {f}, may I ask whether we could {d} later?", "{C}. Could we {d} later?",
             "{C}, can we {d} later?"),
        )  # fmt: skip
        notes, told, *said = r.choice(because if r.random() < 0.25 else rows)
        plain, stiff, short = self.world.reason()
        put = {"d": f"{base} {rest}", "c": plain, "f": stiff, "n": short, "C": capitalized(plain)}
        forms = {register: text.format(**put) for register, text in zip("FMC", said, strict=True)}
        return r.choice(notes.split("|")).format(**put), told.format(**put), forms

    def _state(self) -> tuple[str, str, dict[str, str]]:
        world = self.world
        thing = world.pick(world.one("things"), world.thing())
        state = agreeing(thing, filled_lower(world.one("states"), world.slots()))
        said = f"{thing} {state}" + world.circumstance(0.3)
        formal = noise.expanded(said)
        note = noise.telegraphed(capitalized(said) + ".", self.chance)
        return (
            note,
            f"saying that {said}",
            {
                "F": capitalized(formal) + ".",
                "M": world.pick(capitalized(said) + ".", f"I wanted to let you know that {said}."),
                "C": capitalized(said) + ".",
            },
        )

    def jotted_point(self) -> tuple[str, str, dict[str, str]]:
        """A note as people jot it, in one of several ways, and what it says."""
        r, world = self.chance, self.world
        row = r.choice(jotted())
        thing = self.swaps.noun() if r.random() < 0.5 else world.pick(world.document(), world.project())
        values = {
            **world.slots(),
            "t": thing,
            "T": f"the {thing}",
            "dur": r.choice([f"{world.count()} {r.choice(['days', 'weeks', 'hours'])}", "a day", "a week", "a month"]),
            "grp": world.pick(*_WAITED_FOR, world.first_name(), world.organisation(), f"the {self.swaps.noun()}"),
            "md": f"{r.choice(MONTHS)} {r.randint(1, 31)}",
            "own": world.pick(*_OWNED, self.swaps.noun()),
            "goods": world.pick(*_GOODS),
            "adj": world.pick(*_STATES),
            "phone": f"{r.randint(200, 999)}-{r.randint(1000, 9999)}",
            "room": str(r.randint(1, 600)),
            "pct": str(r.randint(2, 80)),
            "job": _with_article(world.one("jobs")),
        }
        pattern = r.choice(row.notes)
        note = filled(pattern, values)
        if not pattern.startswith(("{who", "{day", "{grp", "{name", "{city")):
            note = note[:1].lower() + note[1:]
        said = {register: filled(form, values) for register, form in row.said.items()}
        return note, filled(row.told, values)[:1].lower() + filled(row.told, values)[1:], said

    def content(self, points: int | None = None, situated: float = 0.15) -> Content:
        """What one letter says: all of one situation, for this share of letters, or points of several."""
        r = self.chance
        wanted = points or r.choices([1, 2, 3, 4, 5, 6], [0.16, 0.28, 0.26, 0.16, 0.09, 0.05])[0]
        if r.random() < situated:
            situation, values = r.choice(situations()), self.world.slots()
            made = [self._said(point, values) for point in situation.points[:wanted]]
            subject = filled(r.choice(situation.subjects), values)
        else:
            made = [self.point() for _ in range(wanted)]
            subject = self._subject_from(made[0][2]["M"])
        return Content([m[0] for m in made], [m[1] for m in made], [m[2] for m in made], subject)

    def _subject_from(self, sentence: str) -> str:
        """A subject line of the first sentence's own words."""
        core = re.sub(
            r"^(?:I wanted to let you know that|Could you please|Can you|Please remember to|I'm afraid I can't|"
            r"I'd like to|I'd be happy to|We're going to|Maybe we could|I need to|"
            r"Please|I think|I am|I'm|We are|We)\s+",
            "",
            sentence,
        ).rstrip(".!?")
        cut = re.split(r"[,;:(]|\s(?:because|so that|which|but|who|and)\s", core)[0]
        core = cut if len(cut.split()) > 2 else core
        return capitalized(" ".join(core.split()[: self.chance.randint(5, 8)]))

    # --------------------------------------------------------------------------------------------------------- system

    def sample_letter(self, author: Voice, length: int | None = None) -> str:
        """Something the author wrote."""
        said = self.content(length).sentences(author.register)
        return letter(said, author, recipient_of(self.world, author.register), self.chance)

    def system(self, author: Voice, text: str, extra_rules: Sequence[str] = ()) -> str:
        """The program's system message for an author: profile, examples, rules, any of them; always enough to tell
        the greeting and the sign-off.
        """
        r = self.chance
        kind = r.choices(["rules", "examples", "both"], [0.42, 0.3, 0.28])[0]
        parts = [IDENTITY if r.random() < 0.85 else r.choice(OTHER_IDENTITIES)]
        told = voice.rules(author, text, self.world)
        needed = [t for t in told if re.match(r"(?:Greet|Greeting|Start with|No greeting|Leave out the g)", t)]
        needed += [t for t in told if re.match(r"(?:Sign|Always end|No sign|Do not sign)", t)]
        needed += [t for t in told if re.match(r"(?:First sentence|End the body|All lower|Add a|Write &|Use curly)", t)]
        needed += [t for t in told if re.search(r"ontractions|write words out", t, re.I)]
        needed += self._layout([t for t in told if re.search(r"bullet|paragraph", t)])
        told = [t for t in told if t in needed or not re.search(r"bullet|paragraph", t)]
        rest = [t for t in told if t not in needed]
        if kind == "rules":
            chosen = needed + rest[: r.randint(0, 4)]
        else:
            chosen = told[: r.randint(1, 6)] if kind == "both" else []
        chosen = [*chosen, *extra_rules]
        r.shuffle(chosen)
        profile: list[str] = []
        if r.random() < 0.45:
            profile = [f"You write for {author.first}{r.choice(['', ' ' + author.last])}."]
            if len(chosen) > 2 and r.random() < 0.5:
                cut = r.randint(1, len(chosen) - 1)
                profile, chosen = profile + chosen[:cut], chosen[cut:]
        if profile:
            parts.append("How I write:\n" + "\n".join(f"- {item}" for item in profile))
        if kind != "rules":
            shown = [self.sample_letter(author, r.choice([None, None, 1, 2])) for _ in range(r.choice([1, 2, 2, 3]))]
            parts.append("Examples of my writing:\n\n---\n" + "\n\n---\n".join(shown))
        if chosen:
            parts.append("Style rules:\n" + "\n".join(f"- {item}" for item in chosen))
        return "\n\n".join(parts)

    def _layout(self, told: list[str]) -> list[str]:
        """Those of the rules on paragraphs and bullets that are told: all that a layout other than one paragraph
        needs, and of the common layout any part, so that "No bullet points" also stands alone.
        """
        common = "Write the body as a single paragraph"
        if common not in told and "No bullet points" not in told:
            return told
        return [t for t in told if t not in {common, "No bullet points"} or self.chance.random() < 0.55]

    def plain_voice(self) -> Voice:
        """How the model writes when nothing is known of the author."""
        register = self.chance.choices("FMC", [0.2, 0.6, 0.2])[0]
        greeting = {"F": "Dear {n},", "M": "Hi {n},", "C": "Hey {n},"}[register]
        ending = {"F": "Best regards,", "M": "Best,", "C": "Cheers,"}[register]
        return Voice(register, "", "", greeting, ending, register != "F", 0, "one")

    # -------------------------------------------------------------------------------------------------------- requests

    def expand_one(self) -> Messages:
        """One note to one sentence: how the program drafts with a small model."""
        note, _, said = self.point()
        register = self.chance.choice("MMMFC")
        return messages(self.identity(), f"Expand these notes into full sentences:\n\n- {note}", said[register])

    def expand_many(self) -> Messages:
        content = self.content(situated=0.03)
        r = self.chance
        lead = r.choice(
            ["Expand these notes into full sentences:"] * 4
            + ["Turn these notes into a paragraph:", "Write this out in full sentences:"]
        )
        mark = r.choice(["- ", "- ", "- ", "* ", ""])
        notes = "\n".join(mark + note for note in content.notes)
        return messages(self.identity(), f"{lead}\n\n{notes}", " ".join(content.sentences(r.choice("MMF"))))

    def draft(self) -> Messages:
        """Notes to a whole letter, in the author's voice where it is known."""
        r = self.chance
        content = self.content()
        known = r.random() < 0.85
        author = voice.a_voice(self.world) if known else self.plain_voice()
        recipient = recipient_of(self.world, author.register)
        said = content.sentences(author.register)
        notes, extra = content.notes, []
        if known and r.random() < 0.15:
            changed = voice.with_word_rule(notes, said, r)
            if changed:
                notes, said, rule = changed
                extra = [rule]
        text = letter(said, author, recipient, r)
        system = self.system(author, text, extra) if known else self.identity()
        to = f" to {recipient}" if r.random() < 0.85 or recipient in {"all", "team", "everyone"} else ""
        if not to and author.greeting:
            text = text.replace(author.greeting.replace("{n}", recipient), _nameless(author.greeting), 1)
            if not author.lower and recipient in text.split("\n")[0]:
                to = f" to {recipient}"
        subject = f' with the subject "{content.subject}"' if r.random() < 0.35 else ""
        draw = r.random()
        if draw < 0.62:
            points = "\n".join(f"- {note}" for note in notes)
            request = f"Write an email{to}{subject} from these notes:\n\n{points}"
        elif draw < 0.82:
            told = (
                content.told[0] if len(content.told) == 1 else ", ".join(content.told[:-1]) + " and " + content.told[-1]
            )
            lead = r.choice(["Write an email", "Write a short email", "Please write an email", "Draft an email"])
            request = f"{lead}{to} {told}.".replace("..", ".") if notes is content.notes else ""
        else:
            points = r.choice(["\n", "; "]).join(notes)
            request = r.choice(["Turn these notes into an email{t}:\n{p}", "Notes for an email{t}:\n{p}"]).format(
                t=to, p=points
            )
        if not request:
            request = f"Write an email{to} from these notes:\n\n" + "\n".join(f"- {note}" for note in notes)
        return messages(system, request, text)

    def reply(self) -> Messages:
        r = self.chance
        author = voice.a_voice(self.world) if r.random() < 0.7 else self.plain_voice()
        known = bool(author.first)
        me = author.first or self.world.first_name()
        sender = voice.a_voice(self.world)
        name = sender.first.lower() if author.lower else sender.first
        incoming, instruction, said = self._incoming_and_answer(sender, me, author.register)
        author = replace(author, opening="")
        text = letter(said, author, name, r)
        system = self.system(author, text) if known else self.identity()
        ask = f": {instruction}" if instruction else ""
        draw = r.random()
        if draw < 0.8:
            request = f"Reply to this email{ask}.\n\n{incoming}"
        else:
            request = f"{incoming}\n\n---\nWrite a reply{ask}."
        return messages(system, request, text)

    def _incoming_and_answer(self, sender: Voice, me: str, register: str) -> tuple[str, str, list[str]]:
        r, world = self.chance, self.world
        signed = replace(sender, sign_off=sender.sign_off or f"Best,\n{sender.first}")
        if sender.first.lower() not in signed.sign_off.lower():
            signed = replace(signed, sign_off=f"Best,\n{sender.first}")
        questions = [
            ("Can you meet on {day} at {time}?", "meeting on {day} at {time}"),
            ("Would {day} at {time} suit you?", "meeting on {day} at {time}"),
            ("Could you send me {doc} by {day}?", "sending {doc} by {day}"),
            ("Are you coming to {event} on {day}?", "coming to {event} on {day}"),
            ("Can you bring {item} on {day}?", "bringing {item} on {day}"),
            ("Is {money} all right for {item2}?", "{money} for {item2}"),
            ("Could you look at {part} before {date}?", "looking at {part} before {date}"),
            ("Do you still have {item}?", "{item}"),
        ]
        values = world.slots()
        question, about = r.choice(questions)
        question, about = filled(question, values), filled_lower(about, values)
        before = [self.point()[2][sender.register] for _ in range(r.choice([0, 1, 1, 2]))]
        body = [*before, question] if r.random() < 0.7 else [question, *before]
        incoming = letter(body, signed, me, r)
        answers = {
            "yes": (
                "say yes|accept|agree|say that it works for me",
                {"F": f"Thank you for your message. I am happy to confirm {about}.", "M": f"Yes, {about} works for me.",
                 "C": f"Sure, {about} works."},
            ),
            "no": (
                "say no because {reasonc}|decline, {reasonc}|tell them I can't, {reasonc}",
                {"F": f"Unfortunately, {about} will not be possible, as {{reasonf}}.",
                 "M": f"I'm sorry, but {about} won't work because {{reasonc}}.",
                 "C": f"Sorry, {about} won't work, {{reasonc}}."},
            ),
            "instead": (
                "suggest {day2} at {time}|propose {day2} at {time} instead",
                {"F": "May I suggest {day2} at {time} instead?", "M": "Could we make it {day2} at {time} instead?",
                 "C": "How about {day2} at {time}?"},
            ),
            "later": (
                "say I will answer by {day2}|promise an answer by {day2}",
                {"F": f"I will reply about {about} by {{day2}}.", "M": f"I'll let you know about {about} by {{day2}}.",
                 "C": f"Let me check, I'll tell you about {about} by {{day2}}."},
            ),
            "thanks": (
                "thank them|say thanks for asking",
                {"F": "Thank you very much for your message.", "M": "Thanks for asking.", "C": "Thanks for asking!"},
            ),
            "who": (
                "say that {who} will handle it|refer them to {who}",
                {"F": f"{{who}} is responsible for {about} and will contact you.",
                 "M": f"I've passed your message on; {{who}} will get back to you about {about}.",
                 "C": f"{{who}} will get back to you about {about}."},
            ),
        }  # fmt: skip
        fresh = {**world.slots(), "day": values["day"]}
        kinds = r.sample(["yes", "no", "later", "who"], 1) + (["instead"] if r.random() < 0.25 else [])
        if kinds[0] == "yes" and len(kinds) > 1:
            kinds = ["yes"]
        if r.random() < 0.2:
            kinds.insert(0, "thanks")
        instruction = " and ".join(filled_lower(r.choice(answers[k][0].split("|")), fresh) for k in kinds)
        said = [filled(answers[k][1][register], fresh) for k in kinds]
        if r.random() < 0.35:
            note, told, forms = self.point()
            instruction += f", {told.replace('saying that', 'say that')}" if r.random() < 0.5 else f"; {note}"
            said.append(forms[register])
        if r.random() < 0.12 and kinds == ["yes"]:
            instruction = ""
        return incoming, instruction, said

    def in_my_voice(self) -> Messages:
        """A letter put into the author's voice, or one sentence without any author known."""
        r = self.chance
        lead = r.choice(["Put this in my voice:"] * 4 + ["Rewrite this in my style:", "Make this sound like me:"])
        if r.random() < 0.4:
            text = self.sentence()
            return messages(self.identity(), f"{lead}\n\n{text}", noise.contracted(text))
        content = self.content()
        author = voice.a_voice(self.world)
        other = replace(voice.a_voice(self.world), first=author.first, last=author.last)
        recipient = recipient_of(self.world, "M")
        author, other = replace(author, opening="", closing=""), replace(other, opening="", closing="", lower=False)
        said = content.sentences(author.register)
        source = letter(content.sentences(other.register), other, recipient, r)
        text = letter(said, author, recipient, r)
        return messages(self.system(author, text), f"{lead}\n\n{source}", text)

    def shorten(self) -> Messages:
        r = self.chance
        lead = r.choice(
            ["Make this shorter:"] * 5 + ["Shorten this:", "Say this in fewer words:", "Make it more concise."]
        )
        count = r.choice([1, 1, 1, 2, 3])
        plain = [self.sentence() for _ in range(count)]
        source = " ".join(noise.wordy(sentence, r) for sentence in plain)
        answer = " ".join(plain)
        if r.random() < 0.15:
            limit = next(x for x in (10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200) if x >= len(answer.split()))
            lead = f"Say this in at most {limit} words:"
        return messages(self.identity(), f"{lead}\n\n{source}", answer)

    def fix(self) -> Messages:
        r = self.chance
        lead = r.choice(
            ["Fix the grammar and spelling:"] * 5 + ["Fix grammar and spelling.", "Correct this:", "Proofread this:"]
        )
        right = self._written_well()
        wrong = right if r.random() < 0.15 else "\n\n".join(self.mistakes.in_text(p) for p in right.split("\n\n"))
        return messages(self.identity(), f"{lead}\n\n{wrong}", right)

    def _written_well(self) -> str:
        """Text without mistakes of every kind that a person may have to correct: mostly one sentence."""
        r = self.chance
        draw = r.random()
        if draw < 0.45:
            text = r.choice(self.stock.every)
        elif draw < 0.58:
            text = self.sentence()
        elif draw < 0.72:
            text = " ".join(r.choice(self.stock.passages)[: r.randint(2, 4)])
        elif draw < 0.86:
            return self.point()[2][r.choice("FMMC")]
        elif draw < 0.95:
            register = r.choice("FMMC")
            return " ".join(self.point()[2][register] for _ in range(r.randint(2, 4)))
        else:
            return self.sample_letter(replace(voice.a_voice(self.world), lower=False, ampersand=False))
        return self.swaps.in_text(text) if r.random() < 0.35 else text

    def tone(self) -> Messages:
        r = self.chance
        formal = r.random() < 0.5
        asks = (
            ["Make this more formal:"] * 4 + ["Rewrite this in a formal tone."]
            if formal
            else ["Make this more casual:"] * 4 + ["Rewrite this in a casual tone."]
        )
        lead = r.choice(asks)
        if r.random() < 0.55:
            if r.random() < 0.5:
                text = self.sentence()
                stiff, relaxed = noise.formal(text), noise.casual(text)
            else:
                points = [self.point()[2] for _ in range(r.choice([1, 1, 2, 3]))]
                stiff, relaxed = (" ".join(said[register] for said in points) for register in "FC")
            if r.random() < 0.4:
                stiff, relaxed = noise.framed(stiff, relaxed, r)
            source, answer = (relaxed, stiff) if formal else (stiff, relaxed)
            return messages(self.identity(), f"{lead}\n\n{source}", answer)
        content = self.content(situated=0.05)
        before, after = (
            voice.a_voice(self.world, "C" if formal else "F"),
            voice.a_voice(self.world, "F" if formal else "C"),
        )
        name = r.choice([before.first, f"{before.first} {before.last}"])
        plain: dict[str, object] = {"opening": "", "closing": "", "emoji": "", "lower": False, "paragraphs": "one"}
        before = replace(before, sign_off=f"{r.choice(voice.ENDINGS[before.register])}\n{name}", **plain)
        after = replace(after, sign_off=f"{voice.ENDINGS[after.register][0]}\n{name}", **plain)
        after = replace(after, greeting="Dear {n}," if formal else "Hey {n},")
        recipient = self.world.first_name()
        source = letter(content.sentences(before.register), before, recipient, r)
        answer = letter(content.sentences(after.register), after, recipient, r)
        return messages(self.identity(), f"{lead}\n\n{source}", answer)

    def bullets(self) -> Messages:
        said = [self.point()[2]["M"] for _ in range(self.chance.randint(2, 6))]
        answer = "\n".join(f"- {sentence.rstrip('.')}" for sentence in said)
        lead = self.chance.choice(["Turn this into bullet points:"] * 3 + ["Make this a list:"])
        return messages(self.identity(), f"{lead}\n\n{' '.join(said)}", answer)

    def subject(self) -> Messages:
        r = self.chance
        author = voice.a_voice(self.world)
        if r.random() < 0.35 and self.stock.titled:
            title, paragraph = r.choice(self.stock.titled)
            wanted = {w.lower()[:5] for w in re.findall(r"[A-Za-z]{3,}", title)} - STOP
            have = {w.lower()[:5] for w in re.findall(r"[A-Za-z]{3,}", paragraph)}
            if wanted and len(wanted & have) >= 0.7 * len(wanted):
                text = paragraph
                if r.random() < 0.6:
                    text = letter(
                        [paragraph], replace(author, paragraphs="one", lower=False), self.world.first_name(), r
                    )
                return messages(self.identity(), f"Suggest a subject line for this email:\n\n{text}", title)
        content = self.content()
        text = letter(content.sentences(author.register), author, recipient_of(self.world, author.register), r)
        lead = r.choice(
            ["Suggest a subject line for this email:"] * 4 + ["Give me a subject line.", "Write a subject line:"]
        )
        return messages(self.identity(), f"{lead}\n\n{text}", content.subject)

    def go_on(self) -> Messages:
        r = self.chance
        author = voice.a_voice(self.world)
        text = self.sample_letter(author)
        if r.random() < 0.4:
            text = " ".join(r.choice(self.stock.passages))
        ends = [found.end() for found in re.finditer(r"\s+", text)]
        if len(ends) < 6:
            return self.expand_one()
        cut = ends[r.randrange(2, len(ends) - 2)]
        return messages(self.identity(), f"Continue the draft:\n\n{text[:cut].rstrip()}", text[cut:].strip())

    def custom(self) -> Messages:
        """A free instruction whose result can be computed."""
        r, world = self.chance, self.world
        author = replace(
            voice.a_voice(world, r.choice("MMC")), opening="", closing="", emoji="", lower=False, digits=False
        )
        recipient = world.first_name()
        author = replace(author, greeting=author.greeting or "Hi {n},", sign_off=author.sign_off or author.first)
        said = self.content(r.choice([1, 2, 3])).sentences("M")
        text = letter(said, author, recipient, r)
        day, other = world.day(), world.day()
        new_name = world.first_name()
        body = letter(said, replace(author, greeting="", sign_off=""), recipient, r)
        changes: list[tuple[str, str]] = [
            ("Leave out the greeting.", letter(said, replace(author, greeting=""), recipient, r)),
            ("Leave out the sign-off.", letter(said, replace(author, sign_off=""), recipient, r)),
            ("Only the body, without greeting and sign-off.", body),
            (f"Address it to {new_name}.", letter(said, author, new_name, r)),
            ("Write it in one paragraph.", letter(said, replace(author, paragraphs="one"), recipient, r)),
            ("One sentence per paragraph.", letter(said, replace(author, paragraphs="each"), recipient, r)),
            ("Use contractions.", letter(said, replace(author, contractions=True), recipient, r)),
            ("Write out the contractions.", letter(said, replace(author, contractions=False), recipient, r)),
            ("Make it all lowercase.", text.lower()),
            ("No exclamation marks.", text.replace("!", ".") if "!" in text else text),
            ("Start with a thank you for the message.",
             letter(["Thank you for your message.", *said], author, recipient, r)),
            ("Add that I am away next week.", letter([*said, "I am away next week."], author, recipient, r)),
            (f"Sign it as {new_name}.", letter(said, replace(author, sign_off=f"Best,\n{new_name}"), recipient, r)),
        ]  # fmt: skip
        if day in text and other != day:
            changes.append((f"Change {day} to {other}.", text.replace(day, other)))
        instruction, answer = r.choice(changes)
        return messages(self.identity(), f"{instruction}\n\n{text}", answer)

    def about_itself(self) -> Messages:
        question, answer = self.chance.choice(
            [
                ("Who are you?", "I am Ownhand, a small writing assistant that runs on your own device."),
                ("What can you do?", "I can write a short email from notes, continue your draft, fix grammar, "
                 "shorten a text, make it more formal or more casual, and suggest a subject line."),
                ("Hello", "Hello! What would you like to write?"),
                ("Thanks!", "You're welcome."),
                ("What is the capital of France?", "I am a writing assistant and know little else. What would you like "
                 "to write?"),
            ]
        )  # fmt: skip
        return messages(self.identity(), question, answer)

    def one(self) -> Messages:
        """An example of some kind."""
        make = self.chance.choices(_KINDS, _WEIGHTS)[0]
        return make(self)

    # --------------------------------------------------------------------------------------------------------- letters

    def plain_letter(self) -> str:
        """A letter as a document, alone, below its subject, or below the message it answers."""
        r = self.chance
        author = voice.a_voice(self.world)
        recipient = recipient_of(self.world, author.register)
        draw = r.random()
        if draw < 0.5:
            said = self._flowing()
            text = letter(said, author, recipient, r)
            subject = self._subject_from(said[0])
        elif draw < 0.7 and self.stock.exchanges:
            question, answer = r.choice(self.stock.exchanges)
            text = letter([answer], replace(author, paragraphs="one"), recipient, r)
            subject = self._subject_from(question)
            return f"{question}\n\n---\n\nSubject: Re: {subject}\n\n{text}"
        else:
            content = self.content(r.randint(2, 6))
            text = letter(content.sentences(author.register), author, recipient, r)
            subject = content.subject
        if r.random() < 0.7:
            text = f"Subject: {subject}\n\n{text}"
        return text

    def _flowing(self) -> list[str]:
        """Sentences that belong together: a run of a real passage."""
        for _ in range(8):
            passage = self.chance.choice(self.stock.passages)
            if len(passage) > 1 and re.search(r"\b(?:I|we|you)\b", " ".join(passage)):
                return passage[: self.chance.randint(2, 8)]
        return [self.sentence()]


_WAITED_FOR = tuple(
    "legal|finance|marketing|IT|the board|the supplier|the results|your answer|the bank|the landlord|the lawyers|"
    "the printer|accounting|sales|management|the architect|the delivery|the permit|HR".split("|")
)
_OWNED = tuple(
    "car|phone|laptop|bike|heater|printer|washing machine|computer|camera|watch|oven|fridge|key|umbrella|wallet|bag|"
    "passport|ticket|scooter|headset|boiler|alarm|tooth|ankle|lamp|radio".split("|")
)
_GOODS = tuple(
    "chairs|tables|copies|tickets|badges|boxes|cables|cups|plates|pens|folders|stamps|tents|screens|keys|posters|"
    "envelopes|volunteers|drivers|rooms|laptops|blankets|bottles|bricks|labels|batteries|monitors|samples".split("|")
)
_STATES = tuple(
    "late|ready|finished|missing|overdue|cancelled|sold out|closed|open|unsigned|incomplete|full|empty|out of stock|"
    "on track|signed|paid|unpaid|booked|online|offline|in the mail|too long|too short|wrong|confirmed".split("|")
)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def filled_lower(pattern: str, values: dict[str, str]) -> str:
    """A filled pattern that begins as the pattern does."""
    text = filled(pattern, values)
    return text if pattern[:1].isupper() or pattern.startswith("{who}") else text[:1].lower() + text[1:]


def _stems(text: str) -> set[str]:
    """The longer words, cut to five letters, so that inflections agree."""
    return {word.lower()[:5] for word in re.findall(r"[A-Za-z]{4,}", text)}


def _nameless(greeting: str) -> str:
    """A greeting without a name."""
    return re.sub(r"\s*\{n\}", "", greeting).strip() if not greeting.startswith("{n}") else "Hi,"


Kind = Callable[[Examples], Messages]
TASKS: tuple[tuple[Kind, float], ...] = (
    (Examples.expand_one, 18),
    (Examples.expand_many, 8),
    (Examples.draft, 19),
    (Examples.reply, 6),
    (Examples.in_my_voice, 6),
    (Examples.shorten, 6),
    (Examples.fix, 26),
    (Examples.tone, 9),
    (Examples.bullets, 1.5),
    (Examples.subject, 5),
    (Examples.go_on, 2.5),
    (Examples.custom, 4),
    (Examples.about_itself, 0.3),
)
_KINDS: Sequence[Kind] = [task for task, _ in TASKS]
_WEIGHTS = [weight for _, weight in TASKS]
