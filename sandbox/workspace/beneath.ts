import { closeSync, constants, fstatSync, openSync, readdirSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";

/**
 * The one door by which a host process looks at files that a sandbox may change meanwhile. Each
 * component is opened from its parent's descriptor (`/proc/self/fd/N/name` is Node's openat) and no
 * link is followed, so whatever is swapped on the way, nothing outside of the root is ever opened.
 * What is opened first is only a handle (O_PATH): no FIFO, device or socket is touched to learn
 * what it is, and what is read is the very file that was looked at.
 */
export class Beneath implements Disposable {
  readonly #root: number;

  /** `root` is a path that no sandbox can change; what lies below it may be anything. */
  constructor(root: string) {
    this.#root = openSync(root, handle | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  /** What has this name now; undefined where there is nothing, or a link or file on the way. */
  kindOf(path: string): EntryKind | undefined {
    const entry = this.#find(path);
    if (entry === undefined) return undefined;
    closeSync(entry.fd);
    return kindOf(entry.stats);
  }

  /** Names in a folder; none where there is no folder of this name, or a link on the way. */
  namesIn(path: string): string[] {
    const entry = this.#find(path);
    if (entry === undefined) return [];
    try {
      return entry.stats.isDirectory() ? readdirSync(byDescriptor(entry.fd)) : [];
    } finally {
      closeSync(entry.fd);
    }
  }

  /**
   * A whole file of at most `maxBytes`. Throws `BeneathError` for anything else; a larger file costs
   * nothing, and neither does one without end.
   */
  async readFile(path: string, maxBytes: number): Promise<Buffer> {
    const entry = this.#find(path);
    if (entry === undefined) throw new BeneathError(path, "missing");
    try {
      if (!entry.stats.isFile()) throw new BeneathError(path, "not-a-file");
      if (entry.stats.size > maxBytes) throw new BeneathError(path, "too-large");
      // Without waiting, also for the owner of a lease on it.
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      await using file = await open(byDescriptor(entry.fd), flags);
      const bytes = Buffer.alloc(entry.stats.size);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      closeSync(entry.fd);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#root);
  }

  #find(path: string): { readonly fd: number; readonly stats: Stats } | undefined {
    const names = componentsOf(path);
    let fd: number | undefined;
    try {
      for (const [index, name] of names.entries()) {
        const parent = fd ?? this.#root;
        const isLast = index === names.length - 1;
        const flags = handle | constants.O_NOFOLLOW | (isLast ? 0 : constants.O_DIRECTORY);
        const next = openSync(`${byDescriptor(parent)}/${name}`, flags);
        if (fd !== undefined) closeSync(fd);
        fd = next;
      }
      if (fd === undefined) throw new BeneathError(path, "bad-path");
      return { fd, stats: fstatSync(fd) };
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }
}

/** What a name stands for. */
export type EntryKind = "file" | "folder" | "link" | "other";

export type BeneathReason = "missing" | "not-a-file" | "too-large" | "bad-path";

const words: Readonly<Record<BeneathReason, string>> = {
  missing: "is not there",
  "not-a-file": "is no file",
  "too-large": "is too large to be looked at",
  "bad-path": "is no path inside a workspace",
};

/** A file in a workspace cannot be read; the message can be shown. */
export class BeneathError extends Error {
  override readonly name = "BeneathError";
  readonly path: string;
  readonly reason: BeneathReason;
  constructor(path: string, reason: BeneathReason) {
    super(`${JSON.stringify(path.slice(0, 200))} ${words[reason]}.`);
    this.path = path;
    this.reason = reason;
  }
}

/** O_PATH, which Node does not name; the same on every architecture that we run on. */
const handle = 0o10000000;
const maxDepth = 256;

function byDescriptor(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** Names of a relative path; none of them leads up, stays, or is none. */
function componentsOf(path: string): string[] {
  const names = path.split("/");
  const isPlain = names.every((name) => !["", ".", ".."].includes(name) && !name.includes("\0"));
  if (!isPlain || names.length > maxDepth) throw new BeneathError(path, "bad-path");
  return names;
}

/** ELOOP comes from kernels that say it of a link where a folder is wanted. */
function isAbsence(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENAMETOOLONG";
}

function kindOf(stats: Stats): EntryKind {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "link" : "other";
}
