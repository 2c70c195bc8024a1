import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../command.ts";
import { folderExists, removeFolder } from "./folders.ts";
import { askGit } from "./git.ts";
import { answer } from "./jj.ts";
import { renderJjConfig } from "./jj-config.ts";
import { HeldLock } from "./lock.ts";
import { type RepositoryContext, storeEnvironment } from "./programs.ts";
import { pathInView } from "./view.ts";

const lockWaitMs = 120_000;

/** Makes the folders and the jj store of a repository, or finds them. Safe when two do it at once. */
export async function initStore(context: RepositoryContext): Promise<void> {
  const { layout, owner } = context;
  // Others pass through, and see only what is theirs.
  await mkdir(layout.root, { recursive: true, mode: 0o711 });
  await chmod(context.folder.repositories, 0o711);
  await chmod(layout.root, 0o711);
  await using lock = await HeldLock.take(layout.lockFile, lockWaitMs);
  for (const path of [layout.jj, layout.home, layout.making]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, owner.uid, owner.gid);
  }
  await mkdir(layout.golden, { recursive: true, mode: 0o700 });
  await mkdir(layout.workspaces, { recursive: true, mode: 0o711 });
  await writeConfig(context);
  const done = join(layout.store, ".jj", "colony-ready");
  if (await folderExists(done)) return;
  await removeFolder(layout.store);
  const args = ["git", "init", "--no-colocate", layout.store];
  const result = await runOrThrow("making the jj store", {
    argv: [context.programs.jj, "--quiet", ...args],
    env: storeEnvironment(context),
    cwd: layout.jj,
    ...owner,
    timeoutMs: 60_000,
    maxOutputBytes: 100_000,
    fds: [lock.fd],
  });
  answer(args, result);
  // git's own maintenance inside jj's store would pack and prune under its feet.
  await askGit(context, "configuring the store", ["config", "maintenance.auto", "false"], { lock });
  await askGit(context, "configuring the store", ["config", "gc.auto", "0"], { lock });
  await writeFile(done, "");
}

/** The path of git changes with each new tool prefix. */
async function writeConfig(context: RepositoryContext): Promise<void> {
  const text = renderJjConfig(await pathInView(context, context.programs.git));
  const path = context.layout.configFile;
  if ((await readFile(path, "utf8").catch(() => "")) === text) return;
  await writeFile(path, text, { mode: 0o644 });
}
