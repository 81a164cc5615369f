"""What goes wrong with a download, and what is there afterwards.  The hub and the downloader are real processes."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.hub import COMMIT, Hub
from ownhand.adapters.fetch_client import HubFetcher, environment
from ownhand.domain.download import Connecting, Disconnected, Expecting, Fetching, Moved, Order, Report, Waiting
from ownhand.errors import Cancelled, DiskFull, DownloadError

SIZE = 400_000
RANDOM_DOWNLOADS = int(os.environ.get("OWNHAND_RANDOM_DOWNLOADS", "4"))
"""How many downloads with random troubles are tried; hundreds by hand."""
QUICK = {"pauses_s": [0.05, 0.05, 0.05], "slow_window_s": 0.6, "slow_rate": 20_000, "silence_s": 5.0}


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.close()


@pytest.fixture
def hub(server: Hub) -> Hub:
    server.ask(
        etag='"first"', ranges=True, hub_status=302, sha256=None, commit=COMMIT, linked_size=None, location="", each=[]
    )
    return server


@pytest.fixture
def fetcher(hub: Hub) -> HubFetcher:
    return HubFetcher(hub.address, QUICK)


def order(folder: Path, size: int = SIZE, sha256: str = "") -> Order:
    return Order(f"/owner/repo/resolve/{COMMIT}/m.gguf", COMMIT, folder / "models" / "m.gguf", size, sha256)


def part_of(wanted: Order) -> Path:
    return wanted.target.with_name(wanted.target.name + ".part")


def follow(fetching: Fetching, see: Callable[[Report], object]) -> None:
    """Take every report as it comes."""
    for report in fetching:
        see(report)


def run(fetcher: HubFetcher, wanted: Order) -> list[Report]:
    return list(fetcher.start(wanted))


def refusal(fetcher: HubFetcher, wanted: Order, kind: type[Exception] = DownloadError) -> str:
    with pytest.raises(kind) as raised:
        run(fetcher, wanted)
    assert not wanted.target.exists()
    return str(raised.value)


def leave_a_part(fetcher: HubFetcher, hub: Hub, wanted: Order, size: int) -> None:
    """An earlier download that got so far and was given up."""
    hub.ask(each=[{"cut": size}, *[{"status": 503}] * 3])
    refusal(fetcher, wanted)
    assert part_of(wanted).stat().st_size == size
    hub.ask(each=[])
    hub.seen()


# -------------------------------------------------------------------------------------------------------- all goes well


def test_a_whole_file_arrives_verified_and_every_connection_is_told(fetcher, hub, tmp_path):
    data = hub.serve(1, SIZE)
    wanted = order(tmp_path)
    reports = run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    assert [path.name for path in wanted.target.parent.iterdir() if path.suffix != ".lock"] == ["m.gguf"]
    assert Expecting(hashlib.sha256(data).hexdigest()) in reports
    assert [r for r in reports if isinstance(r, Connecting)] == [Connecting(1, "127.0.0.1"), Connecting(2, "127.0.0.1")]
    ended = [r for r in reports if isinstance(r, Disconnected)]
    assert ended == [Disconnected(1, 0, "redirected"), Disconnected(2, SIZE, "complete")]
    assert [r for r in reports if isinstance(r, Moved)][-1] == Moved("downloading", SIZE, SIZE)


def test_nothing_is_told_to_the_server_but_the_file_wanted(fetcher, hub, tmp_path):
    hub.serve(1, SIZE)
    hub.seen()
    run(fetcher, order(tmp_path))
    asked, served = hub.seen()
    assert set(asked) == set(served) == {"path", "user-agent"}
    assert asked["user-agent"].startswith("ownhand/")


def test_the_process_gets_no_more_of_the_environment_than_a_connection_needs(monkeypatch):
    monkeypatch.setenv("OWNHAND_PASSPHRASE", "open sesame")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8080")
    given = environment()
    assert given["HTTPS_PROXY"] == "http://proxy.example:8080"
    assert not {"OWNHAND_PASSPHRASE", "OWNHAND_DATA", "HF_TOKEN", "DBUS_SESSION_BUS_ADDRESS"} & set(given)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_no_thread_of_the_process_stands_outside_its_walls(fetcher, hub, tmp_path):
    hub.serve(1, SIZE, each=[{"chunk": 10_000, "rest": 0.05}])
    fetching = fetcher.start(order(tmp_path))
    reports = iter(fetching)
    while not isinstance(next(reports), Moved):
        pass
    threads = [(task / "status").read_text() for task in Path(f"/proc/{fetching.pid}/task").iterdir()]
    fetching.stop()
    with pytest.raises(Cancelled):
        list(reports)
    assert len(threads) >= 3, "the one that downloads, the one that listens for a stop, the one that watches the pace"
    assert all("NoNewPrivs:\t1" in status for status in threads)


# ---------------------------------------------------------------------------------------------------------- interrupted


def test_a_cut_connection_goes_on_where_it_was(fetcher, hub, tmp_path):
    data = hub.serve(2, SIZE, each=[{"cut": 150_000}, {"cut": 100_000}])
    hub.seen()
    wanted = order(tmp_path)
    reports = run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    blobs = [request for request in hub.seen() if request["path"].startswith("/blob")]
    assert [request.get("range") for request in blobs] == [None, "bytes=150000-", "bytes=250000-"]
    assert {request.get("if-range") for request in blobs[1:]} == {'"first"'}
    assert sum(isinstance(report, Waiting) for report in reports) == 2
    assert sum(r.bytes for r in reports if isinstance(r, Disconnected)) == SIZE


def test_a_killed_downloader_is_resumed_by_the_next(fetcher, hub, tmp_path):
    data = hub.serve(3, SIZE, each=[{"chunk": 20_000, "rest": 0.05}])
    wanted = order(tmp_path)
    fetching = fetcher.start(wanted)

    def kill(report: Report) -> None:
        if isinstance(report, Moved) and report.done:
            os.kill(fetching.pid, signal.SIGKILL)

    with pytest.raises(DownloadError, match="start it again"):
        follow(fetching, kill)
    arrived = part_of(wanted).stat().st_size
    assert 0 < arrived < SIZE
    hub.seen()
    reports = run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    assert sum(r.bytes for r in reports if isinstance(r, Disconnected)) == SIZE - arrived


def test_stopping_keeps_what_has_arrived(fetcher, hub, tmp_path):
    data = hub.serve(4, SIZE, each=[{"chunk": 20_000, "rest": 0.05}])
    wanted = order(tmp_path)
    fetching = fetcher.start(wanted)
    ends = []

    def stop(report: Report) -> None:
        if isinstance(report, Moved) and report.done >= 40_000:
            fetching.stop()
        ends.extend([report.outcome] if isinstance(report, Disconnected) else [])

    with pytest.raises(Cancelled):
        follow(fetching, stop)
    assert ends == ["redirected", "stopped"]
    assert part_of(wanted).stat().st_size >= 40_000
    run(fetcher, wanted)
    assert wanted.target.read_bytes() == data


def test_a_download_stops_while_the_server_says_nothing(fetcher, hub, tmp_path):
    hub.serve(4, SIZE, each=[{"hang": True}])
    fetching = fetcher.start(order(tmp_path))

    def stop(report: Report) -> None:
        if isinstance(report, Disconnected):  # the hub's own connection: the file server is next, and it hangs
            fetching.stop()

    with pytest.raises(Cancelled):
        follow(fetching, stop)


def test_the_downloader_ends_when_ownhand_is_killed(hub, tmp_path):
    hub.serve(4, SIZE, each=[{"chunk": 1000, "rest": 0.2}])
    code = (
        "import sys; from helpers.hub import COMMIT; from pathlib import Path\n"
        "from ownhand.adapters.fetch_client import HubFetcher; from ownhand.domain.download import Order\n"
        f"order = Order(f'/o/r/resolve/{{COMMIT}}/m.gguf', COMMIT, Path({str(tmp_path / 'm.gguf')!r}), {SIZE})\n"
        f"fetching = HubFetcher({hub.address!r}).start(order); reports = iter(fetching); next(reports)\n"
        "print(fetching.pid, flush=True); list(reports)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 20
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < end, "the downloader outlived the program"
        time.sleep(0.05)


def test_started_by_hand_it_says_what_it_is_for():
    done = subprocess.run([sys.executable, "-m", "ownhand", "--fetch"], input="help\n", capture_output=True, text=True)
    assert done.returncode == 2
    assert "ownhand models --download" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_two_downloads_into_one_folder_take_turns(fetcher, hub, tmp_path):
    hub.serve(4, SIZE, each=[{"chunk": 10_000, "rest": 0.1}])
    wanted = order(tmp_path)
    first = fetcher.start(wanted)
    reports = iter(first)
    while not isinstance(next(reports), Moved):
        pass
    assert "under way" in refusal(fetcher, wanted)
    first.stop()
    with pytest.raises(Cancelled):
        list(reports)


# --------------------------------------------------------------------------------------------- the file is not the same


def test_a_file_that_changed_meanwhile_starts_from_zero_and_is_never_mixed(fetcher, hub, tmp_path):
    hub.serve(5, SIZE)
    wanted = order(tmp_path)
    leave_a_part(fetcher, hub, wanted, 150_000)
    new = hub.serve(6, SIZE, etag='"second"')
    run(fetcher, wanted)
    assert wanted.target.read_bytes() == new


def test_a_file_that_changed_under_the_same_etag_is_known_by_the_hubs_checksum(fetcher, hub, tmp_path):
    hub.serve(5, SIZE)
    wanted = order(tmp_path)
    leave_a_part(fetcher, hub, wanted, 150_000)
    new = hub.serve(6, SIZE)
    run(fetcher, wanted)
    assert wanted.target.read_bytes() == new
    assert "range" not in hub.seen()[-1]


def test_a_server_that_forgets_to_look_at_if_range_is_found_out(fetcher, hub, tmp_path):
    """It sends the rest of another file; its ETag says so."""
    data = hub.serve(5, SIZE)
    wanted = order(tmp_path, sha256=hashlib.sha256(data).hexdigest())
    leave_a_part(fetcher, hub, wanted, 150_000)
    note = part_of(wanted).with_name("m.gguf.part.json")
    note.write_text(note.read_text("utf-8").replace("first", "zeroth"), "utf-8")
    hub.ask(looks_at_if_range=False)
    run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    ranges = [request.get("range") for request in hub.seen() if request["path"].startswith("/blob")]
    assert ranges == ["bytes=150000-", None]


def test_a_server_without_ranges_starts_from_zero(fetcher, hub, tmp_path):
    data = hub.serve(5, SIZE)
    wanted = order(tmp_path)
    leave_a_part(fetcher, hub, wanted, 150_000)
    hub.ask(ranges=False)
    reports = run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    assert sum(r.bytes for r in reports if isinstance(r, Disconnected)) == SIZE


def test_a_part_whose_bytes_changed_on_the_disk_is_found_out(fetcher, hub, tmp_path):
    hub.serve(5, SIZE)
    wanted = order(tmp_path)
    leave_a_part(fetcher, hub, wanted, 150_000)
    with part_of(wanted).open("r+b") as file:
        file.seek(1000)
        file.write(b"other bytes")
    assert "damaged" in refusal(fetcher, wanted)
    assert not part_of(wanted).exists()


def test_a_part_of_another_file_is_not_taken_up(fetcher, hub, tmp_path):
    data = hub.serve(5, SIZE)
    wanted = order(tmp_path)
    leave_a_part(fetcher, hub, wanted, 150_000)
    note = part_of(wanted).with_name("m.gguf.part.json")
    note.write_text(note.read_text("utf-8").replace("/owner/", "/another/"), "utf-8")
    run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    assert "range" not in hub.seen()[-1]


def test_corrupt_bytes_are_refused_and_removed(fetcher, hub, tmp_path):
    hub.serve(7, SIZE, each=[{"flip": 123_456}])
    wanted = order(tmp_path)
    assert "checksum" in refusal(fetcher, wanted)
    assert not part_of(wanted).exists()


def test_a_checksum_other_than_the_catalogs_is_refused_before_anything_is_fetched(fetcher, hub, tmp_path):
    hub.serve(7, SIZE)
    hub.seen()
    assert "another file" in refusal(fetcher, order(tmp_path, sha256="0" * 64))
    assert not any(request["path"].startswith("/blob") for request in hub.seen())


@pytest.mark.parametrize("odd", [{"linked_size": SIZE + 1}, {"commit": "f" * 40}])
def test_another_length_or_commit_is_refused(fetcher, hub, tmp_path, odd):
    hub.serve(7, SIZE, **odd)
    assert "another file" in refusal(fetcher, order(tmp_path))


def test_a_file_without_a_known_checksum_is_refused(fetcher, hub, tmp_path):
    hub.serve(7, SIZE, sha256="")
    assert "no checksum" in refusal(fetcher, order(tmp_path))


def test_a_server_that_announces_more_than_it_sends_ends_in_a_sentence(fetcher, hub, tmp_path):
    hub.serve(7, SIZE, each=[{"lie": SIZE + 100}])
    assert "another file" in refusal(fetcher, order(tmp_path))


def test_a_file_of_another_length_than_the_hub_said_is_refused(fetcher, hub, tmp_path):
    hub.serve(7, SIZE + 5, linked_size=SIZE)
    assert "another file" in refusal(fetcher, order(tmp_path))


# ------------------------------------------------------------------------------------------------ refused, or not there


def test_a_file_that_is_gone_is_a_sentence(fetcher, hub, tmp_path):
    hub.serve(8, SIZE, hub_status=404)
    assert "no more" in refusal(fetcher, order(tmp_path))


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model_says_where_to_accept_its_licence(fetcher, hub, tmp_path, status):
    hub.serve(8, SIZE, hub_status=status)
    said = refusal(fetcher, order(tmp_path))
    assert "licence" in said
    assert "https://huggingface.co/owner/repo" in said


def test_a_busy_server_is_asked_again(fetcher, hub, tmp_path):
    data = hub.serve(8, SIZE, each=[{"status": 503}, {"status": 429}])
    wanted = order(tmp_path)
    reports = run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    assert [r.outcome for r in reports if isinstance(r, Disconnected)].count("refused") == 2


def test_no_server_is_a_sentence(tmp_path):
    said = refusal(HubFetcher("http://127.0.0.1:9", QUICK), order(tmp_path))
    assert "could not be reached" in said


def test_a_server_that_only_dribbles_is_left(fetcher, hub, tmp_path):
    hub.serve(9, SIZE, each=[{"dribble": [500, 0.1]}] * 5)
    started = time.monotonic()
    assert "too slowly" in refusal(fetcher, order(tmp_path))
    assert time.monotonic() - started < 60, "a slow server held the download"


@pytest.mark.parametrize(
    "elsewhere", ["http://example.org/m.gguf", "https://huggingface.co/m.gguf", "file:///etc/passwd"]
)
def test_a_redirect_elsewhere_is_not_followed(fetcher, hub, tmp_path, elsewhere):
    hub.serve(9, SIZE, location=elsewhere)
    wanted = order(tmp_path)
    reports: list[Report] = []
    with pytest.raises(DownloadError, match="not one of its own servers"):
        follow(fetcher.start(wanted), reports.append)
    assert [r.host for r in reports if isinstance(r, Connecting)] == ["127.0.0.1"]


def test_only_the_hub_can_be_asked(tmp_path):
    for address in ("https://example.org", "http://huggingface.co", "http://localhost.example.org:80"):
        assert "only" in refusal(HubFetcher(address, QUICK), order(tmp_path))


# ------------------------------------------------------------------------------------------------------------- the disk


def test_a_file_that_does_not_fit_is_not_begun(fetcher, hub, tmp_path):
    hub.serve(9, SIZE)
    hub.seen()
    assert "no room" in refusal(fetcher, order(tmp_path, size=1 << 50), DiskFull)
    assert hub.seen() == []


def test_a_disk_that_fills_up_keeps_what_fitted(fetcher, hub, tmp_path):
    data = hub.serve(9, SIZE)
    wanted = order(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, before[1]))
    try:
        assert "no room" in refusal(fetcher, wanted, DiskFull)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert part_of(wanted).stat().st_size == 250_000
    run(fetcher, wanted)
    assert wanted.target.read_bytes() == data
    assert hub.seen()[-1]["range"] == "bytes=250000-"


# ----------------------------------------------------------------------------------------------------- whatever happens


def trouble(chance: random.Random) -> dict[str, object]:
    """One way in which a connection goes wrong."""
    return chance.choice(
        (
            {"cut": chance.randrange(SIZE)},
            {"cut": 0},
            {"flip": chance.randrange(SIZE)},
            {"status": chance.choice((403, 416, 429, 500, 503))},
            {"lie": chance.randrange(SIZE)},
            {"chunk": 20_000, "rest": 0.02, "kill": chance.randrange(SIZE)},
        )
    )


@pytest.mark.parametrize("seed", range(RANDOM_DOWNLOADS))
def test_whatever_goes_wrong_only_the_right_file_gets_the_name_and_in_the_end_it_does(fetcher, hub, tmp_path, seed):
    chance = random.Random(seed)
    troubles = [trouble(chance) for _ in range(chance.randrange(1, 7))]
    data = hub.serve(seed, SIZE, each=troubles, looks_at_if_range=chance.random() < 0.8, ranges=chance.random() < 0.8)
    kills = [odd["kill"] for odd in troubles if "kill" in odd]
    wanted = order(tmp_path)
    for _ in range(len(troubles) + 2):
        fetching = fetcher.start(wanted)

        def kill(report: Report, fetching: Fetching = fetching) -> None:
            if kills and isinstance(report, Moved) and SIZE > report.done >= kills[0]:
                kills.pop(0)
                os.kill(fetching.pid, signal.SIGKILL)

        try:
            follow(fetching, kill)
        except DownloadError:
            assert not wanted.target.exists()
        else:
            break
    assert wanted.target.read_bytes() == data, troubles
