import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("privileges");

/** Becoming more than one is: setuid, capabilities, limits, file sizes. */
export const privilegeProbes: readonly Probe[] = [
  sh(
    "a setuid program",
    "root for whoever starts it",
    `cp /usr/bin/id /var/tmp/abuse-id && chmod 4755 /var/tmp/abuse-id && setpriv --reuid 1000 --clear-groups /var/tmp/abuse-id -u | grep -x 0`,
  ),
  sh(
    "a setgid program",
    "a group for whoever starts it",
    `cp /usr/bin/id /var/tmp/abuse-gid && chmod 2755 /var/tmp/abuse-gid && setpriv --reuid 1000 --regid 1000 --clear-groups /var/tmp/abuse-gid -g | grep -x 0`,
  ),
  sh(
    "su by an ordinary user",
    "root",
    `setpriv --reuid 65534 --clear-groups su -c true < /dev/null`,
    "it asks for a password, which root has none of here",
  ),
  sh(
    "a program with file capabilities",
    "capabilities for whoever starts it",
    `cp /usr/bin/grep /var/tmp/abuse-cap && setcap cap_chown+ep /var/tmp/abuse-cap && setpriv --reuid 1000 --clear-groups /var/tmp/abuse-cap -E 'CapEff:.*1$' /proc/self/status`,
  ),
  python(
    "capset beyond the list",
    "capabilities",
    `
header = struct.pack("Ii", 0x20080522, 0)
current = ctypes.create_string_buffer(24)
checked(libc.capget(ctypes.create_string_buffer(header), current))
effective, permitted = struct.unpack("II", current.raw[:8])
# CAP_SYS_ADMIN in both.
wanted = struct.pack("IIIIII", effective | 1 << 21, permitted | 1 << 21, 0, *struct.unpack("III", current.raw[12:]))
checked(libc.capset(ctypes.create_string_buffer(header), ctypes.create_string_buffer(wanted)))`,
  ),
  python(
    "an ambient capability",
    "capabilities for programs",
    `call("prctl", 47, 2, 21, 0, 0)`,
    "it wants an inheritable one first, which probes of their own raise",
  ),
  python(
    "reading CAP_SYS_ADMIN in the bounding set",
    "capabilities",
    `need(libc.prctl(23, 21, 0, 0, 0) == 1)`,
  ),
  python("a uid beyond the range", "a user of the host", `os.setresuid(70000, 70000, 70000)`),
  python("a gid beyond the range", "a group of the host", `os.setresgid(70000, 70000, 70000)`),
  python("groups beyond the range", "groups of the host", `os.setgroups([70000])`),
  python(
    "more open files",
    "more than the limit",
    `
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))`,
    "root of the machine that this was written on lacks CAP_SYS_RESOURCE",
  ),
  python(
    "larger files",
    "more than the limit",
    `
need(resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY, "it is bounded")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))`,
  ),
  python(
    "core files",
    "the host's program for crashes",
    `
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))`,
  ),
  python(
    "locked memory",
    "memory that cannot be swapped",
    `
place = libc.mmap(None, ctypes.c_ulong(48 << 20), 3, 0x22, -1, 0)
call("mlock", ctypes.c_void_p(place), ctypes.c_ulong(48 << 20))`,
  ),
  python(
    "a sparse file of 1 TB",
    "a file that costs the host its time",
    `
path = "/var/tmp/abuse-sparse"
try:
    with open(path, "wb") as file:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        file.truncate(1 << 40)
finally:
    os.unlink(path)`,
  ),
  python(
    "a file reserved at once",
    "the disk before anybody looks",
    `
path = "/var/tmp/abuse-reserved"
try:
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20) if not sys.platform else call("fallocate", file.fileno(), 0, ctypes.c_long(0), ctypes.c_long(1 << 20))
finally:
    os.unlink(path)`,
  ),
  sh(
    "no new privileges taken back",
    "setuid programs",
    `grep -x 'NoNewPrivs:.0' /proc/self/status`,
  ),
  sh("a filter taken off", "every call", `grep -x 'Seccomp:.0' /proc/self/status`),
  sh(
    "a wider uid map",
    "users of the host",
    `awk '$3 > 65536 { found = 1 } END { exit !found }' /proc/self/uid_map`,
  ),
];
