"""What mail programs call the folders of sent mail, and those of mail that nobody wants back."""

from __future__ import annotations

import re
from collections.abc import Sequence

PUT_AWAY = "trash, spam or drafts folder"

_PUT_AWAY = re.compile(
    r"^\.?(?:inbox\.)?(?:trash|deleted(?: items| messages)?|junk(?: e-?mail)?|spam|drafts?|templates|unsent messages"
    r"|papierkorb|entwürfe|gelöschte (?:elemente|objekte)"
    r"|corbeille|brouillons|papelera|borradores|cestino|bozze|lixeira|rascunhos|prullenbak|concepten)(?:\.(?:mbox|sbd))?$",
    re.IGNORECASE,
)
_SENT_FOLDER = re.compile(
    r"^\.?(?:inbox\.)?(?:sent(?:[ -_]?(?:mail|items|messages|box))?|outbox"
    r"|gesendet(?:e (?:objekte|elemente))?|(?:messages |éléments )?envoyés?"
    r"|enviados?|elementos enviados|(?:posta )?inviat[ai]|itens enviados|verzonden(?: items)?|skickat|sendt"
    r"|отправленные|送信済み.{0,6}"
    r"|已发送|已傳送)(?:[-_. ]?\d*)(?:\.(?:mbox|mbx|eml|gz|sbd))*$",
    re.IGNORECASE,
)


def is_put_away(name: str) -> bool:
    """Whether a file or folder of this name holds discarded or unfinished mail."""
    return bool(_PUT_AWAY.match(name))


def is_sent_folder(parts: Sequence[str]) -> bool:
    """Whether a mail program keeps sent mail here, by the last parts of a path: the file and the folders above it."""
    return any(_SENT_FOLDER.match(part) for part in parts[-4:])
