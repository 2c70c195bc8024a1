import { chown, mkdir, mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type CommandResult, runCommand } from "../command.ts";
import { systemEnvironment } from "../host-environment.ts";
import { workspaceTreePath } from "../keeper-paths.ts";
import { readBegunLayers, workspaceLower } from "../layers/layer.ts";
import type { Sandbox } from "../sandbox.ts";
import type { WorkspaceMount } from "../workspace.ts";
import { answer, type JjAnswer, workingCopyFlags } from "./jj.ts";
import type { WorkspaceLayout } from "./layout.ts";
import type { HeldLock } from "./lock.ts";
import { type RepositoryContext, storeEnvironment } from "./programs.ts";
import { removeStaleLocks } from "./stale-locks.ts";
import { renderMounts, renderViewScript, type ViewPlan } from "./view-script.ts";

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
  if ((await removeStaleLocks(view.context, lock)) === 0) {
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
  return whileStill(view, () => launch(view, program, fds));
}

/** Runs `act` while nothing moves in the workspace. */
export function whileStill<T>({ sandbox }: WorkspaceView, act: () => Promise<T>): Promise<T> {
  return sandbox === undefined ? act() : sandbox.whileFrozen(act);
}

async function launch(
  view: WorkspaceView,
  program: readonly string[],
  fds: readonly number[],
): Promise<CommandResult> {
  const { context, workspace, mount, sandbox } = view;
  const { programs, layout, owner, toolPrefix } = context;
  await mkdir(workspace.tree, { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(layout.root, "view-"));
  try {
    const { files, base } = await filesOf(view, scratch);
    const plan: ViewPlan = {
      root: join(scratch, "root"),
      fstab: join(scratch, "fstab"),
      files,
      repository: layout.jj,
      tree: workspace.tree,
      jjFolder: mount.jjFolder,
      toolPrefix,
      owner,
      base,
      tools: { ...programs, setpriv: await pathInView(context, programs.setpriv) },
    };
    await mkdir(plan.root);
    await writeFile(plan.fstab, renderMounts(plan));
    const script = [renderViewScript(plan), "colony-view", ...program];
    const apart = [
      programs.unshare,
      "--mount",
      "--propagation",
      "private",
      "/bin/sh",
      "-c",
    ] as const;
    const live = `--mount=/proc/${sandbox?.keeperPid}/ns/mnt`;
    const enter = sandbox === undefined ? apart : ([programs.nsenter, live, ...apart] as const);
    return await runCommand({
      argv: [...enter, ...script],
      env: { ...systemEnvironment, ...storeEnvironment(context) },
      timeoutMs: 600_000,
      maxOutputBytes: 64 * 1024 * 1024,
      fds,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function filesOf(
  { context, workspace, mount, sandbox }: WorkspaceView,
  scratch: string,
): Promise<{ readonly files: ViewPlan["files"]; readonly base: number }> {
  if (sandbox !== undefined) {
    const merged = workspaceTreePath(sandbox.folder, sandbox.id);
    return { files: { kind: "live", merged }, base: sandbox.uidBase };
  }
  if (mount.kind === "folder") {
    return { files: { kind: "folder", path: mount.path }, base: unusedRangeBase };
  }
  const { lower, upperParent } = mount;
  const upper = await stat(join(upperParent, "upper")).catch(() => undefined);
  if (upper !== undefined) {
    const layers = readBegunLayers(context.folder, basename(workspace.root)) ?? [];
    const below = workspaceLower(context.folder, layers);
    return { files: { kind: "overlay", lower, upperParent, below }, base: upper.uid };
  }
  // Never mounted: look through a throw-away upper, whose owner nobody will meet.
  const thrownAway = join(scratch, "files");
  for (const name of ["upper", "work"]) {
    await mkdir(join(thrownAway, name), { recursive: true, mode: 0o755 });
    await chown(join(thrownAway, name), unusedRangeBase, unusedRangeBase);
  }
  return { files: { kind: "overlay", lower, upperParent: thrownAway }, base: unusedRangeBase };
}

/** The path by which a program is found in the small root, where only real folders are. */
export async function pathInView(context: RepositoryContext, program: string): Promise<string> {
  const prefix = context.toolPrefix;
  if (prefix === undefined || !program.startsWith(context.folder.toolsBin)) {
    return realpath(program);
  }
  return join(prefix, "bin", basename(program));
}
