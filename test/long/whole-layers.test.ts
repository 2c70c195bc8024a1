import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Visitor } from "../../worker/demo/visitor.ts";
import { makeFolder, makeRootFileSystem } from "../host/layers/root-file-system.ts";
import { type Installation, openInstallation } from "../host/whole/installation.ts";
import { ask, type Channel, openChannel } from "../host/whole/talk.ts";

let colony: Installation;
let visitor: Visitor;
let images: string;
const channels: Channel[] = [];

beforeAll(async () => {
  const home = mkdtempSync(join(process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test", "up-"));
  images = join(home, "team-images");
  mkdirSync(images);
  writeFileSync(join(home, "config.yml"), `images: [${images}]\n`);
  colony = await openInstallation({ home });
  visitor = await colony.visit();
});
/** Whatever was made on the way: nothing of it runs or is mounted. */
afterAll(async () => {
  const left = await colony?.end();
  await colony?.[Symbol.asyncDispose]();
  for (const { repository } of channels) repository[Symbol.dispose]();
  expect(left).toEqual({ processes: [], mounts: [], cgroups: [] });
});

async function channel(name: string, files: Readonly<Record<string, string>>): Promise<Channel> {
  const made = await openChannel(colony, name, files);
  channels.push(made);
  return made;
}

function layers(): string[] {
  return readdirSync(colony.folder.layers).filter((name) => /^[0-9a-f]{16}$/.test(name));
}

const files = {
  ".gitignore": "node_modules\n",
  "lock.txt": "in no list\n",
  "package-lock.json": "1\n",
  ".colony.yml":
    "setup: mkdir node_modules; date +%N >node_modules/stamp; cp node_modules/stamp /opt/stamp; echo stray >stray\ncheck: cmp node_modules/stamp /opt/stamp\n",
};

test("setup is done once: later tasks, and the check before a merge, have what it made", async () => {
  const { repository } = await channel("shop", files);
  const says = (words: string) => ask(colony, visitor, "shop", `/colony run ${words}`);
  const first = await says("run cp /opt/stamp a.txt");
  await first.sees(/Ready for review/);
  const second = await says("run cmp /opt/stamp node_modules/stamp && cp /opt/stamp b.txt");
  await second.sees(/Ready for review/);
  // Nothing of what setup wrote looks like a change.
  expect((await second.task()).change?.files.map(({ path }) => path)).toEqual(["b.txt"]);
  expect(layers()).toHaveLength(1);
  for (const talk of [first, second]) {
    await talk.presses("Merge");
    await talk.sees(/Merged into `main`/);
  }
  // The check before the second merge ran on it too.
  expect(layers()).toHaveLength(1);
  expect(repository.show("b.txt")).toBe(repository.show("a.txt"));

  repository.push({ "package-lock.json": "2\n" });
  const third = await says("run cp /opt/stamp c.txt");
  await third.sees(/Ready for review/);
  expect(layers()).toHaveLength(2);
  await third.presses("Merge");
  await third.sees(/Merged into `main`/);
  expect(repository.show("c.txt")).not.toBe(repository.show("a.txt"));
  const checks = () =>
    readdirSync(colony.folder.sandboxes).filter((name) => name.startsWith("check-"));
  await expect.poll(checks, { timeout: 30_000 }).toEqual([]);
});

test("a setup that fails is told with its command and last lines; what was mended is found", async () => {
  const { repository } = await channel("broken", {
    ".colony.yml": "setup: |\n  echo going well\n  no-such-program --now\n  echo never here\n",
  });
  const talk = await ask(colony, visitor, "broken", "/colony run write a.txt: a");
  const told = await talk.sees(/Failed[\s\S]*Retry/);
  expect(told).toMatch(/`setup` failed \(exit 127\)[\s\S]*no-such-program --now/);
  expect(told).toMatch(/going well[\s\S]*no-such-program: not found/);
  expect(told).not.toMatch(/not found[\s\S]*never here/);
  repository.push({ ".colony.yml": "setup: echo fine >/opt/fine\n" });
  const mended = await ask(
    colony,
    visitor,
    "broken",
    "/colony run run grep fine /opt/fine ;; write a.txt: a",
  );
  await mended.sees(/Ready for review/);
});

test("packages that do not exist are named", { timeout: 240_000 }, async () => {
  await channel("packages", {
    ".colony.yml": "image: {packages: [hello, no-such-package-a, no-such-package-b]}\n",
  });
  const talk = await ask(colony, visitor, "packages", "/colony run write a.txt: a");
  expect(await talk.sees(/Failed[\s\S]*Retry/)).toContain(
    "`image.packages` in .colony.yml names what apt does not know here: no-such-package-a, no-such-package-b.",
  );
});

test("an image of the team's own; only where the administrator allows them", async () => {
  const root = makeRootFileSystem(makeFolder(images), process.execPath);
  await channel("own", { ".colony.yml": `image: ${root}\nsetup: cp /etc/team /opt/seen\n` });
  const talk = await ask(colony, visitor, "own", "/colony run run cp /opt/seen seen.txt");
  await talk.sees(/Ready for review/);
  await talk.presses("Merge");
  await talk.sees(/Merged into `main`/);
  expect(channels.at(-1)?.repository.show("seen.txt")).toBe("made by the team\n");

  await channel("elsewhere", { ".colony.yml": "image: /etc\n" });
  const refused = await ask(colony, visitor, "elsewhere", "/colony run write a.txt: a");
  expect(await refused.sees(/Failed[\s\S]*Retry/)).toContain(
    `The image /etc cannot be used: it is not below ${images}, where the administrator's \`images:\` in config.yml allows them.`,
  );
});
