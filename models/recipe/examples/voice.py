"""How one author writes, the rules and examples that tell it, and letters in that way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from recipe.examples.noise import contracted, expanded, lowered
from recipe.examples.world import NUMBERS, World, capitalized

GREETINGS = {
    "F": ("Dear {n},", "Dear {n},", "Hello {n},", "Good morning {n},", "Good afternoon {n},", "Dear {n}:"),
    "M": ("Hi {n},", "Hi {n},", "Hello {n},", "Dear {n},", "Good morning {n},", "{n},", "Hello {n}", "Hi {n} -"),
    "C": (
        "Hey {n},", "Hey {n}!", "Hi {n}!", "Hi {n},", "Hiya {n},", "Hey hey {n},", "Morning {n}!", "{n}!", "{n} -",
        "Yo {n},", "Hi {n} :)", "Hey there {n},", "Howdy {n},", "{n} --", "Hallo {n},", "Hi {n}", "Heya {n},",
        "Evening {n},",
    ),
}  # fmt: skip
ENDINGS = {
    "F": (
        "Best regards,", "Kind regards,", "Sincerely,", "Yours sincerely,", "With kind regards,", "Respectfully,",
        "Yours faithfully,", "Regards,", "With best wishes,", "Yours truly,", "Cordially,", "Most sincerely,",
    ),
    "M": (
        "Best,", "Thanks,", "Best wishes,", "Kind regards,", "All the best,", "Many thanks,", "Warm regards,",
        "Best regards,", "Thank you,", "Take care,", "Warmly,", "Thanks again,", "Regards,", "Have a good week,",
    ),
    "C": (
        "Cheers,", "Thanks!", "Talk soon,", "See you,", "Ta,", "Later,", "xo", "Hugs,", "Thx,", "Ciao,", "Cheers!",
        "Onwards,", "Happy days,", "Big thanks,", "Peace,", "Until then,", "Over and out,", "Yours in coffee,",
        "Stay warm,", "Love,", "Bye for now,", "Speak soon,", "Xx", "As ever,", "Toodles,", "Your friend,",
    ),
}  # fmt: skip
OPENINGS = {
    "F": ("I hope this message finds you well.", "I trust that you are well.", "I hope that all is well with you."),
    "M": (
        "I hope you are doing well.",
        "I hope you had a good weekend.",
        "Thanks for your email.",
        "I hope all is well.",
    ),
    "C": ("Hope all is good!", "How's it going?", "Hope you had a great weekend!", "Long time no see!", "Quick one."),
}
CLOSINGS = {
    "F": (
        "Please do not hesitate to contact me if you have any questions.", "I look forward to hearing from you.",
        "Thank you for your time.", "Thank you in advance for your help.",
    ),
    "M": (
        "Let me know if you have any questions.", "Thanks in advance for your help.", "Let me know what you think.",
        "Let me know if that works for you.", "I look forward to hearing from you.",
    ),
    "C": ("Let me know!", "Thanks a bunch!", "Talk soon!", "Can't wait!", "No rush.", "Shout if anything comes up."),
}  # fmt: skip
EMOJI = (":)", "🙂", "😊", "🙏", "🎉", ";)", "👍")
BANNED = (
    "I hope this message finds you well", "I hope you are doing well", "please do not hesitate", "reach out",
    "just wanted to", "at your earliest convenience", "as per", "touch base", "circle back", "kindly", "ASAP",
    "I look forward to hearing from you", "moving forward", "leverage", "utilize", "synergy", "basically", "actually",
    "unfortunately", "to be honest", "thanks in advance", "no worries", "awesome", "per my last email", "going forward",
)  # fmt: skip
BRITISH = dict(
    pair.split(":")
    for pair in (
        "color:colour|organize:organise|organizing:organising|organized:organised|favor:favour|center:centre|"
        "theater:theatre|apologize:apologise|apologizing:apologising|realize:realise|realized:realised|"
        "traveling:travelling|recognize:recognise|neighborhood:neighbourhood|catalog:catalogue|favorite:favourite|"
        "labor:labour|finalize:finalise|finalized:finalised|summarize:summarise|analyze:analyse|behavior:behaviour|"
        "canceled:cancelled|gray:grey|prioritize:prioritise|humor:humour|harbor:harbour|neighbor:neighbour|"
        "neighbors:neighbours|honor:honour|optimize:optimise|customize:customise|specialized:specialised|"
        "organization:organisation|organizations:organisations"
    ).split("|")
)
_FAMILIES = (("use", "utilize"), ("help", "assist"), ("about", "regarding"), ("start", "commence"), ("but", "however"),
             ("get", "obtain"), ("need", "require"), ("buy", "purchase"), ("tell", "inform"), ("check", "verify"),
             ("meeting", "call"), ("photos", "pictures"), ("customers", "clients"), ("film", "movie"),
             ("soon", "shortly"), ("send", "forward"), ("draft", "version"), ("budget", "finances"))  # fmt: skip


_SENTENCE_END = re.compile(r"[.!?…](?=\s|$)|(?<![.!?…])\n|(?<![.!?…])$")


@dataclass(frozen=True)
class Voice:
    """One author's habits.  `register` is F, M or C: formal, middle, casual."""

    register: str
    first: str
    last: str
    greeting: str
    """With {n} for the recipient; '' for none."""
    sign_off: str
    """Whole, with the name; '' for none."""
    contractions: bool
    exclamation: int
    """0: never, 1: where it stands, 2: gladly."""
    paragraphs: str = "one"
    """one, each, two or bullets."""
    opening: str = ""
    closing: str = ""
    emoji: str = ""
    lower: bool = False
    british: bool = False
    ampersand: bool = False
    digits: bool = False
    curly: bool = False


