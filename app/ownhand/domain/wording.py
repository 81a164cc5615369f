"""Preferences in words: for the person (`statement`), for the model (`rule`), and back from what a person types
(`parse_statement`).
"""

from __future__ import annotations

import re

from ownhand.domain.draft import EVERYONE
from ownhand.domain.letter import template_of
from ownhand.domain.phrases import AVOID, CUT, OPENING
from ownhand.domain.preference import ANYWHERE, PLAIN_WORDS, Dimension, Origin, Preference, identify
from ownhand.domain.stock import EMOJI_RE, FAMILIES, FAMILY_BY_KEY, PLAIN, SMILEY_RE

FIXED: dict[tuple[Dimension, str], tuple[str, str]] = {
    (Dimension.CONTRACTIONS, "use"): ("Use contractions (don't, I'm)", "Use contractions"),
    (Dimension.CONTRACTIONS, "avoid"): ("Write words out: do not, I am", "Do not use contractions"),
    (Dimension.EXCLAMATION, "avoid"): ("No exclamation marks", "No exclamation marks"),
    (Dimension.EXCLAMATION, "end"): ("End with an exclamation mark", "Exclamation marks are welcome"),
    (Dimension.EXCLAMATION, "use"): ("Exclamation marks are welcome", "Exclamation marks are welcome"),
    (Dimension.EMOJI, "avoid"): ("No emoji", "No emojis"),
    (Dimension.HEDGING, "avoid"): ("No hedging (I think, maybe, just)", "Do not hedge: leave out I think, maybe, just"),
    (Dimension.HEDGING, "use"): ("Hedging is fine (I think, maybe)", "Soften claims with I think or maybe"),
    (Dimension.SPELLING, "uk"): ("British spelling", "Use British spelling"),
    (Dimension.SPELLING, "us"): ("American spelling", "Use American spelling"),
    (Dimension.SENTENCE_LENGTH, "long"): ("Longer, flowing sentences", "Join short sentences into longer ones"),
    (Dimension.LISTS, "bullets"): ("Details as a bulleted list", "Use a bulleted list for the details"),
    (Dimension.LISTS, "bullets-all"): ("Everything as a bulleted list", "Use bullet points"),
    (Dimension.LISTS, "prose"): ("Sentences, no lists", "No bullet points"),
    (Dimension.PARAGRAPHS, "one"): ("One paragraph", "Write the body as a single paragraph"),
    (Dimension.PARAGRAPHS, "each"): ("A paragraph for every sentence", "One sentence per paragraph"),
    (Dimension.PARAGRAPHS, "several"): ("Several paragraphs", "Use several paragraphs"),
    (Dimension.SPACING, "wide"): ("Two spaces between sentences", "Put two spaces between sentences"),
    (Dimension.SPACING, "narrow"): ("One space between sentences", "Put one space between sentences"),
    (Dimension.OXFORD_COMMA, "use"): ("Comma before the last item of a list", "Use the Oxford comma"),
    (Dimension.OXFORD_COMMA, "avoid"): ("No comma before the last item of a list", "No Oxford comma"),
    (Dimension.DASH, "em"): ("Em dashes (—)", "Em dashes are fine"),
    (Dimension.DASH, "hyphen"): ("“ - ” instead of em dashes", "Do not use em dashes"),
    (Dimension.DASH, "en"): ("“ – ” instead of em dashes", "Do not use em dashes"),
    (Dimension.DASH, "comma"): ("Commas instead of em dashes", "Do not use em dashes"),
    (Dimension.DASH, "ellipsis"): ("Ellipses instead of em dashes", "Do not use em dashes"),
    (Dimension.QUOTES, "straight"): ("Straight quotation marks", "Use straight quotes"),
    (Dimension.QUOTES, "curly"): ("Curly quotation marks", "Use curly quotes"),
    (Dimension.NUMERALS, "digits"): ("Numbers as digits: 3, not three", "Write numbers as digits"),
    (Dimension.NUMERALS, "words"): ("Small numbers as words: three, not 3", "Write small numbers as words"),
    (Dimension.AMPERSAND, "use"): ("“&” instead of “and”", "Write & instead of and"),
    (Dimension.AMPERSAND, "avoid"): ("“and” instead of “&”", "Write and instead of &"),
    (Dimension.LOWER_CASE, "i"): ("Lower-case “i”", "Write i in lowercase"),
    (Dimension.LOWER_CASE, "all"): ("Everything in lower case", "All lowercase"),
    (Dimension.LOWER_CASE, "normal"): ("Normal capitals", "Use normal capitals"),
    (Dimension.POLITENESS, "avoid"): ("No “please”", "Do not write please"),
    (Dimension.POLITENESS, "use"): ("Say “please”", "Say please"),
    (Dimension.MARKDOWN, "avoid"): ("No markdown (bold, headings)", "No markdown"),
    (Dimension.MARKDOWN, "use"): ("Markdown is fine", "Markdown is fine"),
    (Dimension.GREETING, ""): ("No greeting", "No greeting"),
    (Dimension.SIGN_OFF, ""): ("No sign-off", "No sign-off"),
}
"""(dimension, value) to the words for the person and the words for the model."""


