import { createHash } from "node:crypto";
import { join } from "node:path";
import type { StateFolder } from "../state-folder.ts";
import type { RepositoryAddress } from "./address.ts";
import { WorkspaceError } from "./errors.ts";

/**
 * Paths of one repository on this host. What lies in `jj` belongs to the store's owner, `staging` to
 * the caller, the folders between them to root, so that no account can swap another's folder.
 */
export interface RepositoryLayout {
  readonly key: string;
  readonly root: string;
  readonly lockFile: string;
  readonly landingLockFile: string;
  readonly transportLockFile: string;
  readonly goldenLockFile: string;
  /** Everything that jj may touch: store, home, configuration, workspaces being made. */
  readonly jj: string;
  readonly store: string;
  readonly gitFolder: string;
  readonly home: string;
  readonly configFile: string;
  readonly making: string;
  readonly golden: string;
  readonly workspaces: string;
  /** Bare repository of the caller, through which bytes come and go. */
  readonly staging: string;
}

/** Paths of one task's workspace. */
export interface WorkspaceLayout {
  readonly root: string;
  readonly recordFile: string;
  readonly jjFolder: string;
  /** Empty mount point; jj sees the merged files here, in a namespace of its own. */
  readonly tree: string;
  readonly upperParent: string;
  /** The files themselves, where no overlay serves. */
  readonly plain: string;
}

/** One store per repository and caller: what one may read is no right of another. */
export function repositoryLayout(
  folder: StateFolder,
  address: RepositoryAddress,
  callerUid: number,
): RepositoryLayout {
  const hash = createHash("sha256").update(`${callerUid}\0${address.url}`).digest("hex");
  return layoutOfKey(folder, `${address.slug}-${hash.slice(0, 12)}`);
}

/** Paths of a repository that is known by its folder's name. */
export function layoutOfKey(folder: StateFolder, key: string): RepositoryLayout {
  const root = join(folder.repositories, key);
  const jj = join(root, "jj");
  return {
    key,
    root,
    lockFile: join(root, "lock"),
    landingLockFile: join(root, "landing.lock"),
    transportLockFile: join(root, "transport.lock"),
    goldenLockFile: join(root, "golden.lock"),
    jj,
    store: join(jj, "store"),
    gitFolder: join(jj, "store", ".jj", "repo", "store", "git"),
    home: join(jj, "home"),
    configFile: join(jj, "config.toml"),
    making: join(jj, "making"),
    golden: join(root, "golden"),
    workspaces: join(root, "workspaces"),
    staging: join(root, "staging.git"),
  };
}

/** Paths of a task's workspace; refuses an id that could leave the folder. */
export function workspaceLayout(repository: RepositoryLayout, taskId: string): WorkspaceLayout {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(taskId)) {
    throw new WorkspaceError(taskId, `"${taskId}" cannot be the id of a task.`);
  }
  const root = join(repository.workspaces, taskId);
  return {
    root,
    recordFile: join(root, "record.json"),
    jjFolder: join(root, "jj"),
    tree: join(root, "tree"),
    upperParent: join(root, "files"),
    plain: join(root, "plain"),
  };
}
