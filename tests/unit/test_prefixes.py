"""States of prompts: which is found, and which goes when room is short."""

from __future__ import annotations

from ownhand.adapters.worker.prefixes import SHORTEST, Prefixes

SYSTEM = list(range(100, 100 + SHORTEST))


def test_the_longest_common_beginning_is_found() -> None:
    prefixes = Prefixes()
    prefixes.put([*SYSTEM, 1, 2, 3], b"one")
    prefixes.put([*SYSTEM, 7, 8], b"two")
    saved, length = prefixes.find([*SYSTEM, 7, 9, 9])
    assert saved is not None
    assert (saved.state, length) == (b"two", len(SYSTEM) + 1)
    assert prefixes.find([1, *SYSTEM]) == (None, 0)


def test_a_state_that_cannot_be_cut_serves_only_as_a_whole() -> None:
    prefixes = Prefixes()
    prefixes.put([*SYSTEM, 1], b"one")
    assert prefixes.find([*SYSTEM, 2], whole=True) == (None, 0)
    assert prefixes.find([*SYSTEM, 1, 5], whole=True)[1] == len(SYSTEM) + 1


def test_a_longer_one_takes_the_place_of_its_beginning() -> None:
    prefixes = Prefixes()
    prefixes.put(SYSTEM, b"short")
    prefixes.put([*SYSTEM, 1], b"longer")
    assert prefixes.size == len(b"longer")
    assert not prefixes.wants(SYSTEM)
    assert not prefixes.wants([1, 2, 3])
    assert prefixes.wants([*SYSTEM, 2])


def test_the_one_not_used_for_longest_goes_first() -> None:
    prefixes = Prefixes(limit=20)
    for number in range(2):
        prefixes.put([number, *SYSTEM], bytes(10))
    prefixes.find([0, *SYSTEM])
    prefixes.put([2, *SYSTEM], bytes(10))
    assert [prefixes.find([number, *SYSTEM])[1] > 0 for number in range(3)] == [True, False, True]
    prefixes.put([3, *SYSTEM], bytes(21))
    assert prefixes.find([3, *SYSTEM]) == (None, 0)
    prefixes.clear()
    assert prefixes.size == 0
