"""A watched folder: what is written there comes into the history by itself, what was removed stays out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.vaults import KEY
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.store import SqlVault
from ownhand.adapters.watch import FolderWatch
from ownhand.errors import BadInput
from ownhand.services.importing import Importing
from ownhand.services.watching import Watching


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "letters"
    made.mkdir()
    (made / "first.txt").write_text("The kiln was fired on Tuesday.")
    return made


def watching_over(vault: SqlVault) -> tuple[Watching, Importing, threading.Event]:
    importing = Importing(vault, None, IMPORTERS)
    added = threading.Event()
    importing.on_added = added.set
    return Watching(vault, importing, lambda changed: FolderWatch(changed, settle_s=0.1)), importing, added


@pytest.fixture
def watched(vault: SqlVault, folder: Path) -> Iterator[tuple[Watching, Importing, threading.Event]]:
    watching, importing, added = watching_over(vault)
    importing.run([folder])
    added.clear()
    watching.add(str(folder))
    yield watching, importing, added
    watching.close()


def texts(vault: SqlVault) -> set[str]:
    return {document.text for document in vault.each_document()}


def test_new_and_changed_files_come_in_by_themselves(vault: SqlVault, folder: Path, watched) -> None:
    watching, _, added = watched
    assert watching.folders() == [str(folder)]
    (folder / "deep").mkdir()
    (folder / "deep" / "second.md").write_text("# Glaze\n\nThe second one came out blue.")
    assert added.wait(10)
    assert "The second one came out blue." in texts(vault)
    added.clear()
    (folder / "first.txt").write_text("The kiln was fired on Wednesday.")
    assert added.wait(10)
    assert "The kiln was fired on Wednesday." in texts(vault)


def test_what_changed_while_ownhand_was_closed_comes_in_at_the_start(vault: SqlVault, folder: Path, watched) -> None:
    watched[0].close()
    (folder / "third.txt").write_text("The third was written meanwhile.")
    again, _, added = watching_over(vault)
    again.start()
    assert added.wait(10)
    assert "The third was written meanwhile." in texts(vault)
    again.close()


def test_a_folder_whose_source_was_removed_is_watched_no_longer(vault: SqlVault, folder: Path, watched) -> None:
    watching, _, added = watched
    vault.remove_source(vault.sources()[0].id)
    (folder / "fourth.txt").write_text("The fourth is not wanted here.")
    deadline = time.monotonic() + 10
    while watching.folders() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watching.folders() == []
    assert not added.is_set()
    assert texts(vault) == set()


def test_only_a_folder_that_was_imported_can_be_watched(vault: SqlVault, folder: Path, tmp_path: Path) -> None:
    watching, importing, _ = watching_over(vault)
    with pytest.raises(BadInput, match="import it first"):
        watching.add(str(tmp_path))
    importing.run([folder / "first.txt"])
    with pytest.raises(BadInput, match="no folder"):
        watching.add(str(folder / "first.txt"))
    assert watching.folders() == []


def test_an_end_is_an_end(vault: SqlVault, folder: Path, watched) -> None:
    watching, _, added = watched
    watching.remove(str(folder))
    (folder / "fifth.txt").write_text("The fifth stays where it is.")
    assert not added.wait(0.5)
    assert watching.folders() == []
