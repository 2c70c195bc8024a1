import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("mounts");

/** The old calls and the new ones: whoever mounts can lay what he likes over what was masked. */
export const mountProbes: readonly Probe[] = [
  python("tmpfs", "a mount of one's own", `mount("none", "/mnt", "tmpfs")`),
  python("proc", "a fresh /proc without masks", `mount("proc", "/mnt", "proc")`),
  python("sysfs", "a writable /sys", `mount("sysfs", "/mnt", "sysfs")`),
  python("devpts", "terminals of the host", `mount("devpts", "/mnt", "devpts")`),
  python("devtmpfs", "the devices of the host", `mount("devtmpfs", "/mnt", "devtmpfs")`),
  python("bind of the root", "binds", `mount("/", "/mnt", None, MS_BIND | MS_REC)`),
  python(
    "remount of a read-only bind",
    "writing to what the host gave to read",
    `mount("none", "/opt/abuse", None, MS_REMOUNT | MS_BIND)`,
  ),
  python("remount of /sys", "a writable /sys", `mount("none", "/sys", None, MS_REMOUNT | MS_BIND)`),
  python(
    "unmounting what lies over a path",
    "what is masked",
    `
for line in open("/proc/self/mounts"):
    path = line.split()[1]
    # A loosened sandbox has nothing masked; its queues can be missed.
    if path.startswith(("/proc/", "/sys/", "/workspace/")) or path == "/dev/mqueue":
        if libc.umount2(text(path), 2) == 0:
            raise SystemExit(0)
refuse("nothing could be unmounted")`,
  ),
  python("moving a mount", "moving masks away", `mount("/dev/shm", "/mnt", None, MS_MOVE)`),
  python("sharing mounts", "propagation to the host", `mount("none", "/", None, MS_SHARED)`),
  python("pivot_root", "another root", `reaches("pivot_root", text("/tmp"), text("/tmp"))`),
  python(
    "overlay in a nested user namespace",
    "the file system code of overlay with rights of one's own",
    `
call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
for name in ("l", "u", "w", "m"):
    os.makedirs("/dev/shm/o/" + name, exist_ok=True)
mount("o", "/dev/shm/o/m", "overlay", 0, "lowerdir=/dev/shm/o/l,upperdir=/dev/shm/o/u,workdir=/dev/shm/o/w")`,
    "an overlay on tmpfs in a nested user namespace wants rights that the loosened one lacks too",
  ),
  python("fsopen", "a file system context", `kernel("fsopen", text("tmpfs"), 0)`),
  python("fsconfig", "the new mount API", `reaches("fsconfig", -1, 6, None, None, 0)`),
  python("fsmount", "the new mount API", `reaches("fsmount", -1, 0, 0)`),
  python("fspick", "reconfiguring a mount", `kernel("fspick", -100, text("/"), 0)`),
  python("open_tree", "a detached copy of the tree", `kernel("open_tree", -100, text("/"), 1)`),
  python(
    "move_mount",
    "attaching a detached tree",
    `reaches("move_mount", -1, text(""), -100, text("/mnt"), 4)`,
  ),
  python(
    "mount_setattr",
    "read-only mounts made writable",
    `
attributes = struct.pack("QQQQ", 0, 1, 0, 0)
kernel("mount_setattr", -100, text("/opt/abuse"), 0, attributes, 32)`,
  ),
  python(
    "open_tree_attr",
    "a detached copy with other attributes",
    `
attributes = struct.pack("QQQQ", 0, 0, 0, 0)
kernel("open_tree_attr", -100, text("/"), 1, attributes, 32)`,
  ),
  python("swapon", "swap of one's own", `reaches("swapon", text("/nonexistent"), 0)`),
  python("swapoff", "the host's swap", `reaches("swapoff", text("/nonexistent"))`),
  python(
    "quotactl",
    "disk quotas of the host",
    `reaches("quotactl", 0x80000700 - (1 << 32), text("/dev/vda"), 0, None)`,
    "quotas are absent from the kernel that this was written on",
  ),
  sh("mount command", "a mount of one's own", `mount -t tmpfs none /mnt`),
  sh("umount command", "what is masked", `umount -l /dev/mqueue || umount -l /dev/shm`),
  sh(
    "chroot, then a remount",
    "a writable /sys by way of another root",
    `mkdir -p /tmp/jail && chroot / mount -o remount,rw,bind /sys`,
  ),
];
