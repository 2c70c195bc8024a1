import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("host files");

/** Each way in which /proc names files of other processes; a decoy of the host has them all. */
export const hostFileProbes: readonly Probe[] = [
  python(
    "the path itself",
    "the host's files",
    `need(is_secret(f"{D.place}/secret"))`,
    "only a sandbox that shares the host's root has it, and none of ours can be given that",
  ),
  python(
    "/proc/*/root",
    "the host's files",
    `every("/proc/[0-9]*/root", lambda root: is_secret(f"{root}{D.place}/secret"))`,
  ),
  python(
    "/proc/*/task/*/root",
    "the host's files",
    `every("/proc/[0-9]*/task/*/root", lambda root: is_secret(f"{root}{D.place}/secret"))`,
  ),
  python("/proc/1/root", "the host's files", `need(is_secret(f"/proc/1/root{D.place}/secret"))`),
  python(
    "/proc/*/cwd",
    "the host's files",
    `every("/proc/[0-9]*/cwd", lambda cwd: is_secret(cwd + "/secret"))`,
  ),
  python(
    "/proc/*/task/*/cwd",
    "the host's files",
    `every("/proc/[0-9]*/task/*/cwd", lambda cwd: is_secret(cwd + "/secret"))`,
  ),
  python(
    "/proc/*/cwd, upwards",
    "what lies beside it",
    `every("/proc/[0-9]*/cwd", lambda cwd: is_secret(cwd + "/../" + os.path.basename(D.place) + "/secret"))`,
  ),
  python("/proc/*/fd", "open files of others", `every("/proc/[0-9]*/fd/*", is_secret)`),
  python(
    "/proc/*/task/*/fd",
    "open files of others",
    `every("/proc/[0-9]*/task/*/fd/*", is_secret)`,
  ),
  python(
    "/proc/*/map_files",
    "mapped files of others",
    `every("/proc/[0-9]*/map_files/*", is_secret)`,
  ),
  python(
    "/proc/*/exe",
    "programs of others",
    `every("/proc/[0-9]*/exe", lambda exe: D.tag in os.readlink(exe))`,
  ),
  python(
    "/proc/*/mem",
    "memory of others",
    `
def found(maps):
    try:
        for line in open(maps):
            if line.rstrip().endswith(f"{D.place}/secret"):
                with open(maps.replace("maps", "mem"), "rb") as memory:
                    memory.seek(int(line.split("-")[0], 16))
                    return D.secret.encode() in memory.read(64)
    except OSError:
        pass
    return False
every("/proc/[0-9]*/maps", found)`,
  ),
  python(
    "/proc/*/maps",
    "what others have mapped",
    `every("/proc/[0-9]*/maps", lambda path: contains(path, D.place))`,
  ),
  python(
    "/proc/*/environ",
    "environments of others",
    `every("/proc/[0-9]*/environ", lambda path: contains(path, "ABUSE_DECOY=" + D.tag))`,
  ),
  python(
    "/proc/*/cmdline",
    "command lines of others",
    `every("/proc/[0-9]*/cmdline", lambda path: contains(path, D.place + "/program"))`,
  ),
  python(
    "/proc/*/comm",
    "names of programs of others",
    `every("/proc/[0-9]*/comm", lambda path: open(path).read() == "program\\n")`,
  ),
  python(
    "/proc/self/mountinfo",
    "names of folders of the host",
    `need(contains("/proc/self/mountinfo", os.path.dirname(D.place)))`,
  ),
  python(
    "open_by_handle_at",
    "any file of a host's file system by its number",
    `
handle = struct.pack("IiII", 8, 1, 2, 0)
base = os.open("/opt/abuse", os.O_RDONLY)
root = kernel("open_by_handle_at", base, handle, os.O_RDONLY)
need(os.listdir(root))`,
  ),
  python(
    "name_to_handle_at",
    "handles of files to try",
    `
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
number = ctypes.c_int(0)
kernel("name_to_handle_at", -100, text("/opt/abuse"), handle, ctypes.byref(number), 0)`,
  ),
  python(
    "upwards from a bind",
    "what lies beside it",
    `
one = os.open("/opt/abuse", os.O_RDONLY)
for step in range(12):
    one = os.open("..", os.O_RDONLY, dir_fd=one)
    try:
        os.close(os.open(D.place[1:] + "/secret", os.O_RDONLY, dir_fd=one))
        raise SystemExit(0)
    except OSError:
        pass
refuse("nothing found")`,
    "a bind has no parent on the host, also in a loosened sandbox",
  ),
  python(
    "writing to what the host gave to read",
    "changing programs of the host",
    `open("/opt/abuse/runner.py", "r+").close()`,
    "the loosened sandbox gets the same read-only bind",
  ),
  python(
    "marks that overlay reads (trusted.*)",
    "layers that point elsewhere",
    `
os.makedirs("/var/tmp/abuse-mark", exist_ok=True)
os.setxattr("/var/tmp/abuse-mark", "trusted.overlay.redirect", b"/")`,
  ),
  python(
    "an immutable file",
    "files that a sweep cannot remove",
    `
with open("/var/tmp/abuse-immutable", "w") as file:
    # Set, then taken back: where it works it must not stay.
    fcntl.ioctl(file, 0x40086602, struct.pack("I", 0x10))
    fcntl.ioctl(file, 0x40086602, struct.pack("I", 0))`,
    "an overlay hands no such flags on to a file that is open for writing",
  ),
  python(
    "a file of a host's uid",
    "ownership outside of the range",
    `
open("/var/tmp/abuse-owner", "w").close()
os.chown("/var/tmp/abuse-owner", 70000, 70000)`,
  ),
  sh(
    "/proc/1/cwd and its parents",
    "the host's files",
    `cat "/proc/1/cwd/secret" | grep -F "$SECRET"`,
  ),
  sh(
    "search by name",
    "the host's files",
    `find /proc/1/root"$PLACE" -maxdepth 1 -name secret | grep .`,
  ),
];
