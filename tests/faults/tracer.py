"""Following a process from one system call to the next, so as to end it, or let it fail, at a place of our choice.

What a killed program leaves behind depends on the system calls that it had done, and on nothing else. So the moments at
which a `kill -9` can make a difference can be counted: they are those before each call that changes a file or tells the
server something. The same goes for a disk that is full or broken.

Linux on x86-64 only: numbers of calls and names of registers are its own.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

AVAILABLE: Final = sys.platform == "linux" and platform.machine() == "x86_64"

_TRACEME, _GETREGS, _SETREGS, _SYSCALL, _SETOPTIONS = 0, 12, 13, 24, 0x4200
_EXITKILL, _SYSGOOD = 0x100000, 1
_STOPPED_IN_CALL = signal.SIGTRAP | 0x80
_HERE = ctypes.c_int(-100).value  # AT_FDCWD
_NO_CALL = 2**64 - 1

_BY_HANDLE: Final = {
    1: "write",
    18: "write",
    20: "write",
    296: "write",
    74: "sync",
    75: "sync",
    77: "truncate",
    91: "chmod",
    285: "allocate",
    44: "send",
    46: "send",
}
_BY_PATH: Final = {82: "rename", 83: "mkdir", 84: "rmdir", 86: "link", 87: "unlink", 90: "chmod"}
_BY_FOLDER_AND_PATH: Final = {258: "mkdir", 263: "unlink", 264: "rename", 265: "link", 268: "chmod", 316: "rename"}
_READS: Final = {0: "read", 17: "read", 19: "read", 217: "list"}
_OPENAT: Final = 257


class _Registers(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in (
            *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"),
            *("orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
        )
    ]


class Event(NamedTuple):
    """A system call on something that is watched: what it does, and to which file, folder or socket."""

    call: str
    path: str


READING: Final = frozenset({"read", "list", "open"})
"""Calls that change nothing; a disk may still refuse them."""

Before = Callable[[int, Event], int | None]
"""Is asked before each event, given its number: None lets it happen, 0 kills, an error's number lets it fail."""

After = Callable[[Event], None]
"""Is told when an event has happened, and was no failure."""


def be_followed() -> None:
    """Let the parent follow this process from here on."""
    _ptrace(_TRACEME, 0)
    os.kill(os.getpid(), signal.SIGSTOP)


def follow(process: int, roots: tuple[str, ...], before: Before, after: After = lambda _: None) -> int:
    """Follow a child that asked for it to its end, and return how it ended, as `os.waitpid` does.

    Args:
        process: the child.
        roots: the folders that are watched; sockets always are.
        before: what is asked before each event.
        after: what is told after each event.
    """
    os.waitpid(process, 0)
    _ptrace(_SETOPTIONS, process, _EXITKILL | _SYSGOOD)
    number, forwarded, entering = 0, 0, True
    event: Event | None = None
    answer: int | None = None
    while True:
        _ptrace(_SYSCALL, process, forwarded)
        _, status = os.waitpid(process, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return status
        forwarded = os.WSTOPSIG(status)
        if forwarded != _STOPPED_IN_CALL:
            continue
        forwarded = 0
        if entering:
            registers = _registers(process)
            event, answer = _event(process, registers, roots), None
            if event is not None:
                answer = before(number, event)
                number += 1
            if answer == 0:
                os.kill(process, signal.SIGKILL)
                return os.waitpid(process, 0)[1]
            if answer is not None:
                registers.orig_rax = _NO_CALL
                _ptrace(_SETREGS, process, ctypes.addressof(registers))
        elif event is not None:
            registers = _registers(process)
            if answer:
                registers.rax = 2**64 - answer
                _ptrace(_SETREGS, process, ctypes.addressof(registers))
            elif registers.rax < 2**63:
                after(event)
        entering = not entering


def _ptrace(request: int, process: int, data: int = 0) -> None:
    if _call(request, process, None, data) < 0 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if AVAILABLE:
    _call = ctypes.CDLL(None, use_errno=True).ptrace
    _call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    _call.restype = ctypes.c_long


def _registers(process: int) -> _Registers:
    registers = _Registers()
    _ptrace(_GETREGS, process, ctypes.addressof(registers))
    return registers


def _event(process: int, registers: _Registers, roots: tuple[str, ...]) -> Event | None:
    number: int = registers.orig_rax
    if (call := _BY_HANDLE.get(number) or _READS.get(number)) is not None:
        path = _target(process, registers.rdi)
    elif (call := _BY_PATH.get(number)) is not None:
        path = _path(process, _HERE, registers.rdi)
    elif (call := _BY_FOLDER_AND_PATH.get(number)) is not None:
        path = _path(process, registers.rdi, registers.rsi)
    elif number == _OPENAT:
        path = _path(process, registers.rdi, registers.rsi)
        flags = registers.rdx
        call = "truncate" if flags & os.O_TRUNC else "open"
        if flags & os.O_CREAT and not os.path.lexists(path):
            call = "create"
    else:
        return None
    if path.startswith("socket:"):
        return None if call in READING else Event("send", path)
    return Event(call, path) if path.startswith(roots) else None


def _target(process: int, handle: int) -> str:
    try:
        return str(Path(f"/proc/{process}/fd/{handle}").readlink())
    except OSError:
        return ""


def _path(process: int, folder: int, address: int) -> str:
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        path = os.fsdecode(memory.read(4096).partition(b"\0")[0])
    if path.startswith("/"):
        return path
    here = ctypes.c_int(folder).value
    return str((Path(f"/proc/{process}/cwd").readlink() if here == _HERE else Path(_target(process, here))) / path)
