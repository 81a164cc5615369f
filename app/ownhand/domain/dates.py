"""How the person writes a date: counted in their own texts, so that one that is put in looks like theirs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Final

_MONTHS: Final = "January February March April May June July August September October November December".split()
_LONG, _SHORT = "|".join(_MONTHS), "|".join(month[:3] for month in _MONTHS)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ABOVE_12 = r"(?:1[3-9]|2\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
_ORDINAL = r"(?:st|nd|rd|th)"


def _ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def _month(day: date) -> str:
    return _MONTHS[day.month - 1]


FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[date], str]], ...]] = tuple(
    (re.compile(rf"(?<![\w/.-]){pattern}(?![\w/-]|\.\d)"), form)
    for pattern, form in (
        (rf"{_YEAR}-(?:0[1-9]|1[0-2])-\d\d", lambda d: d.isoformat()),
        (rf"{_DAY} (?:{_LONG}),? {_YEAR}", lambda d: f"{d.day} {_month(d)} {d.year}"),
        (rf"(?:{_LONG}) {_DAY}, {_YEAR}", lambda d: f"{_month(d)} {d.day}, {d.year}"),
        (rf"{_DAY} (?:{_SHORT}) {_YEAR}", lambda d: f"{d.day} {_month(d)[:3]} {d.year}"),
        (rf"{_DAY}{_ORDINAL} (?:of )?(?:{_LONG})(?! {_YEAR})", lambda d: f"{_ordinal(d.day)} {_month(d)}"),
        (rf"(?:{_LONG}) {_DAY}{_ORDINAL}(?!,? {_YEAR})", lambda d: f"{_month(d)} {_ordinal(d.day)}"),
        (rf"{_DAY} (?:{_LONG})(?!,? {_YEAR})", lambda d: f"{d.day} {_month(d)}"),
        (rf"(?:{_LONG}) {_DAY}(?!,? {_YEAR})", lambda d: f"{_month(d)} {d.day}"),
        (rf"{_DAY} (?:{_SHORT})(?! {_YEAR})", lambda d: f"{d.day} {_month(d)[:3]}"),
        (rf"(?:{_SHORT}) {_DAY}(?!,? {_YEAR})", lambda d: f"{_month(d)[:3]} {d.day}"),
        (rf"{_DAY}\.(?:0?[1-9]|1[0-2])\.{_YEAR}", lambda d: f"{d:%d.%m.%Y}"),
        # which of the two is the day shows only in a day above 12
        (rf"{_ABOVE_12}/(?:0?[1-9]|1[0-2])/{_YEAR}", lambda d: f"{d:%d/%m/%Y}"),
        (rf"(?:0?[1-9]|1[0-2])/{_ABOVE_12}/{_YEAR}", lambda d: f"{d:%m/%d/%Y}"),
    )
)
"""What each form looks like, and how it is written."""
USUAL_FIRST: Final = 1
"""The form of somebody whose texts hold no date: 25 November 2026."""


class DateForms:
    """Counts of the forms in which the person wrote dates."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, text: str) -> None:
        """Learn from a text of the person's own."""
        if any(character.isdigit() for character in text):
            for number, (pattern, _) in enumerate(FORMS):
                found = len(pattern.findall(text))
                if found:
                    self._counts[number] += found

    def write(self, day: date) -> str:
        """A day as the person would mostly write it.

        >>> forms = DateForms()
        >>> forms.add("We met on March 3 and on April 12.")
        >>> forms.write(date(2026, 11, 25))
        'November 25'
        """
        number = self._counts.most_common(1)[0][0] if self._counts else USUAL_FIRST
        return FORMS[number][1](day)
