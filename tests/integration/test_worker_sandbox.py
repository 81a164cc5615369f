"""The walls around the workers, tried from inside and, where that tells more, each wall alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from ownhand.adapters.worker import sandbox, serve
from ownhand.adapters.worker.client import WorkerClient

on_linux = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"),
    reason="only Linux on x86_64 and aarch64 has the kernel's walls",
)


def run(code: str, *arguments: str) -> None:
    """Run a piece of a program that puts the walls up around itself."""
    environment = {**os.environ, "PYTHONPATH": str(Path(sandbox.__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=sorted(serve.ROLES))
def worker(request: pytest.FixtureRequest) -> Iterator[WorkerClient]:
    """Each worker, started with a secret in the environment and a file open that it must not get."""
    with pytest.MonkeyPatch.context() as env, Path(__file__).open("rb") as held:
        env.setenv("OWNHAND_PASSPHRASE", "canary")
        env.setenv("CANARY", "canary")
        os.set_inheritable(held.fileno(), True)
        client = WorkerClient(request.param)
        client.start()
        yield client
        client.close()


class Listeners:
    """Somebody outside who would take any connection."""

    def __init__(self, folder: Path) -> None:
        self._open = ExitStack()
        self.path = str(folder / "outside")
        self.abstract = f"ownhand-test-{os.getpid()}"
        self.sockets = [
            self._bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            self._bound(socket.AF_UNIX, socket.SOCK_STREAM, self.path),
            self._bound(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract),
        ]
        self.port = self.sockets[0].getsockname()[1]
        self.sockets.append(self._bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", self.port)))

    def _bound(self, family: int, kind: int, address: object) -> socket.socket:
        made = self._open.enter_context(socket.socket(family, kind))
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen()
        made.setblocking(False)
        return made

    def heard(self) -> list[str]:
        """Who came in."""
        found = []
        for one in self.sockets:
            try:
                if one.type == socket.SOCK_STREAM:
                    one.accept()[0].close()
                else:
                    one.recv(9)
            except BlockingIOError:
                continue
            found.append(str(one.getsockname()))
        return found

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Listeners]:
    listeners = Listeners(tmp_path)
    yield listeners
    listeners.close()


@on_linux
def test_no_way_leads_out_of_a_worker(worker: WorkerClient, outside: Listeners) -> None:
    reach = {"port": outside.port, "path": outside.path, "abstract": outside.abstract}
    with_walls = worker.call("probe", 60, **reach)
    assert [way for way, refusal in with_walls["tried"].items() if not refusal] == []
    assert outside.heard() == []
    assert worker.protection["kernel_filter"]
    assert worker.protection["tripwire"]


@on_linux
def test_the_same_ways_lead_out_where_no_wall_stands(outside: Listeners) -> None:
    code = (
        "import sys\nfrom ownhand.adapters.worker import sandbox\n"
        "tried = sandbox.probe(int(sys.argv[1]), sys.argv[2], sys.argv[3])['tried']\n"
        "ways = [way for way in tried if 'tcp' in way or 'udp' in way or 'unix' in way]\n"
        "assert not any(tried[way] for way in ways), tried"
    )
    run(code, str(outside.port), outside.path, outside.abstract)
    assert len(outside.heard()) >= 4, "or the test above would say nothing"


def test_a_worker_gets_no_variable_that_it_does_not_need(worker: WorkerClient) -> None:
    names = worker.call("probe", 60)["environment"]
    assert "PATH" in names
    assert [name for name in names if "CANARY" in name or "PASS" in name or name.endswith("_TOKEN")] == []
    assert "OWNHAND_DATA" not in names, "where the vault lies is not its business"


@on_linux
def test_a_worker_inherits_nothing_and_is_limited(worker: WorkerClient) -> None:
    process = psutil.Process(worker.pid)
    assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert process.rlimit(psutil.RLIMIT_NOFILE)[1] <= 1024
    assert process.rlimit(psutil.RLIMIT_DATA)[1] <= psutil.virtual_memory().total
    status = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert fields["NoNewPrivs"].strip() == "1"
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    if os.geteuid() == 0:  # its /proc belongs to root: nobody else may look into it, and it leaves no core
        for handle in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it is just loading its libraries
                assert os.readlink(handle) != __file__
    else:
        with pytest.raises(PermissionError):
            list(Path(f"/proc/{process.pid}/fd").iterdir())


FILTER = """
import asyncio, ctypes, errno, socket, subprocess, sys, threading
from ownhand.adapters.worker import sandbox
early, go, out = threading.Event(), threading.Event(), {}
def native(family):
    libc = ctypes.CDLL(None, use_errno=True)
    return ctypes.get_errno() if libc.socket(family, 1, 0) < 0 else 0
