import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sandbox, SandboxLimits } from "../../../sandbox/sandbox.ts";
import type { StateFolder } from "../../../sandbox/state-folder.ts";
import { mebibyte, openForTest, smallSpec } from "../sandbox-fixture.ts";
import { armHost } from "./decoys.ts";
import { makePlace, type Place, type ProbeResult, parseResults } from "./place.ts";
import type { Probe } from "./probe.ts";

const python = "/usr/bin/python3";

/** Said of a probe that ended the runner, or the sandbox. */
export const runnerEnded = "the runner was ended";

/** What the probes of exhaustion want more of. */
const exhaustionLimits: SandboxLimits = {
  memoryBytes: 128 * mebibyte,
  pids: 100,
  cpus: 0.2,
  diskBytes: 64 * mebibyte,
  openFiles: 256,
};

/** An armed host with a sandbox to break out of and a neighbour to disturb. */
export interface Scene extends AsyncDisposable {
  /** Tries all, in the one sandbox that lives as long as the scene. */
  try(probes: readonly Probe[]): Promise<ProbeResult[]>;
  /** As `try`, of one probe that the host starts in a folder that the sandbox has named. */
  enter(cwd: string, probe: Probe): Promise<ProbeResult | undefined>;
  /** Runs a line of shell inside. */
  shell(line: string): Promise<void>;
  /** A further sandbox, of little means. */
  openSmall(changes?: Partial<SandboxLimits>): Promise<SmallSandbox>;
}

/** Where probes of exhaustion are tried: they may take the runner with them. */
export interface SmallSandbox extends AsyncDisposable {
  try(probe: Probe, seconds?: number): Promise<ProbeResult>;
  /** Whether programs can still be started in it. */
  isAlive(): Promise<boolean>;
}

/** Opens it with the named OCI runtime. */
export async function openScene(folder: StateFolder, runtime: string): Promise<Scene> {
  const place = makePlace(folder.home);
  await using stack = new AsyncDisposableStack();
  stack.use(await armHost(place));
  const sandbox = stack.use(await open(folder, place, `abuse-${runtime}`, runtime));
  const neighbour = stack.use(await open(folder, place, `beside-${runtime}`, runtime));
  await armNeighbour(neighbour, place);
  const kept = stack.move();
  let count = 0;
  return {
    try: (probes) => run(sandbox, place, probes),
    async enter(cwd, probe) {
      return (await run(sandbox, place, [probe], undefined, cwd))[0];
    },
    async shell(line) {
      await sandbox.exec(["sh", "-c", line], { timeoutMs: 20_000, maxOutputBytes: 1000 });
    },
    async openSmall(changes = {}) {
      const limits = { ...exhaustionLimits, ...changes };
      const small = await open(folder, place, `small-${++count}`, runtime, limits);
      return {
        async try(probe, seconds) {
          const [result] = await run(small, place, [probe], seconds);
          return result ?? { name: probe.name, fired: false, status: null, said: runnerEnded };
        },
        async isAlive() {
          const options = { timeoutMs: 20_000, maxOutputBytes: 1000, cwd: "/" };
          return (await small.exec(["true"], options)).exitCode === 0;
        },
        [Symbol.asyncDispose]: () => small[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** With the network of a task: the relay is among what is tried. */
function open(
  folder: StateFolder,
  place: Place,
  id: string,
  runtime: string,
  limits?: SandboxLimits,
): Promise<Sandbox> {
  const spec = smallSpec(id, {
    binds: [{ source: place.inside, target: "/opt/abuse" }],
    egress: { kind: "names", names: [place.decoys.name] },
    ...(limits === undefined ? {} : { limits }),
  });
  return openForTest(folder, spec, { runtime });
}

async function armNeighbour(neighbour: Sandbox, place: Place): Promise<void> {
  const argv = [
    python,
    "/opt/abuse/neighbour.py",
    "/opt/abuse/decoys.json",
    place.decoys.neighbour_tag,
  ];
  const process = await neighbour.start({ name: "neighbour", argv, env: {}, cwd: "/" });
  for (let step = 0; step < 200; step++) {
    if (readFileSync(process.spoolPath, "utf8").includes("armed")) return;
    await sleep(50);
  }
  throw new Error("The neighbour did not arm itself.");
}

async function run(
  sandbox: Sandbox,
  place: Place,
  probes: readonly Probe[],
  seconds?: number,
  cwd = "/",
): Promise<ProbeResult[]> {
  place.plan(probes, seconds);
  const { output } = await sandbox.exec([python, "/opt/abuse/runner.py", "plan.json"], {
    timeoutMs: 900_000,
    maxOutputBytes: 8 * mebibyte,
    cwd,
  });
  const results = parseResults(output);
  if (results.length < probes.length && probes.length > 1) {
    throw new Error(`The runner stopped after ${results.at(-1)?.name}: ${output.slice(-500)}`);
  }
  return results;
}
