import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A bare repository with one commit on `main`, and what has landed there since. */
export interface TestRepository extends Disposable {
  readonly path: string;
  log(): { readonly author: string; readonly message: string }[];
  show(path: string): string;
  /** Commits straight to `main`, as somebody outside of Colony does. */
  push(files: Readonly<Record<string, string>>): void;
}

export function makeRepository(files: Readonly<Record<string, string>>): TestRepository {
  const root = mkdtempSync(join(tmpdir(), "colony-repository-"));
  const path = join(root, "shop.git");
  const work = join(root, "work");
  const git = (cwd: string, ...args: string[]) =>
    execFileSync(
      "git",
      [
        "-c",
        "user.name=Grace",
        "-c",
        "user.email=grace@example.org",
        "-c",
        "safe.directory=*",
        ...args,
      ],
      { cwd, encoding: "utf8" },
    );
  mkdirSync(work);
  git(root, "init", "-q", "--bare", "-b", "main", path);
  git(work, "init", "-q", "-b", "main");
  git(work, "remote", "add", "origin", path);
  const commit = (written: Readonly<Record<string, string>>, message: string) => {
    for (const [name, text] of Object.entries(written)) {
      mkdirSync(dirname(join(work, name)), { recursive: true });
      writeFileSync(join(work, name), text);
    }
    git(work, "add", "-A");
    git(work, "commit", "-qm", message);
    git(work, "push", "-q", "origin", "main");
  };
  commit(files, "First");
  return {
    path,
    log: () =>
      git(path, "log", "--format=%an%x1f%B%x1e", "main")
        .split("\x1e")
        .map((entry) => entry.trim().split("\x1f"))
        .filter((fields) => fields.length === 2)
        .map(([author = "", message = ""]) => ({ author, message: message.trim() })),
    show: (name) => git(path, "show", `main:${name}`),
    push(written) {
      git(work, "pull", "-q", "--rebase", "origin", "main");
      commit(written, "From outside");
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
