"""What is done with the model while nobody needs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ownhand.errors import ModelError
from ownhand.services import idle
from ownhand.services.idle import Idle
from ownhand.services.stopping import Stopping

NOW = 0.05


class Job:
    """Notes that it ran."""

    def __init__(self, work: Callable[[Stopping], None] = lambda stop: None) -> None:
        self.ran = threading.Event()
        self.times = 0
        self._work = work

    def run(self, stop: Stopping) -> None:
        self.times += 1
        self.ran.set()
        self._work(stop)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "QUIET_S", NOW)


def test_after_a_quiet_while_every_job_runs_even_if_one_fails() -> None:
    def fail(stop: Stopping) -> None:
        raise ModelError("No model.")

    first, second = Job(fail), Job()
    whole = Idle([first, second])
    whole.used()
    assert second.ran.wait(5)
    assert first.times == second.times == 1
    whole.close()


def test_use_ends_the_job_that_runs_and_all_begins_anew_later() -> None:
    entered = threading.Event()

    def work(stop: Stopping) -> None:
        entered.set()
        end = time.monotonic() + 5
        while first.times == 1 and time.monotonic() < end:
            stop.check()

    first, second = Job(work), Job()
    whole = Idle([first, second])
    whole.used()
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


def test_use_in_the_moment_in_which_the_jobs_would_begin_puts_them_off() -> None:
    asked = 0

    def wanted() -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            whole.used()
        return True

    job = Job(lambda stop: asked_then.append(asked))
    asked_then: list[int] = []
    whole = Idle([job], wanted)
    whole.used()
    assert job.ran.wait(5)
    whole.close()
    assert asked_then == [2]


def test_use_between_two_jobs_keeps_the_second_one_from_beginning() -> None:
    first, second = Job(lambda stop: whole.used()), Job()
    whole = Idle([first, second])
    whole.used()
    assert first.ran.wait(5)
    whole.close()
    assert not second.ran.wait(2 * NOW)
