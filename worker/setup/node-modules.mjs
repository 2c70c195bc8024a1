import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { withLock } from "./flock.mjs";
import { SetupError, step } from "./say.mjs";

/**
 * Whether what is installed is what the lock file wants: each entry in its version, and nothing
 * missing but what is optional (other platforms' binaries).
 */
export function matchesLock(lock, installed) {
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === "") continue;
    const found = installed.packages[path];
    if (!found) {
      if (wanted.optional || wanted.devOptional || wanted.peer) continue;
      return false;
    }
    if (found.version !== wanted.version || found.integrity !== wanted.integrity) return false;
  }
  return true;
}

function isInstalled(root) {
  if (!existsSync(findNode(root))) return false;
  try {
    const read = (name) => JSON.parse(readFileSync(join(root, name), "utf8"));
    return matchesLock(read("package-lock.json"), read("node_modules/.package-lock.json"));
  } catch {
    return false;
  }
}

/** Folder names in which Node looks for the packages of `root`, nearest first. */
function packageFolders(root) {
  const folders = [];
  for (let folder = root; folder !== "/"; folder = join(folder, ".."))
    folders.push(join(folder, "node_modules"));
  return folders;
}

/** The Node 24 binary that came with our dependencies. */
export function findNode(root) {
  const name = `node-linux-${process.arch}/bin/node`;
  const found = packageFolders(root)
    .map((folder) => join(folder, name))
    .find(existsSync);
  return found ?? join(root, "node_modules", name);
}

/** Runs `npm ci` in a clone whose node_modules is absent or not what the lock file says. */
export async function ensureNodeModules(root) {
  const lockFile = join(root, "package-lock.json");
  if (!existsSync(lockFile)) {
    // Installed from a package: npm has put the dependencies beside us.
    if (existsSync(findNode(root))) return;
    throw new SetupError(
      `Node 24 is missing beside the colony package; install it again without --omit=optional (package node-linux-${process.arch})`,
    );
  }
  if (isInstalled(root)) return;
  await withLock(lockFile, "running npm ci", async () => {
    if (isInstalled(root)) return;
    await step(
      "installing npm packages (npm ci)",
      "node_modules is missing or older than the lock file",
      () =>
        // No package of ours needs its install script; without them no compiler is ever asked for.
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
          cwd: root,
          acting: "installing npm packages",
          timeoutMs: 1_200_000,
        }),
    );
    if (!existsSync(findNode(root))) {
      throw new SetupError(
        `npm ci did not bring node-linux-${process.arch}; is npm set to omit optional packages? Then run: npm config delete omit`,
      );
    }
  });
}
