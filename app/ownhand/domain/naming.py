"""Names in front of the writer complete from their first letters: the recipients', and that of whom is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ownhand.domain.completion import Candidate, CompletionContext

RIGHT: Final = {
    "greeting": (0.61, 0.89, 0.94),
    "middle": (0.27, 0.81, 0.95),
    "beginning": (0.10, 0.43, 0.77),
}
"""How often such a name is what was begun, after one, two, three or more letters: counted in 1,500 words with capitals
of 14 people's messages, by where they stand (in the first line, within a sentence, at its beginning)."""
GREETED: Final = 0.73
"""How often it is theirs before any letter of it, after "Hi ", "Hello ", "Hey " or "Dear ": counted in 142 answers."""
_GREETING: Final = re.compile(r"(?:Hi|Hello|Hey|Dear) ")
_GREETING_CHARACTERS: Final = 60


def name_at_hand(context: CompletionContext) -> Candidate | None:
    """The rest of a name that was begun with a capital before the caret; None where none fits."""
    begun = re.search(r"(?<![\w'’-])[A-Z][\w'’-]*\Z", context.prefix)
    if begun is None:
        return _greeted(context)
    part = begun.group()
    fitting = (name for name in names(context) if name.startswith(part) and name != part)
    name = next(fitting, None)
    if name is None:
        return None
    before = context.prefix[: begun.start()]
    if "\n" not in before and len(before) < _GREETING_CHARACTERS:
        place = "greeting"
    elif re.search(r"(?:\A|[.!?:]\s|\n)\s*\Z", before):
        place = "beginning"
    else:
        place = "middle"
    return Candidate((name[len(part) :],), (RIGHT[place][min(3, len(part)) - 1],), "names", whole=True)


def _greeted(context: CompletionContext) -> Candidate | None:
    """The first name of the only one who is written to, after a greeting has been begun."""
    alone = context.reply_to is not None or len(context.recipients) == 1
    name = next(names(context), None) if alone and _GREETING.fullmatch(context.prefix) else None
    return Candidate((name,), (GREETED,), "names", whole=True) if name is not None else None


def names(context: CompletionContext) -> Iterator[str]:
    """First names and last names, those of whom is answered first."""
    people = [context.reply_to.from_name] if context.reply_to is not None else []
    for person in (*people, *context.recipients):
        shown = re.sub(r"<.*", "", person).strip(" \"'")
        last, comma, first = shown.partition(",")
        for word in f"{first} {last}".split() if comma else shown.split():
            if re.fullmatch(r"[^\W\d_][\w'’-]{2,}", word) and word[0].isupper():
                yield word
