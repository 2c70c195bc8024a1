import type { Store } from "../../sandbox/workspace.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";
import type { Lease } from "./lease.ts";
import type { RunContext } from "./run-context.ts";

/**
 * A later run has the limits that the base branch gives now: who was told to raise one there, and
 * did, need not begin anew. All else stays as it was at the task's own base.
 */
export async function withNewestLimits(
  context: Pick<RunContext, "log">,
  lease: Lease,
  store: Store,
  settings: EffectiveSettings,
  read: (commit: string) => Promise<EffectiveSettings>,
): Promise<EffectiveSettings> {
  const { run, branch } = lease.task();
  if (run === 1 || branch === undefined) return settings;
  try {
    const { limits, runTimeMs, silenceMs, setupTimeoutMs, checkTimeoutMs } = await read(
      (await store.fetch(branch)).commit,
    );
    return { ...settings, limits, runTimeMs, silenceMs, setupTimeoutMs, checkTimeoutMs };
  } catch (error) {
    // The remote may be away; the run itself needs nothing of it.
    context.log.info({ task: lease.taskId, err: error }, "limits of the task's own base hold");
    return settings;
  }
}
