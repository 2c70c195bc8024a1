/** Why a repository cannot be used, for programs; the message is the sentence for people. */
export type RepositoryRefusal =
  | "bad-address"
  | "not-found"
  | "empty"
  | "no-access"
  | "no-branch"
  | "unreachable"
  | "unusable-names"
  | "failed";

/** A repository that cannot be used as asked. `message` can be shown to people as it is. */
export class RepositoryError extends Error {
  override readonly name = "RepositoryError";
  readonly kind: RepositoryRefusal;
  /** Branches that do exist, where the asked one does not. */
  readonly branches: readonly string[];
  constructor(
    kind: RepositoryRefusal,
    message: string,
    options: { readonly branches?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.branches = options.branches ?? [];
  }
}

/** What jj's exit code says: an answer, a wrong call of ours, or a store in trouble. */
export type JjFailure = "refused" | "usage" | "fault" | "killed";

/** jj did not do what was asked. */
export class JjError extends Error {
  override readonly name = "JjError";
  readonly failure: JjFailure;
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly args: readonly string[];
  constructor(args: readonly string[], exitCode: number | null, stderr: string) {
    const failure = meaningOf(exitCode);
    super(`jj ${args.join(" ").slice(0, 200)}: ${failure}: ${stderr.trim().slice(-800)}`);
    this.failure = failure;
    this.exitCode = exitCode;
    this.stderr = stderr;
    this.args = args;
  }
}

function meaningOf(exitCode: number | null): JjFailure {
  if (exitCode === 1) return "refused";
  if (exitCode === 2) return "usage";
  return exitCode === null ? "killed" : "fault";
}

/** A task whose workspace is not on this host, or whose id cannot be one. */
export class WorkspaceError extends Error {
  override readonly name = "WorkspaceError";
  readonly taskId: string;
  constructor(taskId: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.taskId = taskId;
  }
}

/** What an agent left cannot be saved; the message says what is in the way. */
export class UnsavableError extends Error {
  override readonly name = "UnsavableError";
  readonly kind = "unsavable-files";
  readonly taskId: string;
  constructor(taskId: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.taskId = taskId;
  }
}
