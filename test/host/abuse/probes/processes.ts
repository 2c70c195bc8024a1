import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("processes");

/** Reaching into processes: PID 1, and by number one of the host. */
export const processProbes: readonly Probe[] = [
  python("ptrace of PID 1", "the first process of the sandbox", `attach(1)`),
  python("ptrace of a host process", "its memory and registers", `attach(D.pid)`),
  python(
    "ptrace to change a call after the filter",
    "calls that the filter refuses",
    `
child = os.fork()
if child == 0:
    call("ptrace", 0, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    libc.syscall(39)
    os._exit(7)
os.waitpid(child, 0)
call("ptrace", 0x4200, child, None, ctypes.c_void_p(1))
libc.ptrace.restype = ctypes.c_long
for step in range(40):
    call("ptrace", 24, child, None, None)
    _, status = os.waitpid(child, 0)
    need(os.WIFSTOPPED(status), "it ended")
    # user_regs_struct: orig_rax is the 16th word, rdi the 15th, rax the 11th.
    if libc.ptrace(3, child, ctypes.c_void_p(15 * 8), None) == 39:
        call("ptrace", 6, child, ctypes.c_void_p(15 * 8), ctypes.c_void_p(272))
        call("ptrace", 6, child, ctypes.c_void_p(14 * 8), ctypes.c_void_p(CLONE_NEWUTS))
        call("ptrace", 24, child, None, None)
        os.waitpid(child, 0)
        answer = libc.ptrace(3, child, ctypes.c_void_p(10 * 8), None)
        need(answer == 0, f"unshare answered {answer}")
        raise SystemExit(0)
refuse("the call was not seen")`,
  ),
  python("a signal to a host process", "ending it", `os.kill(D.pid, 0)`),
  python("a pidfd of a host process", "a handle on it", `kernel("pidfd_open", D.pid, 0)`),
  python(
    "a descriptor of a host process",
    "its open files",
    `kernel("pidfd_getfd", kernel("pidfd_open", D.pid, 0), 1, 0)`,
  ),
  python(
    "process_vm_readv of a host process",
    "its memory",
    `
place = next(line for line in open(f"/proc/{D.pid}/maps") if " r" in line)
start = int(place.split("-")[0], 16)
buffer = ctypes.create_string_buffer(16)
local = struct.pack("QQ", ctypes.addressof(buffer), 16)
remote = struct.pack("QQ", start, 16)
kernel("process_vm_readv", D.pid, local, ctypes.c_ulong(1), remote, ctypes.c_ulong(1), ctypes.c_ulong(0))`,
  ),
  python(
    "kcmp with a host process",
    "addresses of the kernel by comparison",
    `kernel("kcmp", os.getpid(), D.pid, 0, 0, 0)`,
    "some kernels are built without kcmp",
  ),
  python(
    "limits of a host process",
    "changing them",
    `resource.prlimit(D.pid, resource.RLIMIT_CORE)`,
  ),
  python(
    "processors of a host process",
    "where it runs",
    `os.sched_setaffinity(D.pid, os.sched_getaffinity(D.pid))`,
  ),
  python(
    "niceness of a host process",
    "its share of the processor",
    `os.setpriority(os.PRIO_PROCESS, D.pid, os.getpriority(os.PRIO_PROCESS, D.pid))`,
  ),
  python(
    "input and output class of a host process",
    "its share of the disk",
    `kernel("ioprio_set", 1, D.pid, 0x4004)`,
  ),
  python(
    "scheduler of a host process",
    "its policy",
    `os.sched_setscheduler(D.pid, os.SCHED_OTHER, os.sched_param(0))`,
  ),
  python(
    "memory advice for a host process",
    "its pages",
    `reaches("process_madvise", kernel("pidfd_open", D.pid, 0), None, ctypes.c_ulong(0), 20, 0)`,
  ),
  python(
    "pages of a host process",
    "where they lie",
    `kernel("move_pages", D.pid, ctypes.c_ulong(0), None, None, None, 0)`,
    "this kernel is built without NUMA",
  ),
  python(
    "a real-time policy",
    "the whole processor",
    `os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))`,
  ),
  python("a better niceness", "more than its share", `os.setpriority(os.PRIO_PROCESS, 0, -5)`),
  python(
    "a lower score for the out-of-memory killer",
    "that others are killed first",
    `open("/proc/self/oom_score_adj", "w").write("-500")`,
  ),
  python("real-time input and output", "the whole disk", `kernel("ioprio_set", 1, 0, 0x2000)`),
  sh(
    "any process that is not the sandbox's",
    "that it is there",
    `ps -eo args= | grep -F "$TAG" | grep -vE 'grep|bash -c'`,
  ),
];
