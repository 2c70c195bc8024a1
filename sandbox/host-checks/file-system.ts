import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type HostCheck, limited, missing, ok } from "../host-check.ts";
import { toolPath } from "../host-environment.ts";
import type { StateFolder } from "../state-folder.ts";
import { lastLine, tryCommand } from "./kernel.ts";

const GIB = 1024 ** 3;

/** An overlay whose lower layer is idmapped, once, on the very file system of the state folder. */
export async function checkOverlay(folder: StateFolder): Promise<HostCheck> {
  const item = "state folder";
  let trial: string;
  try {
    mkdirSync(folder.home, { recursive: true, mode: 0o755 });
    trial = mkdtempSync(join(folder.home, ".doctor-"));
  } catch (error) {
    const says = `${folder.home} cannot be written: ${String(error)}`;
    return missing(item, says, "set COLONY_HOME to a folder on a writable disk");
  }
  try {
    chmodSync(trial, 0o755);
    for (const name of ["golden", "lower", "upper", "work", "merged"]) mkdirSync(join(trial, name));
    writeFileSync(join(trial, "golden", "file"), "one\n");
    const result = await tryCommand([
      toolPath(folder, "unshare"),
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-ec",
      TRIAL,
      "sh",
      toolPath(folder, "mount"),
      trial,
    ]);
    if (result.exitCode === 0)
      return ok(item, `${folder.home}: overlay over an idmapped folder works`);
    const says = `${folder.home} lies on a file system that cannot carry what sandboxes need: ${lastLine(result)}`;
    return missing(
      item,
      says,
      "set COLONY_HOME to a folder on ext4, xfs or btrfs (not itself an overlay)",
    );
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}

const TRIAL = `
cd "$2"
"$1" --bind -o ro,X-mount.idmap=b:0:700000:1 golden lower
chown 700000 upper
"$1" -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=on overlay merged
[ "$(stat -c %u merged/file)" = 700000 ] || { echo "the mapping has no effect" >&2; exit 1; }
echo two > merged/file
[ "$(cat golden/file)" = one ] || { echo "a write went through to the lower layer" >&2; exit 1; }
`;

/** Judges how much room there is for images, workspaces and logs. */
export function judgeSpace(path: string, freeBytes: number, freeFiles: number): HostCheck {
  const says = `${(freeBytes / GIB).toFixed(1)} GiB and ${freeFiles} files free below ${path}`;
  if (freeBytes < GIB)
    return missing(
      "disk space",
      `${says}; at least 1 GiB is needed`,
      "free some space, or set COLONY_HOME to another disk",
    );
  // Some file systems (btrfs) count no inodes and say 0.
  const isTight = freeBytes < 5 * GIB || (freeFiles > 0 && freeFiles < 200_000);
  return isTight
    ? limited("disk space", `${says}: enough for a few tasks only`, "free some space")
    : ok("disk space", says);
}

export async function checkSpace(path: string): Promise<HostCheck> {
  const { bavail, bsize, ffree } = await statfs(path);
  return judgeSpace(path, bavail * bsize, ffree);
}

/** The image of the host's programs is made of hard links where it can be. */
export function checkImagePlace(shared: string): HostCheck {
  if (statSync(shared).dev === statSync("/usr").dev)
    return ok("image", `hard links to the host's /usr, below ${shared}`);
  const says = `${shared} is on another file system than /usr: the image is a full copy (some GB, about a minute, once).`;
  return limited("image", says, "set COLONY_SHARED to a folder on the file system of /usr");
}

/** Unprivileged processes of ours read below the shared folder: each folder above must let them by. */
export function checkReachable(path: string): HostCheck {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      return missing(
        "permissions",
        `${folder} lets only its owner pass, but processes without root must reach ${path}.`,
        `chmod o+x ${folder}`,
      );
    }
    if (folder === "/") return ok("permissions", `${path} can be reached without root`);
  }
}
