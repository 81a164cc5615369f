"""A subject line is short, made of the letter's own words, and says what the letter is about."""

from __future__ import annotations

import pytest

from ownhand.domain.headline import headline, is_only_a_beginning


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "I just wanted to let you know that I am unfortunately not going to be able to attend the meeting on "
            "Thursday because of a family matter. Could you please send me the minutes afterwards?",
            "Not able to attend meeting on Thursday",
        ),
        (
            "The shipment which you ordered on 3 March has been delayed due to circumstances beyond our control. It is "
            "expected to arrive within five business days.",
            "Shipment delayed",
        ),
        (
            "Could you please send me the figures for the third quarter by Friday? The board meets on Monday.",
            "Figures for third quarter by Friday",
        ),
        ("Sorry for the late reply! The oven in hall 3 broke down last week.", "Oven in hall 3 broke down last week"),
        (
            "Thanks for the notes. I just wanted to let you know that I have had the chance to read them and that I "
            "think that they are really very good! Would it perhaps be possible to talk on Thursday at 10?",
            "Talk on Thursday at 10",
        ),
        ("Thanks for sending over the contract.", "Contract"),
        ("We're moving the group meeting to 13:15 on Zoom.", "Moving group meeting to 13:15 on Zoom"),
        ("", ""),
    ],
)
def test_it_says_what_the_letter_is_about(text: str, line: str) -> None:
    assert headline(text) == line


def test_a_piece_cut_out_of_the_text_is_no_subject_line() -> None:
    text = "The shipment which you ordered is late. Was wondering whether you could tell me more."
    assert is_only_a_beginning("The shipment which you ordered", text)
    assert is_only_a_beginning("Thank you for the", text)
    assert not is_only_a_beginning("Late shipment", text)
