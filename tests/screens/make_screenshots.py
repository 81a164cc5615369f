"""Makes the pictures of the README from the real program over an invented person's mail: `make screenshots`.

Robin Vale's mailbox (tests/data/import) is imported into a fresh vault, suggestions come from the built-in model, and
what the pictures show as learned was learned from edits made here.  Only the counts of the weeks before today, which a
person would have left by writing, are invented.  Run it under a display server:

    packaging/under-xvfb python tests/screens/make_screenshots.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from PySide6.QtCore import Qt  # noqa: E402
from PySide6.QtGui import QCursor, QImage  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QWidget  # noqa: E402

from helpers.person import Person, press, wait_for  # noqa: E402
from ownhand import paths  # noqa: E402
from ownhand.compose import App, Options, build  # noqa: E402
from ownhand.domain.completion import Completion  # noqa: E402
from ownhand.domain.draft import Audience, Draft  # noqa: E402
from ownhand.domain.suggestion import SuggestionRequest  # noqa: E402
from ownhand.settings import WELCOMED  # noqa: E402
from ownhand.ui.app import application  # noqa: E402
from ownhand.ui.comparison import Verdict  # noqa: E402
from ownhand.ui.importflow import DONE, ME, ImportDialog  # noqa: E402
from ownhand.ui.learnedpage import EvidenceDialog  # noqa: E402
from ownhand.ui.review import State  # noqa: E402

WINDOW = 1240, 780
LAST_TYPED = 24
"""Characters at the end of a draft that are typed at a person's pace, so that the time shown is a usual one."""
DANA, LOU = "Dana Li <dana.li@brightwater.example>", "Lou Mercer <lou.mercer@example.net>"
GALLERY = Audience("gallery", "Gallery", (), ("northquaygallery.example",))
HOPE, EARLIEST = "I hope this email finds you well. ", "at your earliest convenience"
LESSONS = (
    (
        "The invoices",
        f"Hi Dana,\n\n{HOPE}I've checked the two invoices from Berg Clay, and the second one is wrong by 40 pounds. "
        f"Could you call them {EARLIEST}?\n\nCheers,\nRobin",
    ),
    (
        "The van",
        f"Hi Lou,\n\n{HOPE}The van is free on Saturday from 9, and the shelves fit in if we take the doors off. "
        f"Could you bring the blankets {EARLIEST}?\n\nCheers,\nRobin",
    ),
)
"""Drafts that are rewritten and then corrected in the same way."""
CORRECTIONS = ((HOPE, ""), (EARLIEST, "when you can"))
OTHERS = (
    ("The opening", DANA, "Hi Dana,\n\nThe gallery would like 12 bowls by Friday.\n\nCheers,\nRobin"),
    ("Saturday", LOU, "Hey Lou,\n\nI'll bring the bread.\n\nR."),
)
GHOSTED = (
    "Hi Dana,\n\nI've been through the new price list, and the numbers for the bowls are right now. The mugs stay at "
    "£18, which is what people are used to.\n\nI'd like to print it on Thursday. Let me know"
)
FORMAL = (
    f"Dear Dana,\n\n{HOPE}I have looked at the second firing, and 14 of the bowls came out well. I do not think that "
    "the cobalt is worth the price, so I would like to try the cheaper blue in March.\n\n"
    f"Could you send me the new prices {EARLIEST}? We could go through them on Tuesday at 10.\n\nBest regards,\nRobin"
)


