import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore, type Store } from "../../sandbox/workspace.ts";
import {
  caller,
  edit,
  git,
  makeHome,
  makeRepository,
  onMain,
  pushOutside,
} from "./workspace-fixture.ts";

const ada = { name: "Ada", email: "ada@example.org" };
const tenLines = Array.from({ length: 10 }, (_, index) => `line ${index + 1}\n`).join("");

function request(taskId: string, title: string) {
  return { title, author: ada, trailers: { "Task-Id": taskId, Agent: "scripted" } };
}

describe("two tasks and one repository", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, { "poem.txt": tenLines, "src/a.ts": "export {};\n" });
  let store: Store;
  let base: string;

  beforeAll(async () => {
    store = await openStore({ folder, url: bare, caller });
    const fetched = await store.fetch();
    expect(fetched.branch).toBe("main");
    expect(fetched.commit).toBe(git(bare, "rev-parse", "main"));
    base = fetched.commit;
  });
  afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

  async function run(taskId: string, script: string) {
    const mount = await store.openWorkspace(taskId, base);
    edit(folder, mount, script);
    const snapshot = await store.snapshot(taskId, request(taskId, `Do ${taskId}`));
    return { mount, snapshot };
  }
  const land = (taskId: string, expectedTree: string) =>
    store.land(taskId, { branch: "main", expectedTree });

  test("an untouched workspace is an overlay without a change", async () => {
    const mount = await store.openWorkspace("t-untouched", base);
    expect(mount.kind).toBe("overlay");
    const snapshot = await store.snapshot("t-untouched", request("t-untouched", "Nothing"));
    expect(snapshot.files).toEqual([]);
    expect(await land("t-untouched", snapshot.tree)).toEqual({ kind: "empty" });
  });

  test("different lines of one file: both land, and a second landing finds the first", async () => {
    const first = await run("t-one", "sed -i 's/^line 2$/line two/' poem.txt; echo x > new.txt");
    const second = await run("t-two", "sed -i 's/^line 9$/line nine/' poem.txt; rm src/a.ts");
    expect(first.snapshot.files).toEqual([
      { path: "new.txt", status: "added", added: 1, removed: 0 },
      { path: "poem.txt", status: "modified", added: 1, removed: 1 },
    ]);
    expect(await store.diff("t-one")).toContain("+line two");
    const one = await land("t-one", first.snapshot.tree);
    const two = await land("t-two", second.snapshot.tree);
    expect(one).toMatchObject({ kind: "landed", alreadyThere: false });
    expect(two).toMatchObject({ kind: "landed", alreadyThere: false });
    expect(onMain(bare, "poem.txt")).toContain("line two\nline 3");
    expect(onMain(bare, "poem.txt")).toContain("line nine");
    expect(git(bare, "ls-tree", "-r", "--name-only", "main").split("\n")).toEqual([
      "new.txt",
      "poem.txt",
    ]);
    const log = git(bare, "log", "-2", "--format=%an <%ae>|%s|%(trailers:unfold,separator=%x2C)");
    expect(log.split("\n")).toEqual([
      "Ada <ada@example.org>|Do t-two|Task-Id: t-two,Agent: scripted",
      "Ada <ada@example.org>|Do t-one|Task-Id: t-one,Agent: scripted",
    ]);
    const again = await land("t-two", second.snapshot.tree);
    expect(again).toEqual({ ...two, alreadyThere: true });
    expect(git(bare, "rev-list", "--count", "main")).toBe("3");
  });

  test("the same line: the second learns where and with whom, is told, settles and lands", async () => {
    const third = await run("t-three", "sed -i 's/^line 5$/line FIVE/' poem.txt");
    const fourth = await run("t-four", "sed -i 's/^line 5$/line fünf/' poem.txt");
    expect(await land("t-three", third.snapshot.tree)).toMatchObject({ kind: "landed" });
    const conflict = await land("t-four", fourth.snapshot.tree);
    expect(conflict).toMatchObject({
      kind: "conflict",
      files: [{ path: "poem.txt", lines: "5", withTask: "t-three", withTitle: "Do t-three" }],
    });

    const told = await store.updateToBase("t-four", { branch: "main" });
    expect(told.conflicts).toEqual([{ path: "poem.txt", lines: "5" }]);
    const text = edit(folder, fourth.mount, "cat poem.txt");
    expect(text).toMatch(
      /<<<<<<< [^\n]*\nline FIVE\n\|\|\|\|\|\|\| [^\n]*\nline 5\n=======\nline fünf\n>>>>>>> /,
    );

    // A formatter that indents the block makes jj call it settled; it is not.
    edit(folder, fourth.mount, "sed -i -E 's/^([<>|=]{7})/  \\1/' poem.txt");
    const damaged = await store.snapshot("t-four", request("t-four", "Do t-four"));
    expect(damaged.conflicts.map(({ path }) => path)).toEqual(["poem.txt"]);
    expect(await land("t-four", damaged.tree)).toMatchObject({ kind: "conflict" });

    edit(
      folder,
      fourth.mount,
      "sed -i -E '/^  ([<|=]{7})/d; /^  >{7}/d; /^line FIVE$|^line 5$/d' poem.txt",
    );
    const settled = await store.snapshot("t-four", request("t-four", "Do t-four"));
    expect(settled.conflicts).toEqual([]);
    expect(await land("t-four", settled.tree)).toMatchObject({ kind: "landed" });
    expect(onMain(bare, "poem.txt")).toContain("line 4\nline fünf\nline 6");
  });

  test("a push from outside while the check runs: checked and landed on the new base", async () => {
    const fifth = await run("t-five", "echo five > five.txt");
    const checked: string[] = [];
    const landed = await store.land("t-five", {
      branch: "main",
      expectedTree: fifth.snapshot.tree,
      check: async (commit) => {
        if (checked.push(commit) === 1) pushOutside(bare, "Outside", { "outside.txt": "o\n" });
        return { passed: true, output: "" };
      },
    });
    expect(landed).toMatchObject({ kind: "landed", alreadyThere: false });
    expect(new Set(checked).size).toBe(2);
    expect(git(bare, "log", "-2", "--format=%s", "main")).toBe("Do t-five\nOutside");
  });

  test("a file renamed by one and edited by the other lands with both", async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `verse ${index}\n`).join("");
    pushOutside(bare, "Verses", { "verses.txt": lines, "other.txt": "o\n" });
    const { commit } = await store.fetch();
    const renaming = await store.openWorkspace("t-rename", commit);
    const editing = await store.openWorkspace("t-edit", commit);
    edit(folder, renaming, "mkdir songs; mv verses.txt songs/verses.txt");
    edit(folder, editing, "sed -i 's/^verse 7$/verse seven/' verses.txt");
    const renamed = await store.snapshot("t-rename", request("t-rename", "Rename"));
    expect(renamed.files).toMatchObject([
      { path: "songs/verses.txt", status: "renamed", from: "verses.txt" },
    ]);
    const edited = await store.snapshot("t-edit", request("t-edit", "Edit"));
    expect(await land("t-rename", renamed.tree)).toMatchObject({ kind: "landed" });
    expect(await land("t-edit", edited.tree)).toMatchObject({ kind: "landed" });
    expect(git(bare, "ls-tree", "-r", "--name-only", "main")).not.toMatch(/^verses.txt$/m);
    expect(onMain(bare, "songs/verses.txt")).toContain("verse seven");
    expect(git(bare, "log", "-1", "--format=%an %s", "main")).toBe("Ada Edit");
  });

  test("a failed check lands nothing and changes nothing", async () => {
    const sixth = await run("t-six", "echo six > six.txt");
    const before = git(bare, "rev-parse", "main");
    const failed = await store.land("t-six", {
      branch: "main",
      expectedTree: sixth.snapshot.tree,
      check: async () => ({ passed: false, output: "1 test failed" }),
    });
    expect(failed).toMatchObject({ kind: "check-failed", output: "1 test failed" });
    expect(git(bare, "rev-parse", "main")).toBe(before);
    expect((await store.lastSnapshot("t-six"))?.tree).toBe(sixth.snapshot.tree);
  });

  test("files that changed after they were shown are refused", async () => {
    const seventh = await run("t-seven", "echo 7 > seven.txt");
    edit(folder, seventh.mount, "echo more >> seven.txt");
    const refused = await land("t-seven", seventh.snapshot.tree);
    expect(refused).toMatchObject({ kind: "refused" });
  });

  test("a workspace on a newer base is made from the last one, which stays as it was", async () => {
    const old = await store.openWorkspace("t-old", base);
    const { commit } = await store.fetch();
    const fresh = await store.openWorkspace("t-fresh", commit);
    const nothing = await store.snapshot("t-fresh", request("t-fresh", "Nothing"));
    expect(nothing.files).toEqual([]);
    expect(edit(folder, fresh, "cat poem.txt; ls")).toBe(
      `${onMain(bare, "poem.txt")}\n${git(bare, "ls-tree", "--name-only", "main")}\n`,
    );
    const linked = ["-type", "f", "-links", "+1"];
    expect(execFileSync("find", [folder.repositories, ...linked], { encoding: "utf8" })).not.toBe(
      "",
    );
    expect(edit(folder, old, "cat poem.txt; ls; ls src")).toBe(`${tenLines}poem.txt\nsrc\na.ts\n`);
  });

  test("where jj does not take the overlay's record of files, a plain folder serves", async () => {
    const commit = pushOutside(bare, "Plain", { "plain.txt": "p\n" });
    await store.fetch();
    await store.openWorkspace("t-broken", commit);
    const golden = join(folder.repositories, store.key, "golden", commit);
    writeFileSync(join(golden, "tree_state"), "no format that jj knows");
    rmSync(join(golden, "round-trip"));
    const mount = await store.openWorkspace("t-plain", commit);
    expect(mount.kind).toBe("folder");
    edit(folder, mount, "echo more >> plain.txt");
    const snapshot = await store.snapshot("t-plain", request("t-plain", "Plain"));
    expect(snapshot.files).toMatchObject([{ path: "plain.txt", added: 1, removed: 0 }]);
    expect(await land("t-plain", snapshot.tree)).toMatchObject({ kind: "landed" });
    expect(onMain(bare, "plain.txt")).toBe("p\nmore");
    await store.discardWorkspace("t-broken");
  });

  test("a discarded workspace leaves nothing and can be made anew", async () => {
    const eighth = await run("t-eight", "echo 8 > eight.txt");
    await store.discardWorkspace("t-eight");
    expect(await store.lastSnapshot("t-eight")).toBeUndefined();
    const mount = await store.openWorkspace("t-eight", base);
    expect(edit(folder, mount, "ls")).not.toContain("eight.txt");
    expect(eighth.snapshot.files).toHaveLength(1);
  });
});
