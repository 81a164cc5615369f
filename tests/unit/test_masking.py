"""What must never be suggested is masked; ordinary figures stay."""

from __future__ import annotations

import pytest

from ownhand.domain.masking import MASK, is_card, is_iban, mask
from ownhand.domain.ngram import Memory


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Call me on +44 20 7946 0958 before ten.", "7946"),
        ("Ring 020 7946 0958.", "7946"),
        ("My number is (415) 555-2671, any time.", "2671"),
        ("Meine Nummer: 0049 89 1234567", "1234567"),
        ("Tel. 089/123456 ab neun", "123456"),
        ("Mon téléphone est 06 12 34 56 78.", "56 78"),
        ("The card is 4111 1111 1111 1111, exp 12/27.", "4111"),
        ("Bitte auf DE89 3704 0044 0532 0130 00 überweisen.", "0532"),
        ("GB29NWBK60161331926819 is the account.", "NWBK"),
        ("The password is hunter2!", "hunter2"),
        ("The password is swordfish.\nBye", "swordfish"),
        ("Passwort: geheim", "geheim"),
        ("Le mot de passe est « secret99 ».", "secret99"),
        ("la contraseña es abc123", "abc123"),
        ("Het wachtwoord is welkom01.", "welkom01"),
        ("PIN code: 4711", "4711"),
    ],
)
def test_what_is_sensitive_is_masked(text: str, secret: str) -> None:
    masked = mask(text)
    assert secret in text
    assert secret not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        "We meet at 10:30 on 04/03/2024 in room 2.114.",
        "Order 2024-0317 of 1 250 000 pieces, or 1,250,000.",
        "ISBN 978-3-16-148410-0, version 3.11.7, 192.168.100.200",
        "The password is required for all of us.",
        "2024-03-04 10:15:00, from 1984 to 2023",
        "Invoice 100200300400 over 12.500,00 EUR",
        "Reset your password, please.",
        "pages 100 200 and 300",
    ],
)
def test_ordinary_figures_stay(text: str) -> None:
    assert mask(text) == text


def test_check_digits_tell_cards_and_accounts_from_other_numbers() -> None:
    assert is_card("4111 1111 1111 1111")
    assert not is_card("4111 1111 1111 1112")
    assert not is_card("0000 0000 0000 0000")
    assert is_iban("NL91 ABNA 0417 1643 00")
    assert not is_iban("NL91 ABNA 0417 1643 01")


def test_the_memory_never_proposes_a_mask_or_what_was_under_it() -> None:
    memory = Memory()
    for _ in range(5):
        memory.add(mask("You can reach me on +44 20 7946 0958 any time."))
    found = memory.complete("You can reach me on ")
    said = " ".join(found.steps) if found is not None else ""
    assert not {"7946", MASK, "any"} & set(said.split())
    assert memory.complete("You can reach ") is not None
