"""What is done with the model while nobody needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ownhand.errors import Cancelled, ModelError
from ownhand.services import idle
from ownhand.services.idle import Idle

NOW = 0.05


class Job:
    """Notes that it ran, and was told to stop."""

    def __init__(self, work: Callable[[], None] = lambda: None) -> None:
        self.ran = threading.Event()
        self.cancelled = threading.Event()
        self.times = 0
        self._work = work

    def run(self) -> None:
        self.times += 1
        self.ran.set()
        self._work()

    def cancel(self) -> None:
        self.cancelled.set()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "QUIET_S", NOW)


def test_after_a_quiet_while_every_job_runs_even_if_one_fails() -> None:
    def fail() -> None:
        raise ModelError("No model.")

    first, second = Job(fail), Job()
    whole = Idle([first, second])
    whole.used()
    assert second.ran.wait(5)
    assert first.times == second.times == 1
    whole.close()


def test_use_ends_the_job_that_runs_and_all_begins_anew_later() -> None:
    entered = threading.Event()

    def work() -> None:
        entered.set()
        if first.times == 1:
            assert first.cancelled.wait(5)
            raise Cancelled

    first, second = Job(work), Job()
    whole = Idle([first, second])
    whole.used()
    first.cancelled.clear()
    assert entered.wait(5)
    assert not second.ran.is_set()
    whole.used()
    assert second.ran.wait(5)
    assert first.times == 2
    whole.close()


def test_nothing_runs_where_it_is_not_wanted_or_after_the_end() -> None:
    unwanted, closed = Job(), Job()
    Idle([unwanted], lambda: False).used()
    whole = Idle([closed])
    whole.used()
    whole.close()
    assert not unwanted.ran.wait(10 * NOW)
    assert not closed.ran.is_set()
