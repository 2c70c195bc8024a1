import { endSandbox, KeeperLostError, layerSteps, readLimitCounts } from "../../sandbox/sandbox.ts";
import type { Agent } from "../agent/agent.ts";
import { openAgent } from "../agent/open-agent.ts";
import { agentSavedSchema } from "../agent/saved.ts";
import { renderTerminal } from "../agent/terminal/render.ts";
import type { Prompt, Task } from "../protocol/task.ts";
import { passed, runInside } from "./check.ts";
import { type Colony, insideHome, insideWorkspace, saveChange } from "./colony.ts";
import { converse } from "./conversation.ts";
import { demandDisk } from "./disk-reserve.ts";
import { failureOf } from "./failure.ts";
import { watchFiles } from "./files.ts";
import { type Lease, LeaseLostError } from "./lease.ts";
import { type LimitWatch, openLimitWatch } from "./limit-watch.ts";
import { enter, toolEvent } from "./phase.ts";
import { openTaskStore, prepareColony } from "./prepare.ts";
import { showPreview, watchPreviews } from "./previews.ts";
import type { RunContext } from "./run-context.ts";
import { workedUntil } from "./steps.ts";

/**
 * Drives one task from where it stands to the next point at which a person decides. Each line may
 * be the last one of this process: everything before it is found again by the next driver.
 */
export async function driveRun(context: RunContext, lease: Lease): Promise<void> {
  let limits: LimitWatch | undefined;
  try {
    await demandDisk(context);
    if (lease.task().sandbox !== "live") await enter(lease, "prepare");
    const store = await openTaskStore(context, lease);
    const colony = await prepareColony(context, lease, store);
    await using _ = colony.sandbox;
    await colony.sandbox.wake();
    limits = openLimitWatch(
      () => readLimitCounts(context.config.folder, lease.taskId),
      lease,
      colony.settings,
    );
    await using _limits = limits;
    await settleConflicts(context, lease, colony);
    await runSetup(context, lease, colony);
    await using files = watchFiles(context, lease, colony);
    await using previews = watchPreviews(context, {
      ...colony,
      taskId: lease.taskId,
      transact: lease.transact,
      known: lease.task().previews,
    });
    if (lease.task().promptInFlight === undefined) await enter(lease, "agent");
    const end = await talk(context, lease, colony, limits, files.touch);
    if (end.kind === "waiting") return;
    await files.settled();
    if (end.kind === "stopped") return await endStopped(context, lease, colony, end.orderly);
    if (end.kind === "failed") throw new RunFailure(end.failure);
    await enter(lease, "check");
    await runCheck(context, lease, colony);
    await showPreview(context, lease, colony, previews);
    await endFinished(context, lease, colony);
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    const limit = limits?.stopped();
    await endFailed(context, lease, limit === undefined ? error : new RunFailure(limit));
  }
}

/** The agent, or its absence, ended the run; the fields are for the thread. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly kind: string;
  constructor(failure: { readonly kind: string; readonly sentence: string }) {
    super(failure.sentence);
    this.kind = failure.kind;
  }
}

/** A refused landing left conflicts: they are written into the workspace for the agent to settle. */
async function settleConflicts(
  context: RunContext,
  lease: Lease,
  { store, sandbox }: Colony,
): Promise<void> {
  const { conflicts, branch, id } = lease.task();
  if (conflicts.length === 0 || branch === undefined) return;
  const moved = await store.updateToBase(id, { branch, sandbox });
  await lease.transact((task) => ({ task: { ...task, baseCommit: moved.base }, events: [] }));
  await saveChange(context, lease, store, sandbox);
}

async function runSetup(
  context: RunContext,
  lease: Lease,
  { settings, sandbox }: Colony,
): Promise<void> {
  if (settings.setup === undefined || lease.task().setupDone) return;
  // Nearly always: it was done when the layer was made that the sandbox stands on.
  if (layerSteps(context.config.folder, sandbox.id).includes("setup")) return;
  await enter(lease, "setup");
  const done = await runInside(context, sandbox, settings.setup, {
    name: "setup",
    env: settings.env,
    timeoutMs: settings.setupTimeoutMs,
  });
  const { result } = done;
  if (!passed(result)) {
    throw new RunFailure({
      kind: "setup-failed",
      sentence: `\`setup\` failed (exit ${result.exitCode ?? "by its time limit"}): ${settings.setup}\n${result.excerpt}`,
    });
  }
  await lease.transact((task) => ({
    task: { ...task, setupDone: true },
    events: [toolEvent("setup", done)],
  }));
}

