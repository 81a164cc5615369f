"""The walls around the process that may connect: it sees the folder it downloads into, and nothing of the person's.

Protects against: a hole in the code that reads what comes from the network.  On Linux since 5.13 (Landlock) the kernel
    lets this process read only the system's and Python's own files, write only into the folder of the download, start
    no program, and look into no other process; since 6.7 it can also not listen on a port, since 6.12 not signal other
    processes or reach their abstract sockets.  Everywhere it leaves no core dump.
Does not protect against: a talk with a service that listens on a socket in the file system (its environment names
    none), or a vault that somebody keeps inside the program's own folder.  On other systems only the order and the
    environment it is given keep it from the vault.

Interface: https://docs.kernel.org/userspace-api/landlock.html; the system call numbers are the same on every processor.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import ssl
import struct
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import certifi

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_REG, _TRUNCATE = (1 << bit for bit in (1, 2, 3, 5, 8, 14))
_FILE_RIGHTS: Final = ((5, 16), (3, 15), (2, 14), (1, 13))
"""(version of Landlock, number of rights over files it knows)"""
_BIND_TCP: Final = 1
_ABSTRACT_SOCKET_AND_SIGNAL: Final = 3
_SYSTEM: Final = ("/etc", "/usr", "/lib", "/lib64", "/opt", "/bin", "/run/systemd/resolve", "/run/NetworkManager")
"""Where certificates, the resolver's settings and libraries lie."""


def enter(folder: Path) -> bool:
    """Put the walls up; they cannot be taken down again.  Whether the kernel keeps the person's files from us.

    `folder`, which exists, is where this process may write.  Call it while there is one thread: Landlock holds for the
    thread that asks and for all that it starts later.
    """
    if sys.platform == "win32":
        return False
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    version = _call(libc, _CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))
    if version < 1 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    files = (1 << next(count for since, count in _FILE_RIGHTS if version >= since)) - 1
    network = _BIND_TCP if version >= 4 else 0
    scope = _ABSTRACT_SOCKET_AND_SIGNAL if version >= 6 else 0
    handled = struct.pack("=QQQ", files, network, scope)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _call(libc, _CREATE_RULESET, handled, ctypes.c_size_t(size), ctypes.c_uint(0))
    if rules < 0:
        return False
    try:
        _allow(
            libc, rules, folder, files & (_READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE)
        )
        for path in _needed():
            _allow(libc, rules, path, _READ_FILE | _READ_DIR)
        return _call(libc, _RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint(0)) == 0
    finally:
        os.close(rules)


def _needed() -> Iterator[Path]:
    """What Python, TLS and the resolver read."""
    found = ssl.get_default_verify_paths()
    own = Path(__file__).resolve().parents[2]
    places = (found.cafile, found.capath, found.openssl_cafile, found.openssl_capath, certifi.where(), str(own))
    yield from (Path(path) for path in places if path)
    yield from (Path(path) for path in sysconfig.get_paths().values())
    yield from (Path(path) for path in (sys.prefix, sys.base_prefix, *_SYSTEM))


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    with contextlib.suppress(OSError):  # what is not there needs no leave
        held = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                rights &= _READ_FILE
            rule = struct.pack("=Qi", rights, held)
            _call(libc, _ADD_RULE, ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint(0))
        finally:
            os.close(held)


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    return int(libc.syscall(ctypes.c_long(number), *arguments))