def wait():
    early.set(); go.wait(); out["thread"] = native(2)
thread = threading.Thread(target=wait); thread.start(); early.wait()
assert native(2) == 0, "the test itself needs sockets before the wall stands"
made = sandbox.enter()
assert made.kernel_filter
assert not made.network_namespace, "a process of two threads cannot enter one; the filter is alone here"
go.set(); thread.join()
assert out["thread"] == errno.EPERM, "a thread from before"
for family in (2, 10, 16, 17, 40):
    assert native(family) == errno.EPERM, family
assert native(1) == 0, "a UNIX socket leads nowhere, and CUDA does not start without one"
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
assert asyncio.run(asyncio.sleep(0, "loops")) == "loops"
try:
    subprocess.run([sys.executable, "-c", ""])
except PermissionError: pass
else: raise AssertionError("a program")
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == errno.EPERM
"""


@on_linux
def test_the_filter_alone_holds_for_native_code_and_older_threads_and_leaves_socket_pairs() -> None:
    run(FILTER)


NAMESPACE = """
import ctypes, errno, os, socket, sys
from ownhand.adapters.worker import sandbox
if not sandbox._leave_the_network(ctypes.CDLL(None, use_errno=True)):
    sys.exit(0)  # this system lets nobody leave
def fails(family, kind, address):
    try:
        with socket.socket(family, kind) as tried:
            tried.connect(address)
    except OSError as error:
        return error.errno
port, path, abstract = int(sys.argv[1]), sys.argv[2], sys.argv[3]
assert fails(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)) == errno.ENETUNREACH
assert fails(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", port)) == errno.ENETUNREACH
assert fails(socket.AF_UNIX, socket.SOCK_STREAM, "\\0" + abstract) == errno.ECONNREFUSED
try:
    open(f"/proc/{os.getppid()}/mem", "rb")
except PermissionError: pass
else: raise AssertionError("the memory of its parent")
assert os.geteuid() == int(sys.argv[4])
open(sys.argv[5], "rb").close()
"""


@on_linux
def test_the_namespace_alone_has_no_network_and_no_rights_over_others_but_reads_the_persons_files(
    outside: Listeners, tmp_path: Path
) -> None:
    own = tmp_path / "model.gguf"
    own.write_bytes(b"x")
    own.chmod(0o600)
    run(NAMESPACE, str(outside.port), outside.path, outside.abstract, str(os.geteuid()), str(own))
    assert outside.heard() == []


ORDINARY = """
import encodings.idna, os, resource
from ownhand.adapters.worker import sandbox
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
made = sandbox.enter()
assert made.kernel_filter and made.tripwire and made.limits and made.dies_with_window, made
tried = sandbox.probe()["tried"]
assert all(tried.values()), tried
"""


@on_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_gets_the_same_walls() -> None:
    run(ORDINARY)


def test_elsewhere_python_code_is_held_back_and_the_sentence_says_so() -> None:
    code = (
        "import platform, sys\nplatform.machine = lambda: 'riscv64'\n"
        "from ownhand.adapters.worker import sandbox\nmade = sandbox.enter()\n"
        "assert made.tripwire and not made.kernel_filter and not made.network_namespace\n"
        "assert made.detail.startswith('Network is refused to Python code'), made\n"
        "tried = sandbox.probe()['tried']\n"
        "assert all(refusal for way, refusal in tried.items() if way.startswith('python ')), tried"
    )
    run(code)
