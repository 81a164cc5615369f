"""Whether a sentence says what a note says, and no more.

"copy attached" may become "The copy is attached.", for a reader puts the small words back without thought.  It may not
become "I got the copy.", "My copy is attached to you." or "Attached, the copy.": each small word that says more than
grammar asks for is somebody's claim, and nobody made it.  So what a small model put in is looked at word by word, and
where anything is in doubt the note stands as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ownhand.domain import guard
from ownhand.domain.english import DAY, REQUESTS
from ownhand.domain.text import tokens, words

_ARTICLES: Final = frozenset("the a an".split())
_BE: Final = frozenset("am is are was were be been being".split())
_PREPOSITIONS: Final = frozenset("of to in on at for from with by about".split())
_MONTHS: Final = frozenset(
    "january february march april may june july august september october november december".split()
)

_PLAIN: Final = (
    _ARTICLES | _BE | _PREPOSITIONS | frozenset("have has had will do does did i we and that please".split())
)
"""Small words that say no more than the note where they come back in their places."""
_CONTRACTED: Final = {
    "i'm": "i am", "we're": "we are", "i've": "i have", "we've": "we have", "i'll": "i will", "we'll": "we will",
}  # fmt: skip
_ASKING: Final = re.compile(
    r"(?:would you like to(?: have)?|(?:could|can|will|would) you|do you(?: have)?|(?:is|are) there)\b", re.I
)
"""How a question or a request begins; nothing of it is a claim."""
_TO_SOMEBODY: Final = frozenset("send give tell show thank let bring lend owe".split())
"""What "you" may come back after: "I will send you the draft"."""

_PREDICATES: Final = frozenset(
    "able above available away back bad below busy closed done down due early fine free full glad good gone great "
    "happy here ill late likely lost new off ok okay on open out over ready right sick sorry still sure there up "
    "welcome well wrong now not also already the a an broken built bought brought chosen cut found given held hit "
    "kept left made met moved paid put read said seen sent set shown sold spent stolen taken thrown told "
    "understood won worn written too very quite more less better worse higher lower longer shorter later earlier "
    "cheaper sad proud keen afraid unable grateful thankful curious eager certain offline online wet dry hot cold "
    "long short big small easy hard nice safe empty missing".split()
)
"""What may stand right after a form of "be" that came back, besides words in -ed and -ing, places and figures."""
_OWN_VERBS: Final = frozenset(
    "apologize appreciate agree believe came did doubt enclose enjoy expect feel felt forgot found gave got guess "
    "had have heard hope know knew left lost love made met miss need paid plan prefer propose ran read recommend "
    "regret saw said sent spoke suggest think thought told took understand want was went wish wonder would wrote "
    "am can cannot can't could couldn't don't didn't haven't will won't".split()
)
"""What a note begins with where it leaves out "I" or "we", besides words in -ed and -ing, predicates and places."""
_THINGS: Final = frozenset(
    "meeting parking building training heating opening wedding evening morning ceiling landing pricing wiring "
    "plumbing flooring string thing nothing something anything everything spring king bed seed feed speed deed "
    "shed weed".split()
)
"""Nouns that look like verbs by their ends."""
_QUESTIONS: Final = frozenset(
    "am is are was were do does did have has had can could will would shall should may might what when where who "
    "whose which why how any".split()
)
_UNASKED: Final = frozenset("it it's there there's you".split())
"""What a small model likes to put first where it makes nonsense of a note."""
_WHOSE: Final = frozenset("my our your".split())
_POINTED_AT: Final = frozenset("it that this them".split())
_POINTERS: Final = frozenset("this these those there here me us him her them his their he she they".split())


def expands(note: str, sentence: str, *, own_words: bool = False) -> bool:
    """Whether a sentence may stand for a note.

    `own_words` says that what came back is what the person uses in such places (filling.py): then "my" and "our" may.
    """
    return (
        bool(sentence.strip())
        and "\n\n" not in sentence.strip()
        and guard.covers(note, sentence, 0.99)
        and not guard.invents(note, sentence, 0)
        and guard.keeps(note, sentence)
        and guard.negates_alike(note, sentence)
        and not guard.loops(sentence)
        and not _repeats(note, sentence)
        and len(words(sentence)) <= 1.7 * len(words(note)) + 5
        and not any(mark in sentence and mark not in note for mark in ":;()")
        and not guard.broken(sentence)
        and not _points_elsewhere(note, sentence)
        and _begins_alike(note, sentence)
        and (own_words or _Reading(note, sentence).says_no_more())
    )


def plainer(note: str, sentence: str) -> str:
    """The sentence without what most often makes it say more than its note, for another look.

    "my", "your" and "our" become "the", a pointing "it" or "that" goes, and so does an article where none can stand.

    >>> plainer("call moved, tickets booked", "Your call was moved, and the tickets are booked.")
    'The call was moved, and the tickets are booked.'
    >>> plainer("will follow up Friday", "I will follow that up the Friday.")
    'I will follow up Friday.'
    """
    noted, said = _lower(note), _lower(sentence)
    left = Counter(noted)
    out: list[str] = []
    at = -1
    for piece in tokens(sentence):
        if not words(piece):
            out.append(piece)
            continue
        at += 1
        word = said[at]
        left[word] -= 1
        back, following = left[word] < 0, [*said[at + 1 : at + 3], "", ""]
        if back and word in _WHOSE:
            out.append("the")
        elif at and back and (word in _POINTED_AT or (word in _ARTICLES and _is_odd(word, following, noted))):
            out.append("")
        else:
            out.append(piece)
    text = re.sub(r"\s+(?=[.,!?]|\Z)", "", re.sub(r"[ \t]{2,}", " ", "".join(out)))
    return text[:1].upper() + text[1:]


def _lower(text: str) -> list[str]:
    return [word.lower().replace("’", "'") for word in words(text)]


def _repeats(note: str, sentence: str) -> bool:
    """Whether a content word comes more often than in the note: "call Dana", "Call Dana about the call"."""
    return bool(Counter(guard.stems(sentence)) - Counter(guard.stems(note)))


def _points_elsewhere(note: str, sentence: str) -> bool:
    """Whether it points at somebody or something that the note does not: "for me", "call it", "this payment"."""
    noted, said = set(_lower(note)), _lower(_ASKING.sub("", sentence, count=1))
    return any(word in _POINTERS and word not in noted for word in said) or ("it" in said[1:] and "it" not in noted)


def _begins_alike(note: str, sentence: str) -> bool:
    """Whether nothing stands first that turns the note into something else: "call Dana", "The call Dana"."""
    noted, said = _lower(note), _lower(sentence)
    if not noted or not said or said[0] == noted[0]:
        return True
    if note.rstrip().endswith("?"):
        return said[0] in _QUESTIONS
    if said[0] in _UNASKED:
        return False
    if said[0] in _ARTICLES:  # "call moved": "The call has moved", for there the request is none
        return noted[0] not in REQUESTS or (len(said) > 2 and said[2] in _BE | {"has", "have"})
    return said[0] not in _QUESTIONS or noted[0] in REQUESTS or _ASKING.match(sentence) is not None


def _is_odd(article: str, following: Sequence[str], noted: Sequence[str]) -> bool:
    """Whether an article stands where none can: "a 5 years", "the Saturday", "the exit 14"."""
    one, after = following[:2]
    several = article != "the" and one.isdigit() and one != "1"
    day = re.fullmatch(DAY, one) is not None and (not after or after in _PREPOSITIONS)
    return several or day or (after.isdigit() and (one, after) in set(pairwise(noted)))


class _Reading:
    """A sentence word by word, beside its note."""

    def __init__(self, note: str, sentence: str) -> None:
        self._note, self._sentence = note, sentence
        asked = _ASKING.match(sentence)
        rest = sentence[asked.end() :] if asked else sentence
        for short, full in _CONTRACTED.items():
            rest = re.sub(rf"\b{short.replace(chr(39), '[' + chr(39) + '’]')}(?=\W)", full, rest, flags=re.I)
        self._as_said = words(rest)
        self._said = _lower(rest)
        self._noted = _lower(note)
        left = Counter(self._noted)
        self._added: list[bool] = []
        for word in self._said:
            self._added.append(left[word] <= 0)
            left[word] -= 1

    def says_no_more(self) -> bool:
        """Whether every word that came back only does what grammar asks for."""
        return (
            self._commas_stand()
            and self._subject_was_left_out()
            and all(self._fits(at) for at, added in enumerate(self._added) if added)
        )

    def _commas_stand(self) -> bool:
        """A new comma stands before figures, days and connecting words only: ", my team" and ", an ISDA" say more."""
        fresh = self._sentence.count(",") - self._note.count(",")
        after = re.findall(r",\s*(\w+)", self._sentence)
        allowed = [one for one in after if one[0].isdigit() or one.lower() in {"and", "or", "but", "so", "please"}]
        return fresh <= len(allowed)

    def _subject_was_left_out(self) -> bool:
        """Whether "I" or "we" come back before what somebody does or is, and not before a thing: "server down"."""
        back = [at for at, word in enumerate(self._said) if self._added[at] and word in {"i", "we"}]
        if not back or not self._noted:
            return True
        if back != [0]:  # "sample shipped": "The sample I shipped" is no sentence any more
            return False
        first = self._noted[0]
        return first not in _THINGS and (
            first in _OWN_VERBS | _PREPOSITIONS | {"still", "also", "just", "already", "not", "never", "always"}
            or (first in _PREDICATES and first not in _ARTICLES)
            or first.endswith(("ed", "ing"))
        )

    def _fits(self, at: int) -> bool:
        word = self._said[at]
        before = self._said[at - 1] if at else ""
        after = self._said[at + 1] if at + 1 < len(self._said) else ""
        if word not in guard.FUNCTION_WORDS:
            return True  # a note's own word in another form, or its spelling: what is new is refused as invented
        if word == "you":
            return before in _TO_SOMEBODY
        if word not in _PLAIN:
            return False
        if self._inside_a_name(at):
            return False
        if word in _ARTICLES:
            return before not in {"been", "be"} and not _is_odd(
                word, [*self._said[at + 1 : at + 3], "", ""], self._noted
            )
        if word in _BE and word not in {"be", "been", "being"}:
            return self._is_said_of(at)
        if word in {"have", "has", "had"}:
            return after in {"been", "to"} | _PREDICATES - _ARTICLES or after.endswith("ed") or before == "to"
        return True

    def _inside_a_name(self, at: int) -> bool:
        """Whether it stands between two words with capitals that follow each other in the note: a name, not a claim."""
        left = next((self._as_said[i] for i in range(at - 1, -1, -1) if not self._added[i]), "")
        right = next((self._as_said[i] for i in range(at + 1, len(self._said)) if not self._added[i]), "")
        if not (left[:1].isupper() and right[:1].isupper()) or self._said[at] in _PREPOSITIONS | {"and"}:
            return False
        if re.fullmatch(DAY, right.lower()) or right.lower() in _MONTHS:
            return False
        return any((a, b) == (left.lower(), right.lower()) for a, b in pairwise(self._noted)) and (
            left.lower() != self._noted[0] or left.isupper() or self._capitals() > 2
        )

    def _capitals(self) -> int:
        """How many words of the note have a capital, its first one left out unless it is an abbreviation."""
        said = words(self._note)
        return sum(one[:1].isupper() for one in said[1:]) + bool(said and said[0].isupper())

    def _is_said_of(self, at: int) -> bool:
        """Whether what follows a form of "be" can be said of what stands before it."""
        rest = self._as_said[at + 1 :]
        low = self._said[at + 1 :]
        if not rest:
            return False
        if at == 0 or low[0] in {"been", "be", "being"}:
            return True
        if low[0] in _PREPOSITIONS | _PREDICATES or low[0].endswith(("ed", "ing")):
            return True
        if low[0].isdigit():  # "is 1200 euros", and no "The invoice is 4471 overdue"; a time needs its "at"
            return len(low) == 1 or re.fullmatch(r"\w+s|percent", low[1]) is not None
        return all(one[:1].isupper() or (one[0].isdigit() and not one.endswith(("am", "pm"))) for one in rest)
