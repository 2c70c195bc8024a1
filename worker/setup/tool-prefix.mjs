import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command.mjs";
import { withLock } from "./flock.mjs";
import { SetupError, step } from "./say.mjs";
import {
  dropDocumentation,
  fetchTools,
  linkPrograms,
  patchTools,
  swapLink,
} from "./tool-build.mjs";
import { TOOL_GROUPS } from "./tool-list.mjs";
import { askVersion, readManifest, tryTools } from "./tool-trial.mjs";
import { inRange, parseVersion } from "./versions.mjs";

/** Raised by hand when the way a prefix is built changes: older ones are then rebuilt. */
const RECIPE = 1;
const OLD_PREFIX_MS = 24 * 3600 * 1000;

/** Whether the prefix is there and was made by this recipe. */
export function hasTools(shared) {
  const prefix = join(shared, "tools");
  if (readManifest(prefix)?.recipe !== RECIPE) return false;
  return TOOL_GROUPS.every((group) =>
    group.programs.every((name) => existsSync(join(prefix, "bin", name))),
  );
}

/** Makes `shared/tools/bin` hold every tool in a version that works. */
export async function ensureTools(shared) {
  if (hasTools(shared)) return;
  await withLock(join(shared, ".tools.lock"), "fetching tools", async () => {
    if (hasTools(shared)) return;
    const host = await findHostTools();
    const missing = TOOL_GROUPS.filter((group) => !host.has(group.name));
    const why = missing.map((g) => `${g.name} ≥ ${g.range.from}: ${g.why}`).join("; ");
    if (missing.length === 0) return build(shared, host, missing);
    await step("fetching newer tools from Debian unstable into a private folder", why, () =>
      build(shared, host, missing),
    );
  });
}

/** Groups whose programs the host has, all of them, in a version that we know. */
async function findHostTools() {
  const found = new Map();
  for (const group of TOOL_GROUPS) {
    const paths = await Promise.all(group.programs.map(findOnPath));
    if (paths.includes(undefined)) continue;
    const version = parseVersion((await askVersion(paths[0])) ?? "");
    if (version && inRange(version, group.range)) found.set(group.name, paths);
  }
  return found;
}

async function findOnPath(name) {
  const { code, stdout } = await run(["sh", "-c", 'command -v "$1"', "sh", name], { check: false });
  const path = stdout.trim();
  return code === 0 && path.startsWith("/") ? path : undefined;
}

async function build(shared, host, missing) {
  const work = join(shared, "tools.new");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "root"), { recursive: true, mode: 0o755 });
  const packages =
    missing.length > 0 ? await fetchTools(missing, join(work, "root"), join(work, "apt")) : [];
  dropDocumentation(join(work, "root"));
  // Paths to the libraries are absolute, so the tree is moved to its last place before patching.
  const root = join(shared, `tools.${Date.now()}`);
  renameSync(join(work, "root"), root);
  chmodSync(root, 0o755);
  const programs = missing.flatMap((group) => group.programs);
  if (programs.length > 0) await patchTools(root, programs);
  linkPrograms(root, join(root, "bin"), programs);
  for (const path of [...host.values()].flat())
    symlinkSync(path, join(root, "bin", basename(path)));
  const versions = await checkVersions(join(root, "bin"));
  await tryTools(join(root, "bin"), TOOL_GROUPS, shared);
  writeFileSync(
    join(root, "manifest.json"),
    `${JSON.stringify({ recipe: RECIPE, versions, packages }, null, 2)}\n`,
  );
  swapLink(basename(root), join(shared, "tools"));
  rmSync(work, { recursive: true, force: true });
  removeOldPrefixes(shared, basename(root));
}

async function checkVersions(bin) {
  const versions = {};
  for (const { name, programs, range } of TOOL_GROUPS) {
    const version = parseVersion((await askVersion(join(bin, programs[0]))) ?? "");
    if (!version || !inRange(version, range)) {
      throw new SetupError(
        `${name} ${version ?? "(does not start)"} is not in the range that works here (${range.from} up to, not including, ${range.below}); ` +
          `put one of that range on PATH and start again`,
      );
    }
    versions[name] = version;
  }
  return versions;
}

/** Programs may still run from an old prefix for a while: only those of yesterday go. */
function removeOldPrefixes(shared, current) {
  for (const name of readdirSync(shared)) {
    if (!/^tools\.\d+$/.test(name) || name === current) continue;
    const folder = join(shared, name);
    if (Date.now() - statSync(folder).mtimeMs > OLD_PREFIX_MS)
      rmSync(folder, { recursive: true, force: true });
  }
}
