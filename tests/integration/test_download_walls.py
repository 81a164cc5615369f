"""What the process that may connect can do beside that: nothing."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ownhand.adapters.fetch_client import walls_stand

TRY = """
import json, os, signal, socket, ssl, sys
from pathlib import Path
import certifi, httpx
from ownhand.adapters import fetch_walls

folder, vault = Path(sys.argv[1]), Path(sys.argv[2])
walled = fetch_walls.enter(folder)

def outcome(attempt):
    try:
        attempt()
    except (OSError, PermissionError) as error:
        return type(error).__name__
    return ""

def listen():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))

def overwrite():
    (folder / "a.part").write_bytes(b"x" * 100)
    with (folder / "a.part").open("r+b") as file:
        file.truncate(10)
    (folder / "a.part").replace(folder / "a")
    assert (folder / "a").read_bytes() == b"x" * 10
    (folder / "a").unlink()

print(json.dumps({
    "walled": walled,
    "read the vault": outcome(lambda: vault.read_bytes()),
    "list its folder": outcome(lambda: list(vault.parent.iterdir())),
    "write beside it": outcome(lambda: (vault.parent / "note").write_text("x")),
    "delete it": outcome(lambda: vault.unlink()),
    "start a program": outcome(lambda: os.posix_spawn("/bin/true", ["true"], {})),
    "see the window's memory": outcome(lambda: open(f"/proc/{os.getppid()}/mem", "rb").close()),
    "listen": outcome(listen),
    "signal the window": outcome(lambda: os.kill(os.getppid(), 0)),
    "work in its folder": outcome(overwrite),
    "find the certificates": outcome(lambda: ssl.create_default_context().load_verify_locations(certifi.where())),
    "read the resolver's settings": outcome(lambda: Path("/etc/hosts").read_text()),
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are of Linux")
def test_the_downloader_sees_its_folder_and_nothing_of_the_persons(tmp_path: Path):
    folder, vault = tmp_path / "models" / "arriving", tmp_path / "vault.db"
    folder.mkdir(parents=True)
    vault.write_bytes(b"secret")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(folder), str(vault)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if not found.pop("walled"):
        pytest.skip("this kernel has no Landlock, or does not let us use it")
    allowed = {"work in its folder", "find the certificates", "read the resolver's settings"}
    newer = {"listen", "signal the window"}  # refused by newer kernels only
    assert {what for what, refusal in found.items() if not refusal} <= allowed | newer, found
    assert not any(found[what] for what in allowed), found
    assert vault.read_bytes() == b"secret"


def test_the_doctor_can_ask_what_holds_here():
    assert walls_stand() is (sys.platform == "linux" and landlock())


def landlock() -> bool:
    """Whether the kernel has Landlock switched on, by its own word."""
    return ctypes.CDLL(None).syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_uint(1)) > 0
