"""Changes whose inverse is worth learning: mistakes, telegraphic notes, wordiness, tone."""

from __future__ import annotations

import re
from random import Random

from recipe.examples.world import DAYS, MONTHS, capitalized

CONTRACT = (
    (r"\b(I) am\b(?! not\b)(?=[ ]\w)", r"\1'm"),
    (r"\b([Ww]e|[Yy]ou|[Tt]hey) are\b(?=[ ]\w)", r"\1're"),
    (r"\b([Ii]t|[Tt]hat|[Tt]here|[Ww]hat|[Ss]he|[Hh]e) is\b(?=[ ]\w)", r"\1's"),
    (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey|[Ii]t|[Ss]he|[Hh]e) will\b(?=[ ]\w)", r"\1'll"),
    (
        r"\b(I|[Ww]e|[Yy]ou|[Tt]hey) have (?=(?:not|been|just|already|finished|had|sent|made|seen|done)\b|\w+ed\b)",
        r"\1've ",
    ),
    (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey) would\b(?=[ ]\w)", r"\1'd"),
    (
        r"\b([Dd]o|[Dd]oes|[Dd]id|[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Hh]as|[Hh]ave|[Hh]ad|[Cc]ould|[Ww]ould|[Ss]hould) not\b",
        r"\1n't",
    ),
    (r"\b([Ww])ill not\b", r"\1on't"),
    (r"\b([Cc])an ?not\b", r"\1an't"),
    (r"\b([Ll])et us\b", r"\1et's"),
)
EXPAND = (
    (r"\b([Ww])on['’]t\b", r"\1ill not"),
    (r"\b([Cc])an['’]t\b", r"\1annot"),
    (r"n['’]t\b", " not"),
    (r"\bI['’]m\b", "I am"),
    (r"['’]re\b", " are"),
    (r"['’]ll\b", " will"),
    (r"['’]ve\b", " have"),
    (r"\b([Ll])et['’]s\b", r"\1et us"),
    (r"\b([Ii]t|[Tt]hat|[Hh]ere|[Tt]here|[Ww]hat|[Ss]he|[Hh]e|[Ww]ho|[Ww]here|[Hh]ow)['’]s (?=been|got)", r"\1 has "),
    (r"\b([Ii]t|[Tt]hat|[Hh]ere|[Tt]here|[Ww]hat|[Ss]he|[Hh]e|[Ww]ho|[Ww]here|[Hh]ow)['’]s\b", r"\1 is"),
    (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey|[Hh]e|[Ss]he|[Ii]t)['’]d (?=been|had|gone|better|already)", r"\1 had "),
    (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey|[Hh]e|[Ss]he|[Ii]t)['’]d\b", r"\1 would"),
)


def contracted(text: str) -> str:
    """Full forms contracted where speech does so."""
    for pattern, short in CONTRACT:
        text = re.sub(pattern, short, text)
    return text


def expanded(text: str) -> str:
    """Contractions written out."""
    for pattern, full in EXPAND:
        text = re.sub(pattern, full, text)
    return text


# ------------------------------------------------------------------------------------------------------------- mistakes

_ALIKE = (
    "their there they're|its it's|your you're|then than|to too|affect effect|lose loose|whose who's|were where|"
    "accept except|weather whether|quite quiet|of off|advice advise|principal principle|passed past|brake break|"
    "our are|know now|here hear|peace piece|led lead|by buy|right write|week weak|which witch|wear where|"
    "choose chose|new knew|no know|through threw|would wood|our hour|meet meat|wait weight|one won|allowed aloud|"
    "been being|there their|compliment complement|desert dessert|later latter|personal personnel|role roll"
)
_HOMOPHONES = {
    word: [other for other in group.split() if other != word] for group in _ALIKE.split("|") for word in group.split()
}
_SPELLED = (
    "receive:recieve recive|believe:beleive|definitely:definately definitly|separate:seperate|necessary:neccessary "
    "necesary|occurred:occured|occur:ocurr|tomorrow:tommorow tommorrow tomorow|beginning:begining|until:untill|"
    "address:adress|business:buisness busines|calendar:calender|committee:comittee commitee|government:goverment|"
    "environment:enviroment|experience:experiance|February:Febuary|Wednesday:Wensday Wednsday|available:availible "
    "avaliable|immediately:immediatly imediately|schedule:schedual shedule|accommodate:accomodate|appreciate:apreciate "
    "appriciate|attached:atached attatched|apologize:appologize|because:becuase becouse|friend:freind|weird:wierd|"
    "message:mesage massage|meeting:meating meetting|possible:posible|really:realy|successful:succesful sucessful|"
    "therefore:therefor|together:togther|truly:truely|writing:writting|which:wich whitch|through:thru throught|"
    "thought:thougt|though:thouhg|enough:enuogh enugh|their:thier|people:poeple|finally:finaly|forward:foward|"
    "further:futher|information:infomation informations|interest:intrest|knowledge:knowlege|maintenance:maintainance|"
    "opportunity:oportunity|probably:probly probaly|question:quesiton|recommend:recomend reccomend|reference:referance|"
    "responsible:responsable|similar:similiar|sincerely:sincerly|surprise:suprise|usually:usualy|whether:wether|"
    "withdrawal:withdrawl|yesterday:yesturday|discussed:discused|payment:payement|budget:buget|different:diffrent|"
    "office:ofice|important:importent|customer:costumer|invoice:invioce|confirm:comfirm|please:plese pleas|"
    "thank:thnak|would:woudl|should:shoud|could:coud|before:befor|again:agian|always:allways|another:anohter|"
    "received:recieved receeved|receiving:recieving|receipt:reciept|believed:beleived|achieve:acheive|field:feild|"
    "their:thier|foreign:foriegn|neighbor:nieghbor|weight:wieght|height:hieght|appointment:apointment|"
    "apparently:apparantly|argument:arguement|assistance:assistence|attendance:attendence|basically:basicly|"
    "breakfast:brekfast|category:catagory|cemetery:cemetary|changeable:changable|colleague:collegue coleague|"
    "coming:comming|commitment:committment|comparison:comparision|completely:completly|conscious:concious|"
    "convenient:convinient|decision:desicion|deliver:delever|delivery:delievery|description:discription|"
    "difference:diffrence|disappear:dissapear|disappointed:dissapointed disapointed|document:docment|doesn't:dosen't|"
    "eighth:eigth|embarrass:embarass|equipment:equiptment|especially:especialy expecially|exaggerate:exagerate|"
    "excellent:excelent|excited:exited|existence:existance|explanation:explaination|familiar:familar|"
    "favorite:favourit favrite|feedback:feedbak|fourth:forth|fulfill:fullfil|generally:generaly|grammar:grammer|"
    "grateful:greatful|guarantee:garantee guarentee|happened:happend|harass:harrass|hospital:hospitle|hotel:hotle|"
    "humorous:humourous|immediate:imediate|independent:independant|insurance:insurence|intelligence:inteligence|"
    "language:langauge|leisure:liesure|library:libary|license:lisence|loneliness:lonelyness|manager:manger|"
    "minute:minuet|mischievous:mischievious|month:mounth|morning:mornign|mortgage:morgage|mystery:mistery|"
    "noticeable:noticable|nothing:nothign|nowadays:nowdays|occasion:ocassion occassion|official:offical|often:offen|"
    "original:orignal|package:pakage|parallel:paralel|particularly:particulary|patience:patients|performance:"
    "preformance|permanent:permanant|persistent:persistant|piece:peice|planned:planed|pleasant:plesant|"
    "possession:posession|practical:practicle|preferred:prefered|presence:presance|private:privite|"
    "privilege:priviledge|problem:probelm|process:proccess|professional:proffesional professionel|"
    "pronunciation:pronounciation|publicly:publically|quantity:quanity|quarter:qaurter|realize:relize|"
    "recently:recentley|recommended:recomended reccommended|referred:refered|registration:registeration|"
    "relevant:relevent|remember:rember remeber|repetition:repitition|restaurant:restaraunt resturant|"
    "rhythm:rythm|ridiculous:rediculous|safety:saftey|Saturday:Saterday|scissors:sissors|secretary:secratary|"
    "sentence:sentance|several:severl|shining:shineing|signature:signiture|society:soceity|something:somthing|"
    "speech:speach|started:startd|stopped:stoped|strategy:stratagy|strength:strenght|student:studnet|"
    "succeed:suceed|suggestion:sugestion|supposed:suposed|system:sistem|technical:technicle|temperature:temprature|"
    "temporary:temporery|Thursday:Thurdsay|ticket:tickit|together:togeather|tried:tryed|Tuesday:Teusday|"
    "twelfth:twelth|tyranny:tyrany|unfortunately:unfortunatly unfortunatley|unnecessary:unecessary|useful:usefull|"
    "vacuum:vaccum|valuable:valueable|vegetable:vegtable|vehicle:vehical|version:verison|visible:visable|"
    "waiting:waitting|website:web-site websight|welcome:wellcome|were:wher|where:wehre|while:whlie|"
    "wonderful:wonderfull|work:wrok|world:wrold|written:writen|wrong:worng"
)
_MISSPELT = {word: wrong.split() for word, _, wrong in (entry.partition(":") for entry in _SPELLED.split("|"))}
_IRREGULAR = (
    "go went gone|see saw seen|do did done|take took taken|write wrote written|give gave given|break broke broken|"
    "speak spoke spoken|choose chose chosen|come came come|run ran run|begin began begun|know knew known|"
    "grow grew grown|drive drove driven|eat ate eaten|fall fell fallen|forget forgot forgotten|get got gotten|"
    "ride rode ridden|rise rose risen|show showed shown|steal stole stolen|wear wore worn|send sent sent|"
    "buy bought bought|bring brought brought|think thought thought|tell told told|find found found|leave left left|"
    "make made made|pay paid paid|say said said|meet met met|feel felt felt|hold held held|keep kept kept|"
    "lose lost lost|build built built|teach taught taught|catch caught caught|sell sold sold|have had had|"
    "become became become|draw drew drawn|drink drank drunk|fly flew flown|hear heard heard|sing sang sung|"
    "sleep slept slept|spend spent spent|stand stood stood|swim swam swum|throw threw thrown|understand understood "
    "understood|win won won"
)
_REGULARIZED = {"go": "goed", "run": "runned", "buy": "buyed", "bring": "bringed", "think": "thinked", "pay": "payed"}
_BASE: dict[str, tuple[str, str, str]] = {}
_PAST: dict[str, tuple[str, str, str]] = {}
_DONE: dict[str, tuple[str, str, str]] = {}
for _row in _IRREGULAR.split("|"):
    _base, _past, _done = _row.split()
    _BASE[_base] = _PAST[_past] = _DONE[_done] = (_base, _past, _done)
_NUMBER = {
    "is": "are",
    "are": "is",
    "was": "were",
    "were": "was",
    "has": "have",
    "have": "has",
    "does": "do",
    "do": "does",
    "doesn't": "don't",
    "don't": "doesn't",
    "these": "this",
    "those": "that",
    "this": "these",
    "many": "much",
    "an": "a",
    "a": "an",
}
# Where the words around a form do not settle which one is right, it is left alone: to learn a guess is to learn to
# change what was well said.
_HAVE = frozenset("have has had i've we've you've they've 've haven't hasn't hadn't".split())
_BE = frozenset("am is are was were been be i'm you're we're they're it's isn't aren't wasn't weren't".split())
_BEFORE_BASE = frozenset(
    "to will would can could should must may might did didn't do don't does doesn't won't wouldn't can't couldn't "
    "shouldn't cannot let's i'll we'll you'll they'll".split()
)
_THIRD = frozenset("he she it everyone everybody someone somebody nobody".split())
_SEVERAL = frozenset("these those many several few both two three four five six seven eight nine ten twelve".split())
_LONG_AGO = re.compile(
    r"\b(?:yesterday|ago|last (?:week|month|year|night|time|summer|winter)|in (?:19|20)\d\d)\b", re.I
)
_OF_TIME = {"on": "in at", "in": "on at", "at": "in on"}
_TIME_WORDS = frozenset([*(day.lower() for day in DAYS), *(month.lower() for month in MONTHS), "noon", "midnight"])
_HEARD = (
    ("ie", "ei"),
    ("ei", "ie"),
    (r"([bcdfglmnprst])\1", r"\1"),
    (r"(?<=[aeiou])([lmnprst])(?=[aeiou])", r"\1\1"),
    ("ance", "ence"),
    ("ence", "ance"),
    ("ant(?!i)", "ent"),
    ("ent(?!i)", "ant"),
    ("able", "ible"),
    ("ible", "able"),
    ("tion", "sion"),
    ("ely$", "ly"),
    ("ally$", "aly"),
    ("ful$", "full"),
    ("ph", "f"),
    ("ough", "uogh"),
    ("(?<=[b-z])er(?=[a-z])", "ar"),
    ("(?<=[b-z])or(?=[a-z])", "er"),
    ("gh(?=t)", ""),
    ("e(?=ment)", ""),
    ("(?<=[a-z])u(?=[a-z])", "o"),
)
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT_KEY = {key: row[max(0, i - 1) : i] + row[i + 1 : i + 2] for row in _ROWS for i, key in enumerate(row)}


_NOT_VERBS = frozenset(
    "this that these those their them your yours ours they when what which where there here some each every many much "
    "most more less very just also never always often only even still then than with from into about after before "
    "because such both well really probably definitely certainly actually either neither whatever whether".split()
)


class Mistakes:
    """Makes the mistakes people make.  Every one can be told from the text around it."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def typo(self, word: str) -> str:
        """A slip of the fingers, or a common misspelling."""
        r = self.chance
        known = _MISSPELT.get(word.lower()) or _MISSPELT.get(word)
        if known and r.random() < 0.75:
            wrong = r.choice(known)
            return capitalized(wrong) if word[:1].isupper() else wrong
        if len(word) < 4:
            return word
        i = r.randrange(1, len(word) - 1)
        kind = r.random()
        if kind < 0.3:
            return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        if kind < 0.55:
            return word[:i] + word[i + 1 :]
        if kind < 0.75:
            return word[:i] + word[i] + word[i:]
        if kind < 0.82 and word[i].lower() in _NEXT_KEY:
            return word[:i] + r.choice(_NEXT_KEY[word[i].lower()]) + word[i + 1 :]
        return self._as_heard(word)

    def _as_heard(self, word: str) -> str:
        """Spelt by ear: a letter of a pair dropped, a vowel that is not heard taken for another."""
        found = [pair for pair in _HEARD if re.search(pair[0], word[1:])]
        if not found:
            i = self.chance.randrange(1, len(word) - 1)
            return word[:i] + word[i + 1 :]
        told, written = self.chance.choice(found)
        return word[0] + re.sub(told, written, word[1:], count=1)

    def form(self, word: str, before: str, past: bool) -> str:
        """A wrong form of a verb, noun or pronoun; `past` says that the sentence tells when it was."""
        r = self.chance
        low = word.lower()
        if low in _NUMBER and (low != "a" or r.random() < 0.3):
            return _NUMBER[low]
        if low in _DONE and before in _HAVE | {"was", "were", "been"}:
            base, was, done = _DONE[low]
            return r.choice([was if was != done else base, base, _REGULARIZED.get(base, base)])
        if low in _BASE and before in _BEFORE_BASE:
            base, was, done = _BASE[low]
            return r.choice([was, was, done])
        if low in _PAST and (past or before in _THIRD):
            base, was, done = _PAST[low]
            return r.choice([base, done if done != was else base, _REGULARIZED.get(base, base)])
        if before in _THIRD and low.endswith("s") and not low.endswith(("ss", "us")) and len(low) > 3:
            return word[:-2] if low.endswith(("sses", "shes", "ches", "oes")) else word[:-1]
        if before in _SEVERAL and low.endswith("s") and not low.endswith("ss") and len(low) > 3:
            return word[:-3] + "y" if low.endswith("ies") else word[:-1]
        if before in _HAVE | _BE and low.endswith("ed") and len(low) > 5:
            return word[:-2] if r.random() < 0.5 else word[:-1]
        if past and low.endswith("ed") and len(low) > 5:
            return word[:-2]
        if before in _BE and low.endswith("ing") and len(low) > 6:
            return word[:-3]
        if before in _BEFORE_BASE and low.isalpha() and len(low) > 3 and low not in _NOT_VERBS and r.random() < 0.4:
            return word + ("d" if low.endswith("e") else "ed") if r.random() < 0.5 else word + "s"
        return word

    def in_text(self, text: str, share: float | None = None) -> str:
        """The text with mistakes in about `share` of its words, at least one; where it is not given, mostly few and
        at times half of them.
        """
        r = self.chance
        tokens = re.findall(r"\s+|[A-Za-z]+(?:['’][A-Za-z]+)?|[^A-Za-z\s]", text)
        places = [i for i, token in enumerate(tokens) if token[0].isalpha()]
        if not places:
            return text
        if share is None:
            share = r.choices([r.uniform(0.02, 0.1), r.uniform(0.1, 0.25), r.uniform(0.25, 0.5)], [0.4, 0.4, 0.2])[0]
        wanted = max(1, round(len(places) * share))
        past = _LONG_AGO.search(text) is not None
        made = tries = 0
        while made < wanted and tries < 8 * wanted:
            tries += 1
            index = r.choice(places)
            word = tokens[index]
            if word and word.isascii():
                new = self._wrong(tokens, index, past)
                made += new != word
                tokens[index] = new
        return self._habits(re.sub(r" +", " ", "".join(tokens)).strip())

    def _wrong(self, tokens: list[str], index: int, past: bool) -> str:
        r = self.chance
        word = tokens[index]
        low = word.lower()
        before = tokens[index - 2].lower() if index > 1 else ""
        after = tokens[index + 2].lower() if index + 2 < len(tokens) else ""
        kind = r.random()
        if kind < 0.4:
            return self.typo(word)
        if kind < 0.52:
            others = _HOMOPHONES.get(low)
            if not others:
                return word
            other = r.choice(others)
            return capitalized(other) if word[0].isupper() else other
        if kind < 0.72:
            new = self.form(word, before, past)
            return capitalized(new) if word[0].isupper() else new
        if kind < 0.75 and low in {"a", "an", "the"}:
            return ""
        if kind < 0.79:
            return r.choice(_OF_TIME[low].split()) if low in _OF_TIME and after in _TIME_WORDS else word
        if kind < 0.82:
            return "" if low in {"to", "of", "is", "are", "am", "be", "been"} else word
        if kind < 0.9:
            return word.lower() if word[0].isupper() else word
        if kind < 0.93:
            return f"{word} {word}"
        if kind < 0.96 and len(low) < 5 and after.isalpha():  # run together: "ofthe"
            tokens[index + 1] = ""
            return word
        return re.sub("['’]", "", word)

    def _habits(self, text: str) -> str:
        r = self.chance
        if r.random() < 0.2:
            text = re.sub(r"(?<=[a-z])['’](?=(?:t|s|m|re|ll|ve|d)\b)", "", text)
        if r.random() < 0.12:
            text = text.lower()
        if r.random() < 0.15:
            text = re.sub(r", ", lambda found: " " if r.random() < 0.6 else found[0], text)
        if r.random() < 0.12:
            text = text.rstrip(".!?")
        if r.random() < 0.12:
            text = re.sub(r"\bI\b", "i", text)
        draw = r.random()
        if draw < 0.05:
            text = re.sub(r"\. ([A-Z])", lambda found: ", " + found[1].lower(), text, count=1)
        elif draw < 0.1:
            text = re.sub(r"\. ([A-Z])", lambda found: " " + found[1].lower(), text)
        return text


# --------------------------------------------------------------------------------------------------------------- notes

_SMALL = frozenset(
    "the a an is are was were be been being has have had will would shall i i'm i've i'll i'd we we're we've we'll you "
    "you're you've it it's they they're that that's there there's this do does did am its our my your he she".split()
)


def telegraphed(sentence: str, chance: Random) -> str:
    """A sentence as somebody notes it down: the small words dropped, the rest in order."""
    kept_share = chance.choice([0.0, 0.05, 0.15, 0.4])
    words = sentence.split()
    kept = [
        word
        for word in words
        if re.sub(r"[^\w'’]", "", word).lower().replace("’", "'") not in _SMALL or chance.random() < kept_share
    ]
    note = " ".join(kept)
    if not kept or len(kept) < 0.3 * len(words):
        note = sentence
    question = note.rstrip().endswith("?")
    if chance.random() < 0.6:
        note = re.sub(r"[,;](?= )", "", note)
    note = note.rstrip(".!?,;: ")
    if chance.random() < 0.25:
        note = re.sub(r"\band\b", "&", note)
    if chance.random() < 0.15:
        note = re.sub(r"\bwith\b", "w/", note)
    if chance.random() < 0.75 and not re.match(r"(?:[A-Z]{2}|[A-Z][a-z]+ [A-Z])", note) and words[0] not in note[:12]:
        note = note[:1].lower() + note[1:]
    if question:
        note = chance.choice([f"? {note}", f"{note}?", f"{note}?"])
    return note


# ---------------------------------------------------------------------------------------------------- length and tone

_WORDY = tuple(
    tuple(pair.split(":"))
    for pair in (
        "because:due to the fact that|if:in the event that|to:in order to|now:at this point in time|"
        "about:with regard to|"
        "many:a large number of|most:the vast majority of|can:is able to|although:despite the fact that|always:at all "
        "times|often:on many occasions|soon:in the near future|use:make use of|decided:made the decision|need:have a "
        "need for|when:at the time when|new:brand new|before:prior to the time that|after:subsequent to the time that|"
        "also:in addition to that, also|but:but on the other hand|think:am of the opinion|help:be of help to|"
        "sometimes:from time to time|first:first and foremost|every:each and every|so:and for this reason"
    ).split("|")
)
_FILLERS = (
    "basically|actually|really|essentially|generally speaking|as a matter of fact|to be honest|needless to say|for all "
    "intents and purposes|in a sense|certainly|obviously|kind of|in my personal opinion|at the end of the day|more or "
    "less|as you may already know|if you will|so to speak|in actual fact|when all is said and done"
).split("|")
_LEADS = (
    "I just wanted to let you know that |It should be noted that |It is important to point out that |"
    "What I am trying to say is that |As I have already mentioned before, |"
    "I would like to take this opportunity to say that |"
    "It goes without saying that |The fact of the matter is that |"
    "Please be aware of the fact that |There is no doubt whatsoever that |"
    "I am writing to let you know that |I wanted to reach out to let you know that |As you may know, "
).split("|")


def lowered(sentence: str) -> str:
    """The sentence as it stands after other words: a small first letter unless it is a name, I, or an abbreviation."""
    if re.match(r"I\b|I['’]|[A-Z]{2}|[A-Z][a-z]+ [A-Z]", sentence):
        return sentence
    first = re.match(r"\w+", sentence)
    if first and first[0].lower() not in _STARTERS:
        return sentence
    return sentence[:1].lower() + sentence[1:]


_STARTERS = frozenset(
    "the a an we you they he she it this that these those there here our your my his her its their if when while "
    "because after before in on at for with to from by as so but and or not no yes please thanks what where who how "
    "why which "
    "can could would should will do does did is are was were have has had all some most many each every one two three "
    "both another other such then now also just".split()
)


def wordy(sentence: str, chance: Random) -> str:
    """The sentence said with more words and no more content."""
    text = sentence
    for short, long in chance.sample(_WORDY, 12):
        if chance.random() < 0.8:
            text = re.sub(rf"\b{short}\b", long, text, count=1)
    if chance.random() < 0.55:
        words = text.split(" ")
        if len(words) > 4:
            filler = chance.choice(_FILLERS)
            place = chance.randrange(1, len(words) - 1)
            words.insert(place, filler if chance.random() < 0.5 else f", {filler},")
            text = " ".join(words).replace(" ,", ",").replace(",,", ",")
    if text == sentence or chance.random() < 0.4:
        text = chance.choice(_LEADS) + lowered(text)
    return text


_TONES = tuple(
    tuple(pair.split(":"))
    for pair in (
        "purchase:buy|require:need|assist:help|obtain:get|receive:get|children:kids|however:but|therefore:so|additional:more|"
        "inform:tell|discuss:talk about|approximately:about|excellent:great|sufficient:enough|commence:start|"
        "begin:start|"
        "regarding:about|difficult:tough|attempt:try|provide:give|ensure:make sure|demonstrate:show|perhaps:maybe|"
        "contact:reach out to|examine:look at|remain:stay|several:a bunch of|numerous:lots of|request:ask for|"
        "respond:get back|immediately:right away|thank you:thanks|goodbye:bye|permit:let|construct:build|select:pick|"
        "determine:figure out|continue:keep going|discover:find out|investigate:look into|postpone:put off|"
        "tolerate:put up with|very:super|unfortunately:sadly|as soon as possible:asap|wish to:want to|"
        "reply:get back to me|unable to:not able to|apologize for:feel bad about|inquire:ask|repair:fix|"
        "many:a lot of|going to:gonna|"
        "hello:hey|father:dad|mother:mum|television:TV|photographs:photos|telephone:phone|yes:yeah|frequently:often|"
        "sufficiently:enough|assistance:help|beverages:drinks|depart:leave|arrive:get here|inexpensive:cheap|"
        "occupation:job"
    ).split("|")
)


def casual(text: str) -> str:
    """Formal words replaced by those of speech, and contracted."""
    for formal, relaxed in _TONES:
        text = re.sub(rf"\b{formal}\b", relaxed, text)
        text = re.sub(rf"\b{capitalized(formal)}\b", capitalized(relaxed), text)
    return contracted(text)


_FORMAL_BACK = {
    relaxed: formal
    for formal, relaxed in _TONES
    if relaxed
    in {
        "buy",
        "kids",
        "asap",
        "a bunch of",
        "lots of",
        "tough",
        "right away",
        "figure out",
        "look into",
        "put off",
        "talk about",
        "make sure",
        "thanks",
        "maybe",
        "gonna",
        "hey",
        "dad",
        "mum",
        "TV",
        "photos",
        "yeah",
        "cheap",
        "want to",
        "a lot of",
        "put up with",
        "look at",
        "keep going",
        "get back to me",
    }
}
_BEFORE = (("Hello, ", "Hey, "), ("", "Hey, "), ("I apologize, but ", "Sorry, but "), ("", "So "), ("Hello, ", "Hi! "))
_AFTER = (
    (" Thank you.", " Thanks!"),
    (" I apologize.", " Sorry!"),
    (" I apologize for the inconvenience.", " Sorry about that!"),
    (" Please let me know.", " Let me know!"),
    (" Thank you very much.", " Thanks a lot!"),
    (" Please reply as soon as possible.", " Get back to me asap!"),
    (" Could you please confirm this?", " Can you confirm?"),
    (" Could we do this next week?", " Can we do it next week?"),
    (" Would that be acceptable?", " Is that OK?"),
    (" I look forward to your reply.", " Talk soon!"),
)


def framed(stiff: str, relaxed: str, chance: Random) -> tuple[str, str]:
    """Both with a few words before or after them, formal ones and those of speech."""
    if chance.random() < 0.5:
        lead, relaxed_lead = chance.choice(_BEFORE)
        stiff = lead + lowered(stiff) if lead else stiff
        relaxed = relaxed_lead + (capitalized(relaxed) if relaxed_lead[-2] == "!" else lowered(relaxed))
        if chance.random() < 0.5:
            return stiff, relaxed
    end, relaxed_end = chance.choice(_AFTER)
    return stiff + end, relaxed + relaxed_end


def formal(text: str) -> str:
    """Words of speech replaced by formal ones, and contractions written out."""
    for relaxed, stiff in _FORMAL_BACK.items():
        text = re.sub(rf"\b{relaxed}\b", stiff, text)
        text = re.sub(rf"\b{capitalized(relaxed)}\b", capitalized(stiff), text)
    return expanded(text)
