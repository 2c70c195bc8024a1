import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, realpath, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { removeTree } from "../removal.ts";
import type { StateFolder } from "../state-folder.ts";
import { finishOwnImage, refuseIncomplete } from "./finish-own-image.ts";
import type { Image } from "./image.ts";
import { ImageError } from "./image-error.ts";
import { copyOciLayout, isOciLayout, ociFingerprint } from "./oci-layout.ts";

/** Part of the key: raise it when such images are made in another way. */
const ownVersion = 1;
const timeoutMs = 30 * 60_000;

/** Who may have an image where. */
export interface OwnImageRules {
  /** Folders of the host that the administrator lists. */
  readonly folders: readonly string[];
  /** Beside root: who set the repository up. */
  readonly ownerUid: number;
}

/**
 * An image of the team's own: an OCI layout, or the folder of a root file system. It is copied once
 * for each of its states, so that no change reaches a sandbox that uses it. Throws `ImageError`.
 */
export async function ensureOwnImage(
  folder: StateFolder,
  wished: string,
  rules: OwnImageRules,
  onProgress?: (sentence: string) => void,
): Promise<Image> {
  const path = await allowedPath(wished, rules);
  const isOci = isOciLayout(path);
  if (!isOci) refuseIncomplete(path, wished);
  const state = isOci ? await ociFingerprint(path) : await fingerprint(path);
  const key = createHash("sha256")
    .update(`own ${ownVersion} ${process.version} ${path} ${state}`)
    .digest("hex")
    .slice(0, 16);
  const target = join(folder.images, key);
  if (existsSync(target)) return { key, path: target };
  onProgress?.(`Copying the image ${wished} (once for each of its states).`);
  await mkdir(folder.images, { recursive: true, mode: 0o700 });
  const unfinished = join(folder.images, `.new-${key}-${process.pid}`);
  await removeTree(unfinished);
  try {
    await mkdir(unfinished, { mode: 0o755 });
    if (isOci) await copyOciLayout(path, unfinished);
    else await copyTree(path, unfinished);
    const now = isOci ? await ociFingerprint(path) : await fingerprint(path);
    if (now !== state) {
      throw new ImageError(
        wished,
        "it changed while it was copied. Retry when nobody writes to it.",
      );
    }
    refuseIncomplete(unfinished, wished);
    await finishOwnImage(unfinished);
    await rename(unfinished, target);
  } catch (error) {
    await removeTree(unfinished);
    // Another process was faster: the same key is the same image.
    if (existsSync(target)) return { key, path: target };
    throw asImageError(wished, error);
  }
  return { key, path: target };
}

async function allowedPath(wished: string, rules: OwnImageRules): Promise<string> {
  const folders = await Promise.all(rules.folders.map((one) => realpath(one).catch(() => one)));
  if (folders.length === 0) {
    const sentence = `no folder of this host may hold images. Its administrator can allow one: \`images: [/srv/images]\` in config.yml.`;
    throw new ImageError(wished, sentence);
  }
  const path = await realpath(wished).catch(() => undefined);
  if (path === undefined)
    throw new ImageError(wished, "there is nothing of that name on this host.");
  if (!folders.some((one) => path.startsWith(`${one}/`))) {
    const sentence = `it is not below ${folders.join(" or ")}, where the administrator's \`images:\` in config.yml allows them.`;
    throw new ImageError(wished, sentence);
  }
  const found = await stat(path);
  if (!found.isDirectory()) {
    throw new ImageError(
      wished,
      "it is a file; expected the folder of an OCI layout or a root file system.",
    );
  }
  if (found.uid !== 0 && found.uid !== rules.ownerUid) {
    throw new ImageError(
      wished,
      `it belongs to uid ${found.uid}; expected root${rules.ownerUid === 0 ? "" : ` or uid ${rules.ownerUid}, who set the repository up`}.`,
    );
  }
  if ((found.mode & 0o002) !== 0) {
    throw new ImageError(wished, `everybody may write to it: chmod o-w ${path}`);
  }
  return path;
}

/** Every name with what a change of it would change. */
async function fingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  const { exitCode } = await runCommand({
    argv: ["find", path, "-xdev", "-printf", "%P\\0%y %s %m %U %G %T@ %C@ %l\\0"],
    env: systemEnvironment,
    timeoutMs,
    maxOutputBytes: 64_000,
    async onStdout(stdout) {
      for await (const bytes of stdout) hash.update(bytes);
    },
  });
  // A name that went while we looked: the second look will differ.
  return `${exitCode} ${hash.digest("hex")}`;
}

async function copyTree(path: string, target: string): Promise<void> {
  const argv = ["cp", "-ax", "--reflink=auto", `${path}/.`, target] as const;
  const copied = await runCommand({
    argv,
    env: systemEnvironment,
    timeoutMs,
    maxOutputBytes: 64_000,
  });
  if (copied.exitCode !== 0) throw new CopyError(copied);
}

class CopyError extends Error {
  override readonly name = "CopyError";
  readonly result: CommandResult;
  constructor(result: CommandResult) {
    super(result.stderr.trim().split("\n").slice(-2).join(" ").slice(-400));
    this.result = result;
  }
}

function asImageError(wished: string, error: unknown): unknown {
  if (!(error instanceof CopyError)) return error;
  return new ImageError(wished, `copying it failed: ${error.message}`, { cause: error });
}
