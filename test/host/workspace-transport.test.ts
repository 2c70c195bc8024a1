import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Caller, openStore } from "../../sandbox/workspace.ts";
import { openGitHttpServer } from "./git-http-server.ts";
import { edit, git, makeHome, makeRepository } from "./workspace-fixture.ts";

const ids = { uid: 65_531, gid: 65_531 };

describe("transport with the caller's rights", () => {
  const folder = makeHome();
  const bare = makeRepository(folder, { "a.txt": "a\n" });
  const home = join(folder.home, "caller");
  const caller: Caller = { ...ids, home, env: {} };

  beforeAll(() => {
    mkdirSync(home);
    git(bare, "config", "http.receivepack", "true");
    execFileSync("chown", ["-R", `${ids.uid}:${ids.gid}`, home]);
  });
  afterAll(() => rmSync(folder.home, { recursive: true, force: true }));

  async function landOver(url: string, who: Caller, taskId: string) {
    const store = await openStore({ folder, url, caller: who });
    const { commit } = await store.fetch();
    const mount = await store.openWorkspace(taskId, commit);
    edit(folder, mount, `echo ${taskId} > ${taskId}.txt`);
    const author = { name: "Ada", email: "ada@example.org" };
    const options = { title: taskId, author, trailers: { "Task-Id": taskId } };
    const snapshot = await store.snapshot(taskId, options);
    return store.land(taskId, { branch: "main", expectedTree: snapshot.tree });
  }

  test("http with a password: the caller's credential helper opens it, nobody else", async () => {
    await using server = await openGitHttpServer(folder.home, "s3cret");
    const url = `${server.url}/origin.git`;
    const closed = openStore({ folder, url, caller: { ...caller, home: "/nonexistent" } });
    await expect(closed.then((store) => store.fetch())).rejects.toMatchObject({
      kind: "no-access",
      message: expect.stringContaining("private, or a credential is missing"),
    });
    writeFileSync(join(home, ".gitconfig"), "[credential]\n\thelper = store\n");
    writeFileSync(join(home, ".git-credentials"), `${server.url.replace("//", "//ada:s3cret@")}\n`);
    execFileSync("chown", ["-R", `${ids.uid}:${ids.gid}`, home]);
    expect(await landOver(url, caller, "over-http")).toMatchObject({ kind: "landed" });
    expect(git(bare, "log", "-1", "--format=%s", "main")).toBe("over-http");
    const missing = openStore({ folder, url: `${server.url}/none.git`, caller });
    await expect(missing.then((store) => store.fetch())).rejects.toMatchObject({
      kind: "not-found",
    });
  });

  test("a password in the URL is told to nobody", async () => {
    await using server = await openGitHttpServer(folder.home, "s3cret");
    const url = `${server.url.replace("//", "//ada:wrong@")}/origin.git`;
    const store = await openStore({ folder, url, caller });
    expect(store.url).not.toContain("wrong");
    const error = await store.fetch().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ kind: "no-access" });
    expect(String(error)).not.toContain("wrong");
  });

  test("ssh: the caller's ssh runs as the caller, with the agent socket that was passed on", async () => {
    const ssh = join(folder.home, "ssh");
    const log = join(home, "ssh.log");
    // Stands for the ssh client: notes who runs it, then does what a server would.
    const note = `echo "$(id -u) $SSH_AUTH_SOCK $*" >> ${log}`;
    writeFileSync(ssh, `#!/bin/sh\n${note}\nwhile [ $# -gt 1 ]; do shift; done\nexec sh -c "$1"\n`);
    chmodSync(ssh, 0o755);
    execFileSync("chown", ["-R", `${ids.uid}:${ids.gid}`, bare]);
    const env = { GIT_SSH_COMMAND: ssh, SSH_AUTH_SOCK: "/run/agent.sock" };
    const outcome = await landOver(`git@git.example.org:${bare}`, { ...caller, env }, "over-ssh");
    expect(outcome).toMatchObject({ kind: "landed" });
    const lines = readFileSync(log, "utf8").trim().split("\n");
    expect(lines.some((line) => line.includes("git-receive-pack"))).toBe(true);
    for (const line of lines)
      expect(line).toMatch(/^65531 \/run\/agent.sock .*git@git.example.org/);
  });
});
