"""Commands about what the person made for themselves, and how it is going."""

from __future__ import annotations

import sys
from datetime import date

from ownhand.cli import shown
from ownhand.cli.main import Arguments
from ownhand.compose import App
from ownhand.domain import tally
from ownhand.domain.tally import Tally
from ownhand.services.tallying import Progress, as_csv

WEEKS = 8
"""That are listed one by one."""
RULES = 12


def stats(app: App, arguments: Arguments) -> None:
    """How it is going."""
    found = app.tallying.progress()
    if arguments.csv:
        sys.stdout.write(as_csv(found.days))
        return
    shown.put(found, arguments, lambda: _told(found))


def _told(found: Progress) -> str:
    if not found.days and not found.learned:
        return "Nothing was counted yet. It comes with writing in the window."
    weeks = tally.by_week(found.days, date.today(), WEEKS)
    lines = ["week of      saved  taken of shown  accepted  edited  rejected  words changed"]
    lines += [_line(monday.isoformat(), one) for monday, one in weeks if one != Tally()]
    lines.append(_line("in all", tally.total(found.days)))
    if found.learned:
        lines += ["", "Learned:", *(f"{one.day.isoformat()}  {one.statement}" for one in found.learned[:RULES])]
        rest = len(found.learned) - RULES
        lines += [f"            and {rest} more (ownhand preferences)"] if rest > 0 else []
    return "\n".join(lines)


def _line(name: str, one: Tally) -> str:
    changed = "" if one.changed is None else f"{one.changed:.0f} of 100"
    return (
        f"{name:10s} {one.saved:7,d}  {one.taken:5,d} of {one.shown:6,d}  {one.accepted:8,d}  {one.edited:6,d}"
        f"  {one.rejected:8,d}  {changed:>13s}"
    ).rstrip()
