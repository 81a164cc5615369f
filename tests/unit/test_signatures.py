"""What stands under message after message is a signature; the closing and the name stay."""

from __future__ import annotations

from ownhand.domain import cleaning
from ownhand.domain.signatures import Signatures

NAME = "Robin Vale"


def letters(ending: str, count: int) -> list[str]:
    return [f"Hi Dana,\n\nThis is letter number {n}, about the kiln.\n\n{ending}" for n in range(count)]


def test_a_motto_below_the_name_is_taken_off_once_it_repeats() -> None:
    signatures = Signatures()
    texts = letters("Cheers,\nRobin\n\nHarbour Lane Studio\nTiles that outlive you", 5)
    for text in texts:
        signatures.add(text, NAME)
    kept, signature = signatures.split(texts[0], NAME)
    assert kept == "Hi Dana,\n\nThis is letter number 0, about the kiln.\n\nCheers,\nRobin"
    assert signature == "Harbour Lane Studio\nTiles that outlive you"


def test_the_closing_and_the_name_are_style_and_stay() -> None:
    signatures = Signatures()
    for ending in ("Cheers,\nRobin", "Best wishes\nRobin Vale", "R."):
        texts = letters(ending, 8)
        for text in texts:
            signatures.add(text, NAME)
        assert signatures.split(texts[0], NAME) == (texts[0], "")


def test_what_stands_there_once_or_twice_is_text() -> None:
    signatures = Signatures()
    texts = letters("Cheers,\nRobin\n\nP.S. The cat is well.", 2) + letters("Cheers,\nRobin", 30)
    for text in texts:
        signatures.add(text, NAME)
    assert signatures.split(texts[0], NAME) == (texts[0], "")


def test_a_signature_that_is_known_from_before_is_taken_off_at_once() -> None:
    signatures = Signatures([("Harbour Lane Studio", 12)])
    text = letters("Cheers,\nRobin\n\nHarbour Lane Studio", 1)[0]
    assert signatures.split(text, NAME)[1] == "Harbour Lane Studio"


def test_a_message_is_never_all_signature() -> None:
    signatures = Signatures()
    for _ in range(9):
        signatures.add("Harbour Lane Studio\nTiles", NAME)
    assert signatures.split("Harbour Lane Studio\nTiles", NAME)[0]


def test_marked_signatures_are_kept_beside_the_text() -> None:
    parts = cleaning.split(
        "Hi Dana,\n\nit works.\n\nRobin\n\n-- \nRobin Vale\nHarbour Lane Studio\n+44 20 7946 0958", NAME
    )
    assert parts.own == "Hi Dana,\n\nit works.\n\nRobin"
    assert parts.signature == "Robin Vale\nHarbour Lane Studio\n+44 20 7946 0958"
    parts = cleaning.split("Hi Dana,\n\nit works.\n\nCheers,\nRobin\nHarbour Lane Studio, Tel. +44 20 7946 0958", NAME)
    assert parts.own == "Hi Dana,\n\nit works.\n\nCheers,\nRobin"
    assert parts.signature == "Harbour Lane Studio, Tel. +44 20 7946 0958"
