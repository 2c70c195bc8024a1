import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openStore, RepositoryError } from "../../sandbox/workspace.ts";
import { caller, edit, git, makeHome, makeRepository } from "./workspace-fixture.ts";

/** Two users of the host that no test machine lacks. */
const owner = { uid: 65_533, gid: 65_533, home: "/nonexistent", env: {} };
const stranger = { uid: 65_532, gid: 65_532, home: "/nonexistent", env: {} };

describe("addresses of repositories", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, { "a.txt": "a\n" });
  afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

  async function refusal(url: string, branch?: string, who = caller): Promise<RepositoryError> {
    try {
      await (await openStore({ folder, url, caller: who })).fetch(branch);
    } catch (error) {
      if (error instanceof RepositoryError) return error;
      throw error;
    }
    throw new Error(`${url} was taken`);
  }

  test("options, helpers and unencrypted or unknown protocols are refused before git runs", async () => {
    const proof = join(folder.home, "ran");
    const bad = [
      `--upload-pack=touch ${proof}`,
      `ext::sh -c 'touch ${proof}'`,
      "fd::17",
      "http://example.org/x.git",
      "git://example.org/x.git",
      `ssh://-oProxyCommand=touch%20${proof}/x`,
      `-oProxyCommand=x@host:y`,
      "host:-x",
      "relative/path",
      "",
      "/tmp/a\nb",
      "file://other-host/x",
    ];
    for (const url of bad) expect((await refusal(url)).kind, url).toBe("bad-address");
    expect(existsSync(proof)).toBe(false);
    expect((await refusal(bare, "--upload-pack=x")).kind).toBe("no-branch");
  });

  test("missing, empty, no such branch: each with its kind and a sentence", async () => {
    const missing = await refusal(join(folder.home, "nowhere.git"));
    expect(missing.kind).toBe("not-found");
    expect(missing.message).toContain("There is no git repository at");
    const empty = join(folder.home, "empty.git");
    mkdirSync(empty);
    git(empty, "init", "-q", "--bare", ".");
    expect(await refusal(empty)).toMatchObject({ kind: "empty" });
    const branch = await refusal(bare, "mian");
    expect(branch).toMatchObject({ kind: "no-branch", branches: ["main"] });
    expect(branch.message).toContain('the nearest is "main"');
  });

  test("a host that does not answer is told as such", async () => {
    expect((await refusal("https://127.0.0.1:9/x.git")).kind).toBe("unreachable");
  });

  test("a path that only the caller may read works for the caller and for nobody else", async () => {
    const home = makeHome();
    const source = makeRepository(home, { "secret.txt": "s\n" });
    execFileSync("chown", ["-R", `${owner.uid}:${owner.gid}`, source]);
    chmodSync(source, 0o700);
    const store = await openStore({ folder, url: source, caller: owner });
    const { commit } = await store.fetch();
    const mount = await store.openWorkspace("mine", commit);
    edit(folder, mount, "echo m > m.txt");
    const author = { name: "Ada", email: "ada@example.org" };
    const trailers = { "Task-Id": "mine" };
    const snapshot = await store.snapshot("mine", { title: "Mine", author, trailers });
    const landed = await store.land("mine", { branch: "main", expectedTree: snapshot.tree });
    expect(landed).toMatchObject({ kind: "landed" });
    // What the push wrote there belongs to the caller: it ran with the caller's rights.
    const foreign = execFileSync("find", [source, "!", "-uid", String(owner.uid)], {
      encoding: "utf8",
    });
    expect(foreign).toBe("");
    expect((await refusal(source, undefined, stranger)).kind).toBe("not-found");
    rmSync(home.home, { recursive: true, force: true });
  });

  test("the caller's own checkout is brought along when clean, and left alone when not", async () => {
    const checkout = join(folder.home, "checkout");
    mkdirSync(checkout);
    git(checkout, "init", "-q", ".");
    writeFileSync(join(checkout, "a.txt"), "a\n");
    git(checkout, "add", "-A");
    git(checkout, "commit", "-q", "-m", "Begin");
    const store = await openStore({ folder, url: `file://${checkout}`, caller });
    const { commit } = await store.fetch();
    const mount = await store.openWorkspace("own", commit);
    edit(folder, mount, "echo b > b.txt");
    const author = { name: "Ada", email: "ada@example.org" };
    const trailers = { "Task-Id": "own" };
    const snapshot = await store.snapshot("own", { title: "Own", author, trailers });
    writeFileSync(join(checkout, "a.txt"), "mine, not committed\n");
    const options = { branch: "main", expectedTree: snapshot.tree };
    const refused = await store.land("own", options);
    expect(refused).toMatchObject({ kind: "refused" });
    expect(refused).toHaveProperty("sentence", expect.stringContaining("not committed"));
    git(checkout, "checkout", "-q", "--", "a.txt");
    expect(await store.land("own", options)).toMatchObject({ kind: "landed" });
    expect(existsSync(join(checkout, "b.txt"))).toBe(true);
  });

  test("submodules and LFS are told", async () => {
    const store = await openStore({ folder, url: bare, caller });
    const clone = join(folder.home, "clone");
    git(folder.home, "clone", "-q", bare, clone);
    writeFileSync(join(clone, ".gitattributes"), "*.psd filter=lfs diff=lfs merge=lfs -text\n");
    git(clone, "add", "-A");
    const commit = git(clone, "rev-parse", "HEAD");
    git(clone, "update-index", "--add", "--cacheinfo", `160000,${commit},sub`);
    git(clone, "commit", "-q", "-m", "Odd");
    git(clone, "push", "-q", "origin", "HEAD:main");
    const fetched = await store.fetch();
    expect(await store.remarks(fetched.commit)).toEqual([
      'Submodule "sub" is not checked out.',
      "Large files (git LFS) are pointers here, not their content.",
    ]);
    expect(await store.readFile(fetched.commit, "a.txt")).toBe("a\n");
    expect(await store.readFile(fetched.commit, "b.txt")).toBeUndefined();
    const mount = await store.openWorkspace("sub", fetched.commit);
    expect(edit(folder, mount, "ls -d sub")).toBe("sub\n");
  });
});
