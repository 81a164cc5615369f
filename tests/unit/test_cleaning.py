"""Cleaning keeps what the sender typed, with greeting and sign-off, and nothing else."""

from __future__ import annotations

import time

import pytest

from ownhand.domain import cleaning

REPLY = "Hi Dana,\n\nTuesday at ten is fine.\n\nCheers,\nRobin"
QUOTE = "> Would Tuesday at ten suit you?\n>\n> Dana"

ATTRIBUTIONS = {
    "english": "On Tue, Mar 6, 2018 at 4:12 PM Dana Li <dana.li@brightwater.example> wrote:",
    "english wrapped": "On Tue, Mar 6, 2018 at 4:12 PM Dana Li-Whittaker <\ndana.li@brightwater.example> wrote:",
    "english in three lines": "On Tue, Mar 6, 2018 at 4:12 PM\nDana Li-Whittaker\n<dana.li@brightwater.example> wrote:",
    "english short": "Dana Li wrote:",
    "german": "Am Di., 6. März 2018 um 16:12 Uhr schrieb Dana Li <dana.li@brightwater.example>:",
    "german wrapped": "Am 06.03.2018 um 16:12 schrieb Dana Li\n<dana.li@brightwater.example>:",
    "french": "Le mar. 6 mars 2018 à 16:12, Dana Li <dana.li@brightwater.example> a écrit :",
    "spanish": "El mar, 6 mar 2018 a las 16:12, Dana Li (<dana.li@brightwater.example>) escribió:",
    "italian": "Il giorno mar 6 mar 2018 alle ore 16:12 Dana Li <dana.li@brightwater.example> ha scritto:",
    "portuguese": "Em ter., 6 de mar. de 2018 às 16:12, Dana Li <dana.li@brightwater.example> escreveu:",
    "dutch": "Op di 6 mrt. 2018 om 16:12 schreef Dana Li <dana.li@brightwater.example>:",
    "swedish": "Den tis 6 mars 2018 kl 16:12 skrev Dana Li <dana.li@brightwater.example>:",
    "polish": "W dniu 6.03.2018 o 16:12, Dana Li pisze:",
    "russian": "вт, 6 мар. 2018 г. в 16:12, Dana Li <dana.li@brightwater.example>:",
    "japanese": "2018年3月6日(火) 16:12 Dana Li <dana.li@brightwater.example>:",
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_an_attribution_goes_with_the_quote_it_announces(attribution: str) -> None:
    parts = cleaning.split(f"{REPLY}\n\n{attribution}\n\n{QUOTE}\n")
    assert parts.own == REPLY
    assert parts.quoted == "Would Tuesday at ten suit you?\n\nDana"


@pytest.mark.parametrize(
    "language", ["english", "english wrapped", "german", "french", "spanish", "italian", "dutch", "japanese"]
)
def test_the_attribution_names_whom_it_quotes(language: str) -> None:
    name = cleaning.split(f"{REPLY}\n\n{ATTRIBUTIONS[language]}\n\n{QUOTE}\n").quoted_from
    assert name.startswith("Dana Li")


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: Dana Li\nSent: 6 March 2018 16:12\nTo: Robin Vale\nSubject: Figures",
        "From: Dana Li <dana.li@brightwater.example>\nSent: 06 March 2018\nTo: Robin Vale\nCc: Lou\nSubject: Figures",
        "________________________________\nFrom: Dana Li\nSent: 06 March 2018 16:12\nTo: Robin Vale\nSubject: Figures",
        "Von: Dana Li\nGesendet: Dienstag, 6. März 2018 16:12\nAn: Robin Vale\nBetreff: Zahlen",
        "De : Dana Li\nEnvoyé : mardi 6 mars 2018 16:12\nÀ : Robin Vale\nObjet : Chiffres",
        "De: Dana Li\nEnviado el: martes, 6 de marzo de 2018 16:12\nPara: Robin Vale\nAsunto: Cifras",
        "Da: Dana Li\nInviato: martedì 6 marzo 2018 16:12\nA: Robin Vale\nOggetto: Numeri",
        "Van: Dana Li\nVerzonden: dinsdag 6 maart 2018 16:12\nAan: Robin Vale\nOnderwerp: Cijfers",
        "差出人: Dana Li\n送信日時: 2018年3月6日 16:12\n宛先: Robin Vale\n件名: 数字",
        "*From:* Dana Li\n*Sent:* 06 March 2018 16:12\n*To:* Robin Vale\n*Subject:* Figures",
    ],
)
def test_a_header_block_ends_the_own_text(block: str) -> None:
    parts = cleaning.split(f"{REPLY}\n\n{block}\n\nWould Tuesday at ten suit you?\n")
    assert parts.own == REPLY
    assert parts.quoted == "Would Tuesday at ten suit you?"
    assert parts.quoted_from == "Dana Li"


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Weitergeleitete Nachricht --------",
        "---------- Message transféré ---------",
    ],
)
def test_a_forwarded_message_is_neither_own_nor_answered(mark: str) -> None:
    parts = cleaning.split(f"FYI, see below.\n\n{mark}\nFrom: Dana Li\nSubject: Figures\n\nHere are the figures.\n")
    assert (parts.own, parts.quoted, parts.forwarded) == ("FYI, see below.", "", True)


