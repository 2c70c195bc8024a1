import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StateFolder } from "../../sandbox/state-folder.ts";
import { openStore, type Store } from "../../sandbox/workspace.ts";
import { caller, edit, git, makeHome } from "../host/workspace-fixture.ts";
import { type Bench, type BenchRow, figuresOf, roundsOf } from "./bench.ts";

const fileCount = 50_000;
const rounds = roundsOf(10);
/** A worktree takes long: one for so many workspaces. */
const peerEvery = 3;

/** A workspace for 50,000 files, mounted and looked into, against `git worktree add`. */
export const bench: Bench = {
  name: "workspace",
  async run(say) {
    const folder = makeHome();
    try {
      return await measure(folder, say);
    } finally {
      rmSync(folder.home, { recursive: true, force: true });
    }
  },
};

async function measure(folder: StateFolder, say: (line: string) => void): Promise<BenchRow[]> {
  const bare = makeLargeRepository(folder, fileCount);
  const store = await openStore({ folder, url: bare, caller });
  const { commit } = await store.fetch();
  say(`first workspace of a commit, which checks out ${fileCount} files`);
  const first = await elapsedMs(() => openAndMount(folder, store, "first", commit));
  const ours: number[] = [];
  const snapshots: number[] = [];
  const oursDisk: number[] = [];
  const peer: number[] = [];
  const peerDisk: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const task = `round-${round}`;
    ours.push(await elapsedMs(() => openAndMount(folder, store, task, commit)));
    oursDisk.push(diskKibibytes(join(folder.repositories, store.key, "workspaces", task)));
    snapshots.push(await elapsedMs(() => snapshot(store, task)));
    say(`workspace ${round + 1}: ${Math.round(ours.at(-1) ?? 0)} ms`);
    // In turn, so that what else the machine does strikes both.
    if (round % peerEvery !== 0) continue;
    const tree = join(folder.home, `worktree-${round}`);
    const add = () => git(bare, "worktree", "add", "-q", "--detach", tree, "main");
    peer.push(await elapsedMs(async () => add()));
    peerDisk.push(diskKibibytes(tree));
    // It stays until the end: ext4 looks at every inode that was just deleted before it takes a
    // new one, and a worktree after a removed one took ten times as long.
    say(`git worktree add ${peer.length}: ${Math.round(peer.at(-1) ?? 0)} ms`);
  }
  const worktree = { name: "git worktree add", ...figuresOf(peer) };
  return [
    {
      name: `workspace for ${fileCount} files, mounted`,
      unit: "ms",
      ours: figuresOf(ours),
      peer: worktree,
      mark: { atMost: 0.1, of: "ratio" },
    },
    {
      name: "its disk",
      unit: "KiB",
      ours: figuresOf(oursDisk),
      peer: { name: "git worktree add", ...figuresOf(peerDisk) },
    },
    {
      name: "the first workspace of a commit, shared by all later ones",
      unit: "ms",
      ours: figuresOf([first]),
      peer: worktree,
    },
    {
      name: `snapshot of ${fileCount} files, nothing changed`,
      unit: "ms",
      ours: figuresOf(snapshots),
    },
  ];
}

async function openAndMount(
  folder: StateFolder,
  store: Store,
  task: string,
  commit: string,
): Promise<void> {
  const mount = await store.openWorkspace(task, commit);
  if (edit(folder, mount, "ls | wc -l").trim() === "0") throw new Error("the workspace is empty");
}

async function snapshot(store: Store, task: string): Promise<void> {
  const author = { name: "Bench", email: "bench@example.org" };
  const taken = await store.snapshot(task, { title: "Nothing", author, trailers: {} });
  if (taken.files.length > 0) throw new Error("the snapshot found a change that nobody made");
}

/** Written by git's own import format: 50,000 files in 250 folders, about 3 KiB each. */
function makeLargeRepository(folder: StateFolder, files: number): string {
  const bare = join(folder.home, "large.git");
  mkdirSync(bare);
  git(bare, "init", "-q", "--bare", ".");
  const lines = [
    "commit refs/heads/main",
    "committer A <a@example.org> 0 +0000",
    "data 5",
    "Begin",
  ];
  for (let index = 0; index < files; index++) {
    const text = `export const file${index} = "${"x".repeat(2900)}";\n`;
    lines.push(`M 644 inline src/d${index % 250}/f${index}.ts`, `data ${text.length}`, text);
  }
  execFileSync("git", ["fast-import", "--quiet"], { cwd: bare, input: `${lines.join("\n")}\n` });
  return bare;
}

function diskKibibytes(path: string): number {
  return Number(execFileSync("du", ["-sk", path], { encoding: "utf8" }).split("\t")[0]);
}

async function elapsedMs(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
