import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("kernel");

const noPorts = "the kernel that this was written on gives nobody its ports";

/** Calls with a long record of holes, and those that change the machine. */
export const kernelProbes: readonly Probe[] = [
  python(
    "init_module",
    "code in the kernel",
    `reaches("init_module", None, ctypes.c_ulong(0), text(""))`,
    "the kernel that this was written on takes no modules",
  ),
  python(
    "finit_module",
    "code in the kernel",
    `reaches("finit_module", -1, text(""), 0)`,
    "the kernel that this was written on takes no modules",
  ),
  python(
    "delete_module",
    "removing code of the kernel",
    `reaches("delete_module", text("abuse"), 0)`,
    "the kernel that this was written on takes no modules",
  ),
  python(
    "kexec_load",
    "another kernel",
    `reaches("kexec_load", None, ctypes.c_ulong(0), None, ctypes.c_ulong(0xFFFF))`,
    "the kernel that this was written on has no kexec",
  ),
  python(
    "kexec_file_load",
    "another kernel",
    `reaches("kexec_file_load", -1, -1, ctypes.c_ulong(0), None, ctypes.c_ulong(0xFFFF))`,
    "the kernel that this was written on has no kexec",
  ),
  python("reboot", "the machine's power", `reaches("reboot", 1, 2, 3, None)`),
  python(
    "the clock",
    "the machine's time",
    `time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))`,
    "it would turn the machine's clock",
  ),
  python(
    "the clock's rate",
    "the machine's time",
    `
buffer = ctypes.create_string_buffer(struct.pack("i", 0x10) + bytes(512))
call("adjtimex", buffer)`,
    "it would turn the machine's clock",
  ),
  python(
    "bpf: a map",
    "tables in the kernel",
    `kernel("bpf", 0, struct.pack("IIII", 2, 4, 4, 1) + bytes(96), 112)`,
  ),
  python(
    "bpf: a program",
    "code in the kernel",
    `
code = struct.pack("BBhi", 0xB7, 0, 0, 0) + struct.pack("BBhi", 0x95, 0, 0, 0)
code = ctypes.create_string_buffer(code)
name = ctypes.create_string_buffer(b"GPL")
kernel("bpf", 5, struct.pack("IIQQ", 1, 2, ctypes.addressof(code), ctypes.addressof(name)) + bytes(96), 120)`,
  ),
  python("bpf: objects of others", "tables of the host", `reaches("bpf", 12, bytes(112), 112)`),
  python(
    "perf_event_open: a counter of one's own",
    "the performance code",
    `kernel("perf_event_open", struct.pack("IIQ", 1, 128, 0) + bytes(112), 0, -1, -1, ctypes.c_ulong(0))`,
  ),
  python(
    "perf_event_open: the whole machine",
    "what neighbours do",
    `kernel("perf_event_open", struct.pack("IIQ", 1, 128, 0) + bytes(112), -1, 0, -1, ctypes.c_ulong(0))`,
  ),
  python("keyctl", "key rings", `kernel("keyctl", 0, -3, 1)`),
  python(
    "add_key",
    "keys",
    `kernel("add_key", text("user"), text("abuse"), text("x"), ctypes.c_ulong(1), -2)`,
  ),
  python(
    "request_key",
    "the host's key helper",
    `reaches("request_key", text("user"), text("abuse"), None, 0)`,
  ),
  python("a new session key ring", "key rings", `kernel("keyctl", 1, text("abuse"))`),
  python("io_uring_setup", "calls past the filter", `kernel("io_uring_setup", 4, bytes(120))`),
  python(
    "io_uring_enter",
    "calls past the filter",
    `reaches("io_uring_enter", -1, 0, 0, 0, None, ctypes.c_ulong(0))`,
  ),
  python(
    "io_uring_register",
    "calls past the filter",
    `reaches("io_uring_register", -1, 0, None, 0)`,
  ),
  python("userfaultfd", "holding the kernel in the middle of a copy", `kernel("userfaultfd", 0)`),
  python(
    "userfaultfd, of programs only",
    "holding a program in the middle of a copy",
    `kernel("userfaultfd", 1)`,
  ),
  python("iopl", "ports of the machine", `kernel("iopl", 3)`, noPorts),
  python(
    "ioperm",
    "ports of the machine",
    `kernel("ioperm", ctypes.c_ulong(0x80), ctypes.c_ulong(1), 1)`,
    noPorts,
  ),
  python(
    "acct",
    "a log of the machine's processes",
    `reaches("acct", text("/nonexistent/abuse"))`,
    "some kernels are built without it",
  ),
  python("syslog", "the kernel's messages", `kernel("syslog", 10, None, 0)`),
  python("vhangup", "the terminal", `kernel("vhangup")`),
  python("fanotify", "what others do with files", `kernel("fanotify_init", 0, 0)`),
  python("fanotify of one's own", "what happens to files", `kernel("fanotify_init", 0x200, 0)`),
  python("memfd_secret", "memory that the kernel itself does not see", `kernel("memfd_secret", 0)`),
  python(
    "quotactl_fd",
    "disk quotas",
    `reaches("quotactl_fd", -1, 0, 0, None)`,
    "some kernels are built without it",
  ),
  python(
    "the host name",
    "the name of the machine",
    `call("sethostname", text("abuse"), ctypes.c_ulong(5))`,
  ),
  python("the domain name", "the name of the machine", `kernel("setdomainname", text("abuse"), 5)`),
  python(
    "calls by the 32-bit door",
    "calls that the filter does not know",
    `
code = bytes.fromhex("b814000000cd80c3")
place = libc.mmap(None, ctypes.c_ulong(4096), 7, 0x22, -1, 0)
ctypes.memmove(place, code, len(code))
answer = ctypes.CFUNCTYPE(ctypes.c_int)(place)()
need(answer == os.getpid(), f"getpid answered {answer}")`,
  ),
  python(
    "calls by the x32 door",
    "calls that the filter does not know",
    `need(libc.syscall(ctypes.c_long(0x40000000 | 39)) == os.getpid())`,
    "the kernel that this was written on has no x32",
  ),
  python(
    "pushing a key into the terminal",
    "commands typed for somebody else",
    `
master, slave = os.openpty()
os.setsid() if os.getpid() != os.getsid(0) else None
fcntl.ioctl(slave, 0x540E, 0)
fcntl.ioctl(slave, 0x5412, b"x")`,
  ),
  python(
    "reading the console's screen",
    "text of a virtual console",
    `
master, slave = os.openpty()
try:
    fcntl.ioctl(slave, 0x541C, b"\\x0a")
except OSError as error:
    need(error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS), "refused")`,
  ),
  sh("dmesg", "the kernel's messages", `dmesg | grep .`),
];
