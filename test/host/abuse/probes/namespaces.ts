import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("namespaces");

function unshare(name: string, flag: string): Probe {
  return python(`unshare ${name}`, `a ${name} namespace of one's own`, `call("unshare", ${flag})`);
}

/** Nested namespaces open the kernel's least tried code; setns leads into those of others. */
export const namespaceProbes: readonly Probe[] = [
  unshare("user", "CLONE_NEWUSER"),
  unshare("mount", "CLONE_NEWNS"),
  unshare("pid", "CLONE_NEWPID"),
  unshare("network", "CLONE_NEWNET"),
  unshare("ipc", "CLONE_NEWIPC"),
  unshare("uts", "CLONE_NEWUTS"),
  unshare("cgroup", "CLONE_NEWCGROUP"),
  unshare("time", "CLONE_NEWTIME"),
  python(
    "clone with a user namespace",
    "a user namespace without unshare",
    `
if kernel("clone", CLONE_NEWUSER | 17, None, None, None, None) == 0:
    os._exit(0)`,
  ),
  python(
    "clone3 with a user namespace",
    "flags that a filter cannot look at",
    `
arguments = struct.pack("QQQQQQQQ", CLONE_NEWUSER, 0, 0, 0, 17, 0, 0, 0)
if kernel("clone3", arguments, len(arguments)) == 0:
    os._exit(0)`,
  ),
  python(
    "clone with high bits set",
    "flags hidden from a filter of 32 bits",
    `
if kernel("clone", ctypes.c_ulong(CLONE_NEWNET | 17 | 1 << 40), None, None, None, None) == 0:
    os._exit(0)`,
  ),
  python(
    "setns by a namespace file",
    "namespaces of another process",
    `
for pid in os.listdir("/proc"):
    for kind in ("mnt", "net", "uts", "ipc"):
        path = f"/proc/{pid}/ns/{kind}"
        if pid.isdigit() and os.path.exists(path):
            if libc.syscall(NR["setns"], os.open(path, os.O_RDONLY), 0) == 0:
                raise SystemExit(0)
refuse("none could be entered")`,
  ),
  python(
    "the mount namespace of PID 1 by pidfd",
    "the host's files",
    `
kernel("setns", kernel("pidfd_open", 1, 0), CLONE_NEWNS)
need(is_secret(f"{D.place}/secret"))`,
  ),
  python(
    "the namespaces of a host process by pidfd",
    "everything that it has",
    `kernel("setns", kernel("pidfd_open", D.pid, 0), CLONE_NEWNET | CLONE_NEWIPC)`,
  ),
  python(
    "more user namespaces by sysctl",
    "the host's limits of namespaces",
    `writes_same("/proc/sys/user/max_user_namespaces")`,
    "root of the machine that this was written on lacks CAP_SYS_RESOURCE",
  ),
  python(
    "the parent of the user namespace",
    "a handle on what is above",
    `fcntl.ioctl(os.open("/proc/self/ns/user", os.O_RDONLY), 0xB702)`,
    "the kernel hands out no parent beyond the caller's own user namespace, to nobody",
  ),
  sh("nsenter into PID 1", "everything that it has", `nsenter -t 1 -m -u -n -i true`),
  sh("unshare -Ur", "root of a nested user namespace", `unshare --user --map-root-user true`),
  sh("a new time namespace", "other clocks", `unshare --time true`),
];
