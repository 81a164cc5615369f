"""The walls around a worker process: no network, no look into other processes, no core dump.

Protects against: a library that phones home (telemetry, update checks, downloads of missing models), a parser bug in
    a model file that tries to send the person's text away or to read the vault key out of the window's memory, and the
    person's text landing in a core file.  On Linux (x86_64, aarch64) the kernel enforces it for every thread and every
    process the worker starts, native code included.
Does not protect against: a worker that writes files or starts programs that are already there (they inherit the
    filter, but share the person's rights on the disk), another program of the same user, the administrator, or a hole
    in the kernel.  On other systems only Python code is held back (`tripwire`); native code could open a connection.

There is deliberately no PR_SET_PDEATHSIG: it fires when the *thread* that started the worker ends, not the process.
A worker ends when its standard input does (serve.py), which also covers a window that was killed.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
import sys
from dataclasses import asdict, dataclass
from typing import Any, Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1
_RET_ALLOW: Final = 0x7FFF0000
_RET_ERRNO: Final = 0x00050000
_LD_W_ABS, _JEQ, _JGE, _RET = 0x20, 0x15, 0x35, 0x06
_X32_BIT: Final = 0x40000000


@dataclass(frozen=True, slots=True)
class _Machine:
    """System call numbers of one architecture (linux/audit.h, asm/unistd.h)."""

    audit_arch: int
    seccomp: int
    denied: tuple[int, ...]
    """socket, ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_getfd"""


_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, 317, (41, 101, 310, 311, 425, 438)),
    "aarch64": _Machine(0xC00000B7, 277, (198, 117, 270, 271, 425, 438)),
}


@dataclass(frozen=True, slots=True)
class Protection:
    """Which walls stand in this process."""

    kernel_filter: bool
    tripwire: bool
    detail: str

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


def enter() -> Protection:
    """Put every wall up that this system has; they cannot be taken down again.  Call before any heavy import."""
    _no_core_dump()
    sys.addaudithook(_tripwire)
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None or struct.calcsize("P") != 8:
        return Protection(False, True, "Network is refused to Python code; this system offers no kernel filter.")
    failed = _install_filter(machine)
    if failed:
        name = errno.errorcode.get(failed, str(failed))
        return Protection(False, True, f"Network is refused to Python code; the kernel filter was declined ({name}).")
    return Protection(True, True, "The kernel refuses this process any network connection.")


def probe() -> dict[str, Any]:
    """Really try to reach the network from this process, through Python and past it; what came back.

    `python` is the name of the exception ('' if the connection was not refused here), `native` the errno of a socket
    made by the C library (0 if it was made), `io_uring` that of an io_uring set-up (-1 where it was not tried).
    """
    python = ""
    try:
        # WHY a closed local port: nothing leaves the machine if the wall does not stand
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
            tried.settimeout(2)
            tried.connect(("127.0.0.1", 9))
    except PermissionError:
        python = "PermissionError"
    except OSError as error:
        python = "" if error.errno in (errno.ECONNREFUSED, errno.ETIMEDOUT) else type(error).__name__
    native, ring = -1, -1
    if sys.platform != "win32":
        libc = ctypes.CDLL(None, use_errno=True)
        native = _native_socket(libc, int(socket.AF_INET))
        if sys.platform == "linux":
            ctypes.set_errno(0)
            ring = ctypes.get_errno() if libc.syscall(425, 0, None) < 0 else 0
    return {"python": python, "native": native, "io_uring": ring}


def _native_socket(libc: ctypes.CDLL, family: int) -> int:
    ctypes.set_errno(0)
    made = libc.socket(family, int(socket.SOCK_STREAM), 0)
    if made < 0:
        return ctypes.get_errno()
    libc.close(made)
    return 0


def _no_core_dump() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tripwire(event: str, args: tuple[Any, ...]) -> None:
    # WHY socket.__new__ is not here: asyncio and tokio make local socket pairs, which are harmless
    if event in (
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
    ):
        raise PermissionError(errno.EPERM, "this process may not use the network")


def _install_filter(machine: _Machine) -> int:
    """Load the filter into all threads; 0, or the errno of the kernel's refusal.

    Denied calls fail with EPERM rather than kill, so that a library that only asks goes on.  A call made for another
    architecture (32-bit compatibility, x32) would have other numbers, so all of those are denied.
    """
    program: list[tuple[int, int, int, int]] = [(_LD_W_ABS, 0, 0, 4)]
    denied = machine.denied
    # jump distances count the instructions that follow; the layout is: arch, nr, x32, denied..., allow, deny
    program.append((_JEQ, 0, len(denied) + 3, machine.audit_arch))
    program.append((_LD_W_ABS, 0, 0, 0))
    program.append((_JGE, len(denied) + 1, 0, _X32_BIT))
    program += [(_JEQ, len(denied) - place, 0, number) for place, number in enumerate(denied)]
    program.append((_RET, 0, 0, _RET_ALLOW))
    program.append((_RET, 0, 0, _RET_ERRNO | errno.EPERM))
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(code, len(code))
    packed = struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
    header = ctypes.create_string_buffer(packed, len(packed))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ctypes.get_errno()
    number, mode, flags = (
        ctypes.c_long(value) for value in (machine.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC)
    )
    result = libc.syscall(number, mode, flags, header)
    if result > 0:
        return errno.ESRCH  # a thread that could not be brought under the filter
    return ctypes.get_errno() if result < 0 else 0