def a_voice(world: World, register: str = "") -> Voice:
    """Some author."""
    r = world.chance
    register = register or r.choices("FMC", [0.25, 0.4, 0.35])[0]
    first, last = world.first_name(), world.last_name()
    name = r.choice(
        [first, first, f"{first} {last}"] if register != "C" else [first, first, first, first[0], f"{first[0]}."]
    )
    ending = r.choice(ENDINGS[register])
    sign_off = r.choices(
        [f"{ending}\n{name}", f"{ending} {name}", f"{r.choice(['-', '--', '—', '- '])}{name}", name, ending, ""],
        [0.58, 0.14, 0.08, 0.07, 0.06, 0.07],
    )[0]
    lower = register == "C" and r.random() < 0.12
    voice = Voice(
        register,
        first,
        last,
        r.choice(GREETINGS[register]) if r.random() < 0.94 else "",
        sign_off,
        r.random() < {"F": 0.08, "M": 0.7, "C": 0.93}[register],
        {"F": 0, "M": r.choice([0, 0, 1]), "C": r.choice([0, 1, 2])}[register],
        r.choices(["one", "each", "two", "bullets"], [0.5, 0.18, 0.24, 0.08])[0],
        r.choice(OPENINGS[register]) if r.random() < 0.22 else "",
        r.choice(CLOSINGS[register]) if r.random() < 0.3 else "",
        r.choice(EMOJI) if register == "C" and r.random() < 0.2 else "",
        lower,
        r.random() < 0.18,
        r.random() < 0.05,
        r.random() < 0.08,
        r.random() < 0.1,
    )
    if lower:
        voice = replace(voice, greeting=voice.greeting.lower(), sign_off=voice.sign_off.lower())
    if voice.exclamation == 0:
        voice = replace(
            voice,
            greeting=voice.greeting.replace("!", ","),
            sign_off=voice.sign_off.replace("!", ","),
            opening=voice.opening.replace("!", "."),
            closing=voice.closing.replace("!", "."),
        )
    return voice


