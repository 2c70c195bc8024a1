import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore, type Store } from "../../../sandbox/workspace.ts";
import { caller, edit, git, makeHome, makeRepository } from "../workspace-fixture.ts";

describe("what agents leave in a workspace", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, {
    "a.txt": "a\n",
    "node_modules/own/index.js": "1\n",
  });
  let store: Store;
  let base: string;

  beforeAll(async () => {
    store = await openStore({ folder, url: bare, caller });
    base = (await store.fetch("main")).commit;
  });
  afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

  async function run(taskId: string, script: string) {
    const mount = await store.openWorkspace(taskId, base);
    edit(folder, mount, script);
    const author = { name: "Ada", email: "ada@example.org" };
    return store.snapshot(taskId, { title: taskId, author, trailers: { "Task-Id": taskId } });
  }

  test("a repository in a package that the project tracks is told, and deletes nothing", async () => {
    const shown = await run("packages", "git init -q node_modules/own; echo b > b.txt");
    expect(shown.files.map(({ path }) => path)).toEqual(["b.txt"]);
    expect(shown.remarks).toEqual([
      '"node_modules/own" holds its own git repository; nothing in it is saved.',
    ]);
    await store.land("packages", { branch: "main", expectedTree: shown.tree });
    expect(git(bare, "ls-tree", "-r", "--name-only", "main").split("\n")).toEqual([
      "a.txt",
      "b.txt",
      "node_modules/own/index.js",
    ]);
  });

  test("more repositories than can be told apart: nothing is saved, and it is said", async () => {
    const long = "l".repeat(250);
    const script = `perl -e 'for (1..700) { my $p = "x$_"; mkdir $p; for (1..7) { $p .= "/${long}"; mkdir $p } mkdir "$p/.git" }'`;
    await expect(run("crowd", script)).rejects.toThrow(/more folders than can be looked through/);
  });

  test("folders in folders, deeper than any path can be: it is said, and all of it can be removed", async () => {
    const name = "d".repeat(200);
    const dig = `perl -e 'for (1..100) { mkdir "${name}"; chdir "${name}" } open(my $f, ">", "end")'`;
    await expect(run("deep", dig)).rejects.toThrow(/deeper than a path can be long/);
    const workspaces = join(folder.repositories, store.key, "workspaces");
    expect(existsSync(join(workspaces, "deep"))).toBe(true);
    await store.discardWorkspace("deep");
    expect(readdirSync(workspaces).filter((entry) => entry.startsWith("deep"))).toEqual([]);
  });
});
