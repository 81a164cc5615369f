"""Notes, and how they become sentences without a model.

People brief themselves the way they would brief a colleague: "ask if she still needs the panels", "thank him
for the boat", "can't make friday".  Said to the recipient these are other sentences.  The rules here turn the
commonest kinds round; what they do not know stays in the person's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ownhand.domain.abbreviations import COMMON
from ownhand.domain.text import sentences

_WHO = r"(?P<who>him|her|them|you|everyone|everybody|(?:the )?team|[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?)"
_DAYS = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = r"january|february|april|june|july|august|september|october|november|december"
_MODAL = r"can|could|will|would|should|might|must"
_YOU = {"is": "are", "was": "were", "has": "have", "does": "do"}


def notes_of(brief: str) -> list[str]:
    """The single notes of a brief: its bullet points or lines, or the sentences of a running text."""
    lines = [line.strip() for line in brief.splitlines() if line.strip()]
    if len(lines) == 1:
        found = sentences(lines[0])
        return [part for one in found for part in _clauses(one)] if found else lines
    return [re.sub(r"^(?:[-*•]|\d+[.)])\s+", "", line) for line in lines]


_IN_LETTERS_TOO = frozenset("aka asap bc cob diy eod eow eta fyi ooo pov rn tba tbc tbd wfh".split())
_NEGATED = "ca could did do does had has have is are should was were wo would"
_SHORT = {
    **{short: said for short, said in COMMON.items() if short not in _IN_LETTERS_TOO},
    **{f"{verb}nt": f"{verb}n't" for verb in _NEGATED.split()},
    "abt": "about", "appt": "appointment", "b/c": "because", "im": "I'm", "ive": "I've", "msg": "message",
    "mtg": "meeting", "re": "about", "thats": "that's", "tho": "though", "thru": "through", "tmw": "tomorrow",
    "tx": "thanks", "u": "you", "ur": "your", "w/": "with", "w/o": "without", "wk": "week", "yr": "your",
}  # fmt: skip
"""How people shorten words in notes and not in letters."""
_A_SHORT = re.compile(
    rf"(?<![\w'’@./-])(?:{'|'.join(re.escape(short) for short in sorted(_SHORT, key=len, reverse=True))})"
    r"(?![\w'’@/]|\.\w)(?!:)"
)


def spelled_out(note: str, keeps: Callable[[str], bool] = lambda _word: False) -> str:
    """A note with its shortened words written out, but for those that the person keeps in their own texts.

    >>> spelled_out("call w/ John re deposit tmrw, thx")
    'call with John about deposit tomorrow, thanks'
    >>> spelled_out("5 yr plan")
    '5 yr plan'
    """

    def put(found: re.Match[str]) -> str:
        short = found[0]
        counted = short in {"yr", "wk"} and re.search(r"\d[ -]?\Z", note[: found.start()])
        return short if counted or keeps(short) else _SHORT[short]

    return _A_SHORT.sub(put, note)


_NEXT_NOTE = re.compile(r";|(?<=[a-z]{2})(?<!\b(?:vs|no|eg|ie|st|dr|mr|ms))(?<!\bincl)(?<!\bapprox)\.\s+(?=[a-z])")


def _clauses(sentence: str) -> Sequence[str]:
    """Short notes strung together by semicolons, or by full stops without capitals, are notes of their own."""
    parts = [part.strip() for part in _NEXT_NOTE.split(sentence.rstrip("."))]
    return [part for part in parts if part] or [sentence]


def as_sentence(note: str) -> str:
    """A note as a sentence in its own words: a capital first, a full stop or question mark last."""
    text = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", note).strip()
    question = text.startswith("? ") or text.endswith("?")
    text = text.removeprefix("? ").strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    text = re.sub(r"\bi\b(?=['’ ])", "I", text)
    text = names_of_days(text)
    return text if text[-1] in ".!?…" else text + ("?" if question else ".")


def tidied(sentence: str) -> str:
    """What needs no model to be put right: the pronoun I, doubled words, blanks before marks, the first capital."""
    text = re.sub(r"\bi\b(?=['’\s,.!?]|$)", "I", sentence)
    text = re.sub(
        r"\b(\w+)( \1\b)+", lambda m: m[0] if m[1].lower() in {"that", "had", "very"} else m[1], text, flags=re.I
    )
    text = re.sub(r" +([,.;:!?])(?=\s|$)", r"\1", text)
    text = re.sub(r"\b(do|does|did|is|are|was|were|has|have|had|could|would|should)nt\b", r"\1n't", text, flags=re.I)
    text = re.sub(r"\b(could|should|would|might|must) of\b(?! course)", r"\1 have", text, flags=re.I)
    text = names_of_days(text)
    return text[:1].upper() + text[1:]


def without_address(note: str, name: str) -> str:
    """A note without the recipient's name in front of it ("Sam, the boat is ready"): the greeting says it already."""
    found = re.fullmatch(rf"{re.escape(name)}\s*[,:–-]\s*(?P<rest>\S.*)", note, re.I | re.S) if name else None
    return found["rest"] if found else note


def names_of_days(text: str) -> str:
    """Weekdays and months with their capitals."""
    return re.sub(rf"\b(?:{_DAYS}|{_MONTHS})s?\b", lambda found: found[0].capitalize(), text)


