"""A group made in the window, over the real vault and the real learning: it gets a style of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from helpers.person import OFFSCREEN, Person, press, wait_for, write
from ownhand.compose import Options, build
from ownhand.settings import WELCOMED
from ownhand.ui.groups import GroupDialog
from ownhand.ui.header import NEW_GROUP

pytestmark = [pytest.mark.qt_log_ignore(OFFSCREEN, extend=True), pytest.mark.timeout(300)]

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"
PRIYA = "Priya Nair <priya@northquaygallery.example>"


@pytest.fixture
def robin(tmp_path: Path, qapp: QApplication) -> Iterator[Person]:
    """Robin at the page, with her mail read and measured."""
    app = build(Options(tmp_path / "data", key="keyfile"))
    app.settings.set(WELCOMED, True)
    app.importing.run([MAILBOX], ["robin.vale@example.org"], lambda *_: None, lambda: False)
    app.start()
    person = Person(app, qapp)
    try:
        person.desktop.start()
        wait_for("the page", lambda: person.window.session.is_open)
        wait_for("the measure", lambda: measured(person, "everyone") == app.privacy.state().documents)
        yield person
    finally:
        person.leave()


def measured(robin: Person, audience: str) -> int:
    """From how many documents the style of an audience is told."""
    return max((trait.documents for trait in robin.app.learning.traits(audience)), default=0)


def test_a_group_is_made_measured_changed_and_deleted(robin: Person) -> None:
    everyone = measured(robin, "everyone")
    robin.new_email(PRIYA, "The opening")
    box = robin.window.header.audience
    box.setCurrentIndex(box.findData(NEW_GROUP))
    box.activated.emit(box.currentIndex())
    dialog = wait_for("the dialog", lambda: robin.window.findChild(GroupDialog))
    write(dialog.name, "Gallery")
    press(dialog, "Create")
    wait_for("the group in the header", lambda: box.currentText() == "Gallery")
    (group,) = robin.app.library.audiences()
    assert (group.name, group.members) == ("Gallery", ("priya@northquaygallery.example",))
    wait_for("its measure", lambda: 5 <= measured(robin, group.id) < everyone)
    wait_for("all of it", lambda: measured(robin, "everyone") == everyone)
    assert robin.window.current_audience() == group.id

    robin.desktop.open_settings("style")
    settings = robin.desktop.settings
    assert settings is not None
    settings.style_panel.show_audience(group.id)
    wait_for("the group in the settings", lambda: settings.style_panel.audiences.currentText() == "Gallery")
    press(settings, "Edit group…")
    dialog = wait_for("the dialog", lambda: settings.findChild(GroupDialog))
    dialog.name.selectAll()
    write(dialog.name, "The quay")
    write(dialog.more, "@brightwater.example")
    press(dialog, "Save")
    wait_for("the new name in the header", lambda: box.currentText() == "The quay")
    wait_for("the measure with more people", lambda: measured(robin, group.id) >= 12)
    wait_for("quiet", lambda: robin.desktop.bridge.idle)

    robin.app.library.save(robin.window.session.draft())
    press(settings, "Edit group…")
    dialog = wait_for("the dialog", lambda: settings.findChild(GroupDialog))
    press(dialog, "Delete group…")
    press(dialog, "Delete")
    wait_for("Everyone in the header", lambda: box.currentText() == "Everyone")
    assert robin.app.library.audiences() == []
    wait_for("quiet", lambda: robin.desktop.bridge.idle)
    settings.close()
