/** One row of a table in `docs/whose-rights.md`. */
export interface Rights {
  readonly program: string;
  readonly user: string;
  readonly capabilities: string;
  readonly noWayToMore: boolean;
}

/** Rows of the table below a heading. */
export function readRights(page: string, heading: string): readonly Rights[] {
  const part = page.split("\n## ").find((one) => one.startsWith(`${heading}\n`)) ?? "";
  const rows = part.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    const [program = "", , user = "", capabilities = "", more] = row
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    return { program, user, capabilities, noWayToMore: more === "yes" };
  });
}

/** Names in the order of their numbers, as the kernel has them. */
const names = [
  ...["chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid"],
  ...["setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw"],
  ...["ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct"],
  ...["sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod"],
  ...["lease", "audit_write", "audit_control", "setfcap"],
];

/** A cell as a mask: `none`, `all`, a list, or a list that the page has under that name. */
export function capabilityMask(page: string, cell: string, all: bigint): bigint {
  if (cell === "none") return 0n;
  if (cell === "all") return all;
  let mask = 0n;
  for (const word of cell.split(", ")) {
    const listed = new RegExp(`^${word}: (.*)\\.$`, "m").exec(page)?.[1];
    const bit = names.indexOf(word);
    if (listed !== undefined) mask |= capabilityMask(page, listed, all);
    else if (bit >= 0) mask |= 1n << BigInt(bit);
    else throw new Error(`"${word}" is no capability.`);
  }
  // A host may let root do less.
  return mask & all;
}
