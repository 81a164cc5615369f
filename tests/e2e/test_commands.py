"""The command line from end to end: real vault, real model, real index, as a person would call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.keys import KeyRing
from ownhand.adapters.store import SqlVault
from ownhand.services.importing import Importing

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"
ME = "robin.vale@example.org"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def ownhand(place: Path) -> Run:
    """Calls the program with a vault of this module's own, whose key is in a file."""
    environment = {**os.environ, "OWNHAND_DATA": str(place / "data")}

    def run(*arguments: str, stdin: str = "", status: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ownhand", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            env=environment | more,
            check=False,
        )
        assert done.returncode == status, done.stderr[-2000:]
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def imported(ownhand: Run) -> dict[str, Any]:
    done = ownhand("import", str(MAILBOX), "--me", ME, "--key", "file", "--json")
    return dict(json.loads(done.stdout))


def test_an_import_keeps_what_the_person_wrote_and_counts_the_rest(imported: dict[str, Any]):
    assert imported["added"] >= 20
    assert imported["others"] > 0


def test_a_preview_shows_what_an_import_would_store_and_stores_nothing(tmp_path: Path, ownhand: Run):
    vault = ("--vault", str(tmp_path / "vault"), "--key", "file")
    shown = ownhand(
        "import", str(MAILBOX), "--preview", "--not-person", "Dana Li", "--since", "2025-02-01", *vault
    ).stdout
    assert "By recipient:" in shown
    assert "dana.li@" not in shown.split("Left out:")[0]
    assert "left out by your choice" in shown
    assert "Nothing was stored." in shown
    assert json.loads(ownhand("sources", "--json", *vault).stdout) == []
    refused = ownhand("import", str(MAILBOX), "--since", "yesterday", *vault, status=2)
    assert "'yesterday' is no date" in refused.stderr


def test_a_text_can_be_given_on_standard_input_and_mail_is_looked_for(tmp_path: Path, ownhand: Run):
    vault = ("--vault", str(tmp_path / "vault"), "--key", "file")
    assert ownhand("import", "-", *vault, stdin="The kiln was fired on Tuesday.").stdout == "Learned from your text.\n"
    assert "say what to import" in ownhand("import", *vault, status=2).stderr
    sent = tmp_path / ".thunderbird" / "x.default" / "Mail" / "local" / "Sent"
    sent.parent.mkdir(parents=True)
    (tmp_path / ".thunderbird" / "x.default" / "prefs.js").touch()
    sent.write_text("From me")
    assert str(sent) in ownhand("import", "--find", HOME=str(tmp_path)).stdout


def test_a_second_import_adds_nothing(imported: dict[str, Any], ownhand: Run):
    again = json.loads(ownhand("import", str(MAILBOX), "--me", ME, "--json").stdout)
    assert again["added"] == 0


def test_what_was_imported_is_found_by_meaning(imported: dict[str, Any], ownhand: Run):
    document = json.loads(ownhand("search", "Robin", "--limit", "3", "--json").stdout)
    assert document
    assert all(hit["passage"]["text"] for hit in document)


def test_the_profile_is_measured(imported: dict[str, Any], ownhand: Run):
    traits = json.loads(ownhand("profile", "--json").stdout)
    assert any("Cheers" in str(trait["measured"]) for trait in traits)


def test_a_draft_is_framed_as_the_person_frames_letters_and_keeps_the_facts(imported: dict[str, Any], ownhand: Run):
    done = ownhand(
        "draft", "meeting moved to Tuesday 3 pm\nbring the 12 samples", "--to", "Sam Hill <sam@example.net>", "--json"
    )
    text = json.loads(done.stdout)[0]["result"]
    assert "Sam" in text.splitlines()[0]
    assert "Robin" in text.splitlines()[-1]
    assert "Tuesday" in text
    assert "12" in text


def test_a_rule_that_is_stated_holds_at_once(imported: dict[str, Any], ownhand: Run):
    ownhand("preferences", "--add", "sign off with Warmly, Robin")
    done = ownhand("draft", "the boat is ready", "--to", "Sam Hill <sam@example.net>", "--json")
    assert "Warmly," in json.loads(done.stdout)[0]["result"]


def test_rewriting_formally_leaves_no_contractions(imported: dict[str, Any], ownhand: Run):
    done = ownhand(
        "rewrite",
        "formal",
        "--plain",
        "--json",
        stdin="I can't come on Friday, but I'll bring the 12 samples on Monday.",
    )
    answer = json.loads(done.stdout)[0]
    assert "can't" not in answer["result"]
    assert "12" in answer["result"]
    assert answer["facts"]["dropped"] == []


def test_a_completion_goes_on_from_the_text(imported: dict[str, Any], ownhand: Run):
    done = json.loads(ownhand("complete", "Hi Dana,\n\nThanks for the", "--json").stdout)
    assert done["text"] or done["reason"]


