"""Names, dates, amounts and things to write about, drawn at random."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random

_HERE = Path(__file__).parent
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBERS = "two three four five six seven eight nine ten twelve".split()


@cache
def words() -> dict[str, list[str]]:
    """The lists of words.txt by section."""
    lists: dict[str, list[str]] = {}
    section = ""
    for line in (_HERE / "words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            lists[section] = []
        elif line and not line.startswith("#"):
            lists[section] += [line] if section == "reasons" else line.split("|")
    return lists


def capitalized(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


class World:
    """A source of facts.  All methods draw anew at every call."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def one(self, section: str) -> str:
        """An entry of a word list."""
        return self.chance.choice(words()[section])

    def pick(self, *options: str) -> str:
        """One of several wordings."""
        return self.chance.choice(options)

    def first_name(self) -> str:
        return self.one("first_names")

    def last_name(self) -> str:
        return self.one("last_names")

    def full_name(self) -> str:
        return f"{self.first_name()} {self.last_name()}"

    def day(self) -> str:
        return self.chance.choice(DAYS)

    def time(self) -> str:
        r = self.chance
        half = self.pick("a.m.", "p.m.", "am", "pm")
        return self.pick(
            f"{r.randint(1, 12)} {half}",
            f"{r.randint(8, 19)}:{r.choice(['00', '15', '30', '45'])}",
            f"{r.randint(1, 12)}:{r.choice(['05', '10', '15', '20', '30', '40', '45', '50'])} {half}",
            f"{r.randint(1, 12)}{r.choice(['am', 'pm'])}",
            "noon",
        )

    def date(self) -> str:
        r = self.chance
        month, number = r.choice(MONTHS), r.randint(1, 28)
        return self.pick(
            f"{month} {number}",
            f"{number} {month}",
            f"{month} {ordinal(number)}",
            f"{month[:3]} {number}",
            f"the {ordinal(number)}",
            f"{month} {number}, {r.randint(2019, 2031)}",
            f"{number}/{r.randint(1, 12)}",
            f"the end of {month}",
            f"next {self.day()}",
        )

    def money(self) -> str:
        r = self.chance
        amount = r.choice(
            [
                str(r.randint(5, 990)),
                f"{r.randint(1, 99)},{r.randint(0, 999):03d}",
                f"{r.randint(4, 400)}.{r.randint(0, 99):02d}",
                f"{r.randint(1, 40) * 50}",
            ]
        )
        return self.pick("$", "$", "€", "£") + amount

    def count(self) -> str:
        r = self.chance
        return str(r.randint(2, 400)) if r.random() < 0.6 else r.choice(NUMBERS)

    def reference(self) -> str:
        r = self.chance
        return self.pick(
            f"#{r.randint(100, 99999)}",
            f"no. {r.randint(100, 99999)}",
            f"{r.choice('ABCDEFGHKLMNPQRSTX')}{r.choice('ABCDEFGHKLMNPQRSTX')}-{r.randint(10, 9999)}",
            str(r.randint(1000, 999999)),
        )

    def organisation(self) -> str:
        r = self.chance
        if r.random() < 0.3:
            return self.one("organisations")
        if r.random() < 0.5:
            endings = ["& Sons", "Consulting", "Media", "Group", "Labs", "Books", "Clinic", "Partners", "Energy"]
            return f"{self.last_name()} {r.choice(endings)}"
        endings = ["Software", "Foundation", "Bank", "Travel", "Hotel", "Design", "Foods", "Logistics", "Gas"]
        return f"{self.one('code_names')} {r.choice(endings)}"

    def document(self) -> str:
        kind = self.one("documents")
        return self.pick(f"{self.one('adjectives')} {kind}", kind, f"{self.one('code_names')} {kind}")

    def project(self) -> str:
        kind = self.one("undertakings")
        return self.pick(f"{self.one('adjectives')} {kind}", f"{self.one('code_names')} {kind}", kind)

    def thing(self) -> str:
        """A noun phrase with its article."""
        return self.pick(
            f"the {self.document()}",
            f"the {self.project()}",
            self.one("things"),
            self.one("parts"),
            self.one("items"),
            f"the {self.one('adjectives')} {self.one('documents')}",
        )

    def place(self) -> str:
        return self.pick(self.one("places"), self.one("places"), f"{self.organisation()}", f"{self.one('cities')}")

    def deed(self) -> str:
        """What somebody can be asked to do: 'send me the second draft by Friday'."""
        base = f"{self.one('deeds')} {self.thing()}"
        return base + self.circumstance(0.55)

    def circumstance(self, share: float = 1.0) -> str:
        """A phrase that adds a fact to the end of a sentence, or ''."""
        if self.chance.random() >= share:
            return ""
        return self.pick(
            f" by {self.day()}",
            f" by {self.date()}",
            f" before {self.date()}",
            f" on {self.day()} at {self.time()}",
            f" on {self.day()}",
            f" at {self.time()}",
            f" at {self.place()}",
            f" with {self.first_name()}",
            f" for {self.first_name()}",
            f" for {self.money()}",
            f" with {self.first_name()} and {self.first_name()}",
            f" ({self.reference()})",
            f" from {self.organisation()}",
            f" in {self.one('cities')}",
        )

    def reason(self) -> tuple[str, str, str]:
        """The same reason as one says it, formally, and as a note."""
        if self.chance.random() < 0.5:
            plain, formal, note = self.one("reasons").split("|")
            return plain, formal, note
        if self.chance.random() < 0.4:
            have = self.one("engagements")
            return f"I have {have}", f"I have {have}", re.sub(r"^(?:an?|the) ", "", have)
        thing, state = self.one("things"), self.one("states")
        while "{" in state:
            state = self.one("states")
        said = f"{thing} {agreeing(thing, state)}"
        return said, said.replace("doesn't", "does not").replace("don't", "do not"), said.removeprefix("the ")

    def slots(self) -> dict[str, str]:
        """Values for all slots of the sentence bank."""
        plain, formal, note = self.reason()
        day, other = self.chance.sample(DAYS, 2)
        return {
            "day": day,
            "day2": other,
            "time": self.time(),
            "date": self.date(),
            "date2": self.date(),
            "month": self.chance.choice(MONTHS),
            "reasonc": plain,
            "reasonf": formal,
            "reasonn": note,
            "event": self.pick(self.one("events"), f"the {self.project()}", f"the {self.one('adjectives')} meeting"),
            "place": self.place(),
            "gift": self.one("gifts"),
            "fault": self.pick(self.one("faults"), f"the mistake in the {self.document()}"),
            "doc": f"the {self.document()}",
            "proj": f"the {self.project()}",
            "part": self.pick(self.one("parts"), self.one("things")),
            "part2": self.pick(self.one("parts"), self.one("things")),
            "topic": self.pick(self.one("topics"), f"the {self.project()}"),
            "topic2": self.pick(self.one("topics"), f"the {self.document()}"),
            "n": self.count(),
            "who": self.first_name(),
            "name": self.first_name(),
            "job": self.one("jobs"),
            "org": self.organisation(),
            "num": self.reference(),
            "money": self.money(),
            "item": self.pick(self.one("items"), self.one("things")),
            "item2": self.pick(self.one("goods"), self.one("things")),
            "achv": self.one("achievements"),
            "system": self.one("systems"),
            "fix": self.one("remedies"),
            "family": self.one("family"),
            "city": self.one("cities"),
            "mins": str(self.chance.choice([5, 10, 15, 20, 25, 30, 40, 45, 60, 90])),
        }


def ordinal(number: int) -> str:
    """1st, 2nd, 13th, ..."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_PLURAL = {
    "is": "are",
    "was": "were",
    "has": "have",
    "doesn't": "don't",
    "needs": "need",
    "looks": "look",
    "costs": "cost",
    "starts": "start",
    "belongs": "belong",
}


def agreeing(thing: str, state: str) -> str:
    """The state with its verb in the number of the thing."""
    head = re.split(r" (?:of|from|for|in|with|into|to) ", thing)[0].split()[-1]
    if not head.endswith("s") or head.endswith("ss") or head == "bus":
        return state
    verb, _, rest = state.partition(" ")
    return f"{_PLURAL.get(verb, verb)} {rest}".replace("the wrong size", "the wrong ones")


def filled(pattern: str, values: dict[str, str]) -> str:
    """A bank sentence with its slots filled and the joints smoothed."""
    text = re.sub(r"\{(\w+)\}", lambda slot: values[slot[1]], pattern)
    for wrong, right in (
        ("the the ", "the "),
        ("on next ", "next "),
        ("On next ", "Next "),
        ("on the end of", "at the end of"),
        (".m..", ".m."),
        ("..", "."),
    ):
        text = text.replace(wrong, right)
    return capitalized(text)
