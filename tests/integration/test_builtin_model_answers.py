"""The shipped model file loads, gives finite numbers, and answers the program's own requests by their rules."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain import guard
from ownhand.domain.inference import Generate, Lane, Sampling
from ownhand.domain.prompt import IDENTITY

Check = Callable[[str], bool]


@pytest.fixture(scope="module")
def engine(builtin_model: Path) -> Iterator[EngineClient]:
    client = EngineClient(builtin_model)
    yield client
    client.close()


def answer(engine: EngineClient, system: str, request: str, max_tokens: int = 110) -> str:
    prompt = engine.render([{"role": "system", "content": system}, {"role": "user", "content": request}])
    sampling = Sampling(0.0, 40, 0.9, 0.05, 1.05, 96, 1)  # as the program asks for suggestions
    stream = engine.generate(Generate(Lane.SUGGESTION, prompt, max_tokens=max_tokens, sampling=sampling))
    return "".join(piece.text for piece in stream).strip()


def ruled(*rules: str) -> str:
    return IDENTITY + "\n\nStyle rules:\n" + "\n".join(f"- {rule}" for rule in rules)


def shown(*letters: str) -> str:
    return IDENTITY + "\n\nExamples of my writing:\n\n---\n" + "\n\n---\n".join(letters)


# ----------------------------------------------------------------------------------------------- what can be checked


def begins(line: str) -> Check:
    return lambda text: text.split("\n")[0].strip() == line


def ends(lines: str) -> Check:
    return lambda text: text.endswith(lines)


def has(*parts: str) -> Check:
    return lambda text: all(part.lower() in text.lower() for part in parts)


def lacks(*parts: str) -> Check:
    return lambda text: not any(part.lower() in text.lower() for part in parts)


def at_most(words: int) -> Check:
    return lambda text: len(text.split()) <= words


def lower(text: str) -> bool:
    return text == text.lower()


def one_paragraph(text: str) -> bool:
    return len(text.split("\n\n")) == 3  # greeting, body, sign-off


def contracted(text: str) -> bool:
    return not re.search(r"\b(?:I am|do not|cannot|will not|we are)\b", text)


def written_out(text: str) -> bool:
    return not re.search(r"\w(?:n't|'m|'re|'ll|'ve)\b", text)


@dataclass(frozen=True)
class Case:
    request: str
    checks: tuple[Check, ...]
    system: str = IDENTITY


EXPAND = "Expand these notes into full sentences:\n\n"
FIX = "Fix the grammar and spelling:\n\n"
NOTES = "\n\n- the report is ready\n- please check page 4 by Friday"
CASES = {
    "greeting": Case("Write an email to Ana from these notes:" + NOTES, (begins("Hiya Ana,"), ends("Cheers,\nKim")),
                     ruled('Greet people with "Hiya <name>,"', 'Sign off with "Cheers,\\nKim"')),
    "odd greeting": Case("Write an email to Tom from these notes:" + NOTES, (begins("Tom --"), ends("--Jed")),
                         ruled('Greet people with "<name> --"', 'Sign off with "--Jed"')),
    "formal greeting": Case("Write an email to Mr. Lopez from these notes:" + NOTES,
                            (begins("Dear Mr. Lopez,"), ends("Yours sincerely,\nRobert Hale"), written_out),
                            ruled('Greet people with "Dear <name>,"', 'Sign off with "Yours sincerely,\\nRobert Hale"',
                                  "Do not use contractions", "Formal tone")),
    "no sign-off": Case("Write an email to Maria from these notes:" + NOTES, (begins("Hello Maria,"), lacks("regards")),
                        ruled('Greet people with "Hello <name>,"', "No sign-off")),
    "no greeting": Case("Write an email to Maria from these notes:" + NOTES, (lacks("hi maria", "dear", "hello"),),
                        ruled("No greeting", 'Sign off with "Best,\\nLena"')),
    "no exclamation": Case("Write an email to Sam from these notes:\n\n- thanks for the flowers\n- see you on Monday",
                           (lacks("!"), ends("Cheers,\nKim")),
                           ruled("No exclamation marks", 'Greet people with "Hi <name>,"',
                                 'Sign off with "Cheers,\\nKim"')),
    "lower case": Case("Write an email to Nina from these notes:\n\n- the bus leaves at noon\n- bring water",
                       (lower, ends("later,\njo")),
                       ruled("All lowercase", 'Greet people with "hey <name>,"', 'Sign off with "later,\\njo"')),
    "emoji": Case("Write an email to Ben from these notes:\n\n- the cake is ready\n- party at six", (has("🎉"),),
                  ruled("Add a 🎉 somewhere", 'Greet people with "Hey <name>!"', 'Sign off with "Love,\\nIda"')),
    "closing line": Case("Write an email to Ben from these notes:" + NOTES, (has("Let me know what you think."),),
                         ruled('End the body with "Let me know what you think."', 'Greet people with "Hi <name>,"',
                               'Sign off with "Best,\\nIda"')),
    "opening line": Case("Write an email to Ben from these notes:" + NOTES, (has("I hope all is well."),),
                         ruled('First sentence: "I hope all is well."', 'Greet people with "Hi <name>,"',
                               'Sign off with "Best,\\nIda"')),
    "bullets": Case("Write an email to Ben from these notes:\n\n- the report is ready\n- the budget is approved\n"
                    "- the meeting is on Friday", (has("\n- "),),
                    ruled("Use bullet points", 'Greet people with "Hi <name>,"', 'Sign off with "Best,\\nIda"')),
    "one paragraph": Case("Write an email to Ben from these notes:" + NOTES, (one_paragraph,),
                          ruled("Write the body as a single paragraph", 'Greet people with "Hi <name>,"',
                                'Sign off with "Best,\\nIda"')),
    "word limit": Case("Write an email to Ben from these notes:" + NOTES, (at_most(30),),
                       ruled("Keep it under 30 words", 'Greet people with "Hi <name>,"',
                             'Sign off with "Best,\\nIda"')),
    "banned words": Case("Write an email to Ben from these notes:\n\n- the report is ready\n"
                         "- can you check it by Friday?",
                         (lacks("please", "just wanted"),),
                         ruled("Do not write please", 'Do not write "just wanted to"', 'Greet people with "Hi <name>,"',
                               'Sign off with "Best,\\nIda"')),
    "one example": Case("Write an email to Ana from these notes:" + NOTES, (begins("Hey Ana -"), ends("--Jed")),
                        shown("Hey Tom -\n\nthe slides are in the folder. Can you look before Thursday?\n\n--Jed")),
    "two examples": Case("Write an email to Omar from these notes:" + NOTES,
                         (begins("Good morning Omar,"), ends("Warm regards,\nElena Novak")),
                         shown("Good morning Raj,\n\nThe keys are at the front desk.\n\nWarm regards,\nElena Novak",
                               "Good morning Lucia,\n\nThank you for the tickets. I will be there at eight.\n\n"
                               "Warm regards,\nElena Novak")),
    "three examples": Case("Write an email to Ravi from these notes:" + NOTES, (begins("Ravi,"), ends("J.")),
                           shown("Kate,\n\nThe lease is signed.\n\nJ.", "Peter,\n\nI'm late. Start without me.\n\nJ.",
                                 "Ines,\n\nCan you send me the map?\n\nJ.")),
    "number": Case(EXPAND + "- invoice 4411 still open", (has("4411", "invoice"),)),
    "date": Case(EXPAND + "- will send the contract by March 14", (has("March 14", "contract"),)),
    "money": Case(EXPAND + "- paid $350 for the bike", (has("$350", "bike"),)),
    "name": Case(EXPAND + "- need to call Priya by Monday", (has("Priya", "Monday"),)),
    "several notes": Case(EXPAND + "- new office opens May 3\n- Tom has the keys",
                          (has("May 3", "Tom", "keys"),)),
    "participle": Case(FIX + "They have wrote to us twice.", (has("have written to us twice"),)),
    "plural": Case(FIX + "The cats is sleeping on the sofa.", (has("cats are sleeping"),)),
    "verb": Case(FIX + "He have two sisters.", (has("He has two sisters"),)),
    "apostrophe": Case(FIX + "I dont know if their coming.", (has("don't know"),)),
    "subject": Case("Suggest a subject line for this email:\n\nHi Laura,\n\n"
                    "The invoice for the chairs is missing.\n\nPaul",
                    (has("invoice"), at_most(9))),
    "reply": Case("Reply to this email: say yes.\n\nHi Kim,\n\nCan you meet on Friday at 3 pm?\n\nBest,\nJonas",
                  (begins("Hi Jonas,"), has("Friday"))),
    "shorter": Case("Make this shorter:\n\nI just wanted to let you know that the train was late due to the "
                    "fact that it snowed.", (has("train", "snowed"), at_most(17))),
    "casual": Case("Make this more casual:\n\nI am not able to come to the office on Monday.",
                   (has("office", "Monday"), contracted)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_request_is_answered_by_its_rules(engine: EngineClient, name: str) -> None:
    case = CASES[name]
    text = answer(engine, case.system, case.request)
    assert len(text.split()) >= 2
    assert not guard.loops(text), text
    failed = [index for index, check in enumerate(case.checks) if not check(text)]
    assert not failed, f"check {failed} of: {text}"


def test_every_number_it_gives_is_finite(engine: EngineClient) -> None:
    texts = ["Thanks for the report.", "It snowed.", "x" * 200, "🙂 naïve — “quoted”", "1234567"]
    assert all(math.isfinite(engine.score("Hi Ana,\n\n", text, "", 0.0)) for text in texts)


def test_a_chat_turn_ends_and_leaves_no_mark(engine: EngineClient) -> None:
    text = answer(engine, IDENTITY, EXPAND + "- the bus is late")
    assert "<|" not in text
    assert len(text.split()) < 20


def test_the_middle_fits_what_follows(engine: EngineClient) -> None:
    stream = engine.generate(
        Generate(
            Lane.COMPLETION,
            text="Hi Ben,\n\nThank you for the invitation to the",
            suffix=" on Friday. I will be there at six.\n\nBest,\nNina",
            max_tokens=12,
        )
    )
    assert "".join(piece.text for piece in stream).strip()