def statement(p: Preference) -> str:
    """The rule as a person reads it; their own words where they gave some."""
    return p.statement or _said(p, model=False)


def rule(p: Preference) -> str:
    """The rule as one short imperative for the prompt's 'Style rules:' list, in wording the built-in model was
    trained on.
    """
    return p.statement if p.dimension is Dimension.CUSTOM else _said(p, model=True)


def _said(p: Preference, model: bool) -> str:
    fixed = FIXED.get((p.dimension, p.value))
    if p.dimension is Dimension.CONTRACTIONS and p.subject == ANYWHERE and not model:
        return "Contractions everywhere (I've a question)"
    if fixed:
        return fixed[model]
    head, _, number = p.value.partition(":")
    left, right = ('"', '"') if model else ("“", "”")
    match p.dimension:
        case Dimension.GREETING:
            form = (
                p.value.replace("{name}", "<name>").replace("{full}", "<name>").replace("{last}", "<name>")
                if model
                else p.value
            )
            return f"Greet people with {left}{form}{right}" if model else f"Greet with {left}{form}{right}"
        case Dimension.SIGN_OFF:
            lines = p.value.replace("\n", "\\n") if model else p.value.replace("\n\n", "\n").replace("\n", " / ")
            return f"Sign off with {left}{lines}{right}"
        case Dimension.EMOJI:
            return f"Add a {p.value} somewhere" if model else f"End with {p.value}"
        case Dimension.OPENING_LINE:
            return f"First sentence: {left}{p.value}{right}" if model else f"Begin with {left}{p.value}{right}"
        case Dimension.CLOSING_LINE:
            return f"End the body with {left}{p.value}{right}" if model else f"End with {left}{p.value}{right}"
        case Dimension.SENTENCE_LENGTH:
            return "Write short sentences" if model else f"Short sentences (up to about {number or 18} words)"
        case Dimension.PARAGRAPHS:
            return f"Paragraphs of about {number} sentences" if not model else "Use several paragraphs"
        case Dimension.LENGTH:
            if head == "first":
                return f"At most {number} sentences"
            return f"Keep it under {number} words"
        case Dimension.STOCK_PHRASE:
            phrase = p.subject if model else _readable(p.subject, p.value)
            if phrase.endswith(OPENING):
                return (
                    f"Do not start sentences with {left}{phrase[: -len(OPENING)]}{right}"
                    if model
                    else f"No sentences that begin {left}{phrase}{right}"
                )
            if p.value not in (AVOID, CUT):
                return f"Write {left}{p.value}{right}, not {left}{phrase}{right}"
            return f"Do not write {left}{phrase}{right}" if model else f"Never write {left}{phrase}{right}"
        case Dimension.WORD_CHOICE:
            if p.subject == PLAIN_WORDS:
                return (
                    "Use plain, simple words"
                    if model
                    else "Plain words: use, help, about, not utilize, assist, regarding"
                )
            return f"Write {left}{p.value}{right}, not {left}{p.subject}{right}"
    return p.statement or p.value


def _readable(phrase: str, value: str) -> str:
    """A phrase as it is written: evidence has it in lower case."""
    phrase = re.sub(r"\bi\b", "I", phrase)
    is_sentence = phrase.endswith(OPENING) or (value[:1].isupper() and value[-1:] in ".!?")
    return phrase[:1].upper() + phrase[1:] if is_sentence else phrase


# ------------------------------------------------------------------------------------------------------------- parsing

