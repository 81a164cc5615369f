"""What may be shown after the caret, and what becomes of it."""

from __future__ import annotations

import pytest

from ownhand.domain.completion import (
    CALIBRATION,
    Candidate,
    CompletionContext,
    Debounce,
    Gate,
    Suppressed,
    admit,
    choose,
    probability_of,
    start,
    worth_adding,
)

GATE = Gate()
HERE = CompletionContext("Hi Dana,\n\nThanks for ")


def test_words_are_added_while_they_are_sure():
    candidate = Candidate((" your", " help", " with", " giraffes", "."), (0.9, 0.899, 0.8985, 0.01, 0.01))
    text, probability = choose(candidate, GATE)
    assert text == " your help with "
    assert 0.6 < probability < 0.95


def test_a_further_word_is_not_worth_the_first_one_unless_it_is_nearly_certain():
    assert choose(Candidate((" your", " help", " with"), (0.9, 0.72, 0.2)), GATE)[0] == " your "
    assert worth_adding(0.9, 6)
    assert not worth_adding(0.75, 6)
    assert worth_adding(0.5, 2)


def test_the_longer_the_text_the_surer_must_be_what_is_added():
    sure_enough = [min(p for p in range(101) if worth_adding(p / 100, length)) for length in (2, 5, 9, 20)]
    assert sure_enough == sorted(set(sure_enough))


def test_the_last_word_counts_where_it_is_known_to_end():
    steps, sure = (" your", " help"), (0.99, 0.989)
    assert choose(Candidate(steps, sure), GATE)[0] == " your "
    assert choose(Candidate(steps, sure, whole=True), GATE)[0] == " your help"
    assert choose(Candidate((*steps, " "), (*sure, 0.989), whole=True), GATE)[0] == " your help "


def test_a_further_word_that_was_chosen_for_what_it_saves_is_believed_less():
    calibrated = CALIBRATION["model"]
    assert calibrated(0.8, first=True) == pytest.approx(0.8, abs=0.05)
    assert calibrated(0.8, first=False) < calibrated(0.8, first=True)


def test_a_word_is_never_cut_in_the_middle():
    candidate = Candidate((" won", "der", "ful", " day"), (0.99, 0.98, 0.98, 0.1))
    assert choose(candidate, GATE)[0] == " wonderful "


def test_a_candidate_ends_with_its_line():
    assert choose(Candidate((" you.", "\n\n", "Best"), (0.9, 0.9, 0.9)), GATE)[0] == " you."


def test_a_name_below_a_sign_off_is_shown_with_it():
    candidate = Candidate(("Cheers,", "\nRobin"), (0.98, 0.975), whole=True)
    assert choose(candidate, GATE)[0] == "Cheers,\nRobin"


def test_no_more_words_than_the_person_wants():
    steps = tuple(f" word{i}" for i in range(9))
    text, _ = choose(Candidate(steps, (1 - 1e-9,) * 9), Gate(max_words=3))
    assert text.split() == ["word0", "word1", "word2"]


@pytest.mark.parametrize(
    ("text", "probability", "reason"),
    [
        ("   ", 1.0, Suppressed.EMPTY),
        ("x ", 1.0, Suppressed.SHORT),
        ("the numbers", 0.02, Suppressed.UNSURE),
        ("4111 1111 1111 1111", 0.9, Suppressed.SENSITIVE),
        ("my password is swordfish", 0.9, Suppressed.SENSITIVE),
    ],
)
def test_what_is_not_shown_has_a_reason(text: str, probability: float, reason: Suppressed):
    assert admit(text, probability, HERE, GATE) is reason


def test_what_follows_the_caret_is_not_proposed_again():
    context = CompletionContext("I will send ", " the report tomorrow.")
    assert admit("the report", 0.9, context, GATE) is Suppressed.AFTER_CARET


def test_what_was_just_written_is_not_proposed_again():
    context = CompletionContext("Let me know what you think. Let me know what you think. ")
    assert admit("let me know what you think.", 0.9, context, GATE) is Suppressed.REPEATS


def test_a_likely_text_is_admitted():
    assert admit("your help with the boat", 0.6, HERE, GATE) is None


def test_typing_the_same_characters_advances_through_the_ghost():
    ghost = start("your help")
    moved = ghost.typed("yo")
    assert moved is not None
    assert moved.text == "ur help"
    assert moved.typed("x") is None


def test_typing_all_of_it_ends_the_ghost():
    assert start("ok").typed("ok") is None


def test_the_next_word_is_taken_with_the_blank_before_it():
    ghost = start(" your help, Dana")
    taken, rest = ghost.next_word()
    assert taken == " your"
    assert rest is not None
    assert rest.next_word()[0] == " help"


def test_punctuation_is_a_word_of_its_own():
    ghost = start("help, Dana").typed("help")
    assert ghost is not None
    assert ghost.next_word()[0] == ","


def test_alternatives_cycle_only_among_those_that_fit_what_was_typed():
    ghost = start("the report", ["the numbers", "your help"]).typed("the ")
    assert ghost is not None
    other = ghost.cycle(1)
    assert other.text == "numbers"
    assert other.cycle(1).text == "report"


def test_the_pause_before_asking_follows_what_the_model_costs():
    fast, slow = Debounce(), Debounce()
    for _ in range(30):
        fast, slow = fast.observed(20), slow.observed(600)
    assert fast.wait_ms() < slow.wait_ms()


def test_probabilities_of_a_chain_never_grow():
    assert probability_of([-0.1, -0.7, 0.0]) == pytest.approx((0.9048, 0.4493, 0.4493), abs=1e-3)
