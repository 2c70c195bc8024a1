/** One promise about every sandbox: a row of the table that README and `colony doctor` show. */
export interface Guarantee {
  /** What the administrator's `minimum:` calls it. */
  readonly name: string;
  readonly colony: string;
  readonly docker: string;
  /** How `colony doctor` finds out whether this host can give it. */
  readonly checked: string;
  /** The test that proves it, below `test/host/`: file, and the beginning of its title. */
  readonly test: readonly [file: string, title: string];
}

const bundle = "in every bundle";

/** All of them. The abuse suite (`test/host/abuse/`) tries to break each. */
export const guarantees = [
  {
    name: "namespaces",
    colony: "mount, pid, ipc, uts, network, user, cgroup of its own; no nested ones",
    docker: "no user namespace; nested ones by capability",
    checked: "makes all seven once",
    test: ["sandbox-isolation.test.ts", "every namespace is its own"],
  },
  {
    name: "uid-range",
    colony: "65,536 uids that nobody else has; root inside is nobody outside",
    docker: "root inside is root outside",
    checked: "an idmapped mount and an overlay on it",
    test: ["sandbox-isolation.test.ts", "root inside is nobody outside"],
  },
  {
    name: "capabilities",
    colony: "ten, of its own user namespace",
    docker: "fourteen, of the host's",
    checked: bundle,
    test: ["sandbox-isolation.test.ts", "no privileges are gained"],
  },
  {
    name: "no-new-privileges",
    colony: "setuid programs and file capabilities give nothing",
    docker: "off",
    checked: bundle,
    test: ["sandbox-isolation.test.ts", "no privileges are gained"],
  },
  {
    name: "seccomp",
    colony:
      "the containers project's allow-list less mounts, namespaces, keys, bpf, perf, io_uring, userfaultfd, TIOCSTI; sockets: unix, inet, netlink route and diag",
    docker: "its allow-list; any socket family but vsock",
    checked: "the list is there, the kernel has filters",
    test: ["abuse/abuse.test.ts", "nothing gets out but what is listed"],
  },
  {
    name: "masked-paths",
    colony: "Docker's and /proc/interrupts; /sys, /proc/sys, cgroups read-only",
    docker: "masked and read-only paths",
    checked: bundle,
    test: ["abuse/abuse.test.ts", "nothing gets out but what is listed"],
  },
  {
    name: "devices",
    colony: "null, zero, full, random, urandom, tty, its own terminals; no mknod",
    docker: "the same; mknod of allowed ones",
    checked: bundle,
    test: ["abuse/abuse.test.ts", "nothing gets out but what is listed"],
  },
  {
    name: "rlimits",
    colony: "no core files, open files and size of one file bounded",
    docker: "the daemon's",
    checked: bundle,
    test: ["sandbox-limits.test.ts", "open files and core size"],
  },
  {
    name: "memory",
    colony: "bounded, swap too; a kill is told",
    docker: "unbounded",
    checked: "the memory controller, and whether it counts swap",
    test: ["sandbox-limits.test.ts", "memory: what takes too much"],
  },
  {
    name: "pids",
    colony: "bounded; a fork bomb is killed whole",
    docker: "unbounded",
    checked: "the pids controller",
    test: ["sandbox-limits.test.ts", "pids: a fork bomb"],
  },
  {
    name: "cpu",
    colony: "bounded",
    docker: "unbounded",
    checked: "the cpu controller",
    test: ["abuse/abuse.test.ts", "no limit gives way"],
  },
  {
    name: "disk",
    colony: "bytes and files are watched four times a second; over the limit it is stopped",
    docker: "unbounded",
    checked: "the keeper does it on any file system",
    test: ["sandbox-limits.test.ts", "disk: who writes more"],
  },
  {
    name: "disk-quota",
    colony: "not had: the file system itself does not refuse the byte beyond the limit",
    docker: "not by default",
    checked: "always said to be lacking",
    test: ["sandbox-limits.test.ts", "disk: who writes more"],
  },
  {
    name: "shared-memory",
    colony: "SysV, POSIX and queues bounded; segments die with their makers",
    docker: "/dev/shm of 64 MB, SysV as the kernel has it",
    checked: bundle,
    test: ["abuse/abuse.test.ts", "nothing gets out but what is listed"],
  },
  {
    name: "terminals",
    colony: "at most 256, of its own devpts; nobody types into one from outside",
    docker: "thousands, of its own devpts",
    checked: bundle,
    test: ["abuse/abuse.test.ts", "no limit gives way"],
  },
  {
    name: "network",
    colony: "no interface but lo; out only by an allow-list, each connection on record",
    docker: "a bridge: the internet, the neighbours, the host's address",
    checked: "the unprivileged user",
    test: ["sandbox-isolation.test.ts", "the network has no interface but lo"],
  },
  {
    name: "keys",
    colony: "model keys stay in a gateway on the host",
    docker: "in the environment",
    checked: "the unprivileged user",
    test: ["gateway-inside.test.ts", "a program inside talks to a model"],
  },
  {
    name: "host-data",
    colony: "the host's programs without /root, /home, passwords or secrets of /etc",
    docker: "an image from a registry",
    checked: bundle,
    test: ["sandbox-isolation.test.ts", "the host's data is not there"],
  },
  {
    name: "freeze",
    colony: "stands still while the host reads its files",
    docker: "by `docker pause`",
    checked: "the freezer",
    test: ["sandbox-end.test.ts", "frozen, nothing moves"],
  },
  {
    name: "nothing-left",
    colony: "0 processes, mounts and cgroups afterwards, counted and told",
    docker: "as long as the daemon lives",
    checked: "cgroups can be written",
    test: ["sandbox-end.test.ts", "the receipt counts what the kernel has"],
  },
] as const satisfies readonly Guarantee[];

export type GuaranteeName = (typeof guarantees)[number]["name"];

/** README's rows: one line of a Markdown table for each. */
export function renderGuaranteeRows(): string[] {
  return guarantees.map(({ name, colony, docker, checked, test: [file, title] }) => {
    return `| ${[`\`${name}\``, colony, docker, checked, `\`${file}\`: ${title}`].join(" | ")} |`;
  });
}
