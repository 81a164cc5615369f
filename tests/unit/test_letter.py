import pytest

from ownhand.domain.letter import Known, fill, join, split, template_of

MESSAGES = [
    ("Hi Dana,\n\nThe numbers are in.\n\nThanks,\nAna", "Hi Dana,", "Thanks,\nAna", "Hi {name},"),
    ("Dana,\nThe numbers are in.\n\n-- k", "Dana,", "-- k", "{name},"),
    (
        "Dear Dr. Li:\n\nThe numbers are in.\n\nYours in coffee,\nI",
        "Dear Dr. Li:",
        "Yours in coffee,\nI",
        "Dear Dr. {last}:",
    ),
    ("Hey!\n\nThe numbers are in.\n\nxx\nM", "Hey!", "xx\nM", "Hey!"),
    ("Dana dear,\n\nThe numbers are in.\n\nLots of love,\nE.", "Dana dear,", "Lots of love,\nE.", "{name} dear,"),
    ("All,\n\nThe numbers are in.\n\nRS", "All,", "RS", "All,"),
    ("Hi Dana -\n\nThe numbers are in.\n\nThanks so much,\nAna", "Hi Dana -", "Thanks so much,\nAna", "Hi {name} -"),
    ("The numbers are in.\n\nPriya", "", "Priya", ""),
    ("hey Dana\n\nThe numbers are in.\n\nciao\nsam", "hey Dana", "ciao\nsam", "hey {name}"),
    ("Hi Dana,\n\nThe numbers are in.\n\n--\nSam", "Hi Dana,", "--\nSam", "Hi {name},"),
    ("The numbers are in.", "", "", ""),
]


@pytest.mark.parametrize(("text", "greeting", "sign_off", "template"), MESSAGES)
def test_greetings_and_sign_offs_that_people_write_are_found(
    text: str, greeting: str, sign_off: str, template: str
) -> None:
    letter = split(text, ["Dana Li <dana@example.org>"])
    assert (letter.greeting, letter.body, letter.sign_off) == (greeting, "The numbers are in.", sign_off)
    assert template_of(letter.greeting, ["Dana Li <dana@example.org>"]) == template


@pytest.mark.parametrize(
    "text",
    [
        "Please come at ten.\n\nThank you for your help.",
        "Points:\n\n- one\n- Friday",
        "The report is late.\n\nAgreed",
        "I will come.\n\nCould you bring the keys?",
    ],
)
def test_sentences_and_list_items_are_never_taken_for_an_edge(text: str) -> None:
    letter = split(text)
    assert letter.body == text
    assert not letter.greeting
    assert not letter.sign_off


def test_a_name_set_apart_from_a_list_is_no_point_of_it() -> None:
    assert split("Points:\n\n- the hall\n- the keys\n\n- Sam").sign_off == "- Sam"
    assert split("Points:\n\n- the hall\n\n- the keys\n\n- Sam").sign_off == ""


def test_known_forms_help_where_the_shape_does_not() -> None:
    text = (
        "Ahoy matey of mine who sails the seven seas\n\nThe ship is ready.\n\n"
        "fair winds and following seas to all who sail"
    )
    known = Known((text.split("\n")[0],), (text.split("\n")[-1],))
    assert split(text, (), known).body == "The ship is ready."


def test_joining_gives_the_message_again() -> None:
    for text, *_ in MESSAGES:
        once = join(split(text, ["Dana Li"]))
        assert join(split(once, ["Dana Li"])) == once


def test_templates_are_filled_with_the_first_name_and_make_sense_without_one() -> None:
    assert fill("Dear {name},", ["Li, Dana <d@example.org>"]) == "Dear Dana,"
    assert fill("Dear Dr. {last}:", ["Dana Li"]) == "Dear Dr. Li:"
    assert fill("Hi {name},", []) == "Hi there,"
    assert fill("{name},", ["x17@example.org"]) == "Hello,"
    assert fill("Dear {name},", ["a1@example.org", "b1@example.org"]) == "Dear all,"


def test_whether_somebody_is_a_mr_or_a_ms_is_never_guessed() -> None:
    assert fill("Dear Ms. {last},", ["Bob Wu <bob@example.org>"]) == "Dear Bob Wu,"
    assert fill("Dear Ms. {last},", ["Mr Wu <wu@example.org>"]) == "Dear Mr Wu,"
    assert fill("Dear Ms. {last},", ["Ana Cole"], called_so=True) == "Dear Ms. Cole,"
    assert fill("Hi {full},", ["Ms Cole"]) == "Hi Ms Cole,"


def test_a_free_line_above_the_name_is_part_of_the_sign_off() -> None:
    text = "Hi Dana,\n\nThe hall is booked.\n\nRegards,\n\nPriya"
    assert split(text).sign_off == "Regards,\n\nPriya"
    assert join(split(text)) == text