def styled(text: str, voice: Voice) -> str:
    """A sentence with the author's contractions, marks, spelling and capitals."""
    text = contracted(text) if voice.contractions else expanded(text)
    if voice.exclamation == 0:
        text = re.sub(r"!+", ".", re.sub(r"\?!+|!+\?", "?", text))
    elif voice.exclamation == 2:
        text = re.sub(
            r"((?:[Tt]hank|[Cc]ongrat|[Ll]et me know|[Hh]appy|[Ll]ove|[Gg]reat|[Ll]ooking forward|[Ss]ee you)"
            r"[^.?!\n]*)\.(?=\s|$)",
            r"\1!",
            text,
        )
    if voice.british:
        text = re.sub(r"[A-Za-z]+", _british, text)
    if voice.ampersand:
        text = re.sub(r"\band\b", "&", text)
    if voice.digits:
        text = re.sub(r"\b(" + "|".join(NUMBERS[:9]) + r")\b", lambda f: str(NUMBERS.index(f[1]) + 2), text)
    if voice.curly:
        text = re.sub(r"(?<=\w)'(?=\w)", "’", text)
    return text.lower() if voice.lower else text


def _british(found: re.Match[str]) -> str:
    word = found[0]
    new = BRITISH.get(word.lower())
    return word if new is None else capitalized(new) if word[0].isupper() else new


