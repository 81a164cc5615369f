"""A date that is put in looks like those the person writes."""

from __future__ import annotations

from datetime import date

import pytest

from ownhand.domain.dates import FORMS, DateForms

DAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("habit", "written"),
    [
        ("See you on 3 March 2024.", "25 November 2026"),
        ("See you on March 3, 2024.", "November 25, 2026"),
        ("Meeting on 3 Mar 2024", "25 Nov 2026"),
        ("by the 3rd of March", "25th November"),
        ("by March 3rd", "November 25th"),
        ("by 3 March", "25 November"),
        ("by March 3", "November 25"),
        ("by Mar 3", "Nov 25"),
        ("by 3 Mar", "25 Nov"),
        ("2024-03-03", "2026-11-25"),
        ("am 03.03.2024", "25.11.2026"),
        ("on 23/03/2024", "25/11/2026"),
        ("on 3/23/2024", "11/25/2026"),
        ("on 3/4/2024, which says nothing", "25 November 2026"),
        ("version 10.1.2024.3 of 12 marches", "25 November 2026"),
        ("no date at all", "25 November 2026"),
    ],
)
def test_the_form_is_taken_over(habit: str, written: str):
    forms = DateForms()
    forms.add(habit)
    assert forms.write(DAY) == written


def test_the_usual_form_is_the_most_frequent():
    forms = DateForms()
    for text in ("on 2024-03-04", "on March 3 and April 4"):
        forms.add(text)
    assert forms.write(DAY) == "November 25"


def test_each_form_counts_what_it_writes():
    for pattern, write in FORMS:
        assert pattern.fullmatch(write(DAY)), write(DAY)
