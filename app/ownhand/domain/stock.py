"""Word lists that detectors and the finishing pass share: contractions, spelling pairs, set phrases, hedges, plain
words.

Everything is lower case with straight apostrophes; callers match without regard to case and accept both apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# ------------------------------------------------------------------------------------------------------ contractions

CONTRACTIONS: dict[str, str] = {
    **{f"{verb}n't": f"{verb} not" for verb in
       "do does did is are was were have has had would could should must need".split()},
    "can't": "cannot", "won't": "will not", "i'm": "I am",
    **{f"{who}'re": f"{who} are" for who in ("you", "we", "they")},
    **{f"{who}'ve": f"{who} have" for who in ("I", "you", "we", "they")},
    **{f"{who}'ll": f"{who} will" for who in ("I", "you", "we", "they", "he", "she", "it", "that", "there")},
    **{f"{who}'d": f"{who} would" for who in ("I", "you", "we", "they", "he", "she", "it")},
    **{f"{who}'s": f"{who} is" for who in ("it", "that", "there", "here", "what", "who", "where", "how", "he", "she")},
    "let's": "let us",
}  # fmt: skip
CONTRACTIONS = {short.lower(): full for short, full in CONTRACTIONS.items()}

_PARTICIPLE = (
    r"(?:been|had|got|gone|done|made|seen|sent|taken|given|become|come|found|left|lost|met|"
    r"heard|put|read|said|\w{2,}ed|written|begun|chosen|spoken|run|set|shown|told|thought|"
    r"kept|felt|held|brought|bought|paid|built|already|just|never|always|also|recently)"
)

CONTRACTION_RE = re.compile(
    r"\b("
    + "|".join(sorted((re.escape(c).replace("'", "['’]") for c in CONTRACTIONS), key=len, reverse=True))
    + r")\b",
    re.I,
)

FULL_RE = re.compile(
    r"\b(?:(?P<neg>do|does|did|is|are|was|were|has|have|had|would|could|should) not\b"
    r"|(?P<will>will not\b)|(?P<can>(?:cannot|can not)\b)"
    r"|(?P<am>I am)(?= [\w‘“\"'])"
    r"|(?P<are>(?:you|we|they) are)(?= \w)(?! not\b)"
    r"|(?P<have>(?:I|you|we|they) have)(?= (?:not )?" + _PARTICIPLE + r"\b)(?! not\b)"
    r"|(?P<will2>(?:I|you|we|they|he|she|it|that|there) will)(?= \w)(?! not\b)"
    r"|(?P<would>(?:I|you|we|they|he|she) would)(?= \w)(?! not\b)"
    r"|(?P<is>(?:it|that|there|here|what|who|where|he|she) is)(?= \w)(?! not\b))",
    re.I,
)
"""Places where the full form could be contracted without sounding wrong ('that is who I am.' is none)."""

_ANYWHERE_RE = re.compile(
    r"\b(?:(?P<neg>do|does|did|is|are|was|were|has|have|had|would|could|should) not"
    r"|(?P<will>will not)|(?P<can>cannot|can not)|(?P<am>I am)|(?P<are>(?:you|we|they) are)"
    r"|(?P<have>(?:I|you|we|they) have)|(?P<will2>(?:I|you|we|they|he|she|it|that|there) will)"
    r"|(?P<would>(?:I|you|we|they|he|she) would)|(?P<is>(?:it|that|there|here|what|who|where|he|she) is))\b(?! not\b)",
    re.I,
)
"""Those of FULL_RE and the places where only few contract: 'I've a question', 'if you've time', 'yes, I'd.'."""

_HAS_AFTER = re.compile(r"\s+(?:not\s+)?" + _PARTICIPLE + r"\b", re.I)
_HAD_AFTER = re.compile(r"\s+(?:better|been|had|gone|done|already)\b", re.I)


def as_case_of(model: str, word: str) -> str:
    """`word` with the capitals of `model`: UTILIZE -> USE, Utilize -> Use."""
    if len(model) > 1 and model.isupper() and any(c.isalpha() for c in model):
        return word.upper() if len(model) > 2 else word
    if model[:1].isupper():
        return word[:1].upper() + word[1:]
    return word