def letter(sentences: Sequence[str], voice: Voice, recipient: str, chance: Random) -> str:
    """A letter that says these sentences in order, in the voice, and nothing else but its fixed phrases."""
    said = [styled(sentence, voice) for sentence in sentences]
    if voice.emoji and said:
        said[-1] = re.sub(r"[.!]$", "", said[-1]) + " " + voice.emoji
    opening, closing = (styled(phrase, voice) if phrase else "" for phrase in (voice.opening, voice.closing))
    if voice.paragraphs == "bullets" and len(said) > 1:
        body = "\n".join(f"- {sentence}" for sentence in said)
    elif voice.paragraphs == "each":
        body = "\n\n".join(said)
    elif voice.paragraphs == "two" and len(said) > 2:
        cut = max(1, len(said) // 2)
        body = " ".join(said[:cut]) + "\n\n" + " ".join(said[cut:])
    else:
        body = " ".join(said)
    joint = " " if voice.paragraphs == "one" else "\n\n"
    body = joint.join(part for part in (opening, body, closing) if part)
    greeting = voice.greeting.replace("{n}", recipient)
    greeting = greeting.lower() if voice.lower else greeting
    return "\n\n".join(part for part in (greeting, body, voice.sign_off) if part)


def rules(voice: Voice, text: str, world: World) -> list[str]:
    """True statements about the text, as the program words them; in random order, all that apply."""
    r = world.chance
    blocks = text.split("\n\n")
    body = "\n\n".join(blocks[bool(voice.greeting) : len(blocks) - bool(voice.sign_off)])
    found: list[str] = []
    if voice.greeting:
        form = voice.greeting.replace("{n}", r.choice(["<name>", "<name>", "<name>", "[name]"]))
        found.append(r.choice(['Greet people with "{}"'] * 4 + ['Start with "{}"', 'Greeting: "{}"']).format(form))
    else:
        found.append(r.choice(["No greeting", "No greeting", "Leave out the greeting"]))
    if voice.sign_off:
        form = voice.sign_off.replace("\n", r.choice(["\\n", "\\n", " "]))
        found.append(r.choice(['Sign off with "{}"'] * 4 + ['Always end with "{}"', 'Sign-off: "{}"']).format(form))
    else:
        found.append(r.choice(["No sign-off", "No sign-off", "Do not sign the email"]))
    found.append(
        r.choice(["Use contractions", "Use contractions", "Contractions are fine"])
        if voice.contractions
        else r.choice(["Do not use contractions", "Do not use contractions", "No contractions", "Write words out"])
    )
    if voice.exclamation == 0:
        found.append(r.choice(["No exclamation marks", "No exclamation marks", "Do not use exclamation marks"]))
    elif voice.exclamation == 2:
        found.append("Exclamation marks are welcome")
    found.append(f"Add a {voice.emoji} somewhere" if voice.emoji else r.choice(["No emojis", "No emojis", "No emoji"]))
    if "\n- " in body:
        found.append(r.choice(["Use bullet points", "Use a bulleted list for the details"]))
    elif voice.paragraphs == "each":
        found.append("One sentence per paragraph")
    elif "\n\n" in body:
        found.append("Use several paragraphs")
    elif not body.startswith("- "):
        found.append("Write the body as a single paragraph")
    if voice.paragraphs != "bullets":
        found.append("No bullet points")
    if voice.opening:
        found.append(f'First sentence: "{styled(voice.opening, voice)}"')
    if voice.closing:
        found.append(f'End the body with "{styled(voice.closing, voice)}"')
    if voice.lower:
        found.append("All lowercase")
    if voice.british:
        found.append(r.choice(["Use British spelling", "British English"]))
    elif r.random() < 0.4:
        found.append("Use American spelling")
    if voice.ampersand and "&" in text:
        found.append("Write & instead of and")
    if voice.digits:
        found.append("Write numbers as digits")
    if voice.curly:
        found.append("Use curly quotes")
    elif r.random() < 0.3:
        found.append("Use straight quotes")
    count = len(text.split())
    limit = next((x for x in (15, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 300) if x >= count), 0)
    if limit:
        found.append(
            r.choice(["Keep it under {} words", "Keep it under {} words", "At most {} words"]).format(limit)
            if r.random() < 0.7
            else f"At most {max(1, len(re.findall(_SENTENCE_END, body)))} sentences"
        )
    banned = [phrase for phrase in r.sample(BANNED, 2) if phrase.lower() not in text.lower()]
    found += [f'Do not write "{phrase}"' for phrase in banned]
    found += _marks_and_words(body, voice, r)
    if r.random() < 0.3:
        start = r.choice(_STARTS)
        if start.lower() not in text.lower():
            found.append(f'Do not start sentences with "{start}"')
    found.append({"F": "Formal tone", "M": "Friendly but professional tone", "C": "Casual tone"}[voice.register])
    r.shuffle(found)
    return found


_STARTS = ("I hope", "I just", "So", "Also", "Just", "Well", "However", "I think", "Please note", "As you know", "And")


def _marks_and_words(body: str, voice: Voice, chance: Random) -> list[str]:
    """Rules about single marks and words that this text happens to keep."""
    low = body.lower()
    short = all(len(sentence.split()) < 14 for sentence in re.split(r"[.!?]\s", body))
    tests = (
        ("Do not write please", "please" not in low),
        ("Say please", "please" in low),
        ("Do not use em dashes", "—" not in body),
        ("No markdown", True),
        ("Use normal capitals", not voice.lower),
        ("Write and instead of &", "&" not in body),
        ("Write short sentences", short),
        ("Use the Oxford comma", ", and " in body),
        ("No Oxford comma", re.search(r", \w+ and \w+", body) is not None),
        ("Write small numbers as words", re.search(r"\b[2-9]\b", body) is None),
        ("Do not hedge: leave out I think, maybe, just", re.search(r"\b(?:i think|maybe|just)\b", low) is None),
        ("Use plain, simple words", re.search(r"\b(?:utili[sz]e|regarding|commence|endeavou?r)\b", low) is None),
    )
    return [rule for rule, holds in tests if holds and chance.random() < 0.6]


def with_word_rule(notes: list[str], sentences: list[str], chance: Random) -> tuple[list[str], list[str], str] | None:
    """The notes with a word that the author replaces, the sentences with the author's own, and the rule."""
    pairs = list(_FAMILIES)
    chance.shuffle(pairs)
    for new, old in pairs:
        for index, sentence in enumerate(sentences):
            if re.search(rf"\b{new}\b", sentence) and re.search(rf"\b{new}\b", notes[index]):
                changed = list(notes)
                changed[index] = re.sub(rf"\b{new}\b", old, notes[index])
                return changed, sentences, f'Write "{new}", not "{old}"'
    return None


def recipient_of(world: World, register: str) -> str:
    """Whom a letter is addressed to."""
    r = world.chance
    draw = r.random()
    if register == "F" and draw < 0.4:
        return f"{world.pick('Mr.', 'Ms.', 'Dr.', 'Mrs.', 'Professor')} {world.last_name()}"
    if draw > 0.94:
        return world.pick("all", "team", "everyone")
    return world.first_name()


def softened(sentence: str, chance: Random) -> str:
    """The sentence after a short lead, as people write it in letters."""
    leads = ("I wanted to let you know that ", "Just so you know, ", "I think ", "As you know, ", "By the way, ")
    return chance.choice(leads) + lowered(sentence)
