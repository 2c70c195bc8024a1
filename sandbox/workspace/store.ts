import { bytesOf } from "../ending.ts";
import { removeInBackground, removeTree } from "../removal.ts";
import type { Sandbox } from "../sandbox.ts";
import type { Landing, Snapshot, Store, StoreOptions, WorkspaceMount } from "../workspace.ts";
import { parseBranch, parseRepositoryAddress } from "./address.ts";
import { restoreNested } from "./aside.ts";
import { bringBase } from "./bring-base.ts";
import type { Remote } from "./caller-git.ts";
import { chooseBranch } from "./choose-branch.ts";
import { factOf } from "./commit-facts.ts";
import { commitRemarks, unusableNames } from "./commit-remarks.ts";
import { RepositoryError } from "./errors.ts";
import { forgetWorkspace } from "./forget-workspace.ts";
import { askGit, gitOnStore } from "./git.ts";
import { initStore } from "./init-store.ts";
import { askJjForText } from "./jj.ts";
import { landChange } from "./landing.ts";
import { repositoryLayout, workspaceLayout } from "./layout.ts";
import { type LivingSandbox, livingSandbox } from "./living-sandbox.ts";
import { HeldLock } from "./lock.ts";
import { makeWorkspace } from "./open-workspace.ts";
import { repositoryContext } from "./programs.ts";
import { readRecord } from "./record.ts";
import { printable } from "./remarks.ts";
import type { LandOptions } from "./settle-landing.ts";
import { type Description, knownWorkspace, takeSnapshot } from "./snapshot.ts";
import { listBranches } from "./transport.ts";
import { updateChange } from "./update.ts";

const lockWaitMs = 600_000;

/** Opens the store of a repository, making it where there is none; the remote is not asked yet. */
export async function openRepositoryStore(options: StoreOptions): Promise<Store> {
  const address = parseRepositoryAddress(options.url);
  const layout = repositoryLayout(options.folder, address, options.caller.uid);
  const context = await repositoryContext(options.folder, layout);
  await initStore(context);
  return new RepositoryStore({ context, address, caller: options.caller });
}

class RepositoryStore implements Store {
  readonly #remote: Remote;
  readonly key: string;
  readonly url: string;

  constructor(remote: Remote) {
    this.#remote = remote;
    this.key = remote.context.layout.key;
    this.url = remote.address.label;
  }

  async fetch(base?: string): Promise<{ branch: string; commit: string }> {
    const { context, address } = this.#remote;
    const asked = base === undefined ? undefined : parseBranch(base);
    const offered = await listBranches(this.#remote);
    const branch = chooseBranch(address, offered, asked);
    const commit = await bringBase(this.#remote, branch, offered.branches.get(branch));
    const unusable = await factOf(context, commit, "unusable names", () =>
      unusableNames(context, commit),
    );
    if (unusable.length > 0) {
      throw new RepositoryError(
        "unusable-names",
        `${address.label} has a file name that is not UTF-8 ("${printable(unusable[0] ?? "")}"), so it cannot be used.`,
      );
    }
    return { branch, commit };
  }

  remarks(commit: string): Promise<readonly string[]> {
    const { context } = this.#remote;
    return factOf(context, commit, "remarks", () => commitRemarks(context, commit));
  }

  async readFile(commit: string, path: string): Promise<string | undefined> {
    const { context } = this.#remote;
    return factOf(context, commit, `file ${path}`, async () => {
      const result = await gitOnStore(context, ["cat-file", "blob", `${commit}:${path}`]);
      return result.exitCode === 0 ? result.stdout.toString("utf8") : undefined;
    });
  }

  async fileIds(commit: string, isWanted: (path: string) => boolean): Promise<readonly string[]> {
    const { context } = this.#remote;
    const all = await factOf(context, commit, "file ids", async () => {
      const words = ["ls-tree", "-r", "-z", "--format=%(objectname) %(path)", "--end-of-options"];
      return (await askGit(context, "listing files", [...words, commit])).split("\0");
    });
    return all.filter((line) => isWanted(line.slice(line.indexOf(" ") + 1)));
  }

  openWorkspace(taskId: string, baseCommit: string): Promise<WorkspaceMount> {
    return makeWorkspace(this.#remote.context, taskId, baseCommit);
  }

  async snapshot(
    taskId: string,
    options: Description & { readonly sandbox?: Sandbox },
  ): Promise<Snapshot> {
    const { context } = this.#remote;
    await using living = await livingSandbox(context.folder, taskId, options.sandbox);
    await using lock = await this.#lock();
    const known = await knownWorkspace(context, taskId, living.sandbox);
    return await takeSnapshot(context, lock, known, options);
  }

  async diff(taskId: string): Promise<string> {
    const { context } = this.#remote;
    const { record } = await knownWorkspace(context, taskId, undefined);
    await using lock = await this.#lock();
    const { change, operation } = await restoreNested(context, lock, taskId, record.nested);
    const at = operation === undefined ? [] : ["--at-operation", operation];
    return await askJjForText(context, [...at, "diff", "--git", "-r", change.commit]);
  }

  async lastSnapshot(taskId: string): Promise<Snapshot | undefined> {
    const workspace = workspaceLayout(this.#remote.context.layout, taskId);
    return (await readRecord(workspace.recordFile))?.snapshot;
  }

  async land(taskId: string, options: LandOptions): Promise<Landing> {
    const branch = parseBranch(options.branch);
    const { folder } = this.#remote.context;
    await using living = await livingSandbox(folder, taskId, options.sandbox);
    return await landChange(this.#remote, taskId, { ...options, ...known(living), branch });
  }

  async updateToBase(
    taskId: string,
    options: { readonly branch: string; readonly sandbox?: Sandbox },
  ): Promise<Snapshot> {
    const branch = parseBranch(options.branch);
    const { folder } = this.#remote.context;
    await using living = await livingSandbox(folder, taskId, options.sandbox);
    return await updateChange(this.#remote, taskId, { ...known(living), branch });
  }

  async discardWorkspace(
    taskId: string,
    { isPatient = true }: { readonly isPatient?: boolean } = {},
  ): Promise<number> {
    const files = await this.#forget(taskId);
    if (files === undefined) return 0;
    const bytes = await bytesOf([files]);
    if (isPatient) await removeTree(files);
    else removeInBackground(files);
    return bytes;
  }

  async #forget(taskId: string): Promise<string | undefined> {
    await using lock = await this.#lock();
    return await forgetWorkspace(this.#remote.context, lock, taskId);
  }

  #lock(): Promise<HeldLock> {
    return HeldLock.take(this.#remote.context.layout.lockFile, lockWaitMs);
  }
}

function known({ sandbox }: LivingSandbox): { readonly sandbox?: Sandbox } {
  return sandbox === undefined ? {} : { sandbox };
}
