"""How mail programs mark text that is not the sender's: attribution lines, header blocks, rules, mobile taglines.

Only tables and the patterns made from them; cleaning.py decides what they mean.  Every pattern is matched against a
line of at most `LINE_LIMIT` characters and has no nested repetition, so that hostile text costs linear time.
"""

from __future__ import annotations

import re

LINE_LIMIT = 400
"""No mail program writes a marker longer than this."""

# What stands between the writer and the colon.  English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish,
# Danish and Norwegian, Finnish, Polish, Czech, Russian, Ukrainian, Turkish, Hungarian, Romanian, Greek.
_WROTE = (
    r"wrote|writes|schrieb|schreibt|geschrieben|geschreven"
    r"|het volgende geschreven|a écrit|écrit|écrivait|escribió|escribi[oó]|ha scritto|scrive|scriveva"
    r"|escreveu|schreef|skrev|kirjoitti|napisał|napisała|napisał\(a\)|pisze|napsal|napsal\(a\)|написал|написала"
    r"|написал\(а\)|пишет|пише|написав|yazdı|şunları yazdı|ezt írta|a scris|έγραψε"
)
_WROTE_CJK = r"のメール|は書きました|さんは書きました|が書きました|写道|寫道|님이 작성|작성"
_OPENS = r"On|At|Às|No dia|Am|Le|El|Il giorno|Il|Em|Op|Den|På|Dne|W dniu|Dnia|Pe|Στις|В|A[zZ]?"

ATTRIBUTION = re.compile(
    rf"^(?:.{{0,300}}\W)?(?:{_WROTE})\b.{{0,160}}[:：]\s*$|(?:{_WROTE_CJK})\s*[:：]\s*$", re.IGNORECASE
)
"""A whole attribution line: somebody wrote, and a colon ends it."""

ATTRIBUTION_OPENS = re.compile(rf"^\s*(?:(?:{_OPENS})\s|\d{{1,4}}[./年-]\s?\d|[-*]*\s*\w.{{0,80}}<)")
"""The first line of an attribution that a mail program may have wrapped."""

WROTE_LAST = re.compile(rf"\s*\b(?:hat |heeft )?(?:{_WROTE})\s*[:：]?\s*$", re.IGNORECASE)
"""The verb at the end of an attribution, behind the name."""

QUOTING = re.compile(
    r"^(?:quoting|zitat von|citando|citando a|quoting from|selon|in article <[^>]{1,120}>,?) ?.{1,120}[:：]\s*$",
    re.IGNORECASE,
)
"""Attributions without a date, as webmail and news readers write them."""

ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]{1,64}@[\w.-]{1,120}\.\w{2,24}")
CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b")
DAY = re.compile(r"\b(?:19|20)\d{2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")

_RULED = (
    r"original message|original-?nachricht|ursprüngliche nachricht|ursprüngliche e-?mail|message d'origine"
    r"|message original|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht"
    r"|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna"
    r"|původní zpráva|исходное сообщение|пересылаемое сообщение"
    r"|orijinal mesaj|元のメッセージ|原始邮件|原始郵件|원본 메시지|reply message|reply separator"
)
_FORWARDED = (
    r"forwarded message|forwarded by .{0,80}|weitergeleitete nachricht|message transféré|mensaje reenviado"
    r"|messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht|vidarebefordrat meddelande|videresendt melding"
    r"|videresendt meddelelse|przekazana wiadomość|転送メッセージ|转发的邮件|轉寄的郵件|전달된 메시지"
)
ORIGINAL = re.compile(rf"^[\s>]*[-_*=]{{2,60}}\s*(?:{_RULED})\s*[-_*=]*\s*$", re.IGNORECASE)
FORWARDED = re.compile(
    rf"^[\s>]*[-_*=]{{2,60}}\s*(?:{_FORWARDED})\s*[-_*=]*\s*$"
    r"|^\s*(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado|inizio messaggio inoltrato"
    r"|início da mensagem (?:encaminhada|reencaminhada)|begin doorgestuurd bericht|転送されたメッセージ)\s*[:：]\s*$",
    re.IGNORECASE,
)

_FROM = (
    r"From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|От|Від|Kimden|Feladó|Από|Expéditeur"
    r"|差出人|发件人|寄件者|寄件人|보낸 사람"
)
_OTHER = (
    r"Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Kopie|Betreff|Envoyé|À|A|Objet|Enviado(?: el)?|Fecha|Para|CC|Asunto"
    r"|Inviato|Data|Oggetto|Enviada(?: em)?|Assunto|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Sendt|Til|Emne"
    r"|Lähetetty|Vastaanottaja|Aihe|Wysłano|Do|Temat|Odesláno|Komu|Předmět|Отправлено|Дата|Кому|Копия|Тема"
    r"|Tarih|Kime|Konu|Elküldve|Címzett|Tárgy"
    r"|送信日時|日付|宛先|件名|发送时间|日期|收件人|主题|寄件日期|主旨|날짜|받는 사람|제목"
    r"|Reply-To|Importance|Priority|Attachments"
)
HEADER_FROM = re.compile(rf"^\s*[*_]{{0,2}}(?:{_FROM})\s?[:：]\s?[*_]{{0,2}}\s*\S")
HEADER_OTHER = re.compile(rf"^\s*[*_]{{0,2}}(?:{_FROM}|{_OTHER})\s?[:：]")