async function talk(
  context: RunContext,
  lease: Lease,
  colony: Colony,
  limits: LimitWatch,
  onWork: () => void,
) {
  const saved = agentSavedSchema.safeParse(lease.task().agentSaved);
  await using agent: Agent = await openAgent({
    profile: colony.profile,
    sandbox: colony.sandbox,
    cwd: insideWorkspace,
    home: insideHome,
    env: colony.settings.env,
    mode: colony.settings.permissions,
    ...(saved.success ? { saved: saved.data } : {}),
  });
  return await converse(agent, lease, {
    graceMs: 8_000,
    limits,
    onWork,
    toText: (prompt) => promptText(lease.task(), prompt),
    async keepOutput(output) {
      const lines = await renderTerminal(Buffer.from(output));
      return context.client.putArtifact(Buffer.from(lines.join("\n")), "output.log", "text/plain");
    },
  });
}

/** A reply to a conflict comes with the files and lines, which the person need not retype. */
function promptText(task: Task, prompt: Prompt): string {
  if (task.conflicts.length === 0) return prompt.text;
  const places = task.conflicts.map(
    ({ path, lines, withTitle }) =>
      `- ${path}, lines ${lines}${withTitle === undefined ? "" : `, against "${withTitle}"`}`,
  );
  return [
    prompt.text,
    "",
    "Your change conflicts with what was merged meanwhile. The files now hold conflict markers:",
    ...places,
    "Edit them so that both intentions are kept and no marker is left.",
  ].join("\n");
}

async function runCheck(
  context: RunContext,
  lease: Lease,
  { settings, sandbox }: Colony,
): Promise<void> {
  if (settings.check === undefined) return;
  const { result, artifact } = await runInside(context, sandbox, settings.check, {
    name: "check",
    env: settings.env,
    timeoutMs: settings.checkTimeoutMs,
  });
  await lease.transact((task) => ({
    task: { ...task, check: result },
    events: [{ type: "check.finished", result, ...(artifact === undefined ? {} : { artifact }) }],
  }));
}

async function endFinished(
  context: RunContext,
  lease: Lease,
  { store, sandbox }: Colony,
): Promise<void> {
  const change = await saveChange(context, lease, store, sandbox);
  const nowMs = Date.now();
  await lease.transact((task) => {
    // Words that came while the check ran: the next run takes them.
    if (task.prompts.length > 0) {
      return {
        task: { ...workedUntil(task, nowMs), state: "queued", phase: "prepare" },
        events: [{ type: "task.queued", reason: "reply" }],
        jobs: [{ kind: "run" }],
      };
    }
    const worked = endedRun(task);
    return {
      task: { ...worked, state: "review", conflicts: [] },
      events: [
        ...change.remarks.map((sentence) => ({ type: "remark", sentence }) as const),
        { type: "run.finished", summary: task.summary ?? "", change, elapsedMs: worked.workedMs },
      ],
    };
  });
}

async function endStopped(
  context: RunContext,
  lease: Lease,
  { store, sandbox }: Colony,
  orderly: boolean,
): Promise<void> {
  if (!orderly) await sandbox.close();
  const change = await saveChange(context, lease, store, orderly ? sandbox : undefined);
  await lease.transact((task) => {
    const by = task.stopAsked ?? task.requester;
    const { promptInFlight: _p, permission: _q, ...rest } = endedRun(task);
    return {
      task: { ...rest, state: "stopped", ...(orderly ? {} : { sandbox: "ended", previews: [] }) },
      events: [{ type: "run.stopped", by, change }],
    };
  });
}

async function endFailed(context: RunContext, lease: Lease, error: unknown): Promise<void> {
  const failure = failureOf(error);
  context.log.warn({ task: lease.taskId, err: error }, "run failed");
  // What a limit ended goes on in a sandbox of its own, perhaps with other limits.
  const lost = error instanceof KeeperLostError || /^limit-|^host-/.test(failure.kind);
  if (lost) await saveWhatIsLeft(context, lease);
  await lease.transact((task) => {
    const { promptInFlight: _p, permission: _q, permissionAnswer: _r, ...rest } = endedRun(task);
    return {
      task: {
        ...rest,
        state: "failed",
        failure,
        ...(lost ? { sandbox: "ended", previews: [] } : {}),
      },
      events: [{ type: "run.failed", ...failure }],
    };
  });
}

/** The keeper took its terminals and pipes along; the files are all there. */
async function saveWhatIsLeft(context: RunContext, lease: Lease): Promise<void> {
  try {
    await endSandbox(context.config.folder, lease.taskId);
    await saveChange(context, lease, await openTaskStore(context, lease));
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    context.log.warn({ task: lease.taskId, err: error }, "saving after a lost keeper");
  }
}

/** What every end of a run has in common. */
function endedRun(task: Task): Task {
  const nowMs = Date.now();
  const { phase: _, step: _s, stopAsked: _a, ...rest } = workedUntil(task, nowMs);
  return { ...rest, prompts: [], endedAtMs: nowMs, activeAtMs: nowMs };
}
