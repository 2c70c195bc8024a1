import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("exhaustion");

/**
 * Each wants more than the sandbox of the test is given (`exhaustionLimits`), and no more than a
 * machine has to spare: the loosened one, which has no limits, gives it.
 */
export const exhaustionProbes: readonly Probe[] = [
  python(
    "150 processes",
    "more than the limit",
    `
for number in range(150):
    if os.fork() == 0:
        signal.pause()`,
  ),
  sh(
    "150 processes by a shell",
    "more than the limit",
    `sh -c 'for i in $(seq 150); do sleep 30 & done'`,
  ),
  python(
    "150 threads",
    "more than the limit",
    `
import threading
held = threading.Event()
for number in range(150):
    threading.Thread(target=held.wait, daemon=True).start()`,
  ),
  python("200 MB of memory", "more than the limit", `block = bytearray(200 << 20)`),
  python(
    "200 MB in anonymous files",
    "more than the limit",
    `
for number in range(10):
    file = os.memfd_create("abuse")
    for step in range(20):
        need(os.write(file, bytes(1 << 20)) == 1 << 20)`,
  ),
  python("100 MB in /dev/shm", "more than the limit", `fills("/dev/shm", 5)`),
  python("100 MB in /dev", "memory of the host", `fills("/dev", 5)`),
  python(
    "100 MB in another folder of memory",
    "memory of the host",
    `
folders = "/proc/acpi", "/sys/firmware", "/workspace/.jj", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm"
for folder in folders:
    try:
        fills(folder, 5)
        raise SystemExit(0)
    except OSError as error:
        print(folder, error)
refuse("nowhere")`,
  ),
  python(
    "300 open files",
    "more than the limit",
    `files = [os.open("/dev/null", os.O_RDONLY) for number in range(300)]`,
  ),
  python("300 pipes", "memory of the kernel", `pipes = [os.pipe() for number in range(300)]`),
  python(
    "300 sockets",
    "memory of the kernel",
    `sockets = [socket.socket() for number in range(300)]`,
  ),
  python(
    "300 terminals",
    "terminals of the whole host",
    `
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
masters = []
for number in range(3):
    # By several processes: the limit of open files is one process's.
    if os.fork() == 0:
        try:
            masters = [os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY) for number in range(100)]
            time.sleep(5)
        except OSError:
            os._exit(1)
        os._exit(0)
need(all(os.waitstatus_to_exitcode(os.wait()[1]) == 0 for number in range(3)), "refused")`,
  ),
  python(
    "one file of 80 MB",
    "more than the limit of the disk",
    `
path = "/var/tmp/abuse-file"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open(path, "wb") as file:
        for step in range(80):
            file.write(bytes(1 << 20))
            file.flush()
finally:
    os.unlink(path)`,
  ),
  python(
    "four busy processes, never halted",
    "more processor than the limit",
    `
def halted():
    # The kernel's own count, where this group has a limit.
    counts = [0]
    for path in ("/sys/fs/cgroup/cpu/cpu.stat", "/sys/fs/cgroup/cpu.stat"):
        if os.path.exists(path):
            counts += [int(line.split()[1]) for line in open(path) if line.startswith("nr_throttled")]
    return max(counts)
before = halted()
for number in range(4):
    if os.fork() == 0:
        end = time.monotonic() + 4
        while time.monotonic() < end and halted() == before:
            pass
        os._exit(0)
for number in range(4):
    os.wait()
need(halted() == before, f"halted {halted() - before} times")`,
  ),
];

/** Its success or refusal ends the sandbox. */
export const diskProbe: Probe = python(
  "200 MB in small files",
  "more than the limit of the disk",
  `
os.makedirs("/var/tmp/abuse-files", exist_ok=True)
for number in range(400):
    with open(f"/var/tmp/abuse-files/{number}", "wb") as file:
        file.write(bytes(1 << 19))
    time.sleep(0.01)`,
);

/** It takes minutes, so it is tried by `npm run test:long`. */
export const inodeProbe: Probe = python(
  "210,000 empty files",
  "more than the limit of files",
  `
for folder in range(21):
    os.makedirs(f"/var/tmp/abuse-inodes/{folder}")
    for number in range(10_000):
        os.mknod(f"/var/tmp/abuse-inodes/{folder}/{number}")`,
);
