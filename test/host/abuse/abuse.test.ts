import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toolPath } from "../../../sandbox/host-environment.ts";
import { makeSandboxHome } from "../sandbox-fixture.ts";
import { probes } from "./all-probes.ts";
import { contained } from "./contained.ts";
import { openScene, runnerEnded, type Scene } from "./live.ts";
import { diskProbe, exhaustionProbes } from "./probes/exhaustion.ts";
import { entryProbe } from "./probes/launcher.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const expected = contained.filter(({ onlyIf }) => onlyIf?.() ?? true).map(({ name }) => name);

/** Two runtimes, hundreds of programs, and perhaps a busy machine. */
const patient = { timeout: 300_000 };

test("the suite is what it claims: many probes, few that may succeed, each with its reason", () => {
  const all = [...probes, ...exhaustionProbes, diskProbe];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(300);
  expect(contained.length).toBeLessThanOrEqual(5);
  for (const { why } of contained) expect(why.length).toBeGreaterThan(20);
});

// runc is no part of the set-up: where a host has it, it must hold like crun.
describe.each(["crun", "runc"])("%s", (runtime) => {
  const isThere = existsSync(toolPath(folder, runtime));
  let scene: Scene;
  beforeAll(async () => {
    if (isThere) scene = await openScene(folder, runtime);
  });
  afterAll(() => scene?.[Symbol.asyncDispose]());

  test.runIf(isThere)("nothing gets out but what is listed", patient, async () => {
    const results = await scene.try(probes);
    const fired = results.filter((one) => one.fired).map(({ name }) => name);
    expect(fired.sort()).toEqual([...expected].sort());
    expect(results.filter(({ status }) => status === "too slow")).toEqual([]);
  });

  test.runIf(isThere)(
    "no folder that it names leads who enters to the launcher's own",
    async () => {
      // Links that mean something else to the runtime, whose descriptors are of the host.
      await scene.shell("for n in $(seq 0 24); do ln -s /proc/self/fd/$n /tmp/in-$n; done");
      const fired: string[] = [];
      for (let number = 0; number <= 24; number++) {
        const result = await scene.enter(`/tmp/in-${number}`, entryProbe);
        if (result?.fired) fired.push(`descriptor ${number}: ${result.said}`);
      }
      expect(fired).toEqual([]);
    },
  );

  test.runIf(isThere)(
    "no limit gives way, and the sandbox outlives who tried",
    patient,
    async () => {
      await using small = await scene.openSmall();
      for (const probe of exhaustionProbes) {
        expect(await small.try(probe)).toMatchObject({ name: probe.name, fired: false });
      }
      expect(await small.isAlive()).toBe(true);
    },
  );

  test.runIf(isThere)("a sandbox that fills the disk is ended", async () => {
    await using small = await scene.openSmall({ cpus: 2 });
    expect(await small.try(diskProbe)).toMatchObject({ fired: false, said: runnerEnded });
    expect(await small.isAlive()).toBe(false);
  });
});
