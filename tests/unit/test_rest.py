"""What happens after a while of rest."""

from __future__ import annotations

import threading
import time

from ownhand.services.rest import Rest


def test_it_acts_once_after_the_last_thing_that_happened() -> None:
    acted: list[float] = []
    done = threading.Event()

    def act() -> None:
        acted.append(time.monotonic())
        done.set()

    rest = Rest(lambda: 0.2, act)
    for _ in range(4):
        rest.put_off()
        last = time.monotonic()
        time.sleep(0.08)
    assert done.wait(5)
    assert acted[0] - last >= 0.19
    time.sleep(0.3)
    assert len(acted) == 1
    done.clear()
    rest.put_off()
    assert done.wait(5)
    rest.close()


def test_zero_means_never_and_closing_ends_it() -> None:
    acted: list[int] = []
    never = Rest(lambda: 0.0, lambda: acted.append(1))
    never.put_off()
    closed = Rest(lambda: 0.05, lambda: acted.append(2))
    closed.put_off()
    closed.close()
    closed.put_off()
    time.sleep(0.2)
    assert acted == []
