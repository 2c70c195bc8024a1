"""Names that the Python probes use. Numbers are x86_64's."""

import ctypes
import errno
import fcntl
import glob
import mmap
import os
import resource
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p

CLONE_NEWTIME, CLONE_NEWNS, CLONE_NEWCGROUP = 0x80, 0x20000, 0x2000000
CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = 0x4000000, 0x8000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_SHARED = 32, 4096, 8192, 16384, 1 << 20

NR = dict(
    process_vm_readv=310, kcmp=312, pidfd_open=434, pidfd_getfd=438, pivot_root=155, swapon=167,
    init_module=175, finit_module=313, delete_module=176, kexec_load=246, kexec_file_load=320,
    bpf=321, perf_event_open=298, add_key=248, request_key=249, keyctl=250, userfaultfd=323,
    name_to_handle_at=303, open_by_handle_at=304, iopl=172, ioperm=173, acct=163, quotactl=179,
    syslog=103, reboot=169, vhangup=153, fanotify_init=300, io_uring_setup=425, io_uring_enter=426,
    io_uring_register=427, open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432,
    fspick=433, mount_setattr=442, clone3=435, clone=56, move_pages=279, migrate_pages=256,
    process_madvise=440, process_mrelease=448, setdomainname=171, memfd_secret=447,
    sched_setattr=314, ioprio_set=251, open_tree_attr=467, quotactl_fd=443, swapoff=168,
    setns=308, capset=126,
)


def text(value):
    return ctypes.c_char_p(value.encode() if isinstance(value, str) else value)


def checked(result):
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def call(name, *arguments):
    """A function of the C library; an OSError when it answers -1."""
    return checked(getattr(libc, name)(*arguments))


def kernel(name, *arguments):
    """A system call by its number; an OSError when it answers -1."""
    return checked(libc.syscall(ctypes.c_long(NR[name]), *arguments))


def reaches(name, *arguments):
    """Fires when the kernel went on to look at arguments that are wrong: rights were enough."""
    try:
        kernel(name, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            raise


def mount(source, target, kind=None, flags=0, data=None):
    call("mount", text(source), text(target), kind and text(kind), ctypes.c_ulong(flags), data and text(data))


def refuse(why):
    raise SystemExit(why)


def need(condition, why="nothing found"):
    if not condition:
        refuse(why)


def is_secret(path):
    """Whether a path leads to the decoy's file; it may be a pipe that nobody writes to."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.read(descriptor, 64).startswith(D.secret.encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)


def contains(path, words):
    try:
        with open(path, "rb") as file:
            return words.encode() in file.read(1 << 20)
    except OSError:
        return False


def every(pattern, found):
    """Fires when one of the paths is what was looked for."""
    need(any(found(path) for path in glob.glob(pattern)))


def opens(path, flags=os.O_RDONLY):
    """Fires when it can be opened; nothing is read or written."""
    os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY))


def reads(path):
    """Fires when there is something to read."""
    with open(path, "rb") as file:
        need(file.read(4096), "it is empty")


def writes_same(path):
    """Fires when the present value can be written back."""
    with open(path) as file:
        value = file.read()
    with open(path, "w") as file:
        file.write(value)


def attach(pid):
    call("ptrace", 0x4206, pid, None, None)
    call("ptrace", 0x4207, pid, None, None)
    os.waitpid(pid, 0x40000000)
    call("ptrace", 17, pid, None, None)


def hears(address, family=socket.AF_INET, kind=socket.SOCK_STREAM, question=b"GET / HTTP/1.0\r\n\r\n"):
    """Fires when a decoy's answer comes back."""
    with socket.socket(family, kind) as one:
        one.settimeout(3)
        one.connect(address)
        one.send(question)
        answer = one.recv(4096)
        need(D.secret.encode() in answer, repr(answer[:200]))


def fills(folder, count):
    """Fires when so many files of 20 MB can lie there: each is below the limit of one file."""
    paths = [f"{folder}/{D.tag}-{number}" for number in range(count)]
    try:
        for path in paths:
            with open(path, "wb") as file:
                for step in range(20):
                    file.write(bytes(1 << 20))
                    file.flush()
    finally:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)
