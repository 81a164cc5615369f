"""A message as greeting, body and sign-off: taking it apart and putting it together again.

People greet and close in more ways than a list can hold ('Hi {name} -', '{name} dear,', '-- k', 'Yours in coffee,').
So the
shape decides first (a short line of its own, at the edge of the text, that is no sentence) and the words second; what
is known of
a person's own forms helps where the shape is not enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ownhand.domain.draft import first_name_of, title_of
from ownhand.domain.stock import BULLET_RE, EMOJI_RE, URL_RE

_GREETING_WORD = (
    r"hi|hello|hey|heya|hiya|hallo|howdy|yo|dear|dearest|greetings|good (?:morning|afternoon|evening|day)|morning|"
    r"afternoon|evening|g'day|to whom it may concern|all|team|everyone|everybody|folks|friends|colleagues|guys|"
    r"ladies and gentlemen|welcome|salut|bonjour|hola|ciao"
)
_STARTS_GREETING = re.compile(rf"^(?:{_GREETING_WORD})\b", re.I)
_NAME = r"[^\W\d_][\w.'’-]*"
_VOCATIVE = re.compile(rf"^(?:my )?(?:dear )?{_NAME}(?:(?:,| and| &)? {_NAME}){{0,3}}(?: dear)?\s*[,:!–—-]+$", re.I)
_INLINE = re.compile(
    r"^(?P<g>(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|morning|yo)(?: (?:again|"
    r"there|all|team|everyone|dr\.?|mr\.?|mrs\.?|ms\.?|prof\.?))?"
    r"(?: [A-Z][\w'’-]*\.?){0,3}\s?[,:!–—-]|[A-Z][\w'’-]+,(?= [A-Z]))\s+(?=\S)",
    re.I,
)
_CLOSER = re.compile(
    r"^[-–—\s]*(?:(?:with |and |my )*(?:many |kind(?:est)? |best |warm(?:est)? |all (?:the |"
    r"my )?|very |fond |good |yours? )*"
    r"(?:thanks|thank you|thanx|thx|tx|ty|cheers|ta|regards?|rgds|wishes|best|love|lots of "
    r"love|much love|hugs?|kisses|xx+o*|xo+x*o*|"
    r"sincerely|faithfully|truly|cordially|respectfully|warmly|yours|cheerio|bye|goodbye|ciao|"
    r"later|peace|onwards?|gratefully|"
    r"take care|talk (?:to you )?(?:soon|later)|see you(?: (?:soon|then|there|later|around))?|"
    r"speak soon|until (?:then|soon)|"
    r"have a (?:good|great|nice|lovely|wonderful) (?:day|one|week|weekend|evening)|all the best|looking forward)"
    r"(?: (?:again|so much|a lot|very much|a million|a bunch|in advance|and (?:kind |best |"
    r"warm )?(?:regards|wishes)|all|guys|everyone|team|"
    r"sincerely|truly|faithfully|regards|wishes|you|to (?:you|all)|as (?:ever|always)|for now|"
    r"friend|and love|kindly))*)"
    r"\s*[,.!–—-]*$",
    re.I,
)
_NAME_LINE = re.compile(
    r"^(?:[-–—~]+ ?)?(?:\[[^\]\n]{1,30}\]|(?:Dr|Mr|Mrs|Ms|Prof)\.? )?(?:[A-Z][\w.'’-]*|"
    r"[a-z]{1,2})?(?: (?:[A-Z][\w.'’-]*|de|van|von|der|&|and)){0,3}$"
)
_RULE = re.compile(r"[-–—_]{1,3}")
"""A line of dashes above the name."""
_LOW_NAME = re.compile(r"[a-z][\w'’-]{1,14}")
"""A name that its owner writes small, as below 'thanks'."""
_NOT_A_NAME = frozenset(
    "yes no ok okay sure agreed done great perfect please noted attached correct fine good "
    "right wrong true false done. yes. no. "
    "ok. sure. agreed. monday tuesday wednesday thursday friday saturday sunday today tomorrow thoughts".split()
)
_SENTENCE_END = re.compile(r"[.?…]['\")”’]*$")


@dataclass(frozen=True, slots=True)
class Letter:
    """The three parts, without the blank lines between them; each may be ''."""

    greeting: str = field(repr=False)
    body: str = field(repr=False)
    sign_off: str = field(repr=False)
    inline: bool = False
    """The greeting stands on the line of the first sentence."""


@dataclass(frozen=True, slots=True)
class Known:
    """Greeting templates and sign-offs that are this person's own, which need not look like any."""

    greetings: tuple[str, ...] = field(default=(), repr=False)
    sign_offs: tuple[str, ...] = field(default=(), repr=False)