def test_an_abbreviation_is_completed_by_what_it_is_short_for(imported: dict[str, Any], ownhand: Run):
    assert ownhand("complete", "Thanks for the key, lmk").stdout == "lmk → let me know\n"
    found = json.loads(ownhand("complete", "Thanks. Lmk", "--json").stdout)
    assert (found["text"], found["replaces"]) == ("Let me know", 3)


def test_snippets_are_saved_changed_offered_for_their_name_and_deleted(
    imported: dict[str, Any], ownhand: Run, tmp_path: Path
):
    (tmp_path / "offer.txt").write_text("Dear {name},\n\nit costs {amount}.\n", encoding="utf-8")
    assert (
        "ofr  Dear {name}, it costs {amount}."
        in ownhand("snippets", "--add", "ofr", str(tmp_path / "offer.txt")).stdout
    )
    found = json.loads(ownhand("complete", "ofr", "--to", "Dana Li <dana@example.org>", "--json").stdout)
    assert found["text"] == "Dear Dana,\n\nit costs {amount}."
    assert found["stops"][0] == [found["text"].index("{"), found["text"].index("}") + 1]
    ownhand("snippets", "--add", "OFR", "-", stdin="Another text")
    assert [row["text"] for row in json.loads(ownhand("snippets", "--json").stdout)] == ["Another text"]
    assert "There are no snippets yet" in ownhand("snippets", "--remove", "ofr").stdout
    assert "There is no snippet 'ofr'" in ownhand("snippets", "--remove", "ofr", status=1).stderr


def test_an_action_of_ones_own_is_made_from_examples_and_carried_out(
    imported: dict[str, Any], ownhand: Run, tmp_path: Path
):
    files = []
    for number, text in enumerate(("We don't go!", "We do not go.", "I'm late!", "I am late.")):
        files.append(tmp_path / f"{number}.txt")
        files[-1].write_text(text, encoding="utf-8")
    pairs = ["--phrase", str(files[0]), str(files[1]), "--phrase", str(files[2]), str(files[3])]
    said = ownhand("actions", *pairs).stdout.strip()
    assert "No exclamation marks." in said
    assert "Plain  " in ownhand("actions", "--add", "Plain", said).stdout
    assert (
        ownhand("rewrite", "plain", "It isn't far! I'm there at 10!").stdout.strip()
        == "It is not far. I am there at 10."
    )
    assert "There are no actions of yours" in ownhand("actions", "--remove", "PLAIN").stdout
    assert "There is no action" in ownhand("actions", "--remove", "plain", status=1).stderr


def test_how_it_is_going_can_be_asked_and_taken_into_a_spreadsheet(imported: dict[str, Any], ownhand: Run):
    assert "Nothing was counted yet" in ownhand("stats").stdout
    assert json.loads(ownhand("stats", "--json").stdout) == {"days": [], "learned": []}
    assert ownhand("stats", "--csv").stdout.startswith("day,shown,taken,saved,")


def test_training_says_what_was_trained_and_refuses_where_there_is_too_little(imported: dict[str, Any], ownhand: Run):
    assert "too little to train on" in ownhand("train", "--status").stdout
    assert json.loads(ownhand("train", "--status", "--json").stdout) == []
    refused = ownhand("train", status=1)
    assert "At least 50 with 5,000 words are needed" in refused.stderr
    assert "There is no audience 'Nobody'" in ownhand("train", "--audience", "Nobody", status=1).stderr


def test_everything_can_be_taken_along(imported: dict[str, Any], ownhand: Run, place: Path):
    target = place / "all.zip"
    ownhand("export", str(target))
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert sum(name.startswith("history/") for name in names) == imported["added"]
        assert {"data/document.jsonl", "data/source.jsonl", "ownhand.json"} <= set(names)


def test_a_backup_and_an_export_are_brought_back_into_other_vaults(imported: dict[str, Any], ownhand: Run, place: Path):
    ownhand("preferences", "--add", "no exclamation marks")
    told = json.loads(ownhand("preferences", "--json").stdout)
    refused = ownhand("backup", str(place / "all.backup"), status=1)
    assert "OWNHAND_BACKUP_PASSPHRASE" in refused.stderr
    ownhand("export", str(place / "again.zip"))
    ownhand("backup", str(place / "all.backup"), OWNHAND_BACKUP_PASSPHRASE="five kilns and a lockgate")
    for number, name in enumerate(("all.backup", "again.zip")):
        vault = ("--vault", str(place / f"new-{number}"), "--key", "file")
        done = ownhand(
            "restore", str(place / name), *vault, "--json", OWNHAND_BACKUP_PASSPHRASE="five kilns and a lockgate"
        )
        assert json.loads(done.stdout)["documents"] == imported["added"]
        assert json.loads(ownhand("preferences", "--json", *vault).stdout) == told
        alike = [
            ownhand("profile", "--json", *more, PYTHONHASHSEED=f"{seed}").stdout
            for seed, more in enumerate(((), vault))
        ]
        assert alike[0] == alike[1]
        folder = place / f"new-{number}"
        opened = SqlVault.open(folder, KeyRing(folder).unlock(), "key file")
        assert opened.state().vectors == opened.state().passages > 0
        opened.close()
    assert ownhand("restore", str(place / "again.zip")).stdout.strip() == "All of it was here already."