RULE = re.compile(r"^\s*[-_=*—–]{5,}\s*$")

_DEVICE = (
    r"i-?phone|ipad|android|blackberry|samsung|galaxy|huawei|xiaomi|nokia|windows (?:mail|phone)|mail for windows"
    r"|outlook|yahoo|proton ?mail|proton mail|gmail|mobile|smartphone|handy|mobiltelefon|tablet|phone|téléphone|móvil"
    r"|celular|telefono|cellulare|telefoon|telefon|thunderbird|spark|web\.de|gmx|aol|my mac|device|gerät|appareil"
)
MOBILE = re.compile(
    rf"^\s*[-*_]{{0,3}}\s*(?:(?:sent|get|enviado|enviada|envoyé|gesendet|von|inviato|verstuurd|verzonden|skickat|sendt"
    rf"|wysłane|odesláno|отправлено|lähetetty|diese (?:nachricht|e-?mail) wurde)\b.{{0,60}}\b(?:{_DEVICE})\b.{{0,80}}"
    r"|(?:iphone|ipad)から送信|从我的\s?(?:iphone|ipad|android).{0,12}|나의 iphone에서 보냄)\s*$",
    re.IGNORECASE,
)
"""Taglines that a telephone or a mail program adds by itself."""

_MOBILE_NOT = re.compile(r"[?]|\b(?:you|your|it|them|him|her|sie|ihnen|vous|te|ti)\b", re.IGNORECASE)


def is_mobile_tagline(line: str) -> bool:
    """Whether a program added this line; "Sent you the phone numbers yesterday" is the person's own."""
    return len(line) <= 120 and bool(MOBILE.match(line)) and not _MOBILE_NOT.search(line)


DISCLAIMER = re.compile(
    r"\b(?:this|the)\s(?:e-?mail|message|communication|transmission|information)\b.{0,160}?"
    r"\b(?:confidential|privileged|intended|virus)"
    r"|\bconfidentiality notice\b|\bif you (?:are not|have received|received)\b.{0,40}?\b(?:intended|in error|this)\b"
    r"|\bintended (?:only|solely|recipient)|\bplease consider the environment\b|\bthink before you print\b"
    r"|\b(?:diese|vertrauliche)\b.{0,60}?\b(?:e-?mail|nachricht)\b.{0,160}?"
    r"\b(?:vertraulich|bestimmt|adressat|empfänger)"
    r"|\bce (?:message|courriel|mail)\b.{0,160}?\b(?:confidentiel|destinataire)"
    r"|\beste (?:mensaje|correo|e-?mail|mensagem)\b.{0,160}?\b(?:confidencia|destinatari)"
    r"|\bquesto messaggio\b.{0,160}?\b(?:riservat|confidenzial|destinatari)"
    r"|\bdit (?:bericht|e-?mail)\b.{0,160}?\b(?:vertrouwelijk|bestemd|geadresseerde)",
    re.IGNORECASE,
)

LIST_FOOTER = re.compile(
    r"mailing list|unsubscribe|you received this message because|mailman/listinfo|groups\.google\.com|googlegroups"
    r"|sie erhalten diese (?:nachricht|e-mail), weil|vous recevez ce message|yahoo! groups",
    re.IGNORECASE,
)

SIGN_OFF = re.compile(
    r"^\s*(?:(?:with |my |all (?:the |my )?|many |warm(?:est)? |kind(?:est)? |best |very best |lots of |much )*"
    r"(?:regards|wishes|best|cheers|thanks(?: again| so much| a lot)?|thank you|thx|love|sincerely"
    r"|yours(?: \w+)?|cordially|respectfully|take care|hugs|xx+|talk soon|see you(?: \w+)?|bye|ciao|ta|all|luck)"
    r"|(?:mit )?(?:freundlichen|besten|lieben|herzlichen|vielen|schönen)\s?"
    r"(?:grüßen|grüsse|grüße|gruessen|gruesse|dank)?"
    r"|viele grüße|liebe grüße|beste grüße|gruß|lg|vg|mfg|cordialement|bien à (?:vous|toi)|amicalement|merci|bises"
    r"|un saludo|saludos(?: cordiales)?|gracias|un abrazo|cordiali saluti|grazie|saluti|a presto|abraços?|obrigad[oa]"
    r"|atenciosamente|cumprimentos|met vriendelijke groet(?:en)?|groet(?:en|jes)?|bedankt|hälsningar|mvh|hilsen)"
    r"\s*[,.!–—-]*\s*$",
    re.IGNORECASE,
)
"""A closing line.  It is style and stays; it only tells where the text ends."""

_PHONE = re.compile(r"(?:\+|\b00|\()?\d[\d\s()./-]{6,}\d")
_CONTACT = re.compile(
    r"\b(?:tel|telephone|phone|fax|mob|mobile|cell|office|direct|skype|linkedin|twitter|telefon|handy"
    r"|téléphone|tél|móvil)\b\s*[.:|]?"
    r"|https?://|\bwww\.|\b(?:street|avenue|suite|p\.?o\.? box|straße|strasse|rue de|calle)\b",
    re.IGNORECASE,
)


def is_contact_line(line: str) -> bool:
    """Telephone, web, e-mail or street: what a letterhead says."""
    line = line[:LINE_LIMIT]
    return bool(_CONTACT.search(line) or ADDRESS.search(line) or _PHONE.search(line))
