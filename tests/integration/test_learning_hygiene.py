"""What is never learned from, and what never shapes a text: secrets, other people's words, the machine's own, names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers.scripted_engine import ScriptedEngine
from helpers.vaults import KEY, a_document
from ownhand import paths
from ownhand.adapters.spelling import English as EnglishWords
from ownhand.adapters.spelling import Speller
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain import english
from ownhand.domain.draft import first_name_of
from ownhand.domain.facts import Facts
from ownhand.domain.ports import Engine
from ownhand.domain.preference import Edit
from ownhand.domain.suggestion import Suggestion, SuggestionRequest, Why
from ownhand.services.drafting import Drafting
from ownhand.services.examples import Examples
from ownhand.services.learning import Learning
from ownhand.services.personal import Personal
from ownhand.services.retrieval import Retrieval
from ownhand.services.status import Status
from ownhand.services.training import Training
from ownhand.settings import Settings

ENGLISH = english.parse((paths.resources_dir() / "english.tsv").read_text("utf-8"))
SECRET = "hunterzwei"
NAMES = (
    "Dana Li", "Mehmet Yilmaz", "Chukwudi Okafor", "Siobhan Byrne", "Maria Lopez", "John Smith", "Aaliyah Khan",
    "Hans Huber", "Xiu Wang", "Olga Petrova",
)  # fmt: skip


class Hand:
    """One person's services over a vault of their own, with an engine to draft by."""

    def __init__(self, folder: Path, engine: Engine, texts: Sequence[str] = ()) -> None:
        self.vault = SqlVault.open(folder, KEY, "this test")
        if texts:
            source = self.vault.add_source("/mail/Sent", "mailbox")
            self.vault.add_documents(source.id, [a_document(text, f"Note {i}") for i, text in enumerate(texts)])
        self.learning = Learning(self.vault, None, settings := Settings(self.vault), ENGLISH)
        self.remembered: list[str] = []
        examples = Examples(self.vault, Retrieval(self.vault, None), self.learning, engine)
        self.personal = Personal(self.vault, self, None, examples, self.learning, settings, Status(), "own")
        self.drafting = Drafting(engine, self.personal, self.learning, Speller(), EnglishWords())
        self.personal.tell_workers(self.personal.read(), index=False)

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        self.remembered += texts

    def expect(self, memory: str, *_: object) -> None:
        """What the model expects of words that are known anyway."""

    def forget(self, memory: str) -> None:
        self.remembered.clear()

    def everything_learned(self, *, rules: bool = True) -> str:
        counts = self.learning._profile.of()
        stated = [f"{item.value} {item.subject}" for item in self.learning.noticed()] if rules else []
        said = self.personal.memory.complete("the key is ")
        return "\n".join(
            [
                *self.remembered,
                *stated,
                *(key for counter in counts.parts().values() for key in counter),
                *self.personal.small_words.one,
                *(said.steps if said else ()),
            ]
        )

    def close(self) -> None:
        self.personal.close()
        self.vault.close()


def quiet(_: str) -> str:
    return "All is well."


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[list[Hand]]:
    made: list[Hand] = []
    yield made
    for hand in made:
        hand.close()


def letters(*sentences: str) -> list[str]:
    return [f"Hi Lee,\n\nNumber {i} is here. {said}\n\nCheers,\nRobin" for i, said in enumerate(sentences)]


def test_a_password_is_learned_by_no_part(tmp_path: Path, hands: list[Hand]) -> None:
    texts = letters(*[f"The boat is warm. My password is: {SECRET}"] * 8)
    hands.append(hand := Hand(tmp_path / "v", ScriptedEngine(quiet), texts))
    for number in range(3):
        kept = f"Hi Lee,\n\nThe kiln {number} is warm. My password is: {SECRET}\n\nCheers"
        hand.learning.observe(Edit(f"e{number}", f"Hi Lee,\n\nThe kiln {number} is warm.\n\nCheers", kept))
    learned = hand.everything_learned()
    assert "boat" in learned
    assert SECRET not in learned


def test_a_suggestion_taken_as_it_was_comes_back_into_no_memory_and_no_profile(
    tmp_path: Path, hands: list[Hand]
) -> None:
    suggested = "Hi Lee,\n\nThe splendid kiln awaits you every Friday.\n\nCheers,\nRobin"
    typed = letters("The boat is warm and the kiln cold.")
    hands.append(hand := Hand(tmp_path / "v", ScriptedEngine(quiet), typed))
    taken = Suggestion("s", "draft", "", suggested, Facts(), Why(), "kiln times")
    hand.learning.record(taken, suggested, ())
    changed = Suggestion("t", "draft", "", "The wheels are splendid on every Monday.", Facts(), Why(), "wheel times")
    hand.learning.record(changed, "The wheels are quite fine on Monday.", ())
    sent = [a_document(suggested, "sent"), a_document("The wheels are quite fine on Monday.", "also sent")]
    hand.vault.add_documents(hand.vault.add_source("sent", "mailbox").id, sent)
    hand.personal.add(sent)
    for _ in range(2):  # as it is sent, and when the history is read anew
        learned = hand.everything_learned(rules=False)
        assert "boat" in learned
        assert "wheels" in learned
        assert "splendid" not in learned
        hand.personal._relearn()


