"""The simulated person: wants the same thing every time, and counts what it costs."""

from __future__ import annotations

import pytest

from ownhand.domain.simulated_user import USERS, SimulatedUser

DRAFT = "Hi Alex,\n\nI hope this finds you well! I am done & it is fine.\n\nBest regards,\nRobin"


@pytest.mark.parametrize("name", USERS)
def test_what_was_kept_once_is_right_for_good(name: str):
    user = SimulatedUser(USERS[name])
    kept = user.keep(DRAFT, "Alex")
    assert kept != DRAFT
    assert user.keep(kept, "Alex") == kept
    assert user.costs[1] == 0


def test_people_want_different_things():
    plain, formal = (SimulatedUser(USERS[name]).keep(DRAFT, "Alex") for name in ("plain", "formal"))
    assert plain == "Hello Alex,\n\nI'm done and it's fine.\n\nThanks,\nRobin"
    assert formal.startswith("Dear Alex,\n\n")
    assert formal.endswith("\n\nKind regards,\nRobin Vale")
    assert "!" not in formal


def test_a_correction_after_two_is_a_repeated_one():
    user = SimulatedUser(USERS["plain"])
    for _ in range(2):
        user.keep(DRAFT, "Alex")
    assert not user.repeated
    user.keep(DRAFT, "Alex")
    assert user.repeated["greeting"] == 1
    assert user.cost == 3 * user.costs[0]
