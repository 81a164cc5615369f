"""Groups of recipients: made from the draft, changed and deleted in the settings."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton

from ownhand.domain.draft import Audience
from ownhand.ui.groups import GroupDialog, Known
from ownhand.ui.header import NEW_GROUP
from ownhand.ui.settings import SettingsDialog
from ownhand.ui.windows import Confirm

LOU, SAM, DANA = "Lou Mercer <lou@mercer.example>", "sam@mercer.example", "Dana Li <dana@northmill.example>"
WORK = Audience("work", "Work", ("dana@northmill.example",), ("northmill.example",))


@pytest.fixture
def dialog(qtbot):
    def open_(group=None, recipients=(), people=()):
        made = GroupDialog(Known([WORK], list(people)), group, recipients, None)
        qtbot.addWidget(made)
        made.show()
        return made

    return open_


def boxes(dialog):
    return {box.text(): box.isChecked() for box in dialog._boxes}


def test_the_recipients_are_ticked_and_everyone_at_their_domain_is_offered(dialog, qtbot):
    made = dialog(recipients=(LOU, SAM))
    assert boxes(made) == {LOU: True, SAM: True, "Everyone at mercer.example": False}
    made.name.setText("  Studio ")
    group = made.group()
    assert (group.name, group.members, group.domains) == ("Studio", ("lou@mercer.example", SAM), ())
    made._boxes[0].setChecked(False)
    made._boxes[2].setChecked(True)
    assert (made.group().members, made.group().domains) == ((SAM,), ("mercer.example",))


def test_a_group_needs_a_name_that_is_its_own(dialog):
    made = dialog()
    assert not made.save.isEnabled()
    for taken in ("work", "Everyone "):
        made.name.setText(taken)
        assert not made.save.isEnabled()
        assert made._trouble.isVisible()
    made.name.setText("Friends")
    assert made.save.isEnabled()
    assert not made._trouble.isVisible()


def test_people_and_domains_can_be_added_and_what_is_left_in_the_field_counts(dialog, qtbot):
    made = dialog(group=WORK, people=[DANA])
    assert boxes(made) == {DANA: True, "Everyone at northmill.example": True}
    made.more.setText("@Posteo.example")
    qtbot.keyClick(made.more, Qt.Key.Key_Return)
    assert made.isVisible(), "Return adds; it does not close the dialog"
    made.more.setText(LOU)
    made.save.click()
    assert made.result() == made.DialogCode.Accepted
    group = made.group()
    assert group.id == "work"
    assert group.members == ("dana@northmill.example", "lou@mercer.example")
    assert group.domains == ("northmill.example", "posteo.example")


def test_new_group_in_the_header_makes_one_that_the_draft_follows(window, scripted, qtbot, quiet):
    header = window.header
    header.recipients.set_recipients((LOU,))
    header.audience.setCurrentIndex(header.audience.findData(NEW_GROUP))
    header.audience.activated.emit(header.audience.currentIndex())
    assert header.audience.currentIndex() == 0, "the entry is no audience"
    qtbot.waitUntil(lambda: window.findChild(GroupDialog) is not None)
    made = window.findChild(GroupDialog)
    made.name.setText("Studio")
    made.save.click()
    qtbot.waitUntil(lambda: header.audience.currentText() == "Studio")
    qtbot.waitUntil(lambda: scripted.personal.measured == 1)
    quiet()
    group = scripted.library.audiences()[-1]
    assert group.members == ("lou@mercer.example",)
    assert window.current_audience() == group.id
    assert header.chosen_audience() is None, "the recipients lead to it"
    assert window.style_panel.audiences.currentText() == "Studio"
    assert scripted.learning.audience_changes == 1


def test_a_group_without_the_recipients_is_chosen_for_the_draft(window, scripted, qtbot, quiet):
    window.header.recipients.set_recipients((LOU,))
    window.groups.save(Audience("g", "Essays"))
    qtbot.waitUntil(lambda: window.header.audience.currentText() == "Always Essays")
    quiet()
    assert window.current_audience() == "g"
    window.session.save()
    quiet()
    assert scripted.library.saved["d1"].audience == "g"


def test_neither_wheel_nor_arrow_keys_open_the_dialog(window, qtbot):
    box = window.header.audience
    box.setFocus()
    before = box.currentIndex()
    here = QPointF(5, 5)
    turn = QWheelEvent(
        here, here, QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    for _ in range(12):
        QApplication.sendEvent(box, turn)
    assert box.currentIndex() == before
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.view().isVisible(), "the list opens instead"
    box.hidePopup()
    assert box.currentIndex() == before
    assert window.findChild(GroupDialog) is None


def test_a_chosen_group_is_kept_although_the_groups_come_after_the_draft(window, scripted):
    header = window.header
    header.set_audiences(())
    header.show_draft(window.session.draft())
    header.choose_audience("friends")
    header.set_audiences(scripted.library.audiences())
    assert header.chosen_audience() == "friends"
    assert header.audience.currentText() == "Always Friends"


@pytest.fixture
def settings(qtbot, scripted, theme, bridge, quiet):
    made = SettingsDialog(scripted, theme, bridge, None)
    qtbot.addWidget(made, before_close_func=lambda _: quiet())
    made.show()
    quiet()
    return made


def button(parent, text):
    return next(push for push in parent.findChildren(QPushButton) if push.text() == text)


def test_a_group_is_renamed_and_deleted_in_the_settings(settings, scripted, qtbot, quiet):
    panel = settings.style_panel
    assert not button(panel, "Edit group…").isEnabled(), "Everyone is no group to edit"
    panel.show_audience("friends")
    quiet()
    button(panel, "Edit group…").click()
    qtbot.waitUntil(lambda: settings.findChild(GroupDialog) is not None)
    made = settings.findChild(GroupDialog)
    made.name.setText("Old friends")
    with qtbot.waitSignal(settings.changed):
        made.save.click()
    qtbot.waitUntil(lambda: panel.audiences.currentText() == "Old friends")
    qtbot.waitUntil(lambda: settings.findChild(GroupDialog) is None)
    quiet()

    button(panel, "Edit group…").click()
    qtbot.waitUntil(lambda: settings.findChild(GroupDialog) is not None)
    button(settings.findChild(GroupDialog), "Delete group…").click()
    assert any(group.id == "friends" for group in scripted.library.audiences()), "not before it is confirmed"
    button(settings.findChild(Confirm), "Delete").click()
    qtbot.waitUntil(lambda: panel.audiences.currentText() == "Everyone")
    quiet()
    assert [group.id for group in scripted.library.audiences()] == ["work"]
    assert scripted.personal.measured == 2
