"""Which language a text is in, by its script and its commonest words.

Function words make up about a third of running text in every language of Latin script, so that a sentence or two are
enough (Grefenstette, Comparing two language identification schemes, 1995).  Names are ISO 639-1.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

SAMPLE: Final = 4000
"""Characters that are looked at."""
NAMES: Final = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "pl": "Polish", "cs": "Czech",
    "ru": "Russian", "uk": "Ukrainian", "el": "Greek", "he": "Hebrew", "ar": "Arabic", "ja": "Japanese",
    "ko": "Korean", "zh": "Chinese",
}  # fmt: skip

_WORDS: Final = {
    "en": "the and of to in that is was for it with as his on be at by i this had not are but from or have an they"
    " which you were her all she there would their we him been has when who will no more if out so what up"
    " about than them can just your my me do don't it's i'm i'll thanks please could how some our let know",
    "de": "der die und das ist nicht ich du er sie es wir ihr ein eine einen dem den des zu mit auf für von im sich"
    " auch als an noch nach bei aus wenn wie aber nur oder so dass haben hat war werden wird kann mir mich dir"
    " dich uns euch bitte danke vielen habe bin sind schon mal am um über sehr hier zum zur",
    "fr": "le la les de des du un une et est que qui dans pour pas sur avec ce cette il elle nous vous je tu ne"
    " plus par au aux se son sa ses mais ou où être avoir été sont fait comme si tout très bien merci j'ai"
    " c'est d'un qu'il votre notre mon ma mes leur ça suis vous ai",
    "es": "el la los las de que y en un una es por con para no se lo del al su como más pero sus le ya o este sí"
    " porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos te mi tu gracias"
    " hola está estoy son ser fue ha he",
    "it": "il lo la gli le di che e un una è per con non si del della dei delle al alla nel nella sono ma come più"
    " anche ho ha mi ti ci vi se questo questa io tu lui lei noi voi loro perché quando molto grazie ciao"
    " essere stato suo da dal dalla sul sulla",
    "pt": "o a os as de que e em um uma é por com para não se do da dos das no na nos nas ao à como mais mas seu"
    " sua ou também já muito quando eu você ele ela nós isso este esta foi são está obrigado obrigada olá ter"
    " pelo pela até meu minha te lhe",
    "nl": "de het een en van is dat in op te zijn voor met niet die er maar ook aan om als naar heb hebben wordt"
    " worden kan ik je jij hij zij we wij jullie u mijn jouw dit nog al bij uit over door dan geen wel graag"
    " bedankt groet deze was heeft veel",
    "sv": "och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke mig du"
    " henne då inte har kan från tack vi också eller när bara",
    "da": "og det at i en jeg hun som han på den med var sig for så til er men et om havde de af ikke mig du hende"
    " da har kan fra tak vi også eller når kun hvad blev",
    "no": "og det at i en jeg hun som han på den med var seg for så til er men et om hadde de av ikke meg du henne"
    " da har kan fra takk vi også eller når bare hva ble",
    "pl": "i w nie na się że z do to jest jak po co tak za ale od czy tylko już są mnie ja ty on ona my wy oni dla"
    " być był była przez ten ta te dziękuję proszę bardzo może",
    "cs": "a v ne na se že z do to je jak po co tak za ale od jen už jsou mě já ty on ona my vy oni pro být byl"
    " byla který která ten ta děkuji prosím velmi může jsem",
}  # fmt: skip
_KNOWN: Final = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_BY_WORD: Final[dict[str, tuple[str, ...]]] = {
    word: tuple(language for language, words in _KNOWN.items() if word in words)
    for word in frozenset().union(*_KNOWN.values())
}
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)


def language_of(text: str) -> str:
    """The language of a text, '' where there is too little to tell by.

    >>> language_of("Could you send me the budget before Friday, please?")
    'en'
    >>> language_of("Könntest du mir bitte bis Freitag das Budget schicken?")
    'de'
    >>> language_of("OK")
    ''
    """
    sample = text[:SAMPLE].lower().replace("’", "'")
    if not sample.isascii():
        letters = sum(char.isalpha() for char in sample)
        for language, script in _SCRIPTS:
            found = len(script.findall(sample))
            # One Ukrainian letter in fifty decides against Russian, and kana in ten against Chinese.
            if found * (50 if language == "uk" else 10 if language == "ja" else 3) > letters:
                return language
    scores: Counter[str] = Counter()
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", sample)
    for word in words:
        languages = _BY_WORD.get(word, ())
        for language in languages:
            scores[language] += 12 // len(languages)
    best = scores.most_common(2)
    if not best or best[0][1] < 20 or best[0][1] < len(words):
        return ""
    return best[0][0] if len(best) < 2 or best[0][1] > best[1][1] else ""
