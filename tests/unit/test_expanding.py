"""A sentence stands for a note where it says what the note says, and no more."""

from __future__ import annotations

import pytest

from ownhand.domain.expanding import expands, plainer


@pytest.mark.parametrize(
    ("note", "sentence", "trusted"),
    [
        ("meeting moved to Tuesday 3 pm", "Meeting has been moved to Tuesday at 3 pm.", True),
        ("meeting moved to Tuesday 3 pm", "The meeting has moved to Thursday at 3 pm.", False),
        ("meeting moved to Tuesday 3 pm", "The meeting has moved.", False),
        ("invoice not paid", "The invoice is paid.", False),
        ("call Dana about boat", "Please call Dana about the boat and the warehouse debate.", False),
        ("send report", "The will send the report.", False),
        ("call Dana about shelves", "The call Dana about shelves.", False),
        ("the kiln is repaired", "The kiln is a repaired.", False),
        ("copies were sent", "Copies were sent.", True),
    ],
)
def test_a_sentence_is_trusted_if_it_says_what_the_note_says(note: str, sentence: str, trusted: bool):
    assert expands(note, sentence) is trusted


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("call me tomorrow", "You call me tomorrow."),
        ("call Dana", "Call Dana about the call."),
        ("send report to Mike by Fri", "I'll send you the report to Mike by Fri."),
        ("send report to Mike by Fri", "Send report to Mike for me by Fri."),
        ("will call tomorrow", "I'll call it tomorrow."),
        ("spoke with Lisa about payment", "I spoke with Lisa about this payment."),
        ("meeting moved to Wed 2pm", "We're meeting moved to Wed 2pm."),
    ],
)
def test_a_sentence_that_says_more_than_the_note_or_has_somebody_else_do_it_is_refused(note: str, sentence: str):
    assert not expands(note, sentence)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("need budget from finance", "I need the budget from finance."),
        ("send report to Mike by Fri", "Send the report to Mike by Fri."),
        ("can you book the room", "Can you book the room?"),
    ],
)
def test_a_sentence_that_says_what_the_note_says_is_taken(note: str, sentence: str):
    assert expands(note, sentence)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("copy attached", "The copy is attached."),
        ("call moved to 2 pm", "The call has been moved to 2 pm."),
        ("numbers look good", "The numbers look good."),
        ("contract signed yesterday", "The contract was signed yesterday."),
        ("new target date March 14", "The new target date is March 14."),
        ("max budget 1200 euros", "The max budget is 1200 euros."),
        ("meeting Thursday at Acme office", "The meeting is on Thursday at the Acme office."),
        ("hotel Hilton Garden Inn", "The hotel is Hilton Garden Inn."),
        ("lunch Friday?", "Would you like to have lunch on Friday?"),
        ("dog allowed?", "Is the dog allowed?"),
        ("any discount possible?", "Is there any discount possible?"),
        ("gas bill too high", "The gas bill is too high."),
        ("out of office until Monday", "I'm out of office until Monday."),
        ("still waiting for refund", "We’re still waiting for the refund."),
        ("will send draft tonight", "I will send you the draft tonight."),
        ("prefer mornings", "I prefer the mornings."),
    ],
)
def test_articles_forms_of_be_and_who_speaks_may_come_back(note: str, sentence: str):
    assert expands(note, sentence)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("great to meet team", "Great to meet you, my team."),
        ("team won pitch", "My team won the pitch."),
        ("Uber from airport", "I got the Uber from the airport."),
        ("server down since 6am", "I have been a server down since 6am."),
        ("decision next week", "I have a decision next week."),
        ("room 204 Building C", "We are in room 204 Building C."),
        ("5 years experience", "I have been a 5 years experience."),
        ("can pick up Saturday", "I can pick up the Saturday."),
        ("looking for 2-bedroom flat", "I am looking for a 2-bedroom, flat."),
        ("invoice 4471 overdue", "The invoice is 4471 overdue."),
        ("UBSW Energy Global Infrastructure", "UBSW is the Energy Global Infrastructure."),
        ("sample shipped yesterday", "The sample I shipped yesterday."),
        ("take exit 14 instead", "Take the exit 14 instead."),
        ("software update tonight 10pm", "The software update tonight is 10pm."),
        ("bike still for sale?", "The bike is still for sale?"),
        ("photos in folder", "If the photos are in the folder."),
    ],
)
def test_what_more_is_claimed_is_refused(note: str, sentence: str):
    assert not expands(note, sentence)


def test_whose_it_is_may_come_back_where_the_person_always_says_so():
    assert expands("report attached", "My report is attached.", own_words=True)
    assert not expands("report attached", "My report is attached.")


@pytest.mark.parametrize(
    ("note", "sentence", "plain"),
    [
        ("tickets booked", "Your tickets have been booked.", "The tickets have been booked."),
        ("John will call", "John will call it.", "John will call."),
        ("can pick up Saturday", "I can pick up the Saturday.", "I can pick up Saturday."),
        ("my bag is lost, call it off", "My bag is lost, call it off.", "My bag is lost, call it off."),
    ],
)
def test_what_says_too_much_in_one_small_word_is_said_without_it(note: str, sentence: str, plain: str):
    assert plainer(note, sentence) == plain
    assert expands(note, plain)