def expand(text: str) -> str:
    """Contractions written out; 's and 'd become has and had where a participle follows."""

    def full(match: re.Match[str]) -> str:
        short = match.group(0).replace("’", "'").lower()
        whole = CONTRACTIONS[short]
        after = text[match.end() :]
        if (
            short.endswith("'s")
            and short != "let's"
            and _HAS_AFTER.match(after)
            and not re.match(
                r"\s+(?:set|put|just|already|also|always|never|interested|needed|required|supposed|"
                r"\w+ed\s+(?:to|by|for))\b",
                after,
                re.I,
            )
        ):
            whole = whole[:-2] + "has"
        elif short.endswith("'d") and _HAD_AFTER.match(after):
            whole = whole[: -len("would")] + "had"
        return whole if whole.startswith("I ") else as_case_of(match.group(0)[:1], whole)

    return CONTRACTION_RE.sub(full, text)


def rare_places(text: str) -> int:
    """How many full forms stand where only few people contract."""
    return len(_ANYWHERE_RE.findall(text)) - len(FULL_RE.findall(text))


def contract(text: str, apostrophe: str = "'", *, anywhere: bool = False) -> str:
    """The forms that people contract without thought, contracted; with `anywhere` also where only few do."""

    def short(match: re.Match[str]) -> str:
        words = match.group(0).split()
        kind = match.lastgroup
        if kind == "neg":
            made = words[0] + "n't"
        elif kind == "will":
            made = words[0][0] + "on't"
        elif kind == "can":
            made = words[0][:3] + "'t"
        else:
            ending = {"am": "'m", "are": "'re", "have": "'ve", "will2": "'ll", "would": "'d", "is": "'s"}[kind or "is"]
            made = words[0] + ending
        if match.group(0).isupper():
            made = made.upper()
        return made.replace("'", apostrophe)

    return (_ANYWHERE_RE if anywhere else FULL_RE).sub(short, text)


# ---------------------------------------------------------------------------------------------------------- spelling

_IZE = """
organ real recogn apolog summar priorit final minim maxim optim util emphas custom special categor author standard
memor critic modern stabil general central formal initial normal visual synchron monet mobil harmon character capital
familiar
jeopard scrutin sympath symbol public popular penal legal local material digit crystall personal polar privat random
rational
social subsid theor energ ideal item neutral national dramat hypothes context internal external revolution equal
hospital
industrial patron anonym parametr serial regular reorgan""".split()
_OUR = (
    "col fav hon lab behavi neighb harb hum rum flav vap endeav od arm parl splend cand rig tum vig discol misbehavi"
).split()
_LL = "travel cancel label model level signal fuel counsel dial channel marvel quarrel tunnel pedal total".split()
_SINGLE = """
center:centre centers:centres centered:centred centering:centring theater:theatre theaters:theatres liter:litre
liters:litres fiber:fibre fibers:fibres kilometer:kilometre kilometers:kilometres centimeter:centimetre
millimeter:millimetre
caliber:calibre somber:sombre luster:lustre meager:meagre defense:defence offense:offence pretense:pretence
catalog:catalogue
catalogs:catalogues gray:grey grays:greys aluminum:aluminium mustache:moustache pajamas:pyjamas plow:plough
skeptic:sceptic
skeptical:sceptical skepticism:scepticism mold:mould jewelry:jewellery fulfill:fulfil fulfills:fulfils
fulfillment:fulfilment
enroll:enrol enrollment:enrolment installment:instalment installments:instalments skillful:skilful willful:wilful
aging:ageing
artifact:artefact artifacts:artefacts maneuver:manoeuvre pediatric:paediatric math:maths mom:mum cozy:cosy
airplane:aeroplane
anesthesia:anaesthesia specialty:speciality woolen:woollen""".split()