_NEVER = r"(?:never|do not|don['’]t|no|avoid|stop|without|leave out|drop|skip|not|less|fewer|omit)"
_QUOTE = "\"'“”‘’«»"
_FIXED: tuple[tuple[str, Dimension, str], ...] = (
    (rf"\b{_NEVER}\b.*\bexclamation", Dimension.EXCLAMATION, "avoid"),
    (r"\bexclamation (?:marks?|points?)", Dimension.EXCLAMATION, "use"),
    (
        rf"\b{_NEVER}\b.*\bcontractions?\b|\bwrite out contractions|\b(?:write|spell) (?:words|"
        rf"contractions|everything) out", Dimension.CONTRACTIONS, "avoid"),
    (r"\bcontractions?\b", Dimension.CONTRACTIONS, "use"),
    (rf"\b{_NEVER}\b.*\b(?:emojis?|smil\w+)\b", Dimension.EMOJI, "avoid"),
    (rf"\b{_NEVER}\b.*\b(?:hedg\w+|weasel words?)\b", Dimension.HEDGING, "avoid"),
    (r"\b(?:british|uk|commonwealth) (?:english|spelling)", Dimension.SPELLING, "uk"),
    (r"\b(?:american|us) (?:english|spelling)", Dimension.SPELLING, "us"),
    (rf"\b{_NEVER}\b.*\boxford comma", Dimension.OXFORD_COMMA, "avoid"),
    (r"\boxford comma", Dimension.OXFORD_COMMA, "use"),
    (rf"\b{_NEVER}\b.*\b(?:em|long)?[- ]?dash(?:es)?\b", Dimension.DASH, "comma"),
    (r"\bstraight (?:quot\w+|apostrophes?)", Dimension.QUOTES, "straight"),
    (r"\b(?:curly|typographic|smart) (?:quot\w+|apostrophes?)", Dimension.QUOTES, "curly"),
    (rf"\b{_NEVER}\b.*\b(?:bullet|lists?\b)|\bprose\b", Dimension.LISTS, "prose"),
    (r"\bbullet|\bas a list\b|\bbulleted", Dimension.LISTS, "bullets"),
    (r"\b(?:one|single) paragraph\b", Dimension.PARAGRAPHS, "one"),
    (r"\b(?:two|double) (?:spaces|blanks)\b|\bdouble[- ]spac", Dimension.SPACING, "wide"),
    (r"\b(?:one|single) (?:space|blank)\b", Dimension.SPACING, "narrow"),
    (
        r"\bone sentence per paragraph|\b(?:short paragraphs|paragraph (?:for|per) (?:every|each) "
        r"sentence)", Dimension.PARAGRAPHS, "each"),
    (rf"\b{_NEVER}\b.*\bmarkdown", Dimension.MARKDOWN, "avoid"),
    (r"^(?:always )?(?:say|write|use|add)(?: more)? [\"“']?please[\"”']?(?: more| often| more often)?$",
     Dimension.POLITENESS, "use"),
    (r"\bnumbers? (?:as|in) (?:digits|numerals)", Dimension.NUMERALS, "digits"),
    (r"\bnumbers? (?:as|in) words|\bspell out numbers", Dimension.NUMERALS, "words"),
    (r"\b(?:all|everything(?: in)?) lower[- ]?case|\bno capitals?\b|\bno capital letters", Dimension.LOWER_CASE, "all"),
    (r"\blower[- ]?case i\b", Dimension.LOWER_CASE, "i"),
    (r"\bshort(?:er)? sentences\b", Dimension.SENTENCE_LENGTH, "short:15"),
    (r"\blong(?:er)? sentences\b", Dimension.SENTENCE_LENGTH, "long"),
    (r"\b(?:plain|simple|simpler) (?:words|english|language)\b", Dimension.WORD_CHOICE, "plain"),
    (rf"^(?:{_NEVER}) (?:greetings?|salutations?)\b", Dimension.GREETING, ""),
    (
        rf"^(?:{_NEVER}) (?:sign[- ]?offs?|closings?|signatures?)\b|\b(?:do not|don['’]t|never) "
        rf"sign\b", Dimension.SIGN_OFF, ""),
)  # fmt: skip


def parse_statement(text: str, audience: str = EVERYONE) -> Preference | None:
    """A stated preference from a person's own words; CUSTOM (for the prompt only) where no rule is recognised, None
    if empty.
    """
    typed = " ".join(text.split()) if "\n" not in text else text.strip()
    if not typed:
        return None
    dimension, subject, value = _recognised(typed) or (Dimension.CUSTOM, "", typed)
    own = typed if dimension is Dimension.CUSTOM else ""
    return Preference(
        identify(dimension, subject, value, audience), dimension, value, subject, audience, Origin.STATED, statement=own
    )