def test_lines_between_quoted_lines_stay() -> None:
    parts = cleaning.split(
        "On 6 Mar 2018, Dana Li wrote:\n\n> Is Tuesday fine?\n\nIt is.\n\n"
        "> And the invoices?\n\nI'll bring them.\n\nRobin"
    )
    assert parts.own == "It is.\n\nI'll bring them.\n\nRobin"
    assert parts.quoted == "Is Tuesday fine?\n\nAnd the invoices?"


def test_an_answer_below_the_quote_stays() -> None:
    assert cleaning.split(f"Dana Li wrote:\n{QUOTE}\n\n{REPLY}\n").own == REPLY


def test_deeper_quotes_are_not_what_is_answered() -> None:
    parts = cleaning.split("Yes.\n\n> No, Tuesday.\n>> Is it Monday?\n")
    assert parts.quoted == "No, Tuesday."


def test_initials_before_the_mark_quote_and_a_comparison_does_not() -> None:
    parts = cleaning.split("DL> Is Tuesday fine?\n\nIt is.\n\nx>5 kilos is too much for the shelf.")
    assert (parts.own, parts.quoted) == ("It is.\n\nx>5 kilos is too much for the shelf.", "Is Tuesday fine?")


def test_a_sentence_that_ends_in_wrote_and_a_colon_is_no_attribution() -> None:
    text = "Here's what I wrote:\n\nThe kiln is full until Friday."
    assert cleaning.split(text).own == text


# ------------------------------------------------------------------------------------------------------ signatures


def test_the_sign_off_stays_and_the_signature_goes() -> None:
    assert cleaning.split(f"{REPLY}\n\n-- \nRobin Vale\nHarbour Lane Studio\n").own == REPLY


def test_text_after_a_signature_and_a_quote_is_not_lost() -> None:
    assert cleaning.split(f"Yes.\n\n-- \nRobin\n\n{QUOTE}\n\nOne more thing.").own == "Yes.\n\nOne more thing."


@pytest.mark.parametrize(
    "block",
    [
        "Robin Vale\nHarbour Lane Studio\nTel. 01632 960 871",
        "Robin Vale\nPotter, Harbour Lane Studio\nwww.harbourlane.example | robin.vale@example.org",
        "Harbour Lane Studio\n3 Harbour Lane\nMobile +44 7700 900 123",
    ],
)
def test_a_contact_block_without_dashes_goes(block: str) -> None:
    assert cleaning.split(f"{REPLY}\n\n{block}", "Robin Vale").own == REPLY
    assert cleaning.split(f"{REPLY}\n{block}", "Robin Vale").own == REPLY


@pytest.mark.parametrize(
    "text",
    [
        "Hi Dana,\n\nThe number you want is 01632 960 871.\n\nCheers,\nRobin",
        "Hi Dana,\n\nThe address is\n\n3 Harbour Lane\nFenwick\n\nCheers,\nRobin",
        "Thanks,\nI'll ring you on 01632 960 871 tomorrow, when the shop has opened and I know more.",
        "Cheers,\nRobin\n\nPS: I've found the green one!",
        "Hi Dana,\n\nSent you the phone numbers yesterday.\n\nCheers,\nRobin",
    ],
)
def test_text_that_only_looks_like_a_signature_stays(text: str) -> None:
    assert cleaning.split(text, "Robin Vale").own == text


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPad",
        "iPhoneから送信",
        "Sent from Yahoo Mail on Android",
    ],
)
def test_what_the_telephone_adds_goes(line: str) -> None:
    assert cleaning.split(f"{REPLY}\n\n{line}\n\n{QUOTE}").own == REPLY


