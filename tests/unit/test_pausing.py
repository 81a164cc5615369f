"""Work that asks its control waits while it is paused and ends once it is cancelled."""

from __future__ import annotations

import threading

from ownhand.services.pausing import Control


def test_paused_work_waits_until_it_is_resumed() -> None:
    control = Control()
    steps: list[int] = []
    reached, done = threading.Event(), threading.Event()

    def work() -> None:
        for step in range(3):
            if control():
                break
            steps.append(step)
            if step == 0:
                control.pause()
                reached.set()
        done.set()

    threading.Thread(target=work, daemon=True).start()
    assert reached.wait(5)
    assert not done.wait(0.05)
    assert (control.paused, steps) == (True, [0])
    control.resume()
    assert done.wait(5)
    assert steps == [0, 1, 2]


def test_cancelling_ends_paused_work() -> None:
    control = Control()
    control.pause()
    control.cancel()
    assert control()
    assert not control.paused
    control.pause()
    assert control()
