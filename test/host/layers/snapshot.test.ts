import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { openSandbox } from "../../../sandbox/sandbox.ts";
import { openStore } from "../../../sandbox/workspace.ts";
import { shell, smallSpec } from "../sandbox-fixture.ts";
import { caller, makeHome, makeRepository } from "../workspace-fixture.ts";
import { aStep, ask } from "./layers-fixture.ts";

const folder = makeHome();
afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

test("snapshots see no change in what setup left, and what the agent made of it in full", async () => {
  const url = makeRepository(folder, { ".gitignore": "node_modules/\n", "a.txt": "a\n" });
  const store = await openStore({ folder, url, caller });
  const { commit } = await store.fetch();
  const workspace = await store.openWorkspace("task", commit);
  const command = "mkdir -p node_modules/dep && echo dep >node_modules/dep/index.js; echo x >stray";
  const layers = await ask(folder, "task", [aStep({ command })], workspace);
  const spec = smallSpec("task", { workspace, layers: layers.keys });
  const sandbox = await openSandbox(folder, spec, { withNetwork: false });
  const snapshot = async (live?: typeof sandbox) => {
    const author = { name: "Ada", email: "ada@example.org" };
    const options = { title: "task", author, trailers: {}, ...(live && { sandbox: live }) };
    return (await store.snapshot("task", options)).files.map(({ path }) => path);
  };
  expect(await snapshot(sandbox)).toEqual([]);
  // Moved as a folder: its files stay where setup left them, below.
  await shell(sandbox, "mv node_modules/dep vendored && echo changed >>vendored/index.js");
  await shell(sandbox, "mkdir other && mv node_modules other/kept && echo more >other/kept.txt");
  const living = await snapshot(sandbox);
  await sandbox.close();
  expect(await snapshot()).toEqual(living);
  expect(living).toEqual(["other/kept.txt", "vendored/index.js"]);
  expect(await store.diff("task")).toContain("+dep\n+changed\n");
});

test("a folder that was only moved is in the change after the sandbox's end too", async () => {
  const url = `${folder.home}/origin.git`;
  const store = await openStore({ folder, url, caller });
  const { commit } = await store.fetch();
  const workspace = await store.openWorkspace("moved", commit);
  const command = "mkdir -p node_modules/dep && echo dep >node_modules/dep/index.js";
  const layers = await ask(folder, "moved", [aStep({ command })], workspace);
  const spec = smallSpec("moved", { workspace, layers: layers.keys });
  const sandbox = await openSandbox(folder, spec, { withNetwork: false });
  await shell(sandbox, "mv node_modules/dep vendored");
  await sandbox.close();
  const author = { name: "Ada", email: "ada@example.org" };
  const { files } = await store.snapshot("moved", { title: "moved", author, trailers: {} });
  expect(files.map(({ path }) => path)).toEqual(["vendored/index.js"]);
});
