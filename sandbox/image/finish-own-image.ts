import { existsSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOrThrow } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { putBrowsers } from "./browser.ts";
import { makeFolder } from "./folders.ts";
import { ImageError } from "./image-error.ts";
import { isPlainFolder, statInside } from "./inside-root.ts";

const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** What a sandbox is started with. */
const needed = ["/bin/sh", "/usr/bin/env", "/usr/bin/sleep"];

/** Throws `ImageError` where a sandbox could not even start. */
export function refuseIncomplete(root: string, wished: string): void {
  for (const path of needed) {
    const found = statInside(root, path);
    if (found?.isFile() === true && (found.mode & 0o111) !== 0) continue;
    const what = found === undefined ? `it has no ${path}` : `its ${path} is no program`;
    throw new ImageError(wished, `${what}; expected an OCI layout or a whole root file system.`);
  }
}

/**
 * What a sandbox brings along, in an image that we only copied: nothing in it is followed, for its
 * links are the team's.
 */
export async function finishOwnImage(root: string): Promise<void> {
  await runOrThrow("leaving devices and sockets out of the image", {
    argv: [
      "find",
      root,
      "-xdev",
      "(",
      "-type",
      "b",
      "-o",
      "-type",
      "c",
      "-o",
      "-type",
      "s",
      "-o",
      "-type",
      "p",
      ")",
      "-delete",
    ],
    env: systemEnvironment,
    timeoutMs: 600_000,
    maxOutputBytes: 64_000,
  });
  for (const [name, mode] of [
    ...([
      ["proc", 0o555],
      ["sys", 0o555],
      ["dev", 0o755],
      ["run", 0o755],
      ["root", 0o700],
    ] as const),
    ...([
      ["tmp", 0o1777],
      ["workspace", 0o755],
      ["etc", 0o755],
      ["opt", 0o755],
    ] as const),
  ]) {
    if (statInside(root, name) === undefined) {
      await rm(join(root, name), { force: true });
      makeFolder(join(root, name), mode);
    }
  }
  await put(root, "etc/resolv.conf", "nameserver 127.0.0.1\n");
  // What this host trusts, as in its own image: registries may have a certificate of the house.
  if (existsSync(certificates) && (await makePlain(root, dirname(certificates)))) {
    await rm(join(root, certificates), { force: true });
    await copyFile(certificates, join(root, certificates));
  }
  if (isPlainFolder(root, "usr/bin") && isPlainFolder(root, "usr/local/bin"))
    await putBrowsers(root);
}

async function put(root: string, path: string, text: string): Promise<void> {
  if (!isPlainFolder(root, dirname(path))) return;
  await rm(join(root, path), { recursive: true, force: true });
  await writeFile(join(root, path), text, { mode: 0o644 });
}

/** Answers whether all of it is folders now. */
async function makePlain(root: string, path: string): Promise<boolean> {
  const parts = path.split("/").filter(Boolean);
  for (const [index] of parts.entries()) {
    const one = parts.slice(0, index + 1).join("/");
    if (isPlainFolder(root, one)) continue;
    await mkdir(join(root, one), { mode: 0o755 }).catch(() => undefined);
    if (!isPlainFolder(root, one)) return false;
  }
  return true;
}
