import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { toolPath } from "../host-environment.ts";
import type { StateFolder } from "../state-folder.ts";
import { readUnprivilegedUser } from "../unprivileged-user.ts";
import type { RepositoryLayout } from "./layout.ts";

/** What every deed on one repository's store needs to know. */
export interface RepositoryContext {
  readonly folder: StateFolder;
  readonly layout: RepositoryLayout;
  /** The user that owns the store and runs jj. */
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly programs: {
    readonly jj: string;
    readonly git: string;
    readonly mount: string;
    readonly unshare: string;
    readonly nsenter: string;
    readonly setpriv: string;
  };
  /** Real folder of the tool prefix, if there is one: its programs name their loader by it. */
  readonly toolPrefix: string | undefined;
}

/** Finds the programs and the owner; touches nothing. */
export async function repositoryContext(
  folder: StateFolder,
  layout: RepositoryLayout,
): Promise<RepositoryContext> {
  const program = (name: string) => toolPath(folder, name);
  return {
    folder,
    layout,
    owner: await readUnprivilegedUser(),
    programs: {
      jj: program("jj"),
      git: program("git"),
      mount: program("mount"),
      unshare: program("unshare"),
      nsenter: program("nsenter"),
      setpriv: program("setpriv"),
    },
    toolPrefix: await realpath(dirname(folder.toolsBin)).catch(() => undefined),
  };
}

/** Environment of jj, and of git on the store: the host's and the caller's stay outside. */
export function storeEnvironment(context: RepositoryContext): Record<string, string> {
  return {
    PATH: `${context.folder.toolsBin}:/usr/bin:/bin`,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    HOME: context.layout.home,
    JJ_CONFIG: context.layout.configFile,
    GIT_CONFIG_NOSYSTEM: "1",
    // Only read, never written by `git config --global`.
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
  };
}

/**
 * A command line that runs as the store's owner: commits hold what agents wrote, so neither jj nor
 * git has any right beside, nor a way to one.
 */
export function asOwner(
  { owner, programs }: Pick<RepositoryContext, "owner" | "programs">,
  argv: readonly string[],
): [string, ...string[]] {
  return [
    programs.setpriv,
    ...[`--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups", "--no-new-privs"],
    ...["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"],
    "--",
    ...argv,
  ];
}
