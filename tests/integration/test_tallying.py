"""The counts of days rest in the vault, without a word of text, and go when everything learned is forgotten."""

from __future__ import annotations

import csv
import json
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from helpers.vaults import KEY
from ownhand.adapters.store import SqlVault
from ownhand.cli import own
from ownhand.compose import App
from ownhand.domain.preference import Edit
from ownhand.domain.tally import KEPT_DAYS, Tally
from ownhand.services.learning import Learning
from ownhand.services.tallying import Tallying
from ownhand.settings import Settings


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def learning(vault: SqlVault) -> Learning:
    return Learning(vault, None, Settings(vault))


@pytest.fixture
def counting(vault: SqlVault, learning: Learning) -> Tallying:
    return Tallying(vault, learning)


def a_day_of_writing(counting: Tallying) -> None:
    counting.shown()
    counting.shown()
    counting.taken("go through them tonight")
    counting.taken("let me know", replaced=3)
    counting.judged("Fine by me.", "Fine by me.")
    counting.judged("Fine by me.", "Fine with me.")
    counting.rejected()


def test_a_day_adds_up_over_several_starts_of_the_program(vault: SqlVault, learning: Learning) -> None:
    for _ in range(2):
        counting = Tallying(vault, learning)
        a_day_of_writing(counting)
        counting.close()
    ((day, one),) = Tallying(vault, learning).progress().days
    assert day == date.today()
    assert one == Tally(shown=4, taken=4, saved=2 * (22 + 7), accepted=2, edited=2, rejected=2, distance=2, words=16)


def test_counting_costs_no_transaction_until_a_while_has_passed(vault: SqlVault, counting: Tallying) -> None:
    a_day_of_writing(counting)
    counting.flush(soon=True)
    assert vault.counts() == []
    counting.flush()
    assert vault.counts() != []


def test_days_of_more_than_two_years_ago_are_dropped(vault: SqlVault, counting: Tallying) -> None:
    old = date.today() - timedelta(days=KEPT_DAYS + 1)
    vault.count(old, {"shown": 1}, old)
    vault.count(old + timedelta(days=1), {"shown": 1}, old)
    counting.shown()
    assert [day for day, _ in counting.progress().days] == [old + timedelta(days=1), date.today()]


def test_forgetting_everything_learned_takes_the_counts_along(
    vault: SqlVault, learning: Learning, counting: Tallying
) -> None:
    a_day_of_writing(counting)
    counting.flush()
    counting.shown()
    learning.forget_everything()
    counting.forget()
    assert counting.progress().days == []


def test_a_rule_was_learned_on_the_day_of_the_second_edit_that_says_it(learning: Learning, counting: Tallying) -> None:
    for number, day in enumerate((2, 5, 9)):
        kept = f"Hi Dana,\n\nThe kiln is cold number {number}.\n\nCheers,\nRobin"
        suggested = kept.replace("Cheers", "Best regards")
        at = datetime(2026, 3, day, 12, tzinfo=UTC)
        learning.observe(Edit(f"e{number}", suggested, kept, "draft", "everyone", "", ("Dana Li",), at))
    learned = counting.progress().learned
    assert date(2026, 3, 5) in {one.day for one in learned}
    assert any("Cheers" in one.statement for one in learned)


def test_the_table_for_a_spreadsheet_holds_numbers_only(counting: Tallying, tmp_path: Path) -> None:
    counting.judged("a secret sentence", "another secret sentence")
    counting.save_csv(tmp_path / "days.csv")
    with open(tmp_path / "days.csv", newline="") as stream:
        head, row = csv.reader(stream)
    assert head[0] == "day"
    assert row[0] == date.today().isoformat()
    assert all(value.isdigit() for value in row[1:])
    assert dict(zip(head, row, strict=True))["edited"] == "1"


def test_the_command_tells_it_by_week_by_day_and_for_a_spreadsheet(
    counting: Tallying, capsys: pytest.CaptureFixture[str]
) -> None:
    a_day_of_writing(counting)
    app = cast("App", SimpleNamespace(tallying=counting))

    def said(**more: bool) -> str:
        own.stats(app, Namespace(**{"csv": False, "json": False, **more}))
        return capsys.readouterr().out

    assert said().splitlines()[-1].split() == "in all 29 2 of 2 1 1 1 12 of 100".split()
    (day,) = json.loads(said(json=True))["days"]
    assert (day["day"], day["saved"], day["rejected"]) == (date.today().isoformat(), 29, 1)
    assert said(csv=True).splitlines()[1].startswith(f"{date.today().isoformat()},2,2,29,")
