import {
  adoptSandbox,
  forgetSandbox,
  layerSteps,
  openSandbox,
  type Sandbox,
  type SandboxSpec,
} from "../../sandbox/sandbox.ts";
import type { Landing, Store } from "../../sandbox/workspace.ts";
import { passed, runInside } from "../runs/check.ts";
import { saveChange, withDiff } from "../runs/colony.ts";
import { failureOf } from "../runs/failure.ts";
import { SetupFailure } from "../runs/layer-failure.ts";
import { withLayers } from "../runs/layers.ts";
import type { Lease } from "../runs/lease.ts";
import { openTaskStore, readSettings, sandboxOptions, specOf } from "../runs/prepare.ts";
import type { RunContext } from "../runs/run-context.ts";
import { decideLanded, decideRefused } from "./decisions.ts";

/**
 * Lands one approved change: rebase, check what the rebase made, push with a lease. The store keeps
 * one landing at a time per repository. Killed anywhere, the next driver finds by the `Task-Id`
 * trailer whether the push went through.
 */
export async function driveLanding(context: RunContext, lease: Lease): Promise<void> {
  const { branch, decision } = lease.task();
  if (branch === undefined || decision === undefined) return;
  try {
    const store = await openTaskStore(context, lease);
    const sandbox = await adoptSandbox(context.config.folder, lease.taskId);
    await using _ = sandbox ?? nothing;
    const landing = await store.land(lease.taskId, {
      branch,
      expectedTree: decision.tree,
      check: (commit) => checkRebased(context, lease, store, commit),
      ...(sandbox === undefined ? {} : { sandbox }),
    });
    await conclude(context, lease, store, landing, sandbox);
  } catch (error) {
    context.log.warn({ task: lease.taskId, err: error }, "landing failed");
    await lease.transact((task) => decideRefused(task, failureOf(error).sentence));
  }
}

const nothing: AsyncDisposable = { async [Symbol.asyncDispose]() {} };

async function conclude(
  context: RunContext,
  lease: Lease,
  store: Store,
  landing: Landing,
  sandbox: Sandbox | undefined,
): Promise<void> {
  switch (landing.kind) {
    case "landed":
      await lease.transact((task) => decideLanded(task, landing.commit, Date.now()));
      return;
    case "conflict": {
      const change = await withDiff(context, store, lease.task(), landing.snapshot);
      await lease.transact((task) => decideRefused({ ...task, change }, "", landing.files));
      return;
    }
    case "check-failed":
      await lease.transact((task) =>
        decideRefused(
          task,
          `\`check\` fails on the newest ${task.branch}; nothing was merged.\n${landing.output}`,
        ),
      );
      return;
    case "empty":
      await lease.transact((task) =>
        decideRefused(task, "Nothing is left to merge: the base holds the same already."),
      );
      return;
    case "refused":
      // Newer files than those that were approved: the card shows them, with a Merge of their own.
      await saveChange(context, lease, store, sandbox);
      await lease.transact((task) => decideRefused(task, landing.sentence));
  }
}

/** The check of the very commit that is pushed; the one that was shown has its result already. */
async function checkRebased(
  context: RunContext,
  lease: Lease,
  store: Store,
  commit: string,
): Promise<{ readonly passed: boolean; readonly output: string }> {
  const task = lease.task();
  const settings = await readSettings(context, task.baseCommit, store);
  if (settings.check === undefined) return { passed: true, output: "" };
  if (commit === task.change?.commit && task.check !== undefined) {
    // A person who merges a change with a failing check has seen it on the card.
    return { passed: true, output: "" };
  }
  const id = `check-${task.id}`;
  const workspace = await store.openWorkspace(id, commit);
  const plain = await specOf(context, { ...task, id }, { workspace }, settings, []);
  let spec: SandboxSpec;
  try {
    const files = Promise.resolve(workspace);
    const callerUid = task.repository.caller.uid;
    const wanted = { store, settings, commit, callerUid, workspace: files, isFirst: false };
    spec = await withLayers(context, plain, wanted, sandboxOptions(context));
  } catch (error) {
    await store.discardWorkspace(id);
    if (error instanceof SetupFailure) return { passed: false, output: error.message };
    throw error;
  }
  const sandbox = await openSandbox(context.config.folder, spec, sandboxOptions(context));
  try {
    const { env, setup, setupTimeoutMs, checkTimeoutMs: timeoutMs } = settings;
    if (setup !== undefined && !layerSteps(context.config.folder, id).includes("setup")) {
      const options = { name: "setup", env, timeoutMs: setupTimeoutMs };
      const done = await runInside(context, sandbox, setup, options);
      if (!passed(done.result)) return { passed: false, output: done.result.excerpt };
    }
    const { result } = await runInside(context, sandbox, settings.check, {
      name: "check",
      env,
      timeoutMs,
    });
    // A failing check that people have seen and approved does not stop its own landing.
    const knownToFail = task.check !== undefined && !passed(task.check);
    return { passed: passed(result) || knownToFail, output: result.excerpt };
  } finally {
    await sandbox.close();
    await store.discardWorkspace(id);
    // Its root and logs too: nobody comes back to them.
    await forgetSandbox(context.config.folder, id);
  }
}
