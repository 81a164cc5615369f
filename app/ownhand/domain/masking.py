"""What must never be suggested: telephone, card and account numbers, and passwords.

The history keeps them, since the person may search for them; prompts and memories get the text without.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "[…]"

_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){11,18}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}(?!\w)")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:\+|00)\d{1,3}[ ()./-]{0,3}\d(?:[ ()./-]{0,2}\d){5,12}(?![\w-])"  # with the code of a country
    r"|(?<![\w.,/-])\(?0\d{1,4}\)?[ /-]{1,2}\d{2,4}(?:[ /-]?\d{2,4}){1,3}(?![\w-])"  # with that of a town
    r"|(?<![\w.,/-])\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[ .-]\d{4}(?![\w-])"  # North America
)
_AFTER_WORD = re.compile(
    r"(?i)(\b(?:tel|telephone|phone|mobile|cell|fax|telefon(?:nummer)?|handy(?:nummer)?|mobil|téléphone|tél|teléfono"
    r"|móvil|telefono|cellulare|telefone|telemóvel|telefoon)\b\.?\s*(?:is|ist|est|es|è|é)?\s*[:=]?\s*)"
    r"(\+?\d[\d ()./-]{4,18}\d)"
)
_PASSWORD = re.compile(
    r"(?i)(\b(?:password|passphrase|passcode|pass\s?word|pwd|pin(?:[ -]?code)?|passwort|kennwort|zugangscode"
    r"|mot de passe|code d'accès|contraseña|clave(?: de acceso)?|parola d'ordine|palavra-passe|senha|wachtwoord"
    r"|toegangscode)\b[^\n:=\"'“„«]{0,25}?(?:[:=]\s*[\"'“„«]?\s?|\s(?:is|ist|lautet|est|es|è|é)\s+"
    r"(?:[\"'“„«]\s?|(?=\S{0,63}[\d#$%&*+@^_~])|(?=\S{3,64}(?:\n|$)))))([^\s\"'”“»]{3,64})"
)
"""After a colon or in quotes anything is one; after "is", what no word looks like, or what ends the line."""
_DATE = re.compile(r"(?:\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{4}[ -]\d{4})$")


def mask(text: str) -> str:
    """The text with what is sensitive in it replaced by MASK.

    >>> mask("Call me on +44 20 7946 0958 before 10:30.")
    'Call me on […] before 10:30.'
    >>> mask("Order 2024-0317 of 1 250 000 pieces")
    'Order 2024-0317 of 1 250 000 pieces'
    """
    if not any(char.isdigit() for char in text) and not _PASSWORD.search(text):
        return text
    text = _PASSWORD.sub(rf"\1{MASK}", text)
    text = _IBAN.sub(lambda found: MASK if is_iban(found.group(0)) else found.group(0), text)
    text = _CARD.sub(lambda found: MASK if is_card(found.group(0)) else found.group(0), text)
    text = _AFTER_WORD.sub(rf"\1{MASK}", text)
    return _PHONE.sub(lambda found: found.group(0) if _DATE.match(found.group(0)) else MASK, text)


def unmasked(text: str) -> list[str]:
    """The stretches between what was masked, so that nothing is learned across it.

    >>> unmasked(f"Call me at {MASK} or write.")
    ['Call me at ', ' or write.']
    """
    return [piece for piece in text.split(MASK) if piece.strip()]


def is_card(number: str) -> bool:
    """Whether 12 to 19 digits have the check digit of ISO/IEC 7812 (Luhn)."""
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [
        digit if place % 2 == 0 else (2 * digit - 9 if digit > 4 else 2 * digit)
        for place, digit in enumerate(digits[::-1])
    ]
    return 12 <= len(digits) <= 19 and len(set(digits)) > 1 and sum(doubled) % 10 == 0


def is_iban(account: str) -> bool:
    """Whether an account number has the check digits of ISO 13616."""
    plain = account.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1
