import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ensureDebianPackages } from "./debian-packages.mjs";
import { ensureNodeModules, findNode } from "./node-modules.mjs";
import { ensureRuntimeCopy } from "./runtime-copy.mjs";
import { SetupError } from "./say.mjs";
import { ensureSystemUser } from "./system-user.mjs";
import { ensureTools } from "./tool-prefix.mjs";

/** Refuses what no later step could mend. */
function checkHost() {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (process.platform !== "linux")
    throw new SetupError("colony runs its agents in Linux namespaces and needs Linux");
  if (major < 20)
    throw new SetupError(`colony needs Node 20 or newer to start; this is ${process.version}`);
  if (!["x64", "arm64"].includes(process.arch))
    throw new SetupError(`colony has no Node binary for ${process.arch}`);
  if (process.getuid() !== 0)
    throw new SetupError("colony makes sandboxes and must be root; run the same command with sudo");
}

/** Folders that all installations of the host share; everybody may read them, but the images. */
function makeFolders(shared) {
  try {
    mkdirSync(shared, { recursive: true, mode: 0o755 });
    chmodSync(shared, 0o755);
    for (const name of ["runtime", "agents"]) {
      mkdirSync(join(shared, name), { recursive: true, mode: 0o755 });
    }
    // An image has the host's setuid programs: nobody else may start them there.
    mkdirSync(join(shared, "images"), { recursive: true, mode: 0o700 });
    chmodSync(join(shared, "images"), 0o700);
  } catch (cause) {
    throw new SetupError(
      `cannot write to ${shared} (${cause.code}); set COLONY_SHARED to a folder on a writable disk`,
      { cause },
    );
  }
}

/**
 * Brings the machine to where colony can run: each step looks first, and a machine that has
 * everything passes in a fraction of a second. Returns what the next process needs to know.
 */
export async function setUp(root, shared) {
  // A private umask would make the shared copies unreadable for those they are made for.
  process.umask(0o022);
  checkHost();
  makeFolders(shared);
  await ensureNodeModules(root);
  await ensureDebianPackages(shared);
  await ensureTools(shared);
  await ensureSystemUser();
  const runtime = await ensureRuntimeCopy(root, shared);
  return { node: findNode(root), runtime, shared };
}
