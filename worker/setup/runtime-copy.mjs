import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { bundlePages } from "./browser-bundle.mjs";
import { CODE_FOLDERS, listSources } from "./code-files.mjs";
import { run } from "./command.mjs";
import { withLock } from "./flock.mjs";
import { findNode } from "./node-modules.mjs";
import { productionClosure } from "./package-closure.mjs";
import { step } from "./say.mjs";

/** Raised by hand when the layout of a copy changes. */
const RECIPE = 5;
const UNUSED_MS = 600_000;
/** What packages carry for people and compilers: half of their files. */
const NOT_RUN = /\.(map|md|d\.[cm]?ts)$/;

/**
 * Makes the world-readable copy of our code, its production packages and Node 24 below
 * `shared/runtime`, keyed by content, and returns its folder.
 */
export async function ensureRuntimeCopy(root, shared) {
  const runtimes = join(shared, "runtime");
  const folder = join(runtimes, hashCode(root));
  if (existsSync(folder)) {
    markUsed(folder);
    return folder;
  }
  await withLock(join(shared, ".runtime.lock"), "copying the program", async () => {
    if (existsSync(folder)) return;
    await step("copying the program to where its unprivileged processes can read it", folder, () =>
      build(root, runtimes, folder),
    );
    removeUnused(runtimes, [basename(folder), `packages-${hashPackages(root)}`]);
  });
  return folder;
}

function hashCode(root) {
  const hash = createHash("sha256");
  hash.update(`${RECIPE} ${process.arch} `);
  for (const file of [...listSources(root), "package.json"]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  hash.update(hashPackages(root));
  return hash.digest("hex").slice(0, 16);
}

/** The lock file names every package by content; an installed package has none, and never changes. */
function hashPackages(root) {
  const lock = join(root, "package-lock.json");
  const source = existsSync(lock) ? lock : join(root, "package.json");
  return createHash("sha256")
    .update(readFileSync(source))
    .update(`${RECIPE} ${process.arch}`)
    .digest("hex")
    .slice(0, 16);
}

async function build(root, runtimes, folder) {
  mkdirSync(runtimes, { recursive: true, mode: 0o755 });
  const packages = await ensurePackages(root, runtimes);
  const work = join(runtimes, `.new-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  // Hard links: the big part (packages and Node) is the same in every copy.
  await run(["cp", "-al", packages, work]);
  for (const file of [...listSources(root), "package.json"]) {
    mkdirSync(dirname(join(work, file)), { recursive: true, mode: 0o755 });
    cpSync(join(root, file), join(work, file));
  }
  await stripTree(root, work);
  await placePages(root, join(work, "dist"));
  for (const name of [...CODE_FOLDERS, "dist", "package.json"]) {
    if (existsSync(join(work, name))) await run(["chmod", "-R", "u=rwX,go=rX", join(work, name)]);
  }
  markUsed(work);
  renameSync(work, folder);
}

/**
 * Stripped once, here: each process would else load the stripper (0.3 s, 30 MB). The sources stay
 * beside, for tests that start them. Node 24 does it, since this may be Node 20.
 */
export async function stripTree(from, to) {
  if (!listSources(from).some((file) => file.endsWith(".ts"))) return;
  const program = join(from, "worker/setup/strip-tree.mjs");
  await run([findNode(from), "--disable-warning=ExperimentalWarning", program, from, to]);
}

/** A clone bundles its pages, also into a `dist` of its own; a package has brought the bundle. */
async function placePages(root, target) {
  if (await bundlePages(root, target)) {
    for (const name of readdirSync(target))
      cpSync(join(target, name), join(root, "dist", name), { recursive: true });
  } else if (existsSync(join(root, "dist")))
    cpSync(join(root, "dist"), target, { recursive: true });
}

/** The part of a copy that changes only with the lock file: packages, and Node at bin/node. */
async function ensurePackages(root, runtimes) {
  const folder = join(runtimes, `packages-${hashPackages(root)}`);
  if (!existsSync(folder)) {
    const work = `${folder}.new-${process.pid}`;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(join(work, "bin"), { recursive: true, mode: 0o755 });
    for (const [place, source] of productionClosure(root)) {
      // Its own nested packages are entries of their own, and Node's has only to bring bin/node.
      if (basename(place).startsWith("node-linux-")) continue;
      const nested = join(source, "node_modules");
      cpSync(source, join(work, place), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (file) => file !== nested && !NOT_RUN.test(file),
      });
    }
    cpSync(findNode(root), join(work, "bin", "node"));
    copyHeaders(join(dirname(findNode(root)), "../include/node"), join(work, "include/node"));
    await run(["chown", "-R", "0:0", work]);
    await run(["chmod", "-R", "u=rwX,go=rX", work]);
    chmodSync(join(work, "bin", "node"), 0o755);
    renameSync(work, folder);
  }
  markUsed(folder);
  return folder;
}

/** For native modules in sandboxes: without OpenSSL's settings of other machines, nine tenths of it. */
function copyHeaders(from, to) {
  if (!existsSync(from)) return;
  const archs = join(from, "openssl/archs");
  const own = join(archs, { x64: "linux-x86_64", arm64: "linux-aarch64" }[process.arch] ?? "");
  const filter = (file) => dirname(file) !== archs || file === own;
  cpSync(from, to, { recursive: true, filter });
}

function markUsed(folder) {
  const now = new Date();
  utimesSync(folder, now, now);
}

/** Removes copies that were not started from for a while and that no process knows of. */
function removeUnused(runtimes, needed) {
  const known = readProcesses();
  for (const name of readdirSync(runtimes)) {
    const folder = join(runtimes, name);
    if (needed.includes(name) || Date.now() - statSync(folder).mtimeMs < UNUSED_MS) continue;
    if (known.some((text) => text.includes(folder))) continue;
    removeAside(folder);
    // It is keyed by path: most of it belongs to what went. Node makes it again.
    removeAside(join(runtimes, "..", "compile-cache"));
  }
}

/** Other processes may write there at this moment: what cannot go now goes another time. */
function removeAside(folder) {
  const doomed = `${folder}.gone-${process.pid}`;
  try {
    renameSync(folder, doomed);
    rmSync(doomed, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // It is not there, or still written to.
  }
}

/** Command lines and environments: who runs from a copy, or will start others from it. */
function readProcesses() {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) =>
    ["cmdline", "environ"].map((name) => {
      try {
        return readFileSync(`/proc/${pid}/${name}`, "latin1");
      } catch {
        // It ended meanwhile.
        return "";
      }
    }),
  );
}
