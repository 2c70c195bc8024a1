import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { openSandbox } from "../../../sandbox/sandbox.ts";
import { parseRepositoryAddress } from "../../../sandbox/workspace/address.ts";
import { repositoryLayout, workspaceLayout } from "../../../sandbox/workspace/layout.ts";
import { openStore, type Snapshot } from "../../../sandbox/workspace.ts";
import { smallSpec } from "../sandbox-fixture.ts";
import { caller, git, makeHome, makeRepository } from "../workspace-fixture.ts";

const files = {
  ".gitignore": "/drop*\n/new\n",
  "src/one.txt": "one\n",
  "src/two/three.txt": "three\n",
  "lib/kept.txt": "kept\n",
  "a.txt": "a\n",
};

/**
 * An agent swaps folders and links as fast as it can while, `rounds` times, its files are saved and
 * somebody else's are written among them. Throws where a snapshot shows what never was, where jj
 * wrote outside of the workspace, or where anything lands that nobody did.
 */
export async function surviveStorm(rounds: number): Promise<void> {
  const folder = makeHome();
  try {
    const bare = makeRepository(folder, files);
    const clone = join(folder.home, "clone");
    git(folder.home, "clone", "-q", bare, clone);
    const store = await openStore({ folder, url: bare, caller });
    const { commit } = await store.fetch();
    const layout = repositoryLayout(folder, parseRepositoryAddress(bare), caller.uid);
    const { tree } = workspaceLayout(layout, "storm");
    const workspace = await store.openWorkspace("storm", commit);
    const sandbox = await openSandbox(folder, smallSpec("storm", { workspace }), {
      withNetwork: false,
    });
    // As jj sees them while it works: the store, its own folder of this workspace, its settings.
    const targets = [layout.store, join(tree, ".jj"), ".jj/working_copy", layout.home, "/usr"];
    const script = readFileSync(join(import.meta.dirname, "storm.pl"), "utf8");
    const storm = await sandbox.start({
      name: "storm",
      argv: ["perl", "-e", script, ...targets],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/workspace",
    });
    for await (const { bytes } of storm.output(0)) if (bytes.includes("ready")) break;
    const author = { name: "Ada", email: "ada@example.org" };
    const options = { sandbox, title: "Storm", author, trailers: { "Task-Id": "storm" } };
    for (let round = 0; round < rounds; round++) {
      pushTheirs(clone, round);
      const shown = await store.updateToBase("storm", { branch: "main", sandbox });
      expectTrue(shown, layout.gitFolder);
      expectTrue(await store.snapshot("storm", options), layout.gitFolder);
      expect(strangers(layout.root, workspaceLayout(layout, "storm").root)).toEqual([]);
    }
    await storm.kill("SIGKILL");
    await sandbox.exec(["sh", "-c", settle], {
      cwd: "/workspace",
      timeoutMs: 60_000,
      maxOutputBytes: 10_000,
    });
    const last = await store.snapshot("storm", options);
    await sandbox.close();
    const landed = await store.land("storm", { branch: "main", expectedTree: last.tree });
    expect(landed).toMatchObject({ kind: "landed" });
    const onMain = git(bare, "ls-tree", "-r", "--name-only", "main").split("\n");
    for (const path of Object.keys(files)) expect(onMain).toContain(path);
    expect(onMain).toContain("mine.txt");
  } finally {
    rmSync(folder.home, { recursive: true, force: true });
  }
}

/** Somebody lands a file in the folder that is swapped; git takes it although it is ignored. */
function pushTheirs(clone: string, round: number): void {
  mkdirSync(join(clone, "drop"), { recursive: true });
  writeFileSync(join(clone, "drop", `theirs-${round}.txt`), `${round}\n`);
  git(clone, "add", "--force", "drop");
  git(clone, "commit", "-q", "-m", `Round ${round}`);
  git(clone, "push", "-q", "origin", "HEAD:main");
}

/** What the storm left is put right, but for a repository in `lib`; and something real is done. */
const settle =
  "[ -d moved ] && { rm -rf src; mv moved src; }; rm -rf new; mkdir -p lib/.git; echo m > mine.txt";

/** The tracked folder is seen in one place, whole, or a link in its place; never a part of it. */
function expectTrue(shown: Snapshot, gitFolder: string): void {
  const words = ["--git-dir", gitFolder, "ls-tree", "-r", shown.commit, "src", "moved"];
  const seen = execFileSync("git", words, { encoding: "utf8" }).replaceAll("moved/", "src/");
  const whole = seen.split("\n").filter((line) => line.startsWith("100644"));
  expect(whole.map((line) => line.split("\t")[1])).toEqual(["src/one.txt", "src/two/three.txt"]);
  expect(seen.split("\n").filter((line) => /^(?!100644|120000).+/.test(line))).toEqual([]);
  const gone = shown.files.filter(({ path }) => path === "lib/kept.txt");
  expect(gone).toEqual([]);
}

/** Files of others that lie anywhere but in this task's files and the checkouts they came with. */
function strangers(root: string, own: string): string[] {
  const skip = ["-path", own, "-prune", "-o", "-path", join(root, "golden"), "-prune", "-o"];
  const jj = join(own, "jj");
  const found = [
    execFileSync("find", [root, ...skip, "-name", "theirs-*", "-print"], { encoding: "utf8" }),
    execFileSync("find", [jj, "-name", "theirs-*"], { encoding: "utf8" }),
  ];
  return found.join("").split("\n").filter(Boolean);
}
