import { afterAll, expect, test } from "vitest";
import { makeSandboxHome } from "../sandbox-fixture.ts";
import { probes } from "./all-probes.ts";
import { tryLoosened } from "./loosened.ts";
import { diskProbe, exhaustionProbes } from "./probes/exhaustion.ts";
import { entryProbe } from "./probes/launcher.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const all = [...probes, ...exhaustionProbes, diskProbe];

test("every probe fires where nothing keeps it", { timeout: 300_000 }, async () => {
  const shown = all.filter(({ notShown }) => notShown === undefined);
  const results = await tryLoosened(folder, shown);
  expect(results.filter(({ fired }) => !fired)).toEqual([]);
  expect(results).toHaveLength(shown.length);
});

test("a program that was put into a folder of the host reads beside it", async () => {
  const options = { cwd: "/proc/self/fd/3" };
  expect(await tryLoosened(folder, [entryProbe], options)).toMatchObject([{ fired: true }]);
});

test("what is not shown is a small part, each with its reason", () => {
  const notShown = all.filter((probe) => probe.notShown !== undefined);
  for (const { notShown: reason } of notShown) expect(reason?.length).toBeGreaterThan(20);
  expect(notShown.length).toBeLessThan(all.length / 4);
});
