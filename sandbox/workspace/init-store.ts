import { chmod, lchown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../command.ts";
import { folderExists, removeFolder } from "./folders.ts";
import { askGit } from "./git.ts";
import { answer } from "./jj.ts";
import { renderJjConfig } from "./jj-config.ts";
import { HeldLock } from "./lock.ts";
import { asOwner, type RepositoryContext, storeEnvironment } from "./programs.ts";
import { pathInView } from "./view.ts";

const lockWaitMs = 120_000;

/** Makes the folders and the jj store of a repository, or finds them. Safe when two do it at once. */
export async function initStore(context: RepositoryContext): Promise<void> {
  const { layout, owner } = context;
  const done = join(layout.root, "ready");
  const config = renderJjConfig(await pathInView(context, context.programs.git));
  if ((await readFile(done, "utf8").catch(() => "")) === config) return;
  // Others pass through, and see only what is theirs.
  await mkdir(layout.jj, { recursive: true, mode: 0o711 });
  for (const path of [context.folder.repositories, layout.root, layout.jj])
    await chmod(path, 0o711);
  await using lock = await HeldLock.take(layout.lockFile, lockWaitMs);
  for (const path of [layout.home, layout.making]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await lchown(path, owner.uid, owner.gid);
  }
  await mkdir(layout.golden, { recursive: true, mode: 0o700 });
  await mkdir(layout.workspaces, { recursive: true, mode: 0o711 });
  // The path of git in it changes with each new tool prefix.
  await writeFile(layout.configFile, config, { mode: 0o644 });
  if (!(await folderExists(done))) await makeStore(context, lock);
  await writeFile(done, config);
}

async function makeStore(context: RepositoryContext, lock: HeldLock): Promise<void> {
  const { layout, owner } = context;
  await removeFolder(layout.store);
  await mkdir(layout.store, { mode: 0o700 });
  await lchown(layout.store, owner.uid, owner.gid);
  const args = ["git", "init", "--no-colocate", layout.store];
  const result = await runOrThrow("making the jj store", {
    argv: asOwner(context, [context.programs.jj, "--quiet", ...args]),
    env: storeEnvironment(context),
    cwd: layout.jj,
    timeoutMs: 60_000,
    maxOutputBytes: 100_000,
    fds: [lock.fd],
  });
  answer(args, result);
  // git's own maintenance inside jj's store would pack and prune under its feet.
  await askGit(context, "configuring the store", ["config", "maintenance.auto", "false"], { lock });
  await askGit(context, "configuring the store", ["config", "gc.auto", "0"], { lock });
}