def _pairs() -> dict[str, str]:
    pairs = {us: uk for us, _, uk in (pair.partition(":") for pair in _SINGLE)}
    for stem in _IZE:
        for end in ("e", "es", "ed", "ing", "er", "ers", "ation", "ations", "able"):
            pairs[f"{stem}iz{end}"] = f"{stem}is{end}"
    for stem in ("anal", "paral", "catal"):
        for end in ("e", "ed", "ing", "er"):
            pairs[f"{stem}yz{end}"] = f"{stem}ys{end}"
    for stem in _OUR:
        for end in (
            "",
            "s",
            "ed",
            "ing",
            "ful",
            "able",
            "ably",
            "ite",
            "ites",
            "hood",
            "hoods",
            "ly",
            "less",
            "al",
            "ally",
        ):
            pairs[f"{stem}or{end}"] = f"{stem}our{end}"
    for stem in _LL:
        for end in ("ed", "ing", "er", "ers"):
            pairs[f"{stem}{end}"] = f"{stem}l{end}"
    return pairs


US_TO_UK: dict[str, str] = _pairs()
UK_TO_US: dict[str, str] = {uk: us for us, uk in US_TO_UK.items()}


def spelled_as(source: str, text: str) -> str:
    """A text with the words of its source in the spelling that they have there: "apologise" stays British."""
    said = {word.lower() for word in re.findall(r"\w+", source)}

    def put(found: re.Match[str]) -> str:
        word = found[0].lower()
        other = US_TO_UK.get(word, "") or UK_TO_US.get(word, word)
        return as_case_of(found[0], other) if other in said and word not in said else found[0]

    return re.sub(r"\w+", put, text)


FORMAL: dict[str, str] = {
    "thanks": "thank you", "thx": "thank you", "ok": "all right", "okay": "all right", "asap": "as soon as possible",
    "btw": "by the way", "fyi": "for your information", "gonna": "going to", "wanna": "want to", "gotta": "have to",
    "yeah": "yes", "yep": "yes", "nope": "no", "kids": "children", "pls": "please", "no worries": "that is no problem",
}  # fmt: skip
"""Words of speech, and what stands for them in formal writing."""

# -------------------------------------------------------------------------------------------------------- set phrases


@dataclass(frozen=True, slots=True)
class Family:
    """A set phrase in all its wordings.  `lead` marks words that open a sentence with content of its own."""

    key: str
    pattern: re.Pattern[str]
    lead: bool = False


def _family(key: str, pattern: str, lead: bool = False) -> Family:
    return (
        Family(key, re.compile(r"(?<![\w'’])(?:" + pattern + r")", re.I))
        if not lead
        else Family(key, re.compile(r"(?<![\w'’])(?:" + pattern + r")\s*", re.I), True)
    )