def tidy(text: str) -> str:
    """Line ends unified, blanks at line ends and more than one empty line removed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip("\n ")


def split(text: str, recipients: Sequence[str] = (), known: Known | None = None) -> Letter:
    """Greeting, body and sign-off of a message; `join` puts them together again.

    At most one line is a greeting and at most two lines are a sign-off, and neither is ever a whole sentence.
    """
    lines = tidy(text).split("\n")
    known = known or Known()
    greeting, inline, lines = _take_greeting(lines, recipients, known)
    sign_off, lines = _take_sign_off(lines, known, alone=not greeting)
    return Letter(greeting, "\n".join(lines).strip("\n"), sign_off, inline)


def join(letter: Letter) -> str:
    """The message again, parts set apart by one empty line."""
    if letter.inline and letter.greeting and letter.body:
        return "\n\n".join(part for part in (f"{letter.greeting} {letter.body}", letter.sign_off) if part)
    return "\n\n".join(part for part in (letter.greeting, letter.body, letter.sign_off) if part)


def _take_greeting(lines: list[str], recipients: Sequence[str], known: Known) -> tuple[str, bool, list[str]]:
    first = lines[0].strip()
    rest = lines[1:]
    own = {fill(template, recipients).lower() for template in known.greetings if template}
    if first.lower() in own and any(line.strip() for line in rest):
        return first, False, _drop_blank(rest)
    if _is_greeting(first, recipients, alone_in_paragraph=bool(rest) and not rest[0].strip()) and any(rest):
        return first, False, _drop_blank(rest)
    match = _INLINE.match(first)
    if match and _plausible_inline(match.group("g"), recipients):
        return match.group("g").strip(), True, [first[match.end() :], *rest]
    return "", False, lines


def _plausible_inline(greeting: str, recipients: Sequence[str]) -> bool:
    if _STARTS_GREETING.match(greeting):
        return True
    return any(name and name.lower() == greeting.rstrip(",").lower() for name in map(first_name_of, recipients))


def _is_greeting(line: str, recipients: Sequence[str], alone_in_paragraph: bool) -> bool:
    words = line.split()
    if not words or len(words) > 7 or len(line) > 60 or BULLET_RE.match(line) or line.endswith("?"):
        return False
    if URL_RE.search(line):
        return False
    if _CLOSER.match(line) and not _STARTS_GREETING.match(line):
        return False
    ends_open = line[-1] in ",:!–—-" or bool(EMOJI_RE.search(line[-2:]))
    if _STARTS_GREETING.match(line):
        bare = len(words) <= 4 and not _SENTENCE_END.search(line)
        return ends_open or (alone_in_paragraph and (bare or (line.endswith(".") and len(words) <= 3)))
    if ends_open and len(words) <= 4 and line[-1] in ",-–—" and _VOCATIVE.match(line) and all(map(_is_called, words)):
        return True
    names = [name.lower() for name in map(first_name_of, recipients) if name]
    has_name = any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line.lower()) for name in names)
    return has_name and len(words) <= 5 and alone_in_paragraph and (ends_open or not _SENTENCE_END.search(line))


def _is_called(word: str) -> bool:
    """Whether a word can be part of what somebody is called by."""
    bare = word.rstrip(",:!–—-")
    if bare.endswith(".") and len(bare) > 5:
        return False
    return not bare or bare[:1].isupper() or bare.lower() in {"my", "dear", "and", "&", "all"}


def _take_sign_off(lines: list[str], known: Known, alone: bool) -> tuple[str, list[str]]:
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    text = "\n".join(line.strip() for line in lines)
    for own in sorted(known.sign_offs, key=len, reverse=True):
        whole = not alone and text.lower() == own.lower()
        if own and (whole or text.lower().endswith("\n" + own.lower())):
            count = own.count("\n") + 1
            return "\n".join(line.strip() for line in lines[-count:]), _strip_blank(lines[:-count])
    if len(lines) < 2:
        return "", lines
    last, at = lines[-1].strip(), len(lines) - 1
    before = at - 1
    while before >= 0 and not lines[before].strip():
        before -= 1
    if before < 0:
        return "", lines
    previous, set_apart = lines[before].strip(), before < at - 1
    if URL_RE.search(last):
        return "", lines  # a link says something; it goes with no form
    previous_starts_block = before == 0 or not lines[before - 1].strip()
    linked = bool(URL_RE.search(previous))
    closer = bool(_CLOSER.match(previous)) and len(previous.split()) <= 7 and not linked
    name_like = _is_name_line(last) or (closer and not set_apart and bool(_LOW_NAME.fullmatch(last)))
    blank = "\n" if set_apart else ""  # some leave a line free above their name
    if name_like and before > 0 and (closer or _RULE.fullmatch(previous)):
        return f"{previous}\n{blank}{last}", _strip_blank(lines[:before])
    if (
        name_like and not set_apart and before > 0 and previous_starts_block and len(previous.split()) <= 6
        and previous.endswith(",") and not (linked or BULLET_RE.match(previous))
    ):  # fmt: skip
        return f"{previous}\n{last}", _strip_blank(lines[:before])
    words = last.split()
    if (
        _CLOSER.match(last)
        and len(words) <= 7
        and (set_apart or len(words) <= 3)
        and not (last.endswith((".", "!")) and len(words) > 3)
    ):
        return last, _strip_blank(lines[:at])
    if re.fullmatch(r"(?:[-–—~]{1,2} ?)\w[\w.'’-]*(?: [A-Z][\w.'’-]*)?", last) and not (
        re.match(r"[-–—] ", last) and (not set_apart or (BULLET_RE.match(previous) and previous_starts_block))
    ):  # points of a list are all set apart or none; the name is set apart from the list
        return last, _strip_blank(lines[:at])
    if name_like and set_apart:
        return last, _strip_blank(lines[:at])
    inline = re.fullmatch(r"(.{2,40}?),? ([A-Z][\w'’-]*)", last)
    if set_apart and inline and _CLOSER.match(inline.group(1)) and last.lower() not in _NOT_A_NAME and len(words) <= 6:
        return last, _strip_blank(lines[:at])
    return "", lines


def _is_name_line(line: str) -> bool:
    plain = EMOJI_RE.sub("", line).strip()
    if not plain or len(plain) > 40 or BULLET_RE.match(line) or plain.lower() in _NOT_A_NAME or plain[-1] in "?!:,;":
        return False
    if plain.startswith("[") and plain.endswith("]"):
        return True
    if plain.endswith(".") and len(plain) > 3 and not re.search(r"\b[A-Z]\.$", plain):
        return False
    return bool(_NAME_LINE.match(plain)) and len(plain.split()) <= 4


def _drop_blank(lines: list[str]) -> list[str]:
    start = 0
    while start < len(lines) and not lines[start].strip():
        start += 1
    return lines[start:]


def _strip_blank(lines: list[str]) -> list[str]:
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


# ---------------------------------------------------------------------------------------------------------- templates


def template_of(greeting: str, recipients: Iterable[str]) -> str:
    """The greeting as a form: 'Hi Dana,' to Dana Li is 'Hi {name},', 'Dear Dr. Li:' is 'Dear Dr. {last}:'.

    A capitalised name that stands where a name belongs counts also when the recipients are not known.
    """
    greeting = " ".join(greeting.split())
    names = list(recipients)
    for recipient in names:
        first = first_name_of(recipient)
        last = last_name_of(recipient)
        if first and last:
            greeting, whole = re.subn(
                rf"(?<!\w){re.escape(first)}\s+{re.escape(last)}(?!\w)", "{full}", greeting, flags=re.I
            )
            if whole:
                return greeting
        for name, mark in ((first, "{name}"), (last, "{last}")):
            if name and len(name) > 1:
                greeting, found = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", mark, greeting, count=1, flags=re.I)
                if found:
                    return greeting
    match = re.match(
        r"^(?P<before>(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|morning|yo)(?: again| there)? "

        r"(?:(?:mr|mrs|ms|dr|prof)\.? )?)?)(?P<name>[A-Z][\w'’-]+)(?P<second> "
        r"[A-Z][\w'’-]+)?(?P<after>(?: dear)?\s?[,:!.–—-]*)$",
        greeting, re.I,
    )  # fmt: skip
    if not match or not match.group("name")[:1].isupper() or match.group("name").lower() in _GROUPS:
        return greeting
    if not match.group("before") and not match.group("after"):
        return greeting
    if match.group("second") and not match.group("second").strip()[0].isupper():
        return greeting
    titled = re.search(r"\b(?:mr|mrs|ms|dr|prof)\.? $", match.group("before"), re.I)
    mark = "{last}" if titled else "{full}" if match.group("second") else "{name}"
    return match.group("before") + mark + match.group("after")


_GROUPS = frozenset(
    "all team everyone everybody folks friends colleagues guys there sir madam again morning "
    "afternoon evening hi hello hey dear "
    "greetings good".split()
)


def last_name_of(recipient: str) -> str:
    """'Li' for 'Dana Li <d@x.org>' and for 'Li, Dana'; '' where only one name is known."""
    name = re.sub(r"<[^>]*>", "", recipient).strip().strip("\"'").strip()
    if not name or "@" in name:
        return ""
    if "," in name:
        return name.split(",", 1)[0].strip()
    words = name.split()
    return words[-1] if len(words) > 1 else ""


_TITLED = re.compile(r"\b(?:(?:mr|mrs|ms|miss|mx)|(?P<earned>dr|prof))\.? (?=\{last\})", re.I)


def fill(template: str, recipients: Sequence[str], *, called_so: bool = False) -> str:
    """The greeting for these people; without a name to put in, the form without it ('Hi there,', 'Hello,', 'Dear
    all,').

    Whether somebody is a Mr. or a Ms. is never guessed: unless they are `called_so`, they get the title that stands in
    their own name, or else their whole name.
    """
    if "{" not in template:
        return template
    titled = _TITLED.search(template)
    if titled and recipients and not called_so:
        own = title_of(recipients[0])
        if own:
            template = _TITLED.sub(f"{own} ", template)
        elif not titled["earned"]:
            template = _TITLED.sub("", template).replace("{last}", "{full}")
    first = first_name_of(recipients[0]) if recipients else ""
    last = last_name_of(recipients[0]) if recipients else ""
    if first:
        return (
            template.replace("{name}", first)
            .replace("{full}", first if last in first.split() else f"{first} {last}".strip())
            .replace("{last}", last or first)
            .replace("{first}", first)
        )
    several = len(recipients) > 1
    bare = re.sub(r"\s*(?:(?:mr|mrs|ms|dr|prof)\.? )?\{\w+\}", "", template, flags=re.I).strip()
    word = re.match(r"[\w' ]*", bare)
    opening = word.group(0).strip() if word else ""
    if not opening or opening.lower() == "dear":
        ending = bare[-1:] if bare[-1:] in (",", ":", "!", "-") else ","
        return ("Dear all" if opening.lower() == "dear" and several else "Hello") + ending
    if opening.lower() in {"hi", "hey", "yo"}:
        return re.sub(r"^[\w']+", lambda m: m.group(0) + (" all" if several else " there"), bare)
    return bare
