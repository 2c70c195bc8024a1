import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Exit } from "../spec.ts";

/** Files of one spooled process. */
export interface SpoolPaths {
  /** Raw output: stdout, or all of a terminal. */
  readonly out: string;
  readonly err: string;
  readonly in: string;
  readonly exit: string;
  readonly processFile: string;
  readonly pidFile: string;
}

/** Maps a process name to its spool files. */
export function spoolPaths(folder: string, name: string): SpoolPaths {
  return {
    out: join(folder, `${name}.out`),
    err: join(folder, `${name}.err`),
    in: join(folder, `${name}.in`),
    exit: join(folder, `${name}.exit`),
    processFile: join(folder, `${name}.process`),
    pidFile: join(folder, `${name}.pid`),
  };
}

/** An append-only file that counts its bytes. */
export class SpoolFile implements Disposable {
  readonly #fd: number;
  size: number;

  constructor(path: string) {
    this.#fd = openSync(path, "a", 0o600);
    this.size = statSync(path).size;
  }

  /** Returns when the kernel has every byte: what was read from the program is never lost. */
  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done);
    }
    this.size += bytes.length;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Writes the exit record whole or not at all. */
export function saveExit(path: string, exit: Exit): void {
  writeFileSync(`${path}.new`, JSON.stringify(exit), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The exit record, when the process has ended. */
export function readExit(path: string): Exit | undefined {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8"));
}
