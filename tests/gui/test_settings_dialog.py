"""The settings: every row from the table, what was learned, models, history, privacy."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QPushButton, QSpinBox

from helpers.accessible import nameless
from ownhand.domain.corpus import Source
from ownhand.domain.preference import Dimension, Origin, Preference
from ownhand.settings import COMPLETIONS, FONT_SIZE, SETTINGS, THEME
from ownhand.ui.learnedpage import EvidenceDialog
from ownhand.ui.settings import ELSEWHERE, SettingsDialog
from ownhand.ui.vaultdialogs import PassphraseDialog
from ownhand.ui.widgets import Toast
from ownhand.ui.windows import TypeToConfirm


@pytest.fixture
def dialog(qtbot, scripted, theme, bridge, quiet):
    made = SettingsDialog(scripted, theme, bridge, None)
    qtbot.addWidget(made, before_close_func=lambda _: quiet())
    made.show()
    made.reload()
    quiet()
    return made


def push(root, text):
    return next(found for found in root.findChildren(QPushButton) if found.text() == text)


def test_every_setting_has_a_control_with_its_name_and_help(dialog):
    for setting in SETTINGS:
        if setting.key in ELSEWHERE:
            continue
        control = dialog.findChild(object, setting.key)
        assert control is not None, setting.key
        assert control.accessibleName() == setting.label
        assert control.accessibleDescription() == setting.help


def test_a_change_holds_at_once_and_can_go_back_to_the_default(dialog, scripted, qtbot, quiet):
    dialog.findChild(QCheckBox, COMPLETIONS.key).click()
    qtbot.waitUntil(lambda: scripted.settings.get(COMPLETIONS) is False)
    dialog.findChild(QSpinBox, FONT_SIZE.key).setValue(17)
    qtbot.waitUntil(lambda: scripted.settings.get(FONT_SIZE) == 17)
    box = dialog.findChild(QComboBox, THEME.key)
    box.setCurrentIndex(box.findData("light"))
    box.activated.emit(0)
    qtbot.waitUntil(lambda: scripted.settings.get(THEME) == "light")


def test_search_keeps_the_pages_that_say_the_word(dialog):
    dialog.search.setText("gpu")
    assert dialog._names.stringList() == ["Advanced"]
    dialog.search.clear()
    assert len(dialog._names.stringList()) == 10
    dialog.show_page("privacy")
    assert dialog.stack.currentWidget().isAncestorOf(dialog.privacy)


# ------------------------------------------------------------------------------------------------------------ learned


def rules(dialog):
    table = dialog.learned.table
    return [table.row_at(n).statement for n in range(table.rowCount())]


def test_rules_are_listed_with_audience_certainty_and_evidence(dialog, qtmodeltester):
    table = dialog.learned.table
    assert "Write “use” instead of “utilize”." in rules(dialog)
    row = rules(dialog).index("Sign off with “Cheers,”.")
    assert [table.index(row, n).data() for n in range(1, 4)] == ["Work", "78 %", "6 for, 1 against"]
    qtmodeltester.check(table)


def test_a_rule_can_be_switched_reworded_and_deleted(dialog, scripted, qtbot, quiet):
    table = dialog.learned.table
    row = rules(dialog).index("Use contractions.")
    table.setData(table.index(row, 0), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    qtbot.waitUntil(lambda: not next(r for r in scripted.learning.rules if r.id == "p4").enabled)
    quiet()
    row = rules(dialog).index("Use contractions.")
    table.setData(table.index(row, 0), "Contract whatever can be", Qt.ItemDataRole.EditRole)
    qtbot.waitUntil(lambda: "Contract whatever can be" in rules(dialog))
    dialog.learned.view.setCurrentIndex(table.index(rules(dialog).index("Contract whatever can be"), 0))
    push(dialog.learned, "Delete").click()
    qtbot.waitUntil(lambda: "Contract whatever can be" not in rules(dialog))


def test_a_rule_can_be_stated(dialog, scripted, qtbot):
    dialog.learned.new_rule.setText("never start with so")
    dialog.learned.audience.setCurrentIndex(dialog.learned.audience.findData("work"))
    qtbot.keyClick(dialog.learned.new_rule, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "never start with so" in rules(dialog))
    assert scripted.learning.rules[-1].audience == "work"


def test_a_rule_can_be_given_another_audience(dialog, scripted, qtbot):
    row = rules(dialog).index("Use contractions.")
    dialog.learned.view.setCurrentIndex(dialog.learned.table.index(row, 0))
    scope = next(b for b in dialog.learned.findChildren(QComboBox) if b.accessibleName().endswith("selected rule"))
    assert scope.currentText() == "Friends"
    scope.setCurrentIndex(scope.findText("Work"))
    scope.activated.emit(scope.currentIndex())
    qtbot.waitUntil(lambda: next(r for r in scripted.learning.rules if r.id == "p4").audience == "work")
    qtbot.waitUntil(lambda: dialog.learned.table.index(row, 1).data() == "Work")
    assert dialog.learned.current().statement == "Use contractions."


def test_the_rule_that_was_selected_stays_selected_wherever_it_goes(dialog, scripted, quiet):
    row = rules(dialog).index("Use contractions.")
    dialog.learned.view.setCurrentIndex(dialog.learned.table.index(row, 0))
    scripted.learning.rules = scripted.learning.rules[::-1]
    dialog.learned.reload()
    quiet()
    assert rules(dialog).index("Use contractions.") != row
    assert dialog.learned.current().statement == "Use contractions."


def test_a_rule_that_acts_only_in_some_situations_says_so(dialog, scripted, quiet):
    scripted.learning.rules = [
        Preference("x", Dimension.GREETING, "hey", agreeing=3, conflicting=7, edits=("e1", "e2")),
    ]
    dialog.learned.reload()
    quiet()
    table = dialog.learned.table
    assert table.index(0, 2).data() == "where it fits"
    assert "You also write otherwise" in table.data(table.index(0, 0), Qt.ItemDataRole.ToolTipRole)


def test_the_edits_behind_a_rule_stand_side_by_side(dialog, qtbot):
    row = rules(dialog).index("Use contractions.")
    dialog.learned.view.setCurrentIndex(dialog.learned.table.index(row, 0))
    push(dialog.learned, "Show the edits…").click()
    qtbot.waitUntil(lambda: dialog.findChild(EvidenceDialog) is not None)
    evidence = dialog.findChild(EvidenceDialog)
    texts = [text.toPlainText() for text in evidence.findChildren(object) if text.objectName() == "Reading"]
    assert "Please utilize the new form." in texts
    assert "Please use the new form." in texts
    assert nameless(evidence) == []
    evidence.close()


def test_what_fails_is_said_in_front_of_the_person(dialog, tmp_path, quiet):
    dialog.show_page("progress")
    dialog.progress._said.show()
    dialog.progress.save_to(tmp_path / "nowhere" / "days.csv")
    quiet()
    (toast,) = dialog.findChildren(Toast)
    assert toast.isVisible()
    assert "days.csv could not be saved there" in toast.text
    assert not dialog.progress._said.isVisible()


def test_forgetting_everything_asks_for_the_word(dialog, scripted, qtbot):
    push(dialog.learned, "Forget everything learned…").click()
    confirm = dialog.findChild(TypeToConfirm)
    assert not confirm._do.isEnabled()
    confirm._field.setText("forget")
    confirm._do.click()
    qtbot.waitUntil(lambda: scripted.learning.rules == [])


# --------------------------------------------------------------------------------------------------- the other pages


def test_a_trait_can_be_overruled_and_left_as_i_write(dialog, scripted, qtbot, quiet):
    box = next(b for b in dialog.style_panel.findChildren(QComboBox) if b.accessibleName() == "Contractions")
    box.setCurrentIndex(box.findData("avoid"))
    box.activated.emit(2)
    qtbot.waitUntil(lambda: scripted.learning.chosen == {("everyone", "contractions"): "avoid"})
    box.setCurrentIndex(0)
    box.activated.emit(0)
    qtbot.waitUntil(lambda: scripted.learning.chosen == {("everyone", "contractions"): None})


def test_another_model_can_be_chosen_for_a_role(dialog, scripted, qtbot, quiet):
    next(p for p in dialog.models.findChildren(QPushButton) if p.text() == "Use for completions").click()
    qtbot.waitUntil(lambda: scripted.models.chosen("completion").stem == "larger")
    quiet()


def test_a_file_that_is_no_model_is_refused_in_a_sentence(dialog, qtbot, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"nope")
    dialog.models.add_files([bad])
    qtbot.waitUntil(lambda: "is not a GGUF model file" in dialog.models._trouble.text())


def test_a_folder_among_the_sources_can_be_watched(dialog, scripted, qtbot, tmp_path):
    scripted.library._sources.append(Source(9, str(tmp_path), "text", 4))
    dialog.history.reload()
    name = f"Watch {tmp_path.name}"

    def shown() -> list[QCheckBox]:
        return [box for box in dialog.history.findChildren(QCheckBox) if box.accessibleName() == name]

    qtbot.waitUntil(lambda: bool(shown()))
    files = [box for box in dialog.history.findChildren(QCheckBox) if box.accessibleName() != name]
    assert all(box.isHidden() for box in files)  # a file cannot be watched
    shown()[0].click()
    qtbot.waitUntil(lambda: scripted.watching.folders() == [str(tmp_path)])
    qtbot.waitUntil(lambda: bool(shown()) and shown()[-1].isChecked())


def test_a_source_can_be_removed(dialog, scripted, qtbot):
    next(p for p in dialog.history.findChildren(QPushButton) if p.accessibleName() == "Remove Writing").click()
    qtbot.waitUntil(lambda: [source.id for source in scripted.library.sources()] == [1])


def test_privacy_says_where_things_lie_exports_and_erases_after_the_word(dialog, scripted, qtbot, tmp_path):
    from PySide6.QtWidgets import QLabel

    words = " ".join(label.text() for label in dialog.privacy.findChildren(QLabel))
    assert "SQLCipher" in words
    assert "system keyring" in words
    assert "/home/robin/.local/share/ownhand/vault.db" in words
    dialog.privacy.export_to(tmp_path / "all.zip")
    qtbot.waitUntil(lambda: "not encrypted" in dialog.privacy._said.text())
    push(dialog.privacy, "Erase everything…").click()
    confirm = dialog.findChild(TypeToConfirm)
    confirm._field.setText("erase")
    with qtbot.waitSignal(dialog.erased):
        confirm._do.click()
    assert scripted.privacy.erased


def test_a_backup_is_made_under_a_passphrase_given_twice_and_brought_back_with_it(
    dialog, scripted, qtbot, tmp_path, monkeypatch
):
    path = tmp_path / "all.backup"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    push(dialog.privacy, "Back up…").click()
    ask = dialog.findChild(PassphraseDialog)
    assert not ask._go.isEnabled()
    ask.secrets.first.setText("five kilns")
    assert not ask._go.isEnabled()
    ask.secrets.second.setText("five kilns")
    ask._go.click()
    qtbot.waitUntil(lambda: scripted.privacy.backups == [(path, "five kilns")])
    qtbot.waitUntil(lambda: "Only its passphrase" in dialog.privacy._said.text())
    qtbot.waitUntil(lambda: dialog.findChild(PassphraseDialog) is None)
    push(dialog.privacy, "Restore…").click()
    qtbot.waitUntil(lambda: dialog.findChild(PassphraseDialog) is not None)
    ask = dialog.findChild(PassphraseDialog)
    ask.secrets.first.setText("five kilns")
    with qtbot.waitSignal(dialog.changed):
        ask._go.click()
    assert scripted.privacy.restored == [(path, "five kilns")]
    assert "12 documents, 1 draft, 3 edits" in dialog.privacy._said.text()


def test_the_key_changes_hands_once_the_passphrase_in_use_is_given(dialog, scripted, qtbot):
    push(dialog.privacy, "Change the key's holder…").click()
    qtbot.waitUntil(lambda: dialog.privacy.key_dialog is not None)
    ask = dialog.privacy.key_dialog
    assert ask.chosen == "passphrase"
    assert ask.current.isVisible()
    ask.secrets.first.setText("a lockgate and more")
    ask.secrets.second.setText("a lockgate and more")
    assert not ask._go.isEnabled()
    ask.current.setText("five kilns")
    assert ask._go.isEnabled()
    ask.choose("keyfile")
    assert not ask.secrets.isVisible()
    ask._go.click()
    qtbot.waitUntil(lambda: [row[0] for row in scripted.privacy.handed] == ["keyfile"])
    assert scripted.privacy.handed[0][2] == "five kilns"


def test_a_person_is_forgotten_after_it_was_said_how_much_that_is(dialog, scripted, qtbot):
    person = scripted.library.people()[0]
    many = scripted.library.about(person).documents
    push(dialog.privacy, "Forget a person…").click()
    ask = dialog.privacy.person_dialog
    ask.field.setText("nobody@example.org")
    qtbot.waitUntil(lambda: "Nothing was written" in ask._said.text())
    assert not ask.go.isEnabled()
    ask.field.setText(person)
    qtbot.waitUntil(ask.go.isEnabled)
    assert str(many) in ask._said.text()
    with qtbot.waitSignals([dialog.forgetting, dialog.changed]):
        ask.go.click()
    assert person not in scripted.library.people()


def test_everything_that_takes_the_focus_has_a_name(dialog):
    assert nameless(dialog) == []


# ------------------------------------------------------------------------------------------------------ the strength


def test_the_style_page_shows_the_same_letter_at_both_ends_of_the_strength(dialog, scripted, qtbot):
    preview = dialog.style_panel.preview
    dialog.show_page("style")
    qtbot.waitUntil(lambda: all(preview.texts))
    asked = {request.strength: request.instruction for request in scripted.drafting.requests}
    assert set(asked) == {0.0, 1.0}
    assert asked[0.0] == asked[1.0]
    assert nameless(dialog) == []


def test_the_letters_are_written_anew_when_a_habit_is_overruled_and_not_while_nobody_looks(dialog, scripted, qtbot):
    preview = dialog.style_panel.preview
    qtbot.waitUntil(lambda: len(scripted.drafting.requests) == 2 and all(preview.texts))
    box = next(box for box in dialog.style_panel.findChildren(QComboBox) if box.accessibleName() == "Exclamation marks")
    box.setCurrentIndex(1)
    box.activated.emit(1)
    qtbot.waitUntil(lambda: len(scripted.drafting.requests) == 4)
    dialog.show_page("models")
    preview.refresh("")
    assert not preview._calm.isActive()


def test_with_nothing_learned_the_training_keeps_its_own_height(dialog, scripted, quiet):
    dialog.show_page("learned")
    quiet()
    full = dialog.learned.training.height()
    scripted.learning.rules = []
    dialog.learned.reload()
    quiet()
    assert dialog.learned.table.rowCount() == 0
    dialog.learned.layout().activate()
    assert dialog.learned.training.height() < 1.3 * full


def test_a_rule_that_the_model_is_too_small_for_says_so(dialog, scripted, quiet):
    scripted.learning.rules = [
        Preference("w", Dimension.CUSTOM, "be warm", origin=Origin.STATED, statement="be warm"),
        Preference("x", Dimension.EXCLAMATION, "avoid", origin=Origin.STATED),
    ]
    dialog.learned.reload()
    quiet()
    table = dialog.learned.table
    told = {table.row_at(n).preference.id: (table.row_at(n).evidence, table.index(n, 0)) for n in range(2)}
    assert told["w"][0] == "needs a larger model"
    assert "too small" in table.data(told["w"][1], Qt.ItemDataRole.ToolTipRole)
    assert told["x"][0] == "yours"
