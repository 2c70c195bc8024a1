import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseRepositoryAddress } from "../../../sandbox/workspace/address.ts";
import { askGit } from "../../../sandbox/workspace/git.ts";
import { askJj } from "../../../sandbox/workspace/jj.ts";
import { repositoryLayout } from "../../../sandbox/workspace/layout.ts";
import { type RepositoryContext, repositoryContext } from "../../../sandbox/workspace/programs.ts";
import { knownWorkspace } from "../../../sandbox/workspace/snapshot.ts";
import { runInView } from "../../../sandbox/workspace/view.ts";
import { openStore } from "../../../sandbox/workspace.ts";
import { caller, edit, makeHome, makeRepository } from "../workspace-fixture.ts";
import { readRights } from "./rights-table.ts";

const folder = makeHome();
const page = readFileSync(join(import.meta.dirname, "../../../docs/whose-rights.md"), "utf8");
let context: RepositoryContext;

beforeAll(async () => {
  const bare = makeRepository(folder, { "a.txt": "a\n" });
  const store = await openStore({ folder, url: bare, caller });
  const { commit } = await store.fetch();
  edit(folder, await store.openWorkspace("seen", commit), "echo b > b.txt");
  const layout = repositoryLayout(folder, parseRepositoryAddress(bare), caller.uid);
  context = await repositoryContext(folder, layout);
});
afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

test("the table names them", () => {
  const rights = readRights(page, "What is started for a moment");
  expect(rights).toEqual(
    [
      ...[{ program: "jj in a workspace", user: "the sandbox's range" }],
      ...[{ program: "jj on the store", user: "colony" }],
      ...[{ program: "git on the store", user: "colony" }],
    ].map((row) => ({ ...row, capabilities: "none", noWayToMore: true })),
  );
});

test("jj and git on the store have no right, and no way to one", async () => {
  // In their place a program that says what the kernel says of it.
  const program = join(folder.home, "say-rights");
  writeFileSync(program, "#!/bin/sh\ncat /proc/self/status\n");
  chmodSync(program, 0o755);
  const programs = { ...context.programs, jj: program, git: program };
  const told = { ...context, programs };
  for (const status of [(await askJj(told, [])).stdout, await askGit(told, "asking", [])]) {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1];
    const { uid, gid } = context.owner;
    expect(field("Uid")).toBe([uid, uid, uid, uid].join("\t"));
    expect(field("Gid")).toBe([gid, gid, gid, gid].join("\t"));
    expect(field("Groups")?.trim()).toBe("");
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      expect(field(set), set).toMatch(/^0+$/);
    }
    expect(field("NoNewPrivs")).toBe("1");
  }
});

test("jj in a workspace is of the sandbox's range, with two capabilities of that range's namespace", async () => {
  const { view } = await knownWorkspace(context, "seen", undefined);
  const script = "setpriv --dump; stat -c '%u %n' b.txt; ls -A /; ls /proc /root /home 2>&1";
  const { stdout } = await runInView(view, ["/bin/sh", "-c", script]);
  const said = stdout.toString("utf8");
  expect(said).toMatch(/^no_new_privs: 1$/m);
  expect(said).toMatch(/^Capability bounding set: dac_override,dac_read_search$/m);
  expect(said).toMatch(/^uid: 0$/m);
  // Its 0 is the first uid of the range: what the range owns is its own.
  expect(said).toMatch(/^0 b\.txt$/m);
  expect(said).toMatch(/cannot access '\/proc'/);
});
