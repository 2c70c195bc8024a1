import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("launcher");

/** What the program that starts others inside may leave with them by mistake. */
export const launcherProbes: readonly Probe[] = [
  sh("its environment", "variables of the launcher", `env | grep ^ABUSE_DECOY=`),
  sh(
    "keys in the environment",
    "keys of the launcher",
    `env | grep -E '^[A-Z_]*(API_KEY|TOKEN|SECRET_KEY)='`,
  ),
  python(
    "the environment of PID 1",
    "variables of the launcher",
    `need(contains("/proc/1/environ", "ABUSE_DECOY="))`,
  ),
  python(
    "the command line of PID 1",
    "folders of the host",
    `need(contains("/proc/1/cmdline", os.path.dirname(D.place)))`,
  ),
  sh(
    "descriptors beyond the three",
    "open files of the launcher",
    `for fd in /proc/$$/fd/*; do n=\${fd##*/}; [ "$n" -gt 2 ] && [ -L "$fd" ] && exit 0; done; exit 1`,
  ),
  sh(
    "an inherited folder",
    "the host's files from a folder that was left open",
    `for fd in /proc/$$/fd/*; do [ -d "$fd/" ] && grep -qF "$SECRET" "$fd/secret" && exit 0; done; exit 1`,
  ),
  python(
    "descriptors of PID 1",
    "files of the host",
    `every("/proc/1/fd/*", lambda fd: os.readlink(fd).startswith("/") and not os.readlink(fd).startswith("/dev/"))`,
  ),
  python(
    "sockets of PID 1",
    "connections of the launcher",
    `every("/proc/1/fd/*", lambda fd: os.readlink(fd).startswith("socket:"))`,
  ),
  python(
    "a descriptor of PID 1, taken over",
    "what the launcher left with it",
    `
pidfd = kernel("pidfd_open", 1, 0)
for number in range(64):
    try:
        taken = kernel("pidfd_getfd", pidfd, number, 0)
    except OSError:
        continue
    if stat.S_ISREG(os.fstat(taken).st_mode) or stat.S_ISSOCK(os.fstat(taken).st_mode):
        raise SystemExit(0)
refuse("nothing but pipes")`,
  ),
  python(
    "the runtime's own program by /proc/self/exe",
    "the program that enters sandboxes",
    `every("/proc/[0-9]*/exe", lambda exe: os.path.basename(os.readlink(exe)).split(" ")[0] in ("crun", "runc", "runsc"))`,
    "the loosened runtime runs in the foreground, as a process of its own; no probe can wait for its moment",
  ),
  python(
    "a controlling terminal",
    "the launcher's keyboard",
    `os.open("/dev/tty", os.O_RDWR)`,
    "the tests have no terminal that they could leave with it",
  ),
  python(
    "the launcher's key ring",
    "keys of the launcher",
    `
number = kernel("keyctl", 10, -4, text("user"), text(D.tag), 0)
buffer = ctypes.create_string_buffer(64)
kernel("keyctl", 11, number, buffer, ctypes.c_ulong(64))
need(buffer.value.startswith(D.secret.encode()))`,
  ),
  python(
    "log lines of the runtime",
    "folders of the host",
    `every("/run/*/log.json", os.path.exists)`,
    "no runtime here writes a log into the sandbox",
  ),
];

/** Tried where the launcher was told to start it: see `Scene.enter`. */
export const entryProbe: Probe = python(
  "a working folder that is one of the launcher's own",
  "the host's files, upwards from where the program was put",
  `
above = [is_secret("../" * step + D.place[1:] + "/secret") for step in range(12)]
need(is_secret("secret") or any(above))`,
);
