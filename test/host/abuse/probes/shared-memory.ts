import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("shared memory");

/** System V and POSIX objects of the host, and more of them than is good for it. */
export const sharedMemoryProbes: readonly Probe[] = [
  python("a SysV segment of the host", "memory of its programs", `call("shmget", D.key, 0, 0)`),
  python(
    "the content of a SysV segment of the host",
    "memory of its programs",
    `
libc.shmat.restype = ctypes.c_void_p
place = libc.shmat(call("shmget", D.key, 0, 0), None, 0o10000)
need(place and ctypes.string_at(place, len(D.secret)) == D.secret.encode())`,
  ),
  python("SysV semaphores of the host", "locks of its programs", `call("semget", D.key, 0, 0)`),
  python("a SysV queue of the host", "messages of its programs", `call("msgget", D.key, 0)`),
  sh(
    "a list of the host's segments",
    "that they are there",
    `ipcs -m | grep -qi "$(printf '%x' "$KEY")"`,
  ),
  python(
    "a POSIX segment of the host",
    "memory of its programs",
    `need(is_secret(f"/dev/shm/{D.tag}"))`,
  ),
  python(
    "a POSIX queue of the host",
    "messages of its programs",
    `call("mq_open", text("/" + D.tag), os.O_RDONLY)`,
  ),
  python(
    "a SysV segment of 1 GB",
    "more memory than is given",
    `call("shmget", 0, ctypes.c_ulong(1 << 30), 0o1600)`,
  ),
  python(
    "SysV segments of 96 MB in all",
    "memory that outlives its makers",
    `
for step in range(3):
    number = call("shmget", 0, ctypes.c_ulong(32 << 20), 0o1600)
    # Gone with its last user: nothing stays, also where it is allowed.
    libc.shmat.restype = ctypes.c_void_p
    place = libc.shmat(number, None, 0)
    call("shmctl", number, 0, None)
    need(place and place != ctypes.c_void_p(-1).value)
    ctypes.memset(place, 1, 32 << 20)`,
  ),
  python(
    "a segment that outlives its maker",
    "memory that stays",
    `
child = os.fork()
if child == 0:
    number = libc.shmget(D.key + 7, 4096, 0o1600)
    libc.shmat(number, None, 0)
    os._exit(0)
os.waitpid(child, 0)
number = call("shmget", D.key + 7, 0, 0)
call("shmctl", number, 0, None)`,
  ),
  python(
    "twenty message queues",
    "memory of the kernel",
    `
attributes = struct.pack("llll", 0, 1, 64, 0) + bytes(32)
for number in range(20):
    try:
        call("mq_open", text(f"/{D.tag}-{number}"), os.O_RDWR | os.O_CREAT, 0o600, attributes)
    finally:
        libc.mq_unlink(text(f"/{D.tag}-{number}"))`,
  ),
];
