import type { Sandbox } from "./sandbox.ts";
import type { StateFolder } from "./state-folder.ts";
import { openRepositoryStore } from "./workspace/store.ts";

export {
  JjError,
  RepositoryError,
  type RepositoryRefusal,
  WorkspaceError,
} from "./workspace/errors.ts";

/** How the keeper mounts a run's files: an overlay over a golden workspace, or a plain folder. */
export type WorkspaceMount =
  | {
      readonly kind: "overlay";
      /** Read-only golden checkout, owned by `colony` on disk. */
      readonly lower: string;
      /**
       * Parent of `upper` and `work`; survives the sandbox. Made by the store (root, 0700); who
       * mounts first makes the two, owned by its uidBase. A later sandbox of the same task takes
       * the owner of `upper` as its uidBase, or shifts the files to its own.
       */
      readonly upperParent: string;
      /** uid and gid that own `lower` on disk: idmap both to the range. */
      readonly ownerUid: number;
      readonly ownerGid: number;
      /** The workspace's jj folder, never in the agent's reach. Absent: nothing is snapshotted. */
      readonly jjFolder?: string;
    }
  | {
      readonly kind: "folder";
      /** Owned by `ownerUid:ownerGid` on disk; bound idmapped into the sandbox. */
      readonly path: string;
      readonly ownerUid: number;
      readonly ownerGid: number;
      readonly jjFolder?: string;
    };

/** One file of a change. */
export interface ChangedFile {
  readonly path: string;
  readonly status: "added" | "modified" | "removed" | "renamed" | "copied";
  readonly added: number;
  readonly removed: number;
  /** The old path of a renamed or copied file. */
  readonly from?: string | undefined;
}

/** What a snapshot found. `tree` names the content: an approval is bound to `change` and `tree`. */
export interface Snapshot {
  readonly change: string;
  readonly commit: string;
  readonly tree: string;
  readonly base: string;
  readonly files: readonly ChangedFile[];
  readonly added: number;
  readonly removed: number;
  /** Paths that hold a recorded conflict. */
  readonly conflicts: readonly { readonly path: string; readonly lines?: string | undefined }[];
  /** Sentences for the thread: nested repository, file too large, name not UTF-8 … */
  readonly remarks: readonly string[];
}

/** Who called: git transport runs with this uid's rights and credentials. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Agent socket and the like that git and ssh need; nothing else is passed on. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Author {
  readonly name: string;
  readonly email: string;
}

/** Outcome of one landing try. */
export type Landing =
  | { readonly kind: "landed"; readonly commit: string; readonly alreadyThere: boolean }
  | {
      readonly kind: "conflict";
      readonly snapshot: Snapshot;
      readonly files: readonly {
        readonly path: string;
        /** Lines of the base's file ("3-5, 9"); empty: the whole file (binary, or deleted). */
        readonly lines: string;
        /** Task-Id trailer of the landed change on the other side, if any. */
        readonly withTask?: string;
        readonly withTitle?: string;
      }[];
    }
  | { readonly kind: "check-failed"; readonly commit: string; readonly output: string }
  | { readonly kind: "empty" }
  | { readonly kind: "refused"; readonly sentence: string };

/** The jj store of one repository on this host. */
export interface Store {
  readonly key: string;
  readonly url: string;
  /** Fetches as the caller; answers the base branch's commit. */
  fetch(base?: string): Promise<{ readonly branch: string; readonly commit: string }>;
  /** Sentences about submodules, LFS and the like at that commit. */
  remarks(commit: string): Promise<readonly string[]>;
  readFile(commit: string, path: string): Promise<string | undefined>;
  /** Names the content of those files of a commit: equal text, equal answer. */
  fileIds(commit: string, isWanted: (path: string) => boolean): Promise<readonly string[]>;
  /** Makes (or finds again) the workspace of a task on a base commit. */
  openWorkspace(taskId: string, baseCommit: string): Promise<WorkspaceMount>;
  /** Snapshots the working copy: frozen in the live sandbox, or remounted when there is none. */
  snapshot(
    taskId: string,
    options: {
      readonly sandbox?: Sandbox;
      readonly title: string;
      readonly author: Author;
      readonly trailers: Readonly<Record<string, string>>;
    },
  ): Promise<Snapshot>;
  /** Unified diff of a change against its base (git format), untrusted text. */
  diff(taskId: string): Promise<string>;
  /** Last snapshot without looking at the working copy. */
  lastSnapshot(taskId: string): Promise<Snapshot | undefined>;
  /**
   * Rebases onto the base, checks, pushes with a lease, integrates. Idempotent by the `Task-Id`
   * trailer. `check` runs the project's check on the rebased commit and answers whether it passed.
   */
  land(
    taskId: string,
    options: {
      readonly branch: string;
      readonly expectedTree: string;
      readonly sandbox?: Sandbox;
      readonly check?: (
        commit: string,
      ) => Promise<{ readonly passed: boolean; readonly output: string }>;
    },
  ): Promise<Landing>;
  /** Moves the task's change onto the newest base with conflicts written into the workspace. */
  updateToBase(
    taskId: string,
    options: { readonly branch: string; readonly sandbox?: Sandbox },
  ): Promise<Snapshot>;
  /**
   * Forgets the workspace and removes its folders; answers the bytes that its files took.
   * `isPatient: false`: somebody else removes them meanwhile.
   */
  discardWorkspace(taskId: string, options?: { readonly isPatient?: boolean }): Promise<number>;
}

/** See `openStore`. */
export interface StoreOptions {
  readonly folder: StateFolder;
  readonly url: string;
  readonly caller: Caller;
}

/** Opens the jj store of a repository, making it where there is none. Throws `RepositoryError`. */
export function openStore(options: StoreOptions): Promise<Store> {
  return openRepositoryStore(options);
}
