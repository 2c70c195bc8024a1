import { lstat, mkdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { putBrowsers } from "./browser.ts";
import { fillEtcAndVar } from "./etc-and-var.ts";
import { makeFolder } from "./folders.ts";
import { insideHeaders, nodeHeaders } from "./node-headers.ts";

const buildTimeoutMs = 10 * 60_000;

/** Folders of the skeleton with their modes; `/run/lock` because `/var/lock` points at it. */
const skeleton: readonly (readonly [path: string, mode: number])[] = [
  ["usr", 0o755],
  ["etc", 0o755],
  ["var", 0o755],
  ["root", 0o700],
  ["home", 0o755],
  ["workspace", 0o755],
  ["opt", 0o755],
  ["srv", 0o755],
  ["mnt", 0o755],
  ["media", 0o755],
  ["boot", 0o755],
  ["proc", 0o555],
  ["sys", 0o555],
  ["dev", 0o755],
  ["run", 0o755],
  ["run/lock", 0o1777],
  ["tmp", 0o1777],
];

/**
 * Builds the image below `target`: the host's `/usr` by hard links, then a skeleton. A file of the
 * farm has the host's inode: it is never changed in place, only unlinked.
 */
export async function buildImage(target: string, nodePath: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o755 });
  for (const [path, mode] of skeleton) makeFolder(join(target, path), mode);
  await copyUsr(target);
  await rm(join(target, "usr/local/bin/node"), { force: true });
  await mkdir(join(target, "usr/local/bin"), { recursive: true });
  await putNode(target, nodePath);
  await putBrowsers(target);
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]) {
    await copyTopLink(target, name);
  }
  await fillEtcAndVar(target);
}

/** Our Node with the headers that came with it: the host's fit another, whose modules do not load. */
async function putNode(target: string, nodePath: string): Promise<void> {
  const own = join(target, "usr/local/bin/node");
  await runHost("putting Node into the image", ["cp", "--reflink=auto", nodePath, own]);
  const headers = nodeHeaders(nodePath);
  if (headers === undefined) return;
  await mkdir(join(target, "usr/local/include"), { recursive: true });
  await rm(join(target, insideHeaders, "include/node"), { recursive: true, force: true });
  await runHost("putting Node's headers into the image", [
    ...(["cp", "-r", "--reflink=auto", headers] as const),
    join(target, insideHeaders, "include/node"),
  ]);
}

/** Hard links where one file system holds both, else a copy. */
async function copyUsr(target: string): Promise<void> {
  const copied = await runCommand({
    argv: ["cp", "-alx", "/usr/.", join(target, "usr")],
    env: systemEnvironment,
    timeoutMs: buildTimeoutMs,
    maxOutputBytes: 64_000,
  });
  if (copied.exitCode !== 0) {
    const from = ["cp", "-ax", "--reflink=auto", "/usr/.", join(target, "usr")] as const;
    await runHost("copying /usr into the image", from);
  }
  await runHost("leaving out what is not world-readable", [
    "find",
    join(target, "usr"),
    ...["(", "-type", "f", "!", "-perm", "-004"],
    ...["-o", "-type", "d", "!", "-perm", "-005"],
    ...["-o", "!", "-type", "f", "!", "-type", "d", "!", "-type", "l", ")"],
    ...["-prune", "-exec", "rm", "-rf", "{}", "+"],
  ]);
}

async function copyTopLink(target: string, name: string): Promise<void> {
  const found = await lstat(join("/", name)).catch(() => undefined);
  if (found === undefined) return;
  if (found.isSymbolicLink()) {
    await symlink(await readlink(join("/", name)), join(target, name));
    return;
  }
  await runHost(`copying /${name} into the image`, ["cp", "-alx", `/${name}`, target]);
}

async function runHost(act: string, argv: readonly [string, ...string[]]): Promise<void> {
  const options = { env: systemEnvironment, timeoutMs: buildTimeoutMs, maxOutputBytes: 64_000 };
  await runOrThrow(act, { argv, ...options });
}