def test_a_person_is_forgotten_with_everything_written_to_them(ownhand: Run, place: Path):
    folder = place / "forgetful"
    vault = SqlVault.open(folder, KeyRing(folder).create("keyfile"), "key file")
    Importing(vault, None, IMPORTERS).run([MAILBOX], [ME])
    person, before = vault.correspondents()[0], vault.state().documents
    vault.close()
    there = ("--vault", str(folder))
    assert "undone" in ownhand("forget", "--person", person, *there, status=1).stderr
    gone = json.loads(ownhand("forget", "--person", person, "--yes", "--json", *there).stdout)
    assert gone["documents"] >= 1
    assert "Nothing was written to" in ownhand("forget", "--person", person, "--yes", *there, status=1).stderr
    vault = SqlVault.open(folder, KeyRing(folder).unlock(), "key file")
    left = vault.documents()
    vault.close()
    assert len(left) == before - gone["documents"] > 0
    assert not [one for document in left for one in document.recipients if person in one]
    ownhand("forget", "--document", left[0].id, *there)
    assert "There is no document" in ownhand("forget", "--document", left[0].id, *there, status=1).stderr


def test_the_key_goes_from_a_file_to_a_passphrase_to_another_and_back(ownhand: Run, place: Path):
    vault = ("--vault", str(place / "keys"))
    first, second = "five kilns and a lockgate", "a lockgate and five kilns"
    ownhand("preferences", "--add", "no exclamation marks", "--key", "file", *vault)
    assert "key file" in ownhand("key", *vault).stdout
    assert "passphrase" in ownhand("key", "--to", "passphrase", *vault, OWNHAND_NEW_PASSPHRASE=first).stdout
    assert not (place / "keys" / "vault.key").exists()
    assert "OWNHAND_PASSPHRASE" in ownhand("preferences", *vault, status=1).stderr
    given = {"OWNHAND_PASSPHRASE": first, "OWNHAND_NEW_PASSPHRASE": second}
    ownhand("key", "--to", "passphrase", *vault, **given)
    assert "does not fit" in ownhand("preferences", *vault, status=1, OWNHAND_PASSPHRASE=first).stderr
    short = ownhand(
        "key", "--to", "passphrase", *vault, status=1, OWNHAND_PASSPHRASE=second, OWNHAND_NEW_PASSPHRASE="x"
    )
    assert "8 characters" in short.stderr
    ownhand("key", "--to", "file", *vault, OWNHAND_PASSPHRASE=second)
    assert "exclamation" in ownhand("preferences", *vault).stdout


def test_the_vault_and_the_log_hold_nothing_readable(imported: dict[str, Any], place: Path):
    assert imported["added"]
    for path in (place / "data").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"Cheers" not in data
            assert b"robin.vale" not in data


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "/nowhere/at/all"), "/nowhere/at/all"),
        (("models", "--add", __file__), "gguf"),
        (("sources", "--remove", "999"), "sources"),
        (("rewrite", "shorten", ""), "no text"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    imported: dict[str, Any], ownhand: Run, arguments: tuple[str, ...], says: str
):
    done = ownhand(*arguments, status=1)
    assert says in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_new_vault_without_a_keyring_asks_for_a_choice(ownhand: Run, place: Path):
    refused = ownhand("sources", "--vault", str(place / "other"), status=1)
    assert "--key passphrase" in refused.stderr


def test_a_wrong_command_is_wrong_usage(ownhand: Run):
    ownhand("nonsense", status=2)


def test_without_a_display_the_commands_are_named(place: Path):
    bare = {
        key: value for key, value in os.environ.items() if key not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    }
    done = subprocess.run(
        [sys.executable, "-m", "ownhand"], capture_output=True, text=True, env=bare, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "ownhand import" in done.stderr


def test_erasing_leaves_nothing(ownhand: Run, place: Path):
    folder = place / "to-erase"
    ownhand("preferences", "--add", "no exclamation marks", "--vault", str(folder), "--key", "file")
    assert (folder / "vault.db").exists()
    ownhand("erase", "--yes", "--vault", str(folder))
    assert not folder.exists() or not list(folder.iterdir())
