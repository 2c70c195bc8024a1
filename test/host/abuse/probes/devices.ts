import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("devices");
const absent = "the machine that this was written on has no such device";

function open(name: string, what: string, notShown?: string): Probe {
  return python(`open /dev/${name}`, what, `opens("/dev/${name}")`, notShown);
}

function make(name: string, kind: "BLK" | "CHR", numbers: string, what: string): Probe {
  return python(
    `mknod ${name}`,
    what,
    `
path = "/var/tmp/abuse-${name}"
os.mknod(path, stat.S_IF${kind} | 0o600, os.makedev(${numbers}))
os.unlink(path)`,
  );
}

/** A device of the host is a way around every file system. */
export const deviceProbes: readonly Probe[] = [
  make("disk", "BLK", "254, 0", "the host's disk"),
  make("loop", "BLK", "7, 0", "disk images"),
  make("mem", "CHR", "1, 1", "the machine's memory"),
  make("kmsg", "CHR", "1, 11", "the kernel's messages"),
  make("console", "CHR", "5, 1", "the console"),
  make("fuse", "CHR", "10, 229", "file systems of one's own"),
  make("tun", "CHR", "10, 200", "network interfaces"),
  open("vda", "the host's disk", "the machine that this was written on gives its disk to nobody"),
  open("loop-control", "disk images"),
  open("mem", "the machine's memory", absent),
  open("port", "the machine's ports", absent),
  open("kmsg", "the kernel's messages"),
  open("kvm", "virtual machines"),
  open("fuse", "file systems of one's own"),
  open("net/tun", "network interfaces"),
  open("userfaultfd", "holding the kernel in the middle of a copy"),
  open("vsock", "the machine's own host"),
  open("btrfs-control", "file systems"),
  open("autofs", "mounts"),
  open("hwrng", "the machine's parts", "opening it may wait for the part"),
  open("vcs1", "text of a virtual console"),
  open("tty1", "a virtual console"),
  open("zram0", "swap of the host"),
  open("watchdog", "the machine's power", "opening it starts a reboot"),
  python(
    "any other device in /dev",
    "a device that no program needs",
    `
known = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}
for folder, _, files in os.walk("/dev"):
    for name in files:
        mode = os.lstat(os.path.join(folder, name)).st_mode
        if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and name not in known and "pts" not in folder:
            raise SystemExit(0)
refuse("none")`,
  ),
  python(
    "the mode of the host's /dev/null",
    "locking the host out of it",
    `os.chmod("/dev/null", 0o666)`,
  ),
  python(
    "the owner of the host's /dev/null",
    "locking the host out of it",
    `os.chown("/dev/null", 0, 0)`,
  ),
  sh(
    "a device from a mounted image",
    "the host's disk",
    `losetup -f && mknod /var/tmp/abuse-l b 7 0 && rm /var/tmp/abuse-l`,
  ),
];
