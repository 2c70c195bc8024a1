import { afterAll, expect, test } from "vitest";
import { openScene, runnerEnded } from "../host/abuse/live.ts";
import { tryLoosened } from "../host/abuse/loosened.ts";
import { inodeProbe } from "../host/abuse/probes/exhaustion.ts";
import { makeSandboxHome, mebibyte } from "../host/sandbox-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

test("a sandbox that makes files without end is ended", async () => {
  await using scene = await openScene(folder, "crun");
  await using small = await scene.openSmall({ cpus: 2, memoryBytes: 1024 * mebibyte });
  expect(await small.try(inodeProbe, 600)).toMatchObject({ fired: false, said: runnerEnded });
  expect(await small.isAlive()).toBe(false);
});

test("where nothing counts them, they can be made", async () => {
  expect(await tryLoosened(folder, [inodeProbe], { seconds: 600 })).toMatchObject([
    { fired: true },
  ]);
});
