"""Just enough English inflection to carry a word choice over: utilizes -> uses, utilizing -> using, purchased ->
bought.
"""

from __future__ import annotations

_IRREGULAR: dict[str, tuple[str, str, str]] = {
    # base: third person, past, -ing
    "get": ("gets", "got", "getting"),
    "give": ("gives", "gave", "giving"),
    "buy": ("buys", "bought", "buying"),
    "tell": ("tells", "told", "telling"),
    "find": ("finds", "found", "finding"),
    "find out": ("finds out", "found out", "finding out"),
    "make": ("makes", "made", "making"),
    "do": ("does", "did", "doing"),
    "go": ("goes", "went", "going"),
    "send": ("sends", "sent", "sending"),
    "choose": ("chooses", "chose", "choosing"),
    "keep": ("keeps", "kept", "keeping"),
    "think": ("thinks", "thought", "thinking"),
    "say": ("says", "said", "saying"),
    "begin": ("begins", "began", "beginning"),
    "meet": ("meets", "met", "meeting"),
    "write": ("writes", "wrote", "writing"),
    "show": ("shows", "showed", "showing"),
    "leave": ("leaves", "left", "leaving"),
    "take": ("takes", "took", "taking"),
    "let": ("lets", "let", "letting"),
    "put": ("puts", "put", "putting"),
    "set": ("sets", "set", "setting"),
    "speed up": ("speeds up", "sped up", "speeding up"),
    "ask for": ("asks for", "asked for", "asking for"),
    "set up": ("sets up", "set up", "setting up"),
}
_DOUBLING = frozenset(
    "stop plan ship drop chat run cut get set put begin refer prefer submit commit permit occur".split()
)


def forms(word: str) -> tuple[str, str, str, str]:
    """(base, third person, past, -ing) of a verb given by its base; phrasal verbs bend in their first word."""
    if word in _IRREGULAR:
        return (word, *_IRREGULAR[word])
    head, _, tail = word.partition(" ")
    if tail:
        return tuple(f"{form} {tail}" for form in forms(head))  # type: ignore[return-value]
    if word.endswith("e"):
        return word, word + "s", word + "d", word[:-1] + "ing"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word, word[:-1] + "ies", word[:-1] + "ied", word + "ing"
    if word in _DOUBLING:
        return word, word + "s", word + word[-1] + "ed", word + word[-1] + "ing"
    third = word + ("es" if word.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    return word, third, word + "ed", word + "ing"


def bases(word: str) -> list[tuple[str, int]]:
    """Every (base, form index) that could have given this word."""
    found = [(word, 0)]
    for base, shapes in _IRREGULAR.items():
        found += [(base, index + 1) for index, shape in enumerate(shapes) if shape == word]
    for ending, index in (("ing", 3), ("ied", 2), ("ed", 2), ("d", 2), ("ies", 1), ("es", 1), ("s", 1)):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            for candidate in (stem, stem + "e", stem + "y", stem[:-1]):
                if len(candidate) > 1 and forms(candidate)[index] == word and (candidate, index) not in found:
                    found.append((candidate, index))
    return found


def base_pair(before: str, after: str) -> tuple[str, str]:
    """A replacement in base form where both sides bend alike: ('utilized', 'used') is ('utilize', 'use')."""
    if " " in before:
        return before, after
    for old, i in bases(before):
        for new, j in bases(after):
            if i == j and i > 0:
                return _likelier(before, i, old), new
    return before, after


def _likelier(word: str, index: int, fallback: str) -> str:
    """Of several bases the one with a final e, when it bends to the same word and the bare stem looks cut short."""
    options = [base for base, i in bases(word) if i == index]
    for base in options:
        if base.endswith(("ize", "ise", "ate", "age", "ure", "ase", "ide", "ive", "ire", "ose", "nce")):
            return base
    return options[0] if options else fallback


def bend(pair: tuple[str, str]) -> dict[str, str]:
    """All forms of a replacement: {'utilize': 'use', 'utilizes': 'uses', 'utilized': 'used', 'utilizing': 'using'}."""
    before, after = pair
    if " " in before:
        return {before: after}
    return dict(reversed(list(zip(forms(before), forms(after), strict=True))))
