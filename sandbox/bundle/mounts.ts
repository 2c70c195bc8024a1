import { keeperMounts } from "../keeper-paths.ts";

/** One entry of the bundle's `mounts`. */
export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const ownMounts: readonly OciMount[] = [
  mount("/proc", "proc", ["nosuid", "noexec", "nodev"]),
  mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
  // The keeper's: it opens terminals in it that have a name inside.
  {
    destination: "/dev/pts",
    type: "bind",
    source: keeperMounts.terminals,
    options: ["bind", "rw", "nosuid", "noexec"],
  },
  mount("/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
  mount("/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
  mount("/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
  mount("/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
];

function mount(destination: string, type: string, options: readonly string[]): OciMount {
  return { destination, type, source: type, options };
}

/** A bind that nothing setuid or no device can come through. */
function bind(source: string, destination: string, writable: boolean): OciMount {
  const options = ["bind", writable ? "rw" : "ro", "nosuid", "nodev"];
  return { destination, type: "bind", source, options };
}

/** All mounts inside, in order. `workspace`: its path in the keeper's namespace, if there is one. */
export function renderMounts(options: {
  readonly workspace?: string;
  readonly binds: readonly { readonly source: string; readonly target: string }[];
}): OciMount[] {
  const mounts = [...ownMounts];
  if (options.workspace !== undefined) {
    // A slave of the keeper's: what it mounts there, earlier or later, comes in, and nothing out.
    const slave = bind(options.workspace, "/workspace", true);
    mounts.push({ ...slave, options: ["rbind", "rslave", "rw", "nosuid", "nodev"] });
  }
  for (const { source, target } of options.binds) mounts.push(bind(source, target, false));
  return mounts;
}
