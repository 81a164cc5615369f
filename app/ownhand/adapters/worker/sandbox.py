"""The walls around a worker process: no network, no other process, no file written, no core dump.

Protects against: a library that phones home (telemetry, update checks, downloads of missing models), a parser bug in
    a model file that tries to send the person's text away, to start a program or to read the vault key out of the
    window's memory, and the person's text landing in a core file or a swollen worker pushing the window out of memory.
Does not protect against: a worker that reads files of the person (a key file beside the vault among them: it could
    tell nobody), another program of the same user, the administrator, or a hole in the kernel.

What stands where (`Protection` says it of this process, `probe` tries it):
    Linux, x86_64 and aarch64: two walls of the kernel, which hold for native code and for every thread.  A system call
        filter refuses network sockets, connections and the start of programs; the process is alone in a network
        namespace without interfaces, where the system lets ordinary users make one (some distributions do not).  A
        user namespace comes with that one: the process has no rights over any other.
    Elsewhere: only Python code is held back (`_tripwire`); native code could open a connection.

Decided on purpose: UNIX sockets and socket pairs can be made, for CUDA, asyncio and tokio; they lead nowhere, because
connect, bind, listen, accept and addressed sends are refused to all alike.  Only where there is an NVIDIA driver may
the engine bind a UNIX socket and listen, without ever accepting anybody: CUDA fails at its start otherwise.  (Measured
on an H100: it needs the socket, and something among connect, bind, listen, accept and messages, and takes all other
walls; that bind and listen are enough is what others report, and was not measured.)  No limit on address space, because
a mapped model and a GPU driver take more of it than there is memory; data (what is not mapped from a file) is limited
to what the machine has.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import signal
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER_AND_NET: Final = 0x10000000 | 0x40000000
_CAPABILITY_VERSION_3: Final = 0x20080522
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1
_RET_ALLOW: Final = 0x7FFF0000
_RET_EPERM: Final = 0x00050000 | errno.EPERM
_LD_W_ABS, _JEQ, _JGE, _RET = 0x20, 0x15, 0x35, 0x06
_ARCH, _NUMBER, _ARGUMENTS = 4, 0, 16
"""Offsets in struct seccomp_data."""
_X32_BIT: Final = 0x40000000
_NVIDIA: Final = "/dev/nvidiactl"
_OPEN_FILES: Final = 1024
_OOM_SCORE: Final = 600
"""Out of 1000; where memory runs out, the kernel ends a worker before it ends anything the person looks at."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """System call numbers of one architecture (linux/audit.h, asm/unistd.h)."""

    audit_arch: int
    seccomp: int
    unshare: int
    capset: int
    socket: int
    sendto: int
    offers: tuple[int, ...]
    """bind, listen"""
    denied: tuple[int, ...]
    """connect, accept, accept4, sendmsg, sendmmsg; execve, execveat; ptrace, process_vm_readv,
    process_vm_writev, pidfd_getfd; unshare, setns, mount; add_key, request_key, keyctl; perf_event_open, bpf,
    userfaultfd; io_uring_setup, io_uring_enter, io_uring_register"""


# fmt: off
_MACHINES: Final = {
    "x86_64": _Machine(
        0xC000003E, seccomp=317, unshare=272, capset=126, socket=41, sendto=44, offers=(49, 50),
        denied=(42, 43, 288, 46, 307, 59, 322, 101, 310, 311, 438, 272, 308, 165, 248, 249, 250, 298, 321,
                323, 425, 426, 427),
    ),
    "aarch64": _Machine(
        0xC00000B7, seccomp=277, unshare=97, capset=91, socket=198, sendto=206, offers=(200, 201),
        denied=(203, 202, 242, 211, 269, 221, 281, 117, 270, 271, 438, 97, 268, 40, 217, 218, 219, 241,
                280, 282, 425, 426, 427),
    ),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Protection:
    """Which walls stand in this process."""

    kernel_filter: bool = False
    """The kernel refuses network sockets, connections of any kind and the start of programs."""
    network_namespace: bool = False
    """The process is alone in a network without interfaces."""
    tripwire: bool = False
    """Python code that asks for the network is refused."""
    limits: bool = False
    """No core dump, no byte written to a file, bounded memory, files and processes."""
    dies_with_window: bool = False
    """The kernel ends the process with the window, even a stopped one."""
    detail: str = ""
    """One sentence for the person."""

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


def enter(*, graphics: bool = False) -> Protection:
    """Put every wall up that this system has; they cannot be taken down again.  `graphics`: a GPU will be used.

    Call it before any heavy import and before any thread exists: a namespace can only be entered by a process of one.
    """
    namespace = filtered = dies = False
    reason = "this system offers no kernel filter"
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" and struct.calcsize("P") == 8 else None
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if machine is not None and libc is not None:
        namespace = _leave_the_network(libc)
    limits = _limit(namespace)
    if libc is not None:
        dies = libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0
    sys.addaudithook(_tripwire)
    if machine is not None and libc is not None:
        _drop_capabilities(libc, machine)
        # WHY last: it makes /proc/self belong to root, and what stands above writes there
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        offers = graphics and os.path.exists(_NVIDIA)
        failed = _install_filter(libc, machine, machine.denied if offers else machine.denied + machine.offers)
        filtered = not failed
        reason = f"the kernel filter was declined ({errno.errorcode.get(failed, str(failed))})"
    if filtered and namespace:
        detail = "The kernel refuses this process any connection, and there is no network around it."
    elif filtered:
        detail = "The kernel refuses this process any connection (this system lets nobody leave the network)."
    elif namespace:
        detail = f"There is no network around this process; {reason}."
    else:
        detail = f"Network is refused to Python code; {reason}."
    return Protection(filtered, namespace, True, limits, dies, detail)


# ------------------------------------------------------------------------------------------------------------ the walls


def _leave_the_network(libc: ctypes.CDLL) -> bool:
    """Into a user namespace of our own and with it into an empty network; False where the system does not let us.

    The process keeps its user and group in there, so files open as before.
    """
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER_AND_NET) != 0:
        return False
    # WHY suppressed: without its map the process is "nobody" to itself only; the kernel still knows who owns it
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def _limit(alone: bool) -> bool:
    """Resource limits; False where the system has none.  `alone`: processes are counted in a namespace of our own."""
    if sys.platform == "win32":
        return False
    import resource

    def most(what: int, limit: int) -> None:
        hard = resource.getrlimit(what)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (limit, limit))

    most(resource.RLIMIT_CORE, 0)
    most(resource.RLIMIT_FSIZE, 0)  # pipes do not count
    most(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if sys.platform == "linux":
        most(resource.RLIMIT_DATA, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        if alone:
            most(resource.RLIMIT_NPROC, 512 + 16 * (os.cpu_count() or 1))  # threads count too
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
    return True


def _drop_capabilities(libc: ctypes.CDLL, machine: _Machine) -> None:
    """Give up what the new user namespace brought, and what an administrator has."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    libc.syscall(ctypes.c_long(machine.capset), header, struct.pack("6I", *[0] * 6))


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


