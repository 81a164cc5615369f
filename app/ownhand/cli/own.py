"""Commands about what the person made for themselves, and how it is going."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from ownhand.cli import shown
from ownhand.cli.main import Arguments
from ownhand.compose import App
from ownhand.domain import tally
from ownhand.domain.actions import Scope
from ownhand.domain.instructions import LEAST_PAIRS
from ownhand.domain.tally import Tally
from ownhand.errors import BadInput
from ownhand.services.tallying import Progress, as_csv

NO_ACTIONS = "There are no actions of yours yet. Make one with: ownhand actions --add NAME INSTRUCTION"
NO_SNIPPETS = "There are no snippets yet. Save one with: ownhand snippets --add NAME FILE"
WEEKS = 8
"""That are listed one by one."""
RULES = 12


def snippets(app: App, arguments: Arguments) -> None:
    """Texts under a name."""
    if arguments.add is not None:
        name, file = arguments.add
        other = app.snippets.named(name)
        app.snippets.save(name, text_of(file), other.id if other is not None else "")
    if arguments.remove is not None:
        gone = app.snippets.named(arguments.remove)
        if gone is None:
            raise BadInput(f"There is no snippet {arguments.remove[:40]!r}. Run 'ownhand snippets' to see them.")
        app.snippets.remove(gone.id)
    rows = app.snippets.all()
    shown.put(rows, arguments, lambda: _listed([(row.name, row.text) for row in rows], NO_SNIPPETS))


def own_actions(app: App, arguments: Arguments) -> None:
    """Actions that the person made."""
    if arguments.phrase is not None:
        if len(arguments.phrase) >= LEAST_PAIRS:
            app.models.restore()  # a capable model is asked, too
        said = app.own_actions.phrase([(text_of(str(one)), text_of(str(other))) for one, other in arguments.phrase])
        shown.put({"instruction": said}, arguments, lambda: said)
        return
    if arguments.add is not None:
        name, instruction = arguments.add
        other = app.own_actions.named(name)
        scope = Scope.WHOLE if arguments.whole else Scope.TEXT
        app.own_actions.save(name, instruction, scope, other.id if other is not None else "")
    if arguments.remove is not None:
        gone = app.own_actions.named(arguments.remove)
        if gone is None:
            raise BadInput(f"There is no action {arguments.remove[:40]!r} of yours. Run 'ownhand actions' to see them.")
        app.own_actions.remove(gone.id)
    rows = app.own_actions.all()
    shown.put(rows, arguments, lambda: _listed([(row.name, row.instruction) for row in rows], NO_ACTIONS))


def text_of(file: str) -> str:
    """The text of a file, or of standard input.  Raises OSError or BadInput."""
    data = sys.stdin.buffer.read() if file == "-" else Path(file).expanduser().read_bytes()
    try:
        return data.decode("utf-8").replace("\r\n", "\n").rstrip("\n")
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no text in UTF-8.") from None


def _listed(rows: list[tuple[str, str]], nothing: str) -> str:
    """Names with the beginning of what belongs to each."""
    if not rows:
        return nothing
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}s}  {' '.join(text.split())[:80]}" for name, text in rows)


def stats(app: App, arguments: Arguments) -> None:
    """How it is going."""
    found = app.tallying.progress()
    if arguments.csv:
        sys.stdout.write(as_csv(found.days))
        return
    days = [{"day": day.isoformat(), **asdict(one)} for day, one in found.days]
    shown.put({"days": days, "learned": found.learned}, arguments, lambda: _told(found))


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
