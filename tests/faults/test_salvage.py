"""A vault with damaged pages: the damage is found, and what stands on sound pages is saved."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.vaults import a_document
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.salvage import examine, salvage
from ownhand.adapters.store import SqlVault, erase
from ownhand.domain.draft import Draft
from ownhand.domain.preference import Dimension, Edit, Evidence
from ownhand.errors import VaultError, VaultInUse, WrongKey

PAGE = 4096
DOCUMENTS = 1500


@pytest.fixture
def lived_in(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    vault = SqlVault.open(folder, KeyRing(folder).create("keyfile"), "key file")
    for box in range(3):
        source = vault.add_source(f"/mail{box}", "mbox")
        vault.add_documents(
            source.id,
            [a_document(f"Number {box}-{n} is about kilns. " * 12, age=n) for n in range(DOCUMENTS // 3)],
            {f"/mail{box}": "aa"},
        )
    vault.add_edit(
        Edit("e", "Dear Dana", "Hi Dana", "draft", "everyone", "", (), None),
        [Evidence("e", Dimension.GREETING, "Hi", None, "", "everyone", 1.0)],
    )
    vault.save_draft(Draft("d", text="the draft"))
    vault.close()
    return folder


def key_of(folder: Path) -> bytes:
    return KeyRing(folder).unlock()


def damage(folder: Path, pages: list[int]) -> None:
    path = folder / "vault.db"
    content = bytearray(path.read_bytes())
    for page in pages:
        content[page * PAGE + 100] ^= 1
    path.write_bytes(content)


def some_pages(folder: Path, count: int, seed: int) -> list[int]:
    """Any but the first dozens, on which the small tables begin."""
    return random.Random(seed).sample(range(40, (folder / "vault.db").stat().st_size // PAGE), count)


def test_a_sound_vault_is_said_to_be_sound(lived_in: Path) -> None:
    before = (lived_in / "vault.db").read_bytes()
    assert examine(lived_in, key_of(lived_in)).sound
    assert (lived_in / "vault.db").read_bytes() == before


def test_every_damaged_page_is_counted(lived_in: Path) -> None:
    damage(lived_in, some_pages(lived_in, 7, 1))
    condition = examine(lived_in, key_of(lived_in))
    assert not condition.sound
    assert condition.damaged == 7


def test_a_key_that_does_not_fit_is_no_damage(lived_in: Path) -> None:
    with pytest.raises(WrongKey):
        examine(lived_in, bytes(32))


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_on_sound_pages_is_saved(lived_in: Path, seed: int) -> None:
    key = key_of(lived_in)
    whole = SqlVault.open(lived_in, key, "")
    texts = {document.id: document.text for document in whole.each_document()}
    whole.close()
    pages = some_pages(lived_in, 6, seed)
    damage(lived_in, pages)
    done = salvage(lived_in, key)
    assert examine(lived_in, key).sound
    saved = SqlVault.open(lived_in, key, "")
    found = {document.id: document.text for document in saved.each_document()}
    stripped = {text.strip() for text in texts.values()}
    assert {text.strip() for text in found.values()} <= stripped, "nothing is changed, and nothing made up"
    assert len(found) == done.saved.documents
    assert DOCUMENTS - len(found) <= done.unreadable
    assert len(found) >= DOCUMENTS * 0.95, f"{len(found)} of {DOCUMENTS}"
    assert len(saved.match(["kilns"], 10_000)) == saved.state().passages
    assert sum(source.documents for source in saved.sources()) == len(found), "each can be removed with a source"
    assert [draft.text for draft in saved.drafts()] == ["the draft"]
    assert len(saved.evidence()) == len(saved.edits()) == 1
    saved.close()
    assert done.kept_as.exists()
    erase(lived_in)
    assert list(lived_in.iterdir()) == [], "erasing takes the damaged file, too"


def test_a_document_whose_page_is_damaged_is_put_together_from_its_passages(lived_in: Path) -> None:
    key = key_of(lived_in)
    vault = SqlVault.open(lived_in, key, "")
    texts = {document.text.strip() for document in vault.each_document()}
    with vault._file.read() as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'document'").fetchone()
    vault.close()
    damage(lived_in, [root - 1])
    assert salvage(lived_in, key).saved.documents == DOCUMENTS
    saved = SqlVault.open(lived_in, key, "")
    assert {document.text for document in saved.each_document()} == texts
    assert [(source.path, source.documents) for source in saved.sources()] == [
        (f"/mail{box}", DOCUMENTS // 3) for box in range(3)
    ]
    saved.close()


def test_without_its_first_page_nothing_can_be_read_and_nothing_is_changed(lived_in: Path) -> None:
    damage(lived_in, [0])
    before = (lived_in / "vault.db").read_bytes()
    with pytest.raises(VaultError, match="where everything lies"):
        salvage(lived_in, key_of(lived_in))
    assert (lived_in / "vault.db").read_bytes() == before
    assert {path.name for path in lived_in.iterdir()} <= {"vault.db", "vault.key", "key.json", "vault.lock"}


def test_a_vault_in_use_is_left_alone(lived_in: Path) -> None:
    vault = SqlVault.open(lived_in, key_of(lived_in), "")
    for look in (examine, salvage):
        with pytest.raises(VaultInUse):
            look(lived_in, key_of(lived_in))
    vault.close()


def test_the_command_salvages(lived_in: Path) -> None:
    def ownhand(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ownhand", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "OWNHAND_DATA": str(lived_in)},
            check=False,
        )

    assert "nothing to salvage" in ownhand("doctor", "--salvage").stdout
    damage(lived_in, some_pages(lived_in, 3, 9))
    done = json.loads(ownhand("doctor", "--salvage", "--json").stdout)
    assert done["saved"]["documents"] > DOCUMENTS / 2
    assert "nothing to salvage" in ownhand("doctor", "--salvage").stdout
