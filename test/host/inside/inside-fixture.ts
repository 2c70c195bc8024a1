import { readFileSync } from "node:fs";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import { effectiveSettings } from "../../../worker/settings/effective-settings.ts";
import { makeSandboxHome, openForTest, shell, smallSpec } from "../sandbox-fixture.ts";
import { type HostState, processesOfRanges, readHostState, readMounts } from "./host-state.ts";

/** Sandboxes as a task without any settings gets them, and the host as it was before. */
export interface Inside extends AsyncDisposable {
  readonly sandboxes: readonly Sandbox[];
  /** Ends them; answers the host before and after, and processes that are left. */
  end(): Promise<{
    readonly before: HostState;
    readonly after: HostState;
    readonly processes: readonly string[];
    readonly mounts: readonly string[];
  }>;
}

/** `names`: of hosts beside the registries, as the repository's own host is. */
export async function openInside(
  ids: readonly string[],
  options: {
    readonly ports?: readonly number[];
    readonly names?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Inside> {
  const { ports = [], names = [], env = {} } = options;
  const before = readHostState(ports);
  await using stack = new AsyncDisposableStack();
  const mountsBefore = new Set(readFileSync("/proc/self/mounts", "utf8").split("\n"));
  const folder = stack.use(makeSandboxHome());
  const { limits } = effectiveSettings({}, {});
  const settingsOwner = { env: { ...process.env, ...env }, home: "/root" };
  const sandboxes: Sandbox[] = [];
  for (const id of ids) {
    const spec = smallSpec(id, { limits, egress: { kind: "packages", alsoNames: names } });
    sandboxes.push(stack.use(await openForTest(folder, spec, { settingsOwner })));
  }
  const bases = sandboxes.map(({ uidBase }) => uidBase);
  const owned = stack.move();
  return {
    sandboxes,
    async end() {
      await owned.disposeAsync();
      return {
        before,
        after: readHostState(ports),
        processes: processesOfRanges(bases),
        mounts: readMounts(folder.home).filter((line) => !mountsBefore.has(line)),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a script that must end well; answers what it printed. */
export async function succeed(
  sandbox: Sandbox,
  script: string,
  timeoutMs = 240_000,
): Promise<string> {
  const { text, code } = await shell(sandbox, `set -e\n${script}`, timeoutMs);
  if (code !== 0) throw new Error(`It ended with ${code}: ${text.slice(-3_000)}`);
  return text;
}