def small_png(picture: QImage) -> bytes:
    """A PNG (RFC 2083) without filters, which suits pictures of even areas better than what Qt writes."""
    picture = picture.convertToFormat(QImage.Format.Format_RGB888)
    width, height, stride = picture.width(), picture.height(), picture.bytesPerLine()
    pixels = bytes(picture.constBits())
    rows = b"".join(b"\0" + pixels[y * stride : y * stride + 3 * width] for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


class Album:
    """Takes each picture in both appearances."""

    def __init__(self, robin: Person, folder: Path) -> None:
        self._robin, self._folder = robin, folder

    def keep(self, name: str, widget: Callable[[], QWidget]) -> None:
        """`widget` is shown anew for each appearance if it wants to be."""
        for appearance in ("dark", "light"):
            self._robin.desktop.theme.follow(appearance)
            wait_for("quiet", lambda: self._robin.desktop.bridge.idle)
            shown = widget()
            QTest.qWait(300)
            path = self._folder / f"{name}-{appearance}.png"
            path.write_bytes(small_png(shown.grab().toImage()))
            print(path)


def import_mail(robin: Person, mailbox: Path, album: Album) -> None:
    """Through the import, which is one of the pictures."""
    robin.desktop.open_import()
    dialog = robin.window.findChild(ImportDialog)
    assert isinstance(dialog, ImportDialog)
    dialog.flow.add_paths([mailbox])
    press(dialog, "Look at them")
    wait_for("the question who I am", lambda: dialog.flow.currentIndex() == ME)
    dialog.setFocus()
    album.keep("import", lambda: dialog)
    press(dialog, "Learn from these")
    wait_for("its end", lambda: dialog.flow.currentIndex() == DONE)
    press(dialog, "Go on")
    wait_for("all vectors", lambda: _all_embedded(robin.app))
    wait_for("the measure", lambda: robin.app.learning.traits()[0].documents >= 20)


def _all_embedded(app: App) -> bool:
    state = app.privacy.state()
    return state.passages > 0 and state.vectors == state.passages


def learn(app: App) -> None:
    """Correct two rewrites in the same way, and state one rule; all through the real services."""
    for subject, text in LESSONS:
        to = DANA if "Dana" in text else LOU
        (suggestion,) = app.drafting.run(SuggestionRequest("rewrite", text, subject=subject, recipients=(to,)))
        kept = suggestion.text
        for old, new in CORRECTIONS:
            kept = kept.replace(old, new)
        app.learning.record(suggestion, kept, (to,))
    app.learning.state("no exclamation marks", GALLERY.id)


def live_through_weeks(app: App) -> None:
    """Counts of eleven weeks in which Robin wrote more and more with it, and had less and less to change."""
    for back in range(77, 0, -1):
        day = date.today() - timedelta(days=back)
        if day.weekday() >= 5 or 30 < back < 38:
            continue  # weekends, and a week by the sea
        grown, taken = (77 - back) / 77, 2 + back % 4
        counts = {
            "shown": 30 + 7 * (back % 5),
            "taken": 10 + 3 * (back % 4) + int(8 * grown),
            "saved": int((90 + 23 * (back % 5)) * (1 + grown)),
            "accepted": int(taken * grown),
            "edited": taken - int(taken * grown),
            "rejected": int(back % 6 == 0),
            "distance": int(60 * taken * (0.3 - 0.22 * grown)),
            "words": 60 * taken,
        }
        app.hand.vault.count(day, counts, date.today() - timedelta(days=99))


def write_mail(robin: Person, recipient: str, subject: str, text: str) -> None:
    """A draft as a person begins it."""
    robin.new_email(recipient, subject)
    begun = text[:-LAST_TYPED]
    robin.window.edit.set_text(begun, len(begun))
    for character in text[-LAST_TYPED:]:
        robin.write(character)
        QTest.qWait(150)
    robin.wait_until_saved()
    wait_for("its name in the library", lambda: robin.desktop.bridge.idle)


def _with_text(draft: Draft, text: str) -> Draft:
    return replace(draft, text=text, caret=len(text))


def take(folder: Path, home: Path) -> None:
    """All pictures."""
    mailbox = home / "Mail" / "Sent"
    mailbox.parent.mkdir()
    shutil.copy(ROOT / "tests" / "data" / "import" / "robin.mbox", mailbox)
    app = build(Options(paths.data_dir(), key="keyfile"))
    app.settings.set(WELCOMED, True)
    app.library.save_audience(GALLERY)
    for subject, to, text in OTHERS:
        draft = app.library.new(recipients=(to,), subject=subject)
        app.library.save(_with_text(draft, text))
    app.start()
    robin = Person(app, application())
    try:
        album = Album(robin, folder)
        window = robin.window
        window.resize(*WINDOW)
        QCursor.setPos(1919, 1199)  # nothing hovers
        robin.desktop.start()
        wait_for("the page", lambda: window.session.is_open)
        import_mail(robin, mailbox, album)
        learn(app)
        live_through_weeks(app)
        app.snippets.save("dir", "You find us behind the station, second yard on the left. Ring at the green gate.")
        app.own_actions.save("Plain", "No exclamation marks. Write out contractions. Keep it under 40 words.")
        window.refresh()
        window.toast.hide()

        answers: list[Completion] = []
        window.ghosting.answered.connect(answers.append)
        write_mail(robin, DANA, "Price list", GHOSTED)
        # Typing went through what was offered earlier; the last letter once more asks anew.
        robin.key(Qt.Key.Key_Escape)
        answers.clear()
        robin.key(Qt.Key.Key_Backspace)
        wait_for("an answer for which the model was asked", lambda: any(one.usage.prompt_tokens for one in answers))
        robin.write(GHOSTED[-1])
        wait_for("ghost text", lambda: robin.ghost)
        robin.wait_until_saved()
        album.keep("ghost-text", lambda: window)

        write_mail(robin, DANA, "Second firing", FORMAL)
        press(robin.review, "Rewrite")
        wait_for("the suggestion", lambda: robin.review.state is State.READY)
        robin.review.view.judge(Verdict.ACCEPTED)
        robin.review.view.setFocus()
        album.keep("suggestion", lambda: window)
        window.tabs.setCurrentWidget(window.why)
        album.keep("why", lambda: window)
        window.tabs.setCurrentWidget(window.style_panel)
        album.keep("style", lambda: window)
        settings_pages(robin, album)
    finally:
        robin.leave()


def settings_pages(robin: Person, album: Album) -> None:
    """The settings, page by page, and the edits that a rule rests on."""
    for page in ("style", "learned", "progress", "models", "privacy"):
        robin.desktop.open_settings(page)
        settings = robin.desktop.settings
        assert settings is not None
        wait_for("the page", lambda: robin.desktop.bridge.idle)
        if page == "learned":
            settings.learned.view.selectRow(1)  # learned; the first one was stated
        settings.nav.setFocus()
        album.keep(f"settings-{page}", partial(_same, settings))

    def evidence() -> QWidget:
        for old in settings.findChildren(EvidenceDialog):
            old.close()
        press(settings.learned, "Show the edits…")
        return wait_for("the edits", lambda: _open(settings))

    settings.show_page("learned")
    wait_for("the rules", lambda: settings.learned.view.isVisible() and robin.desktop.bridge.idle)
    settings.learned.view.selectRow(1)
    album.keep("evidence", evidence)


def _same(widget: QWidget) -> QWidget:
    return widget


def _open(settings: QWidget) -> EvidenceDialog | None:
    return next((found for found in settings.findChildren(EvidenceDialog) if found.isVisible()), None)


def main() -> int:
    """Write the pictures; an exception where one could not be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "resources" / "screenshots")
    into = parser.parse_args().into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["HOME"] = str(home)
        os.environ["OWNHAND_DATA"] = str(home / ".local" / "share" / "ownhand")
        # What ships with Ownhand lies in Robin's home too, so that no picture shows a folder of this machine.
        (home / "ownhand").symlink_to(ROOT)
        paths.shipped_dir = lambda: home / "ownhand"
        take(into, home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