def _install_filter(libc: ctypes.CDLL, machine: _Machine, refused: tuple[int, ...]) -> int:
    """Load the filter that refuses these calls into all threads; 0, or the errno of the kernel's refusal.

    Denied calls fail with EPERM rather than kill, so that a library that only asks goes on.  A call made for another
    architecture (32-bit compatibility, x32) would have other numbers, so all of those are denied.
    """
    deny = (_RET, 0, 0, _RET_EPERM)
    family, address = _ARGUMENTS, _ARGUMENTS + 4 * 8
    # a jump skips so many instructions: (operation, if it holds, if not, value)
    program: list[tuple[int, int, int, int]] = [
        (_LD_W_ABS, 0, 0, _ARCH),
        (_JEQ, 1, 0, machine.audit_arch),
        deny,
        (_LD_W_ABS, 0, 0, _NUMBER),
        (_JGE, 0, 1, _X32_BIT),
        deny,
    ]
    for call in refused:
        program += [(_JEQ, 0, 1, call), deny]
    program += [
        (_JEQ, 0, 4, machine.socket),
        (_LD_W_ABS, 0, 0, family),
        (_JEQ, 1, 0, int(socket.AF_UNIX)),
        deny,
        (_LD_W_ABS, 0, 0, _NUMBER),
    ]
    program += [  # sendto with an address; without one it is how a socket pair is written to
        (_JEQ, 0, 5, machine.sendto),
        (_LD_W_ABS, 0, 0, address),
        (_JEQ, 0, 2, 0),
        (_LD_W_ABS, 0, 0, address + 4),
        (_JEQ, 1, 0, 0),
        deny,
        (_RET, 0, 0, _RET_ALLOW),
    ]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(code, len(code))
    packed = struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
    header = ctypes.create_string_buffer(packed, len(packed))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ctypes.get_errno()
    number, mode, flags = (
        ctypes.c_long(value) for value in (machine.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC)
    )
    result = libc.syscall(number, mode, flags, header)
    if result > 0:
        return errno.ESRCH  # a thread that could not be brought under the filter
    return ctypes.get_errno() if result < 0 else 0


# ------------------------------------------------------------------------------------------------------------ the probe


