import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore, type Store } from "../../sandbox/workspace.ts";
import { caller, edit, git, makeHome, makeRepository, onMain } from "./workspace-fixture.ts";

describe("files that agents leave", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, { "a.txt": "a\n", "lib/one.ts": "1\n", "lib/two.ts": "2\n" });
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
    const trailers = { "Task-Id": taskId };
    return store.snapshot(taskId, { title: taskId, author, trailers });
  }

  test("a repository inside is told, and its tracked files do not land as deleted", async () => {
    const snapshot = await run(
      "nested",
      "mv lib other && mkdir lib && git init -q lib && echo x > lib/x && mv other/one.ts lib/ && echo b >> a.txt",
    );
    expect(snapshot.remarks).toEqual([
      '"lib" holds its own git repository; nothing in it is saved.',
    ]);
    expect(snapshot.files.map(({ path, status }) => `${status} ${path}`)).toEqual([
      "modified a.txt",
      "added other/two.ts",
    ]);
    expect(await store.diff("nested")).not.toContain("lib/");
    const landed = await store.land("nested", { branch: "main", expectedTree: snapshot.tree });
    expect(landed).toMatchObject({ kind: "landed" });
    expect(git(bare, "ls-tree", "-r", "--name-only", "main").split("\n")).toEqual([
      "a.txt",
      "lib/one.ts",
      "lib/two.ts",
      "other/two.ts",
    ]);
  });

  test("what is too large or not UTF-8 is told and left out", async () => {
    const snapshot = await run(
      "skipped",
      String.raw`head -c 11000000 /dev/zero > big.bin; : > "$(printf 'bad\377name')"; echo ok > ok.txt`,
    );
    expect(snapshot.files.map(({ path }) => path)).toEqual(["ok.txt"]);
    expect(snapshot.remarks).toEqual([
      '"big.bin" (10.5 MiB) is larger than 10.0 MiB; it is not in the change.',
      'The file name .: "bad\\xFFname" is not UTF-8; the file is not in the change.',
    ]);
  });

  test("names with newlines, quotes and escape codes are kept as they are and land", async () => {
    const names = ["new\nline", 'quo"te', "esc\u001b[31mape", "-rf", "back\\slash", "all() ~ x"];
    const script = names.map((name) => `: > './${name}'; echo x > './${name}'`).join("\n");
    const snapshot = await run("names", script);
    expect(snapshot.files.map(({ path }) => path).toSorted()).toEqual(names.toSorted());
    const landed = await store.land("names", { branch: "main", expectedTree: snapshot.tree });
    expect(landed).toMatchObject({ kind: "landed" });
    for (const name of names) expect(onMain(bare, name)).toBe("x");
  });

  test("symlinks out, FIFOs, closed folders and other owners do not harm the snapshot", async () => {
    const snapshot = await run(
      "odd",
      `ln -s /etc/passwd link; mkfifo fifo; mkdir closed; echo s > closed/s; chmod 000 closed
       mkdir deep; ln -s ${folder.home} deep/store; truncate -s 1T sparse`,
    );
    expect(snapshot.files.map(({ path }) => path)).toEqual(["closed/s", "deep/store", "link"]);
    expect(await store.diff("odd")).toContain("+/etc/passwd");
  });

  test("the agent's `.jj` and `.git` at the root are nobody's business", async () => {
    const snapshot = await run(
      "roots",
      "echo evil > .jj/x || true; git init -q . ; echo y > y.txt",
    );
    expect(snapshot.files.map(({ path }) => path)).toEqual(["y.txt"]);
  });

  test("a commit that only git knows can be mounted for a check", async () => {
    const snapshot = await run("checked", "echo c > c.txt");
    let listing = "";
    const landed = await store.land("checked", {
      branch: "main",
      expectedTree: snapshot.tree,
      check: async (commit) => {
        const mount = await store.openWorkspace("check-checked", commit);
        listing = edit(folder, mount, "cat c.txt other/two.ts; ls -a");
        await store.discardWorkspace("check-checked");
        return { passed: true, output: "" };
      },
    });
    expect(landed).toMatchObject({ kind: "landed" });
    expect(listing).toContain("c\n2\n");
  });

  test("a request of any length and script becomes a title and trailers", async () => {
    const mount = await store.openWorkspace("title", base);
    edit(folder, mount, "echo t > t.txt");
    const snapshot = await store.snapshot("title", {
      title: `${"長い題名 \n\u001b[31m".repeat(10_000)}`,
      author: { name: "Mallory <m@x>\nCo: y", email: "a b<>@x\n" },
      trailers: { "Task-Id": "title", Agent: "x\nTask-Id: other" },
    });
    const landed = await store.land("title", { branch: "main", expectedTree: snapshot.tree });
    expect(landed).toMatchObject({ kind: "landed" });
    const shown = git(bare, "log", "-1", "--format=%an|%ae|%(trailers:only,unfold)", "main");
    expect(shown.trim()).toBe("Mallory m@x Co: y|ab@x|Task-Id: title\nAgent: x Task-Id: other");
    expect(Array.from(git(bare, "log", "-1", "--format=%s", "main")).length).toBeLessThan(101);
  });

  test("a task's id cannot leave the folder", async () => {
    await expect(store.openWorkspace("../x", base)).rejects.toThrow("cannot be the id");
  });
});
