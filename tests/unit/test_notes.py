"""Notes become sentences to the recipient."""

from __future__ import annotations

import pytest

from ownhand.domain.notes import as_sentence, names_of_days, notes_of, said_directly, spelled_out, without_address


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("ask if she still needs the 12 oak panels", "Do you still need the 12 oak panels?"),
        ("ask Dana whether she can come on friday", "Can you come on Friday?"),
        ("ask if he is free tomorrow", "Are you free tomorrow?"),
        ("ask if they have the key", "Do you have the key?"),
        ("ask if he has paid", "Have you paid?"),
        ("ask if the room is free at 3", "Is the room free at 3?"),
        ("ask him to bring the 12 samples", "Could you bring the 12 samples?"),
        ("ask for the invoice", "Could you send me the invoice?"),
        ("ask when the boat leaves", "Could you tell me when the boat leaves?"),
        ("thank her for the boat", "Thank you for the boat."),
        ("Thanks for the numbers", "Thank you for the numbers."),
        ("apologise for the late reply", "I apologize for the late reply."),
        ("remind Lou to lock the shed", "Please remember to lock the shed."),
        ("tell them that we moved the meeting", "We moved the meeting."),
        ("propose monday at 10 instead", "How about Monday at 10 instead?"),
        ("can't make friday, the van is broken", "I can't make Friday, the van is broken."),
        ("wondering if there is room", "I'm wondering if there is room."),
        ("attached the final draft", "I have attached the final draft."),
    ],
)
def test_what_to_say_is_said_to_the_recipient(note: str, sentence: str):
    assert said_directly(note) == sentence


def test_a_note_about_somebody_else_is_not_said_to_the_recipient():
    assert said_directly("ask Tom Gros for the contract", "Maria Lopez <m@example.org>") == ""
    assert said_directly("thank Tom for dinner", "Maria") == ""
    assert said_directly("ask Maria for the contract", "Maria Lopez") == "Could you send me the contract?"
    assert said_directly("ask her for the contract", "Maria Lopez") == "Could you send me the contract?"


@pytest.mark.parametrize("note", ["the boat is ready", "suggest that we wait", "meeting moved to Tuesday", ""])
def test_other_notes_are_left_to_the_model(note: str):
    assert said_directly(note) == ""


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("call me tomorrow", "Call me tomorrow."),
        ("? is friday ok", "Is Friday ok?"),
        ("- i'm late", "I'm late."),
        ("done!", "Done!"),
    ],
)
def test_a_note_becomes_a_sentence_in_its_own_words(note: str, sentence: str):
    assert as_sentence(note) == sentence


def test_notes_are_lines_or_the_sentences_of_one_line():
    assert notes_of("- one thing\n- another\n") == ["one thing", "another"]
    assert notes_of("Can't come Friday. Propose Monday at 10.") == ["Can't come Friday", "Propose Monday at 10"]
    assert notes_of("numbers came in. need approx. two days. call me") == [
        "numbers came in", "need approx. two days", "call me",
    ]  # fmt: skip


def test_the_recipients_name_in_front_of_a_note_is_left_to_the_greeting():
    assert without_address("Sam, boat is ready", "Sam") == "boat is ready"
    assert without_address("Samantha is ready", "Sam") == "Samantha is ready"
    assert without_address("Sam, boat is ready", "") == "Sam, boat is ready"


def test_words_that_are_also_months_keep_their_size():
    assert names_of_days("we may march on monday in july") == "we may march on Monday in July"


@pytest.mark.parametrize(
    ("note", "written_out"),
    [
        ("got the draft, thx", "got the draft, thanks"),
        ("call w/ John re deposit tmrw", "call with John about deposit tomorrow"),
        ("dont send it w/o yr name", "don't send it without your name"),
        ("will call b/c im out", "will call because I'm out"),
        ("a 3 yr plan, 2 wk in all", "a 3 yr plan, 2 wk in all"),
        ("re: the RE form at u@x.org/re", "re: the RE form at u@x.org/re"),
        ("send it asap, fyi only", "send it asap, fyi only"),
    ],
)
def test_what_is_shortened_in_notes_is_written_out(note: str, written_out: str):
    assert spelled_out(note) == written_out


def test_a_shortened_word_that_the_person_writes_in_letters_too_is_left():
    assert spelled_out("thx for the plz form", {"thx"}.__contains__) == "thx for the please form"