def probe(port: int = 9, path: str = "/nobody-listens-here", abstract: str = "nobody-listens-here") -> dict[str, Any]:
    """Really try to get out of this process, through Python and past it; what became of each way.

    `port` of this machine, a UNIX socket's `path` and an `abstract` one's name are what it tries to reach: nothing
    leaves the machine if a wall does not stand.  {'tried': {way: '' if it led out, else the name of the refusal},
    'interfaces': network interfaces it sees, 'environment': names of its variables}.
    """
    tried = {
        "python tcp": _refusal(lambda: _python_connect(port)),
        "python udp": _refusal(lambda: _python_send(port)),
        "python dns": _refusal(lambda: socket.getaddrinfo("example.org", 80)),
    }
    if hasattr(socket, "AF_UNIX"):
        tried["python unix"] = _refusal(lambda: _python_unix(path))
    if sys.platform != "win32":
        libc = ctypes.CDLL(None, use_errno=True)
        internet = struct.pack("=H2s4s8x", socket.AF_INET, struct.pack("!H", port), socket.inet_aton("127.0.0.1"))
        ways: dict[str, tuple[int, int, bytes]] = {
            "native tcp": (socket.AF_INET, socket.SOCK_STREAM, internet),
            "native udp": (socket.AF_INET, socket.SOCK_DGRAM, internet),
            "native unix": (socket.AF_UNIX, socket.SOCK_STREAM, _unix_address(os.fsencode(path) + b"\0")),
            "native abstract unix": (socket.AF_UNIX, socket.SOCK_STREAM, _unix_address(b"\0" + abstract.encode())),
        }
        for name, (family, kind, address) in ways.items():
            tried[name] = _native(libc, family, kind, address)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            for name, number in (("path", path.encode() + b"\0"), ("abstract", b"\0" + abstract.encode())):
                tried[f"{kind.name} pair to {name}"] = _native_pair(libc, kind, _unix_address(number))
        tried["resolver"] = _native_resolve(libc)
        tried["program"] = _refusal(lambda: os.posix_spawn("/bin/true", ["true"], {}))
        if sys.platform == "linux":
            tried["io_uring"] = _native_call(libc, 425, 0, None)
            tried["memory of the window"] = _refusal(lambda: Path(f"/proc/{os.getppid()}/mem").open("rb").close())
    return {"tried": tried, "interfaces": _interfaces(), "environment": sorted(os.environ)}


def _refusal(attempt: Callable[[], object]) -> str:
    """The name of what refused an attempt; '' if it got through, or if only nobody was there to answer."""
    try:
        attempt()
    except OSError as error:
        return "" if error.errno in _NOBODY_THERE else type(error).__name__
    return ""


_NOBODY_THERE: Final = (errno.ECONNREFUSED, errno.ETIMEDOUT, errno.ENOENT)


def _python_connect(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.settimeout(2)
        tried.connect(("127.0.0.1", port))


def _python_send(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        tried.sendto(b"x", ("127.0.0.1", port))


def _python_unix(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
        tried.connect(path)


def _unix_address(name: bytes) -> bytes:
    return struct.pack("=H", socket.AF_UNIX) + name


def _native(libc: ctypes.CDLL, family: int, kind: int, address: bytes) -> str:
    """A socket and a connection by the C library."""
    made = libc.socket(family, kind, 0)
    if made < 0:
        return _name_of_errno()
    try:
        return _native_reach(libc, made, address)
    finally:
        libc.close(made)


def _native_pair(libc: ctypes.CDLL, kind: int, address: bytes) -> str:
    """One end of a socket pair, turned towards somebody else."""
    ends = (ctypes.c_int * 2)()
    if libc.socketpair(socket.AF_UNIX, kind, 0, ends) != 0:
        return _name_of_errno()
    try:
        return _native_reach(libc, ends[0], address)
    finally:
        for end in ends:
            libc.close(end)


def _native_reach(libc: ctypes.CDLL, made: int, address: bytes) -> str:
    if libc.sendto(made, b"x", 1, 0, address, len(address)) >= 0:
        return ""
    refused = _name_of_errno()
    if libc.connect(made, address, len(address)) == 0:
        return ""
    return refused if ctypes.get_errno() not in _NOBODY_THERE else ""


def _native_resolve(libc: ctypes.CDLL) -> str:
    found = ctypes.c_void_p()
    result: int = libc.getaddrinfo(b"example.org", b"80", None, ctypes.byref(found))
    if result == 0:
        libc.freeaddrinfo(found)
        return ""
    return f"EAI {result}"


def _native_call(libc: ctypes.CDLL, number: int, *arguments: object) -> str:
    return _name_of_errno() if libc.syscall(ctypes.c_long(number), *arguments) < 0 else ""


def _name_of_errno() -> str:
    number = ctypes.get_errno()
    return errno.errorcode.get(number, str(number))


def _interfaces() -> list[str]:
    """Network interfaces of this process that are not its own loopback; [] where they cannot be listed."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/net/dev").read_text().splitlines()[2:]
        return sorted(name for line in lines if (name := line.partition(":")[0].strip()) != "lo")
    return []
