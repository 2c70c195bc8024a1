import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type StateFolder, stateFolder } from "../../sandbox/state-folder.ts";
import type { Caller, WorkspaceMount } from "../../sandbox/workspace.ts";

/** First uid of the range that stands for a sandbox here. */
export const editorBase = 0x6fff_0000;

export const caller: Caller = { uid: 0, gid: 0, home: "/root", env: {} };

/** A state folder of its own, below a place that carries an overlay. */
export function makeHome(): StateFolder {
  const parent = process.env.COLONY_TEST_HOME ?? "/var/lib/colony-test";
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const home = mkdtempSync(join(parent, "home-"));
  execFileSync("chmod", ["755", home]);
  return stateFolder(home, process.env.COLONY_SHARED ?? "/var/lib/colony/shared");
}

/** Runs git as a person would; answers its output. */
export function git(cwd: string, ...args: string[]): string {
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  return execFileSync("git", [...identity, "-c", "init.defaultBranch=main", ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** A bare repository with one commit that holds `files`. */
export function makeRepository(
  folder: StateFolder,
  files: Readonly<Record<string, string>>,
): string {
  const bare = join(folder.home, "origin.git");
  mkdirSync(bare);
  git(bare, "init", "-q", "--bare", ".");
  pushOutside(bare, "Begin", files);
  return bare;
}

/** Somebody pushes to main from outside. Answers the commit. */
export function pushOutside(
  bare: string,
  message: string,
  files: Readonly<Record<string, string>>,
): string {
  const clone = mkdtempSync(`${bare}-clone-`);
  git(clone, "clone", "-q", bare, ".");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(clone, path, ".."), { recursive: true });
    writeFileSync(join(clone, path), text);
  }
  git(clone, "add", "-A");
  git(clone, "commit", "-q", "-m", message);
  git(clone, "push", "-q", "origin", "HEAD:main");
  return git(clone, "rev-parse", "HEAD");
}

/** Text of a file on main of the bare repository. */
export function onMain(bare: string, path: string): string {
  return git(bare, "show", `main:${path}`);
}

/** Runs a shell script on a workspace's files, mounted as a sandbox's keeper mounts them. */
export function edit(folder: StateFolder, mount: WorkspaceMount, script: string): string {
  if (mount.kind === "folder") {
    return execFileSync("sh", ["-euc", script], { cwd: mount.path, encoding: "utf8" });
  }
  const map = `u:${mount.ownerUid}:${editorBase}:1 g:${mount.ownerGid}:${editorBase}:1`;
  const words = `
    export PATH="${folder.toolsBin}:$PATH"
    mkdir -p upper work
    chown ${editorBase}:${editorBase} upper work
    mount -t tmpfs none /mnt && mkdir /mnt/lower /mnt/merged
    mount --bind -o "ro,nosuid,nodev,X-mount.idmap=${map}" "${mount.lower}" /mnt/lower
    mount -t overlay -o nosuid,nodev,redirect_dir=on,lowerdir=/mnt/lower,upperdir=upper,workdir=work none /mnt/merged
    cd /mnt/merged
    exec setpriv --reuid ${editorBase} --regid ${editorBase} --clear-groups sh -euc "$1"`;
  const unshare = join(folder.toolsBin, "unshare");
  return execFileSync(unshare, ["-m", "sh", "-euc", words, "edit", script], {
    cwd: mount.upperParent,
    encoding: "utf8",
  });
}
