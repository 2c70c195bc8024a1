import { createHash } from "node:crypto";
import { copyFile, cp, lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { renderAccounts } from "./accounts.ts";
import { chosenEtc, chosenVarLib, isForbidden } from "./chosen-files.ts";
import { parseConffiles, parseOwnedPaths } from "./dpkg.ts";
import { makeFolder } from "./folders.ts";

/** Fills `/etc` and `/var` of the image with what `chosen-files.ts` and dpkg allow. */
export async function fillEtcAndVar(target: string): Promise<void> {
  await makeOwnedFolders(target);
  await copyPristineConffiles(target);
  for (const path of chosenEtc) await copyReadable(join("/etc", path), target);
  for (const path of chosenVarLib) await copyReadable(join("/var/lib", path), target);
  const passwd = await readFile("/etc/passwd", "utf8");
  const generated = renderAccounts(passwd, await readFile("/etc/group", "utf8"));
  for (const [name, text] of Object.entries(generated)) {
    const mode = name.includes("shadow") ? 0o640 : 0o644;
    await replaceFile(join(target, "etc", name), text, mode);
  }
  for (const name of ["config.dat", "templates.dat", "passwords.dat"]) {
    await replaceFile(join(target, "var/cache/debconf", name), "", 0o644);
  }
  for (const path of [
    "var/lib/dpkg/updates",
    "var/lib/dpkg/parts",
    "var/cache/apt/archives/partial",
  ]) {
    makeFolder(join(target, path), 0o755);
  }
  makeFolder(join(target, "var/lib/apt/lists/partial"), 0o755);
  makeFolder(join(target, "var/tmp"), 0o1777);
}

/** Every folder outside `/usr` that a package owns, with the host's mode and owner. */
async function makeOwnedFolders(target: string): Promise<void> {
  const info = "/var/lib/dpkg/info";
  const lists = (await readdir(info)).filter((name) => name.endsWith(".list"));
  const paths = new Set<string>();
  for (const name of lists) {
    for (const path of parseOwnedPaths(await readFile(join(info, name), "utf8"))) paths.add(path);
  }
  for (const path of [...paths].sort()) {
    if (isForbidden(path)) continue;
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSymbolicLink()) await copyReadable(path, target);
    else if (found?.isDirectory() && found.uid < 1000) {
      makeFolder(join(target, path), found.mode & 0o7777, found);
    }
  }
}

/** A file that still has the MD5 of its package cannot hold a secret of this host. */
async function copyPristineConffiles(target: string): Promise<void> {
  for (const { path, md5 } of parseConffiles(await readFile("/var/lib/dpkg/status", "utf8"))) {
    if (isForbidden(path) || !(await isReadableByAll(path))) continue;
    const bytes = await readFile(path);
    if (createHash("md5").update(bytes).digest("hex") !== md5) continue;
    const to = join(target, path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(path, to);
  }
}

async function isReadableByAll(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && (found.mode & 0o004) !== 0;
}

/** Copies a file, link or tree without what is not world-readable or is forbidden. */
async function copyReadable(path: string, target: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  await mkdir(dirname(join(target, path)), { recursive: true });
  await cp(path, join(target, path), {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    force: true,
    filter: async (source) => {
      if (isForbidden(source)) return false;
      const one = await lstat(source).catch(() => undefined);
      if (one === undefined) return false;
      if (one.isSymbolicLink()) return true;
      if (one.isDirectory()) return (one.mode & 0o005) === 0o005;
      return one.isFile() && (one.mode & 0o004) !== 0;
    },
  });
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Never through an existing link: it may lead out of the image.
  await rm(path, { force: true });
  await writeFile(path, text, { mode });
}
