import { execFileSync, spawn } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addWorkspace } from "../../sandbox/workspace/add-workspace.ts";
import { parseRepositoryAddress } from "../../sandbox/workspace/address.ts";
import { repositoryLayout } from "../../sandbox/workspace/layout.ts";
import { HeldLock } from "../../sandbox/workspace/lock.ts";
import { repositoryContext } from "../../sandbox/workspace/programs.ts";
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

/** The same seed gives the same moments. */
function moments(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe("drivers killed with SIGKILL", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, { "a.txt": "a\n" });
  let store: Store;

  beforeAll(async () => {
    store = await openStore({ folder, url: bare, caller });
  });
  afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

  function start(...words: string[]) {
    const script = join(import.meta.dirname, "workspace-driver.ts");
    const argv = [script, folder.home, folder.shared, bare, ...words];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
    const begun = new Promise<void>((resolve) => child.stderr.once("data", () => resolve()));
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    return { child, begun: Promise.race([begun, ended]), ended };
  }
  async function killAfter(delayMs: number, ...words: string[]): Promise<void> {
    const { child, begun, ended } = start(...words);
    await begun;
    const timer = setTimeout(() => child.kill("SIGKILL"), delayMs);
    await ended;
    clearTimeout(timer);
  }
  async function prepare(taskId: string, script: string) {
    const { commit } = await store.fetch();
    const mount = await store.openWorkspace(taskId, commit);
    edit(folder, mount, script);
    const author = { name: "Ada", email: "ada@example.org" };
    return store.snapshot(taskId, { title: taskId, author, trailers: { "Task-Id": taskId } });
  }
  function jjOnStore(...args: string[]): string {
    const jj = join(folder.repositories, store.key, "jj");
    const env = {
      PATH: "/usr/bin:/bin",
      HOME: join(jj, "home"),
      JJ_CONFIG: join(jj, "config.toml"),
    };
    const words = ["-R", join(jj, "store"), "--ignore-working-copy", "--quiet", ...args];
    return execFileSync(join(folder.toolsBin, "jj"), words, { env, encoding: "utf8" });
  }

  test("dead between push and integration: it has landed, once, and is told so", async () => {
    const other = await prepare("other", "echo o > o.txt");
    const shown = await prepare("half", "echo h > h.txt");
    // The base moves, so that there is a rebase to integrate.
    await store.land("other", { branch: "main", expectedTree: other.tree });
    const { child, ended } = start("land", "half", shown.tree);
    const hook = join(bare, "hooks", "post-receive");
    writeFileSync(hook, `#!/bin/sh\nkill -9 ${child.pid}\nsleep 1\n`);
    chmodSync(hook, 0o755);
    await ended;
    rmSync(hook);
    expect(child.signalCode).toBe("SIGKILL");
    expect(git(bare, "log", "-1", "--format=%s", "main")).toBe("half");
    const landed = await store.land("half", { branch: "main", expectedTree: shown.tree });
    const tip = git(bare, "rev-parse", "main");
    expect(landed).toEqual({ kind: "landed", commit: tip, alreadyThere: true });
    expect(git(bare, "log", "--format=%s", "main").match(/half/g)).toHaveLength(1);
    expect(jjOnStore("log", "--no-graph", "-r", "all()", "-T", 'if(divergent, "D")')).toBe("");
    const next = await prepare("next", "echo n > n.txt");
    expect(await store.land("next", { branch: "main", expectedTree: next.tree })).toMatchObject({
      kind: "landed",
    });
  });

  test("a half-made golden whose folder a sweep removed is made anew", async () => {
    pushOutside(bare, "Next", { "next.txt": "next\n" });
    const { commit } = await store.fetch();
    const context = await repositoryContext(
      folder,
      repositoryLayout(folder, parseRepositoryAddress(bare), caller.uid),
    );
    const name = `golden-${commit.slice(0, 16)}`;
    const making = join(context.layout.making, name);
    {
      await using lock = await HeldLock.take(context.layout.lockFile, 60_000);
      await addWorkspace(context, lock, { name, base: commit, patterns: "empty", folder: making });
    }
    rmSync(making, { recursive: true });
    expect((await store.openWorkspace("after-half", commit)).kind).toBe("overlay");
  });

  test("a lock file left behind by a killed jj is removed, not obeyed", async () => {
    const gitFolder = join(folder.repositories, store.key, "jj/store/.jj/repo/store/git");
    jjOnStore("util", "gc");
    writeFileSync(join(gitFolder, "packed-refs.lock"), "");
    execFileSync("chown", ["colony:", join(gitFolder, "packed-refs.lock")]);
    const shown = await prepare("locked", "echo l > l.txt");
    expect(await store.land("locked", { branch: "main", expectedTree: shown.tree })).toMatchObject({
      kind: "landed",
    });
  });

  test("20 kills at seeded moments of snapshots and landings lose and double nothing", async () => {
    const next = moments(20_261_124);
    for (let round = 0; round < 20; round++) {
      const taskId = `kill-${round % 5}`;
      const { commit } = await store.fetch();
      const mount = await store.openWorkspace(taskId, commit);
      edit(folder, mount, `echo ${round} >> k${round % 5}.txt`);
      await killAfter(next() * 1200, "snapshot", taskId);
    }
    for (let task = 0; task < 5; task++) {
      const taskId = `kill-${task}`;
      const author = { name: "Ada", email: "ada@example.org" };
      const options = { title: taskId, author, trailers: { "Task-Id": taskId } };
      const shown = await store.snapshot(taskId, options);
      await killAfter(next() * 2500, "land", taskId, shown.tree);
      const landed = await store.land(taskId, { branch: "main", expectedTree: shown.tree });
      expect(landed).toMatchObject({ kind: "landed" });
      expect(onMain(bare, `k${task}.txt`)).toBe(
        [0, 1, 2, 3].map((turn) => String(task + 5 * turn)).join("\n"),
      );
    }
    const titles = git(bare, "log", "--format=%s", "main").split("\n");
    expect(titles.filter((title) => title.startsWith("kill-"))).toHaveLength(5);
    expect(jjOnStore("log", "--no-graph", "-r", "all()", "-T", 'if(divergent, "D")')).toBe("");
  }, 240_000);
});
