import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../../sandbox/command.ts";
import { hostPath } from "../process/host-path.ts";

/**
 * Puts the demo's web application into a bare git repository of its own, with one commit, as a team
 * would have it on a server. Answers the repository's path.
 */
export async function seedRepository(home: string): Promise<string> {
  const repository = join(home, "demo", "bakery.git");
  const work = join(home, "demo", "bakery");
  await rm(join(home, "demo"), { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await cp(join(import.meta.dirname, "bakery"), work, { recursive: true });
  await git(work, "init", "--quiet", "--initial-branch=main");
  await git(work, "add", "--all");
  await git(work, "commit", "--quiet", "--message", "A page for the bakery");
  await git(home, "clone", "--quiet", "--bare", work, repository);
  await rm(work, { recursive: true });
  return repository;
}

/** Commits of the repository's main branch, newest first. */
export async function readHistory(
  repository: string,
): Promise<
  readonly { readonly commit: string; readonly author: string; readonly message: string }[]
> {
  const log = await git(repository, "log", "--format=%H%x1f%an%x1f%B%x1e", "main");
  return log
    .split("\x1e")
    .map((entry) => entry.trim().split("\x1f"))
    .filter((fields) => fields.length === 3)
    .map(([commit = "", author = "", message = ""]) => ({
      commit,
      author,
      message: message.trim(),
    }));
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const result = await runOrThrow("git", {
    argv: [
      "git",
      "-c",
      "user.name=Corner Bakery",
      "-c",
      "user.email=bakery@example.org",
      "-c",
      "safe.directory=*",
      ...args,
    ],
    env: {
      PATH: hostPath,
      HOME: "/nonexistent",
      GIT_CONFIG_GLOBAL: "/dev/null",
      LC_ALL: "C.UTF-8",
    },
    cwd,
    timeoutMs: 60_000,
    maxOutputBytes: 1_000_000,
  });
  return result.stdout.toString("utf8");
}
