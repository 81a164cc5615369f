"""Which register a person is in, told from the situation alone."""

from __future__ import annotations

from collections import defaultdict

from ownhand.domain.preference import Dimension, Evidence
from ownhand.domain.registers import Situation, traits_of, weigh

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
PAST = {name: traits_of(text) for name, text in TOLD.items()}


def of_register(weights: dict[str, float]) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for name, weight in weights.items():
        shares[name.rstrip("0123456789")] += weight
    return dict(shares)


def told(evidence: list[Evidence], text: str, similarity: dict[str, float] | None = None) -> dict[str, float]:
    weights = weigh(evidence, Situation(traits_of(text), PAST, similarity or {}))
    assert weights is not None
    return of_register(dict(weights))


def test_words_and_shape_tell_the_register_without_an_embedder() -> None:
    assert told([*WORK, *HOME], "Re: Budget of April\nfigures from Finance late\nRoom 5 instead")["work"] > 0.9
    assert told([*WORK, *HOME], "cake\ncoming on sunday?")["home"] > 0.9


def test_meaning_outweighs_both() -> None:
    near_home = {name: 0.7 if name.startswith("home") else 0.1 for name in TOLD}
    assert told([*WORK, *HOME], "Re: Budget of April\nfigures from Finance late", near_home)["home"] > 0.9


def test_many_edits_of_one_register_do_not_outvote_the_near_ones_of_another() -> None:
    more = [e for i in range(4, 60) for e in edit(f"work{i}", "Dear {name},", "Regards,\nJo")]
    similarity = {f"work{i}": 0.3 for i in range(60)} | {f"home{i}": 0.5 for i in range(4)}
    weights = weigh([*WORK, *more, *HOME], Situation(similarity=similarity))
    assert weights is not None
    assert of_register(dict(weights))["home"] > 0.9


def test_a_half_left_as_suggested_does_not_make_a_register_of_its_own() -> None:
    skipped = edit("skipped", "Hi {name},", "J", (LEFT, CHANGED))
    near = {"skipped": 0.9, **dict.fromkeys(TOLD, 0.3)}
    shares = told([*WORK, *HOME, *skipped], "", near)
    assert shares["home"] > 0.3 > 0.01 > shares["work"]


def test_what_was_only_left_standing_tells_nothing_before_it_stood_three_times() -> None:
    def standing(times: int) -> dict[str, float]:
        left = [e for i in range(times) for e in edit(f"left{i}", "Hi {name},", "Best,", (LEFT, LEFT))]
        return told([*WORK, *left], "", {f"left{i}": 0.9 for i in range(times)} | {f"work{i}": 0.1 for i in range(4)})

    assert standing(2)["work"] > 0.99
    assert standing(3)["left"] > 0.99


def test_nothing_is_weighed_where_nothing_is_known_of_past_situations() -> None:
    assert weigh(WORK, Situation(traits_of("Budget"))) is None
    assert weigh([], Situation(traits_of("Budget"), PAST)) is None
