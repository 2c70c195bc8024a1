import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What no reader may ever see. */
export const secret = "of the host";

/** A folder in which a process of another user swaps files, parents and links without pause. */
export interface Race extends AsyncDisposable {
  readonly root: string;
  /** Swapped between file, link and FIFO; its parents between folders and links. */
  readonly path: string;
}

export async function openRace(): Promise<Race> {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "race-"));
  const root = join(home, "root");
  const host = join(home, "host");
  mkdirSync(join(host, "a/b"), { recursive: true });
  writeFileSync(join(host, "a/b/file"), secret);
  mkdirSync(root);
  const script = join(import.meta.dirname, "swapper.py");
  const child = spawn("python3", [script, root, host], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    root,
    path: "a/b/file",
    async [Symbol.asyncDispose]() {
      await end(child);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