def said_directly(note: str, recipient: str = "") -> str:
    """A note about what to say, said to the recipient; '' where it is none of the kinds known here.

    Where the recipient's name is known, a note about anybody else is none: "ask Tom for the key" is for Tom.

    >>> said_directly("ask if she still needs the 12 oak panels")
    'Do you still need the 12 oak panels?'
    >>> said_directly("thank her for the boat")
    'Thank you for the boat.'
    >>> said_directly("can't make friday, the van is broken")
    "I can't make Friday, the van is broken."
    """
    plain = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", note).strip().rstrip(".")
    plain = plain[:1].lower() + plain[1:] if plain[1:2].islower() else plain
    for pattern, say in _KINDS:
        found = pattern.fullmatch(plain)
        if found:
            if recipient and _is_somebody_else(found.groupdict().get("who"), recipient):
                return ""
            sentence = say(found)
            return as_sentence(sentence) if sentence else ""
    return ""


def _is_somebody_else(who: str | None, recipient: str) -> bool:
    return who is not None and who[:1].isupper() and not set(who.lower().split()) & set(recipient.lower().split())


def _ask_whether(found: re.Match[str]) -> str:
    clause = found["clause"].rstrip("?")
    person = re.match(r"(?:he|she|they|you)\b ?(?P<adverb>(?:still|already|also|really|just) )?(?P<rest>.+)", clause)
    if person:
        adverb, rest = person["adverb"] or "", person["rest"]
        verb, _, after = rest.partition(" ")
        if re.fullmatch(_MODAL, verb):
            return f"{verb} you {adverb}{after}?"
        if verb in {"has", "have"} and re.match(r"(?:the|an?|any|some|my|your|our|enough|time|\d)\b", after):
            return f"do you {adverb}have {after}?"
        if verb in {"is", "are", "was", "were", "has", "have", "does", "do"} and after:
            return f"{_YOU.get(verb, verb)} you {adverb}{after}?"
        if re.fullmatch(r"[a-z]+s", verb) and not verb.endswith("ss"):
            return f"do you {adverb}{_without_s(verb)} {after}".rstrip() + "?"
        if re.fullmatch(r"[a-z]+ed|got|went|saw|sent|came", verb):
            return f"could you tell me whether you {adverb}{rest}?"
        return f"do you {adverb}{rest}?"
    other = re.match(rf"(?P<subject>.+?) (?P<verb>is|are|was|were|has|{_MODAL}) (?P<rest>.+)", clause)
    if other:
        return f"{other['verb']} {other['subject']} {other['rest']}?"
    return f"could you tell me whether {clause}?"


def _without_s(verb: str) -> str:
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    return verb[:-2] if re.search(r"(?:ch|sh|x|z|ss|o)es$", verb) else verb[:-1]


def _is_statement(found: re.Match[str]) -> str:
    return found["clause"]


_KINDS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = tuple(
    (re.compile(pattern), say)
    for pattern, say in (
        (r"(?:say|mention) that (?P<clause>.+)", _is_statement),
        (rf"(?:tell|let) {_WHO}(?: know)? that (?P<clause>.+)", _is_statement),
        (rf"(?:tell|let) {_WHO}(?: know)? (?P<clause>(?:i|I|we|the|my|our|it)\b.+)", _is_statement),
        (rf"thank {_WHO} for (?P<what>.+)", lambda f: f"Thank you for {f['what']}"),
        (r"thank(?:s| you) for (?P<what>.+)", lambda f: f"Thank you for {f['what']}"),
        (rf"apologi[sz]e (?:to {_WHO} )?for (?P<what>.+)", lambda f: f"I apologize for {f['what']}"),
        (r"sorry (?:for|about) (?P<what>.+)", lambda f: f"I'm sorry about {f['what']}"),
        (rf"ask (?:{_WHO} )?(?:if|whether) (?P<clause>.+)", _ask_whether),
        (rf"ask (?:{_WHO} )?for (?P<what>.+)", lambda f: f"Could you send me {f['what']}?"),
        (rf"ask {_WHO} to (?P<what>.+)", lambda f: f"Could you {f['what']}?"),
        (
            rf"ask (?:{_WHO} )?(?P<what>(?:when|where|how|who|what|why|which)\b.+)",
            lambda f: f"Could you tell me {f['what']}?",
        ),
        (rf"remind {_WHO} to (?P<what>.+)", lambda f: f"Please remember to {f['what']}"),
        (rf"remind {_WHO} (?:about|of) (?P<what>.+)", lambda f: f"Please remember {f['what']}"),
        (rf"invite {_WHO} to (?P<what>.+)", lambda f: f"Would you like to come to {f['what']}?"),
        (r"(?:propose|suggest) (?P<what>(?!to\b|that\b).+)", lambda f: f"How about {f['what']}?"),
        (
            r"(?P<what>(?:can't|cannot|couldn't|could not|won't|haven't|hadn't|am|need|want|hope|plan to)\b.+)",
            lambda f: f"I {f['what']}",
        ),
        (r"(?P<what>(?:wondering|looking forward|writing to)\b.+)", lambda f: f"I'm {f['what']}"),
        (r"(?:attached|attaching) (?P<what>(?:is|are)\b.+)", lambda f: f"Attached {f['what']}"),
        (r"(?:attached|attaching) (?P<what>.+)", lambda f: f"I have attached {f['what']}"),
    )
)
