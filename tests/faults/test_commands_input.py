"""The command line under bad input: a sentence, the right exit status, nothing left running, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

MAILBOX = Path(__file__).parents[1] / "data" / "import" / "robin.mbox"
ME = "robin.vale@example.org"

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def start(data: Path, *arguments: str | bytes, **more: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OWNHAND_DATA": str(data), **dict(more.pop("env", {}))}  # type: ignore[call-overload]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([sys.executable, "-m", "ownhand", *arguments], env=environment, **pipes)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Calls the program with a data folder of this test's own; no traceback may show."""

    def call(
        *arguments: str | bytes, stdin: bytes = b"", status: int = 0, **more: object
    ) -> subprocess.CompletedProcess[bytes]:
        process = start(tmp_path / "data", *arguments, **more)
        out, err = process.communicate(stdin, timeout=120)
        assert b"Traceback" not in err
        assert process.returncode == status, err.decode(errors="replace")[-1000:]
        return subprocess.CompletedProcess([], process.returncode, out or b"", err or b"")

    return call


def sentence(done: subprocess.CompletedProcess[bytes]) -> str:
    """The one line on stderr."""
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    assert done.stdout == b""
    assert lines[0].endswith(".")
    return lines[0]


def children_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("--json",),
        ("import",),
        ("search", "boat", "--limit", "0"),
        ("search", "boat", "--limit", "100000000000000000000"),
        ("sources", "--vault", ""),
        ("draft", "--variants", "9"),
    ],
)
def test_wrong_usage_is_status_two_and_makes_no_vault(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, status=2)
    assert b"usage:" in done.stderr
    assert not (tmp_path / "data").exists()


