"""The number of threads follows what steps have cost."""

from __future__ import annotations

import random
from collections.abc import Callable

from ownhand.adapters.worker.pace import Pace


class Machine:
    """Steps that take what `cost` says, on a clock of their own."""

    def __init__(self, threads: tuple[int, ...], cost: Callable[[int, int], float]) -> None:
        self.now = 100.0
        self.cost = cost
        self.pace = Pace(threads, clock=lambda: self.now)
        self.chosen: list[int] = []

    def run(self, steps: int, tokens: int) -> list[int]:
        self.chosen.clear()
        for _ in range(steps):
            threads = self.pace.choose(tokens)
            seconds = self.cost(tokens, threads) * random.uniform(0.95, 1.1)
            self.pace.observe(tokens, threads, seconds)
            self.now += seconds
            self.chosen.append(threads)
        return self.chosen


def small_machine(tokens: int, threads: int) -> float:
    """Cores on which one token gains nothing from the second and a prompt nearly all."""
    return 0.004 * threads if tokens == 1 else tokens * 0.0006 / threads


def test_each_size_of_step_gets_the_number_that_is_best_for_it() -> None:
    machine = Machine((1, 2, 4), small_machine)
    assert set(machine.run(40, 1)[6:]) == {1}
    assert set(machine.run(40, 300)[6:]) == {4}
    assert set(machine.run(40, 1)) == {1}


def test_every_number_is_tried_before_one_is_settled_on() -> None:
    machine = Machine((1, 2, 4, 8), lambda tokens, threads: 0.01 / threads)
    assert machine.run(8, 64) == [1, 1, 2, 2, 4, 4, 8, 8]
    assert set(machine.run(20, 64)) == {8}


def test_when_the_machine_becomes_busy_fewer_threads_are_found_again() -> None:
    machine = Machine((1, 2), lambda tokens, threads: 0.02 / threads)
    assert machine.run(30, 100)[-1] == 2
    machine.cost = lambda tokens, threads: 0.02 if threads == 1 else 0.2  # somebody else needs a core
    assert machine.run(60, 100)[-10:] == [1] * 10
    machine.cost = lambda tokens, threads: 0.02 / threads
    machine.now += 60  # a while later it is tried once more
    assert machine.run(200, 100)[-10:] == [2] * 10


def test_the_cost_of_a_step_is_known_once_it_was_measured() -> None:
    machine = Machine((1, 2), small_machine)
    assert machine.pace.cost(1) is None
    machine.run(10, 1)
    assert 0.0035 < (machine.pace.cost(1) or 0) < 0.005
    assert machine.pace.cost(7) is None


def test_a_single_token_leaves_the_last_core_alone() -> None:
    assert set(Machine((1, 2), lambda tokens, threads: 0.01 / threads).run(20, 1)) == {1}
    assert set(Machine((1, 2, 4), lambda tokens, threads: 0.01 / threads).run(20, 1)[4:]) == {2}


def test_a_fixed_number_is_kept() -> None:
    pace = Pace((3,))
    assert {pace.choose(tokens) for tokens in (1, 5, 500)} == {3}
