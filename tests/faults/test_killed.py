"""kill -9 at random moments of an import and of writing: the vault opens, is whole, and has what it had to have.

The suite tries a few moments.  OWNHAND_KILLS=200 tries so many: half of them in the storing part of an import alone,
which is mostly transactions, a sixth in `ownhand import` as it is, embedder and all, the rest at a window that is
written in (about twenty minutes).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.driven_program import DrivenProgram
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault
from ownhand.domain.draft import Draft
from ownhand.services.importing import Importing
from ownhand.settings import WELCOMED, Settings

KILLS = int(os.environ.get("OWNHAND_KILLS", "0"))
SEED = int(os.environ.get("OWNHAND_SEED", "20261124"))
COMMANDS, WRITINGS = KILLS // 6, KILLS // 3 or 1
STORINGS = KILLS - COMMANDS - WRITINGS if KILLS else 5
ME = "robin.vale@example.org"
MESSAGES = 600
LOST_S = 2.0
"""So much of the latest typing may be missing."""

pytestmark = [
    pytest.mark.timeout(7200 if KILLS else 180),
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX"),
]
WITHOUT_EMBEDDER = """
import sys
from pathlib import Path
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault
from ownhand.services import importing
importing.BATCH = 7
folder = Path(sys.argv[1])
vault = SqlVault.open(folder, KeyRing(folder).unlock(), "key file")
print("ready", flush=True)
importing.Importing(vault, None, IMPORTERS).run([Path(name) for name in sys.argv[2:-1]], [sys.argv[-1]])
while waiting := vault.passages_without_vectors(8):
    vault.put_vectors({passage.id: bytes(4 * 384) for passage in waiting})
vault.close()
"""


@pytest.fixture
def mailboxes(tmp_path: Path) -> list[Path]:
    rng = random.Random(SEED)
    words = "kiln tea boat lantern harbour ledger gate mill orchard slate ferry candle".split()
    paths = []
    for box in range(3):
        path = tmp_path / f"box{box}"
        with path.open("w") as file:
            for number in range(MESSAGES // 3):
                body = " ".join(rng.choice(words) for _ in range(rng.randrange(8, 80)))
                file.write(
                    f"From x Tue Mar 06 17:00:00 2018\nFrom: Robin <{ME}>\nTo: Dana <dana@example.org>\n"
                    f"Subject: {box}-{number}\nMessage-ID: <{box}-{number}@example.org>\n"
                    f"Date: Tue, 06 Mar 2018 17:{number % 60:02}:00 +0000\n\nNumber {box}-{number} is about {body}.\n\n"
                )
        paths.append(path)
    return paths


def opened(folder: Path) -> SqlVault:
    return SqlVault.open(folder, KeyRing(folder).unlock(), "key file")


def assert_whole(vault: SqlVault) -> None:
    with vault._file.write() as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA cipher_integrity_check").fetchall() == []
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.execute("INSERT INTO passage_index(passage_index, rank) VALUES('integrity-check', 1)")
    state = vault.state()
    assert len(vault.passages_without_vectors(100_000)) == state.passages - state.vectors


WAYS = [("storing", STORINGS, 0.8), *([("command", COMMANDS, 20.0)] if COMMANDS else [])]


@pytest.mark.parametrize(("how", "kills", "within"), WAYS)
def test_an_import_that_is_killed_at_any_moment_loses_nothing_and_goes_on(
    tmp_path: Path, mailboxes: list[Path], how: str, kills: int, within: float
) -> None:
    whole = SqlVault.open(tmp_path / "whole", KeyRing(tmp_path / "whole").create("keyfile"), "key file")
    Importing(whole, None, IMPORTERS).run(mailboxes, [ME])
    wanted = {document.id for document in whole.each_document()}
    whole.close()
    assert len(wanted) > MESSAGES * 0.9
    rng, killed, imports, inside = random.Random(SEED), 0, 0, 0
    while killed < kills:
        imports += 1
        folder = tmp_path / f"vault{imports}"
        SqlVault.open(folder, KeyRing(folder).create("keyfile"), "key file").close()
        documents = vectors = 0
        while killed < kills and (documents < len(wanted) or vectors < documents):
            killed += _killed(_importing(how, folder, mailboxes), rng.uniform(0.0, within))
            vault = opened(folder)
            assert_whole(vault)
            state = vault.state()
            vault.close()
            assert documents <= state.documents <= len(wanted)
            assert vectors <= state.vectors <= state.passages
            inside += (0, 0) < (state.documents, state.vectors) < (len(wanted), state.passages)
            documents, vectors = state.documents, state.vectors
        vault = opened(folder)
        report = Importing(vault, None, IMPORTERS).run(mailboxes, [ME])
        assert {document.id for document in vault.each_document()} == wanted
        assert report.added == len(wanted) - documents
        assert_whole(vault)
        vault.close()
    print(f"{how}: {killed} kills in {imports} imports; after {inside} of them the import was half done")
    assert inside >= 1, "at least one kill met an import in its middle"


def _importing(how: str, folder: Path, mailboxes: list[Path]) -> subprocess.Popen[bytes]:
    names = [str(path) for path in mailboxes]
    command = ["-m", "ownhand", "import", *names, "--me", ME, "--vault", str(folder)]
    if how == "storing":
        command = ["-c", WITHOUT_EMBEDDER, str(folder), *names, ME]
    child = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    if how == "storing":
        child.stdout.readline()
    return child


def _killed(child: subprocess.Popen[bytes], after: float) -> int:
    """1 if it was killed while it ran, 0 if it was done before."""
    try:
        child.wait(after)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return 1
    child.communicate()
    assert child.returncode == 0
    return 0


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    vault = SqlVault.open(folder, KeyRing(folder).create("keyfile"), "key file")
    Settings(vault).set(WELCOMED, True)
    vault.save_draft(Draft("d", text="Begun: ", caret=len("Begun: ")))
    vault.close()
    return folder


def test_whoever_is_killed_while_writing_misses_two_seconds_at_most(person: Path, tmp_path: Path) -> None:
    rng, number, worst = random.Random(SEED + 1), 0, 0.0
    for _ in range(WRITINGS):
        program = DrivenProgram(person, tmp_path / "stderr")
        try:
            base = program.wait_for("the page", window=True, open=True)["page"]
            typed: list[tuple[float, str]] = []
            text, began, end = base, time.monotonic(), rng.uniform(0.5, 6.0)
            while time.monotonic() - began < end:
                number += 1
                text += f"w{number} "
                program.ask("write", text=f"w{number} ")
                typed.append((time.monotonic(), text))
                time.sleep(rng.uniform(0.0, 0.15))
            program.process.kill()
            killed = time.monotonic()
        finally:
            program.end()
        vault = opened(person)
        assert_whole(vault)
        (draft,) = vault.drafts()
        vault.close()
        kept = [moment for moment, so_far in typed if draft.text.startswith(so_far)]
        missing = killed - (kept[-1] if kept else began)
        worst = max(worst, missing)
        assert text.startswith(draft.text)
        assert all(draft.text.startswith(so_far) for moment, so_far in typed if moment < killed - LOST_S), (
            f"{missing:.2f} s of typing are missing"
        )
    print(f"{WRITINGS} kills while writing; the most that was missing: {worst:.2f} s")