def _recognised(typed: str) -> tuple[Dimension, str, str] | None:
    plain = typed.rstrip(".! ") if not re.search(r"(?:with|greet)", typed, re.I) else typed
    low = plain.lower()
    sign = re.match(
        r"(?:always )?(?:sign(?: off)?|close|end)(?: (?:my )?(?:e-?mails?|messages?|letters?))? (?:with|as)[: ]+(.+)$",
        typed,
        re.I | re.S,
    )
    if sign:
        return _ending(sign.group(1))
    greet = re.match(
        r"(?:always )?(?:greet(?: (?:people|everyone|them))?|start|open|begin)(?: (?:e-?mails?|"
        r"messages?))? with[: ]+(.+)$",
        typed,
        re.I,
    )
    if greet:
        return Dimension.GREETING, "", _greeting_form(greet.group(1))
    say = re.match(
        r"(?:say|write|use|prefer) (.+?)(?:,? (?:not|instead of|rather than|over|and not)) (.+)$", plain, re.I
    )
    if say:
        new, old = _bare(say.group(1)), _bare(say.group(2))
        if old.lower() in _GREETINGS and new.lower() in _GREETINGS:
            return Dimension.GREETING, "", f"{new[:1].upper()}{new[1:]} {{name}},"
        if old and new and not any(word in low for word in ("spelling", "dash", "paragraph", "bullet")):
            return (
                (Dimension.WORD_CHOICE, old.lower(), new)
                if len(old.split()) <= 4
                else (Dimension.STOCK_PHRASE, old.lower(), new)
            )
    limit = re.search(r"\b(?:under|at most|no more than|max(?:imum|\.)?|up to|within) (\d+) (words|sentences)", low)
    if limit:
        return Dimension.LENGTH, "", ("under:" if limit.group(2) == "words" else "first:") + limit.group(1)
    emoji = EMOJI_RE.search(typed) or SMILEY_RE.search(typed)
    if emoji and not re.match(_NEVER, low):
        return Dimension.EMOJI, "", emoji.group(0)
    for pattern, dimension, value in _FIXED:
        if re.search(pattern, low):
            return dimension, PLAIN_WORDS if dimension is Dimension.WORD_CHOICE else "", value
    return _banned(plain)


_GREETINGS = frozenset("hi hello hey dear good morning".split())


def _banned(plain: str) -> tuple[Dimension, str, str] | None:
    marks = re.escape(_QUOTE)
    banned = re.match(
        rf"(?:please )?{_NEVER}(?: (?:use|write|say|writing|saying|using|start with))?(?: the "
        rf"(?:word|words|phrase|expression))?\s+(.+)$",
        plain,
        re.I,
    )
    if not banned:
        return None
    words = banned.group(1)
    quoted = re.search(rf"[{marks}](.+)[{marks}]", words)
    phrase = _bare(quoted.group(1) if quoted else words)
    named = re.search(r"\b(?:use|write|say|word|words|phrase|using|writing|saying)\b", plain[: banned.start(1)], re.I)
    if not phrase or not (quoted or named or len(phrase.split()) == 1):
        return None
    if phrase.lower() in ("please", "pls"):
        return Dimension.POLITENESS, "", "avoid"
    family = next((f for f in FAMILIES if f.pattern.match(phrase)), None) or FAMILY_BY_KEY.get(phrase)
    if family:
        return Dimension.STOCK_PHRASE, family.key, CUT if family.lead else AVOID
    if phrase.lower() in PLAIN:
        return Dimension.WORD_CHOICE, phrase.lower(), PLAIN[phrase.lower()]
    return Dimension.STOCK_PHRASE, phrase.lower(), AVOID if len(phrase.split()) > 2 else CUT


def _bare(words: str) -> str:
    return words.strip().strip(_QUOTE + " .").strip()


def _ending(words: str) -> tuple[Dimension, str, str]:
    words = words.strip().strip('"“”«» ')
    if EMOJI_RE.fullmatch(words):
        return Dimension.EMOJI, "", words
    words = words.replace("\\n", "\n").replace(" / ", "\n")
    if "\n" not in words:
        words = re.sub(r",\s+(?=\S+(?: \S+){0,2}$)", ",\n", words)
    return Dimension.SIGN_OFF, "", words


def _greeting_form(words: str) -> str:
    form = words.strip().strip('"“”«» ')
    form = re.sub(
        r"[<\[{(](?:first ?)?name[>\]})]|\bNAME\b|(?<=hi )name\b|(?<=dear )name\b|(?<=hello )name\b|(?<=hey )name\b",
        "{name}",
        form,
        flags=re.I,
    )
    form = template_of(form, ())
    if form.lower() in _GREETINGS:
        form += " {name}"
    return form if form[-1:] in ",:!.-–—" else form + ","
