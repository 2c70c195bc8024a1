import { mkdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type CommandResult, runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { workspaceTreePath } from "../keeper-paths.ts";
import type { Sandbox } from "../sandbox.ts";
import type { WorkspaceMount } from "../workspace.ts";
import { answer, type JjAnswer, workingCopyFlags } from "./jj.ts";
import type { WorkspaceLayout } from "./layout.ts";
import type { HeldLock } from "./lock.ts";
import { type RepositoryContext, storeEnvironment } from "./programs.ts";
import { removeStaleLocks } from "./stale-locks.ts";
import { viewScript } from "./view-script.ts";

/** First uid of the range that looks at files no sandbox has ever mounted. */
const unusedRangeBase = 0x6ffe_0000;

/** A workspace whose files jj is to see, in its live sandbox or mounted again without one. */
export interface WorkspaceView {
  readonly context: RepositoryContext;
  readonly workspace: WorkspaceLayout;
  readonly mount: WorkspaceMount;
  readonly sandbox: Sandbox | undefined;
}

/** jj on the workspace's files, which nobody can change meanwhile. Throws `JjError`. */
export async function jjInView(
  view: WorkspaceView,
  lock: HeldLock,
  args: readonly string[],
): Promise<JjAnswer> {
  const jj = await pathInView(view.context, view.context.programs.jj);
  const run = () => runInView(view, [jj, ...workingCopyFlags, ...args], [lock.fd]);
  const first = await run();
  if (first.exitCode !== 255) return answer(args, first);
  if ((await removeStaleLocks(view.context.layout.gitFolder, lock)) === 0) {
    return answer(args, first);
  }
  return answer(args, await run());
}

/** Runs a program on the merged files, with the sandbox frozen where one is alive. */
export async function runInView(
  view: WorkspaceView,
  program: readonly string[],
  fds: readonly number[] = [],
): Promise<CommandResult> {
  const { sandbox } = view;
  if (sandbox === undefined) return launch(view, program, fds);
  return sandbox.whileFrozen(() => launch(view, program, fds));
}

async function launch(
  view: WorkspaceView,
  program: readonly string[],
  fds: readonly number[],
): Promise<CommandResult> {
  const { context, workspace, mount, sandbox } = view;
  const { programs, layout, owner } = context;
  const root = join(layout.root, "view");
  await mkdir(root, { recursive: true, mode: 0o700 });
  await mkdir(workspace.tree, { recursive: true, mode: 0o700 });
  const place = await placeOf(view);
  const enter =
    sandbox === undefined ? [] : [programs.nsenter, `--mount=/proc/${sandbox.keeperPid}/ns/mnt`];
  const argv = [
    ...enter,
    programs.unshare,
    "--mount",
    "--propagation",
    "private",
    "/bin/sh",
    "-c",
    viewScript,
    "colony-view",
    place.mode,
    root,
    layout.jj,
    workspace.tree,
    mount.jjFolder ?? "-",
    place.source,
    place.files,
    context.toolPrefix ?? "-",
    String(owner.uid),
    String(owner.gid),
    String(place.base),
    programs.mount,
    programs.unshare,
    await pathInView(context, programs.setpriv),
    ...program,
  ];
  const [first, ...rest] = argv;
  if (first === undefined) throw new Error("nothing to run");
  return runCommand({
    argv: [first, ...rest],
    env: { ...systemEnvironment, ...storeEnvironment(context) },
    timeoutMs: 600_000,
    maxOutputBytes: 64 * 1024 * 1024,
    fds,
  });
}

interface Place {
  readonly mode: "live" | "overlay" | "folder";
  readonly source: string;
  readonly files: string;
  readonly base: number;
}

async function placeOf(view: WorkspaceView): Promise<Place> {
  const { mount, sandbox } = view;
  if (sandbox !== undefined) {
    const source = workspaceTreePath(sandbox.folder, sandbox.id);
    return { mode: "live", source, files: "-", base: sandbox.uidBase };
  }
  if (mount.kind === "folder") {
    return { mode: "folder", source: mount.path, files: "-", base: unusedRangeBase };
  }
  const upper = await stat(join(mount.upperParent, "upper")).catch(() => undefined);
  // Never mounted: look through a throw-away upper, whose owner nobody will meet.
  if (upper === undefined) {
    return { mode: "overlay", source: mount.lower, files: "-", base: unusedRangeBase };
  }
  return { mode: "overlay", source: mount.lower, files: mount.upperParent, base: upper.uid };
}

/** The path by which a program is found in the small root, where only real folders are. */
export async function pathInView(context: RepositoryContext, program: string): Promise<string> {
  const prefix = context.toolPrefix;
  if (prefix === undefined || !program.startsWith(context.folder.toolsBin)) {
    return realpath(program);
  }
  return join(prefix, "bin", basename(program));
}