def test_help_and_version_answer_without_the_rest_of_the_program() -> None:
    code = (
        "import sys, ownhand.cli.main as m; m.main(['--version']); m.main(['import', '--help']); "
        "sys.exit(any(x in sys.modules for x in ('ownhand.compose', 'sqlcipher3', 'keyring')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("command", [["draft"], ["rewrite", "shorten"], ["rewrite", "shorten", "  "], ["draft", " "]])
def test_nothing_to_work_on_is_said_before_a_vault_is_made(run: Run, tmp_path: Path, command: list[str]) -> None:
    sentence(run(*command, status=1))
    assert not (tmp_path / "data" / "vault.db").exists()


@pytest.mark.parametrize("command", [["draft"], ["rewrite", "shorten"]])
def test_a_text_of_a_million_characters_is_refused_at_once(run: Run, command: list[str]) -> None:
    said = sentence(run(*command, "--key", "file", stdin=b"I will bring the report on Monday. " * 30_000, status=1))
    assert "in parts" in said


def test_notes_and_a_text_may_be_named_by_their_file(run: Run, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("can you send the invoice by friday\n", "utf-8")
    assert "invoice by Friday" in run("draft", "--key", "file", "--plain", str(notes)).stdout.decode()
    assert "invoice" in run("rewrite", "bullets", str(notes)).stdout.decode()
    notes.write_bytes(b"caf\xe9")
    assert "UTF-8" in sentence(run("rewrite", "fix", str(notes), status=1))
    long = "send the invoice by friday, " * 300
    assert "invoice" in run("rewrite", "bullets", long).stdout.decode()


# ----------------------------------------------------------------------------------------------------------- streams


def test_a_reader_that_goes_away_ends_it_quietly(run: Run) -> None:
    run("sources", "--key", "file")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        for command in (["sources"], ["preferences", "--json"]):
            assert run(*command, stdout=writing, status=1).stderr == b""
    finally:
        os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_to_a_full_disk_is_said(run: Run) -> None:
    with open("/dev/full", "wb") as full:
        assert b"could not be written" in run("sources", "--key", "file", stdout=full, status=1).stderr


def test_a_terminal_without_unicode_gets_question_marks_and_whole_json(run: Run) -> None:
    run("preferences", "--add", "sign off with Grüße “Robin”", "--key", "file")
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert b"?" in run("preferences", env=plain).stdout
    assert "Grüße" in str(json.loads(run("preferences", "--json", env=plain).stdout))


def test_bytes_that_are_no_text_are_taken_for_question_marks(run: Run) -> None:
    run("preferences", "--add", b"never write caf\xff", "--key", "file")
    assert "caf" in run("preferences").stdout.decode()


# ------------------------------------------------------------------------------------------------------------ import


def test_an_import_of_things_that_are_no_writing_is_a_sentence(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert "pictures" in sentence(run("import", str(folder), "--key", "file", status=1))
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "pictures" in sentence(run("import", str(folder), status=1))
    assert "nothing at" in sentence(run("import", str(folder / "missing"), status=1))
    assert "name@example.org" in sentence(run("import", str(MAILBOX), "--me", "nobody", status=1))


def test_a_file_name_that_is_no_text_is_imported_listed_and_exported(run: Run, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/notes"
    os.mkdir(folder)
    with open(folder + b"/caf\xe9.txt", "wb") as file:
        file.write(b"A few words of mine, and " + b"a long line " * 90_000)
    run("import", folder + b"/caf\xe9.txt", "--key", "file")
    assert json.loads(run("sources", "--json").stdout)[0]["documents"] == 1
    run("export", str(tmp_path / "all.zip"))
    assert zipfile.ZipFile(tmp_path / "all.zip").testzip() is None


def test_the_owner_is_guessed_and_said_and_a_second_run_finds_nothing_new(run: Run) -> None:
    first = run("import", str(MAILBOX), "--key", "file").stdout.decode()
    assert f"Taken as yours: {ME}" in first
    assert first.startswith("39 new documents")
    assert run("import", str(MAILBOX)).stdout.startswith(b"Nothing is new")


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_import_keeps_what_it_had_and_the_next_one_completes_it(
    run: Run, tmp_path: Path, number: signal.Signals
) -> None:
    listens = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}  # jobs of a script may ignore it
    process = start(tmp_path / "data", "import", str(MAILBOX), "--key", "file", "--me", ME, **listens)
    wait_for(lambda: process.poll() is not None or children_of(process))  # the texts are in, the worker is starting
    workers = children_of(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, b"")
    assert err.decode().strip() == "Stopped. 39 new documents are stored; give the same command again to go on."
    psutil.wait_procs(workers, timeout=10)
    assert not any(worker.is_running() for worker in workers)
    run("import", str(MAILBOX), "--me", ME)
    found = json.loads(run("search", "pots in the kiln", "--json").stdout)
    assert any(hit["similarity"] is not None for hit in found)


# ------------------------------------------------------------------------------------------------------------ models


@pytest.fixture
def broken(tmp_path: Path, builtin_model: Path) -> dict[str, Path]:
    """Model files of every unfortunate kind."""
    files = {name: tmp_path / f"{name}.gguf" for name in ("none", "empty", "cut", "huge", "folder", "missing")}
    files["none"].write_text("not a model at all")
    files["empty"].touch()
    files["cut"].write_bytes(builtin_model.read_bytes()[:20_000_000])
    shutil.copyfile(files["cut"], files["huge"])
    os.truncate(files["huge"], 1 << 42)
    files["folder"].mkdir()
    return files


def test_a_model_file_that_cannot_serve_is_refused_and_the_built_in_one_stays(
    run: Run, broken: dict[str, Path]
) -> None:
    run("sources", "--key", "file")
    for path in broken.values():
        assert path.name in sentence(run("models", "--use", str(path), status=1)).replace("'", "")
    assert "room" in sentence(run("models", "--add", str(broken["huge"]), status=1))
    assert b"in use for completions and suggestions" in run("models").stdout


def test_a_chosen_model_lasts_until_its_file_is_gone(run: Run, tmp_path: Path, builtin_model: Path) -> None:
    another = tmp_path / "another.gguf"
    shutil.copyfile(builtin_model, another)
    run("models", "--add", str(another), "--key", "file")
    run("models", "--use", "another")
    listed = run("models").stdout.decode().splitlines()
    assert [line for line in listed if "another.gguf" in line and "in use for completions and suggestions" in line]
    (tmp_path / "data" / "models" / "another.gguf").unlink()
    for command in (["models"], ["complete", "Hi Dana,\n\nThank you for", "--json"]):
        said = run(*command).stderr.decode().strip()
        assert "built-in model is used for completions and suggestions meanwhile." in said
        assert len(said.splitlines()) == 1
    run("models", "--use", "built-in")
    assert run("models").stderr == b""


# ------------------------------------------------------------------------------------------------------------- vault


def test_a_vault_that_cannot_be_opened_can_still_be_erased(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("sources", "--key", "file")
    (data / "vault.db").write_bytes(os.urandom(8192))
    sentence(run("sources", status=1))
    sentence(run("erase", status=1))
    run("erase", "--yes")
    assert not any(path.is_file() for path in data.rglob("*") if "logs" not in path.parts)
    assert "nothing to erase" in sentence(run("erase", "--yes", status=1))


def test_a_lost_key_names_the_remedy_and_no_way_to_make_another(run: Run, tmp_path: Path) -> None:
    run("sources", "--key", "file")
    (tmp_path / "data" / "key.json").unlink()
    said = sentence(run("sources", status=1))
    assert "backup" in said
    assert "--key" not in said


def test_a_passphrase_that_is_missing_or_wrong_is_said(run: Run) -> None:
    run("sources", "--key", "passphrase", env={"OWNHAND_PASSPHRASE": "three old boats"})
    assert "OWNHAND_PASSPHRASE" in sentence(run("sources", status=1))
    assert "does not fit" in sentence(run("sources", status=1, env={"OWNHAND_PASSPHRASE": "two"}))
    run("sources", env={"OWNHAND_PASSPHRASE": "three old boats"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", place], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_loses_nothing_that_was_stored(run: Run, tmp_path: Path, small_disk: Path) -> None:
    vault = ("--vault", str(small_disk / "vault"))
    run("preferences", "--add", "no exclamation marks", "--key", "file", *vault)
    (small_disk / "ballast").write_bytes(bytes(max(0, shutil.disk_usage(small_disk).free - 20_000)))
    text = tmp_path / "long.txt"
    text.write_text("".join(f"The kettle number {n} is on and the kiln is cold.\n" for n in range(20_000)))
    assert "disk is full" in sentence(run("import", str(text), *vault, status=1))
    (small_disk / "ballast").unlink()
    assert b"xclamation" in run("preferences", *vault).stdout
    assert json.loads(run("sources", "--json", *vault).stdout) == []
