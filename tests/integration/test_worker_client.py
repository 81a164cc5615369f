"""The worker framework with real processes: requests, streams, walls, and an end without leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from ownhand.adapters.worker import protocol, sandbox, serve
from ownhand.adapters.worker.client import Supervision, WorkerClient
from ownhand.errors import BadInput, Cancelled, ModelError, WorkerError


@pytest.fixture(scope="module")
def engine(builtin_model: Path) -> Iterator[WorkerClient]:
    client = WorkerClient("engine", on_spawn=lambda call: call("load", path=str(builtin_model)))
    yield client
    client.close()


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until(condition: object, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_a_worker_is_polite_to_the_window(engine: WorkerClient) -> None:
    engine.start()
    assert engine.pid is not None
    assert psutil.Process(engine.pid).nice() == min(19, os.nice(0) + 10)


def test_many_threads_may_ask_at_once(engine: WorkerClient) -> None:
    texts = ["word " * count for count in range(1, 41)]
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda text: engine.call("count_tokens", text=text), texts))
    assert counts == sorted(counts)
    assert len(set(counts)) == len(texts)


def test_any_character_and_any_bytes_travel_unharmed() -> None:
    message = {"id": 1, "args": {"text": 'line\nbreak \u2028 \x00 " é 🙂 \ud800', "blob": bytes(range(256)), "$b": 1.5}}
    line = protocol.encode(message)
    assert line.count(b"\n") == 1
    assert protocol.decode(line) == message


@pytest.mark.parametrize("line", [b"", b"x", b"[1]", b"\xff\xfe", b'{"$b": "?"}', b"[" * 100000])
def test_a_line_that_is_no_message_is_refused_without_quoting_it(line: bytes) -> None:
    with pytest.raises(protocol.ProtocolError, match=r"^not a message$"):
        protocol.decode(line)


def test_errors_for_people_keep_their_sentence_and_faults_lose_their_words() -> None:
    told = protocol.error_from_wire(protocol.error_to_wire(ModelError("The file is cut short.")), "engine")
    assert isinstance(told, ModelError)
    assert str(told) == "The file is cut short."
    try:
        {}["private words"]
    except KeyError as error:
        fault = protocol.error_from_wire(protocol.error_to_wire(error), "engine")
    assert isinstance(fault, WorkerError)
    assert "private" not in str(fault)
    assert "test_worker_client.py" in str(fault)


def test_an_unknown_request_is_refused_and_the_worker_goes_on(engine: WorkerClient) -> None:
    before = engine.call("count_tokens", text="one")
    with pytest.raises(BadInput, match="cannot do"):
        engine.call("no-such-thing")
    assert engine.call("count_tokens", text="one") == before


def test_a_fault_in_a_worker_is_an_error_and_the_worker_goes_on(engine: WorkerClient) -> None:
    engine.start()
    pid = engine.pid
    with pytest.raises(WorkerError, match="step of its own"):
        engine.call("count_tokens", wrong="private words")
    assert engine.call("count_tokens", text="one") > 0
    assert engine.pid == pid
    assert all("private" not in line for line in engine.debug_lines)


def test_there_are_no_other_workers() -> None:
    assert serve.main("no-such-role") == 2


def test_closing_ends_the_process_and_refuses_what_comes_after() -> None:
    client = WorkerClient("engine")
    client.start()
    pid = client.pid
    assert pid is not None
    client.close()
    assert is_gone(pid)
    with pytest.raises(WorkerError, match="shutting down"):
        client.call("probe")


def test_closing_ends_a_worker_that_does_not_answer() -> None:
    client = WorkerClient("engine")
    client.start()
    pid = client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    client.close()
    assert is_gone(pid)


def test_a_silent_worker_is_stopped_and_the_next_request_gets_a_new_one() -> None:
    client = WorkerClient("engine")
    try:
        client.start()
        pid = client.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(WorkerError, match="did not answer"):
            client.call("probe", timeout=0.3)
        assert is_gone(pid)
        assert client.call("probe", 60)["interfaces"] == []
        assert client.pid != pid
    finally:
        client.close()


def test_a_stopped_worker_is_noticed_long_before_a_request_would_give_up() -> None:
    client = WorkerClient("engine", supervision=Supervision(patience=0.5))
    try:
        client.start()
        pid = client.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(WorkerError, match="did not answer"):
            client.call("probe", timeout=1000)
        assert is_gone(pid)
    finally:
        client.close()


def test_three_deaths_within_a_minute_are_enough_until_it_is_restarted() -> None:
    states: list[tuple[str, str]] = []
    client = WorkerClient("engine", on_state=lambda role, state, sentence: states.append((role, state)))
    try:
        for _ in range(3):
            client.start()
            pid = client.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert wait_until(lambda: client.pid is None)
        with pytest.raises(WorkerError, match=r"3 times within a minute.*Start Ownhand again"):
            client.call("probe")
        client.restart()
        assert client.call("probe", 60)["interfaces"] == []
    finally:
        client.close()
    kinds = [state for _, state in states]
    assert kinds[:2] == ["starting", "ready"]
    assert kinds[2:6] == ["starting", "restarted", "starting", "restarted"]
    assert "failed" in kinds


def test_when_a_worker_is_given_up_is_a_matter_of_its_owner() -> None:
    client = WorkerClient("engine", supervision=Supervision(deaths=2, within=30.0, pauses=(0.0,)))
    try:
        for _ in range(2):
            client.start()
            assert not client.failing
            os.kill(client.pid or 0, signal.SIGKILL)
            assert wait_until(lambda: client.pid is None)
        with pytest.raises(WorkerError, match="stopped 2 times within 30 seconds"):
            client.start()
        assert client.failing
    finally:
        client.close()


def test_what_a_new_process_must_know_is_sent_before_any_request(builtin_model: Path) -> None:
    spawned: list[int] = []

    def tell(call: object) -> None:
        spawned.append(1)
        call("load", path=str(builtin_model))  # type: ignore[operator]

    client = WorkerClient("engine", on_spawn=tell)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(lambda _: client.call("count_tokens", text="Hello"), range(4)))) == 1
        pid = client.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: client.pid is None)
        assert client.call("count_tokens", text="Hello") > 0
        assert len(spawned) == 2
    finally:
        client.close()


def test_a_request_in_the_queue_can_be_cancelled_from_another_thread(engine: WorkerClient) -> None:
    engine.start()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # so that nothing is answered meanwhile
    stream = engine.stream("score", prompt="", text="some words", memory="", memory_weight=0.0)
    got: list[list[object]] = []
    reader = threading.Thread(target=lambda: got.append(list(stream)))
    reader.start()
    stream.close()
    reader.join(5)
    os.kill(pid, signal.SIGCONT)
    assert got == [[]]
    assert engine.call("count_tokens", text="one") > 0


def test_a_newer_request_takes_the_place_of_an_older_one(engine: WorkerClient) -> None:
    engine.start()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    arguments = {"prompt": "", "text": "some words", "memory": "", "memory_weight": 0.0, "adapters": {}}
    older = engine.stream("score", replaces="test", **arguments)
    newer = engine.stream("score", replaces="test", **arguments)
    os.kill(pid, signal.SIGCONT)
    with pytest.raises(Cancelled):
        list(older)
    assert list(newer) == []
    assert newer.result < 0


ORPHAN = """
import sys, threading, time
from ownhand.adapters.worker.client import WorkerClient
client = WorkerClient("engine")
{start}
print(client.pid, flush=True)
{then}
"""


def start_window(then: str, start: str = "client.start()") -> tuple[subprocess.Popen[str], int]:
    environment = {**os.environ, "PYTHONPATH": str(Path(sandbox.__file__).parents[3])}
    window = subprocess.Popen(
        [sys.executable, "-c", ORPHAN.format(start=start, then=then)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert window.stdout is not None
    return window, int(window.stdout.readline())


def test_a_worker_ends_when_its_window_is_killed() -> None:
    window, pid = start_window("time.sleep(60)")
    with window:
        assert not is_gone(pid)
        window.kill()
        window.wait()
        assert wait_until(lambda: is_gone(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a stopped process with its parent")
def test_a_stopped_worker_ends_with_its_window_too_but_not_with_the_thread_that_asked_for_it() -> None:
    window, pid = start_window("time.sleep(60)", start="t = threading.Thread(target=client.start); t.start(); t.join()")
    with window:
        time.sleep(0.3)
        assert not is_gone(pid), "the thread that started it has ended"
        os.kill(pid, signal.SIGSTOP)  # it will never see the end of its input
        window.kill()
        window.wait()
        assert wait_until(lambda: is_gone(pid))


def test_a_window_that_ends_leaves_no_worker_and_does_not_hang() -> None:
    window, pid = start_window("")
    with window:
        assert window.wait(20) == 0
        assert wait_until(lambda: is_gone(pid))


def test_the_client_side_imports_nothing_heavy() -> None:
    heavy = "llama_cpp torch chromadb sentence_transformers numpy gguf PySide6"
    code = (
        "import sys, ownhand.adapters.worker.engine_client, ownhand.adapters.worker.client\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(sandbox.__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
