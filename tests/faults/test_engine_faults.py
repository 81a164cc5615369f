"""What may go wrong with the engine: it dies, it is given rubbish, it is asked for too much."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import ownhand
from ownhand.adapters.worker import header
from ownhand.adapters.worker.client import Supervision
from ownhand.adapters.worker.engine_client import EngineClient
from ownhand.domain.inference import Generate, Lane, MemoryNeed
from ownhand.errors import BadInput, ModelError, WorkerError
from ownhand.services.models import Engines

OWN = "Ahoy Quentin, the zither rehearsal moves to Thursday; bring your purple kazoo."
LONG = Generate(lane=Lane.SUGGESTION, text="Once upon a time", max_tokens=400)


@pytest.fixture(scope="module")
def engine(builtin_model: Path) -> Iterator[EngineClient]:
    client = EngineClient(builtin_model)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def fresh_count(engine: EngineClient) -> None:
    engine.worker._deaths.clear()


def kill(engine: EngineClient) -> None:
    pid = engine.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_death_in_the_middle_is_an_error_and_the_next_request_has_everything_back(engine: EngineClient) -> None:
    engine.remember("me", [OWN])
    before = engine.score("", OWN, "me", 0.9)
    stream = engine.generate(LONG)
    pieces = iter(stream)
    next(pieces)
    kill(engine)
    with pytest.raises(WorkerError, match=r"stopped unexpectedly.*Your text is safe"):
        list(pieces)
    assert engine.score("", OWN, "me", 0.9) == pytest.approx(before, abs=0.01)
    info = engine.info()
    assert info is not None
    assert info.name == "ownhand-100m"


def test_a_memory_changed_while_the_engine_is_dead_is_there_afterwards(engine: EngineClient) -> None:
    engine.forget("me")
    without = engine.score("", OWN, "me", 0.9)
    kill(engine)
    engine.remember("me", [OWN])
    engine.remember("me", ["And one more text."])
    assert engine.score("", OWN, "me", 0.9) > without + 20


def test_everybody_who_waits_is_told(engine: EngineClient) -> None:
    streams = [engine.generate(LONG) for _ in range(3)]
    next(iter(streams[0]))
    kill(engine)
    for stream in streams[1:]:
        with pytest.raises(WorkerError):
            list(stream)


def test_the_worker_dies_with_its_window_in_the_middle_of_a_prompt(builtin_model: Path) -> None:
    code = (
        "import os, time\nfrom pathlib import Path\n"
        "from ownhand.adapters.worker.engine_client import EngineClient\n"
        "from ownhand.domain.inference import Generate, Lane\n"
        f"engine = EngineClient(Path({str(builtin_model)!r}))\n"
        "engine.generate(Generate(lane=Lane.COMPLETION, text='many words here ' * 600))\n"
        "print(engine.worker.pid, flush=True)\ntime.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(ownhand.__file__).parents[1])}
    window = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    with window:
        assert window.stdout is not None
        worker = psutil.Process(int(window.stdout.readline()))
        window.kill()
        assert psutil.wait_procs([worker], timeout=10)[1] == []


def test_a_model_that_is_given_up_is_named_with_the_command_that_takes_the_built_in_one(
    builtin_model: Path, tmp_path: Path
) -> None:
    added = tmp_path / "big.gguf"
    shutil.copy(builtin_model, added)
    states: list[str] = []
    client = EngineClient(
        added, on_state=lambda role, state, sentence: states.append(state), supervision=Supervision(deaths=1)
    )
    try:
        client.count_tokens("x")
        kill(client)
        while client.worker.pid is not None:
            time.sleep(0.01)
        with pytest.raises(WorkerError, match=r"The model big\.gguf stopped 1 times.*ownhand models --use built-in"):
            client.count_tokens("x")
        assert client.failing
        assert states[-1] == "model failed"
        client.load(builtin_model)  # somebody chose another: it is started anew
        assert not client.failing
        assert client.count_tokens("x") == 1
        kill(client)
        while client.worker.pid is not None:
            time.sleep(0.01)
        with pytest.raises(WorkerError, match=r"The built-in model stopped 1 times.*install it again"):
            client.count_tokens("x")
        assert states[-1] == "failed"
    finally:
        client.close()


def test_another_model_can_be_chosen_while_the_one_in_use_is_gone_and_its_engine_dead(
    builtin_model: Path, tmp_path: Path
) -> None:
    added = tmp_path / "gone.gguf"
    shutil.copy(builtin_model, added)
    engines = Engines(EngineClient, builtin_model)
    try:
        engines.use("completion", added)
        added.unlink()
        kill(engines.any())  # type: ignore[arg-type]
        assert engines.inspect(builtin_model).path == builtin_model
        with pytest.raises(ModelError, match=r"gone\.gguf is not there"):
            engines.completion.count_tokens("x")
        assert engines.failing() == ["completion"]
        engines.use("completion", builtin_model)
        assert engines.completion.count_tokens("x") == 1
        assert engines.failing() == []
    finally:
        engines.close()


def test_an_adapter_that_does_not_fit_is_refused_before_it_is_used(
    engine: EngineClient, builtin_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "lora.gguf"
    engine.count_tokens("x")
    pid = engine.worker.pid
    for make in (garbage, empty, text, missing, described(general__architecture="qwen3", general__type="adapter")):
        make(path, builtin_model)
        with pytest.raises(ModelError, match=r"lora\.gguf is no adapter for ownhand-100m\.gguf"):
            engine.check_adapter(path)
        path.unlink(missing_ok=True)
    with pytest.raises(ModelError, match="is no adapter"):
        engine.check_adapter(builtin_model)
    assert engine.worker.pid == pid


@pytest.mark.parametrize(
    "grammar", ["", 'root ::= root "x"', "root ::= undefined", "other ::= [a-z]", "root ::= (", "\x00"]
)
def test_a_grammar_that_is_none_is_refused_before_it_is_used(engine: EngineClient, grammar: str) -> None:
    engine.check_grammar('root ::= [a-z]+ ("," [a-z]+)*')
    pid = engine.worker.pid
    with pytest.raises(BadInput, match="no grammar"):
        engine.check_grammar(grammar)
    assert engine.worker.pid == pid


def garbage(path: Path, model: Path) -> None:
    path.write_bytes(os.urandom(4096))


def empty(path: Path, model: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path, model: Path) -> None:
    shutil.copy(model, path)
    os.truncate(path, model.stat().st_size - 1000)


def truncated_header(path: Path, model: Path) -> None:
    path.write_bytes(model.read_bytes()[:5000])


def text(path: Path, model: Path) -> None:
    path.write_text("This is a letter, not a model.")


def folder(path: Path, model: Path) -> None:
    path.mkdir()


def missing(path: Path, model: Path) -> None:
    return


def hostile_counts(path: Path, model: Path) -> None:
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60))


def hostile_string(path: Path, model: Path) -> None:
    path.write_bytes(b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62) + b"x")


def entry(key: str, value: str | int) -> bytes:
    name = struct.pack("<Q", len(key)) + key.encode()
    if isinstance(value, int):
        return name + struct.pack("<II", 4, value)
    return name + struct.pack("<IQ", 8, len(value)) + value.encode()


def described(**fields: str | int) -> Callable[[Path, Path], None]:
    def make(path: Path, model: Path) -> None:
        entries = [entry(key.replace("__", "."), value) for key, value in fields.items()]
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries))

    return make


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (garbage, "not a .gguf model file"),
        (text, "not a .gguf model file"),
        (empty, "not a .gguf model file"),
        (truncated, "cut short.*Download it again"),
        (truncated_header, "damaged"),
        (missing, "is not there"),
        (folder, "is a folder"),
        (hostile_counts, "damaged"),
        (hostile_string, "damaged"),
        (described(general__architecture="bert"), "made for searching"),
        (described(general__architecture="qwen3", qwen3__pooling_type=1), "made for searching"),
        (described(general__architecture="clip"), "part for pictures"),
        (described(general__architecture="llama", general__type="adapter"), "is an adapter"),
        (described(general__architecture="llama", split__count=3), "one part of a model"),
        (described(general__architecture="t5"), "cannot continue a text"),
        (described(general__architecture="from-the-future"), "does not know"),
        (described(general__architecture="llama"), "no vocabulary"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_is_no_usable_model_gets_a_sentence_and_the_engine_goes_on(
    engine: EngineClient, builtin_model: Path, tmp_path: Path, make: Callable[[Path, Path], None], says: str
) -> None:
    path = tmp_path / "other.gguf"
    make(path, builtin_model)
    engine.count_tokens("x")
    pid = engine.worker.pid
    for attempt in (engine.load, engine.inspect):
        with pytest.raises(ModelError, match=says) as told:
            attempt(path)
        assert "other.gguf" in str(told.value)
        assert str(tmp_path) not in str(told.value)
    assert engine.worker.pid == pid
    assert engine.count_tokens("still here") > 0
    info = engine.info()
    assert info is not None
    assert info.path == builtin_model


def test_weights_that_are_no_numbers_are_noticed_at_loading(
    engine: EngineClient, builtin_model: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    shutil.copy(builtin_model, broken)
    with broken.open("r+b") as file:
        file.seek(builtin_model.stat().st_size // 2)
        file.write(b"\xff" * 2_000_000)
    engine.remember("me", [OWN])
    remembered = engine.score("", OWN, "me", 0.9)
    with pytest.raises(ModelError, match="could not be loaded"):
        engine.load(broken)
    assert engine.score("", OWN, "me", 0.9) == pytest.approx(remembered, abs=0.01)


def test_a_model_that_cannot_be_loaded_at_first_use_leaves_no_worker(tmp_path: Path) -> None:
    client = EngineClient(tmp_path / "gone.gguf")
    try:
        for _ in range(5):  # a refusal is no death: it never turns into "stopped 3 times"
            with pytest.raises(ModelError, match="is not there"):
                client.count_tokens("x")
    finally:
        client.close()


def test_a_model_that_is_too_large_is_refused_with_both_numbers(builtin_model: Path) -> None:
    found = header.read(builtin_model)
    need = MemoryNeed(weights=75_000_000, cache=100_000_000, compute=40_000_000)
    header.check_memory(found, need, available=400_000_000)
    with pytest.raises(ModelError, match=r"needs about 0\.2 GB of memory and 0\.1 GB are free.*smaller model"):
        header.check_memory(found, need, available=100_000_000)


def test_changed_headers_never_kill_the_engine(engine: EngineClient, builtin_model: Path, tmp_path: Path) -> None:
    head = builtin_model.read_bytes()[:6000]
    engine.count_tokens("x")
    pid = engine.worker.pid
    for place in range(4, 1200, 37):
        changed = tmp_path / "changed.gguf"
        changed.write_bytes(head[:place] + bytes([head[place] ^ 0xA5]) + head[place + 1 :])
        with pytest.raises(ModelError):
            engine.inspect(changed)
    assert engine.worker.pid == pid


def test_a_failed_assertion_in_native_code_ends_the_process_cleanly() -> None:
    code = (
        "import ctypes\nfrom pathlib import Path\n"
        "from ownhand.adapters.worker import llama\n"
        "import llama_cpp.llama_cpp as binding\n"
        "library = next((Path(binding.__file__).parent / 'lib').glob('libggml-base.so.0'))\n"
        "ctypes.CDLL(str(library)).ggml_abort(b'place.c', 1, b'a failed assertion')"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(ownhand.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 77
    assert "a failed assertion" in done.stderr
    assert done.stdout == ""
