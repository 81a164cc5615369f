"""A model from the catalog to the list of those installed: real sockets, a real vault, and the real engine tries it."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.hub import Hub
from helpers.model_files import split
from helpers.offered import offer
from helpers.vaults import KEY
from ownhand.adapters.fetch_client import HubFetcher
from ownhand.adapters.safe import Safe
from ownhand.adapters.store import SqlVault
from ownhand.adapters.worker import random_model
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.catalog import Machine
from ownhand.domain.download import Progress
from ownhand.errors import BadInput, Cancelled, DownloadError, ModelError
from ownhand.services.downloading import ARRIVING, Downloads
from ownhand.services.library import write_whole
from ownhand.services.models import Engines, Models
from ownhand.services.privacy import Privacy
from ownhand.services.status import Status
from ownhand.settings import SUGGESTION_MODEL, Settings

QUICK = {"pauses_s": [0.05]}
NAME = "second-hand"


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineClient]:
    made = EngineClient()
    yield made
    made.close()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    made = SqlVault.open(tmp_path / "vault", KEY, "a test")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def downloads(server, vault, engine, folder, tmp_path, builtin_model) -> Downloads:
    catalog = offer(tmp_path, server, builtin_model)
    machine = Machine(4 << 30, 2)
    return Downloads(catalog, folder, HubFetcher(server.address, QUICK), vault, engine.trial, lambda: machine, Status())


def test_a_downloaded_model_is_tried_before_it_counts_as_installed(downloads, vault, folder, builtin_model):
    (standing,) = downloads.offers()
    assert (standing.state, standing.recommended) == ("absent", ("suggestion",))
    seen: list[Progress] = []
    during: list[bool] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        during.append((folder / "Second_Hand.gguf").exists())

    path = downloads.run("Second Hand", watch)
    assert path == folder / "Second_Hand.gguf"
    assert path.stat().st_size == builtin_model.stat().st_size
    assert not any(during)
    phases = [progress.phase for progress in seen]
    assert list(dict.fromkeys(phases)) == ["connecting", "downloading", "trying"]
    assert len(seen[-1].sha256) == 64
    assert downloads.offers()[0].state == "installed"
    assert downloads.progress() is None
    log = [(entry.host, entry.outcome, entry.bytes, entry.purpose) for entry in vault.connections()]
    assert log == [
        ("127.0.0.1", "complete", path.stat().st_size, "download of Second Hand"),
        ("127.0.0.1", "redirected", 0, "download of Second Hand"),
    ]


def test_a_connection_is_in_the_log_while_it_is_open_and_taken_along_with_everything_else(
    downloads, vault, server, tmp_path
):
    server.ask(each=[{"chunk": 100_000, "rest": 0.05}])
    open_while_running: list[str] = []

    def watch(progress: Progress) -> None:
        if progress.phase == "downloading" and progress.done < progress.total:
            open_while_running.append(vault.connections()[0].outcome)
            downloads.stop()

    with pytest.raises(Cancelled):
        downloads.run(NAME, watch)
    assert open_while_running[0] == ""
    assert [entry.outcome for entry in vault.connections()] == ["stopped", "redirected"]
    privacy = Privacy(vault, Safe(vault, tmp_path, write_whole), [], list, list)
    assert privacy.connections() == vault.connections()
    privacy.export(tmp_path / "all.zip")
    shutil.unpack_archive(tmp_path / "all.zip", tmp_path / "all")
    assert "download of Second Hand" in (tmp_path / "all" / "data" / "connection.jsonl").read_text("utf-8")


def test_a_stopped_download_stands_as_partial_and_can_be_discarded(downloads, server, folder):
    server.ask(each=[{"chunk": 100_000, "rest": 0.05}])
    with pytest.raises(Cancelled):
        downloads.run(NAME, lambda progress: downloads.stop() if progress.done else None)
    standing = downloads.find(NAME)
    assert standing.state == "partial"
    assert 0 < standing.arrived < standing.offer.bytes
    downloads.discard(NAME)
    assert downloads.find(NAME).state == "absent"
    assert {path.name for path in (folder / ARRIVING).iterdir()} <= {".fetch.lock"}


def test_a_killed_downloader_leaves_a_true_log(downloads, vault, server):
    server.ask(each=[{"chunk": 100_000, "rest": 0.05}])

    def kill(progress: Progress) -> None:
        if progress.done > 200_000:
            os.kill(downloads._fetching.pid, signal.SIGKILL)

    with pytest.raises(DownloadError, match="kept"):
        downloads.run(NAME, kill)
    last = vault.connections()[0]
    assert last.outcome == "cut off"
    assert 200_000 < last.bytes <= downloads.find(NAME).arrived


def test_only_one_download_runs_at_a_time(downloads, server):
    server.ask(each=[{"chunk": 100_000, "rest": 0.05}])
    refused: list[BaseException] = []

    def watch(progress: Progress) -> None:
        if progress.phase == "downloading" and not refused:
            for again in (lambda: downloads.run(NAME), lambda: downloads.discard(NAME)):
                with pytest.raises(BadInput) as raised:
                    again()
                refused.append(raised.value)
            downloads.stop()

    with pytest.raises(Cancelled):
        downloads.run(NAME, watch)
    assert len(refused) == 2


def test_closing_waits_for_the_download_so_that_the_log_is_whole(downloads, vault, server):
    server.ask(each=[{"chunk": 50_000, "rest": 0.05}])
    begun = threading.Event()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            downloads.run(NAME, lambda progress: begun.set() if progress.done else None)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(20)
    downloads.close()
    assert vault.connections()[0].outcome == "stopped"
    thread.join(10)
    assert ended


def test_a_file_that_the_engine_cannot_run_is_kept_but_not_installed(server, vault, engine, folder, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(5000))
    downloads = Downloads(
        offer(tmp_path, server, bad, "Bad One"),
        folder,
        HubFetcher(server.address, QUICK),
        vault,
        engine.trial,
        lambda: Machine(4 << 30, 2),
        Status(),
    )
    with pytest.raises(ModelError, match=r"Bad_One\.gguf .* is kept"):
        downloads.run("bad-one")
    assert not (folder / "Bad_One.gguf").exists()
    assert downloads.find("bad-one").state == "arrived"
    before = len(vault.connections())
    with pytest.raises(ModelError):
        downloads.run("bad-one")
    assert len(vault.connections()) == before, "another try of a complete file connected again"
    downloads.discard("bad-one")
    assert downloads.find("bad-one").state == "absent"


def test_what_cannot_be_downloaded_is_a_sentence(downloads, folder):
    with pytest.raises(BadInput, match="no model 'nothing' in the catalog"):
        downloads.run("nothing")
    folder.mkdir()
    (folder / "Second_Hand.gguf").write_bytes(b"somebody else's")
    with pytest.raises(BadInput, match="already"):
        downloads.run(NAME)


def test_a_failed_download_is_logged_and_leaves_nothing_under_way(downloads, vault, server):
    server.ask(each=[{"flip": 5000}])
    with pytest.raises(DownloadError, match="damaged"):
        downloads.run(NAME)
    assert downloads.progress() is None
    assert downloads.find(NAME).state == "absent"
    assert vault.connections()[0].bytes == downloads.find(NAME).offer.bytes


# ------------------------------------------------------------------------------------------------- files of one's own


@pytest.fixture
def models(vault, folder, builtin_model) -> Iterator[Models]:
    engines = Engines(EngineClient, builtin_model)
    yield Models(engines, Settings(vault), builtin_model, folder)
    engines.close()


def test_an_added_model_was_run_once_and_can_be_removed_again(models, vault, folder, builtin_model, tmp_path):
    source = tmp_path / "mine.gguf"
    shutil.copy(builtin_model, source)
    info = models.add(source)
    assert info.path == folder / "mine.gguf"
    assert {path.name for path in folder.iterdir()} == {"mine.gguf"}
    with pytest.raises(BadInput, match="already"):
        models.add(source)
    models.choose("suggestion", info.path)
    models.remove(info.path)
    assert not info.path.exists()
    assert models.chosen("suggestion") == builtin_model
    assert Settings(vault).get(SUGGESTION_MODEL) == ""


def test_a_file_that_only_looks_like_a_model_is_refused_and_leaves_nothing(models, folder, builtin_model, tmp_path):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(builtin_model.read_bytes()[: builtin_model.stat().st_size // 2])
    with pytest.raises(ModelError):
        models.add(cut)
    assert list(folder.glob("*")) == []


def test_a_model_in_parts_is_added_listed_and_removed_as_one(models, folder, builtin_model, tmp_path):
    tiny = random_model.make(tmp_path / "tiny.gguf", "tiny", builtin_model)
    (tmp_path / "set").mkdir()
    parts = split(tiny, tmp_path / "set")
    info = models.add(parts[1])
    assert {path.name for path in folder.iterdir()} == {path.name for path in parts}
    assert [found.path for found in models.installed()] == [builtin_model, info.path]
    models.remove(info.path)
    assert list(folder.iterdir()) == []


def test_the_built_in_model_and_files_elsewhere_are_not_ownhands_to_delete(models, builtin_model, tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    for path, said in ((builtin_model, "stays"), (other, "left alone")):
        with pytest.raises(BadInput, match=said):
            models.remove(path)
        assert path.exists()


def test_trying_a_model_measures_it_beside_the_one_in_use(models, builtin_model):
    trial = models.try_out(builtin_model)
    assert trial.tokens_per_s > 0
    assert trial.prompt_tokens_per_s > 0
    assert trial.info.path == builtin_model