def test_legal_notices_and_list_footers_go() -> None:
    notice = "This message is confidential. If you are not the intended recipient, please delete it."
    assert cleaning.split(f"{REPLY}\n\n{notice}").own == REPLY
    footer = f"{'_' * 47}\nPotters mailing list\nhttps://lists.example.org/listinfo/potters"
    assert cleaning.split(f"{REPLY}\n\n{footer}").own == REPLY


# ------------------------------------------------------------------------------------------------------ paragraphs


def test_hard_wrapped_lines_become_paragraphs_and_short_lines_stay() -> None:
    wrapped = (
        "Hi Dana,\n\nThanks so much for the figures. I've checked both invoices and they're\n"
        "right, although the second one includes a pallet we won't touch until\nMarch.\n\nCheers,\nRobin"
    )
    assert cleaning.split(wrapped).own == (
        "Hi Dana,\n\nThanks so much for the figures. I've checked both invoices and they're right, although the second"
        " one includes a pallet we won't touch until March.\n\nCheers,\nRobin"
    )


def test_list_items_keep_their_lines() -> None:
    text = (
        "We need these three things before Thursday, and I'll gladly fetch them myself:\n"
        "- twelve bags of the white stoneware, and four of the buff if he has got it\n- a tub of glaze\n1. and a pen"
    )
    assert cleaning.rejoin(text) == text


def test_flowed_text_is_joined_as_rfc_3676_says() -> None:
    assert cleaning.unflow("One \ntwo\nthree") == "One two\nthree"
    assert cleaning.unflow("extraord \ninary", delsp=True) == "extraordinary"
    assert cleaning.unflow("> one \n> two\nthree") == "> one two\nthree"
    assert cleaning.unflow(">> deep \n> not deep") == ">> deep \n> not deep"
    assert cleaning.unflow("Bye \n-- \nRobin") == "Bye \n-- \nRobin"
    assert cleaning.unflow(" From here") == "From here"


def test_text_is_normalised() -> None:
    assert (
        cleaning.normalise("\ufeffcafe\u0301\r\n\r\n\r\n\r\nti\u00adme\u200b \x00\ta  \r\n") == "caf\u00e9\n\ntime \ta"
    )


def test_markdown_loses_front_matter_code_and_link_targets() -> None:
    title, prose = cleaning.prose_of_markdown(
        "---\ntitle: Sand\ntags: [a]\n---\n\nSee [my notes](https://x.example).\n\n```py\nx = 1\n```\n\n## Next\nMore."
    )
    assert title == "Sand"
    assert prose == "See my notes.\n\nNext\n\nMore."


def test_words_are_counted_in_scripts_without_blanks_too() -> None:
    assert cleaning.word_count("Don't worry, it's fine.") == 4
    assert cleaning.word_count("会议定于明天上午") >= 3
    assert cleaning.word_count("!!! :-)") == 0


@pytest.mark.parametrize(
    "bait",
    [
        "On " * 60_000,
        "On aaaa, bbb <\n" * 20_000,
        "> " * 60_000,
        "From: a\n" * 20_000,
        "-- \n" * 20_000,
        "Thanks,\n" * 20_000,
        "_" * 200_000,
        "a" * 200_000 + ":",
        "This message is confidential " * 8_000,
        "---\n" + "title: x\n" * 20_000,
    ],
)
def test_hostile_text_is_cut_in_linear_time(bait: str) -> None:
    # Quadratic patterns would need minutes here; the bound is generous so that a busy machine does not fail the test.
    started = time.process_time()
    cleaning.split(bait, "Robin Vale")
    cleaning.prose_of_markdown(bait)
    assert time.process_time() - started < 20


def test_headers_in_another_order_end_the_own_text_too() -> None:
    headers = "Date: Thu, 26 Jun 2025 13:53\nSubject: Figures\nFrom: dana.li@brightwater.example\nTo: Robin Vale"
    parts = cleaning.split(f"{REPLY}\n\n{headers}\n\nWould Tuesday suit you?")
    assert (parts.own, parts.quoted) == (REPLY, "Would Tuesday suit you?")


def test_a_divider_without_headers_still_gives_what_is_answered() -> None:
    parts = cleaning.split(f"{REPLY}\n\n-----Original Message-----\nWould Tuesday suit you?\n\nDana")
    assert (parts.own, parts.quoted) == (REPLY, "Would Tuesday suit you?\n\nDana")


