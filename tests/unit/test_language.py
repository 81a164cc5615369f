"""The language of a text is told by its commonest words."""

from __future__ import annotations

import pytest

from ownhand.domain.language import language_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi Dana,\n\nThanks for the photos. I will fire the second kiln on Tuesday.\n\nRobin"),
        ("de", "Liebe Dana,\n\ndanke für die Fotos. Ich brenne den zweiten Ofen am Dienstag.\n\nRobin"),
        ("fr", "Bonjour Dana,\n\nMerci pour les photos. Je vais cuire le deuxième four mardi.\n\nRobin"),
        ("es", "Hola Dana:\n\nGracias por las fotos. El martes voy a encender el segundo horno.\n\nRobin"),
        ("it", "Ciao Dana,\n\ngrazie per le foto. Martedì accendo il secondo forno, come ti ho detto.\n\nRobin"),
        (
            "pt",
            "Olá Dana,\n\nObrigado pelas fotos. Vou acender o segundo forno na terça-feira, como você disse.\n\nRobin",
        ),
        ("nl", "Beste Dana,\n\nBedankt voor de foto's. Ik ga de tweede oven op dinsdag stoken.\n\nRobin"),
        ("sv", "Hej Dana,\n\nTack för bilderna. Jag ska elda den andra ugnen på tisdag.\n\nRobin"),
        ("pl", "Cześć Dana,\n\ndziękuję za zdjęcia. We wtorek wypalę to w drugim piecu, jak już się da.\n\nRobin"),
        ("ru", "Привет, Дана! Спасибо за фотографии."),
        ("uk", "Привіт, Дано! Дякую за світлини, їх дуже багато."),
        ("el", "Γεια σου Ντάνα, ευχαριστώ για τις φωτογραφίες."),
        ("ja", "田中さん、写真をありがとうございます。"),
        ("zh", "谢谢你的照片，我们星期二见。"),
        ("ko", "사진 감사합니다. 화요일에 봐요."),
    ],
)
def test_a_short_letter_is_enough(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "OK", "Robin", "1234 5678", "kiln glaze cobalt copper firing", "!!!"])
def test_too_little_is_not_guessed_at(text: str) -> None:
    assert language_of(text) == ""
