import type { SystemUser } from "./system-user.ts";

/**
 * Put before a command line, by root: the program runs as the unprivileged user, without any right
 * and without a way to one (a setuid program gives it none), and ends with us.
 */
export function asNobody(user: Pick<SystemUser, "uid" | "gid">): readonly [string, ...string[]] {
  return [
    "setpriv",
    ...[`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--no-new-privs"],
    ...["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"],
    "--",
  ];
}

/** What worker and drivers do as root: mounts, namespaces, other users' files and processes. */
const needed = [
  ...["chown", "dac_override", "dac_read_search", "fowner", "fsetid", "mknod", "setfcap"],
  ...["kill", "setgid", "setuid", "setpcap", "sys_chroot", "sys_ptrace", "sys_resource"],
  ...["net_admin", "net_bind_service", "sys_admin"],
];

/**
 * Put before a command line, by root: the program stays root with the capabilities that the worker
 * needs, and neither it nor what it starts has any other (kernel modules, raw devices and sockets,
 * clock, reboot, audit, security modules, pinned memory).
 */
export const asWorker: readonly [string, ...string[]] = [
  "setpriv",
  `--bounding-set=-all,${needed.map((name) => `+${name}`).join(",")}`,
  "--inh-caps=-all",
  "--",
];