PROGRAMS = [
    "On Mon, Mar 4, 2024 at 9:15 AM Dana Li <dana@example.org> wrote:",
    "On 4 March 2024 at 09:15, Dana Li wrote:",
    "On 04/03/2024 09:15, Dana Li wrote:",
    "Dana Li <dana@example.org> writes:",
    "On Monday, March 4th, 2024 at 9:15 AM, Dana Li <dana@example.org> wrote:",
    "On Mar 4, 2024, at 9:15 AM, Dana Li <dana@example.org> wrote:",
    "On 2024-03-04 09:15, Dana Li wrote:",
    "At 09:15 04/03/2024, Dana Li wrote:",
    "Quoting Dana Li <dana@example.org>:",
    "Am 04.03.2024 um 09:15 schrieb Dana Li:",
    "Am Mo., 4. März 2024 um 09:15 Uhr schrieb Dana Li <dana@example.org>:",
    "Am 4. März 2024 09:15:02 MEZ schrieb Dana Li <dana@example.org>:",
    "Dana Li <dana@example.org> schrieb am Mo., 4. März 2024, 09:15:",
    "Am Montag, dem 04.03.2024 um 09:15 +0100 schrieb Dana Li:",
    'Am 04.03.24, 09:15 schrieb "Dana Li" <dana@example.org>:',
    "Zitat von Dana Li <dana@example.org>:",
    "On 04.03.2024 um 09:15 Dana Li hat geschrieben:",
    "Le lun. 4 mars 2024 à 09:15, Dana Li <dana@example.org> a écrit :",
    "Le 04/03/2024 à 09:15, Dana Li a écrit :",
    "Le 4 mars 2024 à 09:15, Dana Li <dana@example.org> a écrit :",
    "Dana Li <dana@example.org> a écrit :",
    "Le lundi 4 mars 2024 à 09:15:02 UTC+1, Dana Li <dana@example.org> a écrit :",
    "El lun, 4 mar 2024 a las 9:15, Dana Li (<dana@example.org>) escribió:",
    "El 4/3/24 a las 9:15, Dana Li escribió:",
    "El 4 mar 2024, a las 9:15, Dana Li <dana@example.org> escribió:",
    "El lunes, 4 de marzo de 2024, 09:15:02 CET, Dana Li <dana@example.org> escribió:",
    "Dana Li escribió el 04/03/2024 09:15:",
    "Il giorno lun 4 mar 2024 alle ore 09:15 Dana Li <dana@example.org> ha scritto:",
    "Il 04/03/2024 09:15, Dana Li ha scritto:",
    "Il giorno 4 mar 2024, alle ore 09:15, Dana Li <dana@example.org> ha scritto:",
    "Il lunedì 4 marzo 2024 alle ore 09:15:02 CET, Dana Li <dana@example.org> ha scritto:",
    "Em seg., 4 de mar. de 2024 às 09:15, Dana Li <dana@example.org> escreveu:",
    "Em 04/03/2024 09:15, Dana Li escreveu:",
    "A 4 de março de 2024 09:15, Dana Li <dana@example.org> escreveu:",
    "Dana Li <dana@example.org> escreveu (segunda, 4/03/2024 à(s) 09:15):",
    "No dia 4 de março de 2024, às 09:15, Dana Li <dana@example.org> escreveu:",
    "Às 09:15 de 04/03/2024, Dana Li escreveu:",
    "Op ma 4 mrt 2024 om 09:15 schreef Dana Li <dana@example.org>:",
    "Op 04-03-2024 om 09:15 schreef Dana Li:",
    "Op 4 mrt. 2024, om 09:15 heeft Dana Li <dana@example.org> het volgende geschreven:",
    "Op maandag 4 maart 2024 om 09:15 schreef Dana Li <dana@example.org>:",
    "Dana Li <dana@example.org> schreef op 4 maart 2024 09:15:",
]
"""Attributions of the common programs, in seven languages and several of their dates."""


@pytest.mark.parametrize("attribution", PROGRAMS)
def test_the_attributions_of_the_common_programs_go_with_what_they_announce(attribution: str) -> None:
    """Above a quote with marks and above one without, in one line and wrapped."""
    own = "Hello Dana,\n\nthat is fine with me.\n\nRobin"
    place = attribution.rfind(" ", 0, 60)
    wrapped = f"{attribution[:place]}\n{attribution[place + 1 :]}" if len(attribution) > 60 else attribution
    for line in (attribution, wrapped):
        for quote in ("> Could you send it?\n> Thanks", "Could you send it?\nThanks"):
            parts = cleaning.split(f"{own}\n\n{line}\n\n{quote}")
            assert parts.own == own
            assert parts.quoted == "Could you send it?\nThanks"
            assert parts.quoted_from == "Dana Li"
