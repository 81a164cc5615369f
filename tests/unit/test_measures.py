"""Whose style, how different, how sure."""

from __future__ import annotations

import pytest

from ownhand.domain.measures import Attribution, brief_of, content_kept, degree, distance, interval

SHORT = ["Hi Dana,\n\nI'll bring it on Sunday!\n\nCheers", "Hi Lou,\n\nThat's fine, it's done!\n\nCheers"]
LONG = [
    "Dear Dana,\n\nI would be grateful if you could send it; it is needed.\n\nKind regards",
    "Dear Lou,\n\nPlease find attached the receipts; they are complete.\n\nKind regards",
]


def test_a_text_is_attributed_to_the_writer_of_its_style():
    found = Attribution.trained({"short": SHORT, "long": LONG})
    assert found.writer("Hi Sam,\n\nThat's great, I'll be there!\n\nCheers") == "short"
    assert found.writer("Dear Sam,\n\nI would be pleased to discuss it; it is urgent.\n\nKind regards") == "long"


def test_who_is_greeted_does_not_decide():
    found = Attribution.trained({"short": SHORT, "long": LONG})
    one, other = (found.distances(f"Hi {name},\n\nI'll do it!\n\nCheers") for name in ("Dana", "Wilhelmina"))
    assert one == pytest.approx(other)


def test_an_interval_holds_the_mean_and_narrows_with_more_values():
    few, many = [0.1, 0.5, 0.9], [0.1, 0.5, 0.9] * 20
    (low, high), (narrow_low, narrow_high) = interval(few), interval(many)
    assert low < 0.5 < high
    assert narrow_high - narrow_low < high - low
    assert interval([0.3]) == (0.3, 0.3)
    assert interval(few) == interval(few)


def test_the_same_text_for_everybody_has_no_degree_of_personalization():
    wanted = {"a": ["Hi Sam, it is done."], "b": ["Dear Sam, the work is now complete."]}
    neutral = ["Hello Sam, it has been finished."]
    perfect = degree(wanted, wanted, neutral)
    same = degree(wanted, {"a": neutral, "b": neutral}, neutral)
    assert perfect.egises == pytest.approx(0)
    assert perfect.perseval == pytest.approx(1)
    assert same.egises > 0.9
    assert same.perseval < 0.2


def test_differing_at_random_is_not_rewarded():
    wanted = {"a": ["Hi Sam, it is done."], "b": ["Dear Sam, the work is now complete."]}
    written = {"a": ["Blue boats sail far away."], "b": ["Every green door stays shut at night."]}
    assert degree(wanted, written, ["Hello Sam, it has been finished."]).perseval < 0.2


def test_distance_is_in_words_and_marks():
    assert distance("a b c", "a b c") == 0
    assert distance("a b c d", "a b c e") == pytest.approx(0.25)


def test_content_is_kept_in_other_forms_of_its_words():
    assert content_kept("paying harbour fees", "I paid the harbour fees.") == pytest.approx(2 / 3)
    assert content_kept("the fees", "The fees are paid.") == 1


def test_a_brief_has_the_telling_words_of_each_sentence():
    assert brief_of("I've paid the harbour fees. The receipt is in the shared folder.") == (
        "paid harbour fees",
        "receipt shared folder",
    )
