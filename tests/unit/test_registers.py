"""Which register a person is in, told from the situation alone."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Mapping

from ownhand.domain.preference import Dimension, Evidence
from ownhand.domain.registers import Situation, situation_of, weigh

CHANGED, LEFT = 1.0, 0.5


def edit(name: str, greeting: str, sign_off: str, weights: tuple[float, float] = (CHANGED, CHANGED)) -> list[Evidence]:
    return [
        Evidence(name, Dimension.GREETING, greeting, weight=weights[0]),
        Evidence(name, Dimension.SIGN_OFF, sign_off, weight=weights[1]),
    ]


WORK = [e for i in range(4) for e in edit(f"work{i}", "Dear {name},", "Regards,\nJo")]
HOME = [e for i in range(4) for e in edit(f"home{i}", "hey {name}", "J")]
TOLD = {
    **{f"work{i}": "Re: Budget of March\nfigures from Finance 12 %\nmeeting moved to Room 4" for i in range(4)},
    **{f"home{i}": "soup\ncoming over on saturday?" for i in range(4)},
}
PAST = {name: situation_of(text) for name, text in TOLD.items()}
NORTH, EAST, BETWEEN = (1.0, 0.0), (0.0, 1.0), (0.5**0.5, 0.5**0.5)


def of_register(weights: Mapping[str, float]) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for name, weight in weights.items():
        shares[name.rstrip("0123456789")] += weight
    return dict(shares)


def told(evidence: list[Evidence], now: Situation, past: Mapping[str, Situation] = PAST) -> dict[str, float]:
    weights = weigh(evidence, now, past)
    assert weights is not None
    assert abs(sum(weights.values()) - 1) < 1e-9
    return of_register(weights)


def meaning(places: Mapping[str, tuple[float, float]]) -> dict[str, Situation]:
    return {name: Situation(meaning=place) for name, place in places.items()}


def test_words_and_shape_tell_the_register_without_an_embedder() -> None:
    evidence = [*WORK, *HOME]
    assert told(evidence, situation_of("Re: Budget of April\nfigures from Finance late\nRoom 5 instead"))["work"] > 0.9
    assert told(evidence, situation_of("cake\ncoming on sunday?"))["home"] > 0.9


def test_shape_alone_tells_it_where_no_word_is_known() -> None:
    evidence = [*WORK, *HOME]
    assert told(evidence, situation_of("Re: Annual Review\nAgenda with Legal 9 %\nslides sent to Board"))["work"] > 0.9
    assert told(evidence, situation_of("bread\nany left?"))["home"] > 0.9


def test_meaning_outweighs_both() -> None:
    past = {
        name: situation_of(text, struct.pack("<2f", *(NORTH if name.startswith("home") else EAST)))
        for name, text in TOLD.items()
    }
    now = situation_of("Re: Budget of April\nfigures from Finance late", struct.pack("<2f", *NORTH))
    assert told([*WORK, *HOME], now, past)["home"] > 0.9


def test_many_edits_of_one_register_do_not_outvote_the_near_ones_of_another() -> None:
    more = [e for i in range(4, 60) for e in edit(f"work{i}", "Dear {name},", "Regards,\nJo")]
    past = meaning({f"work{i}": EAST for i in range(60)} | {f"home{i}": BETWEEN for i in range(4)})
    assert told([*WORK, *more, *HOME], Situation(meaning=NORTH), past)["home"] > 0.9


def test_the_middle_of_a_register_counts_and_not_only_its_nearest_letter() -> None:
    north = (0.96, 0.28)
    past = meaning({f"home{i}": north for i in range(4)} | {f"work{i}": EAST for i in range(4)} | {"work0": NORTH})
    assert told([*WORK, *HOME], Situation(meaning=(0.98, 0.199)), past)["home"] > 0.9


def test_a_past_situation_without_a_meaning_is_as_near_as_they_are_on_average() -> None:
    told = {f"home{i}": NORTH for i in range(1, 4)} | {f"work{i}": EAST for i in range(4)}
    past = {**meaning(told), "home0": Situation()}
    weights = weigh([*WORK, *HOME], Situation(meaning=NORTH), past)
    assert weights is not None
    assert weights["work0"] < weights["home0"] < weights["home1"]


def test_a_half_left_as_suggested_does_not_make_a_register_of_its_own() -> None:
    skipped = edit("skipped", "Hi {name},", "J", (LEFT, CHANGED))
    past = meaning({"skipped": NORTH, **dict.fromkeys(TOLD, EAST)})
    shares = told([*WORK, *HOME, *skipped], Situation(meaning=NORTH), past)
    assert shares["home"] + shares["skipped"] > 0.99
    assert shares["skipped"] > 0.3


def test_what_was_only_left_standing_tells_nothing_before_it_stood_three_times() -> None:
    def standing(times: int) -> dict[str, float]:
        left = [e for i in range(times) for e in edit(f"left{i}", "Hi {name},", "Best,", (LEFT, LEFT))]
        past = meaning({f"left{i}": NORTH for i in range(times)} | {f"work{i}": EAST for i in range(4)})
        return told([*WORK, *left], Situation(meaning=NORTH), past)

    assert standing(2)["work"] > 0.99
    assert standing(3)["left"] > 0.99


def test_nothing_is_weighed_where_nothing_is_known_of_past_situations() -> None:
    assert weigh(WORK, situation_of("Budget"), {}) is None
    assert weigh([], situation_of("Budget"), PAST) is None


def test_a_situation_without_words_has_no_shape() -> None:
    assert situation_of(" \n\n") == Situation()
    assert situation_of("Lunch").shape  # a subject alone stands for its notes, too
