import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LayerStep, LayerStepError, sweepLeftovers } from "../../../sandbox/sandbox.ts";
import type { WorkspaceMount } from "../../../sandbox/workspace.ts";
import { makeSandboxHome, openForTest, shell } from "../sandbox-fixture.ts";
import { aStep, ask, layeredSpec, makeGolden } from "./layers-fixture.ts";

const folder = makeSandboxHome();
let workspaceOf: (id: string) => WorkspaceMount;

beforeAll(async () => {
  workspaceOf = await makeGolden(folder, {
    ".gitignore": "node_modules/\n*.log\n",
    "package.json": "{}\n",
    "src/main.js": "tracked\n",
    "src/kept.log": "tracked, though ignored\n",
  });
});
afterAll(() => folder[Symbol.asyncDispose]());

const packages = aStep({
  name: "packages",
  inWorkspace: false,
  command:
    "mkdir /opt/tool && echo one >/opt/tool/version && rm -r /usr/share/doc && echo x >/tmp/x",
});
const setup = aStep({
  command: `mkdir -p node_modules/dep src/node_modules && echo dep >node_modules/dep/index.js
ln -s dep node_modules/link && echo deep >src/node_modules/deep.js
echo stray >stray.txt && echo changed >src/main.js && echo log >src/kept.log && echo log >build.log
useradd tester && cat /opt/tool/version >/opt/tool/seen`,
});

async function layersFor(id: string, ...steps: readonly LayerStep[]) {
  return ask(folder, id, steps, workspaceOf(id));
}

function layerNames(): string[] {
  return readdirSync(folder.layers).filter((name) => /^[0-9a-f]{16}$/.test(name));
}

test("steps are done once, and the next sandbox has what they made", async () => {
  const first = await layersFor("first", packages, setup);
  expect(first.done.map(({ step }) => step.name)).toEqual(["packages", "setup"]);
  const second = await layersFor("second", packages, setup);
  expect(second).toEqual({ ...first, done: [] });

  await using one = await openForTest(folder, layeredSpec("first", first, workspaceOf("first")));
  await using two = await openForTest(folder, layeredSpec("second", second, workspaceOf("second")));
  for (const sandbox of [one, two]) {
    const { text } = await shell(
      sandbox,
      "cat /opt/tool/seen node_modules/dep/index.js src/node_modules/deep.js build.log; id -u tester; hostname; stat -c %U:%G node_modules/dep; ls /tmp; ls -d /usr/share/doc",
    );
    expect(text.split("\n")).toEqual([
      ...["one", "dep", "deep", "log", "1000", sandbox.id, "root:root"],
      "ls: cannot access '/usr/share/doc': No such file or directory",
    ]);
  }
  // Only what the commit ignores: a snapshot must find no change.
  expect((await shell(one, "ls -A; cat src/main.js src/kept.log")).text.split("\n")).toEqual([
    ...[".gitignore", "build.log", "node_modules", "package.json", "src"],
    ...["tracked", "tracked, though ignored"],
  ]);
  // It is the sandbox's own from here on.
  const line =
    "mv node_modules moved && rm -r moved/dep && echo two >/opt/tool/version && ls -A moved";
  expect(await shell(one, line)).toEqual({ text: "link", code: 0 });
  const untouched = await shell(two, "cat node_modules/link/index.js /opt/tool/version");
  expect(untouched.text).toBe("dep\none");
});

test("ten tasks that ask at the same time have it made once", async () => {
  const step = aStep({ command: "sleep 1; mkdir node_modules; echo made >node_modules/it" });
  const ids = Array.from({ length: 10 }, (_, index) => `crowd-${index}`);
  const all = await Promise.all(ids.map((id) => layersFor(id, step)));
  expect(all.flatMap(({ done }) => done)).toHaveLength(1);
  expect(new Set(all.map(({ keys }) => keys.join())).size).toBe(1);
});

test("another command, input, variable or layer below is another layer", async () => {
  const base = await layersFor("keys", packages, setup);
  for (const other of [
    { command: `${setup.command}\n` },
    { inputs: ["lock 2"] },
    { env: { A: "1" } },
  ]) {
    const { done, keys } = await layersFor("keys", packages, { ...setup, ...other });
    expect(done).toHaveLength(1);
    expect(keys).not.toEqual(base.keys);
  }
  expect((await layersFor("keys", packages, { ...setup, timeoutMs: 1 })).done).toEqual([]);
});

test("a step that fails is told with its last lines; the layer below it stays", async () => {
  const bad = aStep({ command: "echo first; echo last words >&2; exit 7" });
  const below = { ...packages, inputs: ["for the failure"] };
  const failed = layersFor("fails", below, bad);
  await expect(failed).rejects.toBeInstanceOf(LayerStepError);
  await expect(failed).rejects.toMatchObject({
    ...{ step: "setup", command: bad.command, exitCode: 7, reason: "failed" },
    output: expect.stringMatching(/first[\s\S]*last words/),
  });
  const late = layersFor("fails", below, { ...bad, command: "sleep 60", timeoutMs: 500 });
  await expect(late).rejects.toMatchObject({ reason: "timed-out" });
  const fixed = await layersFor("fails", below, { ...bad, command: "true" });
  expect(fixed.done.map(({ step }) => step.name)).toEqual(["setup"]);
  expect(
    readdirSync(folder.sandboxes).filter((id) => existsSync(join(folder.sandboxes, id, "root"))),
  ).not.toContain(expect.stringMatching(/^layer-/));
});

test("the longest unused go, never one that a sandbox stands on", async () => {
  const used = await layersFor("bound", aStep({ command: "echo used >/opt/used" }));
  await using sandbox = await openForTest(folder, layeredSpec("bound", used, workspaceOf("bound")));
  const last = await ask(
    folder,
    "bound-b",
    [aStep({ command: "echo last >/opt/last" })],
    workspaceOf("bound-b"),
    { maxBytes: 1 },
  );
  expect(layerNames().sort()).toEqual([...used.keys, ...last.keys].sort());
  expect((await shell(sandbox, "cat /opt/used")).text).toBe("used");
  const ranges = join(folder.shared, "uid-ranges");
  const claims = readdirSync(ranges).filter((name) => {
    const [home, id] = readFileSync(join(ranges, name), "utf8").split("\n");
    return home === folder.home && id?.startsWith("layer-");
  });
  expect(claims).toHaveLength(2);
});

test("a sweep leaves layers and their ranges alone", async () => {
  const kept = await layersFor("swept", packages, setup);
  await sweepLeftovers(folder, { ownerOf: async () => ({ kind: "gone", why: "test" }) });
  const again = await layersFor("swept-b", packages, setup);
  expect(again).toEqual({ ...kept, done: [] });
  const { uidBase } = JSON.parse(
    readFileSync(join(folder.layers, kept.keys[0] ?? "", "layer.json"), "utf8"),
  );
  expect(existsSync(join(folder.shared, "uid-ranges", String(uidBase)))).toBe(true);
});
