import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toolPath } from "../../../sandbox/host-environment.ts";
import { makeSandboxHome } from "../sandbox-fixture.ts";
import { probes } from "./all-probes.ts";
import { contained } from "./contained.ts";
import { openScene, runnerEnded, type Scene } from "./live.ts";
import { diskProbe, exhaustionProbes } from "./probes/exhaustion.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const expected = contained.filter(({ onlyIf }) => onlyIf?.() ?? true).map(({ name }) => name);

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

  test.runIf(isThere)("nothing gets out but what is listed", async () => {
    const results = await scene.try(probes);
    const fired = results.filter((one) => one.fired).map(({ name }) => name);
    expect(fired.sort()).toEqual([...expected].sort());
    expect(results.filter(({ status }) => status === "too slow")).toEqual([]);
  });

  test.runIf(isThere)("no limit gives way, and the sandbox outlives who tried", async () => {
    await using small = await scene.openSmall();
    for (const probe of exhaustionProbes) {
      expect(await small.try(probe)).toMatchObject({ name: probe.name, fired: false });
    }
    expect(await small.isAlive()).toBe(true);
  });

  test.runIf(isThere)("a sandbox that fills the disk is ended", async () => {
    await using small = await scene.openSmall({ cpus: 2 });
    expect(await small.try(diskProbe)).toMatchObject({ fired: false, said: runnerEnded });
    expect(await small.isAlive()).toBe(false);
  });
});
