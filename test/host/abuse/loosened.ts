import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCgroupLayout } from "../../../sandbox/cgroups/cgroup.ts";
import { allFolders } from "../../../sandbox/cgroups/layout.ts";
import { runCommand } from "../../../sandbox/command.ts";
import { systemEnvironment, toolPath } from "../../../sandbox/host-environment.ts";
import { ensureImage } from "../../../sandbox/image/image.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";
import { makePlace, type ProbeResult, parseResults } from "./place.ts";
import type { Probe } from "./probe.ts";

/** By their numbers. */
const capabilityNames = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"],
  ...["SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"],
  ...["IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"],
  ...["SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"],
  ...["LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"],
  ...["WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"],
];

/** All that root has here: on some machines it lacks a few. */
function everyCapability(): string[] {
  const [, mask = "0"] = /^CapEff:\s+(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  const bits = BigInt(`0x${mask}`);
  return capabilityNames
    .filter((_, number) => (bits >> BigInt(number)) & 1n)
    .map((name) => `CAP_${name}`);
}

/** No user namespace, no filter, every capability, nothing masked, the world's own /proc. */
function looseBundle(root: string, inside: string, tag: string, cwd: string): object {
  const bind = (path: string, source = path, extra: readonly string[] = []) => {
    return { destination: path, type: "bind", source, options: ["rbind", ...extra] };
  };
  const all = everyCapability();
  return {
    ociVersion: "1.0.2",
    root: { path: root, readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      // By a shell: the runtime itself refuses a folder that is not inside.
      args: ["/bin/sh", "-c", `cd ${cwd} && exec python3 /opt/abuse/runner.py plan.json`],
      env: [
        `PATH=${systemEnvironment.PATH}`,
        "HOME=/root",
        `ABUSE_DECOY=${tag}`,
        "ABUSE_API_KEY=x",
      ],
      cwd: "/",
      capabilities: {
        bounding: all,
        effective: all,
        permitted: all,
      },
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 4096, hard: 4096 }],
      noNewPrivileges: false,
    },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: [] },
      bind("/dev"),
      bind("/sys"),
      bind("/opt/abuse", inside, ["ro"]),
    ],
    linux: { namespaces: [{ type: "mount" }], rootfsPropagation: "private" },
  };
}

/**
 * Runs probes where nothing keeps them: a sandbox without any of our means, in a world of its own
 * (fresh process, network and IPC namespaces, a group, an overlay over the image), so that what it
 * reaches are decoys and not the machine's.
 */
export async function tryLoosened(
  folder: StateFolder,
  probes: readonly Probe[],
  options: { readonly seconds?: number; readonly cwd?: string } = {},
): Promise<ProbeResult[]> {
  const place = makePlace(folder.home);
  const { tag } = place.decoys;
  place.plan(probes, options.seconds);
  const at = (name: string) => join(place.decoys.place, name);
  for (const name of ["upper", "work", "root", "bundle", "state"]) mkdirSync(at(name));
  mkdirSync(at("upper/etc"));
  writeFileSync(at("upper/etc/hosts"), `127.0.0.1 localhost ${place.decoys.name}\n`);
  const image = await ensureImage(folder, { nodePath: process.execPath });
  const bundle = looseBundle(at("root"), place.inside, tag, options.cwd ?? "/");
  writeFileSync(at("bundle/config.json"), JSON.stringify(bundle));

  const layout = readCgroupLayout();
  const groups = allFolders(layout, `colony-${tag}`);
  // crun refuses a hybrid host while it sees a controller on v2.
  const cover =
    layout.hybridMount === undefined ? ":" : `mount -t tmpfs none ${layout.hybridMount}`;
  for (const group of groups) mkdirSync(group);
  const script = `
    for group in ${groups.join(" ")}; do
      # Where processors must be given first, they are those of the root.
      for file in cpuset.cpus cpuset.mems; do
        [ -f $group/$file ] && cat \${group%/*}/$file > $group/$file
      done
      [ -f $group/cpu.rt_runtime_us ] && echo 1000 > $group/cpu.rt_runtime_us
      echo $$ > $group/cgroup.procs
    done
    exec "$@"`;
  const world = `
    ${cover} &&
    mount -t overlay overlay -o lowerdir=${image.path},upperdir=${at("upper")},workdir=${at("work")} ${at("root")} &&
    export ABUSE_DECOY=${tag} &&
    exec 3< ${place.decoys.place} &&
    exec python3 ${place.inside}/decoys.py ${place.inside}/decoys.json --world -- \
      ${toolPath(folder, "crun")} --root ${at("state")} --cgroup-manager=disabled \
      run --preserve-fds 1 --bundle ${at("bundle")} ${tag}`;
  const unshare = [toolPath(folder, "unshare"), "--mount", "--pid", "--ipc", "--net", "--uts"];
  try {
    const { stdout, stderr, exitCode } = await runCommand({
      argv: [
        ...(["/bin/sh", "-c", script, "sh", ...unshare] as const),
        ...["--fork", "--kill-child", "--propagation", "private", "--mount-proc"],
        ...["/bin/sh", "-c", world],
      ],
      env: systemEnvironment,
      timeoutMs: 900_000,
      maxOutputBytes: 8 * 1024 * 1024,
    });
    const results = parseResults(stdout.toString("utf8"));
    if (results.length < probes.length) {
      throw new Error(`The loosened sandbox ended with ${exitCode}: ${stderr.slice(-1000)}`);
    }
    return results;
  } finally {
    for (const group of groups) await removeEmptied(group);
  }
}

async function removeEmptied(group: string): Promise<void> {
  for (let step = 0; step < 100; step++) {
    if (readFileSync(join(group, "cgroup.procs"), "utf8") === "") {
      rmdirSync(group);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
