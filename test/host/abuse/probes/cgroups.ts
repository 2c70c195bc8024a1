import { type Probe, probesOf } from "../probe.ts";

const { python, sh } = probesOf("cgroups");

function write(name: string, what: string, notShown?: string): Probe {
  return python(
    `write ${name}`,
    what,
    `
paths = glob.glob("/sys/fs/cgroup/**/${name}", recursive=True)
need(paths, "there is none")
for path in paths:
    try:
        opens(path, os.O_WRONLY)
        raise SystemExit(0)
    except OSError:
        pass
refuse(f"none of {len(paths)} can be written")`,
    notShown,
  );
}

/** Who writes cgroup files lifts his limits; release_agent is a program that the host starts. */
export const cgroupProbes: readonly Probe[] = [
  write("release_agent", "a program that the host starts"),
  write("notify_on_release", "when the host starts it"),
  write("cgroup.procs", "moving out of the limits"),
  write("tasks", "moving out of the limits"),
  write("memory.limit_in_bytes", "more memory"),
  write("memory.max", "more memory", "these machines have memory on v1"),
  write("pids.max", "more processes"),
  write("cpu.cfs_quota_us", "more processor"),
  write("cpuset.cpus", "other processors"),
  write("devices.allow", "devices"),
  write("freezer.state", "halting neighbours"),
  write(
    "cgroup.subtree_control",
    "controllers",
    "the v2 hierarchy is hidden from the loosened one too",
  ),
  python(
    "a group of one's own",
    "limits of one's own, and a release agent",
    `
for folder in glob.glob("/sys/fs/cgroup/*/") + ["/sys/fs/cgroup/"]:
    own = folder + D.tag + "-own"
    try:
        os.mkdir(own)
        is_group = os.path.exists(own + "/cgroup.procs")
        os.rmdir(own)
    except OSError:
        continue
    if is_group:
        raise SystemExit(0)
refuse("nowhere")`,
  ),
  python(
    "a v1 hierarchy mounted anew",
    "a writable release_agent",
    `mount("cgroup", "/mnt", "cgroup", 0, "pids")`,
  ),
  python("a v2 hierarchy mounted anew", "a writable tree", `mount("cgroup2", "/mnt", "cgroup2")`),
  python(
    "remount of the hierarchy",
    "a writable tree",
    `
for line in open("/proc/self/mounts"):
    path = line.split()[1]
    if path.startswith("/sys/fs/cgroup/"):
        mount("none", path, None, MS_REMOUNT | MS_BIND)
        raise SystemExit(0)
refuse("there is none")`,
  ),
  sh(
    "groups of others",
    "who else is on the host",
    `find /sys/fs/cgroup -maxdepth 3 -type d -name 'colony-*' | grep .`,
  ),
  sh("one's own path", "names of the host's groups", `grep colony- /proc/self/cgroup`),
];