_REST = r"[^.!?\n]*"
FAMILIES: tuple[Family, ...] = (
    _family("I hope this finds you well",
        r"I (?:do |really |sincerely )?hope (?:that )?(?:this (?:e-?mail|message|note|"
        r"letter)?\s*(?:finds|reaches)|you(?:['’]re| are|['’]ve been| have been)? (?:all "
        r")?(?:do(?:ing)? |keeping |had |having |enjoy)?(?:well|great|fine|good|a (?:great|good|"
        r"nice|wonderful|lovely))|all is well|your (?:day|week|weekend))" + _REST),
    _family("Hope you are well",
        r"(?:just )?hop(?:e|ing) (?:that )?(?:you|this|all|everything)(?:['’]re| are|['’]s| is| "
        r"finds you)?(?: all| been| doing| keeping| going)* (?:well|great|fine|good)\b" + _REST),
    _family("do not hesitate", r"(?:so |and )?(?:please,? )?(?:do not|don['’]?t) hesitate to" + _REST),
    _family("feel free",
        r"(?:please,? |and )?feel free to (?:reach out|contact|get in touch|ask|call|e-?mail|let "
        r"me know|drop)" + _REST),
    _family("reach out with questions",
        r"(?:please )?(?:reach out|get in touch|contact me) (?:to me )?(?:if|with|should|anytime|"
        r"at any time)" + _REST),
    _family("let me know if you have any questions",
        r"(?:and |so )?(?:please,? )?(?:just )?let me know (?:if|should|whether) (?:you have|"
        r"there are|you need|there['’]s|there is|anything)" +
        r"[^.!?\n]*(?:questions?|concerns?|else|anything|information|help|clarif\w+)" + _REST),
    _family("if you have any questions",
        r"(?:if|should) you have (?:any )?(?:further |other |more |additional )?(?:questions|"
        r"concerns)" + _REST),
    _family("looking forward to hearing from you",
        r"(?:I(?:['’]m| am)? )?(?:very much )?look(?:ing)? forward to (?:hear|your|speak|talk|see|"
        r"meet|connect)" + _REST),
    _family("thank you for your time",
        r"(?:thank you|thanks)(?: so much| very much)?(?: in advance)? for your (?:time|attention|"
        r"understanding|consideration|patience|cooperation|prompt)" + _REST),
    _family("thanks in advance", r"(?:thank you|thanks|many thanks) in advance" + _REST),
    _family("have a great day",
        r"(?:I hope you )?have a (?:great|good|nice|wonderful|lovely|pleasant) (?:day|week|"
        r"weekend|evening|rest of|one)" + _REST),
    _family("at your earliest convenience", r"at your earliest convenience"),
    _family("I wanted to reach out",
        r"I(?:['’]m| am)? (?:just )?(?:wanted|want(?:ing)?|would like|writing|reaching out|am "
        r"writing) to (?:quickly )?(?:reach out|touch base|follow up|check in|let you know|inform "
        r"you|get in touch)(?: to you)?(?: and (?:let you know|tell you|inform you|ask you|say))?"
        r"(?: (?:regarding|about|that|on|concerning|with you(?: about| regarding| on)?))?", True),
    _family("I am writing to",
        r"I(?:['’]m| am) (?:writing|reaching out|e-?mailing|contacting you|getting in touch)(?: "
        r"to you)?(?: today)?(?: (?:regarding|about|concerning|because|to (?:inform you|let you "
        r"know|tell you)(?: that| about)?))?", True),
    _family("please be advised that", r"please (?:be (?:advised|informed|aware)|note|know) that", True),
    _family(
        "it is worth noting that", r"it(?:['’]s| is) (?:worth|important)" r" "
        r"(?:noting|to note|mentioning|to mention) that", True
    ),
    _family("as per my last email", r"(?:as )?per my (?:last|previous) (?:e-?mail|message|note),?", True),
    _family("needless to say", r"needless to say,?|it goes without saying that", True),
    _family("at the end of the day", r"at the end of the day,?", True),
)  # fmt: skip
FAMILY_BY_KEY = {family.key: family for family in FAMILIES}

# ------------------------------------------------------------------------------------------------------------- hedges

HEDGES: tuple[str, ...] = (
    "I think", "I believe", "I feel", "I guess", "I suppose", "in my opinion", "I would say", "it seems", "it appears",
    "kind of", "sort of", "a bit", "a little", "just", "perhaps", "maybe", "possibly", "probably", "basically",
    "actually",
    "really", "quite", "somewhat", "rather", "simply", "honestly", "literally", "essentially", "fairly", "arguably",
)  # fmt: skip
HEDGE_RE = re.compile(
    r"(?:(?<=^)|(?<=[\s(—–]))(?:(?:I (?:think|believe|feel|guess|suppose)|it (?:seems|appears))"
    r"(?: (?:that )(?=(?:the|this|these|those|a|an|my|your|our|his|her|its|their|I|you|he|she|"
    r"it|we|they|there)\b)| (?=\w))"
    r"(?!(?:about|of|so|not|like|to|as|in|free|it over)\b)"
    r"|in my opinion,? |(?:kind|sort) of |(?<!not )(?:perhaps|maybe|possibly|probably|"
    r"basically|actually|really|quite|somewhat|"
    r"honestly|literally|essentially|arguably),? |(?<!not )(?<!only )(?<!has )(?<!have "
    r")(?<!had )just (?!as\b|in case\b|like\b|about\b|a few\b|one\b|enough\b|now\b))",
    re.I | re.M,
)
"""Words that only soften; matches end with the blank so that cutting them leaves a clean sentence."""

# ------------------------------------------------------------------------------------------------------- plain words

