import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  forgetSandbox,
  openSandbox,
  type Sandbox,
  type SandboxSpec,
} from "../../sandbox/sandbox.ts";
import { type StateFolder, stateFolder } from "../../sandbox/state-folder.ts";

/** A state folder for one bench. */
export function makeBenchHome(): StateFolder & Disposable {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "bench-"));
  chmodSync(home, 0o755);
  const folder = stateFolder(home, process.env.COLONY_SHARED ?? "/var/lib/colony/shared");
  return { ...folder, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
}

/** A sandbox as a task has it: with network, a model gateway's forward, no workspace. */
export function benchSpec(id: string): SandboxSpec {
  return {
    id,
    epoch: 1,
    hostname: id,
    binds: [],
    limits: {
      memoryBytes: 1024 ** 3,
      pids: 512,
      cpus: 2,
      diskBytes: 4 * 1024 ** 3,
      openFiles: 4096,
    },
    egress: { kind: "packages", alsoNames: [] },
    forwards: [{ port: 4010, socketPath: "/nonexistent/gateway.sock" }],
  };
}

/** Opens as many, one after the other; disposing ends and forgets them. */
export async function openMany(
  folder: StateFolder,
  count: number,
): Promise<{ readonly sandboxes: readonly Sandbox[] } & AsyncDisposable> {
  const sandboxes: Sandbox[] = [];
  for (let index = 0; index < count; index++) {
    sandboxes.push(await openSandbox(folder, benchSpec(`bench-${index}`)));
  }
  return {
    sandboxes,
    async [Symbol.asyncDispose]() {
      for (const sandbox of sandboxes) {
        await sandbox.close();
        await forgetSandbox(folder, sandbox.id);
      }
    },
  };
}
