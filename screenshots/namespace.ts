import { join } from "node:path";

/** Where and as whom the process with the browser runs. */
export interface NamespaceOptions {
  readonly nodePath: string;
  readonly entryPath: string;
  /** What the entry is told, as JSON. */
  readonly entryOptions: string;
  readonly workFolder: string;
  readonly hiddenPaths: readonly string[];
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs as root inside the new namespaces, before the rights are given up. The work folder and the
 * shared memory are file systems of the namespace: they vanish with it, however it ends.
 */
const SETUP = `set -eu
work=$1 uid=$2 gid=$3 hidden=$4
ip link set lo up
mount -t tmpfs -o "size=256m,mode=0700,uid=$uid,gid=$gid,nosuid,nodev,noexec" colony-pictures "$work"
mount -t tmpfs -o size=512m,mode=1777,nosuid,nodev,noexec shm /dev/shm
i=0
while [ $i -lt "$hidden" ]; do
  shift; i=$((i + 1))
  if [ -d "$4" ]; then mount -t tmpfs -o ro,size=4k,mode=0000 hidden "$4"; fi
done
shift 4
exec "$@"`;

/**
 * The command line: namespaces of its own with only \`lo\`, a reaping first process, then an
 * ordinary user without any right. When the parent or this program dies, the kernel ends them all.
 */
export function namespaceCommand(options: NamespaceOptions): readonly string[] {
  const { uid, gid, hiddenPaths } = options;
  return [
    ...["setpriv", "--pdeathsig", "KILL"],
    ...["unshare", "--net", "--ipc", "--uts", "--pid", "--mount", "--propagation", "slave"],
    ...["--mount-proc", "--fork", "--kill-child", "tini", "-g", "--"],
    ...["sh", "-c", SETUP, "colony-pictures", options.workFolder, `${uid}`, `${gid}`],
    ...[`${hiddenPaths.length}`, ...hiddenPaths],
    ...["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--no-new-privs"],
    ...["--inh-caps=-all", "--bounding-set=-all", "--"],
    ...[options.nodePath, options.entryPath, options.entryOptions],
  ];
}

/** Names below the folder of the service. */
export function folderPaths(folder: string): { readonly socket: string; readonly work: string } {
  return { socket: join(folder, "capture.sock"), work: join(folder, "work") };
}
