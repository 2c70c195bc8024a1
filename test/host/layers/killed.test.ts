import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sweepLeftovers } from "../../../sandbox/sandbox.ts";
import { makeSandboxHome, openForTest, shell } from "../sandbox-fixture.ts";
import { aStep, ask, layeredSpec, makeGolden } from "./layers-fixture.ts";

const folder = makeSandboxHome();
afterAll(() => folder[Symbol.asyncDispose]());

const command =
  "test ! -e /opt/half && test ! -e half.log && echo >/opt/half && echo >half.log && sleep 3 && echo >/opt/whole";

/** SIGKILLs whoever makes the layer when half of it is there. */
async function killHalfway(mount: object, input = ""): Promise<void> {
  const main = join(import.meta.dirname, "make-main.ts");
  const argv = [main, folder.home, folder.shared, JSON.stringify(mount), command, input];
  const maker = spawn(process.execPath, argv, { stdio: "inherit" });
  const ended = once(maker, "exit");
  const half = () =>
    readdirSync(folder.sandboxes).some((id) =>
      existsSync(join(folder.sandboxes, id, "root/upper/opt/half")),
    );
  while (!existsSync(folder.sandboxes) || !half()) {
    if (maker.exitCode !== null) throw new Error(`It ended with ${maker.exitCode}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  maker.kill("SIGKILL");
  await ended;
}

const names = (path: string) => readdirSync(path).filter((name) => !name.endsWith(".lock"));

test("a layer whose making was killed is made from the beginning", async () => {
  const workspaceOf = await makeGolden(folder, { ".gitignore": "*.log\n" });
  await killHalfway(workspaceOf("killed"));
  expect(names(folder.layers)).toEqual([expect.stringMatching(/^\.new-/)]);
  const layers = await ask(
    folder,
    "after",
    [aStep({ command, inputs: [""] })],
    workspaceOf("after"),
  );
  expect(layers.done).toHaveLength(1);
  expect(names(folder.layers)).toEqual(layers.keys);
  await using sandbox = await openForTest(
    folder,
    layeredSpec("after", layers, workspaceOf("after")),
  );
  expect((await shell(sandbox, "ls /opt; ls /workspace")).text).toBe("half\nwhole\nhalf.log");
});

test("a sweep removes what is half made, and leaves who is at it alone", async () => {
  const workspaceOf = await makeGolden(folder, { ".gitignore": "*.log\n", b: "" });
  const sweep = () =>
    sweepLeftovers(folder, { ownerOf: async () => ({ kind: "gone", why: "test" }) });
  const kept = names(folder.layers);
  await killHalfway(workspaceOf("killed"), "for the sweep");
  const { found } = await sweep();
  expect(found.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["sandbox", "folder"]));
  expect(names(folder.layers)).toEqual(kept);
  expect(names(folder.sandboxes)).toEqual(kept.map((key) => `layer-${key}`));

  const step = aStep({ command, inputs: ["for the sweep"] });
  const making = ask(folder, "making", [step], workspaceOf("making"));
  while (!names(folder.layers).some((name) => name.startsWith(".new-"))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await sweep();
  expect((await making).done).toHaveLength(1);
});
