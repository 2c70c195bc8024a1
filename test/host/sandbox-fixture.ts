import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  forgetSandbox,
  openSandbox,
  type Sandbox,
  type SandboxOptions,
  type SandboxSpec,
  sweepLeftovers,
} from "../../sandbox/sandbox.ts";
import { type StateFolder, stateFolder } from "../../sandbox/state-folder.ts";

export const mebibyte = 1024 ** 2;

/** A state folder of its own; images, tools and uid ranges are the host's. */
export function makeSandboxHome(): StateFolder & AsyncDisposable {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "sandbox-"));
  chmodSync(home, 0o755);
  const folder = stateFolder(home, process.env.COLONY_SHARED ?? "/var/lib/colony/shared");
  return {
    ...folder,
    async [Symbol.asyncDispose]() {
      const { living } = await sweepLeftovers(folder);
      // Of a test that did not get as far as closing them.
      for (const id of living) await forgetSandbox(folder, id);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A small sandbox without workspace or network. */
export function smallSpec(id: string, changes: Partial<SandboxSpec> = {}): SandboxSpec {
  return {
    id,
    epoch: 1,
    hostname: id,
    binds: [],
    limits: {
      memoryBytes: 512 * mebibyte,
      pids: 128,
      cpus: 2,
      diskBytes: 512 * mebibyte,
      openFiles: 1024,
    },
    egress: { kind: "none" },
    forwards: [],
    ...changes,
  };
}

/** Opens it for one test: closed and forgotten at the end, whatever happens. */
export async function openForTest(
  folder: StateFolder,
  spec: SandboxSpec,
  options: SandboxOptions = { withNetwork: false },
): Promise<Sandbox> {
  // The clone may lie where only root can read; the relay is nobody.
  const code =
    process.env.COLONY_RUNTIME === undefined ? {} : { codeRoot: process.env.COLONY_RUNTIME };
  const sandbox = await openSandbox(folder, spec, { ...code, ...options });
  return {
    ...sandbox,
    async [Symbol.asyncDispose]() {
      await sandbox.close().catch(() => undefined);
      await forgetSandbox(folder, spec.id);
    },
  };
}

/** Runs a shell line inside; answers what it printed and its exit code. */
export async function shell(
  sandbox: Sandbox,
  line: string,
  timeoutMs = 60_000,
): Promise<{ readonly text: string; readonly code: number | null }> {
  const options = { timeoutMs, maxOutputBytes: mebibyte };
  const { output, exitCode } = await sandbox.exec(["sh", "-c", line], options);
  return { text: output.trim(), code: exitCode };
}