PLAIN: dict[str, str] = {
    "utilize": "use", "utilise": "use", "regarding": "about", "concerning": "about", "prior to": "before",
    "subsequent to": "after", "assist": "help", "assistance": "help", "commence": "start", "terminate": "end",
    "obtain": "get", "receive": "get", "require": "need", "additional": "more", "however": "but", "therefore": "so",
    "in order to": "to", "due to the fact that": "because", "at this time": "now", "at this point in time": "now",
    "numerous": "many", "purchase": "buy", "inform": "tell", "sufficient": "enough", "approximately": "about",
    "furthermore": "also", "moreover": "also", "additionally": "also", "endeavor": "try", "facilitate": "help",
    "demonstrate": "show", "indicate": "show", "initiate": "start", "leverage": "use", "attempt": "try",
    "ascertain": "find out", "in the event that": "if", "with regard to": "about", "with regards to": "about",
    "in regard to": "about", "with respect to": "about", "in the near future": "soon", "a large number of": "many",
    "the majority of": "most", "provide": "give", "request": "ask for", "reside": "live", "inquire": "ask",
    "consequently": "so", "thus": "so", "hence": "so", "upon": "on", "via": "by", "per": "by", "whilst": "while",
    "amongst": "among", "component": "part", "implement": "do", "modify": "change", "select": "choose",
    "locate": "find", "retain": "keep", "remainder": "rest", "expedite": "speed up", "finalize": "finish",
}  # fmt: skip
"""Long word to plain word.  A person who swaps three of these is offered the rest as one preference."""

SAFE_PLAIN = frozenset(
    "utilize utilise prior_to subsequent_to commence terminate obtain in_order_to due_to_the_fact_that at_this_time "
    "at_this_point_in_time numerous purchase sufficient approximately furthermore moreover ascertain in_the_event_that "
    "with_regard_to with_regards_to in_regard_to with_respect_to in_the_near_future a_large_number_of the_majority_of "
    "regarding concerning assist assistance additional inform require".replace("_", "\0").split()
)
SAFE_PLAIN = frozenset(word.replace("\0", " ") for word in SAFE_PLAIN)
"""Those of PLAIN that fit in nearly every sentence."""
PLAIN_BASE_FORMS = frozenset({"receive"})
"""Those that fit nearly everywhere in this form alone: 'to receive', but not 'the received letter'."""
PLAIN_OPENERS = {"however": "but", "therefore": "so"}
"""Those that fit where they open a sentence."""

# ---------------------------------------------------------------------------------------------------- small patterns

EMOJI_RE = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b]"
    "[\ufe0f\u200d\U0001f3fb-\U0001f3ff\u2640\u2642\u2764\U0001f300-\U0001faff]*)"
)
SMILEY_RE = re.compile(r"(?<![\w:;])(?:[:;]['’]?-?[)(DPp/]|:\)\)|<3|xD)(?!\w)")
BULLET_RE = re.compile(r"^[ \t]*(?:[-*•‣–]|\d{1,2}[.)])[ \t]+(?=\S)", re.M)
OXFORD_RE = re.compile(r"(\b[\w'’-]+(?: [\w'’-]+){0,3}, [\w'’-]+(?: [\w'’-]+){0,3}), (and|or) (?=[\w'’-]+)", re.I)
"""'a, b, and c': group 1 is what stands before the last comma."""
NO_OXFORD_RE = re.compile(
    r"(\b[\w'’-]+(?: [\w'’-]+){0,2}, [\w'’-]+(?: [\w'’-]+)?) (and|or) ([\w'’-]+)(?=[.,;:!?]|$)", re.I | re.M
)
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
WORD_NUMBERS = {digits: word for word, digits in NUMBER_WORDS.items()}
PLEASE_RE = re.compile(r"(?:, please(?=[,.!?]|$)|(?<![\w'’])please,? )", re.I)
URL_RE = re.compile(
    r"(?:https?://|www\.)[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+|"
    r"(?<!\w)(?:[\w-]+\.)+(?:com|org|net|io|de|uk|edu|gov)(?:/[^\s]*)?\b"
)
