import { sweepLeftovers } from "../../sandbox/sandbox.ts";
import type { RunContext } from "../runs/run-context.ts";
import { ownersIn } from "./owners.ts";
import { openWatchLoop } from "./watch-loop.ts";

const everyMs = 10 * 60_000;

/** Removes what dead processes left on this host: at once, for there may have been a crash, then now and then. */
export function openSweeper(context: RunContext): AsyncDisposable {
  return openWatchLoop({
    name: "sweeping",
    everyMs,
    log: context.log,
    look: () => sweep(context),
  });
}

async function sweep({ config, redis, log }: RunContext): Promise<void> {
  const { found, ended, bytesReturned, failures } = await sweepLeftovers(config.folder, {
    ownerOf: ownersIn(redis, config.host),
  });
  for (const { kind, name, why } of found) log.info({ kind, name, why }, "leftover removed");
  for (const failure of failures) log.warn({ failure }, "leftover that stays");
  for (const { id, receipt } of ended) {
    if (receipt.processes + receipt.mounts + receipt.cgroups > 0)
      log.warn({ id, receipt }, "a sandbox did not end whole");
  }
  if (bytesReturned > 0) log.info({ bytesReturned }, "swept");
}
