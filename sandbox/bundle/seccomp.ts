/** One condition of an OCI seccomp rule. */
export interface SeccompArg {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_NE" | "SCMP_CMP_MASKED_EQ";
}

/** One rule in the OCI runtime's form. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArg[];
}

/** The part that we read of the containers project's list. */
export interface ContainersSeccomp {
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number | undefined;
    readonly args?: readonly SeccompArg[] | null | undefined;
    readonly includes: SeccompScope;
    readonly excludes: SeccompScope;
  }[];
}

interface SeccompScope {
  readonly caps?: readonly string[] | undefined;
  readonly arches?: readonly string[] | undefined;
}

const errno = { EPERM: 1, ENOSYS: 38, EPROTONOSUPPORT: 93, EOPNOTSUPP: 95, EAFNOSUPPORT: 97 };

/** The containers project lets these through; with them the kernel's largest doors stand open. */
const refused = [
  ...["mount", "umount", "umount2", "pivot_root", "unshare", "setns", "move_mount", "open_tree"],
  ...["fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr"],
  ...["keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd"],
  ...["io_uring_setup", "io_uring_enter", "io_uring_register"],
];
/** ENOSYS, so that callers fall back: clone3 to clone, whose flags can be looked at. */
const absent = ["clone3", "memfd_secret"];
/**
 * Callers of fallocate fall back to writing, which the watched disk budget can see in time; those of
 * name_to_handle_at to other marks of a file than a number that its disk knows.
 */
const unsupported = ["fallocate", "name_to_handle_at"];
/** Replaced by rules of our own below. */
const replaced = ["clone", "socket", "ioctl"];
/** TIOCSTI types into a terminal as if its person had, TIOCLINUX reads and pastes on a console. */
const refusedIoctls = [0x5412, 0x541c];

const newNamespaceFlags = 0x7e02_0000;
const setIdBits = 0o6000;
/** Calls that set a mode, and which argument it is. openat2's lies in memory: absent altogether. */
const modeArgument: Readonly<Record<string, number>> = {
  chmod: 1,
  fchmod: 1,
  fchmodat: 2,
  fchmodat2: 2,
  creat: 1,
  open: 2,
  openat: 3,
  mknod: 1,
  mknodat: 2,
};

/** Which of the list's conditions hold here. */
export interface SeccompHost {
  readonly architecture: "amd64" | "arm64";
  readonly capabilities: readonly string[];
  /** The writable workspace belongs to the host's root: no file there may become setuid. */
  readonly refuseSetId: boolean;
}

/** The list of the containers project, tightened, in the runtime's form. */
export function renderSeccomp(list: ContainersSeccomp, host: SeccompHost): object {
  const ours = new Set([...refused, ...absent, ...unsupported, ...replaced]);
  if (host.refuseSetId)
    for (const name of [...Object.keys(modeArgument), "openat2"]) ours.add(name);
  const rules: SeccompRule[] = [];
  for (const entry of list.syscalls) {
    if (!holds(entry.includes, entry.excludes, host)) continue;
    const names = entry.names.filter((name) => !ours.has(name));
    if (names.length === 0) continue;
    const code =
      entry.action === "SCMP_ACT_ERRNO" ? { errnoRet: entry.errnoRet ?? errno.EPERM } : {};
    const args = entry.args == null || entry.args.length === 0 ? {} : { args: entry.args };
    rules.push({ names, action: entry.action, ...code, ...args });
  }
  rules.push(...ownRules(), ...(host.refuseSetId ? setIdRules() : []));
  const architecture = host.architecture === "amd64" ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_AARCH64";
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: errno.ENOSYS,
    architectures: [architecture],
    syscalls: rules,
  };
}

function holds(includes: SeccompScope, excludes: SeccompScope, host: SeccompHost): boolean {
  const has = (name: string) => host.capabilities.includes(name);
  if (includes.caps?.length && !includes.caps.every(has)) return false;
  if (includes.arches?.length && !includes.arches.includes(host.architecture)) return false;
  if (excludes.caps?.some(has)) return false;
  return !excludes.arches?.includes(host.architecture);
}

function ownRules(): SeccompRule[] {
  const equal = (index: number, value: number): SeccompArg => ({ index, value, op: "SCMP_CMP_EQ" });
  const allow = "SCMP_ACT_ALLOW";
  const refuse = (
    names: readonly string[],
    errnoRet: number,
    args: readonly SeccompArg[] = [],
  ) => ({
    names,
    action: "SCMP_ACT_ERRNO",
    errnoRet,
    ...(args.length === 0 ? {} : { args }),
  });
  const noNamespaces: SeccompArg = {
    index: 0,
    value: newNamespaceFlags,
    valueTwo: 0,
    op: "SCMP_CMP_MASKED_EQ",
  };
  return [
    refuse(refused, errno.EPERM),
    refuse(absent, errno.ENOSYS),
    refuse(unsupported, errno.EOPNOTSUPP),
    { names: ["clone"], action: allow, args: [noNamespaces] },
    ...allBut(refusedIoctls).map((arg) => ({ names: ["ioctl"], action: allow, args: [arg] })),
    ...refusedIoctls.map((value) =>
      refuse(["ioctl"], errno.EPERM, [masked(1, 0xffff_ffff, value)]),
    ),
    // AF_UNIX, AF_INET, AF_INET6; of netlink only route (0) and socket diagnosis (4).
    ...[1, 2, 10].map((family) => ({ names: ["socket"], action: allow, args: [equal(0, family)] })),
    ...[0, 4].map((protocol) => ({
      names: ["socket"],
      action: allow,
      args: [equal(0, 16), equal(2, protocol)],
    })),
    ...[9, 12, 15, 16].map((protocol) =>
      refuse(["socket"], errno.EPROTONOSUPPORT, [equal(0, 16), equal(2, protocol)]),
    ),
    // AF_PACKET, AF_ALG, AF_VSOCK.
    ...[17, 38, 40].map((family) => refuse(["socket"], errno.EAFNOSUPPORT, [equal(0, family)])),
  ];
}

/** The kernel looks at 32 bits of an ioctl's number, so a filter must not look at more. */
function masked(index: number, mask: number, value: number): SeccompArg {
  return { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}

/**
 * Conditions that every number of 32 bits but these meets: the filter knows only "equal under a
 * mask", and a bare allow would win over any refusal. They are the subtrees of the tree of all
 * numbers, taken bit by bit, that hold none of the refused.
 */
function allBut(refusedNumbers: readonly number[], bit = 31, prefix = 0): SeccompArg[] {
  const below = bit === 31 ? 0 : (0xffff_ffff << (bit + 1)) >>> 0;
  const here = refusedNumbers.filter((one) => (one & below) >>> 0 === prefix);
  if (here.length === 0) return [masked(1, below, prefix)];
  if (bit < 0) return [];
  return [prefix, (prefix | (1 << bit)) >>> 0].flatMap((next) => allBut(here, bit - 1, next));
}

/** Allowed without, refused with a setuid or setgid bit; a bare allow would win over both. */
function setIdRules(): SeccompRule[] {
  return Object.entries(modeArgument).flatMap(([name, index]) => [
    { names: [name], action: "SCMP_ACT_ALLOW", args: [masked(index, setIdBits, 0)] },
    ...[0o4000, 0o2000, setIdBits].map((bits) => ({
      names: [name],
      action: "SCMP_ACT_ERRNO",
      errnoRet: errno.EPERM,
      args: [masked(index, setIdBits, bits)],
    })),
  ]);
}
