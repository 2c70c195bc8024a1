import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { parseRepositoryAddress } from "../../sandbox/workspace/address.ts";
import { repositoryLayout } from "../../sandbox/workspace/layout.ts";
import { repositoryContext } from "../../sandbox/workspace/programs.ts";
import { knownWorkspace } from "../../sandbox/workspace/snapshot.ts";
import { runInView } from "../../sandbox/workspace/view.ts";
import { openStore, type Snapshot, type Store } from "../../sandbox/workspace.ts";
import { caller, git, makeHome, makeRepository, onMain, pushOutside } from "./workspace-fixture.ts";

const limits = {
  memoryBytes: 512 * 1024 ** 2,
  pids: 256,
  cpus: 2,
  diskBytes: 1024 ** 3,
  openFiles: 4096,
};

describe("a workspace in a living sandbox", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, { "a.txt": "one\ntwo\nthree\n", "dir/b.txt": "b\n" });
  let store: Store;
  let base: string;

  beforeAll(async () => {
    store = await openStore({ folder, url: bare, caller });
    base = (await store.fetch()).commit;
  });
  afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

  function specOf(id: string) {
    const egress = { kind: "none" } as const;
    return { id, epoch: 1, hostname: id, binds: [], forwards: [], limits, egress };
  }
  async function open(id: string): Promise<Sandbox> {
    const workspace = await store.openWorkspace(id, base);
    return openSandbox(folder, { workspace, ...specOf(id) });
  }
  async function run(sandbox: Sandbox, script: string): Promise<string> {
    const limitsOfRun = { timeoutMs: 60_000, maxOutputBytes: 100_000, cwd: "/workspace" };
    const result = await sandbox.exec(["sh", "-c", script], limitsOfRun);
    return result.output;
  }
  function snapshot(id: string, sandbox?: Sandbox): Promise<Snapshot> {
    const author = { name: "Ada", email: "ada@example.org" };
    const live = sandbox === undefined ? {} : { sandbox };
    return store.snapshot(id, { ...live, title: id, author, trailers: { "Task-Id": id } });
  }

  test("edits inside are seen while it lives and after its end; the next sandbox finds them", async () => {
    const sandbox = await open("live");
    expect(await run(sandbox, "echo four >> a.txt; rm dir/b.txt; ls -A")).toContain("a.txt");
    const living = await snapshot("live", sandbox);
    expect(living.files.map(({ path, status }) => `${status} ${path}`)).toEqual([
      "modified a.txt",
      "removed dir/b.txt",
    ]);
    expect(await run(sandbox, "cat a.txt")).toBe("one\ntwo\nthree\nfour\n");
    const receipt = await sandbox.close();
    expect(receipt).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
    expect((await snapshot("live")).tree).toBe(living.tree);
    const again = await open("live");
    expect(await run(again, "tail -1 a.txt; ls dir")).toBe("four\n");
    expect((await snapshot("live", again)).tree).toBe(living.tree);
    await again.close();
  });

  test("a living sandbox is found by itself; one whose keeper died is ended before a look", async () => {
    const sandbox = await open("keeperless");
    await run(sandbox, "echo k > k.txt; (while :; do date > t; done) > /dev/null 2>&1 &");
    const found = await snapshot("keeperless");
    expect(found.files.map(({ path }) => path)).toEqual(["k.txt", "t"]);
    process.kill(sandbox.keeperPid, "SIGKILL");
    await sandbox.gone();
    const left = await snapshot("keeperless");
    expect(left.files.map(({ path }) => path)).toEqual(["k.txt", "t"]);
    expect((await snapshot("keeperless")).tree).toBe(left.tree);
    const again = await open("keeperless");
    expect(await run(again, "cat k.txt")).toBe("k\n");
    await again.close();
  });

  test("nothing in the sandbox moves while its files are looked at", async () => {
    const sandbox = await open("frozen");
    await sandbox.start({
      name: "clock",
      argv: ["sh", "-c", "while :; do date +%s%N > next; mv next clock; done"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/workspace",
    });
    await run(sandbox, "until [ -s clock ]; do sleep 0.1; done");
    const address = parseRepositoryAddress(bare);
    const context = await repositoryContext(folder, repositoryLayout(folder, address, caller.uid));
    const { view } = await knownWorkspace(context, "frozen", sandbox);
    const twice = ["/bin/sh", "-c", "cat clock; sleep 0.5; cat clock"];
    for (let round = 0; round < 3; round++) {
      const { stdout } = await runInView(view, twice);
      const [first, second] = stdout.toString().split("\n");
      expect(first).toMatch(/^\d+$/);
      expect(second).toBe(first);
    }
    const moving = await run(sandbox, "cat clock; sleep 0.5; cat clock");
    expect(new Set(moving.trim().split("\n")).size).toBe(2);
    await sandbox.close();
  });

  test("jj's folder is out of the agent's reach", async () => {
    const sandbox = await open("reach");
    const words = await run(
      sandbox,
      "ls .jj; echo x > .jj/x; rm -rf .jj; mv .jj z; umount .jj; rmdir .jj; chmod 777 .jj; true",
    );
    expect(words).toMatch(/denied|busy|read-only/i);
    expect((await snapshot("reach", sandbox)).files).toEqual([]);
    await sandbox.close();
  });

  test("a workspace that comes while the sandbox runs is there at once, `.jj` covered, and once", async () => {
    const sandbox = await openSandbox(folder, { workspaceLater: true, ...specOf("later") });
    // Somebody who is inside already, in the folder that the files will cover.
    expect(await run(sandbox, "ls -A | wc -l; touch x || true")).toMatch(/^0\n.*read-only|denied/i);
    const workspace = await store.openWorkspace("later", base);
    await sandbox.attachWorkspace(workspace);
    await sandbox.attachWorkspace(workspace);
    expect(await run(sandbox, "cat a.txt; grep -c ' /workspace ' /proc/self/mountinfo")).toBe(
      "one\ntwo\nthree\n2\n",
    );
    expect(await run(sandbox, "ls .jj; umount .jj; umount /workspace; true")).toMatch(/denied/i);
    await run(sandbox, "echo four >> a.txt");
    const { files } = await snapshot("later", sandbox);
    expect(files.map(({ path, status }) => `${status} ${path}`)).toEqual(["modified a.txt"]);
    expect(await sandbox.close()).toMatchObject({ processes: 0, mounts: 0, cgroups: 0 });
  });

  test("a conflict is written into the living workspace and settled there", async () => {
    const sandbox = await open("settle");
    await run(sandbox, "sed -i 's/two/zwei/' a.txt");
    pushOutside(bare, "Outside", { "a.txt": "one\ndeux\nthree\n" });
    const shown = await snapshot("settle", sandbox);
    const options = { branch: "main", sandbox };
    const refused = await store.land("settle", { ...options, expectedTree: shown.tree });
    expect(refused).toMatchObject({
      kind: "conflict",
      files: [{ path: "a.txt", lines: "2", withTitle: "Outside" }],
    });
    await store.updateToBase("settle", options);
    expect(await run(sandbox, "cat a.txt")).toMatch(/<<<<<<<[^\n]*\ndeux\n\|\|\|\|\|\|\|/);
    await run(sandbox, "printf 'one\\nzwei, deux\\nthree\\n' > a.txt");
    const settled = await snapshot("settle", sandbox);
    expect(settled.conflicts).toEqual([]);
    const landed = await store.land("settle", { ...options, expectedTree: settled.tree });
    expect(landed).toMatchObject({ kind: "landed" });
    expect(onMain(bare, "a.txt")).toBe("one\nzwei, deux\nthree");
    await sandbox.close();
  });

  test("after a landing the workspace goes on, with what others landed in it", async () => {
    const sandbox = await open("goes-on");
    await run(sandbox, "echo c > c.txt");
    pushOutside(bare, "Theirs", { "theirs.txt": "t\n" });
    const first = await snapshot("goes-on", sandbox);
    const options = { branch: "main", sandbox };
    const landed = await store.land("goes-on", { ...options, expectedTree: first.tree });
    expect(landed).toMatchObject({ kind: "landed", alreadyThere: false });
    expect(await run(sandbox, "cat theirs.txt c.txt")).toBe("t\nc\n");
    await run(sandbox, "echo d > d.txt");
    const second = await snapshot("goes-on", sandbox);
    expect(second.files.map(({ path }) => path)).toEqual(["d.txt"]);
    const next = await store.land("goes-on", { ...options, expectedTree: second.tree });
    expect(next).toMatchObject({ kind: "landed", alreadyThere: false });
    expect(git(bare, "log", "-3", "--format=%s", "main")).toBe("goes-on\ngoes-on\nTheirs");
    await sandbox.close();
  });

  test("storms of rm, mkdir and swapped symlinks: each snapshot holds, the store stays whole", async () => {
    const sandbox = await open("storm");
    const storm = await sandbox.start({
      name: "storm",
      argv: [
        "sh",
        "-c",
        `while :; do mkdir -p s/t; echo x > s/t/f; rm -rf s; ln -s ${folder.repositories} s; rm s; done`,
      ],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/workspace",
    });
    for (let round = 0; round < 10; round++) await snapshot("storm", sandbox);
    pushOutside(bare, "More", { "s/t/f": "theirs\n" });
    for (let round = 0; round < 3; round++) {
      await store.updateToBase("storm", { branch: "main", sandbox });
    }
    await storm.kill("SIGKILL");
    await sandbox.close();
    await snapshot("storm");
  });
});