def test_no_adapter_is_trained_on_what_was_taken_as_it_was(tmp_path: Path, hands: list[Hand]) -> None:
    suggested = "The splendid kiln awaits you every Friday. All of us will be there."
    hands.append(hand := Hand(tmp_path / "v", ScriptedEngine(quiet), letters("The boat is warm and the kiln cold.")))
    hand.learning.record(Suggestion("s", "draft", "", suggested, Facts(), Why()), suggested, ())
    sent = [a_document(suggested, "sent"), a_document(suggested + " But I might be late, I fear.", "more")]
    hand.vault.add_documents(hand.vault.add_source("sent", "mailbox").id, sent)
    unused: Any = None
    training = Training(hand.vault, unused, unused, unused, Status(), "own")
    texts = [document.text for document in training._documents("everyone")]
    assert len(texts) == 2
    assert "boat" in "".join(texts)
    assert "late" in "".join(texts)
    assert "splendid" not in "".join(texts)


def test_accepted_text_weighs_less_than_typed_text(tmp_path: Path, hands: list[Hand]) -> None:
    suggested = "The tide is high on Sunday. We shall see the harbour then."
    hands.append(hand := Hand(tmp_path / "v", ScriptedEngine(quiet)))
    hand.learning.record(Suggestion("s", "draft", "", suggested, Facts(), Why()), suggested, ())
    hand.personal.add([a_document(suggested + " But I might be late, I fear.")])
    words = hand.learning._profile.of().words
    assert words["late"] == 1
    assert words["tide"] == 0


def request(name: str, action: str = "draft") -> SuggestionRequest:
    return SuggestionRequest(
        action, instruction="send the plan by Friday\nkiln ready, 2 shelves left", subject="Kiln",
        recipients=(f"{name} <someone@example.org>",),
    )  # fmt: skip


def without(name: str, text: str) -> str:
    for part in (name, first_name_of(name), name.split()[-1]):
        text = text.replace(part, "NAME")
    return text


def test_names_change_nothing_but_the_name(tmp_path: Path, hands: list[Hand], builtin_model: Path) -> None:
    """Two roads to a draft: the prompt of a capable model, and the built-in one's text."""
    texts = letters(*["I have sent the report to the office, and I am at the kiln with my brother."] * 30)
    small = EngineClient(builtin_model)
    try:
        prompts, answers = set(), set()
        for number, name in enumerate(NAMES):
            capable = ScriptedEngine(lambda _: "Send the plan by Friday. The kiln is ready, 2 shelves are left.")
            hands.append(hand := Hand(tmp_path / f"c{number}", capable, texts))
            hand.drafting.run(request(name))
            prompts.add(without(name, capable.prompts[0]))
            hands.append(hand := Hand(tmp_path / f"s{number}", small, texts))
            answers.add(without(name, hand.drafting.run(request(name))[0].text))
        assert len(prompts) == 1
        assert len(answers) == 1
        assert "NAME" in answers.pop()
    finally:
        small.close()


def test_no_prompt_says_who_somebody_is(tmp_path: Path, hands: list[Hand]) -> None:
    engine = ScriptedEngine(quiet)
    texts = letters(*["As a woman of 34 and a mother from Ankara I pray at the mosque on Fridays."] * 10)
    hands.append(hand := Hand(tmp_path / "v", engine, texts))
    hand.drafting.run(request("Dana Li"))
    told = hand.learning.profile_rules("everyone")
    for trait in ("woman", "female", "mother", "34", "ankara", "turkish", "muslim", "mosque", "she ", "gender", "age "):
        assert trait not in " ".join(told).lower()
    assert [trait.key for trait in hand.learning.traits() if trait.key in {"gender", "age", "origin"}] == []


def test_two_people_get_the_same_draft_unless_their_writing_differs(
    tmp_path: Path, hands: list[Hand], builtin_model: Path
) -> None:
    engine = EngineClient(builtin_model)
    try:
        same = letters(*["I'm sure that it's fine, and I don't mind."] * 8)
        other = [text.replace("Hi Lee,", "Dear Lee,").replace("Cheers,\nRobin", "Regards") for text in same]
        drafts = []
        for folder, texts in (("a", same), ("b", same), ("c", other), ("d", ()), ("e", ())):
            hands.append(hand := Hand(tmp_path / folder, engine, texts))
            drafts.append(hand.drafting.run(request("Dana Li"))[0].text)
        assert drafts[0] == drafts[1]
        assert drafts[3] == drafts[4]
        assert drafts[0].startswith("Hi Dana,")
        assert drafts[2].startswith("Dear Dana,")
        assert drafts[2].endswith("Regards")
    finally:
        engine.close()
