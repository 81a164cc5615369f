"""The personal memory."""

from __future__ import annotations

import threading

from ownhand.domain.completion import Gate, choose
from ownhand.domain.ngram import Memory

TEXTS = [
    "Hi Dana,\n\nThanks for the numbers. I'll go through them tonight.\n\nCheers,\nRobin",
    "Hi Lou,\n\nThanks for the numbers. I'll go through them tomorrow.\n\nCheers,\nRobin",
    "Hi Dana,\n\nThanks for the boat. I'll bring it back on Sunday.\n\nCheers,\nRobin",
]


def memory_of(texts: list[str]) -> Memory:
    memory = Memory()
    memory.add_all(texts)
    return memory


def shown(memory: Memory, prefix: str) -> str:
    candidate = memory.complete(prefix)
    return choose(candidate, Gate())[0] if candidate else ""


def test_it_goes_on_as_the_person_went_on_before():
    assert shown(memory_of(TEXTS), "Hi Sam,\n\nThanks for the ").startswith("numbers.")


def test_a_begun_word_is_completed():
    assert shown(memory_of(TEXTS), "I'll go thr").startswith("ough ")


def test_an_empty_memory_proposes_nothing():
    assert Memory().complete("Thanks for ") is None


def test_what_is_forgotten_is_proposed_no_more():
    memory = memory_of(TEXTS)
    for text in TEXTS:
        memory.add(text, -1)
    assert memory.complete("Thanks for the ") is None
    assert memory.size == 0


def test_numbers_to_keep_private_are_not_learned():
    memory = memory_of(["The card is 4111111111111111 as you know.", "The card is 4111111111111111 as before."])
    candidate = memory.complete("The card is ")
    assert candidate is None or "4111" not in "".join(candidate.steps)


def test_a_name_given_by_the_draft_completes_from_its_first_letters():
    memory = memory_of(TEXTS)
    memory.know("Wilhelmina")
    assert shown(memory, "Please ask Wilh").startswith("elmina")


def test_probabilities_over_the_vocabulary_do_not_exceed_one():
    memory = memory_of(TEXTS)
    history = ("Thanks", "for", "the")
    total = sum(memory.probability(chunk, history) for chunk in {c for t in TEXTS for c in t.split()})
    assert 0.5 < total <= 1.0


def test_it_answers_while_it_is_still_learning():
    memory = memory_of(TEXTS)
    stop = threading.Event()

    def learn() -> None:
        number = 0
        while not stop.is_set():
            memory.add(f"word{number} Thanks for the thing{number} and more")
            number += 1

    learner = threading.Thread(target=learn)
    learner.start()
    try:
        for _ in range(300):
            memory.complete("Thanks for the ")
    finally:
        stop.set()
        learner.join()
